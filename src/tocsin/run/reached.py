"""Which blanks say what machine a command goes to: by `ssh` and by whatever else carries data or orders elsewhere.

An alert, which anybody may have sent, names only machines that the team has set; a person may name any.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from enum import IntEnum

from tocsin.run.forms import find_verb
from tocsin.run.site import Word


class Reach(IntEnum):
    """What a blank says of where a command goes: nothing, perhaps a machine (by its form), or surely one."""

    NOWHERE = 0
    ADDRESS = 1
    HOST = 2


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POSTGRES = _names("-h --host -d --dbname --maintenance-db --connstr")
_MYSQL = _names("-h --host")
_SERVER = _names("-s --server --context --cluster --kubeconfig --user --token --tls-server-name")
_SYSTEMD = _names("-H --host -M --machine")
_FLAGS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_names("psql pg_dump pg_dumpall pg_restore pg_isready pg_basebackup createdb dropdb vacuumdb "
                           "reindexdb pgbench"), _POSTGRES),
    **dict.fromkeys(_names("mysql mysqldump mysqladmin mariadb mariadb-dump mysqlsh"), _MYSQL),
    **dict.fromkeys(_names("redis-cli valkey-cli"), _names("-h -u")),
    **dict.fromkeys(_names("mongo mongosh mongodump mongorestore"), _names("--host -h --uri")),
    **dict.fromkeys(_names("kubectl oc"), _SERVER),
    "helm": _names("--kube-context --kube-apiserver --kubeconfig --kube-token"),
    "curl": _names("-x --proxy --preproxy --socks4 --socks4a --socks5 --socks5-hostname --proxy1.0 --connect-to "
                   "--resolve --dns-servers --doh-url"),
    **dict.fromkeys(_names("systemctl journalctl hostnamectl timedatectl loginctl"), _SYSTEMD),
    "aws": _names("--endpoint-url"),
}  # fmt: skip
"""Flags whose value is, or may name, the machine that the program speaks to."""
_BEFORE_VERB: dict[str, frozenset[str]] = {
    **dict.fromkeys(_names("docker podman nerdctl docker-compose"), _names("-H --host -c --context --url --connection"))
}
"""The same, where only what stands before the sub-command is the program's own."""
_COPYING = _names("scp rsync sftp ssh-copy-id")
_CLIENTS = _names("psql pg_dump mongosh mongo")
"""Programs of which an operand may be the address of a database."""
_GIT = _names("clone fetch pull push ls-remote add set-url archive")
_NAMES = _names("-d --dbname --maintenance-db --connstr --kubeconfig --user --token -M --machine --uri")
"""Flags whose value is a machine only by its form."""
_TURNED = re.compile(
    r"(?:PGHOST|PGHOSTADDR|PGSERVICE|DOCKER_HOST|DOCKER_CONTEXT|CONTAINER_HOST|KUBECONFIG|MYSQL_HOST|CONSUL_HTTP_ADDR"
    r"|VAULT_ADDR|NOMAD_ADDR|ETCDCTL_ENDPOINTS|AWS_ENDPOINT_URL|(?:https?|all|ftp|no)_proxy|(?:HTTPS?|ALL|FTP)_PROXY)"
)
"""Variables by which programs are sent elsewhere."""
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_HOST_IS = re.compile(r"(?:\A|\s)(?:host|hostaddr)=\S*\Z")


def turns(variable: str) -> bool:
    """Whether a variable of this name says where programs go."""
    return _TURNED.fullmatch(variable) is not None


def find_reach(words: Sequence[Word], place: int, mark: str, own: Sequence[int]) -> Reach:
    """What a blank says, by the program that its word is for; `own` is where in the command programs are called."""
    return max((_judge(words[at:], place - at, mark) for at in own if at < place), default=Reach.NOWHERE)


def _judge(words: Sequence[Word], place: int, mark: str) -> Reach:
    texts = [word.text for word in words]
    name = texts[0].rsplit("/", 1)[-1]
    assigned = re.match(r"(\w+)=", texts[place])
    if name in ("env", "export", "sudo", "docker", "podman") and assigned is not None and turns(assigned[1]):
        return Reach.HOST
    flagged = _find_flag(name, texts, place)
    if flagged:
        value = texts[place]
        value = value.partition("=")[2] if value.startswith("--") and "=" in value else value
        value = value[2:] if re.match(r"-[A-Za-z].", value) else value
        sure = flagged not in _NAMES and not _URL.match(value)
        return Reach.HOST if sure else read_address(value, mark)
    if texts[place].startswith("-"):
        return Reach.NOWHERE
    if name in _COPYING or name in _CLIENTS or (name == "git" and not _GIT.isdisjoint(texts[1:place])):
        found = read_address(texts[place], mark)
        whole = name in ("sftp", "ssh-copy-id") and texts[place].rpartition("@")[2] == mark
        return Reach.HOST if whole else found
    return Reach.NOWHERE


def _find_flag(name: str, texts: Sequence[str], place: int) -> str:
    """The flag of the program that takes the word as the machine to go to; empty for none."""
    text, before, flags = texts[place], texts[place - 1], _FLAGS.get(name, frozenset())
    if name in _BEFORE_VERB and place < (find_verb(texts) or len(texts)):
        flags = _BEFORE_VERB[name]
    if name in ("kubectl", "oc") and "--" in texts[:place]:
        return ""
    if before in flags:
        return before
    return next((each for each in flags if _begins(text, each)), "")


def _begins(text: str, flag: str) -> bool:
    return text.startswith(f"{flag}=") if flag.startswith("--") else len(text) > 2 and text.startswith(flag)


def read_address(text: str, mark: str) -> Reach:
    """What a blank says in a word such as ``user@host:/path``, ``ssh://host/path`` or the name of a file."""
    url = _URL.match(text)
    if _HOST_IS.search(text[: text.index(mark)]):
        return Reach.HOST
    if url is not None:
        authority, _, path = text[url.end() :].partition("/")
        return (Reach.HOST if mark in authority else Reach.NOWHERE) if mark in authority + path else Reach.HOST
    host, colon, _ = text.partition(":")
    if not colon:
        return Reach.ADDRESS if "/" not in text[: text.index(mark)] else Reach.NOWHERE
    if mark not in host:
        return Reach.NOWHERE
    return Reach.HOST if mark in host.rpartition("@")[2] else Reach.ADDRESS


def is_held(value: str, reach: Reach, hosts: Collection[str]) -> bool:
    """Whether a value that nobody vouches for goes nowhere but to machines of the team."""
    if reach is Reach.ADDRESS and not re.search(r"[:@]", value):
        return True
    if reach is Reach.ADDRESS:
        value = re.split(r"[:/]", _URL.sub("", value, count=1).rpartition("@")[2])[0]
    return reach is Reach.NOWHERE or value in hosts


def list_programs(words: Sequence[Word], *, carries: bool) -> Iterator[int]:
    """Where in a command programs may be called: at its begin, and in what it carries anywhere."""
    return iter(range(len(words)) if carries else range(1))
