"""The loop that joins the rooms: decide, plan, append, perform. The only reader of the clock.

`journal.py` first: every change of an incident goes through it.
"""
