"""Statements of `gh workflow`: is there such a workflow, may it be started by hand, does it take these inputs?"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, matches, missing, unknown
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.tree import Tree, read_trees
from tocsin.playbook.shell import names as words

_FOLDER = ".github/workflows/"
_VALUED = words("-f --raw-field -F --field -r --ref -R --repo -w --workflow -b --branch -L --limit --json -q --jq")
_ELSEWHERE = ("-R", "--repo")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``gh workflow run NAME -f INPUT=VALUE``."""
    if command.words[1:2] != ("workflow",):
        return
    parts = take_apart(command.words[2:], _VALUED - {"--json"} if "run" in command.words else _VALUED)
    if parts.operands[:1] not in (("run",), ("view",), ("enable",), ("disable",)) or len(parts.operands) < 2:
        return
    wanted = parts.operands[1]
    what = f"workflow {names.show(wanted)}"
    files = system.repository.matching(lambda path: path.startswith(_FOLDER) and path.endswith((".yml", ".yaml")))
    every = {each.path: next(iter(read_trees(each.text or "")), Tree()) for each in files}
    if names.is_open(wanted) or parts.value(*_ELSEWHERE) is not None or not every or wanted.isdecimal():
        yield unknown("workflow", what, "Which one is left open, or it is not one of this checkout.")
        return
    known = {path.removeprefix(_FOLDER): path for path in every}
    known |= {tree.get("name").text: path for path, tree in every.items() if tree.get("name").text}
    found = names.find(wanted, known)
    if found is None:
        near = names.nearest(wanted, known)
        yield missing(
            "workflow", what, "The checkout has no such workflow.", near, known[near] if near else _FOLDER.rstrip("/")
        )
        return
    yield matches("workflow", what, known[found])
    if parts.operands[0] == "run":
        given = [value for name, value in parts.flags if name in ("-f", "--raw-field", "-F", "--field") and value]
        if not parts.has("--json"):
            yield from _judge_inputs(given, what, known[found], every[known[found]])


def _judge_inputs(given: list[str], what: str, path: str, tree: Tree) -> Iterator[Finding]:
    begun = tree.get("on")
    if not begun:
        return
    if "workflow_dispatch" not in begun.words():
        yield missing("workflow", f"{what} by hand", "It has no workflow_dispatch, so nobody can start it.", None, path)
        return
    inputs = dict(begun.get("workflow_dispatch", "inputs").pairs())
    for each in given:
        name = each.partition("=")[0]
        if not names.is_wild(name) and name not in inputs:
            near = names.nearest(name, inputs)
            yield missing("argument", f"input {name} of {what}", "It has no such input.", near, path)
            continue
        options = [one.text for one in inputs[name].get("options").items()] if name in inputs else []
        value = each.partition("=")[2]
        if options and not names.is_wild(value) and value not in options:
            near = names.nearest(value, options)
            yield missing("argument", f"input {each} of {what}", f"It takes {', '.join(options)}.", near, path)
    named = {each.partition("=")[0] for each in given}
    for name, tree_of in inputs.items() if not any(map(names.is_wild, named)) else ():
        if name not in named and tree_of.get("required").text == "true" and not tree_of.get("default"):
            yield missing(
                "arguments", f"input {name} of {what}", f"It does not start without {name}.", f"-f {name}=…", path
            )
