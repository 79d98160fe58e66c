"""Whether words tell somebody to do something: they begin with a verb in its plain form, as orders do."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember

_VERBS = (
    "acknowledge|activate|add|adjust|alert|allow|analy[sz]e|announce|apply|approve|archive|ask|assess|assign|attach|"
    "back up|backup|ban|block|bring|bump|call|cancel|capture|change|check|choose|clean(?: up)?|clear|click|close|"
    "collect|compare|configure|confirm|connect|contact|contain|continue|coordinate|copy|cordon|correct|create|debug|"
    "declare|decrease|decommission|delete|deploy|describe|determine|diagnose|disable|disconnect|discuss|document|"
    "download|drain|edit|email|enable|engage|ensure|escalate|establish|evaluate|evict|examine|execute|expand|export|"
    "extend|fail ?over|failover|find|fix|flush|follow|force|free|freeze|gather|generate|get|give|go|grant|halt|hand|"
    "identify|implement|import|increase|inform|initiate|inspect|install|invalidate|investigate|invite|isolate|issue|"
    "jail|join|keep|kick|kill|launch|list|load|locate|lock|log|look|lower|maintain|make|manually|mark|measure|merge|"
    "mitigate|modify|monitor|mount|move|mute|navigate|notify|observe|obtain|open|page|patch|pause|perform|ping|point|"
    "post|prepare|preserve|preview|promote|prune|publish|pull|purge|push|put|query|quarantine|raise|reach out|read|"
    "rebalance|reboot|rebuild|reconcile|reconfigure|record|recover|recreate|redeploy|redirect|reduce|refer|refresh|"
    "reindex|release|reload|remove|rename|renew|repair|replace|replay|report|request|rerun|re-?run|reset|resize|"
    "resolve|restart|restore|resume|retry|return|revert|review|revoke|roll ?back|roll ?out|rotate|route|run|save|scale|"
    "scan|schedule|search|select|send|set(?: up)?|share|shut ?down|silence|snapshot|ssh|start|stop|submit|suspend|"
    "switch|sync|tag|take|talk|tell|terminate|test|throttle|trace|track|transfer|trigger|truncate|try|tune|turn|type|"
    "unblock|uncordon|undo|uninstall|unlock|unmount|update|upgrade|upload|use|validate|verify|view|visit|wait|warm|"
    "warn|watch|wipe|withdraw|work|write"
)
_LEAD = (
    r"(?:(?:please|then|next|now|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|also|afterwards|after that|"
    r"once (?:done|that is done)|immediately|if [^,.;]{3,80},|when [^,.;]{3,80},|for [^,.;]{3,60},|to [^,.;]{3,60},|"
    r"you (?:can|should|must|may|will need to|need to)(?: also)?|we (?:can|should|must)|it (?:is|may be) "
    r"(?:necessary|required|best) to|let'?s|optionally|as a last resort)[\s,:]+(?:then\s+)?)*"
)
_NO_ORDER = (
    r"(?!use (?:this|it) (?:when|if|for)\b|(?:query|report|request|record|test|trace|load|log|list|page|post|change|"
    r"update|release|issue|set|point|lower|free|open|close|clear|correct|watch|work|run)\s+(?:\w+\s+){1,3}"
    r"(?:is|are|was|were|has|have|can|may|might|will)\b)"
)
_ORDER = compile_late(
    rf"{_LEAD}{_NO_ORDER}(?:{_VERBS})(?=\s+(?!of\b|and\b|is\b|are\b|was\b|has\b|will\b)\S|[:.,]?\s*$)", re.IGNORECASE
)


@remember
def gives_order(text: str) -> bool:
    """Whether a sentence, an item or a cell says what to do ("Then restart the workers")."""
    return _ORDER.match(text.lstrip(" *_`-–—>")) is not None
