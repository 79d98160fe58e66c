"""Whatever a playbook was found to match is missed as soon as it has another name, and everything else is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.playbook.reality import Finding, Row

from .ground import NAMES, SAMPLES, copy, judge

WRITTEN = ("compose_service", "package_script", "target", "alert", "metric")
FILES = ("script", "unit", "file", "manifest")


def name_of(found: Finding) -> str:
    """The name that a finding is about."""
    words = found.what.split(" ")
    word = words[words.index("of") - 1] if found.kind == "package_script" and "of" in words else words[-1]
    return word.rsplit("=", 1)[-1]


def find_renamed(name: str) -> list[tuple[str, Finding]]:
    """Everything of a sample whose name stands in one line of one file."""
    found = {
        (each.kind, each.what): each
        for row in judge(SAMPLES / name)
        for each in row.findings
        if each.verdict == "matches" and each.kind in (*WRITTEN, *FILES) and each.where and "…" not in each.what
    }
    return [(name, each) for each in found.values()]


CASES = [case for name in NAMES for case in find_renamed(name)]


def rename(root: Path, found: Finding) -> None:
    """Give what was found another name, wherever the sample defines it."""
    path, _, line = (found.where or "").partition(":")
    word = name_of(found)
    if found.kind in FILES:
        file = root / path
        if found.kind == "unit" and line:
            file.write_text(file.read_text().replace(f"{word}.service", f"{word}-renamed.service"))
        else:
            file.rename(file.with_name(f"renamed-{file.name}"))
        return
    lines = (root / path).read_text().split("\n")
    at = int(line) - 1
    stem = word if word in lines[at] else word.split("_", 1)[-1]
    near = next(each for each in (at, at + 1, at + 2) if stem in lines[each] or word.split("_", 1)[-1] in lines[each])
    lines[near] = lines[near].replace(stem if stem in lines[near] else word.split("_", 1)[-1], "renamed_thing")
    (root / path).write_text("\n".join(lines))


def speaks_of(row: Row, found: Finding) -> bool:
    """Whether a statement is about what was renamed."""
    return any(each.kind == found.kind and each.what == found.what for each in row.findings)


@pytest.mark.parametrize(("name", "found"), CASES, ids=lambda value: getattr(value, "what", value))
def test_what_has_another_name_is_missing_where_it_is_named(name: str, found: Finding, tmp_path: Path) -> None:
    before = judge(SAMPLES / name)
    root = copy(name, tmp_path)
    rename(root, found)
    after = judge(root)
    word = name_of(found)
    for old, new in zip(before, after, strict=True):
        assert (old.line, old.text) == (new.line, new.text)
        if speaks_of(old, found):
            assert new.verdict == "missing", (new.text, new.findings)
            assert word in new.what
        elif word.rsplit("/", 1)[-1] not in old.text:
            assert new.verdict not in ("missing", "ambiguous"), (new.text, new.findings)


def test_there_is_something_of_every_kind() -> None:
    assert {found.kind for _, found in CASES} >= {
        "compose_service",
        "package_script",
        "target",
        "alert",
        "metric",
        "script",
        "unit",
        "file",
    }
