"""Any timeline that an incident can have makes a post-mortem, and the same one each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tocsin.incident.evolve import RULES
from tocsin.review.metrics import measure
from tocsin.timeline import events as e

BODY = """# Post-mortem: [Title]

- **Duration**: HH:MM (X hours)
- **Affected**: [services]

## Timeline
- HH:MM - Fix applied

## Root Cause
[why]

## Action Items
- [ ] [Action] - [Owner]
"""
MOMENTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 5), timezones=st.just(UTC))
WORDS = st.one_of(
    st.sampled_from(["", "ana", "L1", "update:1", "status_page", "Incident Commander", "# x"]), st.text(max_size=6)
)
SMALL = st.integers(0, 40)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
"""No other length of time can be written down."""
st.register_type_strategy(
    e.OnTarget,
    st.builds(e.OnTarget, target=WORDS, state=..., stdout=WORDS, why=WORDS, duration_s=st.none() | FINITE),
)


def build(kind: type[e.Event]) -> st.SearchStrategy[e.Event]:
    """Events of a kind, with whatever may stand in its fields."""
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: WORDS,
        int: SMALL,
        datetime: MOMENTS,
        float: FINITE,
        float | None: st.none() | FINITE,
    }
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    fields = {name: known.get(hint, st.from_type(hint)) for name, hint in hints.items()}
    if kind is e.AlertsJoined:
        seen = st.builds(e.AlertSeen, fingerprint=WORDS, name=WORDS, starts_at=st.datetimes(timezones=st.just(UTC)))
        fields["alerts"] = st.lists(seen, max_size=3).map(tuple)
    return st.builds(kind, **fields)


TIMELINES = st.lists(st.tuples(SMALL, st.one_of([build(kind) for kind in RULES])), max_size=40)


@settings(max_examples=150, deadline=None)
@given(happenings=TIMELINES)
def test_any_timeline_makes_a_document(
    tale: Any, postmortem: Callable[..., str], happenings: list[tuple[int, e.Event]]
) -> None:
    told = tale()
    for minutes, event in happenings:
        told.at(minutes, event)
    text = postmortem(BODY, tale=told)
    headings = [token for token in MarkdownIt("commonmark").parse(text) if token.type == "heading_open"]
    assert len(headings) >= 5, "the template's four, and what stands behind it"
    assert text == postmortem(BODY, tale=told)
    figures = measure(told.incident, told.entries)
    assert all(value is None or value >= 0 for value in (figures.resolve_s, figures.acknowledge_s, figures.worst_gap_s))
    assert 0 <= figures.updates_on_time <= figures.updates_owed


@pytest.mark.parametrize("body", [BODY, None])
def test_a_timeline_that_could_not_be_read_leaves_what_the_incident_itself_knows(
    tale: Any, postmortem: Callable[..., str], body: str | None
) -> None:
    told = tale()
    told.at(9, e.Resolved(by="ana"))
    text = postmortem(body, tale=_Frozen(told.incident, told.start))
    assert "03:00 to 03:09 UTC (9 min)" in text


class _Frozen:
    """An incident whose entries are not at hand."""

    def __init__(self, incident: Any, start: datetime) -> None:
        self.incident, self.start, self.entries = incident, start, ()
