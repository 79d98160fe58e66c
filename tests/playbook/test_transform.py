"""The five playbooks rewritten (other names, words, numbers, forms and order) must yield the rewritten model.

This is the guard against overfitting: every rewrite changes a playbook without changing its meaning, and its expected
model with it. Rewrites work on numbered lines, so that the lines of the model can follow their lines of text.
"""

from __future__ import annotations

import copy
import json
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.report import to_json

Line = tuple[int | None, str]  # the line's number in the original file, and its text now
Lines = list[Line]

_LEVELS = {"SEV-": "Prio-", "P": "S"}
_NAMES = {
    "Mycelia": "Quarzo", "mycelia": "quarzo", "BitCell": "Tundra", "bitcell": "tundra", "USDX/Wexel": "Lumen/Korund",
    "usdx-wexel": "lumen-korund", "Monero Marketplace": "Basalt Bazaar", "VirtEngine": "Gneisswerk",
    "virtengine": "gneisswerk",
    "marketplace-oncall": "bazaar-duty", "PLAY-SEC-": "RB-INTRUSION-", "PLAY-": "RB-", "NodeDown": "WorkerVanished",
    "RegionDown": "ZoneDark", "RegionDegraded": "ZoneDim", "ChainNotProgressing": "LedgerFrozen",
    "ChainHalted": "LedgerHalt",
    "HighErrorRate": "TooManyFailures", "DatabaseUnavailable": "StoreGone", "WalletRPCUnreachable": "PurseDeaf",
    "NetworkPartition": "MeshSplit", "PeerCountCritical": "FewNeighbours", "#incidents": "#firehouse",
    "#validator-emergency": "#keepers-now",
    "#incident-response": "#war-desk", "#alerts": "#bells", "#ops": "#engine-room", "#post-mortems": "#autopsies",
    "INC-": "CASE-",
}  # fmt: skip
SYNONYMS = {
    "Symptoms": "Warning signs", "Immediate Actions": "First response", "Investigation Steps": "Forensics",
    "Recovery Steps": "Restoration steps",
    "Diagnosis": "Troubleshooting", "Resolution Steps": "Remediation steps", "Fix": "Remedy", "Follow-up": "Aftercare",
    "Detection": "How it is detected", "Common Causes": "Likely culprits", "Questions": "Ask yourself",
    "DO NOT": "Never",
    "Common Incident Scenarios": "Known emergencies", "Common Incidents": "What can go wrong",
    "Common Scenarios": "Failure modes",
    "Technical Playbooks": "Runbooks", "Critical Playbooks": "Urgent runbooks",
    "High Priority Playbooks": "Important runbooks",
    "Medium Priority Playbooks": "Ordinary runbooks", "Security Incident Playbooks": "Security runbooks",
    "Severity Levels": "Priority levels", "Incident Severity Levels": "Incident classes",
    "Severity Classification": "Urgency levels",
    "Incident Classification": "How serious is it", "Response Times": "Reaction times",
    "Incident Response Team": "Responders",
    "Incident Roles": "Who does what", "Escalation Procedures": "Escalation path",
    "Communication Procedures": "Keeping people informed",
    "Communication Protocols": "Communication rules", "Emergency Contacts": "Phone list", "Contacts": "Whom to reach",
    "Training and Drills": "Exercises", "Incident Metrics": "Key figures", "Metrics": "What we measure",
    "Recovery Procedures": "Restoration procedures",
    "Response Procedures": "Incident handling procedures", "External Vendors": "Suppliers",
}  # fmt: skip
_HEADERS = {
    "contact": ("Contact", "How to reach"), "drill": ("Frequency", "Exercise"), "metric": ("Metric", "Meaning"),
    "level": ("Level", "Meaning"),
    "reaction": ("Level", "Response time"), "rule": ("Field", "Value"), "role": ("Role", "Responsibility"),
}  # fmt: skip


def split(text: str) -> Lines:
    """A text as numbered lines."""
    return list(enumerate(text.split("\n"), 1))


def join(lines: Lines) -> str:
    return "\n".join(text for _, text in lines)


def follow(lines: Lines) -> dict[int, int]:
    """Where each line of the original stands now."""
    return {origin: number for number, (origin, _) in enumerate(lines, 1) if origin is not None}


def move(value: Any, where: dict[int, int]) -> Any:
    """An expected model with its lines moved."""
    if isinstance(value, list):
        return [move(item, where) for item in value]
    if isinstance(value, dict):
        return {
            key: where[item] if key in ("line", "end_line") and isinstance(item, int)
            else [where[n] if isinstance(n, int) else move(n, where) for n in item] if key in ("approvals",
            "prohibitions")
            else move(item, where)
            for key, item in value.items()
        }  # fmt: skip
    return value


