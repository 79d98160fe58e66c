"""Channels of the settings: what they lack is named, and their secrets come from files and are told nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.app.channels import Opener
from tocsin.app.tables import CHANNEL_KINDS
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.engine.failpoint import pass_by
from tocsin.errors import ConfigError
from tocsin.integrations.twilio import Twilio

from .till import TODAY, edit

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise asks for it


def load(root: Path, channel: str, **secrets: str) -> Workspace:
    path = root / "tocsin.toml"
    path.write_text(f"{path.read_text()}\n[channels.new]\n{channel}\n")
    for name, text in secrets.items():
        (root / "secrets" / name).write_text(text)
    return load_workspace(root, TODAY)


@pytest.mark.parametrize("kind", [kind for kind in CHANNEL_KINDS if kind != "terminal"])
def test_a_channel_that_lacks_what_it_needs_names_it(root: Path, kind: str) -> None:
    with pytest.raises(ConfigError, match=r"tocsin\.toml:\d+.*channels\.new"):
        load(root, f'kind = "{kind}"')


@pytest.mark.parametrize("channel", [
    'kind = "ntfy"\ntopics_file = "secrets/topics"',
    'kind = "ntfy"\ntopics_file = "secrets/there"\ntoken_file = "secrets/token"',
    'kind = "apprise"\nurls_file = "secrets/urls"',
])  # fmt: skip
def test_a_secret_that_is_not_there_is_named_with_its_file(root: Path, channel: str) -> None:
    with pytest.raises(ConfigError, match="there is no file 'secrets/") as error:
        load(root, channel, there="x")
    assert "0600" in str(error.value)


def test_an_address_that_apprise_does_not_know_is_found_at_the_start_and_not_told(root: Path) -> None:
    with pytest.raises(ConfigError, match="of ana") as error:
        load(root, 'kind = "apprise"\nurls_file = "secrets/urls"', urls="ana = nonsense://secretsecret")
    assert "secretsecret" not in str(error.value)


TWILIO = 'kind = "twilio"\nway = "call"\naccount = "AC1"\nsender = "+1"\ntoken_file = "secrets/there"'


def test_twilio_needs_an_address_at_which_it_can_tell_what_was_pressed(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"set `url` of \[server\] to its public address"):
        load(root, TWILIO, there="x")


def test_a_phone_number_that_cannot_be_called_is_named(root: Path) -> None:
    edit(root, 'channels = ["terminal"]', 'channels = ["terminal"]\nphone = "030 123"')
    with pytest.raises(ConfigError, match=r"people\.oncall\.phone.*\+4930123456"):
        load_workspace(root, TODAY)


@pytest.mark.parametrize("channel", [
    'kind = "ntfy"\ntopics_file = "secrets/there"\ntoken_file = "secrets/there"',
    'kind = "apprise"\nurls_file = "secrets/there"',
    'kind = "pagerduty"\nrouting_key_file = "secrets/there"\nwebhook_secret_file = "secrets/there"',
    'kind = "webpush"\nsubject = "mailto:ops@example.org"',
])  # fmt: skip
def test_what_is_complete_is_opened(root: Path, channel: str) -> None:
    workspace = load(root, channel, there="json://127.0.0.1/x")
    assert type(Opener(pass_by).open(workspace.root, workspace.channels)["new"]).__name__.lower() in channel


def test_twilio_is_opened_where_the_server_has_a_public_address(root: Path) -> None:
    edit(root, "[server]", '[server]\nurl = "https://pager.example.org"')
    workspace = load(root, TWILIO, there="token")
    assert isinstance(Opener(pass_by).open(workspace.root, workspace.channels)["new"], Twilio)
