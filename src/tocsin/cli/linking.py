"""`tocsin link`: which alert opens which scenario, and which of either is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from tocsin.cli.reading import compile_together, expand, read
from tocsin.cli.words import Format, say, show_json
from tocsin.errors import UserError
from tocsin.playbook import mismatch
from tocsin.playbook.library import Library
from tocsin.playbook.matrix import Matrix, match_rules
from tocsin.playbook.matrix_report import report
from tocsin.playbook.mismatch import Placed
from tocsin.playbook.rules import RuleFile, State, read_rules
from tocsin.words import Level

RULES = (".yml", ".yaml", ".json", ".jsonnet", ".libsonnet", ".rules", ".tpl")
ORDER = (Level.REMARK, Level.WARNING, Level.ERROR)


def run(
    *rules: Path,
    playbooks: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)],
    format: Format = "text",  # noqa: A002 the option's name
    fail_on: Literal["error", "warning", "remark"] | None = None,
) -> int:
    """Lay Prometheus alert rules beside playbooks: what opens what, dead links, alerts and scenarios left alone.

    Parameters
    ----------
    rules
        Rule files (plain, PrometheusRule resources, ConfigMaps; templated or broken ones are reported); a folder
        stands for the YAML files in it.
    playbooks
        Markdown files; a folder is one library.
    format
        `text` for people, `json` for programs.
    fail_on
        Exit with 1 if there is a finding at least so grave.
    """
    if not rules:
        raise UserError("Name at least one rule file: tocsin link rules/ --playbooks runbooks/")
    matrix = match_rules(_read_files(rules), _compile(playbooks))
    found = mismatch.check(matrix)
    if format == "json":
        show_json(_entry(matrix, found))
    else:
        say(report(matrix, found))
    return int(fail_on is not None and any(_is_grave(each, Level(fail_on)) for each in found))


def _is_grave(found: Placed, least: Level) -> bool:
    return ORDER.index(found.diagnostic.level) >= ORDER.index(least)


def _read_files(paths: Sequence[Path]) -> list[RuleFile]:
    """The rule files; what lies in a folder and holds no rules is passed over."""
    files = []
    for path in paths:
        inside = path.is_dir()
        for each in expand(path, RULES):
            file = read_rules(read(each), each.as_posix())
            if not inside or file.state is not State.NO_RULES:
                files.append(file)
    return files


def _compile(paths: Sequence[Path]) -> Library:
    files = [each for path in paths for each in expand(path)]
    if not files:
        raise UserError("There is no Markdown file among --playbooks.")
    return compile_together(files)


def _entry(matrix: Matrix, found: Sequence[Placed]) -> dict[str, Any]:
    entry: dict[str, Any] = msgspec.to_builtins(matrix)
    for file in entry["files"]:
        file["alerts"] = len(file["alerts"])
    entry["diagnostics"] = [{"path": each.path, **msgspec.to_builtins(each.diagnostic)} for each in found]
    return entry
