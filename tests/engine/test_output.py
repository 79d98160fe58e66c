"""What a running step shows: whole lines, no secret whatever the pieces, little work however much is printed."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.timeline.planting import plant

from tocsin.engine import output as room
from tocsin.engine.output import MOST_SHOWN, Output, Outputs
from tocsin.timeline.redact import redact_bytes

KEY = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEowIBAAKCAQEA\n" * 20 + b"-----END RSA PRIVATE KEY-----\n"
TEXT = b"starting\npassword=hunter2abc\n" + KEY + b"done\nAuthorization: Bearer abcdef123456\nlast\n"


def feed(pieces: list[bytes], turn: bool = True) -> list[str]:
    """What is to be seen after each piece, if the screen is drawn after each."""
    output, seen = Output(lambda: None), []
    for piece in pieces:
        output._strands.setdefault("out", room._Strand()).add(piece)
        if turn:
            output._turn()
        seen.append(output.show().text)
    return seen


@pytest.fixture(autouse=True)
async def loop(anyio_backend: str) -> None:
    """A loop runs around each of these tests, whose time they use."""


@settings(deadline=None)
@given(st.lists(st.integers(0, 700), max_size=20), st.lists(st.integers(0, 450), max_size=30))
def test_characters_without_width_make_no_secret_seen_in_pieces(cuts: list[int], places: list[int]) -> None:
    async def check() -> None:
        noisy = TEXT
        for at in sorted(places, reverse=True):
            noisy = noisy[:at] + "\u200b".encode() + noisy[at:]
        ends = [0, *sorted(min(cut, len(noisy)) for cut in cuts), len(noisy)]
        for text in feed([noisy[a:b] for a, b in itertools.pairwise(ends)]):
            seen = text.replace("\u200b", "")
            assert not any(secret in seen for secret in ("hunter", "MIIE", "abcdef", "BEGIN"))
            assert redact_bytes(TEXT).decode().startswith(seen)

    asyncio.run(check())


@settings(deadline=None)
@given(st.lists(st.integers(0, len(TEXT)), max_size=40))
def test_no_piece_of_a_secret_is_ever_seen(cuts: list[int]) -> None:
    async def check() -> None:
        ends = [0, *sorted(cuts), len(TEXT)]
        seen = feed([TEXT[a:b] for a, b in itertools.pairwise(ends)])
        assert seen[-1] == redact_bytes(TEXT).decode()
        for text in seen:
            assert not any(secret in text for secret in ("hunter", "MIIE", "abcdef", "BEGIN"))
            assert redact_bytes(TEXT).decode().startswith(text)

    asyncio.run(check())


async def test_a_line_is_seen_once_it_is_whole() -> None:
    assert feed([b"one\ntw", b"o", b"\n", b"three"]) == ["one\n", "one\n", "one\ntwo\n", "one\ntwo\n"]


async def test_a_key_without_an_end_is_not_seen_however_long_it_is() -> None:
    begin = b"-----BEGIN PRIVATE KEY-----\n"
    seen = feed([b"before\n", begin, *([b"QUJDREVGR0g=\n" * 1000] * 12), b"after the key\n", b"more\n"])
    assert not any("QUJD" in text for text in seen)
    assert seen[-1] == "before\n[redacted: private key]\nafter the key\nmore\n"


async def test_a_certificate_is_seen_when_it_is_whole() -> None:
    text = b"-----BEGIN CERTIFICATE-----\nQUJDREVGR0g=\n-----END CERTIFICATE-----\n"
    assert feed([text[:40], text[40:]]) == ["", text.decode()]


async def test_a_key_that_a_flood_skips_into_is_not_seen() -> None:
    flood = b"-----BEGIN PRIVATE KEY-----\n" + b"QUJDREVGR0g=\n" * 3000
    for before in (0, 100_000, 900_000, 2_000_000):
        for after in (0, 30_000, 70_000):
            text = b"x\n" * before + flood + b"-----END PRIVATE KEY-----\n" * bool(after) + b"y y\n" * after
            for size in (len(text), 65536):
                pieces = [text[at : at + size] for at in range(0, len(text), size)]
                for turn in (True, False):
                    last = feed([*pieces, b"end\n"], turn)[-1] if turn else _turn_once([*pieces, b"end\n"])
                    assert "QUJD" not in last


def _turn_once(pieces: list[bytes]) -> str:
    output = Output(lambda: None)
    for piece in pieces:
        output._strands.setdefault("out", room._Strand()).add(piece)
    output._turn()
    return output.show().text


async def test_the_end_of_much_is_seen_and_the_rest_is_counted() -> None:
    lines = b"".join(b"line %d\n" % at for at in range(100_000))
    output = Output(lambda: None)
    for at in range(0, len(lines), 5000):
        output._strands.setdefault("out", room._Strand()).add(lines[at : at + 5000])
        output._turn()
    shown = output.show()
    assert len(shown.text) <= MOST_SHOWN
    assert shown.text.startswith("line ")
    assert shown.text.endswith("line 99999\n")
    assert shown.skipped + len(shown.text) == len(lines)


@pytest.mark.parametrize("chunk", [b"x" * 65536, b"\n" * 65536, b"token password=\n" * 4096, b"-----BEGIN \n" * 5000])
async def test_a_flood_costs_little(chunk: bytes) -> None:
    """A hundred megabytes and twenty drawings: where every word announces a secret, half a second for each."""
    output, start = Output(lambda: None), time.process_time()
    for at in range(1600):
        output._strands.setdefault("out", room._Strand()).add(chunk)
        if at % 80 == 0:
            output._turn()
    assert time.process_time() - start < 30


async def test_what_a_progress_bar_writes_over_is_not_seen_nor_are_escapes() -> None:
    assert feed([b" 10%\r 50%\r100%\r\n\x1b[31mred\x1b[0m\n"]) == ["100%\nred\n"]


HOSTILE = b"password=\n" * 8000


class Held:
    """Readings in a thread wait until they are let go; `threads` are those that have read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go, self.threads, take = threading.Event(), list[int](), room._Strand.take

        def wait(strand: room._Strand) -> bytes:
            self.threads.append(threading.get_ident())
            assert threading.get_ident() == threading.main_thread().ident or self.may_go.wait(60)
            return take(strand)

        monkeypatch.setattr(room._Strand, "take", wait)
        monkeypatch.setattr(room, "EVERY_S", 0.0)
        monkeypatch.setattr(room, "SOON_S", 0.0)

    async def begin(self, output: Output) -> None:
        output.hear("out", HOSTILE)
        while not self.is_reading(output):
            await asyncio.sleep(0)

    def is_reading(self, output: Output) -> bool:
        return output._reading is not None


