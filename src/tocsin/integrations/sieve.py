"""Which calls of the kernel a step has none of: those that lead out of its box though nothing in there shows a way.

A network of one's own is one of IP addresses and of sockets without a file: the machine below (`AF_VSOCK`), its radios
and its cipher drivers are as near as ever. A ring of keys is handed on from process to process, so that a step would
hold what whoever started the server has in theirs, and leave something there for the next one. `io_uring` makes sockets
that no filter sees. The others (`bpf`, `perf_event_open`, `userfaultfd`) are no step's business, and attacks on the
kernel begin with them.

No step leaves a program that runs as its own user whoever starts it (`chmod u+s`): that may be the server's user, and
what lies in a target's directory is still there when the box is gone. Other ways to make one leave it empty.

A socket that has a place in the file system is reached from every network, by whoever comes to that place: those of
containers too, which the machine does not list, and one that came a moment ago. So a read has none at all
(`has_files` is false), unless its settings name one that it may use: what it had of them is pairs that are
connected to each other and cannot be led elsewhere.

A change mostly has the machine's network, and with it every socket that has a name there and no place: a desktop's
screen, an old session bus, a container engine's. From Linux 6.12 on a step is fenced in from those (Landlock), and may
signal nobody and look into nobody but what it has begun.

The filter is a program for the kernel's own machine (linux/filter.h), which whoever has it hands on and nobody takes
off. Programs of another kind of processor than the server's do not run behind it: their calls have other numbers.

``python -IS sieve.py COMMAND …`` runs a command within the fence. The only interpreter in a box may be a machine's old
one: this file starts from Python 3.6 on, which knows no ``annotations`` of the future, and no ``list[int]`` either.
"""

import ctypes
import os
import struct
import sys

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
"""From linux/audit.h."""

