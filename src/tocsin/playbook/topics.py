"""What a chapter of a playbook is about: severities, roles, escalation, contacts, a group of scenarios …

Only titles are judged here. Recognisers look at the shape of what stands below a title before they believe it, and
find things of a telling shape under titles that say nothing.
"""

from __future__ import annotations

from typing import ClassVar

from tocsin.pattern import compile_late
from tocsin.playbook.block import Block, Kind
from tocsin.playbook.kinds import strip_number
from tocsin.playbook.memory import remember
from tocsin.playbook.sign import Sign


class Topic(Sign):
    """The subject of a chapter."""

    __slots__ = ()

    SEVERITY: ClassVar[Topic]
    ROLE: ClassVar[Topic]
    ROTATION: ClassVar[Topic]
    ESCALATION: ClassVar[Topic]
    COMMUNICATION: ClassVar[Topic]
    CONTACT: ClassVar[Topic]
    REVIEW: ClassVar[Topic]
    METRIC: ClassVar[Topic]
    DRILL: ClassVar[Topic]
    CONTENTS: ClassVar[Topic]
    RESOURCE: ClassVar[Topic]
    TEMPLATE: ClassVar[Topic]
    SCENARIOS: ClassVar[Topic]
    PROCESSES: ClassVar[Topic]


_T = Topic
_TABLE: tuple[tuple[Topic, int, str], ...] = (
    (_T.CONTENTS, 9, r"table of contents|contents|toc|in this document|índice|sumário|inhaltsverzeichnis|目录|on this "
                     r"page"),
    (_T.TEMPLATE, 6, r"templates?|boilerplate|vorlagen?|modelos?|sample messages?|canned (?:messages?|texts?)"),
    (_T.DRILL, 5, r"drills?|training|exercises?|game[- ]?days?|simulations?|rehearsals?|table-?tops?|演练|"
                  r"practi[cs]e(?: sessions?| runs?)?|"
        r"fire[- ]drills?|übungen|testing and training|readiness"),
    (_T.CONTACT, 5, r"contacts?|contact (?:list|details|information)|(?:tele)?phone (?:list|numbers|book)|call list|"
                    r"director(?:y|ies)|who to call|"
        r"whom to (?:call|reach)|emergency numbers|contatos?|kontakte?|how to reach (?:us|people|whom?)|reachability|"
        r"联系人|address book"),
    (_T.ESCALATION, 4, r"escalat\w*|escalaç\w+|eskalation\w*|升级|call(?:ing)? (?:for )?(?:help|back-?up|"
                       r"reinforcements?)|raising the alarm|"
        r"who(?:m)? (?:else )?to (?:involve|call next|page)|chain of command|get(?:ting)? (?:more )?help|"
        r"when to (?:call|"
        r"get|page|wake)\b.*"),
    (_T.REVIEW, 4, r"post-?\s?incidents?|post-?\s?mort[ea]ms?|retrospectives?|after[- ]action|lessons learn\w+|after "
                   r"(?:the|an) (?:incident|event|fact|dust)|"
        r"pós-incidente|afterwards|after-?math|learning review|incident reviews?|debrief\w*|once it is over|复盘|"
        r"nachbereitung|blameless"),
    (_T.ROTATION, 4, r"(?:on-?call|duty|support|shift|watch) (?:rotations?|schedules?|rosters?|rotas?|coverage|"
                     r"shifts?|patterns?|plan|calendar)|"
        r"rotations?|rotas?|rosters?|shift (?:pattern|plan|schedule)s?|watch bill|handoffs?|hand-?overs?|"
        r"bereitschaft\w*|who is on duty"),
    (_T.METRIC, 4, r"metrics?|kpis?|key figures|measurements?|statistics|scorecards?|what we (?:measure|track|count)|"
                   r"key performance indicators|measuring (?:ourselves|success|performance)|slis?$|"
        r"reporting|numbers we (?:watch|track)|indicators|figures|指标"),
    (_T.SEVERITY, 3, r"severit(?:y|ies)|(?:incident|alert|issue|impact|event|problem|fault) (?:classif\w+|"
                     r"class(?:es)?|levels?|categor\w+|priorit\w+|types?|"
        r"grades?|ranks?|tiers?)|priorit(?:y|ies)|priority (?:levels?|matrix|definitions|classes|tiers?)|"
        r"classifi?cat\w*|classificação\w*|"
        r"(?:response|reaction|answer)(?: time)? (?:times?|targets?|slas?|objectives?|goals?)|urgency(?: (?:levels?|"
        r"grades?))?|how (?:bad|serious|urgent)"
        r"(?: is it)?|slas?|criticality|severidade\w*|schweregrade?|严重|grading|impact (?:levels?|classes|tiers?)|"
        r"levels? of (?:severity|urgency|impact)"),
    (_T.ROLE, 3, r"(?:incident |response |team |key )?roles?|responsibilit(?:y|ies)|response team|incident "
                 r"(?:response )?team|who does what|team structure|"
        r"command structure|responders|papéis|rollen|duties|crew|the team|people involved|职责|who is who|"
        r"cast|^(?:the )?(?:people|team)$"),
    (_T.COMMUNICATION, 3, r"communicat\w*|comunicação|kommunikation|channels?|notifications?|status[- ]pages?|comms|"
                          r"announcements?|keeping people informed|"
        r"stakeholder updates?|messaging|沟通"),
    (_T.SCENARIOS, 3, r"(?:common |known |typical |specific |technical |critical |incident |failure |security |"
                      r"emergency |operational |alert |frequent )*"
        r"(?:scenarios|playbooks|runbooks|failures|failure modes|emergencies|incidents|faults|outages|situations|"
        r"problems)|"
        r"(?!\w+ing\b|after\b|during\b)(?:[\w-]+ ){1,3}(?:scenarios|playbooks|runbooks|incidents)$|"
        r"known (?:issues|problems|faults)|failure modes|(?:types|kinds) of (?:incidents?|failures?)|incident types?|"
        r"what can go wrong|"
        r"cenários|szenarien|procedimentos espec[ií]ficos|"
        r"procedimentos por tipo.*|problemas comuns|common (?:issues|problems|errors|alerts)|"
        r"(?:scenario|alert|incident)[- ]specific (?:procedures|playbooks|runbooks|steps|response)|when things break|"
        r"cookbook|per-alert \w+"),
    (_T.PROCESSES, 3, r"(?:incident |emergency |general |standard )*(?:response|recovery|restoration|handling|"
                      r"incident|management|resolution) "
        r"(?:process(?:es)?|procedures?|workflows?|flows?|life-?cycle|protocols?|plans?)|^life-?cycle$|"
        r"^how to recover$|"
        r"how we (?:respond|work|handle)\b.*|"
        r"processo de resposta|reaktionsprozess|standard operating procedures?|sops?|general procedures?|处置流程"),
    (_T.RESOURCE, 2, r"tools?|tooling|resources?|references?|related(?: \w+)*|links?|further reading|documentation|"
                     r"dashboards?|see also|appendi(?:x|ces)|"
        r"glossary|^(?:tools? )?access$|prerequisites?|useful \w+|definitions?|revision history|change ?log"),
)  # fmt: skip
_PATTERNS = tuple((topic, weight, compile_late(rf"(?<![\w-])(?:{words})(?!\w)")) for topic, weight, words in _TABLE)
_ANY = compile_late(rf"(?<![\w-])(?:{'|'.join(words for _, _, words in _TABLE)})(?!\w)")
_ABOUT = compile_late(r"(?:how to use|using|about|what is|what are|why)\b")
_PARENTHESES = compile_late(r"\([^()]*\)")


