"""A line of PromQL in a playbook is a step of its own where the team has a Prometheus to ask."""

from __future__ import annotations

import pytest

from tocsin.run.guard import Allowed, Refused, judge
from tocsin.run.program import prepare
from tocsin.run.query import URL, is_query

from .scene import TARGET, Scene, seen

LOOKS = """
### Diagnosis

```bash
uptime
sum(rate(errors_total{pod="<pod>"}[5m])) > 0.1
```
"""


def test_a_line_of_promql_can_run_once_there_is_somebody_to_ask() -> None:
    scene = Scene(LOOKS, alerts={"f": seen(pod="web-1")})
    step_id = f"L{next(step.line for step in scene.scenario.steps if 'errors_total' in step.text)}"
    procedures = scene.book.procedures(scene.incident)
    assert prepare(procedures, step_id, scene.incident, TARGET, {}, scene.book.policy) is None
    scene.settle(prometheus="http://prometheus:9090/")
    task = prepare(procedures, step_id, scene.incident, TARGET, {}, scene.book.policy)
    assert task is not None
    assert isinstance(judge(task, scene.incident, scene.book), Allowed)
    assert task.bound.argv[-3:] == (
        "http://prometheus:9090/api/v1/query",
        "--data-urlencode",
        'query=sum(rate(errors_total{pod="web-1"}[5m])) > 0.1',
    )
    hostile = Scene(scene.playbook, alerts={"f": seen(pod='"} or vector(1) or up{a="')})
    task = prepare(procedures, step_id, hostile.incident, TARGET, {}, scene.book.policy)
    assert task is not None
    assert isinstance(judge(task, hostile.incident, hostile.book), Refused)


@pytest.mark.parametrize("text", ["up{a='<x>'}", "rate(http_requests_total[5m]) > <n>", "sum by (job) (up)"])
def test_promql_is_known_with_blanks_in_it(text: str) -> None:
    assert is_query(text)


@pytest.mark.parametrize("text", ["docker logs <x>", "curl http://<x>/", "time ls", "echo up"])
def test_a_command_is_no_promql(text: str) -> None:
    assert not is_query(text)


@pytest.mark.parametrize(
    "url", ["http://a:b@h", "file:///etc/passwd", "http://h/x?y", "http://h/$(x)", "h:9090", "http://-h"]
)
def test_what_is_no_address_is_not_asked(url: str) -> None:
    assert URL.fullmatch(url) is None
