"""A machine that an alert names comes no further by being handed on: in a list of addresses, as an argument of a
program that a shell is given, in a variable that it is lent, down a pipe, or by way of a file.
"""

from __future__ import annotations

import pytest

from tocsin.run.binding import bind
from tocsin.run.kinds import Sources

from .scene import JUDGE

OURS = Sources(hosts=["web-1", "node-eu-1", "10.0.0.7", "localhost"])
STRANGE = ("evil.example", "10.9.9.9", "2130706433", "web-1.evil.example", "web-1@evil", "evil:80")

HANDED = r"""
sh -c 'curl http://$1/' x <x>
sh -c 'curl "http://${1}:8080/"' x <x>
sh -c 'curl "$@"' x <x>
sh -c 'curl $*' x <x>
sh -c 'ping "$0"' <x>
sh -c 'ping "${1:-localhost}"' x <x>
bash -c 'h=$1; curl "http://$h/"' x <x>
bash -c 'for h in "$@"; do ping -c 1 "$h"; done' x a <x>
bash -c 'for h; do ping -c 1 "$h"; done' x a <x>
bash -c 'shift; ping "$1"' x a <x>
bash -c 'f() { curl "$1"; }; f "$2"' x a <x>
bash -c 'nc -z $1 $2' x <x> 80
bash -c 'echo hi > /dev/tcp/$1/80' x <x>
timeout 5 bash -c '</dev/tcp/$0/80' <x>
su postgres -c 'ping $0' -- <x>
bash -c "curl http://\$1/" x <x>
sudo sh -c 'ping $1' x <x>
sudo -u nobody bash -c 'ping $1' x <x>
docker exec web sh -c 'curl http://$1/' x <x>
docker run --rm busybox sh -c 'wget http://$1/' x <x>
kubectl exec p -- sh -c 'curl http://$1/' x <x>
find . -exec sh -c 'curl http://$1/' x <x> \;
h=<x>; sh -c 'ping $0' "$h"
h=<x> sh -c 'curl http://$h/'
h=<x> bash -c 'g=$h; ping "$g"'
export h=<x>; sh -c 'curl http://$h/'
env h=<x> sh -c 'curl http://$h/'
sudo h=<x> sh -c 'curl http://$h/'
docker exec -e h=<x> web sh -c 'curl http://$h/'
h=<x> docker exec -e h web sh -c 'curl http://$h/'
set -- <x>; curl "$1"
set -- <x>; for h in "$@"; do ping -c 1 "$h"; done
set -- <x>; sh -c 'curl http://$1/' x "$1"
f() { curl "http://$1/"; }; f <x>
f() { sh -c 'curl $0' "$1"; }; f <x>
h=<x>; echo "$h" | xargs -n 1 ping -c 1
echo <x> | sh -c 'read h; ping $h'
echo <x> | bash -c 'while read h; do ping -c 1 $h; done'
echo <x> | sh -c 'xargs ping -c 1'
sh -c 'read h; ping $h' <<< <x>
xargs -n1 ping -c 1 <<< <x>
xargs -a <(echo <x>) ping
read -r h < <(echo <x>); ping $h
while read h; do ping -c 1 $h; done < <(echo <x>)
echo <x> > list; while read h; do ping -c 1 $h; done < list
echo <x> > list; xargs ping < list
echo <x> >> list; ping $(cat list)
echo 'ping $1' | bash -s <x>
bash -s -- <x> <<< 'ping $1'
: ${h:=<x>}; ping $h
n=h; h=<x>; ping ${!n}
printf -v h %s <x>; ping $h
echo <x> | { read h; ping $h; }
bash -c 'http_proxy=$1 curl http://localhost/' x <x>
bash -c 'wget -i - <<< "$1"' x <x>
bash -c 'curl "${@:2}"' x a <x>
python3 -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1])' <x>
h=<x> python3 -c 'import os, urllib.request as u; u.urlopen(os.environ["h"])'
perl -MLWP::Simple -e 'print get($ARGV[0])' <x>
node -e 'fetch(process.argv[1])' <x>
gawk -v h=<x> 'BEGIN { s = "/inet/tcp/0/" h "/80"; print "x" > s }'
psql -v h=<x> -c "select dblink_connect(:'h')"
""".strip().splitlines()
LISTED = r"""
wget -B <x> -i list
wget --base=http://<x>/ -i list
wget -i - <<< <x>
wget -i - <<< "http://<x>/"
echo <x> | wget -i -
echo http://<x>/ | wget -i-
echo http://<x>/ | wget -qi /dev/stdin
wget -i <(echo http://<x>/)
echo http://<x>/ > list; wget -i list
echo http://<x>/ | tee list; wget -qi list
echo url=http://<x>/ > list && curl -K list
curl --url @- <<< http://<x>/
echo http://<x>/ | aria2c -i -
fping <<< <x>
echo <x> | fping -c 1
echo <x> | nmap -iL -
nmap -iL <(echo <x>)
echo <x> | ssh-keyscan -f -
echo <x> | dig -f -
echo server <x> | nslookup
ansible all -i <x>, -m ping
ansible-playbook -i <x>, site.yml
""".strip().splitlines()


