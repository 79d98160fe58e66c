"""Where a channel's pages go: what a confirmation is held against. It changes whenever they would go elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tocsin.integrations.apprise import Apprise, AppriseSettings
from tocsin.integrations.channel import Addressed
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.integrations.pagerduty import PagerDuty, PagerDutySettings
from tocsin.integrations.slack.calls import Calls
from tocsin.integrations.slack.rooms import Slack
from tocsin.integrations.slack.settings import SlackSettings
from tocsin.integrations.smtp import Smtp, SmtpSettings
from tocsin.integrations.terminal import Terminal
from tocsin.integrations.twilio import Twilio, TwilioSettings
from tocsin.integrations.webhook import Webhook, WebhookSettings
from tocsin.oncall.settings import Person

ANA = Person(name="Ana", mail="ana@example.org", phone="+491")
MOVED = Person(name="Ana", mail="ana@example.com", phone="+492")


def make_twilio(_: str) -> Twilio:
    return Twilio(TwilioSettings(kind="twilio", way="sms", account="A", sender="+1", token_file="t"), ["x"])


def make_webhook(where: str) -> Webhook:
    return Webhook(WebhookSettings(kind="webhook", url=f"http://127.0.0.1:9/{where}"), None, lambda place: None)


def make_pagerduty(where: str) -> PagerDuty:
    return PagerDuty(PagerDutySettings(kind="pagerduty", routing_key_file="x"), where, (), "m")


def make_slack(where: str) -> Slack:
    settings = SlackSettings(kind="slack", token_file="t", people={"ana": where})
    return Slack(settings, Calls("t", "http://127.0.0.1:9/"))


MADE: dict[str, Callable[[str], Addressed]] = {
    "smtp": lambda where: Smtp(SmtpSettings(kind="smtp", host="h", sender="s"), None),
    "twilio": make_twilio,
    "ntfy": lambda where: Ntfy(NtfySettings(kind="ntfy", topics_file="x"), {"ana": [where]}, None),
    "apprise": lambda where: Apprise(AppriseSettings(kind="apprise", urls_file="x"), {"": [where]}),
    "webhook": make_webhook,
    "pagerduty": make_pagerduty,
    "slack": make_slack,
}


@pytest.mark.parametrize("kind", MADE)
def test_the_address_is_another_when_pages_go_elsewhere(kind: str) -> None:
    before, same, after = MADE[kind]("one"), MADE[kind]("one"), MADE[kind]("two")
    assert before.find_address("ana", ANA) == same.find_address("ana", ANA) != after.find_address("ana", MOVED)
    assert isinstance(before, Addressed)


def test_the_terminal_has_none() -> None:
    assert not isinstance(Terminal(), Addressed)
