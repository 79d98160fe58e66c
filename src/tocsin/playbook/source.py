"""Bytes of a document → lines of text, with everything wrong about the bytes said and nothing lost.

The number of lines never changes on the way: whatever is repaired or set aside is repaired or blanked in its own line,
so that line 42 of the result is line 42 of the file that the author has open.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.words import Level

_CONTINUATION = "".join(
    bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in range(0x80, 0xC0)
) + "".join(map(chr, range(0x80, 0xA0)))
_C = f"[{re.escape(_CONTINUATION)}]"
# Two-byte sequences are taken for damage only behind Â and Ã, or in a row of three: „MENÜ“ must stay what it is.
_DAMAGED = compile_late(f"(?:[ÂÃ]{_C})|(?:[Ä-ß]{_C}){{3,}}|[à-ï]{_C}{{2}}|[ð-ô]{_C}{{3}}")
_BYTE_OF = {char: index for index in range(256) for char in [bytes([index]).decode("cp1252", "ignore")] if char} | {
    chr(code): code for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_LOST = (0x81, 0x8D, 0x8F, 0x90, 0x9D)  # bytes that Windows-1252 does not define: some editors drop them
_OFTEN_LOST = "❌❓❗❤⏰⏱⏳⏸⏹←✍”\ufe0f📝🔍🌐🐛🏃🏆🏗🏠🏢🏥🐞🐳🎁👍💡😍"  # of two that look alike, the first is taken


def _without_lost_bytes(symbol: str) -> str:
    kept = bytes(byte for byte in symbol.encode("utf-8") if byte not in _LOST)
    return kept.decode("cp1252")


_MANGLED = {
    mangled: symbol
    for symbol in reversed(_OFTEN_LOST)
    for mangled in [_without_lost_bytes(symbol)]
    if len(mangled) < len(symbol.encode("utf-8"))
}
_MANGLED_PATTERN = compile_late("|".join(map(re.escape, sorted(_MANGLED, key=len, reverse=True))))
_FRONT = compile_late(r"\s*(?:#|-\s|[\w.\"' -]+\s*[:=])|\s*[\]\[{}]|\s{2,}\S")
_PAIR = compile_late(r"([A-Za-z][\w.\- ]*?)\s*[:=]\s*(.*)")
_MAX_FRONT_LINES = 400


class Pair(msgspec.Struct, frozen=True):
    """One key and value of the front matter."""

    key: str
    value: str
    line: int


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A document that can be read: its lines (index 0 is line 1), front matter and what was wrong with the bytes.

    ``repaired`` are the lines that held double-encoded characters; ``front_lines`` those of the front matter, which are
    blank in ``lines``; ``readable`` is false when there is nothing in it that a compiler could read.
    """

    digest: str
    lines: tuple[str, ...] = ()
    repaired: tuple[int, ...] = ()
    front: tuple[Pair, ...] = ()
    front_lines: tuple[int, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    readable: bool = True

    @property
    def front_title(self) -> str | None:
        """The title that the front matter gives."""
        return next((pair.value for pair in self.front if pair.key.lower() == "title" and pair.value), None)


def read(source: bytes, max_bytes: int) -> Source:
    """Decode, split and clean a document; never raises."""
    digest = hashlib.sha256(source).hexdigest()
    refusal = _refuse(source, max_bytes)
    if refusal is not None:
        return Source(digest=digest, findings=(refusal,), readable=False)
    text, findings = _decode(source)
    if not text.strip():
        return Source(digest=digest, findings=(_empty(),), readable=False)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    lines, repaired = _repair(lines)
    if repaired:
        findings.append(_say_repaired(repaired))
    head = [number for number, line in enumerate(lines[:_MAX_FRONT_LINES], 1) if line.strip()] if _opens(lines) else []
    front = _take_front_matter(lines)
    return Source(
        digest=digest,
        lines=tuple(lines),
        repaired=tuple(repaired),
        front=front,
        front_lines=tuple(number for number in head if not lines[number - 1].strip()),
        findings=tuple(findings),
    )


def show_lines(source: bytes) -> tuple[str, ...]:
    """The lines of a document for showing: decoded, split and repaired as for reading, the front matter included."""
    text, _ = _decode(source)
    lines, _ = _repair(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return tuple(lines)


def _refuse(source: bytes, max_bytes: int) -> Diagnostic | None:
    if len(source) > max_bytes:
        return _fault(
            "PB004",
            "too_large",
            f"The file has over {max_bytes} bytes, the most that is read; it was not read.",
            "Split the document, one playbook per file.",
        )
    if not source.strip(b" \t\r\n\xef\xbb\xbf"):
        return _empty()
    utf16 = source[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not utf16 and b"\0" in source[:65536]:
        return _fault(
            "PB003",
            "binary",
            "The file holds zero bytes: it is not text.",
            "Save the playbook as Markdown text in UTF-8.",
        )
    return None


def _empty() -> Diagnostic:
    return _fault("PB002", "empty", "The file is empty.", "Write the playbook, or remove the file.")


def _decode(source: bytes) -> tuple[str, list[Diagnostic]]:
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = source.decode("utf-16", errors="replace")
        return text, [_not_utf8(1, "UTF-16 was read", "")]
    try:
        return source.decode("utf-8-sig"), []
    except UnicodeDecodeError as problem:
        line = source.count(b"\n", 0, problem.start) + 1
    body = source.removeprefix(b"\xef\xbb\xbf")
    text = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in body)
    return text, [_not_utf8(line, "Windows-1252 was assumed", "; check names and symbols near this line")]


def _not_utf8(line: int, how: str, also: str) -> Diagnostic:
    return _fault(
        "PB001",
        "not_utf8",
        f"The file is not UTF-8; {how}{also}.",
        "Save the file in UTF-8, so that every reader sees the same characters.",
        line,
    )


def _repair(lines: list[str]) -> tuple[list[str], list[int]]:
    """Undo UTF-8 that was read as Windows-1252 and saved again (``â†’`` for ``→``), once or twice over.

    Where an editor dropped the bytes that Windows-1252 does not define, the usual symbols are known by the rest.
    """
    foreign = [(index, line) for index, line in enumerate(lines) if not line.isascii()]
    for index, line in foreign:
        mended = _DAMAGED.sub(_undo, line)
        lines[index] = _DAMAGED.sub(_undo, mended) if mended != line else line
    if all(lines[index] == line for index, line in foreign):
        return lines, []
    for index, _ in foreign:
        lines[index] = _MANGLED_PATTERN.sub(lambda match: _MANGLED[match.group()], lines[index])
    return lines, [index + 1 for index, line in foreign if lines[index] != line]


def _undo(match: re.Match[str]) -> str:
    try:
        return bytes(_BYTE_OF[char] for char in match.group()).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return match.group()


def _say_repaired(repaired: list[int]) -> Diagnostic:
    count = "1 line" if len(repaired) == 1 else f"{len(repaired)} lines"
    return Diagnostic(
        code="PB006",
        rule="double_encoded",
        level=Level.WARNING,
        line=repaired[0],
        text=f"Characters on {count} are encoded twice (a text in UTF-8 was saved as if it were Windows-1252).",
        help="They were repaired for reading. Save the file once in UTF-8, so that people see them right as well.",
        lines=tuple(repaired),
    )


def _opens(lines: list[str]) -> bool:
    return bool(lines) and lines[0].rstrip() in ("---", "+++")


def _take_front_matter(lines: list[str]) -> tuple[Pair, ...]:
    """Blank the front matter (YAML between ``---``, TOML between ``+++``) and return its top-level pairs."""
    if not _opens(lines):
        return ()
    fence = lines[0].rstrip()
    ends = (fence, "...") if fence == "---" else (fence,)
    for end in range(1, min(len(lines), _MAX_FRONT_LINES)):
        line = lines[end].rstrip()
        if line in ends:
            pairs = _read_pairs(lines[1:end])
            lines[: end + 1] = [""] * (end + 1)
            return pairs
        if line and not _FRONT.match(line):
            return ()
    return ()


def _read_pairs(lines: list[str]) -> tuple[Pair, ...]:
    pairs = []
    for offset, line in enumerate(lines):
        match = _PAIR.fullmatch(line.rstrip())
        if match:
            pairs.append(Pair(match.group(1), match.group(2).strip("\"' "), offset + 2))
    return tuple(pairs)


def _fault(code: str, rule: str, text: str, way_out: str, line: int = 0) -> Diagnostic:
    return Diagnostic(code=code, rule=rule, level=Level.ERROR, line=line, text=text, help=way_out)
