"""The targets that are not this machine itself: what a team's inventory says of each.

`[teams.ID.targets.NAME]` with a `kind`. A name with a range (`"validator-{1..10}"`) is as many targets, each with what
the same range makes of its `host`. Where a change would run as somebody else than a read, both are named; a target that
names nobody for changes is only read. With `terminal` every step there has a terminal of its own, else only what is
known to need one.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Allowed = tuple[Literal["read_sensitive", "privileged"], ...]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class SshTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind = "ssh"`: another machine. `user` with `key` reads, `change_user` with `change_key` changes.

    `host` is where it answers, `jump` the ssh target through which it is reached, `known_hosts` the list that its key
    must stand in. `aliases` are more names that the playbooks have for it. Steps begin in `directory`, find `env` set,
    and end after `timeout_s`; `output_kib` of what they print is kept.
    """

    kind: Literal["ssh"] = "ssh"
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22
    user: str
    key: str
    change_user: str | None = None
    change_key: str | None = None
    known_hosts: str = "secrets/known_hosts"
    jump: str | None = None
    aliases: tuple[str, ...] = ()
    directory: str = ""
    env: dict[str, str] = {}
    allow: Allowed = ()
    timeout_s: int = 60
    terminal: bool = False
    connect_s: Positive = 10
    output_kib: Positive = 65536


class ContainerTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind = "container"`: what runs in a container, entered by `tool` on the target `on`.

    `container` is its name, or that of the service for compose; `user` and `change_user` are users in it (null: its
    own).
    """

    kind: Literal["container"] = "container"
    tool: Literal["docker", "podman", "docker compose", "docker-compose", "podman-compose"] = "docker"
    container: str
    on: str
    user: str | None = None
    change_user: str | None = None
    changes: bool = False
    shell: str = "sh"
    aliases: tuple[str, ...] = ()
    directory: str = ""
    env: dict[str, str] = {}
    allow: Allowed = ()
    timeout_s: int = 60
    terminal: bool = False


class ClusterTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind = "cluster"`: a cluster, spoken to by `tool` on the target `on`; with a `pod`, what runs in that.

    `kubeconfig` says as whom reads speak to it, `change_kubeconfig` as whom changes do: paths on the target `on`.
    """

    kind: Literal["cluster"] = "cluster"
    tool: Literal["kubectl", "oc"] = "kubectl"
    on: str
    kubeconfig: str | None = None
    change_kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    shell: str = "sh"
    aliases: tuple[str, ...] = ()
    env: dict[str, str] = {}
    allow: Allowed = ()
    timeout_s: int = 60
    terminal: bool = False


class GroupTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`kind = "group"`: several targets at once, by name or range.

    `order` is `parallel` (at most `at_once`), `serial`, or `canary`: the first alone, and the others only if it went
    well. `stop_on_failure` begins no further one after a failure. What the playbook wants done at the same moment waits
    until each of the `operators` has said that they are ready, and then counts down `countdown_s`.
    """

    kind: Literal["group"] = "group"
    members: tuple[str, ...]
    order: Literal["parallel", "serial", "canary"] = "parallel"
    at_once: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    stop_on_failure: bool = True
    operators: tuple[str, ...] = ()
    countdown_s: Annotated[int, msgspec.Meta(ge=3, le=600)] = 10


Target = SshTarget | ContainerTarget | ClusterTarget | GroupTarget
KINDS: dict[str, type[SshTarget | ContainerTarget | ClusterTarget | GroupTarget]] = {
    "ssh": SshTarget,
    "container": ContainerTarget,
    "cluster": ClusterTarget,
    "group": GroupTarget,
}