async def test_the_loop_goes_on_while_a_hostile_output_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's page waits for it; what comes meanwhile is seen behind it, in its order, and nothing is lost."""
    held, outputs = Held(monkeypatch), Outputs()
    output = outputs.begin("team-1", "L1")
    await held.begin(output)
    output.hear("out", b"Authorization: Bearer abcdef123456\nlast\n")
    assert output.show().text == ""
    held.may_go.set()
    while not output.show().text.endswith("last\n"):
        await asyncio.sleep(0.001)
    assert "abcdef" not in output.show().text
    assert held.threads[0] != threading.main_thread().ident
    assert len(output.show().text) + output.show().skipped >= len(HOSTILE)
    outputs.end("team-1", "L1")


async def test_a_flood_beside_a_reading_waits_for_it_and_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    held, output = Held(monkeypatch), Output(lambda: None)
    monkeypatch.setattr(room, "MOST_BESIDE", 10_000)
    await held.begin(output)
    threading.Timer(0.05, held.may_go.set).start()
    for _ in range(40):
        output.hear("out", b"x" * 999 + b"\n")
        assert output._size_beside <= 11_000
    assert not held.is_reading(output), "it was waited for"
    output._turn()
    assert output.show().text.endswith("x\n")
    output.end()


async def test_a_step_that_ends_while_its_output_is_read_says_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[int]()
    held, output = Held(monkeypatch), Output(lambda: told.append(1))
    await held.begin(output)
    output.hear("out", b"more\n")
    output.end()
    held.may_go.set()
    while held.is_reading(output):
        await asyncio.sleep(0.001)
    assert not told and output._timer is None


