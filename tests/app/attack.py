"""A workspace full of canaries, and attacks on it from inside a step, as whoever serves."""

from __future__ import annotations

import asyncio
import encodings.idna  # noqa: F401  a child that becomes another user could not load it any more
import functools
import json
import os
import stat
import subprocess
import warnings
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.guarding import find_place, isolate
from tocsin.app.initialise import initialise
from tocsin.app.workspace import load_workspace
from tocsin.engine.clock import SystemClock
from tocsin.engine.contracts import Key
from tocsin.engine.failpoint import pass_by
from tocsin.errors import Rejected
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
        """Run the script as a step of the server that serves the workspace at `root`; exit code and all it says, the
        names of what it left, and what its record says that hindered it.
        """
        os.environ["HOME"] = str(self.home)
        workspace = load_workspace(root or self.root, TODAY)
        found: Isolation | str = await isolate(workspace, self.data)
        if self.server == "root without bubblewrap":
            best = found if isinstance(found, Isolation) else Isolation()
            found = msgspec.structs.replace(best, bwrap=None, uid=STEP_UID)
        if isinstance(found, str):
            raise Rejected(found)
        blobs = FileBlobs(self.data / "blobs", pass_by)
        scratches = Scratches(self.data / "scratch")
        shell = Shell(
            lambda name: find_place(workspace, self.data, name), found, blobs, SystemClock(), pass_by, scratches
        )
        step = StepRequested(
            step="L1",
            text=script,
            target="till/local",
            effect=Effect.MUTATE,
            digest="d",
            timeout_s=120,
            changes=changes,
        )
        finished = await shell.perform(Key(incident, 1), step)
        assert isinstance(finished, StepFinished)
        kept = (*(each.digest for each in finished.left), finished.stdout, finished.stderr)
        said = [await blobs.get(each) for each in kept if each]
        names = [f"\nleft {each.path} {each.size}" for each in finished.left]
        why = [f"\nwhy {finished.why}"] if finished.why else []
        return finished.exit_code, b"".join(said).decode() + "".join([*names, *why])

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


@functools.cache
def may_make_namespaces() -> bool:
    """Whether an ordinary user's bubblewrap can work at all here; in a changed root directory it cannot."""
    user = ORDINARY if os.geteuid() == 0 else None
    tried = subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], user=user, group=user, capture_output=True)
    return tried.returncode == 0
