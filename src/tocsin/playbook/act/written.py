"""Which files a command writes, and whether one of them is a log: what is written decides, never what is read.

Saving a log somewhere else is what playbooks ask for, so a new file in a place of its own is none of the logs, whatever
its name; what is changed, emptied or removed in place is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from tocsin.pattern import compile_late
from tocsin.playbook.act.call import Call, Write
from tocsin.playbook.act.carrier import is_code
from tocsin.playbook.memory import remember
from tocsin.playbook.shell import names

_NOTHING = compile_late(r"/dev/(?:null|zero)$")
_HOST = compile_late(r"^[\w.@$-]+:(?=[/~.\w])")
_IN_PLACE = compile_late(r"-[A-Za-z]*i(?:$|[.~]|npl)|--in-place|inplace")
_MOUNT = compile_late(r"/[^:]+:/[^:]+(?!:ro)$")
_SHORT_FLAG = compile_late(r"-\w")
_ARCHIVE = compile_late(r"\.(?:tar|tgz|t?[gxb]z\w*|zst)")
_COMPARISON = compile_late(r"\$\w+\s*>=?\s*[\d.]+")


class Touch(NamedTuple):
    """A file that a command writes: ``how`` is remove, edit, say (adds words of its own) or create."""

    path: str
    how: str


FILE_TOOLS = names(
    "rm unlink shred srm rmdir truncate chmod chown chgrp chattr setfacl touch gzip gunzip bzip2 xz zstd compress mv "
    "cp install rsync scp ln dd tee sponge sed tar zip unzip mkdir cat find curl wget git { vi vim nvim nano ed ex"
)
"""Programs whose writing is known: for these no name in a word tells more."""

_REMOVE = names("rm unlink shred srm rmdir truncate wipe")
_EDIT = names(
    "chmod chown chgrp chattr setfacl setfattr touch ed ex vi vim nvim nano pico emacs joe "
    "mcedit mount umount utmpdump fallocate"
)
_PACK = names("gzip gunzip bzip2 bunzip2 xz unxz zstd compress")
_COPY = names("cp install rsync scp ln mv rename")
_KEEPS = compile_late(r"-\w*[cklt]\w*|--(?:keep|stdout|to-stdout|list|test)")
_SAYS = names("echo printf date { : true") | {""}
_EMPTY = compile_late(r"(?:|:|true|false|cat /dev/null|(?:echo|printf)(?: -n)?(?: )?)$")
_COPY_NAME = compile_late(
    r"[._-](?:bak|backup|orig|copy|save|keep|evidence|incident|forensic|\$|20\d\d)", re.IGNORECASE
)
_KEPT = compile_late(r"evidence|incident|forensic|preserv|case", re.IGNORECASE)
_OUTPUT = compile_late(
    r"(?:-o|-O|-P|-out|--out|--out-?file|--output-dir|--directory-prefix|--output(?:-document|-file)?)(?:=(.+))?$"
)
_ZIP_MOVES = compile_late(r"-[a-z0-9]*m[a-z0-9]*|--move")
_STRIP = names("docker podman kubectl oc rsync scp")


def find_touched(call: Call) -> Iterator[Touch]:
    """The files that a command writes."""
    yield from (_redirected(call, write) for write in call.writes)
    program, rest = call.program, call.words[1:]
    operands = [word for word in rest if not word.startswith("-")]
    if program in _REMOVE:
        yield from (Touch(path, "remove") for path in operands)
    elif program in _PACK:
        yield from (Touch(path, "edit") for path in operands if not any(map(_KEEPS.fullmatch, rest)))
    elif program in _EDIT:
        yield from (Touch(path, "edit") for path in operands)
    elif program in _COPY:
        yield from _copied(program, rest, operands)
    elif program in ("tee", "sponge"):
        how = "say" if {"-a", "--append"} & set(rest) else "create"
        yield from (Touch(path, how) for path in operands)
    elif program == "dd":
        yield from (Touch(word[3:], _over(rest)) for word in rest if word.startswith("of="))
    else:
        yield from _special(program, rest, operands)


def _over(words: tuple[str, ...]) -> str:
    return "remove" if any(word in ("if=/dev/null", "if=/dev/zero", "if=/dev/urandom") for word in words) else "create"


def _redirected(call: Call, write: Write) -> Touch:
    if not write.appends and _EMPTY.match(" ".join(call.words)):
        return Touch(write.path, "remove")
    return Touch(write.path, "say" if write.appends or call.program in _SAYS else "create")


def _copied(program: str, rest: tuple[str, ...], operands: list[str]) -> Iterator[Touch]:
    flag = next((at for at, word in enumerate(rest[:-1]) if word in ("-t", "--target-directory")), None)
    target = rest[flag + 1] if flag is not None else operands[-1] if len(operands) > 1 else ""
    sources = [each for each in operands if each != target]
    moves = program in ("mv", "rename") or any(word.startswith(("--remove-source", "--delete")) for word in rest)
    if target and not (program == "cp" and any(_is_beside(each, target) for each in sources)):
        how = "remove" if any(_NOTHING.match(each) for each in sources) else "create"
        yield Touch(_local(target), how)
    if moves and not (target and _KEPT.search(target) and all(map(_is_bare, sources))):
        yield from (Touch(each, "edit") for each in sources)


def _is_beside(source: str, target: str) -> bool:
    """Whether a copy is put beside the original, under a name that no log has of itself."""
    return target.startswith(source) and _COPY_NAME.match(target[len(source) :]) is not None


def _is_bare(path: str) -> bool:
    """Whether a file lies in the working directory, which is one's own."""
    return not path.startswith(("/", "~", "$", ".."))


