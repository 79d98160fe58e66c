"""One field of a structure that clap reads arguments into: a flag, a switch, or an operand, with what it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from tocsin.playbook.reality.program import Option, Parameter, Verb

NAME = re.compile(r"\bname\s*=\s*\"([^\"]+)\"")
ALIAS = re.compile(r"\b(?:visible_)?alias(?:es)?\s*=\s*(?:\"([^\"]+)\"|\[([^\]]*)\])")
_LONG = re.compile(r"\blong\b(?:\s*=\s*\"([^\"]+)\"|\(\s*\"([^\"]+)\")?")
_SHORT = re.compile(r"\bshort\b(?:\s*=\s*'(.)'|\(\s*'(.)')?")
_SHORT_ALIAS = re.compile(r"\bshort_alias\s*=\s*'(.)'")
_NUMBER = re.compile(r"(?:NonZero)?[uiUI](?:8|16|32|64|128|size)|f32|f64")
_CASED = re.compile(r"\b(?:possible_values|value_parser)\s*[=(]\s*&?\[([^\]]*)\]")
_WORD = re.compile(r"\"([^\"]*)\"")
MARK = r"#\[(?:[^\[\]]|\[[^\[\]]{0,500}+\]){0,2000}+\]"
_MARKS = re.compile(rf"(?:\s*+(?://[^\n]*+\n|{MARK}))*+\s*+")
_OTHER = re.compile(r"\w++|.", re.DOTALL)
_VALUE = re.compile(r"([A-Z]\w*+)\s*+(?:=[^,]{0,200}+)?(?:,|$)")
_STYLE = re.compile(r"\brename_all\s*=\s*\"([\w-]+)\"")
_MAY_LACK = re.compile(
    r"\b(?:default\w*|env|num_args|action|required_unless\w*|required_if\w*|last|exclusive|group|hide_default\w*)"
    r"\b|\brequired\s*=\s*false"
)
_ANY = re.compile(r"\b(?:trailing_var_arg|allow_hyphen_values|raw)\b")
_UNCLEAR = re.compile(
    r"\b(?:last|allow_hyphen_values|trailing_var_arg|index|num_args|number_of_values|multiple\w*|raw)\b"
)


def find_parts(pattern: re.Pattern[str], text: str, at: int = 0) -> tuple[str, re.Match[str]] | None:
    """The next field or variant with the attributes and comments before it, found in one walk over the text."""
    while at < len(text):
        marks = _MARKS.match(text, at)
        at = marks.end() if marks is not None else at
        found = pattern.match(text, at)
        if found is not None:
            return (marks[0] if marks is not None else ""), found
        other = _OTHER.match(text, at)
        at = other.end() if other is not None else len(text)
    return None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field with its attributes, its type and the style in which its structure spells names."""

    name: str
    marks: str
    of: str
    style: str = ""


def add_field(verb: Verb, field: Field, choices: tuple[str, ...]) -> Verb:
    """The verb with one field more. ``choices`` are those of the field's type."""
    names = tuple(_names(field))
    written = _CASED.search(field.marks)
    choices = tuple(_WORD.findall(written[1])) if written else choices if "value_parser" not in field.marks else ()
    inner = re.sub(r"^(?:Option<|Vec<|Box<|\s)*|[>\s]", "", field.of).rsplit("::", 1)[-1]
    number = _NUMBER.fullmatch(inner) is not None and not re.search(r"\b(?:value_parser|parse)\b", field.marks)
    if not names:
        return _add_operand(verb, field, Parameter(name=field.name, choices=choices, number=number,
                                                   path=inner == "PathBuf"))  # fmt: skip
    lasting = re.search(r"\bglobal\s*=\s*true", field.marks) is not None
    option = Option(
        names=names,
        takes=_takes(field),
        choices=choices,
        parted="delimiter" in field.marks,
        any_case=re.search(r"\b(?:ignore_case|case_insensitive)\b", field.marks) is not None,
        number=number and not choices,
        required=not lasting and _is_required(field),
    )
    return replace(
        verb,
        flags=verb.flags if lasting else verb.flags.union(names),
        lasting=verb.lasting.union(names) if lasting else verb.lasting,
        options=(*verb.options, option),
    )


def _takes(field: Field) -> bool | None:
    if re.search(r"\b(?:num_args|default_missing_value|min_values|require_equals)\b", field.marks):
        return None
    if re.search(r"SetTrue|SetFalse|Count\b|Help|Version|\bparse\(from_occ", field.marks) or field.of.strip() == "bool":
        return "ArgAction::Set)" in field.marks or "ArgAction::Set," in field.marks
    return field.of.strip() not in ("()", "Option<bool>") or None


def _is_required(field: Field) -> bool:
    of = field.of.strip()
    if re.search(r"\brequired\s*=\s*true|\brequired\(true\)", field.marks):
        return "env" not in field.marks
    return (
        not of.startswith(("Option<", "Vec<", "std::option"))
        and of not in ("bool", "()")
        and not _MAY_LACK.search(field.marks)
    )


def _add_operand(verb: Verb, field: Field, parameter: Parameter) -> Verb:
    parameters = (*verb.parameters, parameter)
    if _UNCLEAR.search(field.marks):
        return replace(verb, parameters=parameters, most=None, whole=verb.whole and not _ANY.search(field.marks))
    many = "Vec<" in field.of
    most = None if many or verb.most is None else verb.most + 1
    return replace(verb, parameters=parameters, least=verb.least + _is_required(field), most=most)


def _names(field: Field) -> Iterator[str]:
    long, short = _LONG.search(field.marks), _SHORT.search(field.marks)
    if long:
        yield f"--{long[1] or long[2] or rename(field.name, field.style)}"
    if short:
        yield f"-{short[1] or short[2] or field.name[0]}"
    if long or short:
        for one, many in ALIAS.findall(field.marks):
            yield from (f"--{each}" for each in ([one] if one else _WORD.findall(many)))
        yield from (f"-{each}" for each in _SHORT_ALIAS.findall(field.marks))


def read_choices(body: str, marks: str) -> tuple[str, ...]:
    """The values of an enumeration that clap takes: all its variants, as it spells them; none where one is unclear."""
    style = _STYLE.search(marks)
    if not re.search(r"\b(?:ValueEnum|ArgEnum)\b", marks):
        return ()
    found: list[str] = []
    text, at = body.rstrip(), 0
    while part := find_parts(_VALUE, text, at):
        before, match = part
        at = match.end()
        name = NAME.search(before)
        if re.search(r"\bskip\b", before):
            continue
        found.append(name[1] if name else rename(match[1], style[1] if style else ""))
        for one, many in ALIAS.findall(before):
            found += [one] if one else _WORD.findall(many)
    return tuple(found)


def rename(name: str, style: str) -> str:
    """A name as clap spells it in a style; kebab-case unless it is told another."""
    parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)]
    flat = style.lower().replace("-", "").replace("_", "")
    if flat == "verbatim":
        return name
    if flat in ("pascalcase", "camelcase"):
        joined = "".join(part.capitalize() for part in parts)
        return joined if flat == "pascalcase" else joined[:1].lower() + joined[1:]
    if flat in ("lower", "lowercase", "upper", "uppercase"):
        return "".join(parts).upper() if flat.startswith("upper") else "".join(parts)
    joined = ("_" if "snake" in flat else "-").join(parts)
    return joined.upper() if flat.startswith("screaming") else joined
