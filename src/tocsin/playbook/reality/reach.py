"""Hosts and ports in statements: does the checkout know them?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import names, observe
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_URL = re.compile(rf"(?:\w+://)(?:[^/@\s]*@)?(\[[^\]]*\]|[^:/?#\s]+)(?::([\d{names.WILD}]+))?([/?#]\S*)?")
_BARE_URL = re.compile(r"([\w.-]+):(\d{2,5})(/\S*)?")
_LOCAL = words("localhost 127.0.0.1 0.0.0.0 [::1] host.docker.internal")
_VALUED = words(
    "-d -F -H -X -T -o -u -A -e -b -c -m -w -K -x -D -E --data --data-raw --data-binary --data-urlencode --form --json "
    "--header --request --upload-file --output --user --user-agent --cookie --max-time --write-out --post-data "
    "--cacert "
    "--cert --key --connect-timeout --retry --resolve --retry-delay -O -P -t -T --proto --interface -i --timeout "
    "--tries"
)
_DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode")
_CLOSE = 20
"""How far a port may be from another to be taken for it."""
_PUBLIC = re.compile(r"(?:^|\.)(?:com|org|net|io|dev|gov|edu)$")
_PING_VALUES = words("-c -i -W -w -s -I -t -m -q -p")
_HOST_FLAGS = {
    "psql": ("-h", "--host"),
    "pg_isready": ("-h", "--host"),
    "redis-cli": ("-h",),
    "mysql": ("-h", "--host"),
    "pg_dump": ("-h", "--host"),
}
_PORT_FLAGS = {
    "psql": ("-p", "--port"),
    "pg_isready": ("-p", "--port"),
    "redis-cli": ("-p",),
    "mysql": ("-P", "--port"),
    "pg_dump": ("-p", "--port"),
}
CLIENT_VALUES = words(
    "-h --host -p --port -U --username -d --dbname -c --command -f --file -v -a -n -u --user -P -t -e"
)


def judge_request(command: Command, system: System) -> Iterator[Finding]:
    """``curl URL``, ``wget URL``, ``open URL``."""
    parts = take_apart(command.words[1:], _VALUED)
    urls = [*parts.operands, *parts.values("--url")]
    for url in urls:
        match = _URL.match(url) or (_BARE_URL.match(url) if command.program != "open" else None)
        if match is None:
            continue
        yield from judge_address(match[1], match[2], url, command, system)
        yield from observe.judge_query(url, parts.values(*_DATA), system)


def judge_connection(command: Command, system: System) -> Iterator[Finding]:
    """``nc HOST PORT``, ``ping HOST``, ``ssh HOST``, ``dig NAME``."""
    parts = take_apart(
        command.words[1:], _PING_VALUES if command.program == "ping" else words("-w -W -p -i -l -m -q -s -c -X -x")
    )
    operands = [word for word in parts.operands if not word.startswith(("+", "@"))]
    if not operands:
        return
    port = operands[1] if len(operands) > 1 and operands[1].isdecimal() else None
    yield from judge_address(operands[0].rsplit("@", 1)[-1], port, "", command, system)


def judge_client(command: Command, system: System) -> Iterator[Finding]:
    """``psql -h HOST -p PORT``, ``redis-cli -h HOST``."""
    parts = take_apart(command.words[1:], CLIENT_VALUES)
    host = parts.value(*_HOST_FLAGS[command.program])
    port = parts.value(*_PORT_FLAGS[command.program])
    if host is not None or port is not None:
        yield from judge_address(host or "localhost", port, "", command, system)
    for word in parts.operands:
        match = _URL.match(word)
        if match:
            yield from judge_address(match[1], match[2], "", command, system)


def judge_address(host: str, port: str | None, url: str, command: Command, system: System) -> Iterator[Finding]:
    """A host and, if one is given, its port."""
    if host.lower() not in _LOCAL:
        yield judge_host(host.lower(), system, inside=command.place == "inside")
    if port is None:
        return
    if host.lower() in _LOCAL and command.is_here:
        yield judge_local_port(port, system)
    else:
        yield _judge_far_port(host.lower(), port, system)


def judge_host(host: str, system: System, *, inside: bool = False) -> Finding:
    """Whether the checkout knows a machine, a service or a name that it answers to."""
    what = f"host {names.show(host)}"
    network = system.network
    if names.is_open(host) or re.fullmatch(r"[\d.]+|\[.*\]", host):
        return unknown("host", what, "It is an address, or left open.")
    if "." in host and not host.endswith((".local", ".internal", ".svc", ".cluster.local")):
        return _judge_domain(host, what, system)
    short = host.split(".")[0]
    found = names.find(short, network.hosts) or names.find(host, network.hosts)
    if found is not None:
        return matches("host", what, network.hosts[found])
    stem = re.sub(rf"[-_]?(?:\d+|{names.WILD})$", "", short)
    if stem in network.fleets:
        near = names.nearest(short, network.hosts)
        return missing(
            "host",
            what,
            "The checkout lists others of this kind, but not this one.",
            near,
            network.hosts[near] if near else None,
        )
    near = names.nearest(short, [each for each in network.hosts if _is_like(short, each)])
    if near is not None and (network.fleets or inside):
        return missing("host", what, "The checkout knows no such machine or service.", near, network.hosts[near])
    return unknown("host", what, "The checkout names no machines of this kind.")


def _is_like(one: str, other: str) -> bool:
    return one.split("-")[0] == other.split("-")[0]


def _judge_domain(host: str, what: str, system: System) -> Finding:
    network = system.network
    found = names.find(host, network.domains) or names.find(host, network.served)
    if found is not None:
        return matches("host", what, network.domains.get(found) or network.served.get(found))
    zone = host.split(".", 1)[1]
    beside = [each for each in network.served if each.endswith(f".{zone}") and "." in zone]
    near = names.nearest(host, beside)
    if near is not None and not host.startswith(("status.", "grafana.", "prometheus.", "alerts.", "docs.")):
        return missing(
            "host",
            what,
            f"The checkout serves {', '.join(sorted(beside)[:3])}, but not this one.",
            near,
            network.served[near],
        )
    return unknown("host", what, "It is not in the checkout; whoever runs its domain knows.")


_ON_HOST = re.compile(r"""network_mode["']?:\s*["']?host\b""")
_USUAL = {
    "22": "SSH", "53": "A name server", "2379": "etcd", "4317": "An OpenTelemetry collector", "6443": "Kubernetes",
    "4318": "An OpenTelemetry collector", "8200": "Vault", "8500": "Consul", "9090": "Prometheus",
    "9093": "Alertmanager", "9091": "A Pushgateway", "9100": "A node exporter",
    "10250": "A kubelet", "16686": "Jaeger", "3100": "Loki",
}  # fmt: skip
"""What watches and carries a system is often set up apart from it. A database or a server of its own is not here: the
checkout of a system that talks to one says so.
"""


def judge_local_port(port: str, system: System) -> Finding:
    """Whether something of the checkout listens on a port of the machine."""
    what = f"port {names.show(port)} on localhost"
    network = system.network
    if names.is_wild(port):
        return unknown("port", what, "It is left open.")
    if port in network.published:
        return matches("port", what, network.published[port])
    if port in network.behind:
        host, where = network.behind[port]
        return missing("port", what, f"{port} is the port in the container; on the host it is {host}.", host, where)
    if port in network.mentioned:
        return matches("port", what, network.mentioned[port])
    written = network.number(port)
    if written is not None:
        return unknown("port", what, f"The number stands in {written}, but not as a port.")
    if not network.published and len(network.mentioned) < 1:
        return unknown("port", what, "The checkout says nothing of ports.")
    files = [each.path for each in system.compose.files]
    shared = next((path for path in files if _ON_HOST.search(system.repository.text(path))), "")
    if shared:
        why = f"A service of {shared} has the machine's own network; what it listens on is not written."
        return unknown("port", what, why)
    if port in _USUAL:
        why = f"{_USUAL[port]} usually listens on it, and the checkout does not say whether one runs."
        return unknown("port", what, why)
    near = names.nearest(port, network.published or network.mentioned)
    known = {**network.mentioned, **network.published}
    return missing(
        "port", what, "Nothing in the checkout listens on it or publishes it.", near, known[near] if near else None
    )


def _judge_far_port(host: str, port: str, system: System) -> Finding:
    what = f"port {names.show(port)}"
    network = system.network
    where = network.mentioned.get(port) or network.published.get(port)
    if where is not None and not names.is_wild(port):
        return matches("port", what, where)
    beside = network.addressed.get(host.split(".")[0], {})
    if host.split(".")[0] in network.hosts and beside and port not in _USUAL and not names.is_wild(port):
        near = names.nearest(port, beside)
        close = near is not None and abs(int(near) - int(port)) <= _CLOSE
        if near is not None and close and network.number(port) is None:
            why = f"The checkout reaches {host} at {', '.join(sorted(beside)[:4])}, and has no such number anywhere."
            return ambiguous("port", f"{what} of {host}", why, near, beside[near])
    return unknown("port", what, "What listens there is not in the checkout.")