def _local(path: str) -> str:
    """The path in ``host:path`` or ``container:path``."""
    return _HOST.sub("", path)


def _special(program: str, rest: tuple[str, ...], operands: list[str]) -> Iterator[Touch]:
    if program in ("sed", "perl", "ruby", "awk", "gawk") and any(_IN_PLACE.match(word) for word in rest):
        yield from (Touch(word, "edit") for word in operands)
    elif program == "find" and "-delete" in rest:
        roots = [word for word in operands if word.startswith(("/", ".", "~", "$"))]
        yield from (Touch(path, "remove") for path in roots or ["."])
    elif program == "sed":
        scripts = (_SED_WRITES.search(word) for word in rest)
        yield from (Touch(found[1], "create") for found in scripts if found)
    elif program in ("tar", "bsdtar"):
        yield from _archived(rest, operands)
    elif program in _STRIP and operands[:1] == ["cp"] and len(operands) > 1 and rest[-1] != "-":
        yield Touch(_local(operands[-1]), "create")
    elif program in _ENGINES and {"run", "create"} & {*operands[:2]}:
        yield from (Touch(word.split(":")[0], "edit") for word in rest if _MOUNT.match(word))
    elif program in ("uniq", "xxd") and len(operands) > 1:
        yield Touch(operands[-1], "create")
    elif program == "unzip" and "-d" in rest[:-1]:
        yield Touch(rest[rest.index("-d") + 1], "create")
    elif program == "zip" and any(map(_ZIP_MOVES.fullmatch, rest)):
        yield from (Touch(path, "edit") for path in operands[1:])
    for at, word in enumerate(rest):
        match = _OUTPUT.match(word)
        if match and program not in ("ps", "kubectl", "grep", "ssh", "scp", "mount", "rsync", "cp", "docker"):
            yield Touch(match[1] or "".join(rest[at + 1 : at + 2]), "create")


_ENGINES = names("docker podman nerdctl docker-compose podman-compose")
_SED_WRITES = compile_late(r"(?:^|[\s;/}\d$])[gpI\d]*w\s+(\S+)")


def _archived(rest: tuple[str, ...], operands: list[str]) -> Iterator[Touch]:
    short = (word for at, word in enumerate(rest) if at == 0 or _SHORT_FLAG.match(word))
    flags = "".join(word for word in short if not word.startswith("--"))
    if "--remove-files" in rest:
        yield from (Touch(path, "edit") for path in operands)
    if "x" in flags:
        yield Touch(rest[rest.index("-C") + 1] if "-C" in rest[:-1] else ".", "create")
    elif "f" in flags:
        file = next((word for word in operands if _ARCHIVE.search(word)), "")
        yield Touch(file, "create")


