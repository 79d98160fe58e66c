"""A scenario names no severity, although levels are defined.

Why: an incident of it is unclassified: it pages like the worst level until a person has picked one. Levels whose own
signs match are suggested, with their lines; none is ever chosen silently.

Example:

    ## Checkout outage

    **Symptoms:**

Use instead:

    ## Checkout outage

    **Severity:** SEV-1

    **Symptoms:**
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, shorten
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Procedure, Remark, Severity
from tocsin.words import Level

CODE = "PB203"
LEVEL = Level.WARNING
_COMMON = frozenset(
    "the and for with from not are has have all any one more than over under into that this its out off per via was "
    "were issues issue errors error problem problems system service services incident incidents failing failed fails "
    "failure failures users user critical minor major high low medium complete partial degraded slow increased "
    "warnings warning".split()
)
_ENDING = compile_late(r"(?:ing|ion|ed|es|s)$")
_WORDS = compile_late(r"[a-z]{3,}")


def check(view: View) -> Iterator[Finding]:
    if not view.levels:
        return
    for scenario in view.playbook.scenarios:
        if not scenario.severities:
            matches = suggest(scenario, view.playbook.severities)[:3]
            cited = "; ".join(
                f"{severity.id} (line {sign.line}: “{shorten(sign.text, 40)}”)" for severity, sign in matches
            )
            hint = f" Levels whose signs match: {cited}." if matches else ""
            yield Finding(
                scenario.line,
                f"“{scenario.title}” names no severity.{hint}",
                f"Put the level on the scenario (“**Severity**: {view.levels[0]}”).",
                tuple(sign.line for _, sign in matches),
                mark=scenario.title,
            )


def suggest(scenario: Procedure, severities: tuple[Severity, ...]) -> list[tuple[Severity, Remark]]:
    """Levels one of whose signs shares telling words with the scenario's title or symptoms; the best match first.

    Among equals the degree decides, where the title names one: "complete outage", "partial outage".
    """
    title = _stems(scenario.title)
    whole = title.union(*(_stems(symptom.text) for symptom in scenario.symptoms))
    degree = _COMMON.intersection(scenario.title.lower().split())
    scored = []
    for severity in severities:
        signs = [(_score(_stems(sign.text), title, whole), sign) for sign in severity.signs]
        fitting = [
            (score, len(degree.intersection(sign.text.lower().split())), sign) for score, sign in signs if score >= 2
        ]
        if fitting:
            best = max(fitting, key=lambda found: found[:2])
            scored.append((best[:2], severity, best[2]))
    scored.sort(key=lambda entry: entry[1].rank)
    top = max((score for score, _, _ in scored), default=None)
    return [(severity, sign) for score, severity, sign in scored if score == top]


def _score(stems: frozenset[str], title: frozenset[str], whole: frozenset[str]) -> float:
    """How well a sign fits: every word of the title counts more than a word of a symptom."""
    shared = len(stems & whole)
    return (2 * len(stems & title) + shared) * shared / len(stems) if shared else 0


@remember
def _stems(text: str) -> frozenset[str]:
    words = _WORDS.findall(text.lower())
    return frozenset(_ENDING.sub("", word)[:6] for word in words if word not in _COMMON)
