"""Scripts in Python and JavaScript, read for the same: arguments, flags, prompts, variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from tocsin.playbook.reality.node_commander import read_commander
from tocsin.playbook.reality.node_yargs import read_yargs
from tocsin.playbook.reality.program import Parameter, Prompt, Verb
from tocsin.playbook.reality.python_argparse import read_argparse, read_django
from tocsin.playbook.reality.python_asking import find_asking
from tocsin.playbook.reality.python_click import read_click
from tocsin.playbook.reality.python_verbs import read_verbs
from tocsin.playbook.reality.script import Script

LARGEST = 400_000
_ASKS = re.compile(
    r"\.question\(|\b(?:inquirer|enquirer)\b[.\w]*\(|\bprompts?\(\s*[\[{\"'`]|readlineSync\.|"
    r"\bawait\s+(?:confirm|input|select|password)\(\s*\{"
)
_LITERAL_FLAG = re.compile(r"[\"'`\s|,](--[a-z][\w-]*)\b")
_SHORT_FLAG = re.compile(r"[\"'`](-[A-Za-z])[\"'`,\s]")
_OPTION = re.compile(r"(?:\.option|\.flag|\.boolean|\.string)\(\s*[\"'`]([A-Za-z][\w-]*)[\"'`]")
_SHORTENED = re.compile(r"\b(?:short|shortFlag|alias|aliases)[\"']?\s*[:(]\s*(\[[^\]]*\]|\{[^}]*\}|[\"'`][\w-]+[\"'`])")
"""Where a parser is told another name of a flag: `short: "y"`, `alias: ["q", "queue"]`, `.alias("q", …)`."""
_ALIAS = re.compile(r"[\"'`]([A-Za-z][\w-]*)[\"'`]|\b([A-Za-z][\w-]*)\s*:")
_PARSE_ARGS = re.compile(r"options\s*:\s*\{(.*)", re.DOTALL)
_KEY = re.compile(r"[\"']?([A-Za-z][\w-]*)[\"']?\s*:\s*\{")
_ANY_WORD = re.compile(r"[.\"'`]([a-zA-Z][\w-]*)")
"""Where no parser is told which flags there are, whatever the source names may be one."""
_ARGV = re.compile(r"process\.argv|parseArgs|yargs|commander|minimist|\bcac\b|\bmeow\b|\barg\(|Deno\.args|Bun\.argv")
_TAKES_IN = re.compile(r"(?:require\(|from|import)\s*\(?[\"']\.{1,2}/")
"""Another file of the checkout, which may read the arguments."""
_NODE_ENV = re.compile(r"process\.env(?:\.|\[[\"'])(\w+)|\benv\.([A-Z]\w+)")
_PYTHON_ENV = re.compile(r"(?:environ(?:\.get)?|getenv)[\[(]\s*[\"'](\w+)")


def read_node(text: str, place: str = "") -> Script:
    """Read JavaScript or TypeScript."""
    if len(text) > LARGEST:
        return Script()
    root = read_commander(text, place) or read_yargs(text, place)
    return msgspec.structs.replace(_read_flags(text), root=root, least_words=_count_words(text))


_COUNTED = re.compile(
    r"\b(process\.argv|args|argv)(\.slice\(2\))?\.length\s{0,9}(<|!==?|===?)\s{0,9}(\d)\b(?P<body>[^\n]{0,80}(?:\n[^\n}]{0,200}){0,4})"
)


def _count_words(text: str) -> int:
    """How many words a program ends without, as far as it counts them itself."""
    sliced = re.search(r"\bconst\s+(?:args|argv)\s*=\s*process\.argv\.slice\(2\)", text) is not None
    for match in _COUNTED.finditer(text):
        least = int(match[4]) - (0 if match[2] or (match[1] != "process.argv" and sliced) else 2)
        whole = match[1] == "process.argv" or sliced
        zero = match[3].startswith("==") and match[4] == "0"
        if whole and (match[3] == "<" or zero) and re.search(r"process\.exit\([1-9]", match["body"]):
            return 1 if zero else max(0, least)
    return 0


def _read_flags(text: str) -> Script:
    flags = set(_LITERAL_FLAG.findall(text)) | set(_SHORT_FLAG.findall(text))
    flags |= {f"--{_dash(name)}" for name in _OPTION.findall(text)}
    shortened = {one or other for said in _SHORTENED.findall(text) for one, other in _ALIAS.findall(said)}
    flags |= {f"-{name}" if len(name) == 1 else f"--{_dash(name)}" for name in shortened}
    options = _PARSE_ARGS.search(text) if "parseArgs" in text else None
    flags |= {f"--{_dash(name)}" for name in _KEY.findall(options[1])} if options else set()
    variables = {one or other for one, other in _NODE_ENV.findall(text)}
    prompts = [] if "isTTY" in text else list(_find_prompts(text))
    told = options is not None or ".option(" in text
    if not told and _TAKES_IN.search(text):
        return Script(variables=frozenset(variables), prompts=tuple(prompts))
    hints = frozenset() if told else frozenset(f"--{_dash(name)}" for name in _ANY_WORD.findall(text))
    return Script(flags=frozenset(flags), hints=hints, variables=frozenset(variables), prompts=tuple(prompts))


def reads_arguments(text: str) -> bool:
    """Whether a program looks at its arguments at all."""
    return _ARGV.search(text) is not None


def _find_prompts(text: str) -> Iterator[Prompt]:
    for match in _ASKS.finditer(text):
        before = text[: match.start()]
        guard = re.findall(r"(--?[a-z][\w-]*)|\b(?:argv|opts|options|values|flags|args)\.(\w+)", before[-200:])
        unless = {one or f"--{_dash(other)}" for one, other in guard}
        yield Prompt(line=before.count("\n") + 1, how="a prompt", unless=frozenset(unless))


def _dash(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _read_root(tree: ast.Module, text: str, place: str) -> Verb | None:
    """The command line of a Python program as a tree, where its parser can be followed."""
    try:
        if "argparse" in text:
            return read_argparse(tree, place)
        if "BaseCommand" in text and "add_arguments" in text:
            return read_django(tree, place)
        return read_click(tree, text, place) if "click" in text or "typer" in text else None
    except RecursionError:
        return None


def read_python(text: str, place: str = "") -> Script:
    """Read Python; one that its parser refuses says nothing."""
    try:
        tree = ast.parse(text) if len(text) <= LARGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        return Script()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    added = [each for each in calls if _name(each) in ("add_argument", "option", "argument")]
    parameters = tuple(each for call in added for each in _parameters(call))
    indexes = [node.slice.value for node in ast.walk(tree) if isinstance(node, ast.Subscript)
               and ast.unparse(node.value) in ("sys.argv", "argv") and isinstance(node.slice, ast.Constant)
               and isinstance(node.slice.value, int)]  # fmt: skip
    highest = max([len(parameters), *indexes])
    root = _read_root(tree, text, place)
    sub = any(_name(each) in ("add_subparsers", "group") for each in calls)
    verbs = read_verbs(tree, text)
    if sub or verbs:
        sub, parameters = True, (Parameter(name="sub-command", choices=verbs),) if verbs else ()
    free = sub or any(isinstance(k.value, ast.Constant) and k.arg == "nargs" for each in added for k in each.keywords)
    knows = bool(added)
    if not knows and _is_parsed_elsewhere(tree):
        return Script(prompts=() if "isatty" in text else tuple(find_asking(calls)),
                      variables=frozenset(_PYTHON_ENV.findall(text)), root=root)  # fmt: skip
    return Script(
        parameters=parameters or tuple(Parameter() for _ in range(highest)),
        least=0 if free else sum(1 for each in parameters),
        most=None if free or not (knows or indexes) else highest,
        flags=None if not knows and "argv" in text else frozenset(_flags(added)) | {"-h", "--help"},
        valued=frozenset(flag for call in added if not _is_switch(call) for flag in _flags([call])),
        prompts=() if "isatty" in text else tuple(find_asking(calls)),
        variables=frozenset(_PYTHON_ENV.findall(text)),
        strict=knows,
        root=root,
    )


_OWN_MODULES = frozenset(
    "__future__ abc argparse ast asyncio base64 bisect collections concurrent configparser contextlib copy csv ctypes "
    "dataclasses datetime decimal difflib email enum errno fcntl fnmatch functools getpass glob gzip hashlib heapq "
    "hmac html http importlib inspect io ipaddress itertools json locale logging math mimetypes multiprocessing "
    "operator os pathlib pickle platform pprint queue random re resource secrets select shlex shutil signal smtplib "
    "socket sqlite3 ssl stat statistics string struct subprocess sys syslog tarfile tempfile textwrap threading time "
    "timeit traceback types typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo".split()
)
"""The interpreter's own that read no arguments."""


