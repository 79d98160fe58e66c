"""What is read without a grammar is read as the grammar reads it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.knowledge import load_knowledge
from tocsin.playbook import effect, plain, statement, transcript
from tocsin.playbook.effect.command import judge_command
from tocsin.playbook.effect.judge import TERMINAL, Judge
from tocsin.playbook.effect.walk import judge_parsed, judge_text

_KNOWLEDGE = load_knowledge()
_WORDS = st.one_of(
    st.sampled_from(
        ["ls", "sudo", "docker", "ps", "rm", "-rf", "cat", "/etc/shadow", "curl", "-o", "http://h/x", "grep", "xargs",
         "sh", "-c", "env", "echo", "printf", "-n", "timeout", "5", "find", ".", "-exec", "git", "log", "a=b", "=",
         "a==b",
         "''", '""', "'a b'", '"x y"', "'{a,b}'", "'a\\b'", '"!x"', "'<<EOF'", "'a\nb'", "*", "x*", "~", "~/x", "-",
         "--",
         "+%s", "a,b", "a@b", "%1", "if", "then", "done", "time", "in", "{", "}", "[", "!", "#", "a#b", "$x",
         "\ue001id\ue001",
         "&&", ";", ">", "2>&1", "select", "export", "let", "7z", "_x", "./x.sh", "psql", "\"SELECT 1\"", "tee",
         "ssh", "h"]
    ),
    st.text("ab-=/.:@%+,~*_'\" |#", max_size=5),
)  # fmt: skip
_TEXTS = st.lists(st.one_of(_WORDS, st.just("|")), max_size=8).flatmap(
    lambda words: st.sampled_from((" ", "  ", "\t")).map(lambda gap: gap.join(words))
)


@settings(max_examples=600, deadline=None)
@given(_TEXTS)
def test_a_plain_command_is_judged_as_its_tree_is(text: str) -> None:
    if plain.split_commands(text) is not None:
        judge = Judge(_KNOWLEDGE, effect.EMPTY, 0, judge_text, judge_command)
        by_tree = Judge(_KNOWLEDGE, effect.EMPTY, 0, judge_parsed, judge_command)
        assert judge_text(text, judge, TERMINAL) == judge_parsed(text, by_tree, TERMINAL)


@pytest.mark.parametrize(
    "text",
    [
        "ls -la",
        "docker ps | grep 'my node'",
        "sudo systemctl restart x",
        "git log --oneline -10",
        'psql -c "SELECT\n1"',
    ],
)
def test_an_ordinary_command_needs_no_grammar(text: str) -> None:
    assert plain.split_commands(text) is not None


@pytest.mark.parametrize(
    "text",
    ["ls; rm x", "ls & rm x", "ls\nrm x", "ls > x", "ls $(rm x)", "ls `rm x`", "ls <(rm x)", "ls \\\nx",
     "ls {a,b}", "a@b x",
     "X=1 ls", "if true", "ls #x", 'ls "$x"', "ls 'a", "| ls", "ls |", "!ls", "ls \"a\\\"b\"", "ls \u2028x",
     "ls\xa0x", "l\u200bs"],
)  # fmt: skip
def test_whatever_a_shell_may_read_otherwise_is_left_to_the_grammar(text: str) -> None:
    assert plain.split_commands(text) is None


_LINES = st.one_of(
    _TEXTS,
    st.sampled_from(
        ["", "  ", "# a", "#", "  # a ", "ls # why", "ls #", "ls <id>  # why", "total 48", "drwxr-xr-x 2 root",
        "sum by x",
         "up == 1", "node_cpu:x", "rate(x[5m])", "time ls", 'sort "rate(x[5m])"', "- [ ] x", "...", "SELECT 1",
         "select x",
         "Wait for the node to come back", "$ ls", "> x", "user@h:~$ ls", "irb x", "{", '"a": 1', "}", "ls \\",
         "cat <<EOF", "EOF",
         "./run.sh", "~/x", "/bin/ls", "ls 'a", "b'", "kubectl logs <pod> -n <ns>", "#!/bin/sh", "A B", "level=x y"]
    ),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(_LINES, max_size=6), st.sampled_from((None, "bash", "sh", "text", "console")))
def test_a_simple_fence_is_read_as_its_tree_is(lines: list[str], lang: str | None) -> None:
    written = [line for text in lines for line in text.split("\n")]
    simple = statement.read_simple(written, 7) if lang not in transcript.CONSOLES else None
    if simple is not None:
        assert simple == statement.read_any(written, 7, lang)
