"""Drifts of a daemon in Go, with a command line and systemd."""

from __future__ import annotations

from .ground import Drift, edit, move

ROOT = "cmd/harbord/cmd/root.go"
QUERY = "cmd/harbord/cmd/query.go"

DRIFTS: tuple[Drift, ...] = (
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
