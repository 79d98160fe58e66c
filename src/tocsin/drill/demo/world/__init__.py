"""The shop: an order service, the database it talks to, what keeps both running, and the commands that act on them.

Standard library only, run with ``python -IS``: these files are copied into a world's directory as the package ``shop``
and may be executed by another user, or inside a sandbox, where nothing else is installed.
"""
