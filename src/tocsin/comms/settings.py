"""What a team's status page is made of, as the settings say: `[teams.ID.status]`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from tocsin.errors import BadInput
from tocsin.timeline.matcher import read_matchers

MOST_COMPONENTS = 200


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.status.components.NAME]`: a part of what the team runs, as its users know it.

    An incident concerns it if one of its alerts fits all `matchers`, written as Alertmanager writes them, or if it is
    an instance of one of `scenarios`. Components of one `group` stand together.
    """

    name: str
    matchers: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    description: str = ""
    group: str = ""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.status.maintenance.NAME]`: work that users are told of beforehand.

    It lies from `starts_at` to `ends_at` (with their zone), or is the next occurrence of the team's recurring
    maintenance `window`. Without `components` it concerns all of them.
    """

    title: str
    text: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    window: str = ""
    components: tuple[str, ...] = ()


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """`[teams.ID.status]`. `title` heads the page (default: the team's name).

    `url` is where the public reaches it, if not below the server's own address. Mails to followers go through the smtp
    channel `channel` (default: the first one of the settings). `webhooks` says whose addresses may follow: `public`
    ones, `any` (those of the own network too), or `none`. `export` is a folder, relative to the workspace, in which
    the server keeps a copy that any file server can show. With `automatic = false` the page says nothing by itself,
    also where the playbook has it do so when an alert fires.
    """

    title: str = ""
    url: str = ""
    channel: str = ""
    webhooks: Literal["public", "any", "none"] = "public"
    export: str = ""
    automatic: bool = True
    components: dict[str, Component] = {}
    maintenance: dict[str, Planned] = {}


def find_fault(page: StatusPage, windows: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The place that does not hold and why; empty if all does. `windows` are the team's recurring ones."""
    if page.url and not page.url.startswith(("https://", "http://")):
        return ("url",), f"{page.url!r} is no address; write it as https://status.example.org."
    if len(page.components) > MOST_COMPONENTS:
        return ("components",), f"there are {len(page.components)}; nobody reads more than {MOST_COMPONENTS}."
    for name, component in page.components.items():
        try:
            read_matchers(component.matchers)
        except BadInput as error:
            return ("components", name, "matchers"), str(error)
    for name, planned in page.maintenance.items():
        field, fault = _find_planned_fault(page, planned, windows)
        if fault:
            return ("maintenance", name, field), fault
    return (), ""


def _find_planned_fault(page: StatusPage, planned: Planned, windows: tuple[str, ...]) -> tuple[str, str]:
    if planned.window:
        if planned.starts_at or planned.ends_at:
            return "window", "say either `window`, or `starts_at` and `ends_at`, not both."
        if planned.window not in windows:
            return "window", f"the team has no maintenance {planned.window!r}; it has {', '.join(windows) or 'none'}."
    elif planned.starts_at is None or planned.ends_at is None:
        return "starts_at", "say when: `starts_at` and `ends_at`, or the `window` of the team's maintenance that it is."
    elif planned.starts_at.tzinfo is None or planned.ends_at.tzinfo is None:
        return "starts_at", "a time needs its zone here: 2026-03-02T02:00:00Z."
    elif planned.starts_at >= planned.ends_at:
        return "ends_at", "it ends before it begins."
    for component in planned.components:
        if component not in page.components:
            return "components", f"there is no component {component!r}; there are {', '.join(page.components)}."
    return "", ""
