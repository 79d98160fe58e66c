"""What goes to those who follow a status page: each notice once, in order, signed, and never into our own network."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from tocsin.comms.following import CHALLENGE, LEAVE, make_secret, make_token, read_token
from tocsin.engine.following import Tally
from tocsin.integrations import courier, outward
from tocsin.integrations.courier import GIVEN_UP_AFTER, HELD_FOR, MOST_AT_ONCE, Courier
from tocsin.words import PublicStatus

from .followers import INVITE, LINK_KEY, Desk, Place

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made, sessions = Place(), list[SMTP]()

    def accept() -> SMTP:
        sessions.append(SMTP(made))
        return sessions[-1]

    mail = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    hook = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.mail_port, made.port = mail.sockets[0].getsockname()[1], hook.sockets[0].getsockname()[1]
    yield made
    mail.close()
    hook.close()
    for session in sessions:
        if session.transport is not None:
            session.transport.close()
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def desk(tmp_path: Path, place: Place) -> AsyncIterator[Desk]:
    made = Desk(tmp_path, place)
    yield made
    made.store.close()


def hook(place: Place) -> str:
    return f"http://127.0.0.1:{place.port}/hook?a=1"


async def test_a_mailbox_hears_of_nothing_before_it_said_yes_and_of_each_change_once_afterwards(desk: Desk) -> None:
    asked = await desk.rows.ask("shop", "mail", "cleo@example.org", INVITE, desk.clock.now())
    assert asked is not None
    await desk.drain()
    assert await desk.announce(1) == 0
    assert [mail["Subject"] for mail in desk.place.mails] == ["Confirm: be told of changes at Till"]
    assert await desk.rows.confirm(asked.id, desk.clock.now())
    for _ in range(3):  # as after crashes
        assert await desk.announce(2, PublicStatus.IDENTIFIED) == 1
    await desk.drain()
    _, told = desk.place.mails
    assert told["Subject"] == "[Till] Identified: Till Stuck"
    assert told["X-Evil"] is None
    assert told["List-Unsubscribe"] == f"<http://t.test/status/shop/leave/{make_token(LINK_KEY, LEAVE, asked.id)}>"


async def test_whoever_follows_later_hears_nothing_of_before_and_whoever_left_nothing_at_all(desk: Desk) -> None:
    gone = await desk.follow("mail", "gone@example.org")
    await desk.advance(seconds=1)
    await desk.announce(1)
    assert await desk.rows.leave(gone.id)
    await desk.advance(seconds=1)
    await desk.follow("mail", "late@example.org")
    await desk.drain()
    assert [mail["To"] for mail in desk.place.mails] == ["gone@example.org", "late@example.org"]
    assert not any("Till Stuck" in str(mail["Subject"]) for mail in desk.place.mails)
    assert await desk.rows.find(gone.id) is None, "the address is forgotten"


async def test_a_webhook_must_answer_with_the_challenge_and_gets_signed_messages(desk: Desk) -> None:
    asked = await desk.rows.ask("shop", "webhook", hook(desk.place), INVITE, desk.clock.now())
    assert asked is not None
    await desk.drain()
    found = await desk.rows.find(asked.id)
    assert found is not None
    assert found.confirmed_at is not None
    await desk.announce(7)
    await desk.drain()
    (_, first, _), (headers, told, body) = desk.place.posts
    assert (first["kind"], first["challenge"]) == ("verification", make_token(LINK_KEY, CHALLENGE, asked.id))
    assert (told["kind"], told["status"], told["incident"]) == ("status", "investigating", "INC-1")
    mac = hmac.new(make_secret(LINK_KEY, asked.id).encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-tocsin-signature"] == f"v1={mac}"
    assert headers["idempotency-key"] == f"{asked.id}:shop-1:7"
    assert headers["host"] == f"127.0.0.1:{desk.place.port}"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 404 No\r\n\r\n"])
async def test_an_address_that_does_not_answer_with_the_challenge_follows_nothing(desk: Desk, answer: bytes) -> None:
    desk.place.answer = answer
    asked = await desk.rows.ask("shop", "webhook", hook(desk.place), INVITE, desk.clock.now())
    assert asked is not None
    await desk.drain()
    found = await desk.rows.find(asked.id)
    assert found is not None
    assert found.confirmed_at is None
    assert await desk.announce(1) == 0


async def test_an_address_of_our_own_network_is_not_asked(tmp_path: Path, place: Place) -> None:
    desk = Desk(tmp_path, place, anywhere=False)
    await desk.rows.ask("shop", "webhook", hook(place), INVITE, desk.clock.now())
    await desk.drain()
    assert place.posts == []
    desk.store.close()


async def test_strangers_that_never_answer_hold_up_no_mail(
    desk: Desk, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their posts are due before the mails, and more of them than there are places."""
    for room in (courier, outward):  # none of them is given up while we look
        monkeypatch.setattr(room, "TIMEOUT_S", 600.0)
    silent = asyncio.Event()
    asked = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await silent.wait()
        writer.close()

    pit = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = pit.sockets[0].getsockname()[1]
    now = desk.clock.now()
    for n in range(MOST_AT_ONCE + 5):
        trap = await desk.rows.ask("shop", "webhook", f"http://127.0.0.1:{port}/{n}", INVITE, now)
        assert trap is not None
    delivering = asyncio.create_task(desk.courier.run())
    async with asyncio.timeout(60):
        while asked < MOST_AT_ONCE:
            await asyncio.sleep(0.01)
        for n in range(3):
            await desk.rows.ask("shop", "mail", f"a{n}@example.org", INVITE, now)
        desk.courier.nudge()
        while len(place.mails) < 3:
            await asyncio.sleep(0.01)
    assert asked == MOST_AT_ONCE, "while they hang, no more of them are asked"
    delivering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await delivering
    silent.set()
    pit.close()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 503 No\r\n\r\n", b"HTTP/1.1 429 No\r\n\r\n", b"garbage\r\n\r\n", None], ids=repr
)
async def test_what_did_not_arrive_is_tried_again_and_later_notices_wait_for_it(
    desk: Desk, answer: bytes | None
) -> None:
    await desk.follow("webhook", hook(desk.place))
    well, desk.place.answer = desk.place.answer, answer
    await desk.announce(1)
    await desk.announce(2, PublicStatus.IDENTIFIED)
    await desk.drain()
    assert [told.get("status") for _, told, _ in desk.place.posts[1:]] == ["investigating"]
    desk.place.answer = well
    await desk.advance(seconds=29)
    assert len(desk.place.posts) == 2, "not yet"
    await desk.advance(seconds=1)
    keys = [(told["status"], headers["idempotency-key"]) for headers, told, _ in desk.place.posts[1:]]
    assert [status for status, _ in keys] == ["investigating", "investigating", "identified"]
    assert keys[0] == keys[1], "whoever had it the first time knows it by its key"


