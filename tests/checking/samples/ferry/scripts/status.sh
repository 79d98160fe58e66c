#!/bin/bash
if [ $# -lt 2 ]; then
  echo "Usage: $0 <status> <text>"
  exit 1
fi
STATUS=$1
shift
TEXT="$*"
echo "$STATUS $TEXT"
