"""Secrets that are known by what stands before them: a telling name, a scheme of a URL, a header.

Each function judges one place where a telling word stands, in time bounded by what it takes. All of them work on
bytes, since an output may be anything, and secrets are ASCII.
"""

from __future__ import annotations

import re

from tocsin.timeline.chance import is_chance, is_hex, is_plain_form, is_uuid
from tocsin.timeline.naming import Telling, find_name, find_phrase, judge_name
from tocsin.timeline.shapes import Place

_URL = re.compile(
    rb"(?:\\?/){2}(?:(?!\[)([^\s/:@\"'<>\\]{0,256}+:(?:[^\s/\"'<>]{1,256}|(?!\d{1,5}[/\\?,])[^\s\"'<>@]{1,256}))|([\w.~%-]{20,256}+))@"
)
_NODE = re.compile(rb"[0-9a-f]{128}")
"""The public key of a node of Ethereum, which names it in its address."""
_HEADER = re.compile(
    rb"(?i)(?:authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?)?"
    rb"(?P<secret>(?P<scheme>basic|bearer|token|geniekey|apikey|ssws|splunk|digest|negotiate|ntlm|hawk|aws4-hmac-sha256)"
    rb"[ \t]{1,8}(?P<value>[^\s\"'\\]++))"
)
_OTHER_HEADER = re.compile(
    rb"(?i)authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?"
    rb"(?P<secret>[a-z][\w-]{1,30}[ \t]{1,8}(?P<value>[^\s\"'\\]++))"
)
_WORDS = re.compile(rb"([A-Za-z0-9-]{2,20}(?:[ \t][A-Za-z0-9-]{2,20}){1,15}+)[ \t]*(?=\r?\n|\Z)")
_SQL = re.compile(
    rb"(?i)(?:password|identified(?:\s{1,8}with\s{1,8}\S{1,40})?\s{1,8}(?:by|as))\s{1,8}'((?:[^'\n]|''){1,512}+)'"
)
_CALLED = re.compile(rb"\\{0,4}[\"'],\s{0,8}\\{0,4}[\"']([^\"'\\\n]{1,512}+)\\{0,4}[\"']")
_LINE_REST = re.compile(rb"[^\r\n]*+")
_COOKIE = re.compile(
    rb"(?i)cookies?\\?[\"']?(?:\]|\))?[ \t]{0,8}(?::|=(?=[ \t]{0,8}\\?[\"'])|[ \t](?=[\"']))[ \t]{0,8}\\?[\"']?"
    rb"([^\s=;\"':,{}<>\\]{1,256}+=[^\r\n\"'\\]++)"
)
_AFTER = re.compile(
    rb"(?P<escaped>\\{0,4})(?:%2[27]|&quot;|&#3[49];|\\u0022)?[\"']?\)?\]?[ \t]{0,60}"
    rb"(?P<sign>=>|:=|={1,2}|:(?!:)|%3[AaDd])(?P<gap>[ \t]{0,60})"
    rb"(?:(?:Some|Ok|Just|Optional|Secret\w{0,12}|String::from|b)\((?=[\"\\]))?(?:%2[27]|&quot;|&#3[49];|\\u0022)?\\{0,4}"
    rb"(?:!{1,2}\w{1,16}[ \t]{1,4})?(?:[uUbBrRN]{1,2}(?=[\"']))?"
    rb"|(?P<flag>[ \t]{1,8})"
)
_SAID = re.compile(
    rb"(?i)[\"']?[ \t]{1,4}(?:is generated for \S{1,64}|for [\w@.%-]{1,64}(?=:)|is|was|set to|to|are)"
    rb"[ \t]{0,2}:?[ \t]{1,4}[\"'`]?([^\s\"'`,;]{6,512})"
)
_PAIR = re.compile(
    rb"(?i)\\{0,4}[\"']?[\s,]{1,80}+\\{0,4}[\"']?(?:value|content|string|secretstring)"
    rb"\\{0,4}[\"']?[ \t]{0,8}[:=][ \t]{0,8}"
    rb"(?:\\{0,4}[\"']([^\"'\\\n]{1,4096}+)|([^\s\"'<>\\]{1,4096}+))"
)
_ELEMENT = re.compile(rb"(?:[ \t][^<>\n]{0,200})?>[\s]{0,80}(?:<!\[CDATA\[)?([^<>\]]{1,4096}?)[\s]{0,80}(?:\]\]>)?</")
_JOINED = re.compile(
    rb"[\"'`\])]{0,2}[ \t]{0,40}(?:\|{1,2}|\xe2\x94\x82|->|~|\?\?|\?:|\.{2,40}:|[:=](?=[ \t]{0,8}\[))"
    rb"[ \t]{0,40}\[?[ \t]{0,8}(?:[\"'`]([^\"'`\n]{6,512}+)|([^\s\"'`,;|&<>()\[\]{}]{6,512}+))"
)
"""Other ways to join a value to its name: a table, an arrow, another value that stands in for it, a list."""
_OBJECT = re.compile(rb"[\"']?[ \t]*:\s{0,40}\{[^{}]{0,200}?[\"']value[\"']\s{0,8}:\s{0,8}[\"']([^\"'\n]{1,4096}+)")
_BLOCK = re.compile(
    rb"[\"']?[ \t]*[:=][ \t]*(?:\\|[|>][+-]?\d?)?[ \t]*\r?\n([ \t]{0,64})(?:-[ \t]{1,4})?"
    rb"[\"']?([^\s\"']{6,4096}+)[\"']?[ \t]*(?=\r?\n|\Z)"
)
_QUOTED = re.compile(
    rb"\'\'\'([^\n]{1,4096}?)\'\'\'|\"\"\"([^\n]{1,4096}?)\"\"\"|\"((?:[^\"\\\n]|\\.)+)\"|'([^'\n]++)'|`([^`\n]++)`"
)
_IN_QUOTED = re.compile(rb"[\"']?(([^\s\"'\\]{1,512}+)[^\s\"'\\]*+)")
_WORD = re.compile(rb"[\"']?(([^\s\"',;&]{1,512}+)[^\s\"',;&]*+)")
_WIDE_WORD = re.compile(rb"[\"']?(([^\s\"']{1,512}+)[^\s\"']*+)")
_END = re.compile(rb"[ \t]{0,64}(?:[\r\n]|\Z)|[ \t]?[,;&\"')}\]]")
_NEAR = re.compile(rb"(?<![\w:/@.+-])(?:0[xX])?[A-Za-z0-9+/_-]{20,512}={0,2}(?![\w:])")
_MOST_NEAR = 100

