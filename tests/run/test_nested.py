"""A value never becomes part of a program: wherever another program reads its argument, its input or a variable as one,
the blank is refused with the reason, and it is not where the same program takes data.
"""

from __future__ import annotations

import pytest

from tocsin.run.binding import bind

from .scene import JUDGE

PROGRAMS = r"""
sh -c 'echo <id>'
bash -lc "echo <id>"
bash -c -- "echo <id>"
bash -o pipefail -c 'ls <id>'
bash -xc 'ls <id>'
/bin/sh -c 'echo <id>'
"ba"sh -c 'echo <id>'
busybox sh -c 'echo <id>'
command sh -c 'echo <id>'
X=1 sh -c 'echo <id>'
if sh -c 'echo <id>'; then ls; fi
sudo -u x bash -c 'a <id>'
sudo sh -c "echo <id> > /etc/x"
timeout 5 sh -c 'ls <id>'
nohup bash -c 'ls <id>' &
flock /x -c 'ls <id>'
su - postgres -c "psql -c '<id>'"
ssh h 'a <id>'
ssh -p 22 u@h df <id>
ssh -t host sudo ls <id>
ssh -o ProxyCommand=<command> h
sshpass -p x ssh h 'ls <id>'
vagrant ssh -c 'ls <id>'
gcloud compute ssh h --command='ls <id>'
psql -c "select '<id>'"
sudo -u postgres psql -d x -c "select '<id>'"
docker exec -it db psql -U x -c "select <id>"
docker compose exec db sh -c 'echo <id>'
kubectl -n x exec pod -- sh -c 'echo <id>'
kubectl run x --image=y --command -- sh -c 'ls <id>'
mysql -e "select '<id>'" db
mysql -u root --execute="select '<id>'"
sqlite3 db "select '<id>'"
sqlite3 -header db 'select "<id>"'
duckdb -c "select '<id>'"
mongosh --eval 'db.x.find("<id>")'
clickhouse-client --query "select '<id>'"
redis-cli eval "return '<id>'" 0
jq '.a == "<id>"' f
jq -r ".[\"<id>\"]" f
awk '/<id>/ {print}' f
awk -F: '$1 == "<id>"' f
sed -i 's/a/<id>/' f
sed -e "s/<id>/b/" f
python3 -c 'print("<id>")'
python3.11 -c "print('<id>')"
perl -e 'print "<id>"'
perl -ne 'print if /<id>/' f
node -e 'console.log("<id>")'
ruby -e "puts '<id>'"
php -r 'echo "<id>";'
eval "echo <id>"
eval echo <id>
trap 'echo <id>' EXIT
watch 'ls <id>'
watch -n 5 ls <id>
parallel echo <id> ::: a
env -S "ls <id>"
find . -exec sh -c 'echo <id>' \;
xargs -I{} sh -c 'echo {} <id>'
aws ec2 describe-instances --query "Reservations[?x=='<id>']"
kubectl get pods -o jsonpath='{.items[?(@.name=="<id>")]}'
docker inspect --format '{{.Name}} <id>' x
<id> foo
sudo <id>
sudo -u root <id> x
env A=1 <id>
timeout 5 <id>
exec <id>
find . -exec <id> \;
xargs -n 1 <id>
let "x=<id>"
(( x = <id> ))
declare -i x=<id>
printf -v <id> x
mapfile -C <id> -c 1 a < f
BASH_ENV=<id> bash x.sh
LD_PRELOAD=<id> ls
GIT_SSH_COMMAND=<id> git fetch
git -c alias.x=!<id> x
tar cf x --checkpoint-action=exec=<id> .
rsync --rsh=<id> a b
tmux send-keys -t x <id> Enter
echo <id> | xargs -I{} sh -c 'echo {}'
echo <id> | xargs ssh h
echo "ls <id>" | bash
echo <id> | ssh h
echo "select '<id>'" | psql db
echo <id> | while read x; do sh -c "$x"; done
bash <<< "echo <id>"
psql <<< "select '<id>'"
bash <(echo "echo <id>")
sh -c "$(echo <id>)"
X=<id>; bash -c "echo $X"
X=<id>; psql -c "select '$X'"
X=<id>; $X foo
for x in <id>; do ssh h "echo $x"; done
a=(<id>); ssh h "${a[0]}"
f() { sh -c "$1"; }; f <id>
sh -c 'eval "$1"' _ <id>
sh -c '$1' _ <id>
sh -c 'sudo "$1"' _ <id>
awk -v c=<id> '{ print | c }'
x=<id>; bash <<< "$x"
x=<id>; echo "$x" | bash
x=<id>; echo "select '$x'" | psql
x=<id> bash -c '$x'
x=<id> bash -c 'eval "$x"'
export x=<id>; bash -c '$x'
x=<id>; export x; bash -c '$x'
env x=<id> bash -c '$x'
docker exec -e x=<id> c sh -c '$x'
kubectl exec p -- env x=<id> sh -c '$x'
x=<id> python3 -c 'import os; os.system(os.environ["x"])'
x=<id> awk 'BEGIN{system(ENVIRON["x"])}'
set -- <id>; "$1"
set -- a <id>; shift; "$@"
printf -v x %s <id>; $x
: "${x:=<id>}"; "$x"
jobs -x <id>
compgen -C <id>
zip a b -T -TT <id>
""".strip().splitlines()

