"""What a target declares of the network: read strictly, and drafted from what the playbook itself asks."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.errors import UserError
from tocsin.words import Mode

from .attack import TODAY

PLAYBOOK = """\
# Till Playbook

### PLAY-001: Till Stuck

**Alert**: `TillStuck`

#### Detection

```bash
curl -s http://localhost:8080/health | jq .status
curl -sI https://till.example/
curl http://localhost:<metrics-port>/health
curl -s http://169.254.169.254/latest/meta-data/
curl -s http://metadata.google.internal/
curl -s http://$TILL:9100/
```

#### Resolution Steps

```bash
curl -X POST http://localhost:9999/restart
```
"""


def make(folder: Path, playbook: str = PLAYBOOK) -> Path:
    (folder / "till.md").write_text(playbook)
    initialise(folder / "workspace", [folder / "till.md"], Mode.LIVE, TODAY)
    return folder / "workspace"


def test_a_draft_declares_what_reads_ask_and_nothing_else(tmp_path: Path) -> None:
    """No blank, no change, and no way to a cloud's credentials."""
    root = make(tmp_path)
    table = tomllib.loads((root / "tocsin.toml").read_text())["teams"]["till"]["targets"]["local"]
    assert table["network"] == ["localhost:8080", "till.example:443"]
    assert load_workspace(root, TODAY).targets["till/local"][0].network == ("localhost:8080", "till.example:443")


def test_a_draft_without_addresses_declares_nothing(tmp_path: Path) -> None:
    root = make(tmp_path, PLAYBOOK.replace("://", ":"))
    assert '# network = ["localhost:8080"' in (root / "tocsin.toml").read_text()
    assert load_workspace(root, TODAY).targets["till/local"][0].network == ()


def settle(root: Path, line: str) -> None:
    path = root / "tocsin.toml"
    lines = path.read_text().splitlines()
    at = next(number for number, each in enumerate(lines) if each.startswith("network = "))
    path.write_text("\n".join([*lines[:at], line, *lines[at + 1 :]]) + "\n")


@pytest.mark.parametrize(("line", "said"), [
    ('network = ["localhost"]', "names no port"),
    ('network = ["a:1", "*.internal:443"]', "no single host"),
    ('change_network = ["::1:80"]', "in brackets"),
    ('network = "closed"', "'closed' is neither"), ('network = "localhost:8080"', "it is a list"),
    ('network = [8080]', "str"),
])  # fmt: skip
def test_what_cannot_be_declared_is_a_fault_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    root = make(tmp_path)
    settle(root, line)
    number = (root / "tocsin.toml").read_text().splitlines().index(line) + 1
    with pytest.raises(UserError, match=said) as refused:
        load_workspace(root, TODAY)
    assert f"tocsin.toml:{number}" in str(refused.value)


def test_everything_is_declared_by_one_word(tmp_path: Path) -> None:
    root = make(tmp_path)
    settle(root, 'network = "open"')
    assert load_workspace(root, TODAY).targets["till/local"][0].network == "open"
