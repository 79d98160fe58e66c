"""Moving here from another pager: its exports become tables of tocsin.toml."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tocsin.app.moving.write import read_exports, tell, write_tables
from tocsin.cli.words import complain, say
from tocsin.errors import UserError

Out = Annotated[Path | None, Parameter(help="Write the tables to this new file, and the report to the terminal.")]


def run(source: Literal["pagerduty", "opsgenie", "oncall"], /, *files: Path, out: Out = None) -> None:
    """Turn exports (JSON files of the API) into tables of tocsin.toml; what has no equivalent is named on stderr."""
    if not files:
        raise UserError(f"Name the files of the export; docs/moving.md says how to make them of {source}.")
    found = read_exports(source, files, datetime.now(UTC))
    text = write_tables(found, source)
    if out is None:
        say(text.rstrip())
    else:
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); name a new file.") from error
    complain(tell(found))
