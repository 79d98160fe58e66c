"""Who acts: `--as NAME`, else TOCSIN_AS, else what `tocsin whoami --set` keeps for this workspace.

The record says who did what, so an act needs a person. Whoever can read the workspace's private files may name any of
its people; a server elsewhere knows by the token whose it is, and what is kept here is not its business.
"""

from __future__ import annotations

import os
from pathlib import Path

from tocsin.app.place import PRIVATE
from tocsin.errors import UserError

VARIABLE = "TOCSIN_AS"


def find_person(given: str | None, root: Path | None) -> tuple[str | None, str]:
    """The id of who acts and where it comes from; null where nobody was named. Raises `UserError` for what is no id."""
    if given is not None:
        return _require_id(given, "--as"), "--as"
    variable = os.environ.get(VARIABLE, "").strip()
    if variable:
        return _require_id(variable, VARIABLE), VARIABLE
    kept = recall(root) if root is not None else ""
    return (_require_id(kept, "tocsin whoami --set"), f"tocsin whoami --set {kept}") if kept else (None, "")


def _require_id(person: str, source: str) -> str:
    """It is sent as a header, which holds one line of ASCII."""
    if person and person.isascii() and person.isprintable():
        return person
    raise UserError(
        f"{person!r} (by {source}) is nobody's id. Say one of tocsin.toml: the ID of a table [people.ID], on one "
        "line, in ASCII."
    )


def recall(root: Path) -> str:
    """Whom somebody has chosen to be in this workspace; empty where nobody has."""
    try:
        return _file(root).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def keep(root: Path, person: str) -> None:
    """Remember who acts in this workspace from now on. Raises `UserError` where that cannot be kept."""
    path = _file(root)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(f"{person}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}). Say `--as {person}` each time.") from error


def forget(root: Path) -> None:
    """Be nobody again."""
    _file(root).unlink(missing_ok=True)


def _file(root: Path) -> Path:
    return root / PRIVATE / "whoami"
