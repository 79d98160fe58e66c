"""Our data: the streams, the outbox, the wakes, the alerts, and the blobs beside them."""
