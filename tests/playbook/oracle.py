"""What commands do when they really run: in a sandbox without network, their system calls written down.

The whole machine can be seen but not changed; only the folder that a command stands in and the usual places for
scratch files can be written. What is looked for are the attempts, whether they succeed or not: a file opened to be
written, deleted or changed, a process signalled, a machine spoken to, a setting of the kernel.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tocsin.integrations.shell import QUIET
from tocsin.playbook.effect import Knowledge
from tocsin.playbook.effect.knowledge import Program, Spec, Style, Takes
from tocsin.words import Effect

SECONDS = 6
_NOT_FOUND = 127
_HUNG = -1
_ABSENT = re.compile(r"^bash: line \d+: (?P<what>.+?): (?:command not found|cannot execute)", re.MULTILINE)
_NO_PLACE = re.compile(r"^bash: line \d+: (?P<what>.+?): No such file or directory", re.MULTILINE)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CALLS = (
    "open openat openat2 creat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink "
    "symlinkat mknod mknodat truncate ftruncate fallocate chmod fchmod fchmodat chown fchown lchown fchownat "
    "utime utimes utimensat futimesat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr write "
    "pwrite64 writev pwritev pwritev2 copy_file_range sendfile splice mount umount2 pivot_root move_mount swapon "
    "swapoff reboot sethostname setdomainname settimeofday clock_settime clock_adjtime adjtimex init_module "
    "finit_module delete_module kexec_load ptrace process_vm_writev kill tkill tgkill rt_sigqueueinfo "
    "rt_tgsigqueueinfo pidfd_send_signal connect bind listen sendto sendmsg sendmmsg add_key keyctl syslog acct "
    "quotactl"
)
_TRACED = ",".join(f"?{name}" for name in _CALLS.split())
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TO_FILE = re.compile(r"^\d+<(/[^>]*)>")
_OPENS_TO_CHANGE = re.compile(r"O_WRONLY|O_TRUNC|O_CREAT|O_RDWR")
_NOWHERE = re.compile(
    r"/dev/(?:null|tty|console|zero|full|stdout|stderr|pts/\d+|fd/\d+|random|urandom)|/proc/(?:self|\d+|thread-self)/.*|"
    r"/tmp/trace/.*|/sys/kernel/(?:debug/tracing/)?trace_marker"
)
_PEER = re.compile(r"sa_family=(AF_\w+)(?:.*?(?:inet_addr\(\"([^\"]*)\"|sun_path=@?\"([^\"]*)\"))?")
_SETS = re.compile(r"nlmsg_type=(?:RTM_(?:NEW|DEL|SET)|NFT_MSG_(?:NEW|DEL)|XFRM_MSG_(?:NEW|DEL)|IPSET_CMD_(?!LIST))\w*")
_PROBES = re.compile(r"nlmsg_len=32, nlmsg_type=RTM_NEWLINK")  # names no link: `ip` asks what the kernel can do
_SIGNAL = re.compile(r"^(-?\d+), (?:(\d+), )?(\w+)")
_CHANGES = frozenset(
    "unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat mknod mknodat "
    "truncate chmod fchmodat chown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr removexattr "
    "lremovexattr".split()
)
_BY_NUMBER = frozenset(["ftruncate", "fallocate", "fchmod", "fchown", "fsetxattr", "fremovexattr"])
_WRITES = frozenset(["write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "splice"])
_OF_THE_MACHINE = frozenset(
    "mount umount2 pivot_root move_mount swapon swapoff reboot sethostname setdomainname settimeofday clock_settime "
    "init_module finit_module delete_module kexec_load process_vm_writev acct quotactl add_key".split()
)


class Deed(msgspec.Struct, frozen=True):
    """One thing that a command did or tried: ``writes``, ``connects``, ``signals`` or ``sets``, and to what."""

    kind: str
    what: str


class Outcome(msgspec.Struct, frozen=True):
    """What one run showed. ``why`` says what kept a part of it from running; what did run is judged anyway."""

    deeds: tuple[Deed, ...]
    code: int
    why: str = ""


class Sandbox:
    """A place with a few files, in which commands run one after the other; ``folder`` must be empty."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "place"
        self.traces = folder / "traces"
        self.traces.mkdir()
        self._pristine = folder / "pristine"
        _furnish(self._pristine)
        shutil.copytree(self._pristine, self.place)

    def run(self, command: str) -> Outcome:
        """Run a command through bash; what it changed in its place is put back afterwards."""
        trace = self.traces / "trace"
        trace.unlink(missing_ok=True)
        watched = ["strace", "-f", "-y", "-qq", "-s", "300", "-o", "/tmp/trace/trace", "-e", f"trace={_TRACED}"]
        bounded = ["timeout", "-k", "1", str(SECONDS), "bash", "-c", f"ulimit -f 40000 -v 9000000; {command}"]
        try:
            done = subprocess.run(
                [*self._walls(), *watched, *bounded], stdin=subprocess.DEVNULL, capture_output=True, timeout=5 * SECONDS
            )
            code, said = done.returncode, done.stderr.decode("utf-8", "replace")
        except subprocess.TimeoutExpired as late:
            code, said = _HUNG, (late.stderr or b"").decode("utf-8", "replace")
        text = trace.read_text("utf-8", "replace") if trace.exists() else ""
        deeds = tuple(dict.fromkeys(_read_deeds(text)))
        if any(deed.kind == "writes" for deed in deeds):
            shutil.rmtree(self.place)
            shutil.copytree(self._pristine, self.place)
        return Outcome(deeds, code, _find_hindrance(command, code, said, text))

    def _walls(self) -> list[str]:
        environment = {**QUIET, "HOME": "/home/place", "PATH": PATH}
        settings = [part for name, value in environment.items() for part in ("--setenv", name, value)]
        return [
            "bwrap", "--unshare-all", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL",
            "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
            "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var/tmp", "--tmpfs", "/root", "--tmpfs", "/home",
            "--bind", os.fspath(self.place), "/home/place", "--bind", os.fspath(self.traces), "/tmp/trace",
            "--chdir", "/home/place", "--clearenv", *settings,
        ]  # fmt: skip


