"""Runs a command as another uid and leaves nothing of it behind: ``python -IS leash.py UID COMMAND …``, as root.

``--sieve=HEX`` before the uid is a filter of the calls that the command has (`sieve`).
``--at=FOLDER=PLACE`` before the uid puts a folder at another place, for this command alone; ``--pin=FOLDER`` keeps a
folder in such a place as it was. A link that a command left there leads nowhere: no path inside is followed.
``--alone`` gives the command processes, terminals, shared memory and queues of its own, of which nothing is left when
it ends; ``--still`` lets it alter nothing of the disk but those places.

Whatever the command starts stays below this process, also what leaves its session or loses its parent; when the command
ends, or this process is told to end or loses its own parent, all of it is killed. The uid cannot signal this process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
"""From linux/prctl.h."""

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x8000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_SLAVE = 2, 4, 8, 32, 4096, 16384, 1 << 19
MOUNT_SETATTR, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, 0x8000, 1
"""From linux/sched.h and linux/mount.h; the number of the call is the same on every processor."""

SHARED = "mode=1777,size=1G"
"""How much a step's programs may share, as in bubblewrap (`box.SCRATCH_BYTES`)."""

LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, WITHIN = 444, 446, 3
"""From linux/landlock.h: no socket that others have by a name alone, and no signal to others."""

GRACE_S = 1.0
"""How long what is asked to end has for it."""


class _ToldToEnd(Exception):
    pass


def main(args: list[str]) -> int:
    """Run the command; its exit code, as a shell has it."""
    at = next(at for at, each in enumerate(args) if not each.startswith("--"))
    options, uid, command = args[:at], int(args[at]), args[at + 1 :]
    parent = os.getppid()
    _control(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _raise)
    _control(PR_SET_PDEATHSIG, signal.SIGTERM)
    code = 128 + signal.SIGTERM
    try:
        if os.getppid() == parent:
            code = _run(options, uid, command)
    except _ToldToEnd:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end(signal.SIGTERM, GRACE_S)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end(signal.SIGKILL, None)
    return code


def _run(options: list[str], uid: int, command: list[str]) -> int:
    is_alone = "--alone" in options
    if is_alone:
        _check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWPID | CLONE_NEWIPC), "unshare")
    child = os.fork()
    if child == 0:
        (_be_first if is_alone else _become)(options, uid, command)
    code = _wait_for(child)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return code


def _wait_for(child: int) -> int:
    """Take in whatever ends, until that one does; its exit code, as a shell has it."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _be_first(options: list[str], uid: int, command: list[str]) -> None:
    """The life of the first process among a command's own: what has no parent any more is its child, and when it ends
    the kernel ends all of them.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _control(PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child == 0:
        _become(options, uid, command)
    os._exit(_wait_for(child))


def _become(options: list[str], uid: int, command: list[str]) -> None:
    try:
        _be_ended_first()
        _stage(options)
        for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two, and so would it
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        _control(PR_SET_NO_NEW_PRIVS, 1)
        _control(PR_SET_PDEATHSIG, signal.SIGKILL)
        _sift(options)
        _fence()
        os.execvp(command[0], command)  # noqa: S606 the command brings its shell
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201 it is the step's own output
    os._exit(127)


def _be_ended_first() -> None:
    """Where memory is short, the kernel is to end a step before the server. What root has asked, no step takes back."""
    with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 as in `_find_parent`
        file.write("1000")


def _stage(options: list[str]) -> None:
    """Mount as asked, in a namespace that only this process and what it starts are in."""
    places = [each.removeprefix("--at=").rsplit("=", 1) for each in options if each.startswith("--at=")]
    pins = [each.removeprefix("--pin=") for each in options if each.startswith("--pin=")]
    if not places and "--alone" not in options:
        return
    here = os.getcwd()  # noqa: PTH109 as in `_find_below`
    _check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", MS_REC | MS_SLAVE)
    real, folders = [_open(pin) for pin in pins], [(_open(folder), place) for folder, place in places]
    if "--still" in options:
        _still()
    for folder, place in folders:
        _mount(folder, place, MS_BIND)
        _mount("none", place, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV)
    for pin, folder in zip(pins, real, strict=True):
        _mount(folder, _open(pin), MS_BIND | MS_REC)
    if "--alone" in options:
        _mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "proc")
        _mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "devpts", "newinstance,ptmxmode=0666,mode=620")
        _mount("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "tmpfs", SHARED)  # noqa: S108 the step's own
    os.chdir(here)


def _still() -> None:
    """Let nothing be altered, wherever it is mounted."""
    said = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
    call = ctypes.CDLL(None, use_errno=True).syscall
    _check(call(MOUNT_SETATTR, -1, b"/", AT_RECURSIVE, said, ctypes.c_size_t(32)), "a disk that is still")


def _sift(options: list[str]) -> None:
    """Put this process behind the filters that are named."""
    for program in [bytes.fromhex(each.removeprefix("--sieve=")) for each in options if each.startswith("--sieve=")]:
        held = ctypes.create_string_buffer(program, len(program))
        said = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(held)))
        _check(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECCOMP, 2, said, 0, 0), "seccomp")


def _fence() -> None:
    """As `sieve.fence`, of which nothing is at hand here."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    rules = call(LANDLOCK_CREATE_RULESET, struct.pack("QQQ", 0, 0, WITHIN), ctypes.c_size_t(24), 0)
    if rules >= 0:
        call(LANDLOCK_RESTRICT_SELF, rules, 0)
        os.close(rules)


def _open(folder: str) -> str:
    """A path to a folder that stays the same, whatever is mounted over it or put in its stead."""
    return f"/proc/self/fd/{os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)}"


def _mount(source: str, place: str, flags: int, kind: str = "none", said: str = "") -> None:
    words = (source.encode(), place.encode(), kind.encode(), flags, said.encode())
    _check(ctypes.CDLL(None, use_errno=True).mount(*words), place)


def _check(answer: int, what: str) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), f"{what} refused ({os.strerror(ctypes.get_errno())})")


def _end(number: int, patience_s: float | None) -> None:
    """Signal all that is below this process until none is left, or the patience is over.

    Whoever has no child has nobody below it, which is known at once; to look through all processes takes its time.
    """
    until = None if patience_s is None else time.monotonic() + patience_s
    signalled: set[int] = set()
    while _reap() and (until is None or time.monotonic() < until):
        for process in _find_below():
            if patience_s is None or process not in signalled:
                signalled.add(process)
                _signal(process, number)
        if not _reap():
            return
        time.sleep(0.005)


def _signal(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def _reap() -> bool:
    """Take in what has ended; whether anything is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _find_below() -> list[int]:
    """All processes below this one, by what each says of its parent."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 no more is loaded than a process that lives for one step needs
        if name.isdigit():
            parents.setdefault(_find_parent(name), []).append(int(name))
    below, left = [], [os.getpid()]
    while left:
        found = parents.get(left.pop(), [])
        below += found
        left += found
    return below


def _find_parent(process: str) -> int:
    """The parent of a process; 0 if it has just ended. A program's name may hold anything, hence the last bracket."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123 a Path for each costs too much
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _control(option: int, value: int) -> None:
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0), "prctl")


def _raise(number: int, frame: FrameType | None) -> None:
    raise _ToldToEnd


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
