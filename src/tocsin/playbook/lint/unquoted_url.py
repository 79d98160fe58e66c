"""A URL that holds marks of the shell (parentheses, an ampersand) stands unquoted.

Why: at a parenthesis the shell refuses the line. At an ampersand it does not: it cuts the URL there, runs the first
half in the background, and what answers is not what was asked.

Example:

    ```bash
    curl http://prometheus:9090/api/v1/query?query=rate(http_requests_total[5m])
    curl http://shop.example/orders?state=open&limit=5
    ```

Use instead:

    ```bash
    curl -G http://prometheus:9090/api/v1/query --data-urlencode 'query=rate(http_requests_total[5m])'
    curl 'http://shop.example/orders?state=open&limit=5'
    ```
"""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line, shorten
from tocsin.words import Level

CODE = "PB107"
LEVEL = Level.ERROR
_CUT = compile_late(r"https?://[^\s\"'`;|<>()&]{0,500}\?[^\s\"'`;|<>()&]{0,500}=[^\s\"'`;|<>()&]{0,500}(?=&$)")


def check(view: View) -> Iterator[Finding]:
    for fence in view.fences:
        for item in fence.items:
            if item.fault and "URL" in item.fault:
                yield Finding(
                    item.line,
                    f"`{shorten(item.text, 60)}`: a shell stops at the parentheses of this URL.",
                    "Put the URL in single quotes; for a query with spaces or braces use curl -G --data-urlencode.",
                    mark=first_line(item.text),
                )
            elif item.kind == "statement" and item.text.endswith("&") and (match := _CUT.search(item.text)):
                yield Finding(
                    item.line,
                    f"A shell cuts this URL at the ampersand: it asks for {shorten(match.group())} alone, in the "
                    "background.",
                    "Put the URL in single quotes.",
                    mark=match.group() + "&",
                )
