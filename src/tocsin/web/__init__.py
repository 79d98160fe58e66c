"""Screens, JSON API, inbound hooks and status site. No rules here: a request becomes a command, an incident a view.

`site.py` is the map: every route of the server in one list. `desk.py` is all that a request may use; `views/` holds
what is shown, as plain values that the API and the screens share; `templates/` only lays it out.
"""

from tocsin.web.desk import Desk, Policy, Stage
from tocsin.web.site import create_app

__all__ = ["Desk", "Policy", "Stage", "create_app"]
