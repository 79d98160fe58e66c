"""What stands behind every post-mortem: the duties with their lines, the figures, each step that ran with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tocsin.incident.followed import tell_ways
from tocsin.incident.obligation import UPDATE
from tocsin.review.duties import judge, sort_duties
from tocsin.review.facts import Facts
from tocsin.review.listing import list_moments
from tocsin.review.markdown import code, escape, fence, mark, table
from tocsin.review.metrics import tell_figures
from tocsin.review.runs import Run, tell_result
from tocsin.review.topic import Topic
from tocsin.review.when import spell, spell_time
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell_beside
from tocsin.words import ObligationState

MOST_LOOKS = 40
OUTPUT_LINES = 12
DIGEST = 12
FOLD_FROM = 4


def write_missing(facts: Facts, topics: frozenset[Topic], level: int) -> Iterator[list[str]]:
    """What every post-mortem needs and this template has no place for."""
    if Topic.TIMELINE not in topics:
        yield [_head(level, "Timeline (UTC)"), "", *list_moments(facts, (), utc=True, example=False)]
    if not topics & {Topic.WRONG, Topic.WELL, Topic.BOTH}:
        well, wrong = facts.lines.get(Topic.WELL, ()), facts.lines.get(Topic.WRONG, ())
        lines = [*(f"- Went well: {line}" for line in well), *(f"- Went wrong: {line}" for line in wrong)]
        yield [_head(level, "Findings"), "", *(lines or [mark("what went well, and what did not")])]


def write_appendix(facts: Facts, evidence: Mapping[str, str], level: int) -> Iterator[list[str]]:
    """Duties, figures, steps: blocks of lines."""
    duties = _duties(facts)
    if duties:
        header = ("What", "Line", "Due (UTC)", "Met (UTC)", "Verdict")
        yield [_head(level, "What the playbook asked for"), "", *table(header, duties)]
    told = _told(facts)
    if told:
        yield [_head(level, "Who was told"), "", *table(("When (UTC)", "Entry", "To whom", "What became of it"), told)]
    figures = ((escape(label), value) for label, value in tell_figures(facts.metrics))
    yield [_head(level, "Figures"), "", *table(("Figure", "Value"), figures)]
    yield from _steps(facts, evidence, level)


def _told(facts: Facts) -> list[tuple[str, ...]]:
    """Each way on which words went to their readers, and how far they came."""
    rows: list[tuple[str, ...]] = []
    for update in facts.incident.updates:
        for way in tell_ways(facts.incident, update):
            to, _, became = way.partition(": ")
            when = spell_time(update.at, facts.started, seconds=True)
            rows.append((when, str(update.seq), escape(to), escape(became)))
    return rows


def _head(level: int, title: str) -> str:
    return f"{'#' * min(max(level, 1), 5)} {title}"


def _duties(facts: Facts) -> list[tuple[str, ...]]:
    """Each duty with its verdict; many updates that were posted in time are one row."""
    duties = sort_duties(facts.incident.obligations.values())
    kept = [each for each in duties if each.duty == UPDATE and each.state is ObligationState.MET]
    rows: list[tuple[str, ...]] = []
    for duty in duties:
        if duty in kept and len(kept) >= FOLD_FROM:
            continue
        met = spell_time(duty.met_at, facts.started, seconds=True) if duty.met_at else "–"
        due = spell_time(duty.due_at, facts.started, seconds=True)
        rows.append((escape(duty.what), str(duty.line or "–"), due, met, escape(judge(duty, facts.now))))
    if len(kept) >= FOLD_FROM:
        lines = ", ".join(sorted({str(each.line) for each in kept if each.line})) or "–"
        rows.append((f"{len(kept)} more updates", lines, "–", "–", "met"))
    return rows


def _steps(facts: Facts, evidence: Mapping[str, str], level: int) -> Iterator[list[str]]:
    """Each run that changed something, and the first of those that only looked."""
    looks = [run for run in facts.runs if run.looks_only]
    hidden = {run.seq for run in looks[MOST_LOOKS:]}
    shown = [run for run in facts.runs if run.seq not in hidden]
    if not shown:
        return
    yield [_head(level, "Steps and evidence")]
    for run in shown:
        yield _step(facts, run, evidence, level + 1)
    if hidden:
        yield [f"{len(hidden)} more runs of statements that only look stand in the incident's own timeline."]


def _step(facts: Facts, run: Run, evidence: Mapping[str, str], level: int) -> list[str]:
    asked = run.asked
    by = "ran by itself" if asked.by == "tocsin" else f"approved by {escape(facts.name(asked.by))}"
    values = ", ".join(f"{code(key)} = {code(value)}" for key, value in asked.bindings.items())
    return [
        _head(level, f"Step {escape(asked.step)}: {escape(tell_result(run), 120)}"),
        "",
        f"- Asked for at {spell_time(run.at, facts.started, seconds=True)} UTC, {by}, on {code(asked.target)}",
        *([f"- Filled in: {values}"] if values else []),
        *_result(run),
        "",
        *fence(asked.text, OUTPUT_LINES),
        *_output(run, evidence),
    ]


def _result(run: Run) -> list[str]:
    if not isinstance(run.outcome, e.StepFinished):
        return []
    done = run.outcome
    why = f"; {escape(done.why)}" if done.why else ""
    digest = f"; evidence {code(done.stdout[:DIGEST])}" if done.stdout else ""
    cut = f"; {done.cut} bytes were left out of the middle" if done.cut else ""
    left = [f"{code(each.path)} ({each.size} bytes{_evidence(each.digest)})" for each in done.left]
    more = [f"{done.more_left} more files"] if done.more_left else []
    whose = f"Written to /tmp while it and {escape(tell_beside(done.beside))} ran" if done.beside else "Left in /tmp"
    kept = [f"- {whose}: {', '.join([*left, *more])}"] if left else []
    return [f"- Exit code {done.exit_code} after {_seconds(done.duration_s)}{why}{digest}{cut}", *kept]


def _evidence(digest: str) -> str:
    return f", evidence {code(digest[:DIGEST])}" if digest else ""


def _seconds(duration: float) -> str:
    return f"{duration:.1f} s" if 0 <= duration < 60 else spell(max(0.0, min(duration, 1e9)))


def _output(run: Run, evidence: Mapping[str, str]) -> list[str]:
    if not isinstance(run.outcome, e.StepFinished):
        return []
    outputs = [evidence.get(run.outcome.stdout) or run.outcome.stdout_head]
    if not run.is_ok:
        outputs.append(evidence.get(run.outcome.stderr, ""))
    return [line for text in outputs if text.strip() for line in ("", *fence(text, OUTPUT_LINES))]
