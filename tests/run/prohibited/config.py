"""What orders to leave settings as they are mean."""

from __future__ import annotations

from .kind import Kind

CONFIG = Kind(
    orders=("Do not change the configuration", "Never edit config files", "do not modify settings"),
    refused=(
        "sed -i s/a/b/ /etc/nginx/nginx.conf",
        "echo x >> /etc/hosts",
        "vi /etc/nginx/nginx.conf",
        "cp new.conf /etc/nginx/nginx.conf",
        "sysctl -w vm.swappiness=1",
        "kubectl edit deploy web",
        "kubectl set env deploy/web A=b",
        "psql -c 'ALTER SYSTEM SET work_mem = 1'",
        "redis-cli config set maxmemory 1gb",
        "echo x | sudo tee /etc/sysctl.d/x.conf",
        "systemctl edit web",
        "crontab jobs",
        "ssh web1 'sed -i s/a/b/ /etc/x.conf'",
    ),
    free=(
        "cat /etc/nginx/nginx.conf",
        "nginx -t",
        "sysctl vm.swappiness",
        "redis-cli config get maxmemory",
        "kubectl get configmap",
        "cp /etc/nginx/nginx.conf /evidence/",
        "git diff",
        "docker restart web",
        "docker compose config",
        "crontab -l",
        "systemctl stop web",
    ),
)
