"""The summary of a hand-off finds its way to people: by mail, else on what they have, and never by ringing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.app.handoffs import Letters
from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.pagerduty import PagerDutySettings
from tocsin.integrations.smtp import SmtpSettings
from tocsin.integrations.twilio import TwilioSettings
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.oncall.settings import Person
from tocsin.page.brief import brief, title
from tocsin.page.message import PageMessage, spell
from tocsin.testing.clock import FakeClock
from tocsin.testing.story import START

pytestmark = pytest.mark.anyio
SMTP = SmtpSettings(kind="smtp", host="127.0.0.1", port=9, sender="t@t.example", security="none")
HOOK = WebhookSettings(kind="webhook", url="http://127.0.0.1:9/")
SETTINGS: dict[str, msgspec.Struct] = {
    "pager": PagerDutySettings(kind="pagerduty", routing_key_file="k"),
    "call": TwilioSettings(kind="twilio", way="call", account="AC", sender="+1", token_file="k"),
    "chat": HOOK,
    "phone": NtfySettings(kind="ntfy", topics_file="t"),
}
TEXT = "# Hand-off of primary\n\nana took over from bo."


class Carrier:
    """A channel that takes everything, or says no."""

    def __init__(self, refusal: OutsideError | None = None) -> None:
        self.refusal, self.taken = refusal, list[tuple[Key, PageMessage]]()

    async def send(self, key: Key, person: Person, message: PageMessage) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((key, message))
        return "taken"


def make(tmp_path: Path, opened: dict[str, Carrier], can_mail: bool = False, **person: Any) -> Letters:
    known = {"ana": Person(name="Ana", **person)}
    settings = {**SETTINGS, "mail": SMTP} if can_mail else SETTINGS
    clock = FakeClock(START)
    return Letters(tmp_path, lambda: settings, lambda: known, lambda: opened, lambda: "https://t.example", clock)


ALL = ("terminal", "pager", "call", "chat", "phone")


async def test_where_there_is_no_mail_the_weakest_channel_that_is_read_takes_it(tmp_path: Path) -> None:
    opened = {name: Carrier() for name in ALL}
    letters = make(tmp_path, opened, channels=ALL)
    assert await letters.send("ana", "Hand-off of primary (shop)", TEXT) == "chat"
    ((key, message),) = opened["chat"].taken
    assert message.notice and not message.urgent and message.link == "https://t.example/schedules"
    assert [name for name in ALL if opened[name].taken] == ["chat"]
    await letters.send("ana", "Hand-off of primary (shop)", TEXT)
    assert opened["chat"].taken[1][0] == key, "a second try is known by its key"
    assert spell(message) == f"{TEXT}\n\nhttps://t.example/schedules"
    assert title(message) == "Hand-off of primary (shop)" and "SEV" not in brief(message, 500)


async def test_mail_comes_first_and_what_one_refuses_the_next_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed: list[str] = []

    async def take(settings: Any, password: Any, to: str, subject: str, text: str) -> None:
        mailed.append(to)

    opened = {"chat": Carrier(Rejected("No such member.")), "phone": Carrier()}
    letters = make(tmp_path, opened, can_mail=True, mail="ana@t.example", channels=("chat", "phone"))
    assert await letters.send("ana", "s", TEXT) == "phone", "the mail server is gone, the chat says no"
    monkeypatch.setattr("tocsin.app.handoffs.mail_text", take)
    assert await letters.send("ana", "s", TEXT) == "mail" and mailed == ["ana@t.example"]
    assert len(opened["phone"].taken) == 1


async def test_what_nobody_takes_is_tried_again_only_where_that_may_help(tmp_path: Path) -> None:
    opened = {"chat": Carrier(Unavailable("Away.")), "phone": Carrier(Rejected("No topic."))}
    with pytest.raises(Unavailable, match=r"no mail address.*Away; No topic"):
        await make(tmp_path, opened, channels=("chat", "phone")).send("ana", "s", TEXT)
    with pytest.raises(Rejected, match="No topic; it stands on the screen"):
        await make(tmp_path, opened, channels=("phone",)).send("ana", "s", TEXT)
    with pytest.raises(Rejected, match="it stands on the screen"):
        await make(tmp_path, {}, channels=ALL).send("ana", "s", TEXT)
    with pytest.raises(Rejected, match="no such person"):
        await make(tmp_path, {}).send("eve", "s", TEXT)


async def test_programs_and_phones_see_that_it_is_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = {"chat": Carrier()}
    await make(tmp_path, opened, channels=("chat",)).send("ana", "s", TEXT)
    ((key, message),) = opened["chat"].taken
    bodies: list[Any] = []

    async def post(self: Webhook, key: Key, body: bytes) -> str:
        bodies.append(msgspec.json.decode(body))
        return "HTTP 200"

    monkeypatch.setattr(Webhook, "post", post)
    await Webhook(HOOK, None, lambda name: None).send(key, Person(name="Ana"), message)
    assert bodies[0]["kind"] == "notice" and bodies[0]["why"] == TEXT

    async def ask(vendor: str, url: str, *, content: bytes, **more: Any) -> Any:
        bodies.append(msgspec.json.decode(content))
        raise Unavailable("That is enough.")

    monkeypatch.setattr("tocsin.integrations.ntfy.ask", ask)
    with pytest.raises(Unavailable):
        settings = NtfySettings(kind="ntfy", topics_file="t")
        await Ntfy(settings, {"ana": ("topic",)}, None).send(key, Person(name="Ana"), message)
    assert bodies[1].get("actions", []) == [] and "rotating_light" not in str(bodies[1])
