"""How the server is seen from outside: figures, traces, a heartbeat, and an incident made up to try the whole path."""
