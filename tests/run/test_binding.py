"""Values reach a command as they are or not at all, wherever the blank stands: nothing in them is ever executed.

What is bound is really run, in a folder where a trace would be left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.playbook.model import Playbook
from tocsin.run import kinds
from tocsin.run.binding import Bound, bind
from tocsin.run.guard import Refused, judge

from .scene import JUDGE, Scene, run_bash, seen

ORDINARY = ["us-east-1", "10.0.0.7", "validator-3", "web_1", "node:9100", "sha256:0a1b", "team/app", "a@b.example", "7"]

HOSTILE = [
    "; touch PWN", "$(touch PWN)", "`touch PWN`", "a\ntouch PWN", "' ; touch PWN ; '", '" ; touch PWN ; "',
    "| touch PWN", "&& touch PWN", "> PWN", "--output=PWN", "a b", "${IFS}x", "-rf", "a;rm -f KEEP", "$(rm KEEP)", "*",
    "?", "~", "a\tb", "", " ", "a\n", "\na", "x\0y", "%0atouch PWN", "$HOME", "!!", "{a,b}", "[a]", "a=b", "a,b", "a'b",
    'a"b', "a\\", "\\a", "../KEEP", "a/../../KEEP", "a/..", "n:../KEEP", "ünïcode", "\u202eevil", "ａ", "a" * 129, "#a",
    "@KEEP", "a#b", "<a>", "1 OR 1=1", "1; DROP TABLE t", "' OR ''='", "1/*", '"} or up{a="', "a|b", "a&b", "(a)",
    "a\u2028b", "a\x1b[0m", "a\r",
]  # fmt: skip

HERE = {
    "bare": "printf '%s|' <id>",
    "bare, in a word": "printf '%s|' --name=<id>.log",
    "double quotes": "printf '%s|' \"<id>\"",
    "double quotes, in a sentence": "printf '%s|' \"a <id> b\"",
    "single quotes": "printf '%s|' '<id>'",
    "single quotes, in a sentence": "printf '%s|' 'a <id> b'",
}
"""The first three positions; what is printed is the template with the value in place of the blank."""

ELSEWHERE = {
    "a substitution in quotes": 'printf \'%s|\' "$(echo "<id>")"',
    "single quotes in a substitution": "printf '%s|' \"$(echo '<id>')\"",
    "back-ticks": "printf '%s|' `echo <id>`",
    "back-ticks in quotes": "printf '%s|' \"`echo <id>`\"",
    "below an apostrophe in a comment": "# it's a comment\nprintf '%s|' <id>",
    "after an escaped apostrophe": "printf '' it\\'s; printf '%s|' <id>",
    "after a C string": "printf '' $'it\\'s'; printf '%s|' <id>",
    "escaped quotes around it": 'printf \'\' "a \\""; printf \'%s|\' "<id>"',
    "a default": "printf '%s|' \"${nope:-<id>}\"",
    "an array": "a=(<id> b); printf '%s|' \"${a[0]}\"",
    "an assignment": "X=<id>; printf '%s|' \"$X\"",
    "a loop": "for each in <id>; do printf '%s|' \"$each\"; done",
    "a pattern's subject": "case <id> in *) printf '%s|' <id>;; esac",
    "a here-string": "cat <<< <id> | tr '\\n' '|'",
    "a process substitution": "cat <(printf '%s|' <id>)",
    "a subshell": "(printf '%s|' <id>)",
    "a condition": "[[ x<id> == x<id> ]] && printf '%s|' <id>",
    "a pipe": "printf '%s|' <id> | cat",
    "an angle with a letter of its own": "printf '%s|' <größe>",
    "braces": "printf '%s|' {id}",
    "double braces": "printf '%s|' {{ id }}",
    "a number to come": "printf '%s|' validator-X",
    "a noun in capitals": "printf '%s|' POD_NAME",
    "an owner in capitals": "printf '%s|' ATTACKER_NAME",
    "square brackets in quotes": "printf '%s|' \"[Pod]\"",
}
"""Other places of a shell, each printing the value alone."""

NESTED = {
    "sh -c, bare": "sh -c 'printf \"%s|\" <id>'",
    "sh -c, double": "sh -c \"printf '%s|' <id>\"",
    "sh -c, single in double": "sh -c \"printf '%s|' '<id>'\"",
    "bash -c, double in single": 'bash -c \'printf "%s|" "<id>"\'',
    "ssh": "ssh host 'printf \"%s|\" <id>'",
    "ssh, double": "ssh host \"printf '%s|' '<id>'\"",
    "ssh, words": "ssh host echo <id> | tr '\\n' '|'",
    "eval": "eval \"printf '%s|' <id>\"",
    "xargs": "echo x | xargs -I@ sh -c 'printf \"%s|\" <id>'",
    "awk": 'awk \'BEGIN { printf "%s|", "<id>" }\'',
    "python": 'python3 -c \'print("<id>", end="|")\'',
    "SQL": "sqlite3 :memory: \"SELECT '<id>' || '|'\" | tr -d '\\n'",
    "SQL in single quotes": "sqlite3 :memory: 'SELECT \"<id>\" || \"|\"' | tr -d '\\n'",
    "jq": "echo null | jq -j '\"<id>|\"'",
}
"""Text that another program reads again as a program."""

HANDED_ON = {
    "find -exec": "find KEEP -exec printf '%s|' <id> ';'",
    "env": 'env NAME=<id> sh -c \'printf "%s|" "$NAME"\'',
    "an argument of sh -c": 'sh -c \'printf "%s|" "$1"\' sh <id>',
    "a variable of awk": 'awk -v id=<id> \'BEGIN { print id }\' | tr "\\n" "|"',
    "a variable of jq": "jq -njr --arg id <id> '$id + \"|\"'",
    "xargs": "echo <id> | xargs printf '%s|'",
    "an argument of python": "python3 -c 'import sys; print(sys.argv[1], end=\"|\")' <id>",
}
"""Places where such a program takes data; each prints the value alone."""

CARRIED: dict[str, tuple[str, Callable[[str], object]]] = {
    "a URL's query": (
        'curl -s "http://localhost:9090/api?q=<id>&x=1"',
        lambda sent: parse_qs(urlsplit(sent).query)["q"][0],
    ),
    "a URL's path": (
        "curl -s http://localhost:9090/nodes/<id>/health",
        lambda sent: unquote(sent.split("/", 4)[4][: -len("/health")]),
    ),
    "a JSON body": ('curl -s -d \'{"id": "<id>"}\'', lambda sent: json.loads(sent)["id"]),
    "a JSON body in double quotes": ('curl -s -d "{\\"id\\": \\"<id>\\"}"', lambda sent: json.loads(sent)["id"]),
    "PromQL": (
        'curl -s --data-urlencode \'query=up{instance="<id>", job="x"}\'',
        lambda sent: re.fullmatch(r'query=up\{instance="(.*)", job="x"\}', sent, re.DOTALL)[1],  # type: ignore[index]
    ),
}
"""Text that travels on; the stand-in for curl prints its last word, and that must still mean the value."""

EVERYWHERE = HERE | ELSEWHERE | NESTED | HANDED_ON | {name: text for name, (text, _) in CARRIED.items()}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file to lose, and stand-ins for programs that reach out."""
    folder = tmp_path_factory.mktemp("ground")
    (folder / "KEEP").touch()
    (folder / "bin").mkdir()
    for name, body in {"ssh": 'shift; exec sh -c "$*"', "curl": 'printf "%s" "${@: -1}"'}.items():
        program = folder / "bin" / name
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(0o755)
    return folder


