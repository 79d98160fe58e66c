"""The text of the settings that `tocsin init` writes: tables with the playbook's lines beside them.

Whatever is in a playbook, the text is TOML; and whoever is not known yet stands as FILL IN at the place where the
name belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tocsin.app.ladder import SCHEDULES, Ladder, Rung, build_ladder, quote_line
from tocsin.app.settings_wanted import list_wanted, list_wanted_tables
from tocsin.incident.privacy import is_about_security
from tocsin.integrations.asked import find_addresses
from tocsin.integrations.doors import read_destination
from tocsin.oncall.rota import EVERYBODY, ON_DUTY
from tocsin.playbook.model import Escalation, Playbook, Trigger
from tocsin.playbook.source import show_lines
from tocsin.playbook.tier import Tier
from tocsin.words import Effect, Mode, TriggerClock

STAND_IN = "oncall"
WORK = "work"
"""The folder in which steps run: settings, playbooks and secrets are not in it."""
MOST_TITLE = 100
MOST_SHOWN = 120
"""Characters of a statement that a comment shows."""
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")

HEAD = """\
# A tocsin workspace. Edit freely: every change is checked as a whole, and a file that does not hold together leaves the
# last good settings in place. Secrets do not belong here; they lie in secrets/ (readable by you only).

[server]
# How people reach this server, for the links in pages. Without it: the address that it listens on.
# url = "https://tocsin.example.org"
# Who may act in every team's incidents. Everybody else acts for the teams whose schedules, ladder or roles name them.
# overseers = []

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# One table for each person: [people.ID]. `channels` are named weakest first: an unanswered page climbs them.

[people.oncall]
name = "On-call (stand-in)"
# FILL IN: everybody is this person until you write down who really is. The page is only printed by the server.
# mail = "somebody@example.org"
channels = ["terminal"]

# ── Channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────
# `terminal` is always there. Take the comments away for more, then name them in somebody's `channels`.

# [channels.mail]
# kind = "smtp"
# host = "smtp.example.org"
# sender = "tocsin@example.org"
# user = "tocsin"
# password_file = "secrets/smtp"

# [channels.hook]
# kind = "webhook"
# url = "https://example.org/pages"
# secret_file = "secrets/hook"

# [channels.ntfy]            # docs/channels.md tells what each can do: ntfy, apprise and more
# kind = "ntfy"
# topics_file = "secrets/ntfy"
"""

ROUTES = """\
# ── Routes ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# An alert that comes with a team's key is that team's; its scenario is the one whose alert the playbook names. Routes
# are for what that does not settle.

# [[route]]
# match = { job = "billing" }
# team = "TEAM"
# scenario = "A scenario's title"

# ── Who watches the pager (docs/watching.md) ─────────────────────────────────────────────────────────────────────────

# [heartbeat]  # asked every minute while nothing is overdue; its silence is the alarm
# url = "https://monitor.example.org/ping/ID"

# [synthetic]  # an alert of its own team, really paged, every ten minutes
# team = "TEAM"

# [traces]  # OpenTelemetry
# endpoint = "http://127.0.0.1:4318/v1/traces"
"""

TARGET = (
    '# allow = ["privileged", "read_sensitive"]  # let such reads run by themselves too',
    "# Paths below begin in `directory`; docs/steps.md lists every setting.",
    '# path = ["bin"]  # folders of programs of your own, before the usual ones',
    '# env = { REGION = "eu-1" }  # what every step finds set; no secrets, they belong in a file that is `readable`',
    '# readable = ["/home/me/.kube/config"]  # what comes back of the hidden home directories',
    '# writable = ["../releases"]  # what approved changes may write beside `directory`',
)

COMMANDS = """\
# What your team says of its own commands: tocsin knows common programs, not yours. Without a verdict it asks each time.
# `*` stands for one word. Effects: noop, read, read_sensitive, unknown, mutate, destroy. A verdict is on one command:
# in a loop, a pipe or behind another program (`docker exec NAME ...`) it is the command inside that counts.
# Listed below is every statement of the playbooks whose effect is unknown. All others are known, and need no verdict:
# reads run by themselves where the playbook looks into a failure, changes always wait for an approval. Blanks such as
# <id> are no matter of this file: they are filled in when a step is run. `tocsin compile FILE --steps` shows them all.

