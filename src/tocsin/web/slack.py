"""What people ask from Slack: the same verbs as on screen, decided by the same rules, in the name of the same people.

A Slack user is whoever the settings say; a stranger may look and never acts. What is asked by command, button or form
is carried out by `Acts`, as a request over HTTP would be, and what came of it is told to whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from tocsin.comms.room_text import write_status
from tocsin.engine.contracts import Card
from tocsin.errors import NotFound, OutsideError, UserError
from tocsin.incident.book import Book
from tocsin.incident.state import Incident
from tocsin.integrations.slack import rooms as r
from tocsin.integrations.slack.inbound import Challenge, Inbound, Marked, Pressed, Seen, Slash, Submitted
from tocsin.integrations.slack.words import (
    Block,
    show_buttons,
    show_choice,
    show_field,
    show_form,
    show_text,
    spell_line,
)
from tocsin.web.acts import Acts, Done
from tocsin.web.auth import Asker
from tocsin.web.bodies import ApproveBody, DeclareBody
from tocsin.web.desk import Desk
from tocsin.web.library import Library
from tocsin.web.slack_words import FIELD_OF, HELP, LISTS, find_verb, read_body
from tocsin.web.views.people import show_questions
from tocsin.web.views.steps import StepView, show_procedures

DECLARE = "tocsin:declare"
MOST_LISTED, MOST_STEPS, MOST_TEXT = 20, 8, 1500
LATELY = timedelta(days=14)
"""Rooms of incidents that are over are found for so long."""
_NOTE = find_verb("note")


class SlackDesk:
    """Answers what comes from Slack, whichever way it comes."""

    def __init__(self, desk: Desk, library: Library, acts: Acts) -> None:
        self._desk, self._library, self._acts = desk, library, acts
        self.seen, self._events = Seen(), Seen()

    async def answer(self, slack: r.Slack, asked: Inbound) -> dict[str, Any] | None:
        """What Slack is told at once, if anything."""
        match asked:
            case Challenge(challenge=challenge):
                return {"challenge": challenge}
            case Slash():
                return await self._take_slash(slack, asked)
            case Pressed():
                await self._take_press(slack, asked)
            case Submitted():
                return await self._take_form(slack, asked)
            case Marked():
                await self._take_mark(slack, asked)
        return None

    def _find_asker(self, slack: r.Slack, user: str) -> Asker | None:
        person = slack.settings.find_person(user)
        return Asker(person=person, via="slack") if person in self._desk.people() and person else None

    # ── /tocsin ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _take_slash(self, slack: r.Slack, asked: Slash) -> dict[str, Any]:
        try:
            text, blocks = await self._do_slash(slack, asked)
        except UserError as error:
            text, blocks = str(error), []
        except OutsideError as error:
            text, blocks = f"It was not done. {error}", []
        shown = [*show_text(text[:MOST_TEXT]), *blocks]
        return {"response_type": "ephemeral", "text": spell_line(text), "blocks": shown}

    async def _do_slash(self, slack: r.Slack, asked: Slash) -> tuple[str, list[Block]]:
        words, asker = asked.text.split(), self._find_asker(slack, asked.user)
        named = await self._find_named(words[0], asker) if words else None
        word, rest = _split(asked.text.strip().removeprefix(words[0]) if words and named else asked.text)
        if word in ("", "list") and named is None:
            return await self._list_open(asker), []
        if word == "help" or (word not in FIELD_OF and word not in ("", *LISTS)):
            return HELP, []
        if word == "declare":
            await self._ask_form(slack, asked.trigger, self._write_declare(), _require(asker, asked.user))
            return "Fill in the form.", []
        incident = named or await self._find_room(asked.channel, asker)
        if incident is None:
            raise NotFound("Which incident? Put its number first: /tocsin INC-20260302-001 ack")
        if word in ("", "status"):
            return await self._tell(incident), []
        if word == "steps":
            return await self._list_steps(incident)
        if word == "questions":
            return await self._list_questions(incident)
        return await self._do(slack, incident.id, word, rest, _require(asker, asked.user)), []

    async def _do(self, slack: r.Slack, stream: str, word: str, rest: str, asker: Asker) -> str:
        body = read_body(word, rest, asker.person, self._desk.people(), slack.settings.find_person)
        return _tell_done(await self._acts.do(stream, find_verb(word), asker, body))

    async def _list_open(self, asker: Asker | None) -> str:
        cards = await self._keep(await self._desk.engine.journal.store.cards(open_only=True), asker)
        lines = [
            f"{card.number} [{card.severity or 'unclassified'}] {card.title} · {card.status}"
            for card in cards[:MOST_LISTED]
        ]
        return "\n".join(lines) or "Nothing is open."

    async def _tell(self, incident: Incident) -> str:
        scene = await self._library.scene(incident.id)
        return f"{write_status(incident, scene.book)}\n{self._desk.policy.url}/incidents/{incident.id}"

    async def _list_steps(self, incident: Incident) -> tuple[str, list[Block]]:
        """What waits for an approval, each with a button that allows exactly what is shown."""
        scene = await self._library.scene(incident.id)
        waiting = [step for _, steps in show_procedures(scene) for step in steps if _may_press(step)][:MOST_STEPS]
        blocks: list[Block] = []
        for step in waiting:
            about = "\n".join((f"{step.id} on {step.target}: {step.verdict.why}"[:500], step.program[:1500]))
            value = f"{incident.id}|{step.id}|{step.digest}"
            name = f"approve {step.id}"
            blocks += [*show_text(about), show_buttons([(f"Approve {step.id}", r.APPROVE, value)], name=name)]
        found = f"{len(waiting)} wait for an approval." if waiting else "No step waits for an approval here."
        return f"{incident.number}: {found}", blocks

    async def _list_questions(self, incident: Incident) -> tuple[str, list[Block]]:
        """Whom the playbook calls for what, with the buttons that answer."""
        scene = await self._library.scene(incident.id)
        blocks: list[Block] = []
        for each in show_questions(scene)[:MOST_STEPS]:
            who = f"raises it to {each.raises}" if each.raises else f"calls {', '.join(each.who)}"
            said = "" if each.holds is None else f" Answered: {'it is so' if each.holds else 'it is not so'}."
            about = f"{each.condition}: {who}" if each.condition else who
            blocks += show_text(f"Line {each.line}: {about}.{said}"[:MOST_TEXT])
            if not each.holds and incident.is_open:
                blocks.append(r.show_question(f"{incident.id}|{each.line}", each.line, is_condition=each.is_question))
        found = "Whom the playbook calls for what:" if blocks else "The playbook names nobody whom one could call."
        return f"{incident.number}: {found}", blocks

    # ── buttons and forms ──────────────────────────────────────────────────────────────────────────────────────────

    async def _take_press(self, slack: r.Slack, asked: Pressed) -> None:
        try:
            text, blocks = await self._do_press(slack, asked)
        except UserError as error:
            text, blocks = str(error), []
        except OutsideError as error:
            text, blocks = f"It was not done. {error}", []
        if not text:
            return
        shown = [*show_text(text[:MOST_TEXT]), *blocks]
        fields: dict[str, Any] = {"channel": asked.channel, "user": asked.user, "text": spell_line(text)}
        try:
            await slack.calls.call("chat_postEphemeral", blocks=shown, **fields)
        except OutsideError:
            return  # what was done stands on the timeline; only the word about it is lost

    async def _do_press(self, slack: r.Slack, asked: Pressed) -> tuple[str, list[Block]]:
        if asked.action == r.STEPS:
            return await self._list_steps(await self._find_seen(slack, asked))
        if asked.action == r.QUESTIONS:
            return await self._list_questions(await self._find_seen(slack, asked))
        if asked.action not in (r.ACKNOWLEDGE, r.APPROVE, r.ROLE, r.SEVERITY, r.YES, r.NO):
            return "", []
        asker = _require(self._find_asker(slack, asked.user), asked.user)
        if asked.action == r.ACKNOWLEDGE:
            return await self._do(slack, asked.value, "acknowledge", "", asker), []
        if asked.action in (r.YES, r.NO):
            stream, _, line = asked.value.rpartition("|")
            return await self._do(slack, stream, asked.action.rpartition(":")[2], line, asker), []
        if asked.action == r.APPROVE:
            return await self._approve(asked.value, asker), []
        await self._desk.sight.find(asked.value, asker.person)
        scene = await self._library.scene(asked.value)
        form = _write_choice(asked.action, scene.book, scene.incident, self._list_people(slack))
        await self._ask_form(slack, asked.trigger, form, asker)
        return "", []

    async def _approve(self, value: str, asker: Asker) -> str:
        stream, step, digest = [*value.split("|"), "", "", ""][:3]
        try:
            body = msgspec.convert({"digest": digest}, ApproveBody)
        except msgspec.ValidationError:
            raise NotFound("This button is none of ours.") from None
        return _tell_done(await self._acts.approve(stream, step, asker, body))

    async def _ask_form(self, slack: r.Slack, trigger: str, form: Block, asker: Asker) -> None:
        await slack.calls.call("views_open", trigger_id=trigger, view=form)

    def _write_declare(self) -> Block:
        teams = [(team, team) for team in self._desk.engine.journal.shelf.settings.teams]
        fields = [
            show_choice("team", "Team", teams),
            show_field("title", "What is wrong?"),
            show_field("scenario", "Scenario of the playbook", optional=True),
            show_field("severity", "Severity, as the playbook names it", optional=True),
        ]
        return show_form(DECLARE, "Open an incident", fields, "")

    async def _take_form(self, slack: r.Slack, asked: Submitted) -> dict[str, Any]:
        first = next(iter(asked.values), "")
        try:
            asker = _require(self._find_asker(slack, asked.user), asked.user)
            await self._do_form(slack, asked, asker)
        except (UserError, OutsideError) as error:
            return {"response_action": "errors", "errors": {first: str(error)[:MOST_TEXT]}}
        return {"response_action": "clear"}

    def _list_people(self, slack: r.Slack) -> list[tuple[str, str]]:
        """Those whom a role can be handed to from here: who is known in this Slack."""
        people = self._desk.people()
        return [(people[each].name, each) for each in slack.settings.people if each in people]

    async def _do_form(self, slack: r.Slack, asked: Submitted, asker: Asker) -> None:
        if asked.callback == DECLARE:
            try:
                body = msgspec.convert({name: value or None for name, value in asked.values.items()}, _Declared)
            except msgspec.ValidationError as error:
                raise NotFound(f"Something is missing: {error}.") from None
            declared = DeclareBody(team=body.team, title=body.title, scenario=body.scenario, severity=body.severity)
            await self._acts.declare(asker, declared)
        elif asked.callback in (r.ROLE, r.SEVERITY):
            word = asked.callback.rpartition(":")[2]
            value, who = asked.values.get(word, ""), asked.values.get("responder", "")
            await self._do(slack, asked.about, word, f"{value} @{who}" if who else value, asker)
        else:
            raise NotFound("This form is none of ours.")

    # ── pins and reactions ─────────────────────────────────────────────────────────────────────────────────────────

    async def _take_mark(self, slack: r.Slack, asked: Marked) -> None:
        """What people mark in an incident's room stands on its timeline, in their name."""
        asker = self._find_asker(slack, asked.user)
        if asker is None or (asked.event and not self._events.is_new(asked.event)):
            return
        incident = await self._find_room(asked.channel, asker)
        if incident is None or incident.room is None:
            return
        text = asked.text or await _read_message(slack, asked)
        how = f"Marked :{asked.name}:" if asked.name else "Pinned"
        note = msgspec.convert({"text": f"{how} in #{incident.room.name}: {text[:MOST_TEXT]}"}, _NOTE.body)
        try:
            await self._acts.do(incident.id, _NOTE, asker, note)
        except UserError:
            return  # closed meanwhile, or not theirs: nobody waits for an answer

    # ── which incident ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _find_seen(self, slack: r.Slack, asked: Pressed) -> Incident:
        """The incident of a button, if whoever pressed it may see it."""
        asker = self._find_asker(slack, asked.user)
        return await self._desk.sight.find(asked.value, asker.person if asker is not None else None)

    async def _keep(self, cards: Sequence[Card], asker: Asker | None) -> list[Card]:
        """Those that whoever asks may see; for a stranger none that is private."""
        return await self._desk.sight.keep(cards, asker.person if asker is not None else None)

    async def _find_named(self, word: str, asker: Asker | None) -> Incident | None:
        """The incident of this id or number, the newest where a number stands for several teams' ones."""
        folded = word.casefold()
        for card in await self._keep(await self._desk.engine.journal.store.cards(), asker):
            if folded in (card.id.casefold(), card.number.casefold()):
                return await self._desk.engine.journal.incident(card.id)
        return None

    async def _find_room(self, channel: str, asker: Asker | None) -> Incident | None:
        """The incident whose room this is."""
        since = self._desk.clock.now() - LATELY
        for card in await self._keep(await self._desk.engine.journal.store.cards(), asker):
            if card.opened_at < since:
                return None
            incident = await self._desk.engine.journal.incident(card.id)
            if incident is not None and incident.room is not None and incident.room.id == channel:
                return incident
        return None


