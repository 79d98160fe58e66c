"""Runs a command with a network of its own: ``python -IS doorway.py FD [ADDRESS:PORT …] -- COMMAND …``.

There is nothing in it but itself and, at each address that is named, a socket that listens. These are handed to
whoever holds the other end of FD, which serves them from outside; what runs here has nothing to connect to but them. FD
is `-` where nobody does.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
"""From linux/sched.h."""
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, IFF_UP = 0x8913, 0x8914, 0x8916, 0x891C, 1
"""From linux/sockios.h and linux/if.h."""
BACKLOG = 128


def main(args: list[str]) -> int:
    """Make the network, hand out the sockets, become the command."""
    at = args.index("--")
    fd, places, command = args[0], args[1:at], args[at + 1 :]
    try:
        leave_network()
        raise_loopback()
        if fd != "-":
            hand_out(int(fd), [listen(number, place) for number, place in enumerate(places)])
        os.execvp(command[0], command)  # noqa: S606 the command brings its shell
    except OSError as error:
        print(f"no network of its own for a step: {error.strerror or error}", file=sys.stderr, flush=True)  # noqa: T201 it is the step's own output
    return 127


def leave_network() -> None:
    """Go where no network is; who is not root becomes master of nothing but that. Raises `OSError` if it may not."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET))
        return
    _check(ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 no more is loaded than one step needs
            file.write(text)


def raise_loopback() -> None:
    """A network of one's own begins with its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        answer = fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack("16sH22x", b"lo", 0))
        flags = struct.unpack("16sH22x", answer)[1]
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))


def listen(number: int, place: str) -> socket.socket | None:
    """A socket that listens at a place, whose address this network then has; null if it cannot be had."""
    host, _, port = place.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        _take_address(number, family, socket.inet_pton(family, host))
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, int(port)))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        return None
    return made


def _take_address(number: int, family: int, packed: bytes) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        if family == socket.AF_INET6:
            if packed != socket.inet_pton(family, "::1"):
                fcntl.ioctl(asked, SIOCSIFADDR, struct.pack("16sIi", packed, 128, socket.if_nametoindex("lo")))
        elif packed[0] != 127:
            name = f"lo:{number}".encode()
            for request, value in ((SIOCSIFADDR, packed), (SIOCSIFNETMASK, b"\xff" * 4)):
                fcntl.ioctl(asked, request, struct.pack("16sHH4s16x", name, socket.AF_INET, 0, value))


def hand_out(fd: int, made: list[socket.socket | None]) -> None:
    """Send the sockets, and for each place a byte that says whether it has one."""
    with socket.socket(fileno=fd) as held:
        numbers = array.array("i", [each.fileno() for each in made if each is not None])
        said = b"!" + bytes(each is not None for each in made)
        held.sendmsg([said], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)] if numbers else [])
    for each in made:
        if each is not None:
            each.close()


def _check(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
