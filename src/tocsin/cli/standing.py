"""Where an incident stands and who is called for it, as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tocsin.cli.words import clock, count
from tocsin.timeline.line import fold

MOST_CALLS = 20


def list_standing(room: dict[str, Any]) -> Iterator[str]:
    """Who has it, what is known, and where people talk."""
    if room.get("acknowledged_at"):
        yield f"taken by {_name(room.get('acknowledged_by'))} {clock(room['acknowledged_at'])} UTC"
    elif room.get("is_open"):
        yield "taken by nobody yet"
    if room.get("commander"):
        yield f"commander: {_name(room['commander'])}"
    if room.get("cause"):
        yield f"cause: {fold(room['cause'], 500)}"
    for field, said in (("mitigated_at", "the fix is in since"), ("resolved_at", "over since")):
        if room.get(field):
            yield f"{said} {clock(room[field])} UTC"
    bridge, chat = room.get("bridge") or {}, room.get("chat") or {}
    if bridge.get("opened_at"):
        yield f"bridge: {fold(bridge['address'])}, open since {clock(bridge['opened_at'])} UTC"
    if chat.get("name"):
        link = f" {fold(chat['link'])}" if chat.get("link") else ""
        yield f"room: #{fold(chat['name'])}{link}{' (closed)' if chat.get('is_closed') else ''}"


def list_calls(room: dict[str, Any]) -> list[str]:
    """Who was called, by what and whether they have answered, and who is next."""
    calls = room.get("calls", ())
    lines = [f"  {_tell_call(each)}" for each in calls[:MOST_CALLS]]
    lines += [f"  and {count(len(calls) - MOST_CALLS, 'more person')}: tocsin why"] if calls[MOST_CALLS:] else []
    ahead = room.get("next_call")
    if ahead:
        who = ", ".join(_name(each) for each in ahead["who"]) or f"nobody answers to {', '.join(ahead['names'])}"
        lines.append(
            f"  next, unless it is {ahead['unless']}: {who} at {clock(ahead['at'])} UTC ({fold(ahead['why'])})"
        )
    return ["", "Called (tocsin why INCIDENT says why):", *lines] if lines else []


def _tell_call(each: dict[str, Any]) -> str:
    line = f" (line {each['cite']['line']})" if each.get("cite") else ""
    by = (each.get("answered_by") or {}).get("id")
    if each.get("answered_at"):
        whom = "" if by in (None, each["who"]["id"]) else f", {_name(each['answered_by'])} took it"
        state = f"answered {clock(each['answered_at'])}" if by == each["who"]["id"] else f"called no more{whom}"
    elif each.get("withheld"):
        state = fold(each["withheld"])
    else:
        state = f"{fold(each.get('reached') or each['state'])}, no answer yet"
    times = f"{each['channel']}, {count(each['round'], 'page')}, last {clock(each['last_at'])}"
    return f"{_name(each['who'])}: {times}{line} [{state}]"


def _name(who: dict[str, Any] | None) -> str:
    return fold((who or {}).get("name", "")) or "somebody"
