"""Findings as SARIF 2.1.0, the form in which code hosts and editors take the results of a checker.

Regions count lines from 1 and columns in Unicode characters from 1, the end exclusive, which is said in ``columnKind``.
A finding about a whole file has no region. Every code is described among the rules, found or not, so that the numbers
by which results refer to them are the same in every run of one version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import quote

from tocsin.playbook import handbook
from tocsin.playbook.diagnostic import Diagnostic, SetAside
from tocsin.playbook.explanation import Explanation
from tocsin.playbook.model import Playbook
from tocsin.words import Level

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.REMARK: "note"}
_FINGERPRINT = "tocsinFinding/v1"


def to_sarif(
    playbooks: Collection[Playbook], version: str, known: Collection[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """One run over these playbooks, as plain values for JSON.

    ``path`` of each playbook is taken for a URI reference relative to the root of the source, with forward slashes.
    ``known`` are pairs of path and fingerprint that a baseline holds: then every result says whether it is new.
    """
    results = [result for playbook in playbooks for result in _results(playbook, known)]
    rules = [_describe(found) for found in handbook.EXPLANATIONS.values()]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "tocsin", "semanticVersion": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the checked-out source."}}},
                "artifacts": [{"location": _artifact(playbook.path)} for playbook in playbooks],
                "results": results,
            }
        ],
    }


def _describe(found: Explanation) -> dict[str, Any]:
    text = f"{found.what} {found.why}"
    markdown = "\n\n".join(
        [
            found.what,
            f"**Why:** {found.why}",
            "**Example:**",
            _fence(found.example),
            "**Use instead:**",
            _fence(found.instead),
        ]
    )
    return {
        "id": found.code,
        "name": "".join(word.capitalize() for word in found.rule.split("_")),
        "shortDescription": {"text": found.what},
        "fullDescription": {"text": text},
        "help": {
            "text": f"{text}\n\nExample:\n\n{found.example}\n\nUse instead:\n\n{found.instead}",
            "markdown": markdown,
        },
        "defaultConfiguration": {"level": _LEVELS[found.level]},
        "properties": {"tags": [found.rule]},
    }


def _fence(text: str) -> str:
    return f"~~~~markdown\n{text}\n~~~~"


_INDEX = {code: index for index, code in enumerate(handbook.EXPLANATIONS)}


def _results(playbook: Playbook, known: Collection[tuple[str, str]] | None) -> Iterator[dict[str, Any]]:
    for found in playbook.diagnostics:
        yield _result(found, playbook.path, known)
    for aside in playbook.set_aside:
        yield _result(aside.diagnostic, playbook.path, known) | {"suppressions": [_suppression(aside)]}


def _suppression(aside: SetAside) -> dict[str, Any]:
    return {
        "kind": "inSource",
        "status": "accepted",
        "justification": f"{aside.reason} (line {aside.line}, until {aside.until})",
    }


def _result(found: Diagnostic, path: str, known: Collection[tuple[str, str]] | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.code,
        "level": _LEVELS[found.level],
        "message": {"text": f"{found.text} {found.help}".strip()},
        "locations": [{"physicalLocation": _place(path, found)}],
        "partialFingerprints": {_FINGERPRINT: found.fingerprint or found.code},
    }
    if found.code in _INDEX:
        result["ruleIndex"] = _INDEX[found.code]
    related = [line for line in dict.fromkeys(found.lines) if line > 0 and line != found.line]
    if related:
        result["relatedLocations"] = [_related(path, number, line) for number, line in enumerate(related)]
    if known is not None:
        result["baselineState"] = "unchanged" if (path, found.fingerprint) in known else "new"
    return result


def _place(path: str, found: Diagnostic) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(path)}
    if found.line > 0:
        region = {"startLine": found.line}
        if found.column > 0:
            region |= {"startColumn": found.column, "endColumn": found.end_column}
        place["region"] = region
    return place


def _related(path: str, number: int, line: int) -> dict[str, Any]:
    return {
        "id": number,
        "physicalLocation": {"artifactLocation": _artifact(path), "region": {"startLine": line}},
        "message": {"text": f"Line {line} belongs to it."},
    }


def _artifact(path: str) -> dict[str, str]:
    """A file by its URI: relative to the source's root, unless the path is absolute."""
    slashed = path.replace("\\", "/")
    uri = quote(slashed, safe="/")
    if slashed.startswith("/"):
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": "SRCROOT"}
