"""The status pages of a server: what is said to those who follow them, and the copies that outlive it."""
