"""Every address of the server, in one list, and what all of them share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar, Router, get
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.errors import Unavailable
from tocsin.web import live
from tocsin.web.accounts import Entrance
from tocsin.web.acts import Acts
from tocsin.web.answering import Answering
from tocsin.web.api import (
    accounts,
    contacts,
    evidence,
    heartbeats,
    incidents,
    links,
    playbooks,
    rules,
    shadow,
    silences,
    status,
    steps,
    teams,
)
from tocsin.web.api import postmortem as postmortem_api
from tocsin.web.api import rotas as rota_api
from tocsin.web.api.describe import SECURITY, describe_api
from tocsin.web.api.verbs import make_verb_routes
from tocsin.web.auth import provide_asker, require_asker
from tocsin.web.compile import Compiler
from tocsin.web.desk import Desk
from tocsin.web.failure import answer_failure
from tocsin.web.frame import provide_frame
from tocsin.web.hooks import (
    alertmanager,
    moves,
    opsgenie,
    other_pager,
    pagerduty,
    pagerduty_back,
    pings,
    reads,
    slack,
    twilio,
)
from tocsin.web.hooks.fast import FastIntake
from tocsin.web.library import Library
from tocsin.web.live import Live
from tocsin.web.metrics import tell_metrics
from tocsin.web.postmortem import Postmortems
from tocsin.web.public.boards import PublicBoards
from tocsin.web.quiet import Quiet
from tocsin.web.render import STATIC
from tocsin.web.rotas import Rotas
from tocsin.web.screens import account, demo, page, room, signin
from tocsin.web.screens import contacts as contact_screens
from tocsin.web.screens import incidents as incident_screens
from tocsin.web.screens import playbooks as playbook_screens
from tocsin.web.screens import postmortem as postmortem_screen
from tocsin.web.screens import rotas as rota_screens
from tocsin.web.screens import rules as rules_screens
from tocsin.web.screens import shadow as shadow_screens
from tocsin.web.screens import silences as silence_screens
from tocsin.web.screens import status as status_screen
from tocsin.web.slack import SlackDesk

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


@get("/-/healthy", sync_to_thread=False, media_type="text/plain")
def tell_healthy() -> str:
    """The process lives."""
    return "OK\n"


@get("/-/ready", media_type="text/plain")
async def tell_ready(desk: Given[Desk]) -> str:
    """The store answers, and the engine turns. Raises `Unavailable`, which is a 503."""
    await desk.engine.journal.store.next_due()
    if desk.engine.is_sick:
        raise Unavailable("The engine has not turned for a while: pages are late. The server's log says why.")
    return "OK\n"


OPEN: list[HTTPRouteHandler] = [
    tell_healthy,
    tell_ready,
    tell_metrics,
    signin.show_password,
    signin.sign_in_by_password,
    signin.show_signin,
    signin.sign_in,
    signin.sign_out,
    page.show_link,
    page.acknowledge_by_link,
    page.hear_shown,
    *contact_screens.OPEN,
    *twilio.HOOKS,
    *pagerduty_back.HOOKS,
    *slack.HOOKS,
    *status_screen.STATUS,
    rota_api.read_calendar,
]
"""Without signing in; what changes something here carries its own secret."""

SCREENS: list[HTTPRouteHandler] = [
    incident_screens.list_incidents,
    incident_screens.declare_incident,
    room.show_incident,
    room.show_source,
    room.show_why,
    room.show_step,
    room.propose_step,
    room.approve_step,
    room.ask_of_step,
    room.ask_of_duty,
    room.ask_of_draft,
    room.ask_of_update,
    room.lift_prohibition,
    room.ask_of_incident,
    postmortem_screen.show_postmortem,
    postmortem_screen.download_postmortem,
    postmortem_screen.save_postmortem,
    playbook_screens.show_drop,
    playbook_screens.try_playbook,
    playbook_screens.list_playbooks,
    playbook_screens.show_team_playbook,
    playbook_screens.show_team_source,
    playbook_screens.activate_playbook,
    playbook_screens.freeze_team,
    shadow_screens.show_shadow_day,
    silence_screens.show_silences,
    silence_screens.ask_silence,
    silence_screens.end_silence,
    *contact_screens.SCREENS,
    *rules_screens.SCREENS,
    rota_screens.show_schedules,
    rota_screens.show_forecast,
    rota_screens.set_override,
    rota_screens.end_override,
    rota_screens.swap_shifts,
    rota_screens.preview_swap,
    rota_screens.open_feed,
    rota_screens.revoke_feed,
    live.follow_events,
    account.show_account,
    account.set_password,
    account.make_token,
    account.revoke_token,
]
"""For whoever is signed in."""

API: list[HTTPRouteHandler] = [
    incidents.list_incidents,
    incidents.declare_incident,
    incidents.read_incident,
    incidents.read_timeline,
    incidents.read_why,
    incidents.read_drafts,
    *make_verb_routes(),
    steps.propose_step,
    steps.read_step,
    steps.read_output,
    steps.approve_step,
    postmortem_api.read_postmortem,
    postmortem_api.save_postmortem,
    evidence.read_evidence,
    evidence.open_evidence,
    evidence.export_evidence,
    playbooks.compile_document,
    teams.list_lacks,
    teams.list_teams,
    teams.list_people,
    heartbeats.list_heartbeats,
    silences.list_silences,
    silences.set_silence,
    silences.preview_silence,
    silences.end_silence,
    *rota_api.ROUTES,
    teams.tell_asker,
    teams.read_difference,
    teams.activate_playbook,
    teams.freeze_team,
    shadow.read_shadow,
    shadow.compare_shadow,
    links.make_link,
    contacts.list_contacts,
    rules.show_rules,
    rules.set_rules,
    rules.reset_rules,
    contacts.send_test_page,
    accounts.make_token,
    accounts.list_tokens,
    accounts.revoke_token,
    accounts.forget_account,
    accounts.unblock_account,
    accounts.read_access,
]
"""For whoever is signed in, or has a token; below `/api`."""


def wrap(app: ASGIApp) -> ASGIApp:
    """Every answer gets the headers, and HEAD is GET without its body."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        bare = scope.get("method") == "HEAD"
        asked = cast("Scope", {**scope, "method": "GET"}) if bare else scope
        await app(asked, _hang_up(receive) if bare else receive, _dress(send, bare=bare))

    return wrapped


