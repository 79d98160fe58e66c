"""Orders not to do something, and what they cover: the small grammar behind prohibitions.

"Services do not respond" is a finding and "do not panic" is advice; neither forbids what a step could do. Typographic
quotes, invisible characters and leftover encoding damage never hide an order.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.memory import remember
from tocsin.playbook.model import Forbids
from tocsin.playbook.recognise import foreign
from tocsin.playbook.recognise.meaning import ALONE, MEANINGS, NARROWER

T = TypeVar("T")

_INVISIBLE = compile_late("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufe0e\ufe0f]")
QUICK = (  # for lower case
    r"not\b|n\Wt\b|dont|mustnt|shouldnt|never|avoid|refrain|forbid|prohibit|no\b|nobody|noone|" + foreign.QUICK
)
_QUICK = compile_late(QUICK)
_UNUSUAL = compile_late(r"[^\x00-\x7f–—‘’“”…•·→←⇒≥≤±×°✓✔✅❌🔴🟠🟡🟢🚨⚠]")
"""Characters that may hide an order or spell it; those named here are signs between words."""
_CLAUSE = compile_late(
    r"(?<=[.!?;])\s+|(?<=[。；！？，])|\s+[-–—]\s*|\s*[()]\s*|:\s+|\s*(?:→|->|=>)\s*|"
    r",\s+(?=(?:do not|don't|never|avoid|must not)\b)|\s+(?=then (?:do not|don't|never)\b)",
    re.IGNORECASE,
)
_JOINED = compile_late(r"\s+(?:but|and)\s+(?=(?:do not|don't|never)\b)", re.IGNORECASE)
_LEAD = (
    r"(?:(?:please|also|absolutely|always|but|and|so|however|again|important|warning|caution|critical|note|then)\b"
    r"[\s:!,]*)*"
)
_ORDER = compile_late(
    _LEAD + r"(?:(?:do|should|must|shall)\s*not|don\W?t|dont|never(?: ever)?|mustn\W?t|refrain from|"
    r"under no circumstances(?:,? (?:should|must|may|do)(?: you| we| anyone)?)?)\s+(?P<what>\S.*)",
    re.IGNORECASE,
)
_AVOID = compile_late(_LEAD + r"avoid\s+(?P<what>(?:\w+ing|any|all|changes?)\b.*)", re.IGNORECASE)
_SUBJECT = compile_late(
    r"(?:you|we|nobody|no one|noone|responders?|engineers?|operators?|anyone|anybody|staff|"
    r"the (?:team|on-?call|responder))\b.{0,40}?\b"
    r"(?:(?:must|should|may|shall|can)\s*(?:not|never)|mustn\W?t|shouldn\W?t|"
    r"(?:are|is) not (?:allowed|permitted) to|must|may|should)\s+(?P<what>\S.*)",
    re.IGNORECASE,
)
_HEADING = compile_late(r"(?:do not|don'?ts?|never|avoid|forbidden|prohibited|must not|not allowed)\W*", re.IGNORECASE)
_DAMAGED = compile_late(r"(?=\S*[^\x00-\x7f])(?!\S*[A-Za-z]{3})\S{1,12}[\s*_]+")
_NOBODY = compile_late(r"(?:nobody|no one|noone)\b", re.IGNORECASE)
_NEGATED = compile_late(r"\bnot\b|n\W?t\b|never", re.IGNORECASE)
_PASSIVE = compile_late(
    r"(?P<what>\S.{1,60}?)\s+(?:(?:must|shall)\s+(?:not|never)\s+be\s+\w+.*|"
    r"should\s+(?:not|never)\s+be\s+(?:restart|delet|remov|modif|chang|stopp|touch|edit|alter|kill|deploy|disabl|expos|"
    r"shar|post|publish)\w*.*|(?:is|are)\s+(?:strictly\s+)?(?:forbidden|prohibited)\b.*)",
    re.IGNORECASE,
)
_NO_NOUN = compile_late(
    _LEAD + r"no\s+(?P<what>(?:further\s+|more\s+|manual\s+|direct\s+|unapproved\s+)?"
    r"(?:restarts?|reboots?|deploy\w*|changes?|deletions?|rollbacks?|writes?|migrations?|force[- ]push\w*|"
    r"(?:public|external)\s+(?:statements?|communications?|posts?|updates?|comments?))\b.*)",
    re.IGNORECASE,
)
_IDLE = compile_late(
    r"(?:panic|worry|hesitate|forget|assume|blame|be\b|expect|rely|treat|confuse|think|feel|need|have\b|see\b|know|"
    r"require|want|guess|rush|mistake|ignore|underestimate|overlook|hurry|get\b|wait\b|just\b|only\b|let (?:it|this)|"
    r"lose|miss|fear|bother|argue|speculate|include|provide|exceed|match|appear|work|exist|contain|apply to|seem|mean|"
    r"happen|matter|fall|become|fail|skip|count|affect|depend|respond\b(?! to)|return|support|try to (?:be|remember)|"
    r"interrupt|litigate|discuss\b(?!.*public)|neglect|pass\b|start from|reach|show|hold|intend|store\b|serve|own\b|"
    r"hide|name\b|say\b|go (?:into|looking)|hoard|attempt to be|bring (?:it|this) up|reinvent|overthink|reuse)",
    re.IGNORECASE,
)

_REASON = compile_late(
    r"\([^()]*\)|\b(?:because|since|as it|as this|(?:it|this|which) (?:will|would|may)|until|unless|before|"
    r"without)\b.*",
    re.IGNORECASE,
)
_FIRST_VERB = compile_late(r"[A-Za-z][A-Za-z-]{1,20}")


def fold(text: str) -> str:
    """A text as it must be read, whatever was done to its characters."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    return plain.replace("’", "'").replace("\ufffd", "'")


