"""What is sealed is opened with its key and for its purpose; a statement keeps its form without its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.timeline.planting import Maker

from tocsin.engine.failpoint import pass_by
from tocsin.errors import Corrupt, Denied, NotBegun, NotFound
from tocsin.store.blobs import FileBlobs
from tocsin.store.sealed import EVIDENCE, VALUE, Sealed
from tocsin.timeline.redact import redact

KEY = b"e" * 32
TOKEN = "gh" + "p_" + Maker(3).alnum(36)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs", pass_by)


async def test_evidence_comes_back_as_it_was_and_not_with_another_key(blobs: FileBlobs) -> None:
    sealed = Sealed(blobs, KEY)
    digest = await sealed.keep(b"password=hunter2\0\xff")
    assert await sealed.open(digest) == b"password=hunter2\0\xff"
    assert b"hunter2" not in await blobs.get(digest)
    with pytest.raises(Corrupt, match="key"):
        await Sealed(blobs, b"f" * 32).open(digest)
    plain = await blobs.put(b"nothing hidden")
    with pytest.raises(NotFound):
        await sealed.open(plain)


@pytest.mark.parametrize(
    "form",
    [
        "curl -H 'Authorization: Bearer %' https://x",
        "curl https://bob:%@git.example.org/x",
        "export TOKEN=%",
        'echo "%" | wc -c',
        "deploy --token %",
    ],
)
async def test_a_typed_secret_is_named_where_it_stood(blobs: FileBlobs, form: str) -> None:
    sealed, typed = Sealed(blobs, KEY), form.replace("%", TOKEN)
    written = await sealed.seal(typed, "till-1")
    assert TOKEN not in written
    assert sealed.name(typed, "till-1") == written
    assert redact(written) == written
    text, values = await sealed.fill(written, "till-1")
    assert text == typed
    assert any(TOKEN in value for value in values)


async def test_what_holds_no_secret_stays(blobs: FileBlobs) -> None:
    sealed = Sealed(blobs, KEY)
    for text in ("docker compose ps", f"git show {Maker(1).hex(40)}", "kubectl get secret shop-db"):
        assert await sealed.seal(text, "till-1") == text
        assert await sealed.fill(text, "till-1") == (text, ())


@pytest.mark.parametrize("value", ["a$(reboot)b1", "x1;reboot", "p@ss`id`w0rd", "a1 'b2"])
async def test_what_a_shell_would_read_is_never_hidden(blobs: FileBlobs, value: str) -> None:
    """A secret's name takes the place of one plain word; what is more than that stays to be judged, or is refused."""
    typed = f'mysql "--password={value}" -e "select 1"'
    try:
        written = await Sealed(blobs, KEY).seal(typed, "till-1")
    except Denied as error:
        assert "readable" in str(error)
    else:
        assert not set("$();`'") & (set(typed) - set(written))


async def test_evidence_is_never_put_into_a_statement(blobs: FileBlobs) -> None:
    sealed = Sealed(blobs, KEY)
    digest = await sealed.keep(b"the original of an output")
    with pytest.raises(Denied):
        await sealed.seal(f"echo sealed_{digest}", "till-1")
    with pytest.raises(NotBegun):
        await sealed.fill(f"echo sealed_{digest}", "till-1")
    with pytest.raises(NotBegun):
        await sealed.fill(f"echo sealed_{'0' * 64}", "till-1")
    assert sealed.lock(b"x", EVIDENCE) != sealed.lock(b"x", VALUE)


async def test_a_value_is_opened_in_the_incident_that_it_was_typed_in_and_no_other(blobs: FileBlobs) -> None:
    """Whoever knows the name of another team's value, from its timeline or wherever, has nothing of it."""
    sealed = Sealed(blobs, KEY)
    written = await sealed.seal(f"deploy --token {TOKEN}", "till-1")
    for other in ("till-2", "shop-1", "till-11", ""):
        with pytest.raises(NotBegun, match="typed in another incident"):
            await sealed.fill(written, other)
        assert sealed.name(f"deploy --token {TOKEN}", other) != written
    assert (await sealed.fill(written, "till-1"))[0].endswith(TOKEN)


async def test_a_value_that_is_bound_to_no_incident_is_not_opened(blobs: FileBlobs) -> None:
    """So earlier versions sealed them: they would be everybody's."""
    sealed = Sealed(blobs, KEY)
    digest = await blobs.put(sealed.lock(TOKEN.encode(), VALUE))
    with pytest.raises(NotBegun, match="Type the statement again"):
        await sealed.fill(f"deploy --token sealed_{digest}", "till-1")
