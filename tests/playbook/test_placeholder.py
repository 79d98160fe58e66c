"""Blanks in commands: what is one, what is none, and what a shell is given instead."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.playbook.placeholder import bind, find, locate


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("docker logs node-<id> --tail 100", {"<id>": "id"}),
        ("curl http://localhost:<metrics-port>/health", {"<metrics-port>": "metrics_port"}),
        ("kubectl -n <NAMESPACE> logs <pod name>", {"<NAMESPACE>": "namespace", "<pod name>": "pod_name"}),
        ("systemctl <start|stop> x", {"<start|stop>": "start_stop"}),
        ("x <backupFile.tar>", {"<backupFile.tar>": "backup_file_tar"}),
        ("git checkout <last_stable_commit>", {"<last_stable_commit>": "last_stable_commit"}),
        ("a <x> b <x>", {"<x>": "x"}),
        ("echo <größe>", {"<größe>": "größe"}),
        ("restart {{ service }} now", {"{{ service }}": "service"}),
        ("oc get pod | grep {ceph-component}", {"{ceph-component}": "ceph_component"}),
        ("ssh validator-X 'ls'", {"validator-X": "validator"}),
        ("kubectl logs web-XXXX", {"web-XXXX": "web"}),
        ("ufw deny from ATTACKER_IP", {"ATTACKER_IP": "attacker_ip"}),
        ("kubectl -n YOUR_NAMESPACE get pods", {"YOUR_NAMESPACE": "your_namespace"}),
        ("kubectl logs POD_NAME", {"POD_NAME": "pod_name"}),
        ("gcloud config set project your-project-id", {"your-project-id": "your_project_id"}),
        ("export TOKEN=CHANGEME", {"CHANGEME": "changeme"}),
        ("./rollback.sh v1.x.x-prev", {"v1.x.x-prev": "version"}),
        ('./status.sh resolved "Resolved at HH:MM UTC"', {"HH:MM": "time"}),
        ('./status.sh "since YYYY-MM-DD"', {"YYYY-MM-DD": "date"}),
        ('./alert.sh critical "INCIDENT: [Description]"', {"[Description]": "description"}),
    ],
)
def test_finds_blanks_with_a_normalised_name(text: str, blanks: dict[str, str]) -> None:
    assert {blank.text: blank.name for blank in find(text)} == blanks


@pytest.mark.parametrize(
    "text",
    [
        "for v in validator-{1..10}; do echo $v; done",
        "cp a.{txt,bak}",
        "echo $name ${name} $1 $?",
        "rate(http_requests_total[5m])",
        "grep '[1-9][0-9]*' f",
        "grep '[Ee]rror' f",
        'grep "[ERROR]" f',
        'grep "\\[Notice\\]" f',
        "cat <<EOF > x",
        "cat <<<word",
        "diff <(ls a) <(ls b)",
        "sort <in >out",
        "cat <in 2>out",
        "mysql db <dump.sql 2>err",
        "awk '$1<max && $2>min'",
        "awk '{if ($1 < 3) print $2 > 4}'",
        "[[ a < b && c > d ]]",
        'psql -c "SELECT 1 WHERE a <b AND c> d"',
        "mail 'Ops <ops@example.com>'",
        "echo '<b>bold</b> <div> <br>'",
        "curl -X POST http://h",
        "curl -w '%{http_code}' http://h",
        "git show stash@{0} @{u}",
        "docker ps --format '{{.Names}}' --filter '{{json .}}'",
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
        "find . -exec ls {} \\;",
        "ls | xargs -I {name} cat {name}",
        "kubectl set env d/x POSTGRES_MAX_CONNECTIONS=200 DB_HOST=db",
        "export POD_NAME; echo $POD_NAME POD_NAME",
        "for NODE_NAME in a b; do ls; done",
        "echo $((END_ID - START_ID)) $END_ID $START_ID",
        "psql -c \"SELECT to_char(now(), 'YYYY-MM-DD HH:MM')\"",
        "date +%Y-%m-%d",
        "v1.2.3 10.0.0.1",
        "--max-X",
        "grep CONSENSUS_FAILURE log",
    ],
)
def test_what_only_looks_like_a_blank_is_none(text: str) -> None:
    assert find(text) == ()


def test_binding_turns_blanks_into_words_of_the_same_length() -> None:
    text = "docker logs node-<id> -n <tail lines> | grep {what} 'é <ß>'"
    bound = bind(text)
    assert bound == "docker logs node-_id_ -n _tail_lines_ | grep _what_ 'é _ß_'"
    assert len(bound) == len(text)


@given(st.text(alphabet="<>{}[]$'\"ab X_-.é\n0YMH:", max_size=60))
def test_blanks_lie_in_the_text_in_order_and_never_overlap(text: str) -> None:
    spans = locate(text)
    assert all(text[span.start : span.end] == span.text and span.name == span.name.lower() for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert len(bind(text)) == len(text)
    assert bind(bind(text)) == bind(text)
