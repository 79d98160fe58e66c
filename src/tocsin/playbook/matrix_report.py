"""Alert rules against scenarios, for reading: every alert with what it opens, every scenario with what opens it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tocsin.playbook import anchor
from tocsin.playbook.links import Leads
from tocsin.playbook.matrix import AlertRow, Figures, Match, Matrix, ScenarioRow
from tocsin.playbook.mismatch import Placed
from tocsin.playbook.rules import State
from tocsin.words import Level

_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.REMARK: 2}
_SIGNS = {Match.LINK: "✓", Match.NAME: "✓", Match.DOCUMENT: "~", Match.NOTHING: "✗"}


def report(matrix: Matrix, found: Sequence[Placed]) -> str:
    """The whole matrix on a page: figures first, then both ways, then what is wrong."""
    lines = [*_figures(matrix), "", "Alerts (✓ opens a scenario, ~ leads to a document only, ✗ to nothing)"]
    lines += _alerts(matrix.alerts)
    lines += ["", "Scenarios (and the alerts that open them)", *_scenarios(matrix.scenarios)]
    return "\n".join([*lines, *_findings(found)])


def _figures(matrix: Matrix) -> Iterator[str]:
    figures = matrix.figures
    states = Counter(file.state for file in matrix.files)
    read = len(matrix.files) - states[State.JSONNET] - states[State.NO_RULES]
    yield f"{figures.rules} alert rules in {read} file{'' if read == 1 else 's'}, {figures.scenarios} scenarios."
    yield (
        f"{_share(figures.by_link + figures.by_name, figures.rules)} of the rules open a scenario "
        f"({figures.by_link} by link, {figures.by_name} by name); {figures.document_only} lead to a document only, "
        f"{figures.uncovered} to nothing."
    )
    yield f"{_share(figures.scenarios_opened, figures.scenarios)} of the scenarios are opened by a rule."
    yield _links(figures)
    left_out = [f"{states[state]} {name}" for state, name in _LEFT_OUT.items() if states[state]]
    if left_out:
        yield f"Not read in full: {', '.join(left_out)}."


_LEFT_OUT = {State.TEMPLATED: "templated", State.BROKEN: "broken", State.JSONNET: "in Jsonnet"}


def _links(figures: Figures) -> str:
    if not figures.links:
        return "No rule has a runbook link."
    notes = [f"{figures.dead} dead"] if figures.dead else []
    notes += [f"{figures.no_section} to a section that is not there"] if figures.no_section else []
    notes += [f"{figures.family} to several documents"] if figures.family else []
    tail = f" ({', '.join(notes)})" if notes else ""
    return f"{figures.resolved} of {figures.links} runbook links lead to a document or section{tail}."


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part // whole} %)" if whole else "0"


def _alerts(rows: Sequence[AlertRow]) -> Iterator[str]:
    for path, group in groupby(rows, key=lambda row: row.path):
        yield f"  {path}"
        seen: dict[tuple[str, str], list[int]] = {}
        for row in group:
            seen.setdefault((row.rule.name, f"{_SIGNS[row.match]} {{}}{_leads(row)}"), []).append(row.rule.line)
        for (name, text), lines in seen.items():
            times = f" (×{len(lines)})" if len(lines) > 1 else ""
            yield f"    {text.format(f'{name}{times}')}  (line {lines[0]})"


def _leads(row: AlertRow) -> str:
    if row.match in (Match.LINK, Match.NAME):
        opened = ", ".join(f"{found.path}:{found.line}{_titled(found.title, row)}" for found in row.opens)
        return f" → {opened}" + (" by name" if row.match is Match.NAME else "")
    alive = next((found.lead for found in row.followed if not found.lead.is_dead), None)
    if alive is not None:
        what = f"{len(alive.paths)} documents" if alive.leads is Leads.FAMILY else alive.paths[0]
        return f" → {what}"
    dead = ", ".join(found.link.target for found in row.followed)
    return f" → dead link {dead}" if dead else ""


def _titled(title: str, row: AlertRow) -> str:
    """A scenario's title, unless it is the alert's own name."""
    return "" if anchor.fold(title) == anchor.fold(row.rule.name) else f" “{title}”"


def _scenarios(rows: Sequence[ScenarioRow]) -> Iterator[str]:
    for path, group in groupby(rows, key=lambda row: row.path):
        yield f"  {path}"
        for row in group:
            names = list(dict.fromkeys(name for _, _, name in row.opened_by))
            sign = "✓" if names else "✗"
            parts = [", ".join(names)] if names else []
            parts += [f"names {', '.join(row.unknown)}, in no rule"] if row.unknown else []
            tail = f" ← {'; '.join(parts)}" if parts else ""
            yield f"    {sign} {row.title}{tail}  (line {row.line})"


def _findings(found: Sequence[Placed]) -> Iterator[str]:
    if not found:
        yield from ("", "Nothing to complain about.")
        return
    levels = Counter(each.diagnostic.level for each in found)
    yield ""
    yield ", ".join(f"{levels[level]} {level}{'s' if levels[level] > 1 else ''}" for level in Level if levels[level])
    for each in sorted(found, key=lambda each: _ORDER[each.diagnostic.level]):
        said = each.diagnostic
        yield f"  {each.path}:{said.line}: {said.level} {said.code} {said.rule}: {said.text}"
        if said.help:
            yield f"      → {said.help}"
