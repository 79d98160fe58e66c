"""Bold words at the beginning of a line that open a part of the document (``**Response:**``), and those that do not."""

from __future__ import annotations

import re
from collections.abc import Callable

from tocsin.pattern import compile_late
from tocsin.playbook import inline

_RUN_IN = compile_late(r"([^\W\d_][^\W\d]*(?: [^\W\d]+){0,3}): (\S.*)")
_REFERENCE = compile_late(r"\[[^\]]{1,80}\]:\s+(?:<?https?://|[\w./#-]+$|[./#])")
_BLOCK = compile_late(r"\s*(?:$|#{1,6}\s|[-*+]\s|\d+[.)]\s|```|~~~|[|><!:]|\*\*)")
_STEP_LINE = compile_late(r"(?:step|phase|stage)\s+\d+\b\s*[-–—:.]?\s*\S.{0,70}$", re.IGNORECASE)
_ASIDE = compile_late(
    r"(?:note|notes|warning|caution|important|tip|info|hint|example|e\.g|expected|expected \w+|output|result|see|"
    r"see also|reference|references|rationale|why|attention|danger|nb|remember|pro tip|nota|aviso|hinweis|achtung)"
    r"\b[\s:!.]*$",
    re.IGNORECASE,
)
_META = compile_late(
    r"(?:severity|priority|alerts?|alert name|impact|owner|document owner|version|document version|last updated|"
    r"updated|date|service|team|status|next review|component|trigger|condition|scope|purpose|audience|author|sla|slo)"
    r"\W*$",
    re.IGNORECASE,
)
_SHOUT = compile_late(r"(?i:do not|don.?t|never|stop\b|warning|caution|critical\W+[A-Z]{3}|must\b)|.*[!.]$")
_MAX_LENGTH = 120
_MAX_NAME = 60


def read_label(words: str) -> tuple[str, str] | None:
    """The name and the value of a bold label that a line begins with; None when it begins with none."""
    bold = inline.bold_start(words) if "**" in words or "__" in words else None
    if bold is None:
        return None
    name, rest = bold
    colon = name.rstrip().endswith((":", "：")) or rest.startswith((":", "："))
    value = rest.lstrip(":： ")
    if not colon and (value or len(name) > _MAX_LENGTH or _is_sentence(words, name)):
        return None
    return name, value


def _is_sentence(words: str, name: str) -> bool:
    """Whether bold words alone on a line are a sentence to be read rather than the name of what follows."""
    decorated = words[0] not in "*_" or not name[0].isalnum()
    return bool(_SHOUT.match(inline.undecorated(name))) or (decorated and name.upper() == name)


def read_run_in(words: str, is_name: Callable[[str], bool]) -> tuple[str, str] | None:
    """The name and the value of a plain line such as ``Symptoms: writes fail``; None when it names no part."""
    match = _RUN_IN.match(words) if ": " in words else None
    return (match[1], match[2]) if match is not None and is_name(match[1]) else None


def part_name(words: str) -> str:
    """What a short line may be the name of: it ends in a colon, or is slanted as a whole (``*Symptoms*``)."""
    whole = words[-1] == ":" or (len(words) > 2 and words[-1] == words[0])
    return words.strip("*_").replace("*", "") if whole and len(words) < _MAX_NAME else ""


def is_reference(words: str) -> bool:
    """Whether a line only says where the links of other lines lead (``[1]: https://…``)."""
    return _REFERENCE.match(words) is not None


def begins_block(line: str) -> bool:
    """Whether a line does not go on with the paragraph above it: it is blank, or opens a block of its own."""
    return _BLOCK.match(line) is not None


def is_step_line(words: str) -> bool:
    """Whether a plain line reads like the title of a step ("Step 2 – Assess severity")."""
    return len(words) <= _MAX_LENGTH and _STEP_LINE.match(words) is not None


def is_aside(title: str) -> bool:
    """Whether a label with a value is a remark in passing ("Note:"), which leaves the label before it open."""
    return _ASIDE.match(title) is not None


def is_fact(title: str) -> bool:
    """Whether a label with a value says something of the whole ("Severity:"), and holds nothing that follows."""
    return _META.match(title) is not None
