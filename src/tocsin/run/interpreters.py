"""Programs that read an argument, or what they are fed, as a program of their own: which of their words that are.

A value in such a word is syntax to somebody whose quoting nobody here knows, so none is put there. Each has a place
for values that are only data (`way`): that is where a blank belongs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Interpreter(NamedTuple):
    """How a program is given a program: after these flags (`short` letters, `long` names), or as operands from number
    `operand` on (all of them if `rest`).

    `values` are letters, and `data` names, of flags that take a value of another kind; `pairs` those that take two.
    `cluster` says that the program follows as the first operand wherever the letter stood; `feeds`, that without one
    the program is read from what it is fed; `files` are flags that name the file of the program, so that no operand is
    one; `way` is how a value can be given as data.
    """

    short: str = ""
    long: frozenset[str] = frozenset()
    operand: int | None = None
    rest: bool = False
    values: str = ""
    data: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    cluster: bool = False
    feeds: bool = False
    single_dash: bool = False
    files: frozenset[str] = frozenset()
    way: str = ""


class Given(NamedTuple):
    """What a call hands over: which words are programs, and whether one is read from what it is fed."""

    programs: frozenset[int]
    is_fed: bool


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHELL = Interpreter("c", _names("--command"), values="oO", data=_names("--rcfile --init-file"), cluster=True,
                     feeds=True, way="give it behind the program: sh -c '… \"$1\" …' sh {blank}")  # fmt: skip
_SSH = Interpreter(operand=1, rest=True, values="bcDEeFIiJLlmOopQRSWw", feeds=True)
_WATCH = Interpreter(operand=0, rest=True, values="n", data=_names("--interval"))
_TEXT = Interpreter(operand=0, rest=True)
_ANSIBLE = Interpreter("aem", _names("--args --extra-vars --module-name"), values="iuftM")
_SWITCH = Interpreter("c", _names("--command --session-command"), values="sgGuw", data=_names("--shell --group --user"))
_SCRIPT = Interpreter("eEpr", _names("--eval --execute --print --require-eval"), feeds=True)
_PERL = Interpreter("eE", values="MmI", feeds=True)
_RUBY = Interpreter("e", values="rIC", feeds=True)
_PHP = Interpreter("rBRE", _names("--run --process-begin --process-code --process-end"), values="dczftS", feeds=True)
_LUA = Interpreter("e", values="l", feeds=True)
_PYTHON = Interpreter("c", values="mWX", feeds=True, way="give it behind the program, and read sys.argv: {blank}")
_AWK = Interpreter("e", _names("--source"), operand=0, values="vFfEi", data=_names("--assign --field-separator --file"),
                   files=_names("-f --file"), way="give it as a variable: awk -v value={blank} …")  # fmt: skip
_SED = Interpreter(
    "e", _names("--expression"), operand=0, values="fl", data=_names("--file --line-length"), files=_names("-f --file")
)
_JQ = Interpreter(operand=0, values="fL", data=_names("--indent --from-file"),
                  pairs=_names("--arg --argjson --slurpfile --rawfile --argfile"),
                  files=_names("-f --from-file"), way="give it as a variable: jq --arg value {blank} …")  # fmt: skip
_PSQL = Interpreter("c", _names("--command"), values="dfFhLopPRTUv", data=_names(
    "--dbname --file --host --port --username --set --variable --field-separator --output --log-file --pset"),
    feeds=True, way="give it as a variable: psql -v value={blank}, with :'value' in the query")  # fmt: skip
_MYSQL = Interpreter("e", _names("--execute --init-command"), values="DhPuSp", data=_names(
    "--database --host --port --user --socket --defaults-file"), feeds=True)  # fmt: skip
_DUCKDB = Interpreter("cs", operand=1, rest=True, feeds=True)
_SQLITE = Interpreter(long=_names("-cmd"), operand=1, rest=True, single_dash=True, feeds=True, data=_names(
    "-separator -nullvalue -newline -init -maxsize -mmap -vfs -lookaside -pagecache"))  # fmt: skip
_QUERY = Interpreter("qQeEc", _names("--query --execute --eval --command -execute -query"), values="dhpuPU",
                     data=_names("--host --port --user --database"), feeds=True)  # fmt: skip
_REDIS = Interpreter(feeds=True, values="hpnaru", data=_names("--user --pass"))
_RUNNERS = (_PYTHON, _SCRIPT, _PERL, _RUBY, _PHP, _LUA)

_NAMED = Interpreter(short="C", operand=0, rest=True)
"""Commands of the shell that take a name to be worked out: to them an index is a program of its own."""

INTERPRETERS: dict[str, Interpreter] = {
    **dict.fromkeys("sh bash dash zsh ksh mksh ash fish rbash csh tcsh".split(), _SHELL),
    **dict.fromkeys("ssh mosh rsh autossh slogin dbclient".split(), _SSH),
    **dict.fromkeys("watchexec hyperfine concurrently entr".split(), _TEXT),
    "ansible": _ANSIBLE,
    **dict.fromkeys("eval trap alias parallel tmux screen pdsh pssh clush dsh".split(), _TEXT),
    **dict.fromkeys("su runuser script flock sg".split(), _SWITCH),
    **dict.fromkeys(
        "node nodejs bun deno tsx ts-node zx iex Rscript R julia elixir erl groovy scala osascript tclsh expect octave "
        "gdb lldb ghci dc bc".split(),
        _SCRIPT,
    ),
    **dict.fromkeys("perl raku".split(), _PERL),
    "ruby": _RUBY,
    "php": _PHP,
    **dict.fromkeys("lua luajit".split(), _LUA),
    **dict.fromkeys("python python2 python3 pypy pypy3 ipython".split(), _PYTHON),
    **dict.fromkeys("awk gawk mawk nawk original-awk".split(), _AWK),
    **dict.fromkeys("sed gsed ed ex vim vi nvim".split(), _SED),
    **dict.fromkeys("jq gojq jaq yq xq jp".split(), _JQ),
    **dict.fromkeys("psql pgcli vsql".split(), _PSQL),
    **dict.fromkeys("mysql mariadb mycli mysqlsh".split(), _MYSQL),
    **dict.fromkeys("sqlite3 sqlite".split(), _SQLITE),
    **dict.fromkeys(
        "mongo mongosh clickhouse-client clickhouse cqlsh sqlcmd influx snowsql cockroach isql sqlplus bq trino presto "
        "beeline spark-sql impala-shell neo4j cypher-shell powershell pwsh osqueryi".split(),
        _QUERY,
    ),
    "duckdb": _DUCKDB,
    "redis-cli": _REDIS,
    "valkey-cli": _REDIS,
    "watch": _WATCH,
    **dict.fromkeys("let unset read mapfile readarray enable hash complete compgen jobs bind coproc".split(), _NAMED),
}
BY_NAME = frozenset(name for name, each in INTERPRETERS.items() if each is _NAMED)
"""Words that are commands of the shell alone: behind another program's name they are something of that one's."""
SHELLS = frozenset(name for name, each in INTERPRETERS.items() if each is _SHELL)
"""Programs that take a program's arguments right behind it."""
SCRIPTING = frozenset(name for name, each in INTERPRETERS.items() if each in (_SHELL, *_RUNNERS))
"""Programs whose first operand is the file of a program."""
FILE_FED = frozenset(name for name, each in INTERPRETERS.items() if each in (_PSQL, _MYSQL, _SQLITE, _DUCKDB, _QUERY))
"""Clients of databases, which are fed files whose names say what is in them."""

