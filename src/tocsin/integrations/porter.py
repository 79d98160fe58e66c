"""Lets statements into a box that is kept: ``python -IS porter.py WHOSE FD``, the one process that bubblewrap starts.

WHOSE is `mute` where statements have no sockets with a place in the file system. FD is a control socket. For
`usher NUMBER LIMITS WORD` (and one socket with it) the porter begins an usher (`usher.py`), who lets in one statement
after the other, with these bounds, and `WORD` is `apart` where a statement has a network of its own; `kill NUMBER
SIGNAL` signals an usher. When the socket ends, everything in the box does.

No usher is begun once something was mounted, moved or taken away since the box was made: it may not hide any more what
it did.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys

from tocsin.integrations import sieve, usher

REAP_MS = 500
READY = b"ready"
MUTE, LOUD = "mute", "loud"
Inside = dict[int, int]


def main(whose: str, fd: int) -> int:
    """Serve until the other end of the control socket is gone."""
    control = socket.socket(fileno=fd)
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    known, inside = usher.read_mounts(), Inside()
    poll = select.poll()
    poll.register(control, select.POLLIN)
    gc.disable()
    gc.freeze()
    sieve.install(sieve.spell(has_files=whose != MUTE))
    control.send(READY)
    while True:
        is_asked = poll.poll(REAP_MS if inside else None)
        reap(inside)
        if is_asked:
            message, fds = usher.receive(control)
            if not message:
                return 0
            words = message.decode().split()
            if words[0] == "usher":
                begin(words, fds, control, known, inside)
            else:
                pass_on(int(words[1]), int(words[2]), inside)


def begin(words: list[str], fds: list[int], control: socket.socket, known: bytes, inside: Inside) -> None:
    """Begin an usher, if the box is still what it was, also once that has looked. Nobody is told otherwise: the other
    end of its socket is gone then.
    """
    waiting, saying = os.pipe()
    fds += [waiting, saying]
    is_apart = words[3] == "apart"
    try:
        if usher.read_mounts() != known:
            return
        process = usher.clone(usher.APART | (usher.CLONE_NEWNET if is_apart else 0))
        if process == 0:
            os.close(control.detach())
            os.close(waiting)
            sieve.fence()
            usher.be(fds[0], saying, [] if words[2] == "-" else words[2].split(","), is_apart=is_apart)
        os.close(fds.pop())
        if os.read(waiting, 1) and usher.read_mounts() == known:
            inside[process] = int(words[1])
        else:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    except OSError:
        return
    finally:
        for fd in fds:
            os.close(fd)


def pass_on(number: int, which: int, inside: Inside) -> None:
    """Signal an usher. It was not taken in yet, so that no other process has its number."""
    for process in [process for process, each in inside.items() if each == number]:
        os.kill(process, which)


def reap(inside: Inside) -> None:
    """Take in what has ended."""
    while inside:
        process, _ = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        inside.pop(process, None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
