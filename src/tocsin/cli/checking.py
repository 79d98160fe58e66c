"""`tocsin check`: do playbooks still match the system that they speak of? Needs a checkout, and nothing else.

With `--settings` the other side is asked: do the workspace's settings let the playbooks' duties be kept?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tocsin.app.place import find_workspace
from tocsin.cli.reading import Texts, compile_text, spell
from tocsin.cli.words import Format, complain, finish_streams, say, show_json
from tocsin.errors import UserError
from tocsin.integrations.checkout import read_checkout
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import read_statements
from tocsin.playbook.model import Playbook
from tocsin.playbook.reality import Repository, Row, Verdict, judge_playbook
from tocsin.playbook.reality.report import report
from tocsin.playbook.source import show_lines

WRONG = (Verdict.MISSING, Verdict.AMBIGUOUS)


def run(
    *playbook: Path,
    root: Path | None = None,
    team: str | None = None,
    settings: bool = False,
    live: bool = False,
    prometheus: str | None = None,
    all: bool = False,  # noqa: A002 the option's name
    workspace: Path | None = None,
    format: Format = "text",  # noqa: A002 the option's name
) -> int:
    """Say what of a playbook no longer matches the system: scripts, services, units, arguments, metrics and more.

    Parameters
    ----------
    playbook
        Markdown files; a folder stands for those in it.
    root
        A checkout of the system's repository; without it the folder that the program is started in. Nothing in it is
        run or changed.
    team
        Check this team's playbook, of the workspace's settings.
    settings
        Lay the workspace's settings beside its playbooks instead: which duties cannot be kept for want of a setting,
        and the lines of tocsin.toml that would mend it.
    live
        Ask the running system too, with commands that only look: docker, systemctl, kubectl, `--help`.
    prometheus
        With --live: where Prometheus answers, as http://localhost:9090.
    all
        Show what matches and what could not be checked as well.
    workspace
        With --team or --settings: the folder of the workspace, if it is not this one or above it.
    format
        `text` for people, `json` for programs.
    """
    if settings:
        return _check_settings(playbook, team, workspace, format)
    paths = [*playbook, *([_find_playbook(team, workspace)] if team is not None else [])]
    if not paths:
        raise UserError("Name at least one playbook: tocsin check runbook.md --root ../my-system (or --team TEAM)")
    texts = Texts()
    repository = read_checkout(root or Path())
    rows = [row for path in paths for file, content in texts.read(path) for row in _check(file, content, repository)]
    if live:
        rows = _ask(rows, root or Path(), prometheus)
    if format == "json":
        show_json(_entry(rows, repository))
    else:
        say(report(rows, repository.notes, everything=all))
    finish_streams()
    for gap in texts.gaps:
        complain(str(gap))
    if texts.gaps:
        return 2
    return int(any(row.verdict in WRONG for row in rows))


def _check_settings(playbook: Sequence[Path], team: str | None, workspace: Path | None, format: Format) -> int:  # noqa: A002 as above
    """0: every duty can be kept; 1: some cannot. Settings that do not hold together are a `ConfigError`, 2."""
    from tocsin.app.by_files import Files  # only whoever asks for it has settings to read
    from tocsin.cli.lacking import tell_lacks

    if playbook:
        raise UserError("With --settings the playbooks are those of the workspace: name none, or one team by --team.")
    files = Files(find_workspace((workspace or Path()).absolute()))
    found = files.lacks(team)
    tell_lacks(found, files.playbook, format)
    finish_streams()
    return int(bool(found))


def _find_playbook(team: str, workspace: Path | None) -> Path:
    """The playbook that the settings give a team."""
    from tocsin.app.books import find_playbook  # only whoever names a team has settings to read

    return find_playbook(find_workspace((workspace or Path()).absolute()), team)


def _check(file: Path, content: bytes, repository: Repository) -> tuple[Row, ...]:
    playbook = compile_text(content, spell(file))
    if not playbook.is_playbook:
        statements = read_statements(content, spell(file), load_knowledge())
        playbook = Playbook(path=spell(file), digest=playbook.digest, is_playbook=False, statements=statements)
    return judge_playbook(playbook, show_lines(content), repository, load_knowledge().programs)


def _ask(rows: Sequence[Row], folder: Path, prometheus: str | None) -> list[Row]:
    from tocsin.integrations.asking import Live  # only whoever asks needs what it loads

    return Live(folder, prometheus).settle(rows)


def _entry(rows: Sequence[Row], repository: Repository) -> dict[str, Any]:
    found = Counter(row.verdict for row in rows)
    return {
        "statements": [_row(row) for row in rows],
        "summary": {"statements": len(rows), **{verdict.value: found[verdict] for verdict in Verdict}},
        "notes": list(repository.notes),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "path": row.path,
        "line": row.line,
        "text": row.text,
        "verdict": row.verdict,
        "what": row.what,
        "nearest": row.nearest,
        "where": row.where,
        "why": row.why,
        "findings": [
            {
                "kind": each.kind,
                "verdict": each.verdict,
                "what": each.what,
                "why": each.why,
                "nearest": each.nearest,
                "where": each.where,
            }
            for each in row.findings
        ],
    }
