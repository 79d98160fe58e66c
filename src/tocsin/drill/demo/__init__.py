"""What the demo is made of: five invented teams' playbooks (``playbooks/``) and one small shop that breaks for real.

``world/`` holds the programs that run inside the shop. They are copied into the world's directory and run there by an
interpreter that need not know tocsin, so they import the standard library and each other, and nothing else.
"""
