"""The programs of a pipeline, by name: a shell says only with what status each part ended."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from tocsin.playbook.shell import names, parse_as_written

_AROUND = names("sudo doas time env nice nohup ionice stdbuf setsid timeout command exec")
_SETS = names("cd export set shopt umask ulimit pushd popd unset readonly declare local")
_TAKES_VALUE = names("-u -g -h -p -C -n -s -k -c --user --group --signal --kill-after --adjustment")


def name_parts(text: str, count: int) -> tuple[str, ...]:
    """The program of each part of the pipeline of `text` that has `count` parts; ``part 2`` where it has no name.

    A pipeline of one part is a command by itself, unless all that it does is to set something. Where several could be
    meant, nobody knows which of them a shell ran last, and the parts are only counted.
    """
    found = {parts for parts in _find_pipelines(text, parse_as_written(text)) if len(parts) == count}
    found = {parts for parts in found if parts[0] not in _SETS} or found
    return found.pop() if len(found) == 1 else tuple(f"part {at}" for at in range(1, count + 1))


def _find_pipelines(text: str, root: Node) -> Iterator[tuple[str, ...]]:
    """All pipelines of the shell itself in the order of the text, those in substitutions left out."""
    left = [root]
    while left:
        node = left.pop()
        if node.type in ("command_substitution", "process_substitution", "function_definition", "subshell"):
            continue
        if node.type == "pipeline":
            parts = [each for each in node.children if each.is_named and each.type != "comment"]
            yield tuple(_name(text, part) or f"part {at}" for at, part in enumerate(parts, 1))
        elif node.type == "command":
            yield (_name(text, node) or "part 1",)
        else:
            left += reversed(node.children)


def _name(text: str, node: Node) -> str:
    """The program that a part runs, without what only runs it as somebody else or for a while."""
    while node.type in ("redirected_statement", "negated_command"):
        inner = next((each for each in node.children if each.is_named), None)
        if inner is None:
            return ""
        node = inner
    if node.type != "command":
        return ""
    words = [each for each in node.children if each.type not in ("variable_assignment", "file_redirect")]
    said = [text[each.start_byte : each.end_byte].strip("\"'") for each in words]
    return _pass_by(said).rpartition("/")[2][:40]


def _pass_by(words: list[str]) -> str:
    first, rest = (words[0] if words else ""), words[1:]
    while first.rpartition("/")[2] in _AROUND and rest:
        while rest and (rest[0].startswith("-") or "=" in rest[0] or rest[0][:1].isdigit()):
            rest = rest[2 if rest[0] in _TAKES_VALUE else 1 :]
        if not rest:
            return first
        first, rest = rest[0], rest[1:]
    return first
