"""Forms in which a secret is given away, and how sure each is: which values count there."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Sure(Enum):
    """What a value must look like."""

    ANY = auto()  # anything but a variable, a path, or what is said about a secret
    MIXED = auto()  # letters and digits together, as words are not
    ODD = auto()  # the same, or with a sign that no word has
    DIGIT = auto()  # a digit is in it
    LETTERS = auto()  # letters only, and they make no word
    TYPED = auto()  # what a person would choose: a sign that no name has, or letters of both cases and a digit
    CHOSEN = auto()  # what a person chooses who is told to: letters of both cases, a digit, and a sign of passwords
    ANSWER = auto()  # as typed, or letters and digits together, and long; no name
    PRINTED = auto()  # letters and digits together, and no name
    FILED = auto()  # drawn by chance, and no name
    KEY = auto()  # the next, even without its dashes, with letters of both cases and digits
    TOKEN = auto()  # drawn by chance, and not put together from words
    CHANCE = auto()  # drawn by chance, or a long number in hex, or a UUID
    NAMED = auto()  # as sure as the name is that stands in the form, too


class Form(NamedTuple):
    """An expression with the groups ``v`` (the value) and perhaps ``n`` (its name).

    It is tried where one of some plain words stands (in small letters, with ``|`` between them): from there on, or, if
    something stands before the word, from so many bytes `back`.
    """

    words: str
    expression: str
    sure: Sure = Sure.ANY
    kind: bytes = b"secret"
    back: int = 0
