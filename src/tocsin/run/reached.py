"""Which blanks say what machine a command goes to: by a URL, or by whatever carries data or orders elsewhere.

An alert, which anybody may have sent, names only machines that the team has set; a person may name any. What stands
behind the host of a URL (its path, its query) is data and says nothing of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tocsin.run.forms import find_verb
from tocsin.run.hosted import Reach
from tocsin.run.interpreters import DATA
from tocsin.run.site import HOLE, Word


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
                   "--resolve --dns-servers --doh-url --url"),
    **dict.fromkeys(_names("systemctl journalctl hostnamectl timedatectl loginctl"), _SYSTEMD),
    "aws": _names("--endpoint-url --target --instance-ids"),
    "nodetool": _names("-h --host"),
    **dict.fromkeys(_names("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami"), _names("-H -h")),
    "virsh": _names("-c --connect"),
    "openssl": _names("-connect -host -proxy"),
    **dict.fromkeys(_names("kcat kafkacat"), _names("-b")),
    "wget": _names("-i --input-file -B --base"),
    "aria2c": _names("-i --input-file"),
}  # fmt: skip
"""Flags whose value is, or may name, the machine that the program speaks to."""
_SURE_FLAG = re.compile(
    r"--?(?:[a-z]\w*-)*(?:node|host|hostname|servers?|url|uri|endpoints?|rpc|grpc|proxy|gateway|upstream|peers?|brokers?"
    r"|broker-list|seeds?|nameserver|http-addr|rpc-addr|grpc-addr)"
)
"""Flags by which any program is told where to go, whatever it is called."""
_LIKELY_FLAG = re.compile(r"--?(?:[a-z]\w*-)*(?:addr|address|remote|to|target|instance|destination|dest|connect)")
"""Flags whose value is a machine if it looks like one: a wallet has an address too."""
_BEFORE_VERB: dict[str, frozenset[str]] = {
    **dict.fromkeys(_names("docker podman nerdctl docker-compose"), _names("-H --host -c --context --url --connection"))
}
"""The same, where only what stands before the sub-command is the program's own."""
_COPYING = _names("scp rsync sftp ssh-copy-id")
_CLIENTS = _names("psql pg_dump mongosh mongo")
"""Programs of which an operand may be the address of a database."""
_PROBING = _names(
    "ping ping4 ping6 fping arping traceroute traceroute6 tracepath mtr telnet nc ncat netcat nmap hping3 ssh-keyscan "
    "dig drill kdig nslookup lftp tftp rlogin aria2c grpcurl websocat wscat httpie xh ab hey wrk siege showmount "
    "rpcinfo smbclient snmpwalk snmpget ntpdate sntp whatweb nikto masscan"
)
"""Programs whose operands are machines to speak to, or to ask others about."""
_ORDINARY = _names("host http https ftp")
"""The same, of which the names are ordinary words too: only where they begin a command."""
_INSIDE = {"virsh": _names("qemu-agent-command qemu-monitor-command console ssh send-key"), "vagrant": _names("ssh"),
           "gcloud": _names("ssh scp"), "multipass": _names("exec shell"), "tsh": _names("ssh scp")}  # fmt: skip