def _dress(send: Send, *, bare: bool) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message["headers"])
            names = {name.lower() for name, _ in given}
            message["headers"] = given + [(name, value) for name, value in HEADERS.items() if name not in names]
            await send(message)
            if bare:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not bare:
            await send(message)

    return dressed


def _hang_up(receive: Receive) -> Receive:
    """For a request that wants no body: an endless answer ends at once."""
    asked = False

    async def hung_up() -> Any:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return await receive()

    return hung_up


def create_app(desk: Desk) -> Litestar:
    """The application on `desk`."""
    given: dict[str, Any] = dict.fromkeys(GIVEN)
    app = Litestar(
        [
            Router("/", route_handlers=OPEN, include_in_schema=False),
            Router(
                "/",
                route_handlers=[*SCREENS, *(demo.SCREENS if desk.stage is not None else ())],
                guards=[require_asker],
                include_in_schema=False,
            ),
            Router("/api", route_handlers=API, guards=[require_asker], security=SECURITY),
            Router("/api", route_handlers=[status.read_status, status.export_status]),
            Router(
                "/",
                route_handlers=[
                    alertmanager.take_alerts,
                    alertmanager.take_alerts_by_header,
                    alertmanager.take_webhook,
                    *reads.make_read_routes(),
                ],
                dependencies={"team_of_key": Provide(reads.provide_team)},
            ),
            pagerduty.make_router(),
            opsgenie.make_router(),
            Router("/", route_handlers=[*moves.HOOKS, *pings.PINGS, other_pager.take_other_pager], tags=["alerts"]),
            create_static_files_router("/static", [STATIC], include_in_schema=False),
        ],
        dependencies={
            **{name: Provide(_find_in(given, name), sync_to_thread=False) for name in given},
            "asker": Provide(provide_asker, sync_to_thread=False),
            "frame": Provide(provide_frame),
        },
        exception_handlers={Exception: answer_failure},
        openapi_config=describe_api(desk.policy.version),
        request_max_body_size=desk.policy.most_body,
        lifespan=[_end_listeners],
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    app.state.given, app.state.routed = given, app.asgi_handler
    move_in(app, desk)
    return app


GIVEN = (
    "desk", "library", "live", "acts", "quiet", "rotas", "postmortems", "compiler", "board", "entrance",
    "reads", "answering",
    "slack_desk",
)  # fmt: skip
"""What handlers ask for by name."""


def move_in(app: Litestar, desk: Desk) -> None:
    """Let an application stand on `desk` from now on. To lay out its routes is what takes long; this is not."""
    library, listeners = Library(desk), Live(desk.engine.journal, desk.outputs, desk.sight)
    acts = Acts(desk, library)
    made = (
        desk,
        library,
        listeners,
        acts,
        Quiet(desk),
        Rotas(desk),
        Postmortems(desk, library),
        Compiler(desk),
        PublicBoards(desk),
        Entrance(desk),
        reads.Reads(desk, desk.clock.now()),
        Answering(desk, library),
        SlackDesk(desk, library, acts),
    )
    app.state.given.update(zip(GIVEN, made, strict=True))
    app.state.desk, app.state.live = desk, listeners
    app.asgi_handler = cast("ASGIApp", FastIntake(desk, wrap(app.state.routed), HEADERS))


def _find_in(given: dict[str, Any], name: str) -> Any:
    def provide() -> Any:
        return given[name]

    return provide


@asynccontextmanager
async def _end_listeners(app: Litestar) -> AsyncIterator[None]:
    yield
    app.state.live.stop()
