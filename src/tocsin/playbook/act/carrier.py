"""Commands that run another one: what they run, as words or as text for another shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
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
    "prlimit": (names("-n -u -o"), 0),
    "numactl": (names("-N -m -C -i -p -P"), 0),
    "perf": (
        names(
            "-c -C -D -e -F -G -I -m -M -o -p -r -t -u -x --pid --tid --uid --cpu --event --output --freq --count "
            "--call-graph --cgroup --delay --interval-print --repeat --mmap-pages --field-separator"
        ),
        1,
    ),
    "chpst": (names("-u -U -e -d -o -p -f -c -m -n -l -L -P -/ -b"), 0),
    "setuidgid": (frozenset(), 1),
    "bwrap": (names("--chdir --setenv --unsetenv --proc --dev --tmpfs --hostname"), 0),
    "sshpass": (names("-p -f -d"), 0),
    "choom": (names("-n -p"), 0),
} | {
    name: (frozenset(), 0)
    for name in names(
        "nohup setsid command builtin busybox toybox unbuffer unshare proxychains caffeinate valgrind ltrace firejail "
        "dumb-init tini chronic catchsegv torsocks cgexec systemd-inhibit entr coproc linux64 setarch"
    )
}
_BEHIND_DASHES = names(
    "kubectl oc k lxc incus flyctl fly heroku pct multipass lxc-attach lxc-execute runuser etcdctl nomad consul "
    "machinectl systemd-nspawn"
)
_OPENS_SHELL = names("sudo doas chroot nsenter unshare")
_SHELL_FLAG = compile_late(r"-[a-zA-Z]*[is][a-zA-Z]*|--(?:login|shell)")
_SESSIONS = names(
    "supervisorctl virsh redis-cli valkey-cli ceph chronyc lvm rabbitmqctl pm2 nmcli ipmitool parted systemctl kubectl "
    "docker lxc crm pcs varnishadm asterisk psql mysql mongosh"
)
"""Programs that take their sub-commands, line by line, from what they are fed."""
_WITHIN: tuple[tuple[re.Pattern[str], frozenset[str], int], ...] = (
    (compile_late(r"ip(?: -\S+)* (?:netns|vrf) e\w*"), frozenset(), 1),
    (compile_late(r"git(?: -\S+| -[Cc] \S+)* bisect run"), frozenset(), 0),
    (compile_late(r"(?:crictl|oc|kubectl|k)(?: -\S+| -n \S+)* (?:exec|rsh)"), names("-c -n -r -i"), 1),
    (compile_late(r"(?:nomad|consul|etcdctl)(?: -\S+)* (?:alloc exec|lock)"), names("-task -job -namespace -name"), 1),
    (compile_late(r"consul(?: -\S+)* exec"), names("-node -service -tag -prefix"), 0),
    (compile_late(r"ctr(?: -\S+)* (?:t|tasks?) exec"), names("--exec-id --user --cwd --fifo-dir"), 1),
    (compile_late(r"(?:multipass|lxc|incus|pct) exec"), names("--user --env --cwd --project"), 1),
    (compile_late(r"lxc-(?:attach|execute)"), names("-n --name -P -u -g -v -e -s"), 0),
    (compile_late(r"runuser (?=.*-u )"), names("-u -g -G -w -s"), 0),
    (compile_late(r"machinectl(?: -\S+)* shell"), names("-M -E"), 1),
    (compile_late(r"systemd-nspawn"), names("-D -i -M -u -b"), 0),
    (compile_late(r"(?:parallel|pdsh|pssh|parallel-ssh|dsh|clush)"), names("-j -w -H -h -l -t -p -P -g -n -m -M"), 0),
)
"""How a command begins that runs, behind flags and as many words of its own, the rest of its words."""
_RUNS_IMAGE = names(
    "-a -c -e -h -l -m -p -u -v -w --name --network --net --pid --env --env-file --volume --mount --user --workdir "
    "--publish --entrypoint --ipc --label --hostname --platform --restart --cap-add --device --security-opt --tmpfs"
)
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
_GIT_RUNS = compile_late(r"(?:alias\.\w+=!|(?:pager|editor|sshcommand|fsmonitor|external)=|--exec=)(.+)", re.IGNORECASE)
_GIT_SETS = names("-c --config")
_SQL = (compile_late(r"^\\!\s*(.+)"), compile_late(r"(?i)\bprogram\s+'([^']+)'"))
_SHELL_IN = (compile_late(r"^\s*(?:\.(?:shell|system)|\\!|system\s)\s*(.+)"),)
_BANG = (compile_late(r"!\s*(\w.+)"),)
_ASIDES = {
    "psql": _SQL,
    **dict.fromkeys(("mysql", "mariadb", "sqlite3"), _SHELL_IN),
    **dict.fromkeys(("vim", "vi", "view", "ex", "nvim"), _BANG),
    **dict.fromkeys(("gdb", "lldb"), (compile_late(r"^\s*(?:shell|!|pipe)\s+(.+)"),)),
    "sed": (compile_late(r"^\s*(?:\d+|\$|/[^/]*/)?\s*e\s+(.+)"),),
}
"""How programs that take words of their own are told to run something."""
_LATER = names("at batch crontab")
"""Programs that run later what they are fed now."""
_QUOTED = compile_late(r'"([^"\n]+)"')
_ASSIGNED = compile_late(r"\w+=")


def open_command(words: tuple[str, ...]) -> Carried:
    """Take a command apart."""
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name in _PREFIXES:
        return _prefix(name, words)
    if name in _SHELLS or name in ("su", "script", "flock") or (name == "runuser" and "-u" not in words):
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
    if name in _ENGINES and "run" in words[:4]:
        return _image(words)
    within = _within(name, words) if "--" not in words else None
    if within is not None:
        return within
    if "--" in words and name in _BEHIND_DASHES:
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
    if name == "git":
        return Carried(words, texts=tuple(_run_by_git(words)))
    asides = tuple(text for begins in _ASIDES.get(name, ()) for word in words[1:] for text in begins.findall(word))
    if asides:
        return Carried(words, texts=asides)
    quiet = name in _QUIET
    return Carried(words, texts=() if quiet else tuple(_spoken(words)))


def _run_by_git(words: tuple[str, ...]) -> Iterator[str]:
    """What a call of git runs: an alias that it defines, a pager, what it does for every part or commit."""
    said = (
        word for before, word in pairwise(words) if before in _GIT_SETS or word.startswith(("--exec=", "--config="))
    )
    yield from (found[1] for word in said for found in _GIT_RUNS.finditer(word))
    if "foreach" in words or "--exec" in words:
        yield words[-1]


def _spoken(words: tuple[str, ...]) -> Iterator[str]:
    """Arguments that may be text for a shell somewhere: those with blanks in them."""
    for word in words[1:]:
        value = word.partition("=")[2] if word.startswith("--") else word
        if _BLANK.search(value.strip()):
            yield value.strip().removeprefix("commands=").removeprefix("exec=").strip("[]\"'")


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
    split = next(
        (
            text
            for word, after in zip(words, (*words[1:], ""), strict=True)
            if name == "env"
            for text in _split(word, after)
        ),
        None,
    )
    if split is not None:
        return Carried((name,), texts=(split,))
    inner = _strip(words[1:], values, skip)
    own = words[: len(words) - len(inner)]
    if not inner and name in _OPENS_SHELL and any(map(_SHELL_FLAG.fullmatch, words[1:])):
        return Carried(words, reads=True)
    if name == "xargs" and inner:
        inner = (*(word.replace("{}", "$_") for word in inner), "$_")
    return Carried(own, words=(inner,) if inner else ())


def _split(word: str, after: str) -> tuple[str, ...]:
    """The text that ``env`` takes apart into a command."""
    if word in ("-S", "--split-string"):
        return (after,)
    found = _SPLITS.match(word)
    return (found[1],) if found else ()


_SPLITS = compile_late(r"(?:-S|--split-string=)(.+)")


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


def _within(name: str, words: tuple[str, ...]) -> Carried | None:
    line = " ".join((name, *words[1:]))
    for begins, values, skip in _WITHIN:
        found = begins.match(line)
        if found is not None:
            inner = _strip(words[len(found[0].split()) :], values, skip)
            return Carried(words[: len(words) - len(inner)], words=(inner,) if inner else ())
    return None


def _inside(words: tuple[str, ...], at: int) -> Carried:
    inner = _strip(words[at + 1 :], _ENGINE_VALUES, 1)
    return Carried(words[: len(words) - len(inner)], words=(inner,) if inner else ())


_RUNS = names("-exec -execdir -ok -okdir")


def _image(words: tuple[str, ...]) -> Carried:
    """What an image is run with: a program, or, as `curlimages/curl` is, words for the one that it is named for."""
    at = words.index("run")
    rest = _strip(words[at + 1 :], _ENGINE_VALUES | _RUNS_IMAGE, 0)
    if len(rest) < 2:
        return Carried(words)
    name = rest[0].rsplit("/", 1)[-1].partition(":")[0]
    if name in _SYSTEMS or "/" in rest[1] or rest[1] in _EVERYWHERE:
        return Carried(words, words=(rest[1:],))
    return Carried(words, words=(rest[1:], (name, *rest[1:])))


_SYSTEMS = names(
    "alpine ubuntu debian centos fedora rockylinux almalinux amazonlinux oraclelinux archlinux opensuse leap "
    "tumbleweed photon ubi ubi-minimal ubi8 ubi9 ubi8-minimal ubi9-minimal wolfi-base netshoot"
)
"""Images that are named for a system: what they are run with is a program in it."""
_EVERYWHERE = names(
    "ls cat tail head less grep find stat du df ps env printenv id whoami uname date test true false echo printf wc "
    "sort cut awk sed sha256sum md5sum rm mv cp sh bash ash truncate touch chmod chown tee dd tar gzip"
)
"""Programs that every image has: these are no words for the one that it is named for."""


_NAMES = names("-name -iname -path -ipath -wholename")


def _found(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What ``find`` runs, for the places that it looks in."""
    roots = tuple(word for word in words[1 : _first_flag(words)]) or (".",)
    patterns = [word for before, word in pairwise(words) if before in _NAMES]
    roots = tuple(f"{root.rstrip('/')}/{each}" for root in roots for each in patterns) or roots
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
