"""What looks like chance: a token that no person would have named, and that is none of what stays readable.

Measured as how often neighbours are of different kinds (small, capital, digit, other): of sixty-four letters drawn by
chance two in three are, in words and paths one in ten. Digests, identifiers and addresses are as much by chance as any
secret; they are known by their forms, and the record of an incident is full of them.
"""

from __future__ import annotations

import re

_KINDS = bytes(
    0 if 97 <= each <= 122 else 1 if 65 <= each <= 90 else 2 if 48 <= each <= 57 else 3 for each in range(256)
)
_LEAST_CHANGES = 0.3
_LEAST_DISTINCT = 9
MOST = 512

_DIGEST = re.compile(
    rb"(?i)(?:sha(?:1|224|256|384|512|3)?|md5|blake2[bs]?|blake3|git|crc32c?)[-:=/][0-9a-z+/=_-]{16,}+"
)
_LETTERS = re.compile(rb"[A-Za-z0-9+/=_.~-]+")
_LONG = 32
"""So long a token may do without a digit, as one in two hundred does."""
_UUID = re.compile(rb"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = re.compile(rb"(?:0[xX])?[0-9a-fA-F]+")
_ADDRESS = re.compile(
    rb"0x[0-9a-fA-F]{40}|[a-z]{2,20}1[02-9ac-hj-np-z]{38,}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
    rb"|[48][1-9A-HJ-NP-Za-km-z]{94}(?:[1-9A-HJ-NP-Za-km-z]{11})?|[xyztuv]pub[1-9A-HJ-NP-Za-km-z]{60,}"
    rb"|Qm[1-9A-HJ-NP-Za-km-z]{44}|baf[a-z2-7]{50,}|[a-z]{2,20}pub1[02-9ac-hj-np-z]{38,}"
)


def is_plain_form(value: bytes) -> bool:
    """Whether a value is of a form that is public: a digest that says so, an address of a chain."""
    return _DIGEST.fullmatch(value) is not None or _ADDRESS.fullmatch(value) is not None


def is_identifier(value: bytes) -> bool:
    """Whether it may be an identifier: a number in hex, a UUID, or of a public form."""
    return _HEX.fullmatch(value) is not None or _UUID.fullmatch(value) is not None or is_plain_form(value)


def is_uuid(value: bytes) -> bool:
    """Whether it is a UUID."""
    return _UUID.fullmatch(value) is not None


def is_hex(value: bytes) -> bool:
    """Whether it is a number in hex."""
    return _HEX.fullmatch(value) is not None


def is_worded(value: bytes) -> bool:
    """Whether a token is put together from words, as names of tests are: ``ReturnsNothingWhen_Expired_2``.

    Of what is drawn by chance from sixty-four signs, one character in five stands in anything like a word.
    """
    of_words = sum(map(len, _CAMEL.findall(value)))
    numbers = len(_NUMBERS.findall(value))
    return of_words * 2 >= len(value) or (numbers <= 2 and of_words * 4 >= len(value))


_CAMEL, _NUMBERS = re.compile(rb"[A-Z]?[a-z]{3,}"), re.compile(rb"[0-9]+")


def is_chance(value: bytes, least: int = 16) -> bool:
    """Whether a token looks like drawn by chance, and is no identifier."""
    head = value[:MOST].rstrip(b"=")
    if len(head) < least or len(set(head)) < _LEAST_DISTINCT or is_identifier(value[:MOST]):
        return False
    kinds = head.translate(_KINDS)
    if _LETTERS.fullmatch(head) is None or (kinds.count(2) == 0 and (kinds.count(1) == 0 or len(head) < _LONG)):
        return False
    changes = sum(map(int.__ne__, kinds, kinds[1:]))
    return changes >= _LEAST_CHANGES * (len(kinds) - 1)
