"""Secrets that only a line as a whole gives away: of `.netrc`, `.pgpass`, cookie jars, programs that take a password as
an argument, addresses of databases without a scheme. And addresses of people.
"""

from __future__ import annotations

import re

from tocsin.timeline.shapes import Place

_MAIL = re.compile(
    rb"(?:@|%40)(?P<host>[A-Za-z0-9\x80-\xff-]{1,63}+(?:\.[A-Za-z0-9\x80-\xff-]{1,63}+){0,8}\.(?P<top>[A-Za-z]{2,18}))(?![\w@-])"
)
IN_LOCAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"
MOST_LOCAL = 64
_SEALED = re.compile(rb"sealed_[0-9a-f]{64}\Z")
_NO_TOPS = frozenset(
    b"service timer socket target slice mount scope path device automount swap js jsx tsx mjs cjs css html json conf "
    b"yaml yml toml lock tgz".split()
)
_VERSION = re.compile(rb"v?\d+(?:\.\d+)+")
_NODE_ID = re.compile(rb"[0-9a-f]{40}")
"""The id of a node of Tendermint, which stands before its host."""
_NOBODY = frozenset((b"git", b"hg", b"svn"))
"""Whose address is that of a program."""
_DSN = re.compile(rb"@(?:tcp|unix)\(|@//?[\w.-]+|@[A-Za-z0-9][\w.-]{0,253}(?::\d{2,5}\b|\.[A-Za-z]{2,}\b)")
_USER = re.compile(rb"(?:^|[\s\"'=(,]|thin:|oci:)(?!sha\d+:|mailto:)[\w.+%-]{1,64}[:/]([^\s:/@\"'<>]{3,256})\Z")
_MOST_USER = 330

_NETRC = re.compile(
    rb"(?:^|\s)(?:login|user|account|machine|default)\s+(?:\S{1,256}\s+)?(?:(?:login|user)\s+\S{1,256}\s+)?\Z"
)
_MOST_NETRC = 400
_SIGN = re.compile(rb"[A-Za-z0-9\x80-\xff]")
_NETRC_WORD = re.compile(rb"password\s{1,40}(\S{1,512})")
_PGPASS = re.compile(rb":(?:\d{4,5}|\*):[\w.*-]{1,63}:[\w.*@-]{1,63}:([^\s:\"']{3,256})(?=[\s\"']|\Z)")
_JAR = re.compile(
    rb"\t(?:TRUE|FALSE)\t(?:/[^\t\n]{0,256})\t(?:TRUE|FALSE)\t\d{1,12}\t[^\t\n]{1,256}\t([^\t\r\n]{1,4096})"
)
_PROGRAM = re.compile(
    rb"(?:mysql(?:dump|admin|import|sh)?|mariadb(?:-dump|-admin)?)\b[^\n|;&]{0,400}?[ \t]-p"
    rb"(?:[ \t](?=[\"']?[A-Za-z!-/]{0,40}\d))?"
    rb"(?P<m>\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'-][^\s\"']*)"
    rb"|sshpass\b[^\n|;&]{0,400}?[ \t]-p[ \t]{0,1}"
    rb"(?P<p>\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'-][^\s\"']*)"
    rb"|(?:curl|wget|http|smbclient|svn)\b[^\n|;]{0,600}?[ \t](?:-[fgkLisSvjN#0-9]{0,6}[uU]|--user|--proxy-user)"
    rb"[ \t=]{0,2}[\"']?"
    rb"(?P<u>[^\s\"':%]{0,64}[:%][^\s\"'{]{3,256})"
    rb"|redis-cli\b[^\n|;&]{0,300}?[ \t]-a[ \t]+[\"']?(?P<a>[^\s\"'-][^\s\"']{2,256})"
    rb"|ldap\w{3,12}\b[^\n|;&]{0,300}?[ \t]-w[ \t]+[\"']?(?P<w>[^\s\"'-][^\s\"']{2,256})"
    rb"|(?:(?:docker|podman|nerdctl|buildah)\b(?=[^\n|;&]{0,60}\blogin\b)"
    rb"|(?:helm|crane|skopeo|oras|az|mongo(?:sh|dump|restore)?|sqlcmd|cqlsh|beeline|vault|influx|oc)\b)"
    rb"[^\n|;&]{0,300}?[ \t](?:-p|-P)[ \t]+[\"']?"
    rb"(?P<l>(?!\d{1,5}:?\d{0,5}\b)[^\s\"'/=:-][^\s\"'/=:]{3,256})(?![^\s\"'])"
    rb"|(?:snmp\w{2,12}|ipmitool|kadmin)\b[^\n|;&]{0,300}?[ \t]-[AXPwc][ \t]+[\"']?"
    rb"(?P<s>[^\s\"'-][^\s\"']{2,256}(?:[ \t]+-x[ \t]+\w{2,12})?(?:[ \t]+-[XA][ \t]+[^\s\"']{3,256})?)"
    rb"|openssl\b[^\n|;&]{0,300}?\bpass:(?P<o>[^\s\"']{2,256})"
    rb"|htpasswd\b[^\n|;&]{0,100}?[ \t](?:-(?!\w{0,6}n)\w{0,6}b\w{0,6}[ \t]+\S{1,256}|-(?=\w{0,6}n)\w{0,6}b\w{0,6})"
    rb"[ \t]+\S{1,128}[ \t]+[\"']?(?P<h>[^\s\"']{2,256})"
)
PROGRAMS = (
    *b"mysql mariadb curl wget ldap redis-cli docker podman mongo openssl htpasswd sqlcmd smbclient".split(),
    *b"cqlsh beeline helm crane skopeo oras nerdctl buildah vault influx svn snmp ipmitool kadmin".split(),
    *(b"az ", b"oc ", b"http "),
)
_REFERS = re.compile(rb"[\"']?(?:\$|<|\[redacted|\{\{)")

