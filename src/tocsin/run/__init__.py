"""Which step is next, and may it run."""
