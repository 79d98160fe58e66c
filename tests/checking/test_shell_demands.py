"""What a shell script ends without: counted arguments, flags that set a variable, a flag and its value in one word."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

OPTS = """#!/bin/sh
TIMEOUT=60
while getopts "r:t:n" opt; do
  case "$opt" in
    r) REPLICA=$OPTARG ;;
    t) TIMEOUT=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
[ -n "${REPLICA:-}" ] || usage
[ -n "$TIMEOUT" ] || usage
"""
LONG = """#!/bin/bash
HOST=
for arg in "$@"; do
  case "$arg" in
    --keep=*) KEEP="${arg#--keep=}" ;;
    --host=*|-h=*) HOST="${arg#*=}" ;;
    *) exit 64 ;;
  esac
done
if [[ -z $HOST ]] || [[ -z $USER ]]; then
  echo "no host"
  exit 2
fi
"""
APART = """#!/bin/bash
if [ $# -lt 1 ]; then usage; fi
while [[ $# -gt 0 ]]; do
  case $1 in
    --days) DAYS=$2; shift 2 ;;
    --all) ALL=1; shift ;;
    *) die "what is $1" ;;
  esac
done
"""
FREE = """#!/bin/bash
. /etc/shop/env
need() { [ $# -eq 2 ] || die; }
if [ "$1" = restore ]; then
  [ $# -ge 3 ] || die "which?"
fi
case "$1" in
  --host) HOST=$2 ;;
esac
[ -n "$HOST" ] || die "host"
[ $# -gt 9 ] && [ -z "$X" ] && die
"""
YES = '#!/bin/sh\nif [ "${2:-}" != "--yes" ]; then\n  read -r -p "sure? " a\nfi\necho $1\n'
VERBS = '#!/bin/sh\nverb=$1\nshift\n[ "$#" -ge 1 ] || { echo "usage: x VERB NAME"; exit 1; }\necho "$verb" "$@"\n'
WRAPS = """#!/bin/bash
TARGET=${BACKUP_TARGET:-}
while getopts ":e:v" o; do
  case $o in
    e) TARGET=$OPTARG ;;
    v) set -x ;;
  esac
done
shift $((OPTIND-1))
cmd=${1:-}; [ $# -gt 0 ] && shift
[ -z "$TARGET" ] && exit 1
case "$cmd" in
  drain) echo "$1" ;;
  logs) journalctl -u "${1:-main}" "${@:2}" ;;
  *) exit 1 ;;
esac
"""
FILES = {
    "wraps.sh": WRAPS,
    "opts.sh": OPTS,
    "long.sh": LONG,
    "apart.sh": APART,
    "free.sh": FREE,
    "yes.sh": YES,
    "verbs.sh": VERBS,
}


@pytest.mark.parametrize(
    "fence",
    [
        "./opts.sh -r db main",
        "REPLICA=db ./opts.sh -t 3 main",
        "./long.sh --host=a --keep=3",
        "./apart.sh --all",
        "./apart.sh --days 3",
        "./free.sh restore",
        "./free.sh list",
        "./yes.sh a --yes",
        "./verbs.sh stop web",
        "./wraps.sh -e prod drain n1",
        "BACKUP_TARGET=b ./wraps.sh logs main -n 50 --no-pager",
    ],
)
def test_what_a_script_goes_on_with_matches(fence: str) -> None:
    row = check(FILES, fence)[-1]
    assert row.verdict == "matches", row.findings


@pytest.mark.parametrize(
    ("fence", "verdict", "what"),
    [
        ("./opts.sh -r db", "missing", "arguments of opts.sh: argument 1"),
        ("./opts.sh -r db main other", "ambiguous", "other is ignored"),
        ("./opts.sh main", "missing", "arguments of opts.sh: -r"),
        ("./long.sh --host=a --keep 3", "missing", "flag --keep of long.sh"),
        ("./long.sh --keep=3", "missing", "arguments of long.sh: --host"),
        ("./apart.sh --days=3", "missing", "flag --days of apart.sh"),
        ("./apart.sh", "missing", "arguments of apart.sh: 1 are needed"),
        ("./yes.sh a", "ambiguous", "asks on a terminal"),
        ("./verbs.sh stop", "missing", "arguments of verbs.sh"),
    ],
)
def test_what_a_script_ends_at_is_found(fence: str, verdict: str, what: str) -> None:
    found = last(FILES, fence)
    assert found[0] == verdict and what in found[1], check(FILES, fence)[-1].findings
