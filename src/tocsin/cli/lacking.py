"""How `tocsin check --settings` tells which duties cannot be kept, to people and to programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tocsin.cli.words import Format, count, say, show_json
from tocsin.incident.lack import Lack


def tell_lacks(found: Sequence[Lack], where: Callable[[str], str], format: Format) -> None:  # noqa: A002 the option's name
    """Say all of them; `where` is a team's playbook."""
    if format == "json":
        entries = [{**_entry(each), "playbook": where(each.team)} for each in found]
        show_json({"lacks": entries, "summary": {"lacks": len(found), **Counter(each.kind for each in found)}})
        return
    for each in found:
        say(f"{each.team}: {each.kind.replace('_', ' ')}: {each.why}")
        for duty in each.duties:
            say(f"    {where(each.team)}:{duty.line}: {duty.text}")
        for mend in each.mends:
            say(f"  | [{mend.table}]")
            for line in mend.lines:
                say(f"  | {line}")
        say("")
    if found:
        say(
            f"{count(len(found), 'setting')} wanted. The lines behind | belong into tocsin.toml; names and addresses in"
        )
        say("them are examples. A key that stands there already is changed, not written twice.")
    else:
        say("Every duty of the playbooks has the settings that it needs.")


def _entry(lack: Lack) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(lack)
    return found
