"""Which words of the playbook would reach nobody as the settings are: no room, tracker, conference or readers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.comms.cadence import SILENT
from tocsin.comms.settings import StatusPage
from tocsin.comms.tell import PAGE, list_told
from tocsin.incident.lack import Ground, Kind, Lack, Mend, Stated, add_mail, in_order, list_quoted, quote, state
from tocsin.incident.obligation import STATUS_PAGE, name_telling
from tocsin.pattern import compile_late
from tocsin.playbook.model import Playbook
from tocsin.words import Audience, RoomWish

CHAT = compile_late(r"\bslack\b|\bchat\b|#[a-z]", re.IGNORECASE)
BY_MAIL = compile_late(r"\be-?mails?\b", re.IGNORECASE)
MAILBOX = compile_late(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
WAYS = {
    Audience.USERS: "followers = true",
    Audience.FEED: "in_app = true",
    Audience.RELEASE_NOTES: 'file = "public/release-notes.md"',
    Audience.PARTNERS: 'mail = ["operators@example.org"]',
    Audience.STAKEHOLDERS: 'mail = ["heads@example.org"]',
}
"""How an audience is told, where nothing says how."""
TRACKERS = {
    "github": ('kind = "github"', 'repository = "owner/name"', 'token_file = "secrets/github"'),
    "jira": (
        'kind = "jira"',
        'url = "https://example.atlassian.net"',
        'project = "OPS"',
        'token_file = "secrets/jira"',
    ),
}
NO_ROOM = frozenset({RoomWish.WATCH, RoomWish.WITHOUT})


def find_comms_lacks(ground: Ground, page: StatusPage) -> Iterator[Lack]:
    """Everything of communications that lacks a setting; `page` is the team's status page."""
    policy, table = ground.policy, f"teams.{ground.policy.team}"
    if not policy.war_room:
        why = "The team has no chat, so nothing opens a room, and nothing is said in a channel."
        yield from _tell(
            ground, "room", why, _list_rooms(ground.playbook), Mend(table=table, lines=('war_room = "web"',))
        )
    if not policy.tickets:
        named = next((each.tracker for each in ground.playbook.tickets if each.tracker in TRACKERS), None) or "github"
        mends = (
            Mend(table=table, lines=(f"tickets = {quote(named)}",)),
            Mend(table=f"trackers.{named}", lines=TRACKERS[named]),
        )
        tickets = [state(each.line, each.text) for each in ground.playbook.tickets]
        yield from _tell(ground, "tickets", "The team has no tracker, so no ticket is made.", tickets, *mends)
    if not policy.bridge:
        bridges = [
            state(each.bridge_line or each.line, f"{each.id}: bridge {_spell(each.bridge_within_s)}")
            for each in ground.playbook.severities
            if each.bridge_within_s is not None
        ]
        mend = Mend(table=table, lines=('bridge = "https://meet.example.org/team"',))
        yield from _tell(
            ground, "bridge", "The team has no conference to open and to give the address of.", bridges, mend
        )
    yield from _find_audiences(ground, page)
    yield from _find_page(ground, page)


def _tell(ground: Ground, kind: Kind, why: str, duties: list[Stated], *mends: Mend) -> Iterator[Lack]:
    if duties:
        yield Lack(team=ground.policy.team, kind=kind, why=why, duties=in_order(duties), mends=mends)


def _spell(seconds: int) -> str:
    return f"within {seconds // 60} min" if seconds else "at once"


def _list_rooms(playbook: Playbook) -> list[Stated]:
    """What is to be in a room or a channel of the chat."""
    return [
        *(state(each.line, each.text) for each in playbook.rooms if each.what not in NO_ROOM),
        *(
            state(each.purpose_line or each.line, f"{each.name}: {each.purpose}")
            for each in playbook.channels
            if each.purpose and not each.dated
        ),
        *(
            state(each.page_via_line or each.line, f"{each.id}: {each.page_via}")
            for each in playbook.severities
            if each.page_via and CHAT.search(each.page_via)
        ),
        *(
            state(each.line, f"{', '.join(each.who)} ({', '.join(each.via)})")
            for each in playbook.escalation
            if any(CHAT.search(via) for via in each.via)
        ),
    ]


