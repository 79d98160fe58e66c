"""How a value is written where others read it: in a URL, in JSON, in a PromQL label, in a parameter of SQL.

A value that is only part of a language's text is written by that language's own rules, so that it stays one value.
Where the language has no such rule (the host of a URL, a number in JSON, a metric's name), only what cannot be misread
goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from tocsin.run.interpreters import SHELLING
from tocsin.run.kinds import WORD
from tocsin.run.literal import PARAMETER, SETTING
from tocsin.run.site import Word

_URL = re.compile(r"(?:--url=|[A-Za-z_][\w.-]*=)?(?P<scheme>https?|wss?|ftp)://", re.IGNORECASE)
_FETCHERS = frozenset({"curl", "wget", "http", "https", "xh"})
_AUTHORITY = re.compile(r"\A[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::\d{1,5})?\Z")
_SCHEME = re.compile(r"(?:--?[\w-]+=)?[A-Za-z][A-Za-z0-9+.-]*://")
_NO_USER = re.compile(r"\A[^@]*\Z")
_NO_FILE = re.compile(r"\A[^@=]*\Z")
_NO_AT = re.compile(r"\A[^@<;][^;]*\Z")
_NOT_READ = re.compile(r"\A(?!.*fileb?://)", re.IGNORECASE | re.DOTALL)
_FETCHED = re.compile(r"\A(?:https?://[^@]*|(?![A-Za-z0-9+.-]*:/)[^@]*)\Z", re.IGNORECASE)
_SILENT = re.compile(
    r"-[0146fgGikIjlLnNqsSvZa#O]+|--(?:silent|show-error|fail|location|insecure|head|include|verbose|compressed|get)"
)
_NO_START = re.compile(r"\A[^@]")
_FORM_FLAGS = frozenset({"-F", "--form"})
_FILE_FLAGS = frozenset({"-H", "--header", "-b", "--cookie"})
_OF_FILE = "stands where curl takes @ for a file to send"
_OF_HOST = "stands where a URL names its host"
_PORT = re.compile(r"\A\d{1,5}\Z")
_NUMBER = re.compile(r"\A-?(?:0|[1-9]\d*)(?:\.\d+)?\Z")
_METRIC = re.compile(r"\A[A-Za-z_:][A-Za-z0-9_:]*\Z")
_DURATION = re.compile(r"\A\d+(?:ms|[smhdwy])?\Z")
_SELECTS = re.compile(
    r"\{\s*[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*[\"'`]|[\"'`]\s*,\s*[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*[\"'`]"
)
_ASKS = re.compile(r"\A(?:--data-urlencode=)?(?:query|expr|match\[\])=")
_DATA_FLAGS = frozenset({"-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--json", "-p", "--patch"})
_ENCODED_FLAG = "--data-urlencode"
_PLAIN = re.compile(r"\A[A-Za-z0-9._:/@-]+\Z")
_PART = re.compile(r"\A[A-Za-z0-9_]+\Z")
_DIGITS = re.compile(r"\A\d{1,18}(?:\.\d{1,18})?\Z")
SEALED = "sealed_"
"""What the name of a sealed value begins with: it is opened where a step runs, so nobody outside may name one."""
_LETTERS = {"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n"}
_REGEX = re.compile(r"[.*+?^${}()|\[\]\\/-]")


class Reading(NamedTuple):
    """How the value of a blank is to be written: `name` tells apart ways of one statement, `write` raises `ValueError`
    with the reason where a value cannot stand there.
    """

    name: str
    write: Callable[[str], str]


RAW = Reading("", str)


def find_reading(words: Sequence[Word], place: int, mark: str) -> Reading:
    """How a blank in a word of a command is to be written; `mark` is its character."""
    text, before = words[place].text, words[place - 1].text if place else ""
    program = _find_program(words, place)
    at = text.index(mark)
    parameter = PARAMETER.match(text) if before == "-v" else SETTING.match(text)
    if parameter is not None:
        return (_SET if SETTING.match(text) else _GIVEN)[parameter["kind"]]
    url = _URL.match(text)
    if url is not None and at >= url.end():
        return _read_url(text[url.end() :], at - url.end())
    if program in _FETCHERS and place and not text.startswith("-") and "/" in text[:at] and not _takes(before):
        return _read_url(text, at)
    sent = _read_sent(program, words, place, at)
    if sent is not None:
        return sent
    if before == _ENCODED_FLAG or text.startswith(f"{_ENCODED_FLAG}="):
        return read_promql(text, at) if _SELECTS.search(text) or _ASKS.search(text[:at]) else RAW
    if any(word.text.rsplit("/", 1)[-1] in SHELLING for word in words[:place]):
        return Reading("WORD", _only(WORD, "stands in what its program may take apart and run, where only a word goes"))
    found = _read_json(text, at)
    if found is not None:
        return found
    if _SELECTS.search(text):
        return read_promql(text, at)
    if program == "curl" and before in _DATA_FLAGS and "=" in text[:at] and not text.startswith("@"):
        return Reading("URL", _percent)
    return RAW


def _find_program(words: Sequence[Word], place: int) -> str:
    """The program that a word is for: a client of the web that another command starts, else the command itself."""
    names = [word.text.rsplit("/", 1)[-1] for word in words[: max(place, 1)]]
    return next((name for name in names if name in _FETCHERS | {"aws"}), names[0]) if names else ""


def _read_sent(program: str, words: Sequence[Word], place: int, at: int) -> Reading | None:
    """A place where a plain word could send a file, or have a program go to another host; null where it is none."""
    text, before = words[place].text, words[place - 1].text
    if program in ("curl", "wget") and place and _is_address(program, text, before):
        bare = text.removeprefix("--url=")
        return _read_bare_url(bare, at - len(text) + len(bare))
    other = _SCHEME.match(text)
    if other is not None and at >= other.end() and "/" not in text[other.end() : at]:
        is_whole = at == other.end() and text[at + 1 : at + 2] in ("", "/") and "@" not in text
        return Reading("REACHED", _only(_NO_USER if is_whole else _AUTHORITY, _OF_HOST))
    if "=" not in text[:at] and before == _ENCODED_FLAG:
        return Reading("FORM", _only(_NO_FILE, _OF_FILE))
    starts = at == 0 or (before in _FORM_FLAGS and text[at - 1] == "=")
    if program == "curl" and starts and before in _FORM_FLAGS | _FILE_FLAGS | _DATA_FLAGS:
        return Reading("SENT", _only(_NO_AT if before in _FORM_FLAGS else _NO_START, _OF_FILE))
    if program == "aws":
        return Reading("AWS", _only(_NOT_READ, "is what aws takes for a file to read"))
    return None


def _is_address(program: str, text: str, before: str) -> bool:
    """Whether a word is what curl fetches, by where it stands; a cluster of flags without values may be before it."""
    if text.startswith("-"):
        return text.startswith("--url=")
    is_silent = program == "curl" and (before == "--url" or _SILENT.fullmatch(before) is not None)
    return is_silent or not _takes(before)


def _takes(before: str) -> bool:
    return before.startswith("-") and before not in (
        "-s",
        "-f",
        "-k",
        "-L",
        "-i",
        "-v",
        "-S",
        "-I",
        "-sS",
        "-fsS",
        "-G",
    )


def _read_url(rest: str, at: int) -> Reading:
    """A place in a URL, `rest` being what follows its scheme."""
    path = re.search(r"[/?#]", rest)
    if path is None or at < path.start():
        if rest[at + 1 :].startswith(("/", "?", "#")) and rest[:at].endswith(":"):
            return Reading("PORT", _only(_PORT, "stands where a URL names its port"))
        return Reading("HOST", _only(_AUTHORITY, _OF_HOST))
    query = rest.find("?")
    if 0 <= query < at:
        start = max(rest.rfind(each, 0, at) for each in "?&") + 1
        ends = [end for each in "&#" if (end := rest.find(each, at)) >= 0]
        part = rest[start : min(ends, default=len(rest))]
        plain = _unquote(part)
        if _SELECTS.search(plain):
            inner = read_promql(plain, plain.index(rest[at]))
            return Reading(f"URL_{inner.name}", lambda value: _percent(inner.write(value)))
    return Reading("URL", _percent)


def _read_bare_url(text: str, at: int) -> Reading:
    """A place in an address that curl is given without a scheme, before its path."""
    if at == 0 and text[1:2] in ("", "/"):
        return Reading("FETCHED", _only(_FETCHED, "stands where curl is told an address on the web"))
    return _read_url(text, at) if not _SCHEME.match(text) else Reading("HOST", _only(_AUTHORITY, _OF_HOST))


def _unquote(text: str) -> str:
    return re.sub(r"%([0-7][0-9A-Fa-f])", lambda found: chr(int(found[1], 16)), text)


def _percent(value: str) -> str:
    return quote(value, safe="")


def _read_json(text: str, at: int) -> Reading | None:
    """A place in a JSON text; null where it is none."""
    body = text.partition("=")[2] if text.startswith("--") else text
    if not body.lstrip().startswith(("{", "[")):
        return None
    try:
        json.loads(re.sub(r"[\ue000-\ue1ff]", "7", body))
    except ValueError:
        return None
    if _find_quote(text[:at], '"'):
        if "\\" in text[:at]:
            return Reading("WORD", _only(WORD, "stands in what may be read anew, where only a word goes"))
        return Reading("JSON", lambda value: json.dumps(value, ensure_ascii=False)[1:-1])
    return Reading("NUMBER", _only(_NUMBER, "stands where JSON wants a number"))


def read_promql(text: str, at: int) -> Reading:
    """A place in a PromQL (or LogQL) expression."""
    quoted = _find_quote(text[:at], "\"'`")
    if quoted == "`":
        return Reading("TICKS", _only(re.compile(r"\A[^`]*\Z"), "stands between back-ticks"))
    if quoted:
        start = text.rfind(quoted, 0, at)
        matches = re.search(r"(?:=~|!~)\s*\Z", text[:start]) is not None
        return Reading("MATCH", _write_match) if matches else Reading("LABEL", _write_label)
    if re.search(r"\[\s*\Z|\boffset\s+-?\Z", text[:at]):
        return Reading("DURATION", _only(_DURATION, "stands where PromQL wants a duration"))
    return Reading("METRIC", _only_one((_METRIC, _NUMBER), "stands where PromQL wants a name or a number"))


def _write_label(value: str) -> str:
    return "".join(_LETTERS.get(letter, letter) for letter in value)


def _write_match(value: str) -> str:
    return _write_label(_REGEX.sub(lambda found: f"\\{found[0]}" if found[0] not in "-/" else found[0], value))


def is_parameter(reading: Reading) -> bool:
    """Whether a value goes to a client of a database as a parameter, which takes whatever it holds."""
    return reading.name.startswith("SQL")


def _escape_like(value: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", value)


def _write_literal(value: str) -> str:
    """A value as sqlite3 works it out: by its bytes, where it holds more than a word does."""
    if SEALED in value:
        raise ValueError("names a sealed value, which is put in only where the step runs")
    return f"'{value}'" if _PLAIN.match(value) else f"CAST(X'{value.encode().hex()}' AS TEXT)"


def _write_plain_literal(value: str) -> str:
    if re.search(r"[%_]", value):
        raise ValueError("holds % or _, which LIKE of SQLite takes for any text")
    return _write_literal(value)


def _find_quote(before: str, quotes: str) -> str:
    """The quote that is open at the end of a text; empty for none."""
    quote_, escaped = "", False
    for letter in before:
        if escaped:
            escaped = False
        elif letter == "\\" and quote_ != "`":
            escaped = True
        elif quote_:
            quote_ = "" if letter == quote_ else quote_
        elif letter in quotes:
            quote_ = letter
    return quote_


def _only(pattern: re.Pattern[str], why: str) -> Callable[[str], str]:
    return _only_one((pattern,), why)


def _only_one(patterns: Sequence[re.Pattern[str]], why: str) -> Callable[[str], str]:
    def write(value: str) -> str:
        if any(pattern.match(value) for pattern in patterns):
            return value
        raise ValueError(why)

    return write


_OF_SQL = "stands where SQL wants a number"
_IN_TEXT = "stands within a text of SQL that may be read again"
_GIVEN = {
    "text": Reading("SQL", str),
    "like": Reading("SQL_LIKE", _escape_like),
    "part": Reading("SQL_PART", _only(_PART, _IN_TEXT)),
    "number": Reading("SQL_NUMBER", _only(_DIGITS, _OF_SQL)),
}
"""How variables of psql are given, which quotes them itself."""
_SET = {
    "text": Reading("SQLITE", _write_literal),
    "like": Reading("SQLITE_LIKE", _write_plain_literal),
    "part": Reading("SQLITE_PART", lambda value: _write_literal(_GIVEN["part"].write(value))),
    "number": _GIVEN["number"],
}
"""How parameters of sqlite3 are set, which works out what it is given."""
