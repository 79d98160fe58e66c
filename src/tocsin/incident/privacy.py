"""What makes an incident private, and what is kept of that: the settings' table and a part of the incident's state."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure

_BREACH = compile_late(
    r"\bsecurity\b|\bbreach\b|\bcompromis\w+|\bintrusion\b|\bunauthori[sz]ed\b|\bexfiltrat\w+", re.IGNORECASE
)


class PrivateWhen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teams.ID.private]`: which incidents of the team are private by themselves.

    `security`: those of a scenario about security, and those of which somebody has said that they are. `scenarios` are
    titles, `severities` ids, as in the playbook. All are empty by default, so that an upgrade changes nobody's view.
    """

    security: bool = False
    scenarios: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()


class Privacy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Since when an incident is private (or, without `is_on`, open again), who said so and why.

    `invited` maps who was let in to who let them in. `told` is what others knew of it when it became private.
    """

    since: datetime
    by: str
    is_on: bool = True
    reason: str = ""
    invited: dict[str, str] = {}
    told: tuple[str, ...] = ()


def sounds_of_security(name: str) -> bool:
    """Whether a name (``SecurityBreach``, ``unauthorized_access``) is that of a security incident."""
    return _BREACH.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name)) is not None


def is_about_security(scenario: Procedure) -> bool:
    """Whether a scenario is a security incident."""
    return speaks_of_security(scenario.title)


def speaks_of_security(text: str) -> bool:
    """Whether a line of a playbook names a breach, a compromise, an intrusion."""
    return _BREACH.search(text) is not None
