#!/usr/bin/env bash
set -euo pipefail
source "$(dirname "$0")/lib/common.sh"

ASSUME_YES=0
usage() { echo "Usage: $0 [--yes] <backup-file>"; exit 1; }
while [[ $# -gt 0 ]]; do
  case "$1" in
    --yes|-y) ASSUME_YES=1; shift ;;
    -h|--help) usage ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) BACKUP_FILE="$1"; shift ;;
  esac
done
confirm "Overwrite the database?"
echo "restoring ${BACKUP_FILE}"
