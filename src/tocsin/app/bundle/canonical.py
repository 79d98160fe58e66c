"""A zip that is written in one way only: nothing in it is compressed, dated or optional, so that no byte can be another
without being noticed. Any program reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from zlib import crc32

from tocsin.errors import UserError

MOST_BYTES, MOST_FILES = 2**32 - 2**20, 2**16 - 1
LOCAL, CENTRAL, END = 0x04034B50, 0x02014B50, 0x06054B50
VERSION, UTF8, DAY = 20, 0x800, 0x21
"""What is needed to read it, that names are in UTF-8, and the first day that a zip can name (1 January 1980)."""


def zip_up(files: Mapping[str, bytes]) -> bytes:
    """The files in their order. Raises `UserError` for more than a zip can hold."""
    if sum(map(len, files.values())) > MOST_BYTES or len(files) > MOST_FILES:
        raise UserError("This incident's evidence is more than one bundle can hold; copy the data directory instead.")
    parts: list[bytes] = []
    central: list[bytes] = []
    at = 0
    for name, content in files.items():
        spelt = name.encode()
        about = struct.pack(
            "<HHHHHIIIHH", VERSION, UTF8, 0, 0, DAY, crc32(content), len(content), len(content), len(spelt), 0
        )
        parts += (struct.pack("<I", LOCAL), about, spelt, content)
        central += (struct.pack("<IH", CENTRAL, VERSION), about, struct.pack("<HHHII", 0, 0, 0, 0, at), spelt)
        at += 30 + len(spelt) + len(content)
    end = b"".join(central)
    count = len(files)
    return b"".join([*parts, end, struct.pack("<IHHHHIIH", END, 0, 0, count, count, len(end), at, 0)])
