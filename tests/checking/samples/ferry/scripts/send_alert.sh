#!/bin/bash
# Usage: send_alert.sh <severity> <message>
SEVERITY="$1"
MESSAGE="$2"
case "$SEVERITY" in
  critical|warning|info) ;;
  *) echo "unknown severity" >&2; exit 1 ;;
esac
curl -s -X POST "$ALERT_URL" -d "$SEVERITY: $MESSAGE"
