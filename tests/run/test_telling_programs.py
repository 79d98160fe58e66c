"""What tells a program what to run takes no value, and other places of the same programs still do."""

from __future__ import annotations

import pytest

from tocsin.incident.blank import Rule
from tocsin.playbook.model import Placeholder, Statement
from tocsin.playbook.placeholder import locate
from tocsin.run.binding import Bound, bind
from tocsin.run.kinds import Sources
from tocsin.words import Effect

TELLING = [
    "perl -pe 's/a/<id>/' list.txt", "perl -lpe 's/a/<id>/' list.txt", "node -pe '\"<id>\"'",
    "perl -MTime::Piece -e 'print \"<id>\"'", "perl -I lib -e 'print \"<id>\"'", "ruby -rtime -e 'puts \"<id>\"'",
    "php -d memory_limit=1G -r 'echo \"<id>\";'", "lua -l socket -e 'print(\"<id>\")'", "perl -M<id> -e 1",
    "python3 -m <id>", "awk -f <id> list.txt", "sed -f <id> list.txt", "make -f <id>", ". ./settings-<id>",
    "source ./settings-<id>", "tar -I <id> -cf all.tar logs", "tar --rsh-command=<id> -cf host:all.tar logs",
    "tar --info-script <id> -cf all.tar logs", "rsync -e <id> logs host:logs", "rsync --rsync-path=<id> logs host:logs",
    "scp -S <id> logs host:logs", "scp -oProxyCommand=<id> logs host:logs", "sftp -o ProxyCommand=<id> host",
    "sftp -D <id>", "git ls-remote --upload-pack=<id> .", "git clone -u <id> . copy", "git push --receive-pack=<id>",
    "git submodule foreach <id>", "git bisect run <id>", "git config core.pager <id>", "git rebase -x <id>",
    "sudo git -c <id> log",
    "git clone --config <id> . copy", "man -P <id> ls", "man --pager=<id> ls", "env PATH=<id> ls",
    "sudo LD_PRELOAD=<id> ls", "for ((i=<id>;i<3;i++)); do echo; done", "socat - <id>", "socat - EXEC:<id>",
    "socat - SYSTEM:<id>,pty", "watchexec 'echo <id>'", "ansible all -m shell -a 'echo <id>'",
    "consul exec 'echo <id>'", "salt '*' cmd.run 'echo <id>'", "aws ssm send-command --parameters commands='echo <id>'",
    "rails runner '<id>'",
    "python3 manage.py shell -c 'x(<id>)'", "docker run --entrypoint <id> image", "kubectl exec pod -- <id>",
    "docker exec c <id>", "docker exec -it -u root c <id> x", "sudo docker exec c sh <id>", "docker run img <id>",
    "docker run <id> ls", "docker run --rm -e A=b -v /x:/y img <id>", "docker compose exec web <id>",
    "docker compose run --rm web <id>", "podman exec c python3 <id>", "kubectl exec pod -- sh <id>",
    "ip netns exec n <id>", "sudo ip netns exec n <id>", "nsenter -t 1 -m <id>", "nsenter -t 1 -- <id>",
    "chroot /mnt <id>", "sqlite3 db < <id>", "psql < <id>", "mysql shop < <id>", "bash < <id>", "bash < x-<id>",
    "sudo -u postgres psql -f <id>", "psql -f<id>", "psql --file=<id>", "sqlite3 -init <id> db", "go run <id>",
    "npm exec <id>", "uv run <id>", "env <id>", "env A=b <id> x", "xargs <id>", "python3 <id>", "bash scripts/<id>.sh",
    "timeout 5 node <id>", "git -C x -c <id> log", "sudo git -C x -c <id> log",
    "flock /x <id>", "flock -n -w 5 /x <id>", "gosu app <id>", "su-exec app <id>",
    "setpriv --reuid 5 --regid 5 <id>", "setpriv --reuid=5 <id>", "runuser -u app -- <id>", "runuser -u app <id>",
    "unshare -n <id>",
    "lxc-attach -n c <id>", "lxc-attach -n c -e -- <id>", "numactl -N 0 -m 0 <id>", "cgexec -g cpu:x <id>",
    "proxychains -q <id>",
    "torsocks <id>", "ansible-playbook <id>", "ansible-playbook -i hosts <id>", "ansible-playbook all.yml <id>",
    "nomad alloc exec -task a x <id>", "java -jar <id>", "java -Xmx1g -jar <id> x", "sudo gosu app sh <id>",
    "tsx -e '<id>'", "nix-shell --run 'echo <id>'", "az vm run-command invoke --scripts 'echo <id>'",
]  # fmt: skip

