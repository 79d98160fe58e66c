"""A Slack of one's own, on loopback: its Web API with its real errors, signed events, Socket Mode.

    async with FakeSlack() as slack:
        calls = Calls(slack.bot_token, slack.api)

It is for tests of a team's own settings, and of whatever speaks to Slack; what was said it keeps in memory.
"""

from tocsin.testing.slack.server import FakeSlack, Trouble
from tocsin.testing.slack.workspace import Channel, Message, Workspace

__all__ = ["Channel", "FakeSlack", "Message", "Trouble", "Workspace"]
