"""What changed between two versions is told in words, the dangerous first, and nothing where nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.difference import Change, Topic, Weight, compare

_Compare: TypeAlias = Callable[[str, str], tuple[Change, ...]]

_D, _N, _M = Weight.DANGEROUS, Weight.NOTABLE, Weight.MINOR
_BASE = """\
# Shop incident response

**Owner:** SRE

## Severity levels

| Level | Response time | Updates |
|---|---|---|
| SEV-1 | within 5 minutes | every 15 minutes |
| SEV-2 | within 30 minutes | every hour |

## Escalation

1. On-call engineer (5 minutes)
2. Platform lead (30 minutes)

## Checkout is down

**Severity:** SEV-1
**Alert:** `CheckoutDown`

**Symptoms:**
- Orders fail

**Diagnosis:**

```bash
kubectl get pods -n shop
kubectl logs deploy/shop --tail=50
```

**Resolution:**

Do not delete the logs.

```bash
# If the pods are stuck
kubectl rollout restart deploy/shop -n shop
```

1. Rotate the key (requires CISO approval)
2. Tell support

## Search is slow

**Symptoms:**
- Queries take seconds

**Resolution:**
1. Warm the cache

## Post-incident review

- Post-mortem within 48 hours
"""


@pytest.fixture
def changes(knowledge: effect.Knowledge) -> _Compare:
    """Compile two versions and compare them."""

    def run(old: str, new: str) -> tuple[Change, ...]:
        before, after = (compile_playbook(text.encode(), "x.md", knowledge) for text in (old, new))
        return compare(before, after)

    return run


def test_nothing_changed_where_only_lines_moved(changes: _Compare) -> None:
    assert changes(_BASE, _BASE) == ()
    assert changes(_BASE, "\n\n" + _BASE.replace("\n\n", "\n\n\n")) == ()
    assert changes(_BASE, _BASE.replace("- Orders fail", "* Orders fail")) == ()


@pytest.mark.parametrize(
    ("was", "now", "weight", "topic", "words"),
    [
        ("Do not delete the logs.", "Be gentle.", _D, Topic.PROHIBITION, "No longer forbidden"),
        ("Do not delete the logs.", "Do not panic.", _D, Topic.PROHIBITION, "No longer forbidden"),
        ("2. Tell support", "2. Do not tell customers", _N, Topic.PROHIBITION, "Forbidden now"),
        (" (requires CISO approval)", "", _D, Topic.APPROVAL, "CISO need no longer agree"),
        ("CISO approval", "CTO approval", _D, Topic.APPROVAL, "CTO"),
        ("2. Tell support", "2. Tell support (requires CTO approval)", _N, Topic.APPROVAL, "CTO must agree now"),
        ("# If the pods are stuck\n", "", _D, Topic.STEP, "in any case now"),
        ("--tail=50", "--tail=50 -f", _N, Topic.STATEMENT, "-f` was `"),
        ("kubectl get pods -n shop", "kubectl delete pods -n shop", _D, Topic.EFFECT, "destroy now (was read)"),
        ("kubectl rollout restart", "kubectl rollout status", _N, Topic.EFFECT, "read now (was mutate)"),
        (
            "-n shop\n```\n\n1.",
            "-n shop\nrm -rf /tmp/x\n```\n\n1.",
            _D,
            Topic.STATEMENT,
            "New: `rm -rf /tmp/x`: destroy",
        ),
        ("--tail=50\n", "--tail=50\nkubectl get events\n", _D, Topic.STATEMENT, "runs by itself"),
        ("kubectl get pods -n shop\n", "", _N, Topic.STATEMENT, "Gone: `kubectl get pods -n shop`"),
        ("get pods -n shop", "get pods -n <space>", _N, Topic.EFFECT, "waiting for a person now (was automatic)"),
        ("2. Tell support", "2. Tell everybody at once", _M, Topic.STEP, "Tell everybody"),
        ("within 5 minutes", "within 50 minutes", _D, Topic.CLOCK, "50 min now (was: respond within 5 min)"),
        ("within 30 minutes", "within 3 minutes", _N, Topic.CLOCK, "3 min now"),
        ("every 15 minutes", "every 60 minutes", _D, Topic.CLOCK, "every 1 h now (was 15 min)"),
        (
            "Platform lead (30 minutes)",
            "Platform lead (60 minutes)",
            _D,
            Topic.CLOCK,
            "after 1 h now (was after 30 min)",
        ),
        ("Platform lead (30 minutes)", "Team lead (30 minutes)", _N, Topic.PEOPLE, "Team lead now (was Platform lead)"),
        ("2. Platform lead (30 minutes)\n", "", _D, Topic.PEOPLE, "Nobody calls Platform lead"),
        ("**Severity:** SEV-1", "**Severity:** SEV-2", _N, Topic.CLOCK, "severity is SEV-2 now (was SEV-1)"),
        ("`CheckoutDown`", "`CheckoutGone`", _D, Topic.SCENARIO, "CheckoutDown opens it no more"),
        ("## Checkout is down", "## The checkout is down", _M, Topic.SCENARIO, "is called “The checkout is down” now"),
        ("within 48 hours", "within 72 hours", _N, Topic.CLOCK, "3 d after the resolution now"),
        ("**Owner:** SRE", "**Owner:** Shop team", _M, Topic.DOCUMENT, "The owner is Shop team now (was SRE)"),
    ],
)
def test_a_change_is_told_by_what_it_does(
    was: str, now: str, weight: Weight, topic: Topic, words: str, changes: _Compare
) -> None:
    assert was in _BASE
    found = changes(_BASE, _BASE.replace(was, now))
    assert any(each.weight is weight and each.topic is topic and words in each.text for each in found), found


def test_a_scenario_that_came_or_went(changes: _Compare) -> None:
    without = _BASE.partition("## Search is slow")[0]
    (gone,) = [each for each in changes(_BASE, without) if each.topic is Topic.SCENARIO]
    assert gone.text == "The scenario “Search is slow” is gone (1 step)."
    (new,) = [each for each in changes(without, _BASE) if each.topic is Topic.SCENARIO]
    assert (new.weight, new.text) == (Weight.NOTABLE, "The scenario “Search is slow” is new (1 step).")


def test_the_dangerous_comes_first_with_both_lines(changes: _Compare) -> None:
    new = _BASE.replace("Do not delete the logs.\n", "").replace("2. Tell support", "2. Tell all")
    found = changes(_BASE, new.replace("within 5 minutes", "within 50 minutes"))
    weights = [each.weight for each in found]
    assert weights == sorted(weights, key=list(Weight).index)
    assert found[0].topic is Topic.PROHIBITION
    assert (found[0].scope, found[0].old_line, found[0].new_line) == ("Checkout is down", 34, None)


def test_a_document_that_is_no_playbook_any_more(changes: _Compare) -> None:
    (found,) = changes(_BASE, "# Shop\n\nA shop.\n")
    assert (found.weight, found.topic) == (_D, Topic.DOCUMENT)
    assert changes("# Shop\n\nA shop.\n", _BASE)[0].weight is Weight.NOTABLE


@pytest.mark.parametrize("name", ["mycelia", "bitcell", "usdx-wexel", "monero-marketplace", "virtengine"])
def test_a_real_playbook_differs_from_itself_in_nothing(name: str, seeds: Path, knowledge: effect.Knowledge) -> None:
    source = (seeds / f"{name}.md").read_bytes()
    one, other = (compile_playbook(text, "x", knowledge) for text in (source, b"\n\n" + source))
    assert compare(one, other) == ()


def test_two_different_playbooks_are_compared_in_no_time(seeds: Path, knowledge: effect.Knowledge) -> None:
    one, other = (
        compile_playbook((seeds / name).read_bytes(), "x", knowledge)
        for name in ("virtengine.md", "monero-marketplace.md")
    )
    found = compare(one, other)
    assert len(found) > 50
    assert all(each.text for each in found)
