"""The shapes of secrets: each function judges one place where a telling word stands, in time bounded by what it takes.

All of them work on bytes, since an output may be anything, and secrets are ASCII.
"""

from __future__ import annotations

import re

Place = tuple[int, int, bytes]
"""From, to, and the kind of what stands there."""

_URL = re.compile(rb"://(?:([^\s/:@\"']{0,256}+:[^\s/\"']{1,256})|([\w.~-]{20,256}+))@")
_HEADER = re.compile(
    rb"(?i)(?:authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?)?"
    rb"(?P<secret>(?P<scheme>basic|bearer|token|geniekey|apikey|digest|negotiate|ntlm|hawk|aws4-hmac-sha256)"
    rb"[ \t]{1,8}(?P<value>[^\s\"'\\]++))"
)
_REST = re.compile(rb"[^\r\n]*+")
_COOKIE = re.compile(rb"(?i)cookie[\"']?:[ \t]{0,8}[\"']?([^\s=;\"']{1,256}+=[^\r\n\"']++)")
_SHAPES = re.compile(
    rb"(?P<key_id>(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    rb"|(?P<api_key>(?:sk|pk|rk)_(?:live|test)_\w{10,}+|AIza[\w-]{30,}+|SG\.[\w-]{16,}+\.[\w-]{16,}+)"
    rb"|(?P<token>eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*+|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|glpat-[\w-]{16,}+"
    rb"|xox[abposr]-[\w-]{10,}+|xapp-[\w-]{16,}+|npm_\w{30,}+|hvs\.[\w-]{20,}+|pypi-[\w-]{30,}+"
    rb"|sk-(?=[\w-]{0,80}[0-9])[\w-]{20,}+)"
)
_NAMED = re.compile(
    rb"(?ix)(?P<name>(?P<strong>passw(?:or)?d|passphrase|pwd|secret|(?:api|access|private)[_-]?key)"
    rb"|token|credentials?|auth(?:orization)?|pass)"
    rb"(?:[_.-][\w.-]{0,64}+)?"
    rb"(?:(?P<escaped>\\{0,4})[\"']?[ \t]{0,8}(?P<sign>=>|=|:)(?P<gap>[ \t]{0,8})\\{0,4}|(?P<flag>[ \t]{1,8}))"
)
_QUOTED = re.compile(rb"\"((?:[^\"\\\n]|\\.)+)\"|'([^'\n]++)'")
_IN_QUOTED = re.compile(rb"[\"']?(([^\s\"'\\]{1,512}+)[^\s\"'\\]*+)")
_WORD = re.compile(rb"[\"']?(([^\s\"',;&]{1,512}+)[^\s\"',;&]*+)")
_WIDE_WORD = re.compile(rb"[\"']?(([^\s\"']{1,512}+)[^\s\"']*+)")
_END = re.compile(rb"[ \t]{0,64}(?:[\r\n]|\Z)|[ \t]?[,;&\"')}\]]")
_FLAG = re.compile(rb"--[a-z_-]{0,40}\Z", re.IGNORECASE)

_REFERENCE = re.compile(rb"\$(?:[A-Za-z_]\w*|\{[^}]*\}?|\([^)]*\)?)|%[A-Za-z_]\w*%|\{\{.*")
_PATH = re.compile(
    rb"(?:~|\.{1,2})/.*|/(?:bin|data|dev|etc|home|mnt|opt|proc|root|run|secrets|srv|tmp|usr|var)(?:/.*)?"
)
_SIGN = re.compile(rb"[A-Za-z0-9\x80-\xff]")
_SAYINGS = frozenset(
    b"absent accepted available authentication bad basic bearer changed correct credential credentials default denied "
    b"disabled empty enabled error expired fail failed failure false forbidden found given header incorrect invalid "
    b"missing n/a needed nil no none not null off ok okay on optional password present refused rejected required "
    b"revoked secret set success successful succeeded timeout token true unauthorized unavailable unchanged undefined "
    b"unknown unset unsupported valid wrong yes".split()
)
"""What is said about a secret and is none."""


def find_url_password(content: bytes, at: int) -> Place | None:
    """At ``://``: a user and password, or a long token, before the host."""
    found = _URL.match(content, at)
    if found is None or (found[2] is not None and not _is_mixed(found[2])):
        return None
    start, end = found.span(1 if found[1] is not None else 2)
    return None if content.startswith(b"[redacted", start) else (start, end, b"url password")


