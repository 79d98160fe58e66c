"""Which calls of the playbook would reach nobody as the settings are: names without people, people without a channel,
a means that nobody has, turns that nobody takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tocsin.incident.book import TeamPolicy
from tocsin.incident.lack import (
    MAIL,
    Ground,
    Lack,
    Mend,
    Stated,
    add_mail,
    in_order,
    list_quoted,
    map_role,
    quote,
    state,
)
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Layer, Schedule
from tocsin.page.means import find_address, find_channel_means, read_means
from tocsin.playbook.model import Escalation, Handoff, Playbook
from tocsin.words import Means

MOST_NAMED = 5
URL = 'url = "https://tocsin.example.org"'
TWILIO = (
    'kind = "twilio"',
    'account = "AC00000000000000000000000000000000"',
    'sender = "+15550100"',
    'token_file = "secrets/twilio"',
)
"""What rings and what sends SMS, but for which of the two."""


def find_page_lacks(ground: Ground) -> Iterator[Lack]:
    """Everything of paging that lacks a setting."""
    policy, called = ground.policy, _list_called(ground.playbook)
    unknown = ground.rota.find_unknown(called)
    for name in (each for each in called if each in unknown):
        yield Lack(
            team=policy.team,
            kind="names",
            why=f"{name} means nobody: no role, schedule or person of the settings has that name.",
            duties=in_order(called[name]),
            mends=(map_role(f"teams.{policy.team}.roles", name, ground.example),),
        )
    planned: dict[str, tuple[str, ...]] = {}
    yield from _find_unreached(ground, {name: called[name] for name in called if name not in unknown}, planned)
    yield from _find_without_means(ground, planned)
    yield from _find_mailboxes(ground)
    yield from _find_unrotated(ground.playbook, policy, ground.rota)


def _find_mailboxes(ground: Ground) -> Iterator[Lack]:
    """Mailboxes of the playbook that nothing can be written to."""
    boxes = [(each, find_address(each.via)) for each in ground.playbook.escalation if find_address(each.via)]
    if boxes and not ground.policy.mail_channel:
        named = ", ".join(dict.fromkeys(box for _, box in boxes))
        yield Lack(
            team=ground.policy.team,
            kind="mailbox",
            why=f"Nothing can be written to {named}: the settings have no smtp channel.",
            duties=in_order(state(each.line, _tell(each)) for each, _ in boxes),
            mends=add_mail(ground.policy),
        )


def _list_called(playbook: Playbook) -> dict[str, list[Stated]]:
    """The names by which the playbook has people called or told, with the lines; of two spellings the first."""
    found: dict[str, list[Stated]] = {}
    spelt: dict[str, str] = {}

    def add(names: Iterable[str], line: int, text: str) -> None:
        for name in names:
            found.setdefault(spelt.setdefault(name.casefold(), name), []).append(state(line, text))

    for severity in playbook.severities:
        add(severity.page, severity.page_line or severity.line, f"{severity.id}: page {', '.join(severity.page)}")
        add(severity.tell, severity.tell_line or severity.line, f"{severity.id}: tell {', '.join(severity.tell)}")
    for each in playbook.escalation:
        add(each.who, each.line, _tell(each))
    return found


def _tell(escalation: Escalation) -> str:
    via = f" ({', '.join(escalation.via)})" if escalation.via else ""
    level = f"level {escalation.level}: " if escalation.level is not None else ""
    return f"{level}{', '.join(escalation.who)}{via}"


def _find_unreached(
    ground: Ground, called: Mapping[str, list[Stated]], planned: dict[str, tuple[str, ...]]
) -> Iterator[Lack]:
    """The duties to call somebody of whose people none can be reached, together for the same people; `planned` gets
    the channels that the lines give to them.
    """
    policy, rota, reach = ground.policy, ground.rota, ground.reach
    found: dict[tuple[str, ...], list[Stated]] = {}
    for name, duties in (*called.items(), *_list_first(ground.playbook, rota)):
        people = tuple(sorted(rota.behind(name)))
        if people and all(reach(person) for person in people):
            found.setdefault(people, []).extend(duties)
    for people, stated in found.items():
        planned |= dict.fromkeys(people, (policy.mail_channel or MAIL[0],))
        why = " ".join(f"{person} {reach(person)}." for person in people[:MOST_NAMED])
        yield Lack(
            team=policy.team,
            kind="reach",
            why=f"{why} No page reaches {'them' if len(people) == 1 else 'any of them'}.",
            duties=in_order(stated),
            mends=(*(_give(person, planned[person], "mail", rota) for person in people), *add_mail(policy)),
        )


def _list_first(playbook: Playbook, rota: Rota) -> Iterator[tuple[str, list[Stated]]]:
    """Whoever the ladder calls, and whoever is told when nobody else can be: all response times are theirs."""
    answered = [
        state(each.response_line or each.line, f"{each.id}: somebody takes it in time") for each in playbook.severities
    ]
    if answered:
        names = (*(name for level in rota.staffing.levels for name in level), *rota.staffing.last_resort)
        yield from ((name, answered) for name in dict.fromkeys(names))


def _find_without_means(ground: Ground, planned: dict[str, tuple[str, ...]]) -> Iterator[Lack]:
    """Levels that are to be called, or written to, on a way that none of their people has; chat is not asked here."""
    policy, rota = ground.policy, ground.rota
    wanted: dict[tuple[Means, tuple[str, ...]], list[Escalation]] = {}
    for each in ground.playbook.escalation:
        means = read_means(each.via)
        if means is None or means is Means.CHAT or find_address(each.via):
            continue
        people = rota.behind_all(each.who)
        channels = {channel for who in people for channel in planned.get(who, rota.channels(who))}
        if people and means not in {find_channel_means(channel, policy.means) for channel in channels}:
            wanted.setdefault((means, people), []).append(each)
    for (means, people), escalations in wanted.items():
        named = ", ".join(people[:MOST_NAMED])
        yield Lack(
            team=policy.team,
            kind="means",
            why=f"The playbook wants {'a' if means is not Means.MAIL else ''} {means}".replace("  ", " ")
            + f", and no channel of {named} is one: another is used.",
            duties=in_order(state(each.line, _tell(each)) for each in escalations),
            mends=_give_means(means, people, ground, planned),
        )


def _give_means(
    means: Means, people: tuple[str, ...], ground: Ground, planned: dict[str, tuple[str, ...]]
) -> tuple[Mend, ...]:
    known = next((name for name, each in ground.policy.means.items() if each is means), "")
    channel = known or str(means)
    for person in people:
        planned[person] = tuple(dict.fromkeys((*planned.get(person, ground.rota.channels(person)), channel)))
    field = "mail" if means is Means.MAIL else "phone"
    mends = tuple(_give(person, planned[person], field, ground.rota) for person in people)
    if known:
        return mends
    if means is Means.MAIL:
        return (*mends, *add_mail(ground.policy))
    if means is Means.PUSH:
        return (*mends, Mend(table=f"channels.{channel}", lines=('kind = "ntfy"', 'topics_file = "secrets/ntfy"')))
    url = () if ground.url.startswith("https://") else (Mend(table="server", lines=(URL,)),)
    return (*mends, Mend(table=f"channels.{channel}", lines=(*TWILIO, f"way = {quote(means)}")), *url)


def _give(person: str, channels: tuple[str, ...], field: str, rota: Rota) -> Mend:
    """Channels for somebody, with the address that the last one needs, where they have none."""
    example = f"{person}@example.org" if field == "mail" else "+15550100"
    address = () if getattr(rota.people[person], field) else (f"{field} = {quote(example)}",)
    return Mend(table=f"people.{person}", lines=(*address, f"channels = {list_quoted(channels)}"))


def _find_unrotated(playbook: Playbook, policy: TeamPolicy, rota: Rota) -> Iterator[Lack]:
    """Turns that change hands at a time at which no schedule does."""
    schedules = rota.staffing.schedules
    for each in playbook.rotations:
        handoff = each.handoff
        if handoff is None or not schedules or any(_hands_over(one, handoff) for one in schedules.values()):
            continue
        spelt = f"{handoff.weekday} {handoff.time}"
        lines = ('rotation = "weekly"', f"handoff = {quote(spelt)}")
        yield Lack(
            team=policy.team,
            kind="rotation",
            why=f"No schedule of the settings changes hands on {spelt}.",
            duties=(state(each.line, f"{each.title}: hands over on {spelt}"),),
            mends=(Mend(table=f"teams.{policy.team}.schedules.{next(iter(schedules))}", lines=lines),),
        )


def _hands_over(schedule: Schedule, handoff: Handoff) -> bool:
    """Whether a schedule does; whose shifts are kept elsewhere is not asked."""
    spelt = f"{handoff.weekday} {handoff.time}".casefold()
    layers: tuple[Schedule | Layer, ...] = (schedule, *schedule.layers)
    turns = any(each.rotation != "none" and each.handoff.casefold() == spelt for each in layers)
    return turns or bool(schedule.ics or schedule.pagerduty)
