"""What a responder does with steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from tocsin.cli.client import Client, Incident, Where
from tocsin.cli.words import IncidentId, Reason, Remark, StepId, Yes, agrees, is_person_there, say
from tocsin.errors import UserError
from tocsin.timeline.line import fold, quote

HERE = Where()
MOST_VALUE = 2000
Bind = Annotated[
    list[str] | None, Parameter(help="Fill a blank: name=value. Several may follow.", consume_multiple=True)
]
Again = Annotated[bool, Parameter(help="Run it once more, though it has run already.")]
STARTED = {
    "ok": "has run already and ended well",
    "failed": "has run already and failed",
    "failed in part": "has run already and failed in part",
    "found nothing": "has run already and found nothing",
    "running": "is running",
    "in_doubt": "is in doubt: nobody saw it end",
}


NOTHING: Mapping[str, str] = {}
Learn = Annotated[
    Literal["noop", "read", "read_sensitive", "mutate"] | None,
    Parameter(help="Say what the command does; it is kept in the catalogue, and not asked about again."),
]
Unsaved = Annotated[bool, Parameter(help="Run it though what it may destroy could not be saved before.")]


def approve(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    bind: Bind = None,
    yes: Yes = False,
    again: Again = False,
    unsaved: Unsaved = False,
    learn: Learn = None,
    pattern: Annotated[str, Parameter(help="With --learn: for whatever fits it (default: this command).")] = "",
    where: Where = HERE,
) -> None:
    """Show exactly what a step will run, ask, and run it once; with --learn say what it does, too."""
    bindings, lesson = read_bindings(bind), {"learn": learn, "pattern": pattern} if learn else {}
    if pattern and not learn:
        raise UserError("A pattern is for what is learned: say with --learn what the command does.")
    asked = Client(where).incident(incident)
    _approve(asked, spell_step(step), bindings, yes=yes, again=again, unsaved=unsaved, lesson=lesson)


def _approve(
    asked: Incident,
    step: str,
    bindings: dict[str, str],
    *,
    yes: bool,
    again: bool = False,
    unsaved: bool = False,
    lesson: Mapping[str, str] = NOTHING,
) -> None:
    query = {f"bind.{name}": value for name, value in bindings.items()}
    shown = asked.get("steps", step, **query)
    _require_runnable(asked.id, shown, again=again)
    if shown["verdict"]["kind"] == "fill_in" and is_person_there() and not yes:
        bindings = {**bindings, **_ask_for(shown["blanks"])}
        shown = asked.get("steps", step, **{f"bind.{name}": value for name, value in bindings.items()})
    say(_describe(shown))
    if not (shown["verdict"]["kind"] in ("forbidden", "refused", "fill_in") or yes or _agrees()):
        say(f"{asked.id}: {step} was not approved; nothing runs.")
        return
    told = asked.post(
        "steps", step, "approve",
        digest=shown["digest"], bindings=bindings, again=again or None, unsaved=unsaved or None, **lesson,
    )  # fmt: skip
    if any(entry["kind"] == "approval_given" for entry in told.get("entries", ())):
        say(f"{asked.id}: {step} approved, the first of two. Another person approves it too, within the next minutes:")
        say(f"  tocsin approve {asked.id} {step}{''.join(f' --bind {k}={v}' for k, v in bindings.items())}")
        return
    for entry in told.get("entries", ()):
        if entry["kind"] == "command_learned":
            say(f"{asked.id}: {fold(entry['text'])}.")
    say(f"{asked.id}: {step} approved; `tocsin show {asked.id} --step {step}` has its output.")


def _ask_for(blanks: list[dict[str, str]]) -> dict[str, str]:
    """What a person puts into the blanks that are still open."""
    lacking = [each for each in blanks if not each["value"]]
    return {each["name"]: input(f"{fold(each['text'])}, {fold(each['takes'])}: ").strip() for each in lacking}


def _require_runnable(incident: str, step: dict[str, Any], *, again: bool) -> None:
    """Raise `UserError` for what is done by hand, and for what would run a second time unasked."""
    if not step["digest"]:
        raise UserError(f"{step['id']} is done by hand; when it is, say so: tocsin done {incident} {step['id']}")
    ran = STARTED.get((step.get("ran") or {}).get("outcome", "")) or STARTED.get(step["state"])
    if ran is not None and not again:
        raise UserError(
            f"{step['id']} {ran} (tocsin show {incident} --step {step['id']}). "
            f"If it shall run once more: tocsin approve {incident} {step['id']} --again"
        )


def spell_step(step: str) -> str:
    """A step by its line will do: `209` is L209."""
    given = step.strip()
    return f"L{given}" if given.isdecimal() else given.upper()


def _describe(step: dict[str, Any]) -> str:
    program = quote(step["program"], "    ")
    env = [f"    {fold(name)}={fold(value, MOST_VALUE)}" for name, value in step["env"].items()]
    verdict, before = step["verdict"], step.get("before") or ()
    lines = [f"On {fold(step['target'])}, {step['effect']}:", *program, *env]
    if before and verdict["kind"] == "needs_approval":
        lines += [
            "Before it, what it may destroy is saved:",
            *(line for each in before for line in quote(each, "    ")),
        ]
    lines += [fold(verdict["why"], MOST_VALUE), *([fold(verdict["hint"])] if verdict.get("hint") else [])]
    given = ", ".join(fold(each["name"]) for each in verdict.get("given") or ())
    return "\n".join([*lines, *([f"Approved so far by {given}; another person must approve it too."] if given else [])])


def _agrees() -> bool:
    if not is_person_there():
        raise UserError("There is nobody to ask here: add --yes if you mean it.")
    return agrees("Run exactly this, once?")


def read_bindings(bind: list[str] | None) -> dict[str, str]:
    """``name=value`` as a mapping. Raises `UserError` for anything else."""
    pairs = [each.partition("=") for each in bind or ()]
    if any(not equals for _, equals, _ in pairs):
        raise UserError("Write blanks as name=value: --bind id=us-east-1")
    return {name: value for name, _, value in pairs}


def run(incident: IncidentId, statement: str, /, *, yes: Yes = False, where: Where = HERE) -> None:
    """Type a statement of your own; it is judged, shown and run like any step.

    Parameters
    ----------
    statement
        What you would type in a shell; quote it.
    """
    asked = Client(where).incident(incident)
    typed = asked.post("steps", text=statement)
    _approve(asked, typed["step"], {}, yes=yes)


def done(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    note: Remark = "",
    failed: Annotated[bool, Parameter(help="It is a check, and it does not hold.", negative="")] = False,
    where: Where = HERE,
) -> None:
    """Check off a manual step, or say of a check whether it holds."""
    say(Client(where).incident(incident).act("steps", spell_step(step), "done", note=note, passed=not failed))


def skip(incident: IncidentId, step: StepId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """Leave a step out."""
    say(Client(where).incident(incident).act("steps", spell_step(step), "skip", reason=reason))


def stop(incident: IncidentId, step: StepId, /, *, reason: Reason = "", where: Where = HERE) -> None:
    """End what a step runs now; what it has done so far stays done."""
    say(Client(where).incident(incident).act("steps", spell_step(step), "stop", reason=reason))


def settle(
    incident: IncidentId,
    step: StepId,
    /,
    *,
    happened: Annotated[bool | None, Parameter(help="Whether the step in doubt did happen.")] = None,
    check: Annotated[bool, Parameter(help="Let the read run that tells what became of it.", negative="")] = False,
    where: Where = HERE,
) -> None:
    """Say what became of a step that nobody saw end, or have it looked at."""
    asked, spelt = Client(where).incident(incident), spell_step(step)
    if check == (happened is not None):
        raise UserError("Say one of three: --happened, --no-happened, or --check to look first.")
    if check:
        say(asked.act("steps", spelt, "check"))
        say(f"Look (tocsin show {asked.id}), then say: tocsin settle {asked.id} {spelt} --happened or --no-happened")
        return
    say(asked.act("steps", spelt, "doubt", happened=happened))
