#!/usr/bin/env bash
# Places one real order through the service and shows the answer.
set -euo pipefail
curl -fsS -X POST -H 'Content-Type: application/json' \
  -d '{"item": "test", "quantity": 1, "customer": "referee"}' http://localhost:8080/orders
