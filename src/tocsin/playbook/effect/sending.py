"""Programs that tell other hosts what they are given: in an address, a header, a name that is asked for.

What may be secret must not leave with them unless a person says so. A value hides in a variable, in a loop over what a
file holds, or in an argument of a function; so where a statement shows secrets at all, every variable that it sets to
something that is not written out may hold one.

Clients that sign in somewhere with a password of their own (``psql``, ``kubectl``, ``vault``) are not among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook.effect.judge import Command
from tocsin.playbook.effect.variables import below
from tocsin.playbook.effect.verdict import NOTHING, RANK, Verdict, unknown
from tocsin.playbook.effect.word import Known, Reader, is_dynamic
from tocsin.playbook.shell import names
from tocsin.words import Effect, Tag

ASKING = names(
    "grpcurl npm pnpm yarn pip pip3 promtool amtool logcli ssh nc ncat netcat telnet socat ftp sftp tftp rsync scp "
    "snmpget snmpwalk snmpbulkwalk nmap logger gsutil skopeo crane finger rdap ab hey wrk siege cast gh glab kcat "
    "pg_isready"
)
_SUB_COMMANDS = names("s_client ls-remote")
"""Those that nothing else here judges by what they send, and sub-commands of others that do."""
_CALLS = frozenset(
    ("resolvectl query", "docker manifest inspect", "podman manifest inspect", "git remote", "helm show chart",
     "helm show values", "helm show readme", "helm show crds", "helm show all", "docker buildx imagetools inspect")
)  # fmt: skip
_SERVERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("docker", "podman", "nerdctl"), names("-H --host --url")),
    **dict.fromkeys(("kubectl", "oc"), names("-s --server")),
    "helm": names("--kube-apiserver"),
    "chronyc": names("-h"),
}
"""Calls that ask wherever their word says, and the flags by which clients are told of another server."""
_LOOKING = "curl wget http https xh dig host nslookup getent ping ping6 traceroute tracepath mtr whois drill fping"
_SENDS = compile_late(
    rf"(?<![\w./-])(?:/\S*/)?(?:{'|'.join(sorted(names(_LOOKING) | ASKING | _SUB_COMMANDS | _CALLS))})(?![\w.-])"
    r"|\b(?:docker|podman|nerdctl|kubectl|oc|helm)\s(?:[^\n;|&]{0,300}\s)?"
    r"(?:-[Hs]|--(?:host|url|server|kube-apiserver))[ =]?[^\s;|&]{0,300}\$"
    r"|\bchronyc\s[^\n;|&]{0,300}\$"
)

ENVIRONMENT = names(
    "HOME USER LOGNAME PWD OLDPWD HOSTNAME UID EUID PPID RANDOM SECONDS PATH SHELL TERM LANG TMPDIR EDITOR KUBECONFIG "
    "SSH_AUTH_SOCK DISPLAY LINENO BASH_SOURCE FUNCNAME PIPESTATUS"
)
"""Variables of the shell itself, and those of everybody's environment."""
_SET_BY_SHELL = names("_ REPLY MAPFILE OPTARG BASH_REMATCH BASH_COMMAND COPROC")
"""Variables that a shell sets to what was read, matched, or said last."""
HELD = Verdict(Effect.READ_SENSITIVE, (), "a variable may hold what the statement shows")


def may_hold(used: Iterable[str], known: Known, source: str, *, inner: bool) -> bool:
    """Return whether one of the variables may hold what is not written out.

    One that the text does not set holds what the environment has, but for the text that another text hands to a shell.
    """
    return any(_may_hold(name, known, source, inner) for name in used)


def _may_hold(name: str, known: Known, source: str, inner: bool) -> bool:
    if name in _SET_BY_SHELL:
        return True
    if name in ENVIRONMENT or not name.isidentifier():
        return name.isdecimal() or name in ("@", "*")
    if f"{{{name}:=" in source or f"{{{name}=" in source:
        return True
    return known[name] is None if name in known else inner


def find_clean(root: Node, source: str, read: Callable[[], Reader]) -> frozenset[str]:
    """The variables whose every value comes from what shows no secret, whatever else the statement shows.

    Nothing that anything is fed counts, and no value that is made of another variable.
    """
    if "<" in source or any(_feeds(each) for each in below(root, "pipeline")) or next(below(root, _FUNCTION), None):
        return frozenset()
    values: dict[str, list[Sequence[Node]]] = {}
    for node in (*below(root, "for_statement"), *below(root, "variable_assignment")):
        named = node.child_by_field_name("variable" if node.type == "for_statement" else "name")
        if named is not None:
            name = source[named.start_byte : named.end_byte]
            values.setdefault(name, []).append(node.children_by_field_name("value"))
    return frozenset(
        name
        for name, found in values.items()
        if name.isidentifier()
        and len(re.findall(rf"(?<![\w$]){name}\b(?!\}})|\$\{{\W?{name}\b(?!\}})|{name}\+=", source)) == len(found)
        and all(_shows_nothing(each, read()) for nodes in found for each in nodes)
    )


_FUNCTION = "function_definition"


def _feeds(pipeline: Node) -> bool:
    """Whether a variable is set in a pipeline, where what is read may be what another command shows."""
    return any(next(below(pipeline, kind), None) for kind in ("for_statement", "variable_assignment"))


def _shows_nothing(value: Node, reader: Reader) -> bool:
    reader.read(value)
    plain = value.type in ("command_substitution", "string", "word", "number", "raw_string", "concatenation")
    return plain and not reader.names and all(each.rank < RANK[Effect.READ_SENSITIVE] for each in reader.verdicts)


def judge_given(said: str, command: Command) -> Verdict:
    """Judge what a program that asks other hosts is given, as a word or by its input."""
    name, _, verb = said.partition(" ")
    program = name.rpartition("/")[2]
    sends = program in ASKING or verb in _SUB_COMMANDS or f"{program} {verb}" in _CALLS
    sends = sends or _is_sent_elsewhere(_SERVERS.get(program, frozenset()), command.words)
    if not sends or max(command.parts.rank, command.input.verdict.rank) < RANK[Effect.READ_SENSITIVE]:
        return NOTHING
    return unknown(f"`{said}` may send out what may be secret", Tag.EGRESS)


def _is_sent_elsewhere(flags: frozenset[str], words: tuple[str, ...]) -> bool:
    """Whether a flag names a server that is put together."""
    for before, word in pairwise(words):
        flag = next((each for each in flags if word.startswith(f"{each}=" if each.startswith("--") else each)), "")
        if is_dynamic(word) and (before in flags or flag):
            return True
    return False


def may_send(text: str) -> bool:
    """Whether a statement names a program that tells other hosts what it is given."""
    return _SENDS.search(text) is not None