async def test_listeners_hear_of_a_step_at_most_twice_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "EVERY_S", 0.2)
    outputs, heard = Outputs(), list[tuple[str, str, float]]()
    stop = outputs.listen(lambda incident, step: heard.append((incident, step, output._told_at)))
    output = outputs.begin("shop-1", "L7")
    async with asyncio.timeout(60):
        while len(heard) < 4:
            output.hear("out", b"line\n")
            await asyncio.sleep(0.001)
    outputs.end("shop-1", "L7")
    count = len(heard)
    assert {each[:2] for each in heard} == {("shop-1", "L7")}
    assert min(later[2] - each[2] for each, later in itertools.pairwise(heard)) > 0.19
    await asyncio.sleep(0.25)
    assert len(heard) == count
    stop()


def _measure(lines: bytes, size: int = 65536) -> float:
    """Processor time to take and show it, drawn after each piece."""
    output, start = Output(lambda: None), time.process_time()
    for at in range(0, len(lines), size):
        output._strands.setdefault("out", room._Strand()).add(lines[at : at + size])
        output._turn()
        assert len(output.show().text) <= MOST_SHOWN
    return time.process_time() - start


LONG = [b"a", b"a\r", b"\r", b"\x1b[", b"token=abcdefgh12345678 -----BEGIN RSA PRIVATE KEY-----", b"password="]


@pytest.mark.parametrize("unit", LONG)
async def test_a_long_line_costs_no_more_than_its_bytes(unit: bytes) -> None:
    """Alone, after much, and again and again: nothing reads a line once for each of its characters."""
    for length in (6_000, 16_000, 60_000, 900_000):
        line = unit * (length // len(unit)) + b"\n"
        count = max(1, 600_000 // length)
        assert _measure(line * count) < 3
        assert _measure(line * count, len(line)) < 3


async def test_a_hundred_thousand_long_lines_are_taken_as_fast_as_they_come() -> None:
    output, line, start = Output(lambda: None), b"x" * 6000 + b"\n", time.process_time()
    for at in range(10_000):
        output._strands.setdefault("out", room._Strand()).add(line * 10)
        if at % 100 == 0:
            output._turn()
    assert time.process_time() - start < 30
    output._turn()
    assert output.show().text.endswith("x\n")


@pytest.mark.parametrize("size", [65_536, 200_000, 900_000, 3_000_000])
async def test_a_line_too_long_to_be_shown_is_named_and_what_follows_is_seen(size: int) -> None:
    seen = feed([b"before\n", b"y" * size + b"\n", b"after\n"])
    assert "too long to be shown" in seen[1]
    assert "yyy" not in seen[1]
    assert seen[2].endswith("shown here]\nafter\n")


@pytest.mark.parametrize("size", [65_500, 100_000, 1_000_000, 2_000_000])
async def test_a_key_that_begins_in_a_line_too_long_to_be_shown_is_not_seen(size: int) -> None:
    line = b"z" * size + b"-----BEGIN PRIVATE KEY-----\n"
    assert "QUJD" not in feed([line, b"QUJDREVGR0g=\n" * 50, b"after it\n"])[-1]


NOISE = [b"\x1b[0m", b"\x1b[01;31m\x1b[K", b"\x1b(B", b"\x00", b"\r", b"\x1b]0;t\x07", "\u202e".encode(), b"\xc2\x9bm"]
HIDDEN = [b"password=hunter2secret9", b'{"password": "hunter2secret9"}', b"ghp_hunter2secret9hunter2secret9", KEY]


@settings(deadline=None)
@given(
    st.sampled_from(HIDDEN),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(NOISE)), max_size=9),
    st.integers(1, 50),
)
def test_a_secret_under_colours_and_control_bytes_is_not_seen(
    secret: bytes, noise: list[tuple[int, bytes]], size: int
) -> None:
    async def check() -> None:
        content = secret
        for at, each in sorted(((min(at, len(secret)), each) for at, each in noise), reverse=True):
            content = content[:at] + each + content[at:]
        content += b"\nafter\n"
        for text in feed([content[at : at + size] for at in range(0, len(content), size)]):
            assert not any(part in text for part in ("hunt", "cret9", "MIIE", "KCAQ"))
        assert text.endswith("after\n")

    asyncio.run(check())


