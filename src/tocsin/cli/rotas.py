"""Schedules: who is on duty, who would be paged, overrides, swaps, calendar feeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from msgspec import Struct, json

from tocsin.app.place import NoServer, find_workspace, read_server
from tocsin.cli.client import Client, Where
from tocsin.cli.quiet import For, From, Until, read_minutes, read_moment
from tocsin.cli.words import (
    Format,
    PersonId,
    Reason,
    TeamId,
    Yes,
    agrees,
    clock,
    count,
    is_person_there,
    say,
    show_json,
    show_table,
)
from tocsin.errors import NotFound, UserError
from tocsin.review.when import spell, spell_exactly
from tocsin.timeline.line import fold

if TYPE_CHECKING:
    from tocsin.app.by_files import Files

HERE = Where()
DryRun = Annotated[bool, Parameter(negative="", help="Only say what would change hands.")]
Instead = Annotated[str, Parameter(help="Only what this person would have had.")]


def show(
    *,
    team: str = "",
    days: int = 14,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Say who is on duty and who comes next, and what is wrong with that before it matters.

    Parameters
    ----------
    team
        Only this team's.
    days
        So many days ahead.
    format
        `text` for people, `json` for programs.
    """
    files = _find_files(where)
    found = _plain(files.view(timedelta(days=days))) if files else Client(where).get("schedules", days=days)
    if team:
        found["schedules"] = [each for each in found["schedules"] if each["team"] == team]
        found["findings"] = [each for each in found["findings"] if each["team"] == team]
    if format == "json":
        show_json(found)
        return
    for each in found["schedules"]:
        rows = [
            (shift["wall"], _name(shift["people"]), spell(shift["span_s"]), shift["source"]) for shift in each["shifts"]
        ]
        say(f"{each['team']}: {each['schedule']}")
        show_table("Shifts", (f"From ({each['timezone']})", "Who", "For", "By"), rows)
        if each.get("more"):
            say(f"  and {count(each['more'], 'more shift')}; ask for fewer days: --days")
        for over in each["overrides"]:
            what, who = "swap" if over["swapped"] else "override", fold(over["person"]["name"])
            span = f"{clock(over['starts_at'])} to {clock(over['ends_at'])} UTC"
            say(f"  {what} {over['id']}: {who} from {span}, {fold(over['reason'])}")
            for note in over.get("notes", ()):
                say(f"    {fold(note)}")
    say_findings(found["findings"])
    for line in files.list_limits() if files else ():
        say(line)


def say_findings(findings: list[dict[str, Any]]) -> None:
    """What is wrong, each on a line."""
    if not findings:
        say("Every schedule has somebody, nobody is on duty twice, and everybody can be reached.")
        return
    say(f"{count(len(findings), 'thing')} to mend before it matters:")
    for each in findings:
        when = f" from {clock(each['starts_at'])} to {clock(each['ends_at'])} UTC" if each["starts_at"] else ""
        say(f"  {each['kind']}: {each['team']}: {fold(each['text'])}{when}")


