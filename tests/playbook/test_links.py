"""Alert rules beside playbooks: links by name and folder, sections, names of alerts, and what is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tocsin.playbook import effect, mismatch
from tocsin.playbook.library import Library, compile_library
from tocsin.playbook.links import Guide, Lead, Leads
from tocsin.playbook.matrix import Match, Matrix, match_rules
from tocsin.playbook.matrix_report import report
from tocsin.playbook.mismatch import Placed
from tocsin.playbook.rules import AlertRule, read_rules

_SCENARIO = "**Symptoms:**\n- It is slow\n\n**Resolution:**\n1. Restart it\n"
_FILES = {
    "docs/nodes.md": f"# Nodes\n\n## Node down\n\n**Alert:** `NodeDown`\n\n{_SCENARIO}\n## Node slow\n\n{_SCENARIO}",
    "docs/Disk-Full.md": f"# Disk full\n\n{_SCENARIO}",
    "docs/git/README.md": "# Git servers\n\n## Replica mismatch\n\nThey are three.\n",
    "docs/web/README.md": "# Web servers\n\nThey are many.\n",
    "docs/a/same.md": "# Same\n\nText.\n",
    "docs/b/same.md": "# Same\n\nText.\n",
}


@pytest.fixture(scope="module")
def library(knowledge: effect.Knowledge) -> Library:
    """A small folder of documents."""
    return compile_library(((path, text.encode()) for path, text in _FILES.items()), knowledge)


def _rule(name: str = "Some", **labels: str) -> AlertRule:
    return AlertRule(name=name, line=1, labels=tuple(labels.items()))


@pytest.mark.parametrize(
    ("target", "leads", "where"),
    [
        ("https://wiki.example.com/docs/disk-full", Leads.SCENARIO, "docs/Disk-Full.md:1"),
        ("https://elsewhere.example.org/x/DiskFull.md?plain=1", Leads.SCENARIO, "docs/Disk-Full.md:1"),
        ("docs/disk_full.html", Leads.SCENARIO, "docs/Disk-Full.md:1"),
        ("[Disk](docs/Disk-Full.md)", Leads.SCENARIO, "docs/Disk-Full.md:1"),
        ("docs/nodes.md#node-slow", Leads.SCENARIO, "docs/nodes.md:13"),
        ("docs/nodes.md#symptoms-1", Leads.NO_SECTION, "docs/nodes.md:None"),
        ("docs/nodes.md#NodeDown", Leads.SCENARIO, "docs/nodes.md:3"),
        ("docs/nodes.md#nowhere", Leads.NO_SECTION, "docs/nodes.md:None"),
        ("docs/nodes.md", Leads.DOCUMENT, "docs/nodes.md:None"),
        ("https://x.example/runbooks/node-slow", Leads.SCENARIO, "docs/nodes.md:13"),
        ("docs/git/README.md", Leads.DOCUMENT, "docs/git/README.md:None"),
        ("https://example.com/git/", Leads.DOCUMENT, "docs/git/README.md:None"),
        ("docs/git/README.md#replica-mismatch", Leads.SECTION, "docs/git/README.md:3"),
        ("docs/mail/README.md", Leads.NOWHERE, ""),
        ("same.md", Leads.FAMILY, "docs/a/same.md:None"),
        ("b/same.md", Leads.DOCUMENT, "docs/b/same.md:None"),
        ("docs/{{ $labels.type }}/README.md", Leads.FAMILY, "docs/git/README.md:None"),
        ("docs/{{ $labels.none }}/absent.md", Leads.NOWHERE, ""),
        ("https://example.com/", Leads.NOWHERE, ""),
        ("#", Leads.NOWHERE, ""),
    ],
)
def test_where_a_link_leads(target: str, leads: Leads, where: str, library: Library) -> None:
    found = Guide(library).follow(target, _rule())
    assert found.leads is leads
    assert (f"{found.paths[0]}:{found.line}" if found.paths else "") == where


def test_a_label_of_the_rule_fills_its_mark(library: Library) -> None:
    found = Guide(library).follow("docs/{{ $labels.type }}/README.md", _rule(type="web"))
    assert found == Lead(Leads.DOCUMENT, ("docs/web/README.md",))


def test_a_link_to_a_document_means_the_scenario_named_after_the_alert(library: Library) -> None:
    found = Guide(library).follow("docs/nodes.md", _rule("NodeDown"))
    assert (found.leads, found.scenario) == (Leads.SCENARIO, "Node down")


_RULES = b"""\
groups:
  - rules:
      - {alert: NodeDown, expr: a}
      - {alert: DiskFull, expr: b, annotations: {runbook_url: "https://x/docs/disk-full"}}
      - {alert: GitSlow, expr: c, annotations: {runbook_url: docs/git/README.md}}
      - {alert: MailDown, expr: d, annotations: {runbook_url: "https://x/runbooks/mail-down"}}
      - {alert: Lonely, expr: e}
      - {alert: Replica, expr: f, annotations: {runbook: "docs/git/README.md#no-such"}}
