"""Checkpoints go outside: every few minutes one is made, kept beside the data, sent to the witness and mailed.

What the witness has not taken is sent again with the next one, in order; nothing else waits for it. What does not
arrive is said on the screens and in `/metrics`: a witness that hears nothing proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import msgspec

from tocsin.app.watch.metrics import Extra
from tocsin.app.watch.rest import rest
from tocsin.app.watch.sending import Sending
from tocsin.engine.loop import Engine
from tocsin.errors import Unavailable
from tocsin.integrations.checkpoint_mail import mail_checkpoint
from tocsin.store.checkpoints import Signer, append_checkpoint, last_of, make_checkpoint, read_checkpoints
from tocsin.timeline.checkpoint import Checkpoint
from tocsin.timeline.codec import stamp

LOG = logging.getLogger("tocsin.checkpoints")

TIMEOUT_S = 20.0
LOOK_EVERY_S = 5.0
MOST_ANSWER = 300
MOST_AT_ONCE = 500
"""That a witness which was away gets in one round."""


class Checkpoints:
    """Makes and sends them. `troubles` says what does not arrive, by where it goes."""

    def __init__(self, engine: Engine, find: Callable[[], Sending | None], file: Path, signer: Callable[[], Signer]):
        self._engine, self._find, self._file, self._signer = engine, find, file, signer
        self._mailed = file.with_name(f"{file.name}.mailed")
        self._made = 0
        self._making = asyncio.Lock()
        self.troubles: dict[str, str] = {}

    async def run(self) -> None:
        """Make and send them for ever, while it is in the settings."""
        while True:
            sending = self._find()
            if sending is None:
                self.troubles.clear()
            else:
                await self.turn(sending)
            wait_s = sending.every_s if sending is not None else LOOK_EVERY_S
            await rest(wait_s, lambda: self._find() == sending)  # noqa: B023 it is asked within the turn

    async def turn(self, sending: Sending) -> None:
        """Make one and send what has not arrived."""
        try:
            made = await self.make()
        except Exception as error:
            self._note("making", f"none can be made ({type(error).__name__}: {error})")
            LOG.exception("A checkpoint could not be made")
            return
        self._note("making", "")
        await asyncio.gather(self._witness(sending, made), self._mail(sending, made))

    async def make(self) -> list[Checkpoint]:
        """All of this server's checkpoints, the last of which is new."""
        async with self._making:
            return await self._make()

    async def _make(self) -> list[Checkpoint]:
        signer = await asyncio.to_thread(self._signer)
        known = await asyncio.to_thread(self._read)
        at = stamp(self._engine.clock.now())
        last = last_of(known, signer.public)
        store = self._engine.journal.store
        made = await store.look_aside(partial(make_checkpoint, signer=signer, last=last, at=at))  # type: ignore[attr-defined]  # both stores have it, the engine needs it not
        await asyncio.to_thread(append_checkpoint, self._file, made)
        self._made = made.number
        return [*(each for each in known if each.key == signer.public), made]

    def _read(self) -> list[Checkpoint]:
        return read_checkpoints(self._file.read_bytes(), str(self._file)) if self._file.exists() else []

    async def _witness(self, sending: Sending, made: list[Checkpoint]) -> None:
        if sending.witness:
            self._note("witness", await self._try_witness(sending.witness.rstrip("/"), made))

    async def _try_witness(self, url: str, made: list[Checkpoint]) -> str:
        """Send the witness what it has not; what went wrong, in words."""
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
                has = await client.get(f"{url}/checkpoints/{made[-1].key}")
                if not has.is_success or not has.text.strip().isdecimal():
                    return f"the witness answered {has.status_code} and nothing that it should"
                for each in [each for each in made if each.number > int(has.text)][:MOST_AT_ONCE]:
                    answer = await client.post(f"{url}/checkpoints", content=msgspec.json.encode(each))
                    if not answer.is_success:
                        return f"the witness answered {answer.status_code}: {answer.text[:MOST_ANSWER].strip()}"
                if int(has.text) >= made[-1].number:
                    return "the witness has seen more of this record than there is: was an older one restored?"
        except Exception as error:  # noqa: BLE001 whatever it is, the server goes on
            return f"the witness did not answer ({type(error).__name__})"
        return ""

    async def _mail(self, sending: Sending, made: list[Checkpoint]) -> None:
        """Mail those that no mail has held yet: whoever keeps the mails must not find that one is missing."""
        if not sending.mail:
            return
        if sending.channel is None:
            self._note("mail", "there is no smtp channel to mail it with")
            return
        last, mailed = made[-1], await asyncio.to_thread(_read_number, self._mailed)
        owed = [each for each in made if each.number > mailed][:MOST_AT_ONCE] or [last]
        subject = f"tocsin checkpoint {owed[-1].number}: {last.streams} timelines, {last.upto} changes"
        text = (
            f"Keep this mail. It shows what the record of this tocsin was at {owed[-1].at[:19]} UTC:\n"
            f"tocsin verify --witness checkpoint.json holds a record against it.\n\nKey: {last.key}\n"
        )
        lines = b"".join(msgspec.json.encode(each) + b"\n" for each in owed)
        try:
            await mail_checkpoint(sending.channel, sending.password, sending.mail, subject, text, lines)
            await asyncio.to_thread(self._mailed.write_text, f"{owed[-1].number}\n", encoding="ascii")
        except Unavailable as error:
            self._note("mail", str(error))
        except Exception as error:  # noqa: BLE001 an address that is none, a certificate, whatever it is
            self._note("mail", f"it could not be mailed ({type(error).__name__})")
        else:
            self._note("mail", "")

    def _note(self, where: str, trouble: str) -> None:
        if trouble and trouble != self.troubles.get(where):
            LOG.error("Checkpoints: %s.", trouble)
        if trouble:
            self.troubles[where] = trouble
        else:
            self.troubles.pop(where, None)

    def list_remarks(self) -> list[str]:
        """What whoever looks at the screens should know."""
        return [f"Checkpoints of the record do not go out: {each}." for each in self.troubles.values()]

    def tell_figures(self) -> list[Extra]:
        """For `/metrics`."""
        if self._find() is None:
            return []
        return [
            Extra(name="tocsin_checkpoints_made", what="Number of the last checkpoint.", value=self._made, counts=True),
            Extra(name="tocsin_checkpoints_stuck", what="Ways out that do not work.", value=len(self.troubles)),
        ]


def _read_number(path: Path) -> int:
    """How far the mails go; 0 where that is not known, so that all are mailed again."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