# [[command]]
# pattern = "./scripts/status.sh *"
# effect = "read"
# who = "your name"
# when = "2026-01-31"
"""


def write_settings(compiled: Iterable[tuple[str, bytes, Playbook]], mode: Mode) -> str:
    """The text of tocsin.toml for teams with their playbooks' bytes and what they say."""
    compiled = tuple(compiled)
    teams = (
        _team(team, show_lines(source), playbook, mode, name_work(team, len(compiled)))
        for team, source, playbook in compiled
    )
    return "\n".join([HEAD, *teams, ROUTES])


def name_work(team: str, teams: int) -> str:
    """The folder that a team's steps work in: its own, since what a breach forbids holds for all who share a target."""
    return WORK if teams == 1 else f"{WORK}/{team}"


def write_commands(compiled: Iterable[tuple[str, Playbook]]) -> str:
    """The text of commands.toml."""
    return COMMANDS + "\n".join(line for team, playbook in compiled for line in _undecided(team, playbook)) + "\n"


def _private(team: str, source: str, playbook: Playbook) -> Iterator[str]:
    """Incidents that are private by themselves, where the playbook has scenarios about security."""
    found = [each for each in playbook.scenarios if is_about_security(each)]
    if found:
        yield f"[teams.{team}.private]"
        yield "# Seen only by whoever is paged, has a role in it, answers for security, or is invited:"
        yield from (f"# {source}:{each.line}: {_clean(each.title)}" for each in found)
        yield "security = true"
        yield ""


def _team(team: str, shown: Sequence[str], playbook: Playbook, mode: Mode, work: str) -> str:
    source, ladder = f"{team}.md", build_ladder(playbook, shown)
    title = _clean(playbook.document.title or "")[:MOST_TITLE] or team
    lines = [
        f"# ── {title} " + "─" * max(0, 114 - len(title)),
        "",
        f"[teams.{team}]",
        f'playbook = "playbooks/{source}"',
        "# shadow: decides and shows only; instruct: pages, and steps to copy; assist: pages and reads;",
        "# live: all, with approval",
        f'mode = "{mode}"',
        *_timezone(playbook, source),
        *_levels(ladder, source, shown),
        f'last_resort = ["{STAND_IN}"]  # told whenever nobody else can be',
        *_severities(playbook, source),
        *list_wanted(source, playbook),
        "",
        *(line for tier in ladder.tiers for line in _schedule(team, tier, playbook, shown)),
        f"[teams.{team}.roles]",
        *_roles(playbook, ladder, source),
        "",
        *_private(team, source, playbook),
        *list_wanted_tables(team, source, playbook),
        f"[teams.{team}.targets.local]",
        "# Where statements run: this machine, isolated. `directory` is where your playbook's relative paths begin and",
        "# what approved changes may write, so it is not the folder of these settings.",
        'kind = "local"',
        f"directory = {quote(work)}",
        *_network(playbook, source),
        *TARGET,
        "",
    ]
    return "\n".join(lines)


def _timezone(playbook: Playbook, source: str) -> Iterator[str]:
    handoff = next((each for each in playbook.rotations if each.handoff), None)
    if handoff is not None:
        yield f"# FILL IN: {source}:{handoff.line} states a hand-off without a time zone."
    yield 'timezone = "UTC"'


def _levels(ladder: Ladder, source: str, shown: Sequence[str]) -> Iterator[str]:
    yield "# The ladder: who is called first, and who joins while nobody has acknowledged (schedules, roles, people)."
    if len(ladder.rungs) == 1:
        yield "# FILL IN: the playbook names nobody who joins if the first does not answer. Add a level for them."
        yield f"levels = [{_quote_all(ladder.rungs[0].names)}]"
    else:
        yield "levels = ["
        yield from (f"  {_quote_all(each.names)},{_cite(each, source, shown)}" for each in ladder.rungs)
        yield "]"
        yield from _times(ladder.rungs, source)
    yield from _aside(ladder.aside, source)


def _quote_all(names: Sequence[str]) -> str:
    return f"[{', '.join(quote(_clean(name)) for name in names)}]"


