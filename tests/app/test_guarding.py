"""Attacks from inside a step: on the workspace's secrets and data, on its settings and playbooks, as whoever serves.

Where the tests run as root, each attack is made three times: by a server that is an ordinary user (in a child that
becomes one), by root with bubblewrap, and by root with nothing but the steps' own uid.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tocsin.app.guarding import find_place, isolate
from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Rejected
from tocsin.integrations import isolation as isolation_room
from tocsin.integrations.isolation import STEP_UID, Isolation
from tocsin.integrations.scratch import Scratches
from tocsin.integrations.shell import Shell
from tocsin.store.blobs import FileBlobs
from tocsin.timeline.events import StepFinished, StepRequested
from tocsin.words import Effect, Mode

TODAY = date(2026, 3, 2)
CANARY = "canary-5b1fd3c07a"
ORDINARY = 64421
"""A uid for the server that is not root's and not the steps'."""

PLAYBOOK = """\
# Till Playbook

### PLAY-001: Till Stuck

**Alert**: `TillStuck`

#### Detection

```bash
cat till.log
```
"""

SERVERS = ["ordinary", "root", "root without bubblewrap"] if os.geteuid() == 0 else ["ordinary"]


class Ground:
    """A workspace full of canaries below a folder of its own, a neighbour, a home, and a way in by a link."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server = folder, server
        self.root = folder / "real" / "team"
        self.link = folder / "link"
        self.data = folder / "data"
        self.home = folder / "home"
        self._lay_out()

    def _lay_out(self) -> None:
        self.folder.chmod(0o755)
        self.link.symlink_to(self.folder / "real")
        source = self.folder / "till.md"
        source.write_text(PLAYBOOK)
        for root in (self.root, self.root.with_name("neighbour")):
            initialise(root, [source], Mode.LIVE, TODAY)
            (root / ".tocsin").mkdir(mode=0o700)
            self._hide_one(root / ".tocsin" / "credential")
            self._hide_one(root / "secrets" / "smtp")
        for path in (self.data / "keys" / "chain", self.home / ".ssh" / "id", self.home / ".aws" / "credentials"):
            self._hide_one(path)
        (self.home / "tools").mkdir()
        self._hide_one(self.root / "hook")
        settings = self.root / "tocsin.toml"
        hook = '[channels.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\nsecret_file = "hook"\n'
        settings.write_text(settings.read_text() + hook)

    def _hide_one(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(CANARY)
        path.chmod(0o600)

    def target(self, **settings: object) -> None:
        """Set the target's table."""
        path = self.root / "tocsin.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        path.write_text(path.read_text().replace('directory = "work"', "\n".join(lines)))

    async def attack(
        self, script: str, *, changes: bool, root: Path | None = None, incident: str = "till-1"
    ) -> tuple[int, str]:
        """Run the script as a step of the server that serves the workspace at `root`; exit code and all it says, and
        the names of what it left.
        """
        os.environ["HOME"] = str(self.home)
        workspace = load_workspace(root or self.root, TODAY)
        found: Isolation | str = await isolate(workspace, self.data)
        if self.server == "root without bubblewrap":
            found = Isolation(uid=STEP_UID, staged=isinstance(found, Isolation) and found.staged)
        if isinstance(found, str):
            raise Rejected(found)
        blobs = FileBlobs(self.data / "blobs", pass_by)
        scratches = Scratches(self.data / "scratch")
        shell = Shell(
            lambda name: find_place(workspace, self.data, name), found, blobs, SystemClock(), pass_by, scratches
        )
        step = StepRequested(
            step="L1", text=script, target="till/local", effect=Effect.MUTATE, digest="d", timeout_s=30, changes=changes
        )
        finished = await shell.perform(Key(incident, 1), step)
        assert isinstance(finished, StepFinished)
        kept = (*(each.digest for each in finished.left), finished.stdout, finished.stderr)
        said = [await blobs.get(each) for each in kept if each]
        names = [f"\nleft {each.path} {each.size}" for each in finished.left]
        return finished.exit_code, b"".join(said).decode() + "".join(names)

    def serve(self, attack: Callable[[], Awaitable[Any]]) -> Any:
        """Make the attack as whoever the server is. An ordinary user owns all of the ground."""
        if self.server != "ordinary" or os.geteuid() != 0:
            return asyncio.run(_settle(attack))
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, ORDINARY, ORDINARY, follow_symlinks=False)
        return _become(ORDINARY, attack)

    def step(self, script: str, *, changes: bool = False, **how: Any) -> tuple[int, str]:
        """`attack`, as whoever the server is. Raises `Rejected` if the step was refused."""
        answer = self.serve(lambda: self.attack(script, changes=changes, **how))
        if isinstance(answer, str):
            raise Rejected(answer)
        return answer[0], answer[1]

    def snapshot(self) -> dict[str, tuple[int, bytes]]:
        """All files of the workspace but those in `work/`: what they are and what they hold."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if "work" not in path.relative_to(self.root).parts:
                mode = path.lstat().st_mode
                found[str(path)] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
        return found


async def _settle(attack: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await attack()
    except Rejected as refusal:
        return str(refusal)


def _become(uid: int, attack: Callable[[], Awaitable[Any]]) -> Any:
    """What the attack gives in a child of that uid."""
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads; the child runs only this
        child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        try:
            answer = asyncio.run(_settle(attack))
        except BaseException as error:  # noqa: BLE001 the parent fails the test with it
            answer = {"error": repr(error)}
        os.write(theirs, json.dumps(answer).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    answer = json.loads(content)
    assert not isinstance(answer, dict), answer
    return answer


EVERYWHERE = pytest.mark.parametrize("base", ["/tmp", "/var/tmp"])


@pytest.fixture
def base() -> str:
    """Where the ground lies: steps see `/var/tmp` as it is; `/tmp`, of which they have their own, they do not."""
    return "/var/tmp"


@functools.cache
def may_make_namespaces() -> bool:
    """Whether an ordinary user's bubblewrap can work at all here; in a changed root directory it cannot."""
    user = ORDINARY if os.geteuid() == 0 else None
    tried = subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], user=user, group=user, capture_output=True)
    return tried.returncode == 0


@pytest.fixture(params=SERVERS)
def ground(request: pytest.FixtureRequest, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("HOME", os.environ.get("HOME", "/"))
    folder = Path(tempfile.mkdtemp(prefix="tocsin-attack-", dir=base))
    made = Ground(folder, str(request.param))
    if made.server != "root without bubblewrap" and shutil.which("bwrap") is None:
        shutil.rmtree(folder)
        pytest.skip("bubblewrap is not installed")
    if made.server == "ordinary" and not may_make_namespaces():
        shutil.rmtree(folder)
        pytest.skip("this kernel, or this root directory, lets nobody but root make namespaces")
    yield made
    shutil.rmtree(folder)


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
