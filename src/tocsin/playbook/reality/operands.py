"""Operands beside what a script or a verb wants there: how many, which values, and in what order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.finding import Finding, ambiguous, missing
from tocsin.playbook.reality.program import Parameter

_PATH_NAME = re.compile(r"FILE|PATH|BACKUP|ARCHIVE|DUMP|SNAPSHOT|DIR|TARBALL|SOURCE|DEST|LOCATION", re.IGNORECASE)
_NUMBER_NAME = re.compile(
    r"(?:^|_)(?:COUNT|PORT|HEIGHT|SECONDS?|MINUTES?|HOURS?|NUM|NUMBER|LIMIT|DAYS?|KEEP|INDEX|REPLICAS?|TIMEOUT|SIZE|"
    r"PERCENT|RETRIES|BLOCKS?|LINES|N)$",
    re.IGNORECASE,
)
_URL_NAME = re.compile(r"(?:^|_)(?:URL|URI|ENDPOINT)$", re.IGNORECASE)
_WORD_NAME = re.compile(
    r"(?:^|_)(?:TYPE|ROLE|WALLET|ENV|ENVIRONMENT|SERVICE|LEVEL|MODE|STATUS|STATE|SEVERITY|CHANNEL|STAGE|ACTION|NAME|KIND|"
    r"NETWORK|REGION|USER|PARTY|VERSION|TAG|TEAM|AUDIENCE|WHO|RECIPIENTS?|SCOPE|GROUP|PRIORITY|COMPONENT)$",
    re.IGNORECASE,
)
_DATE_NAME = re.compile(r"(?:^|_)(?:DATE|DAY|MONTH|YEAR)$", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d(?:-\d\d){0,2}")
_PATH = re.compile(
    r"^(?:[~.]?/.*|[^\s]+/[^\s]*|[\w.-]+\.(?:gz|tar|zip|sql|json|ya?ml|toml|db|gpg|log|txt|csv|bak|dump|age|tgz|enc|conf))$"
)
_FILE = re.compile(r"[~.]?/\S*\.\w{2,8}")
_NUMBER = re.compile(r"[-+]?[\d_]*\.?[\d_]+(?:[eE][-+]?\d+)?")


def judge(
    given: tuple[str, ...], parameters: tuple[Parameter, ...], least: int, most: int | None, title: str, where: str
) -> Iterator[Finding]:
    """Whether operands are as many as they should be, and are what is wanted in their places."""
    yield from _judge_number(given, parameters, least, most, title, where)
    yield from _judge_values(given, parameters, title, where)


def name(parameters: tuple[Parameter, ...], at: int) -> str:
    """What the operand with a number, from 1, is called."""
    called = parameters[at - 1].name if at <= len(parameters) else ""
    return called or f"argument {at}"


def spot(where: str, parameters: tuple[Parameter, ...], at: int) -> str:
    """Where the operand with an index is read."""
    line = parameters[at].line if at < len(parameters) else 0
    return f"{where.partition(':')[0]}:{line}" if line else where


def _judge_number(
    given: tuple[str, ...], parameters: tuple[Parameter, ...], least: int, most: int | None, title: str, where: str
) -> Iterator[Finding]:
    count = len(given)
    if count < least:
        lacking = [name(parameters, at) for at in range(count + 1, least + 1)]
        what = f"arguments of {title}: {', '.join(lacking) or f'{least} are needed'}"
        why = f"It needs {least}, the statement gives {count}."
        yield missing("arguments", what, why, None, spot(where, parameters, count))
    elif most is not None and count > most:
        extra = " ".join(map(names.show, given[most:]))
        if most:
            why = f"It reads {most}; what is given beyond that is ignored."
            yield ambiguous("arguments", f"arguments of {title}: {extra} is ignored", why, None, where)
        else:
            yield ambiguous("arguments", f"arguments of {title}: {extra}", "It takes no such words.", None, where)


def _judge_values(
    given: tuple[str, ...], parameters: tuple[Parameter, ...], title: str, where: str
) -> Iterator[Finding]:
    """Values that are not taken there; first of all whether two of them are the wrong way round."""
    wrong = [at for at, (value, one) in enumerate(zip(given, parameters, strict=False)) if _clashes(value, one)]
    swap = _find_swap(given, parameters)
    if swap is not None:
        read = " ".join(each.name or "?" for each in parameters)
        right = list(given)
        right[swap[0]], right[swap[1]] = right[swap[1]], right[swap[0]]
        what = f"arguments of {title}: in another order than the script reads them"
        place = spot(where, parameters, swap[0])
        yield ambiguous("argument_order", what, f"It reads {read}.", " ".join(map(names.show, right)), place)
        return
    for at in wrong:
        one = parameters[at]
        what = f"argument {names.show(given[at])} of {title} ({one.name or f'argument {at + 1}'})"
        if one.choices:
            near = names.nearest(given[at], one.choices)
            yield missing("argument", what, f"It takes {', '.join(one.choices)}.", near, spot(where, parameters, at))
        elif one.number:
            yield missing("argument", what, "It takes a number.", None, spot(where, parameters, at))


def _find_swap(given: tuple[str, ...], parameters: tuple[Parameter, ...]) -> tuple[int, int] | None:
    size = min(len(given), len(parameters))
    for one in range(size):
        for other in range(one + 1, size):
            now = _clashes(given[one], parameters[one]) + _clashes(given[other], parameters[other])
            then = _clashes(given[other], parameters[one]) + _clashes(given[one], parameters[other])
            turned = _is_turned(given[one], parameters[one], given[other], parameters[other])
            if (now or turned) and not then and given[one] != given[other]:
                return one, other
    return None


def _is_turned(value: str, one: Parameter, next_value: str, other: Parameter) -> bool:
    """Whether a path or a date stands in the place of a plain word, and a plain word in its own."""
    dated = [_DATE_NAME.search(each.name) is not None for each in (one, other)]
    if dated[0] != dated[1]:
        at_date, at_other = (value, next_value) if dated[0] else (next_value, value)
        return at_date.isalpha() and _DATE.fullmatch(at_other) is not None
    if one.path == other.path:
        return False
    at_path, at_word = (value, next_value) if one.path else (next_value, value)
    plain = not names.is_wild(at_path) and re.search(r"[./]", at_path) is None
    return plain and _FILE.fullmatch(at_word) is not None


def _clashes(value: str, parameter: Parameter) -> bool:
    """Whether a value surely is not what an operand of this name, of this type or with these choices wants."""
    if _WORD_NAME.search(parameter.name.replace("-", "_")) and re.search(r"\s", value):
        return True
    if parameter.choices:
        return names.find(value, parameter.choices) is None and not names.is_open(value)
    if names.is_wild(value):
        return False
    if parameter.number:
        return not _NUMBER.fullmatch(value)
    return not parameter.path and _clashes_with_name(value, parameter.name.replace("-", "_"))


def _clashes_with_name(value: str, called: str) -> bool:
    looks_path = _PATH.match(value) is not None and "://" not in value
    if _URL_NAME.search(called):
        return "://" not in value and not re.search(r"[.:]", value)
    if _NUMBER_NAME.search(called):
        return not re.fullmatch(r"\d+\w?", value)
    if _PATH_NAME.search(called):
        return not looks_path and not re.search(r"[./]", value)
    return bool(_WORD_NAME.search(called)) and looks_path