def fill(text: str, value: str) -> Bound:
    """A statement with all its blanks filled by a person."""
    statement = JUDGE(text)
    assert statement.placeholders, f"{text!r} should have a blank"
    return bind(statement, {blank.name: value for blank in statement.placeholders}, {})


def run(bound: Bound, ground: Path) -> str:
    """What a bound statement prints; whatever else it did is a failure."""
    done = run_bash(bound, ground)
    assert sorted(path.name for path in ground.iterdir()) == ["KEEP", "bin"], f"something else ran: {bound.text!r}"
    assert done.code == 0, done.stderr
    return done.stdout


def expect(text: str, value: str) -> str:
    """What a statement of `HERE` prints."""
    return text.removeprefix("printf '%s|' ").strip("\"'").replace("<id>", value) + "|"


def test_the_ground_would_show_it_if_a_value_were_text(ground: Path) -> None:
    naive = Bound(text=HERE["double quotes"].replace("<id>", "$(touch PWN)"))
    with pytest.raises(AssertionError, match="something else ran"):
        run(naive, ground)
    (ground / "PWN").unlink()


@pytest.mark.parametrize("where", HERE)
@pytest.mark.parametrize("value", ORDINARY)
def test_an_ordinary_value_arrives_in_the_first_three_positions(ground: Path, where: str, value: str) -> None:
    bound = fill(HERE[where], value)
    assert run(bound, ground) == expect(HERE[where], value)
    assert value not in bound.text, "a value is never text"


@pytest.mark.parametrize("where", ELSEWHERE)
def test_an_ordinary_value_arrives_anywhere_else_in_a_shell(ground: Path, where: str) -> None:
    for value in ORDINARY[:3]:
        assert run(fill(ELSEWHERE[where], value), ground) == f"{value}|"


