"""Commands that run another one: what they run, as words or as text for another shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook.shell import names

_BLANK = compile_late(r"\s")
_TAKES_TEXT = compile_late(r"-[a-z]*c|--command|--session-command")


class Carried(NamedTuple):
    """A command taken apart: its own words, the commands in it as words or as text.

    ``reads`` says that it runs what it is fed, ``hidden`` that it runs what is not written out.
    """

    own: tuple[str, ...]
    words: tuple[tuple[str, ...], ...] = ()
    texts: tuple[str, ...] = ()
    reads: bool = False
    hidden: bool = False


_SHELLS = names("sh bash zsh dash ksh ash fish rbash csh tcsh")
_INTERPRETERS = compile_late(r"(?:python|perl|ruby|node|nodejs|php|lua|deno|bun|pwsh)[\d.]*")
_CODE_FLAG = compile_late(r"-[A-Za-z]*[cerE]|--eval|--execute|-Command")
_ENGINES = names("docker podman nerdctl docker-compose podman-compose")
_PREFIXES: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (names("-u -g -h -p -C -r -t -U -D -R -T --user --group --host --chdir"), 0),
    "doas": (names("-u -C"), 0),
    "env": (names("-u -C --unset --chdir"), 0),
    "nice": (names("-n"), 0),
    "ionice": (names("-c -n -p"), 0),
    "timeout": (names("-k -s --signal --kill-after"), 1),
    "stdbuf": (names("-i -o -e"), 0),
    "time": (names("-f -o"), 0),
    "exec": (names("-a"), 0),
    "xargs": (names("-I -n -P -L -d -s -a -E --max-args --max-procs --replace"), 0),
    "chroot": (frozenset(), 1),
    "nsenter": (names("-t -S -G --target"), 0),
    "strace": (names("-o -e -p -s"), 0),
    "taskset": (frozenset(), 1),
    "chrt": (frozenset(), 1),
    "gosu": (frozenset(), 1),
    "su-exec": (frozenset(), 1),
    "setpriv": (frozenset(), 0),
    "systemd-run": (names("-p -u --unit --property --uid --gid -M -H"), 0),
    "runcon": (frozenset(), 1),
    "faketime": (frozenset(), 1),
} | {
    name: (frozenset(), 0)
    for name in names("nohup setsid command builtin busybox unbuffer unshare proxychains caffeinate")
}
_OPENS_SHELL = names("sudo doas chroot nsenter unshare")
_SHELL_FLAG = compile_late(r"-[a-zA-Z]*[is][a-zA-Z]*|--(?:login|shell)")
_SESSIONS = names(
    "supervisorctl virsh redis-cli valkey-cli ceph chronyc lvm rabbitmqctl pm2 nmcli ipmitool parted systemctl kubectl "
    "docker lxc crm pcs varnishadm asterisk psql mysql mongosh"
)
"""Programs that take their sub-commands, line by line, from what they are fed."""
_SSH_VALUES = names("-b -B -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w")
_ENGINE_VALUES = names(
    "-e -u -w -f -p -H -c -l --env --user --workdir --env-file --file --project-name --host --context --index "
    "--profile --project-directory --detach-keys --log-level"
)
_QUIET = names(
    "echo printf grep egrep fgrep zgrep rg ag awk gawk mawk sed jq yq psql mysql mariadb sqlite3 mongo mongosh curl "
    "wget http https git gh glab logger mail mailx sendmail mutt date test [ cat tail head less cut sort tr journalctl "
    "wall write notify-send tocsin iptables ip6tables nft ipset firewall-cmd pfctl ufw tc"
)
"""Programs whose arguments with blanks in them are words or another language, never text for a shell."""
_STARTS = compile_late(r"\bsystem\s*\(|\|\s*(?:getline|\"|&)")
"""What makes awk run a command of its own: `system("…")`, `"…" | getline`, `print | "…"`."""
_LATER = names("at batch crontab")
"""Programs that run later what they are fed now."""
_QUOTED = compile_late(r'"([^"\n]+)"')
_ASSIGNED = compile_late(r"\w+=")


def open_command(words: tuple[str, ...]) -> Carried:
    """Take a command apart."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name in _PREFIXES:
        return _prefix(name, words)
    if name in _SHELLS or name in ("su", "runuser", "script", "flock"):
        return _shell(name, words)
    if name in ("eval", "trap", "watch", "alias"):
        texts = words[1:2] if name in ("trap", "alias") else (" ".join(_strip(words[1:], names("-n --interval"), 0)),)
        hidden = name == "eval" and any("$" in word for word in words[1:])
        return Carried(words[:1], texts=tuple(text.partition("=")[2] if name == "alias" else text for text in texts),
                       hidden=hidden)  # fmt: skip
    if name in ("less", "more", "most", "man"):
        return Carried(words, texts=tuple(word[2:] for word in words[1:] if word.startswith("+!")))
    if name in ("ssh", "rsh", "slogin", "autossh"):
        return _remote(words)
    if name in _ENGINES and "exec" in words:
        return _inside(words, words.index("exec"))
    if "--" in words and name in ("kubectl", "oc", "k", "lxc", "incus", "flyctl", "fly", "heroku"):
        at = words.index("--")
        return Carried(words[:at], words=(words[at + 1 :],) if words[at + 1 :] else ())
    if name == "find":
        return Carried(tuple(_without_runs(words)), words=tuple(_found(words)))
    return _other(name, words)