def _cite(rung: Rung, source: str, shown: Sequence[str]) -> str:
    if not rung.lines:
        return ""
    where = ", ".join(str(line) for line in rung.lines)
    return f"  # {source}:{where}: {_clean(quote_line(shown, rung.lines[-1]))}"


def _times(rungs: Sequence[Rung], source: str) -> Iterator[str]:
    """When levels join, as stated; a level without a time is named, so that somebody gives it one."""
    for number, each in enumerate(rungs, start=1):
        if each.untimed:
            where = ", ".join(str(line) for line in each.lines)
            waits = "it waits for the response time" if each.after_s else "it follows the one before"
            yield f"# FILL IN: {source}:{where} states no time for level {number}: {waits}."
        if each.stated_s is not None:
            yield f"# FILL IN: {_tell_shortened(number, each, source)} below."
    times = ", ".join(f"{number} = {each.after_s}" for number, each in enumerate(rungs, start=1) if each.after_s)
    yield "# When a level joins, in seconds. Any other joins a third of the response time (at most 5 min) after the one"
    yield "# before it."
    yield f"level_after_s = {{ {times} }}" if times else "# level_after_s = { 2 = 300 }"


def _tell_shortened(number: int, rung: Rung, source: str) -> str:
    """That a level waits less long than the playbook says, since the settings allow no more."""
    where = ", ".join(str(line) for line in rung.lines)
    stated, allowed = _spell_days(rung.stated_s or 0), _spell_days(rung.after_s or 0)
    return (
        f"{source}:{where} states {stated} for level {number}; {allowed} ({rung.after_s} s), the longest allowed, stand"
    )


def _spell_days(seconds: int) -> str:
    """``7 days``, ``8 days 12 h``; weeks are days."""
    days, rest = divmod(seconds, 86400)
    hours = f" {rest / 3600:g} h" if rest else ""
    return f"{days} day{'s' * (days != 1)}{hours}"


def tell_shortened(team: str, source: bytes, playbook: Playbook) -> Iterator[str]:
    """Every level of a team that joins earlier in the settings than in its playbook."""
    for number, each in enumerate(build_ladder(playbook, show_lines(source)).rungs, start=1):
        if each.stated_s is not None:
            yield _tell_shortened(number, each, f"{team}.md")


def _aside(aside: Sequence[Escalation], source: str) -> Iterator[str]:
    if aside:
        yield "# Called by the playbook's own clocks or by hand, beside the ladder. They only need to be somebody"
        yield "# (roles, below):"
    for each in aside:
        level = f"level {each.level}, " if each.level is not None else ""
        when = "; ".join(_spell(trigger) for trigger in each.triggers) or "only by hand: `tocsin escalate`"
        yield f"#   {source}:{each.line}: {level}{_clean(', '.join(each.who))}: {_clean(when)}"


def _spell(trigger: Trigger) -> str:
    whose = f"{trigger.severity} " if trigger.severity is not None else ""
    if trigger.condition is not None:
        return f"when somebody answers so: {trigger.condition}"
    if trigger.clock is TriggerClock.IMMEDIATE:
        return f"{whose}at once"
    minutes, seconds = divmod(trigger.after_s, 60)
    after = f"{trigger.after_s} s" if seconds else f"{minutes} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{whose}{'not resolved after' if trigger.clock is TriggerClock.UNRESOLVED else 'after'} {after}"


def _severities(playbook: Playbook, source: str) -> Iterator[str]:
    if not playbook.severities:
        return
    lines = ", ".join(str(each.line) for each in playbook.severities)
    yield f"# An alert's label `severity` in the playbook's own words ({source}:{lines}). Add your labels, for example:"
    yield f"# critical = {quote(playbook.severities[0].id)}"
    pairs = ", ".join(f"{name} = {name}" for name in dict.fromkeys(quote(each.id) for each in playbook.severities))
    yield f"severity_map = {{ {pairs} }}"


