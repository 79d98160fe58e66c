#!/usr/bin/env bash
set -euo pipefail
if [ "$#" -ne 2 ]; then
  echo "Usage: $0 <backup-file> <wallet>" >&2
  exit 1
fi
BACKUP_FILE="$1"
WALLET="$2"
case "$WALLET" in
  buyer|vendor|arbiter) ;;
  *) echo "no such wallet" >&2; exit 1 ;;
esac
: "${GPG_RECIPIENT_KEY:?set the key}"
gpg --decrypt "$BACKUP_FILE" | tar -x
