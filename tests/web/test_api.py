"""The JSON API: every verb does what it says, and every refusal is a sentence with a code."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tocsin.alert.signal import Signal
from tocsin.web.auth import COOKIE, TOKEN_FIELD, make_form_token
from tocsin.words import Mode

from .conftest import Open
from .house import LINK_KEY, House, make_cast

pytestmark = pytest.mark.anyio

RESTART = "L244"
"""A step of the halted chain that changes something."""


async def told(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["kind"] for entry in answer.json()["entries"]]


def failure(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The error of an answer; never a traceback, always a sentence."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()["error"]
    assert found["code"].startswith(("TOC-", "HTTP-"))
    assert found["message"].endswith((".", ":", "?")) or found["message"]
    assert "Traceback" not in answer.text
    return found


async def find_step(api: httpx.AsyncClient, text: str, incident: str = "quorum-1") -> dict[str, Any]:
    room = (await api.get(f"/api/incidents/{incident}")).json()
    return next(step for step in room["steps"] if text in step["text"])


async def test_the_list_and_the_room(house: House) -> None:
    api = await house.caller()
    listed = (await api.get("/api/incidents", params={"team": "quorum", "open": "true"})).json()
    assert [each["id"] for each in listed] == ["quorum-1"]
    assert listed[0].keys() >= {"id", "number", "team", "title", "scenario", "severity", "status", "opened_at"}
    assert (await api.get("/api/incidents", params={"team": "nobody"})).json() == []
    room = (await api.get("/api/incidents/quorum-1")).json()
    assert room["severity"] == "SEV-1"
    assert room["next_duty"]["line"] == 57
    assert room["steps"][0]["state"] == "ok"
    assert room["next_call"]["at"] > room["now"]


async def test_an_incident_from_declaration_to_close(house: House) -> None:
    api = await house.caller()
    opened = await api.post("/api/incidents", json={"team": "quorum", "scenario": "Network In Pieces"})
    assert opened.status_code == 201
    url = f"/api/incidents/{opened.json()['id']}"
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("acknowledge", {}, "acknowledged"),
        ("severity", {"severity": "sev-2", "reason": "half of it works"}, "severity_set"),
        ("role", {"role": "Incident Commander", "responder": "bo"}, "role_taken"),
        ("note", {"text": "Looking at peers"}, "note_added"),
        ("cause", {"text": "A provider's network"}, "cause_identified"),
        (
            "update",
            {"text": "On it. Next update in 10 minutes", "audiences": ["responders", "public"]},
            "update_posted",
        ),
        ("recovery-point", {"point": "2026-03-02T02:40:00Z"}, "recovery_point_told"),
        ("mitigate", {"note": "rerouted"}, "mitigated"),
        ("reopen", {"reason": "peers drop again"}, "reopened"),
        ("resolve", {}, "resolved"),
    ]
    for verb, body, kind in steps:
        assert kind in await told(await api.post(f"{url}/{verb}", json=body)), verb
    assert failure(await api.post(f"{url}/close", json={}), 409)["message"].startswith("Still owed")
    owed = [each["key"] for each in (await api.get(url)).json()["obligations"] if each["is_open"]]
    first, *rest = owed
    assert "obligation_met" in await told(await api.post(f"{url}/obligations/{first}/meet", json={"note": "held"}))
    for key in rest:
        assert "obligation_waived" in await told(await api.post(f"{url}/obligations/{key}/waive", json={"reason": "x"}))
    assert "closed" in await told(await api.post(f"{url}/close", json={}))
    assert failure(await api.post(f"{url}/note", json={"text": ""}), 400)
    assert failure(await api.post(f"{url}/cause", json={"text": "late"}), 409)["code"] == "TOC-230"


async def test_what_still_fires_when_it_is_resolved_is_said_and_refuses_nothing(open_house: Open) -> None:
    house = await open_house()
    for at in range(3):
        await house.story.alert("ChainHalted", instance=f"v{at}")
    api = await house.caller()
    url = "/api/incidents/quorum-1"
    await house.story.alert("ChainHalted", resolved=True, instance="v0")
    assert (await api.get(url)).json()["uncleared"] == "2 alerts still fire: ChainHalted (2)."
    room = (await (await house.browser()).get("/incidents/quorum-1")).text
    drawer = room[room.index('<details class="ask" data-keep="resolve">') :].partition("</details>")[0]
    assert "2 alerts still fire: ChainHalted (2)." in drawer
    assert ">Resolve all the same</button>" in drawer
    answer = (await api.post(f"{url}/resolve", json={"note": "a planned stop"})).json()
    assert answer["warning"] == "2 alerts still fire: ChainHalted (2)."
    assert [each["labels"][-1]["value"] for each in answer["uncleared"]] == ["v1", "v2"]
    said = "Bo Rask resolved it while 2 alerts had not cleared (ChainHalted (2)): a planned stop"
    assert said in [each["text"] for each in answer["entries"]]
    room = (await (await house.browser()).get("/incidents/quorum-1")).text
    assert "Resolved, and 2 alerts still fire: ChainHalted (2)." in re.sub(r"<.*?>", "", room)


@pytest.mark.parametrize("ends", [True, False])
async def test_what_has_cleared_or_fell_silent_is_not_said_to_fire(open_house: Open, ends: bool) -> None:
    house = await open_house()
    labels = {"alertname": "ChainHalted", "instance": "v1"}
    await house.story.engine.intake.receive("quorum", [Signal(labels=labels)])
    if ends:
        await house.story.alert("ChainHalted", resolved=True, instance="v1")
    else:
        await house.story.advance("2h")
    answer = (await (await house.caller()).post("/api/incidents/quorum-1/resolve", json={})).json()
    silent = "1 alert was never cleared, only not heard of any more: ChainHalted."
    assert (answer["warning"], len(answer["uncleared"])) == (("", 0) if ends else (silent, 1))


async def test_the_timeline_says_each_thing_twice_as_fields_and_as_a_sentence(house: House) -> None:
    api = await house.caller()
    await api.post("/api/incidents/quorum-1/note", json={"text": "hello"})
    entries = (await api.get("/api/incidents/quorum-1/timeline")).json()
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1]["event"] == {"kind": "note_added", "text": "hello", "by": "bo"}
    assert entries[-1]["text"] == "Bo Rask noted: hello"
    after = (await api.get("/api/incidents/quorum-1/timeline", params={"after": len(entries) - 1})).json()
    assert after == entries[-1:]


async def test_a_change_runs_again_only_where_the_request_says_so(house: House) -> None:
    api = await house.caller("lea")
    key = (await find_step(api, "systemctl restart"))["id"]
    url = f"/api/incidents/quorum-1/steps/{key}"
    shown = (await api.get(url)).json()
    assert not shown["has_run"]
    assert (await api.post(f"{url}/approve", json={"digest": shown["digest"]})).status_code == 200
    await house.story.settle()
    shown, ran = (await api.get(url)).json(), len(house.story.recorder.steps)
    assert shown["has_run"]
    refused = failure(await api.post(f"{url}/approve", json={"digest": shown["digest"]}), 409)["message"]
    assert f"Step {key} has run already at 03:00 UTC (ok)" in refused
    assert f"tocsin approve quorum-1 {key} --again" in refused
    assert "step_requested" in await told(
        await api.post(f"{url}/approve", json={"digest": shown["digest"], "again": True})
    )
    await house.story.settle()
    assert len(house.story.recorder.steps) == ran + 1


@pytest.mark.parametrize("text", ["systemctl restart", "curl -s http://localhost:26657/status"])
async def test_the_room_says_again_where_it_has_run_already(house: House, text: str) -> None:
    api, browser = await house.caller("lea"), await house.browser("lea")
    step = await find_step(api, text)
    if not step["has_run"]:
        sheet = (await browser.get(f"/incidents/quorum-1/steps/{step['id']}")).text
        assert 'name="again"' not in sheet
        assert ">Approve &amp; run</button>" in sheet
        await api.post(f"/api/incidents/quorum-1/steps/{step['id']}/approve", json={"digest": step["digest"]})
        await house.story.settle()
        step = await find_step(api, text)
        sheet = (await browser.get(f"/incidents/quorum-1/steps/{step['id']}")).text
        assert ">Approve &amp; run again</button>" in sheet
        assert "It has run already" in sheet
    room = (await browser.get("/incidents/quorum-1")).text
    part = room[room.index(f'id="step-{step["id"]}"') :].partition("</li>")[0]
    assert "Run again" in part
    form = {"digest": step["digest"], "again": re.findall(r'name="again" value="(.*?)"', part)[0]}
    ran = len(house.story.recorder.steps)
    given = {**form, TOKEN_FIELD: make_form_token(LINK_KEY, browser.cookies[COOKIE])}
    assert (await browser.post(f"/incidents/quorum-1/steps/{step['id']}/approve", data=given)).status_code == 204
    await house.story.settle()
    assert len(house.story.recorder.steps) == ran + 1


async def test_a_step_is_shown_approved_and_run_once(house: House) -> None:
    api = await house.caller("lea")
    step = await find_step(api, "systemctl restart")
    shown = (await api.get(f"/api/incidents/quorum-1/steps/{step['id']}")).json()
    assert shown["verdict"]["kind"] == "needs_approval"
    assert shown["program"] == shown["text"].replace("sudo ", "sudo -n ")
    approve = f"/api/incidents/quorum-1/steps/{step['id']}/approve"
    assert failure(await api.post(approve, json={"digest": "0" * 64}), 409)["code"] == "TOC-150"
    assert "step_requested" in await told(await api.post(approve, json={"digest": shown["digest"]}))
    await house.story.settle()
    assert [ran.text for ran in house.story.recorder.steps][-1] == shown["program"]
    assert failure(await api.post(approve, json={"digest": shown["digest"]}), 409)
    after = (await api.get(f"/api/incidents/quorum-1/steps/{step['id']}")).json()
    assert after["ran"]["state"] == "ok"
    assert after["ran"]["by"]["name"] == "Lea Okafor"
    assert after["digest"] != shown["digest"]


async def test_blanks_are_filled_and_hostile_values_are_refused(house: House) -> None:
    api = await house.caller()
    opened = (await api.post("/api/incidents", json={"team": "quorum", "scenario": "Data Breach"})).json()["id"]
    step = await find_step(api, "<compromised_key>", opened)
    url = f"/api/incidents/{opened}/steps/{step['id']}"
    name = step["blanks"][0]["name"]
    assert step["verdict"]["kind"] in ("fill_in", "forbidden")
    filled = (await api.get(url, params={f"bind.{name}": "ab:cd"})).json()
    assert "ab:cd" in filled["env"].values()
    assert "ab:cd" not in filled["program"]
    evil = (await api.get(url, params={f"bind.{name}": "$(reboot)"})).json()
    assert evil["verdict"]["kind"] in ("refused", "forbidden")
    assert evil["env"] == {}


async def test_the_playbook_forbids_with_its_line_and_only_its_role_lifts(house: House) -> None:
    bo, lea = await house.caller("bo"), await house.caller("lea")
    opened = (await bo.post("/api/incidents", json={"team": "quorum", "scenario": "Data Breach"})).json()["id"]
    typed = await bo.post(f"/api/incidents/{opened}/steps", json={"text": "sudo systemctl restart quorum"})
    found = failure(typed, 403)
    assert found["code"] == "TOC-210"
    line = found["line"]
    assert f"Line {line} forbids it" in found["message"]
    timeline = (await bo.get(f"/api/incidents/{opened}/timeline")).json()
    assert any(entry["kind"] == "step_forbidden" for entry in timeline), "the attempt itself is a fact"
    lift = f"/api/incidents/{opened}/prohibitions/{line}/lift"
    assert failure(await bo.post(lift, json={"reason": "hurry"}), 403)["code"] == "TOC-220"
    assert failure(await lea.post(f"/api/incidents/{opened}/prohibitions/99999/lift", json={}), 404)


async def test_a_typed_step_waits_and_can_be_left_out(house: House) -> None:
    api = await house.caller()
    typed = (await api.post("/api/incidents/quorum-1/steps", json={"text": "uptime"})).json()
    assert typed["verdict"]["kind"] == "may_run"
    await house.story.settle()
    assert all(ran.text != "uptime" for ran in house.story.recorder.steps)
    url = f"/api/incidents/quorum-1/steps/{typed['step']}"
    assert "step_skipped" in await told(await api.post(f"{url}/skip", json={"reason": "not now"}))
    manual = next(
        step for step in (await api.get("/api/incidents/quorum-1")).json()["steps"] if step["acts"] == ["done", "skip"]
    )
    done = await api.post(f"/api/incidents/quorum-1/steps/{manual['id']}/done", json={"note": "told them"})
    assert "step_done" in await told(done)
    assert failure(await api.post(f"{url}/doubt", json={"happened": True}), 409)


async def test_what_is_not_there_is_404_and_says_what_is(house: House) -> None:
    api = await house.caller()
    for method, path, body in (
        ("GET", "/api/incidents/quorum-99", None),
        ("GET", "/api/incidents/team%2Fquorum", None),
        ("GET", "/api/incidents/quorum-1/steps/L99999", None),
        ("POST", "/api/incidents/quorum-99/acknowledge", {}),
        ("POST", "/api/incidents/quorum-1/severity", {"severity": "P9"}),
        ("POST", "/api/incidents/quorum-1/obligations/none/meet", {}),
        ("POST", "/api/incidents/quorum-1/escalate", {"line": 1}),
        ("POST", "/api/incidents/quorum-1/role", {"role": "IC", "responder": "nobody"}),
        ("POST", "/api/incidents/quorum-1/role", {"role": "Rain maker", "responder": "bo"}),
        ("POST", "/api/incidents", {"team": "nobody"}),
        ("POST", "/api/incidents", {"team": "quorum", "scenario": "Sharknado"}),
        ("GET", "/api/evidence/" + "0" * 64, None),
        ("GET", "/api/evidence/..%2f..%2fetc%2fpasswd", None),
        ("GET", "/api/status/nobody", None),
        ("POST", "/api/teams/nobody/freeze", {"on": True}),
        ("GET", "/api/nothing", None),
    ):
        failure(await api.request(method, path, json=body), 404)


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("note", {}, "text"),
        ("note", {"text": "x" * 10_001}, "text"),
        ("note", {"text": "x", "extra": 1}, "extra"),
        ("note", {"text": ["x"]}, "text"),
        ("update", {"text": "x", "audiences": ["everybody"]}, "audiences"),
        ("update", {"text": "x", "audiences": []}, "audiences"),
        ("escalate", {"line": 0}, "line"),
        ("steps/L1/approve", {"digest": "short"}, "digest"),
        ("dismiss", {"reason": ""}, "reason"),
    ],
)
async def test_a_body_that_does_not_fit_is_400_and_names_the_field(
    house: House, path: str, body: dict[str, Any], word: str
) -> None:
    api = await house.caller()
    before = await house.count()
    assert word in failure(await api.post(f"/api/incidents/quorum-1/{path}", json=body), 400)["message"]
    assert await house.count() == before


async def test_broken_and_oversized_bodies(house: House) -> None:
    api = await house.caller()
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000):
        answer = await api.post("/api/incidents/quorum-1/note", content=content, headers=headers)
        failure(answer, 400)
    big = await api.post("/api/compile", content=b"x" * (10 * 2**20 + 1))
    assert "10.0 MiB" in failure(big, 413)["message"]
    failure(await api.delete("/api/incidents/quorum-1"), 405)


async def test_choosing_another_teams_scenario_brings_its_playbook(open_house: Open) -> None:
    house = await open_house(make_cast(), make_cast("bazaar"))
    await house.desk.engine.intake.receive(None, [])
    stream = await house.story.declare("Chain Halted", team="quorum")
    api = await house.caller()
    url = f"/api/incidents/{stream}/scenario"
    assert "quorum" in failure(await api.post(url, json={"team": "nobody", "scenario": "x"}), 404)["message"]
    title = house.story.shelf.settings.teams["bazaar"].playbook.scenarios[0].title
    assert "scenario_chosen" in await told(await api.post(url, json={"team": "bazaar", "scenario": title}))
    room = (await api.get(f"/api/incidents/{stream}")).json()
    assert room["team"] == "bazaar"
    assert room["scenario"]["text"] == title
    assert room["playbook"] == house.story.shelf.settings.teams["bazaar"].playbook.digest


async def test_modes_hold_back_what_they_must(open_house: Open) -> None:
    house = await open_house(make_cast(mode=Mode.ASSIST))
    await house.story.alert("ChainHalted")
    api = await house.caller("lea")
    step = await find_step(api, "systemctl restart")
    assert "assist mode" in step["obstacle"]
    approve = f"/api/incidents/quorum-1/steps/{step['id']}/approve"
    assert "assist mode" in failure(await api.post(approve, json={"digest": step["digest"]}), 403)["message"]


async def test_teams_people_and_freezing(house: House) -> None:
    api = await house.caller()
    team = (await api.get("/api/teams")).json()[0]
    assert (team["id"], team["activated"], team["open_incidents"]) == ("quorum", True, 1)
    assert (await api.get("/api/people")).json()[0] == {"id": "ana", "name": "Ana Lind"}
    assert (await api.get("/api/whoami")).json() == {"id": "bo", "name": "Bo Rask", "via": "token"}
    frozen = await api.post("/api/teams/quorum/freeze", json={"on": True, "reason": "a look at it"})
    assert frozen.json()["frozen"]
    assert (await api.get("/api/incidents/quorum-1")).json()["is_frozen"]
    assert not (await api.post("/api/teams/quorum/freeze", json={"on": False})).json()["frozen"]
    assert (await api.post("/api/teams/quorum/activate", json={})).json()["activated_by"] == "bo"
    failure(await api.post("/api/teams/quorum/activate", json={"digest": "0" * 64}), 409)


async def test_evidence_is_nothing_but_text(house: House) -> None:
    digest = await house.desk.blobs.put(b"<script>alert(1)</script>")
    answer = await (await house.caller()).get(f"/api/evidence/{digest}")
    assert answer.text == "<script>alert(1)</script>"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_the_postmortem_is_drafted_saved_and_kept(house: House) -> None:
    api = await house.caller()
    url = "/api/incidents/quorum-1/postmortem"
    draft = await api.get(url)
    assert draft.headers["content-type"].startswith("text/markdown")
    assert "Chain Halted" in draft.text
    failure(await api.put(url, content=b"too early"), 409)
    await api.post("/api/incidents/quorum-1/resolve", json={})
    for bad in (b"", b"  \n", b"\xff\xfe\xfd"):
        failure(await api.put(url, content=bad), 400)
    assert "postmortem_saved" in await told(await api.put(url, content="# Was wäre".encode()))
    assert (await api.get(url)).text == "# Was wäre"


async def test_compiling_keeps_nothing_and_never_fails(house: House) -> None:
    api = await house.caller()
    found = (await api.post("/api/compile", params={"name": "x.md"}, content=make_cast().playbook)).json()
    assert (found["path"], found["is_playbook"]) == ("x.md", True)
    assert found["diagnostics"]
    for odd in (b"", b"\x00" * 100, b"\xff\xfe", b"# " * 50_000):
        answer = await api.post("/api/compile", content=odd)
        assert answer.status_code == 200, answer.text
