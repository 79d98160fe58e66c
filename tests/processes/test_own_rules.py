"""A real server: what somebody sets for themselves calls them so at once, and a contact outside gets words alone."""

from __future__ import annotations

from typing import Any

from .ground import Ground, open_client, wait_for

SETTINGS = """
[channels.loud]
kind = "webhook"
url = "{hook}"

[teams.shop.contacts.cloud]
name = "Cloud support"
kind = "provider"
channels = ["hook"]
"""


def put_rules(ground: Ground, **rules: Any) -> int:
    """Ana sets her rules; how that was answered."""
    token = (ground.root / ".tocsin" / "credential").read_text()
    headers = {"Authorization": f"Bearer {token}", "X-Tocsin-As": "ana"}
    url = f"{ground.url()}/api/people/ana/rules"
    return open_client().request("PUT", url, headers=headers, json=rules).status_code


def test_rules_that_somebody_sets_hold_at_once_and_after_a_restart(ground: Ground) -> None:
    path = ground.root / "tocsin.toml"
    ana = 'name = "Ana"\nchannels = ["hook"'
    assert ana in path.read_text()
    settings = path.read_text().replace(ana, f'{ana}, "loud"') + SETTINGS.format(hook=ground.sink.url)
    path.write_text(settings)
    ground.start()
    wait_for(ground.url, "server")
    wait_for(lambda: ground.ask("GET", "/api/people/ana/rules"), "answer")
    assert put_rules(ground, high=[{"channel": "loud"}]) == 200
    assert put_rules(ground, high=[{"channel": "nowhere"}]) == 400
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    room = ground.ask("GET", "/api/incidents/shop-1")
    assert {call["channel"] for call in room["calls"] if call["who"]["id"] == "ana"} == {"loud"}
    assert room["steps"], "the incident has its playbook after the settings were laid over anew"

    assert ground.ask("POST", "/api/incidents/shop-1/contact", contact="cloud")
    page = wait_for(lambda: next((each for each in ground.sink.pages if each.get("outside")), None), "call")
    assert "needs your help with" in page["why"] and "Please get in touch" in page["why"]
    assert not any(page.get(each) for each in ("labels", "annotations", "alerts", "evidence", "symptoms"))
    shown = open_client().get(page["link"])
    assert (shown.status_code, "We have it" in shown.text) == (200, True)

    ground.stop()
    ground.start()
    wait_for(ground.url, "server")
    again = wait_for(lambda: ground.ask("GET", "/api/people/ana/rules"), "answer")
    assert (again["own"], again["rules"]["high"]) == (True, [{"channel": "loud", "after_s": 0}])
