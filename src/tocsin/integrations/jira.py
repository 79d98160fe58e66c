"""Tickets as issues of a Jira project, in Jira Cloud or a Jira of one's own, over its REST API.

The mark is a label, by which Jira finds an issue again. Words of strangers stand in a ``{noformat}`` block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tocsin.errors import Rejected, Unavailable
from tocsin.integrations.post import Answer, ask, judge, read_json
from tocsin.integrations.tickets import Draft, OpenTicket
from tocsin.timeline.redact import plain

VENDOR, LABEL = "Jira", "tocsin"
MOST_TITLE = 250


class JiraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trackers.NAME] kind = "jira"`; with `login` (a mail address) the token is an API token of Jira Cloud, without
    it a personal access token of a Jira of one's own. `done` is the status that closes an issue; empty: the first one
    that Jira counts as done.
    """

    kind: Literal["jira"]
    url: str
    project: str
    token_file: str
    login: str = ""
    issue_type: str = "Task"
    done: str = ""


class _Made(msgspec.Struct, frozen=True):
    key: str


class _Found(msgspec.Struct, frozen=True):
    issues: list[_Made]


class _Category(msgspec.Struct, frozen=True):
    key: str = ""


class _Status(msgspec.Struct, frozen=True):
    name: str = ""
    statusCategory: _Category = _Category()  # noqa: N815 Jira's own name


class _Fields(msgspec.Struct, frozen=True):
    status: _Status


class _Standing(msgspec.Struct, frozen=True):
    fields: _Fields


class _Transition(msgspec.Struct, frozen=True):
    id: str
    to: _Status


class _Transitions(msgspec.Struct, frozen=True):
    transitions: list[_Transition]


class _Comment(msgspec.Struct, frozen=True):
    body: str = ""


class _Comments(msgspec.Struct, frozen=True):
    comments: list[_Comment]


class Jira:
    """One project's issues."""

    def __init__(self, settings: JiraSettings, token: str) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._login = (settings.login, token) if settings.login else None
        self._headers = {"Accept": "application/json", "User-Agent": "tocsin"}
        if self._login is None:
            self._headers["Authorization"] = f"Bearer {token}"

    async def _ask(self, method: str, path: str, given: Mapping[str, Any] | None = None, **params: str) -> Answer:
        content = msgspec.json.encode(given) if given is not None else None
        headers = {**self._headers, "Content-Type": "application/json"} if given is not None else self._headers
        answer = await ask(
            VENDOR,
            f"{self._url}/rest/api/2/{path}",
            method=method,
            headers=headers,
            content=content,
            params=params or None,
            login=self._login,
        )
        if answer.status == 401:
            raise Unavailable(f"{VENDOR} answered 401 (the token is not taken).", after_s=answer.after_s)
        if not 200 <= answer.status < 300:
            raise judge(VENDOR, answer.status, answer.after_s)
        return answer

    async def find(self, mark: str) -> OpenTicket | None:
        """By its label."""
        jql = f'project = "{_quote_jql(self._settings.project)}" AND labels = "{mark}"'
        path = "search/jql" if self._settings.login else "search"
        found = read_json(VENDOR, await self._ask("GET", path, jql=jql, fields="key", maxResults="1"), _Found)
        return self._show(found.issues[0]) if found.issues else None

    async def create(self, draft: Draft) -> OpenTicket:
        """A new issue."""
        fields = {
            "project": {"key": self._settings.project},
            "issuetype": {"name": self._settings.issue_type},
            "summary": plain(draft.title).replace("\n", " ")[:MOST_TITLE],
            "description": f"{_quote(draft.text)}\n{draft.room}",
            "labels": [LABEL, draft.mark, *draft.labels],
        }
        return self._show(read_json(VENDOR, await self._ask("POST", "issue", {"fields": fields}), _Made))

    async def comment(self, ticket: str, text: str, mark: str) -> None:
        """Unless it was said already."""
        path = f"issue/{ticket}/comment"
        read = await self._ask("GET", path, orderBy="-created", maxResults="50")
        said = read_json(VENDOR, read, _Comments)
        if not any(mark in each.body for each in said.comments):
            await self._ask("POST", path, {"body": f"{_quote(text)}\n{{anchor:{mark}}}"})

    async def close(self, ticket: str, text: str, mark: str) -> None:
        """By the transition to the status that closes; one that is done already stays so."""
        await self.comment(ticket, text, mark)
        standing = read_json(VENDOR, await self._ask("GET", f"issue/{ticket}", fields="status"), _Standing)
        if self._closes(standing.fields.status):
            return
        ways = read_json(VENDOR, await self._ask("GET", f"issue/{ticket}/transitions"), _Transitions).transitions
        way = next((each for each in ways if self._closes(each.to)), None)
        if way is None:
            wanted = self._settings.done or "a status that counts as done"
            raise Rejected(f"{ticket} cannot go to {wanted} from where it is; close it in Jira.")
        await self._ask("POST", f"issue/{ticket}/transitions", {"transition": {"id": way.id}})

    def _closes(self, status: _Status) -> bool:
        if self._settings.done:
            return status.name.casefold() == self._settings.done.casefold()
        return status.statusCategory.key == "done"

    def _show(self, issue: _Made) -> OpenTicket:
        key = issue.key[:100]
        if not key.replace("-", "").replace("_", "").isalnum():
            raise Unavailable(f"{VENDOR} gave an issue a key that is none.")
        return OpenTicket(id=key, link=f"{self._url}/browse/{key}")


def _quote_jql(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quote(text: str) -> str:
    return f"{{noformat}}\n{plain(text).replace('{noformat}', '(noformat)')}\n{{noformat}}"