async def test_a_webhook_that_says_it_is_gone_is_forgotten(desk: Desk) -> None:
    asked = await desk.follow("webhook", hook(desk.place))
    desk.place.answer = b"HTTP/1.1 410 Gone\r\n\r\n"
    await desk.announce(1)
    await desk.drain()
    assert await desk.rows.find(asked.id) is None


async def test_a_mail_server_that_is_busy_is_asked_again_and_one_that_says_no_is_not(desk: Desk) -> None:
    await desk.follow("mail", "cleo@example.org")
    desk.place.refusal = "451 later"
    await desk.announce(1)
    await desk.drain()
    desk.place.refusal = ""
    await desk.advance(seconds=30)
    assert len(desk.place.mails) == 2
    desk.place.refusal = "550 nobody"
    await desk.announce(2, PublicStatus.RESOLVED)
    await desk.drain()
    desk.place.refusal = ""
    await desk.advance(days=2)
    assert len(desk.place.mails) == 2


async def test_nobody_is_tried_for_ever(desk: Desk) -> None:
    await desk.follow("webhook", hook(desk.place))
    desk.place.answer = b"HTTP/1.1 500 No\r\n\r\n"
    await desk.announce(1)
    for _ in range(GIVEN_UP_AFTER + 5):
        await desk.advance(hours=1)
    assert len(desk.place.posts) == 1 + GIVEN_UP_AFTER


async def test_what_a_crash_left_half_way_is_sent_once_more_with_the_same_id_and_nothing_else_is(desk: Desk) -> None:
    await desk.follow("mail", "cleo@example.org")
    await desk.announce(1)
    taken = await desk.rows.take(desk.clock.now(), desk.clock.now() + HELD_FOR, 10)
    assert len(taken) == 1, "this process now dies before it could say that it was sent"
    desk.store.close()
    desk.open()
    await desk.drain()
    assert len(desk.place.mails) == 1, "it may be another process that has it"
    await desk.advance(seconds=90)
    await desk.advance(days=1)
    assert len(desk.place.mails) == 2
    assert desk.place.mails[0]["Message-ID"] != desk.place.mails[1]["Message-ID"]


