"""Names of rooms: the patterns of the playbooks, and whatever a title may hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.comms.room_name import MOST, add_suffix, name_room, spell_slug

AT = datetime(2026, 3, 2, 14, 5, 9, tzinfo=UTC)
LEGAL = re.compile(r"[a-z0-9][a-z0-9_-]*")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("#incident-YYYY-MM-DD", "incident-2026-03-02"),
        ("#incident-YYYY-MM-DD-HH-MM", "incident-2026-03-02-14-05"),
        ("#incident-YYYY-MM-DD-HHMM", "incident-2026-03-02-1405"),
        ("#inc-YYYYMMDD-<description>", "inc-20260302-disk-of-db-1-is-full"),
        ("#inc-YYYYMMDD-desc", "inc-20260302-disk-of-db-1-is-full"),
        ("#inc-YYYYMMDD-{service}", "inc-20260302-disk-of-db-1-is-full"),
        ("#inc-YYMMDD-NNN", "inc-260302-007"),
        ("#incident-<id>", "incident-007"),
        ("#war-[date]-[name]", "war-20260302-disk-of-db-1-is-full"),
        ("#incident-ID", "incident-007"),
    ],
)
def test_a_pattern_is_filled_in(pattern: str, name: str) -> None:
    assert name_room(pattern, AT, "Disk of DB 1 is full!", "INC-20260302-007") == name


def test_a_slug_is_cut_between_words_and_has_no_marks() -> None:
    assert spell_slug("Čhain   hälted — no blocks!", 40) == "chain-halted-no-blocks"
    assert spell_slug("one two three four", 9) == "one-two"
    assert spell_slug("<!channel> & <https://evil.example|here>", 60) == "channel-https-evil-example-here"


def test_a_title_of_nothing_but_marks_leaves_a_name() -> None:
    assert name_room("#<description>", AT, "!!!", "INC-1") == "inc-inc-1"


@given(pattern=st.text(max_size=120), title=st.text(max_size=200), turn=st.integers(1, 99))
def test_every_name_is_one_that_chat_systems_take(pattern: str, title: str, turn: int) -> None:
    name = add_suffix(name_room(pattern, AT, title, "INC-20260302-007"), turn)
    assert LEGAL.fullmatch(name), name
    assert len(name) <= MOST
    assert turn == 1 or name.endswith(f"-{turn}")
