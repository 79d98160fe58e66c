"""What the settings say of being watched must hold together with the rest of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.app.tables import File
from tocsin.app.watch.heartbeat import Beating
from tocsin.app.watch.sending import CheckpointsTable, Sending
from tocsin.config import Problems, Source
from tocsin.integrations.smtp import SmtpSettings
from tocsin.words import Mode

LEAST_EVERY_S, MOST_EVERY_S = 10.0, 24 * 3600.0
LEAST_MINUTES, MOST_MINUTES = 0.02, 24 * 60.0
LEAST_ROUND_S, LEAST_WITHIN_S = 60.0, 5.0


def read_heartbeat(root: Path, source: Source, file: File, node: str, problems: Problems) -> Beating | None:
    """The outgoing heartbeat, with its address from where the settings say that it stands."""
    table = file.heartbeat
    if table is None:
        return None
    url = table.url
    if bool(url) == bool(table.url_file):
        problems.append(
            source.problem(("heartbeat",), "give either `url` or `url_file`: whom to tell that all is well.")
        )
        return None
    if table.url_file:
        try:
            url = (root / table.url_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(source.problem(("heartbeat", "url_file"), f"{table.url_file} cannot be read ({error})."))
            return None
    if not _is_address(url):
        problems.append(
            source.problem(("heartbeat",), "the address must begin with https:// or http:// and name a host.")
        )
    _check_span(source, ("heartbeat", "every_s"), table.every_s, LEAST_EVERY_S, MOST_EVERY_S, problems)
    _check_span(source, ("heartbeat", "overdue_s"), table.overdue_s, 2.0, 3600.0, problems)
    return Beating(url=url.replace("{node}", node), every_s=table.every_s, overdue_s=table.overdue_s)


def check_watch(source: Source, file: File, problems: Problems) -> None:
    """The made-up incident and the traces."""
    if file.traces is not None and not _is_address(file.traces.endpoint):
        text = "it is an address such as http://127.0.0.1:4318/v1/traces."
        problems.append(source.problem(("traces", "endpoint"), text))
    table = file.synthetic
    if table is None:
        return
    _check_span(source, ("synthetic", "every_s"), table.every_s, LEAST_ROUND_S, MOST_EVERY_S, problems)
    _check_span(source, ("synthetic", "within_s"), table.within_s, LEAST_WITHIN_S, table.every_s, problems)
    team = file.teams.get(table.team)
    if team is None:
        known = ", ".join(file.teams) or "none"
        text = f"there is no team {table.team!r}; give the made-up incident a team of its own. There are: {known}."
        problems.append(source.problem(("synthetic", "team"), text))
    elif team.mode is Mode.SHADOW:
        text = f"in mode shadow nobody is paged, so its page never arrives: set `mode` of team {table.team} to assist."
        problems.append(source.problem(("synthetic", "team"), text))


def read_sending(
    root: Path, source: Source, file: File, channels: Mapping[str, object], problems: Problems
) -> Sending | None:
    """Where checkpoints go, and how often."""
    table, witness = file.checkpoints or CheckpointsTable(), file.witness
    if file.checkpoints is None and witness is None:
        return None
    if witness is not None and not _is_address(witness.url):
        text = "it is the address of a `tocsin witness`, such as http://witness.example.org:8421."
        problems.append(source.problem(("witness", "url"), text))
    if not LEAST_MINUTES <= table.every_minutes <= MOST_MINUTES:
        text = f"it must lie between {LEAST_MINUTES:g} and {MOST_MINUTES:g} minutes."
        problems.append(source.problem(("checkpoints", "every_minutes"), text))
    found = {name: each for name, each in channels.items() if isinstance(each, SmtpSettings)}
    channel = found.get(table.channel) if table.channel else next(iter(found.values()), None)
    if channel is None and (table.mail or table.channel):
        text = f"checkpoints are mailed by an smtp channel; there are: {', '.join(found) or 'none'}."
        problems.append(source.problem(("checkpoints",), text))
    return Sending(
        every_s=60 * table.every_minutes,
        witness=witness.url if witness is not None else "",
        mail=table.mail,
        channel=channel,
        password=_read_password(root, channel),
    )


def _read_password(root: Path, channel: SmtpSettings | None) -> str | None:
    """Null where there is none; that it is missing is found with the channel itself."""
    if channel is None or channel.password_file is None:
        return None
    try:
        return (root / channel.password_file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is no number, or too large a one
        return False


def _check_span(
    source: Source, path: tuple[str, str], value: float, least: float, most: float, problems: Problems
) -> None:
    if not least <= value <= most:
        problems.append(source.problem(path, f"it must lie between {least:g} and {most:g} seconds."))