_REFERENCE = re.compile(
    rb"\$(?:[A-Za-z_]\w*|\{[^}]*\}?|\([^)]*\)?)(?:[/.].*)?|%[A-Za-z_]\w*%|\{\{.*|<[^<>]*>?|\*{3,}|x{3,}|X{3,}"
    rb"|\[[A-Za-z ]{0,40}\]?"
    rb"|(?:var|local|module|data|each|self|values|params|process\.env|os\.environ)[.\[][\w.\[\]\"'-]{1,100}"
)
_PATH = re.compile(
    rb"(?:~|\.{1,2})/.*|/(?:bin|data|dev|etc|home|mnt|opt|proc|root|run|secrets|srv|tmp|usr|var)(?:/.*)?"
)
_SIGN = re.compile(rb"[A-Za-z0-9\x80-\xff]")
_SAYINGS = frozenset(
    b"absent accepted available authentication bad basic bearer changed correct credential credentials default denied "
    b"disabled empty enabled error expired fail failed failure false forbidden found given header incorrect invalid "
    b"missing n/a needed nil no none not null off ok okay on optional password present refused rejected required "
    b"revoked secret set success successful succeeded timeout token true unauthorized unavailable unchanged undefined "
    b"unknown unset unsupported valid wrong yes redacted hidden masked implicit specified string str int bool "
    b"bytes object opaque base64decode b64decode".split()
)
"""What is said about a secret and is none."""
_SPOKEN = _SAYINGS | frozenset(
    b"is are was were be for from of to in on at and or but with without by as the a an it that this can cannot must "
    b"may should will has have had does do did if when which who whose file flag option argument prompt stdin policy "
    b"parameter value manager hash reset rotation authentication auth change mismatch length field instead "
    b"command line environment variable".split()
)
"""What may follow such a name in a sentence."""


def find_url_password(content: bytes, at: int) -> Place | None:
    """At ``://`` (or ``:\\/\\/``): a user and password, or a long token, before the host."""
    found = _URL.match(content, at + 1)
    if (
        found is None
        or (found[2] is not None and _NODE.fullmatch(found[2]))
        or (found[2] is not None and not is_mixed(found[2]))
    ):
        return None
    start, end = found.span(1 if found[1] is not None else 2)
    return None if content.startswith(b"[redacted", start) else (start, end, b"url password")


