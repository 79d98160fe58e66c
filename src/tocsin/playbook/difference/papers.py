"""The rest of two versions: templates, channels, duties afterwards, metrics, exercises, and the document's own data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tocsin.playbook import anchor
from tocsin.playbook.difference.change import Change, Topic, Weight
from tocsin.playbook.difference.pairing import pair
from tocsin.playbook.duration import say
from tocsin.playbook.model import Playbook, Review, Template

_FIELDS = {
    "title": "The title", "version": "The version", "owner": "The owner",
    "last_updated": "The date of the last change", "next_review": "The date of the next review",
}  # fmt: skip


def compare_papers(old: Playbook, new: Playbook) -> Iterator[Change]:
    """Changes of what is said, owed afterwards and kept."""
    for was, now in pair(old.templates, new.templates, (_template,), lambda each: each.body):
        yield from _compare_templates(was, now)
    for before, after in pair(old.reviews, new.reviews, (lambda each: anchor.fold(each.what),), lambda each: each.what):
        yield from _compare_reviews(before, after)
    yield from _compare_status(old, new)
    yield from _compare_lists(old, new)
    yield from _compare_document(old, new)


def _change(weight: Weight, topic: Topic, text: str, was: Any, now: Any) -> Change:
    old_line, new_line = (each.line if each is not None else None for each in (was, now))
    return Change(weight=weight, topic=topic, text=text, old_line=old_line, new_line=new_line)


def _template(found: Template) -> tuple[str, str]:
    return (found.kind, anchor.fold(found.name))


def _compare_templates(was: Template | None, now: Template | None) -> Iterator[Change]:
    if was is None and now is not None:
        yield _change(Weight.MINOR, Topic.MESSAGE, f"The template “{now.name}” is new.", was, now)
    elif now is None and was is not None:
        yield _change(Weight.NOTABLE, Topic.MESSAGE, f"The template “{was.name}” is gone.", was, now)
    elif was is not None and now is not None:
        if was.promise_s != now.promise_s:
            promise, before = (say(each.promise_s) if each.promise_s else "nothing" for each in (now, was))
            text = f"The template “{now.name}” promises the next update in {promise} now (was {before})."
            yield _change(Weight.NOTABLE, Topic.CLOCK, text, was, now)
        if was.body != now.body:
            yield _change(Weight.MINOR, Topic.MESSAGE, f"The template “{now.name}” reads differently.", was, now)


def _compare_reviews(was: Review | None, now: Review | None) -> Iterator[Change]:
    if was is None and now is not None:
        yield _change(Weight.NOTABLE, Topic.CLOCK, f"“{now.what}” is owed {_due(now)} now.", was, now)
    elif now is None and was is not None:
        yield _change(Weight.NOTABLE, Topic.CLOCK, f"“{was.what}” is no longer owed (was {_due(was)}).", was, now)
    elif was is not None and now is not None and (was.after_s, was.from_, was.severities) != (
        now.after_s, now.from_, now.severities
    ):  # fmt: skip
        yield _change(Weight.NOTABLE, Topic.CLOCK, f"“{now.what}” is owed {_due(now)} now (was {_due(was)}).", was, now)


def _due(review: Review) -> str:
    levels = f" for {', '.join(review.severities)}" if review.severities else ""
    return f"{say(review.after_s)} after the {review.from_}{levels}"


def _compare_status(old: Playbook, new: Playbook) -> Iterator[Change]:
    before, after = old.document.status_page_within_s, new.document.status_page_within_s
    if before != after:
        words = [say(each) if each is not None else "no given time" for each in (after, before)]
        slower = after is None or (before is not None and after > before)
        yield Change(
            weight=Weight.DANGEROUS if slower else Weight.NOTABLE,
            topic=Topic.CLOCK,
            text=f"The status page is owed within {words[0]} now (was {words[1]}).",
            old_line=old.document.status_page_line,
            new_line=new.document.status_page_line,
        )


def _compare_lists(old: Playbook, new: Playbook) -> Iterator[Change]:
    """Lists of which only the entries matter: channels, metrics, exercises."""
    lists = (
        ("channel", [(each.name, each) for each in old.channels], [(each.name, each) for each in new.channels]),
        ("metric", [(each.name, each) for each in old.metrics], [(each.name, each) for each in new.metrics]),
        ("exercise", [(f"{each.what}, {each.period}", each) for each in old.drills],
         [(f"{each.what}, {each.period}", each) for each in new.drills]),
    )  # fmt: skip
    for word, before, after in lists:
        known, kept = {name for name, _ in before}, {name for name, _ in after}
        topic = Topic.MESSAGE if word == "channel" else Topic.DOCUMENT
        for name, each in after:
            if name not in known:
                yield _change(Weight.MINOR, topic, f"The {word} {name} is new.", None, each)
        for name, each in before:
            if name not in kept:
                yield _change(Weight.NOTABLE, topic, f"The {word} {name} is gone.", each, None)


def _compare_document(old: Playbook, new: Playbook) -> Iterator[Change]:
    for field, name in _FIELDS.items():
        before, after = getattr(old.document, field), getattr(new.document, field)
        if before != after:
            text = f"{name} is {after or 'not given'} now (was {before or 'not given'})."
            yield Change(weight=Weight.MINOR, topic=Topic.DOCUMENT, text=text)
    was, now = old.number_pattern, new.number_pattern
    if (was.text if was else None) != (now.text if now else None):
        text = (
            f"Incidents are numbered {now.text if now else 'by no pattern'} now (was {was.text if was else 'by none'})."
        )
        yield _change(Weight.NOTABLE, Topic.DOCUMENT, text, was, now)
