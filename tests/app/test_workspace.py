"""Settings are checked as a whole: every problem at once, with its line and a way out."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.initialise import initialise
from tocsin.app.place import NoWorkspace, find_workspace
from tocsin.app.settings_draft import _clean, quote
from tocsin.app.storage import find_url, require_nodes
from tocsin.app.workspace import load_workspace, read_store
from tocsin.config import Problem, Problems, convert, read
from tocsin.errors import ConfigError, UserError
from tocsin.oncall.rota import Rota
from tocsin.oncall.settings import Schedule
from tocsin.store.nodes import read_url
from tocsin.words import Mode

from .till import PLAYBOOK, TODAY, edit, problems


def test_what_init_makes_holds_together_and_pages_somebody(root: Path) -> None:
    workspace = load_workspace(root, TODAY)
    team = workspace.settings.teams["till"]
    assert team.staffing.last_resort == ("oncall",)
    assert workspace.settings.people["oncall"].channels == ("terminal",)
    assert list(workspace.keys.values()) == ["till"]
    assert stat.S_IMODE((root / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "secrets" / "till.intake").stat().st_mode) == 0o600


def test_all_problems_are_found_at_once_each_with_its_line(root: Path) -> None:
    lines = [
        edit(root, 'timezone = "UTC"', 'timezone = "Mars/Base"'),
        edit(root, 'levels = [["primary"]]', 'levels = [["primry"]]'),
        edit(root, 'people = ["oncall"]', 'people = ["nobody"]'),
        edit(root, 'kind = "local"', 'kind = "locl"'),
        edit(root, 'channels = ["terminal"]', 'channels = ["pager"]'),
        edit(root, '"SEV-1" = "SEV-1"', '"SEV-1" = "SEV-9"'),
    ]
    found = problems(root)
    assert sorted(line for line, _, _ in found) == sorted(lines)
    assert all(text.endswith((".", "]]", "'locl'.")) for _, _, text in found)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("last_resort", "last_resrt", "did you mean `last_resort`?"),
        ('last_resort = ["oncall"]', "last_resort = []", "name somebody"),
        ('mode = "live"', 'mode = "alive"', "must be one of 'shadow', 'instruct', 'assist', 'live', but this is"),
        ('playbook = "playbooks/till.md"', 'playbook = "playbooks/gone.md"', "cannot be read"),
        ("[people.oncall]", "[people.oncall", "not TOML"),
        ('directory = "work"', 'directory = "nowhere"', "no folder"),
        ('[teams.till.schedules.primary]', '[teams.till.schedules.primary]\nrotation = "fortnightly"', "one of: none"),
        ('# handoff = "Monday 09:00"', 'handoff = "Funday 09:00"', "Monday 09:00"),
    ],
)  # fmt: skip
def test_each_slip_is_told_with_a_way_out(root: Path, before: str, after: str, said: str) -> None:
    edit(root, before, after)
    assert any(said in text for _, _, text in problems(root))


def test_a_playbook_that_cannot_be_read_is_named_with_its_line(root: Path) -> None:
    (root / "playbooks" / "till.md").write_bytes(b"\xff\xfe\x00\x01" * 50)
    assert problems(root)


def test_what_is_dangerous_in_a_playbook_is_no_hindrance(root: Path) -> None:
    path = root / "playbooks" / "till.md"
    path.write_text(
        path.read_text() + "\n**Resolution:**\n```bash\ndocker logs till-<id> --tail 5\nrm -rf /data\n```\n"
    )
    load_workspace(root, TODAY)


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace, match="tocsin init"):
        find_workspace(tmp_path)
    with pytest.raises(NoWorkspace, match="tocsin init"):
        load_workspace(tmp_path, TODAY)


def test_it_is_found_from_below(root: Path) -> None:
    assert find_workspace(root / "playbooks") == root


def test_two_teams_of_init_work_in_folders_of_their_own(tmp_path: Path) -> None:
    """What an open breach forbids binds all who share a target, so two teams must not share one by accident."""
    paths = [write_playbook(tmp_path / name) for name in ("till.md", "mill.md")]
    initialise(tmp_path / "W", paths, Mode.LIVE, TODAY)
    targets = load_workspace(tmp_path / "W", TODAY).targets
    folders = {name: tmp_path / "W" / "work" / name for name in ("till", "mill")}
    assert {name: targets[f"{name}/local"][1] for name in folders} == folders
    assert all(each.is_dir() for each in folders.values())


def test_init_overwrites_nothing(root: Path, tmp_path: Path) -> None:
    before = (root / "tocsin.toml").read_text()
    with pytest.raises(UserError, match="there already"):
        initialise(root, [tmp_path / "till.md"], Mode.LIVE, TODAY)
    assert (root / "tocsin.toml").read_text() == before


@pytest.mark.parametrize("content", [b"", b"\x00\x01binary\xff", b"# Shopping\n\n- milk\n"])
def test_init_of_what_is_no_playbook_says_so_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.md"):
        initialise(tmp_path / "W", [tmp_path / "x.md"], Mode.LIVE, TODAY)
    assert not (tmp_path / "W").exists()


@pytest.mark.parametrize("content", [b"", b"\x00\x01binary\xff", b"# Shopping\n\n- milk\n"])
def test_what_is_wrong_with_a_file_is_told_in_sentences_at_a_line_that_there_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(UserError) as error:
        initialise(tmp_path / "W", [tmp_path / "x.md"], Mode.LIVE, TODAY)
    assert ".." not in str(error.value)
    assert ":0" not in str(error.value)


def test_two_files_of_one_name_are_two_teams(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Till Book.md").write_text(PLAYBOOK)
    paths = [tmp_path / folder / "Till Book.md" for folder in ("a", "b")]
    made = initialise(tmp_path / "W", paths, Mode.SHADOW, TODAY)
    assert [team for team, _ in made.teams] == ["till-book", "till-book-2"]
    load_workspace(tmp_path / "W", TODAY)


def test_every_name_that_the_five_call_is_answered_or_listed(seeds: Path, tmp_path: Path) -> None:
    """Nobody whom an escalation names is called in vain, and what was never filled in stands as a comment."""
    made = initialise(tmp_path / "W", sorted(seeds.glob("*.md")), Mode.LIVE, TODAY)
    workspace = load_workspace(tmp_path / "W", TODAY)
    for team, playbook in made.teams:
        shelf = workspace.settings.teams[team]
        rota = Rota(staffing=shelf.staffing, people=workspace.settings.people)
        for escalation in playbook.escalation:
            assert all(rota.knows(name) for name in escalation.who), (team, escalation)
    text = (tmp_path / "W" / "tocsin.toml").read_text()
    assert "# mycelia.md:402: Primary was never filled in." in text
    assert "bitcell.md:22 states a hand-off without a time zone" in text
    assert "bitcell.md:507: Platform Lead was never filled in" in text


def test_lines_of_nested_tables_and_arrays_are_found() -> None:
    source = read(
        '[a.b]\n"c d" = [\n  1,\n  "x",\n]\n[[r]]\nm = { k = 1, n = 2 }\n[[r]]\nm = 3\n', "t.toml", Problems()
    )
    expected = {("a", "b"): 1, ("a", "b", "c d"): 2, ("a", "b", "c d", 1): 4, ("r", 0, "m", "n"): 7, ("r", 1, "m"): 9}
    assert {path: source.line(path) for path in expected} == expected


def test_a_wrong_value_keeps_its_neighbours() -> None:
    source = read('people = "ana"\nrotation = "daily"\nhandof = "09:00"\n', "t.toml", Problems())
    found = Problems()
    assert convert(source, (), source.values, Schedule, found) == Schedule(rotation="daily")
    assert sorted(problem.line for problem in found) == [1, 3]
    good = read('people = ["ana"]\nrotation = 7\n', "t.toml", Problems())
    assert convert(good, (), good.values, Schedule, found) == Schedule(people=("ana",))
    assert len(found) == 3


# ── who may act ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_responders_are_whom_the_team_names_and_the_overseers(root: Path) -> None:
    edit(root, "# overseers = []", 'overseers = ["olga"]')
    edit(root, "[people.oncall]", PEOPLE + "[people.oncall]")
    edit(root, 'people = ["oncall"]', 'people = ["ana"]')
    edit(root, "[teams.till.roles]", '[teams.till.roles]\nlead = ["lea"]\nduty = ["primary"]')
    policy = load_workspace(root, TODAY).settings.teams["till"].policy
    assert policy.responders is not None
    assert set(policy.responders) == {"ana", "lea", "oncall", "olga"}


PEOPLE = "".join(f'[people.{name}]\nname = "{name.title()}"\n\n' for name in ("ana", "lea", "olga", "mallory"))


def test_an_overseer_must_be_somebody(root: Path) -> None:
    line = edit(root, "# overseers = []", 'overseers = ["olga"]')
    assert problems(root) == [(line, "server.overseers[0]", "'olga' is nobody here; known: oncall.")]


@pytest.mark.parametrize("person", ["local-admin", "tocsin", "alert"])
def test_nobody_may_be_called_like_the_server_itself(root: Path, person: str) -> None:
    edit(root, "[people.oncall]", f'[people.{person}]\nname = "X"\n\n[people.oncall]')
    assert [text for _, path, text in problems(root) if path == f"people.{person}"]


@pytest.mark.parametrize("team", ["triage", "a/b", "..", "", "with space", "-x", "x" * 200])
def test_a_teams_id_can_stand_in_an_address(root: Path, team: str) -> None:
    path = root / "tocsin.toml"
    path.write_text(path.read_text().replace("[teams.till", f'[teams."{team}"'))
    assert any(path == f"teams.{team}" for _, path, _ in problems(root))


@pytest.mark.parametrize("seconds", ["-1", "inf", "nan", "1e300", "301"])
def test_a_page_does_not_wait_for_ever(root: Path, seconds: str) -> None:
    line = edit(root, 'timezone = "UTC"', f'timezone = "UTC"\nevidence_wait_s = {seconds}')
    assert [(at, path) for at, path, _ in problems(root)] == [(line + 1, "teams.till.evidence_wait_s")]


@pytest.mark.parametrize("seconds", [0, -5, 10**12])
def test_a_statement_does_not_run_for_ever(root: Path, seconds: int) -> None:
    line = edit(root, 'kind = "local"', f'kind = "local"\ntimeout_s = {seconds}')
    assert [(at, path) for at, path, _ in problems(root)] == [(line + 1, "teams.till.targets.local.timeout_s")]


@pytest.mark.parametrize("name", ["work/bin", "~/bin", "/no/such/bin", "a\\u0000b", ".gitkeep"])
def test_a_folder_of_programs_that_is_not_there_is_told_with_where_it_was_looked_for(root: Path, name: str) -> None:
    (root / "work" / "bin").mkdir()
    line = edit(root, 'kind = "local"', f'kind = "local"\npath = [\n  "bin",\n  "{name}",\n]')
    ((at, path, text),) = problems(root)
    assert (at, path) == (line + 3, "teams.till.targets.local.path[1]")
    assert name.startswith("a") or str(root / "work" / name) in text


def test_the_examples_that_a_target_comes_with_hold(root: Path) -> None:
    for folder in (root / "work" / "bin", root / "releases"):
        folder.mkdir()
    for name in ("path", "env", "readable", "writable", "allow"):
        edit(root, f"# {name} = ", f"{name} = ")
    ((target, _),) = load_workspace(root, TODAY).targets.values()
    assert (target.path, target.env, target.writable) == (("bin",), {"REGION": "eu-1"}, ("../releases",))
    assert target.readable
    assert target.allow


def test_a_target_of_another_node_is_not_looked_for_here(root: Path) -> None:
    line = edit(root, 'kind = "local"', 'kind = "local"\nnode = "rack-1"\npath = ["bin"]')
    (root / "work" / "bin").mkdir()
    assert list(load_workspace(root, TODAY, node="rack-1").targets) == ["till/local"]
    (root / "work" / "bin").rmdir()
    there = load_workspace(root, TODAY, node="rack-2")
    assert (dict(there.targets), there.elsewhere, there.nowhere) == ({}, {"till/local": "rack-1"}, ())
    with pytest.raises(ConfigError) as error:
        load_workspace(root, TODAY, node="rack-1")
    assert [each.line for each in error.value.problems if isinstance(each, Problem)] == [line + 2]


URL = "postgresql://db/tocsin"


def test_where_several_nodes_share_a_database_each_target_says_on_which_it_is(root: Path) -> None:
    with pytest.raises(UserError, match=r'add node = "NAME" to \[teams\.till\.targets\.local\]'):
        require_nodes(load_workspace(root, TODAY, node="rack-1"), "rack-1", URL)
    require_nodes(load_workspace(root, TODAY, node="rack-1"), "rack-1", None)
    edit(root, 'kind = "local"', 'kind = "local"\nnode = "rack-1"')
    for node in ("rack-1", "rack-2"):
        require_nodes(load_workspace(root, TODAY, node=node), node, URL)
    with pytest.raises(UserError, match="there is no other"):
        require_nodes(load_workspace(root, TODAY, node="rack-2"), "rack-2", None)


def test_the_database_is_named_by_the_environment_or_the_settings_and_no_password_stands_there(root: Path) -> None:
    edit(root, "\n[people.", f'\n[store]\nurl = "{URL}"\n\n[people.')
    assert read_store(root) == load_workspace(root, TODAY).store == URL
    assert find_url(URL, {}) == URL
    assert find_url(URL, {"TOCSIN_DATABASE_URL": "postgresql://other/x"}) == "postgresql://other/x"
    assert find_url(None, {}) is None
    line = edit(root, URL, "postgresql://ana:hush@db/tocsin")
    ((at, path, text),) = problems(root)
    assert (at, path) == (line, "store.url")
    assert "TOCSIN_DATABASE_URL" in text
    assert "hush" not in text


@pytest.mark.parametrize("url", ["mysql://db/x", "db.internal", "sqlite:///x.db", "postgresql://:port/x"])
def test_a_url_that_names_no_postgresql_is_told_how_to_be_written(url: str) -> None:
    with pytest.raises(UserError, match="postgresql://user@host:5432/name"):
        read_url(url)


def test_odd_files_are_told_and_no_crash(root: Path) -> None:
    (root / "secrets" / "till.intake").write_bytes(b"\xff" * 32)
    edit(root, 'playbook = "playbooks/till.md"', r'playbook = "a\u0000b"')
    said = [text for _, _, text in problems(root)]
    assert any("tocsin key till" in text for text in said)
    assert any("mend the path" in text for text in said)


# ── making one ───────────────────────────────────────────────────────────────────────────────────────────────────────


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_playbook(path: Path, title: str = "Till Playbook") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLAYBOOK.replace("Till Playbook", title), newline="")
    return path


@pytest.mark.parametrize(
    "there", ["commands.toml", ".gitignore", "playbooks/till.md", "secrets/till.intake", "tocsin.toml"]
)
def test_what_is_there_already_is_named_and_nothing_is_written(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "W"
    (folder / there).parent.mkdir(parents=True)
    (folder / there).write_text("mine")
    (folder / "notes.txt").write_text("mine too")
    before = tree(folder)
    with pytest.raises(UserError, match=there.replace(".", r"\.")):
        initialise(folder, [write_playbook(tmp_path / "till.md")], Mode.LIVE, TODAY)
    assert tree(folder) == before


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "W"
    folder.mkdir()
    (folder / "commands.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="commands"):
        initialise(folder, [write_playbook(tmp_path / "till.md")], Mode.LIVE, TODAY)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "W").mkdir()
    (tmp_path / "W" / "notes.txt").write_text("mine")
    initialise(tmp_path / "W", [write_playbook(tmp_path / "till.md")], Mode.LIVE, TODAY)
    assert (tmp_path / "W" / "notes.txt").read_text() == "mine"
    load_workspace(tmp_path / "W", TODAY)


def test_names_are_told_apart_whatever_they_are(tmp_path: Path) -> None:
    names = ["a.md", "x/a.md", "a-2.md", "y/A-2.md", "triage.md", "ü.md", "日本.md", f"{'n' * 200}.md", "a b.md"]
    paths = [write_playbook(tmp_path / name) for name in names]
    made = initialise(tmp_path / "W", paths, Mode.LIVE, TODAY)
    teams = [team for team, _ in made.teams]
    assert teams == ["a", "a-2", "a-2-2", "a-2-3", "triage-2", "team", "team-2", "n" * 60, "a-b"]
    assert list(load_workspace(tmp_path / "W", TODAY).settings.teams) == teams


TITLES = [
    "Till \x01\x1b[31m Playbook",
    'Till "Playbook" \\ C:\\temp',
    "Till \x7f Playbook",
    "'''",
    "Till # Playbook ]",
    "T" * 500,
    "Übung für die Kasse → jetzt",
]


@pytest.mark.parametrize("title", TITLES)
def test_any_words_of_a_playbook_make_settings_that_hold_together(tmp_path: Path, title: str) -> None:
    text = PLAYBOOK.replace("Till Playbook", title).replace("SEV-1: Critical", f"SEV-1: {title}")
    text += (
        f"\n## Escalation Path\n\n1. **Level 1**: {title} lead (after 30 minutes)\n\n## Roles\n\n- **{title}**: leads\n"
    )
    (tmp_path / "till.md").write_text(text)
    initialise(tmp_path / "W", [tmp_path / "till.md"], Mode.LIVE, TODAY)
    load_workspace(tmp_path / "W", TODAY)


@given(st.text(max_size=60).filter(lambda text: text != "b"))
def test_any_text_can_stand_in_the_settings(text: str) -> None:
    assert tomllib.loads(f"a = {quote(text)}")["a"] == text
    assert tomllib.loads(f"{quote(text)} = 1 # {_clean(text)}\nb = 2") == {text: 1, "b": 2}


def test_a_place_where_nothing_can_be_made_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    source = write_playbook(tmp_path / "till.md")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "W", Path("/proc/x"), Path("/proc/x/y")):
        with pytest.raises(UserError, match="Give another folder"):
            initialise(folder, [source], Mode.LIVE, TODAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "till.md"]


def test_what_fails_half_way_is_taken_away_again(tmp_path: Path) -> None:
    """A file stands where a folder must be: the playbook is written before that is found out."""
    folder, source = tmp_path / "W", write_playbook(tmp_path / "till.md")
    folder.mkdir()
    (folder / "secrets").write_text("mine")
    with pytest.raises(UserError, match="Not a directory"):
        initialise(folder, [source], Mode.LIVE, TODAY)
    assert [path.name for path in folder.iterdir()] == ["secrets"]
    (folder / "secrets").unlink()
    initialise(folder, [source], Mode.LIVE, TODAY)


def test_an_endless_file_is_no_playbook(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="/dev/zero"):
        initialise(tmp_path / "W", [Path("/dev/zero")], Mode.LIVE, TODAY)
