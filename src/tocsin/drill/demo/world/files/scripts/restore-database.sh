#!/usr/bin/env bash
# Replaces the shop's database by a backup. Every order placed since the backup was made is lost.
set -euo pipefail
cd "$(dirname "$0")/.."
backup=${1:?usage: scripts/restore-database.sh BACKUP.db.gz}
test -r "$backup" || { echo "There is no backup $backup." >&2; exit 1; }

docker compose stop server database
gzip -dc "$backup" > data/shop.db.new
mv data/shop.db.new data/shop.db
rm -f data/shop.db-wal data/shop.db-shm
docker compose start database server
echo "Restored $backup. Orders now: $(sqlite3 data/shop.db 'SELECT count(*) FROM orders;')"