def rename(text: str) -> str:
    """Other names, ids and levels; the same in a text and in what is expected of it."""
    for old, new in _NAMES.items():
        text = text.replace(old, new)
    text = re.sub(r"\bSEV-(?=[\dX])", "Prio-", text)
    return re.sub(r"\bP(?=[0-4]\b)", "S", text)


def rename_model(value: Any) -> Any:
    if isinstance(value, list):
        return [rename_model(item) for item in value]
    if isinstance(value, dict):
        return {key: rename_model(item) for key, item in value.items()}
    return rename(value) if isinstance(value, str) else value


_TIME = re.compile(
    r"(?P<low>\d+)?(?P<dash>\s?-\s?)?(?P<high>\d+)(?P<plus>\+)?(?P<gap>\s?)(?P<unit>minutes?|mins?|min|hours?|days?|"
    r"weeks?|h)\b"
)


def double_times(text: str) -> str:
    """Every duration twice as long, in text."""

    def twice(match: re.Match[str]) -> str:
        number = re.sub(r"\d+", lambda digits: str(2 * int(digits.group())), match.group())
        return (
            number.replace("2 hour", "2 hours")
            .replace("hourss", "hours")
            .replace("2 week", "2 weeks")
            .replace("weekss", "weeks")
        )

    text = re.sub(r"\bT\+(\d+)", lambda match: f"T+{2 * int(match.group(1))}", text)
    return re.sub(r"(?<![\w.:/$-])\d+(?:\s?-\s?\d+)?\+?\s?(?:minutes?|mins?|hours?|days?|weeks?)\b", twice, text)


_SECONDS = ("within_s", "update_every_s", "status_page_within_s", "bridge_within_s", "after_s", "starts_s", "ends_s")


def double_model(value: Any) -> Any:
    if isinstance(value, list):
        return [double_model(item) for item in value]
    if isinstance(value, dict):
        return {
            key: 2 * item if key in _SECONDS and isinstance(item, int) else double_times(item)
            if key in ("condition", "title", "what", "name") and isinstance(item, str) else double_model(item)
            for key, item in value.items()
        }  # fmt: skip
    return value


def reword(text: str, synonyms: dict[str, str] = SYNONYMS) -> str:
    """The titles of chapters and sections in other words."""

    def line(raw: str) -> str:
        for old, new in synonyms.items():
            for pattern in (rf"^(#+ (?:\W+ )?){re.escape(old)}(?=$| \()", rf"^(\*\*){re.escape(old)}(?=:?\*\*)"):
                changed = re.sub(pattern, lambda match, new=new: match.group(1) + new, raw)  # type: ignore[misc]
                if changed != raw:
                    return changed
        return raw

    return "\n".join(line(raw) for raw in text.split("\n"))


def reword_model(model: dict[str, Any], synonyms: dict[str, str] = SYNONYMS) -> dict[str, Any]:
    """Names that the expected model takes from titles, in the same other words."""

    def word(text: str) -> str:
        return synonyms.get(text, text)

    for kind, key in (("processes", "title"), ("reviews", "what"), ("templates", "name"), ("rotations", "title")):
        for item in model[kind]:
            item[key] = word(item[key])
    return model


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