@remember
def name_topic(title: str) -> Topic | None:
    """The subject that a title names, or None. The heaviest wins, then the one that stands last in the title."""
    words = strip_number(_PARENTHESES.sub(" ", title) if "(" in title else title).strip(" :.-–—").lower()
    if words.endswith("?") or _ABOUT.match(words) or not _ANY.search(words):
        return None
    best: tuple[int, int, Topic] | None = None
    for topic, weight, pattern in _PATTERNS:
        if best is not None and weight < best[0]:
            break
        for match in pattern.finditer(words):
            found = (weight, match.end(), topic)
            best = found if best is None or found[:2] > best[:2] else best
    return best[2] if best else None


def topic_of(block: Block) -> Topic | None:
    """The subject that a heading or label stands under: its own title's, or that of the nearest one above it."""
    for holder in (block, *block.ancestors()):
        if holder.kind is Kind.LABEL or (holder.kind is Kind.HEADING and (holder.level or holder is block)):
            topic = name_topic(holder.title)
            if topic is not None:
                return topic
    return None


def topics_of(block: Block) -> tuple[Topic, ...]:
    """The subjects of a block and of everything that it stands in, innermost first."""
    if block.topics is None:
        above = topics_of(block.parent) if block.parent is not None else ()
        named = block.kind is Kind.LABEL or (block.kind is Kind.HEADING and block.level)
        own = name_topic(block.title) if named else None
        block.topics = above if own is None else (own, *above)
    return block.topics
