"""What a remote shell is given: a command that knows nothing of any step, and on its standard input a program.

Nothing of a step is ever part of a command line. The shell reads its input line by line; the lines below first go to
the target's directory and set the variables, then report that they did, and only the last one runs the step. That one
is a single quoted word: what is cut off on its way is a shell's syntax error and does nothing.

Values become text in one place alone, `quote`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

COMMAND = "exec bash --noprofile --norc -s"
"""What stands in a command line over there: a bash of its own for each step, which reads no start-up files."""
AT_TERMINAL = "exec bash --noprofile --norc /dev/stdin"
"""The same where its input is a terminal: by `-s` it would take itself to be talking with somebody."""

FLAGS, OPTIONS = "hBc", "braceexpand:hashall:interactive-comments"
"""Those of a bash that was given a command and nothing else: `$-` and `$SHELLOPTS`."""
_HEADER = 8
_MOST_AT_ONCE = 99_999

MARK = b"\x1e"
"""What begins and ends a report of ours among what a step prints; with it goes a number that no step knows."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_DIRECTORY = 126
_ENDED = '"$TOCSIN_ENDED"'
_IS_WELL = f"TOCSIN_ENDED=${{TOCSIN_ENDED-${{PIPESTATUS[*]}}}}; [[ {_ENDED} != *[1-9]* ]]"


class Unspeakable(ValueError):
    """A value that no shell can be given."""


def quote(value: str) -> str:
    """A value as one word of a shell, whatever it holds. Raises `Unspeakable` for what no shell can hold.

    Within single quotes a shell reads nothing but their end, so only a quote itself needs more: it is closed, an
    escaped one follows, and it is opened again.
    """
    if "\0" in value:
        raise Unspeakable("a shell's words cannot hold a NUL character")
    return "'" + value.replace("'", "'\\''") + "'"


def assign(name: str, value: str) -> str:
    """A line that sets a variable for the step and for what it starts. Raises `Unspeakable` for what is no name."""
    if not _NAME.fullmatch(name):
        raise Unspeakable(f"{name!r} is no name of a variable")
    return f"export {name}={quote(value)}"


class Program(msgspec.Struct, frozen=True):
    """What is sent, in two parts: `before` touches nothing, and only with `run` the step begins."""

    before: bytes
    run: bytes

    def frame(self) -> bytes | None:
        """Both behind a line that says how long they are, for a shell that reads them at once (`spell_one`) as for one
        that reads line by line; null for what is too long for that, or is another number of characters than of bytes.
        """
        whole = self.before + self.run
        return b": %05d\n%b" % (len(whole), whole) if whole.isascii() and len(whole) <= _MOST_AT_ONCE else None


def spell_one(shopt: str) -> str:
    """The command line where the shell that it is given to was found to be as a clean bash is: it runs the program
    itself. `shopt` is what stands in `$BASHOPTS` of a clean one.

    What would change the meaning of a step most is looked at each time: functions, aliases, options, how words are
    split. If anything is not as it was, a clean bash is begun after all, and reads the same program.
    """
    same = {"-": FLAGS, "SHELLOPTS": OPTIONS, "BASHOPTS": shopt, "#": "0", "{BASH_ENV-}": "", "{#BASH_ALIASES[@]}": "0"}
    tests = [f"${name} = {quote(value)}" for name, value in same.items()]
    read = f'read -rN{_HEADER} && read -rN "$((10#${{REPLY:2:5}}))"'
    return (
        f"[[ {' && '.join(tests)} && $IFS = $' \\t\\n' ]] && {{ compgen -A function >/dev/null; [[ $? = 1 ]]; }}"
        f' || {COMMAND}; {read} && eval "unset -v REPLY BASH_EXECUTION_STRING; $REPLY"'
    )


def spell(text: str, env: Mapping[str, str], directory: str, nonce: str, *, terminal: bool = False) -> Program:
    """The program of a statement; `nonce` goes with each of its reports. Raises `Unspeakable`.

    It reports that it is ready, and what the parts of its last pipe ended with if one of them failed.
    A `terminal` takes bytes as they come while the program is read, and lines from there on.
    """
    lost = f"{{ {_report(nonce, 'lost')}; exit {_NO_DIRECTORY}; }}"
    before = [f"cd -- {quote(directory)} 2>/dev/null || {lost}"] if directory else []
    before += [assign(name, value) for name, value in env.items()]
    before.append(_report(nonce, "ready %s", '"$$"'))
    end = f"{_IS_WELL} || {_report(nonce, 'ended %s', _ENDED)}"
    whole = f'{text}\n\nTOCSIN_CODE=$? TOCSIN_ENDED="${{PIPESTATUS[*]}}"; \\builtin exit "$TOCSIN_CODE"'
    reads = "" if terminal else " </dev/null"
    settle = "stty icanon isig icrnl 2>/dev/null; " if terminal else ""
    return Program(_join(before), _join([f"trap {quote(end)} EXIT; {settle}eval {quote(whole)}{reads}"]))


def spell_end(process: int) -> bytes:
    """A program that ends a step: the group of its shell, first asked and then made to."""
    return _join(
        [
            f"read -r _ _ _ _ group _ 2>/dev/null </proc/{process}/stat || group={process}",
            '[[ $group -gt 1 ]] || exit 0; kill -TERM -- "-$group" 2>/dev/null || exit 0',
            'for _ in 1 2 3 4 5 6 7 8; do sleep 0.25; kill -0 -- "-$group" 2>/dev/null || exit 0; done',
            'kill -KILL -- "-$group"',
        ]
    )


def _report(nonce: str, words: str, argument: str = "") -> str:
    return f"\\builtin printf '\\036{nonce} {words}\\036' {argument}".rstrip() + " >&2"


def _join(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


class Reports:
    """Finds our reports in what a step prints to its standard error, and takes them out."""

    def __init__(self, nonce: str) -> None:
        self._begin = MARK + nonce.encode() + b" "
        self._held = b""
        self.said: dict[str, str] = {}

    def take(self, chunk: bytes) -> bytes:
        """The next bytes without reports; what may be the beginning of one waits for more."""
        text, shown = self._held + chunk, []
        while (at := text.find(self._begin)) >= 0:
            end = text.find(MARK, at + len(self._begin))
            if end < 0:
                break
            word, _, rest = text[at + len(self._begin) : end].decode(errors="replace").partition(" ")
            self.said[word] = rest
            shown.append(text[:at])
            text = text[end + 1 :]
        keep = self._find_beginning(text)
        self._held = text[keep:]
        return b"".join([*shown, text[:keep]])

    def finish(self) -> bytes:
        """What was no report after all."""
        held, self._held = self._held, b""
        return held

    def _find_beginning(self, text: bytes) -> int:
        """Where a report may begin whose end has not come; the text's length if nowhere."""
        at = text.find(self._begin)
        if at >= 0:
            return at if len(text) - at < _LONGEST else len(text)
        most = min(len(text), len(self._begin) - 1)
        for size in range(most, 0, -1):
            if text.endswith(self._begin[:size]):
                return len(text) - size
        return len(text)


_LONGEST = 4096