MORE_SYNONYMS = (
    {
        "Symptoms": "What you will see", "Immediate Actions": "First steps", "Investigation Steps": "Deep dive",
        "Recovery Steps": "Back to normal",
        "Diagnosis": "Diagnostics", "Resolution": "Solution", "Resolution Steps": "Corrective actions",
        "Fix": "How to fix", "Follow-up": "Afterwards",
        "Detection": "Alert fires", "Verification": "Confirm recovery", "Questions": "Questions to ask",
        "Common Issues": "Possible causes",
        "Common Incident Scenarios": "Scenarios", "Common Incidents": "Incident types",
        "Common Scenarios": "Known issues", "Containment Actions": "Isolation",
        "Technical Playbooks": "Specific runbooks", "Severity Levels": "Severity matrix",
        "Incident Severity Levels": "Priorities", "Mitigation": "Workaround",
        "Severity Classification": "Classification", "Incident Response Team": "Roles and responsibilities",
        "Incident Roles": "Roles",
        "Escalation Procedures": "Escalation matrix", "Escalation": "Escalation levels",
        "Emergency Contacts": "Contact information", "Contacts": "Contact directory",
        "Training and Drills": "Drills and training", "Incident Metrics": "KPIs", "Metrics": "Reporting",
        "Slack Channels": "Chat channels",
        "Communication Templates": "Message templates", "Drills": "Simulations", "Regular Training": "Training plan",
    },
    {
        "Symptoms": "Indicators", "Immediate Actions": "Initial response", "Investigation Steps": "Investigation",
        "Recovery Steps": "Recovery",
        "Diagnosis": "Diagnostic steps", "Resolution": "Fixes", "Resolution Steps": "Resolution", "Fix": "Repair",
        "Follow-up": "Next steps",
        "Detection": "Detect", "Verification": "Validation", "Questions": "What to ask", "Common Causes": "Causes",
        "Common Incident Scenarios": "Incident playbooks", "Common Incidents": "Runbooks by incident",
        "Common Scenarios": "Typical failures",
        "Technical Playbooks": "Technical runbooks", "Severity Levels": "Priority classes",
        "Incident Severity Levels": "Severity definitions",
        "Severity Classification": "Incident severity", "Incident Response Team": "Team and roles",
        "Incident Roles": "Responsibilities",
        "Escalation Procedures": "Escalations", "Emergency Contacts": "Who to call", "Contacts": "Important contacts",
        "Training and Drills": "Practice", "Incident Metrics": "Measurements", "Metrics": "KPIs",
        "Post-Mortem Template": "Post-Incident Report Template",
    },
)  # fmt: skip


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


def on_text(change: Callable[[str], str]) -> Callable[[Lines], Lines]:
    """A rewrite of a text that keeps its lines, for numbered lines."""

    def apply(lines: Lines) -> Lines:
        changed = change(join(lines)).split("\n")
        return [(origin, text) for (origin, _), text in zip(lines, changed, strict=True)]

    return apply


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


SEEDS = ("mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine")
REWRITES = (
    "as_written", "renamed", "doubled", "reworded", "reworded_2", "reworded_3", "deeper", "shuffled", "tabulated",
    "untabulated",
    "restyled", "promoted", "stepped", "crlf", "shallower", "underlined", "decorated", "without_rules", "everything",
)  # fmt: skip
"""One rewrite each, and all of them together."""


def _rewrite(how: str, text: str, gold: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    every = how == "everything"
    lines = split(text)
    procedures = [*gold["scenarios"], *gold["processes"]]
    spans = [(item["line"], item["end_line"]) for item in procedures]
    if every or how == "shuffled":
        lines = shuffle(lines, gold["scenarios"])
    if how == "tabulated":
        lines = tabulate(lines, spans)
    if every or how == "untabulated":
        lines = untabulate(lines)
    if every or how == "doubled":
        lines, gold = on_text(double_times)(lines), double_model(gold)
    if every or how == "reworded":
        lines, gold = on_text(reword)(lines), reword_model(gold)
    if how in ("reworded_2", "reworded_3"):
        words = MORE_SYNONYMS[int(how[-1]) - 2]
        lines, gold = on_text(lambda whole: reword(whole, words))(lines), reword_model(gold, words)
    if how == "promoted":
        lines = on_text(promote_labels)(lines)
    if how == "stepped":
        lines = list_steps_in_tables(lines, spans)
    if how == "underlined":
        lines = underline(lines)
    if how == "decorated":
        lines = on_text(decorate)(lines)
    if how == "without_rules":
        lines = drop_rules(lines)
    if how == "shallower":
        lines = on_text(lambda whole: shift(whole, -1))(lines)
    if every or how == "renamed":
        lines, gold = on_text(rename)(lines), rename_model(gold)
    if every or how == "deeper":
        lines = on_text(lambda whole: shift(whole, 1))(lines)
    if every or how == "restyled":
        lines = on_text(restyle)(lines)
    text = join(lines)
    return text.replace("\n", "\r\n") if every or how == "crlf" else text, move(gold, follow(lines))


@pytest.mark.parametrize("how", REWRITES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_rewritten_playbook_yields_the_rewritten_model(
    seed: str, how: str, shared: Path, check: types.ModuleType, knowledge: effect.Knowledge
) -> None:
    gold = json.loads((shared / "gold" / f"{seed}.json").read_text("utf-8"))
    text = (shared / "seeds" / f"{seed}.md").read_text("utf-8")
    rewritten, expected = _rewrite(how, text, copy.deepcopy(gold))
    got = to_json(compile_playbook(rewritten.encode(), f"{seed}.md", knowledge))
    tally = check.Tally()
    check.compare(tally, seed, expected, got)
    faults = [fault for kind in tally.wrong.values() for fault in kind]
    assert not faults, "\n".join(faults)
