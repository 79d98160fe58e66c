"""What orders to leave the firewall as it is mean."""

from __future__ import annotations

from .kind import Kind

FIREWALL = Kind(
    orders=("Do not change the firewall", "Never touch firewall rules", "do not modify security groups"),
    refused=(
        "ufw deny from 10.0.0.1",
        "sudo ufw disable",
        "iptables -A INPUT -j DROP",
        "iptables -F",
        "iptables-restore < rules",
        "nft add rule inet f i drop",
        "nft flush ruleset",
        "firewall-cmd --add-port=80/tcp",
        "ipset add blocked 10.0.0.1",
        "aws ec2 authorize-security-group-ingress --group-id x",
        "gcloud compute firewall-rules create x",
        "systemctl stop firewalld",
        "ssh web1 'iptables -F'",
    ),
    free=(
        "iptables -L -n",
        "sudo ufw status verbose",
        "nft list ruleset",
        "firewall-cmd --list-all",
        "aws ec2 describe-security-groups",
        "ss -tlnp",
        "systemctl status ufw",
        "docker restart web",
        "systemctl stop web",
        "iptables -S",
        "rm -rf /srv/cache",
    ),
)