_JWK = re.compile(rb"\"(?:d|p|q|dp|dq|qi|k)\"\s{0,8}:\s{0,8}\"([\w+/=-]{16,4096}+)\"")
_MOST_JWK = 2500


def find_at(content: bytes, at: int) -> Place | None:
    """At ``@``: the password of a database's address, or a person's mail address."""
    if not content[at + 1 : at + 2].isalnum() and content[at + 1 : at + 2] != b"/":
        return None
    if _DSN.match(content, at) is not None:
        before = content[max(0, at - _MOST_USER) : at]
        found = _USER.search(before)
        if found is not None and not found[1].startswith(b"[redacted"):
            slashed = before[found.start(1) - 1 : found.start(1)] == b"/"
            if not slashed or content[at + 1 : at + 2] == b"/" or _ORACLE.match(content, at):
                return at - len(before) + found.start(1), at, b"password"
    if content[at + 1 : at + 2].isalpha() and (found := _SLASHED.search(content, max(0, at - 100), at)) is not None:
        return (*found.span(1), b"password")
    return find_mail(content, at)


_SLASHED = re.compile(
    rb"(?:^|[\s\"'=])[A-Za-z]\w{1,30}/((?=[^\s/@\"':]{0,64}[0-9])(?=[^\s/@\"':]{0,64}[A-Z!#$%^&*+])[^\s/@\"':]{6,64})\Z"
)
"""``scott/Tiger7@db``, as Oracle's programs have it. What has only small letters before a version is no password."""
_ORACLE = re.compile(rb"@[\w.-]{1,253}:\d{2,5}[/:]\w")


def find_mail(content: bytes, at: int) -> Place | None:
    """At ``@``: a mail address."""
    found = _MAIL.match(content, at)
    if found is None or _SEALED.search(content, max(0, at - 71), at):
        return None
    before = content[max(0, at - MOST_LOCAL) : at]
    local = before[len(before.rstrip(IN_LOCAL)) :].lstrip(b".%+-")
    if (
        not local
        or local in _NOBODY
        or _NODE_ID.fullmatch(local)
        or found["top"].lower() in _NO_TOPS
        or _VERSION.match(found["host"])
    ):
        return None
    start = at - len(local)
    if _is_login(content, start, found.end()) or _NAMES_MAIL.search(content, max(0, start - 20), start):
        return None
    if content[max(0, start - 1) : start] in (b"/", b"@") and not content.startswith(b"mailto:", max(0, start - 7)):
        return None
    return start, found.end(), b"mail address"


