"""Power cuts, modelled: a part of `make torture`.

A real server runs under `strace` while alerts come in. Its disk is made again as of random moments (`disk.py`), a
server is started on each, and it is judged by what had been acknowledged, and had been paged, before that moment:
nothing of it may be lost, and what is paged twice says so. `python -m tests.processes.powercut` cuts the power of a
disk that does not heed syncs while alerts come in: then something must be found.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from .disk import STRACE, read_calls, replay
from .ground import KEY, Ground, Sink, open_client, wait_for
from .tally import Tally

CUTS_OF_ONE = 20
"""Cuts that are made from one record."""
LOAD_S = 12.0
"""Long enough for the write-ahead log to come round."""
SOURCES, AT_ONCE = 4, 10
START_S = 120.0


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """One power cut and what came of it. `acknowledged` and `paged` count what had been so before it."""

    number: int
    commit: str = ""
    after_s: float
    acknowledged: int
    paged: int
    ready_s: float
    lost: tuple[str, ...] = ()
    unpaged: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, unpaged, doubled or broken."""
        return not (self.lost or self.unpaged or self.doubled or self.broken)


TALLY = Tally("cuts", Cut)


class Record:
    """One server under load, and everything that it asked of its disk; times are those of the wall."""

    def __init__(self, folder: Path, number: int) -> None:
        self.sink = Sink()
        self.ground = Ground(folder, self.sink)
        self.log = folder / "calls"
        self.number = number
        self.acknowledged: dict[str, float] = {}
        self._ended = threading.Event()

    def make(self, load_s: float) -> None:
        """Run the server, send alerts for so long, and kill it."""
        self.ground.start(under=(*STRACE, "-o", str(self.log)))
        wait_for(self.ground.url, "server under strace", START_S)
        senders = [threading.Thread(target=self._send, args=(source,)) for source in range(SOURCES)]
        for sender in senders:
            sender.start()
        time.sleep(load_s)
        self._ended.set()
        for sender in senders:
            sender.join()
        self.ground.kill()
        assert self.ground.process is not None
        end = f"{self.ground.process.pid} "
        wait_for(lambda: is_told(self.log, end), "end of the record")

    def _send(self, source: int) -> None:
        at = 0
        while not self._ended.is_set():
            names = [f"C{self.number}s{source}n{at + each}" for each in range(AT_ONCE if source else 1)]
            at += len(names)
            if fire(self.ground, names):
                now = time.time()
                self.acknowledged.update(dict.fromkeys(names, now))

    def paged_before(self, moment: float) -> dict[str, str]:
        """The pages that had reached the sink by then: their keys with their alerts."""
        offset = time.time() - time.monotonic()
        pages = [page for page in self.sink.pages if page["came_at"] + offset <= moment]
        return {page["key"]: page["labels"]["alertname"] for page in pages}


def is_told(log: Path, process: str) -> bool:
    """Whether strace has told of a process's end, which is the last that it tells."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        tail = file.read().decode(errors="replace").splitlines()
    return any(line.startswith(process) and "+++ killed" in line for line in tail)


def fire(ground: Ground, names: list[str]) -> bool:
    """Send alerts at once; whether they were taken."""
    alerts = [{"labels": {"alertname": name}} for name in names]
    try:
        return open_client().post(f"{ground.url()}/in/{KEY}/api/v2/alerts", json=alerts, timeout=30).is_success
    except httpx.HTTPError:
        return False


def cut_all(numbers: Sequence[int], load_s: float = LOAD_S, *, deaf: bool = False, commit: str = "") -> Iterator[Cut]:
    """Power cuts of one record, one after the other."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-cut-"))
    folder.chmod(0o755)
    try:
        record = Record(folder, numbers[0])
        record.make(load_s)
        record.sink.close()
        for each in _cut_each(record, numbers, folder, deaf=deaf):
            yield msgspec.structs.replace(each, commit=commit)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cut_each(record: Record, numbers: Sequence[int], folder: Path, *, deaf: bool) -> Iterator[Cut]:
    calls = read_calls(record.log)
    root = record.ground.root / ".tocsin"
    first, last = min(record.acknowledged.values()), calls[-1].ended
    moments = sorted(random.Random(number).uniform(first, last) for number in numbers)
    disks = replay(calls, root, moments, first if deaf else float("inf"))
    for number, (moment, disk) in zip(numbers, disks, strict=True):
        own = folder / f"cut{number}"
        own.mkdir()
        sink = Sink()
        ground = Ground(own, sink)
        try:
            shutil.rmtree(ground.root)
            shutil.copytree(record.ground.root, ground.root, ignore=shutil.ignore_patterns(".tocsin"))
            (ground.root / "tocsin.toml").write_text(
                (ground.root / "tocsin.toml").read_text().replace(record.sink.url, sink.url)
            )
            (ground.root / ".tocsin").mkdir(mode=0o700)
            disk.cut(ground.root / ".tocsin", random.Random(f"cut {number}"))
            yield _judge(record, ground, number, moment, first)
        finally:
            ground.end()
            sink.close()
            shutil.rmtree(own, ignore_errors=True)


