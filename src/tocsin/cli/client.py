"""Talk to a running server: by the workspace's credential file, or by `--url` and `TOCSIN_TOKEN`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from cyclopts import Parameter

from tocsin.app.place import PRIVATE, find_workspace, read_server
from tocsin.cli.identity import find_person
from tocsin.errors import NotFound, UserError
from tocsin.timeline.line import fold

TIMEOUT_S = 30.0
FETCH_S = 300.0
"""For what the server has to gather first."""
MOST_SEARCHED = 5000
"""Incidents, the newest first, among which a number is looked for."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which server."""

    workspace: Annotated[Path | None, Parameter(help="The workspace (default: searched upwards from here).")] = None
    url: Annotated[str | None, Parameter(help="A server elsewhere; its token is read from TOCSIN_TOKEN.")] = None
    as_: Annotated[
        str | None,
        Parameter(name="--as", help="Who you are: a person's id (default: TOCSIN_AS, `tocsin whoami --set`)."),
    ] = None


class Refused(UserError):
    """The server said no; its sentence is ours. `answered` is the HTTP status."""

    def __init__(self, text: str, answered: int) -> None:
        self.answered = answered
        super().__init__(text)


class Client:
    """Requests to one server. Every refusal is raised as the server's own sentence."""

    def __init__(self, where: Where, *, as_nobody: bool = False) -> None:
        """`as_nobody` asks as the server's own credential, whoever somebody has chosen to be."""
        self.url, token, root = _find(where)
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        person, self.person_from = find_person(where.as_, root)
        if person is not None and not as_nobody:
            headers["X-Tocsin-As"] = person
        try:
            self._http = httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT_S)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise UserError(f"{self.url} with this token and --as cannot be asked ({error}).") from error

    def get(self, *parts: object, **query: Any) -> Any:
        """The JSON at an address below `/api`."""
        return self._read(self._ask("GET", parts, params=_given(query)))

    def text(self, *parts: object) -> str:
        """The text at an address below `/api`."""
        return self._ask("GET", parts).text

    def lines(self, *parts: object, **query: Any) -> Iterator[str]:
        """The lines of a text at an address below `/api`, one at a time, however long it is."""
        try:
            with self._http.stream("GET", _address(parts), params=_given(query)) as answer:
                if not answer.is_success:
                    answer.read()
                    raise Refused(_sentence(answer), answer.status_code)
                yield from answer.iter_lines()
        except httpx.HTTPError as error:
            raise self._silence(error) from error

    def post(self, *parts: object, **body: Any) -> Any:
        """Ask for a change; the answer's JSON."""
        answer = self._ask("POST", parts, json=_given(body))
        return self._read(answer) if answer.content else None

    def send(self, content: bytes, *parts: object, **query: Any) -> Any:
        """Send bytes to an address below `/api`; the answer's JSON."""
        return self._read(self._ask("POST", parts, content=content, params=_given(query), timeout=FETCH_S))

    def fetch(self, *parts: object) -> bytes:
        """The bytes at an address below `/api`."""
        return self._ask("GET", parts, timeout=FETCH_S).content

    def content(self, *parts: object, **body: Any) -> bytes:
        """Ask for something that comes as bytes."""
        return self._ask("POST", parts, json=_given(body)).content

    def incident(self, given: str) -> Incident:
        """Requests about one incident, by its id or by the number that pages show."""
        return Incident(self, given)

    def find(self, given: str) -> str | None:
        """The id of the incident with this id or number. Raises `NotFound` where several have it."""
        wanted = given.strip().casefold()
        listed = self.get("incidents", limit=MOST_SEARCHED)
        found = [each["id"] for each in listed if wanted in (each["id"].casefold(), each["number"].casefold())]
        if len(found) > 1:
            raise NotFound(f"{given} is the number of several incidents; name one by its id: {', '.join(found)}.")
        return found[0] if found else None

    def _ask(self, method: str, parts: tuple[object, ...], **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, _address(parts), **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._silence(error) from error
        if answer.is_success:
            return answer
        raise Refused(_sentence(answer), answer.status_code)

    def _silence(self, error: Exception) -> UserError:
        return UserError(
            f"The server at {self.url} does not answer ({type(error).__name__}). Start it with tocsin serve."
        )

    def _read(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise UserError(f"What answers at {self.url} is not tocsin; check the address.") from error


class Incident:
    """Requests about one incident. `id` is what the server calls it, once it has answered."""

    def __init__(self, client: Client, given: str) -> None:
        self._client = client
        self.id = given

    def get(self, *parts: object, **query: Any) -> Any:
        """The JSON at an address below the incident's."""
        return self._try(self._client.get, parts, query)

    def text(self, *parts: object) -> str:
        """The text at an address below the incident's."""
        return str(self._try(self._client.text, parts, {}))

    def post(self, *parts: object, **body: Any) -> Any:
        """Ask something of the incident; the answer's JSON."""
        return self._try(self._client.post, parts, body)

    def fetch(self, *parts: object) -> bytes:
        """The bytes at an address below the incident's."""
        return bytes(self._try(self._client.fetch, parts, {}))

    def content(self, *parts: object, **body: Any) -> bytes:
        """Ask the incident for something that comes as bytes."""
        return bytes(self._try(self._client.content, parts, body))

    def act(self, *parts: object, **body: Any) -> str:
        """Ask something of the incident; what came of it, in the words of the record. What changed nothing says so."""
        return self.tell(self.post(*parts, **body))

    def tell(self, answer: Any) -> str:
        """An answer in the words of the record."""
        entries = answer.get("entries", ()) if isinstance(answer, dict) else ()
        said = fold(entries[0]["text"]) if entries else "nothing to do, it is so already"
        return f"{self.id}: {end(said)}"

    def _try(self, ask: Callable[..., Any], parts: tuple[object, ...], options: dict[str, Any]) -> Any:
        """As if an id was given; where there is no such thing, as if a number was."""
        try:
            return ask("incidents", self.id, *parts, **options)
        except (Refused, NotFound) as error:
            if isinstance(error, Refused) and error.answered != NotFound.status:
                raise
            found = self._client.find(self.id)
            if found is None or found == self.id:
                raise
        self.id = found
        return ask("incidents", self.id, *parts, **options)


def _address(parts: tuple[object, ...]) -> str:
    """Below `/api`, each part as it is: none can lead elsewhere. Raises `NotFound` for what names nothing."""
    texts = [str(part) for part in parts]
    for text in texts:
        if text in ("", ".", "..") or not text.isprintable():
            raise NotFound(f"There is nothing called {text!r}; `tocsin incidents` lists what there is.")
    return "/api/" + "/".join(quote(text, safe="") for text in texts)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {answer.status_code} {answer.reason_phrase}."


def _find(where: Where) -> tuple[str, str, Path | None]:
    """The address, the token, and the workspace if it is one's own."""
    if where.url is not None:
        if not where.url.startswith(("http://", "https://")):
            raise UserError(f"{where.url!r} is no address; write it as https://tocsin.example.org.")
        token = os.environ.get("TOCSIN_TOKEN", "").strip()
        if not token:
            raise UserError("Set TOCSIN_TOKEN to your API token for that server.")
        if not (token.isascii() and token.isprintable()):
            raise UserError("TOCSIN_TOKEN holds what no token does, such as a second line. Copy your API token again.")
        return where.url.rstrip("/"), token, None
    root = find_workspace((where.workspace or Path.cwd()).absolute())
    server = read_server(root)
    try:
        return str(server.get("url")), (root / PRIVATE / "credential").read_text(encoding="utf-8").strip(), root
    except (OSError, ValueError) as error:
        raise UserError(f"The credential in {root / PRIVATE} cannot be read ({error}).") from error


def end(said: str) -> str:
    """The sentence with its full stop, unless somebody ended it already."""
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
