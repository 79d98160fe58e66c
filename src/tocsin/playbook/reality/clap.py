"""The command line of a Rust program, read from its source: clap's derive and its builder.

What an enumeration derives as `Subcommand` are verbs; what a structure derives as `Parser` or `Args` has flags. Names
are as clap makes them: kebab-case, unless they are written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from tocsin.playbook.reality.clap_field import ALIAS, MARK, NAME, Field, add_field, find_parts, read_choices, rename
from tocsin.playbook.reality.program import Verb

_DERIVED = re.compile(
    rf"#\[derive\(([^)]{{0,500}}+)\)\]\s*+((?:{MARK}\s*+|//[^\n]*+\n\s*+){{0,200}}+)(?:pub(?:\([^)]{{0,80}}\))?\s+)?"
    r"(enum|struct)\s+(\w+)[^{;]{0,500}\{"
)
_VARIANT = re.compile(r"([A-Z]\w*+)\s*+(\{|\(|,|$)")
_FIELD = re.compile(r"(?:pub(?:\([^)]{0,80}\))?\s++)?(\w++)\s*+:(?!:)\s*+([^,}]++)")
_MOST_ROOTS = 50
_STYLE = re.compile(r"\brename_all\s*=\s*\"([\w-]+)\"")
_COMMENT = re.compile(
    r"(?m)^[ \t]*//[^\n]*|\b(?:long_help|help|help_heading|value_name|about|long_about)\s*=\s*\"(?:[^\"\\]|\\.)*\""
)
"""What says nothing of how an argument is read."""
_DEEPEST = 6
_BUILDER_VERB = re.compile(r"(?:Command::new|SubCommand::with_name|App::new)\(\s*\"([\w-]+)\"")
_BUILDER_FLAG = re.compile(r"\.long\(\s*\"([\w-]+)\"\s*\)")
_BUILDER_SHORT = re.compile(r"\.short\(\s*['\"](\w)['\"]\s*\)")


class _Type:
    def __init__(self, kind: str, name: str, marks: str, body: str, path: str, line: int) -> None:
        self.kind, self.name, self.marks, self.body, self.path, self.line = kind, name, marks, body, path, line


class _Types:
    """The types of a program by name. Of several with one name it is that of the module which is written before it."""

    def __init__(self, every: Sequence[_Type]) -> None:
        self.all = every
        self._named: dict[str, list[_Type]] = {}
        for each in every:
            self._named.setdefault(each.name, []).append(each)

    def find(self, spelt: str, path: str) -> _Type | None:
        """The type that is meant in a file; null where there is none, or nobody can say which."""
        bare = re.sub(r"^(?:(?:std::)?(?:(?:option|boxed|vec)::)?(?:Option|Box|Vec)<)*|[>\s]", "", spelt)
        *modules, name = bare.split("::")
        known = self._named.get(name, [])
        if len(known) < 2:
            return known[0] if known else None
        of_module = [each for each in known if modules and f"/{modules[-1]}" in each.path.removesuffix("/mod.rs")]
        here = [each for each in known if each.path == path and not modules]
        chosen = of_module or here
        return chosen[0] if len(chosen) == 1 else None


def read_rust(files: Sequence[tuple[str, str]]) -> list[Verb]:
    """The roots: one verb for each structure that derives `Parser`, with the tree below it."""
    types = _Types([each for path, text in files for each in _types(path, text)])
    roots = [each for each in types.all if each.kind == "struct" and "Parser" in each.marks]
    return [_root(each, types) for each in roots[:_MOST_ROOTS]]


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
    pairs = _pair(text)
    for match in _DERIVED.finditer(text):
        if re.search(r"\b(?:Parser|Subcommand|Args|StructOpt|Clap|ValueEnum|ArgEnum)\b", match[1]):
            body = text[match.end() : pairs.get(match.end() - 1, match.end())]
            yield _Type(match[3], match[4], match[1] + match[2], body, path, text.count("\n", 0, match.end()) + 1)


def _pair(text: str) -> dict[int, int]:
    """Where each opening brace is closed."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for match in re.finditer(r"[{}]", text):
        if match[0] == "{":
            stack.append(match.start())
        elif stack:
            found[stack.pop()] = match.start()
    return found


