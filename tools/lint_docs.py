"""Write the pages of docs/lint from what the rules say of themselves; with --check, only say which are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

from tocsin.playbook.explanation import Explanation
from tocsin.playbook.handbook import EXPLANATIONS

PAGES = Path(__file__).resolve().parent.parent / "docs" / "lint"
GROUPS = {
    "PB0": ("reading", "Cannot be read as it is", "What is wrong with the file itself."),
    "PB1": ("dangerous", "Dangerous to run", "What somebody will run at three in the morning."),
    "PB2": ("people", "Who is called, and when", "Levels, alerts, escalation, contacts, messages and their clocks."),
    "PB3": ("document", "The document", "Whether it is kept, complete, and leads where it says."),
    "PB4": ("comments", "Comments that set findings aside", "What is wrong with them."),
    "PB5": ("alerts", "Alert rules beside playbooks", "What `tocsin link` finds between the two."),
}
NOTE = "<!-- Written by tools/lint_docs.py from the rules' own docstrings: change those. -->"


def render() -> dict[str, str]:
    """Every page by its file's name."""
    pages = {"README.md": _render_index()}
    for prefix, (name, title, about) in GROUPS.items():
        found = _of(prefix)
        if found:
            pages[f"{name}.md"] = "\n\n".join([NOTE, f"# {title}", about, *map(_render_rule, found)]) + "\n"
    return pages


def _of(prefix: str) -> list[Explanation]:
    return [found for found in EXPLANATIONS.values() if found.code.startswith(prefix)]


def _render_rule(found: Explanation) -> str:
    parts = [
        f"## {found.code} {found.rule}",
        f"*{found.level}* · {found.what}",
        f"**Why:** {found.why}",
        f"**Example:**\n\n{_fence(found.example)}",
        f"**Use instead:**\n\n{_fence(found.instead)}",
    ]
    return "\n\n".join(parts)


def _fence(text: str) -> str:
    return f"~~~~markdown\n{text}\n~~~~"


def _render_index() -> str:
    parts = [NOTE, "# What tocsin says about a playbook", INTRODUCTION.strip()]
    for prefix, (name, title, _) in GROUPS.items():
        found = _of(prefix)
        if found:
            rows = [_render_row(name, each) for each in found]
            parts.append(
                "\n".join([f"## {title}", "", "| code | rule | level | it finds |", "|---|---|---|---|", *rows])
            )
    return "\n\n".join(parts) + "\n"


def _render_row(name: str, found: Explanation) -> str:
    anchor = f"{found.code} {found.rule}".lower().replace(" ", "-")
    first = found.what.split(". ")[0].rstrip(".").replace("|", "\\|")
    return f"| [{found.code}]({name}.md#{anchor}) | {found.rule} | {found.level} | {first}. |"


INTRODUCTION = """
`tocsin compile runbook.md` says what tocsin makes of a playbook and what a careful colleague would object to, the
dangerous first. `tocsin explain PB102` (or a rule's name) prints what stands on these pages.

| option | what it does |
|---|---|
| `--format text` | findings with the lines that they are about; colours on a terminal, unless `NO_COLOR` is set |
| `--format json` | the whole model, findings included; a finding about the whole file has line 0 and column 0 |
| `--format sarif` | SARIF 2.1.0 for code hosts and editors; a finding about the whole file has no region |
| `--format github` | annotations, when it runs in a workflow |
| `--fail-on error` | exit with 1 at an error (`warning`, `remark`: at less) |
| `--write-baseline FILE` | accept everything that is found now |
| `--baseline FILE` | show and count only what is new; say which entries are stale |

**A baseline** knows a finding by its rule and the words of its line, not by the line's number. It is made to be
committed and to grow shorter.

**A comment** sets a finding aside where it stands: on its own line above a paragraph, list item, heading, table or
fence, or behind the words of a line. Code, last day and reason are all needed:

    <!-- tocsin: allow PB113 until 2030-01-01: the cache is rebuilt by itself, agreed with storage -->

With `in this document` behind the code it holds everywhere. One that lacks a part, has expired or sets nothing aside is
a finding itself.
"""


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    pages = render()
    stale = [name for name, text in pages.items() if not _is_current(PAGES / name, text)]
    extra = [path for path in sorted(PAGES.glob("*.md")) if path.name not in pages]
    if "--check" in arguments:
        for name in [*stale, *(path.name for path in extra)]:
            print(f"docs/lint/{name} is out of date: run python tools/lint_docs.py")
        return int(bool(stale or extra))
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(pages[name], encoding="utf-8")
    for path in extra:
        path.unlink()
    print(f"docs/lint: {len(stale)} of {len(pages)} pages written, {len(extra)} removed")
    return 0


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
