"""`tocsin step`: one statement judged, shown and run for real as a playbook's step is, without a server."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tocsin.app import single
from tocsin.app.initialise import initialise
from tocsin.cli.single import FAILED, FORBIDDEN, REFUSED, UNAPPROVED, run
from tocsin.errors import ConfigError, Corrupt, NotFound, UserError
from tocsin.words import Mode

PLAYBOOK = """# Shop Playbook

## Severity Levels

| Severity | Description | Response Time |
|----------|-------------|---------------|
| SEV-1 | Down | 15 minutes |

## Playbook 1: Disk Full

**Severity**: SEV-1

**Alert**: `DiskFull`

### Diagnosis

```bash
echo disk of <mount>
```

### Resolution

```bash
touch done-<mount>
```

**DO NOT**:
- Do not restart any container
"""

HOSTILE = [
    "; touch PWN", "$(touch PWN)", "`touch PWN`", "a\ntouch PWN", "' ; touch PWN ; '", '" ; touch PWN ; "',
    "| touch PWN", "&& touch PWN", "> PWN", "--output=PWN", "a b", "${IFS}x", "-rf", "a;touch PWN", "*", "~",
    "a\n", "\na", "", " ", "ünï", "\u202etouch PWN", "ａ", "x" * 20000, "../../PWN", "a/../PWN", "..", "\x1b[0m", "a\r",
    "a\u2028touch PWN", "\u200fa",
]  # fmt: skip
ORDINARY = ["us-east-1", "10.0.0.7", "validator-3"]

NOTATIONS = {
    "<name>": "name",
    "<Pod Name>": "Pod Name",
    "node-X": "node-X",
    "ATTACKER_NAME": "ATTACKER_NAME",
    "YOUR_NAME": "YOUR_NAME",
    "your-name": "your-name",
    "{name}": "name",
    "{{ name }}": "name",
    "v1.x.x": "version",
}
FIRST_THREE = {"bare": "echo {}", "double quotes": 'echo "at {} now"', "single quotes": "echo 'at {} now'"}
CONTEXTS = {
    **FIRST_THREE,
    "sh -c": "sh -c 'echo {}'",
    "sh -c, double": 'sh -c "echo {}"',
    "ssh": "ssh host 'echo {}'",
    "SQL": "sqlite3 :memory: \"select '{}'\"",
    "psql": "psql -c \"select '{}'\"",
    "URL": 'curl -s "http://127.0.0.1:9/x?q={}"',
    "JSON": 'curl -s -d \'{{"a": "{}"}}\' http://127.0.0.1:9/',
    "PromQL": "curl -s http://127.0.0.1:9/ --data-urlencode 'query=up{{a=\"{}\"}}'",
    "a here-document": "cat <<E\n{}\nE",
    "arithmetic": "echo $(({}))",
    "a pipe": "echo {} | cat",
    "a pipe to a shell": "echo {} | sh",
    "a substitution": 'echo "$(echo {})"',
    "a variable": "X={}; echo $X",
}


@pytest.fixture(scope="module")
def workspace() -> Iterator[Path]:
    """A workspace as `tocsin init` makes it, below a folder that the uid of steps can enter."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-step-"))
    folder.chmod(0o755)
    (folder / "shop.md").write_text(PLAYBOOK)
    initialise(folder / "ws", [folder / "shop.md"], Mode.SHADOW, date(2026, 3, 2))
    yield folder / "ws"
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def leave_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is asked, nothing hostile may have run."""
    monkeypatch.chdir(workspace)
    yield
    assert list(workspace.parent.rglob("PWN*")) == []


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Any:
    """Ask the verb; its JSON with the exit code as `code`."""

    def ask(text: str, **options: Any) -> dict[str, Any]:
        code = run(text, format="json", **options)
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        ran = "argv" if "argv" in told else "program"
        assert list(told) == ["verdict", "why", "effect", ran, "env", "exit_code", "stdout", "stderr"]
        return {**told, "code": code}

    return ask


@pytest.mark.parametrize("where", FIRST_THREE)
def test_an_ordinary_value_runs_in_the_first_three_contexts(ask: Any, where: str) -> None:
    for value in ORDINARY:
        told = ask(FIRST_THREE[where].format("<name>"), bind=[f"name={value}"], yes=True)
        assert (told["verdict"], told["exit_code"], told["code"]) == ("allowed", 0, 0)
        assert told["stdout"].strip() in (value, f"at {value} now")
        assert told["argv"][0] == "echo"
        assert told["env"] == {}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_of_a_blank_is_filled_by_its_name_or_as_it_is_written(ask: Any, notation: str) -> None:
    told = ask(f"echo {notation}", bind=[f"{NOTATIONS[notation]}=validator-3"], yes=True)
    assert told["stdout"] == "validator-3\n"
    for value in HOSTILE:
        told = ask(f"echo {notation}", bind=[f"{NOTATIONS[notation]}={value}"], yes=True)
        assert (told["verdict"], told["exit_code"], told["code"]) == ("refused", None, REFUSED)


@pytest.mark.parametrize("where", CONTEXTS)
def test_a_hostile_value_runs_nowhere(ask: Any, where: str) -> None:
    for value in HOSTILE:
        told = ask(CONTEXTS[where].format("<name>"), bind=[f"name={value}"], yes=True)
        assert (told["verdict"], told["exit_code"], told["stdout"]) == ("refused", None, None), value
        assert told["why"]


def test_the_shared_hostile_values_are_literal_or_refused(ask: Any, shared: Path) -> None:
    for value in json.loads((shared / "redteam" / "values.json").read_text("utf-8")):
        for text in CONTEXTS.values():
            told = ask(text.format("<name>"), bind=[f"name={value}"], yes=True)
            assert told["verdict"] == "refused" or value in told["stdout"]


@pytest.mark.parametrize("where", ["sh -c", "sh -c, double", "ssh", "a pipe to a shell"])
def test_a_program_of_another_program_is_refused_with_the_reason(ask: Any, where: str) -> None:
    told = ask(CONTEXTS[where].format("<name>"), bind=["name=us-east-1"], yes=True)
    assert (told["verdict"], told["exit_code"]) == ("refused", None)
    assert "a program" in told["why"]


def test_a_query_gets_its_values_as_parameters_of_its_client(ask: Any) -> None:
    told = ask(CONTEXTS["SQL"].format("<name>"), bind=["name=us-east-1"], yes=True)
    assert (told["verdict"], told["stdout"]) == ("allowed", "us-east-1\n")
    assert told["argv"][-2:] == [".parameter set @tocsin_text_1 \"'us-east-1'\"", "select @tocsin_text_1"]
    told = ask(CONTEXTS["psql"].format("<name>"), bind=["name=us-east-1"], dry_run=True)
    assert told["env"] == {"TOCSIN_P_NAME": "us-east-1"}
    assert "select :'tocsin_text_1'" in told["program"]


def test_what_needs_a_shell_is_a_program_with_the_values_beside_it(ask: Any) -> None:
    told = ask("echo <name> | tr a-z A-Z", bind=["name=eu"], yes=True)
    assert told["program"] == 'echo "${TOCSIN_P_NAME}" | tr a-z A-Z'
    assert (told["env"], told["stdout"]) == ({"TOCSIN_P_NAME": "eu"}, "EU\n")


def test_a_change_runs_only_once_somebody_allows_it(ask: Any, workspace: Path) -> None:
    told = ask("touch <name>", bind=["name=made"])
    assert (told["verdict"], told["exit_code"], told["code"]) == ("needs_approval", None, UNAPPROVED)
    shown = ask("touch <name>", bind=["name=made"], yes=True, dry_run=True)
    assert (shown["verdict"], shown["exit_code"], shown["code"]) == ("needs_approval", None, 0)
    assert not (workspace / "work" / "made").exists()
    told = ask("touch <name>", bind=["name=made"], yes=True)
    assert (told["verdict"], told["exit_code"], told["code"]) == ("needs_approval", 0, 0)
    assert (workspace / "work" / "made").exists()


def test_a_failure_is_told_by_its_code_and_output(ask: Any) -> None:
    told = ask("ls <name>", bind=["name=nowhere"], yes=True)
    assert (told["code"], told["exit_code"]) == (FAILED, 2)
    assert "nowhere" in told["stderr"]


def test_what_the_playbook_forbids_there_never_runs(ask: Any) -> None:
    told = ask("docker restart web", scenario="disk full", yes=True)
    assert (told["verdict"], told["exit_code"], told["code"]) == ("forbidden", None, FORBIDDEN)
    assert "Do not restart any container" in told["why"]
    assert ask("docker restart web", dry_run=True)["verdict"] == "needs_approval"


def test_a_statement_of_the_playbook_is_under_what_holds_for_its_step(ask: Any) -> None:
    told = ask("echo disk of <mount>", label=["mount=data"])
    assert (told["verdict"], told["stdout"]) == ("allowed", "disk of data\n")


def test_a_label_that_does_not_fit_fills_nothing(ask: Any) -> None:
    told = ask("echo disk of <mount>", label=["mount=; touch PWN"], yes=True)
    assert told["verdict"] == "refused"
    assert "Fill in first: mount" in told["why"]
    assert ask("echo disk of <mount>", label=["mount=; touch PWN"], bind=["mount=data"])["stdout"] == "disk of data\n"


class Prometheus(BaseHTTPRequestHandler):
    """Answers every query with itself."""

    def do_GET(self) -> None:
        body = json.dumps(parse_qs(urlsplit(self.path).query)["query"]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
        """Say nothing."""


def test_promql_is_asked_of_the_teams_prometheus_with_values_as_labels(ask: Any, workspace: Path) -> None:
    query = 'sum(rate(up{pod="<name>"}[5m])) > 0'
    told = ask(query, bind=["name=us-east-1"], yes=True)
    assert (told["verdict"], told["exit_code"]) == ("refused", None)
    assert "[teams.shop.prometheus]" in told["why"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Prometheus)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = workspace / "tocsin.toml"
    before = settings.read_text()
    try:
        settings.write_text(f'{before}\n[teams.shop.prometheus]\nurl = "http://127.0.0.1:{server.server_port}"\n')
        for value in ORDINARY:
            told = ask(query, bind=[f"name={value}"])
            assert (told["verdict"], told["effect"], told["exit_code"]) == ("allowed", "read", 0)
            assert json.loads(told["stdout"]) == [query.replace("<name>", value)]
        for value in HOSTILE:
            assert ask(query, bind=[f"name={value}"], yes=True)["verdict"] == "refused"
        settings.write_text(f'{before}\n[teams.shop.prometheus]\nurl = "http://a:b@prometheus"\n')
        with pytest.raises(ConfigError, match="without name and password"):
            run(query)
    finally:
        settings.write_text(before)
        server.shutdown()
        server.server_close()


def test_settings_of_blanks_that_cannot_hold_are_named(workspace: Path) -> None:
    settings = workspace / "tocsin.toml"
    before = settings.read_text()
    faults = {
        'pattern = "("': "regular expression",
        'pattern = "x"\ntype = "port"': "not both",
        'from = "a b"': "plain word",
        'from = "label:"': "name the label",
        'type = "nope"': "nope",
    }
    try:
        for fault, said in faults.items():
            settings.write_text(f"{before}\n[teams.shop.bindings.mount]\n{fault}\n")
            with pytest.raises(ConfigError, match=said):
                run("ls", dry_run=True)
    finally:
        settings.write_text(before)


def test_what_an_open_incident_forbids_is_forbidden_here_too(ask: Any, workspace: Path) -> None:
    data = workspace / ".tocsin" / "data"
    data.mkdir(parents=True)
    try:
        with sqlite3.connect(data / "tocsin.db") as connection:
            connection.execute("CREATE TABLE card (id TEXT, team TEXT, scenario TEXT, status TEXT, forbids INTEGER)")
            connection.execute("INSERT INTO card VALUES ('shop-1', 'shop', 'Disk Full', 'active', 1)")
        connection.close()
        title = next(each.title for each in single.judge_single(workspace, single.Wish(text="ls")).playbook.scenarios)
        with sqlite3.connect(data / "tocsin.db") as connection:
            connection.execute("UPDATE card SET scenario = ?", (title,))
        connection.close()
        told = ask("docker restart web", yes=True)
        assert (told["verdict"], told["code"]) == ("forbidden", FORBIDDEN)
        assert "shop-1" in told["why"]
        (data / "tocsin.db").write_bytes(b"\xa5" * 5000)
        with pytest.raises(Corrupt, match="not known"):
            run("ls")
    finally:
        shutil.rmtree(workspace / ".tocsin")


def test_without_isolation_nothing_runs_and_it_is_said(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: object) -> str:
        return "Steps cannot be isolated here, so none runs: install bubblewrap."

    monkeypatch.setattr(single, "isolate", none)
    told = ask("echo <name>", bind=["name=x"], yes=True)
    assert (told["verdict"], told["exit_code"], told["code"]) == ("refused", None, REFUSED)
    assert "install bubblewrap" in told["why"]
    assert ask("echo <name>", bind=["name=x"], dry_run=True)["verdict"] == "allowed"


def test_without_a_workspace_the_folder_is_the_target(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        monkeypatch.chdir(folder)
        assert ask("touch <name>", bind=["name=made"], yes=True)["exit_code"] == 0
        assert [each.name for each in Path(folder).iterdir()] == ["made"]


@pytest.mark.parametrize(
    ("text", "option"), [("ls", {"bind": ["nope"]}), ("ls", {"label": ["=x"]}), (" ", {}), ("x" * 9000, {})]
)
def test_what_cannot_be_asked_is_a_sentence(text: str, option: dict[str, list[str]]) -> None:
    with pytest.raises(UserError):
        run(text, **option)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["target", "team", "scenario"])
def test_what_is_not_there_is_named_with_what_is(option: str) -> None:
    with pytest.raises(NotFound, match=r"there are|its targets"):
        run("ls", **{option: "nope"})  # type: ignore[arg-type]


def test_a_workspace_that_was_named_must_be_there(workspace: Path) -> None:
    with pytest.raises(UserError):
        run("ls", workspace=workspace.parent / "elsewhere")
