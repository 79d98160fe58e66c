"""Lets one statement after the other into a box, each into namespaces of its own; a process that `porter` has begun.

It is master of a namespace of users of its own, and in there alone. Each message on its socket is an order with the
descriptors that are named before it: `1` and `e` standard output and error, `r` both ends of where a statement's shell
reports, `d` where sockets are handed out, `o` the order itself where it is long. For each it enters new namespaces of
mounts, IPC and host names, and begins a new one of processes, whose first process does nothing but to be that. The
command is the usher's child, in all of them. When it ends, the first process is ended, and the kernel ends with it
whatever is left; then the usher leaves, and they are gone. A network of a statement's own is the usher's, as long as
that is as empty as a new one, which is made where it is not.

The usher answers `start`, just before it starts the command, `fail` where there turns out to be none, and `end CODE`
when no process is left. Then it comes home, which may take the kernel a while; if it cannot, it ends. Before `start`
comes nothing but `shut`: there are no namespaces to be had, or since it began something was mounted, moved or taken
away, so that the box may not hide any more what it did.

A statement cannot name, see, signal or trace the usher: it is in no namespace of processes that a statement is in. The
first process is in there, and shares the usher's memory, so that making it copies nothing: it sleeps in a call of the
kernel, takes no signal, and nobody in there may look into it.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from types import FrameType

from tocsin.integrations import doorway

CLONE_VM, CLONE_FILES, CLONE_VFORK = 0x100, 0x400, 0x4000
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = 0x20000, 0x4000000, 0x8000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
SPACES = {"mnt": CLONE_NEWNS, "pid": CLONE_NEWPID, "ipc": CLONE_NEWIPC, "uts": CLONE_NEWUTS}
"""A statement's own, as `/proc/self/ns` calls them."""
APART = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS
"""An usher's own. From linux/sched.h."""
CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the call: no library has it in a form that forks."""
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
"""From linux/prctl.h."""
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
"""From linux/mount.h."""

SHARED, TERMINALS, HOSTS = "/dev/shm", "/dev/pts", "/etc/hosts"  # noqa: S108 the step's own
COUNTED = (b"used", b"inuse", b"tw", b"memory")
"""In `sockstat`: sockets, those of each kind, ends of connections that linger, and pieces of messages."""
START_UP_FD = 198
"""Where a statement's shell finds what it reads first."""
MOST_MESSAGE, MOST_FDS = 2**17, 16
SHUT, START, FAIL, END = b"shut\n", b"start\n", b"fail\n", b"end %d\n"
STACK_BYTES = 2**18

IGNORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these, and so would whatever it starts."""
ALL_SIGNALS = sorted(signal.valid_signals())
ME = os.getuid(), os.getgid()
"""As it is called in the box; in namespaces of its own nobody has a name at first."""

LIBC = ctypes.PyDLL(None, use_errno=True)
SHARES_STACKS = sys.version_info < (3, 14)
"""Later ones look where the stack lies, and take another one for the end of theirs."""
Fds = dict[str, int]


def be(link: int, saying: int, limits: list[str], *, is_apart: bool) -> None:
    """The life of an usher; never returns. It says on a pipe that it has looked at the box."""
    try:
        made = Usher(socket.socket(fileno=link), limits, is_apart=is_apart)
        os.write(saying, b"!")
        os.close(saying)
        while made.serve():
            pass
    finally:
        os._exit(0)


def clone(flags: int) -> int:
    """Fork into new namespaces; 0 in the child. Raises `OSError` where that is not allowed."""
    process: int = LIBC.syscall(CLONE[os.uname().machine], flags | signal.SIGCHLD, 0, 0, 0, 0)
    _check(process >= 0, "clone")
    return process


def receive(link: socket.socket) -> tuple[bytes, list[int]]:
    """A message and the descriptors with it, which no program inherits: `recv_fds` cannot be told so."""
    size = socket.CMSG_SPACE(MOST_FDS * array.array("i").itemsize)
    message, brought, _, _ = link.recvmsg(MOST_MESSAGE, size, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, content in brought:
        fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return message, fds.tolist()


def read_mounts() -> bytes:
    """What is mounted where, as the kernel tells."""
    return _read_all("/proc/self/mountinfo")


def _read_all(path: str) -> bytes:
    fd, parts = os.open(path, os.O_RDONLY | os.O_CLOEXEC), []
    try:
        while part := os.read(fd, 2**16):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts)


class Order:
    """What is to be run; `berth.Order` spells it."""

    def __init__(self, content: bytes) -> None:
        fields = iter(content.decode(errors="surrogateescape").split("\0"))
        self.directory, self.shared, self.report, self.start_up, self.hosts = (next(fields) for _ in range(5))
        self.places, self.argv, self.otherwise, env = ([next(fields) for _ in range(int(next(fields)))] for _ in "1234")
        self.env = dict(each.split("=", 1) for each in env)


class Unmade(Exception):
    """There are no namespaces to be had: nothing was begun, and another box may do."""


class Usher:
    """One usher, in its own namespaces, to which it comes home after each statement."""

    def __init__(self, link: socket.socket, limits: list[str], *, is_apart: bool) -> None:
        if os.getpid() != 1:
            raise OSError("an usher signals everything that it can name, and it can name too much")
        self._link, self._is_apart = link, is_apart
        self._become_master()
        spaces = SPACES | ({"net": CLONE_NEWNET} if is_apart else {})
        self._home = [(os.open(f"/proc/self/ns/{name}", os.O_RDONLY), flag) for name, flag in spaces.items()]
        self._spaces, self._mounts = sum(SPACES.values()), read_mounts()
        if is_apart:
            doorway.raise_loopback()
        self._null = os.open(os.devnull, os.O_RDONLY)
        self._stacks = [_Stack(), _Stack()]
        self._sleep = ctypes.cast(LIBC.pause, ctypes.c_void_p)
        self._mount_inside = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(self._try_to_mount)
        self._refused: OSError | None = None
        bound(limits)

    def _become_master(self) -> None:
        """Of namespaces in which nobody has a name at first; what this process holds is nobody's business."""
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
        signal.signal(signal.SIGTERM, _end_all)

    def serve(self) -> bool:
        """Let the next statement in and see it out; false where there is none any more."""
        message, given = receive(self._link)
        if not message:
            return False
        names, _, content = message.partition(b"\n")
        fds = dict(zip(names.decode(), given))  # noqa: B905 older than that argument
        code = 127
        try:
            if read_mounts() != self._mounts:
                self._link.send(SHUT)
                return False
            order = Order(content or os.pread(fds["o"], os.fstat(fds["o"]).st_size, 0))
            code = self._let_in(order, fds)
        except Unmade as error:
            os.write(fds["e"], f"no namespaces for a step: {error}\n".encode())
            self._link.send(SHUT)
            return False
        except OSError as error:
            os.write(fds["e"], f"no box for a step: {error}\n".encode())
        finally:
            shut(fds)
        self._link.send(END % code)
        self._come_home()
        return True

    def _let_in(self, order: Order, fds: Fds) -> int:
        """Run an order where nobody is but it; its exit code, as a shell has it. All of it has ended then."""
        try:
            network = self._choose_network(order)
            _check(LIBC.unshare(self._spaces | network) == 0, "unshare")
            first = self._begin_processes()
        except OSError as error:
            raise Unmade(str(error)) from error
        try:
            self._settle(order)
            if network:
                open_doors(order, fds)
            code = self._run(order, fds)
        finally:
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
        return code if code >= 0 else 128 - code

    def _choose_network(self, order: Order) -> int:
        """The usher's own will do where nothing is to be put there, and nothing is left of who was in it before: no
        statement has the power to change anything else of it. To make one takes longer than all the rest.
        """
        return CLONE_NEWNET if self._is_apart and (order.places or not is_empty_network()) else 0

    def _begin_processes(self) -> int:
        """The first process of a statement's own. What has no parent any more is its child, and it takes in nobody:
        whoever ignores that children end need not. No signal of anybody in there reaches it.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ALL_SIGNALS)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            return self._clone(self._sleep, self._stacks[0], CLONE_VM | CLONE_FILES)
        finally:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _clone(self, call: object, stack: _Stack, flags: int) -> int:
        process: int = LIBC.clone(call, stack.top, flags | signal.SIGCHLD, None)
        _check(process > 0, "clone")
        return process

    def _settle(self, order: Order) -> None:
        """Make the new namespaces what a statement expects. Who mounts its processes must be one of them: that is a
        process of this one's memory, for which this one waits.
        """
        if SHARES_STACKS:
            other = self._clone(self._mount_inside, self._stacks[1], CLONE_VM | CLONE_VFORK)
        else:
            other = os.fork()
            if other == 0:
                os._exit(self._try_to_mount(None))
        _, status = os.waitpid(other, 0)
        if status:
            raise self._refused or OSError("/proc refused")
        mount("tmpfs", SHARED, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=0755,size={order.shared}")
        mount("devpts", TERMINALS, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
        os.chdir(order.directory)

    def _try_to_mount(self, _: object) -> int:
        try:
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        except OSError as error:
            self._refused = error
            return 1
        return 0

    def _run(self, order: Order, fds: Fds) -> int:
        os.environ["PATH"] = order.env.get("PATH", os.defpath)
        actions = spell_actions(order, fds, self._null)
        self._link.send(START)
        try:
            process = start(order.argv, order, actions)
        except OSError:
            if not order.otherwise:
                self._link.send(FAIL)
                raise
            process = start(order.otherwise, order, actions)
        shut(fds)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def _come_home(self) -> None:
        """Leave a statement's namespaces, of which nothing is left then."""
        for fd, kind in self._home:
            _check(LIBC.setns(fd, kind) == 0, "setns")


