"""PagerDuty as a channel: a page triggers an incident there, and both sides share what becomes of it.

Out go Events v2 with one `dedup_key` for each incident, so that a page that is sent twice, or to two people, is one
incident there. In come its v3 webhooks, believed only under `X-PagerDuty-Signature`; while a secret is being changed
both are believed. What we have told PagerDuty comes back as the act of an integration, and is not taken for a person's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import Unavailable
from tocsin.integrations.post import ask, read_json, require_yes
from tocsin.oncall.settings import Person
from tocsin.page.brief import MOST_TITLE, title
from tocsin.page.message import PageMessage, spell
from tocsin.timeline.line import fold
from tocsin.words import Share

MOST_DETAILS = 8000


class PagerDutySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[channels.NAME] kind = "pagerduty"`.

    `routing_key_file` holds the integration key of a service (Events API v2). `webhook_secret_file` holds the secrets
    of its v3 webhooks, one on each line: all are believed. With `api_token_file` its schedules can be read.
    """

    kind: Literal["pagerduty"]
    routing_key_file: str
    webhook_secret_file: str | None = None
    api_token_file: str | None = None
    events: str = "https://events.pagerduty.com"
    api: str = "https://api.pagerduty.com"


class _Enqueued(msgspec.Struct, frozen=True):
    status: Literal["success"]
    dedup_key: str


class Agent(msgspec.Struct, frozen=True):
    """Who did it there."""

    id: str = ""
    type: str = ""
    summary: str = ""

    @property
    def is_user(self) -> bool:
        """Whether it was a person; what we have told them is an integration's doing, or nobody's."""
        return self.type in ("user", "user_reference")


class Subject(msgspec.Struct, frozen=True):
    """The incident there; `incident_key` is our `dedup_key`."""

    incident_key: str | None = None
    html_url: str = ""


class Told(msgspec.Struct, frozen=True):
    """What has happened there."""

    id: str
    event_type: str
    occurred_at: datetime
    agent: Agent | None = None
    data: Subject = Subject()


class Webhook(msgspec.Struct, frozen=True):
    """The body of a v3 webhook."""

    event: Told


class PagerDuty:
    """Triggers, acknowledges and resolves there. `mark` tells our server's incidents from another tocsin's."""

    def __init__(self, settings: PagerDutySettings, routing_key: str, secrets: Sequence[str], mark: str) -> None:
        self.settings, self._routing_key, self._secrets = settings, routing_key, secrets
        self._begin = f"tocsin-{mark}/"

    def find_address(self, responder: str, person: Person) -> str:
        """The service there."""
        return self._routing_key

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        """Trigger the incident there, or say again that it goes on."""
        details = {
            "why": fold(message.why),
            "responder": person.name,
            "number": message.number,
            "scenario": message.scenario or "",
            "repeat": message.repeat,
            "page": spell(msgspec.structs.replace(message, link=message.room))[:MOST_DETAILS],
        }
        payload = {
            "summary": title(message)[:MOST_TITLE],
            "source": fold(message.team),
            "severity": "critical" if message.urgent else "warning",
            "timestamp": message.opened_at.isoformat(),
            "group": fold(message.team),
            "class": fold(message.scenario or "incident"),
            "custom_details": details,
        }
        links = [{"href": message.room, "text": "The room in tocsin"}]
        return await self._enqueue(
            "trigger",
            message.incident,
            {"payload": payload, "links": links, "client": "tocsin", "client_url": message.room},
        )

    async def share(self, incident: str, act: Share) -> None:
        """Acknowledge or resolve the incident there."""
        await self._enqueue(act.value, incident, {})

    async def _enqueue(self, action: str, incident: str, more: dict[str, Any]) -> str:
        dedup_key = f"{self._begin}{incident}"
        body = {"routing_key": self._routing_key, "event_action": action, "dedup_key": dedup_key, **more}
        answer = await ask(
            "PagerDuty",
            f"{self.settings.events}/v2/enqueue",
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode(body),
        )
        require_yes("PagerDuty", answer)
        if read_json("PagerDuty", answer, _Enqueued).dedup_key != dedup_key:
            raise Unavailable("PagerDuty answered for another incident than it was asked for.")
        return f"PagerDuty took it as {dedup_key}"

    def find_incident(self, told: Told) -> str:
        """Our incident that something there is about; empty where it is none of ours."""
        key = told.data.incident_key or ""
        return key.removeprefix(self._begin) if key.startswith(self._begin) else ""

    def is_signed(self, body: bytes, given: str) -> bool:
        """Whether PagerDuty has sent this body: one of the signatures is made with one of the secrets."""
        wanted = ["v1=" + hmac.digest(each.encode(), body, hashlib.sha256).hex() for each in self._secrets]
        signatures = [each.strip().encode(errors="replace") for each in given.split(",")]
        return any(hmac.compare_digest(each.encode(), signature) for each in wanted for signature in signatures)
