"""Profiles of Spring that a statement switches on: does the checkout know anything of them?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.playbook.reality import names
from tocsin.playbook.reality.finding import Finding, ambiguous, matches
from tocsin.playbook.reality.system import System

_ACTIVE = re.compile(r"spring[.]profiles[.](?:active|include)[=:\s]\s*([\w.,-]+)")
_FILE = re.compile(r"(?:^|/)(?:application|bootstrap)-([\w-]+)\.(?:ya?ml|properties)$")
_SETTINGS = re.compile(r"(?:^|/)(?:application|bootstrap)(?:-[\w-]+)?\.(?:ya?ml|properties)$")
_SOURCES = (".java", ".kt", ".groovy", ".scala", ".yml", ".yaml", ".properties", ".xml")


def judge_profiles(given: Iterable[str], system: System) -> Iterator[Finding]:
    """``--spring.profiles.active=NAME``. A settings file elsewhere may know one that the checkout does not."""
    wanted = [name for each in given for match in _ACTIVE.finditer(each) for name in match[1].split(",") if name]
    if not wanted:
        return
    known = {match[1]: path for path in system.repository.files if (match := _FILE.search(path))}
    for name in wanted:
        what = f"Spring profile {names.show(name)}"
        where = known.get(name) or _find_named(name, system)
        if where is not None:
            yield matches("profile", what, where)
        elif _is_whole(system) and not names.is_wild(name) and name != "default":
            near = names.nearest(name, known)
            why = "No settings file and no source of the checkout is for it."
            yield ambiguous("profile", what, why, near, known[near] if near else None)


def _is_whole(system: System) -> bool:
    """Whether the application's settings lie in the checkout, as far as it says."""
    own = [file for file in system.repository.ending(*_SOURCES) if _SETTINGS.search(file.path)]
    return bool(own) and not any(
        "spring.config" in (file.text or "") or "configserver:" in (file.text or "") for file in own
    )


def _find_named(name: str, system: System) -> str | None:
    """Where a source or a settings file speaks of a profile."""
    word = re.compile(
        rf"@Profile\([^)]{{0,200}}[\"'!&|(\s]{re.escape(name)}[\"'&|)\s]|(?:on-profile|profiles)[\w.\[\]-]{{0,60}}[:=][^\n]{{0,200}}\b{re.escape(name)}\b|"
        rf"(?:acceptsProfiles|Profiles\.of|matchesProfiles)\([^)]{{0,200}}\b{re.escape(name)}\b"
    )
    for file in system.repository.ending(*_SOURCES):
        if "rofile" in (file.text or "") and word.search(file.text or ""):
            return file.path
    return None