def find_header(content: bytes, at: int) -> Place | None:
    """At ``Authorization`` or ``Bearer``: the scheme and what follows it."""
    found = _HEADER.match(content, at)
    if found is None and (other := _OTHER_HEADER.match(content, at)) is not None and is_mixed(other["value"]):
        known = may_be_secret(other["value"])
        return (*other.span("secret"), b"authorization") if known else None
    if found is None or not _begins_word(content, at):
        return None
    value = found["value"]
    several = found["scheme"].lower() in (b"digest", b"hawk", b"aws4-hmac-sha256")
    looks = is_mixed(value) or (len(value) >= 8 and at < found.start("secret")) or (several and b"=" in value)
    if value.lower() in _SAYINGS or _REFERENCE.fullmatch(value) or not looks:
        return None
    rest = _LINE_REST.match(content, found.end()) if several else None
    return found.start("secret"), rest.end() if rest else found.end(), b"authorization"


def find_in_sql(content: bytes, at: int) -> Place | None:
    """At ``password`` or ``identified`` in a statement of a database: what is quoted behind it."""
    found = _SQL.match(content, at)
    return (*found.span(1), b"secret") if found is not None and may_be_secret(found[1]) else None


def find_cookie(content: bytes, at: int) -> Place | None:
    """At ``Cookie``: all of the header."""
    found = _COOKIE.match(content, at)
    return (*found.span(1), b"cookie") if found else None


def find_code(content: bytes, at: int) -> Place | None:
    """At ``otp`` or ``PIN``: the few digits of it."""
    found = _CODE.match(content, at)
    if found is None or (at and content[at - 1 : at].isalnum()) or not (found["sure"] or found["sign"]):
        return None
    return (*found.span("value"), b"secret")


def find_named(content: bytes, at: int) -> Place | None:
    """At a telling name: the value that is given to it."""
    start, end = find_name(content, at)
    if content[start:end].lower() in (b"secretid", b"secret_id") and (found := _SECRET_ID.match(content, end)):
        return (*found.span(1), b"secret")
    telling = judge_name(find_phrase(content, start, end))
    if (
        telling is Telling.NOTHING
        or _names_something_public(content, start, telling)
        or _is_signed(content, end, telling)
    ):
        return None
    return (
        _find_given(content, start, end, telling)
        or _find_elsewhere(content, start, end, telling)
        or (_find_joined(content, start, end) if telling is Telling.STRONG else None)
        or (_find_near(content, end, telling) if telling is Telling.STRONG else None)
    )


def _names_something_public(content: bytes, start: int, telling: Telling) -> bool:
    """Whether the name is a part of another that is public: ``"…PubKey", "key"``, ``arn:aws:…:secret:``."""
    if telling is Telling.KEY:
        return _OF_PUBLIC.search(content, max(0, start - 90), start) is not None
    return content[max(0, start - 1) : start] == b":" and b"arn:aws" in content[max(0, start - 90) : start]


def _is_signed(content: bytes, end: int, telling: Telling) -> bool:
    """Whether a transaction's signature stands behind the name, as chains show it to everybody."""
    return telling is Telling.WEAK and _SIGNATURE.match(content, end) is not None


_SIGNATURE = re.compile(
    rb"(?<=[iI][gG]|[rR][eE])s?[\"']?[ \t]{0,8}[:= ][ \t]{0,8}[\"']?(?:[1-9A-HJ-NP-Za-km-z]{86,88}|0x"
    rb"[0-9a-f]{128,130})(?![\w+/=])"
)
_OF_PUBLIC = re.compile(rb"(?i)pub(?:lic)?[_-]?key\w{0,20}\\{0,4}\"[^{}\n]{0,40}\Z")


def _find_given(content: bytes, start: int, end: int, telling: Telling) -> Place | None:
    """What stands behind the name and its sign."""
    found = _AFTER.match(content, end)
    if found is None:
        return None
    if found["flag"] is not None:
        return (
            _find_argument(content, start, found.end(), telling)
            or _find_said(content, end, telling)
            or (_find_setting(content, start, end, telling) if telling >= Telling.WEAK else None)
        )
    quoted = None if found["escaped"] else _QUOTED.match(content, found.end())
    if quoted is None:
        return _find_word(content, content[start:end], found, telling)
    group = quoted.lastindex or 1
    return (*quoted.span(group), b"secret") if is_quoted_secret(quoted[group], telling) else None