def _find_audiences(ground: Ground, page: StatusPage) -> Iterator[Lack]:
    policy = ground.policy
    for audience, duties in _list_audiences(ground.playbook).items():
        table, readers = f"teams.{policy.team}.audiences.{audience}", policy.audiences.get(audience)
        if audience is Audience.MEDIA:
            if not policy.media or readers is None:
                why = "Nobody may speak to the press, and no words reach whoever does."
                yield from _tell(ground, "audience", why, duties, *_let_speak(ground, table))
        elif readers is None:
            why = f"Words for {_name(audience)} are kept in the house: nothing says where they go."
            mends = (Mend(table=table, lines=(spell_way(audience, duties),)), *_need(ground, audience, duties))
            yield from _tell(ground, "audience", why, duties, *mends)
        elif readers.followers and not (policy.mail_channel or readers.mail or page.channel):
            by_mail = [each for each in duties if BY_MAIL.search(each.text)]
            why = "Those who follow the status page get no mail: the settings have no smtp channel."
            yield from _tell(ground, "audience", why, by_mail, *add_mail(policy))


def spell_way(audience: Audience, duties: Iterable[Stated]) -> str:
    """The setting by which an audience is told: with the mailbox that a line gives, where one does."""
    boxes = (found[0] for each in duties if (found := MAILBOX.search(each.text)) is not None)
    box = next(boxes, None) if WAYS[audience].startswith("mail") else None
    return f"mail = {list_quoted((box,))}" if box is not None else WAYS[audience]


def _list_audiences(playbook: Playbook) -> dict[Audience, list[Stated]]:
    """Who is to be told, beside responders and whoever reads the status page, with the lines."""
    found: dict[Audience, list[Stated]] = {}
    kinds = {name_telling(each): each for each in WAYS}
    for notice in playbook.notices:
        found.setdefault(notice.audience, []).append(state(notice.line, notice.text))
    for way in playbook.audience_ways:
        if way.audience in WAYS or way.audience is Audience.MEDIA:
            found.setdefault(way.audience, []).append(state(way.line, way.text))
    for kind, line, text in list_told(playbook):
        if kind in kinds:
            found.setdefault(kinds[kind], []).append(state(line, text))
    return {each: found[each] for each in Audience if each in found}


def _name(audience: Audience) -> str:
    return {Audience.FEED: "the in-app feed", Audience.RELEASE_NOTES: "the release notes"}.get(audience, audience)


def _need(ground: Ground, audience: Audience, duties: list[Stated]) -> tuple[Mend, ...]:
    """The channels that the lines for an audience take."""
    mails = audience in (Audience.PARTNERS, Audience.STAKEHOLDERS) or any(BY_MAIL.search(each.text) for each in duties)
    return add_mail(ground.policy) if mails else ()


def _let_speak(ground: Ground, table: str) -> tuple[Mend, ...]:
    speakers = ground.policy.media or (ground.example,)
    without = [each for each in speakers if each in ground.rota.people and not ground.rota.people[each].mail]
    return (
        Mend(table=f"teams.{ground.policy.team}", lines=(f"media = {list_quoted(speakers)}",)),
        Mend(table=table),
        *(Mend(table=f"people.{each}", lines=(f"mail = {quote(f'{each}@example.org')}",)) for each in without),
        *add_mail(ground.policy),
    )


def _find_page(ground: Ground, page: StatusPage) -> Iterator[Lack]:
    """The public status page, where nothing says how the public reaches it."""
    if page.url or page.export or ground.url:
        return
    playbook = ground.playbook
    duties = [
        *(state(each.line, f"{each.phase}: {each.text}") for each in playbook.status_duties),
        *(
            state(each.status_page_line or each.line, f"{each.id}: status page {each.status_page}")
            for each in playbook.severities
            if each.status_page not in (None, *SILENT)
        ),
        *(
            state(each.line, each.text)
            for each in playbook.audience_ways
            if each.audience is Audience.PUBLIC or PAGE.search(each.text)
        ),
        *(state(line, text) for kind, line, text in list_told(playbook) if kind == STATUS_PAGE),
    ]
    why = "The public does not reach the status page: the settings give no address for it, and no folder for copies."
    mend = Mend(table=f"teams.{ground.policy.team}.status", lines=('url = "https://status.example.org"',))
    yield from _tell(ground, "status_page", why, duties, mend)