def _find_hindrance(command: str, code: int, said: str, trace: str) -> str:
    """Why a command did not run as it is written; nothing when it did, whatever came of it."""
    for pattern, kind in ((_ABSENT, "program"), (_NO_PLACE, "file or folder")):
        if absent := pattern.search(said):
            return f"{kind} {absent['what']} is not on this machine"
    if code == _NOT_FOUND:
        return f"program {command.split()[0]} is not on this machine"
    if "syntax error" in said or "unexpected EOF" in said:
        return "no shell can read it"
    if not trace or code == _HUNG:
        return "the sandbox gave no trace of it"
    return ""


def _furnish(place: Path) -> None:
    """Files of the usual kinds, so that commands get as far as reading them."""
    place.mkdir()
    (place / "f").write_text("b 2\na 1\nerror: x\n")
    (place / "g").write_text("a 1\nc 3\n")
    (place / "data.json").write_text('{"a": [1, 2], "b": {"c": "d"}}\n')
    (place / "conf.yml").write_text("a: 1\nb:\n  - c\n")
    (place / "app.log").write_text("2026-01-01 ERROR x\n" * 50)
    (place / "run.sh").write_text("#!/bin/sh\necho run\n")
    (place / "dir").mkdir()
    (place / "dir" / "inner").write_text("inner\n")
    for line in (
        "tar -czf a.tar.gz f g", "gzip -k app.log", "git init -q .", "git -c user.name=x -c user.email=x@x add f g",
        "git -c user.name=x -c user.email=x@x commit -qm one", "git tag v1", "git branch other",
        "sqlite3 d.db 'create table t(a); insert into t values(1)'", "zip -q a.zip f g",
    ):  # fmt: skip
        if shutil.which(line.split()[0]):
            subprocess.run(line, shell=True, cwd=place, capture_output=True, check=False)


def _read_deeds(trace: str) -> Iterator[Deed]:
    """The deeds in a trace; scratch files that the command made and took away again are none."""
    pids = set(re.findall(r"^(\d+) ", trace, re.MULTILINE))
    found = [deed for line in trace.splitlines() for deed in _read_call(line, pids)]
    gone = {deed.what for deed in found if deed.kind == "deletes"}
    made = {deed.what for deed in found if deed.kind == "makes"}
    for deed in found:
        if deed.what in gone & made and deed.what.startswith(("/tmp/", "/var/tmp/", "/dev/shm/")):
            continue
        yield Deed("writes", deed.what) if deed.kind in ("makes", "deletes") else deed


