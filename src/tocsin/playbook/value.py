"""What everything in a playbook is: a value."""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything in a playbook: immutable, compared by content."""
