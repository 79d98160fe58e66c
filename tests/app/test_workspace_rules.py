"""Personal rules and working hours in the settings: what would leave somebody unreached is named with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tocsin.app.contactable import find_unreachable
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.errors import ConfigError
from tocsin.integrations.smtp import SmtpSettings
from tocsin.integrations.webhook import WebhookSettings
from tocsin.oncall.personal import list_channels
from tocsin.oncall.settings import Hours, Person, Rules, Try
from tocsin.words import Urgency

from .till import TODAY, edit


def load(root: Path, rules: str) -> Workspace:
    path = root / "tocsin.toml"
    path.write_text(f"{path.read_text()}\n[people.zoe]\nname = 'Zoe'\n[people.zoe.rules]\n{rules}\n")
    return load_workspace(root, TODAY)


def test_rules_are_read_as_they_are_written(root: Path) -> None:
    found = load(root, 'high = [{ channel = "terminal" }]\nquiet = ["22:00-07:00"]\ntimezone = "Europe/Berlin"')
    wanted = Rules(high=(Try(channel="terminal"),), quiet=("22:00-07:00",), timezone="Europe/Berlin")
    assert found.settings.people["zoe"].rules == wanted


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('high = [{ channel = "pigeon" }]', "'pigeon' is none of this person's channels"),
        ('high = [{ channel = "terminal", after_s = 5 }]', "the first attempt is made at once"),
        ('high = [{ channel = "terminal" }, { channel = "terminal", after_s = 3600 }]', "between 0 and 600 seconds"),
        ('low = [{ channel = "terminal" }, { channel = "terminal", after_s = 90000 }]', "between 0 and 86400"),
        ('quiet = ["at night"]', "names no time"),
        ('quiet = ["Mon-Sun 00:00-24:00"]', "96 hours at a stretch at most"),
        ('quiet = ["Thu 00:00 - Mon 09:00"]', "96 hours at a stretch at most"),
        ('timezone = "Europe/Nowhere"', "is no time zone"),
        ("high = [" + 11 * '{ channel = "terminal" },' + "]", "10 attempts are enough"),
    ],
)
def test_what_does_not_hold_is_named_with_its_line(root: Path, rules: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"tocsin\.toml:\d+.*people\.zoe\.rules.*{said}"):
        load(root, rules)


def test_a_long_weekend_is_no_fault(root: Path) -> None:
    assert load(root, 'quiet = ["Fri 17:00 - Mon 09:00", "22:00-07:00"]').settings.people["zoe"].rules.quiet


def test_the_worst_severity_can_be_no_low_one_and_no_severity_is_made_up(root: Path) -> None:
    for severity, said in (("SEV-1", "is the worst there is"), ("P77", "has no severity 'P77'")):
        edit(root, 'mode = "live"', f'mode = "live"\nurgency = {{ {severity} = "low" }}')
        with pytest.raises(ConfigError, match=said):
            load_workspace(root, TODAY)
        edit(root, f'urgency = {{ {severity} = "low" }}', "")


def test_a_rule_without_a_working_channel_is_found_though_others_would_be_asked() -> None:
    channels: dict[str, Any] = {
        "mail": SmtpSettings(kind="smtp", host="h", sender="a@b.example"),
        "hook": WebhookSettings(kind="webhook", url="https://hook.example"),
    }
    ana = Person(name="Ana", channels=("mail", "hook"), rules=Rules(high=(Try(channel="mail"),)))
    assert "rule for what is urgent without a channel that works (mail needs a mail" in find_unreachable(ana, channels)
    gone = Person(name="Ana", channels=("hook",), rules=Rules(high=(Try(channel="mail"),)))
    assert "none of its channels is theirs any more" in find_unreachable(gone, channels)
    assert list_channels(gone, Urgency.HIGH) == ("hook",), "they are called all the same"
    good = Person(name="Ana", mail="a@b.example", channels=("mail", "hook"), rules=Rules(high=(Try(channel="mail"),)))
    assert not find_unreachable(good, channels)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("during = []", r"hours\.during.*say when the team works"),
        ('during = ["at noon"]', r"hours\.during.*names no time"),
        ('holidays = { country = "Atlantis" }', r"hours\.holidays\.country.*no holidays are known"),
        ('holidays = { country = "DE", who = ["ana"] }', r"hours\.holidays\.who.*only closes the working hours"),
    ],
)
def test_working_hours_that_there_are_not_are_named_with_their_line(root: Path, hours: str, said: str) -> None:
    path = root / "tocsin.toml"
    path.write_text(f"{path.read_text()}\n[teams.till.hours]\n{hours}\n")
    with pytest.raises(ConfigError, match=rf"tocsin\.toml:\d+.*teams\.till\.{said}"):
        load_workspace(root, TODAY)


def test_working_hours_and_closed_days_reach_the_team(root: Path) -> None:
    path = root / "tocsin.toml"
    path.write_text(f'{path.read_text()}\n[teams.till.hours]\nduring = ["Mon 08:00-16:00"]\nclosed = [2026-12-24]\n')
    hours = load_workspace(root, TODAY).settings.teams["till"].staffing.hours
    assert hours == Hours(during=("Mon 08:00-16:00",), closed=(date(2026, 12, 24),))


REACHED = 'channels = ["post"]\nmail = "a@b.example"\n'


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        ("", r"contacts\.cloud\.channels.*say how they are reached"),
        ('channels = ["terminal"]', r"contacts\.cloud\.channels.*the terminal is only where"),
        ('channels = ["pigeon"]', r"contacts\.cloud\.channels.*there is no channel 'pigeon'"),
        ('channels = ["post"]', r"contacts\.cloud\.channels.*post needs a mail address; give them `mail`"),
        ('channels = ["post"]\nmail = "a@b.example"\nscenarios = ["Flood"]', r"scenarios.*no scenario 'Flood'"),
        (
            'channels = ["post"]\nmail = "a@b.example"\nentries = ["AWS"]',
            r"entries.*lists no contact 'AWS'; it has: none",
        ),
        (
            f'{REACHED}approval = "head of nothing"',
            r"cloud\.approval.*'head of nothing' is neither a person .* nor a role",
        ),
        (
            f'{REACHED}approval = "primary"',
            r"cloud\.approval.*'primary' is neither .*the roles are .*Incident Commander",
        ),
        (f'{REACHED}who = ["security", "ghost"]', r"cloud\.who\[1\].*'ghost' is neither a person"),
        (f'{REACHED}approval = "zoe"\n[people.zoe]\nname = "Zoe"', r"cloud\.approval.*zoe may not act for this team"),
    ],
)
def test_a_contact_outside_that_nobody_could_call_is_named_with_its_line(root: Path, contact: str, said: str) -> None:
    path = root / "tocsin.toml"
    post = '[channels.post]\nkind = "smtp"\nhost = "h"\nsender = "a@b.example"\nsecurity = "none"'
    text = f"{path.read_text()}\n{post}\n[teams.till.contacts.cloud]\nname = 'Cloud'\n{contact}\n"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"(?s)tocsin\.toml:\d+.*{said}"):
        load_workspace(root, TODAY)
