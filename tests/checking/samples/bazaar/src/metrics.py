from prometheus_client import Counter, Gauge

REQUESTS = Counter("bazaar_requests_total", "Requests", ["status"])
POOL = Gauge("bazaar_pool_size", "Connections")
