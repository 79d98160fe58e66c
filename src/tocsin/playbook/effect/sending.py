"""Programs that tell other hosts what they are given: in an address, a header, a name that is asked for.

What may be secret must not leave with them unless a person says so. A value hides in a variable, in a loop over what a
file holds, or in an argument of a function; so where a statement shows secrets at all, every variable that it sets to
something that is not written out may hold one.

Clients that sign in somewhere with a password of their own (``psql``, ``kubectl``, ``vault``) are not among them.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.pattern import compile_late
from tocsin.playbook.effect.judge import Command
from tocsin.playbook.effect.verdict import NOTHING, RANK, Verdict, unknown
from tocsin.playbook.effect.word import Known
from tocsin.playbook.shell import names
from tocsin.words import Effect, Tag

ASKING = names(
    "grpcurl npm pnpm yarn pip pip3 promtool amtool logcli ssh nc ncat netcat telnet socat ftp sftp tftp rsync scp "
    "snmpget snmpwalk snmpbulkwalk nmap logger gsutil skopeo crane finger rdap ab hey wrk siege cast gh glab kcat"
)
_SUB_COMMANDS = names("s_client ls-remote")
"""Those that nothing else here judges by what they send, and sub-commands of others that do."""
_LOOKING = "curl wget http https xh dig host nslookup getent ping ping6 traceroute tracepath mtr whois drill fping"
_SENDS = compile_late(
    rf"(?<![\w./-])(?:/\S*/)?(?:{'|'.join(sorted(names(_LOOKING) | ASKING | _SUB_COMMANDS))})(?![\w.-])"
)

ENVIRONMENT = names(
    "HOME USER LOGNAME PWD OLDPWD HOSTNAME UID EUID PPID RANDOM SECONDS PATH SHELL TERM LANG TMPDIR EDITOR KUBECONFIG "
    "SSH_AUTH_SOCK DISPLAY LINENO BASH_SOURCE FUNCNAME PIPESTATUS"
)
"""Variables of the shell itself, and those of everybody's environment."""
HELD = Verdict(Effect.READ_SENSITIVE, (), "a variable may hold what the statement shows")


def may_hold(used: Iterable[str], known: Known, source: str, *, inner: bool) -> bool:
    """Return whether one of the variables may hold what is not written out.

    One that the text does not set holds what the environment has, but for the text that another text hands to a shell.
    """
    return any(_may_hold(name, known, source, inner) for name in used)


def _may_hold(name: str, known: Known, source: str, inner: bool) -> bool:
    if name in ENVIRONMENT or not name.isidentifier():
        return name.isdecimal() or name in ("@", "*")
    if name in known:
        return known[name] is None
    return inner or f"{{{name}:=" in source or f"{{{name}=" in source


def judge_given(said: str, command: Command) -> Verdict:
    """Judge what a program that asks other hosts is given, as a word or by its input."""
    name, _, verb = said.partition(" ")
    sends = name.rpartition("/")[2] in ASKING or verb in _SUB_COMMANDS
    if not sends or max(command.parts.rank, command.input.verdict.rank) < RANK[Effect.READ_SENSITIVE]:
        return NOTHING
    return unknown(f"`{said}` may send out what may be secret", Tag.EGRESS)


def may_send(text: str) -> bool:
    """Whether a statement names a program that tells other hosts what it is given."""
    return _SENDS.search(text) is not None
