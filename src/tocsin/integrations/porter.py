"""Lets statements into a box that stays laid out, each into namespaces of its own; runs in the box: ``porter FD``.

The box is made once, by bubblewrap, and this is its one process. For each statement it clones a child into new
namespaces of users, processes, mounts, IPC and names, and of the network unless the box has the machine's. The child is
the statement's first process: it mounts the statement's own `/proc`, `/dev/shm` and terminals, bounds itself and starts
the command. When that ends, the child ends, and the kernel ends with it whatever else is in there. So a statement finds
nothing of another but what the box itself keeps (`/tmp`), and none can see, signal or trace this process: it has no
number in there. The child has one, so nobody may look into it, and it holds nothing but what is its own statement's.

``run ID LETTERS NETWORK`` on the control socket brings an order, a pipe for answers, both outputs, and what else the
letters name; ``kill ID SIGNAL`` signals one. Answers: `start` just before the command is started, `fail` where it could
not be after all, `end CODE`. Before `start` comes nothing but `shut`: there are no namespaces to be had, or since the
box was made something was mounted, moved or taken away, so that it may not hide any more what it did.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
from types import FrameType

from tocsin.integrations import doorway, sieve

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x20000, 0x4000000, 0x8000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
APART = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
"""From linux/sched.h."""
CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the call: no library has it in a form that forks."""
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
"""From linux/prctl.h."""
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
"""From linux/mount.h."""

SHARED, TERMINALS, HOSTS = "/dev/shm", "/dev/pts", "/etc/hosts"  # noqa: S108 the step's own
START_UP_FD = 198
"""Where a statement's shell finds what it reads first."""
MOST_MESSAGE, MOST_FDS = 4096, 16
REAP_MS = 500
READY, SHUT, START, FAIL, END = b"ready", b"shut\n", b"start\n", b"fail\n", b"end %d\n"

IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these, and so would whatever it starts."""
ME = os.getuid(), os.getgid()
"""As it is called in the box; in namespaces of its own nobody has a name at first."""

LIBC = ctypes.PyDLL(None, use_errno=True)
Fds = dict[str, int]


def main(fd: int) -> int:
    """Serve until the other end of the control socket is gone."""
    control = socket.socket(fileno=fd)
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    known, inside = read_mounts(), dict[int, int]()
    poll = select.poll()
    poll.register(control, select.POLLIN)
    gc.disable()
    gc.freeze()
    sieve.install(sieve.spell())
    control.send(READY)
    while True:
        is_asked = poll.poll(REAP_MS if inside else None)
        reap(inside)
        if is_asked:
            message, fds = receive(control)
            if not message:
                return 0
            words = message.decode().split()
            if words[0] == "run":
                let_in(words, fds, control, known, inside)
            else:
                pass_on(int(words[1]), int(words[2]), inside)


def receive(control: socket.socket) -> tuple[bytes, list[int]]:
    """A message and the descriptors with it, which no program inherits: `recv_fds` cannot be told so."""
    size = socket.CMSG_SPACE(MOST_FDS * array.array("i").itemsize)
    message, brought, _, _ = control.recvmsg(MOST_MESSAGE, size, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, content in brought:
        fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return message, fds.tolist()


def read_mounts() -> bytes:
    """What is mounted where, as the kernel tells."""
    with open("/proc/self/mountinfo", "rb") as file:  # noqa: PTH123 no more is loaded than is needed here
        return file.read()


def let_in(words: list[str], fds: list[int], control: socket.socket, known: bytes, inside: dict[int, int]) -> None:
    """Begin a statement, if the box is still what it was."""
    held = dict(zip(words[2], fds))  # noqa: B905 older than that argument
    try:
        if read_mounts() != known:
            os.write(held["a"], SHUT)
            return
        process = clone(APART | (CLONE_NEWNET if words[3] == "apart" else 0))
        if process == 0:
            os.close(control.detach())
            be_first(held, is_apart=words[3] == "apart")
        inside[process] = int(words[1])
    except OSError as error:
        os.write(held["e"], f"no namespaces for a step: {error}\n".encode())
        os.write(held["a"], SHUT)
    finally:
        for fd in fds:
            os.close(fd)


def pass_on(number: int, which: int, inside: dict[int, int]) -> None:
    """Signal a statement's first process. It was not taken in yet, so that no other has its number."""
    for process in [process for process, each in inside.items() if each == number]:
        os.kill(process, which)


def clone(flags: int) -> int:
    """Fork into new namespaces; 0 in the child. Raises `OSError` where that is not allowed."""
    process: int = LIBC.syscall(CLONE[os.uname().machine], flags | signal.SIGCHLD, 0, 0, 0, 0)
    _check(process >= 0, "clone")
    return process


def reap(inside: dict[int, int]) -> None:
    """Take in what has ended."""
    while inside:
        process, _ = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        inside.pop(process, None)