def _schedule(team: str, tier: Tier, playbook: Playbook, shown: Sequence[str]) -> Iterator[str]:
    source, rotation = f"{team}.md", next((each for each in playbook.rotations), None)
    yield f"[teams.{team}.schedules.{SCHEDULES[tier.rank]}]"
    if tier.line:
        yield f"# FILL IN who takes turns. {source}:{tier.line}: {_clean(quote_line(shown, tier.line))}"
    if rotation is not None:
        yield f"# {source}:{rotation.line}: {_clean(rotation.title)}"
    yield f'people = ["{STAND_IN}"]'
    if rotation is not None and rotation.handoff is not None:
        yield 'rotation = "weekly"'
        yield f"handoff = {quote(f'{rotation.handoff.weekday} {rotation.handoff.time}')}"
    else:
        yield '# rotation = "weekly"'
        yield '# handoff = "Monday 09:00"'
    yield ""


def _roles(playbook: Playbook, ladder: Ladder, source: str) -> Iterator[str]:
    """Every name that the playbook calls, so that nobody is called in vain, each with the lines that call it."""
    yield "# Who answers to the names that the playbook calls. FILL IN: until then it is the stand-in."
    for name, lines in find_names(playbook).items():
        schedule = ladder.schedule(name)
        if schedule != name.casefold():
            where = ", ".join(str(line) for line in lines)
            yield f"{quote(name)} = [{quote(schedule or STAND_IN)}]  # {source}:{where}"
    for contact in playbook.contacts:
        if contact.placeholder:
            yield f"# {source}:{contact.line}: {_clean(contact.title)} was never filled in."


def find_names(playbook: Playbook) -> dict[str, list[int]]:
    """The names that a playbook calls people by, with its lines; those that mean everybody are left out."""
    called: dict[str, dict[int, None]] = {}
    spelled: dict[str, str] = {}
    for name, line in _called(playbook):
        folded = name.casefold()
        if not folded or ON_DUTY.match(folded) or EVERYBODY.match(folded) or folded == "primary":
            continue
        key = spelled.setdefault(folded, name)
        called.setdefault(key, {})[line] = None
    return {name: list(lines) for name, lines in called.items()}


def _called(playbook: Playbook) -> Iterator[tuple[str, int]]:
    for severity in playbook.severities:
        yield from ((_clean(name), severity.page_line or severity.line) for name in severity.page)
    for escalation in playbook.escalation:
        yield from ((_clean(name), escalation.line) for name in escalation.who)
    for role in playbook.roles:
        yield _clean(role.title), role.line


def _network(playbook: Playbook, source: str) -> Iterator[str]:
    """What the playbook's own reads ask for, so that they find it; nothing that a blank has yet to name."""
    reads = [each for each in playbook.statements if each.effect is Effect.READ and not each.placeholders]
    asked = dict.fromkeys(each for read in reads for each in find_addresses(read.text))
    spelt = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in asked]
    good = [quote(each) for each in spelt if _is_declarable(each)]
    yield "# What reads reach of the network; whatever is not declared here they do not. Changes reach everything."
    if good:
        yield f"# These are asked by reads in {source}: take away what they should not reach."
    yield f"network = [{', '.join(good)}]" if good else '# network = ["localhost:8080", "db.internal:5432"]'


def _is_declarable(spelt: str) -> bool:
    """Whether it is one host and port. A cloud's own way to its credentials (link-local) is in nobody's draft."""
    try:
        host, _ = read_destination(spelt)
    except ValueError:
        return False
    return not host.startswith(("169.254.", "fe80:")) and host != "metadata.google.internal"


def _undecided(team: str, playbook: Playbook) -> Iterator[str]:
    """The statements of unknown effect, each on a line of a comment, whatever lines it has in the playbook."""
    unknown = [each for each in playbook.statements if each.effect is Effect.UNKNOWN]
    if unknown:
        count = "1 statement" if len(unknown) == 1 else f"{len(unknown)} statements"
        yield f"\n# {team}.md holds {count} whose effect nobody has stated:"
    for each in unknown:
        text = _clean(re.sub(r"\s*\n\s*", " ⏎ ", re.sub(r"\\\r?\n\s*", "", each.text)))
        yield f"#   line {each.line}: {text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + '…'}"


def quote(text: str) -> str:
    """A TOML string, whatever is in the text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def _clean(text: str) -> str:
    """A text for a comment: on one line, without what TOML does not allow there."""
    return re.sub(rf"(?:{CONTROL.pattern})+", " ", text).strip()
