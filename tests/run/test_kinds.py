"""Each blank takes values of its kind only; where a value comes from is set, or goes by its name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tocsin.incident.blank import Rule
from tocsin.incident.book import TargetPolicy
from tocsin.run.binding import bind
from tocsin.run.guard import Allowed, Refused, judge
from tocsin.run.kinds import Sources, fits
from tocsin.run.plan import find_held

from .scene import JUDGE, TARGET, Scene, seen


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("metrics_port", ["1", "9100", "65535"], ["0", "65536", "http", "80a", "9100 ", "-1", "٣"]),
        ("attacker_ip", ["10.0.0.7", "10.0.0.0/8", "2001:db8::1"], ["10.0.0", "host", "10.0.0.7x", "1.2.3.4\n"]),
        ("commit_hash", ["deadbeef", "0x0a1b2c3d", "sha256:0a1b2c3d"], ["HEAD", "abc", "deadbeeg", "deadbeef\n"]),
        ("region", ["us-east-1", "eastus"], ["10.0.0.7", "us_east", "us east", "us-east-1\n", "-us"]),
        ("host", ["validator-3", "10.0.0.7", "node:9100", "a.example.org"], ["a/b", "a@b", "a:b", "-a", "a."]),
        ("service_name", ["web", "web@1", "node.service"], ["a/b", "a b", "-a"]),
        ("pid", ["1", "4711"], ["-1", "1.5", "x"]),
        ("id", ["x", "a/b", "a@b:c"], ["-x", "a b", "a\n", "$x", "", "a/../b", "ü"]),
    ],
)
def test_the_name_of_a_blank_says_what_it_takes(name: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not fits(value, name)] == []
    assert [value for value in bad if fits(value, name)] == []


def test_a_pattern_of_the_team_is_anchored_and_lets_in_no_option_and_nothing_unseen() -> None:
    rule = Rule(pattern=r"[a-z -]+|.*\n.*|.*\u202e.*")
    assert fits("a b", "id", rule)
    for value in ("a b1", "-a", "a\nb", "a\u202eb", "", "a" * 2000):
        assert not fits(value, "id", rule)


def test_more_than_a_word_goes_only_where_it_stays_one_value() -> None:
    sources = Sources(rules={"what": Rule(pattern=r".+")})
    value = "it's; touch PWN $(x)"
    assert bind(JUDGE("./tell <what>"), {"what": value}, {}, sources).argv == ("./tell", value)
    assert bind(JUDGE("./tell 'now: <what>'"), {"what": value}, {}, sources).argv == ("./tell", f"now: {value}")
    assert "more than a word" in bind(JUDGE("X=<what>; echo $X"), {"what": value}, {}, sources).refused
    body = bind(JUDGE('curl -d \'{"a": "<what>"}\' http://h/x'), {"what": 'a"b'}, {}, sources)
    assert body.argv[2] == '{"a": "a\\"b"}'
    url = bind(JUDGE("curl http://h/<what>?q=<what>"), {"what": "a/b&c d"}, {}, sources)
    assert url.argv[1] == "http://h/a%2Fb%26c%20d?q=a%2Fb%26c%20d"
    query = bind(
        JUDGE('curl http://h/q --data-urlencode \'query=up{a="<what>", b=~"<what>.*"}\''),
        {"what": 'a"b.c'},
        {},
        sources,
    )
    assert query.argv[3] == 'query=up{a="a\\"b.c", b=~"a\\"b\\\\.c.*"}'


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("curl http://<name>/x", "a@evil.example", "names its host"),
        ("curl http://<name>/x", "evil.example/y", "names its host"),
        ("curl http://h:<number>/x", "80@evil", "names its port"),
        ("curl -d '{\"a\": <id>}' http://h", "true", "wants a number"),
        ("curl h/q --data-urlencode 'query=rate(up{a=\"b\"}[<window>])'", "x", "wants a duration"),
        ("[[ 1 -eq <id> ]]", "a", "as a number"),
    ],
)
def test_a_place_that_takes_less_than_a_word_says_so(text: str, value: str, why: str) -> None:
    statement = JUDGE(text)
    assert why in bind(statement, {blank.name: value for blank in statement.placeholders}, {}).refused


def test_values_come_as_set_then_by_label_then_from_the_inventory_and_a_persons_goes_first() -> None:
    statement = JUDGE("echo <ka> <kb> <kc> <kd> <ke>")
    rules = {"ka": Rule(source="label:pod"), "kb": Rule(source="eu-1"), "kc": Rule(source="inventory")}
    sources = Sources(rules=rules, inventory={"KC": "cc", "KD": "dd", "KE": "no"})
    labels = {"pod": "web-1", "ka": "wrong", "kb": "wrong", "kc": "wrong", "ke": "ee"}
    assert bind(statement, {}, labels, sources).argv == ("echo", "web-1", "eu-1", "cc", "dd", "ee")
    assert bind(statement, {"ka": "mine"}, labels, sources).argv[1] == "mine"
    assert bind(statement, {}, {"ka": "x"}, Sources(rules=rules)).missing == ("ka", "kc", "kd", "ke")


def test_an_alert_does_not_choose_the_machine_that_commands_go_to() -> None:
    statement = JUDGE("ssh <node> uptime")
    held = bind(statement, {}, {"node": "evil"}, Sources(hosts=["web-1"]))
    assert (held.missing, held.misfits[0].value) == (("node",), "evil")
    assert bind(statement, {}, {"node": "web-1"}, Sources(hosts=["web-1"])).argv == ("ssh", "web-1", "uptime")
    assert bind(statement, {"node": "web-2"}, {}, Sources()).argv == ("ssh", "web-2", "uptime")


def test_an_alert_names_no_sealed_value() -> None:
    """It would be opened where the step runs: a secret that somebody typed in another incident."""
    named = f"sealed_{'a' * 64}"
    for value in (named, f"team/{named}"):
        held = bind(JUDGE("echo <place>"), {}, {"place": value})
        assert (held.missing, held.misfits[0].value) == (("place",), value)
    assert not bind(JUDGE("echo <place>"), {"place": named}, {}).missing


LOOKS = "\n### Diagnosis\n\n```bash\ndf -h <instance>\nls <instance>\n```\n"


def test_a_value_that_was_not_used_is_noted_once_and_the_step_says_so() -> None:
    scene = Scene(LOOKS, alerts={"f": seen(instance="$(touch PWN)")})
    verdict = judge(scene.task("df -h <instance>"), scene.incident, scene.book)
    assert isinstance(verdict, Refused)
    assert verdict.missing == ("instance",)
    assert "the alert's label instance holds '$(touch PWN)'" in verdict.why
    (held,) = find_held(scene.incident, scene.book)
    assert (held.blank, held.value) == ("instance", "$(touch PWN)")
    known = replace(scene.incident, held={held.blank: held.value})
    assert list(find_held(known, scene.book)) == []
    assert list(find_held(Scene(LOOKS, alerts={"f": seen(instance="web-1")}).incident, scene.book)) == []


def test_a_person_may_fill_what_an_alert_must_not() -> None:
    scene = Scene(LOOKS, alerts={"f": seen(instance="a b")})
    task = scene.task("df -h <instance>", {"instance": "web-1"})
    assert isinstance(judge(task, scene.incident, scene.book), Allowed)
    assert task.bound.argv == ("df", "-h", "web-1")


def test_the_target_and_the_team_have_their_say() -> None:
    scene = Scene(LOOKS)
    scene.settle(targets=(TargetPolicy(name=TARGET, inventory={"INSTANCE": "db-7"}),))
    (request,) = [each for each in scene.requests() if each.text.startswith("df")]
    assert request.argv == ("df", "-h", "db-7")
    scene.settle(bindings={"instance": Rule(source="db-8")})
    assert scene.requests()[0].argv == ("df", "-h", "db-8")