_LIVE = compile_late(
    r"^/(?:private/)?(?:var/(?:log|adm|account|spool/rsyslog)|run/log|var/lib/(?:docker/containers|rsyslog)|"
    r"var/l[^/]*[*?\[])(?:/|$)|"
    r"^/dev/(?:kmsg|log)$|^/etc/(?:logrotate|r?syslog|audit/|systemd/journald)|(?:^|/)(?:[uw]tmp|btmp|lastlog|faillog|\.\w+_history|\.mysql_history)$"
)
_SAFE = compile_late(
    r"^(?:/private)?/(?:tmp|var/tmp|dev/shm|mnt|media)/|(?:^|/)[^/]*(?:evidence|incident|forensic|backup|archive|"
    r"preserv|snapshot|collect|export|postmortem|case)[^/]*(?:/|$)|^/dev/",
    re.IGNORECASE,
)
_FOLDER = compile_late(r"(?:^|/)(?:logs?|journals?|audit)(?:/|$)", re.IGNORECASE)
_NAMED = compile_late(
    r"(?:^|[^a-z])(?:[a-z]*log|journal|messages|audit)(?:[.\-_]?\d+)?(?:\.(?:gz|xz|bz2|zst|json|txt|\d+))*$|"
    r"\.log(?:$|[^a-z])|json\.log|\.evtx?$",
    re.IGNORECASE,
)
_ABOVE = compile_late(r"/?(?:\*|var/?|var/\*|var/lib/?|var/lib/docker.*|run/?)?|\.|\*|\$+")
_DEVICE = compile_late(r"/dev/(?:sd|nvme|vd|xvd|hd|mapper/|disk/|dm-|md)")
_OWN = compile_late(r"^(?:/root|/home/[^/]+|/Users/[^/]+|~\w*|\$HOME|/data|/opt/[^/]+$|/srv/[^/]+$)(?:/|$)")
"""Where people keep files of their own."""
_ASSIGNED = compile_late(
    r"(?<![\w$])[A-Za-z_]\w*=(?:\"([^\"\n]*)\"|'([^'\n]*)'|((?:\$\([^)]*\)|`[^`]*`|[^\s;&|\"'])+))"
)
_LISTED = compile_late(r"\bfor\s+\w+\s+in\s+([^;\n]*)")
_LOGS = compile_late(r"(?:^|[\s'\"(])/(?:private/)?(?:var/log|var/adm|run/log)\b")
_COMPUTED = compile_late(r"\$\([^)]*\)|`[^`]*`|\$\{?\w+\}?")
_SHOWS = compile_late(
    r"(?<![\w-])(?:tail|head|cat|less|more|grep|egrep|zgrep|zcat|rg|awk|sed -n|tac|wc|multitail|lnav)\s([^|;&\n>]*)"
)


def is_log(touch: Touch, cwd: str, source: str) -> bool:
    """Whether a written file is a log; ``source`` is the whole text, which may have named one before.

    A new file is none, whatever it is called, unless it is put where the system keeps logs. Whether a file was there
    before cannot be seen: what the same text shows was, and so was what is added to in a folder of logs.
    """
    if touch.path.startswith("$") and not _HOME.match(touch.path):
        return _may_be_log(touch, cwd, source)
    path = _normal(touch.path if touch.path.startswith(("/", "~", "$")) or not cwd else f"{cwd}/{touch.path}")
    if _DEVICE.match(path):
        return True
    if path in ("/dev/null", "/dev/stdout", "/dev/stderr") or not path:
        return False
    if _LIVE.search(path) or _meets_logs(path):
        return True
    if touch.how == "remove":
        return bool(_ABOVE.fullmatch(path) or _FOLDER.search(path) or _NAMED.search(path))
    if _SAFE.search(path):
        return False
    if touch.how in ("create", "say") and _is_shown(touch.path, source):
        return True
    if touch.how == "create" or (touch.how == "say" and (not path.startswith("/") or _OWN.match(path))):
        return False
    return bool(_FOLDER.search(path) or _NAMED.search(path))


_HOME = compile_late(r"\$(?:HOME|\{HOME\}|TMPDIR|PWD)/")


def _meets_logs(path: str) -> bool:
    """Whether a pattern may stand for what lies where the system keeps logs."""
    first, _, rest = path.lstrip("/").partition("/")
    second = rest.partition("/")[0]
    if not path.startswith("/") or not any(c in "*?[" for c in first + second):
        return False
    return fnmatchcase("var", first) and fnmatchcase("log", second or "*")


def _may_be_log(touch: Touch, cwd: str, source: str) -> bool:
    """Whether a file whose name is put together may be a log, by all that the text says variables may hold."""
    if touch.how == "remove" and touch.path.strip("$_/*") == "":
        return True
    said = ["".join(filter(None, found.groups())) for found in _ASSIGNED.finditer(source)]
    said += [word.strip("'\"") for found in _LISTED.finditer(source) for word in found[1].split()]
    values = {_COMPUTED.sub("_", each) for each in said} - {"_", ""}
    tail = touch.path.lstrip("$")
    if any(is_log(Touch(f"{value}{tail}", touch.how), cwd, "") for value in values):
        return True
    if touch.how == "create":
        return False
    return _LOGS.search(source) is not None or (not values and _NAMED.search(touch.path) is not None)


