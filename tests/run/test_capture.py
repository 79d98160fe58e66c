"""What goes before a step that may destroy evidence: it shows what would be lost, and only looks itself."""

from __future__ import annotations

import subprocess

import pytest

from tocsin.run.capture import Captures, find_captures
from tocsin.words import Effect

from .scene import JUDGE


def save(text: str, **env: str) -> Captures:
    judged = JUDGE(text)
    return find_captures(text, env, judged.effect, judged.tags)


LOGS = "logs --no-color --timestamps --tail=5000"
SAVED = [
    ("sudo docker compose restart database", f"sudo -n docker compose {LOGS} database"),
    ("sudo docker compose restart database", "sudo -n docker compose ps -a database"),
    ("docker-compose -f prod.yml -p shop down", f"docker-compose -f prod.yml -p shop {LOGS}"),
    ("docker-compose up -d --build indexer webapp", "docker-compose ps -a indexer webapp"),
    ("docker compose restart -t 5 web", "docker compose ps -a web"),
    ("docker restart web", "docker logs --timestamps --tail 5000 web"),
    ("docker rm -f web", "docker inspect web"),
    ("docker -H tcp://edge:2375 restart web", "docker -H tcp://edge:2375 inspect web"),
    ("docker system prune -af", "docker ps -a --no-trunc"),
    ("sudo docker system prune -af", "sudo -n docker ps -a --no-trunc"),
    ("kubectl -n shop rollout restart deployment/web", "kubectl -n shop describe deployment/web"),
    ("kubectl rollout restart deployment/web -n shop", "kubectl describe deployment/web -n shop"),
    ("kubectl delete pod web-1", "kubectl logs pod/web-1 --all-containers --timestamps --tail=5000"),
    ("sudo systemctl clean --what=all nginx", "sudo -n journalctl -u nginx -n 5000 --no-pager -o short-iso"),
    ("rm -rf /var/log/shop", "find /var/log/shop -type f -size -64M -exec tail -c 4194304 {} +"),
    ("truncate -s 0 /var/log/shop.log", "ls -laR /var/log/shop.log"),
    (": > /var/log/shop.log", "find /var/log/shop.log -type f -size -64M -exec tail -c 4194304 {} +"),
    ("cd 4.5/docker && docker compose restart web", "cd 4.5/docker && docker compose ps -a web"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "read"), SAVED)
def test_what_would_be_lost_is_looked_at_first(text: str, read: str) -> None:
    assert read in save(text).reads


@pytest.mark.parametrize("text", sorted({text for text, _ in SAVED}))
def test_what_goes_before_only_looks(text: str) -> None:
    for read in save(text).reads:
        assert subprocess.run(["bash", "-n", "-c", read], capture_output=True, check=False).returncode == 0, read
        assert JUDGE(read).effect.rank <= Effect.READ_SENSITIVE.rank, read


@pytest.mark.parametrize(
    "text",
    [
        "df -h",
        "docker compose logs web",
        "docker compose stop web",
        "systemctl start nginx",
        "git push",
        "cp a b",
        "sudo systemctl restart nginx",
        "sudo service nginx restart",
    ],
)
def test_nothing_goes_before_what_destroys_nothing(text: str) -> None:
    assert save(text) == Captures()


@pytest.mark.parametrize(
    "text",
    [
        "ssh validator-1 'sudo systemctl restart node'",
        "docker rm -f $(docker ps -aq)",
        "DOCKER_HOST=tcp://edge:2375 docker restart web",
        "for each in a b; do docker restart $each; done",
        "psql -c 'DELETE FROM orders'",
        "dropdb shop",
        "rm -rf /srv/*",
        "docker volume prune -f",
        "kubectl delete pods --all",
    ],
)
def test_what_cannot_be_saved_is_said(text: str) -> None:
    found = save(text)
    assert found.missing
    assert found.reads == ()


def test_the_value_of_a_blank_is_looked_at_not_its_name() -> None:
    text = 'docker restart "${TOCSIN_P_CONTAINER}"'
    assert save(text, TOCSIN_P_CONTAINER="web-7").reads[0] == "docker inspect web-7"


@pytest.mark.parametrize("name", ["a b", "x;reboot", "-rf", "$(id)"])
def test_names_with_meaning_stay_names(name: str) -> None:
    """A container cannot be called so; whatever is, must not run anything by its name."""
    for read in save(f"docker restart '{name}'").reads:
        assert JUDGE(read).effect.rank <= Effect.READ_SENSITIVE.rank
