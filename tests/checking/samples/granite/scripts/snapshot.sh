#!/usr/bin/env bash
set -euo pipefail
echo "snapshot of ${1:-latest}"
