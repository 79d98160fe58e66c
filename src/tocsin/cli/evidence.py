"""`tocsin evidence`: what was redacted, as it was, for those who may read it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.client import Client, Where
from tocsin.cli.words import IncidentId, say
from tocsin.errors import UserError

HERE = Where()


def open_original(
    incident: IncidentId,
    digest: str,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why: it stands on the timeline, beside your name.")],
    out: Path | None = None,
    where: Where = HERE,
) -> None:
    """Print an output as it was before secrets were taken out of it.

    Parameters
    ----------
    digest
        The output's name, or the first eight characters of it; `tocsin timeline INC --format json` has it.
    out
        A new file to write it to, for you alone, instead of the terminal.
    """
    content = Client(where).incident(incident).content("evidence", digest, "open", reason=reason)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    _write(out, content)
    say(f"Written to {out}, readable for you alone. Remove it when you are done.")


def export(incident: IncidentId, /, *, out: Path | None = None, where: Where = HERE) -> None:
    """Write an incident's timeline, evidence, playbook and checkpoints to one signed file.

    Open verify.html in it with a browser, offline, and give it the file: it says whether everything holds.

    Parameters
    ----------
    out
        A new file (default: INCIDENT.zip here).
    """
    asked = Client(where).incident(incident)
    content = asked.fetch("export")
    target = out or Path(f"{asked.id}.zip")
    _write(target, content)
    say(f"Written to {target}: {len(content)} bytes. Check it anywhere: unpack verify.html, open it, give it the file.")


def _write(out: Path, content: bytes) -> None:
    try:
        out.touch(mode=0o600, exist_ok=False)
        out.write_bytes(content)
    except FileExistsError:
        raise UserError(f"{out} is there already, and nothing is overwritten. Name another file.") from None
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}). Name another place.") from error