def be_first(fds: Fds, *, is_apart: bool) -> None:
    """The life of a statement's first process; never returns."""
    code = 127
    try:
        order = Order(os.pread(fds["o"], os.fstat(fds["o"]).st_size, 0))
        settle(order)
        if is_apart:
            open_doors(order, fds)
        code = follow(order, fds)
    except BaseException as error:  # noqa: BLE001 whatever it is, nothing of this process goes on
        os.write(fds["e"], f"no box for a step: {error}\n".encode())
    finally:
        os._exit(code)


class Order:
    """What is to be run; `berths.spell_order` writes it."""

    def __init__(self, content: bytes) -> None:
        fields = iter(content.decode(errors="surrogateescape").split("\0"))
        self.directory, self.shared, self.report, self.start_up, self.hosts = (next(fields) for _ in range(5))
        self.places, self.limits, self.argv, self.otherwise, env = (
            [next(fields) for _ in range(int(next(fields)))] for _ in range(5)
        )
        self.env = dict(each.split("=", 1) for each in env)


def settle(order: Order) -> None:
    """Make the new namespaces what a step expects, and what this process holds nobody's business."""
    uid, gid = ME
    for name, text in (
        ("oom_score_adj", "1000"),
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)
    _control(PR_SET_DUMPABLE, 0)
    _control(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", SHARED, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=0755,size={order.shared}")
    mount("devpts", TERMINALS, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.chdir(order.directory)


def open_doors(order: Order, fds: Fds) -> None:
    """Fill a network in which nothing is: with itself, what listens for the step, and names for that."""
    doorway.raise_loopback()
    if "d" in fds:
        doorway.hand_out(fds["d"], [doorway.listen(at, place) for at, place in enumerate(order.places)])
    real = os.path.realpath(HOSTS)
    if order.hosts and os.path.isfile(real):  # noqa: PTH113
        spelt = f"{SHARED}/hosts"
        with open(spelt, "w") as file:  # noqa: PTH123
            file.write(order.hosts)
        mount(spelt, real, "", MS_BIND)
        mount("", real, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
        os.unlink(spelt)  # noqa: PTH108 it stays where it is mounted


def mount(what: str, where: str, kind: str, flags: int, options: str = "") -> None:
    """Raises `OSError` with the place."""
    done = LIBC.mount(what.encode(), where.encode(), kind.encode(), flags, options.encode())
    _check(done == 0, where)


def follow(order: Order, fds: Fds) -> int:
    """Start the command and wait for its end; its exit code, as a shell has it."""
    signal.signal(signal.SIGTERM, _end_all)
    os.environ["PATH"] = order.env.get("PATH", os.defpath)
    actions = spell_actions(order, fds)
    bound(order.limits)
    os.write(fds["a"], START)
    try:
        process = start(order.argv, order, actions)
    except OSError:
        if not order.otherwise:
            os.write(fds["a"], FAIL)
            raise
        process = start(order.otherwise, order, actions)
    for fd in (fds["1"], fds["e"]):
        os.close(fd)
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            code = code if code >= 0 else 128 - code
            os.write(fds["a"], END % code)
            return code


def spell_actions(order: Order, fds: Fds) -> list[tuple[int, ...]]:
    """The descriptors that the command has; every other is closed when it begins."""
    null = os.open(os.devnull, os.O_RDONLY)
    given = [(null, 0), (fds["1"], 1), (fds["e"], 2)]
    if "r" in fds:
        given += [(fds["r"], int(order.report) + at) for at in range(2)]
    if order.start_up:
        reading, writing = os.pipe()
        os.write(writing, order.start_up.encode(errors="surrogateescape"))
        os.close(writing)
        given.append((reading, START_UP_FD))
    return [(os.POSIX_SPAWN_DUP2, *each) for each in given]


def bound(limits: list[str]) -> None:
    """Bound this process, and so all that it starts: nothing in there is ever master of it. A bound that is lower
    already stays.
    """
    power = 0
    while LIBC.prctl(PR_CAPBSET_DROP, power, 0, 0, 0) == 0:
        power += 1
    for each in limits:
        which, most = map(int, each.split(":"))
        hard = resource.getrlimit(which)[1]
        if hard == resource.RLIM_INFINITY or most <= hard:
            resource.setrlimit(which, (most, most))


def start(argv: list[str], order: Order, actions: list[tuple[int, ...]]) -> int:
    """Raises `OSError` if there is no such program; then nothing was begun."""
    return os.posix_spawnp(argv[0], argv, order.env, file_actions=actions, setsigmask=[], setsigdef=IGNORED)


def _end_all(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGTERM)


def _control(option: int, value: int) -> None:
    _check(LIBC.prctl(option, value, 0, 0, 0) == 0, "prctl")


def _check(is_done: bool, what: str) -> None:
    if not is_done:
        raise OSError(ctypes.get_errno(), f"{what} refused ({os.strerror(ctypes.get_errno())})")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