def _is_shown(path: str, source: str) -> bool:
    """Whether the same text shows a file, which is there, then; and it is a log by its name or folder."""
    return path in find_shown(source)


@remember
def find_shown(text: str) -> frozenset[str]:
    """The files that a text shows: those that are logs by name or folder, or that have a place of their own."""
    words = (word.strip("\"'") for found in _SHOWS.finditer(text) for word in found[1].split())
    return frozenset(word for word in words if word.startswith("/") or _NAMED.search(word) or _FOLDER.search(word))


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.strip("\"'").split("/"):
        if part == ".." and parts and parts[-1]:
            parts.pop()
        elif part != "." and (part or not parts):
            parts.append(part)
    joined = "/".join(parts)
    return joined or ("/" if path.startswith("/") else "")


_LOGGING = (
    compile_late(r"journalctl\b.* --(?:vacuum\S*|rotate|flush|relinquish\S*|update-catalog|setup-keys)"),
    compile_late(r"logrotate\b(?!.*(?: -d\b| --debug| --version))|savelog\b|newsyslog\b"),
    compile_late(r"(?:logger|systemd-cat|wevtutil (?:cl|clear)|clear-eventlog|auditctl .*-[eDdaAwW])\b"),
    compile_late(r"(?:dmesg\b.* (?:-\w*[cC]\w*|--clear|--read-clear)|history -\w*[cdwr]|unset histfile)\b"),
    compile_late(
        r"(?:systemctl|service|rc-service|docker|podman)\b.*\b(?:stop|restart|kill|mask|disable|pause|rm)\b.*"
        r"\b(?:r?syslog(?:-ng)?|systemd-journald|auditd|fluentd?(?:-bit)?|filebeat|promtail|logstash|loki|vector)\b"
    ),
    compile_late(r"(?:service|systemctl)\b.*\b(?:r?syslog|auditd|journald)\b.* (?:stop|restart)\b"),
    compile_late(r"p?kill(?:all)?\b.*\b(?:r?syslogd?(?:-ng)?|systemd-journald|journald|auditd)\b"),
    compile_late(
        r"aws (?:logs|cloudtrail) (?:delete|put-retention|stop|update)|gcloud logging .*\b(?:delete|update)\b"
    ),
    compile_late(
        r"(?:kubectl|oc|helm|nomad)\b.* (?:scale|delete|edit|patch|rollout|set|uninstall|stop)\b.*"
        r"\b(?:r?syslog(?:-ng)?|fluentd?(?:-?bit)?|filebeat|auditbeat|promtail|logstash|loki|vector)\b"
    ),
    compile_late(
        r"mongo(?:sh)?\b.*\b\w*(?:log|audit)\w*['\"\])]*\.(?:delete|drop|remove|update|replace|insert|findoneand)"
    ),
    compile_late(
        r"kubectl\b.* delete (?:events?|ev)\b|curl\b.*(?:_delete_by_query|loki/api/v1/delete)|"
        r"curl\b.* (?:-x ?|--request[= ])delete\b.*/[\w.*-]*log[\w.*-]*"
    ),
    compile_late(r"(?:mkfs\S*|wipefs|blkdiscard)\b|docker\b.*--log-(?:driver|opt)"),
    compile_late(
        r"(?:faillock\b.* --reset|pam_tally2?\b.* (?:--reset|-r)|pm2 (?:flush|reloadlogs)|"
        r"supervisorctl\b.* clear)\b"
    ),
    compile_late(r"(?:nginx\b.* -s reopen|(?:p?kill(?:all)?|docker\b.* kill)\b.*usr1\b.*nginx)\b"),
    compile_late(
        r"(?:redis|valkey|keydb)-cli\b.* (?:slowlog|acl log|latency) reset\b|"
        r"(?:mysql|mariadb)\b.*\breset (?:master|binary logs)"
    ),
    compile_late(
        r"(?:aws s3\w*|gsutil|gcloud storage|mc|s3cmd)\b.* (?:rm|del|delete-object\w*)\b.*(?<![a-z])logs?(?![a-z])"
    ),
    compile_late(r"az monitor \S+ delete\b|curl\b.* (?:-x ?|--request[= ])delete\b.*/(?:file|audit|winlog|packet)beat"),
    compile_late(r"(?:nc|ncat|socat)\b.*/dev/log\b|(?:restic|borg|duplicity)\b.*(?:restore|extract)\b.*/var/log\b"),
)
_DISCARD = compile_late(
    r"(?:docker|podman|nerdctl|docker-compose|podman-compose)\b(?! (?:image|network|logs))"
    r".* (?:rm|down|prune|remove)\b|"
    r"(?:kubectl|oc)\b.* delete (?!(?:events?|cm|configmaps?|secrets?|svc|services?|ing\w*|networkpol\w*|role\w*)\b)|"
    r"(?:aws|gcloud|az)\b.*(?:terminate-instances|instances? delete|vm delete)|virsh (?:destroy|undefine)|"
    r"(?:docker|podman)\b.* volume (?:rm|prune)|.* --force-recreate\b"
)
_MENTION = compile_late(r"/var/log|var.{1,6}log\b|\.log\b|(?<![a-z])(?:sys|auth|audit|access)?logs?/|journal|[uwb]tmp")
_CODE_WRITES = compile_late(
    r"open\s*\([^)]*,\s*['\"][^'\"]*[wax+>]|>|writ|unlink|remov|truncat|renam|system|exec|popen|spawn|subprocess|"
    r"shutil|"
    r"put_contents|chmod|chown|utime|delete|copy|mode\s*=|\bos\.|touch|append"
)


