"""An entry of the contact list was never filled in.

Why: it looks like a way to reach somebody, until somebody tries.

Example:

    | Security lead | [phone number] |

Use instead:

    | Security lead | +49 30 7654321 |
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding, View, shorten
from tocsin.words import Level

CODE = "PB207"
LEVEL = Level.WARNING


def check(view: View) -> Iterator[Finding]:
    for contact in view.playbook.contacts:
        if contact.placeholder:
            yield Finding(
                contact.line,
                f"{contact.title} cannot be reached: the entry is still “{shorten(contact.value, 40) or 'empty'}”.",
                "Fill it in, or name a responder or schedule of the team's settings instead.",
                mark=contact.value,
            )
