"""The trackers of the settings: read, checked, opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tocsin.app.tables import File, find_secret_files
from tocsin.config import Problems, Source, convert
from tocsin.integrations.github import Github, GithubSettings
from tocsin.integrations.jira import Jira, JiraSettings
from tocsin.integrations.tickets import Tracker

TRACKER_KINDS: dict[str, type[msgspec.Struct]] = {"github": GithubSettings, "jira": JiraSettings}


def read_trackers(root: Path, source: Source, file: File, problems: Problems) -> dict[str, msgspec.Struct]:
    """The tables `[trackers.NAME]` that hold together; what is wrong with the others, and whose tickets go nowhere."""
    found: dict[str, msgspec.Struct] = {}
    for name, table in file.trackers.items():
        settings = _read(root, source, name, table, problems)
        if settings is not None:
            found[name] = settings
    for team, each in file.teams.items():
        if each.tickets and each.tickets not in file.trackers:
            known = ", ".join(file.trackers) or "none; add [trackers.NAME]"
            text = f"there is no tracker {each.tickets!r}; there are: {known}."
            problems.append(source.problem(("teams", team, "tickets"), text))
    return found


def _read(root: Path, source: Source, name: str, table: Any, problems: Problems) -> msgspec.Struct | None:
    path = ("trackers", name)
    kind = table.get("kind") if isinstance(table, dict) else None
    if kind not in TRACKER_KINDS:
        known = ", ".join(TRACKER_KINDS)
        problems.append(source.problem(path, f"`kind` must be one of: {known}; this is {kind!r}."))
        return None
    settings: msgspec.Struct | None = convert(source, path, table, TRACKER_KINDS[kind], problems)
    if settings is None:
        return None
    for field, secret in find_secret_files(settings).items():
        if not (root / secret).is_file():
            text = f"there is no file {secret!r}; put the secret in it (mode 0600)."
            problems.append(source.problem((*path, field), text))
    if isinstance(settings, GithubSettings) and settings.repository.count("/") != 1:
        problems.append(source.problem((*path, "repository"), "write it as `owner/name`."))
    return settings


def open_trackers(root: Path, trackers: Mapping[str, msgspec.Struct]) -> dict[str, Tracker]:
    """Each tracker with its token."""
    return {name: _open(root, settings) for name, settings in trackers.items()}


def _open(root: Path, settings: msgspec.Struct) -> Tracker:
    if isinstance(settings, GithubSettings):
        return Github(settings, _read_token(root, settings.token_file))
    assert isinstance(settings, JiraSettings)
    return Jira(settings, _read_token(root, settings.token_file))


def _read_token(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8").strip()