def find_header(content: bytes, at: int) -> Place | None:
    """At ``Authorization`` or ``Bearer``: the scheme and what follows it."""
    found = _HEADER.match(content, at)
    if found is None or not _begins_word(content, at):
        return None
    value = found["value"]
    if value.lower() in _SAYINGS or not (_is_mixed(value) or (len(value) >= 8 and at < found.start("secret"))):
        return None
    several = found["scheme"].lower() in (b"digest", b"hawk", b"aws4-hmac-sha256")
    rest = _REST.match(content, found.end()) if several else None
    return found.start("secret"), rest.end() if rest else found.end(), b"authorization"


def find_cookie(content: bytes, at: int) -> Place | None:
    """At ``Cookie``: all of the header."""
    found = _COOKIE.match(content, at)
    return (*found.span(1), b"cookie") if found else None


def find_shaped(content: bytes, at: int) -> Place | None:
    """At the beginning that a vendor gives its tokens."""
    if at and (content[at - 1 : at].isalnum() or content[at - 1] in b"_-"):
        return None
    found = _SHAPES.match(content, at)
    return (at, found.end(), str(found.lastgroup).replace("_", " ").encode()) if found else None


def find_named(content: bytes, at: int) -> Place | None:
    """At a telling name: the value that is given to it."""
    found = _NAMED.match(content, at)
    if found is None or not _is_name(content, at, found["name"].lower()):
        return None
    if found["flag"] is not None:
        return _find_argument(content, at, found.end())
    strong = found["strong"] is not None
    quoted = None if found["escaped"] else _QUOTED.match(content, found.end())
    if quoted is not None:
        value, span = quoted[1] or quoted[2], quoted.span(1 if quoted[1] else 2)
        return (*span, b"secret") if _is_quoted_secret(value, strong) else None
    return _find_word(content, found, strong)


def _find_word(content: bytes, found: re.Match[bytes], strong: bool) -> Place | None:
    """An unquoted value. A long one is taken whole: read again and again it would cost its square."""
    tight = found["sign"] == b"=" and not found["gap"]
    if found["name"] == b"PASS" and not tight:
        return None
    wide = found["sign"] != b"=" and bool(found["gap"])
    word = (_IN_QUOTED if found["escaped"] else _WIDE_WORD if wide else _WORD).match(content, found.end())
    if word is None:
        return None
    value = word[1].rstrip(b",;&)}]") if wide else word[1]
    start, end = word.start(1), word.start(1) + len(value)
    if len(word[2]) < len(word[1]):
        return start, end, b"secret"
    is_secret = _is_secret(value, strong=strong, tight=tight, alone=_END.match(content, end) is not None)
    return (start, end, b"secret") if is_secret else None


def _find_argument(content: bytes, at: int, start: int) -> Place | None:
    """A word after ``--password``: only if it looks like a secret, since a sentence may go on there."""
    word = _WORD.match(content, start)
    if word is None or word[2].startswith(b"-") or not _is_mixed(word[2]) or _PATH.fullmatch(word[2]):
        return None
    return (*word.span(1), b"secret") if _FLAG.search(content, max(0, at - 42), at) else None


def _is_name(content: bytes, at: int, name: bytes) -> bool:
    """Whether the name stands by itself or ends a longer one: ``db_password``, ``PGPASSWORD``, ``apiToken``."""
    if name == b"pwd":
        return content[at - 1 : at] in (b"_", b"-")
    return name.startswith((b"passw", b"passp")) or _begins_word(content, at)


def _begins_word(content: bytes, at: int) -> bool:
    before = content[at - 1 : at] if at else b""
    return not before.isalnum() or (content[at : at + 1].isupper() and not before.isupper())


def _is_quoted_secret(value: bytes, strong: bool) -> bool:
    if not _may_be_secret(value):
        return False
    return strong or b" " not in value or _is_mixed(value)


def _is_secret(value: bytes, *, strong: bool, tight: bool, alone: bool) -> bool:
    """Whether an unquoted word is a value: ``=`` says so; after a colon it must stand alone or look like no word."""
    if not _may_be_secret(value):
        return False
    if not strong and value.isdigit() and len(value) < 6:
        return False
    if tight or (alone and (strong or len(value) >= 8)):
        return True
    return _is_mixed(value) and (strong or alone or len(value) >= 8)


def _may_be_secret(value: bytes) -> bool:
    """Not what is already gone, a variable, a path, punctuation, or what is said about a secret."""
    if value.startswith(b"[redacted") or _REFERENCE.fullmatch(value) or _PATH.fullmatch(value):
        return False
    return _SIGN.search(value) is not None and value.strip(b"<>().,!?").lower() not in _SAYINGS


def _is_mixed(value: bytes) -> bool:
    """Letters and digits together, as words are not."""
    head = value[:256]
    return len(head) >= 6 and any(48 <= each <= 57 for each in head) and any(each >= 65 for each in head)