"""


@pytest.fixture(scope="module")
def matrix(library: Library) -> Matrix:
    """A rule file beside the folder, and a program that cannot be read."""
    return match_rules([read_rules(_RULES, "rules.yml"), read_rules(b"{}", "m.jsonnet")], library)


def test_every_alert_says_by_what_it_finds_its_playbook(matrix: Matrix) -> None:
    assert {row.rule.name: (row.match, [found.title for found in row.opens]) for row in matrix.alerts} == {
        "NodeDown": (Match.NAME, ["Node down"]),
        "DiskFull": (Match.LINK, ["Disk full"]),
        "GitSlow": (Match.DOCUMENT, []),
        "MailDown": (Match.NOTHING, []),
        "Lonely": (Match.NOTHING, []),
        "Replica": (Match.DOCUMENT, []),
    }


def test_every_scenario_says_what_opens_it(matrix: Matrix) -> None:
    opened = {row.title: [name for _, _, name in row.opened_by] for row in matrix.scenarios}
    assert opened == {"Node down": ["NodeDown"], "Node slow": [], "Disk full": ["DiskFull"]}
    figures = matrix.figures
    assert (figures.links, figures.resolved, figures.dead, figures.no_section) == (4, 3, 1, 1)
    assert (figures.scenarios, figures.scenarios_opened, figures.uncovered) == (3, 2, 2)


def _said(found: tuple[Placed, ...]) -> list[tuple[str, str, int]]:
    return [(each.diagnostic.rule, each.path, each.diagnostic.line) for each in found]


def test_what_is_left_alone_is_said_once_each(matrix: Matrix) -> None:
    assert _said(mismatch.check(matrix)) == [
        ("dead_runbook_link", "rules.yml", 6),
        ("runbook_section_missing", "rules.yml", 8),
        ("alert_without_playbook", "rules.yml", 7),
        ("document_without_scenario", "rules.yml", 5),
        ("document_without_scenario", "rules.yml", 8),
        ("scenario_without_rule", "docs/nodes.md", 13),
        ("rules_not_readable", "m.jsonnet", 0),
    ]


def test_an_alert_that_no_rule_has_and_two_playbooks_for_one(library: Library) -> None:
    text = b"groups: [{rules: [{alert: NodeDwn, expr: a, annotations: {runbook: docs/Disk-Full.md}}]}]"
    found = mismatch.check(match_rules([read_rules(text, "r.yml")], library))
    unknown = next(each.diagnostic for each in found if each.diagnostic.rule == "alert_not_in_rules")
    assert "NodeDwn" in unknown.text
    renamed = b"groups: [{rules: [{alert: NodeDown, expr: a, annotations: {runbook: docs/Disk-Full.md}}]}]"
    again = mismatch.check(match_rules([read_rules(renamed, "r.yml")], library))
    assert "link_against_name" in {each.diagnostic.rule for each in again}


def test_the_page_shows_both_ways(matrix: Matrix) -> None:
    lines = report(matrix, mismatch.check(matrix)).splitlines()
    assert lines[0] == "6 alert rules in 1 file, 3 scenarios."
    assert "    ✓ NodeDown → docs/nodes.md:3 by name  (line 3)" in lines
    assert "    ~ GitSlow → docs/git/README.md  (line 5)" in lines
    assert "    ✗ MailDown → dead link https://x/runbooks/mail-down  (line 6)" in lines
    assert "    ✗ Node slow  (line 13)" in lines
    assert any("warning PB501 dead_runbook_link" in line for line in lines)


@pytest.mark.parametrize("rule", mismatch.RULES, ids=mismatch.name_of)
def test_every_rule_explains_itself(rule: mismatch.Rule) -> None:
    text = rule.__doc__ or ""
    assert rule.CODE.startswith("PB5")
    assert all(part in text for part in ("Why:", "Example:", "Use instead:"))
    assert len({other.CODE for other in mismatch.RULES}) == len(mismatch.RULES)


def say(figures: str) -> None:
    """Print figures for whoever runs the tests with -s or -rP."""
    sys.stdout.write(f"{figures}\n")


def _corpus(shared: Path, rules: str, playbooks: str, knowledge: effect.Knowledge) -> Matrix:
    folder = shared / "corpus" / "playbooks" / playbooks
    folders = sorted((shared / "corpus" / "rules").glob(rules))
    if not folder.is_dir() or not folders:
        pytest.skip("The collection is not in the corpus.")
    documents = [path for path in sorted(folder.rglob("*")) if path.suffix in (".md", ".mdx")]
    pairs = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in documents)
    files = [path for each in folders for path in sorted(each.rglob("*")) if path.is_file()]
    return match_rules([read_rules(path.read_bytes(), path.name) for path in files], compile_library(pairs, knowledge))


@pytest.mark.parametrize(
    ("rules", "playbooks", "least", "links"),
    [
        ("mattrussi__gitlab-com-runbooks", "mattrussi__gitlab-com-runbooks", 823, 893),
        ("openshift__*", "openshift__runbooks", 66, 70),
    ],
)
def test_links_of_the_large_collections_resolve(
    rules: str, playbooks: str, least: int, links: int, shared: Path, knowledge: effect.Knowledge
) -> None:
    """Links that may mean several documents are left out of the count."""
    figures = _corpus(shared, rules, playbooks, knowledge).figures
    resolved = figures.resolved - figures.family
    say(f"{playbooks}: {resolved} of {figures.links} links resolve, {figures.family} more to a family of documents")
    assert figures.links >= links
    assert resolved >= least


def test_dead_links_are_all_reported(shared: Path, knowledge: effect.Knowledge) -> None:
    matrix = _corpus(shared, "virtengine__virtengine", "virtengine__virtengine", knowledge)
    reported = [each for each in mismatch.check(matrix) if each.diagnostic.rule == "dead_runbook_link"]
    dead = [row for row in matrix.alerts for found in row.followed if found.lead.is_dead]
    say(f"virtengine: {len(dead)} of {matrix.figures.links} links are dead, all reported")
    assert len(reported) == len(dead) == matrix.figures.dead
    assert matrix.figures.dead + matrix.figures.resolved == matrix.figures.links
    assert matrix.figures.dead >= 180
