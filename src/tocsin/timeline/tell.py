"""A timeline for people: each event as one sentence, in the past tense, with who did it.

Ids of responders are given to `name`, which knows how a person is called; nothing here reads settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tocsin.timeline import events as e
from tocsin.timeline.pipe import tell_end
from tocsin.timeline.tell_calls import tell_calls
from tocsin.timeline.tell_chat import tell_chat
from tocsin.timeline.tell_delivery import tell_delivery
from tocsin.timeline.tell_privacy import tell_privacy
from tocsin.timeline.tell_recovery import tell_recovery
from tocsin.timeline.tell_reminded import tell_reminded
from tocsin.timeline.tell_shifts import tell_shifts
from tocsin.words import Audience, Hush

Name = Callable[[str], str]
MOST_LEFT = 2
MOST_NAMED = 5


def tell(event: e.Event, name: Name) -> str:
    """What the event says, as a sentence without a full stop."""
    for teller in TELLERS:
        said = teller(event, name)
        if said is not None:
            return said
    return event.kind.replace("_", " ")


def _readers(audiences: tuple[Audience, ...], status: str = "") -> str:
    """Who reads it, in words; the public with the status that it is told."""
    said = {
        Audience.RESPONDERS: "the responders",
        Audience.PUBLIC: f"the public ({status})" if status else "the public",
    }
    if Audience.PUBLIC in audiences:
        audiences = tuple(each for each in audiences if each is not Audience.RESPONDERS)
    names = [said.get(each, f"the {each.value.replace('_', ' ')}") for each in audiences]
    return " and ".join(names)


def _line(line: int | None) -> str:
    return f" (line {line})" if line else ""


def _because(text: str) -> str:
    return f": {text}" if text else ""


def _tell_opening(event: e.Event, name: Name) -> str | None:
    match event:
        case e.IncidentOpened(title=title, number=number, by=by, origin=origin, candidates=candidates):
            who = "An alert" if origin == "alert" else name(by)
            asked = f"; nobody knows whose it is, asked: {', '.join(candidates)}" if candidates else ""
            return f"{who} opened {number}: {title}{asked}"
        case e.AlertsJoined(alerts=alerts):
            return f"Alert {', '.join(alert.name or alert.fingerprint for alert in alerts)} fires"
        case e.AlertCleared(name=alert):
            return f"Alert {alert} cleared"
        case e.AlertFiredAgain(name=alert):
            return f"Alert {alert} fires again"
        case e.AlertFlaps(name=alert, times=times, within_s=within_s):
            how = f"it fired again {times} times within {within_s / 60:g} min"
            return f"Alert {alert} flaps: {how}; it stays in this incident and calls nobody anew"
        case e.AlertSteadied(name=alert, fires=fires):
            return f"Alert {alert} flaps no more: it {'keeps firing' if fires else 'stays clear'}"
        case e.AlertSilenced():
            return _tell_hush(event, name)
        case e.SilenceEnding(by=by, until=until, hush=hush):
            what = "maintenance" if hush is Hush.MAINTENANCE else "silence"
            return f"The {what} of {name(by)} ends at {until:%H:%M}: what still fires then pages"
        case e.AlertWentSilent(name=alert, until=until):
            return f"Alert {alert} was not repeated by {until:%H:%M:%S}: its source is silent, which is no all-clear"
        case e.AlertUnsilenced(name=alert, hush=hush):
            return f"Alert {alert} is no longer {HUSHED[hush]}, and fires"
        case e.ScenarioChosen(scenario=scenario, team=team, by=by):
            return f"{name(by)} chose the scenario {scenario} of {team}"
    return None


SHADOWED = "Shadow mode: decided and shown, not done."
"""Why a page of a team in shadow mode did not go out."""
HUSHED = {Hush.SILENCE: "silenced", Hush.MAINTENANCE: "under maintenance", Hush.INHIBITION: "inhibited"}


def _tell_hush(event: e.AlertSilenced, name: Name) -> str:
    by = event.by if event.hush is Hush.INHIBITION else name(event.by)
    until = f" until {event.until:%d %b %H:%M}" if event.until else ""
    return f"Alert {event.name} is {HUSHED[event.hush]} by {by}{until}{_because(event.comment)}"


def _tell_status(event: e.Event, name: Name) -> str | None:
    match event:
        case e.Declared(by=by):
            return f"{name(by)} declared it an incident"
        case e.Acknowledged(by=by, via=via):
            return f"{name(by)} acknowledged ({via})"
        case e.AcknowledgementExpired(by=by, quiet_s=quiet, why=said):
            whose = f" of {name(by)}" if by else ""
            why = f"nobody did anything for {quiet // 60} min while it fires" if quiet else said
            return f"The acknowledgement{whose} expired{_because(why)}"
        case e.SeveritySet(severity=severity, by=by, reason=reason):
            return f"{name(by)} set the severity to {severity or 'unclassified'}{_because(reason)}"
        case e.RoleTaken(role=role, responder=responder):
            return f"{name(responder)} is {role}"
        case e.DutyTicked(line=line, by=by, done=done):
            return f"{name(by)} {'did' if done else 'took back'} what stands on line {line}"
        case e.FixConfirmed(by=by, note=note):
            return f"{name(by)} has seen that the fix holds{_because(note)}"
        case e.CauseIdentified(text=text, by=by):
            return f"{name(by)} identified the cause: {text}"
        case e.Mitigated(by=by, note=note):
            return f"{name(by)}: the fix is in{_because(note)}"
        case e.Resolved(by=by, note=note):
            return f"{name(by)} resolved it{_how(event)}{_because(note)}"
        case e.Reopened(by=by, reason=reason):
            return f"{name(by)} reopened it{_because(reason)}"
        case e.Closed(by=by):
            return f"{name(by)} closed it"
        case e.Dismissed(by=by, reason=reason):
            return f"{name(by)} dismissed it{_because(reason)}"
        case e.Merged(into=into, by=by):
            return f"{name(by)} merged it into {into}"
    return None


def _how(event: e.Resolved) -> str:
    real, number = " as a false positive" * event.false_positive, Counter(event.uncleared).total() + event.others
    return f"{real} while {count_alerts(number)} had not cleared ({name_alerts(event.uncleared)})" if number else real


def count_alerts(number: int) -> str:
    """``1 alert``, ``2 alerts``."""
    return f"{number} alert{'s' if number != 1 else ''}"


def name_alerts(names: Sequence[str] | Mapping[str, int]) -> str:
    """Each name once with how often it stands (or is counted), the first few: ``NodeDown (3), DiskFull``."""
    found = [f"{name} ({times})" if times > 1 else name for name, times in Counter(names).items()]
    more = len(found) - MOST_NAMED
    return ", ".join(found[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _tell_words(event: e.Event, name: Name) -> str | None:
    match event:
        case e.NoteAdded(text=text, by=by):
            return f"{name(by)} noted: {text}"
        case e.UpdatePosted(text=text, by=by, audiences=audiences, status=status):
            return f"{name(by)} told {_readers(audiences, status)}: {text}"
        case e.UpdateWithheld(text=text, by=by, audiences=audiences, status=status):
            return f"{name(by)} would have told {_readers(audiences, status)}: {text} {SHADOWED}"
        case e.UpdateDrafted(by=by, audiences=audiences, text=text, line=line):
            return f"{name(by)} drafted words to {_readers(audiences)}{_line(line)}: {text}"
        case e.UpdateApproved(by=by, draft=draft, role=role):
            return f"{name(by)} approved draft {draft}{f' for {role}' if role else ''}"
        case e.UpdateDropped(by=by, draft=draft, reason=reason):
            return f"{name(by)} dropped draft {draft}{f': {reason}' if reason else ''}"
        case e.UpdateWithdrawn(by=by, update=update, reason=reason):
            return f"{name(by)} took back what was said in entry {update}: {reason}"
        case e.UpdateForbidden(by=by, line=line):
            return f"{name(by)} was kept from telling the public{_line(line)}"
        case e.ReportFiled(title=title, line=line, by=by, fields=fields):
            said = "; ".join(f"{label}: {value or 'not known'}" for label, value in fields.items())
            return f"{name(by)} filed {title}{_line(line)}{_because(said)}"
        case e.AnnouncementRequested(status=status):
            return f"The status page says {status}"
        case e.AnnouncementMade(followers=followers):
            return f"{followers} follower{'' if followers == 1 else 's'} of the status page will hear of it"
        case e.AnnouncementNotMade(why=why):
            return f"Nobody who follows the status page heard of it: {why}"
        case e.PostmortemSaved(by=by):
            return f"{name(by)} saved the post-mortem"
    return None


def _tell_steps(event: e.Event, name: Name) -> str | None:
    match event:
        case e.StepProposed(step=step, text=text, by=by):
            return f"{name(by)} typed step {step}: {text}"
        case e.StepApproved(step=step, by=by):
            return f"{name(by)} approved step {step}"
        case e.CommandLearned(pattern=pattern, effect=effect, by=by):
            return f"{name(by)} says that {pattern} is {effect}; the catalogue has it from now on"
        case e.ApprovalGiven(step=step, by=by, role=role):
            return f"{name(by)} approved step {step}{f' as {role}' if role else ''}, the first of two"
        case e.ApprovalLapsed(step=step, why=why):
            return f"Step {step} was not run: {why}"
        case e.StepForbidden(step=step, by=by, rule=rule):
            return f"Step {step} refused to {name(by)}. {rule}"
        case e.ValueHeld(blank=blank, source=source, value=value, takes=takes):
            return f"Not put into <{blank}>: {source} holds {value!r}. It takes {takes}"
        case e.StepSkipped(step=step, by=by, reason=reason):
            return f"{name(by)} left out step {step}{_because(reason)}"
        case e.StepDone(step=step, by=by, note=note, passed=False):
            return f"{name(by)} checked step {step}, and it does not hold{_because(note)}"
        case e.StepDone(step=step, by=by, note=note):
            return f"{name(by)} did step {step}{_because(note)}"
        case e.WayTaken(line=line, words=words, by=by, reason=reason):
            instead = f", not line {', '.join(map(str, event.instead))}" if event.instead else ""
            return f"{name(by)} took line {line} ({words}){instead}{_because(reason)}"
        case e.CheckEnded(step=step, check=check, passed=passed, attempts=attempts):
            not_on = f"; not on {event.not_on}" if event.not_on else ""
            said = "has passed" if passed else "has not passed"
            return f"Check {check} {said} after {attempts} looks at step {step}{not_on}"
        case e.ScenarioPursued(scenario=scenario, by=by, line=line, reason=reason):
            return f"{name(by)} goes on with {scenario} too{_line(line)}{_because(reason)}"
        case e.DoubtSettled(step=step, happened=happened, by=by):
            return f"{name(by)}: step {step} {'happened' if happened else 'did not happen'}"
        case e.StepRequested(step=step, text=text, by=by):
            return f"{'Running' if by == 'tocsin' else 'Running, approved by ' + name(by) + ','} step {step}: {text}"
        case e.StepStarted(step=step):
            return f"Step {step} started"
        case e.StepStopAsked(step=step, by=by, reason=reason):
            return f"{name(by)} stopped step {step}{_because(reason)}"
        case e.StepFinished(step=step, duration_s=seconds, why=why):
            silent = "" if event.stdout or event.stderr else ", printing nothing"
            return f"Step {step} {tell_end(event)} after {seconds:.1f} s{silent}{_because(why)}{_tell_left(event)}"
        case e.EvidenceOpened(sealed=sealed, by=by, reason=reason):
            return f"{name(by)} opened the sealed original {sealed[:12]}{_because(reason)}"
        case e.StepNotRun(step=step, why=why):
            return f"Step {step} was not run: {why}"
        case e.StepInDoubt(step=step, why=why):
            return f"Step {step} is in doubt: {why}"
    return _tell_barriers(event, name)


def _tell_barriers(event: e.Event, name: Name) -> str | None:
    match event:
        case e.BarrierCalled(step=step, operators=operators, countdown_s=seconds, by=by):
            asked = ", ".join(map(name, operators))
            return f"{name(by)} asked who is ready for step {step}: {asked}; then {seconds} s are counted down"
        case e.OperatorReady(step=step, by=by, where=where):
            return f"{name(by)} is ready for step {step}{f', at {where}' if where else ''}"
        case e.BarrierHeld(step=step, by=by, reason=reason):
            return f"Step {step} was held by {name(by)}{_because(reason)}"
        case e.CountdownBegun(step=step, go_at=go_at, where=where):
            at = f" at {where}" if where else ""
            return f"All are ready for step {step}{at}: it goes at {go_at:%H:%M:%S} UTC"
        case e.BarrierPassed(step=step, by_hand=by_hand):
            return f"Step {step}: {'everybody does it now' if by_hand else 'it goes on all targets now'}"
    return _tell_waits(event, name)


def _tell_waits(event: e.Event, name: Name) -> str | None:
    match event:
        case e.WaitBegun(step=step, until=until, by=by, watches=watches, look=look):
            does = "watches" if watches else f"waits for {look}, at most" if look else "waits"
            began = "" if by == "tocsin" else f", begun by {name(by)}"
            return f"Step {step} {does} until {until:%H:%M:%S} UTC{began}"
        case e.WaitEnded(step=step, by=by, reason=reason, passed=passed):
            how = "is over" if passed else "has not held"
            ended = "" if by == "tocsin" else f", ended by {name(by)}"
            return f"The wait of step {step} {how}{ended}{_because(reason)}"
    return None


def _tell_left(event: e.StepFinished) -> str:
    """The first files that it left in /tmp; where other steps ran beside it, only that they were written meanwhile."""
    if not event.left:
        return ""
    more = len(event.left) + event.more_left - MOST_LEFT
    named = ", ".join(each.path for each in event.left[:MOST_LEFT])
    files = f"{named}{f' and {more} more' if more > 0 else ''}"
    return f"; written while it and {tell_beside(event.beside)} ran: {files}" if event.beside else f"; it left {files}"


def tell_beside(steps: Sequence[str]) -> str:
    """The steps that ran beside another, the first few by name."""
    more = len(steps) - MOST_LEFT
    return ", ".join(steps[:MOST_LEFT]) + (f" and {more} more" if more > 0 else "")


def _duty(event: e.ObligationLate | e.ObligationDropped | e.ObligationMet | e.ObligationWaived) -> str:
    """The duty in its own words with its line; by its key where nobody knows them any more."""
    return f"{event.words or _spell_key(event.key)}{_line(event.line)}"


def _spell_key(key: str) -> str:
    """``update:2`` → ``Update 2``, ``review:212`` → ``Review (line 212)``."""
    duty, _, number = key.replace("_", " ").partition(":")
    of = _line(int(number)) if duty == "review" and number.isdecimal() else f" {number}" if number else ""
    return f"{duty[:1].upper()}{duty[1:]}{of}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _tell_duties(event: e.Event, name: Name) -> str | None:
    match event:
        case e.ObligationArmed(what=what, due_at=due_at, line=line):
            return f"Due by {due_at:%d %b %H:%M:%S}: {what}{_line(line)}"
        case e.ObligationLate(due_at=due_at):
            return f"Late: {_duty(event)}{f', due {_clock(due_at)}' if due_at else ''}"
        case e.ObligationDropped(why=why):
            return f"No longer owed: {_duty(event)}; {why}"
        case e.ObligationMet(by=by, note=note):
            return f"{name(by)} met: {_duty(event)}{_because(note)}"
        case e.ObligationWaived(by=by, reason=reason):
            return f"{name(by)} waived: {_duty(event)}{_because(reason)}"
        case e.ProhibitionLifted(line=line, by=by, reason=reason):
            return f"{name(by)} lifted the prohibition{_line(line)}{_because(reason)}"
        case e.PlaybookActivated(digest=digest, by=by):
            return f"{name(by)} activated the playbook {digest[:12]}"
        case e.AccessNoted(what=what, person=person, by=by, detail=detail):
            who = "" if by == person else f", by {name(by)}"
            return f"{name(person)}: {what}{who}{_because(detail)}"
        case e.FreezeSet(on=on, by=by, reason=reason):
            return f"{name(by)} {'froze' if on else 'unfroze'} what runs by itself{_because(reason)}"
        case e.SilenceSet(by=by, matchers=matchers, ends_at=until, comment=comment, hush=hush):
            what = ", ".join(map(str, matchers)) or "everything of the team"
            put = "silenced" if hush is Hush.SILENCE else "put under maintenance:"
            return f"{by} {put} {what} until {until:%d %b %H:%M}{_because(comment)}"
        case e.ChangeSeen(summary=summary, source=source):
            return f"{source or 'Somebody'} changed something: {summary}"
        case e.OtherPagerActed(pager=pager, incident=incident, what=what, title=title):
            return f"{pager} {what} its incident {incident}{_because(title)}"
        case e.InhibitorsFired(alerts=alerts):
            return f"{name_alerts([alert.name for alert in alerts])} fires, and inhibits others"
        case e.InhibitorsCleared(alerts=alerts):
            return f"{name_alerts([alert.name for alert in alerts])} inhibits no others any more"
        case e.SilenceExpired(silence=silence):
            return f"Silence {silence} was ended"
    return None


TELLERS = (
    _tell_opening, _tell_status, _tell_words, tell_chat, tell_delivery, tell_privacy, tell_calls, _tell_steps,
    _tell_duties, tell_reminded, tell_recovery, tell_shifts,
)  # fmt: skip