class _Declared(msgspec.Struct, frozen=True):
    """What the form for a new incident holds."""

    team: str
    title: str
    scenario: str | None = None
    severity: str | None = None


def _split(text: str) -> tuple[str, str]:
    word, _, rest = text.strip().partition(" ")
    return word.lower(), rest.strip()


def _require(asker: Asker | None, user: str) -> Asker:
    if asker is None:
        raise NotFound(
            f'tocsin does not know who {user[:20]} is, so you may look and not act. Add `NAME = "{user[:20]}"` to the '
            "`people` of this channel in tocsin.toml."
        )
    return asker


def _tell_done(done: Done) -> str:
    said = "\n".join(entry.text for entry in done.entries) or "It is so already."
    return f"{said}\n{done.warning}" if done.warning else said


def _may_press(step: StepView) -> bool:
    """Whether all that an approval needs is shown: nothing is blank, and nobody must say more than yes."""
    return "approve" in step.acts and not step.must_say_so and not any(not each.value for each in step.blanks)


def _write_choice(action: str, book: Book, incident: Incident, people: Sequence[tuple[str, str]]) -> Block:
    if action == r.SEVERITY:
        options: Sequence[tuple[str, str]] = [(f"{each.id} {each.name}", each.id) for each in book.playbook.severities]
        return show_form(r.SEVERITY, "Severity", [show_choice("severity", "How bad is it?", options)], incident.id)
    named = [each.title for each in book.playbook.roles] or ["Incident Commander", "Communications Lead", "Scribe"]
    options = [(each, each) for each in named]
    fields = [show_choice("role", "Role", options)]
    if people:
        fields.append(show_choice("responder", "Who plays it (you, if you choose nobody)", people, optional=True))
    return show_form(r.ROLE, "A role", fields, incident.id)


async def _read_message(slack: r.Slack, asked: Marked) -> str:
    """What the message says that somebody reacted to; empty where Slack does not tell."""
    try:
        read: Mapping[str, Any] = await slack.calls.call(
            "conversations_history", channel=asked.channel, latest=asked.ts, inclusive=True, limit=1
        )
    except OutsideError:
        return ""
    return next((str(each.get("text", "")) for each in read.get("messages", ())), "")
