"""What is happening: an incident's state, what is legal in it, and what it owes."""