_NAMES_MAIL = re.compile(rb"(?i)message-?id\\?[\"']?[:=] ?\\?[\"']?<\Z")
"""What stands before the name of a mail, which is that of nobody."""


def find_encoded_mail(content: bytes, at: int) -> Place | None:
    """At ``%40``: a mail address in an address of the web."""
    found = _MAIL.match(content, at)
    before = content[max(0, at - MOST_LOCAL) : at]
    local = before[len(before.rstrip(IN_LOCAL.replace(b"%", b""))) :].lstrip(b".+-")
    if found is None or not local or found["top"].lower() in _NO_TOPS or _VERSION.match(found["host"]):
        return None
    return at - len(local), found.end(), b"mail address"


def _is_login(content: bytes, start: int, end: int) -> bool:
    """Whether somebody is named with a machine: at a prompt, or where a shell or a copy goes."""
    if content[end : end + 2] in (b":~", b":/") or content[end : end + 1] == b"]":
        return True
    line = content.rfind(b"\n", max(0, start - 120), start) + 1 or max(0, start - 120)
    return _GOES_TO.search(content, line, start) is not None


_GOES_TO = re.compile(rb"\b(?:ssh|scp|rsync|sftp|autossh|mosh)\s[^|;&\"]{0,110}\Z")


def find_netrc(content: bytes, at: int) -> Place | None:
    """At ``password``: the word behind it, where a login stands before."""
    before = content[max(0, at - _MOST_NETRC) : at]
    if not any(word in before for word in (b"login", b"machine", b"default", b"user", b"account")):
        return None
    found = _NETRC_WORD.match(content, at)
    if (
        found is None
        or found[1].startswith((b"[redacted", b"\xe2\x94"))
        or not _SIGN.search(found[1])
        or not _NETRC.search(before)
    ):
        return None
    return (*found.span(1), b"secret")


def find_in_line(content: bytes, at: int) -> Place | None:
    """At a host's port in a line of `.pgpass`: the password at its end."""
    before = content[max(0, at - 254) : at]
    host = before[len(before.rstrip(_IN_HOST)) :]
    found = _PGPASS.match(content, at)
    if not host or found is None or found[1].startswith(b"[redacted"):
        return None
    _, _, database, user, value = found[0].split(b":")
    if _HEX.fullmatch(host + database + user + value):
        return None
    return None if database.isdigit() or user.isdigit() or host.isdigit() else (*found.span(1), b"secret")


_HEX = re.compile(rb"[0-9A-Fa-f]+")
"""An identifier in parts."""
_IN_HOST = IN_LOCAL.replace(b"%+", b"") + b"*[]"


def find_in_jar(content: bytes, at: int) -> Place | None:
    """At the second field of a line of a cookie jar: the cookie's value."""
    found = _JAR.match(content, at)
    return (*found.span(1), b"cookie") if found and not found[1].startswith(b"[redacted") else None


def find_in_command(content: bytes, at: int) -> Place | None:
    """At a program that takes a password as an argument."""
    if at and (content[at - 1 : at].isalnum() or content[at - 1 : at] in (b"_", b".")):
        return None
    found = _PROGRAM.match(content, at)
    if found is None or found.lastgroup is None or _REFERS.match(found[found.lastgroup]):
        return None
    start, end = found.span(found.lastgroup)
    if found.lastgroup == "u":
        return None if _REFERS.match(found["u"].partition(b":")[2]) else (start, end, b"password")
    return start, end, b"password"


def find_in_jwk(content: bytes, at: int) -> Place | None:
    """At a member of a JSON Web Key that is private, near the member that says what it is."""
    found = _JWK.match(content, at)
    if found is None or content.find(b'"kty"', max(0, at - _MOST_JWK), at + _MOST_JWK) < 0:
        return None
    return (*found.span(1), b"private key")
