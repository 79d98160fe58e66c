"""Whose approval a line asks for: "only with security team approval", "before Security approval", "requires IC
approval".
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember
from tocsin.playbook.recognise.order import fold

QUICK = (  # for lower case
    r"approv|sign(?:s|ed)?[ -]?off|permission|consent|authori[sz]|go-?ahead|clearance|genehmig|aprova"
)
_QUICK = compile_late(QUICK)
_ACT = r"(?:approval|sign-?off|permission|consent|authori[sz]ation|go-?ahead|clearance)"
_WHO_LIFTS = compile_late(
    rf"\b(?:before|until|without|unless|except with|prior to)\s+(?:(?:you|we) (?:have|get|got)\s+|(?:getting|"
    rf"obtaining|receiving|having|the|an?|explicit|written|"
    rf"prior|express|full)\s+)*(?P<who>[A-Za-z][\w /&'-]{{0,50}}?)(?:'s?)?\s+(?:{_ACT}|approves?\b|approved|signs? "
    rf"off|authori[sz]es|agrees?|confirms|okays?|"
    r"says so|has approved|have approved|clears)",
    re.IGNORECASE,
)
_LIFTED_FROM = compile_late(
    rf"\b(?:before|until|without|unless)\b.{{0,30}}\b{_ACT}\s+(?:from|of|by)\s+(?:the\s+|an?\s+)?(?P<who>[A-Za-z][\w "
    rf"/&'-]{{0,50}}?)(?=[,.;)]|$)",
    re.IGNORECASE,
)
_ADJECTIVES = r"(?:(?:the|an?|explicit|written|prior|express|unanimous|full|formal|your|our)\s+)*"
_STRONG = r"(?:approval|sign-?off|go-?ahead)"
_NAME = r"(?P<who>[\w/&'-]+(?: [\w/&'-]+){0,3}?)"
_GATES = (
    compile_late(rf"\bonly\b[^.;]{{0,30}}?\b(?:with|after|on|upon|once)\s+{_ADJECTIVES}(?P<who>[\w /&'-]{{2,"
                 rf"50}}?)(?:'s?)?\s+{_ACT}\b", re.IGNORECASE),
    compile_late(rf"\b(?:requires?|needs?|get|obtain|seek|request|await|wait for|subject to|"
                 rf"pending)\s+{_ADJECTIVES}(?:{_NAME}(?:'s?)?\s+)?{_STRONG}\b"
                 r"(?:\s+(?:from|of|by)\s+(?:the\s+)?(?P<from>[\w &'-]{2,40}))?", re.IGNORECASE),
    compile_late(rf"^(?:the\s+)?{_NAME}(?:'s?)?\s+{_STRONG}\s+(?:is\s+)?(?:required|needed|mandatory)\b",
                 re.IGNORECASE),
    compile_late(r"\b(?:must|should|has to|needs to|have to)\s+be\s+(?:approved|signed off|"
                 r"authori[sz]ed)\s+by\s+(?:the\s+|an?\s+)?(?P<who>[\w /&'-]{2,50})", re.IGNORECASE),
    compile_late(rf"(?:[(\[](?:with\s+)?|\bafter\s+|\bonce\s+|^with\s+){_ADJECTIVES}{_NAME}(?:'s?)?\s+(?:{_STRONG}|"
                 rf"approves|has approved)\b", re.IGNORECASE),
    compile_late(rf"\b{_ACT}\s+(?:from|of|by)\s+(?:the\s+|an?\s+)?(?P<who>[A-Za-z][\w /&'-]{{1,40}})", re.IGNORECASE),
)  # fmt: skip
_NONE_NEEDED = compile_late(
    rf"\b(?:no|without(?: needing| requiring)?|not (?:need|require))\b[^.;]{{0,20}}\b{_ACT}\b|{_ACT} (?:is )?not "
    rf"(?:needed|required)",
    re.IGNORECASE,
)
_STOP_WHO = frozenset({"", "the", "a", "an", "your", "our", "prior", "explicit", "written", "any", "this", "it",
"and", "for", "you", "we", "you have", "we have",
                       "with", "normal", "full", "unanimous", "formal", "final", "proper"})  # fmt: skip
_AGREES = compile_late(r"agree|confirm|okay|says so|clears", re.IGNORECASE)
_ARTICLE = compile_late(r"^(?:the|an?|your|our|explicit|written|prior|getting|from|with)\s+", re.IGNORECASE)


@remember
def who_lifts(text: str) -> str | None:
    """Whose approval lifts a prohibition ("before Security approval"), or None."""
    if not _QUICK.search(text.lower()) and not _AGREES.search(text):
        return None
    folded = fold(text)
    match = _LIFTED_FROM.search(folded) or _WHO_LIFTS.search(folded)
    return _tidy(match["who"]) if match else None


@remember
def find_approver(text: str, *, forbidding: bool) -> tuple[bool, str | None]:
    """Whether a line asks for an approval, and whose. ``forbidding`` says that the line is a prohibition."""
    if not _QUICK.search(text.lower()):
        return False, None
    folded = fold(text)
    if forbidding:
        lifted = who_lifts(folded)
        return lifted is not None, lifted
    if _NONE_NEEDED.search(folded):
        return False, None
    for pattern in _GATES:
        match = pattern.search(folded)
        if match:
            groups = match.groupdict()
            return True, _tidy(groups.get("from") or groups.get("who") or "")
    lifted = who_lifts(folded)
    return lifted is not None, lifted


def _tidy(who: str) -> str | None:
    name = _ARTICLE.sub("", who.strip(" -'")).strip()
    return None if name.lower() in _STOP_WHO else name
