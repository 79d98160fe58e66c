"""The tasks of rake as the files of a checkout define them, read line by line with the namespaces around them.

A block ends at the `end` that stands as far in as its beginning: that is how formatters write Ruby. Whatever is put
together (a name in a variable, a file that is loaded) or written otherwise leaves open what else there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.playbook.reality.names import WILD
from tocsin.playbook.reality.program import Parameter, Prompt
from tocsin.playbook.reality.repository import File, Repository, join, parent

FILES = ("Rakefile", "rakefile", "Rakefile.rb", "rakefile.rb")
_SPACE = re.compile(r"(\s*)namespace[\s(]+(?::?[\"']?([\w-]+)[\"']?|(.{0,200}?))\)?[ \t]{1,9}do\b")
_TASK = re.compile(
    r"(\s*)(?:multi)?task[\s(]+(?::?(?P<quote>[\"'])(?P<quoted>.*?)(?P=quote)|:(?P<plain>\w+[?!]?)|(?P<key>\w+):(?=\s))"
    r"(?P<rest>.*)"
)
_OTHER = re.compile(
    r"(?<![\w.:@$])(?:(?:multi)?task|namespace|file|file_create|directory)(?:[ \t]{1,9}|\()"
    r"(?!in\b|[*&+-][\s&=])[^\s=|.)]"
)
_FILE = re.compile(r"\s*(?P<kind>file|file_create|directory)[\s(]+(?P<quote>[\"'])(?P<name>.*?)(?P=quote)")
_MADE = re.compile(r"Task\.new\(?\s{0,9}(?::(\w+)|[\"']([\w:-]+)[\"'])?")
_LIST = re.compile(r"\[([^\]]*)\]")
_NAME = re.compile(r":?([A-Za-z_]\w*)")
_ASKS = re.compile(
    r"(?<![\w.])gets\b(?!\s*[=({])|(?:\$stdin|STDIN)\.(?:gets|getch|noecho|readline)|TTY::Prompt\.new|\bHighLine\b"
)
_ENV = re.compile(r"ENV(?:\.fetch\(|\.key\?\(|\[)\s*[\"'](\w+)[\"']")
_SHIPPED = re.compile(r"\brequire[\s(]{1,9}[\"']rake(/clean|/testtask)?[\"']")
_OPENS = re.compile(
    r"(?<![\w.:@$])(?:require|require_relative|load|import|autoload|rule)\b(?:[ \t]{1,9}|\()[^\s=]|"
    r"\b(?:Kernel|Bundler)\.(?:load|require)\b|\bmethod\(:|\b(?:instance_|class_|module_)?eval\b|\b(?:public_)?send\b|"
    r"\b(?:load_tasks|install_tasks|define_task|add_rakelib|add_import|load_rakefile)\b"
)
"""What may bring tasks that no line of the file writes out. It is looked for where texts and comments are taken out."""
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_GEM = re.compile(r"\b(?:gem|dependency)[\s(]+[\"']([\w-]+)[\"']")
_LONGEST = 1000
"""Characters of a line that are looked at."""
_PUT_IN = re.compile(r"#\{[^}]*\}")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task: what it is handed in brackets, the variables that it reads, and where it waits for somebody to type."""

    where: str
    variables: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    prompts: tuple[Prompt, ...] = ()


class Tasks(msgspec.Struct):
    """All tasks below one Rakefile by their whole names. ``closed`` where nothing outside the checkout may add some.

    ``open_spaces`` are namespaces in which a name is put together.
    """

    path: str
    known: dict[str, Task] = {}
    closed: bool = True
    open_spaces: set[str] = set()

    def spaces(self) -> set[str]:
        """The namespaces that the checkout opens."""
        return {name.rpartition(":")[0] for name in self.known if ":" in name}

    def add(self, name: str, task: Task) -> None:
        """One more; the first of a name is the one that is shown."""
        self.known.setdefault(name, task)

    def leave_open(self, space: str) -> None:
        """There may be more tasks, in this namespace and elsewhere."""
        self.open_spaces.add(space)
        self.closed = False


def find_tasks(repository: Repository, folders: tuple[str, ...]) -> Tasks | None:
    """The tasks that rake finds from some folders, looking upwards."""
    for folder in folders:
        place: str | None = folder
        while place is not None:
            for name in FILES:
                file = repository.file(join(place, name) or name)
                if file is not None:
                    return _read(repository, file)
            place = parent(place) if place else None
    return None


