"""The page planner: who is called now, and when it must be asked again.

Nobody is skipped silently: a demand that finds nobody is written down as such, moves on to the next rung at once, and
calls the last resort. After an outage each demand that fell due is made once, with how late it comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.incident.book import Book
from tocsin.incident.calling import Call
from tocsin.incident.deadline import find_deadline
from tocsin.incident.ledger import Wanted, settle
from tocsin.incident.obligation import ACKNOWLEDGE
from tocsin.incident.plan import NOTHING, Happening, Plan, join
from tocsin.incident.state import Incident
from tocsin.oncall.outsider import CONTACT
from tocsin.oncall.rota import Rota
from tocsin.page.attempt import Attempts
from tocsin.page.clocks import Clocks, read_clocks
from tocsin.page.expiry import find_expiry
from tocsin.page.flap import find_flaps
from tocsin.page.hush import find_hush
from tocsin.page.ladder import Demand, Rung, place_rungs
from tocsin.page.office import DUTIES, find_handover, find_office_duties
from tocsin.page.ordered import BOX
from tocsin.page.outside import goes_on_outside, plan_outside
from tocsin.page.remind import is_quieted
from tocsin.page.sharing import plan_sharing
from tocsin.timeline.events import LevelJoined, PagePutOff, PageRequested
from tocsin.timeline.tell import HUSHED
from tocsin.words import Hush, Means, PageState, Status

CALLING = frozenset({Status.TRIAGE, Status.ACTIVE, Status.ACKNOWLEDGED, Status.MONITORING})
OWED = frozenset({ACKNOWLEDGE}) | DUTIES
WAITED = "it waited for the end of their quiet hours"
LATE_S = 30
"""What is noticed so much after its time is said to be late (a tick takes a quarter of a second)."""


def plan(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    """The calls that are due at `now`, the duty to acknowledge, and when the next of either is due.

    Asked again with what it answered in force it would have nothing to add, and the same to say of the next moment.
    """
    if incident.status is Status.CLOSED:
        return plan_sharing(incident, book, now) if book.policy.sharing else NOTHING
    outside = plan_outside(incident, book, rota, now)
    calls = _plan_calls(incident, book, rota, now)
    calls = join((outside, calls)) if outside.events else calls
    return join((plan_sharing(incident, book, now), calls)) if book.policy.sharing else calls


def _plan_calls(incident: Incident, book: Book, rota: Rota, now: datetime) -> Plan:
    clocks = read_clocks(incident, book)
    office = find_office_duties(incident, book, clocks)
    if incident.status not in CALLING:
        return settle(incident, office, OWED, now)
    ledger = settle(incident, (*_acknowledgement(incident, book, rota, clocks), *office), OWED, now)
    hush = find_hush(incident, book, now)
    if hush.events:
        return join((ledger, hush))
    flaps = find_flaps(incident, book, now)
    if flaps.events:
        return join((ledger, hush, flaps))
    expiry = find_expiry(incident, book, clocks, now)
    if expiry.events:
        return join((ledger, hush, flaps, expiry))
    calls = _Calls(incident, book, rota, clocks, now)
    ahead = _join(incident, book, rota, clocks, calls)
    repeats = _repeat(incident, rota, calls)
    _relieve(incident, book, rota, calls)
    _stand_in(incident, rota, calls)
    _inform(incident, rota, clocks, calls)
    late = _tell_late(incident, calls)
    wakes = (ledger.wake, hush.wake, flaps.wake, expiry.wake, ahead, repeats, late, calls.ahead)
    ahead = min([wake for wake in wakes if wake is not None], default=None)
    handover = find_handover(incident, book, rota, now)
    return Plan((*ledger.events, *calls.events, *handover.events), ahead)


def _acknowledgement(incident: Incident, book: Book, rota: Rota, clocks: Clocks) -> Iterator[Wanted]:
    severity = book.paging_severity(incident)
    since = incident.severity_at or incident.started_at
    if severity is None:
        due = since + timedelta(seconds=clocks.within or 0)
    else:
        found = find_deadline(severity.response, clocks.within, since, rota.working)
        if found is None:
            return
        due = found
    key = "acknowledge" if not incident.reopened else f"acknowledge:{incident.reopened + 1}"
    what = "Acknowledge it" if incident.severity else "Acknowledge it (unclassified: as the worst)"
    line = (severity.response_line or severity.line) if severity else None
    yield Wanted(key=key, duty=ACKNOWLEDGE, what=what, due_at=due, owner="on-call", line=line)


def find_answer(incident: Incident, page: PageRequested, seq: int) -> str:
    """Why a page that was decided, as entry `seq`, need not go out any more; empty while it must."""
    if page.duties:
        return _find_kept(incident, page, seq)
    if page.responder.startswith(CONTACT):
        return "the incident is closed by now" if incident.status is Status.CLOSED else ""
    if incident.status not in CALLING:
        return f"the incident is {incident.status} by now"
    if incident.is_hushed and (incident.is_barred or page.line not in incident.asked):
        return f"{HUSHED[incident.hush or Hush.SILENCE]} meanwhile"
    if page.informs:
        return ""
    call = incident.calls.get(page.responder)
    if call is not None and call.answered_at is not None:
        return "answered meanwhile"
    return "paged again meanwhile" if call is not None and call.intent > seq else ""


def _find_kept(incident: Incident, page: PageRequested, seq: int) -> str:
    """Why a reminder need not go out: what it reminds of is done, waived or not owed by now, or all is hushed; or they
    were reminded anew since, or it has another time.
    """
    if is_quieted(incident):
        return f"{HUSHED[incident.hush or Hush.SILENCE]} meanwhile"
    duties = [incident.obligations.get(key) for key in page.duties]
    still = [each for each in duties if each is not None and each.is_open]
    if not still:
        return "nothing of it is owed any more"
    if not any(each.turn for each in still):
        return "it has another time by now"
    newest = all(not each.turn or each.heard.get(page.responder, 0) > seq for each in still)
    return "reminded again meanwhile" if newest else ""


def goes_on(
    incident: Incident, page: PageRequested, channels: Sequence[str], hopeful: Collection[str], *, tried: bool
) -> bool:
    """Whether a page whose channel takes nothing now has failed, so that the responder's next channel is asked.

    It has if it was `tried` and not each of their `channels` has failed since the last that took a page, and wherever
    another of them is `hopeful`. Otherwise there is no better way, and it waits for this one; as does what only tells,
    which has asked the others itself (`list_detours`).
    """
    call = incident.calls.get(page.responder)
    if page.responder.startswith(CONTACT):
        return goes_on_outside(incident, page, channels, hopeful, tried=tried)
    if page.informs or call is None:
        return False
    fresh = tried and call.failures < len(channels)
    return fresh or any(each in hopeful and each != page.channel for each in channels)


def list_detours(page: PageRequested, channels: Sequence[str], sharing: Collection[str]) -> tuple[str, ...]:
    """The other channels that a page which only tells may go by: the next stronger one first, then the weaker ones.
    Never another pager (`sharing`), where a word would be an alert that nobody ends.
    """
    at = channels.index(page.channel) + 1 if page.channel in channels else 0
    return tuple(
        each for each in (*channels[at:], *reversed(channels[:at])) if each != page.channel and each not in sharing
    )


class _Calls:
    """The pages decided in this plan; nobody is paged twice in it. `ahead` is when the first of them is repeated.

    It `goes_round` where somebody is called again who has not answered. Whoever is `gone` has left the settings since.
    """

    def __init__(self, incident: Incident, book: Book, rota: Rota, clocks: Clocks, now: datetime) -> None:
        self.incident, self.book, self.rota, self.clocks, self.now = incident, book, rota, clocks, now
        self.attempts = Attempts(incident, book, rota, clocks)
        self.events: list[Happening] = []
        self.paged: set[str] = set()
        self.informed: set[str] = set()
        self.ahead: datetime | None = None
        self.goes_round = False
        self.gone: list[Call] = []

    def page(self, responder: str, why: str, line: int | None, late_s: int, channel: str, turn: int) -> None:
        """Page somebody, or put it off to the end of their quiet hours. What was put off before says that it waited."""
        if responder in self.paged:
            return
        self.paged.add(responder)
        until = self.attempts.ways.quiet_until(responder, self.now, line)
        if until is not None:
            self.events.append(PagePutOff(responder=responder, channel=channel, until=until, why=why, line=line))
            self._wake(until)
            return
        before = self.incident.calls.get(responder)
        waited = before is not None and before.answered_at is None and has_waited(before)
        self.events.append(
            PageRequested(
                responder=responder, channel=channel, round=turn, why=why, line=line, late_s=late_s, waited=waited
            )
        )
        again = self.attempts.wait_after_round(responder, channel, turn)
        if again is not None and not self._is_held(line):
            self._wake(self.now + timedelta(seconds=again))

    def _wake(self, at: datetime) -> None:
        self.ahead = min(self.ahead or at, at)

    def _is_held(self, line: int | None) -> bool:
        """Whether a hush would keep the next page of that line from going out."""
        return self.incident.is_barred or (self.incident.is_hushed and line not in self.incident.asked)

    def start(self, responder: str, demand: Demand, late_s: int) -> None:
        """Begin to call somebody; whoever has answered is left in peace.

        Whom a rung would call is being called already; but an escalation of the playbook is a new reason, and says so.
        """
        before = self.incident.calls.get(responder)
        if responder in (self.incident.acknowledged_by, before.answered_by if before else None):
            return
        first = self.attempts.choose_first(responder, demand.by)
        if before is None or before.answered_at is not None:
            self.page(responder, demand.why, demand.line, late_s, first, 1)
        elif demand.is_escalation:
            again = first if demand.by is not None else self.attempts.choose_next(before)
            self.page(responder, demand.why, demand.line, late_s, again, before.round + 1)

    def inform(self, responder: str, why: str, line: int | None, by: Means | None) -> None:
        """Tell somebody once, unless they are paged anyway. A repeat still comes in its time."""
        if responder in self.paged or responder in self.informed:
            return
        self.informed.add(responder)
        self.tell(responder, why, line, self.attempts.choose_first(responder, by))

    def tell(self, responder: str, why: str, line: int | None, channel: str = "") -> None:
        """One word that wants no answer, put off in quiet hours."""
        told = self.attempts.ways.tell(responder, why, line, self.now, channel)
        self.events.append(told)
        if isinstance(told, PagePutOff):
            self._wake(told.until)


def _join(incident: Incident, book: Book, rota: Rota, clocks: Clocks, calls: _Calls) -> datetime | None:
    """Call in every demand that is due; the earliest that is not is the answer. A silence holds all but a person's, a
    maintenance window holds that too.
    """
    hurried, hushed, barred = False, incident.is_hushed, incident.is_barred
    joined = set(incident.joined)  # a level that is due for two reasons joins once
    if barred:
        return None
    for due, rung in place_rungs(incident, book, rota.staffing, clocks):
        if rung.key in joined or (hushed and rung.line not in incident.asked):
            continue
        if due > calls.now and not (hurried and rung.is_level):
            return due
        joined.add(rung.key)
        anybody = _call_in(rung.fall_due(due), rota, calls)
        if rung.mailbox:
            _write_to(rung, book.policy.mail_channel, rota, calls)
        hurried = not anybody if rung.is_level else hurried
    return None


def _call_in(demand: Demand, rota: Rota, calls: _Calls) -> bool:
    """Call a demand's people; whether there was anybody."""
    late = int((calls.now - demand.due).total_seconds())
    late_s = late if late > LATE_S else 0
    found = rota.answer_all(demand.who, calls.now)
    calls.events.append(
        LevelJoined(key=demand.key, who=demand.who, responders=found, why=demand.why, line=demand.line, late_s=late_s)
    )
    called = found or rota.answer_all(rota.staffing.last_resort, calls.now)
    alone = demand if found else msgspec.structs.replace(demand, why=f"nobody answers to {', '.join(demand.who)}")
    for responder in called:
        if demand.informs:
            calls.inform(responder, alone.why, alone.line, alone.by)
        else:
            calls.start(responder, alone, late_s)
    return bool(found)


