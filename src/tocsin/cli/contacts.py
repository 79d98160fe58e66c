"""How people are reached: test pages, and what was confirmed."""

from __future__ import annotations

from typing import Any

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Format, clock, say, show_json, show_table
from tocsin.timeline.line import fold

HERE = Where()


def test_page(
    person: str,
    /,
    *,
    channel: str | None = None,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Send somebody a test page over each of their channels. They confirm it as they would acknowledge a page.

    Parameters
    ----------
    person
        The id of a person in tocsin.toml.
    channel
        Only over this channel.
    format
        `text` for people, `json` for programs.
    """
    found = Client(where).post("contacts", "test", person=person, channel=channel)
    if format == "json":
        show_json(found)
        return
    for each in found:
        detail = fold(each.get("detail") or "")
        say(f"{fold(each['channel'])}: {each['standing']}{f' ({detail})' if detail else ''}")
    say("Whoever gets it presses the button, the key or the reply; `tocsin contacts` says what was confirmed.")


def list_all(
    *,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """List each channel of each person: how far the last test page came, and whether one was ever confirmed."""
    found = Client(where).get("contacts")
    if format == "json":
        show_json(found)
        return
    rows = [(each["person"], each["channel"], _tell_last(each), _tell_confirmed(each)) for each in found]
    show_table("Contacts", ("Person", "Channel", "Last test page", "Confirmed"), rows)


def _tell_last(each: dict[str, Any]) -> str:
    detail = fold(each.get("detail") or "")
    return f"{each['standing']}{f': {detail}' if detail else ''}"


def _tell_confirmed(each: dict[str, Any]) -> str:
    if each.get("lapsed_at"):
        return "LAPSED: the address has changed"
    return clock(each["confirmed_at"]) if each.get("confirmed_at") else "NEVER"


def show_rules(
    person: str,
    /,
    *,
    format: Format = "text",  # noqa: A002 the option's name
    where: Where = HERE,
) -> None:
    """Show over which channels somebody is called and when, and their quiet hours. They set it on the screen /rules.

    Parameters
    ----------
    person
        The id of a person in tocsin.toml.
    format
        `text` for people, `json` for programs.
    """
    found = Client(where).get("people", person, "rules")
    if format == "json":
        show_json(found)
        return
    rules, own = found["rules"], f"no rule; {', '.join(map(fold, found['channels']))} in their order"
    for urgency, what in (("high", "What is urgent"), ("low", "What can wait")):
        tries = [f"{fold(each['channel'])} after {each['after_s']} s" for each in rules[urgency]]
        say(f"{what}: {', '.join(tries) or own}")
    zone = f" ({fold(rules['timezone'])})" if rules["timezone"] else " (the team's zone)"
    say(f"Quiet hours: {', '.join(map(fold, rules['quiet'])) + zone if rules['quiet'] else 'none'}")
    say("Set by themselves." if found["own"] else "As tocsin.toml has it.")
