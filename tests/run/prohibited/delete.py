"""What orders not to delete mean."""

from __future__ import annotations

from . import several
from .kind import Kind

_EVICTIONS = (
    "docker compose up -d --scale web=0",
    "docker service scale web=0",
    "docker compose -f a.yml scale web=0",
    "kubectl drain node1",
    "kubectl --context prod -A drain node1",
    "kubectl -n shop scale deploy/web --replicas=0",
)
_DELETIONS = (
    "docker swarm leave -f",
    "kubectl replace --force -f web.yaml",
    "ansible all -m file -a 'path=/data state=absent'",
    "mongosh --eval 'db.x.deleteMany({})'",
    "mv /var/lib/docker/containers/abc /tmp/",
    "dd if=/dev/null of=/data/db",
    "cp /dev/null /data/db",
    "rm -rf /srv/data",
    "docker rm -f web",
    "docker compose down -v",
    "docker system prune -af",
    "docker volume rm data",
    "kubectl delete pvc data",
    "find /srv -mtime +3 -delete",
    "shred -u key",
    "psql -c 'DROP TABLE users'",
    "psql -c 'DELETE FROM users'",
    "redis-cli FLUSHALL",
    "mkfs.ext4 /dev/sdb",
    "aws s3 rm s3://b --recursive",
    "aws ec2 terminate-instances --instance-ids i-1",
    "terraform destroy",
    "sh -c 'rm x'",
    "./scripts/purge_cache.sh",
    "truncate -s0 data.db",
)
_FREE = (
    "docker ps -a",
    "ls -l /srv/data",
    "df -h",
    "cp -a /srv/data /evidence/",
    "docker logs web > /evidence/deleted.txt",
    "grep -E 'POST|DELETE' access.txt",
    "psql -c \"SELECT * FROM jobs WHERE state = 'deleted'\"",
    "tar -czf /evidence/x.tgz /srv/data",
    "docker inspect web",
    "git log --diff-filter=D",
    "mkdir /evidence/removed",
    *several.LOGS_RESTART_DELETE,
    *several.LOGS_DELETE,
    "kubectl logs drain-controller",
    "kubectl get nodes -l drain=true",
    "kubectl get pdb drain-budget -o yaml",
    "kubectl describe node drain",
    "kubectl -n drain top node drain",
)

DELETE = Kind(
    orders=(
        "do NOT delete",
        "Never wipe or delete anything",
        "Do not remove the container",
        "no deletions, do not remove pods",
    ),
    refused=(*_EVICTIONS, *_DELETIONS),
    free=_FREE,
)

DELETE_DATA = Kind(
    orders=("Do NOT delete data", "Don't purge data", "Never drop the database"),
    refused=_DELETIONS,
    free=(*_EVICTIONS, *_FREE),
)
"""What orders mean that speak of data alone: taking a workload away deletes none."""