DATA = _names(
    "echo printf grep egrep fgrep rg ag systemctl service journalctl ufw iptables ip6tables nft apt apt-get dpkg "
    "yum dnf apk brew cat less head tail ls cp mv ln rm mkdir touch chmod chown stat file wc cut sort uniq tr "
    "diff ping dig host nslookup traceroute mtr curl wget which type man kill pkill pgrep killall logger test cd "
    "export logrotate fail2ban-client useradd userdel usermod passwd"
)
"""Programs whose words are never another command."""
CARRYING = _names("exec run debug rsh shell ssh attach --")
"""The sub-commands by which containers and clusters are handed a command."""
CONTAINERS = _names("docker docker-compose podman nerdctl kubectl oc k3s microk8s crictl lxc minikube")
LAUNCHERS = _names(
    "sudo doas env exec command builtin nice nohup setsid time timeout xargs source . stdbuf ionice busybox toybox "
    "unshare systemd-run npx strace ltrace chroot watch unbuffer chrt taskset fakeroot crontab at batch"
)
"""Programs whose first operand is the program that runs."""
REACHING = _names(
    "BASH_ENV ENV PATH PS4 IFS PROMPT_COMMAND SHELLOPTS PAGER MANPAGER EDITOR VISUAL BROWSER SHELL PYTHONSTARTUP"
)
"""Variables that name what runs, or what it means."""
NAMING: dict[str, frozenset[str]] = {
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _names(
        "-I -F --rsh-command --info-script --new-volume-script --rmt-command")),
    "rsync": _names("-e --rsh --rsync-path"),
    **dict.fromkeys(("scp", "sftp", "ssh-copy-id"), _names("-S -D -o -F")),
    "git": _names("--config --upload-pack --receive-pack --exec-path --exec --extcmd --open-files-in-pager run foreach "
                  "core.pager core.editor core.sshCommand core.fsmonitor core.hooksPath core.askPass "
                  "--tree-filter --msg-filter --env-filter --index-filter --parent-filter --commit-filter"),
    "man": _names("-P -H --pager --html"),
    "curl": _names("-K --config"),
    "wget": _names("-e --execute --config"),
    "make": _names("-f --file --makefile"),
    "perl": _names("-M -m"),
    **dict.fromkeys(("python", "python3"), _names("-m")),
    **dict.fromkeys(("node", "nodejs", "ruby"), _names("-r --require")),
    **dict.fromkeys(("awk", "gawk", "mawk", "sed"), _names("-f --file")),
    **dict.fromkeys(("source", "."), _names("source .")),
    "socat": frozenset(),
    **dict.fromkeys(("docker", "podman", "nerdctl"), _names("--entrypoint")),
    **dict.fromkeys(("kubectl", "oc", "crictl", "lxc", "multipass"), _names("--")),
    "nix-shell": _names("--run --command"),
    "zip": _names("-TT --unzip-command"),
    "az": _names("--scripts"),
    "rails": _names("runner"),
    "start-stop-daemon": _names("-x --exec -a --startas"),
}  # fmt: skip
"""Words of a program behind which, or at the begin of which, it is said what runs."""
VERBED: dict[str, frozenset[str]] = {
    "clone": _names("-u -c"),
    "rebase": _names("-x"),
    "difftool": _names("-x"),
    "grep": _names("-O"),
}
"""Flags of git that say what runs, behind some verbs only."""
SENDING = {
    "consul": _names("exec lock watch"), "heroku": _names("run"), "salt": _names("cmd.run cmd.shell"),
    "aws": _names("send-command"), "pm2": _names("start"), "python": _names("shell"), "python3": _names("shell"),
}  # fmt: skip
"""Programs that hand a text behind such a word to a shell, or to an interpreter of their own."""
SCRIPTED = _names("perl python python3 node nodejs ruby")
"""Those of which only the flags before a script are their own."""
SHELLING = _names("make gmake perl socat tar gtar ansible-playbook")
"""Programs that may take their operands apart and run what they find."""
REMOTE = _names("ssh mosh rsh autossh slogin dbclient")
"""Programs whose first operand is the machine that they reach."""
INSERTS = _names("xargs find parallel fd")
"""Programs that put what they find in the place of a mark, such as `{}`."""

