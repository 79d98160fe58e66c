"""Which blanks would choose the program that runs: the command that something carries, a script, what a client is fed.

No value chooses what runs, whoever gave it: the playbook has the program, and a value is only ever its argument. A
file's name may be completed by one for a client of a database, behind something that says which files are meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tocsin.run.forms import find_verb
from tocsin.run.interpreters import BY_NAME, FILE_FED, SCRIPTING, find_interpreter, find_operands
from tocsin.run.site import Word

_EXEC_VALUES = frozenset(
    "-e -u -w --env --user --workdir --env-file --detach-keys --index -n --namespace -c --container --context".split()
)
_RUN_VALUES = frozenset(
    "-e -u -w -v -p -m -h -l -a -c -f --env --user --workdir --env-file --volume --publish --name --network --net "
    "--memory --cpus --hostname --label --mount --entrypoint --add-host --cap-add --cap-drop --device --dns --expose "
    "--gpus --ip --link --log-driver --log-opt --pid --platform --pull --restart --runtime --security-opt --shm-size "
    "--tmpfs --ulimit --volumes-from --network-alias --ipc --cgroupns --group-add --health-cmd --stop-signal".split()
)
"""Flags that take a value."""
_AFTER: Mapping[tuple[str, ...], int] = {
    ("ip", "netns", "exec"): 1, ("nsenter",): 0, ("chroot",): 1, ("go", "run"): 0, ("npm", "exec"): 0,
    ("pnpm", "exec"): 0, ("pnpm", "dlx"): 0, ("yarn", "dlx"): 0, ("yarn", "exec"): 0, ("bunx",): 0, ("uvx",): 0,
    ("uv", "run"): 0, ("pipx", "run"): 0, ("poetry", "run"): 0, ("bundle", "exec"): 0, ("deno", "run"): 0,
    ("machinectl", "shell"): 1, ("pkexec",): 0, ("firejail",): 0, ("nomad", "alloc", "exec"): 1, ("taskset",): 1,
    ("bwrap",): 0, ("prlimit",): 0, ("dotenv",): 0, ("docker", "sbx", "run"): 0, ("flock",): 1, ("gosu",): 1,
    ("su-exec",): 1, ("setpriv",): 0, ("runuser",): 0, ("unshare",): 0, ("lxc-attach",): 0, ("numactl",): 0,
    ("cgexec",): 0, ("proxychains",): 0, ("proxychains4",): 0, ("torsocks",): 0, ("ansible-playbook",): 0,
}  # fmt: skip
"""Behind these words and so many more operands stands a program."""
_JAVA_FLAGS = frozenset("-jar -cp -classpath --class-path -p --module-path --upgrade-module-path -m --module".split())
_JAVA_JOINED = re.compile(
    r"-javaagent:|-agentpath:|-agentlib:|-Xbootclasspath|-XX:(?:OnError|OnOutOfMemoryError|Flags)=|-Djava\.class\.path="
    r"|--(?:class-path|module-path|upgrade-module-path|module|patch-module)="
)
"""By which Java is told what to run, or what to load first."""
_FILES = frozenset({"-f", "--file", "-init", "--init", "--queries-file", "-i"})
_TAKES = {
    name: frozenset(flags.split())
    for name, flags in {
        "nsenter": "-t --target -S --setuid -G --setgid",
        "flock": "-w --wait --timeout -E --conflict-exit-code",
        "setpriv": "--reuid --regid --ruid --euid --rgid --egid --groups --inh-caps "
        "--ambient-caps --bounding-set --securebits --pdeathsig "
        "--ptracer --selinux-label --apparmor-profile --rlimit",
        "runuser": "-u --user -g --group -G --supp-group -s --shell -w --whitelist-environment",
        "unshare": "-R --root -w --wd -S --setuid -G --setgid --propagation --setgroups --map-user --map-group "
        "--map-users --map-groups --monotonic --boottime",
        "lxc-attach": "-n --name -P --lxcpath -a --arch -s --namespaces -v --set-var "
        "-o --logfile -l --logpriority -f --rcfile -L --pty-log -u --uid -g --gid --keep-var -c --context",
        "numactl": "-N --cpunodebind -m --membind -C --physcpubind -i --interleave -p --preferred -w "
        "--weighted-interleave -P --preferred-many",
        "cgexec": "-g",
        "proxychains": "-f",
        "proxychains4": "-f",
        "torsocks": "-u --user -p --pass -P --port -a --address",
        "nomad": "-task -job -namespace -region -address -token -e --task --job --namespace --region",
        "ansible-playbook": "-i --inventory --inventory-file -e --extra-vars -l --limit -t --tags --skip-tags -u "
        "--user -f --forks -c --connection -T --timeout -M --module-path --private-key --key-file --vault-id "
        "--vault-password-file --start-at-task --become-method --become-user --become-password-file "
        "--connection-password-file --ssh-common-args --ssh-extra-args --sftp-extra-args --scp-extra-args",
    }.items()
}
"""Flags that take a value, of programs whose flags are not the usual ones."""
_TAKES_ELSEWHERE = frozenset("-p --package -e --env --uid --setenv -C --prefix".split())


def find_choice(words: Sequence[Word], place: int, mark: str, own: Sequence[int]) -> str:
    """Why no value goes into this word, where it would choose what runs; empty if it would not.

    `own` is where else in the command programs stand for sure; what these carry is found from there.
    """
    texts, begun = [word.text for word in words], {0, *own}
    for at in range(place):
        if at not in begun:
            continue
        if _chooses(texts[at:], place - at, mark):
            return "stands where the program's name does, and no value chooses what runs"
        if _names_file(texts[at:], place - at, mark):
            return f"chooses the file that `{texts[at]}` reads as a program; write which one is meant into the playbook"
        begun.update(each for each in range(at + 1, place) if _chooses(texts[at:], each - at, texts[each]))
    return ""


def _names_file(texts: Sequence[str], place: int, mark: str) -> bool:
    """Whether a word is the file of a query that a client is told to read."""
    text, before = texts[place], texts[place - 1]
    if texts[0].rsplit("/", 1)[-1] not in FILE_FED:
        return False
    joined = next((each for each in _FILES if text.startswith(f"{each}=" if each.startswith("--") else each)), "")
    return (before in _FILES or bool(joined)) and not is_completed(text.removeprefix(joined), mark)


def _chooses(texts: Sequence[str], place: int, mark: str) -> bool:
    name = texts[0].rsplit("/", 1)[-1]
    if name == "java" and _is_java_program(texts, place):
        return True
    if name == "virsh" and texts[place - 2] in ("qemu-agent-command", "qemu-monitor-command"):
        return True
    if texts[place].startswith("-"):
        return False
    verb = find_verb(texts)
    if verb is not None and texts[verb] in ("exec", "run") and place > verb:
        return _is_carried(name, texts, place, verb, mark)
    for path, skipped in _AFTER.items():
        if (name, *texts[1 : len(path)]) == path and place >= len(path):
            count = _count(texts, len(path), place)
            return count == skipped or (name == "ansible-playbook" and count > skipped)
    return name in SCRIPTING and find_operands(texts)[:1] == (place,)


def _is_java_program(texts: Sequence[str], place: int) -> bool:
    """Whether a word says where Java takes its classes from, or which of them runs."""
    if texts[place].startswith("-"):
        return _JAVA_JOINED.match(texts[place]) is not None
    if texts[place - 1] in _JAVA_FLAGS:
        return True
    before = [at for at in range(1, place) if not texts[at].startswith("-") and texts[at - 1] not in _JAVA_FLAGS]
    return not before and "-jar" not in texts[:place] and not {"-m", "--module"} & {*texts[:place]}


def _is_carried(name: str, texts: Sequence[str], place: int, verb: int, mark: str) -> bool:
    """Whether a word is the command in a container, or names the image whose program runs."""
    is_run = texts[verb] == "run"
    if name in ("kubectl", "oc", "crictl") and ("--" in texts or is_run):
        return False  # told apart by its own sign
    operands = _list_operands(texts, verb + 1, _RUN_VALUES if is_run else _EXEC_VALUES)
    is_compose = "compose" in name or "compose" in texts[1:verb]
    if is_run and not is_compose and operands[:1] == [place]:
        return texts[place].startswith(mark)
    return operands[1:2] == [place]


def _list_operands(texts: Sequence[str], at: int, values: frozenset[str]) -> list[int]:
    """The container or image and the word behind it; what follows is that command's own."""
    while at < len(texts) and texts[at].startswith("-"):
        at += 2 if texts[at] in values else 1
    return [at, at + 1]


def _count(texts: Sequence[str], at: int, place: int) -> int:
    """How many operands stand before a word; -1 for one that is the value of a flag."""
    count, takes = 0, _TAKES.get(texts[0].rsplit("/", 1)[-1], _TAKES_ELSEWHERE)
    are_flags = True
    while at < place:
        if are_flags and texts[at] == "--":
            are_flags, at = False, at + 1
        elif are_flags and texts[at].startswith("-"):
            at += 2 if texts[at] in takes else 1
        else:
            count, at = count + 1, at + 1
    return count if at == place else -1


def find_fed_choice(name: str, written: str, mark: str) -> str:
    """Why no value goes into the name of a file from which a command is fed; empty if it may."""
    interpreter = find_interpreter(name)
    if interpreter is None or not interpreter.feeds or name.rsplit("/", 1)[-1] in BY_NAME:
        return ""
    if name.rsplit("/", 1)[-1] in FILE_FED and is_completed(written, mark):
        return ""
    return f"chooses the file that `{name}` reads as a program; write which one is meant into the playbook"


def is_completed(written: str, mark: str) -> bool:
    """Whether something before a blank in a file's name says already which files are meant."""
    return re.search(r"\w", written.partition(mark)[0]) is not None
