"""What sets an escalation off, and whom a line of text calls: small grammars shared by all forms of escalation."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook import inline
from tocsin.playbook.duration import durations
from tocsin.playbook.levels import Levels
from tocsin.playbook.model import Trigger
from tocsin.words import TriggerClock

_UNRESOLVED = compile_late(
    r"not (?:been )?(?:yet )?(?:resolved|fixed|mitigated|contained|restored|recovered|improving|solved)|unresolved|"
    r"unable to (?:resolve|fix|mitigate|contain)|"
    r"no (?:resolution|progress|fix|improvement|recovery)|without (?:a )?(?:resolution|progress|fix|mitigation)|"
    r"still (?:open|ongoing|down|active|failing|unresolved)|"
    r"persist\w*|ongoing|continu\w+|last(?:s|ing)|can(?:not|'t) (?:be )?(?:resolve|fix|mitigate)\w*|isn'?t "
    r"(?:resolved|fixed)|exceed\w*|duration|open for|unmitigated|"
    r"not (?:resolve|fix)|não resolvid\w|nicht gelöst|remains? \w+|no resuelt\w|non résolu\w*|"
    r"未(?:能)?(?:解决|恢复|解決|復旧)|не (?:решен|устранен|восстановл)\w*|해결되지",
    re.IGNORECASE,
)
_IMMEDIATE = compile_late(
    r"\b(?:immediate(?:ly)?|at once|always|instantly|straight away|right away|automatic(?:ally)?|any|all|every|"
    r"declared|on declaration|upon declaration)\b",
    re.IGNORECASE,
)
_SPLIT = compile_late(
    r",\s+(?!etc)|;\s+|\s+or\s+(?!more\b|less\b|higher\b|above\b|greater\b|equal)|\n|"
    r"<br\s*/?>",
    re.IGNORECASE,
)
_PLAIN = compile_late(
    r"\b(?:an?|the|any|all|every|incidents?|severity|level|is|are|if|when|for|of|declared|occurs?|always|"
    r"escalate[ds]?|immediate(?:ly)?|at once|or|and|only)\b|[^\w]",
    re.IGNORECASE,
)
_CALL = compile_late(
    r"(?<![\w-])(?P<verb>page|pages|notify|notifies|call|contact|alert|inform|ping|involve|engage|phone|wake(?: up)?|"
    r"loop in|"
    r"bring in|reach out to|email|message|summon|"
    r"escalate (?:directly |immediately |further )?to|hand (?:over|off) to|"
    r"get)\b(?:\s+immediately)?[:\s]+(?:in\s+)?(?:the\s+|an?\s+|your\s+|our\s+)?(?P<who>\S.*)",
    re.IGNORECASE,
)
_PERSON = compile_late(
    r"\b(?:lead|leads|manager|engineer|engineers|team|teams|commander|officer|on-?call|all[- ]hands|director|head|"
    r"sre|sres|founders?|dba|dbas|c[tefios]o|ciso|vp|"
    r"executives?|leadership|management|support|provider|vendor|ops|security|legal|counsel|owner|maintainers?|"
    r"architect|specialist|expert|sme|responder|coordinator|"
    r"primary|secondary|board|staff|group|tier \d|l\d|level \d|admin\w*|operators?|chief|desk|noc|soc)\b",
    re.IGNORECASE,
)
_ALL_HANDS = compile_late(r"\ball[- ]hands\b", re.IGNORECASE)
_CALL_ABROAD = compile_late(
    r"(?P<verb>呼叫|联系|通知|致电|连絡|連絡する?|позвон\w+|вызва\w+|вызов\w*|сообщит\w+|anrufen|benachrichtig\w+|avisar|"
    r"llamar(?: a)?|ligar para|acionar|appeler|prévenir)[:\s]*(?P<who>\S.{1,60})",
    re.IGNORECASE,
)
_TAIL = compile_late(
    r"\s*(?:\b(?:immediately|at once|right away|asap|if|when|for|so that|about|with|before|after|within|until|and "
    r"(?:provide|share|ask|open|start|give|brief|create)|"
    r"to (?!the\b)\w+|in (?:parallel|#)|who|that|as soon)\b.*|[:(—–].*|\s-\s.*|[.!]+\s*$)",
    re.IGNORECASE,
)
_VIA = compile_late(r"\s+(?:via|through|using|by|on|over)\s+(?P<via>[^,;.]+)$", re.IGNORECASE)
_NAMES = compile_late(r"\s*(?:,|\+|&|/|\band\b|\bor\b|;|\bplus\b)\s*", re.IGNORECASE)
_NOBODY = compile_late(
    r"^(?:it|them|this|that|us|me|you|next|someone|somebody|help|below|above|none|n/?a|-+|–|—|severity|sev|p\d|"
    r"further|again|higher|another|more|yes|no)?$",
    re.IGNORECASE,
)
_PARENTHESES = compile_late(r"\s*\([^()]*\)")
_ARTICLE = compile_late(r"^(?:the|an?|your|our|also|then)\s+", re.IGNORECASE)
_ON_DECK = compile_late(r"\s+on deck$", re.IGNORECASE)
_DIGITS = compile_late(r"\d+")
_EXCEPT = compile_late(r"(?:but\s+)?(?:never|not\s+for|except)\b", re.IGNORECASE)


def read_triggers(text: str, levels: Levels, line: int) -> list[Trigger]:
    """The triggers that a text lists ("P0 incident, P1 not resolved in 1 hour")."""
    found = []
    carried: list[str] = []
    for part in _SPLIT.split(text):
        words = part.strip(" .*")
        if words and not _EXCEPT.match(words):
            named = levels.find(words)
            found += _read_one(words, named or carried, line)
            carried = named or carried if _SPLIT.search(text) and not named else named
    return found


def _read_one(words: str, severities: list[str], line: int) -> list[Trigger]:
    times = durations(words)
    if times:
        unresolved = _UNRESOLVED.search(words) is not None
        first = times[0]
        after = first.high if unresolved or first.low is None else first.low
        clock = TriggerClock.UNRESOLVED if unresolved else TriggerClock.ELAPSED
        levels: list[str | None] = [*severities] or [None]
        return [Trigger(severity=level, clock=clock, after_s=after, line=line) for level in levels]
    rest = _PLAIN.sub("", _without(words, severities))
    if severities and (not rest or _IMMEDIATE.search(words) is not None):
        return [_at_once(level, None, line) for level in severities]
    if not severities and _IMMEDIATE.fullmatch(words):
        return [_at_once(None, None, line)]
    named = next((level for level in severities if level in words), None)
    return [_at_once(named, words, line)]


def _at_once(severity: str | None, condition: str | None, line: int) -> Trigger:
    return Trigger(severity=severity, clock=TriggerClock.IMMEDIATE, after_s=0, condition=condition, line=line)


def _without(words: str, severities: list[str]) -> str:
    for level in severities:
        words = words.replace(level, "")
    return _DIGITS.sub("", words)


def read_call(text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Whom a text tells to call, and how ("Page engineering lead" → (engineering lead), (Page)); None when nobody."""
    match = _CALL.search(text)
    if match is None and (abroad := _CALL_ABROAD.search(text)) is not None:
        return (abroad["who"].strip(" .。"),), (abroad["verb"],)
    if match is None:
        bare = text.strip(" .")
        if len(bare.split()) <= 6 and (_ALL_HANDS.search(bare) or _PERSON.search(bare)) and not bare.endswith("?"):
            return split_people(bare), ()
        return None
    who: str = match["who"]
    via: tuple[str, ...] = ()
    through = _VIA.search(who)
    if through:
        who = who[: through.start()]
        via = (through["via"].strip(),)
    names = split_people(who)
    names = tuple(name for name in names if _PERSON.search(name) or name[:1].isupper() or name.startswith("@"))
    verb = match["verb"].lower()
    if not via and verb.split()[0] in ("page", "pages", "call", "phone", "email", "message", "ping"):
        via = (match["verb"],)
    return (names, via) if names else None


def split_people(text: str) -> tuple[str, ...]:
    """The people in a list ("Team Lead / Senior Engineer", "Database Team + CTO"), without what is said about them."""
    bare = _PARENTHESES.sub("", inline.clean(text))
    bare = _TAIL.sub("", bare)
    names = (_ARTICLE.sub("", part.strip(" .:*-–")) for part in _NAMES.split(bare))
    kept = (_ON_DECK.sub("", name) for name in names if name and not _NOBODY.match(name) and len(name.split()) <= 7)
    return tuple(dict.fromkeys(kept))


def names_person(text: str) -> bool:
    """Whether a text names somebody who can be called."""
    return _PERSON.search(text) is not None


def speaks_of_clock(text: str) -> bool:
    """Whether a condition is nothing but a time without a resolution."""
    return bool(durations(text)) and _UNRESOLVED.search(text) is not None


def speaks_of_once(text: str) -> bool:
    """Whether a condition is nothing but "immediately"."""
    return _IMMEDIATE.fullmatch(text.strip(" .")) is not None
