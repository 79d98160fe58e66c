"""What `tocsin init` leaves to the team: settings without which a duty of the playbook cannot be kept, as comments.

Each stands with the line of the playbook that wants it. Nothing is on by itself: where words go, and what a chat, a
tracker or a conference is called, only the team knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tocsin.comms.lacking import MAILBOX
from tocsin.playbook.model import Playbook
from tocsin.timeline.line import fold
from tocsin.words import Audience, RoomWish

MOST_TEXT = 70
EXAMPLES = {
    Audience.USERS: "followers = true  # those who follow the status page",
    Audience.FEED: "in_app = true  # the application shows /status/TEAM/feed.json",
    Audience.RELEASE_NOTES: 'file = "public/release-notes.md"',
    Audience.PARTNERS: 'mail = ["operators@example.org"]',
    Audience.STAKEHOLDERS: 'mail = ["heads@example.org"]',
    Audience.MEDIA: "# nothing here: the text goes by mail to the people in `media`",
}


class Stated(Protocol):
    """Something that stands on a line of the playbook."""

    @property
    def line(self) -> int:
        """Where it stands."""

    @property
    def text(self) -> str:
        """What it says."""


def list_wanted(source: str, playbook: Playbook) -> Iterator[str]:
    """The commented settings of the team's own table."""
    room = next((each for each in playbook.rooms if each.what is RoomWish.OPEN), None)
    if room is not None:
        yield f'# war_room = "web"  # {_cite(source, room)}'
    if playbook.tickets:
        yield f'# tickets = "github"  # a [trackers.github] (docs/tickets.md); {_cite(source, playbook.tickets[0])}'
    bridge = next((each for each in playbook.severities if each.bridge_within_s is not None), None)
    if bridge is not None:
        where = f"{source}:{bridge.bridge_line or bridge.line} wants a bridge at {fold(bridge.id)}"
        yield f'# bridge = "https://meet.example.org/team"  # {where}'
    media = next((each for each in playbook.audience_ways if each.audience is Audience.MEDIA), None)
    if media is not None:
        yield f'# media = ["oncall"]  # who speaks to the press; {_cite(source, media)}'
    yield "# acknowledgement_good_for_s = 1800  # after so long without a sign of life it counts as not taken"
    yield '# shadow_readers = ["oncall"]  # who may read what the shadow mode would have done'


def list_wanted_tables(team: str, source: str, playbook: Playbook) -> Iterator[str]:
    """The commented tables of a team: who may play roles, where words go, how people are reminded."""
    demanding = [each for each in playbook.roles if each.demands]
    if demanding:
        yield f"# [teams.{team}.eligible]  # who may play a role: people, or roles of the settings"
        yield from (f'# {_quote(each.title)} = ["oncall"]  # {_cite(source, each.demands[0])}' for each in demanding)
        yield ""
    stated: dict[Audience, Stated] = {}
    for notice in playbook.notices:
        stated.setdefault(notice.audience, notice)
    for way in playbook.audience_ways:
        stated.setdefault(way.audience, way)
    for audience, example in EXAMPLES.items():
        if audience in stated:
            yield f"# [teams.{team}.audiences.{audience}]  # {_cite(source, stated[audience])}"
            yield f"# {(_take_box(stated[audience]) if example.startswith('mail') else '') or example}"
            yield ""
    yield f"# [teams.{team}.reminders]  # whoever owes a duty is told of it; docs/obligations.md has the rules"
    yield "# times = 3"
    yield "# escalate_at = 2"
    yield ""


def _take_box(stated: Stated) -> str:
    """The setting with the mailbox that a line gives; empty where it gives none."""
    found = MAILBOX.search(stated.text)
    return f"mail = [{_quote(found[0])}]" if found is not None else ""


def _cite(source: str, stated: Stated) -> str:
    return f"{source}:{stated.line}: {fold(stated.text, MOST_TEXT)}"


def _quote(text: str) -> str:
    flat = fold(text, MOST_TEXT).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{flat}"'
