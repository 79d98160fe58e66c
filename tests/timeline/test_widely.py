"""Hundreds of secrets as tools print them go, and hundreds of ordinary lines of the same tools stay as they are.

`data/planted.txt` has a name and a text in each line; what stands in ``[[…]]`` may not be seen. `data/readable.txt` has
what an incident is read by. ``{hex 40}`` and its like are drawn by chance.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from tests.timeline.planting import Maker

from tocsin.timeline.redact import redact
from tocsin.timeline.wallet_lists import BIP39, MONERO

DATA = Path(__file__).with_name("data")
KINDS = {"a": "abcdefghijklmnopqrstuvwxyz", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0": "0123456789"}
DRAWN = re.compile(r"\{(hex|HEX|of|alnum|url|b64|uuid|pw|pwl|jwt|words|WORDS|monero)(?: ([^{}]*?) ?(\d+)| (\d+))?\}")
SECRET = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
LISTS = {"words": sorted(BIP39), "monero": sorted(MONERO)}


def draw(make: Maker, what: str, of: str, size: int) -> str:
    """A value by chance."""
    if what in ("hex", "HEX"):
        return make.hex(size) if what == "hex" else make.hex(size).upper()
    if what == "of":
        letters = of.replace("B", "A234567") if of == "B" else of
        return make.of("".join(KINDS.get(each, each) for each in letters) if len(letters) <= 8 else letters, size)
    if what in ("words", "WORDS", "monero"):
        listed = LISTS[what.lower()]
        found = [listed[int(make.hex(6), 16) % len(listed)].decode() for _ in range(size)]
        return (of or " ").join(found).upper() if what == "WORDS" else (of or " ").join(found)
    if what == "uuid":
        return "-".join(make.hex(each) for each in (8, 4, 4, 4, 12))
    if what in ("pw", "pwl"):
        small = [make.of(KINDS["a"], 5) for _ in range(3)]
        return (
            "-".join(small)
            if what == "pwl"
            else f"{make.of(KINDS['A'], 1)}{small[0]}{make.of('123456789', 2)}!{small[1]}"
        )
    return make.jwt() if what == "jwt" else str(getattr(make, what)(size))


def fill(make: Maker, text: str) -> str:
    return DRAWN.sub(lambda found: draw(make, found[1], found[2] or "", int(found[3] or found[4] or 0)), text)


def read(name: str) -> list[str]:
    return (DATA / name).read_text("utf-8").splitlines()


def plant(line: str, seed: int) -> tuple[str, list[str]]:
    """A text with its secrets, and the secrets."""
    marked = fill(Maker(seed), json.loads(f'"{line}"'))
    secrets = SECRET.findall(marked)
    text = SECRET.sub(lambda found: found[1], marked)
    wrapped = re.search(r"\{base64 (.*)\}", text, re.DOTALL)
    if wrapped:
        spelt = base64.b64encode(wrapped[1].encode()).decode()
        return spelt, [spelt[20:60]]
    return text, secrets


@pytest.mark.parametrize(
    "line", [pytest.param(text, id=name) for name, text in (s.split("\t") for s in read("planted.txt"))]
)
def test_a_secret_that_tools_print_does_not_survive(line: str) -> None:
    for seed in range(2):
        text, secrets = plant(line, seed)
        assert secrets
        shown = redact(f"before it\n{text}\nafter it")
        assert not [each for each in secrets if each in shown], shown
        assert "[redacted: " in shown
        assert shown.startswith("before it\n")
        assert shown.endswith("after it")
        assert redact(shown) == shown


def test_what_tools_print_every_day_stays() -> None:
    lines = read("readable.txt")
    assert len(lines) > 500
    for seed in range(2):
        texts = [fill(Maker(seed), json.loads(f'"{line}"')) for line in lines]
        assert [(text, redact(text)) for text in texts if redact(f"before it\n{text}\nafter it")[10:-9] != text] == []
