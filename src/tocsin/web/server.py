"""The HTTP server around the application: it logs no address (links and keys are secrets), and it ends promptly."""

from __future__ import annotations

import socket

import uvicorn
from litestar import Litestar

from tocsin.web.hooks.direct import make_protocol
from tocsin.web.hooks.fast import FastIntake
from tocsin.web.live import Live

GRACE_S = 5


class Server(uvicorn.Server):
    """Ends the event streams before it waits for connections: an open screen never holds up a restart."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on `sockets`. Small answers leave at once: held back for more to come, each would cost 40 ms."""
        for listener in sockets or ():
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the server."""
        self._live.stop()
        await super().shutdown(sockets)


def make_server(app: Litestar) -> Server:
    """A server for `app`; run it with `serve(sockets=[…])`."""
    quick = app.asgi_handler
    config = uvicorn.Config(
        app,
        log_config=None,
        http=make_protocol(quick) if isinstance(quick, FastIntake) else "httptools",
        loop="none",
        access_log=False,
        server_header=False,
        date_header=True,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
    )
    return Server(config, app.state.live)
