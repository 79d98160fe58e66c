"""One step on many targets: in which waves, behind which gate, and what is said of it in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from tocsin.engine.contracts import Key
from tocsin.errors import NotBegun
from tocsin.timeline.events import Fan, OnTarget, Outcome, StepFinished, StepInDoubt, StepRequested

MOST_HEADS = 16000
"""Characters of all targets' output that an entry holds."""
MOST_NAMED = 5
GATE_S = 60.0
"""How long those who are ready wait for the others."""


class Gate:
    """Opens once everybody is there; if somebody cannot come, nobody passes."""

    def __init__(self, count: int) -> None:
        self._awaited = count
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opened.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def arrive(self) -> None:
        """Wait for the others. Raises `NotBegun` if one of them does not come."""
        self._awaited -= 1
        if not self._awaited and not self._opened.done():
            self._opened.set_result(None)
        try:
            async with asyncio.timeout(GATE_S):
                await asyncio.shield(self._opened)
        except TimeoutError:
            self.give_up(f"somebody was not ready within {GATE_S:g} s.")
            await self._opened

    def give_up(self, why: str) -> None:
        """One does not come."""
        if not self._opened.done():
            self._opened.set_exception(NotBegun(f"Nothing was run anywhere, since all go together: {why}"))


def list_waves(fan: Fan) -> list[tuple[str, ...]]:
    """The targets in the order of their beginning; each wave waits for the one before."""
    if fan.together or fan.order == "parallel":
        return [fan.members]
    if fan.order == "serial":
        return [(each,) for each in fan.members]
    return [wave for wave in (fan.members[:1], fan.members[1:]) if wave]


async def join(
    key: Key, intent: StepRequested, ends: list[OnTarget], keep: Callable[[bytes], Awaitable[str]]
) -> Outcome:
    """The outcome of the step as a whole, whose text goes to `keep`. Raises `NotBegun` if it was begun on no target."""
    if all(each.state == "not_run" for each in ends):
        raise NotBegun(_say_why(ends))
    whole = "".join(map(_spell, ends))
    told = _summarise(ends)
    on = tuple(_shorten(each, MOST_HEADS // len(ends)) for each in ends)
    if any(each.state == "in_doubt" for each in ends):
        return StepInDoubt(
            answers=key.seq, step=intent.step, why=f"{told} Look there, then say what became of it.", on=on
        )
    bad = [each for each in ends if each.state != "ok"]
    return StepFinished(
        answers=key.seq,
        step=intent.step,
        exit_code=max((each.exit_code or 1 for each in bad), default=0),
        duration_s=max((each.duration_s or 0.0 for each in ends), default=0.0),
        stdout=await keep(whole.encode()) if any(each.stdout or each.stderr for each in ends) else "",
        stdout_head=whole[:2000],
        cut=sum(each.cut for each in ends),
        why=told if bad else "",
        on=on,
    )


def _say_why(ends: list[OnTarget]) -> str:
    """The reason once, where all have the same; of different ones, the first few."""
    reasons = list(dict.fromkeys(each.why for each in ends))
    more = f" ({len(reasons) - 2} more reasons)" if len(reasons) > 2 else ""
    return " ".join(reasons[:2]) + more


def _summarise(ends: list[OnTarget]) -> str:
    bad = [each for each in ends if each.state != "ok"]
    named = ", ".join(map(_name, bad[:MOST_NAMED]))
    more = f" and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
    return f"It went well on {len(ends) - len(bad)} of {len(ends)} targets; not on {named}{more}."


def _name(end: OnTarget) -> str:
    name = end.target.partition("/")[2] or end.target
    said = f"exit {end.exit_code}" if end.exit_code is not None else end.state.replace("_", " ")
    return f"{name} ({said})"


def _spell(end: OnTarget) -> str:
    took = f", {end.duration_s:.1f} s" if end.duration_s is not None else ""
    lines = [f"== {_name(end)}{took}", *end.head.splitlines(), *([end.why] if end.why else [])]
    return "".join(f"{line}\n" for line in lines)


def _shorten(end: OnTarget, most: int) -> OnTarget:
    return msgspec.structs.replace(end, head=end.head[: max(80, most)])
