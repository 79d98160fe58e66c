#!/usr/bin/env bash
while read -r table; do
  echo "checking $table"
done < <(sqlite3 "${DB_PATH:-/data/bazaar.db}" .tables)