def _is_parsed_elsewhere(tree: ast.Module) -> bool:
    """Whether something that is not the interpreter's own may read the arguments: a library, another file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            taken = [node.module or ""] if not node.level else [""]
        elif isinstance(node, ast.Import):
            taken = [each.name for each in node.names]
        else:
            continue
        tops = {each.partition(".")[0] for each in taken}
        if not tops <= _OWN_MODULES:
            return True
    return False


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _texts(call: ast.Call) -> list[str]:
    return [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _flags(calls: list[ast.Call]) -> Iterator[str]:
    for call in calls:
        for text in _texts(call):
            yield from (part for part in text.split("/") if part.startswith("-"))


def _parameters(call: ast.Call) -> Iterator[Parameter]:
    if _name(call) == "option" or any(text.startswith("-") for text in _texts(call)):
        return
    choices = next((each.value for each in call.keywords if each.arg == "choices"), None)
    known = [each.value for each in getattr(choices, "elts", []) if isinstance(each, ast.Constant)]
    for text in _texts(call)[:1]:
        yield Parameter(name=text, choices=tuple(map(str, known)), line=call.lineno)


_SWITCHES = re.compile(r"store_(?:true|false|const)|append_const|count|help|version|BooleanOptionalAction")


def _is_switch(call: ast.Call) -> bool:
    said = {each.arg: ast.unparse(each.value) for each in call.keywords}
    return _SWITCHES.search(said.get("action", "")) is not None or "is_flag" in said or "count" in said
