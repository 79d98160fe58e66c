"""What orders not to fail over mean."""

from __future__ import annotations

from .kind import Kind

FAILOVER = Kind(
    orders=("Do not fail over", "Never promote the replica", "no one may switch over the database: do not failover"),
    refused=(
        "pg_ctl promote -D /data",
        "patronictl switchover",
        "patronictl failover --force",
        "repmgr standby promote",
        "redis-cli CLUSTER FAILOVER",
        "redis-cli replicaof no one",
        "aws rds failover-db-cluster --db-cluster-identifier x",
        "aws rds promote-read-replica --db-instance-identifier x",
        "gcloud sql instances failover x",
        "mongosh --eval 'rs.stepDown()'",
        "psql -c 'SELECT pg_promote()'",
        "./failover.sh",
    ),
    free=(
        "patronictl list",
        "redis-cli info replication",
        "psql -c 'SELECT * FROM pg_stat_replication'",
        "docker restart db",
        "kubectl get pods",
        "repmgr cluster show",
        "aws rds describe-db-clusters",
        "systemctl status patroni",
        "grep failover /var/log/patroni.log",
        "kubectl scale deploy/web --replicas=3",
    ),
)
