"""Patterns that are compiled late: each of them is sound, and none is compiled before somebody asks."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re

import pytest

from tocsin import playbook, review
from tocsin.knowledge import load_knowledge
from tocsin.pattern import Late, compile_late


def test_every_pattern_of_every_module_compiles() -> None:
    """What `re.compile` says when a module is loaded, it says here: also the warnings, which are errors in tests."""
    for room in (playbook, review):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)
    load_knowledge()
    gc.unfreeze()  # a server that another test has started in this process puts all there is aside
    found = [each for each in gc.get_objects() if type(each) is Late]
    assert len(found) > 500
    for each in found:
        assert re.compile(each.pattern, each._flags).groups == each.groups


def test_a_pattern_is_compiled_when_it_is_first_used() -> None:
    faulty = compile_late("(")
    assert faulty.pattern == "("
    with pytest.raises(re.error):
        faulty.search("(")


def test_it_answers_as_a_compiled_pattern_does() -> None:
    late, now = compile_late(r"(?P<word>b+)|c", re.IGNORECASE), re.compile(r"(?P<word>b+)|c", re.IGNORECASE)
    for text in ("", "a", "aBbc", "cab"):
        assert late.split(text) == now.split(text)
        assert late.sub("-", text) == now.sub("-", text)
        assert [each.groupdict() for each in late.finditer(text)] == [each.groupdict() for each in now.finditer(text)]
    assert (late.flags, late.groupindex, late.pattern) == (now.flags, now.groupindex, now.pattern)
