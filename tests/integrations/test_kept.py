"""What a step was kept from is said in words, whatever its programs made of it."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from tocsin.integrations.asked import find_addresses
from tocsin.integrations.box import Box
from tocsin.integrations.doors import Doors
from tocsin.integrations.kept import tell_kept

UNKNOWN = "Temporary failure in name resolution\n"
BOX = Box(
    directory=Path("/srv/app"),
    private=(Path("/srv/tocsin/secrets"), Path("/srv/data"), Path("/home/ana/.ssh")),
    concealed=(Path("/home/ana"), Path("/srv/tocsin/tocsin.toml"), Path("/run")),
    readable=(Path("/home/ana/tools"),),
    network=("localhost:8080", "db.internal:5432"),
    sockets=False,
)


def tell(text: str, said: str = "", *statuses: int, shut: tuple[tuple[str, str], ...] = ()) -> str:
    return tell_kept(BOX, text, said.encode(), Doors(shut=shut), (), statuses)


@pytest.mark.parametrize(("text", "said", "status", "named"), [
    ("cat /srv/data/tocsin.db", "cat: /srv/data/tocsin.db: No such file or directory\n", 1, "/srv/data/tocsin.db"),
    ("cat ../tocsin/secrets/smtp", "cat: ../tocsin/secrets/smtp: No such file or directory\n", 1,
     "../tocsin/secrets/smtp"),
    ("cat /srv/data/tocsin.db 2>/dev/null", "", 1, "/srv/data/tocsin.db"),
    ("F=/srv/data/keys/chain; head \"$F\"", "head: cannot open '/srv/data/keys/chain' for reading: No such file\n", 1,
     "/srv/data/keys/chain"),
    ("ls x; true", "ls: cannot access '/home/ana/.ssh/id': Permission denied\n", 0, "/home/ana/.ssh/id"),
    ("tar cf - /srv/tocsin/secrets", "tar: /srv/tocsin/secrets: Cannot stat: No such file or directory\n", 2,
     "/srv/tocsin/secrets"),
])  # fmt: skip
def test_a_hidden_place_is_named(text: str, said: str, status: int, named: str) -> None:
    assert (
        tell(text, said, status) == f"It was kept from {named}: no step sees the server's data, keys and credentials."
    )


def test_what_may_be_given_back_is_told_with_the_setting() -> None:
    said = tell("cat /home/ana/.kube/config", "cat: /home/ana/.kube/config: No such file or directory\n", 1)
    assert said == "It was kept from /home/ana/.kube/config; what reads may see is named in the target's `readable`."


@pytest.mark.parametrize(("text", "said", "status"), [
    ("cat /srv/app/missing", "cat: /srv/app/missing: No such file or directory\n", 1),
    ("cat /home/ana/tools/x", "cat: /home/ana/tools/x: No such file or directory\n", 1),
    ("ls /srv/data-of-others", "ls: cannot access '/srv/data-of-others': No such file or directory\n", 2),
    ("grep error app.log", "", 1),
    ("echo /srv/data", "", 0),
    ("curl -s http://localhost:8080/health | grep ok", "", 1),
    ("./check.sh", "check failed: 3 orders\n", 1),
])  # fmt: skip
def test_a_failure_of_its_own_is_not_laid_to_the_box(text: str, said: str, status: int) -> None:
    assert tell(text, said, status) == ""


@pytest.mark.parametrize(("text", "said", "status", "named"), [
    ("curl -sS http://api.shop.example/health", "curl: (6) Could not resolve host: api.shop.example\n", 6,
     "api.shop.example:80"),
    ("curl -s https://api.shop.example/health", "", 6, "api.shop.example:443"),
    ("curl -sf http://localhost:9090/metrics | grep peers", "", 7, "localhost:9090"),
    ("curl -sS http://10.1.2.3:81/", "curl: (7) Failed to connect to 10.1.2.3 port 81 after 0 ms: Couldn't connect to "
     "server\n", 7, "10.1.2.3:81"),
    ("wget -qO- http://metrics.example:9100/", "wget: unable to resolve host address ‘metrics.example’\n", 4,
     "metrics.example:9100"),
    ("psql -h pg.internal", f'psql: error: could not translate host name "pg.internal" to address: {UNKNOWN}', 2,
     "pg.internal"),
    ("psql -h 10.0.0.9", 'psql: error: connection to server at "10.0.0.9", port 5432 failed: Network is unreachable\n',
     2, "10.0.0.9:5432"),
    ("redis-cli -h cache ping", "Could not connect to Redis at cache:6379: Name or service not known\n", 1,
     "cache:6379"),
    ("kubectl get pods", 'Get "https://10.43.0.1:6443/api": dial tcp 10.43.0.1:6443: network is unreachable\n', 1,
     "10.43.0.1:6443"),
    ("nc -z mail.example 25", f'nc: getaddrinfo for host "mail.example" port 25: {UNKNOWN}', 1,
     "mail.example:25"),
    ("ping -c1 validator-3", f"ping: validator-3: {UNKNOWN}", 2, "validator-3"),
    ("ssh validator-3 uptime", f"ssh: Could not resolve hostname validator-3: {UNKNOWN}", 255, "validator-3"),
    ("exec 3<>/dev/tcp/10.9.9.9/443", "bash: line 1: /dev/tcp/10.9.9.9/443: Network is unreachable\n", 1,
     "10.9.9.9:443"),
    ("curl http://[fd00::7]:80/", "curl: (7) Failed to connect to fd00::7 port 80: Couldn't connect to server\n", 7,
     "[fd00::7]:80"),
    ("./probe", "requests.exceptions.ConnectionError: Network is unreachable\n", 1, "the network"),
])  # fmt: skip
def test_a_host_that_was_not_declared_is_named(text: str, said: str, status: int, named: str) -> None:
    told = tell(text, said, status, 0)
    assert told.startswith(f"It was kept from {named}: reads reach only what is declared.")
    written = f', "{named}"' if ":" in named else ""
    assert f'network = ["localhost:8080", "db.internal:5432"{written}].' in told


def test_what_is_declared_and_shut_is_said_and_nothing_else() -> None:
    shut = (("db.internal:5432", "connection refused"), ("localhost:8080", "connection refused"))
    said = 'psql: error: connection to server at "db.internal" (10.0.0.5), port 5432 failed: Connection refused\n'
    told = tell("psql -h db.internal", said, 2, shut=shut)
    assert told == "Declared, but not to be reached from here: db.internal:5432 (connection refused)."


@pytest.mark.parametrize("said", [
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    "Failed to connect to bus: No such file or directory (/run/dbus/system_bus_socket D-Bus)\n",
    'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file\n',
])  # fmt: skip
def test_a_socket_is_told_with_the_setting(said: str) -> None:
    told = tell("docker ps", said, 1)
    assert "hidden from reads" in told
    assert "`readable`" in told
    assert "network =" not in told


def test_a_socket_that_a_step_was_not_even_given_is_told_too() -> None:
    said = "Could not connect to Redis at /srv/app/redis.sock: Address family not supported by protocol\n"
    mute = msgspec.structs.replace(BOX, mute=True)
    told = tell_kept(mute, "redis-cli -s redis.sock ping", said.encode(), Doors(), (), (1,))
    assert "hidden from reads" in told
    assert "network =" not in told


def test_a_name_tells_no_secret_and_moves_no_cursor() -> None:
    said = "cat: /srv/data/\x1b[2Jtoken=hunter2secret9: No such file or directory\n"
    told = tell("cat x", said, 1)
    assert "\x1b" not in told
    assert "hunter2secret9" not in told


def test_a_long_complaint_is_soon_read() -> None:
    for noise in ("a:" * 40_000, "/x" * 40_000, "connect to " * 8_000, "for " * 20_000, "1.1." * 20_000, "-" * 80_000):
        start = time.process_time()
        tell(noise, f"connection refused {noise}\n" * 3, 1)
        assert time.process_time() - start < 1


def test_the_addresses_of_a_statement() -> None:
    text = "curl -s http://localhost:8080/health; curl https://user:pw@api.example/x | jq; curl $URL http://$HOST:1/"
    assert list(find_addresses(text)) == [("localhost", 8080), ("api.example", 443)]
