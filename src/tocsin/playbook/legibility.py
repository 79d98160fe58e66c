"""What can be wrong with a document before any rule looks at it: bytes that are no text, Markdown that never ends.

The codes PB001 to PB011. What the bytes say is found while they are read (``source``), what the marks say while the
outline is made (``scan``); here stands what there is to say about each.
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.diagnostic import Diagnostic
from tocsin.playbook.explanation import Explanation, read
from tocsin.playbook.finding import View
from tocsin.playbook.pointer import find_pointer
from tocsin.words import Level

_FAULTS = {
    "unclosed_fence": (
        "PB005",
        Level.ERROR,
        "This fence is never closed; it was taken to end before the next heading or fence.",
        "Close it with a line of the same marks, so that no command is read as text and no text as a command.",
    ),
    "unclosed_comment": (
        "PB007",
        Level.WARNING,
        "This HTML comment is never closed; what follows it was read all the same.",
        "Close it with -->, or delete it.",
    ),
}


def judge(view: View) -> Iterator[Diagnostic]:
    """The faults of the Markdown itself; and whether there is a playbook in it at all."""
    for fault in view.draft.outline.faults:
        code, level, text, way_out = _FAULTS[fault.rule]
        yield Diagnostic(code=code, rule=fault.rule, level=level, line=fault.line, text=text, help=way_out)
    pointer = None if view.playbook.is_playbook else find_pointer(view.draft.outline)
    if pointer is not None:
        line, target = pointer
        yield Diagnostic(
            code="PB011",
            rule="moved_elsewhere",
            level=Level.WARNING,
            line=line,
            text=f"This document only says that its contents are elsewhere now: {target}.",
            help="Let the alerts and links that lead here lead there, then remove the file.",
        )
    elif not view.playbook.is_playbook:
        yield Diagnostic(
            code="PB010",
            rule="not_a_playbook",
            level=Level.REMARK,
            line=0,
            text="Nothing in this document says what to do in an incident; nothing was taken from it.",
            help="A scenario is a heading with at least two labelled parts below it, such as Symptoms and Resolution.",
        )


_TEXTS = (
    (
        "PB001",
        "not_utf8",
        Level.ERROR,
        """The file is not encoded in UTF-8; another encoding was assumed for reading it.

        Why: names, arrows and warning signs may read wrongly, here and in the editor of every colleague.

        Example:

            **Escalation:** Jürgen Müller      (saved as Windows-1252)

        Use instead:

            **Escalation:** Jürgen Müller      (saved as UTF-8)
        """,
    ),
    (
        "PB002",
        "empty",
        Level.ERROR,
        """The file is empty.

        Why: an alert that leads here leads to nothing.

        Example:

            (no line at all)

        Use instead:

            # Checkout is down
            **Symptoms:** orders fail
            **Resolution:** call the payment provider
        """,
    ),
    (
        "PB003",
        "binary",
        Level.ERROR,
        """The file holds zero bytes: it is no text.

        Why: it was saved by a word processor or damaged on its way; nothing in it can be read in an incident.

        Example:

            runbook.md that is really a .docx

        Use instead:

            runbook.md, exported as Markdown
        """,
    ),
    (
        "PB004",
        "too_large",
        Level.ERROR,
        """The file is over the limit for one document; it was not read.

        Why: nobody finds a line in it while the clock runs, and reading it would hold up everything else.

        Example:

            all-runbooks-since-2015.md     (40 MB)

        Use instead:

            runbooks/checkout.md
            runbooks/search.md
        """,
    ),
    (
        "PB005",
        "unclosed_fence",
        Level.ERROR,
        """A code fence is never closed.

        Why: a strict reader takes the rest of the document for code, prohibitions included. Here it was taken to end
        before the next heading or fence, which may be more or less than was meant.

        Example:

            ```bash
            systemctl restart shop
            ## Search is down

        Use instead:

            ```bash
            systemctl restart shop
            ```
            ## Search is down
        """,
    ),
    (
        "PB006",
        "double_encoded",
        Level.WARNING,
        """Text in UTF-8 was saved once more as if it were another encoding.

        Why: arrows and warning signs turn into letters that nobody can read. They were repaired for reading here, but
        people see the file as it is.

        Example:

            Stop the server â†’ copy the logs â†’ start it

        Use instead:

            Stop the server → copy the logs → start it
        """,
    ),
    (
        "PB007",
        "unclosed_comment",
        Level.WARNING,
        """An HTML comment is never closed.

        Why: most viewers hide everything behind it, so that half of the playbook is missing on the screen.

        Example:

            <!-- reviewed by ops
            ## Search is down

        Use instead:

            <!-- reviewed by ops -->
            ## Search is down
        """,
    ),
    (
        "PB010",
        "not_a_playbook",
        Level.REMARK,
        """Nothing in the document says what to do in an incident.

        Why: no alert can open anything in it. That is as it should be for a README, and a surprise for a runbook.

        Example:

            # Checkout
            The service takes orders. It is written in Go.

        Use instead:

            # Checkout is down
            **Symptoms:**
            - Orders fail
            **Resolution:**
            1. Call the payment provider
        """,
    ),
    (
        "PB011",
        "moved_elsewhere",
        Level.WARNING,
        """The document only points to where its contents are now.

        Why: who is woken by an alert that still leads here needs one more link, and one more page that may not open.

        Example:

            # Checkout is down
            This runbook has moved to [the shop's runbooks](../shop/checkout.md).

        Use instead:

            runbook_url: https://wiki.example.com/shop/checkout      (in the alert rule itself)
        """,
    ),
)

EXPLANATIONS: tuple[Explanation, ...] = tuple(read(*entry) for entry in _TEXTS)
"""Each of these codes in words."""
