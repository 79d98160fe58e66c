"""What shell a read has over there: the one that sshd begins where it is proved to be as a clean one, else its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from tests.sshd import Sshd

from tocsin.integrations.ssh.program import COMMAND, Program, spell
from tocsin.integrations.ssh.proof import LOOK, judge

from .remote import Range, own, range_, sshd

__all__ = ["own", "range_", "sshd"]

HAS_SSHD = pytest.mark.needs("sshd")

CLEAN = [
    "",
    "export FAR=1",
    "case $- in *i*) ;; *) return;; esac\nalias ls='rm -i'",  # as it comes with Debian
    "umask 077; cd /",
]
OTHER = [
    "alias ls='ls -l'",
    "ls() { :; }",
    "set -u",
    "set -o pipefail",
    "shopt -s nullglob",
    "shopt -s expand_aliases",
    "SERVICE=web",
    "IFS=,",
    "trap 'echo bye' EXIT",
    "trap : DEBUG",
    "enable -n echo",
    "hash -p /bin/false true",
    "set -- a b",
    "sleep 0 & ",
    "pushd / >/dev/null",
    "readonly HOME",
    "echo welcome",
    "exec sh -c true",
    "exit 0",
]


def say(shell: str, command: str, home: Path, given: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell answers that sshd would begin, with these start-up files."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(given)
        ours.shutdown(socket.SHUT_WR)
        whole = {"HOME": str(home), "PATH": os.environ["PATH"], "SSH_CLIENT": "127.0.0.1 1 2", "SHLVL": "0", **env}
        return subprocess.run(
            [shell, "-c", command], stdin=theirs.fileno(), capture_output=True, env=whole, timeout=120
        )


def look(home: Path, startup: str, shell: str = "bash", **env: str) -> str:
    (home / ".bashrc").write_text(f"{startup}\n")
    return judge(say(shell, LOOK, home, b"", **env).stdout)


@pytest.mark.parametrize("startup", CLEAN)
def test_start_up_files_that_leave_nothing_behind_need_no_second_shell(tmp_path: Path, startup: str) -> None:
    assert look(tmp_path, startup)


@pytest.mark.parametrize("startup", OTHER)
def test_whatever_start_up_files_leave_behind_is_found(tmp_path: Path, startup: str) -> None:
    assert look(tmp_path, startup) == ""


def test_other_shells_prove_nothing_and_do_nothing(tmp_path: Path) -> None:
    for shell in filter(shutil.which, ("dash", "zsh", "fish", "tcsh", "busybox")):
        assert say(shell, LOOK, tmp_path).stdout == b""
    for said in (b"", b"\x1e", b"x\x1ex", b"bash\nhBc\n\n\n\n\x1ebash\nhBc\n\n\n\n", b"\xff" * 9):
        assert judge(said) == ""


STEP = Program(
    b"", spell("echo $0 ${FAR-none} $(type -t ls); echo ${REPLY-unset} ${BASH_EXECUTION_STRING-unset}", {}, "", "n").run
)


@pytest.mark.parametrize(
    "later", ["ls() { :; }", "alias ls='echo'", "set -u", "shopt -s nullglob", "IFS=x", "set -- a"]
)
def test_what_changes_the_meaning_most_is_looked_at_by_each_step(tmp_path: Path, later: str) -> None:
    """The start-up files were changed after the proof: what they do now reaches no step."""
    command, framed = look(tmp_path, ""), STEP.frame()
    assert framed is not None
    (tmp_path / ".bashrc").write_text(f"{later}\n")
    done = say("bash", command, tmp_path, framed)
    assert done.stdout == b"bash none file\nunset unset\n"


def test_where_every_bash_reads_a_file_the_step_has_one_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("SERVICE=web\n")
    assert look(tmp_path, "", BASH_ENV=str(tmp_path / "env")) == ""
    command, framed = look(tmp_path, ""), spell("echo $-", {}, "", "n").frame()
    assert framed is not None
    assert say("bash", command, tmp_path, framed).stdout == b"hBc\n"
    assert say("bash", command, tmp_path, framed, BASH_ENV=str(tmp_path / "env")).stdout == b"hBs\n"


@pytest.mark.parametrize(
    "text",
    [
        "echo $0 $# $$ >/dev/null; echo $-",
        "set -u; (echo $NEVER); echo not",
        "return 3",
        "break; echo $?",
        "exec nosuchthing",
        "nosuchthing; echo $?",
        "f() { local a=1; exit 9; }; f",
        "trap 'echo bye >&2' EXIT; exit 3",
        "trap 'echo err' ERR; false",
        "set -e; (exit 4); echo not",
        "coproc cat; echo $?",
        "x=$(exit 5); echo $?",
        "echo a | (read -r b; echo \"$b\"; exit 6) | cat; exit ${PIPESTATUS[1]}",
        "echo 'open",
        "case a in",
        "cat <<E\n$HOME\nE",
        "shopt -s extglob\necho @(a|b)",
        "alias e='echo x'\nshopt -s expand_aliases\ne",
        "history; jobs; echo \"${BASH_SUBSHELL} ${#BASH_SOURCE[@]}\"",
        "read -r x; echo $?",
        "kill -TERM $$",
        "eval 'exit 2'",
        ". /dev/null; echo $?",
        "declare -F; alias; trap -p | wc -l",
        "printf '%s|' \"$IFS\" \"$PS4\" \"$OPTIND\" \"$SHLVL\"",
        "echo {a,b} !! ~root",
    ],
)  # fmt: skip
def test_one_shell_does_as_two_would(tmp_path: Path, text: str) -> None:
    command, program = look(tmp_path, ""), spell(text, {"LANG": "C.UTF-8"}, "/", "n")
    framed = program.frame()
    assert command
    assert framed is not None
    one, two = say("bash", command, tmp_path, framed), say("bash", COMMAND, tmp_path, program.before + program.run)
    assert one.stdout.replace(b"hBc", b"hBs") == two.stdout
    assert one.returncode == two.returncode


def test_what_is_cut_off_on_its_way_does_nothing(tmp_path: Path) -> None:
    command, mark = look(tmp_path, ""), tmp_path / "mark"
    framed = spell(f"touch {mark}", {"A": "b"}, "", "n").frame()
    assert framed is not None
    for size in range(0, len(framed) - 1, 9):
        assert say("bash", command, tmp_path, framed[:size]).returncode != 0
    assert not mark.exists()
    assert say("bash", command, tmp_path, framed).returncode == 0
    assert mark.exists()


# ── over a real connection ──────────────────────────────────────────────────────────────────────────────────────────


@HAS_SSHD
async def test_reads_have_one_shell_and_changes_their_own(range_: Range, sshd: Sshd) -> None:
    range_.add("web", sshd)
    which = "tr '\\0' ' ' </proc/$$/cmdline"
    assert (await range_.read(which)).startswith("bash -c [[ ")
    assert await range_.read(which, changes=True) == "bash --noprofile --norc -s "
    assert await range_.read(f"{which} # é") == "bash --noprofile --norc -s "
    assert await range_.read(f"{which} # {'x' * 100_000}") == "bash --noprofile --norc -s "


@HAS_SSHD
async def test_a_machine_that_says_anything_proves_nothing(
    range_: Range, own: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood, nothing, and no answer."""
    monkeypatch.setattr("tocsin.integrations.ssh.proof.LOOK_S", 0.3)
    key = (own.folder / "reader.pub").read_text()
    for forced in ("head -c 90000000 /dev/zero", "true", "exec sleep 5"):
        (own.folder / "authorized").write_text(f'command="{forced}" {key}')
        link = await range_.links.find_for_reads(range_.add(forced, own).read)
        assert link.proof.command == ""
    await range_.links.close()
