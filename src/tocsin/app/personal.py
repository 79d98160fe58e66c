"""What must hold of the rules by which people want to be called, as the settings have them."""

from __future__ import annotations

from tocsin.app.tables import File
from tocsin.config import Problems, Source
from tocsin.oncall.personal import find_faults


def check_people(source: Source, file: File, problems: Problems) -> None:
    """The tables `[people.ID.rules]`."""
    for name, person in file.people.items():
        for where, text in find_faults(person.rules, person.channels):
            problems.append(source.problem(("people", name, "rules", *where), text))
