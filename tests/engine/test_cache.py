"""What was forgotten while it was loaded is not remembered; of what was forgotten too long ago, nobody is sure."""

from __future__ import annotations

import pytest

from tocsin.engine.cache import Cache


def test_a_stream_is_forgotten_after_a_moment_and_not_before_it() -> None:
    cache = Cache()
    before = cache.moment
    cache.forget("a-1")
    assert cache.was_forgotten("a-1", before)
    assert not cache.was_forgotten("a-1", cache.moment)
    assert not cache.was_forgotten("a-2", before)


def test_what_was_forgotten_too_long_ago_may_be_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.engine.cache.MOST_FORGOTTEN", 2)
    cache = Cache()
    before = cache.moment
    for stream in ("a-1", "a-2", "a-3"):
        cache.forget(stream)
    assert cache.was_forgotten("a-1", before)
    assert cache.was_forgotten("a-9", before), "it may have been the one"
    assert not cache.was_forgotten("a-9", cache.moment)
