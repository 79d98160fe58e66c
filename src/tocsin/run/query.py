"""Steps that are no shell: a line of PromQL becomes the one command that asks the team's Prometheus.

So it is judged, shown, approved, isolated and kept like any other step, and a value in it is written as PromQL demands.
"""

from __future__ import annotations

import re
import shlex

from tocsin.playbook import placeholder, promql
from tocsin.playbook.model import Statement, Step
from tocsin.words import Effect, StepKind, Tag

NOT_SET = "It is PromQL, and the team has no Prometheus to ask: set [teams.{team}.prometheus] url."
URL = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
"""What may be asked: a host, without a name and password, and a path."""
_CURL = "curl -sS --fail-with-body --max-time 30 -G"


def is_query(text: str) -> bool:
    """Whether a statement is PromQL and no command."""
    return promql.is_expression(placeholder.bind(text, "x"))


def ask(expression: str, line: int, url: str) -> Statement:
    """The statement that asks a Prometheus for an expression."""
    asked = " ".join(expression.split("\n"))
    text = f"{_CURL} {url.rstrip('/')}/api/v1/query --data-urlencode {shlex.quote(f'query={asked}')}"
    return Statement(
        line=line,
        text=text,
        effect=Effect.READ,
        tags=(Tag.REMOTE,),
        why="it asks Prometheus",
        placeholders=placeholder.find(text),
    )


def find_statement(step: Step, url: str) -> Statement | None:
    """The statement of a step, also of one that is PromQL where there is a Prometheus to ask."""
    if step.statement is None and step.kind is StepKind.PROMQL and url and is_query(step.text):
        return ask(step.text, step.line, url)
    return step.statement
