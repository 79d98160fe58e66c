"""Settings of checkpoints: apart from what makes them, so that reading settings loads no database."""

from __future__ import annotations

import msgspec

from tocsin.integrations.smtp import SmtpSettings


class CheckpointsTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[checkpoints]`: one is made every `every_minutes`. With `mail` each is sent there, by the smtp channel `channel`
    (default: the first one of the settings).
    """

    every_minutes: float = 15.0
    mail: str = ""
    channel: str = ""


class WitnessTable(msgspec.Struct, frozen=True, kw_only=True):
    """`[witness]`: `url` is where a `tocsin witness` listens, on a host of somebody else's."""

    url: str


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say of checkpoints now."""

    every_s: float
    witness: str = ""
    mail: str = ""
    channel: SmtpSettings | None = None
    password: str | None = None
