"""Which part of a response a title names: a table of words, weighed, in the languages that playbooks come in.

The words decide and not the place. Where a title names two kinds, the heavier one wins ("Immediate Response"), then the
later one ("Detection & Triage" triages, "Recovery Verification" verifies).
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late
from tocsin.playbook.memory import remember
from tocsin.words import SectionKind

_S = SectionKind
_TABLE: tuple[tuple[SectionKind, int, str], ...] = (
    (_S.SYMPTOMS, 3, r"(?:common |typical |observed )?(?:symptoms?|warning signs?|signs?|indicators?|manifestations?)|"
        r"what (?:you|users?|one|people)(?:'ll| will| might| may)? (?:see|notice|observe)s?|how (?:it|this) (?:looks|"
        r"shows|presents)|how (?:users|customers|people) (?:notice|see)(?: it)?|what (?:it|"
        r"this) looks like|^observations?$|"
        r"failure signature|"
        r"how (?:to|you) recogni[sz]e(?: it)?|^observability$|"
        r"tell-?tales?|s[ií]ntomas?|sintomi|symptomen|objawy|symptome|symptômes|症状|anzeichen"),
    (_S.CAUSES, 3, r"(?:common|likely|possible|potential|probable|typical|usual|known|frequent) (?:root )?(?:causes?|"
                   r"issues?|"
        r"culprits?|reasons?|problems?|suspects?|origins?)|^(?:root )?causes?$|^causas?(?: comuns| prováveis)?$|"
        r"ursachen?|"
        r"contributing factors|what (?:usually |typically )?causes (?:this|it)|why (?:it|this) happens|原因"),
    (_S.DETECTION, 2, r"detect\w*|detecç\w+|how (?:do )?we know|alert (?:fires|fired|firing|triggers|triggered|"
                      r"received|arrives|raised)|"
        r"^(?:the )?signal$|^(?:initial )?identification$|how (?:it|this) is (?:found|noticed|detected)|"
        r"how (?:do )?(?:we|you) (?:notice|see|find)\b(?: it)?|^signals$|spot(?:ting)? it|erkennung"),
    (_S.TRIAGE, 2, r"triag\w*|sort out severity|decision (?:flow|tree|table)s?|"
                   r"prioriti[sz]ation|^classif(?:y|ication)$"),
    (_S.IMMEDIATE, 4, r"immediate(?:ly)?(?! post)\b|(?:first|initial|emergency|urgent|quick|instant|early) "
                      r"(?:response|actions?|steps?|moves?|"
        r"measures|reactions?|aid|things)|do (?:this )?(?:first|now|at once)|right away|first \d+ min\w*|first "
        r"(?:few )?minutes|"
        r"what to do (?:first|now)|act now|ações imediatas|acci[oó]n(?:es)? inmediata\w*|sofortmaßnahmen|"
        r"at once|straight "
        r"away"),
    (_S.ASSESS, 2, r"assess\w*|evaluat\w+|scop(?:e|ing)(?: the (?:impact|damage|incident))?$|size up|gauge|take stock|"
        r"(?:impact|damage|situation) (?:assessment|analysis|appraisal)|apprais\w+|avaliação"),
    (_S.CONTAINMENT, 2, r"contain(?:ment|ing)?\b|isolat(?:ion|e|ing)|stop the (?:bleeding|damage|spread)|quarantine|"
                        r"limit (?:the )?damage|"
        r"damage control|conten[çc](?:ão|ión|ion)|eindämmung|ring-?fenc\w+"),
    (_S.DIAGNOSIS, 2, r"diagn[oó]s\w*|steps to check|troubleshoot\w*|debugg?\w*|diagnóstico|possible checks|"
                      r"(?:initial |first |basic |health |status )?checks"
        r"(?: to (?:run|make))?$|what to (?:check|look (?:at|for))|find(?:ing)? (?:out )?(?:the )?(?:cause|fault|"
        r"problem)|diagnose|"
        r"narrow(?:ing)? (?:it )?down|^check$|things to check|^inspect(?:ion)?$|fehlersuche|诊断|排查|"
        r"how to (?:check|diagnose)|fault finding"),
    (_S.INVESTIGATION, 2, r"investigat\w*|investigaç\w+|forensic\w*|dig(?:ging)? deeper|deep(?:er)? dive|root[- "
                          r"]cause analysis|"
        r"look(?:ing)? (?:deeper|closer)|inquiry|enquiry|detailed analysis|further analysis|untersuchung|"
        r"调查|find(?:ing)? out (?:why|what happened)|"
        r"^analysis$"),
    (_S.MITIGATION, 2, r"mitigat\w*|mitiga[çc]\w+|work-?arounds?|stabili[sz]\w+|缓解|reduce (?:the )?impact|damp(?:en|"
                       r"ing)"),
    (_S.MITIGATION, 1, r"respon(?:se|d|ding)\b|处置|counter-?measures?|handling|how to (?:respond|react)|reaction"),
    (_S.RESOLUTION, 2, r"resol(?:ution|ve|ving|utions)\b|resolu[çc]\w+|\bfix(?:es|ing)?\b|remed(?:y|ies|iation|iate|"
                       r"iating)|solu(?:tion|tions)\b|soluç\w+|"
        r"repair\w*|correct(?:ive|ion)\w*|cure|behebung|lösung|solução|resolución|soluzione|rozwiązanie|"
        r"oplossing|解决|how to (?:fix|resolve|solve|repair)|"
        r"^solv(?:e|ing)$|put(?:ting)? (?:it|things) right|eradicat\w+|make it right"),
    (_S.MITIGATION, 1, r"^(?:ações|acciones|aktionen|maßnahmen|対応|действия|azioni|działania|acties)$"),
    (_S.RESOLUTION, 1, r"^what (?:to|you should|we) do(?: about it)?$|^actions? to take$"),
    (_S.RECOVERY, 2, r"recover\w*|restor(?:e|ation|ing)\b|return to (?:service|normal)|back to (?:normal|service)|"
                     r"bring(?:ing)? (?:it |things )?back|"
        r"rebuild\w*|wiederherstellung|recuperação|恢复|get(?:ting)? back (?:up|to \w+)"),
    (_S.VERIFICATION, 3, r"(?:recovery|success) definition|definition of (?:recovery|success|done)|"
        r"verif(?:y|ication|ying)\b|validat(?:e|ion|ing)\b|confirm(?:ation|ing)? (?:the )?(?:fix|"
                         r"recovery|resolution|success|"
        r"health)\w*|confirm(?:ation)?$|(?:exit|success|acceptance|recovery) criteria|smoke tests?|post-?checks?|"
        r"prove (?:it|the fix)|"
        r"check (?:that )?it worked|check(?:ing)? the result|sanity checks?|test(?:ing)? the (?:fix|result)|"
        r"is it (?:fixed|mended|solved)|验证|verificaç?[cã]?\w+|health confirmation|make sure (?:it|"
        r"that) \w+|did it work"),
    (_S.COMMUNICATION, 2, r"communicat\w*|notif(?:y|ications?|ying)\b|status[- ]page|war[- ]room|announce\w*|"
                          r"inform(?:ing)? (?:users|customers|"
        r"stakeholders|people|everyone)|stakeholder updates?|comunica[çc]\w+|tell(?:ing)? (?:people|users|customers|"
        r"everyone)|mobili[sz]\w+|"
        r"keep(?:ing)? (?:people|everyone|users) (?:informed|posted)|spread the word|kommunikation"),
    (_S.FOLLOW_UP, 2, r"follow[- ]?ups?|after-?care|afterwards?|next steps?|post[- ]?(?:incident|resolution|recovery|"
                      r"fix|event)(?! ?\w* ?(?:review|report|mortem))|"
        r"after the (?:fact|incident|fix|event|dust)|prevent(?:ion|ive|ing)\w*|watch(?:ing)? (?:it )?afterwards|"
        r"pós-incidente|"
        r"clean[- ]?up|later on|^later$|long[- ]term (?:actions?|measures?)|once (?:it is|it's) over|"
        r"wrap(?:ping)?[- ]?up|nachbereitung|prevenção"),
    (_S.ESCALATION, 3, r"escalat\w*|escala[çc]\w+|escalamiento|escalado|eskalation|when to (?:call|ask|get|page) \w+|"
                       r"call(?:ing)? for help|get(?:ting)? help|"
        r"whom? to (?:call|page) next|whom? else to (?:call|page|involve)|raise (?:the )?alarm|升级"),
    (_S.PROHIBITION, 5, r"^(?:do not|don'?t|never|must not|avoid)(?: do(?: this| any of)?)?$|what not to do|"
                        r"prohibit\w*|forbidden(?: \w+)?|"
        r"do not do|things to avoid|things (?:you must )?not (?:to )?do|must never|under no circumstances|hands off|"
        r"禁止|não fazer|off[- ]limits|"
        r"(?:not|never) (?:allowed|permitted)|no-?gos?"),
    (_S.QUESTIONS, 4, r"questions?(?: to (?:ask|answer))?|perguntas|ask yourself|things to ask|fragen|what to ask|"
                      r"what (?:we|you) need to know"),
    (_S.CHECKLIST, 4, r"check-?\s?lists?|tick ?list|to-?do list"),
    (_S.POSTMORTEM, 4, r"post-?\s?mort[ea]ms?|retrospectives?|lessons[- ]learn\w+|(?:post[- ]?incident|incident|"
                       r"after[- ]action|learning|blameless) "
        r"(?:reviews?|reports?|analysis)|after[- ]action|debrief\w*|post-?incident review|postmortem"),
)  # fmt: skip
_PATTERNS = tuple((kind, weight, compile_late(rf"(?<![\w-])(?:{pattern})(?!\w)")) for kind, weight, pattern in _TABLE)
_ANY = compile_late(rf"(?<![\w-])(?:{'|'.join(pattern for _, _, pattern in _TABLE)})(?!\w)")
_PARENTHESES = compile_late(r"\([^()]*\)|\[[^\[\]]*\]")
_NUMBER = compile_late(
    r"^\W*(?:(?:step|phase|stage|part|schritt|etapa|fase)\s*\d+|\d+(?:\.\d+)*)\s*[.):–—-]*\s+(?=\S)|^\W*(?:step|"
    r"phase|stage)\s*\d+\W*$",
    re.IGNORECASE,
)
_SIGNS = {
    _S.SYMPTOMS: "症状 现象 симптом признак 증상 أعراض",
    _S.CAUSES: "原因 причин 원인 أسباب",
    _S.DETECTION: "検知 检测 обнаруж 감지",
    _S.TRIAGE: "トリアージ 判断フロー триаж",
    _S.IMMEDIATE: "初動 立即 немедленн срочн первоочередн 즉시",
    _S.CONTAINMENT: "封じ込め 隔离 локализац изоляц 격리",
    _S.DIAGNOSIS: "診断 诊断 排查 диагност проверить 진단 تشخيص",
    _S.INVESTIGATION: "調査 调查 расследован 조사",
    _S.MITIGATION: "缓解 緩和 処置 处置 смягчен обходн 완화",
    _S.RESOLUTION: "根絶 解决 解決 修复 решени устранен исправлен 해결 조치 الحل",
    _S.RECOVERY: "復旧 恢复 восстановлен 복구",
    _S.VERIFICATION: "検証 验证 проверка верификац подтвержден 검증",
    _S.COMMUNICATION: "通知 沟通 коммуникац оповещен уведомлен 공지",
    _S.FOLLOW_UP: "事後 после_инцидента последующ 후속",
    _S.ESCALATION: "エスカレーション 升级 эскалац 에스컬레이션",
    _S.PROHIBITION: "禁止 нельзя запрещ не_делать 금지",
    _S.POSTMORTEM: "复盘 振り返り постмортем разбор_инцидент 회고",
}
"""The same in languages that are not written in Latin letters, as stems; ``_`` stands for a blank."""
_FOREIGN = tuple((sign.replace("_", " "), kind) for kind, signs in _SIGNS.items() for sign in signs.split())
_NO_BLANKS = compile_late("[\u3040-\u30ff\u4e00-\u9fff]")
_FILLER = frozenset(
    [
        "a",
        "an",
        "and",
        "or",
        "the",
        "of",
        "for",
        "to",
        "in",
        "on",
        "with",
        "by",
        "&",
        "/",
        "+",
        "–",
        "—",
        "-",
        "→",
        "your",
        "our",
        "this",
        "that",
        "it",
        "its",
        "from",
        "if",
        "any",
        "all",
        "step",
        "steps",
        "action",
        "actions",
        "procedure",
        "procedures",
        "process",
        "commands",
        "command",
        "phase",
        "guide",
        "plan",
        "task",
        "tasks",
        "work",
        "common",
        "possible",
        "potential",
        "initial",
        "full",
        "detailed",
        "further",
        "section",
        "instructions",
        "runbook",
        "required",
        "recommended",
        "suggested",
        "options",
        "option",
        "approach",
        "strategy",
        "strategies",
        "measures",
        "notes",
        "overview",
        "manual",
        "automatic",
        "automated",
        "standard",
        "basic",
        "quick",
        "additional",
        "general",
        "incident",
        "incidents",
        "alert",
        "alerts",
        "team",
        "technical",
        "decision",
        "setup",
        "final",
        "verify",
        "validate",
        "check",
        "key",
    ]
)
_NOUNS = compile_late(
    r"(?:(?:initial|immediate|first|early|root[- ]cause|impact|incident|alert|service|full|customer|technical|public|"
    r"internal|external) )?"
    r"(?:detection|triage|response|assessment|containment|isolation|diagnosis|diagnostics|troubleshooting|"
    r"investigation|analysis|"
    r"mitigation|resolution|remediation|recovery|restoration|verification|validation|communications?|notifications?|"
    r"escalation|"
    r"follow-?up|post-?incident|post-?mortem|retrospective|eradication|closure|prevention)"
    r"(?: (?:decision|steps?|phase|review|actions?|set-?up))?"
    r"|war[- ]room(?: set-?up)?|alert (?:fires|fired|received|triggers)|mobili[sz]ation",
    re.IGNORECASE,
)


class Naming:
    """What a title names: the kind, and how many words of the title say something else."""

    __slots__ = ("kind", "other_words")

    def __init__(self, kind: SectionKind, other_words: int) -> None:
        self.kind = kind
        self.other_words = other_words


@remember
def name_kind(title: str) -> Naming | None:
    """The kind that a title names by its words, however many other words stand beside it; None when it names none."""
    words = bare_title(title).lower()
    if not title.isascii():
        named = [(words.rfind(sign), kind) for sign, kind in _FOREIGN if sign in words]
        if named:
            longer = len(words) > 10 if _NO_BLANKS.search(words) else len(words.split()) > 2
            return Naming(max(named)[1], int(longer))
    if not _ANY.search(words):
        return None
    found = [
        (weight, match.start(), kind, match)
        for kind, weight, pattern in _PATTERNS
        for match in [pattern.search(words)]
        if match is not None
        for match in [_last(match)]
    ]
    best = max(found, key=lambda entry: (entry[0], entry[1]))
    rest = words
    for _, _, _, match in found:
        rest = rest.replace(match.group(), " ")
    other = sum(word.strip(".,:;()'\"") not in _FILLER for word in rest.split())
    return Naming(best[2], other)


def _last(first: re.Match[str]) -> re.Match[str]:
    """The last of the matches of which one is the first."""
    found = first
    while (match := first.re.search(first.string, found.end())) is not None:
        found = match
    return found


@remember
def section_kind(title: str) -> SectionKind | None:
    """The kind of a labelled part, when its title is about that kind rather than about a thing to do."""
    naming = name_kind(title)
    if naming is None or naming.other_words > 2:
        return None
    return naming.kind


def part_of_response(title: str) -> SectionKind | None:
    """The kind that the bold title of a list item names as a noun ("Investigation"); None for "Verify reserves"."""
    words = bare_title(title).strip(" :.-–—*")
    if not _NOUNS.fullmatch(words):
        return None
    naming = name_kind(words)
    return naming.kind if naming else None


@remember
def strip_number(title: str) -> str:
    """A title without its leading number ("Step 3:", "2.1", "Phase 2 -")."""
    match = _NUMBER.match(title)
    return title[match.end() :] if match else title


def bare_title(title: str) -> str:
    """A title without parentheses, leading number and closing marks."""
    if "(" in title or "[" in title:
        title = _PARENTHESES.sub(" ", title)
    return strip_number(title).strip(" :.-–—")


def is_name(words: str) -> bool:
    """Whether a plain line that ends in a colon is the label of a part."""
    naming = name_kind(words)
    return naming is not None and naming.other_words == 0
