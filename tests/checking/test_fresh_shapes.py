"""Shapes of systems that nobody had looked at: Django, kustomize, charts by path, profiles, parsers of Node."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

COMMAND = """
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("queue", choices=["orders", "mail"])
        parser.add_argument("--limit", type=int)
        parser.add_argument("--noinput", action="store_false", dest="interactive")

    def handle(self, *args, **options):
        if options["interactive"] and input("Really? ") != "yes":
            return
"""
OTHERS = """
from shop.commands import ReportCommand


class Command(ReportCommand):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--limit", type=int)
"""
DJANGO = {
    "manage.py": "from django.core.management import execute_from_command_line\n",
    "shop/management/commands/__init__.py": "",
    "shop/management/commands/drain_queue.py": COMMAND,
    "shop/management/commands/report_day.py": OTHERS,
    "docker-compose.yml": "services:\n  web:\n    build: .\n  job:\n    image: x\n    profiles: [batch]\n",
}
IN_WEB = "docker compose exec -T web "
CLUSTER = {
    "deploy/base/kustomization.yaml": "resources: [a.yaml]\n",
    "deploy/base/a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec:\n"
    "  ports: [{port: 80, targetPort: 7400}]\n",
    "deploy/chart/Chart.yaml": "name: shop\n",
}
NODE = {
    "package.json": '{"name": "a", "scripts": {"move": "tsx move.ts", "drain": "tsx drain.ts"}}',
    "move.ts": 'import { parseArgs } from "node:util";\n'
    'parseArgs({ options: { to: { type: "string" }, yes: { type: "boolean", short: "y" } } });\n',
    "drain.ts": 'import yargs from "yargs";\nyargs(process.argv).option("queue", { alias: ["q", "topic"] }).parse();\n',
}

JUST = {
    "justfile": 'set shell := ["sh"]\nx := "1"\nplain:\n  true\nbackup target label="manual" *rest: plain\n  true\n'
    '[private]\n[confirm("Sure?")]\nwipe network:\n  true\nmany +names:\n  true\nodd a=(x + "b") c="d":\n  true\n',
}


@pytest.mark.parametrize(
    ("files", "fence", "what"),
    [
        (DJANGO, "python manage.py drain_queue orders --noinput -v 2", "drain_queue.py"),
        (DJANGO, f"{IN_WEB}python manage.py drain_queue mail --limit 5 --noinput", "compose service web"),
        (DJANGO, f"{IN_WEB}./manage.py report_day --since monday", "compose service web"),
        (DJANGO, f"{IN_WEB}python manage.py migrate --plan", "compose service web"),
        (DJANGO, f"{IN_WEB}python manage.py shell_plus", "compose service web"),
        (DJANGO, "docker compose --profile batch up -d", "compose profile batch"),
        (CLUSTER, "kubectl port-forward svc/api 9000:80", "port 80"),
        (CLUSTER, "kubectl port-forward svc/api 9000:http", "service api"),
        (CLUSTER, "kustomize build deploy/base", "manifest deploy/base"),
        (CLUSTER, "helm upgrade --install shop deploy/chart", "deploy/chart"),
        (NODE, "npm run move -- --to 42 -y", "flag -y"),
        (JUST, "just backup /b", "just target backup"),
        (JUST, "just backup /b nightly --fast", "just target backup"),
        (JUST, "just --yes wipe testnet", "just target wipe"),
        (JUST, "yes | just wipe testnet", "just target wipe"),
        (JUST, "just plain", "just target plain"),
        (JUST, "just odd", "just target odd"),
        (NODE, "npm run drain -- -q mail", "flag -q"),
        (NODE, "npm run drain -- --topic mail", "flag --topic"),
    ],
)
def test_what_is_there_matches(files: dict[str, str], fence: str, what: str) -> None:
    row = check(files, fence)[-1]
    assert row.verdict == "matches", row.findings
    assert any(what in each.what for each in row.findings) or what.endswith(".py")


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (DJANGO, f"{IN_WEB}python manage.py drain_queue --noinput", "missing", ": queue"),
        (DJANGO, f"{IN_WEB}python manage.py drain_queue invoices --noinput", "missing", "argument invoices"),
        (DJANGO, f"{IN_WEB}python manage.py drain_queue mail --max 3 --noinput", "missing", "flag --max"),
        (DJANGO, f"{IN_WEB}python manage.py drain_queue mail", "ambiguous", "asks on a terminal"),
        (DJANGO, f"{IN_WEB}./manage.py drain_queues mail --noinput", "ambiguous", "command drain_queues"),
        (DJANGO, "docker compose --profile batches up -d", "missing", "compose profile batches"),
        (CLUSTER, "kubectl port-forward svc/api 9000:7400", "missing", "port 7400"),
        (CLUSTER, "kustomize build deploy/bases", "missing", "deploy/bases"),
        (CLUSTER, "helm upgrade --install shop deploy/charts", "missing", "deploy/charts"),
        (NODE, "npm run move -- --target 42", "missing", "flag --target"),
        (NODE, "npm run move -- -n", "missing", "flag -n"),
        (JUST, "just backup", "missing", "just target backup: target"),
        (JUST, "just many", "missing", "just target many: names"),
        (JUST, "just wipe testnet", "ambiguous", "just target wipe asks"),
    ],
)
def test_what_has_drifted_is_found(files: dict[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings


@pytest.mark.parametrize("fence", ["helm upgrade shop bitnami/redis", "helm install shop oci://h/deploy/x"])
def test_a_chart_of_a_registry_is_no_path(fence: str) -> None:
    assert last(CLUSTER, fence)[0] == "not_checkable"


@pytest.mark.parametrize("action", ["store_true", "store_false", "count"])
def test_a_switch_of_argparse_takes_no_value(action: str) -> None:
    text = f"""
import argparse
p = argparse.ArgumentParser()
p.add_argument("name")
p.add_argument("-q", action="{action}")
"""
    assert last({"t.py": text}, "python3 t.py -q web")[0] == "matches"
