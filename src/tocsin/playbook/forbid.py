"""Whether a prohibition covers a statement: by what its commands do, and by what they are called.

Words of a pattern or of a message ("grep -E 'POST|DELETE'", "echo 'will restart'") do nothing, so they do not count;
nor does the name of a file that is written. What runs but is not written out might be anything: it is covered by
whatever forbids acts.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.pattern import compile_late
from tocsin.playbook import act
from tocsin.playbook.model import Forbids, Procedure, Prohibition, Statement
from tocsin.words import Act, Effect

FAR = 9
"""Further than any closeness."""
BY_NAME = 2
"""The furthest at which the acts of a prohibition, or its verbs, are what a statement does."""
BY_EFFECT = (3, 4)
"""By nothing but what the statement's effect is."""

_CLOSE = {Act.LOGS: 0, Act.PUBLISH: 0, Act.DISCARD: 2}
_LOG = compile_late(
    r"(?<![a-z])(?!catalog|blog|dialog|backlog|changelog|analog)[a-z]*?log(?:s|files?|ging|rotate)?(?![a-z])"
)


def covers(forbids: Forbids, statement: Statement) -> bool:
    """Whether a statement is among what is forbidden."""
    return closeness(forbids, statement) < FAR


def closeness(forbids: Forbids, statement: Statement, also: frozenset[Act] = frozenset()) -> int:
    """How closely a prohibition describes a statement, 0 the closest; `FAR` where it does not cover it.

    `also` are acts that it does only together with what was done before.
    """
    acts = acts_of(forbids)
    done = act.find_acts(statement.text) | also if acts else frozenset()
    found = [_CLOSE.get(each, 1) for each in acts if each in done]
    if forbids.verbs and statement.effect.rank >= Effect.UNKNOWN.rank and _is_named(forbids, statement.text):
        found.append(0 if forbids.objects else 2)
    if not set(forbids.tags).isdisjoint(statement.tags):
        found.append(3)
    if statement.effect in forbids.effects:
        found.append(4)
    if Act.HIDDEN in done and statement.effect.rank >= Effect.UNKNOWN.rank:
        found.append(5 if _is_mentioned(forbids, statement.text) else 6)
    return min(found, default=FAR)


def is_cited(forbids: Forbids, close: int, closest: int) -> bool:
    """Whether a prohibition is worth naming for a statement that another one describes at `closest`.

    What speaks of acts ("restart services") and only shares an effect with the statement is not meant by it, if another
    line is; what forbids the effect itself ("make no changes") is.
    """
    if close >= FAR:
        return False
    return close not in BY_EFFECT or closest > BY_NAME or not (acts_of(forbids) or forbids.verbs)


def acts_of(forbids: Forbids) -> tuple[Act, ...]:
    """The acts that a prohibition is about."""
    return (*forbids.acts, Act.PUBLISH) if forbids.comms else forbids.acts


def is_mapped(forbids: Forbids) -> bool:
    """Whether a prohibition is known to be about something that commands do; else only a person can tell."""
    return bool(acts_of(forbids) or forbids.effects or forbids.tags) or len(forbids.verbs) > 1


def find_all(
    rules: Iterable[Prohibition], statement: Statement, also: frozenset[Act] = frozenset()
) -> list[Prohibition]:
    """The prohibitions that a statement's refusal cites, the one that describes it most closely first."""
    found = sorted(
        ((closeness(rule.forbids, statement, also), rule.line, rule) for rule in rules), key=lambda each: each[:2]
    )
    return [rule for close, _, rule in found if is_cited(rule.forbids, close, found[0][0])]


def find(procedure: Procedure, statement: Statement) -> Prohibition | None:
    """The prohibition of a procedure that describes a statement most closely, or None."""
    return next(iter(find_all(procedure.prohibitions, statement)), None)


def _is_named(forbids: Forbids, text: str) -> bool:
    for call in act.find_named(text):
        if forbids.objects and call.program in act.FILE_TOOLS:
            continue
        line = call.spoken
        if forbids.objects and not any(_names(thing, line) for thing in forbids.objects):
            continue
        if any(_says(verb, line) for verb in forbids.verbs):
            return True
    return False


def _is_mentioned(forbids: Forbids, text: str) -> bool:
    """Whether a text that nobody can see through has the words of a prohibition in it all the same."""
    line = text.lower()
    if forbids.objects and not any(_names(thing, line) for thing in forbids.objects):
        return False
    return any(_says(verb, line) for verb in forbids.verbs)


def _names(thing: str, line: str) -> bool:
    return _LOG.search(line) is not None if thing == "log" else thing in line


def _says(verb: str, line: str) -> bool:
    """Whether a line has a verb as a word of its own, in any of its forms."""
    at = line.find(verb)
    while at >= 0:
        if not (at and "a" <= line[at - 1] <= "z") and _FORM.match(line, at + len(verb)):
            return True
        at = line.find(verb, at + 1)
    return False


_FORM = compile_late(r"(?:e|y|s|es|ed|ing|ion|ions|ment|al)?(?![a-z])")
"""How a verb may end; looked for behind the verb, since a pattern for each verb costs more to make than to use."""
