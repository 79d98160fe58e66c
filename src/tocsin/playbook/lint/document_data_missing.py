"""The document does not say who keeps it, when it was last changed or when it is to be reviewed.

Why: nobody is asked when it is wrong, and nobody notices when it has grown old.

Example:

    **Next review:** [date]

Use instead:

    **Owner:** Platform team
    **Last updated:** 2026-05-02
    **Next review:** 2026-11-02
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View
from tocsin.words import Level

CODE = "PB302"
LEVEL = Level.REMARK
_NAMES = {
    "owner": "an owner",
    "version": "a version",
    "last_updated": "the date of the last change",
    "next_review": "the date of the next review",
}


def check(view: View) -> Iterator[Finding]:
    said = {found.key: found for found in view.sayings}
    absent: list[str] = []
    for key, name in _NAMES.items():
        if getattr(view.playbook.document, key) is not None:
            continue
        if key in said:
            yield Finding(
                said[key].line,
                f"{name[0].upper()}{name[1:]} was never filled in.",
                "Fill it in.",
                level=Level.WARNING,
                mark=said[key].value,
            )
        else:
            absent.append(name)
    if absent and absent != ["a version"]:
        listed = absent[0] if len(absent) == 1 else f"{', '.join(absent[:-1])} and {absent[-1]}"
        yield Finding(
            0,
            f"The document lacks {listed}.",
            "Add what is missing at the head or foot (“**Owner**: SRE team”).",
            subject=listed,
        )
