"""What followers of a status page are told, and by what they show that it was they who asked.

A link in a mail only shows; the button behind it acts. Each carries a token that nobody can make who does not have the
server's key, for one follower and one thing to do.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

from tocsin.timeline.redact import plain
from tocsin.words import PublicStatus

CONFIRM, LEAVE, CHALLENGE, SECRET = "confirm", "leave", "challenge", "secret"
HEADLINES = {
    PublicStatus.INVESTIGATING: "We are looking into it.",
    PublicStatus.IDENTIFIED: "The cause is known.",
    PublicStatus.MONITORING: "A fix is in place; we are watching it.",
    PublicStatus.RESOLVED: "It is over.",
}


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail: its subject, its text, and the address that takes somebody off the list (empty before they are on it)."""

    subject: str
    text: str
    leave: str = ""


def make_token(key: bytes, act: str, follower: str) -> str:
    """What lets whoever has it do `act` for a follower."""
    return f"{follower}.{_seal(key, act, follower)}"


def read_token(key: bytes, act: str, token: str) -> str | None:
    """The follower whom a token is for; null for one that nobody of us made, or made for something else."""
    follower, _, seal = token.partition(".")
    return follower if hmac.compare_digest(_seal(key, act, follower).encode(), seal.encode()) else None


def make_secret(key: bytes, follower: str) -> str:
    """What a webhook's messages are signed with: its own, and the same after every restart."""
    return _seal(key, SECRET, follower)


def _seal(key: bytes, act: str, follower: str) -> str:
    return hmac.digest(key, f"follow {act} {follower}".encode(), hashlib.sha256).hex()[:48]


def write_invitation(page: str, confirm: str) -> Letter:
    """Do you want to hear of this page? Nothing is sent to whoever does not say yes."""
    name = _line(page)
    return Letter(
        subject=f"Confirm: be told of changes at {name}",
        text=(
            f"Somebody, you we hope, asked that this address be told when {name} reports an incident.\n\n"
            f"If it was you, open this address and press the button:\n{confirm}\n\n"
            "If it was not, do nothing: you will not hear from us again.\n"
        ),
    )


def write_announcement(
    page: str, title: str, status: PublicStatus, text: str, at: datetime, url: str, leave: str
) -> Letter:
    """One change of what the public is told; it may have come without words."""
    moment = at.astimezone(UTC)
    words = f"{plain(text)}\n\n" if text.strip() else ""
    return Letter(
        subject=f"[{_line(page)}] {status.capitalize()}: {_line(title)}",
        text=(
            f"{_line(title)}\n{status.capitalize()}, {moment:%Y-%m-%d %H:%M} UTC. {HEADLINES[status]}\n\n"
            f"{words}The page: {url}\n\nNo more of these: {leave}\n"
        ),
        leave=leave,
    )


def _line(text: str) -> str:
    return " ".join(plain(text).split())[:150]
