"""Units of systemd: unit files anywhere in the checkout, and names under which scripts and packages install them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from tocsin.playbook.reality.repository import Repository, base

KINDS = ("service", "timer", "socket", "target", "path", "mount", "slice")
_FILE = re.compile(rf"(.+)\.({'|'.join(KINDS)})(?:\.(?:j2|tmpl|tpl|in|template|erb))?")
_INSTALLED = re.compile(
    rf"(?:/etc|/usr/lib|/lib|/usr/local/lib|~?/\.config)/systemd/(?:system|user)/([\w@.\\-]+\.(?:{'|'.join(KINDS)}))\b"
)
_ALIAS = re.compile(r"^Alias=(.+)$", re.MULTILINE)
_DOCUMENT = (".md", ".mdx", ".markdown", ".rst", ".adoc")
_OF_THE_SYSTEM = frozenset(
    "docker containerd podman nginx apache2 httpd haproxy caddy ssh sshd cron crond postgresql mysql mysqld mariadb "
    "redis "
    "redis-server mongod rabbitmq-server memcached elasticsearch kibana logstash grafana-server prometheus "
    "alertmanager "
    "node_exporter prometheus-node-exporter systemd-journald systemd-resolved systemd-timesyncd systemd-networkd "
    "systemd-logind networking NetworkManager network network-online multi-user ufw firewalld fail2ban chrony "
    "chronyd ntp ntpd "
    "rsyslog auditd kubelet kubelet.service etcd consul vault nomad tailscaled wg-quick openvpn bind9 named dnsmasq "
    "unbound "
    "keepalived pgbouncer postfix dovecot supervisor snapd vmtoolsd iptables nftables telegraf datadog-agent filebeat "
    "fluentd fluent-bit td-agent tor k3s kube-proxy crio squid varnish php-fpm tomcat zookeeper kafka minio".split()
)


class Units:
    """The units of a checkout."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    @cached_property
    def known(self) -> dict[str, str]:
        """Every unit's full name with where it comes from."""
        found: dict[str, str] = {}
        for name, where in (*self._files(), *self._installed()):
            found.setdefault(name, where)
        return found

    def _files(self) -> Iterator[tuple[str, str]]:
        for file in self._repository.matching(lambda path: _FILE.fullmatch(base(path)) is not None):
            text = file.text or ""
            if not re.search(r"^\[(?:Unit|Service|Install|Timer|Socket)\]", text, re.MULTILINE):
                continue
            match = _FILE.fullmatch(base(file.path))
            if match:
                yield f"{match[1]}.{match[2]}", file.path
                yield f"{match[1].rsplit('.', 1)[-1]}.{match[2]}", file.path
            for alias in _ALIAS.finditer(text):
                yield from ((name, file.path) for name in alias[1].split())

    def _installed(self) -> Iterator[tuple[str, str]]:
        for file in self._repository.matching(lambda path: not path.endswith(_DOCUMENT)):
            if file.text and "systemd/" in file.text:
                for match in _INSTALLED.finditer(file.text):
                    yield match[1], f"{file.path}:{file.text.count(chr(10), 0, match.start()) + 1}"

    def find(self, name: str) -> str | None:
        """Where a unit comes from: by its own name, or by the template that it is an instance of."""
        full = spell(name)
        stem, at, _ = full.partition("@")
        template = f"{stem}@.{full.rsplit('.', 1)[-1]}" if at else ""
        return self.known.get(full) or (self.known.get(template) if template else None)


def spell(name: str) -> str:
    """A unit's name with its kind."""
    return name if name.endswith(tuple(f".{kind}" for kind in KINDS)) else f"{name}.service"


def is_of_the_system(name: str) -> bool:
    """Whether a unit usually comes with the operating system or with a package of its own."""
    stem = spell(name).rsplit(".", 1)[0].split("@")[0]
    return stem in _OF_THE_SYSTEM or stem.startswith(("systemd-", "dbus", "postgresql", "getty"))