_VERSIONED = re.compile(r"(?<=[a-z])\d+(?:\.\d+)*\Z")


def find_interpreter(word: str) -> Interpreter | None:
    """The interpreter of this name, a folder before it and a version behind it left aside."""
    name = word.rsplit("/", 1)[-1]
    return INTERPRETERS.get(name) or INTERPRETERS.get(_VERSIONED.sub("", name))


def is_by_shell(interpreter: Interpreter) -> bool:
    """Whether a shell reads the program that it is given."""
    return interpreter in (_SHELL, _SSH, _WATCH, _TEXT, _ANSIBLE, _SWITCH)


def find_programs(interpreter: Interpreter, words: Sequence[str]) -> Given:
    """Which of a call's words (the first is the interpreter itself) are programs."""
    programs: set[int] = set()
    operands: list[int] = []
    wanted = False
    at = 1
    while at < len(words):
        word = words[at]
        if word == "--":
            operands += range(at + 1, len(words))
            break
        if not word.startswith("-") or len(word) < 2 or (operands and _ends_flags(interpreter)):
            operands.append(at)
            at += 1
            continue
        program, taken, later = _read_flag(interpreter, word, at)
        programs.update(program)
        wanted, at = wanted or later, at + 1 + taken
    if wanted:
        programs.update(operands[:1])
    first = interpreter.operand
    from_file = any(_names_file(interpreter, word) for word in words[1:])
    if first is not None and (interpreter.rest or not (programs or wanted or from_file)):
        programs.update(operands[first:] if interpreter.rest else operands[first : first + 1])
    is_fed = interpreter.feeds and not programs and not _has_script(interpreter, [words[at] for at in operands])
    is_fed = is_fed or (interpreter.feeds and interpreter.cluster and "-s" in words)
    return Given(frozenset(programs), is_fed)


