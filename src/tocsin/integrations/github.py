"""Tickets as issues of a GitHub repository, over its REST API.

tocsin's issues carry the label ``tocsin`` and a mark that nobody sees; the newest of them are looked through for the
mark, since GitHub's search lags behind. Words of strangers stand in a block that GitHub does not read: they mention
nobody, link nowhere and close nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tocsin.errors import Unavailable
from tocsin.integrations.post import Answer, ask, judge, read_json
from tocsin.integrations.tickets import Draft, OpenTicket
from tocsin.timeline.redact import plain

VENDOR, LABEL = "GitHub", "tocsin"
MOST_PAGES, PAGE = 5, 10
MOST_TITLE = 250


class GithubSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[trackers.NAME] kind = "github"`; `repository` is ``owner/name``, the token may write its issues."""

    kind: Literal["github"]
    repository: str
    token_file: str
    api: str = "https://api.github.com"


class _Issue(msgspec.Struct, frozen=True):
    number: int
    html_url: str = ""
    body: str | None = None


class _Comment(msgspec.Struct, frozen=True):
    body: str | None = None


class Github:
    """One repository's issues."""

    def __init__(self, settings: GithubSettings, token: str) -> None:
        self._base = f"{settings.api.rstrip('/')}/repos/{settings.repository}/issues"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "tocsin",
        }

    async def _ask(self, method: str, path: str = "", given: Mapping[str, Any] | None = None, **params: str) -> Answer:
        content = msgspec.json.encode(given) if given is not None else None
        headers = {**self._headers, "Content-Type": "application/json"} if given is not None else self._headers
        answer = await ask(
            VENDOR, f"{self._base}{path}", method=method, headers=headers, content=content, params=params or None
        )
        if not 200 <= answer.status < 300:
            raise _judge(answer)
        return answer

    async def find(self, mark: str) -> OpenTicket | None:
        """Among the newest issues of ours."""
        for page in range(1, MOST_PAGES + 1):
            answer = await self._ask(
                "GET", state="all", labels=LABEL, sort="created", direction="desc", per_page=str(PAGE), page=str(page)
            )
            issues = read_json(VENDOR, answer, list[_Issue])
            for issue in issues:
                if _hide(mark) in (issue.body or ""):
                    return _show(issue)
            if len(issues) < PAGE:
                break
        return None

    async def create(self, draft: Draft) -> OpenTicket:
        """A new issue."""
        given = {
            "title": plain(draft.title).replace("\n", " ")[:MOST_TITLE],
            "body": f"{_quote(draft.text)}\n\n{draft.room}\n\n{_hide(draft.mark)}",
            "labels": [LABEL, *draft.labels],
        }
        return _show(read_json(VENDOR, await self._ask("POST", given=given), _Issue))

    async def comment(self, ticket: str, text: str, mark: str) -> None:
        """Unless it was said already."""
        path = f"/{_number(ticket)}/comments"
        said = read_json(VENDOR, await self._ask("GET", path, per_page="50"), list[_Comment])
        if not any(_hide(mark) in (each.body or "") for each in said):
            await self._ask("POST", path, {"body": f"{_quote(text)}\n\n{_hide(mark)}"})

    async def close(self, ticket: str, text: str, mark: str) -> None:
        """GitHub takes it that a closed issue is closed again."""
        await self.comment(ticket, text, mark)
        await self._ask("PATCH", f"/{_number(ticket)}", {"state": "closed", "state_reason": "completed"})


def _judge(answer: Answer) -> Exception:
    """A limit is told as 403 too; a token that is not taken will be mended by somebody."""
    limited = answer.status == 403 and (answer.after_s or b"rate limit" in answer.body.lower())
    if limited or answer.status == 401:
        why = "a limit of its own" if limited else "the token is not taken"
        return Unavailable(f"{VENDOR} answered {answer.status} ({why}).", after_s=answer.after_s)
    return judge(VENDOR, answer.status, answer.after_s)


def _show(issue: _Issue) -> OpenTicket:
    link = issue.html_url if issue.html_url.startswith(("https://", "http://")) else ""
    return OpenTicket(id=f"#{issue.number}", link=link[:500])


def _number(ticket: str) -> int:
    return int(ticket.removeprefix("#"))


def _hide(mark: str) -> str:
    return f"<!-- {mark} -->"


def _quote(text: str) -> str:
    """A block that is read as it stands; no line in it can end it."""
    return f"````text\n{plain(text).replace('````', '´´´´')}\n````"