def may_forbid(text: str) -> bool:
    """A cheap look: whether a text can hold an order not to do something."""
    return _QUICK.search(text.lower()) is not None or has_unusual(text)


def has_unusual(text: str) -> bool:
    """Whether a text holds characters that may hide or spell an order."""
    return not text.isascii() and _UNUSUAL.search(text) is not None


@remember
def find_orders(text: str, *, imperative: bool = False) -> tuple[str, ...]:
    """What a text forbids ("restart services"), one entry for each order in it.

    ``imperative`` says that the text is a list item or a comment, where "isolate it but do not delete it" is an order;
    in running text "nodes that serve clients but do not store data" is none.
    """
    if not may_forbid(text) or text.rstrip(" )\"'").endswith("?"):
        return ()
    found = []
    for clause in _CLAUSE.split(fold(text)):
        for part in _JOINED.split(clause or "") if imperative else [clause or ""]:
            words = inline.undecorated(part.strip()).strip("*_\"' ")
            what = None if words.endswith(("?", "？")) else _read_order(words) or foreign.find_order(words)
            if what is not None:
                found.append(what)
    return tuple(found)


def opens_with_order(text: str) -> bool:
    """Whether a text begins with an order not to do something, so that it is nothing to be done."""
    words = inline.undecorated(fold(text).strip()).strip("*_\"' ")
    return may_forbid(text) and (_read_order(words) is not None or foreign.find_order(words) is not None)


def is_heading(words: str) -> bool:
    """Whether the head of a column says that what stands below is forbidden."""
    return _HEADING.fullmatch(inline.name(fold(words))) is not None


def _read_order(words: str) -> str | None:
    damaged = _DAMAGED.match(words)
    found = _read_plain(words)
    return found if found is not None or damaged is None else _read_plain(words[damaged.end() :])


def _read_plain(words: str) -> str | None:
    match = _ORDER.match(words) or _AVOID.match(words) or _NO_NOUN.match(words)
    if match is None:
        match = _SUBJECT.match(words)
        if match is not None and not _NOBODY.match(words) and not _NEGATED.search(words[: match.start("what")]):
            match = None
    if match is not None:
        what = match["what"].strip(" *_")
        return None if _IDLE.match(what) else what
    return words if _PASSIVE.match(words) is not None else None


def is_idle(what: str) -> bool:
    """Whether an order forbids nothing that a step could do ("panic")."""
    return _IDLE.match(what) is not None


@remember
def read_forbids(orders: tuple[str, ...]) -> Forbids:
    """What the orders of one line cover together; an order that the words do not map stands for its first verb."""
    merged = Forbids()
    for what in orders:
        text = _REASON.sub("", fold(what)).strip() or fold(what)
        for meaning in _meanings_of(text) or _meanings_of(foreign.translate(text)) or [_by_verb(text)]:
            merged = _merge(merged, meaning)
    return merged


def _meanings_of(text: str) -> list[Forbids]:
    """The meanings that an order's words have; the narrowest alone, where one says all by itself."""
    found = {name: meaning for name, pattern, meaning in MEANINGS if pattern.search(text)}
    for alone in ALONE:
        if alone in found:
            return [found[alone]]
    dropped = {broad for narrow, broader in NARROWER.items() if narrow in found for broad in broader}
    return [meaning for name, meaning in found.items() if name not in dropped]


def _by_verb(text: str) -> Forbids:
    verb = _FIRST_VERB.search(inline.undecorated(text))
    return Forbids(verbs=(_stem(verb.group().lower()),) if verb else ())


def _stem(verb: str) -> str:
    if verb.endswith("ing") and len(verb) > 5:
        return verb[:-3]
    return verb.removesuffix("s") if verb.endswith("s") and not verb.endswith("ss") else verb


def _merge(one: Forbids, other: Forbids) -> Forbids:
    """Both together. Objects narrow verbs, so they stay only while every verb in it is narrowed."""
    narrowed = (not one.verbs or bool(one.objects)) and (not other.verbs or bool(other.objects))
    return Forbids(
        tags=_union(one.tags, other.tags),
        effects=_union(one.effects, other.effects),
        verbs=_union(one.verbs, other.verbs),
        objects=_union(one.objects, other.objects) if narrowed else (),
        comms=one.comms or other.comms,
        acts=_union(one.acts, other.acts),
    )


def _union(one: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*one, *other)))
