#!/usr/bin/env bash
# Says whether the database file is sound and how many orders it holds. Changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
verdict=$(sqlite3 data/shop.db 'PRAGMA integrity_check;')
echo "integrity: $verdict"
echo "orders: $(sqlite3 data/shop.db 'SELECT count(*) FROM orders;')"
test "$verdict" = ok
