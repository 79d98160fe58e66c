"""What a step reaches of the network: what was declared, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from tocsin.errors import NotBegun
from tocsin.integrations import doors, sockets
from tocsin.integrations.box import Box
from tocsin.integrations.doors import MOST_CONNECTIONS, Door, Doors, Relays, Scout, read_destination, spell_destination
from tocsin.integrations.isolation import Isolation, find_doubt
from tocsin.integrations.sieve import knows_fence
from tocsin.integrations.sockets import find_sockets

from .bench import KINDS, Bench, set_up


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"healthy\n" * 20_000)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 http.server's name
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[int]:
    """The port of something that answers on 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def ask(host: str, port: int) -> str:
    """A statement that fetches a page with nothing but the shell."""
    return f"exec 3<>/dev/tcp/{host}/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && grep -c healthy <&3"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_read_reaches_what_is_declared(kind: str, host: str, site: int, ground: Path, place: Path) -> None:
    bench = await set_up(kind, ground, place, network=(f"{host}:{site}",))
    finished = await bench.run(f"{ask(host, site)}; {ask(host, site)}")
    assert (await bench.out(finished), finished.why) == ("20000\n20000\n", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("declared", [(), ("127.0.0.1:9",)])
async def test_a_read_does_not_reach_what_is_not_declared_and_says_so(
    kind: str, declared: tuple[str, ...], site: int, ground: Path, place: Path
) -> None:
    bench = await set_up(kind, ground, place, network=declared)
    finished = await bench.run(ask("127.0.0.1", site))
    assert await bench.out(finished) == ""
    assert f"It was kept from 127.0.0.1:{site}" in finished.why
    written = ", ".join(f'"{each}"' for each in (*declared, f"127.0.0.1:{site}"))
    assert f"network = [{written}]" in finished.why


@pytest.mark.parametrize("kind", KINDS)
async def test_a_read_reaches_everything_where_that_is_said_and_a_change_unless_it_is_bound(
    kind: str, site: int, ground: Path, place: Path
) -> None:
    bench = await set_up(kind, ground, place, network="open")
    assert await bench.out(await bench.run(ask("127.0.0.1", site))) == "20000\n"
    assert await bench.out(await bench.run(ask("127.0.0.1", site), changes=True)) == "20000\n"


async def test_a_change_that_is_bound_is_told_of_its_own_setting(site: int, ground: Path, place: Path) -> None:
    bench = await set_up("found", ground, place, change_network=())
    finished = await bench.run(ask("127.0.0.1", site), changes=True)
    assert await bench.out(finished) == ""
    assert "changes reach only what is declared" in finished.why
    assert f'change_network = ["127.0.0.1:{site}"]' in finished.why


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_declared_and_does_not_answer_is_refused_as_it_is_outside(
    kind: str, ground: Path, place: Path
) -> None:
    """An open door in front of nobody would make `nc -z` say that all is well."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    bench = await set_up(kind, ground, place, network=(f"localhost:{port}",))
    finished = await bench.run(f"(exec 3<>/dev/tcp/localhost/{port}) && echo it listens")
    assert await bench.out(finished) == ""
    assert f"Declared, but not to be reached from here: localhost:{port} (connection refused)." in finished.why


async def test_what_ends_while_a_step_runs_is_said(ground: Path, place: Path) -> None:
    """It answered before the step began and does not now."""
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bench = await set_up("found", ground, place, network=(f"127.0.0.1:{port}",))
    await bench.run("true")
    server.close()
    await server.wait_closed()
    finished = await bench.run(f"exec 3<>/dev/tcp/127.0.0.1/{port}; sleep 0.2; cat <&3")
    assert finished.exit_code != 0
    assert f"127.0.0.1:{port} (connection refused)" in finished.why


async def test_another_host_is_known_by_its_name_and_has_its_own_address(
    site: int, ground: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that is not this machine's is the box's own for as long as the step runs."""

    async def find(self: Scout, network: tuple[str, ...]) -> Doors:
        door = Door("127.0.0.1", site, "db.internal:5432", "db.internal")
        return Doors((door,), (), (("127.0.0.1", "db.internal"), ("10.9.8.7", "away.internal")))

    monkeypatch.setattr(Scout, "find", find)
    bench = await set_up("found", ground, place, network=("db.internal:5432",))
    if bench.shell._isolation is None or bench.shell._isolation.bwrap is None:
        pytest.skip("only mounts give a step names of its own")
    assert await bench.out(await bench.run(ask("db.internal", site))) == "20000\n"
    assert "10.9.8.7\taway.internal" in await bench.out(await bench.run("cat /etc/hosts"))


@pytest.mark.parametrize("kind", KINDS)
async def test_an_address_of_another_machine_is_listened_at(kind: str, ground: Path, place: Path) -> None:
    """Nothing outside is asked here: what matters is that the address is there, alone, in the step's own network."""
    bench = await set_up(kind, ground, place, network=("127.0.0.1:1",))
    door = Door("10.9.8.7", 5432, "10.9.8.7:5432", "10.9.8.7")

    async def find(network: tuple[str, ...]) -> Doors:
        return Doors((door,))

    bench.shell._scout.find = find  # type: ignore[method-assign, assignment]  # what is outside is not at hand
    finished = await bench.run(
        "for each in 10.9.8.7/5432 10.9.8.7/5433 10.9.8.6/5432; do (exec 3<>/dev/tcp/$each) 2>&1 && echo $each; done"
    )
    lines = (await bench.out(finished)).splitlines()
    assert lines[0] == "10.9.8.7/5432"
    assert "10.9.8.7/5433" not in lines
    assert any("unreachable" in line for line in lines)


@pytest.mark.needs("perl")
async def test_no_socket_of_the_machine_is_reached_by_a_read(ground: Path, place: Path) -> None:
    """In the file system, and those without a name there."""
    bench = await set_up("found", ground, place)
    if bench.shell._isolation is None or bench.shell._isolation.bwrap is None:
        pytest.skip("only mounts hide a socket")
    name = f"tocsin-test-{os.getpid()}"
    path = place / "power.sock"
    with _listen(str(path)), _listen(f"\0{name}"):
        path.chmod(0o777)
        spelt = (f"'{path}'", f'"\\0{name}"')
        tries = [f"socket(S,1,1,0); print connect(S, pack('S a*', 1, {each})) ? 'yes ' : 'no '" for each in spelt]
        text, program = 'perl -e "$TRY"', ";".join(tries)
        assert await bench.out(await bench.run(text, TRY=program)) == "no no "
        nameless = "no" if knows_fence() else "yes"
        assert await bench.out(await bench.run(text, changes=True, TRY=program)) == f"yes {nameless} "


@pytest.mark.needs("perl")
async def test_a_socket_comes_in_by_its_own_name(ground: Path, place: Path) -> None:
    path = place / "power.sock"
    with _listen(str(path)):
        path.chmod(0o777)
        bench = await set_up("found", ground, place)
        found = bench.shell._places("team/here")
        assert found is not None
        given = msgspec.structs.replace(found, box=msgspec.structs.replace(found.box, readable=(path,)))
        bench.shell._places = lambda name: given
        program = f"socket(S,1,1,0); print connect(S, pack('S a*', 1, '{path}')) ? 'yes' : 'no'"
        assert await bench.out(await bench.run('perl -e "$TRY"', TRY=program)) == "yes"


def test_a_folder_in_run_brings_its_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [Path("/run/postgresql/.s.PGSQL.5432"), Path("/run/docker.sock"), Path("/srv/app/app.sock")]
    monkeypatch.setattr(sockets, "_list_sockets", lambda: iter(listed))
    assert find_sockets((Path("/run/postgresql"), Path("/srv/app"))) == (listed[1], listed[2])
    assert find_sockets((listed[1], listed[2])) == (listed[0],)


@contextlib.contextmanager
def _listen(name: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        yield


async def test_where_no_network_can_be_taken_away_reads_do_not_run_and_changes_do(place: Path) -> None:
    alone = Isolation(uid=os.getuid())
    said = await find_doubt(alone, Box(directory=place, network=()))
    assert 'network = "open"' in said
    assert "bubblewrap" in said


async def test_a_read_that_cannot_be_bound_says_how_to_accept_that(bench: Bench) -> None:
    assert bench.shell._isolation is not None
    bench.shell._isolation = Isolation(uid=bench.shell._isolation.uid)
    with pytest.raises(NotBegun, match='network = "open"'):
        await bench.run("true")


async def test_a_step_takes_the_server_no_more_connections_than_a_few() -> None:
    """Each is two descriptors of the server, which hears alerts with the others."""
    come = 0
    held = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal come
        come += 1
        await held.wait()
        writer.close()

    far, listener, relays = await asyncio.start_server(answer, "127.0.0.1", 0), socket.socket(), Relays()
    listener.bind(("127.0.0.1", 0))
    listener.listen(500)
    port = far.sockets[0].getsockname()[1]
    door = Door("127.0.0.1", port, f"localhost:{port}", "localhost")
    await relays.open([(door, listener)])
    where = listener.getsockname()
    asked = [await asyncio.open_connection(*where) for _ in range(MOST_CONNECTIONS + 100)]
    async with asyncio.timeout(60):
        ends = [asyncio.create_task(reader.read(1)) for reader, _ in asked]
        while sum(end.done() for end in ends) < 100:
            await asyncio.sleep(0.01)
    assert come == MOST_CONNECTIONS
    assert len(relays.lost) == 1, "it is said once"
    held.set()
    relays.close()
    await asyncio.gather(*ends, return_exceptions=True)
    far.close()
    for _, writer in asked:
        writer.close()


@pytest.mark.parametrize(("spelt", "found", "tried"), [
    ("db.internal:80", ["169.254.169.254", "10.0.0.7"], ["10.0.0.7"]),
    ("db.internal:80", ["169.254.169.254", "fe80::1"], []),
    ("169.254.169.254:80", ["169.254.169.254"], ["169.254.169.254"]),
])  # fmt: skip
async def test_a_name_leads_no_read_to_a_clouds_metadata(
    spelt: str, found: list[str], tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers for a declared name may change their mind; the address itself may be declared."""

    async def resolve(host: str, port: int) -> list[str]:
        return found

    async def knock(door: Door) -> str:
        return ""

    monkeypatch.setattr(doors, "_resolve", resolve)
    monkeypatch.setattr(doors, "_try", knock)
    seen = await Scout().find([spelt])
    assert [door.address for door in seen.doors] == tried
    assert bool(seen.shut) is not bool(tried)


async def test_a_step_that_breaks_its_connections_off_fills_no_log() -> None:
    """It may do so thousands of times."""
    come, gone, troubles = asyncio.Event(), asyncio.Event(), list[dict[str, object]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        come.set()
        await reader.read()
        gone.set()
        writer.close()

    asyncio.get_running_loop().set_exception_handler(lambda loop, said: troubles.append(said))
    far, listener, relays = await asyncio.start_server(answer, "127.0.0.1", 0), socket.socket(), Relays()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = far.sockets[0].getsockname()[1]
    await relays.open([(Door("127.0.0.1", port, f"localhost:{port}", "localhost"), listener)])
    _, writer = await asyncio.open_connection(*listener.getsockname())
    async with asyncio.timeout(60):
        await come.wait()
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await gone.wait()
        while relays._tasks:
            await asyncio.sleep(0)
    relays.close()
    far.close()
    assert troubles == []


@pytest.mark.parametrize(("spelt", "host", "port"), [
    ("localhost:8080", "localhost", 8080), ("db.internal:5432", "db.internal", 5432),
    ("10.0.0.7:65535", "10.0.0.7", 65535), ("[::1]:8080", "::1", 8080), ("[2001:DB8::1]:443", "2001:db8::1", 443),
    ("my_host-1:1", "my_host-1", 1),
])  # fmt: skip
def test_a_destination(spelt: str, host: str, port: int) -> None:
    assert read_destination(spelt) == (host, port)


@pytest.mark.parametrize(
    ("url", "spelt"),
    [
        ("http://prometheus:9090", "prometheus:9090"),
        ("https://prometheus/path", "prometheus:443"),
        ("http://[::1]:9090", "[::1]:9090"),
    ],
)
def test_a_web_address_has_a_destination(url: str, spelt: str) -> None:
    assert spell_destination(url) == spelt


@pytest.mark.parametrize("url", ["http://prometheus:99999", "http://:9090", "http://a*b", "http://prometheus:x", "x"])
def test_what_leads_nowhere_has_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        spell_destination(url)


@pytest.mark.parametrize(("spelt", "said"), [
    ("localhost", "names no port"), ("localhost:", "names no port"), ("localhost:0", "names no port"),
    ("localhost:70000", "names no port"), ("localhost:8000-8010", "names no port"), ("*.de:443", "no single host"),
    ("10.0.0.0/8:443", "no single host"), ("http://api:443", "no single host"), (":443", "no single host"),
    ("::1:8080", "in brackets"), ("[::g]:1", "no address"), ("a b:1", "no single host"), ("-x:1", "no single host"),
    ("", "names no port"), ("a\n:1", "no single host"), ("host:²", "names no port"),
])  # fmt: skip
def test_what_is_no_destination_says_why(spelt: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_destination(spelt)