def is_code(words: tuple[str, ...]) -> bool:
    """Whether a command is a program in another language, written out on the command line."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    return bool(_INTERPRETERS.fullmatch(name)) and any(map(_CODE_FLAG.fullmatch, words[1:]))


def _other(name: str, words: tuple[str, ...]) -> Carried:
    if name.startswith("$") or not name:
        return Carried(words, hidden=bool(words))
    if name in (".", "source"):
        return Carried(words, reads=True, hidden=any(word.startswith("$") for word in words[1:]))
    if _INTERPRETERS.fullmatch(name):
        operands = [word for word in words[1:] if not word.startswith("-") or word == "-"]
        return Carried(words, reads=not operands or operands[0] == "-")
    if name in _LATER:
        return Carried(words, reads=True)
    if name in ("awk", "gawk", "mawk") and any(map(_STARTS.search, words[1:])):
        return Carried(words, texts=tuple(text for word in words[1:] for text in _QUOTED.findall(word)), hidden=True)
    quiet = name in _QUIET
    return Carried(words, texts=() if quiet else tuple(_spoken(words)))


def _spoken(words: tuple[str, ...]) -> Iterator[str]:
    """Arguments that may be text for a shell somewhere: those with blanks in them."""
    for word in words[1:]:
        value = word.partition("=")[2] if word.startswith("--") else word
        if _BLANK.search(value.strip()):
            yield value.strip().removeprefix("commands=").strip("[]\"'")


def _strip(words: tuple[str, ...], values: frozenset[str], skip: int) -> tuple[str, ...]:
    """The words behind flags, assignments and the carrier's own operands."""
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word.startswith("-"):
            at += 2 if word in values else 1
        elif _ASSIGNED.match(word):
            at += 1
        elif skip:
            skip -= 1
            at += 1
        else:
            break
    return words[at:]


def _prefix(name: str, words: tuple[str, ...]) -> Carried:
    values, skip = _PREFIXES[name]
    split = next((words[at + 1] for at, word in enumerate(words[:-1]) if name == "env" and word == "-S"), None)
    if split is not None:
        return Carried((name,), texts=(split,))
    inner = _strip(words[1:], values, skip)
    own = words[: len(words) - len(inner)]
    if not inner and name in _OPENS_SHELL and any(map(_SHELL_FLAG.fullmatch, words[1:])):
        return Carried(words, reads=True)
    if name == "xargs" and inner:
        inner = (*(word.replace("{}", "$_") for word in inner), "$_")
    return Carried(own, words=(inner,) if inner else ())


def _shell(name: str, words: tuple[str, ...]) -> Carried:
    for at, word in enumerate(words[1:-1], 1):
        if _TAKES_TEXT.fullmatch(word):
            text = words[at + 1]
            return Carried(words[:1], texts=(text,), hidden=text.lstrip("\"' ").startswith("$"))
    operands = [word for word in words[1:] if not word.startswith(("-", "+"))]
    if name not in _SHELLS:
        return Carried(words)
    named = bool(operands) and "-s" not in words and operands[0] != "/dev/stdin"
    return Carried(words, reads=not named, hidden=named and operands[0] == "$")


def _remote(words: tuple[str, ...]) -> Carried:
    inner = _strip(words[1:], _SSH_VALUES, 1)
    own = words[: len(words) - len(inner)]
    text = " ".join(inner)
    return Carried(own, texts=(text,) if inner else (), reads=not inner, hidden=text.lstrip("\"' ").startswith("$"))


def read_session(words: tuple[str, ...], text: str) -> Iterator[tuple[str, ...]]:
    """The commands that a program takes from the text that it is fed: its own sub-commands, or a program's code."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if _INTERPRETERS.fullmatch(name):
        yield (name, "-c", text)
    elif name in _SESSIONS and not any(not word.startswith("-") for word in words[1:]):
        yield from ((name, *line.split()) for line in re.split(r"[\n;]", text) if line.strip())


def find_script(words: tuple[str, ...]) -> str:
    """The file that a command runs, if it runs one."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name in _SHELLS or name in (".", "source") or _INTERPRETERS.fullmatch(name):
        return next((word for word in words[1:] if not word.startswith(("-", "+"))), "")
    return words[0] if words and "/" in words[0] else ""


def _inside(words: tuple[str, ...], at: int) -> Carried:
    inner = _strip(words[at + 1 :], _ENGINE_VALUES, 1)
    return Carried(words[: len(words) - len(inner)], words=(inner,) if inner else ())


_RUNS = names("-exec -execdir -ok -okdir")


def _found(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What ``find`` runs, for the places that it looks in."""
    roots = tuple(word for word in words[1 : _first_flag(words)]) or (".",)
    at = 0
    while at < len(words):
        if words[at] in _RUNS:
            end = next((i for i in range(at, len(words)) if words[i] in (";", "+", "\\;")), len(words))
            inner = tuple(part for word in words[at + 1 : end] for part in (roots if word == "{}" else (word,)))
            yield tuple(word.replace("{}", roots[0]) for word in inner) or ("?",)
            at = end
        at += 1


def _without_runs(words: tuple[str, ...]) -> Iterator[str]:
    inside = False
    for word in words:
        if inside:
            inside = word not in (";", "\\;", "+")
        else:
            inside = word in _RUNS
            yield word


def _first_flag(words: tuple[str, ...]) -> int:
    return next((at for at, word in enumerate(words) if at and word.startswith(("-", "(", "!"))), len(words))
