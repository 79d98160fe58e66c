"""What is at hand in an incident, as the playbook lists it: whom to reach, and tools, pages and documents."""

from __future__ import annotations

from tocsin.pattern import compile_late
from tocsin.web.views.outside import CalledView, WantedView, show_called, show_wanted
from tocsin.web.views.scene import Cite, Scene, View, clean, find_link

_ADDRESS = compile_late(r"https?://[^\s)>\]]+")
MOST = 60


class ContactView(View, frozen=True, kw_only=True):
    """A contact of the playbook; one that is not `known` was never filled in."""

    title: str
    value: str
    known: bool
    cite: Cite | None = None


class ResourceView(View, frozen=True, kw_only=True):
    """A tool, page or document, and where it is; `link` is its address if that is one of the web."""

    title: str
    value: str
    link: str = ""
    cite: Cite | None = None


class WayView(View, frozen=True, kw_only=True):
    """How an audience is told, as the playbook says it."""

    audience: str
    value: str
    cite: Cite | None = None


class HandView(View, frozen=True, kw_only=True):
    """All of it. `reported` is where the scenario has it that people may notice and declare it."""

    contacts: tuple[ContactView, ...]
    resources: tuple[ResourceView, ...]
    ways: tuple[WayView, ...] = ()
    called: tuple[CalledView, ...] = ()
    wanted: tuple[WantedView, ...] = ()
    reported: Cite | None = None


def show_hand(scene: Scene) -> HandView:
    """What is at hand."""
    scenario = scene.book.scenario(scene.incident)
    return HandView(
        contacts=show_contacts(scene),
        resources=show_resources(scene),
        ways=show_ways(scene),
        called=show_called(scene),
        wanted=show_wanted(scene),
        reported=scene.cite(scenario.reported.line) if scenario is not None and scenario.reported is not None else None,
    )


def show_contacts(scene: Scene) -> tuple[ContactView, ...]:
    """The contacts, in the order of the document."""
    return tuple(
        ContactView(
            title=clean(each.title, 100),
            value="" if each.placeholder else clean(each.value, 300),
            known=not each.placeholder,
            cite=scene.cite(each.line),
        )
        for each in scene.book.playbook.contacts[:MOST]
    )


def show_resources(scene: Scene) -> tuple[ResourceView, ...]:
    """The resources, in the order of the document."""
    return tuple(
        ResourceView(
            title=clean(each.title, 120),
            value=clean(each.value, 300),
            link=_find_address(each.value),
            cite=scene.cite(each.line),
        )
        for each in scene.book.playbook.resources[:MOST]
    )


def show_ways(scene: Scene) -> tuple[WayView, ...]:
    """How each audience is told, in the order of the document."""
    return tuple(
        WayView(audience=each.audience.value, value=clean(each.text, 300), cite=scene.cite(each.line))
        for each in scene.book.playbook.audience_ways[:MOST]
    )


def _find_address(value: str) -> str:
    found = _ADDRESS.search(value)
    return find_link(found[0]) if found else ""
