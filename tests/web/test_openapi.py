"""The OpenAPI document is complete and true: every address that it describes answers, as it says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tocsin.alert.heartbeat import Heartbeat
from tocsin.alert.sources.mapped import Intake

from .conftest import Open
from .house import KEY, House, make_cast

pytestmark = pytest.mark.anyio


async def read_document(house: House) -> dict[str, Any]:
    found: dict[str, Any] = (await house.client().get("/openapi.json")).json()
    return found


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return resolve(found, document)
    return schema


def fits(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "$") -> list[str]:
    """What of `value` the schema does not allow: as much of JSON Schema as this document uses."""
    schema = resolve(schema, document)
    options = schema.get("oneOf") or schema.get("anyOf")
    if options:
        faults = [fits(value, option, document, where) for option in options]
        return [] if any(not each for each in faults) else faults[0]
    kinds = schema.get("type")
    if kinds is not None:
        names: dict[str, Any] = {
            "string": str,
            "integer": int,
            "number": (int, float),
            "boolean": bool,
            "object": dict,
            "array": list,
        }
        allowed = kinds if isinstance(kinds, list) else [kinds]
        good = any(value is None if kind == "null" else isinstance(value, names[kind]) for kind in allowed)
        if not good:
            return [f"{where}: {type(value).__name__} is not {kinds}"]
    found = []
    if isinstance(value, dict):
        found += [f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        known = schema.get("properties", {})
        if known and schema.get("additionalProperties") is not True:
            found += [f"{where}.{name} is not described" for name in value if name not in known]
        for name, each in value.items():
            if name in known:
                found += fits(each, known[name], document, f"{where}.{name}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for at, each in enumerate(value):
            found += fits(each, schema["items"], document, f"{where}[{at}]")
    return found


async def test_each_operation_is_named_and_described(open_house: Open) -> None:
    document = await read_document(await open_house())
    assert document["openapi"].startswith("3.1")
    ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("description"), (method, path)
            assert operation.get("tags"), (method, path)
            ids.append(operation["operationId"])
            named = set(re.findall(r"{(\w+)}", path))
            assert named == {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
    assert len(ids) == len(set(ids)) > 35


async def test_only_what_is_public_is_without_security(open_house: Open) -> None:
    document = await read_document(await open_house())
    free = {path for path, item in document["paths"].items() for each in item.values() if not each.get("security")}
    keyed = {path for path in free if path.startswith(("/in/{key}/", "/ping/{key}/"))}
    in_the_body = {"/v2/enqueue", "/v2/change/enqueue", "/generic/2010-04-15/create_event.json"}
    assert free - keyed == {"/api/status/{team}", "/api/status/{team}/copy", *in_the_body}


BODIES: dict[str, Any] = {
    "acknowledge": {}, "declare": {}, "dismiss": {"reason": "x"}, "severity": {"severity": "SEV-2"},
    "scenario": {"team": "quorum", "scenario": "Chain Halted"}, "role": {"role": "Scribe", "responder": "ana"},
    "note": {"text": "x"}, "cause": {"text": "x"}, "update": {"text": "x"}, "mitigate": {}, "resolve": {},
    "false-positive": {"reason": "x"},
    "reopen": {"reason": "x"}, "close": {}, "escalate": {"line": 1}, "decline": {"line": 1},
    "correct": {"line": 1, "reason": "x"},
    "contact": {"contact": "x"}, "allow-contact": {"wanted": 1}, "meet": {},
    "waive": {"reason": "x"}, "skip": {}, "done": {}, "doubt": {"happened": True}, "approve": {"digest": "0" * 64},
    "lift": {"reason": "x"}, "barrier": {"operators": ["ana"]}, "ready": {}, "hold": {}, "check": {}, "wait": {},
    "unwait": {"reason": "x"}, "stop": {},
    "recovery-point": {"point": "2026-03-02T02:30:00Z"},
    "report": {"fields": {"Time detected": "x"}},
    "take": {"line": 1}, "jump": {"scenario": "Chain Halted"}, "open": {"reason": "x"},
    "private": {}, "invite": {"responder": "bo"}, "uninvite": {"responder": "bo"}, "disclose": {"reason": "x"},
    "shadow": [], "tick": {"line": 28}, "confirm": {}, "bridge": {},
    "activate": {}, "freeze": {"on": False}, "steps": {"text": "uptime"}, "links": {}, "incidents": {"team": "quorum"},
    "silences": {"team": "quorum", "matchers": ["a=b"], "minutes": 5, "reason": "x"},
    "overrides": {"schedule": "primary", "person": "bo", "minutes": 5, "reason": "x"}, "feeds": {"person": "bo"},
    "open-room": {}, "draft": {"text": "x"}, "publish": {}, "drop": {"reason": "x"}, "withdraw": {"reason": "x"},
    "test": {"person": "ana"}, "tokens": {"name": "x", "days": 1}, "forget": {}, "unblock": {},
    "swaps": {"schedule": "primary", "one": "ana", "one_at": "2026-03-02T03:00:00Z", "other": "bo",
              "other_at": "2026-03-02T03:00:00Z", "reason": "x"}, "revoke": {},
    "preview": {"team": "quorum", "matchers": ["a=b"], "minutes": 5, "reason": "x"}, "end": {"team": "quorum"},
}  # fmt: skip


EVENT = {"summary": "x", "source": "y", "severity": "info"}
OF_OTHERS: dict[str, Any] = {
    "/v2/enqueue": {"routing_key": KEY, "event_action": "trigger", "payload": EVENT},
    "/v2/change/enqueue": {"routing_key": KEY, "payload": EVENT},
    "/generic/2010-04-15/create_event.json": {"service_key": KEY, "event_type": "trigger", "description": "x"},
    "/v2/alerts": {"message": "x"},
    "/v2/alerts/{alias}/close": {},
    "/v2/alerts/{alias}/acknowledge": {},
    "/v2/alerts/{alias}/notes": {"note": "x"},
    "/in/{key}/grafana": {"alerts": []},
    "/in/{key}/hook/{name}": {"t": "x"},
    "/in/{key}/other-pager": {"event": {}},
}
"""What is posted to the addresses that speak somebody else's format."""


