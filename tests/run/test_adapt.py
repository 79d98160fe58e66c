"""What runs where nobody sits: endless looks get an end, nothing asks for a password or a terminal, and it is said."""

from __future__ import annotations

import pytest

from tocsin.app.workspace import judge_typed
from tocsin.playbook.effect.catalogue import Catalogue, Entry
from tocsin.run.adapt import AT_TERMINAL, BOUND_S, Adapted, adapt
from tocsin.words import Effect, Tag

from .scene import JUDGE, Scene

ENDS = {
    "docker stats web-<id>": "docker stats --no-stream web-<id>",
    "sudo docker stats server": "sudo -n docker stats --no-stream server",
    "docker compose logs -f server": "docker compose logs --tail=200 server",
    "docker compose -f infra/x.yml logs -f --tail 50 server": "docker compose -f infra/x.yml logs --tail 50 server",
    "docker-compose logs -tf api": "docker-compose logs --tail=200 -t api",
    "docker logs -f web | grep -i error": "docker logs --tail=200 web | grep -i error",
    "docker logs --follow --since 10m web": "docker logs --since 10m web",
    "watch -n 5 'curl -s x | jq \".result\"'": "sh -c 'curl -s x | jq \".result\"'",
    "watch -n 2 docker ps": "docker ps",
    "watch -d -n1 df -h": "df -h",
    "tail -f /var/log/syslog": "tail -n 200 /var/log/syslog",
    "tail -fn 100 /var/log/syslog": "tail -n 100 /var/log/syslog",
    "tail -n100 -F x | grep err": "tail -n100 x | grep err",
    "journalctl -fu nginx": "journalctl -n 200 -u nginx",
    "journalctl -u nginx -f --since today": "journalctl -u nginx --since today",
    "top": "top -b -n 1",
    "top -b -d 2": "top -n 1 -b -d 2",
    "ping 10.0.0.1": "ping -c 4 10.0.0.1",
    "vmstat 1": "vmstat 1 3",
    "kubectl get pods -w -n prod": "kubectl get pods -n prod",
    "kubectl -n prod logs -f deploy/api": "kubectl -n prod logs --tail=200 deploy/api",
    "dmesg -wT": "dmesg -T",
    "mtr -n example.org": "mtr -r -c 10 -n example.org",
    "docker exec -it web top": "docker exec -i web top -b -n 1",
    "docker exec -u app web tail -f /var/log/x": "docker exec -u app web tail -n 200 /var/log/x",
    "kubectl exec -it web -n shop -- vmstat 1": "kubectl exec -i web -n shop -- vmstat 1 3",
}
"""What the playbook has → what runs."""


@pytest.mark.parametrize(("text", "runs"), ENDS.items())
def test_an_endless_look_has_a_bounded_form_and_it_is_said(text: str, runs: str) -> None:
    statement = JUDGE(text)
    assert Tag.ENDLESS in statement.tags
    adapted = adapt(statement)
    assert adapted.text == runs
    (note,) = adapted.notes
    assert text.removeprefix("sudo ").split("|")[0].strip() in note and note.startswith("As written it never ends")


@pytest.mark.parametrize("runs", ENDS.values())
def test_a_bounded_form_ends_and_only_looks(runs: str) -> None:
    judged = JUDGE(runs)
    assert Tag.ENDLESS not in judged.tags
    assert judged.effect.rank <= Effect.READ_SENSITIVE.rank


@pytest.mark.parametrize(
    "text", ["docker events", "docker events | grep die", "ssh web-1 'journalctl -f'", "stern api"]
)
def test_what_has_no_form_of_its_own_is_ended_after_a_while(text: str) -> None:
    adapted = adapt(JUDGE(text))
    first = text.split(" |")[0]
    assert adapted.text == text.replace(first, f"{{ timeout -s INT {BOUND_S} {first} || [ $? -eq 124 ]; }}")
    assert f"ended after {BOUND_S} seconds" in adapted.notes[0]


