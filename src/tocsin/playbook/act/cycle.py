"""Stopping and starting again: two commands that together are a restart, though neither is by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tocsin.pattern import compile_late
from tocsin.playbook.act.call import Call
from tocsin.playbook.shell import names

_TOOLS = compile_late(
    r"(?:docker|podman|nerdctl|docker-compose|podman-compose|systemctl|service|kubectl|oc|k|pm2|supervisorctl|virsh|lxc|"
    r"incus|nomad|heroku|fly|flyctl|apachectl|apache2ctl|httpd|nginx|pg_ctl|pg_ctlcluster|mysqladmin|rabbitmqctl|monit|sv|"
    r"svc|s6-svc|rc-service|initctl|launchctl|brew|net|sc|sc\.exe|forever|catalina\.sh|gitlab-ctl|aws|gcloud|az|doctl|"
    r"multipass|vagrant|crictl|ctr|machinectl|screen|tmux)\b.*?"
)
_ENDS = compile_late(
    r" (?:-s )?(?:stop\S*|kill|down|pause|quit|halt|shutdown|suspend|--replicas[= ]0|(?!--)\S+=0|rm|remove|delete|"
    r"undeploy)(?= |$)"
)
_BEGINS = compile_late(
    r" (?:start\S*|up|unpause|resume|run|create|apply|bootstrap|load|--replicas[= ][1-9]\d*|(?!--)\S+=[1-9]\d*)(?= |$)"
)
_SCRIPT = compile_late(r"/(?:init|rc)\.d/\S+$")
_LXC = compile_late(r"lxc-(stop|start)\b")
_LOOKS = names("ps logs inspect get describe status show list")


def stops(call: Call) -> bool:
    """Whether a command ends something that runs."""
    return _matches(call, _ENDS, "stop")


def starts(call: Call) -> bool:
    """Whether a command begins something."""
    return _matches(call, _BEGINS, "start")


def stops_and_starts(calls: Sequence[Call]) -> bool:
    """Whether commands end something and begin something afterwards."""
    ended: set[str] = set()
    for call in calls:
        if ended and (starts(call) or (len(call.words) == 1 and call.program in ended)):
            return True
        if stops(call):
            ended.add(call.program)
    return False


def is_begun_again(calls: Sequence[Call], before: Iterable[Sequence[Call]]) -> bool:
    """Whether commands begin what earlier ones ended: by its name, or as part of a whole that has none."""
    begun = [call for call in calls if starts(call) and not stops(call)]
    if not begun:
        return False
    ended = [call for each in before for call in each if stops(call)]
    return any(_is_same(first, then) for first in ended for then in begun)


def _is_same(ended: Call, begun: Call) -> bool:
    one, other = _find_things(ended), _find_things(begun)
    if one and other:
        return not one.isdisjoint(other)
    return _FAMILIES.get(ended.program, ended.program) == _FAMILIES.get(begun.program, begun.program)


def _find_things(call: Call) -> frozenset[str]:
    """The words by which a command may call what it ends or begins."""
    words = (word.removesuffix(".service").rpartition("/")[2] for word in call.words if not word.startswith("-"))
    things = (word for word in words if word not in _VERBS and word != call.program and "=" not in word)
    return frozenset(thing for thing in things if not thing.endswith((".yml", ".yaml", ".env")))


_FAMILIES = dict.fromkeys(names("podman nerdctl docker-compose podman-compose"), "docker") | {"service": "systemctl"}
_VERBS = names(
    "stop start kill down up pause unpause rm run create delete apply remove compose container service scale rollout "
    "deploy deployment pod all"
)


def _matches(call: Call, pattern: re.Pattern[str], word: str) -> bool:
    if not call.words or not _LOOKS.isdisjoint(call.words[1:3]):
        return False
    if _SCRIPT.search(call.words[0]):
        return call.words[1:2] == (word,)
    lxc = _LXC.match(call.program)
    if lxc is not None:
        return lxc[1] == word
    return _TOOLS.match(call.spoken) is not None and pattern.search(call.spoken) is not None
