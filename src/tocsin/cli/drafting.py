"""`tocsin draft`: words on their way out, from a text of the playbook to what was said and taken back."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.steps import Bind, read_bindings
from tocsin.cli.words import Format, IncidentId, Reason, clock, say, show_json
from tocsin.errors import NotFound, UserError
from tocsin.timeline.line import fold, quote

HERE = Where()
Readers = Annotated[
    list[str] | None,
    Parameter(help="Who is to read it (users, partners, …). Several may follow.", consume_multiple=True),
]
Number = Annotated[int, Parameter(help="The draft, by the number that `tocsin draft list` shows.")]


def list_all(incident: IncidentId, /, *, format: Format = "text", where: Where = HERE) -> None:  # noqa: A002 the option's name
    """List the texts of the playbook, the drafts, and what was said with what became of it."""
    speech = _read(incident, where)
    if format == "json":
        show_json(speech)
        return
    lines = [f"Words to the outside are locked: {fold(speech['lock']['text'])}"] if speech.get("lock") else []
    lines += ["Texts of the playbook:", *(_offered(each) for each in speech["offered"])]
    lines += ["", "Drafts:", *(line for each in speech["drafts"] for line in _draft(each))]
    lines += ["", "Said:", *(line for each in speech["said"] for line in _said(each))]
    say("\n".join(lines))


def show(incident: IncidentId, draft: Number, /, *, where: Where = HERE) -> None:
    """Print a draft as it stands."""
    found = _find(incident, draft, where)
    head = [fold(found["subject"])] if found["subject"] else []
    about = [line.strip() for line in _draft(found)]
    say("\n".join([*about, *head, "", *quote(found["text"], "")]))


def write(
    incident: IncidentId,
    /,
    *,
    line: int | None = None,
    text: str = "",
    to: Readers = None,
    fill: Bind = None,
    where: Where = HERE,
) -> None:
    """Draft words: the playbook's text on a line, or your own.

    Parameters
    ----------
    line
        The line of the playbook on which the text stands.
    text
        All of it in your own words.
    fill
        Fill a blank of the text: name=value. Several may follow.
    """
    if line is None and not text:
        raise UserError("Say what: --line of a text of the playbook (`tocsin draft list` shows them), or --text.")
    fields = read_bindings(fill)
    say(Client(where).incident(incident).act("draft", line=line, text=text, audiences=to or [], fields=fields))


def fill(incident: IncidentId, draft: Number, values: Bind = None, /, *, where: Where = HERE) -> None:
    """Fill blanks of a draft: name=value. What is filled takes the draft's place."""
    found = _find(incident, draft, where)
    text, fields = found["text"], read_bindings(values)
    for name, value in fields.items():
        if f"[{name}]" not in text:
            blanks = ", ".join(map(fold, found["missing"])) or "none"
            raise NotFound(f"Draft {draft} has no blank {name!r}; it has {blanks}.")
        text = text.replace(f"[{name}]", " ".join(value.split()))
    body = {"text": text, "line": found["line"], "audiences": found["audiences"], "replaces": draft}
    say(Client(where).incident(incident).act("draft", **body))


def approve(incident: IncidentId, draft: Number, /, *, where: Where = HERE) -> None:
    """Allow a draft to go out as it stands."""
    say(Client(where).incident(incident).act("drafts", draft, "approve"))


def publish(incident: IncidentId, draft: Number, /, *, where: Where = HERE) -> None:
    """Say what was approved, to its audiences."""
    say(Client(where).incident(incident).act("drafts", draft, "publish"))


def drop(incident: IncidentId, draft: Number, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Do not say it."""
    say(Client(where).incident(incident).act("drafts", draft, "drop", reason=reason))


def withdraw(
    incident: IncidentId,
    entry: Annotated[int, Parameter(help="The entry of the timeline that said it.")],
    /,
    *,
    reason: Reason,
    where: Where = HERE,
) -> None:
    """Take back what was said; what still waits to be sent does not go."""
    say(Client(where).incident(incident).act("updates", entry, "withdraw", reason=reason))


def open_room(incident: IncidentId, /, *, where: Where = HERE) -> None:
    """Open a room of its own for an incident, whatever the playbook says."""
    say(Client(where).incident(incident).act("open-room"))


def _read(incident: str, where: Where) -> dict[str, Any]:
    found: dict[str, Any] = Client(where).incident(incident).get("drafts")
    return found


def _find(incident: str, draft: int, where: Where) -> dict[str, Any]:
    drafts = _read(incident, where)["drafts"]
    found: dict[str, Any] | None = next((each for each in drafts if each["id"] == draft), None)
    if found is None:
        there = ", ".join(str(each["id"]) for each in drafts) or "none"
        raise NotFound(f"There is no draft {draft}; there are {there}.")
    return found


def _offered(each: dict[str, Any]) -> str:
    return f"  line {each['line']:<5} {fold(each['name'])} (to {', '.join(each['audiences'])})"


def _draft(each: dict[str, Any]) -> list[str]:
    approved = f", approved by {fold(each['approved_by']['name'])}" if each.get("approved_by") else ""
    blank = f", still blank: {', '.join(map(fold, each['missing']))}" if each["missing"] else ""
    head = f"  draft {each['id']} by {fold(each['by']['name'])} to {', '.join(each['audiences'])}{approved}{blank}"
    return [head, *(f"    {fold(doubt)}" for doubt in each.get("doubts", ()))]


def _said(each: dict[str, Any]) -> list[str]:
    gone = f", taken back {clock(each['withdrawn_at'])}" if each.get("withdrawn_at") else ""
    head = (
        f"  entry {each['entry']}, {clock(each['at'])}, to {', '.join(each['audiences'])}{gone}: {fold(each['text'])}"
    )
    return [head, *(f"    {_delivery(sent)}" for sent in each["deliveries"])]


def _delivery(sent: dict[str, Any]) -> str:
    why = sent["why"] or sent["detail"]
    return f"{sent['audience']} by {sent['way']} ({fold(sent['to'])}): {sent['state']}{f', {fold(why)}' if why else ''}"
