"""Steps in a terminal of their own: what they find there, what is kept of it, and who waits there for an answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tocsin.integrations import question
from tocsin.timeline.events import StepFinished
from tocsin.words import Tag

from .bench import KINDS, Bench, set_up

NEEDS = (Tag.TERMINAL,)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "PATIENCE_S", 0.4)
    monkeypatch.setattr(question, "LOOK_S", 0.1)


async def look(bench: Bench, text: str, *, changes: bool = False, timeout_s: int = 20) -> tuple[StepFinished, str]:
    finished = await bench.run(text, tags=NEEDS, changes=changes, timeout_s=timeout_s)
    return finished, await bench.out(finished)


async def test_a_step_finds_a_wide_terminal_of_its_own(bench: Bench) -> None:
    looked = "test -t 0 && test -t 1 && test -t 2 && echo yes; stty size </dev/tty; stty size; echo $TERM"
    assert await look_only(bench, looked) == "yes\n1000 400\n1000 400\ndumb\n"
    assert await bench.out(await bench.run("test -t 0 || test -t 1 || echo none")) == "none\n"


async def look_only(bench: Bench, text: str) -> str:
    return (await look(bench, text))[1]


async def test_how_it_ended_is_told_as_ever(bench: Bench) -> None:
    finished, said = await look(bench, "echo out; echo err >&2; echo err >/dev/stderr; (exit 3) | true; exit 5")
    assert (finished.exit_code, said) == (5, "out\nerr\nerr\n")
    assert (await bench.run("x", argv=("/bin/false",), tags=NEEDS)).exit_code == 1


async def test_what_terminals_swallow_leaves_no_trace(bench: Bench) -> None:
    written = r"printf '\033[2J\033[1;31mred\033[0m\r\n\033]0;title\007\033[?1049h10%%\r100%%\n\033[6n'"
    finished, said = await look(bench, written)
    assert said == "red\n10%100%\n"
    assert "\x1b" not in finished.stdout_head


@pytest.mark.parametrize("kind", KINDS)
async def test_a_target_may_want_a_terminal_for_all_its_steps(kind: str, ground: Path, place: Path) -> None:
    bench = await set_up(kind, ground, place, terminal=True)
    assert await bench.out(await bench.run("test -t 1 && echo yes", argv=())) == "yes\n"


# ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────

ASKING = {
    "a question": ("read -p 'Remove all? [y/N] ' x; touch went-on", "“Remove all? [y/N]”"),
    "no question at all": ("echo begin; read x; touch went-on", "at its terminal, and"),
    "the terminal by its name": ("read x </dev/tty; touch went-on", "at its terminal, and"),
    "a password": ("stty -echo; printf 'Password: '; read x; touch went-on", "“Password:”"),
    "what reads its input": ("cat; touch went-on", "at its terminal, and"),
}


@pytest.mark.parametrize("name", ASKING)
async def test_what_asks_is_ended_and_it_is_said_what_it_asked(name: str, ground: Path, place: Path) -> None:
    text, said = ASKING[name]
    bench = await set_up("found", ground, place)
    finished, _ = await look(bench, text, changes=True, timeout_s=60)
    assert finished.exit_code == 124 and finished.duration_s < 30
    assert finished.why.startswith("It waits for an answer at its terminal") and said in finished.why
    assert "asks nobody" in finished.why
    assert not (place / "went-on").exists()


KEY = "stty -icanon; printf 'Press any key to continue'; "


async def test_where_keys_are_read_the_words_end_a_read_and_never_a_change(ground: Path, place: Path) -> None:
    """A client of a container reads keys all the time: behind such words it may be at work."""
    bench = await set_up("found", ground, place)
    finished, _ = await look(bench, f"{KEY}head -c 1", timeout_s=60)
    assert finished.exit_code == 124 and "“Press any key" in finished.why
    finished, said = await look(bench, f"{KEY}sleep 1.5; touch went-on; echo done", changes=True)
    assert (finished.exit_code, finished.why) == (0, "") and said.endswith("done\n")
    assert (place / "went-on").exists(), "it was at work"
    finished, _ = await look(bench, f"{KEY}head -c 1", changes=True, timeout_s=6)
    assert finished.exit_code == 124
    assert finished.why == (
        "It was stopped after 6 s, the target's limit. It may have waited for an answer at its terminal after “Press "
        "any key to continue”: nobody sits there."
    )


async def test_the_fall_back_notices_it_too(ground: Path, place: Path) -> None:
    bench = await set_up(KINDS[-1], ground, place)
    finished, _ = await look(bench, "echo a; cat", timeout_s=60)
    assert finished.why.startswith("It waits for an answer")


@pytest.mark.parametrize("text", [
    "printf 'Restoring the backup: '; sleep 1.5; echo done",
    "printf 'Really? '; sleep 1.5; echo done",
    "echo begin; sleep 1.5; echo done",
])  # fmt: skip
async def test_what_only_works_on_is_left_alone(text: str, ground: Path, place: Path) -> None:
    bench = await set_up("found", ground, place)
    finished, said = await look(bench, text)
    assert (finished.exit_code, finished.why) == (0, "") and said.endswith("done\n")


@pytest.mark.parametrize(("line", "asks"), [
    ("[sudo] password for ana: ", True), ("Enter passphrase for key '/x/id': ", True), ("Continue? ", False),
    ("Are you sure you want to continue connecting (yes/no/[fingerprint])? ", True), ("Proceed (y/n)? [n]: ", True),
    ("Do you want to continue? [Y/n] ", True), ("--More--(12%)", True), ("Enter a value: ", True),
    ("Press ENTER to go on ", True), ("\x1b[1mOverwrite? (y/N)\x1b[0m ", True), ("Verification code: ", True),
    ("Password: ", True), ("Retype new password: ", True), ("ana@db01's password: ", True), ("Enter PIN: ", True),
    ("Rotating password for db01: ", False), ("Restoring token store: ", False),
    ("Setting password for 3 users: ", False), ("Re-encrypting with passphrase from vault: ", False),
    ("Waiting for PIN-17 drain: ", False), ("Checking: is the replica in sync? ", False),
    ("Will press Enter key handlers: ", False),
    ("Restoring: ", False), ("working ...", False), ("50 %", False), ("", False), ("password changed", False),
    ("select 1\n", False), ("Deleting volumes (2/7): ", False), ("Proceed? y\nremoving: ", False),
])  # fmt: skip
def test_where_nobody_can_look_at_the_processes_few_words_are_questions(line: str, asks: bool) -> None:
    asking = question.Asking()
    for at in range(0, len(line), 5):
        asking.hear(line[at : at + 5].encode())
    assert asking.is_question is asks


async def test_a_question_is_told_without_secrets() -> None:
    asking = question.Asking()
    asking.hear(b"Use the token ghp_abcdefghijklmnopqrstuvwxyz0123456789 ? ")
    assert "ghp_" not in asking.explain() and "[redacted: " in asking.explain()


# ── time, cancelling, isolation ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_deadline_and_a_cancel_end_all_of_it(bench: Bench) -> None:
    doze = f"sleep 777.{os.getpid()}"
    finished, _ = await look(bench, f"setsid -f {doze}; trap '' HUP TERM; {doze}; {doze}", timeout_s=1)
    assert (finished.exit_code, "stopped after 1 s" in finished.why) == (124, True)
    running = asyncio.create_task(bench.run(f"{doze} & {doze}", tags=NEEDS, timeout_s=300))
    while not _is_there(doze):
        assert not running.done()
        await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    while _is_there(doze):
        await asyncio.sleep(0.02)


def _is_there(command: str) -> bool:
    return any(_command(path) == command for path in Path("/proc").glob("[0-9]*/cmdline"))


def _command(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


PUSH = """
import fcntl, os, termios
print("tty", os.open("/dev/tty", os.O_RDWR) and int(open("/proc/self/stat").read().rpartition(")")[2].split()[4]))
for fd in (0, 1, 2):
    try:
        for each in b"touch pushed\\n":
            fcntl.ioctl(fd, termios.TIOCSTI, bytes([each]))
    except OSError as error:
        print("refused", error.strerror)
"""


async def test_what_it_pushes_into_a_terminal_reaches_nobody_but_itself(ground: Path, place: Path) -> None:
    """Neither the server's terminal nor that of another step: it has one, and that ends with it."""
    bench = await set_up("found", ground, place)
    (place / "push.py").write_text(PUSH)
    near, far = os.openpty()
    try:
        finished, said = await look(bench, "/usr/bin/python3 push.py", changes=True)
        if finished.exit_code == 127:
            pytest.skip("/usr/bin/python3 is missing")
        assert finished.exit_code == 0 and int(said.split()[1]) not in (0, os.fstat(far).st_rdev)
        os.set_blocking(far, False)
        with pytest.raises(BlockingIOError):
            os.read(far, 1)
    finally:
        os.close(near)
        os.close(far)
    _, said = await look(bench, "stty -icanon min 0; head -c 20 | wc -c; test -e pushed || echo untouched")
    assert said == "0\nuntouched\n"


async def test_it_is_isolated_like_any_other(bench: Bench) -> None:
    finished, said = await look(bench, f"cat {bench.secret}; ls /proc/1/root/root; exec 3<>/dev/tcp/127.0.0.1/22")
    assert finished.exit_code != 0 and "the chain's key" not in said
