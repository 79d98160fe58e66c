"""Statements of Django's manage.py: is there such a command, and does it take what it is given?

A command of one's own is a file in a folder `management/commands`. Packages bring others, which no checkout shows: of
those nothing is said, unless the name is nearly that of one's own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from msgspec.structs import replace

from tocsin.playbook.reality import names, scripts
from tocsin.playbook.reality.command import Command
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, unknown
from tocsin.playbook.reality.program import Option
from tocsin.playbook.reality.script import Script
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_OWN = words(
    "changepassword check clearsessions collectstatic compilemessages createcachetable createsuperuser dbshell "
    "diffsettings dumpdata findstatic flush help inspectdb loaddata makemessages makemigrations migrate "
    "optimizemigration remove_stale_contenttypes runserver sendtestemail shell showmigrations sqlflush sqlmigrate "
    "sqlsequencereset squashmigrations startapp startproject test testserver version"
)
_EVERYWHERE = words(
    "--version -v --verbosity --settings --pythonpath --traceback --no-color --force-color --skip-checks --help -h"
)
_VALUED = words("-v --verbosity --settings --pythonpath")
_UNASKED = frozenset({"--noinput", "--no-input"})
_RUNNERS = words("python python3 uv poetry pipenv pdm hatch run")
_PLAIN = re.compile(r"class\s+Command\(\s*(?:\w+\.)*BaseCommand\s*\)")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``python manage.py COMMAND …``, here or in a container; nothing for any other command."""
    at = next((at for at, word in enumerate(command.words[:4]) if word.rsplit("/", 1)[-1] == "manage.py"), None)
    if at is None or any(word.rsplit("/", 1)[-1] not in _RUNNERS for word in command.words[:at]):
        return
    given = command.words[at + 1 :]
    if not given or given[0].startswith("-"):
        return
    verb, what = given[0], f"command {names.show(given[0])} of manage.py"
    known = {
        file.path.rsplit("/", 1)[-1].removesuffix(".py"): file.path
        for file in system.repository.ending(".py")
        if "/management/commands/" in f"/{file.path}" and not file.path.endswith("/__init__.py")
    }
    if verb in known:
        yield matches("verb", what, known[verb])
        yield from _judge_given(command, known[verb], given[1:], system)
        return
    near = difflib.get_close_matches(verb, known, 1, 0.8) if verb not in _OWN and not names.is_open(verb) else []
    if near:
        why = "Neither Django nor the checkout has such a command; a package might bring it."
        yield ambiguous("verb", what, why, near[0], known[near[0]])
    else:
        yield unknown("verb", what, "It is a command of Django or of a package.")


def _judge_given(command: Command, place: str, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    """Its arguments, where its own file is all that reads them."""
    text = system.repository.text(place)
    script = system.script(place)
    if script is not None and _PLAIN.search(text) and "super().add_arguments" not in text:
        yield from scripts.judge_arguments(command, place, given, _with_everyones(script), system)


def _with_everyones(script: Script) -> Script:
    """The script with the flags that every command of Django has."""
    own = script.flags or frozenset()
    asked = tuple(replace(each, unless=(each.unless | _UNASKED) & own) for each in script.prompts)
    flags = None if script.flags is None else own | _EVERYWHERE
    root = script.root
    if root is not None:
        everyones = tuple(Option(names=(name,), takes=name in _VALUED) for name in sorted(_EVERYWHERE))
        root = replace(root, flags=root.flags | _EVERYWHERE, options=(*root.options, *everyones))
    return replace(script, flags=flags, valued=script.valued | _VALUED, prompts=asked, root=root)
