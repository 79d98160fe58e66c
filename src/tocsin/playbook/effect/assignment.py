"""Setting variables: harmless in itself, unless the variable says what runs."""

from __future__ import annotations

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.effect.knowledge import Knowledge
from tocsin.playbook.effect.verdict import NOTHING, Verdict, add, join, sort, unknown
from tocsin.playbook.effect.word import Reader, is_tainted, readable
from tocsin.words import Effect, Tag

_PLAIN_DECLARATION = compile_late(r"-[aAirxglu]+|-p")
_HISTORY = compile_late(r"HIST(?:FILE|SIZE|FILESIZE)")
_QUOTED_SUBSTITUTION = compile_late(r"'[^']*(?:\$\(|`)|\\\$\(|\\`")


def judge_assignment(node: Node, reader: Reader, knowledge: Knowledge, *, given: bool) -> Verdict:
    """Judge ``NAME=VALUE``, which programs are ``given`` or only the shell has; substitutions in it are left in the
    reader.
    """
    target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    name = reader.text(target) if target is not None else ""
    if target is not None and target.type == "subscript":
        reader.collect(target)
        if hides_substitution(name):
            return unknown("a quoted substitution where a shell may evaluate it after all")
        name = name.partition("[")[0]
    if value is not None and value.type == "array":
        reader.collect(value)
    elif value is not None and any(map(is_tainted, reader.read(value).texts)):
        dashed = unknown(f"`{name}` may hold a word with a dash, which may become a flag")
        return join((dashed, judge_name(name, knowledge, given=given)))
    return judge_name(name, knowledge, given=given)


def judge_name(name: str, knowledge: Knowledge, *, given: bool) -> Verdict:
    """Judge setting a variable of this name."""
    if knowledge.alters(name, given=given):
        return unknown(f"setting `{name}` changes what later commands mean")
    return Verdict(Effect.NOOP, (), f"setting `{name}` changes nothing outside the shell")


def judge_declaration(node: Node, reader: Reader, knowledge: Knowledge) -> Verdict:
    """Judge ``export``, ``declare``, ``local``, ``readonly``; without a name they show the shell's variables."""
    keyword = node.children[0].type
    flags = [reader.text(child) for child in node.children[1:] if child.type == "word"]
    given = keyword == "export" or any("x" in flag for flag in flags)
    verdicts: list[Verdict] = []
    for child in node.children[1:]:
        if child.type == "variable_assignment":
            verdicts.append(judge_assignment(child, reader, knowledge, given=given))
        elif child.type == "variable_name":
            verdicts.append(judge_name(reader.text(child), knowledge, given=given))
        else:
            word = " ".join(reader.read(child).texts)
            if not _PLAIN_DECLARATION.fullmatch(word):
                verdicts.append(unknown(f"`{keyword} {readable(word)}` may set or show any variable"))
    if len(node.children) == 1 or "-p" in reader.text(node).split():
        verdicts.append(Verdict(Effect.READ_SENSITIVE, (), f"`{keyword}` shows the shell's variables"))
    return add(join(verdicts), Tag.SESSION_STATE)


def judge_unset(node: Node, reader: Reader) -> Verdict:
    """Judge ``unset``: of plain names it only forgets, but a subscript is evaluated."""
    if any(_HISTORY.fullmatch(reader.text(child)) for child in node.children):
        lost = (Tag.EVIDENCE_DESTROYING, Tag.SESSION_STATE)
        return Verdict(Effect.MUTATE, sort(lost), "`unset` stops the history of commands")
    names = (child for child in node.children if child.type not in ("unset", "unsetenv", "variable_name"))
    if all(reader.text(child) in ("-v", "-f") for child in names):
        return Verdict(Effect.NOOP, (Tag.SESSION_STATE,), "`unset` forgets a variable")
    return unknown("`unset` of something computed", Tag.SESSION_STATE)


def judge_hidden(text: str) -> Verdict:
    """Judge what arithmetic and tests may still evaluate although it is quoted."""
    if hides_substitution(text):
        return unknown("a quoted substitution where a shell may evaluate it after all")
    return NOTHING


def hides_substitution(text: str) -> bool:
    """Return whether a substitution stands in quotes or behind a backslash."""
    return _QUOTED_SUBSTITUTION.search(text) is not None
