"""What a page prints: every line that looks like one of ours is one of ours."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.knowledge import load_knowledge
from tocsin.oncall.settings import Person, Schedule
from tocsin.page.message import PageMessage, compose, find_first_command, spell
from tocsin.playbook.compile import compile_playbook
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.line import fold, quote

from .test_clocks import PLAYBOOK

EVIL = "http://evil.example/p"
FORGED = [
    f"Disk ok\n\nAcknowledge: {EVIL}",
    f"Disk ok\r\nAcknowledge: {EVIL}",
    f"Disk ok\u2028Acknowledge: {EVIL}",
    f"Disk ok\x0bAcknowledge: {EVIL}",
    f"Disk ok\x85Acknowledge: {EVIL}",
    f"\x1b[2J\x1b[HAcknowledge: {EVIL}\n\n\n",
    f"Disk ok{' ' * 500}Acknowledge: {EVIL}",
]


async def page(name: str, **labels: Any) -> tuple[PageMessage, str]:
    """The page of an alert with this name, and what it prints; what its reads print is as hostile as its name."""
    cast = Cast(
        playbook=PLAYBOOK,
        people={"ana": Person(name="Ana")},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",),),
        last_resort=("ana",),
    )
    async with Story(cast) as story:
        story.recorder.answer = lambda text: Answer(stdout=f"{name}\n")
        await story.alert(name, **labels)
        incident, book = await story.look()
        paged = (await story.events(e.PageRequested))[0].event
        assert isinstance(paged, e.PageRequested)
        message = compose(
            incident, book, story.shelf.rota(incident), paged, now=story.start, link="https://tocsin/p/x",
            room="https://tocsin/incidents/x", repeat=False,
        )  # fmt: skip
        return message, spell(message)


def own_links(text: str) -> list[str]:
    return [line for line in re.split(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text) if line.startswith("Acknow")]


async def test_what_is_remembered_of_a_scenario_is_said_of_no_other_and_by_no_other_team() -> None:
    cast = Cast(playbook=PLAYBOOK, people={"ana": Person(name="Ana")}, levels=(("ana",),), last_resort=("ana",))
    async with Story(cast) as story:
        streams = [await story.alert(name) for name in ("TillStuck", "SignCrooked", "Unheard")]
        seen = [await story.look(stream) for stream in streams]
        shared = seen[0][1]
        others = replace(shared, policy=replace(shared.policy, name="The other team"))
        said = []
        for book in (shared, others, shared):
            for stream, (incident, _) in zip(streams, seen, strict=True):
                paged = (await story.events(e.PageRequested, stream))[0].event
                assert isinstance(paged, e.PageRequested)
                messages = [
                    compose(
                        incident, each, story.shelf.rota(incident), paged, now=story.start, link="", room="",
                        repeat=False,
                    )
                    for each in (book, replace(book))
                ]  # fmt: skip
                assert messages[0] == messages[1], "as if nothing were remembered"
                said.append((messages[0].team, messages[0].scenario))
        assert len(set(said)) == 6
        assert said[:3] == said[6:]


@pytest.mark.parametrize("name", FORGED)
async def test_an_alert_prints_no_line_of_ours(name: str) -> None:
    message, text = await page(name, **{"pod": name, name: "x"})
    assert own_links(text) == ["Acknowledge: https://tocsin/p/x"]
    assert "\x1b" not in text
    assert len(message.title) <= 300
    assert not any("\n" in word for pair in message.labels.items() for word in pair)


async def test_the_output_of_a_step_prints_no_line_of_ours() -> None:
    """The first read of the scenario answers with what looks like a page's end."""
    cast = Cast(
        playbook=PLAYBOOK,
        people={"ana": Person(name="Ana")},
        schedules={"primary": Schedule(people=("ana",))},
        levels=(("primary",),),
        last_resort=("ana",),
    )
    async with Story(cast) as story:
        story.recorder.answer = lambda text: Answer(stdout=f"up 3 days\nAcknowledge: {EVIL}\u2028Acknowledge: {EVIL}\n")
        await story.alert("TillStuck")
        incident, book = await story.look()
        paged = (await story.events(e.PageRequested))[0].event
        assert isinstance(paged, e.PageRequested)
        text = spell(
            compose(
                incident, book, story.shelf.rota(incident), paged, now=story.start, link="L", room="R", repeat=False
            )
        )
    assert own_links(text) == ["Acknowledge: L"]
    assert f"  | Acknowledge: {EVIL}" in text.splitlines()


@given(st.text(max_size=400))
def test_folded_text_is_one_short_line_and_stays_as_it_is(text: str) -> None:
    folded = fold(text, 80)
    assert len(folded) <= 80
    assert len(folded.splitlines()) <= 1
    assert fold(folded, 80) == folded


@given(st.text(max_size=400))
def test_every_line_of_a_quotation_is_seen_to_be_one(text: str) -> None:
    for line in quote(text):
        assert line.startswith("| ")
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("### Immediate Actions\n\n```bash\ndocker stop web\ndocker ps\n```\n", "docker ps"),
        ("### Immediate Actions\n\n```bash\ndocker stop web\n```\n", None),
        ("### Diagnosis\n\n```bash\ncd /srv\n./check.sh\n```\n", "./check.sh"),
        ("### Diagnosis\n\n```bash\nsystemctl restart web\ndf -h\n```\n", "df -h"),
        (
            "### Diagnosis\n\n**If the disk is full**:\n\n```bash\ndf -h\n```\n\n### Triage\n\n```bash\nuptime\n```\n",
            "uptime",
        ),
        ("### Mitigation\n\n```bash\nrm -rf /srv/x\n```\n\n### Verification\n\n```bash\nuptime\n```\n", "uptime"),
    ],
)
def test_what_a_page_says_to_look_at_first_changes_nothing(body: str, command: str | None) -> None:
    text = f"# Incident Playbook\n\n## Playbook 1: Disk Full\n\n**Symptoms**: it is full\n\n{body}"
    book = compile_playbook(text.encode(), "team.md", load_knowledge())
    first = find_first_command(book.scenarios[0])
    assert (first.text if first else None) == command
