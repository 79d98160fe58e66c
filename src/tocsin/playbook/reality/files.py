"""Statements that read or go to files and folders of the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

from tocsin.playbook.reality import docker, names, observe, paths, reach
from tocsin.playbook.reality.command import OUTSIDE, Command, take_apart
from tocsin.playbook.reality.finding import Finding, unknown
from tocsin.playbook.reality.repository import base, find_path, join
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

READERS = words(
    "cat less more head tail source . cp jq yq sha256sum md5sum stat wc diff vim vi nano code emacs file tac nl sort "
    "uniq "
    "base64 xxd strings zcat gunzip gpg openssl age sops envsubst tree ls du df mv rm tar lz4 sqlite3 grep egrep "
    "fgrep rg sed awk gawk find"
)
_PATTERN_FIRST = words("grep egrep fgrep rg sed awk gawk jq yq")
_ONLY_FIRST = words("cp mv sqlite3")
_MAKERS = words("tar gpg age openssl mv rm find")
_VALUED = words(
    "-n -c -A -B -C -m -e -f -o -k -F -v --max-count --lines --bytes --format -O --output -t --recipient -r --sort "
    "-mtime -type -name -d --decrypt-to"
)
_WITH_ENDING = re.compile(
    r"\.(?:ya?ml|toml|json|conf|cfg|ini|env|sql|sh|py|rules|service|tf|tfvars|hcl|xml|properties|tmpl|j2|nix|proto|template|example)$"
)
_MADE = re.compile(
    r"(?:^|/)(?:logs?|data|tmp|backups?|dumps?|out|output|build|dist|target|node_modules|evidence)(?:/|$)|\.(?:log|gz|tar|zip|db|sqlite3?|pid|out|dump|bak|gpg|lz4)\b"
)


def judge_change(command: Command, system: System) -> Iterator[Finding]:
    """``cd FOLDER``: is it there, from where the shell stands?"""
    target = next((word for word in command.words[1:] if not word.startswith("-")), "")
    if not target:
        return
    if not command.is_here:
        yield unknown("folder", f"folder {names.show(target)}", "It is a folder of another machine or of a container.")
    elif not _is_folder(target, command, system):
        yield paths.judge_file(command, target, system, "folder", "folder", system.repository.folders)
    else:
        yield paths.judge_file(command, target.rstrip("/"), system, "folder", "folder", system.repository.folders)


def _is_folder(target: str, command: Command, system: System) -> bool:
    found = paths.locate(command, target.rstrip("/"), system)
    return found is not None and system.repository.has_folder(found)


def judge_reader(command: Command, system: System) -> Iterator[Finding]:
    """``cat FILE``, ``grep PATTERN FILE``: files that somebody must have written down."""
    program = command.program
    if observe.is_search(program):
        yield from observe.judge_search(command, system)
        yield from _judge_listing(command, system)
    parts = take_apart(command.words[1:], _VALUED)
    operands = parts.operands
    if program in _PATTERN_FIRST and not parts.has("-e", "-f", "--regexp"):
        operands = operands[1:]
    for word in operands[:1] if program in _ONLY_FIRST else () if program in _MAKERS else operands:
        yield from judge_path(command, word, system)


def _judge_listing(command: Command, system: System) -> Iterator[Finding]:
    """``docker ps | grep NAME``, ``netstat -tlnp | grep PORT``."""
    before = [word.rsplit("/", 1)[-1] for word in command.before]
    parts = take_apart(command.words[1:], _VALUED)
    pattern = (parts.operands[0] if parts.operands else "").strip("^$ ")
    if before[:1] in (["docker"], ["podman"]) and "ps" in before[1:3] and _NAME.fullmatch(pattern):
        yield docker.judge_container(pattern, system, part=True)
    elif before[:1] in (["netstat"], ["ss"], ["lsof"]) and pattern.strip(":").isdecimal():
        yield reach.judge_local_port(pattern.strip(":"), system)


_NAME = re.compile(rf"[\w.{names.WILD}-]+")


def judge_path(command: Command, word: str, system: System) -> Iterator[Finding]:
    """A path among a command's words, if it is one of which the checkout can tell."""
    what = f"file {names.show(word)}"
    if word in (".", "..", "-") or "://" in word or word.startswith("$") or names.is_open(word.strip("./~*")):
        return
    if word.startswith(("/", "~")):
        yield (
            paths.judge_file(command, word, system, "file", "file")
            if paths.locate(command, word, system)
            else unknown("file", what, "It is a path of the machine, not of the checkout.")
        )
        return
    if paths.locate(command, word, system) is not None:
        yield paths.judge_file(command, word, system, "file", "file")
    elif "/" not in word and not _WITH_ENDING.search(word):
        return
    elif _is_made(word, command, system):
        yield unknown("file", what, "It is made when things run, and no part of the checkout.")
    else:
        yield paths.judge_file(command, word, system, "file", "file")


def _is_made(word: str, command: Command, system: System) -> bool:
    """Whether a file comes into being elsewhere: it is named in `.gitignore`, or looks like what programs write."""
    if _MADE.search(word) or base(word) == ".env":
        return True
    ignored = [
        line.strip().strip("/")
        for line in system.repository.text(".gitignore").split("\n")
        if line.strip() and not line.startswith(("#", "!"))
    ]
    places = [join(folder, word) for folder in command.folders if folder != OUTSIDE]
    return any(
        fnmatch(place, each) or fnmatch(base(place), each) or place.startswith(f"{each}/")
        for place in places
        if place
        for each in ignored
    )


def find_written(command: Command) -> Iterator[str]:
    """The files that a command makes, so that later ones may read them."""
    yield from command.writes
    parts = take_apart(command.words[1:], words("-o -O --output -f --file"))
    yield from parts.values("-o", "-O", "--output")
    if command.program in ("cp", "mv", "touch", "tee", "mkdir", "scp", "rsync"):
        yield from parts.operands[-1:]
    if command.program == "tar" and len(command.words) > 2 and "c" in command.words[1]:
        yield from parts.values("-f", "--file")
        yield from command.words[2:3]
    if command.program in ("git", "wget", "curl", "gunzip", "unzip"):
        yield from (base(word) for word in parts.operands[-1:])


def is_there(path: str, command: Command, system: System) -> bool:
    """Whether a path leads to something from where a command runs."""
    return any(
        find_path(system.repository, join(folder, path) or "\n") for folder in command.folders if folder != OUTSIDE
    )
