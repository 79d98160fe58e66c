"""What the settings say of other machines: how it becomes targets, and each problem with its line and a way out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tocsin.app.reaching import Reaching
from tocsin.app.workspace import Workspace, load_workspace
from tocsin.integrations.ssh.way import Far
from tocsin.integrations.within import Within

from .till import TODAY, make_till, problems

KNOWN = "[127.0.0.*]:22 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n"
SSH = """
[teams.till.targets."web-{1..3}"]
kind = "ssh"
host = "10.0.0.{11..13}"
user = "looker"
key = "secrets/look"
change_user = "doer"
change_key = "secrets/do"
directory = "/srv"
env = { REGION = "eu-1" }

[teams.till.targets.bastion]
kind = "ssh"
host = "bastion.example.net"
port = 2222
user = "looker"
key = "secrets/look"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_till(tmp_path)
    for name in ("look", "do"):
        key = root / "secrets" / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (root / "secrets" / "known_hosts").write_text(KNOWN)
    return root


def add(root: Path, tables: str) -> Workspace:
    path = root / "tocsin.toml"
    path.write_text(path.read_text() + tables)
    return load_workspace(root, TODAY)


def complain(root: Path, tables: str) -> list[tuple[str, str, str]]:
    """What is said of them: the line that each problem stands on, its path, its words."""
    path = root / "tocsin.toml"
    text = path.read_text() + tables
    path.write_text(text)
    return [(text.splitlines()[line - 1], where, what) for line, where, what in problems(root)]


def test_a_range_is_as_many_targets_each_with_its_own_host(root: Path) -> None:
    made = add(root, SSH)
    names = ["till/web-1", "till/web-2", "till/web-3", "till/bastion"]
    assert list(made.inventory) == names
    reaching = Reaching()
    spots = [reaching.find(root, made.inventory, name) for name in names]
    assert all(isinstance(spot, Far) for spot in spots)
    ways = [spot.read for spot in spots if isinstance(spot, Far)]
    assert [str(way) for way in ways] == [
        "looker@10.0.0.11:22", "looker@10.0.0.12:22", "looker@10.0.0.13:22", "looker@bastion.example.net:2222",
    ]  # fmt: skip
    first, last = spots[0], spots[-1]
    assert isinstance(first, Far)
    assert first.change is not None
    assert (first.change.user, first.change.key) == ("doer", (root / "secrets" / "do").read_bytes())
    assert isinstance(last, Far)
    assert last.change is None, "nobody is named who may change something"
    policies = made.settings.teams["till"].policy
    assert policies.target is not None
    assert policies.target.name == "till/local"
    assert [each.changes for each in policies.targets] == [True, True, True, True, False]


def test_a_group_is_its_members_in_their_order(root: Path) -> None:
    group = (
        '[teams.till.targets.webs]\nkind = "group"\nmembers = ["web-{1..2}", "web-3"]\norder = "canary"\nat_once = 3\n'
    )
    made = add(root, SSH + group)
    (policy,) = [each for each in made.settings.teams["till"].policy.targets if each.kind == "group"]
    assert policy.members == ("till/web-1", "till/web-2", "till/web-3")
    assert (policy.order, policy.at_once, policy.changes) == ("canary", 3, True)


def test_a_jump_host_is_reached_as_whoever_only_reads(root: Path) -> None:
    made = add(root, SSH.replace('directory = "/srv"', 'directory = "/srv"\njump = "bastion"'))
    spot = Reaching().find(root, made.inventory, "till/web-1")
    assert isinstance(spot, Far)
    assert spot.change is not None
    assert spot.change.through is not None
    assert str(spot.change.through) == "looker@bastion.example.net:2222"


def test_containers_and_clusters_are_entered_by_their_tool(root: Path) -> None:
    made = add(
        root,
        SSH
        + """
[teams.till.targets.db]
kind = "container"
tool = "docker compose"
container = "postgres"
on = "web-1"
user = "reader"
change_user = "postgres"

[teams.till.targets.pods]
kind = "cluster"
on = "local"
kubeconfig = "/etc/kube/view"
namespace = "shop"
pod = "deploy/web"
""",
    )
    reaching = Reaching()
    db, pods = (reaching.find(root, made.inventory, f"till/{name}") for name in ("db", "pods"))
    assert isinstance(db, Within)
    assert db.read == ("docker", "compose", "exec", "-T", "--user", "reader", "postgres", "sh", "-s")
    assert db.change == ("docker", "compose", "exec", "-T", "--user", "postgres", "postgres", "sh", "-s")
    assert isinstance(pods, Within)
    assert pods.read == ("kubectl", "exec", "-i", "--namespace", "shop", "deploy/web", "--", "sh", "-s")
    assert (pods.change, pods.beside) == (None, {"KUBECONFIG": "/etc/kube/view"})


def test_what_needs_the_machine_of_another_node_is_left_to_it(root: Path) -> None:
    path = root / "tocsin.toml"
    path.write_text(path.read_text().replace('kind = "local"', 'kind = "local"\nnode = "rack-1"', 1))
    more = """[teams.till.targets.db]
kind = "container"
container = "db"
on = "local"

[teams.till.targets.both]
kind = "group"
members = ["web-1", "db"]
"""
    add(root, SSH + more)
    there, here = (load_workspace(root, TODAY, node=node).elsewhere for node in ("rack-2", "rack-1"))
    assert there == dict.fromkeys(("till/local", "till/db", "till/both"), "rack-1")
    assert here == {}


