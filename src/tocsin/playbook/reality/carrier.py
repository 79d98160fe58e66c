"""Commands that run others: what they run, where, and on or in what."""

from __future__ import annotations

from typing import NamedTuple

from tocsin.playbook.act.carrier import open_command as open_known
from tocsin.playbook.reality.command import Place, take_apart
from tocsin.playbook.shell import names


class Inner(NamedTuple):
    """What is carried: words, or text for another shell. Without a place it runs where its carrier does."""

    words: tuple[str, ...] = ()
    text: str | None = None
    place: Place | None = None
    host: str = ""
    inside: str = ""
    env: tuple[str, ...] = ()


class Carried(NamedTuple):
    """A carrier's own words, where they are to be judged too, and what it carries."""

    own: tuple[str, ...]
    inner: tuple[Inner, ...]


_PREFIXES = names(
    "sudo doas env nice ionice timeout stdbuf time exec xargs chroot taskset chrt gosu su-exec nohup setsid command "
    "builtin unbuffer caffeinate watch systemd-run"
)
_SHELLS = names("sh bash zsh dash ksh ash")
_SSH_VALUES = names("-b -B -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w")
_ENGINES = names("docker podman nerdctl docker-compose podman-compose")
_EXEC_VALUES = names(
    "-e -u -w --env --user --workdir --env-file --index --detach-keys -v --volume -p --name --entrypoint"
)
_TOP_VALUES = names("-f --file -p --project-name --profile --env-file --project-directory -H --host -c --context")
_RUNNERS = {
    "bundle": ("exec", names("--gemfile")),
    "poetry": ("run", names("-C --directory -P --project")),
    "pipenv": ("run", names("--python")),
    "pdm": ("run", names("-p --project")),
    "uv": ("run", names("-p --python --directory --project --with --extra --group --env-file --package")),
}
"""Tools that start a program among the libraries of a project: their verb, and their flags with values."""
_CLUSTER_VALUES = names("-n --namespace -c --container --context --kubeconfig -l --selector")


def open_command(words: tuple[str, ...]) -> Carried | None:
    """Take a carrier apart; null for every other command."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name in _PREFIXES or name in ("eval", "su", "runuser"):
        return _prefix(name, words)
    if name in _SHELLS:
        return _shell(words)
    if name == "ssh":
        return _remote(words)
    if name in _ENGINES:
        return _engine(name, words)
    if name in _RUNNERS:
        return _runner(name, words)
    if name in ("kubectl", "oc") and "--" in words and "exec" in words:
        at = words.index("--")
        inner = Inner(words[at + 1 :], place=Place.INSIDE, inside="pod")
        return Carried(words[:at], (inner,) if inner.words else ())
    return None


def _prefix(name: str, words: tuple[str, ...]) -> Carried | None:
    carried = open_known(words)
    if not carried.words and not carried.texts:
        return None
    env = tuple(word.split("=")[0] for word in carried.own if "=" in word and not word.startswith("-"))
    inner = [Inner(each, env=env) for each in carried.words]
    if name == "xargs":
        inner = [Inner(tuple(word for word in each.words if word != "$_")) for each in inner]
    return Carried((), (*inner, *(Inner(text=text) for text in carried.texts)))


def _shell(words: tuple[str, ...]) -> Carried | None:
    """Only text: a file that a shell is to run is the script's own business."""
    carried = open_known(words)
    return Carried((), tuple(Inner(text=text) for text in carried.texts)) if carried.texts else None


def _remote(words: tuple[str, ...]) -> Carried | None:
    parts = take_apart(words[1:], _SSH_VALUES, stop=True)
    if not parts.rest:
        return None
    host = parts.rest[0].rsplit("@", 1)[-1]
    command = " ".join(word for word in parts.rest[1:] if word != "--")
    inner = (Inner(text=command, place=Place.REMOTE, host=host),) if command else ()
    return Carried(("ssh", parts.rest[0]), inner)


def _runner(name: str, words: tuple[str, ...]) -> Carried | None:
    """``bundle exec PROGRAM …``; null where the runner is told another folder, or runs a module."""
    verb, valued = _RUNNERS[name]
    top = take_apart(words[1:], valued, stop=True)
    if top.rest[:1] != (verb,) or top.flags:
        return None
    parts = take_apart(top.rest[1:], valued, stop=True)
    if not parts.rest or parts.has("-m", "--module", "--directory", "--project", "-C", "-P", "-s", "--script"):
        return None
    return Carried((), (Inner(parts.rest),))


def _engine(name: str, words: tuple[str, ...]) -> Carried | None:
    """``docker exec NAME …``, ``docker compose exec SERVICE …``, also with ``run``."""
    top = take_apart(words[1:], _TOP_VALUES, stop=True)
    verbs = top.rest
    composes = name.endswith("compose") or verbs[:1] == ("compose",)
    if verbs[:1] == ("compose",):
        verbs = take_apart(verbs[1:], _TOP_VALUES, stop=True).rest
    if not verbs or verbs[0] not in (("exec", "run") if composes else ("exec",)):
        return None
    parts = take_apart(verbs[1:], _EXEC_VALUES, stop=True)
    if len(parts.rest) < 2:
        return None
    at = len(words) - len(parts.rest) + 1
    holder = f"service:{parts.rest[0]}" if composes else f"container:{parts.rest[0]}"
    return Carried(words[:at], (Inner(parts.rest[1:], place=Place.INSIDE, inside=holder),))