def _find_word(content: bytes, name: bytes, found: re.Match[bytes], telling: Telling) -> Place | None:
    """An unquoted value. A long one is taken whole: read again and again it would cost its square."""
    tight = found["sign"] in (b"=", b"==", b"%3D", b"%3d") and not found["gap"]
    if name == b"PASS" and not tight:
        return None
    wide = not tight and (bool(found["gap"]) or found["sign"] == b":")
    if name.lower().endswith(b"passphrase") and (several := _find_words(content, found.end())):
        return several
    word = (_IN_QUOTED if found["escaped"] else _WIDE_WORD if wide else _WORD).match(content, found.end())
    if word is None:
        return None
    value = word[1].rstrip(b",;&)}]") if wide else word[1]
    start, end = word.start(1), word.start(1) + len(value)
    if len(word[2]) < len(word[1]):
        return start, end, b"secret"
    alone = _END.match(content, end) is not None
    return (start, end, b"secret") if _is_secret(value, telling, tight=tight, alone=alone) else None


def _find_words(content: bytes, at: int) -> Place | None:
    """Words to the end of the line that make no sentence, nor one about a secret."""
    found = _WORDS.match(content, at)
    words = set(found[1].lower().split()) if found else set()
    if found is None or words & (_SPOKEN - _SAYINGS) or len(words - _SAYINGS) < 3:
        return None
    return (*found.span(1), b"secret")


def _find_argument(content: bytes, start: int, at: int, telling: Telling) -> Place | None:
    """A word after ``--password``; after a weaker name only if it looks like a secret, since a sentence may go on."""
    dashes = content[max(0, start - 2) : start]
    if not dashes.endswith(b"-"):
        return None
    quoted = _QUOTED.match(content, at)
    if quoted is not None:
        group = quoted.lastindex or 1
        return (*quoted.span(group), b"secret") if may_be_secret(quoted[group]) else None
    word = _WORD.match(content, at)
    if word is None or not may_be_secret(word[2]) or word[2].startswith(b"-"):
        return None
    value = word[2]
    plain = value.lower().strip(b".:!?") in _SPOKEN or (value.isupper() and value.isalpha())
    if telling is Telling.KEY:
        return (*word.span(1), b"secret") if is_chance(value, 20) else None
    taken = is_mixed(value) or (telling is Telling.STRONG and not plain)
    return (*word.span(1), b"secret") if taken and not is_plain_form(value) else None


def _find_said(content: bytes, end: int, telling: Telling) -> Place | None:
    """``the password is …``: what follows, if no word does."""
    found = _SAID.match(content, end)
    if found is None:
        return None
    value = found[1].rstrip(b".,;:!?)")
    if not is_mixed(value) or not may_be_secret(value) or (telling is not Telling.STRONG and not is_chance(value)):
        return None
    return found.start(1), found.start(1) + len(value), b"secret"


_SECRET_ID = re.compile(
    rb"\\{0,4}[\"']?[ \t]{0,3}[:=]?[ \t]{0,40}\\{0,4}[\"']?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b"
)
_CODE = re.compile(
    rb"(?i)(?:(?P<sure>otp|totp|2fa|mfa|passcode|(?:verification|one-time|login|unlock|pairing) (?:code|pin))"
    rb"(?:[ _-](?:code|pin))?|pin(?:[ _-]code)?)\\{0,4}[\"']?(?P<sign>[ \t]{0,8}[:=]|[ \t]is\b)?[ \t]{0,8}\\{0,4}[\"']?"
    rb"(?P<value>\d{4,8}|\d{3}[ -]\d{3}(?=[ \t]{0,8}(?:[\r\n.,;]|\Z)))(?![\w/-]|[.:]\w)"
)
_SETTING = re.compile(rb"[ \t]{1,40}[\"']?([^\s\"'#]{6,512})[\"']?[ \t]*(?=\r?\n|\Z)")


def _find_setting(content: bytes, start: int, end: int, telling: Telling) -> Place | None:
    """``requirepass …``: a name and a value that are all of a line; after a weaker name only what is by chance."""
    found = _SETTING.match(content, end)
    if found is None or not is_mixed(found[1]) or not may_be_secret(found[1]):
        return None
    line = content.rfind(b"\n", max(0, start - 41), start) + 1
    before = content[line:start].strip()
    alone = (not before or before.lower().endswith((b"config set", b"answered:"))) and (line > 0 or start <= 40)
    known = is_chance(found[1], 20) or (alone and (telling is Telling.STRONG or is_uuid(found[1])))
    return (*found.span(1), b"secret") if known else None


