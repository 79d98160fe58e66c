"""A compiled playbook for reading: the published JSON entry, an outline for a terminal, and the findings on it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.duration import say
from tocsin.playbook.excerpt import Paint, draw, place, plain
from tocsin.playbook.forecast import Fate, foresee
from tocsin.playbook.model import Escalation, Playbook, Procedure, Response, Severity, Trigger
from tocsin.playbook.step_report import LEGEND, tell_parts, tell_steps
from tocsin.playbook.visible import show
from tocsin.words import Calendar, Level, TriggerClock

_GROUPS = {
    "PB0": "Cannot be read as it is",
    "PB1": "Dangerous to run",
    "PB2": "Who is called, and when",
    "PB3": "The document",
    "PB4": "Comments that set findings aside",
}
_CALM_GROUPS = {"PB1": "Before it is run"}
_MAX_DRAWN = 3


def to_json(playbook: Playbook) -> dict[str, Any]:
    """The published JSON entry of a playbook: the fields of the model as plain values.

    A review says where its clock starts only when that is the alert.
    """
    entry: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(playbook))
    for review in entry["reviews"]:
        if review["from"] == "resolution":
            del review["from"]
    return entry


def outline(playbook: Playbook, *, steps: bool = False) -> str:
    """A playbook on a page: levels with clocks, and procedures with what becomes of their steps; with ``steps`` also
    every step in its place.
    """
    lines = [_headline(playbook)]
    if playbook.is_playbook:
        lines += _block("Severities", map(_severity_line, playbook.severities))
        lines += _block("Scenarios", _procedure_lines(playbook.scenarios, steps=steps))
        lines += _block("Processes", _procedure_lines(playbook.processes, steps=steps))
        lines += _block("Escalation", map(_escalation_line, playbook.escalation))
        lines += _block("Goes by the levels of", _policy(playbook))
        lines += _block("Also found", _counts(playbook))
    return show_lines(lines)


def show_lines(lines: Sequence[str]) -> str:
    """Lines as one text that is safe for a terminal."""
    return "\n".join(show(row) for line in lines for row in line.split("\n"))


def _block(title: str, rows: Iterator[str]) -> list[str]:
    found = list(rows)
    return ["", title, *(f"  {row}".rstrip() for row in found)] if found else []


def _headline(playbook: Playbook) -> str:
    document = playbook.document
    name = document.title or playbook.path
    if not playbook.is_playbook:
        return f"{playbook.path}: no playbook"
    said = [("owner", document.owner), ("version", document.version), ("next review", document.next_review)]
    about = " · ".join(f"{key} {value}" for key, value in said if value)
    return f"{name}  ({playbook.path})" + (f"\n{about}" if about else "")


def _severity_line(severity: Severity) -> str:
    parts = [_response(severity.response)]
    parts += [f"page {', '.join(severity.page)}"] if severity.page else []
    parts += [f"update every {say(severity.update_every_s)}"] if severity.update_every_s else []
    if severity.status_page_within_s is not None:
        parts.append(f"status page within {say(severity.status_page_within_s)}")
    elif severity.status_page == "none":
        parts.append("no status page")
    elif severity.status_page:
        parts.append(f"status page {severity.status_page}")
    if severity.bridge_within_s is not None:
        parts.append(f"bridge within {say(severity.bridge_within_s)}" if severity.bridge_within_s else "bridge at once")
    name = f" {severity.name}" if severity.name != severity.id else ""
    return f"{severity.id}{name}: {' · '.join(parts)}  (line {severity.line})"


def _response(response: Response) -> str:
    if response.calendar is Calendar.NEXT_BUSINESS_DAY:
        return "respond on the next business day"
    if response.within_s is None:
        return "respond immediately, no bound" if response.immediate else "no response time"
    hours = " of business hours" if response.calendar is Calendar.BUSINESS_HOURS else ""
    return f"respond within {say(response.within_s)}{hours}"


def _procedure_lines(procedures: Sequence[Procedure], *, steps: bool) -> Iterator[str]:
    if steps and procedures:
        yield LEGEND
    for found in procedures:
        if steps:
            yield ""
        yield _procedure_line(found)
        told = tell_steps(found) if steps else tell_parts(found)
        yield from (f"    {line}" for line in told)


def _procedure_line(procedure: Procedure) -> str:
    fates = Counter(foresee(procedure))
    counted = ", ".join(f"{fates[fate]} {fate}" for fate in Fate if fates[fate])
    levels = f" [{'/'.join(procedure.severities)}]" if procedure.severities else ""
    label = f"{procedure.label} " if procedure.label else ""
    alerts = f" · alerts {', '.join(procedure.alerts)}" if procedure.alerts else ""
    steps = f"{len(procedure.steps)} step{'' if len(procedure.steps) == 1 else 's'}"
    guards = (
        [f"{len(procedure.prohibitions)} prohibition{'s' if len(procedure.prohibitions) > 1 else ''}"]
        if procedure.prohibitions
        else []
    )
    guards += [f"approval of {approval.by or 'somebody'}" for approval in procedure.approvals]
    tail = f" · {' · '.join(guards)}" if guards else ""
    done = f": {counted}" if counted else ""
    return f"{label}{procedure.title}{levels}{alerts} · {steps}{done}{tail}  (line {procedure.line})"


def _escalation_line(found: Escalation) -> str:
    level = f"level {found.level}: " if found.level is not None else ""
    scope = f" in “{found.scope}”" if found.scope != "document" else ""
    when = "; ".join(map(_trigger, found.triggers)) or "no time given"
    via = f" by {', '.join(found.via)}" if found.via else ""
    return f"{level}{', '.join(found.who)}{via}: {when}{scope}  (line {found.line})"


def _trigger(trigger: Trigger) -> str:
    level = f"{trigger.severity} " if trigger.severity else ""
    if trigger.condition:
        return f"{level}when “{trigger.condition}”"
    if trigger.clock is TriggerClock.IMMEDIATE or not trigger.after_s:
        return f"{level}at once"
    return f"{level}{'unresolved ' if trigger.clock is TriggerClock.UNRESOLVED else ''}after {say(trigger.after_s)}"


def _policy(playbook: Playbook) -> Iterator[str]:
    if playbook.policy is not None:
        yield f"{playbook.policy.path} ({', '.join(playbook.policy.levels)})"


def _counts(playbook: Playbook) -> Iterator[str]:
    kinds = {
        "role": playbook.roles, "rotation": playbook.rotations, "chat channel": playbook.channels,
        "template": playbook.templates, "review": playbook.reviews, "metric": playbook.metrics,
        "drill": playbook.drills, "contact": playbook.contacts,
    }  # fmt: skip
    counted = [f"{len(found)} {kind}{'s' if len(found) > 1 else ''}" for kind, found in kinds.items() if found]
    if counted:
        yield ", ".join(counted)


def complaints(
    playbook: Playbook, lines: Sequence[str], columns: int = 120, paint: Paint = plain, known: int = 0
) -> str:
    """The findings as a colleague would tell them: the dangerous first, each beside its lines.

    ``lines`` are the document's; ``known`` is how many findings a baseline has already taken out of the playbook. Of a
    rule that speaks often the first finding is drawn and the others are listed.
    """
    rows = [_tally(playbook, known)]
    for prefix, told in itertools.groupby(playbook.diagnostics, key=lambda found: found.code[:3]):
        group = list(told)
        calm = all(found.level is Level.REMARK for found in group)
        rows += ["", paint("title", (_CALM_GROUPS if calm else _GROUPS).get(prefix, _GROUPS.get(prefix, prefix)))]
        for _, alike in itertools.groupby(group, key=lambda found: (found.level, found.code)):
            rows += ["", *_draw_alike(list(alike), playbook.path, lines, columns, paint)]
    return "\n".join(rows)


def _draw_alike(found: list[Diagnostic], path: str, lines: Sequence[str], columns: int, paint: Paint) -> Iterator[str]:
    drawn = found if len(found) <= _MAX_DRAWN and found[0].code.startswith("PB1") else found[:1]
    for index, each in enumerate(drawn):
        if index:
            yield ""
        yield from draw(each, path, lines, columns, paint)
    for each in found[len(drawn) :]:
        yield f"  {paint('place', place(each, path))}: {show(each.text)}"


def _tally(playbook: Playbook, known: int) -> str:
    levels = Counter(found.level for found in playbook.diagnostics)
    counted = [f"{levels[level]} {level}{'s' if levels[level] > 1 else ''}" for level in Level if levels[level]]
    rest = [f"{known} known from the baseline"] if known else []
    rest += [f"{len(playbook.set_aside)} set aside by comments"] if playbook.set_aside else []
    if not counted:
        return "Nothing to complain about." if not rest else f"Nothing new to complain about ({', '.join(rest)})."
    aside = f" ({', '.join(rest)})" if rest else ""
    return f"{', '.join(counted)}{aside}"
