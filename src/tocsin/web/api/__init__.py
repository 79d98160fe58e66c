"""The JSON API. Every screen could be made from it; `/openapi.json` describes it.

`incidents.py` opens and reads them, `verbs.py` gives every verb of the table an address, the rest is one file a noun.
"""
