"""A private incident to whoever may not see it: at every address there is as if there were none, and nothing names it.

All addresses are taken from the application, and all verbs from the program: a new one without a guard is found here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cyclopts import App

from tocsin.cli.program import APP
from tocsin.errors import NotFound
from tocsin.incident.commands import AddNote, Mitigate, Resolve, SavePostmortem
from tocsin.incident.hiding import Disclose, Invite, MakePrivate, RevokeInvitation
from tocsin.incident.privacy import PrivateWhen
from tocsin.oncall.settings import Person
from tocsin.web.office_verbs import ALL_VERBS

from .conftest import Open
from .house import KEY, House, make_cast

pytestmark = pytest.mark.anyio

TITLE, LABEL, WORDS, REVIEW = "Xylograph 7731", "label-9921-zq", "wordplant5510", "reviewplant8842"
PLANTS = (TITLE, LABEL, WORDS, REVIEW)
NOBODY = "quorum-99"
"""An incident that there is not."""
FILLED = {
    "key": "L1", "verb": "note", "line": "1", "digest": "0" * 64, "team": "quorum", "secret": "x", "ticket": "x",
    "token": "x", "name": "x", "silence": "x", "override": "x", "feed": "x", "person": "bo", "channel": "mail",
    "alias": "x", "asked": "x", "kind": "x", "word": "x", "file_path": "tocsin.css", "path": "openapi.json",
}  # fmt: skip
"""What stands for each part of an address that is no incident. A new one belongs here."""
QUIET = {"team": "quorum", "kind": "maintenance", "minutes": 5, "matchers": [], "reason": "new disks"}


def list_routes(house: House) -> Iterator[tuple[str, str]]:
    """Every method and address of the application, as it is written."""
    for route in house.app.routes:
        for method in sorted(getattr(route, "methods", ())):
            if method not in ("OPTIONS", "HEAD"):
                yield method, route.path


def fill(path: str, incident: str = "") -> str:
    """An address with something in each of its blanks; a `KeyError` names one that nobody has thought of."""
    given = {**FILLED, "incident": incident}
    key = KEY if path.startswith("/in/") else given["key"]

    def put(found: re.Match[str]) -> str:
        return key if found["name"] == "key" else given[found["name"]]

    return re.sub(r"\{(?P<name>\w+):\w+\}", put, path)


async def hide(house: House, title: str = TITLE, by: str = "bo") -> str:
    """A private incident that somebody has declared, its id."""
    caller = await house.caller(by)
    made = await caller.post("/api/incidents", json={"team": "quorum", "title": title, "private": True})
    assert made.status_code == 201, made.text
    await house.story.settle()
    stream = str(made.json()["id"])
    await house.story.do(AddNote(by=by, text=WORDS), stream)
    return stream


@pytest.fixture
async def home(open_house: Open) -> House:
    """A house with a team whose incidents of one scenario are private, and with people who have no part in them."""
    people = {**make_cast().people, "zoe": Person(name="Zoe Outside"), "ivy": Person(name="Ivy Guest")}
    home = await open_house(make_cast(people=people, private=PrivateWhen(scenarios=("Chain Halted",))))
    home.story.recorder.keep = home.story.blobs.put
    return home


# ── every address ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_every_address_of_an_incident_answers_as_if_there_were_none(home: House) -> None:
    stream = await hide(home)
    outsider, insider = await home.caller("zoe"), await home.caller("bo")
    asked = [each for each in list_routes(home) if "{incident" in each[1]]
    assert len(asked) > 60, "each verb of the API is an address of its own"
    for method, path in asked:
        hidden = await outsider.request(method, fill(path, stream), json={})
        missing = await outsider.request(method, fill(path, NOBODY), json={})
        assert hidden.status_code == missing.status_code == 404, (
            f"{method} {path} lets somebody in: {hidden.text[:200]}"
        )
        assert hidden.text.replace(stream, NOBODY) == missing.text, f"{method} {path} tells a difference"
        own = await insider.request("GET" if method == "GET" else "POST", fill(path, stream), json={"refused": 1})
        assert f"no incident {stream!r}" not in own.text.replace("&#39;", "'"), (
            f"{method} {path} keeps out who may see it"
        )


async def test_a_browser_is_told_the_same(home: House) -> None:
    stream, browser = await hide(home), await home.browser("zoe")
    for method, path in (each for each in list_routes(home) if each[1].startswith("/incidents/{incident")):
        hidden, missing = [await browser.request(method, fill(path, each)) for each in (stream, NOBODY)]
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace(stream, NOBODY) == missing.text


@pytest.mark.parametrize("path", ["/events", f"/api/evidence/{'0' * 64}"])
async def test_an_incident_that_is_a_parameter_is_guarded_too(home: House, path: str) -> None:
    stream, outsider = await hide(home), await home.caller("zoe")
    hidden, missing = [await outsider.get(path, params={"incident": each}) for each in (stream, NOBODY)]
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace(stream, NOBODY) == missing.text


async def test_no_address_names_an_incident_in_another_way(home: House) -> None:
    """The guard knows an incident by the name of the parameter; whatever takes one must call it so."""
    for _, path in list_routes(home):
        for name in re.findall(r"\{(\w+):", path):
            assert name == "incident" or name in FILLED, f"{path} has a part {name}: is it an incident?"


# ── every surface ──────────────────────────────────────────────────────────────────────────────────────────────────


async def fill_with_plants(house: House) -> tuple[str, str, str]:
    """Two private incidents full of words that stand nowhere else, one of them resolved, and one for all."""
    by_alert = await house.story.alert("ChainHalted", instance=LABEL, summary=WORDS)
    await house.story.do(AddNote(by="lea", text=WORDS), by_alert)
    by_hand = await hide(house)
    await house.story.do(Mitigate(by="bo", note=WORDS), by_hand)
    await house.story.do(Resolve(by="bo", note=WORDS), by_hand)
    digest = await house.story.blobs.put(REVIEW.encode())
    await house.story.do(SavePostmortem(by="bo", text=digest), by_hand)
    caller = await house.caller("bo")
    for_all = (await caller.post("/api/incidents", json={"team": "quorum", "title": "Seen by all"})).json()["id"]
    await house.story.settle()
    return by_alert, by_hand, str(for_all)


def find_named(text: str, streams: tuple[str, ...]) -> list[str]:
    """What of the private incidents is in a text."""
    named = [each for each in PLANTS if each.casefold() in text.casefold()]
    return named + [each for each in streams if re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", text)]


async def test_nothing_of_a_private_incident_stands_on_any_surface(home: House) -> None:
    by_alert, by_hand, for_all = await fill_with_plants(home)
    numbers = tuple([(await home.story.incident(each)).number for each in (by_alert, by_hand)])
    outsider, browser, nobody = await home.caller("zoe"), await home.browser("zoe"), home.client()
    keyed = home.client(headers={"Authorization": f"Bearer {KEY}"})
    seen = ""
    for method, path in list_routes(home):
        if method != "GET" or "{incident" in path or path == "/events":
            continue
        for client in (outsider, browser, nobody, keyed):
            answer = await client.get(fill(path), params={"all": "true"} if path == "/" else {})
            assert answer.status_code < 500, f"{path}: {answer.text[:200]}"
            named = find_named(answer.text, (by_alert, by_hand, *numbers))
            assert not named, f"GET {path} says {named}"
            seen += answer.text
    assert for_all in seen, "the others are listed"
    preview = await outsider.post("/api/silences/preview", json=QUIET)
    assert not find_named(preview.text, (by_alert, by_hand)), preview.text
    assert preview.json()["quiet"] == [for_all]
    teams = (await outsider.get("/api/teams")).json()
    assert [each["open_incidents"] for each in teams] == [1]
    insider = await home.caller("lea")
    assert {by_alert, by_hand, for_all} == {each["id"] for each in (await insider.get("/api/incidents")).json()}
    assert TITLE in (await (await home.browser("lea")).get("/")).text


async def test_evidence_is_found_by_its_digest_only_by_whoever_sees_the_incident(home: House) -> None:
    by_alert, by_hand, for_all = await fill_with_plants(home)
    digests = re.findall(r'"(?:stdout|text)":"([0-9a-f]{64})"', (await timeline(home, "lea", by_alert)).text)
    review = (await home.story.incident(by_hand)).postmortem
    found = [(by_alert, each) for each in digests] + [(by_hand, review)]
    assert len(found) > 1, "steps have run, and a post-mortem was saved"
    outsider, insider = await home.caller("zoe"), await home.caller("lea")
    for stream, digest in found:
        hidden = await outsider.get(f"/api/evidence/{digest}")
        missing = await outsider.get(f"/api/evidence/{'0' * 64}")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace(str(digest)[:12], "0" * 12) == missing.text
        assert (await outsider.get(f"/api/evidence/{digest}?incident={for_all}")).status_code == 404
        assert (await insider.get(f"/api/evidence/{digest}")).status_code == 200
        assert (await insider.get(f"/api/evidence/{digest}?incident={stream}")).status_code == 200


async def test_to_know_what_is_hidden_no_card_of_another_incident_is_read(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, store = await hide(home), home.desk.engine.journal.store
    await home.story.declare("Data Breach")
    assert len(await store.cards()) > 1
    read, real = list[str](), store.cards

    async def cards(**which: Any) -> list[Any]:
        found = await real(**which)
        read.extend(card.id for card in found)
        return found

    monkeypatch.setattr(store, "cards", cards)
    assert list(await home.desk.sight.find_hidden("zoe")) == [hidden]
    assert read == [hidden]


async def timeline(house: House, person: str, stream: str) -> httpx.Response:
    return await (await house.caller(person)).get(f"/api/incidents/{stream}/timeline")


# ── what is told while it happens ──────────────────────────────────────────────────────────────────────────────────


async def hear(house: House, person: str, stream: str | None = None) -> Any:
    """What somebody is told of from now on."""
    follow = house.app.state.live.follow(stream, person)
    assert (await anext(follow)).startswith(b"retry")
    return follow


async def test_the_stream_of_all_incidents_is_silent_about_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.live.HEARTBEAT_S", 0.05)
    stream = await hide(home)
    outside, inside = await hear(home, "zoe"), await hear(home, "bo")
    await home.story.do(AddNote(by="bo", text="between us"), stream)
    assert stream.encode() in await anext(inside)
    assert await anext(outside) == b": here\n\n", "no more than that the line is open"
    caught_up = await (await home.caller("zoe")).get("/api/incidents")
    assert caught_up.json() == []
    for each in (outside, inside):
        await each.aclose()


async def test_whoever_is_shut_out_hears_no_more(home: House) -> None:
    stream = await hide(home)
    await home.story.do(Invite(by="bo", responder="ivy"), stream)
    follow = await hear(home, "ivy", stream)
    await home.story.do(RevokeInvitation(by="bo", responder="ivy"), stream)
    assert [each async for each in follow] == []


# ── who sees it ────────────────────────────────────────────────────────────────────────────────────────────────────


async def may_see(house: House, person: str, stream: str) -> bool:
    return (await (await house.caller(person)).get(f"/api/incidents/{stream}")).status_code == 200


async def test_it_is_seen_by_whoever_needs_it_and_by_nobody_else(home: House) -> None:
    stream = await hide(home, by="zoe")
    seen = {who: await may_see(home, who, stream) for who in ("zoe", "ana", "lea", "bo", "max", "ivy", "local-admin")}
    assert seen == {
        "zoe": True,  # has declared it
        "ana": True,  # was paged
        "lea": True,  # answers for security
        "bo": True,
        "max": False,  # is of the team, and was not called yet
        "ivy": False,
        "local-admin": True,  # the server's own credential
    }
    invite = {"responder": "ivy", "reason": "knows the key store"}
    assert (await (await home.caller("ana")).post(f"/api/incidents/{stream}/invite", json=invite)).status_code == 200
    assert await may_see(home, "ivy", stream)
    who = (await (await home.caller("ivy")).get(f"/api/incidents/{stream}")).json()["privacy"]["readers"]
    assert {each["who"]["id"]: each["why"] for each in who} == {
        "ana": "were paged for it",
        "bo": "were paged for it",
        "ivy": "were invited by Ana Lind",
        "lea": "were paged for it",
        "zoe": "were invited by Zoe Outside",
    }
    await home.story.do(RevokeInvitation(by="ana", responder="ivy"), stream)
    assert not await may_see(home, "ivy", stream)
    refused = await (await home.caller("lea")).post(f"/api/incidents/{stream}/uninvite", json={"responder": "ana"})
    assert (refused.status_code, "since they were paged for it" in refused.text) == (409, True)


async def test_whoever_declared_what_the_settings_make_private_was_invited_by_nobody(home: House) -> None:
    caller = await home.caller("zoe")
    made = await caller.post("/api/incidents", json={"team": "quorum", "scenario": "Chain Halted"})
    shown = (await caller.get(f"/api/incidents/{made.json()['id']}")).json()["privacy"]["readers"]
    (why,) = (each["why"] for each in shown if each["who"]["id"] == "zoe")
    assert why == "had declared or taken it when it became private"


async def test_a_token_is_let_in_as_its_person_is(home: House) -> None:
    stream = await hide(home)
    for person, status in (("zoe", 404), ("lea", 200)):
        own = await home.caller("local-admin", **{"X-Tocsin-As": person})
        assert (await own.get(f"/api/incidents/{stream}")).status_code == status, "not even the server's in their name"


async def test_a_button_in_the_room_makes_it_private_and_another_opens_it(home: House) -> None:
    stream = str((await (await home.caller("bo")).post("/api/incidents", json={"team": "quorum"})).json()["id"])
    await home.story.settle()
    assert await may_see(home, "zoe", stream)
    browser = await home.browser("ana")
    assert (await browser.post(f"/incidents/{stream}/private", data={"reason": "a key leaked"})).status_code == 204
    room = (await browser.get(f"/incidents/{stream}")).text
    assert '<span class="private">private</span>' in room
    assert "Whoever was signed in could see all of it" in room, "what was told stays told"
    assert "Pages with its title went to 3 people by mail, phone, terminal" in room
    assert not await may_see(home, "zoe", stream)
    assert '<span class="private">private</span>' in (await browser.get("/")).text
    assert (await browser.post(f"/incidents/{stream}/disclose", data={"reason": "rotated"})).status_code == 204
    assert await may_see(home, "zoe", stream)


async def test_commands_are_decided_as_if_there_were_none(home: House) -> None:
    stream = await hide(home)
    for command in (
        AddNote(by="zoe", text="I know"), Resolve(by="zoe"), Invite(by="zoe", responder="zoe"),
        Disclose(by="zoe", reason="I want to"), MakePrivate(by="zoe"),
    ):  # fmt: skip
        with pytest.raises(NotFound, match=rf"There is no incident '{stream}'") as hidden:
            await home.story.do(command, stream)
        with pytest.raises(NotFound) as missing:
            await home.story.do(command, NOBODY)
        assert str(hidden.value).replace(stream, NOBODY) == str(missing.value)


def list_verbs(app: App, *before: str) -> Iterator[tuple[str, Any]]:
    """Every verb of the program, those below another too, and what carries it out."""
    for name in (each for each in app if not each.startswith("-")):
        verb = app[name]
        if verb.default_command is not None:
            yield " ".join((*before, name)), verb.default_command
        yield from list_verbs(verb, *before, name)


def test_every_verb_of_the_program_goes_through_the_guarded_addresses() -> None:
    """A verb has no way of its own to an incident: it asks the server, or is for whoever holds the server's files."""
    own_ways = {
        "demo", "init", "import", "serve", "compile", "link", "check", "classify", "dry-run", "explain", "step",
        "learn", "verify", "witness", "backup", "restore", "key", "signin", "whoami",
        "playbook diff", "playbook export", "playbook schema",
    }  # fmt: skip
    found = dict(list_verbs(APP))
    assert {"show", "private", "invite", "evidence open"} <= found.keys(), "they are all there"
    for name, verb in found.items():
        source = inspect.getsource(inspect.getmodule(verb) or verb)
        if name not in own_ways:
            assert "Client(" in source, f"`tocsin {name}` asks no server: what does it show to whoever runs it?"
            assert "tocsin.store" not in source, f"`tocsin {name}` reads the record itself"
    assert {"private", "disclose", "invite", "uninvite"} <= {verb.name for verb in ALL_VERBS}
