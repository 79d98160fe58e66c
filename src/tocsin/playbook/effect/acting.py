"""Words that act: as a sub-command, each does more than look, whatever the program."""

from __future__ import annotations

from tocsin.pattern import compile_late
from tocsin.playbook.shell import names

VERBS = names(
    "abort activate add adopt allow apply approve assign attach authorize backup ban block bootstrap bounce build "
    "call cancel change clean clear clone commit connect convert copy cordon cp create deactivate deallocate "
    "decommission del delete deny deploy deprovision deregister destroy detach disable disconnect drain drop edit "
    "eject enable evict exec execute expire export fail failover fence fix flush force forget format freeze grant "
    "halt heal import init inject insert install invoke join kill launch leave load lock login logout migrate "
    "modify mount move mv new off on patch pause pin poweroff promote provision prune publish pull purge push put "
    "reassign rebalance reboot rebuild recover recreate recycle redeploy redo register reinstall reload remove "
    "rename renew reopen repair replace reset resize resolve restart restore resume resync retry revert revoke rm "
    "rmi roll rollback rotate run save scale seal send set setup shell shutdown signal silence skip snapshot ssh "
    "start stop submit suspend swap switch switchover sync taint terminate thaw touch transfer trigger truncate "
    "uncordon undeploy undo unfreeze uninstall unlock unmount unpause unpublish unregister unseal unset untaint "
    "update upgrade upload use wipe write"
)

_PIECE = compile_late(r"^[a-z]+(?=$|[-_:])|(?<=[-_:])[a-z]+$")


def acts(word: str) -> bool:
    """Whether a word, as a sub-command, would do more than look."""
    return any(piece in VERBS for piece in _PIECE.findall(word))
