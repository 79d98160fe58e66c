"""What `tocsin serve` and the verbs say when something is in the way: one clear sentence, exit 2, no traceback."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from .ground import ANSWER_S, KEY, Ground, open_client, run, wait_for


def tocsin(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return run(*words)


def complains(done: subprocess.CompletedProcess[str], *said: str) -> bool:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert all(each in done.stderr for each in said), done.stderr
    return True


def edit(path: Path, text: str) -> None:
    """Change a file at one stroke, as editors do: a server that looks meanwhile finds no half of it."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    draft.replace(path)


def test_without_a_workspace_it_says_how_to_make_one(tmp_path: Path) -> None:
    assert complains(tocsin("serve", "--workspace", str(tmp_path)), "tocsin init", "--playbook")


def test_a_port_in_use(ground: Ground) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert complains(tocsin("serve", "--workspace", str(ground.root), "--port", port), port, "--port")


def test_a_data_directory_that_cannot_be_written(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = tocsin("serve", "--workspace", str(ground.root), "--data", str(tmp_path / "file" / "data"), "--port", "0")
    assert complains(done, "cannot be written", "--data")


def test_another_server_on_the_same_data(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    done = tocsin("serve", "--workspace", str(ground.root), "--port", "0")
    assert ground.process is not None
    assert complains(done, str(ground.process.pid), "--data")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_open_intake_is_refused_on_other_addresses(ground: Ground, host: str) -> None:
    done = tocsin("serve", "--workspace", str(ground.root), "--open-intake", "--host", host, "--port", "0")
    assert complains(done, "--open-intake", "127.0.0.1")


def test_all_problems_of_the_settings_are_said_at_once(ground: Ground) -> None:
    path = ground.root / "tocsin.toml"
    path.write_text(path.read_text().replace('levels = [["ana"], ["bo"]]', 'levels = [["anna"], ["bob"]]'))
    done = tocsin("serve", "--workspace", str(ground.root), "--port", "0")
    assert complains(done, "2 problems", "'anna'", "'bob'", "tocsin.toml:")


def test_a_missing_key_of_the_chain_is_not_replaced(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    ground.stop()
    (ground.root / ".tocsin" / "data" / "keys" / "chain").unlink()
    done = tocsin("serve", "--workspace", str(ground.root), "--port", "0")
    assert done.returncode == 3
    assert "Restore it" in done.stderr


def test_verbs_without_a_server_say_how_to_start_one(ground: Ground) -> None:
    assert complains(tocsin("incidents", "--workspace", str(ground.root)), "tocsin serve")


def test_what_it_writes_is_for_the_owner_only(ground: Ground) -> None:
    ground.start(anew=True)
    wait_for(ground.url, "server")
    private = ground.root / ".tocsin"
    wanted = (private, private / "credential", private / "data")  # others come and go meanwhile
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in wanted}
    assert modes[".tocsin"] == 0o700
    assert modes["credential"] == 0o600
    assert modes["data"] == 0o700


def test_a_bad_edit_or_a_missing_file_keeps_the_last_good_settings_and_a_good_one_is_taken_over(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    path = ground.root / "tocsin.toml"
    good = path.read_text()
    edit(
        path, good.replace('name = "Ana"', 'name = "Ana"\nchannels = ["nowhere"]').replace('channels = ["hook"]', "", 1)
    )
    wait_for(lambda: "not used" in ground.log(), "refusal of the edit")
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page by the last good settings")
    path.unlink()
    wait_for(lambda: ground.log().count("not used") == 2, "refusal of the missing file")
    edit(path, good.replace('name = "Ana"', 'name = "Anabel"'))
    wait_for(lambda: "are in use" in ground.log(), "the good edit")
    assert ground.process is not None
    assert ground.process.poll() is None


def test_a_changed_playbook_runs_nothing_by_itself_until_somebody_has_activated_it(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    playbook = ground.root / "playbooks" / "shop.md"
    edit(playbook, playbook.read_text() + "\nA remark.\n")
    wait_for(lambda: "are in use" in ground.log(), "the changed playbook")
    assert ground.fire()
    wait_for(lambda: ground.sink.pages, "page")
    kinds = [entry["kind"] for entry in ground.ask("GET", "/api/incidents/shop-1/timeline")]
    assert "step_requested" not in kinds
    done = tocsin("activate", "shop", "--workspace", str(ground.root), "--as", "ana")
    assert done.returncode == 0, done.stderr

    def happened() -> list[str]:
        return [entry["kind"] for entry in ground.ask("GET", "/api/incidents/shop-1/timeline") or []]

    wait_for(lambda: "step_finished" in happened(), "read")


def test_a_page_link_acknowledges_only_when_its_button_is_pressed(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    page = wait_for(lambda: ground.sink.pages, "page")[0]

    def acknowledged() -> object:
        return ground.ask("GET", "/api/incidents")[0]["acknowledged_at"]

    for method in ("GET", "HEAD"):
        assert httpx.request(method, page["link"], timeout=ANSWER_S).status_code == 200
    assert acknowledged() is None
    assert httpx.post(page["link"], follow_redirects=True, timeout=ANSWER_S).is_success
    assert acknowledged() is not None


@pytest.mark.parametrize("verb", ["ack", "note", "update", "mitigate", "cause", "severity", "resolve", "review"])
def test_the_verbs_of_a_response(ground: Ground, verb: str) -> None:
    """One incident lived through by verbs alone is shown in `test_an_incident_by_verbs`; here each is known."""
    done = tocsin(verb, "--help")
    assert done.returncode == 0
    assert "Usage: tocsin" in done.stdout
    assert ground.root.exists()


def test_an_incident_by_verbs(ground: Ground) -> None:
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    wait_for(lambda: "step_finished" in json.dumps(ground.ask("GET", "/api/incidents/shop-1/timeline") or ""), "read")
    here = ("--workspace", str(ground.root), "--as", "ana")
    listed = json.loads(tocsin("incidents", "--format", "json", *here).stdout)
    wanted = [
        "id",
        "number",
        "team",
        "title",
        "scenario",
        "severity",
        "status",
        "opened_at",
        "acknowledged_at",
        "resolved_at",
    ]
    assert set(wanted) <= set(listed[0])
    for words in (
        ("ack", "shop-1"),
        ("role", "shop-1", "incident commander", "bo"),
        ("note", "shop-1", "the drawer is jammed"),
        ("update", "shop-1", "We are on it.", "--public"),
        ("cause", "shop-1", "a coin"),
        ("approve", "shop-1", "L32", "--yes"),
    ):
        done = tocsin(*words, *here)
        assert done.returncode == 0, (words, done.stderr)
    wait_for(lambda: ground.turns == 1, "the approved step")
    read = tocsin("show", "shop-1", "--workspace", str(ground.root)).stdout
    assert "| the drawer is stuck" in read
    assert "exit 0" in read
    for words in (("mitigate", "shop-1"), ("resolve", "shop-1", "--note", "turned")):
        assert tocsin(*words, *here).returncode == 0
    review = tocsin("review", "shop-1", *here).stdout
    assert "the drawer is jammed" in review or "a coin" in review
    timeline = tocsin("timeline", "shop-1", *here).stdout
    assert "Ana acknowledged" in timeline
    assert "Bo is Incident Commander" in timeline
    public = open_client().get(f"{ground.url()}/status/shop").text
    assert "We are on it." in public
    assert "coin" not in public
    refused = tocsin("ack", "shop-9", *here)
    assert complains(refused, "shop-9")


def test_nobody_acts_for_nobody(ground: Ground) -> None:
    """Without a name nothing is done; a name is chosen once, and then it need not be said."""
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    wait_for(lambda: ground.ask("GET", "/api/incidents"), "incident")
    here = ("--workspace", str(ground.root))
    assert complains(tocsin("ack", "shop-1", *here), "Who are you?", "ana, bo", "whoami --set")
    assert complains(tocsin("note", "shop-1", "x", *here), "--as NAME")
    assert complains(tocsin("ack", "shop-1", *here, "--as", "zoe"), "zoe", "ana, bo")
    assert complains(tocsin("whoami", "--set", "zoe", *here), "ana, bo")
    assert tocsin("whoami", "--set", "bo", *here).returncode == 0
    assert "bo (Bo)" in tocsin("whoami", *here).stdout
    assert tocsin("ack", "shop-1", *here).returncode == 0
    assert "Bo acknowledged" in tocsin("timeline", "shop-1", *here).stdout
    assert "/signin/" in tocsin("signin", "ana", *here).stdout


def test_the_same_act_twice_is_done_once_and_says_so(ground: Ground) -> None:
    """Whoever is tired types things twice: nothing runs or is written down a second time, and the answer says why."""
    ground.start()
    wait_for(ground.url, "server")
    assert ground.fire()
    wait_for(lambda: "step_finished" in json.dumps(ground.ask("GET", "/api/incidents/shop-1/timeline") or ""), "read")
    here = ("--workspace", str(ground.root), "--as", "ana")
    assert "Ana acknowledged" in tocsin("ack", "shop-1", *here).stdout
    assert "it is so already" in tocsin("ack", "shop-1", *here).stdout
    assert tocsin("approve", "shop-1", "32", "--yes", *here).returncode == 0
    wait_for(lambda: "exit 0" in tocsin("show", "shop-1", "--step", "32", *here).stdout, "the end of the step")
    assert complains(tocsin("approve", "shop-1", "L32", "--yes", *here), "has run already", "--again")
    assert ground.turns == 1
    assert tocsin("approve", "shop-1", "l32", "--yes", "--again", *here).returncode == 0
    wait_for(lambda: ground.turns == 2, "the second run")
    wait_for(lambda: "exit 0" in tocsin("show", "shop-1", "--step", "32", *here).stdout, "its end")
    assert "Ana resolved it" in tocsin("resolve", "shop-1", *here).stdout
    assert complains(tocsin("resolve", "shop-1", *here), "reopen")


def test_what_is_asked_of_the_wrong_place_says_so(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.start()
    url = wait_for(ground.url, "server")
    monkeypatch.setenv("TOCSIN_TOKEN", "nobody's")
    assert complains(tocsin("incidents", "--url", url), "token")
    assert complains(tocsin("incidents", "--url", "tocsin.example.org"), "https://")
    assert complains(tocsin("incidents", "--url", "http://127.0.0.1:9"), "does not answer")
    assert complains(tocsin("explain", "TOC-999"), "PB101 to PB")
    assert complains(
        tocsin("note", "shop-1", "", "--workspace", str(ground.root), "--as", "ana"), "no incident 'shop-1'"
    )


def test_huge_and_malformed_bodies_are_refused_and_the_good_alerts_kept(ground: Ground) -> None:
    ground.start()
    url = wait_for(ground.url, "server") + f"/in/{KEY}/api/v2/alerts"
    post = open_client().post
    assert post(url, content=b"{not json").status_code == 400
    assert post(url, content=b"[" + b" " * (11 * 2**20) + b"]").status_code == 413
    mixed = [{"labels": {}}, {"labels": {"alertname": "TillStuck"}}]
    answer = post(url, json=mixed)
    assert answer.status_code == 400
    assert "labels" in answer.text
    assert [each["title"] for each in ground.ask("GET", "/api/incidents")] == ["Till Stuck"]
    wrong = post(f"{ground.url()}/in/{'f' * 32}/api/v2/alerts", json=mixed)
    assert wrong.status_code in (401, 404)
    assert post(f"{ground.url()}/api/v2/alerts", json=mixed).status_code == 401


def test_it_ends_promptly_when_asked_even_with_a_screen_open(ground: Ground) -> None:
    for _ in range(3):  # a machine that does other things is asked again
        ground.start()
        url = wait_for(ground.url, "server")
        token = (ground.root / ".tocsin" / "credential").read_text()
        headers = {"Authorization": f"Bearer {token}", "X-Tocsin-As": "ana"}
        with httpx.stream("GET", f"{url}/events", headers=headers, timeout=ANSWER_S) as stream:
            assert stream.is_success
            started = time.monotonic()
            ground.stop()
            took = time.monotonic() - started
        if took < 10:
            break
    assert took < 10
    assert (ground.root / ".tocsin" / "data" / "tocsin.db").exists()
