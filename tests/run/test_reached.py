"""An alert, which anybody may have sent, names no machine but the team's, by whatever a command is sent there."""

from __future__ import annotations

import pytest

from tocsin.run.binding import bind
from tocsin.run.kinds import Sources

from .scene import JUDGE

OURS = Sources(hosts=["web-1", "node-eu-1", "10.0.0.7", "localhost", "web-1.example.org"])

SENT = """
curl http://<x>/health
curl -s https://<x>
curl --http2 <x>/health
curl -fsS <x>
curl -o out <x>
curl --url <x>
curl --url=<x>
curl -s https://<x>:8443/metrics
curl -s "http://<x>/a?b=c"
curl -s 'http://<x>/a'
curl -s -X POST http://user:pw@<x>/
curl -x <x> http://localhost/
wget -q -O - http://<x>/
wget <x>
http GET <x>/health
xh <x>
ping -c 3 <x>
dig <x>
dig @<x> example.org
nslookup example.org <x>
host <x>
traceroute <x>
mtr -r <x>
ssh-keyscan <x>
telnet <x> 25
nc -zv <x> 443
nc -w 3 <x> 443
ncat --ssl <x> 443
openssl s_client -connect <x>:443
openssl s_client -servername a -connect <x>:443 -brief
virtengine status --node tcp://<x>:26657
virtengine status --node <x>
virtengine query bank total --node=<x>
cast block --rpc-url https://<x>
cast block --rpc-url=<x>
promtool query instant --url http://<x> up
etcdctl --endpoints=<x>:2379 endpoint health
etcdctl --endpoints https://10.0.0.7:2379,https://<x>:2379 endpoint health
kafka-topics.sh --bootstrap-server <x>:9092 --list
kcat -b <x> -L
grpcurl -plaintext <x>:9090 list
nodetool -h <x> status
virsh -c qemu+ssh://<x>/system list
virsh qemu-agent-command <x> '{"execute":"guest-info"}'
virsh console <x>
sudo ping <x>
timeout 5 nc -z <x> 80
docker exec web curl http://<x>/
echo up | nc <x> 80
host=<x>; curl http://$host/
host=<x>; url="http://$host"; curl "$url"
for h in <x>; do ping -c 1 $h; done
for h in a <x> b; do ssh $h uptime; done
curl http://$(echo <x>)/
echo <x> | xargs -n 1 ping -c 1
echo <x> | xargs -I{} curl -s http://{}/
echo hello > /dev/tcp/<x>/80
cat < /dev/tcp/<x>/80
redis-cli -u redis://<x>:6379 ping
socat - TCP:<x>:80
gcloud compute ssh <x>
aws ssm start-session --target <x>
kubectl --server=https://<x>:6443 get pods
""".strip().splitlines()
"""Of each, the blank is the machine, or the machine with its port."""


@pytest.mark.parametrize("text", SENT)
def test_an_alert_names_only_a_machine_of_the_team(text: str) -> None:
    statement = JUDGE(text)
    for value in ("evil.example", "evil", "10.9.9.9", "2130706433", "web-1.evil.example", "web-1@evil", "evil:80"):
        held = bind(statement, {}, {"x": value}, OURS)
        assert held.missing == ("x",), value
        assert not held.argv and not held.env
    bound = bind(statement, {}, {"x": "web-1"}, OURS)
    assert (bound.missing, bound.refused) == ((), "")
    assert bind(statement, {"x": "evil.example"}, {"x": "web-1"}, OURS).missing == ()


@pytest.mark.parametrize("text", ["curl <x>", "wget <x>", "curl --url <x>", "virtengine status --node <x>"])
def test_a_whole_address_is_read_strictly(text: str) -> None:
    statement = JUDGE(text)
    for value in ("http://evil.example/web-1", "http://web-1@evil/", "http:/evil", "http:///evil", "evil/web-1",
                  "http://web-1:80@evil/", "http://web-1.evil/", "web-1:80:evil"):  # fmt: skip
        assert bind(statement, {}, {"x": value}, OURS).missing == ("x",), value
    for value in ("http://web-1/health", "web-1:9100", "https://10.0.0.7:443/a/b"):
        assert bind(statement, {}, {"x": value}, OURS).missing == (), value


@pytest.mark.parametrize(
    "text",
    [
        "curl http://node-<x>/health",
        "ssh node-<x> uptime",
        "curl http://node-<x>:9100/",
        "h=<x>; curl http://node-$h/",
    ],
)
def test_a_part_of_a_name_is_judged_with_the_rest_of_it(text: str) -> None:
    assert bind(JUDGE(text), {}, {"x": "eu-1"}, OURS).missing == ()
    assert bind(JUDGE(text), {}, {"x": "us-9"}, OURS).missing == ("x",)
    assert bind(JUDGE(text), {}, {"x": "web-1"}, OURS).missing == ("x",)


@pytest.mark.parametrize(
    "text",
    [
        "curl http://localhost:8080/nodes/<x>/health",
        "curl 'http://localhost:8080/q?node=<x>'",
        'curl -G http://localhost/q --data-urlencode "q=<x>"',
        "curl -H 'X-Node: <x>' http://localhost/",
        'curl -d \'{"url": "http://<x>/"}\' http://localhost/',
        "curl -sS -X POST http://localhost/ -d node=<x>",
        "curl -u <x> http://localhost/",
        "echo http://<x>/",
        "grep <x> /var/log/syslog",
        "kubectl get pod <x>",
        "kubectl logs -l node=<x>",
        "docker logs <x>",
        "docker restart <x>",
        "systemctl status <x>",
        "journalctl -u <x>",
        "virtengine query provider get <x>",
        "virtengine query bank balances --address <x>",
        "pnpm run reset --filter <x>",
        "ls /data/<x>/",
        "name=<x>; echo $name; curl http://localhost/",
        "for n in <x>; do kubectl describe node $n; done",
        "openssl s_client -connect localhost:443 -servername <x>",
    ],
)
def test_what_says_nothing_of_a_machine_stays_a_literal(text: str) -> None:
    assert bind(JUDGE(text), {}, {"x": "eu-west"}, OURS).missing == ()


@pytest.mark.parametrize(
    "text", ["curl http://localhost:<x>/", "nc -zv localhost <x>", "openssl s_client -connect localhost:<x>"]
)
def test_a_port_is_a_number(text: str) -> None:
    assert bind(JUDGE(text), {}, {"x": "9100"}, OURS).missing == ()
    assert bind(JUDGE(text), {}, {"x": "80@evil"}, OURS).missing == ("x",)


@pytest.mark.parametrize(
    "text",
    [
        "java -cp <x> Main",
        "java -classpath <x> Main",
        "java --class-path=<x> Main",
        "java -javaagent:<x> -jar app.jar",
        "java -cp app.jar <x>",
        "java -m <x>",
        "sudo java -cp <x> Main",
        "virsh qemu-agent-command web '<x>'",
        'virsh qemu-agent-command web \'{"execute": "<x>"}\'',
    ],
)
def test_nobody_chooses_what_runs(text: str) -> None:
    assert bind(JUDGE(text), {"x": "other"}, {}, OURS).refused
    assert not bind(JUDGE("java -jar app.jar <x>"), {"x": "other"}, {}, OURS).refused
