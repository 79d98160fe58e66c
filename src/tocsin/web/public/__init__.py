"""What anybody may read: the status page as HTML, JSON, a feed, and files that outlive the server."""