def _judge(record: Record, ground: Ground, number: int, moment: float, first: float) -> Cut:
    """Start a server on what is left, and compare it with what the world had seen."""
    known = {name for name, at in record.acknowledged.items() if at <= moment}
    paged = record.paged_before(moment)
    begun = time.monotonic()
    ground.start()
    try:
        wait_for(lambda: ground.url() or not ground.is_running(), "server after a power cut", START_S)
    except AssertionError as error:
        return _report(number, moment - first, known, paged, begun, broken=(str(error),))
    if not ground.is_running():
        return _report(number, moment - first, known, paged, begun, broken=(ground.log()[-600:],))
    ready = time.monotonic()
    lost = known - held(ground)
    unpaged = _wait_for_pages(ground, known - lost - set(paged.values()))
    pages = list(ground.sink.pages)
    doubled = tuple(f"{page['key']}" for page in pages if page["key"] in paged and not page["repeat"])
    ground.stop()
    checked = ground.verify()
    broken = () if checked.returncode == 0 else (checked.stdout + checked.stderr,)
    return _report(
        number, moment - first, known, paged, begun, ready=ready, lost=tuple(sorted(lost)),
        unpaged=tuple(sorted(unpaged)), doubled=doubled, broken=broken,
    )  # fmt: skip


def _report(number: int, after: float, known: set[str], paged: dict[str, str], begun: float, **found: Any) -> Cut:
    ready = found.pop("ready", time.monotonic())
    return Cut(
        number=number,
        after_s=round(after, 3),
        acknowledged=len(known),
        paged=len(paged),
        ready_s=round(ready - begun, 2),
        **found,
    )


def held(ground: Ground) -> set[str]:
    """The names of all alerts that the server knows, whatever their state."""
    answer = open_client().get(f"{ground.url()}/in/{KEY}/api/v2/alerts", timeout=30)
    return {alert["labels"]["alertname"] for alert in answer.raise_for_status().json()}


def _wait_for_pages(ground: Ground, names: set[str], patience_s: float = 60.0) -> set[str]:
    """Those of the alerts that nobody is paged for; waited for as long as pages come."""
    deadline = time.monotonic() + patience_s
    left = set(names)
    while left and time.monotonic() < deadline:
        before = len(left)
        left = names - {page["labels"]["alertname"] for page in list(ground.sink.pages)}
        if len(left) < before:
            deadline = time.monotonic() + patience_s
        time.sleep(0.05)
    return left


def show(cuts: Sequence[Cut]) -> str:
    """Totals."""
    figures = {
        "power cuts": len(cuts),
        "acknowledged before them": sum(each.acknowledged for each in cuts),
        "pages before them": sum(each.paged for each in cuts),
        "lost": sum(len(each.lost) for each in cuts),
        "unpaged": sum(len(each.unpaged) for each in cuts),
        "doubled": sum(len(each.doubled) for each in cuts),
        "broken": sum(len(each.broken) for each in cuts),
    }
    slowest = max((each.ready_s for each in cuts), default=0.0)
    return f"{', '.join(f'{count} {name}' for name, count in figures.items())}; ready at most {slowest:g} s after"


def live(commit: str, numbers: Sequence[int]) -> None:
    """Power cuts of one record; each is kept as soon as it is over."""
    for each in cut_all(numbers, commit=commit):
        TALLY.add(each)
        print(f"power cut {each.number}: {show([each])}", flush=True)


def tell(cuts: Sequence[Cut]) -> bool:
    """Print the totals and what has gone wrong; whether nothing has."""
    print(f"power cuts: {show(cuts)}")
    bad = [each for each in cuts if not each.is_good]
    for each in bad:
        print(f"  {each}")
    return not bad


def main() -> int:
    """A few cuts of a disk that does not heed syncs: something must be found."""
    cuts = list(cut_all(range(5), deaf=True))
    print(f"deaf disk: {show(cuts)}")
    return int(all(each.is_good for each in cuts))


if __name__ == "__main__":
    sys.exit(main())