DATA = r"""
sh -c 'echo "$1"' sh <id>
bash x.sh -c <id>
./x.sh <id>
X=<id> sh -c 'echo "$X"'
jq --arg id <id> '.a == $id' f
psql -v id=<id> -f q.sql
psql -h <name> -p 5432 -c 'select 1'
awk -v id=<id> '$1 == id' f
awk '{print $1}' <file>
python3 -c 'import sys; print(sys.argv[1])' <id>
ssh <name> uptime
ssh user@<name> 'df -h'
ssh -i <key> h uptime
docker exec <id> ls
docker exec -it <container> sh -c 'ls'
kubectl -n <ns> exec <pod> -- sh -c 'ls'
kubectl logs <pod> -c <container>
kubectl get pods -l app=<id> -o jsonpath='{.items}'
docker restart node <id>
sudo -u <user> systemctl status web
sudo systemctl restart <service>
timeout 5 ping <id>
TICKET=<id> ./x.sh
read x <<< <id>
docker logs <id> | grep x | jq .a
echo <id> | xargs ls
find <dir> -name x -exec ls {} +
for v in <id>; do ping -c 1 "$v"; done
git commit -m "fix <id>"
redis-cli GET <key>
sqlite3 <file> 'select 1'
sed -n 1p <file>
x=<id> bash -c 'echo "$x"'
docker exec -e x=<id> c sh -c 'echo "$x"'
set -- <id>; echo "$1"
x=<id>; echo "$x" | grep a
for h in <id>; do echo "select 1" | psql; done
x=<id> docker compose up -d
""".strip().splitlines()


@pytest.mark.parametrize("text", PROGRAMS)
def test_no_value_is_put_into_a_program_of_another_program(text: str) -> None:
    statement = JUDGE(text)
    bound = bind(statement, {blank.name: "us-east-1" for blank in statement.placeholders}, {})
    assert bound.values, "all its blanks have a value"
    assert bound.refused.endswith("copy it and run it by hand.")
    assert (bound.env, bound.argv) == ({}, ())


@pytest.mark.parametrize("text", DATA)
def test_a_value_is_put_where_the_same_programs_take_data(text: str) -> None:
    statement = JUDGE(text)
    bound = bind(statement, {blank.name: "7" for blank in statement.placeholders}, {})
    assert not bound.refused
    assert bound.env or bound.argv


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("sh -c 'echo <id>'", "sh -c '… \"$1\" …' sh <id>"),
        ("jq '.a == \"<id>\"' f", "jq --arg value <id>"),
        ("psql -c \"select '<id>'\"", "psql -v value=<id>, with :'value'"),
        ("awk '/<id>/' f", "awk -v value=<id>"),
    ],
)
def test_what_is_refused_says_where_the_value_belongs(text: str, way: str) -> None:
    assert way in bind(JUDGE(text), {"id": "x"}, {}).refused
