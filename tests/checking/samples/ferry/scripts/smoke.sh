#!/bin/bash
ENVIRONMENT=${1:-staging}
if [ "$ENVIRONMENT" != "staging" ] && [ "$ENVIRONMENT" != "production" ]; then
  echo "which?" >&2
  exit 1
fi
echo "testing $ENVIRONMENT"
