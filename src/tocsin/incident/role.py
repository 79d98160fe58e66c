"""Whether one role is another: playbook and settings name the same people in different words."""

from __future__ import annotations

import re

GENERAL = frozenset(
    {"a", "an", "and", "call", "duty", "group", "lead", "leader", "member", "of", "on", "or", "team", "the"}
)
"""Words of roles that do not say which one: two roles are not the same because both lead a team."""


def answers_for(held: str, wanted: str) -> bool:
    """Whether whoever holds a role may allow what another names: the security team lead for ``security``.

    Whole words count: ``IC`` is no part of ``technical lead``.
    """
    has, needs = _words(held), _words(wanted)
    same = has == needs or ((has <= needs or needs <= has) and bool((has & needs) - GENERAL))
    return bool(needs) and same


def _words(role: str) -> frozenset[str]:
    """The words of a role, without the ``s`` of several."""
    return frozenset(re.sub(r"(?<=\w{3})s$", "", word) for word in re.findall(r"\w+", role.casefold()))


def is_shared(role: str) -> bool:
    """Whether several may play a role at once: its name is that of many, such as ``Subject Matter Experts``."""
    last = (re.findall(r"[^\W\d_]+", role.casefold()) or [""])[-1]
    return len(last) > 3 and last.endswith("s") and not last.endswith(("ss", "us", "is"))
