"""What happened: the events, the entries that hold them, and the keyed chain that shows whether anybody touched them.

Start with `events.py`: it is the vocabulary of the whole product.
"""