def _find_elsewhere(content: bytes, start: int, end: int, telling: Telling) -> Place | None:
    """What stands apart from its name: in a field of its own, an element, the next line."""
    if content[max(0, start - 1) : start] == b"{" and (found := _TUPLE.match(content, end)) is not None:
        known = may_be_secret(found[1]) and (telling is Telling.STRONG or is_mixed(found[1]))
        return (*found.span(1), b"secret") if known else None
    is_called = telling is Telling.STRONG and _OPENS.search(content, max(0, start - 4), start) is not None
    forms = (_CALLED,) if is_called else (_PAIR, _OBJECT, _BLOCK)
    for form in (_ELEMENT,) if content[max(0, start - 1) : start] in (b"<", b":") else forms:
        found = form.match(content, end)
        if found is None:
            continue
        group = found.lastindex or 1
        value = found[group]
        taken = may_be_secret(value) and not is_plain_form(value)
        if form is _BLOCK:
            taken = taken and is_mixed(value) and not value.endswith(b":") and b": " not in value
        if taken and (telling is Telling.STRONG or is_chance(value) or (telling is Telling.WEAK and len(value) >= 8)):
            return (*found.span(group), b"secret")
    return None


_TUPLE = re.compile(rb"\s{0,8},\s{0,8}(?:<<)?[\"']([^\"'\n]{1,512}+)[\"'](?:>>)?\s{0,8}\}")
"""As Erlang writes its settings."""
_OPENS = re.compile(rb"\(\s?\\{0,1}[\"']\Z")


def _find_joined(content: bytes, start: int, end: int) -> Place | None:
    """A value that neither ``=`` nor a colon gives to its name, if no word looks like it. What stands so behind
    ``secret`` alone is an object's name.
    """
    found = _JOINED.match(content, end)
    if found is None or content[start:end].lower() in (b"secret", b"secrets"):
        return None
    group = found.lastindex or 1
    value = found[group]
    return (*found.span(group), b"secret") if is_mixed(value) and may_be_secret(value) else None


def _find_near(content: bytes, end: int, telling: Telling) -> Place | None:
    """What looks like chance in the same line as a name that says it all."""
    stop = content.find(b"\n", end, end + 2 * _MOST_NEAR)
    if content.find(b"[redacted", end, stop if stop >= 0 else end + 2 * _MOST_NEAR) >= 0:
        return None
    for found in _NEAR.finditer(content, end, stop if stop >= 0 else min(len(content), end + _MOST_NEAR + 512)):
        if found.start() > end + _MOST_NEAR:
            break
        value = found[0]
        if is_chance(value, 20) or (is_hex(value) and len(value.removeprefix(b"0x")) == 64):
            return (*found.span(), b"secret")
    return None


def _begins_word(content: bytes, at: int) -> bool:
    before = content[at - 1 : at] if at else b""
    return not before.isalnum() or (content[at : at + 1].isupper() and not before.isupper())


def is_quoted_secret(value: bytes, telling: Telling) -> bool:
    """Whether a value in quotes is one, after such a name."""
    if not may_be_secret(value):
        return False
    if telling is Telling.KEY:
        return is_chance(value, 20)
    if telling is Telling.WEAK and (is_plain_form(value) or (value.isdigit() and len(value) < 6)):
        return False
    return telling is Telling.STRONG or b" " not in value or is_mixed(value)


def _is_secret(value: bytes, telling: Telling, *, tight: bool, alone: bool) -> bool:
    """Whether an unquoted word is a value: ``=`` says so; after a colon it must stand alone or look like no word."""
    if not may_be_secret(value):
        return False
    if telling is Telling.KEY:
        return is_chance(value, 20)
    strong = telling is Telling.STRONG
    if not strong and (is_plain_form(value) or (value.isdigit() and len(value) < 6)):
        return False
    if not strong and value.isalpha() and value.isupper():
        return False
    if tight or (alone and (strong or len(value) >= 8)):
        return True
    return is_mixed(value) and (strong or alone or len(value) >= 8)


_SAYS_DIGEST = re.compile(rb"(?i)sha(?:1|224|256|384|512)[-:]")


def may_be_secret(value: bytes) -> bool:
    """Whether a value may be one.

    Not what is already gone, a variable, a path, punctuation, a digest, or what is said about a secret.
    """
    value = value.strip(b"`")
    if value.startswith(b"[redacted") or _REFERENCE.fullmatch(value) or _PATH.fullmatch(value):
        return False
    if _SAYS_DIGEST.match(value):
        return False
    return _SIGN.search(value) is not None and value.strip(b"<>().,!?").lower() not in _SAYINGS


def is_mixed(value: bytes) -> bool:
    """Whether letters and digits stand together, as in words they do not."""
    head = value[:256]
    return len(head) >= 6 and any(48 <= each <= 57 for each in head) and any(each >= 65 for each in head)
