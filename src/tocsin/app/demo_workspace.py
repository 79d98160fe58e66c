"""The demo's workspace: five teams of ours, whose people all page the phone on the screen or the server's own log."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tocsin.app.initialise import make_key
from tocsin.app.settings_draft import find_names, quote
from tocsin.app.workspace import key_file
from tocsin.drill.demo.world.place import DATABASE, SUPERVISOR
from tocsin.drill.world import Layout
from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook

TEAM = "bazaar"
"""The team whose shop breaks."""

PEOPLE = """\
# The workspace of `tocsin demo`. It is written anew each time the demo starts.

[people.you]
name = "You"
channels = ["phone"]

[people.sam]
name = "Sam (second on call)"
channels = ["phone"]

[people.robin]
name = "Robin (incident commander)"
channels = ["phone"]

[people.kim]
name = "Kim (security)"
channels = ["phone"]

[channels.phone]
kind = "webhook"
url = "{phone}"
"""

TEAM_TABLE = """
[teams.{team}]
name = "{title}"
playbook = "playbooks/{team}.md"
mode = "live"
timezone = "Europe/Berlin"
levels = [["primary"], ["secondary"], ["robin"]]
last_resort = ["robin"]
evidence_wait_s = 3.0

[teams.{team}.schedules.primary]
people = ["you"]

[teams.{team}.schedules.secondary]
people = ["sam"]

[teams.{team}.roles]
{roles}

[teams.{team}.targets.shop]
kind = "local"
directory = "{directory}"
readable = [{readable}]
allow = ["read_sensitive"]
network = "open"  # the shop's ports change from start to start
timeout_s = 30

[teams.{team}.targets.shop.env]
{env}
"""

TITLES = {
    "bazaar": "Bazaar",
    "ledgerline": "Ledgerline",
    "northcell": "Northcell",
    "parity": "Parity",
    "quorum": "Quorum",
}

COMMANDS = """\
# What the team says of its own commands. Without these two lines tocsin would ask before each.

[[command]]
pattern = "./scripts/check-database.sh"
effect = "read"
who = "robin"
when = "2026-11-20"
"""


def write_workspace(root: Path, layout: Layout, phone: str) -> str:
    """Write the workspace and give the intake key of the team whose shop breaks."""
    (root / "playbooks").mkdir(parents=True, exist_ok=True)
    (root / "secrets").mkdir(mode=0o700, exist_ok=True)
    parts = [PEOPLE.format(phone=phone)]
    for team, title in TITLES.items():
        source = (resources.files("tocsin.drill.demo") / "playbooks" / f"{team}.md").read_bytes()
        (root / "playbooks" / f"{team}.md").write_bytes(source)
        make_key(root, team)
        parts.append(_table(team, title, source, layout))
    (root / "tocsin.toml").write_text("\n".join(parts), encoding="utf-8")
    (root / "commands.toml").write_text(COMMANDS, encoding="utf-8")
    return key_file(root, TEAM).read_text(encoding="utf-8").strip()


def _table(team: str, title: str, source: bytes, layout: Layout) -> str:
    playbook = compile_playbook(source, f"{team}.md", load_knowledge())
    roles = "\n".join(f"{quote(name)} = [{quote(_cast(name))}]" for name in find_names(playbook))
    env = "\n".join(f"{quote(name)} = {quote(value)}" for name, value in layout.env.items())
    sockets = (layout.directory / each for each in (SUPERVISOR, DATABASE))
    readable = ", ".join(quote(str(path)) for path in (*layout.readable, *sockets))
    return TEAM_TABLE.format(
        team=team, title=title, roles=roles, directory=layout.directory, readable=readable, env=env
    )


def _cast(name: str) -> str:
    """Who of the four plays a part."""
    folded = name.casefold()
    if "security" in folded or "ciso" in folded:
        return "kim"
    if "secondary" in folded or "database" in folded:
        return "sam"
    return "you" if "on-call" in folded or "first" in folded else "robin"
