"""What Twilio tells us: a pressed key, a reply, how far a call or a message came. Nothing is believed unsigned."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, RawBody

from tocsin.errors import BadInput, NotAuthorised, NotFound
from tocsin.integrations.twilio import STANDINGS, TAKE_KEY, Twilio, write_reply
from tocsin.page.link import CODE_DIGITS, Ticket, check
from tocsin.web.answering import Answering
from tocsin.web.desk import Desk

_CODE = re.compile(rf"(?<!\d)\d{{{CODE_DIGITS}}}(?!\d)", re.ASCII)
MOST_BYTES = 64 * 2**10
MOST_FIELDS = 200


@post("/hooks/twilio/press/{ticket:str}", status_code=200, request_max_body_size=MOST_BYTES)
async def press_key(
    desk: Given[Desk],
    answering: Given[Answering],
    request: Request[Any, Any, Any],
    ticket: FromPath[str],
    body: RawBody,
) -> Response[str]:
    """A key was pressed, or none: the right one acknowledges as whoever was called."""
    found, twilio, fields = _believe(desk, request, ticket, body)
    if fields.get("Digits") != TAKE_KEY:
        again = f"{desk.policy.url}{request.scope['path']}"
        return _answer(twilio.speak("That is not the key.", again))
    return _answer(twilio.speak(await answering.answer(found, "phone")))


@post("/hooks/twilio/status/{ticket:str}", status_code=204, request_max_body_size=MOST_BYTES)
async def hear_status(
    desk: Given[Desk],
    answering: Given[Answering],
    request: Request[Any, Any, Any],
    ticket: FromPath[str],
    body: RawBody,
) -> None:
    """How far a call or a message has come."""
    found, _, fields = _believe(desk, request, ticket, body)
    standing = STANDINGS.get(fields.get("CallStatus") or fields.get("MessageStatus", ""))
    if standing is not None:
        error = re.sub(r"\D", "", fields.get("ErrorCode", ""))[:8]
        await answering.report(found, standing[0], standing[1] + (f" (error {error})" if error else ""))


@post("/hooks/twilio/sms/{channel:str}", status_code=200, request_max_body_size=MOST_BYTES)
async def take_reply(
    desk: Given[Desk],
    answering: Given[Answering],
    request: Request[Any, Any, Any],
    channel: FromPath[str],
    body: RawBody,
) -> Response[str]:
    """A reply by SMS: the code of a page, from the number of whom it called, acknowledges."""
    _, fields = _require_signed(desk, request, channel, body)
    sender = _digits(fields.get("From", ""))
    known = {**desk.people(), **desk.contacts()}
    people = [each for each, person in known.items() if person.phone and _digits(person.phone) == sender]
    if not people:
        return _answer(write_reply(""))
    for code in _CODE.findall(fields.get("Body", ""))[:3]:
        for person in people:
            found = await answering.find_by_code(channel, person, code)
            if found is not None:
                return _answer(write_reply(await answering.answer(found, "sms")))
    return _answer(
        write_reply("No open page has this code. Reply with the digits of the newest page, or open its link.")
    )


def _believe(
    desk: Desk, request: Request[Any, Any, Any], text: str, body: bytes
) -> tuple[Ticket, Twilio, dict[str, str]]:
    """The page that an address stands for. Raises `NotFound`, and `NotAuthorised` for what Twilio has not signed."""
    ticket = check(desk.link_key, text, desk.clock.now())
    if ticket is None:
        raise NotFound("This page is over, or never was.")
    return ticket, *_require_signed(desk, request, ticket.channel, body)


def _require_signed(
    desk: Desk, request: Request[Any, Any, Any], name: str, body: bytes
) -> tuple[Twilio, dict[str, str]]:
    channel = desk.channels().get(name)
    if not isinstance(channel, Twilio):
        raise NotFound("There is no such channel.")
    query = request.scope["query_string"].decode("latin-1")
    url = f"{desk.policy.url}{request.scope['path']}{f'?{query}' if query else ''}"
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadInput("This is no form.") from error
    if not channel.is_signed(url, fields, request.headers.get("x-twilio-signature", "")):
        raise NotAuthorised(
            "Twilio has not signed this for this address. Is `[server] url` how Twilio reaches tocsin, and the token "
            "the account's own?"
        )
    return channel, dict(fields)


def _answer(text: str) -> Response[str]:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', media_type="application/xml")


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


HOOKS = [press_key, hear_status, take_reply]
