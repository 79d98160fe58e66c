"""The tasks of rake as the files of a checkout define them, read line by line with the namespaces around them.

A block ends at the `end` that stands as far in as its beginning: that is how formatters write Ruby. Whatever is put
together (a name in a variable, a file that is loaded) leaves open what else there is.
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
_OTHER_TASK = re.compile(r"\s*(?:multi)?task[\s(]+\S")
_MADE = re.compile(r"Task\.new\(?\s{0,9}(?::(\w+)|[\"']([\w:-]+)[\"'])?")
_LIST = re.compile(r"\[([^\]]*)\]")
_NAME = re.compile(r":?([A-Za-z_]\w*)")
_ASKS = re.compile(
    r"(?<![\w.])gets\b(?!\s*[=({])|(?:\$stdin|STDIN)\.(?:gets|getch|noecho|readline)|TTY::Prompt\.new|\bHighLine\b"
)
_ENV = re.compile(r"ENV(?:\.fetch\(|\.key\?\(|\[)\s*[\"'](\w+)[\"']")
_OPENS = re.compile(
    r"^\s*(?:require|require_relative|load|import)\b(?!\s*\(?[\"']rake(?:/clean|/testtask)?[\"'])|\bload_tasks\b|\.install_tasks\b",
    re.MULTILINE,
)
_GEM = re.compile(r"\b(?:gem|dependency)[\s(]+[\"']([\w-]+)[\"']")
_LONGEST = 1000
"""Characters of a line that are looked at."""
_PUT_IN = re.compile(r"#\{[^}]*\}")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One task: what it is handed in brackets, and where it waits for somebody to type."""

    where: str
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


def find_tasks(repository: Repository, folders: tuple[str, ...]) -> Tasks | None:
    """The tasks that rake finds from some folders, looking upwards."""
    for folder in folders:
        place: str | None = folder
        while place is not None:
            for name in FILES:
                file = repository.file(join(place, name) or name)
                if file is not None and file.text is not None:
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
        text = each.text or ""
        found.closed = found.closed and not _OPENS.search(text)
        _read_file(each.path, [line[:_LONGEST] for line in text.split("\n")], found)
    return found


def _read_file(path: str, lines: list[str], found: Tasks) -> None:
    open_spaces: list[tuple[int, str]] = []
    for at, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if re.match(r"\s*end\b", line):
            while open_spaces and open_spaces[-1][0] >= depth:
                open_spaces.pop()
            continue
        space = _SPACE.match(line)
        if space is not None:
            name = _PUT_IN.sub(WILD, space[2] or WILD)
            open_spaces.append((len(space[1]), name))
            continue
        _read_line(path, lines, at, ":".join(name for _, name in open_spaces), found)


def _read_line(path: str, lines: list[str], at: int, space: str, found: Tasks) -> None:
    line = lines[at]
    match = _TASK.match(line)
    if match is not None:
        name = _PUT_IN.sub(WILD, match["quoted"] or match["plain"] or match["key"] or "")
        body = list(_body(lines, at, len(match[1])))
        unless = frozenset(each for one in body for each in _ENV.findall(one))
        prompts = tuple(
            Prompt(line=at + 1 + number, how="gets", unless=unless)
            for number, each in enumerate(body)
            if _ASKS.search(each.split("#")[0])
        )
        whole = f"{space}:{name}" if space else name
        found.known.setdefault(
            whole, Task(where=f"{path}:{at + 1}", parameters=tuple(_parameters(match["rest"])), prompts=prompts[:1])
        )
    elif made := _MADE.search(line.split("#")[0]):
        name = made[1] or made[2]
        if name:
            found.known.setdefault(f"{space}:{name}" if space else name, Task(where=f"{path}:{at + 1}"))
        else:
            found.open_spaces.add(space)
            found.closed = False
    elif _OTHER_TASK.match(line):
        found.open_spaces.add(space)
        found.closed = False


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
