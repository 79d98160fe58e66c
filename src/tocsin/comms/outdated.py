"""What has happened since words were drafted that they may not know of, and where they will not be seen.

Words are approved and published as they stand. Nothing here stops them: whoever presses the button is told first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tocsin.comms.promise import find_promise
from tocsin.comms.silence import find_silence
from tocsin.incident.book import Book
from tocsin.incident.speech import Sketch
from tocsin.incident.state import Incident
from tocsin.words import Audience


def list_doubts(sketch: Sketch, incident: Incident, book: Book, now: datetime) -> Iterator[str]:
    """Sentences to read before a draft is approved or published; none where nothing speaks against it."""
    moments = (
        (incident.severity_at, f"the severity is {incident.severity}"),
        (incident.cause_at, "the cause is known"),
        (incident.mitigated_at, "the fix is in"),
        (incident.resolved_at, "it is over"),
        (incident.reopened_at, "it has come back"),
    )
    since = [f"{what} ({_clock(at)})" for at, what in moments if at is not None and at > sketch.at]
    if since:
        yield f"Since this was drafted: {', '.join(since)}. Look whether the words still hold."
    promised = find_promise(sketch.text, sketch.at)
    due = sketch.at + timedelta(seconds=promised) if promised else None
    if due is not None and due <= now and find_promise(sketch.text, now) is None:
        yield f"The next update that it promises was for {_clock(due)}; that has passed."
    silence = find_silence(incident, book) if Audience.PUBLIC in sketch.audiences else None
    if silence is not None and not silence.incident:
        who = f"{silence.lifted_by} lifts" if silence.lifted_by else "somebody lifts"
        yield f"The status page shows nothing of this incident until {who} line {silence.line}."


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M} UTC"
