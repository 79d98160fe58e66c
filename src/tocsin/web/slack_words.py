"""What is typed behind ``/tocsin``: the verb that a word stands for, and what of the rest fills its body.

A person is named as Slack does (``<@U045EF6GH|bo>``), as people do (``@bo``), or by their id in the settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tocsin.errors import NotFound, list_known
from tocsin.oncall.settings import Person
from tocsin.web.bodies import Body
from tocsin.web.office_verbs import ALL_VERBS
from tocsin.web.verbs import Verb

FIELD_OF = {
    "acknowledge": "",
    "ack": "",
    "room": "",
    "bridge": "",
    "note": "text",
    "update": "text",
    "cause": "text",
    "severity": "severity",
    "mitigate": "note",
    "confirm": "note",
    "resolve": "note",
    "false-positive": "reason",
    "reopen": "reason",
    "role": "role",
    "yes": "line",
    "no": "line",
    "wrong": "line",
    "tick": "line",
}
"""The field of a verb's body that is filled by what is typed behind its word."""
SHORT = {"ack": "acknowledge", "room": "open-room", "yes": "escalate", "no": "decline", "wrong": "correct"}
MAY_LACK = frozenset({"note"})
HELP = """/tocsin: what is going on
/tocsin status [INCIDENT]: where it stands
/tocsin ack | note TEXT | update TEXT | cause TEXT | severity S | mitigate | confirm | resolve | false-positive WHY
/tocsin reopen WHY | room | bridge | tick LINE
/tocsin role ROLE [@SOMEBODY]: take it, or hand it over
/tocsin questions: whom the playbook calls for what; /tocsin yes LINE [WHY] | no LINE [WHY] answers
/tocsin wrong LINE WHY: take back a yes
/tocsin steps: what waits for an approval
/tocsin declare: open an incident
In an incident's room these are about it; elsewhere, put its number first: /tocsin INC-20260302-001 ack"""
LISTS = frozenset({"status", "steps", "questions", "declare"})
_VERBS = {verb.name: verb for verb in ALL_VERBS}
_USER = re.compile(r"<@(?P<user>\w+)(?:\|[^>]*)?>")


def find_verb(word: str) -> Verb:
    """The verb of a word of `FIELD_OF`."""
    return _VERBS[SHORT.get(word, word)]


def read_body(
    word: str, rest: str, asker: str, people: Mapping[str, Person], find_user: Callable[[str], str | None]
) -> Body:
    """The body of the word's verb. Raises `NotFound` where something is missing or nobody is called so."""
    field, given = FIELD_OF[word], dict[str, Any]()
    if word == "role":
        given["role"], given["responder"] = _read_role(rest, asker, people, find_user)
    elif field == "line":
        line, _, reason = rest.partition(" ")
        given["line"] = int(line) if line.isascii() and line.isdigit() and len(line) < 7 else None
        if reason.strip() and word != "tick":
            given["reason"] = reason.strip()
    elif field and (rest or field not in MAY_LACK):
        given[field] = rest
    try:
        return msgspec.convert(given, find_verb(word).body)
    except msgspec.ValidationError as error:
        raise NotFound(f"/tocsin {word} needs more: {error}.") from None


def _read_role(
    rest: str, asker: str, people: Mapping[str, Person], find_user: Callable[[str], str | None]
) -> tuple[str, str]:
    """The role, and who is to play it: what follows it, where that names somebody; else whoever asks."""
    role, _, last = rest.rpartition(" ")
    role = role.strip()
    if found := _USER.fullmatch(last):
        person = find_user(found["user"])
        if person is None:
            raise NotFound(f"tocsin does not know who {last} is; add them to the `people` of this channel.")
        return role, person
    if rest.startswith("@") or " @" in rest:
        role, _, name = f" {rest}".partition(" @")
        return role.strip(), _find_named(name.strip(), people)
    return (role, last) if role and last in people else (rest.strip(), asker)


def _find_named(name: str, people: Mapping[str, Person]) -> str:
    if name in people:
        return name
    folded = name.casefold()
    found = [each for each, person in people.items() if folded in (each.casefold(), person.name.casefold())]
    if len(found) != 1:
        raise NotFound(f"There is no person {name[:60]!r} in tocsin.toml; there are {list_known(people, name)}.")
    return found[0]
