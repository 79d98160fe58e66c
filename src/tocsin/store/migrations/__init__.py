"""How the schema came to be, revision by revision. Expand first, contract a release later: two versions run side by
side, and a revision that an older version could not live with raises `schema_from`.
"""