LATER = (217, 218, 219, 241, 280, 282)
REFUSED = {"x86_64": (248, 249, 250, 298, 321, 323), "aarch64": LATER, "riscv64": LATER}
"""add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd."""
REFUSED_EVERYWHERE = (425, 426, 427)
"""io_uring_setup, io_uring_enter, io_uring_register."""
SOCKETS = {"x86_64": (41, 53), "aarch64": (198, 199), "riscv64": (198, 199)}
"""socket, socketpair."""
LATER_MODES = ((52,), (53, 452))
MODES = {"x86_64": ((90, 91), (268, 452)), "aarch64": LATER_MODES, "riscv64": LATER_MODES}
"""What sets rights: chmod and fchmod, which are told them second, fchmodat and fchmodat2, third."""
AS_OWNER = 0o4000
"""S_ISUID."""
OTHER_ABI = 0x40000000
"""From here on x86_64 has all its calls once more."""
FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: what namespaces keep apart."""

OF_FILES = 1
"""AF_UNIX."""
BOUND = (1, 5)
"""SOCK_STREAM and SOCK_SEQPACKET: a pair of another kind can be led elsewhere, or send there."""

LOAD, IS, IS_OVER, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
NUMBER, ARCHITECTURE, FIRST, SECOND, THIRD = 0, 4, 16, 24, 32
"""Where a filter finds what is called, on which machine, and with what."""
LET, REFUSE = 0x7FFF0000, 0x00050000
NOT_ALLOWED, NOT_BUILT, NO_SUCH_FAMILY = 1, 38, 97

TYPE_CHECKING = False
if TYPE_CHECKING:
    Looks = list[tuple[int, int, str]]
    """What is done, with what, and where it goes on if that is so."""
RIGHTS: "dict[str, Looks]" = {
    "second": [(LOAD, SECOND, ""), (IS_OVER, 0, "rights")],
    "third": [(LOAD, THIRD, "")],
    "rights": [(AND, AS_OWNER, ""), (IS, 0, "let"), (IS_OVER, 0, "refuse")],
}

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, BY_FILTER = 22, 38, 2

LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
"""The same on every processor."""
FENCES = 6
"""The version of Landlock that has them: Linux 6.12."""
WITHIN = 1 | 2
"""LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_SCOPE_SIGNAL: from linux/landlock.h."""


def spell(machine: str = "", *, has_files: bool = True) -> bytes:
    """The filter for a kind of processor, this one's by default; without `has_files` there are no sockets with a place
    in the file system. Raises `OSError` where no processor of that kind is known.
    """
    machine = machine or os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(NOT_BUILT, f"no filter of a step's calls is known for {machine}")
    refused = (*REFUSED[machine], *REFUSED_EVERYWHERE)
    ends = [(RETURN, 0, 0, LET), (RETURN, 0, 0, REFUSE | NOT_ALLOWED), (RETURN, 0, 0, REFUSE | NO_SUCH_FAMILY)]
    looks: Looks = [
        (LOAD, ARCHITECTURE, ""),
        (IS, ARCHITECTURES[machine], "else refuse"),
        (LOAD, NUMBER, ""),
        (IS_OVER, OTHER_ABI, "refuse"),
        *((IS, each, "refuse") for each in refused),
        (IS, SOCKETS[machine][0], "family"),
        (IS, SOCKETS[machine][1], "family" if has_files else "pair"),
        *((IS, each, "second") for each in MODES[machine][0]),
        *((IS, each, "third") for each in MODES[machine][1]),
        (IS_OVER, 0, "let"),
    ]
    pair: Looks = [
        (LOAD, FIRST, ""),
        (IS, OF_FILES, "else no such"),
        (LOAD, SECOND, ""),
        (AND, 0xF, ""),
        *((IS, each, "let") for each in BOUND),
        (IS_OVER, 0, "no such"),
    ]
    family: Looks = [
        (LOAD, FIRST, ""),
        *((IS, each, "let") for each in FAMILIES if has_files or each != OF_FILES),
        (IS_OVER, 0, "no such"),
    ]
    places = {}
    for name, part in (("pair", pair), ("family", family), *RIGHTS.items()):
        places[name] = len(looks)
        looks += part
    places |= {"let": len(looks), "refuse": len(looks) + 1, "no such": len(looks) + 2}
    steps = [_aim(look, at, places) for at, look in enumerate(looks)]
    return b"".join(struct.pack("HBBI", code, yes, no, value) for code, yes, no, value in [*steps, *ends])


def _aim(look: "tuple[int, int, str]", at: int, places: "dict[str, int]") -> "tuple[int, int, int, int]":
    """One look with how far to go on from it."""
    code, value, where = look
    if not where:
        return code, 0, 0, value
    far = places[where.removeprefix("else ")] - at - 1
    return (code, 0, far, value) if where.startswith("else ") else (code, far, 0, value)


def install(program: bytes) -> None:
    """Put this process and all that it starts behind a filter. Raises `OSError` where the kernel has none."""
    held = ctypes.create_string_buffer(program, len(program))
    said = ctypes.create_string_buffer(struct.pack("HP", len(program) // 8, ctypes.addressof(held)))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, BY_FILTER, said, 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), f"seccomp refused ({os.strerror(ctypes.get_errno())})")


def knows_fence() -> bool:
    """Whether this kernel can keep a process from sockets that are others' by a name alone."""
    call = ctypes.CDLL(None).syscall
    return bool(call(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) >= FENCES)


def fence() -> bool:
    """Keep this process, which must have done without new powers, and all that it starts from sockets that are others'
    by a name alone, and from others' processes. Whether the kernel knows how.
    """
    call = ctypes.CDLL(None, use_errno=True).syscall
    rules = call(LANDLOCK_CREATE_RULESET, struct.pack("QQQ", 0, 0, WITHIN), ctypes.c_size_t(24), 0)
    if rules < 0:
        return False
    try:
        return bool(call(LANDLOCK_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


if __name__ == "__main__":
    fence()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 the command brings its shell
