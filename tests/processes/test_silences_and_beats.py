"""Silences and heartbeats of a server that is killed: kept, and told by the next one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from .ground import ANSWER_S, KEY, Ground, wait_for


def silence(ground: Ground, seconds: float) -> str:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": "TillStuck", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
        "createdBy": "kim",
        "comment": "drawers are changed",
    }
    answer = httpx.post(f"{ground.url()}/in/{KEY}/api/v2/silences", json=body, timeout=ANSWER_S)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["silenceID"])


def kill(ground: Ground) -> None:
    assert ground.process is not None
    ground.process.kill()
    ground.process.wait()


def test_a_silence_survives_a_kill_and_its_end_pages(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    found = silence(ground, 600)
    assert ground.fire()
    assert ground.ask("GET", "/api/incidents") == []
    kill(ground)
    ground.start()
    wait_for(ground.url, "second server")
    listed = httpx.get(f"{ground.url()}/in/{KEY}/api/v2/alerts", timeout=ANSWER_S).json()
    assert [alert["status"]["silencedBy"] for alert in listed] == [[found]]
    assert ground.sink.pages == []
    assert httpx.delete(f"{ground.url()}/in/{KEY}/api/v2/silence/{found}", timeout=ANSWER_S).status_code == 200
    kill(ground)
    ground.start()
    wait_for(lambda: ground.sink.pages, "page after the silence")
    assert len(ground.ask("GET", "/api/incidents")) == 1
    ground.stop()
    assert ground.verify().returncode == 0


def test_a_heartbeat_that_falls_due_while_nobody_serves_is_missed_by_the_next_server(ground: Ground) -> None:
    settings = ground.root / "tocsin.toml"
    beat = '\n[teams.shop.heartbeats.pulse]\nevery_s = 10\ngrace_s = 0\nalert = "TillStuck"\n'
    settings.write_text(settings.read_text() + beat)
    ground.start()
    wait_for(ground.url, "server")
    assert httpx.get(f"{ground.url()}/ping/{KEY}/pulse", timeout=ANSWER_S).text == "OK"
    kill(ground)
    ground.start()
    wait_for(lambda: ground.sink.pages, "page for the missing heartbeat")
    (incident,) = ground.ask("GET", "/api/incidents")
    wait_for(lambda: clears(ground, incident["id"]), "end of the alert by a beat")


def clears(ground: Ground, incident: str) -> bool:
    """Whether a beat ends the alert: until the next is due, ten seconds later, which may come before we look."""
    assert httpx.get(f"{ground.url()}/ping/{KEY}/pulse", timeout=ANSWER_S).text == "OK"
    room = ground.ask("GET", f"/api/incidents/{incident}")
    return bool(room["alerts"]) and all(alert["cleared_at"] is not None for alert in room["alerts"])
