"""Kinds of prohibition: how orders word them, what must be refused under them, and what must not."""

from __future__ import annotations

from .config import CONFIG
from .connect import CONNECT
from .delete import DELETE, DELETE_DATA
from .deploy import DEPLOY
from .failover import FAILOVER
from .firewall import FIREWALL
from .keys import KEYS
from .logs import LOGS
from .migrate import MIGRATE
from .patch import PATCH
from .pay import PAY
from .power import POWER
from .publish import PUBLISH
from .restart import RESTART
from .scale import SCALE
from .stop import STOP

KINDS = {
    "logs": LOGS,
    "publish": PUBLISH,
    "restart": RESTART,
    "delete": DELETE,
    "delete data": DELETE_DATA,
    "deploy": DEPLOY,
    "keys": KEYS,
    "failover": FAILOVER,
    "scale": SCALE,
    "firewall": FIREWALL,
    "config": CONFIG,
    "pay": PAY,
    "power": POWER,
    "migrate": MIGRATE,
    "connect": CONNECT,
    "patch": PATCH,
    "stop": STOP,
}