def _read(repository: Repository, file: File) -> Tasks:
    folder = parent(file.path)
    beside = [each for each in repository.ending(".rake") if not folder or each.path.startswith(f"{folder}/")]
    return read_tasks([file, *(each for each in beside if not is_of_capistrano(each.path))])


def find_gems(repository: Repository) -> set[str]:
    """The gems that the checkout asks for."""
    texts = (file.text or "" for file in repository.ending("Gemfile", ".gemspec", "gems.rb"))
    return {gem for text in texts for gem in _GEM.findall(text)}


def is_of_capistrano(path: str) -> bool:
    """Whether a file holds tasks for Capistrano, not for rake."""
    return "capistrano/" in path


def read_tasks(files: Sequence[File]) -> Tasks:
    """The tasks of some files, of which the first is their head."""
    found = Tasks(path=files[0].path if files else "")
    for each in files:
        found.closed = found.closed and each.text is not None
        _read_file(each.path, [line[:_LONGEST] for line in (each.text or "").split("\n")], found)
    return found


def _read_file(path: str, lines: list[str], found: Tasks) -> None:
    open_spaces: list[tuple[int, str]] = []
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if re.match(r"\s*end\b", line):
            while open_spaces and open_spaces[-1][0] >= depth:
                open_spaces.pop()
            continue
        around = ":".join(name for _, name in open_spaces)
        space = _SPACE.match(line)
        if open_spaces and depth <= open_spaces[-1][0] and (space or _OTHER.search(_strip(line))):
            found.leave_open(around)  # no formatter wrote this: who knows which `end` is whose
        if space is None:
            _read_line(path, lines, at, around, found)
            continue
        open_spaces.append((len(space[1]), _PUT_IN.sub(WILD, space[2] or WILD)))
        if re.sub(r"\|[^|]*\|", "", _strip(line[space.end() :])).strip():
            found.leave_open(":".join(name for _, name in open_spaces))


def _strip(line: str) -> str:
    """A line without what stands in its texts and comments."""
    return _TEXT.sub('""', line).partition("#")[0]


def _read_line(path: str, lines: list[str], at: int, space: str, found: Tasks) -> None:
    line, where = lines[at], f"{path}:{at + 1}"
    for shipped in _SHIPPED.finditer(line):
        for name in ("clean", "clobber") if shipped[1] == "/clean" else ():
            found.add(name, Task(where=where))
    code = _strip(_SHIPPED.sub("", line))
    if _OPENS.search(code):
        found.closed = False
    if (match := _TASK.match(line)) is not None:
        name = _PUT_IN.sub(WILD, match["quoted"] or match["plain"] or match["key"] or "")
        found.add(f"{space}:{name}" if space else name, _read_task(path, lines, at, match))
    elif made := _MADE.search(line.split("#")[0]):
        name = made[1] or made[2]
        if name:
            found.add(f"{space}:{name}" if space else name, Task(where=where))
        else:
            found.leave_open(space)
    elif (match := _FILE.match(line)) is not None:
        parts = _PUT_IN.sub(WILD, match["name"]).split("/")
        for end in range(1 if match["kind"] == "directory" else len(parts), len(parts) + 1):
            found.add("/".join(parts[:end]), Task(where=where))
    elif _OTHER.search(code):
        found.leave_open(space)


def _read_task(path: str, lines: list[str], at: int, match: re.Match[str]) -> Task:
    body = list(_body(lines, at, len(match[1])))
    variables = frozenset(each for one in body for each in _ENV.findall(one))
    prompts = tuple(
        Prompt(line=at + 1 + number, how="gets", unless=variables)
        for number, each in enumerate(body)
        if _ASKS.search(each.split("#")[0])
    )
    parameters = tuple(_parameters(match["rest"]))
    return Task(where=f"{path}:{at + 1}", variables=variables, parameters=parameters, prompts=prompts[:1])


def _body(lines: list[str], at: int, depth: int) -> Iterator[str]:
    """A task's lines up to its `end`; only the first where it has none of its own."""
    yield lines[at]
    if not re.search(r"\bdo\b", lines[at]):
        return
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            return
        yield line


def _parameters(rest: str) -> Iterator[Parameter]:
    """The names in brackets behind a task's own; those behind an arrow are tasks that come before it."""
    head = re.split(r"=>|\bdo\b|\{\s*\|", rest)[0]
    listed = _LIST.search(head)
    if listed is not None and rest.lstrip().startswith(","):
        yield from (Parameter(name=each) for each in _NAME.findall(listed[1]))
    elif rest.lstrip().startswith(",") and "(" not in head:
        yield from (Parameter(name=each) for each in re.findall(r":([A-Za-z_]\w*)", head))