def writes_shown(calls: Iterable[Call], shown: frozenset[str]) -> bool:
    """Whether commands write a file that is known to be there, since it is shown elsewhere, and to be a log."""
    touched = (touch for call in calls for touch in find_touched(call))
    return any(touch.path in shown and _looks_like_log(touch.path) for touch in touched)


def _looks_like_log(path: str) -> bool:
    return not _SAFE.search(path) and bool(_NAMED.search(path) or _FOLDER.search(path))


def changes_logs(call: Call, source: str) -> bool:
    """Whether a command changes, empties or removes a log, or what keeps the logs."""
    line = call.line.lower()
    if any(pattern.match(line) for pattern in _LOGGING):
        return True
    if any(is_log(touch, call.cwd, source) for touch in find_touched(call)):
        return True
    if is_code(call.words) or call.program in ("awk", "gawk", "mawk"):
        return _MENTION.search(line) is not None and _CODE_WRITES.search(_code(call, source)) is not None
    return (
        call.program not in _KNOWN
        and not _GATHERS.search(line)
        and _AIMS.search(f"{line} {call.feed.text}") is not None
    )


_KNOWN = FILE_TOOLS | names(
    "head less more tail grep egrep fgrep zgrep zcat zless rg ag jq yq sort uniq cut tr wc nl od xxd hexdump "
    "strings ls tree stat file du df diff cmp comm cd pushd test [ [[ sha1sum sha256sum sha512sum md5sum b2sum "
    "cksum lsof fuser docker podman nerdctl docker-compose kubectl oc aws gcloud gsutil az rclone restic borg "
    "duplicity journalctl last lastb lnav goaccess multitail tac rev column paste readlink realpath basename "
    "dirname echo printf sudo ssh view namei getfacl lsattr ausearch aureport gpg openssl 7z cpio rsnapshot watch "
    "xargs base64 bat sh bash"
)
"""Programs that do not write what they are given, or whose writing is known."""
_GATHERS = compile_late(r"collect|gather|save|export|archiv|backup|preserv|snapshot|upload|acquire")
_AIMS = compile_late(r"/var/(?:log|adm)\b|/run/log\b|/var/lib/docker/containers")


def _code(call: Call, source: str) -> str:
    """The program in a command's words, without what it compares, and without what it writes into files of its own."""
    line = " ".join(call.words[1:])
    if not is_code(call.words):
        return _PRINTS.sub(lambda found: _unless_log(found, call, source), _COMPARISON.sub("", line))
    opened = _OPENS.findall(line)
    if not opened or any(is_log(Touch(path, "create"), call.cwd, source) for path in opened):
        return line
    return _OPENS.sub("", line).replace(".write(", "(")


_OPENS = compile_late(r"\bopen\s*\(\s*['\"]([^'\"]+)['\"]\s*,\s*['\"][wax]b?\+?['\"]\s*\)")
_PRINTS = compile_late(r">>?\s*\"([^\"]+)\"")


def _unless_log(found: re.Match[str], call: Call, source: str) -> str:
    return found[0] if is_log(Touch(found[1], "create"), call.cwd, source) else " "


def discards(call: Call) -> bool:
    """Whether a command removes a container or machine, and its logs with it."""
    return _DISCARD.match(call.line.lower()) is not None
