"""What orders not to deploy mean."""

from __future__ import annotations

from .kind import Kind

DEPLOY = Kind(
    orders=(
        "Do not deploy",
        "No deployments during the incident",
        "Never push or release",
        "do not roll out new versions",
    ),
    refused=(
        "kubectl apply -f web.yaml",
        "kubectl set image deploy/web web=web:2",
        "helm upgrade web ./chart",
        "helm install web ./chart",
        "terraform apply",
        "git push origin main",
        "npm publish",
        "docker stack deploy -c x.yml web",
        "docker compose up -d --build",
        "./deploy.sh prod",
        "make deploy",
        "argocd app sync web",
        "gh workflow run deploy.yml",
        "fly deploy",
        "ansible-playbook deploy.yml",
        "aws ecs update-service --service web --force-new-deployment",
    ),
    free=(
        "kubectl get deploy",
        "kubectl describe deploy web",
        "kubectl rollout status deploy/web",
        "kubectl rollout history deploy/web",
        "helm list",
        "git log --oneline",
        "git status",
        "terraform show",
        "docker ps",
        "docker restart web",
        "systemctl stop web",
        "docker logs deployer > /tmp/deploy.txt",
    ),
)
