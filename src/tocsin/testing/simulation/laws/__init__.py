"""The laws: what must hold of a month whatever went wrong in it. They read the world's record and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tocsin.testing.simulation.laws.alerts import check_folded, check_open, check_paged, check_taken
from tocsin.testing.simulation.laws.beats import check_came_back, check_missed
from tocsin.testing.simulation.laws.duties import check_duties
from tocsin.testing.simulation.laws.evidence import Evidence, Violation
from tocsin.testing.simulation.laws.hush import check_forgotten, check_hushed, check_resumed
from tocsin.testing.simulation.laws.keeping import check_changed_once, check_frozen, check_kept, check_rest, check_whole
from tocsin.testing.simulation.laws.ladder import check_ladder
from tocsin.testing.simulation.laws.over import check_over
from tocsin.testing.simulation.laws.pages import (
    check_carried_out,
    check_decided_once,
    check_marked,
    check_people,
    check_quiet,
)
from tocsin.testing.simulation.laws.silent import check_silent
from tocsin.testing.simulation.record import Record
from tocsin.testing.simulation.teams import Cast

Law = Callable[[Evidence], Iterator[Violation]]

LAWS: tuple[Law, ...] = (
    check_taken,
    check_open,
    check_paged,
    check_folded,
    check_silent,
    check_over,
    check_hushed,
    check_resumed,
    check_forgotten,
    check_missed,
    check_came_back,
    check_decided_once,
    check_carried_out,
    check_marked,
    check_quiet,
    check_people,
    check_ladder,
    check_duties,
    check_whole,
    check_kept,
    check_frozen,
    check_changed_once,
    check_rest,
)


def check(record: Record, cast: Cast) -> list[Violation]:
    """Every law that the month broke, by law."""
    evidence = Evidence(record, cast)
    return [violation for law in LAWS for violation in law(evidence)]
