"""What orders to leave keys, secrets and certificates as they are mean."""

from __future__ import annotations

from .kind import Kind

KEYS = Kind(
    orders=(
        "Do not rotate keys",
        "Never change passwords or secrets",
        "Do not revoke certificates",
        "don't renew the certs",
    ),
    refused=(
        "./scripts/setup-sops.sh --rotate",
        "vault kv put secret/x a=b",
        "vault operator rekey",
        "passwd root",
        "ssh-keygen -t ed25519 -f key",
        "openssl genrsa -out key.pem 4096",
        "certbot renew",
        "aws iam create-access-key --user-name x",
        "aws secretsmanager rotate-secret --secret-id x",
        "kubectl delete secret db",
        "kubeadm certs renew all",
        "psql -c \"ALTER USER app PASSWORD 'x'\"",
        "./rotate-keys.sh",
        "sops updatekeys secrets.yaml",
    ),
    free=(
        "openssl x509 -in cert.pem -noout -dates",
        "ssh-keygen -lf key.pub",
        "kubectl get secrets",
        "vault status",
        "certbot certificates",
        "aws iam list-access-keys",
        "docker restart web",
        "systemctl stop web",
        "logrotate -f /etc/logrotate.conf",
        "cp -a /etc/ssl /evidence/",
        "passwd -S root",
        "docker compose stop server",
    ),
)
