"""A rule file is a template, or is broken, or is a program.

Why: what a template chooses and what a broken file hides is not in the figures; Prometheus loads no broken file at all.

Example:

    {{- if .Values.alerts.disk }}
    - alert: DiskFull
    {{- end }}

Use instead:

    - alert: DiskFull      (helm template, then tocsin link)
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.playbook.finding import Finding
from tocsin.playbook.matrix import Matrix
from tocsin.playbook.rules import State
from tocsin.words import Level

CODE = "PB509"
LEVEL = Level.WARNING
_HELP = {
    State.BROKEN: "Mend the file (promtool check rules says more), or name the rendered one.",
    State.TEMPLATED: "Name the rendered file (helm template) for exact figures.",
    State.JSONNET: "Render it (jsonnet -S) and name the result.",
}


def check(matrix: Matrix) -> Iterator[tuple[str, Finding]]:
    for file in matrix.files:
        if file.state in _HELP:
            loud = Level.WARNING if file.state is State.BROKEN else Level.REMARK
            yield file.path, Finding(file.line, file.note, _HELP[file.state], level=loud)