def _root(kind: _Type, types: _Types) -> Verb:
    name = NAME.search(kind.marks)
    verb = Verb(
        name=name[1] if name else "", where=f"{kind.path}:{kind.line}", shortens="infer_long" in kind.marks, most=0
    )
    found = _with_fields(verb, kind.body, types, kind, 0)
    return loosen(found) if "negates_reqs" in kind.marks else found


def loosen(verb: Verb) -> Verb:
    """A verb that demands nothing of its own."""
    options = tuple(replace(each, required=False) for each in verb.options)
    return replace(verb, options=options, parameters=(), least=0, most=None)


def _with_fields(verb: Verb, body: str, types: _Types, kind: _Type, depth: int) -> Verb:
    """A verb with the flags and operands of some fields, and with the verbs of the field that holds them."""
    style = _STYLE.search(kind.marks)
    flat, at = _flat(body), 0
    while part := find_parts(_FIELD, flat, at):
        marks, name, of = part[0], part[1][1], part[1][2].strip()
        at = part[1].end()
        if re.search(r"\bsubcommand\b", marks):
            verb = _with_verbs(verb, types.find(of, kind.path), types, depth)
        elif re.search(r"\bflatten\b", marks):
            verb = _with_flattened(verb, of, types, kind, depth)
        elif not re.search(r"\b(?:skip|from_global)\b", _COMMENT.sub("", marks)):
            field = Field(name=name, marks=_COMMENT.sub("", marks), of=of, style=style[1] if style else "")
            inner = types.find(of, kind.path)
            choices = read_choices(inner.body, inner.marks) if inner is not None and inner.kind == "enum" else ()
            verb = add_field(verb, field, choices)
    apart = re.search(r"\blast\s*=\s*true|\blast\(true", body)
    return replace(verb, parameters=(), least=0, most=None) if apart else verb


def _with_verbs(verb: Verb, inner: _Type | None, types: _Types, depth: int) -> Verb:
    below = _verbs(inner, types, depth + 1) if inner is not None else []
    closed = verb.closed and (inner is None or "external_subcommand" not in inner.body)
    return replace(verb, below=(*verb.below, *below), whole=verb.whole and inner is not None, closed=closed)


def _with_flattened(verb: Verb, of: str, types: _Types, kind: _Type, depth: int) -> Verb:
    inner = types.find(of, kind.path)
    if inner is None or depth >= _DEEPEST:
        return replace(loosen(verb), whole=False)
    added = _with_fields(Verb(name="", most=0), inner.body, types, inner, depth + 1)
    added = loosen(added) if of.startswith("Option<") else added
    unclear = added.most is None or verb.most is None
    return replace(
        verb,
        flags=verb.flags | added.flags,
        lasting=verb.lasting | added.lasting,
        below=(*verb.below, *added.below),
        whole=verb.whole and added.whole,
        options=(*verb.options, *added.options),
        parameters=(*verb.parameters, *added.parameters),
        least=verb.least + added.least,
        most=None if unclear else (verb.most or 0) + (added.most or 0),
    )


def _verbs(kind: _Type, types: _Types, depth: int) -> list[Verb]:
    """The verbs of an enumeration: its variants, each with its fields or with the structure that it holds."""
    found: list[Verb] = []
    text, at = kind.body, 0
    style = _STYLE.search(kind.marks)
    pairs = _pair(text)
    while depth < 7 and (part := find_parts(_VARIANT, text, at)):
        marks, match = part
        name = NAME.search(marks)
        aliases = [
            each for one, many in ALIAS.findall(marks) for each in ([one] if one else re.findall(r"\"([^\"]+)\"", many))
        ]
        line = kind.line + text.count("\n", 0, match.start(1))
        spelt = name[1] if name else rename(match[1], style[1] if style else "")
        verb = Verb(name=spelt, aliases=tuple(aliases), where=f"{kind.path}:{line}", most=0)
        at = match.end()
        if match[2] == "{":
            body = text[match.end() : pairs.get(match.end() - 1, match.end())]
            verb = _with_fields(verb, body, types, kind, depth + 1)
            at += len(body) + 1
        elif match[2] == "(":
            end = text.find(")", at)
            if end < 0:
                break
            held = types.find(text[at:end], kind.path)
            if held is not None and re.search(r"\bflatten\b", marks):
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
    return replace(verb, whole=False, closed=False, most=None)


def _flat(body: str) -> str:
    """Fields with the commas inside brackets of types taken out."""
    return re.sub(r"<[^<>\n]*>", lambda match: match[0].replace(",", " "), body)
