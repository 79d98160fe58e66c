"""Every line of a document is accounted for, and what is said to be a step is one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tocsin.playbook import effect, source
from tocsin.playbook.compile import begin, finish
from tocsin.playbook.coverage import Coverage, Figures, Taken, account

_TEXT = """\
---
owner: SRE
---
# Runbook

## Disk is full

**Severity:** SEV-2

Disks fill up when logs are not rotated.

### Symptoms
- Writes fail

### Impact
- Orders are lost

### Diagnosis

```console
$ df -h /var
Filesystem Size
/dev/sda1 40G
$ du -sh /var/log
```

| Name | Value |
|---|---|
| disk | 40G |

### Fix
1. Rotate the logs:
   ```sh
   logrotate -f /etc/logrotate.conf
   ```
2. Tell #ops
- **Never** delete the audit log

<!-- reviewed -->

## Notes

```bash
make docs
```

- Ask the owner
"""


def _account(text: str, knowledge: effect.Knowledge) -> Coverage:
    return _account_bytes(text.encode(), "x.md", knowledge)


def _account_bytes(content: bytes, path: str, knowledge: effect.Knowledge) -> Coverage:
    read = source.read(content, 10**8)
    draft = begin(read, path, knowledge, effect.EMPTY)
    return account(finish(draft, None), draft)


def test_every_line_that_is_not_blank_is_accounted_for_once(knowledge: effect.Knowledge) -> None:
    coverage = _account(_TEXT, knowledge)
    full = [number for number, line in enumerate(_TEXT.splitlines(), 1) if line.strip()]
    assert [line.line for line in coverage.lines] == full


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ("owner: SRE", Taken.DOCUMENT),
        ("## Disk is full", Taken.SCENARIO),
        ("Disks fill up", Taken.PROSE),
        ("### Symptoms", Taken.SECTION),
        ("- Writes fail", Taken.SYMPTOM),
        ("- Orders are lost", Taken.IMPACT),
        ("```console", Taken.MARKUP),
        ("$ df -h /var", Taken.STEP),
        ("/dev/sda1 40G", Taken.OUTPUT),
        ("| disk | 40G |", Taken.NOTHING),
        ("1. Rotate the logs:", Taken.STEP),
        ("   logrotate -f", Taken.STEP),
        ("2. Tell #ops", Taken.STEP),
        ("- **Never** delete", Taken.PROHIBITION),
        ("<!-- reviewed -->", Taken.MARKUP),
        ("## Notes", Taken.HEADING),
        ("make docs", Taken.COMMAND),
        ("- Ask the owner", Taken.NOTHING),
    ],
)
def test_what_took_a_line(words: str, taken: Taken, knowledge: effect.Knowledge) -> None:
    lines = _TEXT.splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith(words))
    found = {line.line: line for line in _account(_TEXT, knowledge).lines}
    assert found[number].taken is taken
    inside = lines.index("## Disk is full") < number < lines.index("<!-- reviewed -->") + 1
    assert found[number].procedure == ("Disk is full" if inside else None)


def test_only_steps_count_as_steps(knowledge: effect.Knowledge) -> None:
    figures = _account(_TEXT, knowledge).figures
    assert (figures.shell, figures.shell_steps, figures.output, figures.loose) == (3, 3, 2, 1)
    assert (figures.items, figures.item_steps, figures.explaining) == (2, 2, 3)


def test_output_that_reads_like_a_command_and_an_order_among_explanations_are_missed(
    knowledge: effect.Knowledge,
) -> None:
    text = _TEXT.replace("Filesystem Size", "kubectl get pods").replace("- Orders are lost", "- Restart the shop")
    figures = _account(text, knowledge).figures
    assert (figures.shell, figures.shell_steps) == (4, 3)
    assert (figures.items, figures.item_steps) == (3, 2)


def test_a_document_that_is_no_playbook_has_headings_and_prose_only(knowledge: effect.Knowledge) -> None:
    coverage = _account("# Shop\n\nA web shop.\n\n- fast\n- cheap\n", knowledge)
    assert [line.taken for line in coverage.lines] == [Taken.DOCUMENT, Taken.PROSE, Taken.NOTHING, Taken.NOTHING]
    assert not coverage.is_playbook


def _figures(folder: Path, knowledge: effect.Knowledge) -> Figures:
    total = Figures()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".md", ".mdx"):
            total = total.plus(_account_bytes(path.read_bytes(), path.name, knowledge).figures)
    return total


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def test_commands_and_items_below_scenarios_become_steps_in_every_repository(
    shared: Path, knowledge: effect.Knowledge
) -> None:
    """At least 95 % of the shell lines and 80 % of the items, for each repository; ``of all`` counts the items that
    only explain as well, so that nobody mistakes the one figure for the other.
    """
    folders = [folder for folder in sorted((shared / "corpus" / "playbooks").glob("*")) if folder.is_dir()]
    if not folders:
        pytest.skip("The corpus is missing.")
    short = []
    for folder in folders:
        found = _figures(folder, knowledge)
        shell = _share(found.shell_steps, found.shell)
        items = _share(found.item_steps, found.items)
        whole = _share(found.item_steps, found.items + found.explaining)
        sys.stdout.write(
            f"{folder.name}: shell {found.shell_steps}/{found.shell} ({shell:.0%}; output {found.output}, outside "
            f"{found.loose}), items {found.item_steps}/{found.items} ({items:.0%}; of all {whole:.0%})\n"
        )
        if shell < 0.95 or items < 0.80:
            short.append(folder.name)
    assert short == []
