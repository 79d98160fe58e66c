"""What `--help` says: no verb leaves somebody to guess what an id is."""

from __future__ import annotations

import re

from tocsin.cli.program import APP

GUESSED = frozenset({"incident", "step", "team", "person", "text"})


def find_unexplained(verb: str) -> list[str]:
    """The ids that a verb takes without a word about them, beside the parameter or in the docstring."""
    found = APP[verb].default_command
    if found is None:
        return []
    told = set(re.findall(r"^    (\w+)$", found.__doc__ or "", re.MULTILINE))
    taken = {each.names[0].strip("-").lower(): each.parameter.help for each in APP[verb].assemble_argument_collection()}
    return [name for name in sorted(GUESSED & taken.keys()) if not taken[name] and name not in told]


def test_each_id_that_a_verb_takes_is_explained() -> None:
    verbs = [name for name in APP if not name.startswith("-")]
    assert len(verbs) > 80
    assert {verb: lacking for verb in verbs if (lacking := find_unexplained(verb))} == {}
