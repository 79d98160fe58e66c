"""``curl`` for machines that lack it: the few options that playbooks use, plain HTTP only, at most 1 MiB of answer."""

from __future__ import annotations

import http.client
import json
import sys
from urllib.parse import urlsplit

from .call import Call
from .options import split
from .place import ROOT, SERVER_PORT
from .refusal import Refusal, unmodelled

LIMIT = 1 << 20
SWITCHES = "-s --silent -S --show-error -I --head -f --fail -i --include"
VALUED = "-X --request -H --header -d --data -m --max-time"


def run(words: list[str], _: Call) -> int:
    """Fetch one address; returns curl's own exit status (22 for ``-f`` and an error, 7 when nobody answers)."""
    headers = [words[i + 1] for i, word in enumerate(words[:-1]) if word in {"-H", "--header"}]
    options, operands = split(words, SWITCHES, VALUED)
    if len(operands) != 1:
        raise unmodelled("curl with anything but one address")
    address = urlsplit(operands[0] if "://" in operands[0] else f"http://{operands[0]}")
    if address.scheme != "http" or not address.hostname:
        raise unmodelled(f"curl with {address.scheme}")
    body = options.get("-d", options.get("--data"))
    look = "-I" in options or "--head" in options
    method = options.get("-X", options.get("--request", "HEAD" if look else "POST" if body else "GET"))
    fields = {}
    for name, _colon, value in (header.partition(":") for header in headers):
        fields[name.strip()] = value.strip()
    if body is not None:
        fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
    host, port = lead(address.hostname, address.port or 80)
    link = http.client.HTTPConnection(host, port, timeout=float(options.get("-m", options.get("--max-time", "10"))))
    try:
        link.request(method, (address.path or "/") + (f"?{address.query}" if address.query else ""), body, fields)
        answer = link.getresponse()
        content = answer.read(LIMIT)
    except OSError as error:
        raise Refusal(
            f"curl: (7) Failed to connect to {address.hostname} port {address.port or 80}: {error}", 7
        ) from error
    finally:
        link.close()
    return print_answer(answer, content, heads=look or "-i" in options, fail="-f" in options or "--fail" in options)


def lead(host: str, port: int) -> tuple[str, int]:
    """Where an address of the playbook really is: the shop listens on a free port, not on the one it claims."""
    if host in {"localhost", "127.0.0.1"} and port == SERVER_PORT:
        return "127.0.0.1", int(json.loads((ROOT / "run" / "ports.json").read_text())["server"])
    return host, port


def print_answer(answer: http.client.HTTPResponse, content: bytes, *, heads: bool, fail: bool) -> int:
    """Print what curl would, and return its exit status."""
    if fail and answer.status >= 400:
        print(f"curl: (22) The requested URL returned error: {answer.status}", file=sys.stderr)
        return 22
    if heads:
        print(f"HTTP/1.1 {answer.status} {answer.reason}")
        print("\n".join(f"{name}: {value}" for name, value in answer.getheaders()) + "\n", flush=True)
    sys.stdout.buffer.write(content)
    return 0