SAYING = [
    "perl -e 'print $ARGV[0]' <id>", "ruby -rtime -e 'puts ARGV[0]' <id>", "python3 report.py -m <id>",
    "tar -cf all.tar logs-<id>", "tar -xf <id>.tar", "rsync -a logs host:<id>", "scp logs host:<id>",
    "git show <id>:list.txt", "git log -n 3 <id>", "git clone https://example.org/<id>.git", "man <id>",
    "env REGION=<id> ls", "awk -v id=<id> '$1 == id' list.txt", "sed -n 3p <id>.log", "make <id>",
    "git diff -u <id>", "git cherry-pick -x <id>", "docker ps --filter name=<id>",
    "wget -qO page-<id> http://web/x", "curl -o page-<id> http://web/x", "curl --url http://web/<id>",
    "docker exec web curl -sf http://web/<id>",
    "kubectl exec pod -- cat <id>.log", "docker exec web cat <id>.log", "salt web service.status <id>",
    "aws s3 ls s3://bucket/<id>", "aws sns publish --message <id>", "ansible-playbook all.yml -e tag=<id>",
    "consul kv get <id>", "python3 manage.py migrate <id>", "curl -s <id>:9100/metrics", "curl -s <id>/health",
    "curl -d <id> http://web/x", "curl --data-urlencode <id> http://web/x", "redis-cli -u redis://<id> ping",
    "psql postgres://web@<id>/shop -c 'select 1'", "curl -s <id>", "sudo curl -fsS http://<id>:9100/metrics",
    "kubectl exec web -c <id> -- ls", "tar czf <id>.tgz logs",
    "awk -F: -f x.awk <id>", "awk -fx.awk <id>", "sed -f x.sed <id>", "jq -f x.jq <id>", "git log -c <id>",
    "git -C x log -c <id>", "gcloud logging read <id>", "gcloud logging read 'resource.labels.x=<id>'",
    "kubectl --context=<id> get pods", "kubectl --server=https://<id>:6443 get pods", "docker exec <id> ls",
    "docker exec web python3 x.py <id>", "docker run app:<id>", "docker run --name <id> alpine ls",
    "docker compose exec web ls <id>", "ip netns exec <id> ls", "ip netns exec n ping <id>", "nsenter -t <id> -n ss",
    "psql -f backup-<id>.sql", "psql shop < dumps/<id>.sql", "cat < <id>", "go run ./cmd/x <id>", "env A=b ls <id>",
    "virtengine query node <id>", "sudo virtengine query node <id>", "bash -s -- <id>", "uv run pytest <id>",
    "flock /x ls <id>", "flock /run/<id>.lock ls", "gosu app ls <id>", "gosu <id> ls", "setpriv --reuid <id> ls",
    "runuser -u <id> -- ls", "runuser -u app -- ls <id>", "lxc-attach -n <id> -- ls", "numactl -N <id> ls",
    "cgexec -g <id> ls", "torsocks curl -s <id>", "ansible-playbook -l <id> all.yml",
    "nomad alloc exec -task a <id> ls", "nomad alloc exec -task <id> x ls", "java -jar app.jar <id>",
    "make deploy TAG=<id>", "socat - TCP:<id>:80", "for ((i=0;i<3;i++)); do echo <id>; done",
]  # fmt: skip


@pytest.mark.parametrize("text", TELLING)
def test_what_tells_a_program_what_to_run_takes_no_value(text: str) -> None:
    assert fill(text, "word").refused


@pytest.mark.parametrize("text", SAYING)
def test_other_places_of_the_same_programs_take_one(text: str) -> None:
    assert not fill(text, "word").refused