def _write_to(rung: Rung, channel: str, rota: Rota, calls: _Calls) -> None:
    """Write once to a mailbox that the playbook gives; one that is a person's own is that person, who is called."""
    owners = [name for name, each in rota.people.items() if each.mail.casefold() == rung.mailbox.casefold()]
    for owner in owners:
        calls.start(owner, rung.fall_due(calls.now), 0)
    if channel and not owners:
        box = f"{BOX}{rung.line}"
        calls.events.append(
            PageRequested(responder=box, channel=channel, round=1, why=rung.why, line=rung.line, informs=True)
        )


def _repeat(incident: Incident, rota: Rota, calls: _Calls) -> datetime | None:
    """Page again whoever has not answered and whose time has come; the next such moment is the answer."""
    ahead: list[datetime] = []
    hushed, barred = incident.is_hushed, incident.is_barred
    for call in incident.calls.values():
        due = calls.attempts.find_next_page(call, incident.resumed_at, calls.now)
        if due is None or call.responder in calls.paged or barred or (hushed and call.line not in incident.asked):
            continue
        if due > calls.now:
            ahead.append(due)
            continue
        calls.goes_round = True
        if call.responder not in rota.people and not call.responder.startswith(CONTACT):
            calls.gone.append(call)
            continue
        channel = calls.attempts.choose_next(call)
        calls.page(call.responder, _why_again(call), call.line, 0, channel, call.round + 1)
    return min(ahead, default=None)


