"""Where the inventory's targets are, as the fleet is told: with the keys as they lie in their files now."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from tocsin.app.workspace import Workspace
from tocsin.engine.contracts import Blobs, Clock
from tocsin.engine.failpoint import Reach
from tocsin.engine.originals import Originals
from tocsin.engine.output import Outputs
from tocsin.engine.stops import Stops
from tocsin.errors import NotBegun
from tocsin.integrations.fleet import Away, Fleet, Local, Spot
from tocsin.integrations.inventory import ClusterTarget, ContainerTarget, SshTarget, Target
from tocsin.integrations.ssh.way import Far, Way
from tocsin.integrations.within import Within


class Reaching:
    """Finds spots. Files are read again only when they have changed."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[tuple[int, int], bytes]] = {}

    def find(self, root: Path, inventory: dict[str, Target], name: str) -> Spot | None:
        """Where the target ``team/name`` is; null for one of this machine. Raises `NotBegun` if a file is missing."""
        team, _, _ = name.partition("/")
        match inventory.get(name):
            case SshTarget() as target:
                return self._find_far(root, inventory, team, name, target)
            case ContainerTarget() as target:
                return _find_container(team, target)
            case ClusterTarget() as target:
                return _find_cluster(team, target)
        return None

    def _find_far(self, root: Path, inventory: dict[str, Target], team: str, name: str, target: SshTarget) -> Far:
        read = self._find_way(root, inventory, team, name, target, changes=False)
        change = self._find_way(root, inventory, team, name, target, changes=True) if target.change_key else None
        return Far(
            read=read,
            change=change,
            directory=target.directory,
            env=target.env,
            most=target.output_kib * 1024,
            terminal=target.terminal,
        )

    def _find_way(
        self, root: Path, inventory: dict[str, Target], team: str, name: str, target: SshTarget, *, changes: bool
    ) -> Way:
        key = target.change_key if changes and target.change_key else target.key
        through = inventory.get(f"{team}/{target.jump}") if target.jump is not None else None
        jump = None
        if isinstance(through, SshTarget):
            jump = self._find_way(root, inventory, team, f"{team}/{target.jump}", through, changes=False)
        return Way(
            name=name.partition("/")[2],
            host=target.host,
            port=target.port,
            user=target.change_user if changes and target.change_user else target.user,
            known=self._read(root / target.known_hosts),
            key=self._read(root / key),
            connect_s=target.connect_s,
            through=jump,
        )

    def _read(self, path: Path) -> bytes:
        try:
            found = path.stat()
            mark, known = (found.st_mtime_ns, found.st_ino), self._files.get(path)
            if known is None or known[0] != mark:
                known = self._files[path] = (mark, path.read_bytes())
        except OSError as error:
            raise NotBegun(f"Nothing was run: {path} cannot be read ({error.strerror}). Put it there again.") from error
        return known[1]


def _find_container(team: str, target: ContainerTarget) -> Within:
    composed = "compose" in target.tool
    entered = [*target.tool.split(), "exec", "-T" if composed else "-i"]

    def enter(user: str | None) -> tuple[str, ...]:
        return (*entered, *(("--user", user) if user else ()), target.container, target.shell, "-s")

    changes = target.changes or target.change_user is not None
    return Within(
        on=f"{team}/{target.on}",
        read=enter(target.user),
        change=enter(target.change_user or target.user) if changes else None,
        env=target.env,
        directory=target.directory,
        terminal=target.terminal,
    )


def _find_cluster(team: str, target: ClusterTarget) -> Within:
    words: tuple[str, ...] = ()
    if target.pod is not None:
        where = {"--context": target.context, "--namespace": target.namespace, "--container": target.container}
        options = [word for option, value in where.items() if value for word in (option, value)]
        words = (target.tool, "exec", "-i", *options, target.pod, "--", target.shell, "-s")
    return Within(
        on=f"{team}/{target.on}",
        read=words,
        change=words if target.change_kubeconfig else None,
        env=target.env,
        beside={"KUBECONFIG": target.kubeconfig} if target.kubeconfig else {},
        beside_change={"KUBECONFIG": target.change_kubeconfig} if target.change_kubeconfig else {},
        terminal=target.terminal,
    )


def open_fleet(
    local: Local,
    workspace: Callable[[], Workspace],
    blobs: Blobs,
    clock: Clock,
    reach: Reach,
    outputs: Outputs,
    originals: Originals | None = None,
    stops: Stops | None = None,
) -> Fleet:
    """What performs every step, by the inventory of the workspace as it is at that moment."""
    reaching = Reaching()

    @cache
    def go_away() -> Away:
        from tocsin.integrations.remote import Remote  # SSH takes long to load, and few need it
        from tocsin.integrations.ssh.link import Links

        return Remote(Links(), blobs, clock, reach, originals, stops)

    def find(name: str) -> Spot | None:
        return reaching.find(workspace().root, workspace().inventory, name)

    return Fleet(local, go_away, find, blobs, clock, outputs, stops)
