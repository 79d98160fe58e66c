"""Attacks from inside a step: on the workspace's secrets and data, on its settings and playbooks, as whoever serves.

Where the tests run as root, each attack is made three times: by a server that is an ordinary user (in a child that
becomes one), by root with bubblewrap, and by root with nothing but the steps' own uid.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tocsin.app.guarding import give_to_steps
from tocsin.app.workspace import load_workspace
from tocsin.errors import Rejected
from tocsin.integrations import isolation as isolation_room
from tocsin.integrations.isolation import STEP_UID

from .attack import CANARY, TODAY, Ground, may_make_namespaces

EVERYWHERE = pytest.mark.parametrize("base", ["/tmp", "/var/tmp"])

PLUNDER = r"""
for place in {places} . ..; do
  find -L "$place" -type f -readable -exec cat {{}} + 2>/dev/null
  for name in secrets/smtp .tocsin/credential hook; do cat "$place/$name"; done
done
cat /proc/[0-9]*/environ /proc/1/root{data}/keys/chain 2>/dev/null
cat ~+/secrets/* {data}/keys/chain {home}/.ssh/id
true
"""


def plunder(ground: Ground) -> str:
    """A script that prints whatever canary it gets at."""
    places = (ground.root, ground.link / "team", ground.root.with_name("neighbour"), ground.home, ground.data)
    return PLUNDER.format(places=" ".join(map(str, places)), data=ground.data, home=ground.home)


@EVERYWHERE
@pytest.mark.parametrize("directory", ["work", ".", ".."])
@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("linked", [False, True])
def test_no_secret_is_read(ground: Ground, directory: str, changes: bool, linked: bool) -> None:
    ground.target(directory=directory)
    code, said = ground.step(plunder(ground), changes=changes, root=ground.link / "team" if linked else None)
    assert code == 0
    assert CANARY not in said
    assert "No such file" in said or "Permission denied" in said


TAMPER = r"""
echo '[[command]]' >> commands.toml; echo '[[command]]' > {root}/commands.toml
for place in {root} {link}/team; do
  echo x >> $place/tocsin.toml; echo x >> $place/playbooks/till.md; echo x > $place/commands.toml
  rm -f $place/tocsin.toml $place/commands.toml $place/playbooks/till.md; rm -rf $place/playbooks $place/secrets
  mv $place/playbooks $place/old; mkdir -p $place/playbooks; echo x > $place/playbooks/till.md
  mv $place $place.old; mkdir -p $place; ln -s /etc $place/playbooks; touch $place/new; touch $place/secrets/new
  echo x > {data}/keys/chain; mv {data} {data}.old
done
mv {real} {real}.old; chmod -R 777 {root}
true
"""


@EVERYWHERE
@pytest.mark.parametrize("settings", [
    {"directory": "work"}, {"directory": "."}, {"directory": ".."}, {"directory": "/"}, {"directory": "playbooks"},
    {"directory": "work", "writable": ["..", "../playbooks", "../tocsin.toml", "../secrets", "../../.."]},
])  # fmt: skip
def test_no_setting_and_no_playbook_is_altered(ground: Ground, settings: dict[str, Any]) -> None:
    """An approved change must not approve the next one."""
    (ground.root / "commands.toml").unlink()
    ground.target(**settings)
    real = ground.root.parent
    script = TAMPER.format(root=ground.root, link=ground.link, data=ground.data, real=real)
    before = ground.snapshot()
    ground.step(script, changes=True)
    assert ground.snapshot() == before
    assert (ground.data / "keys" / "chain").read_text() == CANARY


def test_a_change_writes_its_own_directory_and_a_read_does_not(ground: Ground) -> None:
    code, _ = ground.step("touch kept && mkdir folder", changes=True)
    assert code == 0
    assert sorted(path.name for path in (ground.root / "work").iterdir()) == [".gitkeep", "folder", "kept"]
    if ground.server == "ordinary" or (ground.server == "root" and may_make_namespaces()):
        code, said = ground.step("touch never", changes=False)
        assert "Read-only" in said
        assert not (ground.root / "work" / "never").exists()


def test_a_checkout_elsewhere_is_seen_and_altered(ground: Ground) -> None:
    """What an ordinary target needs: a repository outside the workspace, as it is, and its programs."""
    repository = ground.folder / "shop"
    (repository / "bin").mkdir(parents=True)
    (repository / "bin" / "tool").write_text("#!/bin/sh\necho tool of $TEAM >> log; cat log\n")
    (repository / "bin" / "tool").chmod(0o755)
    if os.geteuid() == 0:
        os.chown(repository, STEP_UID, STEP_UID)
    ground.target(directory="../../shop", path=["bin"])
    code, said = ground.step("TEAM=blue tool && ls /usr/bin/env", changes=True)
    assert (code, said) == (0, "tool of blue\n/usr/bin/env\n")


def test_a_playbook_among_what_is_writable_stays_as_it_is(ground: Ground) -> None:
    """Neither it nor a folder above it can be moved away for another to stand there."""
    book = ground.root / "docs" / "ops" / "till.md"
    book.parent.mkdir(parents=True)
    shutil.move(ground.root / "playbooks" / "till.md", book)
    (ground.root / "docs" / "link.md").symlink_to("ops/till.md")
    settings = ground.root / "tocsin.toml"
    settings.write_text(settings.read_text().replace("playbooks/till.md", "docs/link.md"))
    ground.target(directory="docs", writable=["../work"])
    before = ground.snapshot()
    script = "rm -f link.md; mv ops old; mkdir -p ops; echo x > ops/till.md; echo x > link.md; mv ../docs ../d; true"
    ground.step(script, changes=True)
    assert ground.snapshot() == before


def test_an_own_uid_alone_does_not_keep_a_folder_that_it_owns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A playbook in a folder of the steps' own could be moved away: nothing runs until that is mended."""
    if os.geteuid() != 0:
        pytest.skip("only root has an own uid for steps")
    monkeypatch.setenv("HOME", "/root")
    with tempfile.TemporaryDirectory(prefix="tocsin-attack-") as folder:
        ground = Ground(Path(folder), "root without bubblewrap")
        os.chown(ground.root / "playbooks", STEP_UID, STEP_UID)
        with pytest.raises(Rejected, match=r"could alter .*playbooks.*mind its owner"):
            ground.step("true", changes=True)


def test_a_way_that_a_change_has_turned_opens_nothing(ground: Ground) -> None:
    """One change leaves a link where the settings name a writable folder; the next must not write where it leads."""
    elsewhere = ground.folder / "elsewhere"
    elsewhere.mkdir()
    ground.target(directory="work", writable=["out"])
    (ground.root / "work" / "out").symlink_to(elsewhere)
    ground.step(f"touch out/turned {elsewhere}/turned; true", changes=True)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("ground", ["ordinary"], indirect=True)  # Another uid is kept out by permissions.
def test_the_home_directory_is_empty_but_for_what_is_readable(ground: Ground) -> None:
    project = ground.home / "other" / "app"
    project.mkdir(parents=True)
    (project / ".env").write_text(CANARY)
    versions = ground.home / "versions"
    (versions / "3.1" / "bin").mkdir(parents=True)
    (versions / "3.1" / "bin" / "tool").write_text("#!/bin/sh\necho it runs\n")
    (versions / "3.1" / "bin" / "tool").chmod(0o755)
    (versions / "current").symlink_to("3.1")
    ground.target(directory="work", path=[str(versions / "current" / "bin")])
    _, said = ground.step(f"tool && grep -r canary {ground.home}; ls -A {ground.home}/other", changes=False)
    assert "it runs" in said
    assert CANARY not in said
    assert "No such file" in said


@pytest.mark.parametrize("ground", ["ordinary"], indirect=True)  # Another uid is kept out by permissions.
def test_a_credential_comes_in_by_its_own_name_alone(ground: Ground) -> None:
    ground.target(directory="work", readable=[str(ground.home), str(ground.home / ".aws")])
    _, said = ground.step(f"cat {ground.home}/.aws/credentials; echo; cat {ground.home}/.ssh/id", changes=False)
    assert said.count(CANARY) == 1
    assert f"{ground.home}/.ssh/id" in said


def test_secrets_are_not_readable_however_they_are_named(ground: Ground) -> None:
    ground.target(directory="work", readable=["../secrets", str(ground.data), "../.tocsin"], writable=["../secrets"])
    _, said = ground.step(plunder(ground), changes=True)
    assert CANARY not in said


@pytest.mark.parametrize("where", ["secrets/smtp", ".tocsin/credential", "hook"])
def test_an_own_uid_alone_is_not_believed(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mounts only permissions keep a secret: where they do not, nothing runs and the sentence names it."""
    if os.geteuid() != 0:
        pytest.skip("only root has an own uid for steps")
    monkeypatch.setenv("HOME", "/root")
    with tempfile.TemporaryDirectory(prefix="tocsin-attack-") as folder:
        ground = Ground(Path(folder), "root without bubblewrap")
        (ground.root / where).chmod(0o644)
        (ground.root / where).parent.chmod(0o755)
        with pytest.raises(Rejected, match=f"could read .*{where}.*chmod go-rwx"):
            ground.step("true")


@pytest.mark.parametrize("ground", ["ordinary"], indirect=True)  # Another uid is kept out by permissions.
def test_a_proof_that_cannot_fail_proves_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the mounts wrong, whatever the reason, it would be noticed before anything runs."""
    monkeypatch.setattr(isolation_room, "spell_mounts", lambda mounts, **how: ["--bind", "/", "/", "--dev", "/dev"])
    with pytest.raises(Rejected, match="could read"):
        ground.step("true")


def test_no_folder_is_given_to_steps_by_way_of_a_link(tmp_path: Path) -> None:
    """Where its directory holds another target's, a step may put a link there at any moment, while a server looks."""
    if os.geteuid() != 0:
        pytest.skip("only root gives folders away")
    ground = Ground(tmp_path, "root")
    settings, inner, victim = ground.root / "tocsin.toml", ground.root / "work" / "db", tmp_path / "victim"
    settings.write_text(settings.read_text() + '\n[teams.till.targets.b]\nkind = "local"\ndirectory = "work/db"\n')
    inner.mkdir()
    victim.mkdir()
    workspace = load_workspace(ground.root, TODAY)
    inner.rmdir()
    inner.symlink_to(victim)
    give_to_steps(workspace)
    assert victim.stat().st_uid == 0
    inner.unlink()
    inner.mkdir()
    give_to_steps(workspace)
    assert inner.stat().st_uid == STEP_UID


def test_a_target_that_does_not_hold_does_not_take_the_others_with_it(ground: Ground) -> None:
    """Its steps are refused with a sentence; the isolation of the machine stands."""
    closed = ground.folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "in").mkdir()
    settings = ground.root / "tocsin.toml"
    table = f'\n[teams.till.targets.b]\nkind = "local"\ndirectory = "{ground.root}/secrets"\n'
    settings.write_text(settings.read_text() + table)
    assert ground.step("echo fine") == (0, "fine\n")


@EVERYWHERE
@pytest.mark.own_tmp
def test_what_a_step_leaves_in_tmp_is_there_for_the_next_and_for_no_other_incident(ground: Ground) -> None:
    """Each step here is a server's first: what lies there outlives it."""
    _, said = ground.step("echo found > /tmp/incident-$(date +%Y).log; echo more > /var/tmp/more", changes=True)
    assert "left /tmp/incident-20" in said
    assert "found\n" in said
    code, said = ground.step("cat /tmp/incident-*.log /var/tmp/more; echo no > /tmp/read")
    assert (code, said.partition("\nleft")[0]) == (0, "no\nfound\nmore\n")
    _, said = ground.step("find /tmp /var/tmp -name 'tocsin-attack-*' -prune -o -type f -print", incident="till-2")
    assert said == ""
    assert not list(Path("/tmp").glob("incident-20*.log"))


@EVERYWHERE
@pytest.mark.own_tmp
def test_what_lies_in_tmp_leads_nobody_astray(ground: Ground) -> None:
    """Links to secrets, to everything, in the place of the workspace; a pipe; what nobody may enter; much depth."""
    first = ground.folder
    hostile = f"""cd /tmp; ln -s {ground.data}/keys/chain chain.txt; ln -s / all; mkfifo pipe; echo text > t; ln t hard
    mkdir shut; echo x > shut/x; chmod 0 shut; mv {first} {first}.old; rm -rf {first}; ln -s /etc {first}
    for n in $(seq 60); do mkdir d && cd d; done; echo deep > deep; chmod 0 /tmp; true"""
    code, said = ground.step(hostile, changes=True)
    assert (code, CANARY in said) == (0, False)
    assert {line.split()[1] for line in said.splitlines() if line.startswith("left")} >= {"/tmp/t", "/tmp/hard"}
    code, said = ground.step(f"cat /tmp/t; pwd; {plunder(ground)}", changes=True)
    assert (code, CANARY in said) == (0, False)
    assert said.startswith(f"text\n{ground.root.resolve()}/work\n")
    assert (ground.data / "keys" / "chain").read_text() == CANARY