@pytest.mark.parametrize("where", NESTED)
def test_even_an_ordinary_value_is_refused_in_a_program_of_another_program(where: str) -> None:
    for value in ORDINARY[:4]:
        bound = fill(NESTED[where], value)
        assert "a program" in bound.refused
        assert (bound.env, bound.argv) == ({}, ())


@pytest.mark.needs("jq", "awk")
@pytest.mark.parametrize("where", HANDED_ON)
def test_an_ordinary_value_arrives_where_such_a_program_takes_data(ground: Path, where: str) -> None:
    for value in ORDINARY[:4]:
        assert run(fill(HANDED_ON[where], value), ground) == f"{value}|"


@pytest.mark.parametrize("where", CARRIED)
def test_an_ordinary_value_means_the_same_where_it_is_sent(ground: Path, where: str) -> None:
    text, read = CARRIED[where]
    for value in ORDINARY:
        assert read(run(fill(text, value), ground)) == value


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_hostile_value_is_refused_before_anything_runs(where: str) -> None:
    for value in HOSTILE:
        bound = fill(EVERYWHERE[where], value)
        assert bound.refused, f"{value!r} was bound: {bound.text!r} with {bound.env}"
        assert bound.env == {}


@pytest.mark.parametrize("where", EVERYWHERE)
def test_the_shared_hostile_values_are_literal_or_refused(shared: Path, ground: Path, where: str) -> None:
    values = json.loads((shared / "redteam" / "values.json").read_text("utf-8"))
    assert len(values) > 10
    for value in values:
        bound = fill(EVERYWHERE[where], value)
        if not bound.refused:
            assert value in run(bound, ground)


@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("value", HOSTILE[:12])
def test_a_hostile_label_leaves_its_blank_open(where: str, value: str) -> None:
    """A label is no person who could be told to write better: it fills nothing, and the blank is asked for."""
    statement = JUDGE(EVERYWHERE[where])
    bound = bind(statement, {}, {blank.name: value for blank in statement.placeholders})
    assert (bound.missing, bound.env, bound.argv) == (tuple({blank.name for blank in statement.placeholders}), {}, ())
    assert [each.value for each in bound.misfits] == [value]