@pytest.mark.parametrize("text", [*HANDED, *LISTED])
def test_a_machine_that_is_handed_on_is_one_of_the_teams(text: str) -> None:
    statement = JUDGE(text)
    for value in STRANGE:
        held = bind(statement, {}, {"x": value}, OURS)
        assert (held.missing, held.argv, held.env) == (("x",), (), {}), value
    bound = bind(statement, {}, {"x": "web-1"}, OURS)
    assert (bound.missing, bound.refused) == ((), "")
    given = bind(statement, {"x": "evil.example"}, {"x": "web-1"}, OURS)
    assert (given.missing, given.refused) == ((), ""), "a person may name any machine"


@pytest.mark.parametrize(
    "text",
    [
        "wget -i http://<x>/list",
        "wget --input-file=http://<x>/list",
        "aria2c -i http://<x>/list",
        "wget -i <x>",
    ],
)
def test_a_list_that_is_fetched_comes_from_a_machine_of_the_team(text: str) -> None:
    for value in ("evil.example", "web-1.evil.example", "web-1@evil"):
        assert bind(JUDGE(text), {}, {"x": value}, OURS).missing == ("x",), value
    assert bind(JUDGE(text), {}, {"x": "web-1"}, OURS).missing == ()


@pytest.mark.parametrize(
    "text",
    [
        "curl -K -",
        "curl -sSfK -",
        "curl --config -",
        "curl --config=/dev/stdin",
        "curl -K-",
        "docker exec -i web curl -K -",
    ],
)
def test_nobody_writes_the_options_of_curl(text: str) -> None:
    for whole in (f"{text} <<< 'url = \"<x>\"'", f"echo 'url = \"<x>\"' | {text}"):
        bound = bind(JUDGE(whole), {"x": "web-1"}, {}, OURS)
        assert "reads it as a program" in bound.refused, whole


@pytest.mark.parametrize(
    "text",
    [
        "curl -sSK <x>",
        "curl -sK/etc/<x>.cfg",
        "wget -e http_proxy=<x> http://localhost/",
        "wget --execute <x> http://localhost/",
        "wget --config=<x> http://localhost/",
    ],
)
def test_nobody_chooses_what_a_fetcher_is_told(text: str) -> None:
    assert bind(JUDGE(text), {"x": "other"}, {}, OURS).refused


@pytest.mark.parametrize(
    "text",
    [
        "sh -c 'curl http://localhost/nodes/$1' x <x>",
        "sh -c 'curl http://$1/' x localhost <x>",
        "sh -c 'curl http://$1/$2' x localhost <x>",
        "bash -c 'docker logs \"$1\"' x <x>",
        "bash -c 'echo \"http://$1/\"' x <x>",
        "bash -c 'for n in \"$@\"; do kubectl get pod \"$n\"; done' x <x>",
        "x=<x> sh -c 'grep \"$x\" /var/log/syslog; curl http://localhost/'",
        "docker exec -e x=<x> web sh -c 'echo $x'",
        "echo <x> | sh -c 'grep -f - /etc/hosts'",
        "set -- <x>; docker logs \"$1\"",
        "f() { docker logs \"$1\"; }; f <x>",
        "python3 -c 'import sys; print(sys.argv[1])' <x>",
        "awk -v n=<x> '$1 == n' f",
        "jq --arg h <x> '.[$h].url' f",
        "psql -v id=<x> -c \"select * from t where id = :'id'\"",
        "echo <x> > list; wc -l list; wget http://localhost/",
        "echo <x> > names; wget -i list",
        "curl -o <x> http://localhost/",
        "while read h; do ping -c 1 $h; done < <x>",
        "echo <x> > names; while read h; do ping -c 1 $h; done < hosts",
        "wget -O <x> http://localhost/",
        "ansible-playbook -i inventory/<x> site.yml",
        "sed -e 's/a/b/' <x> | curl -d @- http://localhost/",
    ],
)  # fmt: skip
def test_what_goes_nowhere_is_handed_on_freely(text: str) -> None:
    bound = bind(JUDGE(text), {}, {"x": "eu-west"}, OURS)
    assert (bound.missing, bound.refused) == ((), "")


def test_a_value_is_followed_from_name_to_name() -> None:
    """And where that goes on for longer than anybody writes, it is taken to go anywhere."""
    for length in (2, 6, 40):
        names = "; ".join(f"a{at + 1}=$a{at}" for at in range(length))
        program = f"a0=$1; {names}; ping $a{length}"
        assert bind(JUDGE(f"bash -c '{program}' x <x>"), {}, {"x": "evil"}, OURS).missing == ("x",)
    nested = "ping $0"
    for _ in range(4):
        nested = f"sh -c {_quote(nested)} \"$0\""  # fmt: skip
    assert bind(JUDGE(f"{nested.removesuffix(chr(34) + '$0' + chr(34))} <x>"), {}, {"x": "evil"}, OURS).env == {}


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
