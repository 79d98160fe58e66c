"""The knowledge files: what they may hold, and what is said of a fault in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.errors import ConfigError
from tocsin.playbook.effect import Knowledge, classify, load
from tocsin.playbook.effect.command import READERS
from tocsin.playbook.effect.knowledge import Program, Spec, Style, Takes, Via
from tocsin.words import Effect, Tag


def _program(**fields: Any) -> dict[str, dict[str, Any]]:
    return {"mine.toml": {"program": {"tool": fields}}}


def test_a_program_is_a_table() -> None:
    knowledge = load(
        _program(**{"is": "read", "flags": "-a -n= --all", "when": [{"has": "-w", "is": "mutate writes_file: writes"}]})
    )
    assert classify("tool -an 5 --all x", knowledge).effect is Effect.READ
    assert classify("tool -aw", knowledge).tags == (Tag.WRITES_FILE,)
    assert classify("tool -z", knowledge).effect is Effect.UNKNOWN
    assert "`tool -w` writes" in classify("tool -w", knowledge).why


@pytest.mark.parametrize(
    ("when", "text", "effect"),
    [
        ({"has": "--watch", "is": "mutate"}, "tool --wat", "mutate"),
        ({"lacks": "--dry-run", "is": "mutate"}, "tool x", "mutate"),
        ({"lacks": "--dry-run", "is": "mutate"}, "tool --dry-run x", "read"),
        ({"has": "-u=", "value": "^root$", "is": "mutate"}, "tool -u root", "mutate"),
        ({"has": "-u=", "value": "^root$", "is": "mutate"}, "tool -uroot", "mutate"),
        ({"has": "-u=", "value": "^root$", "is": "mutate"}, "tool -u me", "read"),
        ({"operand": "^stop$", "at": 0, "is": "mutate"}, "tool stop x", "mutate"),
        ({"operand": "^stop$", "at": 0, "is": "mutate"}, "tool x stop", "read"),
        ({"words": "^a b$", "is": "mutate"}, "tool a b", "mutate"),
        ({"least": 2, "is": "mutate"}, "tool a", "read"),
        ({"least": 2, "is": "mutate"}, "tool a b", "mutate"),
        ({"most": 0, "is": "mutate"}, "tool", "mutate"),
    ],
)
def test_rules_raise(when: dict[str, Any], text: str, effect: str) -> None:
    assert classify(text, load(_program(**{"is": "read", "when": [when]}))).effect is Effect(effect)


@pytest.mark.parametrize(
    ("style", "flags", "text", "effect"),
    [
        ("gnu", "-a -b= --long=", "tool -ab x --long=y z", "read"),
        ("gnu", "-a", "tool -- -z", "read"),
        ("gnu", "-a", "tool x -z", "unknown"),
        ("gnu", "--all", "tool --al", "unknown"),
        ("cobra", "--all", "tool --al", "unknown"),
        ("go", "-name=", "tool --name x", "read"),
        ("go", "-n", "tool -name", "unknown"),
        ("bsd", "-t -f=", "tool tf x", "read"),
        ("bsd", "-t -f=", "tool xf x", "unknown"),
        ("plain", "", "tool -anything", "read"),
        ("gnu", "-NUM", "tool -20", "read"),
        ("gnu", "-n=", "tool -20", "unknown"),
    ],
)
def test_styles_of_command_lines(style: str, flags: str, text: str, effect: str) -> None:
    knowledge = load(_program(**{"is": "read", "style": style, "flags": flags}))
    assert classify(text, knowledge).effect is Effect(effect)


def test_sub_commands_are_found_behind_flags_and_the_longest_wins() -> None:
    verbs = {"get": "read", "get secret": "read_sensitive", "* list": "read", "** drop": "destroy"}
    knowledge = load(_program(flags="-n= -v", verbs=verbs))
    for text, effect in (
        ("tool -n x get pods", "read"),
        ("tool get -n x secret", "read_sensitive"),
        ("tool things list", "read"),
        ("tool a b c drop", "destroy"),
        ("tool other", "unknown"),
        ("tool $X pods", "unknown"),
        ("tool -z get pods", "unknown"),
        ("tool --help", "read"),
    ):
        assert classify(text, knowledge).effect is Effect(effect), text


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"program": {"x": {"is": "harmless"}}}, "harmless"),
        ({"program": {"x": {"is": "read loudly"}}}, "loudly"),
        ({"program": {"x": {"is": "read", "flags": "a"}}}, "'a' is no flag"),
        ({"program": {"x": {"is": "read", "colour": "red"}}}, "colour"),
        ({"program": {"x": {"is": "read", "via": "magic"}}}, "magic"),
        ({"program": {"x": {"is": "read", "when": [{"operand": "(", "is": "mutate"}]}}}, "no regular expression"),
        ({"program": {"x": {"is": "read", "also": "y"}, "y": {"is": "read"}}}, "described twice"),
        ({"program": {"x": {"verbs": {"a": "read"}, "verb": [{"path": "a", "is": "read"}]}}}, "described twice"),
        ({"program": {"x": {"verb": [{"path": "a", "is": "read", "delegate": "nobody"}]}}}, "described nowhere"),
        ({"program": "x"}, "Expected `object`"),
    ],
)
def test_a_fault_names_its_file_and_place(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load({"mine.toml": table})
    assert words in str(raised.value)
    assert all(str(problem).startswith("mine.toml:") for problem in raised.value.problems)


def test_all_faults_are_listed_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        load({"a.toml": {"program": {"x": {"is": "bad"}, "y": {"is": "worse"}}}, "b.toml": {"nonsense": 1}})
    assert len(raised.value.problems) == 3


def test_every_reader_that_the_files_may_name_exists() -> None:
    assert set(READERS) == set(Via) - {Via.NOTHING}


def test_the_shipped_files_cover_what_runbooks_use(knowledge: Knowledge) -> None:
    programs = (
        "ls grep awk sed jq curl docker kubectl oc helm git aws gcloud az psql mysql redis-cli systemctl journalctl"
    )
    assert set(programs.split()) <= set(knowledge.programs)
    assert len(knowledge.programs) > 700


def test_reads_do_not_list_flags_that_take_a_file_to_write(knowledge: Knowledge) -> None:
    """A long flag that names an output must stand in a rule that raises the effect, whatever the program."""
    suspicious = ("--output-file", "--out-file", "--outfile", "--write", "--save", "--exec", "--in-place")
    for program in knowledge.programs.values():
        specs = [program.spec, *(spec for specs in program.verbs.values() for spec in specs), *program.wild]
        for spec in specs:
            if spec.verdict.effect.rank > Effect.READ_SENSITIVE.rank or spec.via:
                continue
            raised = {flag for rule in spec.rules for flag in rule.has if rule.verdict.effect.rank > Effect.READ.rank}
            assert not ({flag for flag in spec.flags if flag in suspicious} - raised), (program.name, spec.path)
            assert all(isinstance(takes, Takes) for takes in spec.flags.values())
        assert isinstance(program.style, Style)


def test_an_ordinary_statement_is_judged_quickly(knowledge: Knowledge) -> None:
    """Measured at 0.1 to 0.2 ms; the bound leaves room for a slow machine."""
    lines = (Path(__file__).parent / "data" / "harmless.txt").read_text("utf-8").splitlines()
    for line in lines:
        classify(line, knowledge)
    start = time.process_time()
    for line in lines:
        classify(line, knowledge)
    assert (time.process_time() - start) / len(lines) < 0.02


_ACTING = ("restart", "delete", "destroy", "stop", "rollback", "scale", "set", "apply", "restart-all", "force-delete")
_WRITING = ("--output /etc/cron.d/x", "--output=/etc/x", "--exec rm", "--output-file x", "--in-place", "--delete")
_BARE_O = frozenset({"git", "ip", "pip", "pip3", "pipx", "uv", "scontrol"})
"""Whose ``-o`` takes no value: what follows is an operand."""


def _reads(program: Program) -> Iterator[Spec]:
    """Its sub-commands that only look."""
    for spec in (*(spec for specs in program.verbs.values() for spec in specs), *program.wild):
        if spec.verdict.effect.rank <= Effect.READ_SENSITIVE.rank and not spec.via and not spec.delegate:
            yield spec


def _say(program: Program, spec: Spec) -> str:
    return " ".join((program.name, *("x" if word == "**" else word.replace("*", "x") for word in spec.path)))


def test_no_read_covers_a_sub_command_that_acts(knowledge: Knowledge) -> None:
    """What stands behind a path that only looks is a word of the user's own only where the file says so (`free`)."""
    looked = 0
    for program in knowledge.programs.values():
        for spec in _reads(program):
            said = _say(program, spec)
            more = [] if spec.free else [f"{said} {verb}" for verb in _ACTING]
            more += [f"{said} {flag}" for flag in _WRITING]
            more += [] if program.name in _BARE_O else [f"{said} -o /etc/cron.d/x"]
            looked += len(more)
            assert [text for text in more if classify(text, knowledge).effect.rank < Effect.UNKNOWN.rank] == []
    assert looked > 10_000


def test_no_path_of_plain_words_covers_one_that_acts(knowledge: Knowledge) -> None:
    for program in knowledge.programs.values():
        for spec in (spec for spec in _reads(program) if "**" in spec.path):
            said = _say(program, spec).split()
            for verb in _ACTING[:8]:
                text = " ".join((said[0], "apps", verb, *said[2:]))
                assert classify(text, knowledge).effect.rank >= Effect.UNKNOWN.rank, text


def test_what_is_known_by_sub_commands_may_take_them_from_its_input(knowledge: Knowledge) -> None:
    for program in knowledge.programs.values():
        if program.has_verbs:
            for text in (f"echo x y | {program.name}", f"{program.name} <<< 'x y'", f"{program.name} < f"):
                assert classify(text, knowledge).effect.rank >= Effect.UNKNOWN.rank, text


@pytest.mark.parametrize("text", ["jobs -x reboot", "jobs -xl rm -rf /srv", "builtin jobs -x reboot"])
def test_a_builtin_that_lists_jobs_may_run_a_command(knowledge: Knowledge, text: str) -> None:
    assert classify(text, knowledge).effect is Effect.UNKNOWN
    assert classify("jobs -l", knowledge).effect is Effect.NOOP
