"""`tocsin witness`: on another host, keep what a server says of its record."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tocsin.cli.logs import log_to
from tocsin.cli.words import Port, say
from tocsin.errors import UserError


def run(
    *,
    data: Path,
    port: Port = 8421,
    host: str = "127.0.0.1",
    key: Annotated[
        list[str] | None, Parameter(help="A public key to take checkpoints of; default: the first seen.")
    ] = None,
) -> None:
    """Keep the checkpoints that servers send, on a host where nobody who could alter their record has a say.

    Parameters
    ----------
    data
        The folder that they are kept in.
    host
        Where to listen; give the address of this host in your own network.
    """
    import uvicorn

    from tocsin.app.witness import Witness

    keys = tuple(each.strip().lower() for each in key or ())
    if any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in keys):
        raise UserError("A key has 64 hex digits; the mail of a checkpoint has it.")
    logging.basicConfig(level=logging.WARNING, handlers=[log_to(sys.stderr)])
    witness = Witness(data, keys)
    say(f"A witness listens at http://{host}:{port}; it keeps checkpoints in {data}.")
    sys.stdout.flush()
    uvicorn.run(witness, host=host, port=port, log_config=None, access_log=False, lifespan="off")
