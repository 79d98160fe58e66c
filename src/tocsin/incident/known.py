"""What a line of a checklist asks that the timeline can answer by itself: nobody ticks what everybody can see.

"Incident commander assigned" is so once somebody has taken the role, "status page updated (resolved)" once the public
was told. What is not known here waits for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from tocsin.incident.state import Incident
from tocsin.words import Audience, PublicStatus

Answer = Callable[[Incident], datetime | None]
"""Since when it is so; null while it is not."""


def find_answer(text: str, incident: Incident) -> datetime | None:
    """Since when the timeline shows that what a line of a checklist asks for is done; null if it does not."""
    answer = next((answer for pattern, answer in _ASKED if pattern.search(text)), None)
    return answer(incident) if answer is not None else None


def find_told(incident: Incident, audience: Audience, *statuses: PublicStatus) -> datetime | None:
    """When an audience was told since the incident began, with one of the statuses if any are given. What shadow mode
    kept back counts, as it does for duties.
    """
    told = (
        each.at
        for each in (*incident.updates, *incident.unsaid)
        if audience in each.audiences and each.at >= incident.started_at and (not statuses or each.status in statuses)
    )
    return next(told, None)


def _led(incident: Incident) -> datetime | None:
    return incident.started_at if incident.commander else None


def _public(incident: Incident) -> datetime | None:
    return find_told(incident, Audience.PUBLIC)


def _over(incident: Incident) -> datetime | None:
    return find_told(incident, Audience.PUBLIC, PublicStatus.RESOLVED)


_ASKED: tuple[tuple[re.Pattern[str], Answer], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), answer)
    for pattern, answer in (
        (r"^(?:the )?incident (?:was |is )?detected\b", lambda incident: incident.started_at),
        (
            r"^(?:declare|set|classify)\b.*\bseverity\b",
            lambda incident: incident.opened_at if incident.severity else None,
        ),
        (r"\backnowledges?d?\b.*\balert|^acknowledge\b", lambda incident: incident.acknowledged_at),
        (
            r"^alert (?:was )?sent\b|\bpaged$|^page (?:the )?(?:entire |whole )?team\b",
            lambda incident: incident.acknowledged_at,
        ),
        (r"\bcommander (?:was |is )?assigned\b|^assign (?:an? )?(?:incident )?commander", _led),
        (r"\bstatus page\b.*\bresolved\b", _over),
        (r"\bstatus page\b", _public),
        (
            r"\broot cause (?:identified|confirmed|known|found)\b|^identify root cause",
            lambda incident: incident.cause_at,
        ),
        (r"^fix applied\b|^services? restored\b|^feature restored\b", lambda incident: incident.mitigated_at),
        (r"\btimeline (?:was |is )?documented\b|^start timeline\b", lambda incident: incident.started_at),
        (r"^incident closed\b|^declare incident resolved\b", lambda incident: incident.resolved_at),
    )
)
