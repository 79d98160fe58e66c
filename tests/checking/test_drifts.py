"""Whatever drifts away from a playbook is found at its line, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.cli.reading import compile_text
from tocsin.integrations.checkout import read_checkout
from tocsin.knowledge import load_knowledge
from tocsin.playbook.reality import judge_playbook
from tocsin.playbook.source import show_lines

from .ground import NAMES, SAMPLES, Drift, both, chmod, copy, edit, judge, move, remove

COMPOSE = "infra/docker/docker-compose.yml"
FERRY = "docker-compose.yml"
BAZAAR = "deploy/docker/docker-compose.yml"
ROOT = "cmd/harbord/cmd/root.go"
QUERY = "cmd/harbord/cmd/query.go"

DRIFTS = (
    # a monorepo of pnpm
    Drift(
        sample="orchard",
        change=edit("package.json", '"diagnose"', '"doctor"'),
        at="pnpm run diagnose",
        verdict="missing",
        what="pnpm script diagnose",
    ),
    Drift(
        sample="orchard",
        change=edit("package.json", '"ops:tail"', '"ops:logs"'),
        at="ops:tail",
        verdict="missing",
        what="pnpm script ops:tail",
    ),
    Drift(
        sample="orchard",
        change=edit("package.json", '"ops:lint"', '"ops:slo"'),
        at="pnpm ops:lint",
        verdict="missing",
        what="pnpm script ops:lint",
        nearest="ops:slo",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/flags/package.json", "@orchard/flags", "@orchard/feature-flags"),
        at="@orchard/flags",
        verdict="missing",
        what="package @orchard/flags",
        nearest="@orchard/feature-flags",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/flags/package.json", '"start"', '"serve"'),
        at="@orchard/flags start",
        verdict="missing",
        what="pnpm script start of @orchard/flags",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/flags/src/cli.ts", "    disable: {", "    off: {"),
        at="--disable minting",
        verdict="missing",
        what="flag --disable",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/reserve/src/index.ts", "--check-feed", "--probe-feed"),
        at="--check-feed",
        verdict="missing",
        what="flag --check-feed",
        nearest="--probe-feed",
    ),
    Drift(
        sample="orchard",
        change=both(
            remove("packages/gateway/src/probe.ts"),
            edit("packages/gateway/package.json", "tsx src/probe.ts", "tsx src/probe.ts"),
        ),
        at="run probe",
        verdict="missing",
        what="src/probe.ts",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/gateway/package.json", '"probe"', '"check"'),
        at="run probe",
        verdict="missing",
        what="pnpm script probe of @orchard/gateway",
    ),
    Drift(
        sample="orchard",
        change=move("packages/gateway/package.json", "apps/gateway/package.json"),
        at="-C packages/gateway",
        verdict="missing",
        what="pnpm script probe",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/reserve/src/resync.ts", 'process.argv.includes("--yes")', "false"),
        at="resync -- --yes",
        verdict="missing",
        what="flag --yes",
        also=("asks",),
    ),
    Drift(
        sample="orchard",
        change=edit("packages/gateway/src/server.ts", "3000", "3100"),
        at="localhost:3000",
        verdict="missing",
        what="port 3000",
        nearest="3100",
    ),
    Drift(
        sample="orchard",
        change=edit("packages/reserve/src/index.ts", "RESERVE_FLOOR_SATS", "RESERVE_SATS"),
        at="export RESERVE_FLOOR_SATS",
        verdict="missing",
        what="exported variable RESERVE_FLOOR_SATS",
    ),
    Drift(
        sample="orchard",
        change=edit(
            "playbook.md",
            "RESERVE_FLOOR_SATS=100000000\n   pnpm --filter @orchard/reserve start -- --check-status\n",
            "RESERVE_FLOOR_SATS=100000000\n",
        ),
        at="export RESERVE_FLOOR_SATS",
        verdict="missing",
        what="exported variable RESERVE_FLOOR_SATS",
    ),
    Drift(
        sample="orchard",
        change=edit("playbook.md", "resync -- --yes", "resync"),
        at="@orchard/reserve resync",
        verdict="ambiguous",
        what="asks on a terminal",
    ),
    Drift(
        sample="orchard",
        change=move("pnpm-workspace.yaml", "pnpm-workspaces.yaml"),
        at="cat pnpm-workspace.yaml",
        verdict="missing",
        what="file pnpm-workspace.yaml",
        nearest="pnpm-workspaces.yaml",
    ),
    # a node in Rust, with compose and Kubernetes
    Drift(
        sample="granite",
        change=edit(COMPOSE, "  node-us-1:\n", "  node-us-east-1:\n"),
        at="--scale node-eu-2",
        verdict="missing",
        what="compose service node-us-1",
        nearest="node-us-east-1",
    ),
    Drift(
        sample="granite",
        change=edit(COMPOSE, "container_name: granite-node-eu-1", "container_name: granite-eu-1"),
        at="granite-node-eu-1",
        verdict="missing",
        what="container granite-node-eu-1",
        nearest="granite-eu-1",
    ),
    Drift(
        sample="granite",
        change=move(COMPOSE, "infra/compose/docker-compose.yml"),
        at="-f infra/docker",
        verdict="missing",
        what="compose file infra/docker/docker-compose.yml",
        nearest="infra/compose/docker-compose.yml",
    ),
    Drift(
        sample="granite",
        change=edit(COMPOSE, '"9401:9400"', '"9501:9400"'),
        at="localhost:9401",
        verdict="missing",
        what="port 9401",
    ),
    Drift(
        sample="granite",
        change=edit("infra/k8s/nodes.yaml", "name: granite-node-eu\n", "name: granite-validator-eu\n"),
        at="granite-node-",
        verdict="missing",
        what="Kubernetes ",
    ),
    Drift(
        sample="granite",
        change=edit("infra/k8s/nodes.yaml", "granite-production", "granite-prod", every=True),
        at="-n granite-production",
        verdict="missing",
        what="namespace granite-production",
        nearest="granite-prod",
    ),
    Drift(
        sample="granite",
        change=edit("infra/k8s/nodes.yaml", "app: granite-node", "app: node", every=True),
        at="-l app=granite-node",
        verdict="missing",
        what="label app=granite-node",
        nearest="app=node",
    ),
    Drift(
        sample="granite",
        change=edit("infra/k8s/nodes.yaml", "- name: node\n", "- name: granite\n"),
        at="-c node",
        verdict="missing",
        what="container node",
        nearest="granite",
    ),
    Drift(
        sample="granite",
        change=edit("infra/k8s/nodes.yaml", "kind: StatefulSet", "kind: Deployment"),
        at="statefulset/",
        verdict="missing",
        what="Kubernetes statefulset",
        also=("granite-node-eu-0",),
    ),
    Drift(
        sample="granite",
        change=edit("crates/node/src/main.rs", "    DbCheck {", "    Verify {"),
        at="db-check",
        verdict="missing",
        what="sub-command db-check",
    ),
    Drift(
        sample="granite",
        change=edit("crates/node/src/main.rs", "        keep_recent: u64", "        retain: u64"),
        at="--keep-recent",
        verdict="missing",
        what="flag --keep-recent",
        nearest=None,
    ),
    Drift(
        sample="granite",
        change=edit(
            "crates/node/src/main.rs", '#[command(name = "reset", alias = "clear")]', '#[command(name = "drop")]'
        ),
        at="peers reset",
        verdict="missing",
        what="sub-command peers reset",
    ),
    Drift(
        sample="granite",
        change=edit("crates/ctl/src/bin/ctl.rs", '"unban"', '"pardon"'),
        at="granitectl unban",
        verdict="missing",
        what="sub-command unban",
    ),
    Drift(
        sample="granite",
        change=edit("crates/ctl/Cargo.toml", 'name = "granitectl"', 'name = "granite-ctl"'),
        at="granitectl",
        verdict="missing",
        what="program granitectl",
        nearest="granite-ctl",
    ),
    Drift(
        sample="granite",
        change=edit("crates/node/src/metrics.rs", "granite_active_miners", "granite_miners"),
        at="granite_active_miners",
        verdict="missing",
        what="metric granite_active_miners",
        nearest="granite_miners",
    ),
    Drift(
        sample="granite",
        change=edit("crates/node/src/metrics.rs", "granite_txs_processed_total", "granite_transactions_total"),
        at="rate(granite_txs",
        verdict="missing",
        what="metric granite_txs_processed_total",
    ),
    Drift(
        sample="granite",
        change=edit("infra/prometheus/alerts.rules.yml", "ChainNotProgressing", "ChainStalled"),
        at="Alert: ChainNotProgressing",
        verdict="missing",
        what="alert rule ChainNotProgressing",
        nearest="ChainStalled",
    ),
    Drift(
        sample="granite",
        change=edit("Makefile", "snapshot:", "backup:"),
        at="make snapshot",
        verdict="missing",
        what="make target snapshot",
    ),
    Drift(
        sample="granite",
        change=edit(COMPOSE, "name: granite\n", "name: granite-net-dev\n"),
        at="network inspect",
        verdict="missing",
        what="network granite_granite-net",
    ),
    Drift(
        sample="granite",
        change=move("infra/k8s/nodes.yaml", "infra/k8s/statefulset.yaml"),
        at="kubectl apply",
        verdict="missing",
        what="infra/k8s/nodes.yaml",
    ),
    # compose with npm scripts
    Drift(
        sample="ferry",
        change=edit(FERRY, "  api:\n", "  backend:\n"),
        at=" api",
        verdict="missing",
        what="compose service api",
        also=("ferry-api-1",),
    ),
    Drift(
        sample="ferry",
        change=edit(FERRY, "  web:\n", "  frontend:\n"),
        at=" web",
        verdict="missing",
        what="compose service web",
    ),
    Drift(
        sample="ferry",
        change=edit(FERRY, "  redis:\n", "  cache:\n"),
        at="exec redis",
        verdict="missing",
        what="compose service redis",
    ),
    Drift(
        sample="ferry",
        change=edit("api/package.json", '"pause:sailings"', '"sailings:pause"'),
        at="pause:sailings",
        verdict="missing",
        what="npm script pause:sailings",
        nearest="sailings:pause",
    ),
    Drift(
        sample="ferry",
        change=edit("api/package.json", '"rpc:ping"', '"node:ping"'),
        at="rpc:ping",
        verdict="missing",
        what="npm script rpc:ping",
        nearest="node:ping",
    ),
    Drift(
        sample="ferry",
        change=edit("web/package.json", '"cache:clear"', '"cache:drop"'),
        at="cache:clear",
        verdict="missing",
        what="npm script cache:clear",
        nearest="cache:drop",
    ),
    Drift(
        sample="ferry", change=remove("scripts/rollback.sh"), at="rollback.sh", verdict="missing", what="rollback.sh"
    ),
    Drift(
        sample="ferry",
        change=move("scripts/smoke.sh", "scripts/smoke_test.sh"),
        at="smoke.sh",
        verdict="missing",
        what="smoke.sh",
        nearest="scripts/smoke_test.sh",
    ),
    Drift(sample="ferry", change=chmod("scripts/status.sh"), at="status.sh", verdict="missing", what="not executable"),
    Drift(
        sample="ferry",
        change=edit("scripts/send_alert.sh", 'SEVERITY="$1"\nMESSAGE="$2"', 'MESSAGE="$1"\nSEVERITY="$2"'),
        at="send_alert.sh",
        verdict="ambiguous",
        what="order",
    ),
    Drift(
        sample="ferry",
        change=edit("scripts/send_alert.sh", "critical|warning|info", "page|warning|info"),
        at="send_alert.sh",
        verdict="missing",
        what="argument critical",
    ),
    Drift(
        sample="ferry",
        change=edit("scripts/status.sh", "$# -lt 2", "$# -lt 3"),
        at="status.sh",
        verdict="missing",
        what="arguments of scripts/status.sh",
    ),
    Drift(
        sample="ferry",
        change=edit(FERRY, '"3001:3001"', '"3002:3001"'),
        at="3001",
        verdict="missing",
        what="port 3001",
        nearest="3002",
    ),
    Drift(
        sample="ferry",
        change=edit(FERRY, '"8080:80"', '"8090:80"'),
        at="localhost:8080",
        verdict="missing",
        what="port 8080",
        nearest="8090",
    ),
    Drift(
        sample="ferry",
        change=edit("nginx/ferry.conf", "api.ferry.example.com", "gateway.ferry.example.com"),
        at="https://api.ferry",
        verdict="missing",
        what="host api.ferry.example.com",
    ),
    Drift(
        sample="ferry",
        change=edit("scripts/rollback.sh", 'git checkout "$VERSION"', 'read -p "Sure? " sure\ngit checkout "$VERSION"'),
        at="rollback.sh",
        verdict="ambiguous",
        what="asks on a terminal",
    ),
    Drift(
        sample="ferry",
        change=edit(FERRY, "services:\n", "name: crossing\nservices:\n"),
        at="ferry-api-1",
        verdict="missing",
        what="container ferry-api-1",
        nearest="crossing-api-1",
    ),
    # compose with shell scripts that read arguments and ask
    Drift(
        sample="bazaar",
        change=edit("scripts/restore-wallet.sh", 'BACKUP_FILE="$1"\nWALLET="$2"', 'WALLET="$1"\nBACKUP_FILE="$2"'),
        at="restore-wallet.sh",
        verdict="ambiguous",
        what="order",
    ),
    Drift(
        sample="bazaar",
        change=edit("playbook.md", "latest.tar.gz.gpg buyer", "latest.tar.gz.gpg"),
        at="restore-wallet.sh",
        verdict="missing",
        what="WALLET",
    ),
    Drift(
        sample="bazaar",
        change=edit("playbook.md", "latest.tar.gz.gpg buyer", "latest.tar.gz.gpg seller"),
        at="restore-wallet.sh",
        verdict="missing",
        what="argument seller",
    ),
    Drift(
        sample="bazaar",
        change=edit("playbook.md", "restore-database.sh --yes", "restore-database.sh"),
        at="restore-database.sh",
        verdict="ambiguous",
        what="asks on a terminal",
        nearest="--yes",
    ),
    Drift(
        sample="bazaar",
        change=edit("scripts/restore-database.sh", "--yes|-y", "--assume-yes"),
        at="restore-database.sh",
        verdict="missing",
        what="flag --yes",
        nearest="--assume-yes",
    ),
    Drift(
        sample="bazaar",
        change=chmod("scripts/check-integrity.sh"),
        at="check-integrity.sh",
        verdict="missing",
        what="not executable",
    ),
    Drift(
        sample="bazaar",
        change=edit("scripts/check-integrity.sh", "while read", 'read -rp "Which table? " only\nwhile read'),
        at="check-integrity.sh",
        verdict="ambiguous",
        what="asks on a terminal",
    ),
    Drift(
        sample="bazaar",
        change=edit("scripts/test-escrow.py", '"stagenet", "mainnet"', '"testnet", "mainnet"'),
        at="test-escrow.py",
        verdict="missing",
        what="argument stagenet",
        nearest="testnet",
    ),
    Drift(
        sample="bazaar",
        change=edit("scripts/test-escrow.py", "--amount", "--value"),
        at="test-escrow.py",
        verdict="missing",
        what="flag --amount",
    ),
    Drift(
        sample="bazaar",
        change=edit("scripts/test-escrow.py", "print(args)", 'input("go? ")'),
        at="test-escrow.py",
        verdict="ambiguous",
        what="asks on a terminal",
    ),
    Drift(
        sample="bazaar",
        change=edit("playbook.md", "export GPG_RECIPIENT_KEY=ops@example.com\n", ""),
        at="restore-wallet.sh",
        verdict="ambiguous",
        what="environment variable GPG_RECIPIENT_KEY",
    ),
    Drift(
        sample="bazaar",
        change=edit("deploy/security/scripts/rotate-secrets.sh", '"--rotate"', '"rotate"'),
        at="--rotate",
        verdict="missing",
        what="flag --rotate",
    ),
    Drift(
        sample="bazaar",
        change=move("deploy/security/scripts/rotate-secrets.sh", "deploy/security/rotate-secrets.sh"),
        at="rotate-secrets.sh",
        verdict="missing",
        what="rotate-secrets.sh",
        nearest="deploy/security/rotate-secrets.sh",
    ),
    Drift(
        sample="bazaar",
        change=edit(BAZAAR, "  database:\n", "  store:\n"),
        at="restart database",
        verdict="missing",
        what="compose service database",
    ),
    Drift(
        sample="bazaar",
        change=edit(BAZAAR, "container_name: bazaar-server", "container_name: bazaar-app"),
        at="inspect bazaar-server",
        verdict="missing",
        what="container bazaar-server",
    ),
    Drift(
        sample="bazaar",
        change=edit(
            "playbook.md",
            "Response:**\n\n```bash\ncd deploy/docker\nsudo docker compose restart",
            "Response:**\n\n```bash\nsudo docker compose restart",
        ),
        at="restart database",
        verdict="ambiguous",
        what="working directory",
        also=("cd ../..", "./scripts/"),
    ),
    Drift(
        sample="bazaar",
        change=edit(BAZAAR, '"127.0.0.1:18082:18082"', '"127.0.0.1:28082:18082"'),
        at="18082",
        verdict="missing",
        what="port 18082",
        nearest="28082",
    ),
    Drift(
        sample="bazaar",
        change=edit("src/metrics.py", "bazaar_requests_total", "bazaar_http_requests_total"),
        at="topk",
        verdict="missing",
        what="metric bazaar_requests_total",
    ),
    Drift(
        sample="bazaar",
        change=edit("deploy/docker/rules.yml", "HighErrorRate", "ErrorBudgetBurn"),
        at="Alert: HighErrorRate",
        verdict="missing",
        what="alert rule HighErrorRate",
    ),
    Drift(
        sample="bazaar",
        change=move(BAZAAR, "deploy/compose/docker-compose.yml"),
        at="docker compose",
        verdict="missing",
        what="compose file",
        nearest="deploy/compose/docker-compose.yml",
    ),
    # a daemon in Go, with a command line and systemd
    Drift(
        sample="harbor",
        change=move("init/harbord.service", "init/harbor-node.service"),
        at="harbord",
        verdict="missing",
        what="systemd unit harbord",
        also=("harbord q", "harbord tx", "harbord rollback", "harbord query"),
    ),
    Drift(
        sample="harbor",
        change=move("init/berth-agent@.service", "init/berth@.service"),
        at="berth-agent@1",
        verdict="missing",
        what="systemd unit berth-agent@1",
    ),
    Drift(
        sample="harbor",
        change=edit("Makefile", "ml-scoring.service", "scoring.service"),
        at="ml-scoring",
        verdict="missing",
        what="systemd unit ml-scoring",
        nearest="scoring",
    ),
    Drift(
        sample="harbor",
        change=edit(QUERY, 'Use: "orders"', 'Use: "list-orders"'),
        at="market orders",
        verdict="missing",
        what="sub-command query market orders",
        nearest="list-orders",
    ),
    Drift(
        sample="harbor",
        change=edit(QUERY, '"state", "s"', '"status", "s"'),
        at="--state pending",
        verdict="missing",
        what="flag --state",
        nearest="--status",
    ),
    Drift(
        sample="harbor",
        change=edit(QUERY, 'Aliases: []string{"q"}', "Aliases: nil"),
        at="harbord q market",
        verdict="missing",
        what="sub-command q",
    ),
    Drift(
        sample="harbor",
        change=edit(ROOT, 'Bool("hard"', 'Bool("force"'),
        at="rollback --hard",
        verdict="missing",
        what="flag --hard",
    ),
    Drift(
        sample="harbor",
        change=edit(ROOT, "\t\tnewRollbackCmd(),\n", ""),
        at="rollback --hard",
        verdict="missing",
        what="sub-command rollback",
    ),
    Drift(
        sample="harbor",
        change=edit("cmd/harbord/cmd/tx.go", '"revoke-key"', '"revoke"'),
        at="revoke-key",
        verdict="missing",
        what="sub-command tx revoke-key",
        nearest="revoke",
    ),
    Drift(
        sample="harbor",
        change=edit(QUERY, "cmd.AddCommand(market, scoreCmd)", "cmd.AddCommand(market)"),
        at="query score",
        verdict="missing",
        what="sub-command query score",
    ),
    Drift(
        sample="harbor",
        change=edit("internal/metrics/metrics.go", '"block_height"', '"chain_height"'),
        at="harbor_block_height",
        verdict="missing",
        what="metric harbor_block_height",
        nearest="harbor_chain_height",
    ),
    Drift(
        sample="harbor",
        change=edit("internal/metrics/metrics.go", '"errors_total"', '"failures_total"'),
        at="harbor_errors_total",
        verdict="missing",
        what="metric harbor_errors_total",
    ),
    Drift(
        sample="harbor",
        change=edit("deploy/alerts.yaml", "alert: NoBids", "alert: NoBidsReceived"),
        at="Alert: NoBids",
        verdict="missing",
        what="alert rule NoBids",
        nearest="NoBidsReceived",
    ),
    Drift(
        sample="harbor",
        change=edit("ansible/inventory/hosts.ini", "validator-[1:4]", "validator-[1:3]"),
        at="validator-{1..4}",
        verdict="missing",
        what="host validator-4",
    ),
    Drift(
        sample="harbor",
        change=edit("config/config.toml", ":26660", ":26661"),
        at="localhost:26660",
        verdict="missing",
        what="port 26660",
        nearest="26661",
    ),
    Drift(
        sample="harbor",
        change=edit("deploy/k8s.yaml", "  name: harbor\n  namespace", "  name: harbor-api\n  namespace"),
        at="deployment/harbor",
        verdict="missing",
        what="Kubernetes deployment harbor",
        nearest="harbor-api",
    ),
    Drift(
        sample="harbor",
        change=edit("Makefile", "install: build", "setup: build"),
        at="make install",
        verdict="missing",
        what="make target install",
    ),
    Drift(
        sample="harbor",
        change=move("config/config.toml", "config/harbor.toml"),
        at="cat config/config.toml",
        verdict="missing",
        what="config/config.toml",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_playbook_that_holds_is_found_to_hold(name: str) -> None:
    rows = judge(SAMPLES / name)
    assert [(row.line, row.what, row.why) for row in rows if row.verdict in ("missing", "ambiguous")] == []
    assert sum(row.verdict == "matches" for row in rows) > len(rows) * 0.8


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: f"{drift.sample}: {drift.at}: {drift.what}")
def test_a_drift_is_found_at_its_line_and_nowhere_else(drift: Drift, tmp_path: Path) -> None:
    root = copy(drift.sample, tmp_path)
    drift.change(root)
    rows = judge(root)
    hit = [row for row in rows if row.verdict == drift.verdict and drift.what in row.what]
    assert hit, [(row.line, row.verdict, row.what) for row in rows if drift.at in row.text]
    assert all(drift.at in row.text for row in hit)
    assert drift.nearest in (None, *(row.nearest for row in hit))
    allowed = (drift.at, *drift.also)
    wrong = [row for row in rows if row.verdict in ("missing", "ambiguous")]
    assert [(row.line, row.text, row.what) for row in wrong if not any(each in row.text for each in allowed)] == []


SEEDS = {
    "orchard": "mycelia",
    "granite": "bitcell",
    "ferry": "usdx-wexel",
    "bazaar": "monero-marketplace",
    "harbor": "virtengine",
}


@pytest.mark.parametrize("name", NAMES)
def test_another_teams_playbook_does_not_match_and_every_verdict_has_its_reason(name: str, shared: Path) -> None:
    content = (shared / "seeds" / f"{SEEDS[name]}.md").read_bytes()
    playbook = compile_text(content, "seed.md")
    rows = judge_playbook(playbook, show_lines(content), read_checkout(SAMPLES / name), load_knowledge().programs)
    assert {row.line for row in rows} >= {statement.line for statement in playbook.statements}
    assert sum(row.verdict == "missing" for row in rows) >= 10
    assert all(row.why for row in rows if row.verdict != "matches")
    assert all(row.what for row in rows if row.verdict != "not_checkable")


def test_there_are_enough_of_every_shape() -> None:
    assert len(DRIFTS) >= 40
    assert all(sum(drift.sample == name for drift in DRIFTS) >= 8 for name in NAMES)
