#!/usr/bin/env bash
ROTATE=0
[[ "${1:-}" == "--rotate" ]] && ROTATE=1
if [ -t 0 ] && [ "$ROTATE" = 0 ]; then
  read -p "Set up anew? " reply
fi
echo "rotate $ROTATE"
