"""The command line of a Rust program, read from its source: clap's derive and its builder.

What an enumeration derives as `Subcommand` are verbs; what a structure derives as `Parser` or `Args` has flags. Names
are as clap makes them: kebab-case, unless they are written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from tocsin.playbook.reality.program import Verb

_DERIVED = re.compile(
    r"#\[derive\(([^)]*)\)\]\s*((?:#\[(?:[^\[\]]|\[[^\[\]]*\])*\]\s*|//[^\n]*\n\s*)*)(?:pub(?:\([^)]*\))?\s+)?(enum|struct)\s+(\w+)[^{;]*\{"
)
_VARIANT = re.compile(r"((?:\s*(?://[^\n]*\n|#\[(?:[^\[\]]|\[[^\]]*\])*\]))*)\s*([A-Z]\w*)\s*(\{|\(|,|$)")
_FIELD = re.compile(
    r"((?:\s*(?://[^\n]*\n|#\[(?:[^\[\]]|\[[^\]]*\])*\]))*)\s*(?:pub(?:\([^)]*\))?\s+)?(\w+)\s*:\s*([^,}]+)"
)
_NAME = re.compile(r"\bname\s*=\s*\"([^\"]+)\"")
_ALIAS = re.compile(r"\b(?:visible_)?alias(?:es)?\s*=\s*(?:\"([^\"]+)\"|\[([^\]]*)\])")
_LONG = re.compile(r"\blong\b(?:\s*=\s*\"([^\"]+)\")?")
_SHORT = re.compile(r"\bshort\b(?:\s*=\s*'(.)')?")
_ARG = re.compile(r"#\[(?:arg|clap|structopt)\(")
_BUILDER_VERB = re.compile(r"(?:Command::new|SubCommand::with_name|App::new)\(\s*\"([\w-]+)\"")
_BUILDER_FLAG = re.compile(r"\.long\(\s*\"([\w-]+)\"\s*\)")
_BUILDER_SHORT = re.compile(r"\.short\(\s*['\"](\w)['\"]\s*\)")


class _Type:
    def __init__(self, kind: str, name: str, marks: str, body: str, path: str, line: int) -> None:
        self.kind, self.name, self.marks, self.body, self.path, self.line = kind, name, marks, body, path, line


def read_rust(files: Sequence[tuple[str, str]]) -> list[Verb]:
    """The roots: one verb for each structure that derives `Parser`, with the tree below it."""
    types = {each.name: each for path, text in files for each in _types(path, text)}
    return [_root(each, types) for each in types.values() if each.kind == "struct" and "Parser" in each.marks]


def read_builder(files: Sequence[tuple[str, str]]) -> tuple[frozenset[str], frozenset[str]]:
    """Flags and verbs of programs that use the builder."""
    flags = {f"--{name}" for _, text in files for name in _BUILDER_FLAG.findall(text)}
    flags |= {f"-{name}" for _, text in files for name in _BUILDER_SHORT.findall(text)}
    verbs = {name for _, text in files for name in _BUILDER_VERB.findall(text)}
    verbs |= {
        name
        for _, text in files
        if "env::args" in text
        for name in re.findall(r"(?:Some\()?\"([a-z][\w-]*)\"\)?\s*=>", text)
    }
    flags |= {name for _, text in files if "env::args" in text for name in re.findall(r"\"(--?[a-z][\w-]*)\"", text)}
    return frozenset(flags), frozenset(verbs)


def _types(path: str, text: str) -> Iterator[_Type]:
    for match in _DERIVED.finditer(text):
        if re.search(r"\b(?:Parser|Subcommand|Args|StructOpt|Clap)\b", match[1]):
            body = _inside(text, match.end() - 1)
            yield _Type(match[3], match[4], match[1] + match[2], body, path, text.count("\n", 0, match.end()) + 1)


def _inside(text: str, start: int) -> str:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start + 1 : at]
    return text[start + 1 :]


def _root(kind: _Type, types: dict[str, _Type]) -> Verb:
    name = _NAME.search(kind.marks)
    return _with_fields(Verb(name=name[1] if name else "", where=f"{kind.path}:{kind.line}"), kind.body, types, kind, 0)


def _with_fields(verb: Verb, body: str, types: dict[str, _Type], kind: _Type, depth: int) -> Verb:
    """A verb with the flags of some fields, and with the verbs of the field that holds them."""
    flags: set[str] = set()
    lasting: set[str] = set()
    below: list[Verb] = []
    whole = True
    for match in _FIELD.finditer(_flat(body)):
        marks, name, of = match[1], match[2], match[3].strip()
        inner = types.get(re.sub(r"^(?:Option<|Box<)*|[>\s]", "", of).rsplit("::", 1)[-1])
        if re.search(r"\b(?:subcommand)\b", marks):
            below += _verbs(inner, types, depth + 1) if inner is not None else []
            whole = whole and inner is not None
        elif re.search(r"\bflatten\b", marks):
            added = (
                _with_fields(Verb(name=""), inner.body, types, inner, depth + 1)
                if inner is not None and depth < 6
                else None
            )
            whole = whole and added is not None
            flags |= added.flags if added else set()
            lasting |= added.lasting if added else set()
        else:
            given = set(_given(marks, name))
            (lasting if re.search(r"\bglobal\s*=\s*true", marks) else flags).update(given)
    return replace(verb, flags=frozenset(flags), lasting=frozenset(lasting), below=tuple(below), whole=whole)


def _given(marks: str, name: str) -> Iterator[str]:
    if not _ARG.search(marks):
        return
    long, short = _LONG.search(marks), _SHORT.search(marks)
    if long:
        yield f"--{long[1] or _kebab(name)}"
    if short:
        yield f"-{short[1] or name[0]}"
    for one, many in _ALIAS.findall(marks):
        yield from (f"--{each}" for each in ([one] if one else re.findall(r"\"([^\"]+)\"", many)))


def _verbs(kind: _Type, types: dict[str, _Type], depth: int) -> list[Verb]:
    """The verbs of an enumeration: its variants, each with its fields or with the structure that it holds."""
    found: list[Verb] = []
    text, at = kind.body, 0
    while depth < 7 and (match := _VARIANT.search(text, at)):
        name = _NAME.search(match[1])
        aliases = [
            each
            for one, many in _ALIAS.findall(match[1])
            for each in ([one] if one else re.findall(r"\"([^\"]+)\"", many))
        ]
        line = kind.line + text.count("\n", 0, match.start(2))
        verb = Verb(name=name[1] if name else _kebab(match[2]), aliases=tuple(aliases), where=f"{kind.path}:{line}")
        at = match.end()
        if match[3] == "{":
            body = _inside(text, match.end() - 1)
            verb = _with_fields(verb, body, types, kind, depth + 1)
            at += len(body) + 1
        elif match[3] == "(":
            end = text.find(")", at)
            held = types.get(re.sub(r"^(?:Box<)?|[>\s]", "", text[at:end]).rsplit("::", 1)[-1])
            if held is not None and re.search(r"\bflatten\b", match[1]):
                found += _verbs(held, types, depth + 1)
                at = end + 1
                continue
            if held is not None and held.kind == "enum":
                verb = _replace_below(verb, _verbs(held, types, depth + 1))
            elif held is not None:
                verb = _with_fields(verb, held.body, types, held, depth + 1)
            else:
                verb = _open(verb)
            at = end + 1
        found.append(verb)
    return found


def _replace_below(verb: Verb, below: list[Verb]) -> Verb:
    return replace(verb, below=tuple(below))


def _open(verb: Verb) -> Verb:
    return replace(verb, whole=False, closed=False)


def _flat(body: str) -> str:
    """Fields with the commas inside brackets of types taken out."""
    return re.sub(r"<[^<>\n]*>", lambda match: match[0].replace(",", " "), body)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", name).lower()
