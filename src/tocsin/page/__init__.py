"""Whom to call next, and when the one after."""