def _read_call(line: str, pids: set[str]) -> Iterator[Deed]:
    match = _CALL.match(line)
    if match is None:
        return
    name, rest = match["name"], match["rest"]
    paths = [path for path in _PATHS.findall(rest) if path]
    if name in ("open", "openat", "openat2", "creat"):
        changes = name == "creat" or (_opens_to_change(rest) and "O_TMPFILE" not in rest)
        if paths and changes and not _NOWHERE.fullmatch(paths[0]):
            yield Deed("makes" if "O_CREAT" in rest or name == "creat" else "writes", paths[0])
    elif name in _CHANGES:
        kind = {"unlink": "deletes", "unlinkat": "deletes", "rmdir": "deletes"}.get(name, "writes")
        yield from (Deed(kind, path) for path in paths[:2] if not _NOWHERE.fullmatch(path))
    elif name in _WRITES or name in _BY_NUMBER:
        target = _TO_FILE.match(rest)
        if target and not _NOWHERE.fullmatch(target[1]) and not target[1].endswith(" (deleted)"):
            yield Deed("writes", target[1])
    elif name in _OF_THE_MACHINE or (name in ("clock_adjtime", "adjtimex") and "modes=0" not in rest):
        yield Deed("sets", f"{name}({rest[:60]}")
    else:
        yield from _read_talk(name, rest, pids)


def _opens_to_change(rest: str) -> bool:
    """Whether a file is opened to be changed; one that exists and is opened both ways counts when it is written."""
    return _OPENS_TO_CHANGE.search(rest) is not None and (
        "O_RDWR" not in rest or re.search(r"O_CREAT|O_TRUNC", rest) is not None
    )


def _read_talk(name: str, rest: str, pids: set[str]) -> Iterator[Deed]:
    """Signals and sockets. A process may signal what it has started, and itself."""
    if name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"):
        signal = _SIGNAL.match(rest)
        if signal and signal[3] != "0" and signal[1].lstrip("-") not in pids and signal[1] != "0":
            yield Deed("signals", f"{signal[1]} {signal[3]}")
    elif name in ("connect", "sendto", "sendmsg", "sendmmsg", "bind", "listen"):
        sets = _SETS.search(rest)
        if sets and not _PROBES.search(rest):
            yield Deed("sets", sets[0])
        peer = _PEER.search(rest)
        if peer and peer[1] in ("AF_INET", "AF_INET6") and name != "bind":
            yield Deed("connects", peer[2] or "somewhere")
        elif peer and peer[1] == "AF_UNIX" and peer[3]:
            yield Deed("asks", peer[3])
    elif name == "ptrace" and not rest.startswith("PTRACE_TRACEME"):
        yield Deed("sets", f"ptrace({rest[:40]}")


# -- commands to be tried -----------------------------------------------------------------------------------------

_VALUES = ("1", "f", "fresh.out")
_MOST = 30
"""Commands of one program: those with hundreds of sub-commands shall not crowd out the rest."""
_OPERANDS = (
    (),
    ("f",),
    ("f", "g"),
    ("data.json",),
    ("app.log",),
    ("dir",),
    ("1",),
    ("a", "f"),
    ("/etc/hosts",),
    ("a.tar.gz",),
)


def propose(knowledge: Knowledge, draw: random.Random) -> Iterator[str]:
    """Commands made of what is listed: each reading program and sub-command with its flags, one or a few at a time."""
    for name, program in sorted(knowledge.programs.items()):
        if shutil.which(name, path=PATH) is None:
            continue
        made: list[str] = []
        for spec, verb in _specs(program):
            if spec.verdict.effect.rank > Effect.READ_SENSITIVE.rank or spec.delegate:
                continue
            flags = sorted(spec.flags.items())
            for _ in range(2 + min(6, len(flags) // 2)):
                chosen = draw.sample(flags, min(len(flags), draw.choice((0, 1, 1, 2, 3))))
                words = [word for flag, takes in chosen for word in _spell(flag, takes, program.style, draw)]
                made.append(" ".join([name, *verb, *words, *draw.choice(_OPERANDS)]))
        yield from draw.sample(made, min(_MOST, len(made)))


def _specs(program: Program) -> Iterator[tuple[Spec, tuple[str, ...]]]:
    yield program.spec, ()
    for specs in program.verbs.values():
        for spec in specs:
            if not any("*" in word for word in spec.path):
                yield spec, spec.path


def _spell(flag: str, takes: Takes, style: Style, draw: random.Random) -> tuple[str, ...]:
    if flag == "-NUM":
        return ("-3",)
    if takes is Takes.NOTHING:
        return (flag,)
    value = draw.choice(_VALUES)
    if takes is Takes.ATTACHED or flag.startswith("--"):
        return (f"{flag}={value}",) if flag.startswith("--") else (f"{flag}{value}",)
    return (flag, value)


def find_clients(tables: Mapping[str, Mapping[str, Any]], files: frozenset[str]) -> frozenset[str]:
    """The names of the programs that some of the knowledge files are about."""
    names = set()
    for file, table in tables.items():
        for name, entry in table.get("program", {}).items() if file in files else ():
            names |= {name, *entry.get("also", "").split()}
    return frozenset(names)