def _relieve(incident: Incident, book: Book, rota: Rota, calls: _Calls) -> None:
    """Whoever has come on duty since a rung joined is called as soon as those who had it then are called again.

    Of those who were called before, whose call has ended though nobody has acknowledged: a yes taken back ended it.
    """
    if not calls.goes_round or incident.acknowledged_at is not None or incident.is_hushed or incident.is_barred:
        return
    for due, rung in place_rungs(incident, book, rota.staffing, calls.clocks):
        if rung.key not in incident.joined or rung.informs or not rung.is_of_duty:
            continue
        demand = msgspec.structs.replace(rung.fall_due(due), why=f"{rung.why}, on duty by now")
        for responder in rota.answer_all(rung.who, calls.now):
            call = incident.calls.get(responder)
            if call is None or call.answered_at is not None:
                calls.start(responder, demand, 0)


def _stand_in(incident: Incident, rota: Rota, calls: _Calls) -> None:
    """The last resort is called where all who were being called have left the settings, and nobody else is called."""
    if not calls.gone or calls.paged or incident.acknowledged_at is not None:
        return
    if any(each.answered_at is None and each.responder in rota.people for each in incident.calls.values()):
        return
    why = f"nobody else is called: {', '.join(each.responder for each in calls.gone)} left the settings"
    demand = Demand(key="", due=calls.now, why=why, who=(), line=calls.gone[0].line)
    for responder in rota.answer_all(rota.staffing.last_resort, calls.now):
        calls.start(responder, demand, 0)


