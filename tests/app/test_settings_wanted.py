"""`tocsin init` names the settings without which a duty of the playbook cannot be kept, and the lines."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from tocsin.app.settings_draft import write_settings
from tocsin.app.settings_wanted import list_wanted_tables
from tocsin.app.tables import File
from tocsin.config import Problems, convert, read
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.words import Mode

WANTED = {
    "virtengine": ("# war_room = ", "# bridge = "),
    "monero-marketplace": ("# war_room = ", '# "Incident Commander" = ["oncall"]  # monero-marketplace.md:175: '),
    "bitcell": ("# war_room = ", "# tickets = "),
    "mycelia": ("# media = ", "# [teams.mycelia.audiences.partners]  # mycelia.md:258: "),
}
"""What some of the playbooks want beyond what everybody is offered."""


def draft(seeds: Path, name: str) -> str:
    source = (seeds / f"{name}.md").read_bytes()
    playbook = compile_playbook(source, f"{name}.md", load_knowledge())
    return write_settings([(name, source, playbook)], Mode.SHADOW)


@pytest.mark.parametrize("name", list(WANTED))
def test_what_a_playbook_wants_stands_there_as_a_comment(seeds: Path, name: str) -> None:
    text = draft(seeds, name)
    for line in WANTED[name]:
        assert f"\n{line}" in text, text
    assert not set(tomllib.loads(text)["teams"][name]) & {"war_room", "bridge", "tickets", "media", "audiences"}


def test_a_mailbox_stands_only_where_an_audience_is_told_by_mail(seeds: Path) -> None:
    source = (seeds / "mycelia.md").read_bytes()
    for what in ("Users", "Partners", "Media"):
        source = re.sub(rb"- \*\*%s\*\*: .*" % what.encode(), b"- **%s**: Mail to a@b.example" % what.encode(), source)
    playbook = compile_playbook(source, "mycelia.md", load_knowledge())
    offered = list(list_wanted_tables("mycelia", "mycelia.md", playbook))
    ways = dict(pairwise(offered))
    found = {name.partition("]")[0].rpartition(".")[2]: way for name, way in ways.items() if ".audiences." in name}
    assert (found["partners"], found["users"][:18]) == ('# mail = ["a@b.example"]', "# followers = true")
    assert found["media"].startswith("# # nothing here")


@pytest.mark.parametrize("name", ["bitcell", "monero-marketplace", "mycelia", "usdx-wexel", "virtengine"])
def test_each_comment_is_a_setting_that_this_version_knows(seeds: Path, name: str) -> None:
    lines = draft(seeds, name).splitlines()
    begin, end = lines.index(f"[teams.{name}]"), lines.index(f"[teams.{name}.targets.local]")
    marks = ("war_room", "tickets", "bridge", "media", "acknowledgement_good_for_s", "shadow_readers", '"', "[teams.")
    more = ("followers", "in_app", "file", "mail", "times", "escalate_at")
    bare = [each.removeprefix("# ") if each.removeprefix("# ").startswith((*marks, *more)) else each for each in lines]
    text = "\n".join([*lines[:begin], *bare[begin:end], *lines[end:]])
    problems = Problems()
    source = read(text, "tocsin.toml", problems)
    assert convert(source, (), source.values, File, problems) is not None
    assert not problems, list(problems)
