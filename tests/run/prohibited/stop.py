"""What orders not to stop anything mean."""

from __future__ import annotations

from .kind import Kind

STOP = Kind(
    orders=("Do not stop the node", "Never kill the process", "do not shut down services"),
    refused=(
        "systemctl stop web",
        "docker stop web",
        "docker kill web",
        "kill -9 123",
        "pkill web",
        "killall web",
        "kubectl scale deploy/web --replicas=0",
        "kubectl drain node1",
        "poweroff",
        "docker compose down",
        "docker compose stop",
        "service web stop",
        "ssh web1 'systemctl stop web'",
        "./stop.sh",
    ),
    free=(
        "systemctl status web",
        "docker ps",
        "ps aux",
        "kill -0 123",
        "docker logs web",
        "kubectl get pods",
        "grep kill /var/log/syslog",
        "docker inspect stopped",
        "cp x /evidence/stop.txt",
        "systemctl is-active web",
        "docker logs web > /tmp/stopped.txt",
    ),
)
