"""What the words of a prohibition cover: kinds of act, each with the words that orders use and those that commands use.

Verbs are word stems that are looked for in commands; acts are recognised by how commands are called. Both count.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.model import Forbids
from tocsin.words import Act, Effect, Tag

_PUBLIC = (
    r"(?:public|customers?|users?|press|media|external(?:ly)?|outside|twitter|social|status page|stakeholders|anyone|"
    r"others\b)"
)
_TELL = (
    r"\b(?:communicat|announc|disclos|publish|post|tweet|tell|inform|notify|discuss|talk|speak|mention|shar|comment|"
    r"disseminat|statement|update|interact)\w*\b"
)
_SAID = r"\b(?:communicat|statement|announce|disclos|post|update|comment)\w*"
_ALTER = (
    r"\b(?:modif|edit|alter|chang|tamper|rotat|clear|truncat|overwrit|touch|manipulat|clean|purg|delet|remov|eras|"
    r"wip|forg|falsif|redact|scrub|writ)\w*\b"
)
_DELETE = r"\b(?:delet|remov|prun|wip|drop|purg|eras|destroy|discard|clean|truncat|format)\w*"
_RUNNING = (
    r"\b(?:pods?|nodes?|workloads?|deployments?|replicas?|containers?|instances?|services?|servers?|hosts?|machines?|"
    r"clusters?|app(?:lication)?s?|tasks?|namespaces?|resources?|processes|\w*things?)\b"
)
_OPENERS = r"(?:keys?|secrets?|credentials?|passwords?|passphrases?|certs?|certificates?|tokens?)\b"
_MONEY = r"(?:funds?|money|coins?|assets?|crypto\w*|bitcoins?|payments?|balances?|withdrawals?|refunds?|payouts?)\b"

_DESTROYING = Forbids(tags=(Tag.EVIDENCE_DESTROYING,), effects=(Effect.DESTROY,))
_LOG_CHANGES = Forbids(
    acts=(Act.LOGS, Act.DISCARD),
    verbs=("edit", "modif", "alter", "truncate", "shred", "vacuum", "logrotate", "rotate", "delete", "remove", "clear",
           "purge", "wipe", "unlink", "scrub", "update", "drop", "prune", "retention", "tamper", "overwrite", "expire",
           "trim", "flush", "erase", "clean", "destroy", "forget"),
    objects=("log", "journal"),
)  # fmt: skip
_RESTARTS = Forbids(
    acts=(Act.RESTART,),
    tags=(Tag.EVIDENCE_DESTROYING,),
    verbs=("restart", "reboot", "recreate", "redeploy", "reload", "bounce", "reset", "cycle", "respawn", "relaunch"),
)
_DELETIONS = Forbids(
    acts=(Act.DELETE,),
    effects=(Effect.DESTROY,),
    verbs=("delete", "remove", "rm", "rmi", "rmdir", "unlink", "shred", "prune", "wipe", "drop", "purge", "erase",
           "destroy", "truncate", "down"),
)  # fmt: skip
_ANY_CHANGE = Forbids(effects=(Effect.MUTATE, Effect.DESTROY))
_ANY_COMMAND = Forbids(effects=(Effect.UNKNOWN, Effect.MUTATE, Effect.DESTROY))
_EVICTIONS = Forbids(acts=(Act.EVICT,))
_STOPS = Forbids(
    acts=(Act.STOP, Act.POWER, Act.EVICT),
    verbs=("stop", "shutdown", "halt", "kill", "terminate", "poweroff", "down", "suspend"),
)
_POWER = Forbids(acts=(Act.POWER,), verbs=("poweroff", "shutdown", "halt", "deallocate", "hibernate"))
_KEYS = Forbids(
    acts=(Act.KEYS,),
    verbs=("rotate", "renew", "revoke", "regenerate", "generate", "rekey", "replace", "reissue", "reset", "change",
           "update", "delete", "import", "create"),
    objects=("key", "secret", "credential", "cert", "passw", "token", "passphrase", "sops", "vault"),
)  # fmt: skip


def _meaning(name: str, pattern: str, forbids: Forbids) -> tuple[str, re.Pattern[str], Forbids]:
    return name, compile_late(pattern, re.IGNORECASE), forbids


MEANINGS = (
    _meaning(
        "comms",
        rf"{_TELL}.*\b{_PUBLIC}|\b{_PUBLIC}\b.*{_SAID}|\bgo(?:ing)? public\b|^(?:publish|announc|tweet)\w*\b|"
        r"\b(?:open|fil|creat|rais)\w*\b.*\bpublic\b",
        Forbids(comms=True),
    ),
    _meaning("evidence", r"\bevidence\b|\bforensic", _DESTROYING),
    _meaning("logs", rf"{_ALTER}.*\b(?:logs?|journals?|audit trails?|log ?files?)\b", _LOG_CHANGES),
    _meaning(
        "keys",
        rf"\b(?:rotat|renew|revok|regenerat|generat|rekey|re-?issu|replac|reset|chang|updat|modif)\w*\b.*\b{_OPENERS}|"
        rf"\b{_OPENERS}.*\b(?:rotat|renew|revok|regenerat|chang|replac)\w*",
        _KEYS,
    ),
    _meaning(
        "pay",
        rf"\bpay(?:ing|ments?|outs?)?\b|\bransom|\b(?:transfer|send|mov|withdraw|refund|releas|process)\w*\b.*\b{_MONEY}|"
        r"^(?:refund|withdraw)",
        Forbids(acts=(Act.PAY,), verbs=("pay", "payout", "payment", "refund", "withdraw", "withdrawal", "transfer")),
    ),
    _meaning(
        "firewall",
        r"\bfirewalls?\b|\biptables\b|\bufw\b|\bsecurity groups?\b|\bnetwork (?:rules?|polic\w+|acls?)\b",
        Forbids(acts=(Act.FIREWALL,), verbs=("firewall", "iptables", "ufw", "nft")),
    ),
    _meaning(
        "config",
        r"\b(?:chang|edit|modif|alter|updat|touch|tweak|overwrit)\w*\b.*\b(?:config\w*|settings?|parameters?)\b",
        Forbids(acts=(Act.CONFIG, Act.FIREWALL), verbs=("configure", "reconfigure", "set-config", "config-set")),
    ),
    _meaning(
        "migrate",
        r"\bmigrat\w*|\bschema changes?\b|\b(?:alter|chang)\w*\b.*\bschema",
        Forbids(acts=(Act.MIGRATE,), verbs=("migrate", "migration", "migrat")),
    ),
    _meaning(
        "connect",
        r"\bssh(?:ing)?\b|\blog(?:ging)?[ -]?(?:in|on)(?:to| to)?\b|\b(?:connect|remot)\w*\b.*\b(?:to|into)\b|"
        r"\bshell into\b",
        Forbids(acts=(Act.CONNECT,)),
    ),
    _meaning(
        "patch",
        r"\b(?:patch|upgrad)\w*|\binstall\w*|\bupdat\w*\b.*\b(?:packages?|software|systems?|hosts?|servers?|machines?|"
        r"dependenc\w+|libraries)\b",
        Forbids(acts=(Act.PATCH,), verbs=("patch", "upgrade", "install")),
    ),
    _meaning(
        "restart", r"\b(?:restart|reboot|bounc|recreat|redeploy|reload|power[- ]?cycl|re-?start|reset)\w*", _RESTARTS
    ),
    _meaning("delete", _DELETE, _DELETIONS),
    _meaning("evict", rf"{_DELETE}(?:.*{_RUNNING}|\W*$)", _EVICTIONS),
    _meaning(
        "change",
        r"\b(?:mak\w*|appl\w*|any|further|unapproved|all)\b.{0,20}\bchang|\bmodif|\balter\b|\btouch\b|\bchanges?\b|"
        r"\bchanging\b|\bmutat",
        _ANY_CHANGE,
    ),
    _meaning("power", r"\bpower(?:ing|ed)? ?(?:off|down)\b|\bunplug\w*|\bpull(?:ing)? the (?:plug|power)", _POWER),
    _meaning("stop", r"\b(?:stop|shut ?(?:ting )?down|halt|kill|terminat|turn(?:ing)? off)\w*", _STOPS),
    _meaning(
        "deploy",
        r"\b(?:deploy|releas|ship|merg|roll(?:ing)? out|push)\w*",
        Forbids(acts=(Act.DEPLOY,), verbs=("deploy", "release", "apply", "rollout", "push", "merge", "upgrade")),
    ),
    _meaning(
        "rollback",
        r"\b(?:roll(?:ing)? ?back|revert|downgrad)\w*",
        Forbids(acts=(Act.ROLLBACK,), verbs=("rollback", "revert", "undo", "downgrade")),
    ),
    _meaning(
        "restore",
        r"\b(?:restor|overwrit|re-?stor)\w*",
        Forbids(acts=(Act.RESTORE,), verbs=("restore", "overwrite", "import")),
    ),
    _meaning(
        "failover",
        r"\b(?:fail(?:ing)?[- ]?over|promot|switch(?:ing)?[- ]?over)\w*",
        Forbids(acts=(Act.FAILOVER,), verbs=("failover", "promote", "switchover")),
    ),
    _meaning(
        "scale", r"\b(?:auto)?scal\w+|\bresiz\w+", Forbids(acts=(Act.SCALE,), verbs=("scale", "autoscale", "resize"))
    ),
    _meaning("run", r"\b(?:run|execut)\w*\b.*\b(?:commands?|anything|scripts?)\b", _ANY_COMMAND),
)
"""Name, the words of an order, and what such an order covers."""

ALONE = ("comms", "logs", "keys", "pay")
"""Meanings that say all by themselves: what may not be told to the public is no command, "modify logs" forbids no other
change, and "process refunds" no release."""

NARROWER = {
    "evidence": ("delete", "evict", "change"),
    "firewall": ("change", "config", "restart", "delete", "evict"),
    "config": ("change",),
    "migrate": ("change",),
    "patch": ("change",),
    "power": ("stop",),
    "deploy": ("patch",),
}
"""Meanings beside which others say nothing more: "changes that destroy evidence" forbids no other change."""
