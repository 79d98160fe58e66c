"""Which names announce a secret: `DB_PASSWORD`, `apiToken`, `x-vault-token`, and not `token_count` or `key_file`.

A name is read as the words that it is made of, whichever way it joins them. What ends on a word about a secret (its
path, its age, how many there are) announces none, and neither does whatever is public.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

MOST_NAME = 64
IN_NAMES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"


class Telling(IntEnum):
    """How much a name says of what follows it."""

    NOTHING = 0
    KEY = 1  # some key: only what looks like chance is one
    WEAK = 2  # may be said of other things too
    STRONG = 3


STEMS = (
    b"pass secret token credential auth pwd key mnemonic seed cookie sess sid jwt otp csrf xsrf sig psk cred priv pw "
    b"pin bearer sas phrase wallet _pat ticket crumb rune macaroon"
).split()
"""What a telling name has in it, in small letters: nothing is looked at that has none of them."""

_SUBWORDS = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_STRONG = frozenset(
    b"password passwords passwd passphrase passcode pwd secret mnemonic psk privkey privatekey apikey accesskey "
    b"secretkey signingkey masterkey encryptionkey seedphrase nsec pgpassword mypwd "
    b"requirepass masterauth bindpw rootpw sshpass dbpass userpass rootpass smtppass ftppass mailpass adminpass "
    b"storepass keypass becomepass bindpass syspass nodekey nodekeyhex datakey".split()
)
_STRONG_WITHIN = (
    b"passw", b"passphrase", b"apikey", b"privatekey", b"privkey", b"secretkey", b"accesskey", b"signingkey",
    b"encryptionkey", b"masterkey", b"accountkey", b"sharedkey", b"mnemonic", b"spendkey", b"viewkey", b"clientsecret",
    b"clientkeydata",
)  # fmt: skip
_WEAK = frozenset(
    b"token authtoken accesstoken credential credentials cred creds auth authorization pass pw cookie sessionid sessid "
    b"sid jwt bearer otp totp pin seed sig signature csrf xsrf csrftoken xsrftoken webhook sas "
    b"jsessionid phpsessid aspxauth macaroon".split()
)
_QUALIFIES = frozenset(
    b"api access secret private priv signing sign encryption enc master account shared preshared storage license "
    b"routing integration instrumentation service deploy subscription consumer app application admin auth hmac aes ssh "
    b"session jwt cipher crypto spend view wallet client webhook write stream".split()
)
"""Keys that are secrets, by the word before."""
_ABOUT = frozenset(
    b"count counts file files path dir directory folder name names type types kind id ids length len size bits ttl "
    b"expiry expires expiration expired expire in at on age days hours minutes seconds address addr addresses "
    b"contract symbol method methods mode policy status state enabled disabled required requires valid version "
    b"provider endpoint host url uri user users username ref reference refs store storage algorithm alg format "
    b"field header label prefix suffix limit used usage max min per rate total price supply decimals holders "
    b"manager mount backend class group rotation rotated created updated fingerprint thumbprint scheme server "
    b"issuer audience scope scopes duration timeout retries attempts errors error failures failed success log logs "
    b"level hint strength index number resolver reader writer handler map keys ring board press word point stone "
    b"frame event request response domain domains region zone secure httponly samesite service bucket template "
    b"source verifier sock socket agent rounds cost iterations".split()
)
"""What is said of a secret and is none, as the last word of a name."""
_PUBLIC = frozenset(b"public pub pubkey publickey publishable".split())


@lru_cache(maxsize=8192)
def judge_name(name: bytes) -> Telling:
    """How much a name says, whichever way it is written."""
    words = [word.lower() for word in _SUBWORDS.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words or _PUBLIC.intersection(words):
        return Telling.NOTHING
    last, joined = words[-1], b"".join(words)
    if last in _ABOUT and len(words) > 1:
        return Telling.NOTHING
    if joined in (b"pwd", b"oldpwd"):
        return Telling.WEAK
    if _STRONG.intersection(words) or any(each in joined for each in _STRONG_WITHIN):
        return Telling.STRONG
    if joined.endswith(b"secret"):
        return Telling.STRONG
    if last in (b"session", b"ticket", b"crumb", b"rune"):
        return Telling.KEY
    if last == b"key":
        return Telling.STRONG if len(words) > 1 and words[-2] in _QUALIFIES else Telling.KEY
    if last.endswith(b"key") and last[:-3] in _QUALIFIES:
        return Telling.STRONG
    return _judge_weak(words, joined)


def _judge_weak(words: list[bytes], joined: bytes) -> Telling:
    if words[-2:] in ([b"seed", b"phrase"], [b"recovery", b"phrase"], [b"backup", b"phrase"], [b"spend", b"key"]):
        return Telling.STRONG
    if len(words) > 1 and words[-1] == b"pat":
        return Telling.WEAK
    if _WEAK.intersection(words) or joined.endswith((b"token", b"sessionid", b"sessid", b"password", b"passwd")):
        return Telling.WEAK
    return Telling.NOTHING


def find_phrase(content: bytes, start: int, end: int) -> bytes:
    """The name with up to two words before it, where it is one of those that say little alone: ``signing key``."""
    name = content[start:end]
    if name.lower() not in _SAY_LITTLE:
        return name
    for _ in range(2):
        if content[max(0, start - 1) : start] != b" " or not content[max(0, start - 2) : start - 1].isalpha():
            break
        start, stop = find_name(content, start - 2)
        name = content[start:stop] + b"_" + name
    return name


_SAY_LITTLE = frozenset(b"key phrase words code".split())


def find_name(content: bytes, at: int) -> tuple[int, int]:
    """From where to where the name goes in which `at` stands."""
    before = content[max(0, at - MOST_NAME) : at]
    start = at - len(before) + len(before.rstrip(IN_NAMES))
    behind = content[at : at + MOST_NAME]
    end = at + len(behind) - len(behind.lstrip(IN_NAMES))
    while end > at and content[end - 1] in b".-":
        end -= 1
    while start < at and content[start] in b".-":
        start += 1
    return start, end
