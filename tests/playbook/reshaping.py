"""Rewrites of a playbook in another form: ranks, order, lists and tables, and other marks for the same things."""

from __future__ import annotations

import re
from typing import Any

from .numbered import Lines
from .rewording import SYNONYMS

_HEADERS = {
    "contact": ("Contact", "How to reach"), "drill": ("Frequency", "Exercise"), "metric": ("Metric", "Meaning"),
    "level": ("Level", "Meaning"),
    "reaction": ("Level", "Response time"), "rule": ("Field", "Value"), "role": ("Role", "Responsibility"),
}  # fmt: skip


def shift(text: str, by: int) -> str:
    """Every heading one level deeper or higher; fences stay as they are."""
    out, fenced = [], False
    for raw in text.split("\n"):
        if raw.lstrip().startswith("```"):
            fenced = not fenced
        match = re.match(r"(#+)( .*)", raw)
        out.append("#" * max(1, len(match.group(1)) + by) + match.group(2) if match and not fenced else raw)
    return "\n".join(out)


def shuffle(lines: Lines, scenarios: list[dict[str, Any]]) -> Lines:
    """The scenarios of a chapter in reverse order."""
    spans = sorted((item["line"], item["end_line"]) for item in scenarios)
    numbered = {origin: index for index, (origin, _) in enumerate(lines) if origin is not None}
    groups: list[list[tuple[int, int]]] = []
    for start, end in spans:
        between = lines[numbered[groups[-1][-1][1]] + 1 : numbered[start]] if groups else [(0, "#")]
        if all(not text.strip() or text.strip() == "---" for _, text in between):
            groups[-1].append((start, end))
        else:
            groups.append([(start, end)])
    out, at = [], 0
    for group in groups:
        slots = [(numbered[start], numbered[end] + 1) for start, end in group]
        for (start, end), (other, other_end) in zip(slots, reversed(slots), strict=True):
            out += [*lines[at:start], *lines[other:other_end]]
            at = end
    return [*out, *lines[at:]]


_KEYED = re.compile(r"- (?:\*\*(?P<bold>[^*]+?):?\*\*:?|(?P<plain>[A-Z][^:*`]{1,40}):)\s+(?P<value>\S.*)$")


def tabulate(lines: Lines, protected: list[tuple[int, int]]) -> Lines:
    """Lists of "- **key**: value" outside procedures as tables with two columns."""
    out: Lines = []
    index, title, fenced = 0, "", False
    while index < len(lines):
        origin, text = lines[index]
        fenced ^= text.lstrip().startswith("```")
        if text.startswith("#") and not fenced:
            title = text
        end = index
        while end < len(lines) and _KEYED.match(lines[end][1]) and not fenced:
            end += 1
        inside = any(start <= (origin or 0) <= stop for start, stop in protected)
        if end - index >= 2 and not inside and (end == len(lines) or not lines[end][1].strip()):
            header = _header(title, lines[index][1])
            out += [
                *([] if not out or not out[-1][1].strip() else [(None, "")]),
                (None, f"| {header[0]} | {header[1]} |"),
                (None, "|---|---|"),
            ]
            for number, raw in lines[index:end]:
                match = _KEYED.match(raw)
                assert match is not None
                key = f"**{match['bold']}**" if match["bold"] else match["plain"]
                out.append((number, f"| {key} | {match['value'].replace('|', '/')} |"))
            index = end
            continue
        out.append((origin, text))
        index += 1
    return out


def _header(title: str, first: str) -> tuple[str, str]:
    words = title.lower()
    for sign, name in (
        ("contact", "contact"), ("phone list", "contact"), ("reach", "contact"), ("rotation", "role"), ("drill",
        "drill"), ("training", "drill"),
        ("metric", "metric"), ("measure", "metric"), ("response times", "reaction"), ("reaction", "reaction"),
        ("severity levels", "level"),
    ):  # fmt: skip
        if sign in words:
            return _HEADERS[name]
    return _HEADERS["rule"]


