"""Published words on their way out: one mail for a list, a signed post, a file that has each once, followers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.engine.contracts import Key
from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations.messenger import Messenger, Parcel, Words, add_entry
from tocsin.integrations.smtp import SmtpSettings
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.testing.story import START
from tocsin.timeline.events import DeliveryMade, DeliveryRequested
from tocsin.words import Audience, PublicStatus, Way

from .followers import Place
from .test_courier import place

__all__ = ["place"]
pytestmark = pytest.mark.anyio
WORDS = Words(
    team="shop",
    incident="INC-1",
    audience=Audience.PARTNERS,
    status=PublicStatus.INVESTIGATING,
    subject="Slow payments",
    text="Payments are slow. <!-- not a mark -->",
    at=START,
)


class Nobody:
    """Followers who are not asked."""

    async def announce(self, key: str, what: Any) -> int:
        return 2


def carry(parcel: Parcel) -> Messenger:
    """Whoever carries that."""

    async def pack(key: Key, asked: DeliveryRequested) -> Parcel:
        return parcel

    return Messenger(pack, Nobody(), lambda: None)  # type: ignore[arg-type]


async def send(way: Way, parcel: Parcel, *, again: bool = False, messenger: Messenger | None = None) -> DeliveryMade:
    messenger = messenger or carry(parcel)
    asked = DeliveryRequested(key="7:partners:x", update=7, audience=Audience.PARTNERS, way=way, to="x")
    outcome = await messenger.perform(Key("shop-1", 9, again), asked)
    assert isinstance(outcome, DeliveryMade)
    return outcome


def by_mail(place: Place, **changes: Any) -> Parcel:
    smtp = SmtpSettings(kind="smtp", host="127.0.0.1", port=place.mail_port, sender="s@till.example", security="none")
    settled: dict[str, Any] = {"words": WORDS, "title": "Till", "mails": ("a@x.example", "b@x.example"), "smtp": smtp}
    return Parcel(**(settled | changes))


async def test_a_list_gets_one_mail_and_nobody_reads_the_others_addresses(place: Place) -> None:
    first = await send(Way.MAIL, by_mail(place))
    await send(Way.MAIL, by_mail(place), again=True)
    assert first.detail == "handed to the mail server"
    mail, repeat = place.mails
    assert mail["To"] == "s@till.example"
    assert "x.example" not in mail.as_string()
    assert mail["Subject"] == "Slow payments"
    assert mail["Message-ID"] == repeat["Message-ID"], "sent again after a crash it is the same mail"
    assert "Payments are slow." in mail.get_payload()


LIST = ("a@x.example", "b@x.example", "c@x.example", "d@x.example")


async def test_who_is_refused_for_now_gets_it_later_and_nobody_gets_it_twice(place: Place) -> None:
    parcel = by_mail(place, mails=LIST)
    messenger = carry(parcel)
    place.unwilling = {"b@x.example": "450 greylisted", "c@x.example": "550 nobody", "d@x.example": "451 later"}
    with pytest.raises(Unavailable, match=r"for all but 3 of 4 addresses \(450, 451, 550\); these are tried again"):
        await send(Way.MAIL, parcel, messenger=messenger)
    del place.unwilling["b@x.example"]
    with pytest.raises(Unavailable, match=r"all but 2 of 4 addresses \(451, 550\)"):
        await send(Way.MAIL, parcel, messenger=messenger)
    place.refusal = "451 busy"
    del place.unwilling["d@x.example"]
    with pytest.raises(Unavailable):
        await send(Way.MAIL, parcel, messenger=messenger)
    place.refusal = ""
    made = await send(Way.MAIL, parcel, messenger=messenger)
    assert made.detail == "handed to the mail server, which refused 1 of 4 addresses"
    assert place.reached == [["a@x.example"], ["b@x.example"], ["d@x.example"]]
    assert len({mail["Message-ID"] for mail in place.mails}) == 1


async def test_where_the_last_ones_say_no_for_good_it_was_sent_to_the_others(place: Place) -> None:
    parcel = by_mail(place)
    messenger = carry(parcel)
    place.unwilling = {"b@x.example": "450 greylisted"}
    with pytest.raises(Unavailable):
        await send(Way.MAIL, parcel, messenger=messenger)
    place.unwilling = {"b@x.example": "550 nobody"}
    made = await send(Way.MAIL, parcel, messenger=messenger)
    assert made.detail == "handed to the mail server, which refused 1 of 2 addresses"
    assert place.reached == [["a@x.example"]]


@pytest.mark.parametrize(("refusal", "kind"), [("450 later", Unavailable), ("550 nobody", Rejected)])
async def test_a_list_of_which_none_is_taken_is_told(place: Place, refusal: str, kind: type[OutsideError]) -> None:
    place.unwilling = dict.fromkeys(("a@x.example", "b@x.example"), refusal)
    with pytest.raises(kind, match="refused every address"):
        await send(Way.MAIL, by_mail(place))


async def test_what_is_for_the_press_says_so(place: Place) -> None:
    await send(Way.PEOPLE, by_mail(place))
    assert place.mails[0].get_payload().startswith("For you to give to the press; it has gone nowhere else.")


@pytest.mark.parametrize(("refusal", "kind"), [("451 later", Unavailable), ("554 no", Rejected)])
async def test_what_the_mail_server_says_is_told(place: Place, refusal: str, kind: type[OutsideError]) -> None:
    place.refusal = refusal
    with pytest.raises(kind, match=f"answered {refusal[:3]}"):
        await send(Way.MAIL, by_mail(place))


async def test_no_mail_server_and_no_address_are_told(place: Place) -> None:
    with pytest.raises(Rejected, match="no smtp channel"):
        await send(Way.MAIL, by_mail(place, smtp=None))
    with pytest.raises(Rejected, match="no address"):
        await send(Way.PEOPLE, by_mail(place, mails=()))
    with pytest.raises(Unavailable, match="did not take it"):
        await send(Way.MAIL, by_mail(place, smtp=replace(by_mail(place).smtp, port=9)))  # type: ignore[type-var]


@pytest.fixture
async def hook(place: Place) -> AsyncIterator[Webhook]:
    settings = WebhookSettings(kind="webhook", url=f"http://127.0.0.1:{place.port}/told")
    yield Webhook(settings, b"secret", lambda where: None)


async def test_a_webhook_gets_the_words_signed(place: Place, hook: Webhook) -> None:
    await send(Way.WEBHOOK, Parcel(words=WORDS, title="Till", webhook=hook))
    headers, body, raw = place.posts[0]
    assert (body["kind"], body["text"], body["audience"], body["status"]) == (
        "update",
        WORDS.text,
        "partners",
        "investigating",
    )
    assert headers["idempotency-key"] == "shop-1:9"
    assert headers["x-tocsin-signature"] == "v1=" + hmac.new(b"secret", raw, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("answer", "kind"), [("503 Busy", Unavailable), ("429 Slow", Unavailable), ("410 Gone", Rejected)]
)
async def test_what_a_webhook_answers_is_told(
    place: Place, hook: Webhook, answer: str, kind: type[OutsideError]
) -> None:
    place.answer = f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(kind, match=answer[:3]):
        await send(Way.WEBHOOK, Parcel(words=WORDS, title="Till", webhook=hook))


async def test_a_file_keeps_each_once_and_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "public" / "notes.md"
    parcel = Parcel(words=WORDS, title="Till", file=file)
    await send(Way.FILE, parcel)
    await send(Way.FILE, parcel, again=True)
    text = file.read_text()
    assert text.count("Payments are slow.") == 1
    assert text.startswith("## 2026-03-02 Slow payments\n<!-- tocsin ")
    assert text.count("<!--") == 1, "no words can pass for a mark"
    file.unlink()
    file.mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        await send(Way.FILE, parcel)


async def test_entries_that_come_at_once_all_stand_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    names = [f"shop-1:{n}" for n in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: add_entry(file, WORDS, "Till", name), names))
    text = file.read_text()
    assert [name for name in names if text.count(f"<!-- tocsin {name} -->") != 1] == []


async def test_a_way_that_the_settings_do_not_have_any_more() -> None:
    for way in (Way.WEBHOOK, Way.CHAT, Way.FILE, Way.FOLLOWERS):
        with pytest.raises(Rejected, match="do not have this way any more"):
            await send(way, Parcel(words=WORDS, title="Till"))
