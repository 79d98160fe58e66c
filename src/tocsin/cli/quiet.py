"""Silences and maintenance windows: list them, see what one would hit, set one, end one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Format, Reason, TeamId, clock, count, say, show_json, show_table
from tocsin.errors import NotFound, UserError
from tocsin.timeline.line import fold

HERE = Where()
MINUTES = {"m": 1, "h": 60, "d": 1440}
For = Annotated[str, Parameter(name="--for", help="How long: 30m, 2h, 1d.")]
Until = Annotated[str, Parameter(help="Until when, instead: 2026-03-02T05:00Z.")]
From = Annotated[str, Parameter(name="--from", help="From when on (default: now): 2026-03-02T03:00Z.")]
Look = Annotated[bool, Parameter(name="--preview", help="Only say what it would hit; set nothing.")]


def list_all(
    *,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """List silences and maintenance windows: what holds now, then what is to come."""
    found = Client(where).get("silences")
    if format == "json":
        show_json(found)
        return
    rows = [
        (
            each["id"],
            each["kind"],
            clock(each["starts_at"]) if each["state"] == "pending" else "now",
            clock(each["until"]),
            ", ".join(each["teams"]),
            _describe(each),
        )
        for each in found
    ]
    show_table("Silences and maintenance", ("Id", "Kind", "From", "Until (UTC)", "Team", "What"), rows)


def _describe(each: dict[str, Any]) -> str:
    held = f"; {count(each['held'], 'alert')} under it page nobody" if each["held"] else ""
    why = f": {fold(each['comment'])}" if each["comment"] else ""
    return f"{fold(each['what']) or 'everything'}, by {fold(each['by']) or 'somebody'}{why}{held}"


def silence(
    team: TeamId,
    /,
    *matchers: str,
    reason: Reason,
    length: For = "",
    until: Until = "",
    start: From = "",
    preview: Look = False,
    where: Where = HERE,
) -> None:
    """Let alerts that fit page nobody for a while. Escalations that somebody asks for still go out."""
    _put("silence", team, matchers, _spell(reason, length, until, start), preview, where)


def maintain(
    team: TeamId,
    /,
    *matchers: str,
    reason: Reason,
    length: For = "",
    until: Until = "",
    start: From = "",
    preview: Look = False,
    where: Where = HERE,
) -> None:
    """Let nothing page for a while: of the whole team, or of alerts that fit the matchers. Escalations wait too."""
    _put("maintenance", team, matchers, _spell(reason, length, until, start), preview, where)


def _put(kind: str, team: str, matchers: tuple[str, ...], times: dict[str, Any], preview: bool, where: Where) -> None:
    client = Client(where)
    body = {"team": team, "kind": kind, "matchers": list(matchers), **times}
    if preview:
        _show(client.post("silences", "preview", **body))
        return
    answer = client.post("silences", **body)
    _show(answer["preview"])
    say(f"Set. To end it before its time: tocsin unsilence {answer['id']}")


def _show(preview: dict[str, Any]) -> None:
    say(fold(preview["says"], 1000))
    for each in preview["alerts"]:
        at = f"  [{each['incident']}]" if each["incident"] else ""
        say(f"  {fold(each['name'])}  {fold(each['labels'])}{at}")
    if preview["count"] > len(preview["alerts"]):
        say(f"  and {preview['count'] - len(preview['alerts'])} more")


def end(silence: str, /, *, where: Where = HERE) -> None:
    """End a silence or a maintenance window now: what still fires pages."""
    client = Client(where)
    found = [each for each in client.get("silences") if each["id"] == silence or each["id"].startswith(silence)]
    if len(found) != 1:
        raise NotFound(f"{'No' if not found else 'More than one'} silence is {silence!r}; see: tocsin silences")
    client.post("silences", found[0]["id"], "end", team=found[0]["teams"][0])
    say(f"{found[0]['id']}: ended; what still fires pages.")


def _spell(reason: str, length: str, until: str, start: str) -> dict[str, Any]:
    """The times of a request. Raises `UserError` unless it is said when it ends."""
    if bool(length) == bool(until):
        raise UserError("Say when it ends, one way: --for 2h, or --until 2026-03-02T05:00Z.")
    ends: dict[str, Any] = {"minutes": read_minutes(length)} if length else {"ends_at": read_moment(until)}
    return {"reason": reason, **ends, **({"starts_at": read_moment(start)} if start else {})}


def read_minutes(text: str) -> int:
    parts = re.findall(r"(\d+)([mhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UserError(f"{text!r} is no length of time; write it as 30m, 2h or 1d.")
    return sum(int(number) * MINUTES[unit] for number, unit in parts)


def read_moment(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{text!r} is no time; write it as 2026-03-02T05:00Z.") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
