const client = require("prom-client");
new client.Gauge({ name: "ferry_sync_lag_seconds", help: "How far behind" });
new client.Counter({ name: "ferry_bookings_total", help: "Bookings" });
