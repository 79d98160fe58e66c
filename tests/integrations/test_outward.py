"""Where nothing is posted to that a stranger asks for: what is nobody's on the internet, however spelt."""

from __future__ import annotations

import pytest

from tocsin.errors import Rejected
from tocsin.integrations.outward import post_outward

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.9", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0",
     "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0x7f000001", "2130706433", "100.64.0.1",
     "192.0.0.192", "168.63.129.16", "[fec0::1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b:1::7f00:1]",
     "[::ffff:168.63.129.16]", "[3fff::1]"],
)  # fmt: skip
async def test_no_spelling_of_an_inner_address_is_let_through(host: str) -> None:
    with pytest.raises(Rejected):
        await post_outward(f"http://{host}:9/", {}, b"", anywhere=False)


@pytest.mark.parametrize("url", ["ftp://example.org/", "http:///x", "http://a:b@example.org/", "nonsense"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Rejected):
        await post_outward(url, {}, b"", anywhere=True)