"""Words behind which a machine stands that is gone into."""
_GIT = _names("clone fetch pull push ls-remote add set-url archive")
_NAMES = _names("-d --dbname --maintenance-db --connstr --kubeconfig --user --token -M --machine --uri")
"""Flags whose value is a machine only by its form."""
_TURNED = re.compile(
    r"(?:PGHOST|PGHOSTADDR|PGSERVICE|DOCKER_HOST|DOCKER_CONTEXT|CONTAINER_HOST|KUBECONFIG|MYSQL_HOST|CONSUL_HTTP_ADDR"
    r"|VAULT_ADDR|NOMAD_ADDR|ETCDCTL_ENDPOINTS|AWS_ENDPOINT_URL|(?:https?|all|ftp|no)_proxy|(?:HTTPS?|ALL|FTP)_PROXY)"
)
"""Variables by which programs are sent elsewhere."""
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_WITH_URL = re.compile(r"\A(?:--?[\w.-]+=|[A-Za-z_][\w.-]*=|['\"(<])?(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_PORT_OF = re.compile(r"(?:\A|[/@=,])[A-Za-z0-9][\w.-]*:\Z")
_HOST_IS = re.compile(r"(?:\A|\s)(?:host|hostaddr)=\S*\Z")
_TELLING = DATA - _names("curl wget ping dig host nslookup traceroute mtr journalctl systemctl") - {"service"}
"""Programs that go nowhere with their words."""
_FETCHING = _names("curl wget")
_CURL_TAKES = _names(
    "--data --data-raw --data-binary --data-urlencode --data-ascii --json --header --user --user-agent --request "
    "--output --output-dir --max-time --connect-timeout --retry --retry-delay --retry-max-time --cookie --cookie-jar "
    "--form --form-string --referer --cert --key --cacert --capath --cert-type --key-type --pass --upload-file "
    "--write-out --range --limit-rate --interface --max-redirs --ciphers --tls-max --unix-socket "
    "--abstract-unix-socket --aws-sigv4 --oauth2-bearer --noproxy --proxy-user --proxy-header --dump-header "
    "--time-cond --speed-limit --speed-time --local-port --max-filesize --keepalive-time --netrc-file --stderr --trace "
    "--trace-ascii --variable --url-query --rate --request-target --proto --proto-default --proto-redir --config "
    "--continue-at --telnet-option --quote --tls13-ciphers --curves --create-file-mode --expect100-timeout"
)
_WGET_TAKES = _names(
    "--output-document --output-file --append-output --tries --timeout --wait --quota --header --user --password "
    "--user-agent --post-data --post-file --method --body-data --body-file --directory-prefix --referer --level "
    "--accept --reject --domains --exclude-domains --load-cookies --save-cookies --ca-certificate --limit-rate "
    "--execute"
)
_LETTERS = {"curl": "AbcCdDeEFHKmoPQrtTuUwXyYz", "wget": "aeotOTwQPUlARDXI"}
_TAKES = {"curl": _CURL_TAKES, "wget": _WGET_TAKES}
"""Flags that take a value which is no address, by letter and by name."""


_SPEAKS = re.compile(
    r"url|http|socket|fetch|request|connect|curl|ftp|smtp|ssh|paramiko|addrinfo|gethostby|resolve|ping|lwp|\bnet\b"
    r"|net::|net/|inet|dns|tcp|udp|dblink|remote|file_get_contents|\bopen\(|\bget\(",
    re.IGNORECASE,
)
_LANGUAGES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(_names("awk gawk mawk nawk original-awk"), re.compile("/inet")),
    **dict.fromkeys(_names("sed gsed jq gojq jaq yq xq jp ed ex"), re.compile(r"(?!)")),
    **dict.fromkeys(
        _names("psql pgcli vsql"), re.compile(r"dblink|\\c(?:onnect)?\b|server|subscription", re.IGNORECASE)
    ),
}


def speaks(name: str, program: str) -> bool:
    """Whether a program in a language other than the shell's may go elsewhere: by the words that it is written in."""
    return _LANGUAGES.get(name, _SPEAKS).search(program) is not None


def turns(variable: str) -> bool:
    """Whether a variable of this name says where programs go."""
    return _TURNED.fullmatch(variable) is not None


def find_reach(words: Sequence[Word], place: int, mark: str, own: Sequence[int]) -> Reach:
    """What a blank says, by the program that its word is for; `own` is where in the command programs are called."""
    return max((_judge(words[at:], place - at, mark) for at in own if at < place), default=Reach.NOWHERE)


def _judge(words: Sequence[Word], place: int, mark: str) -> Reach:
    texts = [word.text for word in words]
    name, text, before = texts[0].rsplit("/", 1)[-1], texts[place], texts[place - 1]
    assigned = re.match(r"(\w+)=", text)
    if name in ("env", "export", "sudo", "docker", "podman") and assigned is not None and turns(assigned[1]):
        return Reach.HOST
    if name in _TELLING or (name in _FETCHING and _is_taken(name, text, before)):
        return Reach.NOWHERE
    if name.startswith("ansible") and "," in text and re.match(r"-i|--inventory", text if text[0] == "-" else before):
        return Reach.HOST
    flagged = _find_flag(name, texts, place)
    if flagged:
        return _judge_flagged(flagged, text, mark)
    flag, _, value = text.partition("=") if text.startswith("-") else (before, "", text)
    if flag.startswith("-") and (found := _judge_any_flag(flag, value, mark)) is not Reach.NOWHERE:
        return found
    for piece in (text, next(each for each in text.split(",") if mark in each)):
        url = _WITH_URL.match(piece)
        if url is not None and (found := read_address(piece[url.end() :], mark)) is not Reach.NOWHERE:
            return found
    if text.startswith("-") or _WITH_URL.match(text):
        return Reach.NOWHERE
    if name == "socat":
        return Reach.PORT if text[: text.index(mark)].count(":") > 1 else Reach.HOST
    if _is_operand_a_host(name, texts, place):
        return _read_host(text, mark)
    if name in _COPYING or name in _CLIENTS or (name == "git" and not _GIT.isdisjoint(texts[1:place])):
        found = read_address(text, mark)
        whole = name in ("sftp", "ssh-copy-id") and text.rpartition("@")[2] == mark
        return Reach.HOST if whole else found
    return Reach.NOWHERE