@pytest.mark.parametrize("where", HERE | ELSEWHERE)
def test_even_a_value_that_slipped_through_would_not_be_parsed(
    ground: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line of defence: a value travels in the environment, so that a shell has nothing to parse."""
    monkeypatch.setattr(kinds, "WORD", re.compile(r"[^\0]*", re.DOTALL))
    for value in (each for each in HOSTILE if "\0" not in each):
        bound = fill((HERE | ELSEWHERE)[where], value)
        if not bound.refused:
            assert value not in bound.text or len(value) < 3
            done = run_bash(bound, ground)
            assert not (ground / "PWN").exists(), f"{value!r} ran in {bound.text!r}"
            assert (ground / "KEEP").exists(), f"{value!r} ran in {bound.text!r}"
            assert where not in HERE or done.stdout == expect(HERE[where], value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.from_regex(kinds.WORD, fullmatch=True), where=st.sampled_from(sorted(HERE)))
def test_whatever_may_be_bound_arrives_unchanged(ground: Path, value: str, where: str) -> None:
    bound = fill(HERE[where], value)
    if bound.refused:
        assert "--" in value
        assert "sentence" in where
    else:
        assert run(bound, ground) == expect(HERE[where], value)


@given(value=st.text(max_size=200))
def test_whatever_is_no_plain_word_is_refused(value: str) -> None:
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}", value)
    if plain is None:
        assert fill(HERE["bare"], value).refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cat <<EOF\n<id>\nEOF", "here-document"),
        ("cat <<'EOF'\n<id>\nEOF", "here-document"),
        ("printf '%s' $'it\\'s <id>'", r"\$'"),
        ("echo $((1 + <id>))", "arithmetic"),
        ('echo "unclosed <id>', "cannot be read for sure"),
    ],
)
def test_a_place_where_no_value_can_stand_is_refused_with_a_way_out(text: str, why: str) -> None:
    refused = fill(text, "us-east-1").refused
    assert re.search(why, refused)
    assert refused.endswith("copy it and run it by hand.")


def test_a_value_before_a_here_document_is_no_trouble(ground: Path) -> None:
    assert run(fill("printf '%s|' <id>; cat <<EOF\nx\nEOF", "us-east-1"), ground) == "us-east-1|x\n"


def test_two_dashes_begin_no_comment_in_a_query() -> None:
    """``DELETE … WHERE id = 1-- AND tenant = 3`` forgets the tenant."""
    query = "./query 'SELECT <id> + 1'"
    assert not fill(query, "1").refused
    assert "two dashes" in fill(query, "1--").refused
    assert not fill("printf '%s|' https://<id>/x", "xn--bcher-kva.example").refused


@pytest.mark.parametrize(
    ("text", "values", "printed"),
    [
        ("printf '%s|' POD_NAME POD", {"pod_name": "one", "pod": "two"}, "one|two|"),
        ("printf '%s|' POD PODS APOD", {"pod": "one"}, "one|PODS|APOD|"),
        ("printf '%s|' <id> <id>", {"id": "one"}, "one|one|"),
        ("printf '%s|' <id> '<name>' \"{zone}<id>\"", {"id": "a", "name": "b", "zone": "c"}, "a|b|{zone}a|"),
        ("printf '%s|' <größe> <gr_sse>", {"größe": "one", "gr_sse": "two"}, "one|two|"),
    ],
)
def test_each_blank_gets_its_own_value_and_what_only_looks_like_it_stays(
    ground: Path, text: str, values: dict[str, str], printed: str
) -> None:
    assert run(bind(JUDGE(text), values, {}), ground) == printed


def test_what_a_person_gives_wins_over_a_label_and_what_fits_no_blank_is_ignored() -> None:
    statement = JUDGE("kubectl -n <namespace> logs <pod>")
    bound = bind(statement, {"pod": "web-2", "other": "x"}, {"pod": "web-1", "namespace": "shop", "PATH": "/tmp"})
    assert bound.values == {"namespace": "shop", "pod": "web-2"}
    assert sorted(bound.env) == ["TOCSIN_P_NAMESPACE", "TOCSIN_P_POD"]


@pytest.mark.parametrize("label", ["metrics_port", "metrics-port", "Metrics Port", "METRICS.PORT", "_metrics_port_"])
def test_a_label_fills_the_blank_of_its_name_however_either_is_written(label: str) -> None:
    assert bind(JUDGE("curl http://localhost:<metrics-port>/x"), {}, {label: "9100"}).missing == ()


def test_a_statement_without_blanks_runs_as_it_is_written() -> None:
    text = "grep -c 'it''s' \"$HOME\"/x | tee >(cat) <<'E'\n$(no)\nE"
    assert bind(JUDGE(text), {"home": "x"}, {"HOME": "x"}) == Bound(text=text)
    assert bind(JUDGE("grep -c 'it' x"), {}, {}) == Bound(text="grep -c 'it' x", argv=("grep", "-c", "it", "x"))


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\0", "\x1b[2K", "\r", "\x7f", "\x9b"])
def test_what_no_screen_would_show_does_not_run(hidden: str) -> None:
    """An approval is of what a person saw; these would show one command and run another."""
    for text in (f"echo safe{hidden} # x", f"echo {hidden}<id>"):
        assert "no screen shows" in bind(JUDGE(text), {"id": "x"}, {}).refused
    assert not bind(JUDGE("printf '%s' \"größe ⚠️\"\n\techo x"), {}, {}).refused


# ── what a person types ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_typed_blank_is_filled_like_any_other(ground: Path) -> None:
    task = Scene().typed("printf '%s|' <name> '<name>'", {"name": "us-east-1"})
    assert run(task.bound, ground) == "us-east-1|us-east-1|"


# ── from an alert's labels to the command ──────────────────────────────────────────────────────────────────────────

LOOKS = """
### Diagnosis

```bash
printf '%s|' <instance>
printf '%s|' "at <instance>"
printf '%s|' '<instance>'
sh -c 'printf "%s|" "$1"' sh <instance>
```
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return Scene(LOOKS).playbook


@pytest.mark.parametrize("value", ORDINARY)
def test_a_label_fills_the_reads_of_a_playbook(ground: Path, playbook: Playbook, value: str) -> None:
    scene = Scene(playbook, alerts={"f": seen(instance=value)})
    tasks = [scene.task(text) for text in scene.lines()]
    assert [run(task.bound, ground) for task in tasks] == [f"{value}|", f"at {value}|", f"{value}|", f"{value}|"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_label_fills_nothing(playbook: Playbook, value: str) -> None:
    scene = Scene(playbook, alerts={"f": seen(instance=value)})
    for text in scene.lines():
        verdict = judge(scene.task(text), scene.incident, scene.book)
        assert isinstance(verdict, Refused)
        assert verdict.missing == ("instance",)


def test_alerts_that_disagree_fill_nothing(playbook: Playbook) -> None:
    two = {"f": seen(instance="a"), "g": seen(fingerprint="g", instance="b")}
    same = {"f": seen(instance="a"), "g": seen(fingerprint="g", instance="a")}
    for alerts, missing in ((two, ("instance",)), (same, ())):
        scene = Scene(playbook, alerts=alerts)
        assert scene.task("printf '%s|' <instance>").bound.missing == missing