class _Stack:
    """Where a process of the same memory has its own."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, STACK_BYTES)
        self.top = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self._memory)) + STACK_BYTES - 64)


def is_empty_network() -> bool:
    """Whether no socket is in this network, nor the rest of one: of the last statement's, or of one handed on."""
    words: list[bytes] = []
    for name in ("sockstat", "sockstat6"):
        with contextlib.suppress(FileNotFoundError):
            words += _read_all(f"/proc/self/net/{name}").split()
    return b"used" in words and all(words[at + 1] == b"0" for at, word in enumerate(words) if word in COUNTED)


def open_doors(order: Order, fds: Fds) -> None:
    """Fill a network in which nothing is: with itself, what listens for the step, and names for that."""
    doorway.raise_loopback()
    if "d" in fds:
        doorway.hand_out(fds.pop("d"), [doorway.listen(at, place) for at, place in enumerate(order.places)])
    real = os.path.realpath(HOSTS) if order.hosts else ""
    if real and os.path.isfile(real):  # noqa: PTH113
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


def spell_actions(order: Order, fds: Fds, null: int) -> list[tuple[int, ...]]:
    """The descriptors that the command has; every other is closed when it begins."""
    given = [(null, 0), (fds["1"], 1), (fds["e"], 2)]
    if "r" in fds:
        given += [(fds["r"], int(order.report) + at) for at in range(2)]
    if order.start_up:
        fds["s"], writing = os.pipe()
        os.write(writing, order.start_up.encode(errors="surrogateescape"))
        os.close(writing)
        given.append((fds["s"], START_UP_FD))
    return [(os.POSIX_SPAWN_DUP2, *each) for each in given]


def shut(fds: Fds) -> None:
    """Hold them no more."""
    while fds:
        os.close(fds.popitem()[1])


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
    """Raises `OSError` if there is no such program; then nothing was begun. It has a session of its own: whoever
    signals all of theirs does not mean the usher.
    """
    return os.posix_spawnp(
        argv[0], argv, order.env, file_actions=actions, setsid=True, setsigmask=[], setsigdef=IGNORED
    )


def _end_all(number: int, frame: FrameType | None) -> None:
    """What an usher can name is what it has let in."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGTERM)


def _control(option: int, value: int) -> None:
    _check(LIBC.prctl(option, value, 0, 0, 0) == 0, "prctl")


def _check(is_done: bool, what: str) -> None:
    if not is_done:
        raise OSError(ctypes.get_errno(), f"{what} refused ({os.strerror(ctypes.get_errno())})")
