"""Which calls of the kernel a step has none of: those that lead out of its box though nothing in there shows a way.

A network of one's own is one of IP addresses and of sockets without a file: the machine below (`AF_VSOCK`), its radios
and its cipher drivers are as near as ever. A ring of keys is handed on from process to process, so that a step would
hold what whoever started the server has in theirs, and leave something there for the next one. `io_uring` makes sockets
that no filter sees. The others (`bpf`, `perf_event_open`, `userfaultfd`) are no step's business, and attacks on the
kernel begin with them.

The filter is a program for the kernel's own machine (linux/filter.h), which whoever has it hands on and nobody takes
off. Programs of another kind of processor than the server's do not run behind it: their calls have other numbers.
"""

from __future__ import annotations

import ctypes
import os
import struct

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "riscv64": 0xC00000F3}
"""From linux/audit.h."""

LATER = (217, 218, 219, 241, 280, 282)
REFUSED = {"x86_64": (248, 249, 250, 298, 321, 323), "aarch64": LATER, "riscv64": LATER}
"""add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd."""
REFUSED_EVERYWHERE = (425, 426, 427)
"""io_uring_setup, io_uring_enter, io_uring_register."""
SOCKETS = {"x86_64": (41, 53), "aarch64": (198, 199), "riscv64": (198, 199)}
"""socket, socketpair."""
OTHER_ABI = 0x40000000
"""From here on x86_64 has all its calls once more."""
FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: what namespaces keep apart."""

LOAD, IS, IS_OVER, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16
"""Where a filter finds what is called, on which machine, and with what."""
LET, REFUSE = 0x7FFF0000, 0x00050000
NOT_ALLOWED, NOT_BUILT, NO_SUCH_FAMILY = 1, 38, 97

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, BY_FILTER = 22, 38, 2


def spell(machine: str = "") -> bytes:
    """The filter for a kind of processor, this one's by default. Raises `OSError` where none is known."""
    machine = machine or os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(NOT_BUILT, f"no filter of a step's calls is known for {machine}")
    refused = (*REFUSED[machine], *REFUSED_EVERYWHERE)
    ends = [(RETURN, 0, 0, LET), (RETURN, 0, 0, REFUSE | NOT_ALLOWED), (RETURN, 0, 0, REFUSE | NO_SUCH_FAMILY)]
    looks: list[tuple[int, int, str]] = [
        (LOAD, ARCHITECTURE, ""),
        (IS, ARCHITECTURES[machine], "else refuse"),
        (LOAD, NUMBER, ""),
        (IS_OVER, OTHER_ABI, "refuse"),
        *((IS, each, "refuse") for each in refused),
        (IS, SOCKETS[machine][0], "family"),
        (IS, SOCKETS[machine][1], "family"),
        (IS_OVER, 0, "let"),
        (LOAD, FIRST, ""),
        *((IS, each, "let") for each in FAMILIES),
        (IS_OVER, 0, "no such"),
    ]
    places = {"let": len(looks), "refuse": len(looks) + 1, "no such": len(looks) + 2, "family": len(looks) - 6}
    steps = [_aim(look, at, places) for at, look in enumerate(looks)]
    return b"".join(struct.pack("HBBI", code, yes, no, value) for code, yes, no, value in [*steps, *ends])


def _aim(look: tuple[int, int, str], at: int, places: dict[str, int]) -> tuple[int, int, int, int]:
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
