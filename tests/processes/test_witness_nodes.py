"""A node on PostgreSQL: what it signed reaches the witness and the mail, and shows what was edited; bundles hold it."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# The cluster is the whole suite's.
from ..postgres import Cluster, name_of  # noqa: TID252
from .ground import Ground, Sink, run, wait_for
from .test_secrets import Mails
from .test_witness import Other

pytestmark = pytest.mark.needs("postgres")

SETTINGS = """
[channels.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
sender = "tocsin@t.example"
security = "none"

[checkpoints]
every_minutes = 0.02
mail = "audit@t.example"

[witness]
url = "{url}"
"""


@pytest.fixture
def mails() -> Iterator[Mails]:
    made = Mails()
    yield made
    made.close()


@pytest.fixture
def node(cluster: Cluster) -> Iterator[Ground]:
    """A node of a PostgreSQL, not started."""
    folder, sink = Path(tempfile.mkdtemp(prefix="tocsin-node-")), Sink()
    folder.chmod(0o755)
    made = Ground(folder, sink, "one", cluster.make_database())
    for key in ("chain", "link"):
        (made.root / "secrets" / f"{key}.key").write_text("5a" * 32)
    yield made
    made.end()
    sink.close()
    shutil.rmtree(folder)


def read_checkpoint(mail: bytes) -> bytes:
    """The checkpoint beside the text of a mail."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    (found,) = (each for each in message.iter_attachments() if each.get_filename() == "checkpoint.json")
    return bytes(found.get_content())


def test_what_a_node_signed_goes_outside_and_shows_what_was_edited(
    node: Ground, cluster: Cluster, mails: Mails, tmp_path: Path
) -> None:
    other = Other(tmp_path)
    try:
        prove(node, cluster, other, mails, tmp_path)
    finally:
        other.end()


def prove(node: Ground, cluster: Cluster, other: Other, mails: Mails, folder: Path) -> None:
    path = node.root / "tocsin.toml"
    path.write_text(path.read_text() + SETTINGS.format(port=mails.port, url=other.url))
    node.start()
    wait_for(node.url, "server")
    node.fire()
    wait_for(lambda: node.sink.pages, "page")
    had, mailed = other.has(), len(mails.taken)
    wait_for(lambda: other.has() > had + 1, "checkpoints at the witness")
    wait_for(lambda: len(mails.taken) > mailed + 1, "checkpoints by mail")
    export(node, folder / "bundle.zip")
    node.stop()
    kept = folder / "checkpoints.jsonl"
    kept.write_bytes(b"".join(read_checkpoint(each) for each in mails.taken))
    words = ("verify", "--workspace", str(node.root), "--witness")
    for named in (other.url, str(kept)):
        done = run(*words, named, database=node.database)
        assert done.returncode == 0, done.stdout + done.stderr
    cluster.query("DELETE FROM entry WHERE stream LIKE 'shop-%' AND seq > 2", name_of(node.database))
    for named in (other.url, str(kept)):
        done = run(*words, named, database=node.database)
        assert (done.returncode, "the witness has seen entries up to" in done.stdout) == (1, True), done.stdout


def export(node: Ground, out: Path) -> None:
    """The bundle holds the incident's whole timeline, and checkpoints of it."""
    words = ("evidence", "export", "shop-1", "--out", str(out), "--workspace", str(node.root))
    done = run(*words, database=node.database)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(out) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        assert len(bundle.read("timeline.jsonl").splitlines()) == manifest["entries"]
        assert bundle.read("checkpoints.jsonl").splitlines()