def test_a_loop_without_end_is_left_to_the_bound_of_its_target_and_it_is_said() -> None:
    text = "while true; do curl -s localhost; sleep 5; done"
    adapted = adapt(JUDGE(text))
    assert adapted.text == text and "stopped when its time on the target is over" in adapted.notes[0]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("sudo systemctl restart web", "sudo -n systemctl restart web"),
        ("sudo -u postgres psql -c 'select 1'", "sudo -n -u postgres psql -c 'select 1'"),
        ("sudo -n ls", "sudo -n ls"),
        ("df -h && sudo ls | sudo tee /tmp/x", "df -h && sudo -n ls | sudo -n tee /tmp/x"),
        ("for x in a b; do sudo cat $x; done", "for x in a b; do sudo -n cat $x; done"),
        ("x=$(sudo cat /etc/hostname)", "x=$(sudo -n cat /etc/hostname)"),
        ("echo sudo", "echo sudo"),
        ("echo 'sudo ls'", "echo 'sudo ls'"),
        ("docker-compose exec db psql -c 'select 1'", "docker-compose exec -T db psql -c 'select 1'"),
        ("docker compose exec -T db ls", "docker compose exec -T db ls"),
        ("docker exec -it web df -h", "docker exec -i web df -h"),
        ("docker exec -t web df -h", "docker exec web df -h"),
        ("echo x | docker exec -i db psql", "echo x | docker exec -i db psql"),
        ("kubectl exec -it pod-1 -- df -h", "kubectl exec -i pod-1 -- df -h"),
        ("sudo docker compose -f a.yml exec app ls", "sudo -n docker compose -f a.yml exec -T app ls"),
        ("docker run -it --rm alpine ls", "docker run -i --rm alpine ls"),
        ("docker run -t -d alpine sleep 9", "docker run -t -d alpine sleep 9"),
        ("kubectl exec web -c app -it -- df -t", "kubectl exec web -c app -i -- df -t"),
        ("kubectl run x -it --rm --image=a -- df", "kubectl run x -i --rm --image=a -- df"),
        ("ssh -t web-1 'sudo df -h'", "ssh web-1 'sudo df -h'"),
        ("ssh -p 22 -tt ana@web-1 df -t", "ssh -p 22 ana@web-1 df -t"),
        ("ssh -t web-1", "ssh -t web-1"),
    ],
)
def test_nothing_asks_for_a_password_or_a_terminal(text: str, runs: str) -> None:
    assert adapt(JUDGE(text)).text == runs


@pytest.mark.parametrize(
    "text", ["docker compose watch", "echo 'unclosed", "rm -rf /x", "", "docker stats --no-stream"]
)
def test_what_changes_something_cannot_be_read_or_ends_stays_as_it_is(text: str) -> None:
    adapted = adapt(JUDGE(text))
    assert (adapted.text, adapted.notes) == (text, ())


@pytest.mark.parametrize("text", ["docker exec -it web df -h", "kubectl exec web -it -- df", "ssh -t web-1 df"])
def test_a_terminal_that_is_left_out_is_told(text: str) -> None:
    adapted = adapt(JUDGE(text))
    assert adapted.notes == (f"Nobody sits at a terminal here: {text}. It runs as: {adapted.text}",)


NEEDY = (
    "aws ecs execute-command --cluster c --task t --interactive --command 'df -h'",
    "az container exec -g shop -n web --exec-command 'df -h'",
    "aws ssm start-session --target i-1 --document-name AWS-StartInteractiveCommand --parameters command='df -h'",
)


@pytest.mark.parametrize("text", NEEDY)
def test_what_refuses_to_run_without_a_terminal_has_one_and_it_is_told(text: str) -> None:
    statement = JUDGE(text)
    assert Tag.TERMINAL in statement.tags and Tag.INTERACTIVE not in statement.tags
    assert adapt(statement) == Adapted(text, (AT_TERMINAL,))


@pytest.mark.parametrize(
    "text", ["aws ecs execute-command --task t --command /bin/sh", "aws ssm start-session --target i-1",
             "az container exec -n web --exec-command 'bash'"],
)  # fmt: skip
def test_a_shell_for_somebody_is_no_command(text: str) -> None:
    assert Tag.INTERACTIVE in JUDGE(text).tags


def test_the_team_may_say_that_a_command_of_theirs_needs_one() -> None:
    """Then the terminal that it asks for is not taken from it, here or in the container."""
    entry = Entry(pattern="docker exec -it web report *", effect=Effect.READ, tags=(Tag.TERMINAL,), who="ana", when="x")
    statement = judge_typed(Catalogue((entry,)))("docker exec -it web report now")
    assert adapt(statement) == Adapted("docker exec -it web report now", (AT_TERMINAL,))


def test_what_is_bound_hashed_and_shown_is_what_runs() -> None:
    scene = Scene("\n### Diagnosis\n\n```bash\ndocker stats web-<id>\n```\n")
    task = scene.task("docker stats web-<id>", {"id": "7"})
    assert task.bound.text == 'docker stats --no-stream web-"${TOCSIN_P_ID}"'
    assert task.notes and task.statement.text == "docker stats web-<id>"
    assert Tag.ENDLESS in task.tags, "it does not run by itself for having been changed"


def test_a_file_that_is_named_before_the_verb_follows_nothing() -> None:
    assert JUDGE("docker compose -f x.yml logs web").tags == ()
    assert Tag.ENDLESS in JUDGE("docker compose -f x.yml logs -f web").tags
