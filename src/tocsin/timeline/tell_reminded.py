"""Who was told of which duties, each event as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.timeline import events as e

Name = Callable[[str], str]
MOST = 6
"""So many duties are named in one sentence, the rest counted."""


def tell_reminded(event: e.Event, name: Name) -> str | None:
    """What the event says, as a sentence without a full stop; null for any other event."""
    match event:
        case e.DutiesReminded(duties=duties, responders=responders):
            return f"Reminded {_name_all(responders, name)}: {_list(duties)}"
        case e.DutiesEscalated(duties=duties, responders=responders, who=who):
            return f"Escalated to {_name_all(responders, name)}{f' ({who})' if who else ''}: {_list(duties)}"
        case e.PromiseOverdue(words=words, due_at=due_at, responders=responders):
            told = " and ".join(name(each) for each in responders) or "nobody, since nobody speaks for it"
            return f"Overdue since {_clock(due_at)}: {words}; told {told}"
    return None


def _name_all(people: Sequence[str], name: Name) -> str:
    return " and ".join(name(each) for each in people) or "nobody, since nobody answers for it"


def _list(duties: Sequence[e.Owed]) -> str:
    said = [f"{each.words}{f' (line {each.line})' if each.line else ''}, due {_clock(each.due_at)}" for each in duties]
    more = f"; and {len(said) - MOST} more" if len(said) > MOST else ""
    return f"{'; '.join(said[:MOST])}{more}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
