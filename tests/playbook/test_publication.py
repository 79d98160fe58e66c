"""The published schema says what the published JSON holds: no more, no less."""

from __future__ import annotations

import copy
import importlib.util
import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.publication import make_schema
from tocsin.playbook.report import to_json

_ROOT = Path(__file__).resolve().parents[2]
_FIXTURES = sorted((Path(__file__).parent / "fixtures").rglob("*.md"))
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def _find_faults(value: Any, schema: dict[str, Any], defs: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Where a value breaks the schema; a field that the schema does not have is a fault as well."""
    if "$ref" in schema:
        yield from _find_faults(value, defs[schema["$ref"].rpartition("/")[2]], defs, where)
    elif "anyOf" in schema:
        tried = [list(_find_faults(value, each, defs, where)) for each in schema["anyOf"]]
        if all(tried):
            yield from min(tried, key=len)
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
    elif not isinstance(value, _TYPES[schema["type"]]) or (isinstance(value, bool) and schema["type"] == "integer"):
        yield f"{where}: {value!r:.40} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from (f"{where}: lacks {name}" for name in schema["required"] if name not in value)
        for name, each in value.items():
            if name in schema["properties"]:
                yield from _find_faults(each, schema["properties"][name], defs, f"{where}.{name}")
            else:
                yield f"{where}: may not have {name}"
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _find_faults(each, schema["items"], defs, f"{where}[{index}]")


def _check(source: bytes, path: str, knowledge: effect.Knowledge) -> None:
    schema = make_schema()
    entry = {"playbooks": [to_json(compile_playbook(source, path, knowledge))]}
    assert list(_find_faults(entry, schema, schema["$defs"])) == []


def test_the_published_schema_is_current() -> None:
    published = json.loads((_ROOT / "docs" / "playbook.schema.json").read_text("utf-8"))
    assert published == make_schema(), "run: tocsin playbook schema > docs/playbook.schema.json"


@pytest.mark.parametrize("name", ["mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine"])
def test_the_five_are_as_the_schema_says(name: str, seeds: Path, knowledge: effect.Knowledge) -> None:
    _check((seeds / f"{name}.md").read_bytes(), name, knowledge)


def test_a_sample_of_the_corpus_is_as_the_schema_says(shared: Path, knowledge: effect.Knowledge) -> None:
    paths = [path for path in sorted((shared / "corpus" / "playbooks").rglob("*")) if path.suffix in (".md", ".mdx")][
        ::17
    ]
    if not paths:
        pytest.skip("The corpus is missing.")
    for path in paths:
        _check(path.read_bytes(), path.name, knowledge)


@pytest.mark.parametrize("path", _FIXTURES[::5], ids=lambda path: path.stem)
def test_fixtures_are_as_the_schema_says(path: Path, knowledge: effect.Knowledge) -> None:
    _check(path.read_bytes(), path.name, knowledge)


@pytest.mark.parametrize("source", [b"", b"\0", b"# Shop\n\nA shop.\n", b"# Runbook\n\n```bash\nls\n"])
def test_what_is_no_playbook_is_as_the_schema_says(source: bytes, knowledge: effect.Knowledge) -> None:
    _check(source, "x.md", knowledge)


def test_the_schema_refuses_what_is_wrong(knowledge: effect.Knowledge) -> None:
    schema = make_schema()
    entry = to_json(compile_playbook((Path(__file__).parent / "fixtures" / "sound.md").read_bytes(), "x", knowledge))
    for break_ in ("scenarios", "severities", "steps"):
        broken = copy.deepcopy(entry)
        target = broken["scenarios"][0] if break_ == "steps" else broken
        target[break_] = [{"line": "one"}]
        assert list(_find_faults({"playbooks": [broken]}, schema, schema["$defs"]))


@pytest.fixture(scope="module")
def tool() -> types.ModuleType:
    """The tool that writes the outlines of the page about writing playbooks."""
    spec = importlib.util.spec_from_file_location("outline_docs", _ROOT / "tools" / "outline_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_about_writing_playbooks_shows_what_tocsin_makes_of_its_examples(
    tool: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--check"]) == 0, capsys.readouterr().out


def test_every_example_of_the_page_is_a_playbook_that_can_be_read(tool: types.ModuleType) -> None:
    examples = [match for match in tool.FENCE.finditer(tool.PAGE.read_text("utf-8")) if match["kind"] == "markdown"]
    assert len(examples) >= 8
    for match in examples:
        playbook = tool.compile_example({match["name"] or "runbook.md": match["body"]})
        assert playbook.is_playbook
        assert [each.rule for each in playbook.diagnostics if each.code.startswith("PB0")] == []