async def test_what_still_waits_when_words_are_locked_stays_until_they_are_allowed(desk: Desk) -> None:
    await desk.follow("mail", "cleo@example.org")
    await desk.follow("webhook", hook(desk.place))
    asked = len(desk.place.posts)
    desk.place.mails.clear()
    desk.locked.add("shop-1:1")
    await desk.announce(1)
    await desk.advance(hours=1)
    assert (desk.place.mails, len(desk.place.posts)) == ([], asked)
    desk.locked.clear()
    await desk.advance(hours=1)
    assert [mail["Subject"] for mail in desk.place.mails] == ["[Till] Investigating: Till Stuck"]
    assert len(desk.place.posts) == asked + 1


async def test_what_still_waits_when_words_are_taken_back_is_dropped_and_holds_up_nothing(desk: Desk) -> None:
    await desk.follow("mail", "cleo@example.org")
    await desk.follow("webhook", hook(desk.place))
    asked = len(desk.place.posts)
    desk.place.mails.clear()
    desk.place.refusal, desk.place.answer = "451 later", None
    await desk.announce(1)
    await desk.drain()
    desk.place.refusal, desk.place.answer = "", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    posted = len(desk.place.posts)
    desk.taken_back.add("shop-1:1")
    await desk.announce(2, PublicStatus.RESOLVED)
    await desk.advance(hours=1)
    await desk.advance(days=1)
    assert [mail["Subject"] for mail in desk.place.mails] == ["[Till] Resolved: Till Stuck"]
    assert [told["key"] for _, told, _ in desk.place.posts[posted:]] == ["shop-1:2"]
    assert posted > asked, "one was tried before they were taken back"


async def test_two_couriers_never_send_the_same(desk: Desk) -> None:
    for n in range(30):
        await desk.follow("mail", f"n{n}@example.org")
    desk.place.mails.clear()
    await desk.announce(1)
    other = Courier(desk.rows, desk.clock, LINK_KEY, lambda team: desk.outlet())
    while sum(await asyncio.gather(desk.courier.turn(), other.turn())):
        pass
    assert sorted(mail["To"] for mail in desk.place.mails) == sorted(f"n{n}@example.org" for n in range(30))


async def test_a_mailbox_is_not_filled_by_asking_and_an_answer_that_never_comes_is_forgotten(desk: Desk) -> None:
    now = desk.clock.now()
    asked = await desk.rows.ask("shop", "mail", "cleo@example.org", INVITE, now)
    assert asked is not None
    for _ in range(5):
        assert await desk.rows.ask("shop", "mail", "cleo@example.org", INVITE, now + timedelta(minutes=9)) is None
    assert await desk.rows.ask("shop", "mail", "cleo@example.org", INVITE, now + timedelta(minutes=10)) is not None
    await desk.rows.sweep(now + timedelta(days=3))
    assert await desk.rows.find(asked.id) is None
    assert not await desk.rows.confirm(asked.id, now)


def test_a_token_is_for_one_follower_and_one_thing() -> None:
    token = make_token(LINK_KEY, LEAVE, "f1")
    assert read_token(LINK_KEY, LEAVE, token) == "f1"
    assert read_token(LINK_KEY, CHALLENGE, token) is None
    assert read_token(b"x" * 32, LEAVE, token) is None
    assert read_token(LINK_KEY, LEAVE, "f2" + token[2:]) is None
    for nonsense in ("", ".", "f1", "f1.", "f1.é", "é.x"):
        assert read_token(LINK_KEY, LEAVE, nonsense) is None


async def test_it_is_said_how_many_have_the_words_once_all_were_tried_and_at_the_end(desk: Desk) -> None:
    counted: list[tuple[str, Tally]] = []

    async def note(key: str, tally: Tally) -> None:
        counted.append((key, tally))

    def start() -> None:
        args = (desk.rows, desk.clock, LINK_KEY, lambda team: desk.outlet())
        desk.courier = Courier(*args, tell_counted=note)

    start()
    for each in ("a@example.org", "b@example.org"):
        await desk.follow("mail", each)
    asked = await desk.rows.ask("shop", "webhook", hook(desk.place), INVITE, desk.clock.now())
    assert asked is not None
    await desk.drain()
    assert counted == [], "invitations are no words"
    desk.place.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    assert await desk.announce(1) == 3
    await desk.drain()
    assert counted == [("shop-1:1", Tally(sent=2, waiting=1))]
    await desk.advance(hours=1)
    assert len(counted) == 1, "what is tried again and again is not said again and again"
    desk.place.answer = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
    await desk.advance(hours=1)
    assert counted[1:] == [("shop-1:1", Tally(sent=2, refused=1))]
    start()
    await desk.courier.recount()
    assert counted[2:] == counted[1:2], "whoever ended before it was said leaves it to the next"
    desk.place.refusal, desk.place.answer = "550 no", b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    assert await desk.announce(2) == 3
    await desk.drain()
    assert counted[-1] == ("shop-1:2", Tally(refused=2)), "who is gone is forgotten, and was neither told nor refused"
