"""`tocsin incidents`, `tocsin show`, `tocsin timeline`."""

from __future__ import annotations

from typing import Any

from tocsin.cli.client import Client, Where
from tocsin.cli.output import LAST_LINES, read_outputs, show_run
from tocsin.cli.standing import list_calls, list_standing
from tocsin.cli.turns import show_jumps, show_ways
from tocsin.cli.words import Format, IncidentId, clock, say, show_json, show_table, since
from tocsin.errors import NotFound
from tocsin.timeline.line import fold, quote

HERE = Where()
INDENT = " " * 10
HIDDEN = "A private incident that is open forbids some steps and words here; each of them says so."
MOST_NAMED = 12
BAR = " " * 16 + "| "
"""Before the further lines of an entry, so that none passes for an entry of its own."""


def list_all(
    *,
    team: str | None = None,
    all: bool = False,  # noqa: A002 the option's name
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """List incidents, the newest first.

    Parameters
    ----------
    team
        Only this team's.
    all
        Also those that are over.
    format
        `text` for people, `json` for programs (all fields, those that are over too).
    """
    found = Client(where).get("incidents", team=team)
    if format == "json":
        show_json(found)
        return
    shown = [each for each in found if all or each["status"] not in ("resolved", "closed")]
    rows = [
        (
            each["id"],
            each["severity"] or "unclassified",
            each["status"],
            clock(each["opened_at"]),
            ("(private) " if each.get("private") else "") + fold(each["title"]),
        )
        for each in shown
    ]
    show_table(
        "Open incidents" if not all else "Incidents", ("Id", "Severity", "Status", "Opened (UTC)", "Title"), rows
    )


def show(
    incident: IncidentId,
    /,
    *,
    step: str | None = None,
    full: bool = False,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Show an incident: where it stands, what is owed, its steps with what they printed.

    Parameters
    ----------
    step
        Only this step, by its id (L32) or its line in the playbook (32).
    full
        All that steps printed, not only the last lines.
    format
        `text` for people, `json` for programs.
    """
    client = Client(where)
    asked = client.incident(incident)
    room = asked.get()
    wanted = [_find_step(room, step)] if step is not None else room["steps"]
    for each in wanted:
        if each.get("ran"):
            each["ran"]["outputs"] = read_outputs(client, asked.id, each["ran"], None if full else LAST_LINES)
    if format == "json":
        show_json(room if step is None else wanted[0])
    elif step is not None:
        say("\n".join(_step(wanted[0], asked.id)))
    else:
        say("\n".join(_lines(room)))


def _find_step(room: dict[str, Any], given: str) -> dict[str, Any]:
    """The step with this id or at this line. Raises `NotFound` naming those that there are."""
    wanted = given.strip().casefold()
    for each in room["steps"]:
        if wanted in (each["id"].casefold(), str(each.get("line") or "")):
            return dict(each)
    known = [each["id"] for each in room["steps"]]
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    listed = ", ".join(known[:MOST_NAMED]) or "none"
    raise NotFound(f"There is no step {given[:100]!r} in {room['id']}; there are {listed}{more}.")


def _lines(room: dict[str, Any]) -> list[str]:
    lines = [
        f"{fold(room['number'])} ({room['id']}): {fold(room['title'])}",
        f"{room['severity'] or 'unclassified'}, {room['status']}, opened {clock(room['opened_at'])} UTC{_mode(room)}",
    ]
    lines += [*list_standing(room), *_readers(room)]
    lines += [_suggestion(each) for each in room.get("suggestions", ())]
    lines += [*_hush(room), *_changes(room), *_forbidden(room)]
    lines += ["", "Owed:", *([_obligation(each, room.get("now")) for each in room["obligations"]] or ["  nothing"])]
    lines += [*list_calls(room), *_questions(room), *_roles(room)]
    lines += ["", "Steps (tocsin approve INCIDENT STEP; by hand: tocsin done INCIDENT STEP):"]
    for step in room["steps"]:
        lines += _step(step, room["id"])
    lines += [] if room["steps"] else ["  none"]
    return [*lines, *show_ways(room), *show_jumps(room)]


def _mode(room: dict[str, Any]) -> str:
    """What the team's mode holds back is no news where it holds nothing back."""
    return f"; {room['mode']} mode" if room.get("mode", "live") != "live" else ""


def _forbidden(room: dict[str, Any]) -> list[str]:
    """What the playbook forbids while this is open, so that nobody does it in a shell of their own."""
    rules = [_rule(each, room["id"]) for each in room.get("prohibitions", ())]
    return ["", "Forbidden:", *rules] if rules else []


def _rule(each: dict[str, Any], incident: str) -> str:
    line = each["cite"]["line"]
    if not line:
        return f"  {HIDDEN}"
    by = f" [lifted by {fold(each['lifted']['name'])}]" if each.get("lifted") else ""
    may = f" [{fold(each['lifted_by'])} may: tocsin lift {incident} {line}]" if each.get("lifted_by") and not by else ""
    of = f" [while {each['incident']} is open]" if each.get("incident") else ""
    return f"  line {line:<5} {fold(each['cite']['text'])}{by or may}{of}"


def _readers(room: dict[str, Any]) -> list[str]:
    privacy = room.get("privacy") or {}
    if not privacy.get("is_on"):
        return []
    who = [f"{fold(each['who']['name'])} (they {fold(each['why'])})" for each in privacy["readers"]]
    told = [f"  told before: {fold(each, 500)}" for each in privacy["told"]]
    return [f"private, seen by {', '.join(who) or 'nobody'}", *told]


def _suggestion(each: dict[str, Any]) -> str:
    return f"  perhaps {each['severity']}: line {each['line']} says {fold(each['text'])!r}"


def _hush(room: dict[str, Any]) -> list[str]:
    hush = room.get("hush")
    if not hush:
        return []
    why = f": {fold(hush['comment'])}" if hush["comment"] else ""
    by, kind = fold(hush["by"]) or "somebody", hush.get("kind", "silence")
    if kind == "inhibition":
        return [f"nobody is paged while {by} fires, which explains this"]
    hushed = "under maintenance" if kind == "maintenance" else "silenced"
    return [f"nobody is paged until {clock(hush['until'])} UTC, {hushed} by {by}{why}"]


def _changes(room: dict[str, Any]) -> list[str]:
    told = []
    for each in room.get("changes", ()):
        by = f" ({fold(each['source'])})" if each["source"] else ""
        told.append(f"  {clock(each['at'])}  {each['when']}: {fold(each['summary'])}{by}")
    return ["", "What changed:", *told] if told else []


def _questions(room: dict[str, Any]) -> list[str]:
    """What the playbook asks, and whom a line of it calls by hand: each with the line that `tocsin escalate` wants."""
    asked = room.get("questions", ()) if room.get("is_open", True) else ()
    if not asked:
        return []
    head = (
        "Questions and people to call (tocsin escalate INCIDENT LINE, tocsin decline …; a wrong yes: tocsin correct …):"
    )
    return ["", head, *(_question(each) for each in asked)]


def _question(each: dict[str, Any]) -> str:
    who = f"it is {fold(each['raises'])} then" if each.get("raises") else f"calls {', '.join(map(fold, each['who']))}"
    by = fold((each.get("by") or {}).get("name", "")) or "somebody"
    if each.get("holds") is not None:
        back = fold((each.get("corrects") or {}).get("name", ""))
        taken = f", the yes of {back} is taken back: {fold(each['reason'])}" if back else ""
        said = f"{'yes' if each['holds'] else 'no'}, {by} {clock(each['answered_at'])}{taken}"
    elif each.get("called_at"):
        said = f"called {clock(each['called_at'])}"
    else:
        said = "not answered" if each["is_question"] else "not called"
    words = f"{fold(each['condition'])}: " if each["condition"] else ""
    return f"  line {each['line']:<5} {words}{who} [{said}]"


def _roles(room: dict[str, Any]) -> list[str]:
    roles = room.get("roles", ())
    played = [f"  {fold(each['title'])}: {_players(each)}" for each in roles]
    return ["", "Roles (tocsin role INCIDENT ROLE PERSON):", *played] if played else []


def _players(role: dict[str, Any]) -> str:
    people = [*([role["who"]] if role.get("who") else []), *role.get("others", ())]
    return ", ".join(fold(each["name"]) for each in people) or "nobody"


def _obligation(each: dict[str, Any], now: str | None) -> str:
    line = f" (line {each['line']})" if each.get("line") else ""
    left = f", {since(each['due_at'], now)}" if each.get("is_open") and now else ""
    told = f", reminded {clock(each['told_at'])}" if each.get("told_at") else ""
    if each.get("escalated_at"):
        names = ", ".join(fold(who["name"]) for who in each.get("escalated", ()))
        told += f", escalated {clock(each['escalated_at'])} to {names}"
    due = f"due {clock(each['due_at'])} UTC{left}{told}"
    return f"  {each['state']:<14} {fold(each['what'])}{line}, {due}  [{each['key']}]"


def _step(step: dict[str, Any], incident: str) -> list[str]:
    where = f"line {step['line']}" if step.get("line") else "typed"
    branch = f"  if: {fold(step['condition'])}" if step.get("condition") else ""
    state = (step.get("ran") or {}).get("outcome") or step["state"].replace("_", " ")
    verdict = _verdict(step.get("verdict") or {})
    lines = [f"  {step['id']:<7} {state:<9} {step.get('effect') or step['kind']:<14} {where}{verdict}{branch}"]
    lines += quote(step["text"], INDENT)
    ran = step.get("ran")
    if ran:
        more = f"tocsin show {incident} --step {step['id']} --full"
        lines += show_run(ran, ran["outputs"], more, INDENT)
    return lines


def _verdict(found: dict[str, Any]) -> str:
    """What stands between a step and its run, where something does."""
    match found.get("kind"):
        case "forbidden" | "refused" as kind:
            return f", {kind}"
        case "needs_approval":
            by = f" by {fold(found['by'])}" if found.get("by") else ""
            return f", needs approval{by}{', two people' if found.get('people', 1) > 1 else ''}"
    return ""


def why(
    incident: IncidentId,
    /,
    *,
    person: str | None = None,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Say why people were paged in an incident, and why they were not.

    Parameters
    ----------
    person
        Only what concerns this person, by their id.
    format
        `text` for people, `json` for programs.
    """
    found = Client(where).incident(incident).get("why", person=person)
    if format == "json":
        show_json(found)
        return
    say(fold(found["now"], 1000))
    for title, told in (("What happened", found["happened"]), ("Not called, or not yet", found["uncalled"])):
        if told:
            say(f"\n{title}:")
        for each in told:
            line = f" (line {each['line']})" if each["line"] else ""
            say(f"  {each['at'][11:19]}  {fold(each['text'], 1000)}{line}")


def timeline(
    incident: IncidentId,
    /,
    *,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Print an incident's timeline."""
    found = Client(where).incident(incident).get("timeline")
    if format == "json":
        show_json(found)
        return
    for each in found:
        first, *rest = quote(each["text"], "") or [""]
        say("\n".join([f"{each['seq']:>4}  {each['at'][11:19]}  {first}", *(f"{BAR}{line}" for line in rest)]))
