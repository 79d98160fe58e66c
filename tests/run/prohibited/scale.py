"""What orders not to scale mean."""

from __future__ import annotations

from .kind import Kind

SCALE = Kind(
    orders=("Do not scale the workers", "Never resize instances", "Avoid scaling during the incident"),
    refused=(
        "kubectl scale deploy/web --replicas=3",
        "kubectl autoscale deploy/web --max=3",
        "docker compose up -d --scale web=3",
        "docker service scale web=3",
        "aws autoscaling set-desired-capacity --desired-capacity 3",
        "aws ecs update-service --service web --desired-count 3",
        "gcloud container clusters resize x --num-nodes 3",
        "az vmss scale --new-capacity 3",
        "heroku ps:scale web=3",
        'kubectl patch deploy web -p \'{"spec":{"replicas":3}}\'',
        "./scale-up.sh",
    ),
    free=(
        "kubectl get hpa",
        "kubectl describe hpa web",
        "kubectl top pods",
        "docker compose ps",
        "docker restart web",
        "aws autoscaling describe-auto-scaling-groups",
        "grep scale /var/log/app.log",
        "kubectl rollout restart deploy/web",
        "free -m",
        "docker service ls",
    ),
)