def _judge_flagged(flagged: str, text: str, mark: str) -> Reach:
    value = text.partition("=")[2] if text.startswith("--") and "=" in text else text
    value = value[2:] if re.match(r"-[A-Za-z].", value) else value
    sure = flagged not in _NAMES and not _URL.match(value)
    return _read_host(value, mark) if sure else read_address(value, mark)


def _judge_any_flag(flag: str, value: str, mark: str) -> Reach:
    """What a flag's name alone says of its value."""
    if mark not in value:
        return Reach.NOWHERE
    if _SURE_FLAG.fullmatch(flag):
        return _read_host(value, mark)
    if _LIKELY_FLAG.fullmatch(flag):
        return min(Reach.NAMED, _read_host(value, mark))
    return Reach.NOWHERE


def _is_taken(name: str, text: str, before: str) -> bool:
    """Whether a word is what a flag of the fetcher takes: data to send, a file, a time."""
    if re.match(r"-[A-Za-z]", text) and text[1] in _LETTERS[name] and text[2:]:
        return True
    if text.startswith("--") and text.partition("=")[0] in _TAKES[name]:
        return True
    if before in _TAKES[name]:
        return True
    return re.fullmatch(r"-[A-Za-z0-9#]+", before) is not None and before[-1] in _LETTERS[name]


def _is_operand_a_host(name: str, texts: Sequence[str], place: int) -> bool:
    if name in _PROBING or name in _FETCHING or name in _ORDINARY:
        return name not in ("httpie", "xh", *_ORDINARY) or "=" not in texts[place] or "/" in texts[place]
    if name == "openssl":
        return "s_client" in texts[:place] and not texts[place - 1].startswith("-")
    return not _INSIDE.get(name, frozenset()).isdisjoint(texts[1:place])


def _read_host(text: str, mark: str) -> Reach:
    """What a blank says in a word that is a machine's address, or several: the port of one, or the machine."""
    text = next(piece for piece in text.split(",") if mark in piece)
    url = _URL.search(text)
    if url is not None and url.end() <= text.index(mark):
        return read_address(text[url.start() :], mark)
    path = text.find("/") if url is None else -1
    if 0 < path < text.index(mark) and text[:path].count(mark) == 0:
        return Reach.NOWHERE
    return Reach.PORT if _PORT_OF.search(text[: text.index(mark)]) else Reach.HOST


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
    is_long = flag.startswith("--") or len(flag) > len("-h")
    return text.startswith(f"{flag}=") if is_long else len(text) > 2 and text.startswith(flag)


def read_address(text: str, mark: str) -> Reach:
    """What a blank says in a word such as ``user@host:/path``, ``ssh://host/path`` or the name of a file."""
    url = _URL.match(text)
    if _HOST_IS.search(text[: text.index(mark)]):
        return Reach.HOST
    if url is not None:
        return _read_url(text[url.end() :], mark)
    host, colon, _ = text.partition(":")
    if not colon:
        return Reach.ADDRESS if "/" not in text[: text.index(mark)] else Reach.NOWHERE
    if mark not in host:
        return Reach.NOWHERE
    return Reach.HOST if mark in host.rpartition("@")[2] else Reach.ADDRESS


def _read_url(rest: str, mark: str) -> Reach:
    """What a blank says in a URL, `rest` being what follows its scheme; one before it is the scheme itself."""
    if mark not in rest:
        return Reach.HOST
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if mark not in authority:
        return Reach.NOWHERE
    user, _, host = authority.rpartition("@")
    if mark not in host:
        return Reach.NOWHERE if HOLE not in user else Reach.HOST
    return Reach.PORT if _PORT_OF.search(host[: host.index(mark)]) else Reach.HOST


def list_programs(words: Sequence[Word], *, carries: bool) -> Iterator[int]:
    """Where in a command programs may be called: at its begin, and in what it carries anywhere."""
    for at in range(len(words)) if carries else range(1):
        if at == 0 or words[at].text not in _ORDINARY or words[at - 1].text.startswith("-"):
            yield at