def test_the_examples_of_the_documentation_hold(root: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "targets.md").read_text()
    blocks = [part.partition("```")[0] for part in text.split("```toml\n")[1:]]
    tables = "\n".join(blocks).replace("teams.chain", "teams.till").replace("teams.shop", "teams.till")
    before, _, after = tables.partition("[teams.till.targets.bastion]")
    assert "targets.local" in before
    web = '[teams.till.targets.web-1]\nkind = "ssh"\nhost = "w"\nuser = "u"\nkey = "secrets/look"\n'
    people = "".join(f'[people.{each}]\nname = "{each}"\nchannels = ["terminal"]\n' for each in ("ana", "bo"))
    made = add(root, f"\n{people}{web}[teams.till.targets.bastion]{after}")
    kinds = [each.kind for each in made.settings.teams["till"].policy.targets]
    assert [kinds.count(kind) for kind in ("local", "ssh", "group", "container", "cluster")] == [1, 12, 1, 1, 1]


def test_the_keys_are_hidden_from_steps_wherever_they_lie(root: Path, tmp_path: Path) -> None:
    from tocsin.app.guarding import find_places

    key = tmp_path / "elsewhere"
    (root / "secrets" / "look").rename(key)
    made = add(root, SSH.replace("secrets/look", str(key)))
    assert key in find_places(made, root / ".tocsin")["till/local"].box.private


FAULTS = [
    ('kind = "ssh"\nhost', 'kind = "shh"\nhost', 'kind = "shh"', "`kind` must be one of"),
    ("{11..13}", "{11..14}", 'host = "10.0.0.{11..14}"', "4 hosts of 3 names"),
    ("{1..3}", "{1..9999}", '[teams.till.targets."web-{1..9999}"]', "more than 1000"),
    ("web-{1..3}", "web {1..3}", '[teams.till.targets."web {1..3}"]', "no name of a target"),
    ('host = "bastion.example.net"', 'host = "-oProxyCommand=x"', 'host = "-oProxyCommand=x"', "no name or address"),
    ('user = "looker"', 'user = "a b"', 'user = "a b"', "no name of a user"),
    ('key = "secrets/do"', "", 'change_user = "doer"', "add `change_key`"),
    ('key = "secrets/look"', 'key = "secrets/none"', 'key = "secrets/none"', "put the private key in it"),
    ('key = "secrets/look"', 'key = "secrets/known_hosts"', 'key = "secrets/known_hosts"', "no private key"),
    ('directory = "/srv"', 'jump = "web-2"\ndirectory = "/srv"', 'jump = "web-2"', "circle"),
    ('directory = "/srv"', 'jump = "local"\ndirectory = "/srv"', 'jump = "local"', "no ssh target 'local'"),
    ('directory = "/srv"', 'known_hosts = "secrets/no"', 'known_hosts = "secrets/no"', "ssh-keyscan"),
    ('directory = "/srv"', 'known_hosts = "secrets/empty"', 'known_hosts = "secrets/empty"', "names no host"),
    ('directory = "/srv"', "check_host_key = false", "check_host_key = false", "is not a setting"),
    ('directory = "/srv"', "known_hosts = false", "known_hosts = false", "this is False"),
    ('directory = "/srv"', "timeout_s = 0", "timeout_s = 0", "between 1"),
    ("REGION", '"a-b"', 'env = { "a-b" = "eu-1" }', "cannot be set"),
    ("port = 2222", "port = 99999", "port = 99999", "65535"),
]


@pytest.mark.parametrize(("before", "after", "line", "says"), FAULTS, ids=[each[3] for each in FAULTS])
def test_every_fault_is_told_with_its_line(root: Path, before: str, after: str, line: str, says: str) -> None:
    (root / "secrets" / "empty").write_text("# nobody yet\n")
    (root / "secrets" / "known_hosts").chmod(0o600)
    assert before in SSH
    change = f"change_{before}" if before == 'key = "secrets/do"' else before
    found = complain(root, SSH.replace(change, after, 1))
    assert any(line in written and (says in what or says == "add `change_key`") for written, _, what in found), found
    assert all(where.startswith("teams.till.targets") for _, where, _ in found)


def test_a_key_that_others_may_read_is_told(root: Path) -> None:
    (root / "secrets" / "look").chmod(0o644)
    assert any("chmod 600" in what for _, _, what in complain(root, SSH))


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ("members = []", "it is empty"),
        ('members = ["web-{1..4}"]', "web-4"),
        ('members = ["web-1", "web-{1..2}"]', "named twice"),
        ('members = ["webs"]', "no group itself"),
        ('members = ["web-1"]\noperators = ["zoe"]', "'zoe' is nobody here"),
        ('members = ["web-1"]\norder = "any"', "any"),
        ('members = ["web-1"]\nat_once = 0', ">= 1"),
    ],
)
def test_faults_of_groups(root: Path, group: str, says: str) -> None:
    found = complain(root, f'{SSH}[teams.till.targets.webs]\nkind = "group"\n{group}\n')
    assert any(says in what for _, _, what in found), found