async def test_every_documented_address_answers_as_it_says(open_house: Open) -> None:
    mapped = Intake(name="one", title="t")
    pulse = Heartbeat(every_s=60)
    house = await open_house(make_cast(heartbeats={"one": pulse}), mappings=lambda: {"one": mapped})
    await house.story.alert("ChainHalted")
    digest = await house.desk.blobs.put(b"evidence")
    document, api = await read_document(house), await house.caller("lea")
    values = {"incident": "quorum-1", "team": "quorum", "digest": digest, "line": "364", "name": "one"}
    values |= {"alias": "a", "asked": "00000000", "word": "start", "silence": "none"}
    values |= {"override": "none", "feed": "none", "token": "none", "person": "ana", "number": "1", "ticket": "x"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            keys = {
                "key": KEY
                if path.startswith(("/in/", "/ping/"))
                else "acknowledge"
                if "obligations" in path
                else "L205"
            }
            url = re.sub(r"{(\w+)}", lambda found: {**values, **keys}[found[1]], path)  # noqa: B023 used at once
            options: dict[str, Any] = {}
            if method == "put" or path == "/api/compile":
                options["content"] = "# text"
            elif path in OF_OTHERS or path.startswith(("/v2/", "/ping/")):
                options["json"] = OF_OTHERS.get(path)
                options["headers"] = {"Authorization": f"GenieKey {KEY}"}
            elif path.endswith("/alerts"):
                options["json"] = [{"labels": {"alertname": "X"}}]
                options["headers"] = {"Authorization": f"Bearer {KEY}"}
            elif path.endswith("/alertmanager"):
                options["json"] = {"alerts": []}
            elif method == "post":
                options["json"] = BODIES[path.rpartition("/")[2]]
            answer = await api.request(method.upper(), url, **options)
            said = operation["responses"].get(str(answer.status_code))
            assert said is not None, (method, path, answer.status_code, answer.text[:300])
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in said["content"], (method, path, kind)
            if kind == "application/json":
                faults = fits(answer.json(), said["content"][kind]["schema"], document)
                assert not faults, (method, path, faults[:5])


async def test_no_error_is_described_that_has_another_shape(open_house: Open) -> None:
    document = await read_document(await open_house())
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for status, said in operation["responses"].items():
                if status.startswith("4") and not path.startswith(("/in/", "/api/v2", "/v2/", "/generic/", "/ping/")):
                    schema = resolve(said["content"]["application/json"]["schema"], document)
                    assert set(schema["properties"]) == {"error"}, (method, path, status)
