"""An event that only a newer version knows: this node leaves its stream to that version, says so, and goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.engine.contracts import Append, Write
from tocsin.errors import Corrupt, WrittenByNewer
from tocsin.store.verify import check
from tocsin.testing.story import Story
from tocsin.timeline import chain
from tocsin.timeline.codec import decode, stamp
from tocsin.timeline.entry import Sealed

from ..stories.mill import cast  # noqa: TID252 the mill is the stories'
from .nodes import KEEPING, KEY, NodeStory

NEWER = b'{"kind":"lantern_lit","by":"ana","wick":{"length":3}}'


async def write_newer(story: Story, stream: str, wake_in_s: float = 0.0) -> None:
    """What a node of a newer version appends, and when it wants to plan the stream."""
    last, now = (await story.store.load(stream))[-1], story.clock.now()
    at, seq = stamp(now), last.seq + 1
    parts = (last.mac, stream.encode(), str(seq).encode(), at.encode(), at.encode(), NEWER)
    sealed = Sealed(stream=stream, seq=seq, at=at, recorded_at=at, body=NEWER, mac=chain._mac(KEY, *parts))
    wake = now + timedelta(seconds=wake_in_s)
    card = next((card for card in await story.store.cards() if card.id == stream), None)
    await story.store.write(
        Write(appends=(Append(stream=stream, expected_seq=last.seq, entries=(sealed,), wake=wake, card=card),))
    )
    story.journal.note(stream, seq)


async def pass_time(story: Story, minutes: int) -> None:
    """What is left alone stays due, so that time passes minute by minute."""
    for _ in range(minutes):
        story.clock.set(story.clock.now() + timedelta(minutes=1))
        await story.settle()


def test_what_is_not_known_is_told_from_what_cannot_be_read() -> None:
    with pytest.raises(WrittenByNewer, match=r"'lantern_lit'.* upgrade this one"):
        decode(NEWER)
    for body in (
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"kind":7}',
        b'{"kind":"note_added"}',
        b'{"kind":"note_added","text":1}',
    ):
        with pytest.raises(Corrupt) as found:
            decode(body)
        assert not isinstance(found.value, WrittenByNewer), body


async def test_its_stream_is_left_alone_and_the_others_page(caplog: pytest.LogCaptureFixture) -> None:
    async with Story(cast()) as story:
        stream = await story.alert("WheelStuck")
        await write_newer(story, stream)
        await pass_time(story, 1)
        before = len(story.pages())
        story.stream = ""
        other = await story.alert("Rats")
        assert other != stream
        assert [page.key.partition(":")[0] for page in story.pages()[before:]][:1] == [other]
        await pass_time(story, 20)
        assert list(story.engine.left_alone) == [stream]
        assert (await story.store.load(stream))[-1].body == NEWER, "nothing was added"
        said = [each for each in caplog.messages if stream in each and "newer version" in each]
        assert len(said) == 1, "once is enough"
        assert not any("tocsin verify" in each for each in caplog.messages), "nobody has touched it"


async def test_the_record_holds_all_the_same() -> None:
    async with Story(cast()) as story:
        stream = await story.alert("WheelStuck")
        await write_newer(story, stream)
        report = await story.store.read(lambda c: check(c, KEY, None, None))
        assert [flaw.fault for flaw in report.flaws if flaw.fault != "mark"] == []


async def test_what_somebody_put_in_is_no_newer_version(caplog: pytest.LogCaptureFixture) -> None:
    """Without the key it does not fit the chain, whatever it calls itself."""
    async with Story(cast()) as story:
        stream = await story.alert("WheelStuck")
        last = (await story.store.load(stream))[-1]
        forged = Sealed(
            stream=stream, seq=last.seq + 1, at=last.at, recorded_at=last.at, body=NEWER, mac=b"\0" * 32
        )  # fmt: skip
        await story.store.write(
            Write(appends=(Append(stream=stream, expected_seq=last.seq, entries=(forged,), wake=story.clock.now()),))
        )
        story.journal.note(stream, last.seq + 1)
        await pass_time(story, 1)
        assert dict(story.engine.left_alone) == {}
        assert any("run `tocsin verify` and call somebody" in each for each in caplog.messages)


@pytest.mark.needs("postgres")
async def test_a_node_of_the_newer_version_gets_its_wakes_and_its_errands(database: str, tmp_path: Path) -> None:
    from tocsin.store.nodes import open_store, read_url

    stores = [await open_store(read_url(database), KEY, _make(tmp_path / each), KEEPING, each, "0") for each in "ab"]
    async with NodeStory((cast(),), stores[0]) as old:
        stores[0].left_alone = lambda: old.engine.left_alone
        newer = stores[1]
        await newer.follow()
        stream = await old.alert("WheelStuck")
        await write_newer(old, stream)
        await old.follower.turn()
        assert list(old.engine.left_alone) == [stream]
        for _ in range(3):
            await old.engine.turn()
        assert await newer.due(old.clock.now(), 10) == [stream], "no lease of the old one keeps it back"
        old.clock.set(old.clock.now() + timedelta(minutes=5))
        await newer.release_claims()
        assert stream not in await stores[0].due(old.clock.now(), 10)
        assert await stores[0].coming(old.clock.now() - timedelta(hours=1), old.clock.now(), 10, take=True) == []
        await newer.close()


def _make(folder: Path) -> Path:
    folder.mkdir()
    return folder
