"""How everybody is reached: each channel of each person, when it was last proved, and a test page over it.

The phone screen is what somebody installs on a phone and lets ring: a web page with a worker of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect, Response

from tocsin.errors import BadInput, IllegalMove, NotAuthorised, NotFound
from tocsin.integrations.webpush import are_keys
from tocsin.page.contact import Contact, Standing, Subscription
from tocsin.web.auth import Asker, require_person
from tocsin.web.bodies import Body
from tocsin.web.desk import Contacting, Desk
from tocsin.web.frame import Frame
from tocsin.web.render import STATIC, spell_static
from tocsin.web.views.scene import clean

NO_PUSH = "No channel of kind `webpush` is in tocsin.toml; docs/channels.md tells how to add one."
MOST_TESTS, TESTS_WITHIN = 5, timedelta(minutes=10)
"""Of one person's channel."""
MOST_OPEN = 20
"""Of more people than these all but one's own channels are folded: a phone would scroll for a minute."""


def require_contacting(desk: Desk) -> Contacting:
    """Whoever sends test pages. Raises `NotFound` on a server without."""
    if desk.contacting is None:
        raise NotFound("This server sends no test pages.")
    return desk.contacting


async def send_test(desk: Desk, person: str, channel: str) -> Contact:
    """Send a test page, whoever asks. Raises `NotFound`, and `TooOften`: nobody is rung awake for fun."""
    contacting = require_contacting(desk)
    if await contacting.find(person, channel) is not None:
        desk.limits.take("test page", f"{person} {channel}", desk.clock.now(), most=MOST_TESTS, within=TESTS_WITHIN)
    return await contacting.test(person, channel)


@get("/contacts")
async def show_contacts(desk: Given[Desk], frame: Given[Frame], of: FromQuery[str] = "") -> Response[str]:
    """Everybody's channels, one's own first, those that were never confirmed marked; `of` is who is opened."""
    me = frame.asker.person
    known = {**desk.people(), **desk.contacts()}
    rows: dict[str, list[Contact]] = {name: [] for name, each in known.items() if not each.assistant}
    for each in await require_contacting(desk).list_all():
        rows.setdefault(each.person, []).append(msgspec.structs.replace(each, detail=clean(each.detail, 300)))
    rows = {name: rows[name] for name in sorted(rows, key=lambda each: each != me)}
    folded = frozenset(rows) - {me, of} if len(rows) > MOST_OPEN else frozenset[str]()
    return frame.show("contacts.html", now=desk.clock.now(), rows=rows, people=known, me=me, folded=folded)


def _back_to(person: str) -> Redirect:
    """The screen where it was left: with what became of the person's test page in sight."""
    named = quote(person, safe="")
    return Redirect(f"/contacts?of={named}#of-{named}", status_code=303)


@post("/contacts/{person:str}/{channel:str}/test", status_code=303)
async def send_test_page(
    desk: Given[Desk], asker: Given[Asker], person: FromPath[str], channel: FromPath[str]
) -> Redirect:
    """Send a test page, in whoever's name asks."""
    require_person(desk, asker)
    await send_test(desk, person, channel)
    return _back_to(person)


@post("/contacts/{person:str}/{channel:str}/confirm", status_code=303)
async def confirm_test_page(
    desk: Given[Desk], asker: Given[Asker], person: FromPath[str], channel: FromPath[str]
) -> Redirect:
    """Say that the last test page came; only whose it is can."""
    if asker.person != person:
        raise NotAuthorised("Only whoever was paged can say that it came.")
    contacting = require_contacting(desk)
    found = await contacting.find(person, channel)
    if found is not None and found.standing is Standing.FAILED:
        raise IllegalMove("The last test page failed, as far as is known; send another, or use its own link.")
    if found is not None:
        await contacting.confirm(person, channel, found.page)
    return _back_to(person)


class Keys(msgspec.Struct, frozen=True):
    """What a browser encrypts with."""

    p256dh: str
    auth: str


class SubscribeBody(Body, frozen=True, kw_only=True):
    """A browser's subscription, as it gives it, and what its person calls it."""

    endpoint: str
    keys: Keys
    label: str = ""


class EndBody(Body, frozen=True, kw_only=True):
    """Which subscription is to end."""

    endpoint: str


@get("/phone")
async def show_phone(desk: Given[Desk], frame: Given[Frame]) -> Response[str]:
    """Install, subscribe, test."""
    push = require_contacting(desk).push()
    phones = await require_contacting(desk).phones.list_of(frame.asker.person)
    key = push[1].public_key if push is not None else ""
    labels = [(clean(each.label, 60) or "a phone", each.since) for each in phones]
    channel = push[0] if push is not None else ""
    known = desk.people().get(frame.asker.person)
    named = known is not None and channel in known.channels
    return frame.show("phone.html", key=key, channel=channel, named=named, phones=labels, no_push=NO_PUSH)


@post("/phone/subscriptions", status_code=204)
async def subscribe_phone(desk: Given[Desk], asker: Given[Asker], data: JSONBody[SubscribeBody]) -> None:
    """Keep this browser's subscription: the person has pressed the button and allowed it."""
    require_person(desk, asker)
    push = require_contacting(desk).push()
    if push is None:
        raise NotFound(NO_PUSH)
    if len(data.endpoint) > 2000 or not push[1].may_push(data.endpoint):
        raise BadInput("This browser's push vendor is none that the channel's `vendors` name; add its host there.")
    if not are_keys(data.keys.p256dh, data.keys.auth):
        raise BadInput("The keys of this subscription are none.")
    subscription = Subscription(
        person=asker.person,
        endpoint=data.endpoint,
        p256dh=data.keys.p256dh,
        auth=data.keys.auth,
        label=clean(data.label, 60),
        since=desk.clock.now(),
    )
    await require_contacting(desk).phones.put(subscription)


@post("/phone/subscriptions/end", status_code=204)
async def end_subscription(desk: Given[Desk], asker: Given[Asker], data: JSONBody[EndBody]) -> None:
    """Forget this browser's subscription."""
    require_person(desk, asker)
    await require_contacting(desk).phones.remove(data.endpoint, asker.person)


@get("/phone.webmanifest", media_type="application/manifest+json", sync_to_thread=False)
def show_manifest(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What makes the phone screen something to install."""
    icons = [
        {"src": spell_static("bell-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": spell_static("bell-512.png"), "sizes": "512x512", "type": "image/png"},
    ]
    return {
        "id": "/phone",
        "name": "tocsin pages",
        "short_name": "tocsin",
        "start_url": "/phone",
        "scope": "/",
        "display": "standalone",
        "background_color": "#14171c",
        "theme_color": "#a3161f",
        "icons": icons,
    }


@get("/phone-worker.js", media_type="text/javascript", sync_to_thread=False)
def show_worker() -> Response[bytes]:
    """What shows a page on the phone while no screen is open; it stands at the root, since it may open any page's."""
    headers = {"Cache-Control": "no-cache"}
    return Response((STATIC / "phone-worker.js").read_bytes(), media_type="text/javascript", headers=headers)


SCREENS = [show_contacts, send_test_page, confirm_test_page, show_phone, subscribe_phone, end_subscription]
OPEN = [show_manifest, show_worker]
