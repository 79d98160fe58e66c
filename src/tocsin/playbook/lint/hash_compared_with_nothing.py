"""The hash of something that was downloaded is printed, but compared with nothing.

Why: at three in the morning nobody compares 64 digits with a page that the playbook does not name. What was fetched is
used, whatever it is.

Example:

    ```bash
    curl -o /opt/shop/model.bin https://models.example.com/model.bin
    sha256sum /opt/shop/model.bin
    ```

Use instead:

    ```bash
    curl -o /opt/shop/model.bin https://models.example.com/model.bin
    echo "$MODEL_SHA256  /opt/shop/model.bin" | sha256sum -c
    ```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.finding import Finding, View, first_line
from tocsin.words import Level

CODE = "PB130"
LEVEL = Level.WARNING
_FETCHES = compile_late(r"^(?:sudo\s+)?(?:wget|curl)\b")
_PRINTS = compile_late(
    r"^(?:sudo\s+)?(?:sha(?:1|224|256|384|512)sum|md5sum|shasum(?:\s+-a\s+\d+)?)\s+(?P<file>[^-\s]\S*)\s*$"
)
_COMPARED = compile_late(r"\b(?:compar|publish|official|announce|expected|matches)\w*", re.IGNORECASE)


def check(view: View) -> Iterator[Finding]:
    for fence in view.shells if view.mentions("sum ") and view.mentions("wget", "curl") else ():
        fetched = ""
        if any(_COMPARED.search(line) for line in fence.block.body):
            continue
        for statement in fence.statements:
            match = _PRINTS.match(statement.text)
            name = match["file"].rpartition("/")[2] if match else ""
            if match and name and name in fetched:
                yield Finding(
                    statement.line,
                    f"This prints the hash of {name}, which was just downloaded, and compares it with nothing.",
                    "Give the hash that is expected and let the command compare (sha256sum -c), before the file is "
                    "put in its place.",
                    mark=first_line(statement.text),
                )
            fetched += statement.text if _FETCHES.match(statement.text) else ""
