"""A bundle is checked by its own page, offline, in a real browser: green as it was made, red for any other byte."""

from __future__ import annotations

import hashlib
import io
import random
import shutil
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from playwright.async_api import Page, async_playwright, expect

from tocsin.app.bundle.canonical import zip_up
from tocsin.app.bundle.export import Exporter
from tocsin.errors import NotFound
from tocsin.store.checkpoints import Signer
from tocsin.timeline import chain
from tocsin.timeline.checkpoint import NO_LINK, Checkpoint, Tip, hash_lines, link, spell_signed
from tocsin.timeline.entry import Entry, Sealed
from tocsin.timeline.events import Event, IncidentOpened, NoteAdded, PostmortemSaved, StepFinished

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STREAM = "shop-1"
SIGNER = Signer(b"s" * 32)
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu"]
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


class Kept:
    """Blobs in memory."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.content[digest] = content
        return digest

    async def get(self, digest: str) -> bytes:
        if digest not in self.content:
            raise NotFound("It is gone.")
        return self.content[digest]


def seal(events: list[Event]) -> list[Sealed]:
    sealed: list[Sealed] = []
    for seq, event in enumerate(events, 1):
        before = sealed[-1].mac if sealed else chain.START
        sealed.append(
            chain.seal_entry(b"k" * 32, before, Entry(stream=STREAM, seq=seq, at=NOW, recorded_at=NOW, event=event))
        )
    return sealed


def sign(number: int, sealed: list[Sealed], seq: int, before: str = "") -> Checkpoint:
    at = NO_LINK
    for each in sealed[:seq]:
        at = link(at, each)
    tips = (Tip(stream="other-7", seq=3, link="ab" * 32), Tip(stream=STREAM, seq=seq, link=at.hex()))
    draft = Checkpoint(
        number=number,
        at="2026-01-01T00:00:00Z",
        key=SIGNER.public,
        before=before,
        upto=9,
        streams=2,
        lines=hash_lines(tips),
        tips=tips,
    )
    return msgspec.structs.replace(draft, sign=SIGNER.sign(spell_signed(draft)))


async def make(size: int = 40) -> bytes:
    kept = Kept()
    playbook = kept.put(b"# Till\n\nTurn it. \xc3\xa4\xe2\x82\xac\n")
    hidden = kept.put(b"tocsin-sealed-1\nciphertext")
    output = kept.put(b"the drawer is stuck, password=[redacted: secret]\n" * size)
    said = [NoteAdded(by="ana", text=f"note {at} with “quotes” and ä\n") for at in range(size)]
    sealed = seal(
        [
            IncidentOpened(
                team="shop", number="INC-1", title="Till <b>stuck</b>", by="x", origin="y", playbook=playbook
            ),
            StepFinished(answers=1, step="A1", exit_code=0, duration_s=1.0, stdout=output, stdout_sealed=hidden),
            *said,
            PostmortemSaved(text=kept.put(b"# Review\n"), by="ana"),
        ]
    )

    async def load(stream: str) -> list[Sealed]:
        return sealed

    async def incident(stream: str) -> Any:
        return SimpleNamespace(number="INC-1", title="Till <b>stuck</b>")

    async def checkpoints() -> list[Checkpoint]:
        return [sign(1, sealed, 2), sign(2, sealed, len(sealed))]

    journal = cast(Any, SimpleNamespace(store=SimpleNamespace(load=load), incident=incident))
    return await Exporter(journal, kept, lambda: SIGNER, checkpoints, "1").export(STREAM, NOW, str)


@asynccontextmanager
async def opened(folder: Path, page_itself: bytes) -> AsyncIterator[Page]:
    """The page, from a file, in a browser that has no network."""
    path = folder / "verify.html"
    path.write_bytes(page_itself)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = await browser.new_context(offline=True)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(path.as_uri())
        yield page
        await browser.close()


async def ask(page: Page, bundle: bytes) -> tuple[str, str]:
    """What the page says of a bundle: its colour, and its words."""
    await page.evaluate("delete document.body.dataset.result")
    file = {"name": "b.zip", "mimeType": "application/zip", "buffer": bundle}
    await page.set_input_files("#bundle", [cast(Any, file)])
    await expect(page.locator("body[data-result]")).to_be_attached()
    said = await page.locator("#result").inner_text() + "\n" + await page.locator("#faults").inner_text()
    return str(await page.evaluate("document.body.dataset.result")), said


def unpack(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_what_is_in_it() -> None:
    files = unpack(await make())
    assert {"manifest.json", "manifest.sig", "timeline.jsonl", "verify.html", "README.txt"} <= set(files)
    assert sum(name.startswith("playbooks/") for name in files) == 1
    assert sum(name.startswith("evidence/") for name in files) == 2
    assert not any(b"ciphertext" in content for content in files.values())
    assert b"other-7" not in files["checkpoints.jsonl"]


@pytest.mark.needs("chromium")
async def test_it_is_green_as_it_was_made_and_red_for_any_other_byte(tmp_path: Path) -> None:
    bundle = await make()
    files, dice = unpack(bundle), random.Random(7)
    async with opened(tmp_path, files["verify.html"]) as page:
        assert (await ask(page, bundle))[0] == "green"
        for name, content in files.items():
            start = bundle.index(content, bundle.index(name.encode()) + len(name))
            for at in {start, start + len(content) - 1, start + dice.randrange(len(content))}:
                changed = bytearray(bundle)
                changed[at] ^= 1 << dice.randrange(8)
                assert (await ask(page, bytes(changed)))[0] == "red", (name, at - start)
        for at in [
            *range(30),
            *range(len(bundle) - 60, len(bundle)),
            *(dice.randrange(len(bundle)) for _ in range(40)),
        ]:
            changed = bytearray(bundle)
            changed[at] ^= 0x20
            assert (await ask(page, bytes(changed)))[0] == "red", at
        for cut in (bundle[:-1], bundle + b"\0", b"", bundle[100:], b"nonsense"):
            assert (await ask(page, cut))[0] == "red"
        assert (await ask(page, bundle))[0] == "green"


@pytest.mark.needs("chromium")
async def test_the_first_edited_entry_is_named_and_a_forger_needs_the_key(tmp_path: Path) -> None:
    files = unpack(await make())
    async with opened(tmp_path, files["verify.html"]) as page:
        lines = files["timeline.jsonl"].splitlines(keepends=True)
        for at in (6, 9):
            lines[at] = lines[at].replace(b"note", b"nope")
        colour, said = await ask(page, zip_up({**files, "timeline.jsonl": b"".join(lines)}))
        assert colour == "red"
        assert "Entry 7 of the timeline was changed." in said
        colour, said = await ask(page, zip_up({**files, "timeline.jsonl": b"".join(lines[:4])}))
        assert (colour, "has 4 entries" in said) == ("red", True)
        other = Signer(b"t" * 32)
        forged = {**files, "manifest.sig": f"{other.sign(files['manifest.json'])}\n".encode()}
        assert "is not what its key has signed" in (await ask(page, zip_up(forged)))[1]
        manifest = files["manifest.json"].replace(SIGNER.public.encode(), other.public.encode())
        forged = {**files, "manifest.json": manifest, "manifest.sig": f"{other.sign(manifest)}\n".encode()}
        colour, said = await ask(page, zip_up(forged))
        assert (colour, "Checkpoint 1 is not what its key has signed" in said) == ("red", True)
        assert "was put in from outside" in (await ask(page, zip_up({**files, "more.txt": b""})))[1]
        await page.screenshot(path=str(tmp_path / "red.png"))


@pytest.mark.needs("chromium")
async def test_an_unpacked_folder_is_checked_too(tmp_path: Path) -> None:
    files = unpack(await make(3))
    folder = tmp_path / "bundle"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    async with opened(tmp_path, files["verify.html"]) as page:
        await page.set_input_files("#folder", folder)
        await expect(page.locator("body.green")).to_be_attached()
        assert "Till <b>stuck</b>" in await page.locator("#facts").inner_text()
        await page.screenshot(path=str(tmp_path / "green.png"), full_page=True)