def test_no_planted_secret_shows_live_wherever_the_pieces_end() -> None:
    """Also where a line that was shown announces or begins what the next one holds."""
    dice = random.Random(5)
    for each in plant(21):
        strand = room._Strand()
        content = f"begin\n{each.text}\nend\n".encode()
        shown = b""
        while content:
            size = dice.choice((7, 40, content.find(b"\n") + 1))
            strand.add(content[:size])
            content = content[size:]
            shown += strand.take()
        assert not [part for part in each.secrets if part.encode() in shown], each.name
        assert shown.endswith(b"end\n"), each.name


def show(content: bytes, size: int) -> bytes:
    """What is shown of it, piece by piece."""
    strand, shown = room._Strand(), b""
    for at in range(0, len(content), size):
        strand.add(content[at : at + size])
        shown += strand.take()
    return shown


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_a_long_secret_of_kubernetes_is_not_seen_before_its_kind_is_known(is_by_hand: bool) -> None:
    """`kubectl` prints the values first; by hand they come last, and go on for longer than is remembered."""
    values = b"".join(b"  key%d: aHVudGVy\n" % each for each in range(400))
    head, kind = b"apiVersion: v1\n", b"kind: Secret\n"
    content = head + (kind if is_by_hand else b"") + b"data:\n" + values + (b"" if is_by_hand else kind)
    shown = show(content + b"metadata:\n  name: shop\n", 100)
    assert b"aHVudGVy" not in shown
    assert shown.endswith(b"metadata:\n  name: shop\n")
    assert b"replicas" in show(b"apiVersion: v1\nkind: ConfigMap\ndata:\n  replicas: 3\n", 7)
    assert b"replicas" in show(b'{"data": {\n  "replicas": 3\n', 7)


def test_a_long_table_is_not_seen_under_a_telling_name() -> None:
    rows = b"".join(b" user%03d | hunter%03d\n" % (each, each) for each in range(300))
    shown = show(b" name    | password\n---------+-----------\n" + rows + b"(300 rows)\n", 100)
    assert b"hunter" not in shown
    assert shown.count(b"user") == 300
    assert shown.endswith(b"(300 rows)\n")


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_wallet_key_of_a_number_a_line_is_not_seen_before_it_is_whole(size: int) -> None:
    numbers = [b"%d" % (13 * each % 256) for each in range(64)]
    for head, between in ((b"[\n  ", b",\n  "), (b"key: [", b",\n"), (b"[\r\n", b" ,\r\n")):
        content = b"begin\n" + head + between.join(numbers) + b"\n]\nend\n"
        strand, shown = room._Strand(), b""
        for at in range(0, len(content), size):
            strand.add(content[at : at + size])
            shown += strand.take()
            assert not any(char in shown for char in b"0123456789"), shown
        assert shown == redact_bytes(content)
        assert b"wallet key" in shown


@pytest.mark.parametrize("count", [1, 3, 63, 65, 500])
def test_another_list_of_numbers_is_seen_once_it_can_be_told_from_a_key(count: int) -> None:
    content = b"sizes: [\n" + b",\n".join(b"  %d" % (each % 256) for each in range(count)) + b"\n]\n"
    assert show(content, 50) == content
    assert show(b"tags: [\n  blue,\n", 50) == b"tags: [\n  blue,\n"
    assert show(b"started [\n", 50) == b"", "the next line tells"


def test_the_words_of_a_wallet_one_a_line_wait_for_each_other() -> None:
    words = b"ride fringe version jeans board master work crystal cheese sample perfect coin".split()
    strand, shown = room._Strand(), b""
    for word in words:
        strand.add(word + b"\n")
        shown += strand.take()
    strand.add(b"-- made\n")
    shown += strand.take()
    assert shown == b"ride\nfringe\nversion\n[redacted: wallet words]\n-- made\n"


def test_a_word_alone_does_not_wait() -> None:
    strand = room._Strand()
    strand.add(b"checking 3 nodes\nready\n")
    assert strand.take() == b"checking 3 nodes\nready\n"


def test_the_last_of_a_list_is_hidden_before_its_end_has_come() -> None:
    strand, shown = room._Strand(), b""
    for line in (
        b'"unseal_keys_b64": [\n',
        b'  "k5RKJbOto3WZGHZ0ccWj82AWUsWM",\n',
        b'  "FqIWVvNm7x58GBDCTOzKjJhwwOmy"\n',
    ):
        strand.add(line)
        shown += strand.take()
    strand.add(b"]\n")
    assert (shown + strand.take()).count(b"[redacted: secret]") == 2