def untabulate(lines: Lines) -> Lines:
    """Tables outside fences as lists: two columns as "- **key**: value", more as a bullet with bullets below it."""
    out: Lines = []
    index, fenced = 0, False
    while index < len(lines):
        origin, text = lines[index]
        fenced ^= text.lstrip().startswith("```")
        if fenced or not text.startswith("|") or not re.fullmatch(r"[|\s:-]+", lines[index + 1][1]):
            out.append((origin, text))
            index += 1
            continue
        header = [cell.strip() for cell in text.strip("|").split("|")]
        index += 2
        while index < len(lines) and lines[index][1].startswith("|"):
            cells = [cell.strip() for cell in lines[index][1].strip("|").split("|")]
            bold = cells[0] if cells[0].startswith(("**", "`", "#")) else f"**{cells[0]}**"
            if len(cells) == 2:
                out.append((lines[index][0], f"- {bold}: {cells[1]}"))
            else:
                out.append((lines[index][0], f"- {bold}"))
                out += [(None, f"  - {key}: {value}") for key, value in zip(header[1:], cells[1:], strict=True)]
            index += 1
    return out


def restyle(text: str) -> str:
    """Other marks for the same things: stars for dashes, brackets for dots, tildes for ticks, colons outside the
    bold.
    """
    out, fenced = [], False
    for raw in text.split("\n"):
        if raw.lstrip().startswith("```"):
            fenced = not fenced
            raw = raw.replace("```", "~~~~", 1)
        elif not fenced:
            raw = re.sub(r"^(\s*)- ", r"\1* ", raw)
            raw = re.sub(r"^(\s*)(\d+)\. ", r"\1\2) ", raw)
            raw = re.sub(r"\*\*([^*]+?):\*\*", r"**\1**:", raw)
            raw = re.sub(r"\*\*([^*]+?)\*\*", r"__\1__", raw)
        out.append(raw)
    return "\n".join(out)


def promote_labels(text: str) -> str:
    """Bold labels of sections below "###" as headings of the fourth rank."""
    known = {*SYNONYMS, "Response", "Resolution", "Investigation", "Actions", "Common Issues"}
    out, fenced, level = [], False, 1
    for raw in text.split("\n"):
        fenced ^= raw.lstrip().startswith("```")
        level = len(raw) - len(raw.lstrip("#")) if raw.startswith("#") and not fenced else level
        match = re.fullmatch(r"\*\*([^*]+?):\*\*", raw)
        wanted = match and not fenced and (match.group(1) in known or match.group(1).startswith("If "))
        out.append("#" * (level + 1 if level < 4 else 4) + " " + match.group(1) if match and wanted else raw)
        level = 3 if match and wanted else level
    return "\n".join(out)


def list_steps_in_tables(lines: Lines, protected: list[tuple[int, int]]) -> Lines:
    """Plain numbered lists of at least two one-line items inside procedures as tables of steps."""
    out: Lines = []
    index, fenced = 0, False
    while index < len(lines):
        origin, text = lines[index]
        fenced ^= text.lstrip().startswith("```")
        end = index
        while end < len(lines) and re.match(r"\d+\. [^*]+$", lines[end][1]) and not fenced:
            end += 1
        inside = any(start <= (origin or 0) <= stop for start, stop in protected)
        free = end == len(lines) or not lines[end][1].strip()
        conditional = any(re.search(r"\d+\. (?:If|Verify\b.*\?|Schedule)|\?$", raw) for _, raw in lines[index:end])
        if end - index >= 2 and inside and free and not conditional:
            if out and out[-1][1].strip():
                out.append((None, ""))
            out += [(None, "| # | Step |"), (None, "|---|------|")]
            out += [(number, "| {} | {} |".format(*raw.split(". ", 1))) for number, raw in lines[index:end]]
            index = end
            continue
        out.append((origin, text))
        index += 1
    return out


def underline(lines: Lines) -> Lines:
    """Headings of the first two ranks with a line below them instead of marks before them."""
    out: Lines = []
    fenced = False
    for number, text in lines:
        fenced ^= text.lstrip().startswith("```")
        match = re.match(r"(##?) (.+)$", text)
        if match and not fenced:
            out += [(number, match.group(2)), (None, ("=" if match.group(1) == "#" else "-") * len(match.group(2)))]
        else:
            out.append((number, text))
    return out


def decorate(text: str) -> str:
    """Headings in bold, with a picture before and marks behind them."""
    out, fenced = [], False
    for raw in text.split("\n"):
        fenced ^= raw.lstrip().startswith("```")
        match = re.match(r"(#+) ([^`]+)$", raw)
        out.append(f"{match[1]} \U0001f525 **{match[2]}** {match[1]}" if match and not fenced else raw)
    return "\n".join(out)


def drop_rules(lines: Lines) -> Lines:
    """No rules between the chapters; a front matter before them."""
    head: Lines = [(None, line) for line in ("---", "title: Handbook", "tags: [a, b]", "---")]
    return head + [(number, text) for number, text in lines if text.strip() != "---"]
