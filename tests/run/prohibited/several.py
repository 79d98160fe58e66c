"""Commands that several kinds of prohibition leave alone; each tuple is named after the kinds that take it in."""

from __future__ import annotations

LOGS_PUBLISH_RESTART = (
    "docker compose stop server",
    "docker stop server",
    "docker start server",
    "systemctl status notify",
    "systemctl status status-update",
    "systemd-notify --ready",
    "docker logs notify",
    "scp web:/var/log/x /evidence/status.txt",
    "kubectl get pods; docker stop server",
    "docker ps; docker logs server --tail=5",
    "kill 123",
    "kubectl logs ds/fluent-bit",
    "aws s3 cp /var/log/status.log s3://evidence/",
    'python3 -c "print(1)"',
    "wget -P /tmp http://h/x",
    "openssl x509 -in c.pem -out /tmp/c.der",
    "zip -r /evidence/x.zip /var/log",
)

LOGS_RESTART_DELETE = (
    "kubectl auth can-i delete pods",
    "docker run --rm alpine cat /etc/os-release",
    "docker compose run --rm web env",
)

LOGS_RESTART = (
    "docker logs server | dd of=/tmp/server.log",
    "dd if=/dev/sda of=/mnt/evidence/disk.img bs=4M",
    "mv /tmp/server.log /tmp/evidence/",
    "mv server.log evidence/",
    "gzip -k /tmp/access-review.log",
    "git commit -m 'restart later'",
    "git tag -a v1 -m 'before restart'",
    "cat > /tmp/x.sh <<E\ndocker stop server\nE\nbash /tmp/x.sh",
    "wall 'restart soon'",
    "uniq /var/log/a.log",
    "git push origin main",
    "PAGER=cat git log",
    "cp /v*/l*/auth.log /evidence/",
    "printf -v x %s y",
)

LOGS_DELETE = (
    "docker stop web",
    "iptables -A INPUT -s 1.2.3.4 -j DROP",
    "sudo iptables -I INPUT 1 -s 1.2.3.4 -j DROP",
    "nft add rule inet filter input ip saddr 1.2.3.4 drop",
    "ip6tables -A INPUT -j DROP",
    "firewall-cmd --add-rich-rule='rule family=ipv4 source address=1.2.3.4 drop'",
    "ipset add drop 1.2.3.4",
    "ufw deny from 1.2.3.4",
    'git commit -am "delete the logs"',
)
