"""One kind of thing at a time: what is said of a statement beside a checkout of a few lines."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tocsin.knowledge import load_knowledge
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.reality import File, Repository, Row, judge_playbook
from tocsin.playbook.reality.repository import make_folders

HEAD = "# Runbook\n\n## Scenarios\n\n### 1. It is down (P1)\n\n**Symptoms:**\n- slow\n\n**Diagnosis:**\n\n```bash\n"


def check(files: Mapping[str, str], fence: str) -> list[Row]:
    """The rows of a playbook with one fence."""
    may_run = (".sh", "gradlew", "bin/rails")
    known = {path: File(path=path, text=text, executable=path.endswith(may_run)) for path, text in files.items()}
    repository = Repository(files=known, name="shop", folders=make_folders(known))
    text = f"{HEAD}{fence}\n```\n"
    playbook = compile_playbook(text.encode(), "runbook.md", load_knowledge())
    return list(judge_playbook(playbook, text.split("\n"), repository, load_knowledge().programs))


def say(files: Mapping[str, str], fence: str) -> list[tuple[str, str]]:
    """Verdict and subject of each row."""
    return [(str(row.verdict), row.what) for row in check(files, fence)]


def last(files: Mapping[str, str], fence: str) -> tuple[str, str]:
    """Those of the last row."""
    return say(files, fence)[-1]


COMPOSE = {"docker-compose.yml": "services:\n  web:\n    image: x\n    ports: ['80:8080']\n  db:\n    image: y\n"}
OVERRIDE = {**COMPOSE, "docker-compose.override.yml": "services:\n  mail:\n    image: z\n"}
PROD = {**COMPOSE, "docker-compose.prod.yml": "services:\n  proxy:\n    image: z\n"}
BOTH = "-f docker-compose.yml -f docker-compose.prod.yml"
CHOSEN = {**PROD, ".env": "COMPOSE_FILE=docker-compose.yml:docker-compose.prod.yml\n"}
QUERY = "curl -s http://prom:9090/api/v1/query"
INIT_GO = """package main

var rootCmd = &cobra.Command{Use: "shopd"}
var statusCmd = &cobra.Command{
	Use: "status [flags]",
	RunE: func(cmd *cobra.Command, args []string) error { return nil },
}

func init() {
	rootCmd.AddCommand(statusCmd)
	statusCmd.Flags().BoolP("verbose", "v", false, "")
	rootCmd.PersistentFlags().StringVar(&home, "home", "", "")
	addKeys(rootCmd)
}

func addKeys(parent *cobra.Command) {
	keys := &cobra.Command{Use: "keys"}
	keys.AddCommand(&cobra.Command{Use: "rotate"})
	parent.AddCommand(keys)
}

func main() { rootCmd.Execute() }
"""
SDK_GO = """package main

func main() {
	root := &cobra.Command{Use: "shopd"}
	query := &cobra.Command{Use: "query"}
	query.AddCommand(bankcli.GetQueryCmd(), marketCmd())
	root.AddCommand(query)
	root.Execute()
}

func marketCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "market"}
	flags.AddQueryFlagsToCmd(cmd)
	cmd.Flags().String("state", "", "")
	return cmd
}
"""
GO = {"go.mod": "module example.com/shop\n", "cmd/shopd/main.go": INIT_GO}
SDK = {"go.mod": "module example.com/shop\n", "cmd/shopd/main.go": SDK_GO}
RUST = {
    "Cargo.toml": "[package]\nname = 'noded'\n",
    "src/main.rs": "#[derive(Parser)]\nstruct Opts {\n    #[clap(short, long)]\n    config: PathBuf,\n"
    "    #[clap(subcommand)]\n    cmd: Cmd,\n}\n#[derive(Subcommand)]\nenum Cmd {\n    /// go\n"
    "    Start { #[arg(long)] rpc_port: Option<u16> },\n    #[clap(flatten)]\n    Extra(Extra),\n}\n"
    "#[derive(Subcommand)]\nenum Extra { Doctor }\n",
}
UNITS = {"deploy/shop.service": "[Unit]\nDescription=x\n", "deploy/worker@.service": "[Service]\nExecStart=/x\n"}
NODE = {
    "package.json": '{"name": "root", "scripts": {"seed": "node seed.js"}}',
    "packages/a/package.json": '{"name": "@shop/a", "scripts": {"start": "node src/cli.js", "t": "vitest"}}',
    "packages/a/src/cli.js": "const argv = require('minimist')(process.argv.slice(2));\n"
    "if (argv.disableAll) off(); use(argv['dry-run']);",
    "packages/b/package.json": '{"name": "@shop/b", "scripts": {"start": "tsx src/x.ts"}}',
    "packages/b/src/x.ts": "program.option('-f, --force', 'x').option('--only <name>'); program.parse(process.argv)",
}  # fmt: skip
K8S = {
    "k8s/base/app.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n  labels: {app: api}\n",
    "k8s/base/kustomization.yaml": "resources: [app.yaml]\n",
    "k8s/prod/kustomization.yaml": "namePrefix: prod-\nnamespace: shop-prod\nresources: [../base]\n",
}
HELM = {
    "chart/Chart.yaml": "name: shop\nversion: 1.0.0\n",
    "chart/templates/app.yaml": 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n'
    '  name: {{ include "shop.fullname" . }}-worker\n'
    "  labels:\n    {{- include \"shop.labels\" . | nindent 4 }}\n",
}  # fmt: skip
OPTS = {
    "x.sh": "#!/bin/sh\n"
    'while getopts "e:fh" opt; do case $opt in e) ENV=$OPTARG;; f) F=1;; *) exit 2;; esac; done\n'
    'shift $((OPTIND-1))\necho "$1"\n'
}
ASKS = {
    "x.sh": '#!/bin/bash\nFORCE=0\n[ "$1" = "--force" ] && FORCE=1\nif [ "$FORCE" -ne 1 ]; then\n'
    '  read -p "sure? " a\nfi\n'
}
SELECT = {"x.sh": "#!/bin/bash\nselect x in a b; do echo $x; done\n"}
LOOP = {
    "x.sh": "#!/bin/bash\ncat list | while read line; do echo $line; done\n"
    "while IFS= read -r l; do :; done < f\nread -r v < /proc/uptime\n"
}
FLAGS = "while [ $# -gt 0 ]; do case $1 in --dry-run) D=1;; --to) T=$2; shift;; *) exit 1;; esac; shift; done\n"
RIGID = {"a.sh": f"#!/bin/bash\nenv=$1\nshard=$2\nshift 2\n{FLAGS}"}
LOOSE = {"a.sh": '#!/bin/bash\nfor arg in "$@"; do case $arg in --dry-run) D=1;; *) env=$arg;; esac; done\necho $env\n'}
WRAPS = {"a.sh": '#!/bin/sh\nregion=$1; shift\nexec kubectl --context "$region" "$@"\n'}
PLACED = {"a.sh": '#!/bin/sh\nif [ "$1" = "--force" ]; then F=1; shift; fi\nenv=$1\necho $env\n'}
CASED = {"a.sh": '#!/bin/sh\ncase "$1" in -h|--list) ls; exit;; esac\nenv=$1\necho $env\n'}
ANEW = {"a.sh": f"#!/bin/bash\nset -- $(getopt -o '' -l dry-run,to: -- \"$@\")\nenv=$1\n{FLAGS}"}
ORDER = "in another order than the script reads them"
JOBS = {"job.yml": "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: reconcile, namespace: shop}\n"}
METRICS = {"app.py": 'from prometheus_client import Counter\nC = Counter("shop_orders_total", "x")\n'}


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (COMPOSE, "docker compose restart web", "matches", "compose service web"),
        (COMPOSE, "docker compose restart wbe", "missing", "compose service wbe"),
        (COMPOSE, "sudo docker-compose -p other logs -f --tail=5 db", "matches", "compose service db"),
        (COMPOSE, "docker compose up -d --scale web=3 --no-deps", "matches", "compose service web"),
        (COMPOSE, "docker compose run --rm web sh -c 'ls'", "matches", "compose service web"),
        (COMPOSE, "docker logs shop_web_1", "matches", "container shop_web_1"),
        (COMPOSE, "docker logs other-db-2", "matches", "container other-db-2"),
        (COMPOSE, "docker logs web", "missing", "container web"),
        (COMPOSE, "docker exec -it shop-web-1 ls", "matches", "container shop-web-1"),
        (COMPOSE, "docker exec -it shop-wbe-1 ls", "missing", "container shop-wbe-1"),
        (COMPOSE, "docker compose exec -it wbe ls", "missing", "compose service wbe"),
        (COMPOSE, "docker compose ps -a wbe", "missing", "compose service wbe"),
        (COMPOSE, "docker compose rm -sfv wbe", "missing", "compose service wbe"),
        (COMPOSE, "docker compose restart -t 30 wbe", "missing", "compose service wbe"),
        (COMPOSE, "timeout 5 docker compose logs -t -n 5 wbe", "missing", "compose service wbe"),
        (COMPOSE, "docker volume ls", "not_checkable", ""),
        (COMPOSE, "curl localhost:8080/health", "missing", "port 8080 on localhost"),
        (COMPOSE, "docker compose exec web curl localhost:8080/health", "matches", "compose service web"),
        (COMPOSE, "docker compose exec web ping -c 1 dbs", "matches", "compose service web"),
        (OVERRIDE, "docker compose restart mail", "matches", "compose service mail"),
        (PROD, "docker compose restart proxy", "ambiguous", "compose service proxy"),
        (PROD, f"docker compose {BOTH} restart proxy web", "matches", "compose service"),
        (CHOSEN, "docker compose restart proxy", "matches", "proxy"),
        ({}, "docker compose restart web", "not_checkable", "compose"),
        ({}, "kubectl get pods", "not_checkable", ""),
        (GO, "go run . status", "matches", "program shopd"),
        (GO, "go run ./cmd/shopd statsu", "missing", "sub-command statsu"),
        (GO, "shopd status -v --home /x", "matches", "sub-command status"),
        (GO, "shopd keys rotate", "matches", "sub-command keys rotate"),
        (GO, "shopd keys rotated", "missing", "sub-command keys rotated"),
        (GO, "shopd status --quiet", "missing", "flag --quiet"),
        (GO, "shopdd status", "missing", "program shopdd"),
        (GO, "ssh h 'shopd statsu'", "missing", "sub-command statsu"),
        (SDK, "shopd query bank balances", "matches", "sub-command query"),
        (SDK, "shopd query market --limit 5 --state x", "matches", "flag --state"),
        (RUST, "noded --config x start --rpc-port 1", "matches", "flag --config"),
        (RUST, "noded -c x doctor", "matches", "sub-command doctor"),
        (RUST, "noded extra", "missing", "sub-command extra"),
        (RUST, "noded start --rpc_port 1", "missing", "flag --rpc_port"),
        (UNITS, "systemctl restart shop worker@2", "matches", "systemd unit"),
        (UNITS, "sudo systemctl restart shopp.service", "missing", "systemd unit shopp.service"),
        (UNITS, "systemctl restart nginx", "not_checkable", "systemd unit nginx"),
        (UNITS, "journalctl -fu shop", "matches", "systemd unit shop"),
        (UNITS, "journalctl -xe", "not_checkable", ""),
        ({}, "systemctl restart shop", "not_checkable", "systemd unit shop"),
        (NODE, "pnpm --filter @shop/a start -- --disable-all", "matches", "flag --disable-all"),
        (NODE, "pnpm --filter @shop/a start -- --dry-run", "matches", "flag --dry-run"),
        (NODE, "pnpm --filter @shop/a start -- --enable", "missing", "flag --enable"),
        (NODE, "pnpm -F ./packages/b start --only x -f", "matches", "flag --only"),
        (NODE, "pnpm --filter b start", "matches", "package b"),
        (NODE, "npm run seed --prefix packages/a", "missing", "npm script seed"),
        (NODE, "npm --prefix packages/a run t", "matches", "npm script t"),
        (NODE, "npm run start --workspace=@shop/b", "matches", "npm script start"),
        (NODE, "yarn workspace @shop/b start", "matches", "yarn script start"),
        (NODE, "pnpm install", "not_checkable", ""),
        (NODE, "cd packages/a && npm run t", "matches", "npm script t"),
        (NODE, "cd packages/c && npm run t", "missing", "folder packages/c"),
        (K8S, "kubectl rollout restart deploy/prod-api -n shop-prod", "matches", "Kubernetes deployment prod-api"),
        (K8S, "kubectl -n shop-prod logs -f deployment/prod-api", "matches", "Kubernetes deployment prod-api"),
        (K8S, "kubectl scale deployment prod-ap --replicas=2", "missing", "Kubernetes deployment prod-ap"),
        (K8S, "kubectl apply -k k8s/prod", "matches", "manifest k8s/prod"),
        (K8S, "kubectl get pods -l app=api -o wide", "matches", "label app=api"),
        (HELM, "kubectl rollout restart deployment/shop-worker", "matches", "Kubernetes deployment shop-worker"),
        (OPTS, "./x.sh -e prod -f now", "matches", "script ./x.sh"),
        (OPTS, "./x.sh -q now", "missing", "flag -q"),
        (ASKS, "./x.sh", "ambiguous", "asks on a terminal"),
        (ASKS, "./x.sh --force", "matches", "script ./x.sh"),
        (ASKS, "yes | ./x.sh", "matches", "script ./x.sh"),
        (ASKS, "sudo bash x.sh", "ambiguous", "asks on a terminal"),
        (SELECT, "./x.sh", "ambiguous", "asks on a terminal (select)"),
        (LOOP, "./x.sh", "matches", "script ./x.sh"),
        (RIGID, "./a.sh prod 3 --dry-run --to 4", "matches", "flag --to"),
        (RIGID, "./a.sh --dry-run prod 3", "ambiguous", ORDER),
        (RIGID, "./a.sh prod --to 4 3", "ambiguous", ORDER),
        (LOOSE, "./a.sh --dry-run prod", "matches", "flag --dry-run"),
        (WRAPS, "./a.sh eu --tail=3 get pods", "matches", "script ./a.sh"),
        (WRAPS, "./a.sh --tail=3 eu get pods", "ambiguous", ORDER),
        (PLACED, "./a.sh --force prod", "matches", "flag --force"),
        (PLACED, "./a.sh prod --force", "ambiguous", ORDER),
        (CASED, "./a.sh --list", "matches", "flag --list"),
        (ANEW, "./a.sh --dry-run prod", "matches", "flag --dry-run"),
        (JOBS, "kubectl -n shop create job --from=cronjob/reconcile now", "matches", "cronjob reconcile"),
        (JOBS, "kubectl -n shop create job --from=cronjob/reconciler now", "missing", "cronjob reconciler"),
        (METRICS, "rate(shop_orders_total[5m])", "matches", "metric shop_orders_total"),
        (METRICS, "rate(shop_order_total[5m])", "missing", "metric shop_order_total"),
        (METRICS, "rate(node_cpu_seconds_total[5m])", "not_checkable", "metric node_cpu_seconds_total"),
        (METRICS, f"{QUERY}?query=topk(10,sum(rate(shop_orders_total[5m]))by(code))", "matches", "shop_orders_total"),
        (METRICS, f"{QUERY} -G --data-urlencode 'query=shop_order_total'", "missing", "metric shop_order_total"),
        ({"a.txt": "x", "conf/app.toml": ""}, "cat conf/app.toml", "matches", "file conf/app.toml"),
        ({"a.txt": "x", "conf/app.toml": ""}, "cat conf/ap.toml", "missing", "file conf/ap.toml"),
        ({"ops/x.sh": "#!/bin/sh"}, "x.sh", "matches", "script x.sh"),
        ({"ops/x.sh": "#!/bin/sh"}, "y.sh", "not_checkable", "script y.sh"),
        ({"a.txt": "x"}, "cat /etc/hosts", "not_checkable", "file /etc/hosts"),
        ({"a.txt": "x"}, "echo hi > out.json\ncat out.json", "not_checkable", "file out.json"),
        ({"a.txt": "x"}, "df -h", "not_checkable", ""),
        ({"scripts/x.sh": "#!/bin/sh\n"}, "cd /opt/shop\n./scripts/x.sh", "matches", "script"),
        ({"scripts/x.sh": "#!/bin/sh\n"}, "/opt/shop/scripts/x.sh", "matches", "script"),
        ({"scripts/x.sh": "#!/bin/sh\n"}, "/opt/shop/scripts/y.sh", "missing", "script /opt/shop/scripts/y.sh"),
        ({"scripts/x.sh": "#!/bin/sh\n"}, "/usr/local/bin/y.sh", "not_checkable", "script /usr/local/bin/y.sh"),
        ({"scripts/x.sh": "#!/bin/sh\n"}, "ssh host './scripts/y.sh'", "not_checkable", ""),
        ({"x.sh": '#!/bin/sh\necho "$LIMIT"\n'}, "export LIMIT=5\n./x.sh", "matches", "script"),
        ({"x.sh": '#!/bin/sh\necho "$LIMIT"\n'}, "LIMITS=5 ./x.sh", "missing", "variable LIMITS"),
    ],
)  # fmt: skip
def test_a_statement_gets_its_verdict(files: Mapping[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings


def test_an_export_reaches_what_is_started_later_and_nothing_else() -> None:
    files = {
        "x.sh": '#!/bin/sh\necho "$LIMIT"\n',
        "docker-compose.yml": "services:\n  a:\n    image: i\n    environment: [LEVEL]\n",
    }
    assert say(files, "export LIMIT=5\n./x.sh")[0] == ("matches", "exported variable LIMIT")
    assert say(files, "export LIMIT=5\ndf -h")[0] == ("missing", "exported variable LIMIT")
    assert say(files, "export LEVEL=5\ndocker compose up -d a")[0] == ("matches", "exported variable LEVEL")
    assert say(files, "export LEVEL=5\ndocker compose restart a")[0] == ("missing", "exported variable LEVEL")
    assert say(files, 'export NOBODY=5\necho "$NOBODY"')[0] == ("matches", "exported variable NOBODY")
    assert say(files, "export NOBODY=5")[0] == ("missing", "exported variable NOBODY")
    assert say(files, "export KUBECONFIG=/x")[0][0] == "not_checkable"