def _names_file(interpreter: Interpreter, word: str) -> bool:
    """Whether a flag says which file the program is in; joined ones too (`-fx.awk`)."""
    return any(
        word.partition("=")[0] == each or (len(each) == 2 and word.startswith(each) and not word.startswith("--"))
        for each in interpreter.files
    )


def find_operands(words: Sequence[str]) -> tuple[int, ...]:
    """The first operand of a program that runs scripts, unless its program is given otherwise."""
    interpreter = find_interpreter(words[0])
    if interpreter is None or find_programs(interpreter, words).programs or not {"-m", "-s"}.isdisjoint(words[1:2]):
        return ()
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] != "--":
        at += 2 if words[at][1:] and words[at][-1] in interpreter.values and not words[at].startswith("--") else 1
    at += at < len(words) and words[at] == "--"
    return (at,) if at < len(words) else ()


def _ends_flags(interpreter: Interpreter) -> bool:
    """Whether what follows the first operand is that one's own: `ssh host ls -l`, `bash x.sh -c`."""
    return interpreter.cluster or interpreter.rest or interpreter in _RUNNERS


def _has_script(interpreter: Interpreter, operands: Sequence[str]) -> bool:
    """Whether an operand is the file of a program; to a client of a database it is only the database's name."""
    if interpreter.operand is not None:
        return len(operands) > interpreter.operand
    return operands[:1] not in ([], ["-"], ["/dev/stdin"]) and interpreter in (_SHELL, *_RUNNERS)


def _read_flag(interpreter: Interpreter, word: str, at: int) -> tuple[set[int], int, bool]:
    """Which words a flag makes programs, how many words it takes, and whether the first operand is one."""
    name, equals, _ = word.partition("=")
    if name in interpreter.long:
        return ({at}, 0, False) if equals else ({at + 1}, 1, False)
    if name in interpreter.pairs:
        return set(), 2, False
    if name in interpreter.data:
        return set(), 0 if equals else 1, False
    if word.startswith("--") or interpreter.single_dash:
        return set(), 0, False
    for place, letter in enumerate(word[1:], 2):
        if letter in interpreter.short:
            if interpreter.cluster:
                return set(), 0, True
            if word[place:]:  # either the program itself, or more letters of which one takes it: `perl -pe …`
                return ({at, at + 1} if word[place:].isalpha() else {at}), 0, False
            return {at + 1}, 1, False
        if letter in interpreter.values:
            return set(), 0 if word[place:] else 1, False
    return set(), 0, False