def _tell_late(incident: Incident, calls: _Calls) -> datetime | None:
    """Tell people in one go what was put off in their quiet hours; when the next of these end is the answer."""
    ahead: list[datetime] = []
    ways, held = calls.attempts.ways, incident.is_hushed or incident.is_barred
    for responder, put_off in incident.put_off.items():
        told, until = [each for each in put_off if not each.page], ways.quiet_until(responder, calls.now, None)
        if told and until is not None:
            ahead.append(until)
        elif told and responder not in calls.paged and not held:
            calls.informed.add(responder)
            why = f"{'; '.join(dict.fromkeys(each.why for each in told))}; {WAITED}"
            page = PageRequested(responder=responder, channel=ways.channels(responder)[0], round=1, why=why,
                                 line=told[-1].line, informs=True, waited=True)  # fmt: skip
            calls.events.append(page)
    return min(ahead, default=None)


def _inform(incident: Incident, rota: Rota, clocks: Clocks, calls: _Calls) -> None:
    """Whoever has it is told once that a source has gone silent: what is not heard of any more may pass for an end."""
    if not incident.silent or incident.informed or incident.acknowledged_at is None:
        return
    if clocks.quiet or incident.is_hushed:
        return
    names = ", ".join(
        dict.fromkeys(incident.alerts[key].seen.name for key in incident.silent if key in incident.alerts)
    )
    why = f"nothing is heard of {names} any more; its source is silent, which is no all-clear"
    first = rota.staffing.levels[0] if rota.staffing.levels else rota.staffing.last_resort
    known = incident.acknowledged_by in rota.people
    for responder in (incident.acknowledged_by,) if known else rota.answer_all(first, calls.now):
        calls.tell(responder or "", why, None)


def has_waited(call: Call) -> bool:
    """Whether a call was put off and no channel has taken it since."""
    return call.state is PageState.PUT_OFF or (call.waited and call.state in (PageState.REQUESTED, PageState.FAILED))


def _why_again(call: Call) -> str:
    if call.state is PageState.PUT_OFF:
        return f"{call.why}; {WAITED}"
    return f"{call.channel} did not take it" if call.state is PageState.FAILED else "no answer yet"
