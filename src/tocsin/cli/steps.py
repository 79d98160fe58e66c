"""What a responder does with steps."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from tocsin.cli.client import Client, Incident, Where
from tocsin.cli.words import say
from tocsin.errors import UserError
from tocsin.timeline.line import fold, quote

HERE = Where()
MOST_VALUE = 2000
Bind = Annotated[
    list[str] | None, Parameter(help="Fill a blank: name=value. Several may follow.", consume_multiple=True)
]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.")]


def approve(incident: str, step: str, /, *, bind: Bind = None, yes: Yes = False, where: Where = HERE) -> None:
    """Show exactly what a step will run, ask, and run it once."""
    _approve(Client(where).incident(incident), step, _bindings(bind), yes)


def _approve(asked: Incident, step: str, bindings: dict[str, str], yes: bool) -> None:
    query = {f"bind.{name}": value for name, value in bindings.items()}
    shown = asked.get("steps", step, **query)
    say(_describe(shown))
    if shown["verdict"]["kind"] in ("forbidden", "refused") or yes or _agrees():
        asked.post("steps", step, "approve", digest=shown["digest"], bindings=bindings)
        say(f"{asked.id}: {step} approved; `tocsin show {asked.id} --step {step}` has its output.")


def _describe(step: dict[str, Any]) -> str:
    program = quote(step["program"], "    ")
    env = [f"    {fold(name)}={fold(value, MOST_VALUE)}" for name, value in step["env"].items()]
    lines = [f"On {fold(step['target'])}, {step['effect']}:", *program, *env, fold(step["verdict"]["why"], MOST_VALUE)]
    return "\n".join(lines)


def _agrees() -> bool:
    if not sys.stdin.isatty():
        raise UserError("There is nobody to ask here: add --yes if you mean it.")
    return input("Run exactly this, once? [y/N] ").strip().lower() in ("y", "yes")


def _bindings(bind: list[str] | None) -> dict[str, str]:
    pairs = [each.partition("=") for each in bind or ()]
    if any(not equals for _, equals, _ in pairs):
        raise UserError("Write blanks as name=value: --bind id=us-east-1")
    return {name: value for name, _, value in pairs}


def run(incident: str, statement: str, /, *, yes: Yes = False, where: Where = HERE) -> None:
    """Type a statement of your own; it is judged, shown and run like any step."""
    asked = Client(where).incident(incident)
    typed = asked.post("steps", text=statement)
    _approve(asked, typed["step"], {}, yes)


def done(incident: str, step: str, /, *, note: str = "", where: Where = HERE) -> None:
    """Check off a manual step."""
    asked = Client(where).incident(incident)
    asked.post("steps", step, "done", note=note)
    say(f"{asked.id}: {step} done.")


def skip(incident: str, step: str, /, *, reason: str = "", where: Where = HERE) -> None:
    """Leave a step out."""
    asked = Client(where).incident(incident)
    asked.post("steps", step, "skip", reason=reason)
    say(f"{asked.id}: {step} left out.")


def settle(
    incident: str,
    step: str,
    /,
    *,
    happened: Annotated[bool, Parameter(help="Whether the step in doubt did happen.")],
    where: Where = HERE,
) -> None:
    """Say what became of a step that nobody saw end."""
    asked = Client(where).incident(incident)
    asked.post("steps", step, "doubt", happened=happened)
    say(f"{asked.id}: {step} {'happened' if happened else 'did not happen'}.")
