"""What a statement is judged to do, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.playbook.effect import EMPTY, Catalogue, Entry, Knowledge, classify
from tocsin.words import Effect, Tag

_COMPARED = frozenset(Tag) - {Tag.SESSION_STATE, Tag.EGRESS, Tag.DOWNLOADS_AND_EXECUTES}
_OTHER_READING = {("usdx-wexel", 368)}
"""Old backups that `find -delete` removes: the label does not count them as evidence, the classifier does."""


def test_labels_of_the_five_playbooks(knowledge: Knowledge, shared: Path) -> None:
    lower, higher, tags = [], [], []
    for label in json.loads((shared / "gold" / "effects.json").read_text("utf-8")):
        verdict = classify(label["text"], knowledge)
        place = (label["seed"], label["line"], label["text"][:60], verdict.why)
        difference = verdict.effect.rank - Effect(label["effect"]).rank
        if difference < 0:
            lower.append(place)
        if difference > 0:
            higher.append(place)
        if ({Tag(tag) for tag in label["tags"]} ^ set(verdict.tags)) & _COMPARED and place[:2] not in _OTHER_READING:
            tags.append(place)
        assert (Tag.SESSION_STATE in verdict.tags) == ("session_state" in label["tags"]), place
    assert not lower
    assert not higher
    assert not tags


@pytest.mark.parametrize(
    ("text", "effect", "tags", "reason"),
    [
        (
            "docker system prune -f",
            "destroy",
            "evidence_destroying irreversible",
            "`docker system prune` deletes stopped",
        ),
        ("pnpm run diagnose", "unknown", "", "`pnpm run` runs a script of the project"),
        ("./scripts/fix.sh --now", "unknown", "", "its name is no proof of what it does"),
        ("frobnicate now", "unknown", "", "nothing general is known of `frobnicate`"),
        ("kubectl frobnicate x", "unknown", "", "nothing general is known of this sub-command"),
        ("kubectl get pods --frob", "unknown", "", "`--frob`: nobody has said what this flag does"),
        ("$TOOL x", "unknown", "session_state", "which program runs is not written out"),
        ("sort -o f f", "mutate", "writes_file", "`sort -o` writes its result into a file"),
        ("ls > out.txt", "mutate", "writes_file", "`>` writes the file `out.txt`"),
        ("ls > /tmp/a-$(date +%s).log", "mutate", "writes_file", "writes the file `/tmp/a-$(date +%s).log`"),
        ('ls >> "$OUT/a b.log"', "mutate", "writes_file session_state", "writes the file `$OUT/a b.log`"),
        ("cat /etc/shadow", "read_sensitive", "", "it holds passwords or access keys"),
        ("PATH=/x ls", "unknown", "", "setting `PATH` changes what later commands mean"),
        ("ls )", "unknown", "", "a shell cannot read it as it is written"),
        ("psql -c 'SELECT pg_terminate_backend(1)'", "mutate", "", "`pg_terminate_backend()` ends connections"),
        ("curl -X POST http://h/x", "mutate", "", "POST changes something at `http://h/x`"),
        ("cd /srv", "noop", "session_state", "`cd` sets the directory of the shell"),
        ("ls -l", "read", "", "`ls` only looks"),
        ("", "noop", "", ""),
        ("# only a remark", "noop", "", ""),
    ],
)
def test_verdict_names_the_deciding_part(knowledge: Knowledge, text: str, effect: str, tags: str, reason: str) -> None:
    verdict = classify(text, knowledge)
    assert (verdict.effect, verdict.tags) == (Effect(effect), tuple(map(Tag, tags.split())))
    assert reason in verdict.why


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("ls; systemctl stop x", "mutate"),
        ("ls && rm x || true", "destroy"),
        ("(cd /x; ls)", "read"),
        ("vault read auth/token/lookup-self", "read_sensitive"),
        ("vault read secret/data/app/token", "read_sensitive"),
        ("vault read secret/data/creds/x", "read_sensitive"),
        ("vault read secret/creds", "read_sensitive"),
        ("cat /etc/app.conf; for h in $(cat hosts.txt); do ping -c1 $h; done", "read_sensitive"),
        ("cat /etc/app.conf; for h in $(sort -u hosts.txt); do curl -s http://${h}/health; done", "read_sensitive"),
        ("cat /etc/app.conf; IP=$(hostname -i); curl -s http://$IP/health", "read_sensitive"),
        ("{ ls; cat f; }", "read"),
        ("! grep -q x f", "read"),
        ("if test -f x; then ls; else df; fi", "read"),
        ("case $1 in a|b) ls;; *) df -h;; esac", "read"),
        ("for ((i=0; i<3; i++)); do ls; done", "read"),
        ("while read -r x; do echo $x; done < hosts", "read"),
        ("until curl -sf http://h; do sleep 1; done", "read"),
        ("[[ $a == b* && -f x ]] && ls", "read"),
        ("(( a > 3 )) && ls", "read"),
        ("x=$(date) && echo $x", "read"),
        ("diff <(ls a) <(ls b)", "read"),
        ("cat <<EOF\nhello $USER\nEOF", "read"),
        ("cat <<'EOF'\n$(rm x)\nEOF", "read"),
        ("psql <<'EOF'\nSELECT 1;\nEOF", "read"),
        ("ssh h <<'EOF'\ndf -h\nEOF", "read"),
        ("f() { ls; }; f", "read"),
        ("ls & wait", "read"),
        ("echo $(( 1 + 2 ))", "noop"),
        ("select x in a b; do ls; done", "read"),
        ("time ls", "read"),
        ("sudo -n -u www-data env LANG=C timeout 5 nice ls", "read"),
        ("docker compose exec -T db sh -c 'psql -c \"SELECT 1\"'", "read"),
        ("export A=1 B=2", "noop"),
        ("curl -s http://l/api?query=topk(10,sum(rate(x[5m]))by(a)) | jq", "read"),
    ],
)
def test_structure_is_followed(knowledge: Knowledge, text: str, effect: str) -> None:
    verdict = classify(text, knowledge)
    assert verdict.effect is Effect(effect), verdict.why


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("tail -f x", "endless"),
        ("timeout 5 tail -f x", ""),
        ("tail -n 5 x", ""),
        ("top -b -n 1", ""),
        ("top", "interactive endless"),
        ("vmstat 1", "endless"),
        ("vmstat 1 5", ""),
        ("ping h", "endless"),
        ("ping -c 3 h", ""),
        ("docker stats --no-stream", ""),
        ("watch -n5 'docker exec c ls'", "in_container endless"),
        ("ssh h 'sudo ls'", "remote privileged"),
        ("virtd tx a b --yes", "irreversible"),
        ("virtd tx a b", "interactive irreversible"),
        ("compose_up=1", "session_state"),
        ("kubectl logs $POD", "session_state"),
        ("for p in a b; do kubectl logs $p; done", ""),
        ("ls $HOME", ""),
        ("cp a.bak a", "writes_file evidence_destroying"),
        ("cp a a.bak", "writes_file"),
        ("wget -O /opt/app/x http://h", "writes_file evidence_destroying"),
        ("wget -O /tmp/x http://h", "writes_file"),
        ("curl -o x.sh http://h/x.sh && sh x.sh", "writes_file downloads_and_executes"),
        ("psql -U postgres -c 'SELECT 1'", "privileged"),
    ],
)
def test_tags(knowledge: Knowledge, text: str, tags: str) -> None:
    assert classify(text, knowledge).tags == tuple(tag for tag in Tag if tag.value in tags.split())


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("anyd query bank balances addr --node tcp://n:26657", "read"),
        ("anyd q staking validators --limit 5", "read"),
        ("./build/anyd query bank balances addr", "unknown"),
        ("/usr/local/bin/anyd query bank total x", "read"),
        ("anyd query bank balances --output-document x", "unknown"),
        ("anyd tx gov vote 1 yes", "mutate"),
        ("anyd rollback", "mutate"),
        ("anyd rollback --hard", "destroy"),
        ("anyd rollback v2", "mutate"),
        ("anyd comet unsafe-reset-all --home /x", "destroy"),
        ("anyd unsafe-forget-peers", "mutate"),
        ("anyd start", "unknown"),
        ("any.sh query bank balances", "unknown"),
        ("anyd $X bank balances", "unknown"),
        ("anyd query", "unknown"),
    ],
)
def test_convention_is_known_by_the_shape_of_the_sub_command(knowledge: Knowledge, text: str, effect: str) -> None:
    verdict = classify(text, knowledge)
    assert verdict.effect is Effect(effect), verdict.why


def _entry(pattern: str, effect: str, *tags: Tag) -> Entry:
    return Entry(pattern=pattern, effect=Effect(effect), tags=tags, who="Mei", when="2026-05-01")


_TEAM = Catalogue(
    (
        _entry("pnpm run diagnose", "read"),
        _entry("./scripts/check-*.sh", "read"),
        _entry("./scripts/deploy.sh **", "mutate", Tag.EVIDENCE_DESTROYING),
        _entry("tool check *", "read"),
        _entry("tool check all", "mutate"),
        _entry("ls **", "mutate"),
        _entry("both", "read"),
        _entry("both", "destroy"),
    )
)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("pnpm run diagnose", "read"),
        ("sudo pnpm run diagnose | grep x", "read"),
        ("docker compose exec web pnpm run diagnose", "read"),
        ("ssh h 'pnpm run diagnose'", "read"),
        ("pnpm run diagnose --fix", "unknown"),
        ("pnpm run diagnose > f", "mutate"),
        ("pnpm run diagnose; rm x", "destroy"),
        ("pnpm run diagnose $(rm x)", "destroy"),
        ("./scripts/check-db.sh", "read"),
        ("./scripts/check-db.sh x", "unknown"),
        ("./scripts/check-$X.sh", "unknown"),
        ("./scripts/check-;rm.sh", "unknown"),
        ("'./scripts/check-;x.sh'", "unknown"),
        ("./scripts/deploy.sh a --b c", "mutate"),
        ("tool check a", "read"),
        ("tool check <name>", "read"),
        ("tool check --repair", "unknown"),
        ("tool check $NAME", "unknown"),
        ("tool check 'a b|c'", "unknown"),
        ("tool check all", "mutate"),
        ("ls -l x", "mutate"),
        ("both", "destroy"),
        ("pnpm() { rm x; }; pnpm run diagnose", "destroy"),
    ],
)
def test_catalogue_vouches_for_simple_commands_only(knowledge: Knowledge, text: str, effect: str) -> None:
    verdict = classify(text, knowledge, _TEAM)
    assert verdict.effect is Effect(effect), verdict.why


def test_catalogue_says_who_vouched(knowledge: Knowledge) -> None:
    assert "Mei, 2026-05-01" in classify("pnpm run diagnose", knowledge, _TEAM).why


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_never_raises_on_any_text(knowledge: Knowledge, text: str) -> None:
    verdict = classify(text, knowledge)
    assert verdict.tags == tuple(tag for tag in Tag if tag in verdict.tags)


_WORDS = r"""ls rm x $x $( ) " ' ` ; | & > < <<EOF EOF { } ( [[ ]] if then fi for in do done case esac a= $(( )) \ #
    psql -c curl -d sed awk s/a/b/ {print} find -exec xargs ssh h sudo bash -c SELECT 1 é <id>"""
_SHELL = st.lists(st.sampled_from([*_WORDS.split(), "\n"]), max_size=14).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(_SHELL, _SHELL)
def test_a_list_is_never_milder_than_what_destroys_in_it(knowledge: Knowledge, before: str, after: str) -> None:
    assert classify(f"{before}\nrm -rf /data\n{after}", knowledge).effect.rank >= Effect.READ.rank
    assert classify(f"rm -rf /data; {after}", knowledge, EMPTY).effect.rank >= Effect.UNKNOWN.rank


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "echo " + "$(" * 2000 + "ls" + ")" * 2000,
        "a && " * 2000 + "b",
        "sudo " * 2000 + "ls",
        "bash -c " * 500 + "ls",
        "{ " * 3000,
        "psql -c 'SELECT " + "(" * 3000 + "1" + ")" * 3000 + "'",
        "curl -d '" + "[" * 9000 + "' http://h",
        "x" * 500_000,
        "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}; " for n in range(40)) + "f0",
        "f() { f; }; f",
    ],
    ids=range(11),
)
def test_deep_and_long_texts_pass_for_nothing_harmless(knowledge: Knowledge, text: str) -> None:
    assert classify(text, knowledge).effect.rank >= Effect.UNKNOWN.rank


@pytest.mark.parametrize("text", ["gh run watch 7 --exit-status", "gh pr checks 7 --watch"])
def test_what_ends_when_the_run_ends_is_not_endless(text: str, knowledge: Knowledge) -> None:
    verdict = classify(text, knowledge)
    assert (verdict.effect, Tag.ENDLESS in verdict.tags) == (Effect.READ, False)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl config use-context prod", "kubectl config set-context prod", "kubectx prod", "kubens shop",
        "oc project shop", "oc logout", "docker context use prod", "docker logout", "gcloud config set project shop",
        "az account set", "az logout", "terraform workspace select prod", "vault login", "kdestroy",
    ],
)  # fmt: skip
def test_whoever_chooses_for_all_that_come_after_changes_something(text: str, knowledge: Knowledge) -> None:
    """It is written to a file of the account: the next step of another incident goes to the other cluster too."""
    verdict = classify(text, knowledge)
    assert verdict.effect is Effect.MUTATE
    assert Tag.SESSION_STATE not in verdict.tags


@pytest.mark.parametrize("text", ["kubectx", "kubens", "klist", "kubectl config get-contexts", "docker context ls"])
def test_who_only_asks_what_is_chosen_changes_nothing(text: str, knowledge: Knowledge) -> None:
    assert classify(text, knowledge).effect is Effect.READ
