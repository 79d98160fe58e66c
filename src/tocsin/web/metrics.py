"""`/metrics`: for Prometheus. It is open, as `/-/ready` is, and says nothing of people, incidents or alerts."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency as Given

from tocsin.web.desk import Desk


@get("/metrics")
async def tell_metrics(desk: Given[Desk], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Figures of this node and of the record, in the text form that whoever asks takes."""
    body, form = await desk.measure(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": form, "Cache-Control": "no-store"})