HOSTILE = {
    "a variable of make": ("make deploy TAG=<id>", "$(shell touch PWN)"),
    "a file of perl": ("perl -ne 'print' <id>", "| touch PWN"),
    "an archive that is no file": ("tar -cf <id> logs", "host:; touch PWN"),
    "a variable of ansible": ("ansible-playbook all.yml -e tag=<id>", "{{ lookup('pipe', 'touch PWN') }}"),
    "JSON in JSON": ('curl -d \'{"q": "{ user(id: \\"<id>\\") }"}\' http://web/x', 'a") } { all(id: "'),
    "a file in data": ("curl -d <id> http://web/x", "@/etc/passwd"),
    "a file in a form": ("curl -F note=<id> http://web/x", "@/etc/passwd"),
    "a file in a header": ("curl -H <id> http://web/x", "@/etc/passwd"),
    "an address of socat": ("socat - TCP:<id>:80", "x,fork EXEC:sh"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_program_takes_apart_takes_nothing_but_a_word_whatever_the_team_allows(name: str) -> None:
    text, value = HOSTILE[name]
    assert fill(text, value, ".*").refused


REACHING = {
    "a file behind a name": ("curl -G --data-urlencode <id> http://web/x", "a@/etc/passwd"),
    "a file as an address": ("curl <id>", "file:///etc/passwd"),
    "a file as an address behind flags": ("curl -sSf <id>", "file:///etc/passwd"),
    "a file as an address behind sudo": ("sudo curl <id>", "file:///etc/passwd"),
    "a file as an address by its flag": ("curl --url=<id>", "file:///etc/passwd"),
    "another host from a container": ("docker exec web curl <id>:80/x", "a@evil.example/x"),
    "a user before another host": ("curl -s api-<id>:8080/health", "x@evil.example/y"),
    "another host and a path": ("curl -s api-<id>:8080/health", "x/y"),
    "a host in a user": ("psql postgres://<id>@db/shop -c 'select 1'", "a@evil.example/x"),
    "a host in a user of redis": ("redis-cli -u redis://<id>@db ping", "a@evil.example/x"),
    "a file that aws reads": ("aws sns publish --message <id>", "file:///etc/passwd"),
    "bytes that aws reads": ("aws sns publish --message '<id>'", "fileb://etc/passwd"),
}


@pytest.mark.parametrize("name", REACHING)
def test_a_word_neither_sends_a_file_nor_goes_to_another_host(name: str) -> None:
    text, value = REACHING[name]
    assert fill(text, value).refused


GOING = [
    "ssh <id> uptime", "scp <id>:/x .", "scp logs root@<id>:/x", "rsync -a <id>:/x .", "rsync rsync://<id>/x .",
    "sftp <id>", "sftp <id>:/x", "psql -h <id> -c 'select 1'", "psql --host=<id> -c 'select 1'",
    "psql -d postgres://<id>/x -c 'select 1'", "psql postgres://web@<id>/shop -c 'select 1'", "psql 'host=<id>' -c ''",
    "docker -H <id> ps", "docker -H tcp://<id>:2375 ps", "docker --host=<id> ps", "sudo docker --context <id> ps",
    "kubectl --server <id> get pods", "kubectl get pods --server=https://<id>:6443", "kubectl get pods --context <id>",
    "curl -x <id> http://web/x", "curl -x<id> http://web/x", "curl --proxy http://<id>:3128 http://web/x",
    "curl --connect-to x:80:<id>:80 http://x", "git clone https://<id>/x.git", "git clone git@<id>:x.git",
    "DOCKER_HOST=<id> docker ps", "export KUBECONFIG=<id>", "env PGHOST=<id> psql -c 'select 1'",
    "docker exec web psql -h <id> -c 'select 1'", "mysql -h <id> -e 'select 1'", "redis-cli -h <id> ping",
]  # fmt: skip


@pytest.mark.parametrize("text", GOING)
def test_an_alert_names_no_machine_to_go_to_but_one_of_the_teams(text: str) -> None:
    """As with `ssh`. Whoever is asked for a value may give any, since they say where they go."""
    assert alert(text, "validator-3").values == {"id": "validator-3"}
    (held,) = alert(text, "evil.example").misfits
    assert "one of the team's targets" in held.takes
    assert not fill(text, "10.0.0.7").refused


PERHAPS = ["scp <id> x", "rsync -a <id> x", "psql -d <id> -c 'select 1'", "git clone <id>", "git fetch <id>",
           "git pull origin <id>", "git remote add x <id>"]  # fmt: skip


@pytest.mark.parametrize("text", PERHAPS)
@pytest.mark.parametrize("value", ["evil.example:/x", "https://evil.example/x", "git@evil.example:x"])
def test_nor_a_name_that_is_the_address_of_one(text: str, value: str) -> None:
    assert alert(text, value).misfits
    for ordinary in ("us-east-1", "10.0.0.7", "validator-3", "release-4.2"):
        assert alert(text, ordinary).values == {"id": ordinary}
    assert alert(text, "validator-3:/x").values


@pytest.mark.parametrize("text", [
    "scp logs host:<id>", "git clone https://example.org/<id>.git", "kubectl -n <id> get pods", "git show <id>:x.txt",
    "docker exec web curl -H 'X-Id: <id>' http://web/x", "psql -U <id> -c 'select 1'", "docker logs <id>",
    "kubectl exec pod -- cat -s <id>", "curl -s http://web/<id>", "git log <id>", "scp x web:<id>/y",
])  # fmt: skip
def test_what_says_nothing_of_where_it_goes_takes_what_an_alert_says(text: str) -> None:
    for ordinary in ("us-east-1", "10.0.0.7", "validator-3"):
        assert alert(text, ordinary).values == {"id": ordinary}


def alert(text: str, value: str) -> Bound:
    """The statement with what an alert says in its blanks, for a team with one target."""
    blanks = tuple(Placeholder(text=span.text, name=span.name) for span in locate(text))
    statement = Statement(line=1, text=text, effect=Effect.UNKNOWN, placeholders=blanks)
    return bind(statement, {}, {"id": value}, Sources(hosts=("validator-3",)))


def fill(text: str, value: str, pattern: str | None = None) -> Bound:
    """The statement with this value in all its blanks."""
    blanks = tuple(Placeholder(text=span.text, name=span.name) for span in locate(text))
    statement = Statement(line=1, text=text, effect=Effect.UNKNOWN, placeholders=blanks)
    rules = {blank.name: Rule(pattern=pattern) for blank in blanks} if pattern else {}
    return bind(statement, {blank.name: value for blank in blanks}, {}, Sources(rules=rules))