def forecast(
    *,
    team: str,
    severity: str | None = None,
    at: str | None = None,
    scenario: str | None = None,
    length: For = "4h",
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Say who would be paged, when, over which channel, and who joins them, before anything happens.

    Parameters
    ----------
    team
        Whose incident it would be.
    severity
        As the playbook names it; without one, unclassified, which pages like the worst.
    at
        When it would open (default: now): 2026-03-02T03:00Z.
    scenario
        A scenario of the playbook, by its title or line.
    format
        `text` for people, `json` for programs.
    """
    moment = read_moment(at) if at else None
    minutes, files = read_minutes(length), _find_files(where)
    if files is not None:
        at_ = datetime.fromisoformat(moment) if moment else None
        found = _plain(files.forecast(team, severity, scenario, at_, timedelta(minutes=minutes)))
    else:
        asked = {"team": team, "severity": severity, "at": moment, "scenario": scenario, "minutes": minutes}
        found = Client(where).get("forecast", **asked)
    if format == "json":
        show_json(found)
        return
    rows = [
        (
            spell_exactly(each["after_s"]),
            fold(each["person"]["name"]),
            each["channel"],
            str(each["pages"]),
            f"{fold(each['why'])}{_line(each['line'])}",
            fold(each["until"]),
        )
        for each in found["calls"]
    ]
    say(f"{severity or 'Unclassified'} in {team} at {clock(found['at'])} UTC, if nobody acknowledges:")
    show_table(
        "Pages",
        ("After", "Who", "Channel", "Pages", "Why", "Until"),
        rows,
    )
    for line in (*found["waits"], *found["nobody"], *found["notes"]):
        say(fold(line))


def override(
    team: TeamId,
    schedule: str,
    person: PersonId,
    /,
    *,
    reason: Reason,
    length: For = "",
    until: Until = "",
    start: From = "",
    instead: Instead = "",
    where: Where = HERE,
) -> None:
    """Let somebody have a duty for a while."""
    if bool(length) == bool(until):
        raise UserError("Say when it ends, one way: --for 2h, or --until 2026-03-02T05:00Z.")
    ends: dict[str, Any] = {"minutes": read_minutes(length)} if length else {"ends_at": read_moment(until)}
    starts = {"starts_at": read_moment(start)} if start else {}
    body = {"schedule": schedule, "person": person, "instead": instead, "reason": reason, **ends, **starts}
    answer = Client(where).post("schedules", team, "overrides", **body)
    for note in answer.get("notes", ()):
        say(fold(note))
    done = "It stands" if answer.get("again") else "Set"
    say(f"{done}. To end it before its time: tocsin unoverride {answer['id']}")


def swap(
    team: TeamId,
    schedule: str,
    one: str,
    one_at: str,
    other: str,
    other_at: str,
    /,
    *,
    reason: Reason = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    where: Where = HERE,
) -> None:
    """Let two people exchange the shifts that they have at a moment each (2026-03-02T03:00Z).

    It takes the stretch of that moment alone: where a turn is cut by another layer, the rest of it stays. What changes
    hands and what does not is said, and somebody at a terminal is asked where not all of a turn does.
    """
    body = {
        "schedule": schedule,
        "one": one,
        "one_at": read_moment(one_at),
        "other": other,
        "other_at": read_moment(other_at),
    }
    client = Client(where)
    if dry_run or (is_person_there() and not yes):
        seen = client.post("schedules", team, "swaps", "preview", **body)
        cut = any(half["left"] for half in seen["halves"])
        for note in seen["notes"] if dry_run or cut else ():
            say(fold(note))
        if dry_run or (cut and not agrees("Swap exactly these?")):
            say("Nothing has changed hands.")
            return
    answer = client.post("schedules", team, "swaps", **body, reason=reason)
    for note in answer.get("notes", ()):
        say(fold(note))
    say(f"Swapped. To take both halves back: tocsin unoverride {answer['id']}")


def end_override(override: str, /, *, where: Where = HERE) -> None:
    """End an override, or a swap as a whole, now."""
    client = Client(where)
    listed = [(each["team"], over["id"]) for each in client.get("schedules")["schedules"] for over in each["overrides"]]
    found = list(dict.fromkeys(each for each in listed if each[1].startswith(override)))
    if len(found) != 1:
        raise NotFound(f"{'No' if not found else 'More than one'} override is {override!r}; see: tocsin schedules")
    client.post("schedules", found[0][0], "overrides", found[0][1], "end")
    say(f"{found[0][1]}: ended.")


def open_feed(team: TeamId, /, *, person: PersonId = "", schedule: str = "", where: Where = HERE) -> None:
    """Open an iCalendar feed of a person's shifts, or of a schedule's. Whoever has its address may read it."""
    answer = Client(where).post("schedules", team, "feeds", person=person, schedule=schedule)
    say(answer["url"])
    say(f"This address is shown once. To let it lead nowhere: tocsin unfeed {answer['id']}")


def revoke_feed(feed: str, /, *, where: Where = HERE) -> None:
    """Let a feed's address lead nowhere."""
    client = Client(where)
    found = [each for each in client.get("schedules")["feeds"] if each["id"].startswith(feed)]
    if len(found) != 1:
        known = ", ".join(f"{each['id']} ({fold(each['what'])})" for each in client.get("schedules")["feeds"])
        raise NotFound(f"{'No' if not found else 'More than one'} feed is {feed!r}; there are: {known or 'none'}.")
    client.post("schedules", found[0]["team"], "feeds", found[0]["id"], "revoke")
    say(f"{found[0]['id']}: revoked.")


def _find_files(where: Where) -> Files | None:
    """The workspace's files, where no server runs for it; null where one can be asked."""
    if where.url is not None:
        return None
    root = find_workspace((where.workspace or Path.cwd()).absolute())
    try:
        read_server(root)
    except NoServer:
        from tocsin.app.by_files import Files

        return Files(root)
    return None


def _plain(view: Struct) -> Any:
    """As the server's answer would be."""
    return json.decode(json.encode(view))


def _name(people: list[dict[str, str]]) -> str:
    return fold(", ".join(each["name"] for each in people)) or "NOBODY"


def _line(line: int | None) -> str:
    return f" (line {line})" if line else ""
