"""What each kind of prohibition refuses and what it leaves alone, however it is worded and however the command is."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tocsin.incident.book import InForce
from tocsin.incident.state import StepRecord
from tocsin.knowledge import load_knowledge
from tocsin.playbook import act, forbid
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.model import Forbids, Prohibition
from tocsin.run.guard import Allowed, Forbidden, NeedsApproval, Verdict, judge
from tocsin.words import Act, Effect, StepState

from .prohibited import KINDS
from .scene import Scene

REFUSED = [(name, command) for name, kind in KINDS.items() for command in kind.refused]
FREE = [(name, command) for name, kind in KINDS.items() for command in kind.free]
WORDED = [(name, order) for name, kind in KINDS.items() for order in kind.orders]


def write(*orders: str) -> Scene:
    """A scene whose playbook forbids these, one line each."""
    items = "\n".join(f"- {order}" for order in orders)
    return Scene(f"\n### Mitigation\n\n```bash\ndf -h\n```\n\n**DO NOT:**\n\n{items}\n")


SCENES = {name: write(kind.orders[0]) for name, kind in KINDS.items()}


def ask(scene: Scene, command: str) -> Verdict:
    return judge(scene.typed(command), scene.incident, scene.book)


def is_refused(scene: Scene, command: str) -> bool:
    return isinstance(ask(scene, command), Forbidden)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_ten_of_each(kind: str) -> None:
    assert min(len(KINDS[kind].refused), len(KINDS[kind].free)) >= 10


@pytest.mark.parametrize(("kind", "command"), REFUSED)
def test_what_a_prohibition_means_is_refused(kind: str, command: str) -> None:
    assert is_refused(SCENES[kind], command)


@pytest.mark.parametrize(("kind", "command"), FREE)
def test_what_a_prohibition_does_not_mean_is_not(kind: str, command: str) -> None:
    assert not is_refused(SCENES[kind], command)


@pytest.mark.parametrize(("kind", "order"), WORDED)
def test_however_it_is_worded_it_means_the_same(kind: str, order: str) -> None:
    scene = write(order)
    assert [command for command in KINDS[kind].refused if not is_refused(scene, command)] == []
    assert [command for command in KINDS[kind].free if is_refused(scene, command)] == []


# ── which line is cited ────────────────────────────────────────────────────────────────────────────────────────────

ORDERS = (
    "Delete the compromised container",
    "Restart services (destroys evidence)",
    "Modify logs",
    "Communicate publicly before Security approval",
)
BREACH = write(*ORDERS)


def cited(command: str, scene: Scene = BREACH) -> tuple[str, ...]:
    """The orders that a refusal names, in its order."""
    verdict = ask(scene, command)
    assert isinstance(verdict, Forbidden), verdict
    return tuple(
        order for _, order in sorted((verdict.why.find(order), order) for order in ORDERS) if order in verdict.why
    )


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (": > /var/log/nginx/access.log", (2,)),
        ("sed -i s/x/y/ /var/log/nginx/access.log", (2,)),
        ("rm /var/log/auth.log", (2, 0)),
        ("echo x >> /var/log/auth.log", (2,)),
        ("echo cm0gL3Zhci9sb2cvYXV0aC5sb2cK | base64 -d | sh", (2, 0, 1, 3)),
        ("docker restart web", (1,)),
        ("rm -rf /srv/data", (0,)),
        ("history -c", (2,)),
        ("curl -X POST https://api.statuspage.io/v1/x -d a=b", (3,)),
        ("docker restart web && curl -d a=b https://hooks.slack.com/x", (3, 1)),
        ("docker $(echo restart) web", (1, 0, 2, 3)),
        ("docker ${x:-restart} web", (1, 0, 2, 3)),
        ("bash <(echo docker restart web)", (1, 0, 2, 3)),
        ("kubectl delete pod web-1", (1, 0, 2)),
        ("docker rm -f web && docker run --name web x", (1, 0, 2)),
        ("echo ${x:-`docker restart web`}", (1,)),
    ],
)
def test_all_lines_that_cover_it_are_cited_the_closest_first(command: str, lines: tuple[int, ...]) -> None:
    assert cited(command) == tuple(ORDERS[line] for line in lines)


def test_the_line_of_a_refusal_is_the_first_one_cited() -> None:
    verdict = ask(BREACH, "rm /var/log/auth.log")
    assert isinstance(verdict, Forbidden)
    rule = next(rule for rule in BREACH.book.prohibitions(BREACH.incident) if rule.text == "Modify logs")
    assert verdict.line == rule.line
    assert verdict.why.startswith(f"Line {rule.line} forbids it: Modify logs · Line ")


def test_what_is_lifted_leaves_the_others() -> None:
    scene = write(*ORDERS)
    logs = next(rule for rule in scene.book.prohibitions(scene.incident) if rule.text == "Modify logs")
    scene.incident = replace(scene.incident, lifted={logs.line: "sec"})
    assert not is_refused(scene, "echo x >> /var/log/auth.log")
    assert cited("rm /var/log/auth.log", scene) == (ORDERS[0],)
    assert cited(": > /var/log/auth.log", scene) == (ORDERS[1], ORDERS[0])


@pytest.mark.parametrize("broad", ["Make no changes", "Destroy evidence"])
def test_a_line_that_forbids_an_effect_itself_is_cited_beside_a_closer_one(broad: str) -> None:
    scene = write("Restart services (destroys evidence)", "Modify logs", broad)
    verdict = ask(scene, ": > /var/log/auth.log")
    assert isinstance(verdict, Forbidden)
    assert broad in verdict.why
    assert "Restart" not in verdict.why


def test_a_line_of_another_incident_that_only_shares_an_effect_is_not_cited_beside_a_closer_one() -> None:
    scene = write("Modify logs")
    restarts = BREACH.book.prohibitions(BREACH.incident)[1]
    scene.book = replace(scene.book, in_force=(InForce(incident="team-7", scenario="Breach", prohibition=restarts),))
    verdict = ask(scene, ": > /var/log/auth.log")
    assert isinstance(verdict, Forbidden)
    assert "team-7" not in verdict.why


def test_the_own_lines_are_cited_before_those_of_another_incident_however_close() -> None:
    scene = write("Delete the compromised container")
    rule = Prohibition(line=7, text="Modify logs", scope="scenario", forbids=Forbids(acts=(Act.LOGS,)))
    scene.book = replace(scene.book, in_force=(InForce(incident="team-7", scenario="Breach", prohibition=rule),))
    verdict = ask(scene, "rm /var/log/auth.log")
    assert isinstance(verdict, Forbidden)
    assert verdict.incident == ""
    assert "Line 7 too while team-7 (Breach) is open: Modify logs" in verdict.why


# ── what is a restart only together with a step before ─────────────────────────────────────────────────────────────


def by_act() -> Scene:
    """A scene that forbids restarts by nothing but what they do: `up` may replace a container, which has a tag."""
    scene = write("no restarts")
    (rule,) = scene.scenario.prohibitions
    scene.rule(prohibitions=(replace(rule, forbids=replace(rule.forbids, tags=())),))
    return scene


def after(stopped: str, state: StepState = StepState.OK, *, started: bool = True) -> Scene:
    """A scene that forbids restarts, in which a step has stopped something."""
    scene = by_act()
    record = StepRecord(step="S1", state=state, text=stopped, effect=Effect.MUTATE, started=started)
    scene.incident = replace(scene.incident, steps={"S1": record})
    return scene


AGAIN = [
    ("docker compose stop server", "docker start server"),
    ("docker compose stop server", "docker compose up -d"),
    ("docker compose stop server", "docker-compose -f prod.yml up -d"),
    ("docker compose down", "docker compose up -d server"),
    ("docker stop server", "sudo docker start server"),
    ("docker kill server", "docker run -d --name server shop"),
    ("systemctl stop nginx", "systemctl start nginx.service"),
    ("systemctl stop nginx", "service nginx start"),
    ("/etc/init.d/nginx stop", "/etc/init.d/nginx start"),
    ("kubectl scale deploy/web --replicas=0", "kubectl scale deploy/web --replicas=3"),
    ("pg_ctl stop -D /data", "pg_ctl start -D /data"),
    ("ssh web1 'systemctl stop nginx'", "ssh web1 'systemctl start nginx'"),
    ("docker pause server", "docker unpause server"),
]


@pytest.mark.parametrize(("stopped", "begun"), AGAIN)
def test_starting_what_a_step_of_the_incident_stopped_is_a_restart(stopped: str, begun: str) -> None:
    assert is_refused(after(stopped), begun)
    assert is_refused(after(stopped, StepState.FAILED, started=False), begun)
    assert not is_refused(after(stopped, StepState.WAITING, started=False), begun)
    assert not is_refused(by_act(), begun)


WRITTEN = [
    ("echo 'docker restart server' > x.sh", "sh x.sh"),
    ("printf 'kill -HUP 12\\n' | tee /tmp/x", "chmod +x /tmp/x && /tmp/x"),
    ("cat > /tmp/x.sh <<E\ndocker restart server\nE", "cd /tmp && bash ./x.sh"),
    ("curl -so /tmp/a http://h/x", "sh /tmp/a"),
]


@pytest.mark.parametrize(("wrote", "runs"), WRITTEN)
def test_what_an_earlier_step_wrote_into_a_script_is_what_the_script_does(wrote: str, runs: str) -> None:
    assert is_refused(after(wrote), runs)
    assert not is_refused(after(wrote, StepState.WAITING, started=False), runs)
    assert not is_refused(after("echo 'docker ps' > x.sh; echo uptime > /tmp/x; echo id > /tmp/a"), runs)


@pytest.mark.parametrize(
    ("stopped", "begun"),
    [
        ("docker compose stop server", "docker start db"),
        ("docker compose stop server", "docker compose up -d db"),
        ("docker compose stop server", "docker compose ps"),
        ("docker compose stop server", "docker logs server"),
        ("docker compose stop server", "systemctl start nginx"),
        ("systemctl stop nginx", "systemctl start postgres"),
        ("systemctl stop nginx", "systemctl status nginx"),
        ("docker ps", "docker start server"),
        ("docker compose stop server", "docker compose stop db"),
    ],
)
def test_starting_something_else_is_no_restart(stopped: str, begun: str) -> None:
    assert not is_refused(after(stopped), begun)


# ── what is a log because the playbook says so ─────────────────────────────────────────────────────────────────────

SHOWN = Scene(
    "\n### Diagnosis\n\n```bash\ntail -n 50 /opt/shop/logs/app.log\ngrep ERROR /opt/shop/out.log\ncat notes.txt\n```\n"
    "\n**DO NOT:**\n\n- Modify logs\n"
)


@pytest.mark.parametrize(
    "command",
    ["docker logs web > /opt/shop/logs/app.log", "cp x /opt/shop/out.log", "curl -o /opt/shop/out.log http://h/x"],
)
def test_a_log_that_the_playbook_shows_is_there_and_not_to_be_written(command: str) -> None:
    assert is_refused(SHOWN, command)
    assert not is_refused(SCENES["logs"], command)


@pytest.mark.parametrize(
    "command",
    [
        "docker logs web > /opt/shop/copy.log",
        "docker logs web > /tmp/app.log",
        "cp /opt/shop/out.log /evidence/",
        "date",
    ],
)
def test_a_new_file_beside_it_is_none(command: str) -> None:
    assert not is_refused(SHOWN, command)


# ── what no word maps ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["./scripts/fix.sh", "docker restart web", "rm -rf /srv/cache"])
def test_an_order_that_only_a_person_understands_stands_before_the_approval(command: str) -> None:
    scene = write("Let anyone into the war room")
    verdict = ask(scene, command)
    assert isinstance(verdict, NeedsApproval)
    assert verdict.by is None
    assert verdict.line == next(rule.line for rule in scene.book.prohibitions(scene.incident))
    assert "Let anyone into the war room" in verdict.why


def test_what_only_looks_needs_no_such_reminder() -> None:
    assert isinstance(ask(write("Let anyone into the war room"), "df -h"), Allowed)


def test_an_order_that_is_understood_is_no_reminder_for_what_it_does_not_mean() -> None:
    verdict = ask(write("Restart services"), "./scripts/fix.sh")
    assert isinstance(verdict, NeedsApproval)
    assert verdict.line is None


# ── what cannot be seen ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command",
    ["base64 -d x | sh", 'eval "$(cat x)"', "$(cat x)", "bash <(curl -s http://h)", 'sh -c "$X"', "x=$(cat y); $x"],
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_program_that_nobody_can_see_might_do_whatever_is_forbidden(kind: str, command: str) -> None:
    assert is_refused(SCENES[kind], command)


@pytest.mark.parametrize("depth", [1, 9, 40, 400])
def test_no_depth_of_nesting_gets_through_or_breaks_it(depth: int) -> None:
    assert is_refused(SCENES["logs"], "sudo " * depth + "rm /var/log/auth.log")
    assert is_refused(SCENES["logs"], "( " * depth + "rm /var/log/auth.log" + " )" * depth)


@pytest.mark.parametrize(
    "text", ["", "'", "$(", "<<X", "a |", "> ", "((", "\x00", "é > /var/log/é", "{" * 500, "x" * 20000]
)
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(act.find_acts(text), frozenset)


@pytest.mark.parametrize("name", ["bitcell", "monero-marketplace", "mycelia", "usdx-wexel", "virtengine"])
def test_no_playbook_forbids_its_own_looks(seeds: Path, name: str) -> None:
    (path,) = seeds.glob(f"{name}*.md")
    book = compile_playbook(path.read_bytes(), path.name, load_knowledge())
    rules = [*book.prohibitions, *(rule for each in book.scenarios for rule in each.prohibitions)]
    looks = [each for each in book.statements if each.effect.rank <= Effect.READ_SENSITIVE.rank]
    assert looks
    assert [each.text for each in looks if forbid.find_all(rules, each)] == []
