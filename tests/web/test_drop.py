"""Dropping a document in a real browser: anywhere on the screen, anything at all, and an answer at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .house import PLAYBOOKS, House
from .surf import Gate, sign_in, surfing, watch_posts

pytestmark = [pytest.mark.anyio, pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]

DROP = """([text, name]) => {
  const bag = new DataTransfer();
  bag.items.add(new File([text], name));
  const target = document.querySelector("h1");
  const way = { dataTransfer: bag, bubbles: true, cancelable: true };
  for (const type of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(type, way));
}"""


async def open_drop(house: House, page: Page, url: str) -> None:
    await page.goto(f"{url}/playbooks/try")
    await expect(page.get_by_role("heading", name="What would your playbook do?")).to_be_visible()


async def test_a_file_may_be_dropped_beside_its_frame(house: House) -> None:
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await open_drop(house, page, url)
        text = (PLAYBOOKS / "parity.md").read_text(encoding="utf-8")
        await page.evaluate(DROP, [text, "ours.md"])
        await expect(page.locator("#result .summary")).to_contain_text("ours.md")
        await expect(page.locator(".diagnostics .cite").first).to_be_visible()
        assert complaints == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (bytes(range(256)) * 80, "it is not text"),
        ("# Caf\u00e9 down\n\nCaf\u00e9".encode("latin-1"), "The file is not UTF-8"),
        (b"a" * 12 * 2**20, "12.0 MiB, more than the 10 MiB"),
        (b"# X\n\n```bash\nrm -rf /srv\n", "This fence is never closed"),
    ],
    ids=["empty", "binary", "latin-1", "12 MiB", "unclosed"],
)
async def test_whatever_is_dropped_gets_a_sentence_at_once(
    house: House, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "<b>odd.md"
    path.write_bytes(content)
    async with surfing(house) as (browser, url):
        page, complaints = await sign_in(await browser.new_context(), house, url)
        await open_drop(house, page, url)
        await page.locator("input[type=file]").set_input_files(path)
        await expect(page.locator("#result")).to_contain_text(says)
        assert complaints == []


async def test_what_was_put_in_last_is_what_is_read(house: House, tmp_path: Path) -> None:
    path = tmp_path / "file.md"
    path.write_text("# From a file\n", encoding="utf-8")
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await open_drop(house, page, url)
        await page.locator("input[type=file]").set_input_files(path)
        await expect(page.locator("#result h2")).to_have_text("From a file")
        await page.get_by_label("or paste its text").fill("# From the clipboard")
        await page.get_by_role("button", name="Read it").click()
        await expect(page.locator("#result h2")).to_have_text("From the clipboard")


async def test_a_second_file_does_not_wait_for_the_first(house: House, tmp_path: Path) -> None:
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    for path in (first, second):
        path.write_text(f"# {path.stem}\n", encoding="utf-8")
    async with surfing(house) as (browser, url):
        page, _ = await sign_in(await browser.new_context(), house, url)
        await open_drop(house, page, url)
        gate = await Gate.before(page, lambda request: request.method == "POST")
        sent = watch_posts(page)
        await page.locator("input[type=file]").set_input_files(first)
        await gate.caught.wait()
        await expect(page.locator("#result")).to_have_text("Reading first.md…")
        await page.locator("input[type=file]").set_input_files(second)
        await expect(page.locator("#result")).to_have_text("Reading second.md…")
        gate.open()
        await expect(page.locator("#result h2")).to_have_text("second")
        assert sent == ["/playbooks/try"] * 2
