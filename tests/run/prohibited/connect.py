"""What orders not to log in to a machine mean."""

from __future__ import annotations

from .kind import Kind

CONNECT = Kind(
    orders=("Do not ssh into the compromised host", "Never log in to affected machines", "do not log into the server"),
    refused=(
        "ssh web1",
        "ssh web1 uptime",
        "ssh -i key root@10.0.0.1 'ls'",
        "sudo ssh web1 ls",
        "sh -c 'ssh web1 ls'",
        "scp x web1:/tmp/",
        "sftp web1",
        "mosh web1",
        "aws ssm start-session --target i-1",
        "gcloud compute ssh web1",
        "docker exec -it web sh",
        "kubectl exec -it web -- sh",
    ),
    free=(
        "ping -c1 web1",
        "curl -s http://web1/health",
        "docker ps",
        "docker logs web",
        "kubectl get pods",
        "grep ssh /var/log/auth.log",
        "systemctl status ssh",
        "systemctl stop web",
        "aws ec2 describe-instances",
        "dig web1",
        "docker restart web",
    ),
)
