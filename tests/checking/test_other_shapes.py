"""Shapes of systems that the samples do not have: what has drifted is found, and nothing is made up."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last, say

JUST = {
    "justfile": 'set shell := ["bash", "-c"]\nmod ops\nimport "more.just"\n\nrestart service="api:1" *rest:\n  true\n',
    "ops.just": "drain node:\n  true\n",
    "more.just": "alias s := status\nstatus:\n  true\n",
}
ARGPARSE = {
    "drain.py": "import argparse\np = argparse.ArgumentParser()\ns = p.add_subparsers()\n"
    'a = s.add_parser("node", aliases=["n"])\na.add_argument("kind", choices=["full", "part"])\ns.add_parser("list")\n'
}
CLICK = {
    "tool.py": "import click\n\n@click.group()\ndef cli(): pass\n\n@cli.command()\ndef flush_cache(): pass\n\n"
    '@cli.command("warm")\n@click.option("--region")\ndef other(region): pass\n'
}
WORKFLOW = {
    ".github/workflows/rollback.yml": "name: Emergency rollback\non:\n  workflow_dispatch:\n    inputs:\n"
    "      version: {}\n",
    ".github/workflows/ci.yml": "name: CI\non: [push]\n",
}
METRICS = {
    "M.java": 'class M { Counter c = Counter.builder("orders.placed").register(r); }\n',
    "m.py": "from prometheus_client import Gauge\nP = 'shop_'\nA = Gauge(f'{P}latency', 'x')\n"
    "B = Gauge('shop_up_since', 'x')\n",
}
DEEP = {"web/run.sh": "#!/bin/sh\n", "root.sh": "#!/bin/sh\n"}
HOST = {
    "docker-compose.yml": "services:\n  a:\n    image: x\n    ports: ['8088:80']\n  b: {image: y, network_mode: host}\n"
}
PORTS = {"docker-compose.yml": "services:\n  a:\n    image: x\n    ports: ['8088:80']\n"}
CHART = {
    "chart/Chart.yaml": "name: shop\ndependencies:\n- name: redis\n",
    "k.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: ledger\n",
}


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        (JUST, "just restart web"),
        (JUST, "just ops::drain n1"),
        (JUST, "just ops drain n1"),
        (JUST, "just s"),
        (ARGPARSE, "python3 drain.py node full"),
        (ARGPARSE, "python3 drain.py n part"),
        (CLICK, "python3 tool.py flush-cache"),
        (CLICK, "python3 tool.py warm --region eu"),
        (WORKFLOW, "gh workflow run rollback.yml -f version=1.2"),
        (WORKFLOW, 'gh workflow run "Emergency rollback"'),
        (METRICS, "curl -s app/metrics | grep orders_placed_total"),
        (DEEP, "pushd web && ./run.sh && popd\n./root.sh"),
        (DEEP, "(pushd web; ./run.sh)\n./root.sh"),
    ],
)
def test_what_is_there_matches(files: dict[str, str], fence: str) -> None:
    assert {verdict for verdict, _ in say(files, fence)} == {"matches"}


@pytest.mark.parametrize(
    ("files", "fence", "what"),
    [
        (JUST, "just reboot web", "just target reboot"),
        (JUST, "just ops undrain n1", "just target ops::undrain"),
        (ARGPARSE, "python3 drain.py nodes full", "sub-command nodes of drain.py"),
        (CLICK, "python3 tool.py flush", "sub-command flush of tool.py"),
        (WORKFLOW, "gh workflow run rolback.yml", "workflow rolback.yml"),
        (WORKFLOW, "gh workflow run rollback.yml -f verson=1.2", "input verson of workflow rollback.yml"),
        (WORKFLOW, "gh workflow run ci.yml", "workflow ci.yml by hand"),
        (METRICS, "curl -s app/metrics | grep shop_up_sinse", "metric shop_up_sinse"),
        (DEEP, "pushd web && ./run.sh && popd\n./rot.sh", "script ./rot.sh"),
        (PORTS, "curl -s localhost:8089", "port 8089 on localhost"),
        (CHART, "kubectl get statefulset leger", "Kubernetes statefulset leger"),
    ],
)
def test_what_has_drifted_is_missing(files: dict[str, str], fence: str, what: str) -> None:
    assert last(files, fence) == ("missing", what)


PARSED_ELSEWHERE = [
    "import fire\nfire.Fire(dict)\n",
    "import typer\ndef main(name: str, force: bool = False): pass\ntyper.run(main)\n",
    '"""Usage: t.py [--force] <x>"""\nfrom docopt import docopt\ndocopt(__doc__)\n',
    "from shop.cli import main\nmain()\n",
    "from .cli import main\nmain()\n",
    "import optparse\np = optparse.OptionParser()\np.add_option('--force')\n",
]


def test_the_shell_goes_back_to_where_it_was() -> None:
    assert last(DEEP, "cd web\n./run.sh\ncd -\n./root.sh") == ("matches", "script ./root.sh")
    assert last(DEEP, "cd web\n./run.sh\ncd -\n./run.sh")[0] != "matches"


@pytest.mark.parametrize("text", PARSED_ELSEWHERE)
def test_no_flag_is_called_ignored_where_something_else_may_read_it(text: str) -> None:
    assert last({"t.py": text}, "python3 t.py x --force") == ("matches", "script t.py")


def test_a_flag_that_nothing_reads_is_still_found() -> None:
    text = "import os\nimport sys\nprint(os.getpid())\n"
    assert last({"t.py": text}, "python3 t.py --force") == ("missing", "flag --force of t.py")
    assert last({"t.mjs": "import x from './args.js'\nx()\n"}, "node t.mjs --force")[0] == "matches"


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        ({**PORTS}, "curl -s localhost:9090/-/healthy"),
        (HOST, "curl -s localhost:6379"),
        (CHART, "kubectl get statefulset prod-redis-master"),
        (METRICS, "curl -s app/metrics | grep shop_latency"),
        (WORKFLOW, "gh workflow run ci.yml --repo other/one"),
        ({"justfile": "import 'gone.just'\na:\n  true\n"}, "just b"),
        ({"t.py": 's.add_subparsers()\nfor n in "ab": s.add_parser(n)\n'}, "python3 t.py a && just b"),
    ],
)
def test_what_nobody_can_say_is_not_made_up(files: dict[str, str], fence: str) -> None:
    assert last(files, fence)[0] in ("not_checkable", "matches")


def test_a_script_that_nobody_has_read_says_nothing_of_its_flags() -> None:
    rows = check({"big.sh": None}, "./big.sh --status")  # type: ignore[dict-item]
    assert [str(row.verdict) for row in rows] == ["matches"]


def test_a_gap_in_a_name_is_shown_as_one() -> None:
    chart = {
        "c/Chart.yaml": "name: shop\n",
        "c/templates/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-api\n"
        "spec:\n  template:\n    spec:\n      containers:\n      - name: api\n",
    }
    assert last(chart, "kubectl logs deploy/prod-api -c sidecar") == ("missing", "container sidecar of …-api")
