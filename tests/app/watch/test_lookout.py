"""What whoever looks at the screens is told of how the server is watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.app.till import TODAY, make_till

from tocsin.app.watch.checkpoints import Checkpoints
from tocsin.app.watch.lookout import UNWATCHED, Lookout
from tocsin.app.watch.synthetic import SyntheticTable
from tocsin.app.workspace import load_workspace
from tocsin.store.checkpoints import Signer
from tocsin.testing.story import Cast, Story

pytestmark = pytest.mark.anyio


async def test_trouble_ends_with_the_settings_that_it_is_about(team: Cast, tmp_path: Path) -> None:
    bare = load_workspace(make_till(tmp_path), TODAY)
    workspace = replace(bare, synthetic=SyntheticTable(team="till"))
    async with Story(team) as story:
        checkpoints = Checkpoints(story.engine, lambda: workspace.sending, tmp_path / "none", lambda: Signer(bytes(32)))
        lookout = Lookout(story.engine, lambda: workspace, "http://127.0.0.1:1", "1", checkpoints)
        lookout._synthetic.trouble = "no page was delivered within 60 s"
        told = "The last made-up incident was not paged as it should: no page was delivered within 60 s."
        assert lookout.list_remarks() == (told, UNWATCHED)
        workspace = bare
        assert lookout.list_remarks() == (UNWATCHED,)
        assert lookout._find_synthetic_trouble() == ""
