"""Posts to an address that a stranger gave: it must lie outside, unless the settings say otherwise.

The name is resolved here, every address that it has is looked at, and the connection goes to one of those: whoever
answers the second question otherwise than the first gains nothing. No redirect is followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from tocsin.errors import Rejected, Unavailable

TIMEOUT_S = 8.0
MOST_ANSWER = 4096
GONE = 410


class Answered:
    """What came back: the status, and the first bytes of the body."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body


async def post_outward(url: str, headers: dict[str, str], body: bytes, *, anywhere: bool) -> Answered:
    """Post `body`. Raises `Rejected` for an address that must not be asked, `Unavailable` if nobody answers."""
    address = read_address(url)
    peer = await _resolve(address, anywhere=anywhere)
    host = f"[{peer}]" if ":" in peer else peer
    asked = address.copy_with(host=host)
    sent = {**headers, "Host": address.netloc.decode("ascii"), "User-Agent": "tocsin"}
    try:
        async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
            extensions = {"sni_hostname": address.raw_host.decode("ascii")}
            async with client.stream("POST", asked, headers=sent, content=body, extensions=extensions) as answer:
                return Answered(answer.status_code, await _read(answer))
    except (httpx.HTTPError, TimeoutError, ValueError) as error:
        raise Unavailable(f"{address.host} did not answer ({type(error).__name__}).") from error


async def _read(answer: httpx.Response) -> bytes:
    found = b""
    async for part in answer.aiter_raw(MOST_ANSWER):
        found += part
        if len(found) >= MOST_ANSWER:
            break
    return found[:MOST_ANSWER]


def read_address(url: str) -> httpx.URL:
    """The address. Raises `Rejected` for what is none that can be posted to."""
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Rejected("This is no address; write it as https://example.org/hook.") from error
    if address.scheme not in ("https", "http") or not address.host or address.userinfo:
        raise Rejected("This is no address to post to; write it as https://example.org/hook, without a password.")
    return address


async def _resolve(address: httpx.URL, *, anywhere: bool) -> str:
    loop, port = asyncio.get_running_loop(), address.port or (443 if address.scheme == "https" else 80)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await loop.getaddrinfo(address.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unavailable(f"{address.host} is not found.") from error
    peers = [str(each[4][0]) for each in found]
    if not peers:
        raise Unavailable(f"{address.host} is not found.")
    if not anywhere and not all(_is_outside(peer) for peer in peers):
        raise Rejected(f"{address.host} does not lie on the public network; nothing is sent there.")
    return peers[0]


def _is_outside(peer: str) -> bool:
    """Whether an address is anybody's on the internet; one of IPv4 in the clothes of IPv6 is taken as what it is."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return _is_outside(str(inner))
        if address not in UNICAST:
            return False
    inside = any(address in network for network in INSIDE if network.version == address.version)
    return address.is_global and not address.is_multicast and not inside


UNICAST = ipaddress.ip_network("2000::/3")
"""All that was ever given out of IPv6 to be reached; what lies elsewhere is translated, old, or one's own."""
INSIDE = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20", "2001::/23"))
)
"""What is nobody's on the internet though not every Python knows: RFC 6890 (clouds answer there with their machines'
secrets), relays that are no more, the address at which Azure's machines ask their host, documentation (RFC 9637).
"""
