"""What orders not to power anything off mean."""

from __future__ import annotations

from .kind import Kind

POWER = Kind(
    orders=("Do not power off the machine", "Never power down servers", "do not unplug or power off anything"),
    refused=(
        "poweroff",
        "sudo shutdown -h now",
        "halt -p",
        "init 0",
        "systemctl poweroff",
        "reboot",
        "ipmitool chassis power off",
        "virsh destroy vm1",
        "virsh shutdown vm1",
        "aws ec2 stop-instances --instance-ids i-1",
        "gcloud compute instances stop x",
        "az vm deallocate -n x",
        "ssh web1 sudo poweroff",
    ),
    free=(
        "docker stop web",
        "systemctl stop nginx",
        "ipmitool chassis power status",
        "virsh list",
        "uptime",
        "last -x shutdown",
        "aws ec2 describe-instances",
        "docker compose ps",
        "kill 123",
        "systemctl restart nginx",
        "grep shutdown /var/log/syslog",
    ),
)
