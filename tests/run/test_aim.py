"""Where statements really run: the hosts of the inventory that they name, with the program as it is there."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tocsin.incident.book import TargetPolicy
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Staffing
from tocsin.run.auto import find_reads
from tocsin.run.guard import Allowed, NeedsApproval, Refused, Verdict, judge
from tocsin.run.plan import plan
from tocsin.run.program import Task, prepare
from tocsin.timeline.events import StepRequested
from tocsin.words import Effect, Status

from .scene import NOW, TARGET, Scene, seen

LOCAL = TargetPolicy(name=TARGET)
MEMBERS = tuple(f"team/validator-{at}" for at in range(1, 11))
VALIDATORS = tuple(
    TargetPolicy(name=name, kind="ssh", called=(name.partition("/")[2], f"10.0.0.{at}"))
    for at, name in enumerate(MEMBERS, 1)
)
READ_ONLY = TargetPolicy(name="team/archive", kind="ssh", called=("archive",), changes=False)
GROUP = TargetPolicy(
    name="team/validators", kind="group", called=("validators",), members=MEMBERS, order="canary", at_once=3
)
INVENTORY = (LOCAL, *VALIDATORS, READ_ONLY, GROUP)


def make(fence: str, *, targets: tuple[TargetPolicy, ...] = INVENTORY, **changes: Any) -> Scene:
    scene = Scene(f"\n### Diagnosis\n\n```bash\n{fence}\n```\n", **changes)
    scene.settle(targets=targets)
    return scene


def take(scene: Scene, given: dict[str, str] | None = None) -> tuple[Task, Verdict]:
    """The last statement of the scene as a task, and what the guard says of it."""
    step_id = list(scene.lines().values())[-1]
    procedures = scene.book.procedures(scene.incident)
    task = prepare(procedures, step_id, scene.incident, TARGET, given or {}, scene.book.policy)
    assert task is not None
    return task, judge(task, scene.incident, scene.book)


@pytest.mark.parametrize(
    ("fence", "text", "target"),
    [
        ("ssh validator-3 'journalctl -u node | tail -5'", "journalctl -u node | tail -5", "team/validator-3"),
        ("ssh validator-3 uptime -p", "uptime -p", "team/validator-3"),
        ("ssh -q -o BatchMode=yes -p 2222 root@validator-3 uptime", "uptime", "team/validator-3"),
        ('ssh -tt validator-3 "df -h /"', "df -h /", "team/validator-3"),
        ("/usr/bin/ssh validator-3 'uptime'", "uptime", "team/validator-3"),
        ("ssh 'validator-3' uptime", "uptime", "team/validator-3"),
        ('ssh -- "root@validator-3" uptime', "uptime", "team/validator-3"),
        ("ssh 10.0.0.4 'uptime'", "uptime", "team/validator-4"),
        ("ssh validator-3 'echo '\"'\"'x'\"'\"", "echo 'x'", "team/validator-3"),
        ("uptime", "uptime", TARGET),
    ],
)
def test_what_ssh_carries_is_the_step(fence: str, text: str, target: str) -> None:
    task, verdict = take(make(fence))
    assert (task.bound.text, task.target, task.fan) == (text, target, None)
    assert isinstance(verdict, Allowed)


LOOPS = [
    "for v in validator-{1..10}; do ssh $v 'uptime'; done",
    'for v in validator-{1..5} validator-{6..10}; do ssh "$v" "uptime"; done',
    "for v in validator-{1..10}; do\n  echo \"$v: $(ssh $v 'uptime')\"\ndone",
    "for v in validator-{1..10}; do echo \"== ${v}\"; ssh ${v} 'uptime'; done",
]


@pytest.mark.parametrize("fence", LOOPS)
def test_a_loop_over_the_inventory_is_one_step_on_all_of_them(fence: str) -> None:
    task, verdict = take(make(fence))
    assert (task.bound.text, task.target) == ("uptime", "team/validators")
    assert task.fan is not None
    assert (task.fan.members, task.fan.order, task.fan.at_once) == (MEMBERS, "canary", 3), "as the group of these does"
    assert isinstance(verdict, Allowed)


@pytest.mark.parametrize(("program", "order"), [("uptime", "parallel"), ("sudo systemctl restart node", "serial")])
def test_a_loop_over_some_goes_one_by_one_where_it_changes_something(program: str, order: str) -> None:
    task, _ = take(make(f"for v in validator-{{1..3}}; do ssh $v '{program}'; done"))
    assert task.fan is not None
    assert (task.target, task.fan.order) == ("team/validator-{1..3}", order)
    assert task.fan.members == MEMBERS[:3]


def test_what_is_approved_is_the_program_and_where_it_runs() -> None:
    scene = make("ssh validator-3 'sudo systemctl restart node'")
    task, verdict = take(scene)
    assert isinstance(verdict, NeedsApproval)
    assert task.bound.text == "sudo -n systemctl restart node"
    moved = tuple(replace(each, members=MEMBERS[:9]) if each.kind == "group" else each for each in INVENTORY)
    fan, _ = take(make(LOOPS[0]))
    other, _ = take(make(LOOPS[0], targets=moved))
    assert fan.digest != other.digest, "the group has changed since somebody looked"
    assert task.digest != take(make("ssh validator-4 'sudo systemctl restart node'"))[0].digest


@pytest.mark.parametrize(
    ("fence", "says"),
    [
        ("ssh validator-11 'uptime'", "validator-11: not in the inventory"),
        ("for v in validator-{9..12}; do ssh $v 'uptime'; done", "validator-11, validator-12: not in the inventory"),
        ("for v in validator-{1..99999}; do ssh $v 'uptime'; done", "smaller range"),
        ("ssh validator-3 'cat x' | grep y", "cannot be followed"),
        ('ssh validator-3 "echo $HOME"', "cannot be followed"),
        ("ssh validator-3 'cat x' > file", "cannot be followed"),
        ("ssh validator-3", "cannot be followed"),
        ("ssh -L 1:b:2 validator-3 'uptime'", "cannot be followed"),
        ("ssh -oProxyCommand=evil -f validator-3 'uptime'", "cannot be followed"),
        ("sudo ssh validator-3 'uptime'", "cannot be followed"),
        ("s\\sh validator-3 'uptime'", "cannot be followed"),
        ("autossh validator-3 'uptime'", "cannot be followed"),
        ("ssh validator-3 'uptime' &", "cannot be followed"),
        ("ssh -S /tmp/socket validator-3 'uptime'", "cannot be followed"),
        ("timeout 5 ssh validator-3 'uptime'", "cannot be followed"),
        ("bash -c 'ssh validator-3 uptime'", "cannot be followed"),
        ("echo $(ssh validator-3 'uptime')", "cannot be followed"),
        ("for v in $(cat hosts); do ssh $v 'uptime'; done", "cannot be followed"),
        ("for v in validator-1; do ssh other 'uptime'; done", "cannot be followed"),
        ("for v in validator-1; do ssh $v 'uptime'; rm x; done", "cannot be followed"),
        ('for v in validator-1; do ssh $v "echo $v"; done', "cannot be followed"),
        ("ssh archive 'sudo systemctl restart node'", "name nobody who may"),
    ],
)
def test_what_cannot_be_followed_or_found_is_refused_and_says_so(fence: str, says: str) -> None:
    _, verdict = take(make(fence))
    assert isinstance(verdict, Refused), verdict
    assert says in verdict.why


def test_without_an_inventory_nothing_is_different() -> None:
    task, verdict = take(make("ssh validator-3 'uptime'", targets=(LOCAL,)))
    assert (task.bound.text, task.target) == ("ssh validator-3 'uptime'", TARGET)
    assert isinstance(verdict, Allowed)


def test_systemctl_status_ssh_goes_nowhere() -> None:
    task, verdict = take(make("systemctl status ssh"))
    assert task.target == TARGET
    assert isinstance(verdict, Allowed)


BLANK = "ssh <host> 'docker logs <container> --tail 5'"


def test_a_host_that_is_a_blank_is_looked_for_in_the_inventory_too() -> None:
    scene = make(BLANK)
    _, verdict = take(scene, {"container": "web"})
    assert isinstance(verdict, Refused)
    assert verdict.missing == ("host",)
    task, verdict = take(scene, {"host": "validator-2", "container": "web"})
    assert (task.target, task.bound.text) == ("team/validator-2", 'docker logs "${TOCSIN_P_CONTAINER}" --tail 5')
    assert task.bound.values == {"host": "validator-2", "container": "web"}, "an approval keeps both"
    assert isinstance(verdict, Allowed)


@pytest.mark.parametrize("label", ["evil.example.net", "10.0.0.99", "archive.evil"])
def test_no_label_of_an_alert_leads_to_another_machine(label: str) -> None:
    scene = make("ssh <instance> 'uptime'", alerts={"f": seen(instance=label)})
    _, verdict = take(scene)
    assert isinstance(verdict, Refused)
    assert "not in the inventory" in verdict.why
    assert list(find_reads(scene.incident, scene.book)) == []


def test_an_address_that_several_share_is_no_name() -> None:
    shared = tuple(replace(each, called=(*each.called, "10.9.9.9")) for each in VALIDATORS[:2])
    _, verdict = take(make("ssh 10.9.9.9 'uptime'", targets=(LOCAL, *shared)))
    assert isinstance(verdict, Refused)
    assert "name the one that is meant" in verdict.why


@pytest.mark.parametrize(
    ("comment", "together"),
    [
        ("# On each validator", False),
        ("# All validators simultaneously:", True),
        ("# Restart all of the validators", False),
    ],
)
def test_a_comment_may_want_it_on_every_one_of_a_group(comment: str, together: bool) -> None:
    task, _ = take(make(f"{comment}\nsudo systemctl restart node"))
    assert task.target == "team/validators"
    assert task.fan is not None
    assert (task.fan.members, task.fan.together) == (MEMBERS, together)


def test_what_is_meant_for_many_at_once_does_not_run_on_one() -> None:
    _, verdict = take(
        make("# All providers simultaneously:\nsudo systemctl restart node", targets=(LOCAL, *VALIDATORS))
    )
    assert isinstance(verdict, Refused)
    assert 'kind = "group"' in verdict.why


def test_a_loop_of_this_machine_stays_here_though_its_comment_speaks_of_all() -> None:
    task, _ = take(make("# Check all validators\nfor v in validator-{1..3}; do curl -s http://$v:26657/status; done"))
    assert (task.target, task.fan) == (TARGET, None)


def test_reads_of_other_machines_run_by_themselves_though_this_one_cannot_isolate() -> None:
    scene = make("uptime\nssh validator-3 'uptime'", status=Status.ACTIVE)
    scene.book = replace(scene.book, no_isolation="Steps cannot be isolated here.")
    asked = plan(scene.incident, scene.book, Rota(staffing=Staffing(timezone="UTC"), people={}), NOW)
    assert [event.target for event in asked.events if isinstance(event, StepRequested)] == ["team/validator-3"]


def test_what_a_target_allows_counts_and_not_what_another_does() -> None:
    sensitive = "ssh validator-3 'cat /etc/shadow'"
    lax = replace(LOCAL, allow=("read_sensitive", "privileged"))
    scene = make(sensitive, targets=(lax, *VALIDATORS))
    assert take(scene)[0].effect is Effect.READ_SENSITIVE
    assert list(find_reads(scene.incident, scene.book)) == []
    here = tuple(replace(each, allow=("read_sensitive",)) for each in VALIDATORS)
    assert [task.target for task in find_reads(scene.incident, make(sensitive, targets=(LOCAL, *here)).book)] == [
        MEMBERS[2]
    ]
