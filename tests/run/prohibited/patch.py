"""What orders not to install or upgrade anything mean."""

from __future__ import annotations

from .kind import Kind

PATCH = Kind(
    orders=("Do not patch the compromised host", "Never install software on it", "do not upgrade packages"),
    refused=(
        "apt-get install -y x",
        "sudo apt upgrade",
        "yum update",
        "dnf install x",
        "apk add x",
        "pip install x",
        "npm install x",
        "rpm -Uvh x.rpm",
        "dpkg -i x.deb",
        "patch -p1 < x.diff",
        "helm upgrade web ./chart",
        "ssh web1 'apt-get install x'",
    ),
    free=(
        "apt list --installed",
        "rpm -qa",
        "dpkg -l",
        "pip list",
        "npm ls",
        "docker restart web",
        "systemctl stop web",
        "docker ps",
        "uname -a",
        "grep install /var/log/dpkg.log",
        "cat /etc/os-release",
    ),
)
