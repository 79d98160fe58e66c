"""What the settings say of being watched is read, and refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.workspace import load_workspace

from .till import TODAY, edit, make_till, problems

WATCH = """
[heartbeat]
url_file = "secrets/monitor"

[synthetic]
team = "till"

[traces]
endpoint = "http://127.0.0.1:4318/v1/traces"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_till(tmp_path)
    (made / "secrets" / "monitor").write_text("https://monitor.example.org/{node}\n")
    return made


def add(root: Path, text: str) -> int:
    path = root / "tocsin.toml"
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def test_all_three_are_read(root: Path) -> None:
    add(root, WATCH)
    found = load_workspace(root, TODAY, node="one")
    assert found.heartbeat is not None
    assert (found.heartbeat.url, found.heartbeat.every_s) == ("https://monitor.example.org/one", 60)
    assert found.synthetic is not None
    assert found.synthetic.labels == {"alertname": "TocsinSynthetic"}
    assert found.traces is not None


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "told"),
    [
        ('url_file = "secrets/monitor"', "every_s = 60", 1, "heartbeat", "either `url` or `url_file`"),
        ("secrets/monitor", "secrets/nowhere", 2, "heartbeat.url_file", "cannot be read"),
        ('url_file = "secrets/monitor"', 'url = "ftp://monitor"', 1, "heartbeat", "http"),
        ('url_file = "secrets/monitor"', 'url = "http://monitor:99999/"', 1, "heartbeat", "http"),
        ("[synthetic]", "every_s = 1\n\n[synthetic]", 4, "heartbeat.every_s", "between 10 and 86400"),
        ('team = "till"', 'team = "tull"', 5, "synthetic.team", "There are: till"),
        ('team = "till"', 'team = "till"\nevery_s = 5', 6, "synthetic.every_s", "between 60"),
        ('team = "till"', 'team = "till"\nwithin_s = 900', 6, "synthetic.within_s", "between 5 and 600"),
        ("http://127.0.0.1:4318/v1/traces", "collector:4318", 8, "traces.endpoint", "an address such as"),
        ("127.0.0.1:4318", "127.0.0.1:70000", 8, "traces.endpoint", "an address such as"),
        ("endpoint", "endpiont", 8, "traces.endpiont", "did you mean `endpoint`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    root: Path, before: str, after: str, line: int, path: str, told: str
) -> None:
    first = add(root, WATCH.replace(before, after)) + 1
    found = [each for each in problems(root) if told in each[2]]
    assert [(each[0] - first + 1, each[1]) for each in found] == [(line, path)]


def test_a_made_up_incident_in_shadow_mode_would_page_nobody(root: Path) -> None:
    edit(root, 'mode = "live"', 'mode = "shadow"')
    add(root, WATCH)
    assert any("in mode shadow nobody is paged" in each[2] for each in problems(root))
