"""The words by which post-mortem templates ask for things, the most particular first.

The first entry that fits a title decides. To teach a new word, add it to its topic, and to the table of titles in the
tests.
"""

from __future__ import annotations

WORDS: tuple[tuple[str, str], ...] = (
    (
        "example",
        r"^(?:[\w' -]{0,40} )?(?:examples?|samples?)$"
        r"|^(?:example|sample)s? (?:of|for|text|entry|timeline|output)\b",
    ),
    (
        "guide",
        r"^how to (?:use|fill|write)"
        r"|^(?:instructions?|guidelines?|principles|tips|purpose|glossary|definitions|usage)$"
        r"|^when (?:not )?to use|\bblameless\b.*\b(?:culture|reminder|statement|note)|^reminder"
        r"|severity (?:level )?definitions|about this (?:template|document)",
    ),
    # what only people know, although a word in it looks familiar
    (
        "asked",
        r"\bwhys?\b(?!.*\bcause)|\b(?:sooner|earlier|faster|quicker|better)\b.*\bdetect"
        r"|detect\w*.*\b(?:sooner|earlier|faster|quicker|better|gaps?)\b|\bluck|contribut|\bfactors?\b|\bapprov"
        r"|sign-?offs?\b|signature|reviewe(?:r|d)|attend|\bmeeting\b|next review|review (?:date|on|due)"
        r"|follow-?up (?:date|review|meeting)|\btags?\b|categor|\bverif|how (?:do|did) we know|confirmed by"
        r"|lessons? for|^(?:\w+ )?due(?: date| by| on)?$|^deadline|\bevidence\b|\bsupporting\b|\breferences\b"
        r"|\blinks?\b|\battachments?\b|\bversion\b|workaround",
    ),
    ("time_to_detect", r"time (?:to|until|of first) (?:detect|discover|alert)\w*(?! at)|\b(?:mean )?t?ttd\b|\bmttd\b"),
    (
        "time_to_acknowledge",
        r"time (?:to|until) (?:ack|respon|engage|react|first response|answer)\w*|response time|\bm?tta\b"
        r"|reaction time",
    ),
    ("time_to_identify", r"time (?:to|until) (?:identif|diagnos|root cause|find|understand)\w*|\bm?tti\b"),
    ("time_to_mitigate", r"time (?:to|until) (?:mitigat|contain|fix|stabili)\w*|\bm?ttm\b|\bm?ttf\b"),
    ("time_to_restore", r"time (?:to|until) (?:restor|recover|service)\w*"),
    ("time_to_resolve", r"time (?:to|until) (?:resol|repair|clos|full)\w*|\bm?ttr\w?\b"),
    (
        "both",
        r"(?:well|worked|good)\b.*\b(?:wrong|failed|badly|poorly|better|improve\w*|bad|did(?:n.t| not))"
        r"|^retrospective$",
    ),
    (
        "wrong",
        r"(?:did ?n.t|did not|not) (?:go|work)"
        r"|(?:went|go|gone|going|did we do|was) (?:wrong|badly|poorly|awry|bad)|what failed|\bimprov(?:e|ed)\b"
        r"|gone better|(?:done|do) (?:better|differently)|needs? improvement"
        r"|(?:areas?|room|opportunit\w+) (?:for|of|to) improve\w*|^improvements?$|struggl"
        r"|^(?:bad|negatives?|weaknesses|pain ?points?|challenges|difficulties|problems|the bad|delta|"
        r"minus(?:es)?|shortcomings|gaps)$|unexpected challenges|schlecht|verbess|deu errado|melhorar|salió mal"
        r"|mejorar",
    ),
    (
        "well",
        r"(?:went|go|goes|gone|worked|works|did|do|done) (?:really |very |particularly )?(?:well|right|great|good)"
        r"|what worked|^(?:good|the good|positives?|strengths|success(?:es)?|wins|highlights|plus(?:es)?|kudos)$"
        r"|gut (?:gelaufen|lief)|lief gut|deu certo|correu bem|salió bien",
    ),
    (
        "resolution",
        r"(?:actions?|steps|measures) (?:taken|performed|executed)"
        r"|(?:recovery|response|mitigation|resolution|immediate|containment) (?:actions?|steps|response|"
        r"measures|fix)|what (?:was|we|did we) (?:done|did|do)\b|what fixed"
        r"|how (?:was|were|did|is|has|it)\b.*(?:fix|resol|restor|mitigat|recover|repair|solv)",
    ),
    (
        "actions",
        r"action items?|action points?|\bactions?$|corrective"
        r"|preventi?(?:ve|tative|on) (?:actions?|measures?|items?|tasks?)|follow-?ups?\b|next steps|to-?dos?$"
        r"|\btasks$|^recommendations?$|improvement (?:items|plan)|remediation (?:items|plan|actions)|action plan"
        r"|maßnahmen|ações|acciones|行动项",
    ),
    (
        "lessons",
        r"lessons?|learn(?:ed|t|ings?)?\b|take-?aways?|insights|lições|lecciones|erkenntnisse|prevent|recurrence"
        r"|hardening|prevenção|prevención",
    ),
    (
        "timeline",
        r"time-?lines?\b|chronolog\w*|sequence of events|events? (?:log|sequence|history)|incident log"
        r"|log of events|key (?:events|moments|milestones|timestamps)|what happened when|linha do tempo"
        r"|zeit(?:leiste|verlauf|strahl|linie|achse)|cronolog[ií]a|verlauf|ablauf|时间线",
    ),
    (
        "number",
        r"^(?:incident|inc|case|report|event|post-?mortem|rca)?[ -]?(?:id|ids|identifier|number|no\.?|"
        r"nr\.?|num|#|№|ref(?:erence)?)$|^incident$|^incident-?id\b|^(?:id|number) of (?:the )?incident|número"
        r"|vorfallsnummer",
    ),
    (
        "written",
        r"^(?:report|post-?mortem|document|rca|writing|publication|created|drafted|prepared|published|"
        r"written|last[ -]updated|updated|generated)(?: (?:date|at|on|time))?$"
        r"|^date (?:written|created|published|drafted|of (?:the )?(?:report|post-?mortem|document|writing))",
    ),
    (
        "period",
        r"\bduration\b|\bdowntime\b|^(?:total )?length\b|^total time\b|outage (?:time|window|period|length)"
        r"|(?:incident|impact|time|outage|event) ?(?:window|span|frame|range|period)"
        r"|start(?:ed|s)? ?(?:time)? ?(?:/|-|–|—|to|and|&) ?(?:end|resol|stop)|how long|elapsed|^period$|^window$"
        r"|dauer|dura(?:ção|ción)|^when$",
    ),
    (
        "title",
        r"^(?:incident |short |descriptive |event |report )*(?:titles?|subject|headline)$|^(?:incident|event) names?$"
        r"|^title\b|^título|^titel",
    ),
    (
        "mitigated_at",
        r"(?:mitigat|contain|stabili)\w+ (?:at|time|on|applied|started|date)"
        r"|^(?:mitigated|contained|fix applied|fixed)$"
        r"|fix(?:ed)? (?:applied|deployed|at|in|implemented|rolled out)"
        r"|(?:time|date) (?:of )?(?:mitigat|contain)\w+",
    ),
    (
        "identified_at",
        r"cause (?:was )?(?:identified|found|known|determined|confirmed)|identified (?:at|on)"
        r"|^(?:identified|diagnosed)$|diagnosis (?:at|time|complete\w*)",
    ),
    (
        "acknowledged_at",
        r"acknowledg\w*|^ack(?:ed|'d)?\b|response (?:started|initiated|start|began|begins)"
        r"|(?:first|initial) (?:response|responder)|responded|investigation (?:started|begins|began)"
        r"|on-?call (?:responded|acknowledges)",
    ),
    (
        "restored_at",
        r"(?:services?|systems?|operations?)? ?(?:fully |confirmed )?(?:(?:restored|recovered)(?: at| time|"
        r" confirmed| on)?|recovery (?:at|time|confirmed|complete\w*))$"
        r"|(?:time|date) (?:of )?(?:recovery|restoration)",
    ),
    ("closed_at", r"^(?:incident )?clos(?:ed|ure)(?: at| on| time| date)?$"),
    (
        "ended",
        r"^(?:incident |outage |impact |service )?(?:end(?:ed|s)?|resolved|finish(?:ed)?|stopped|"
        r"over)(?: (?:time|date|at|on))*$|(?:date|time)\b.*\b(?:resolved|ended|closed|resolution)"
        r"|^resolution (?:time|date|at)|all[- ]clear|^resolved\b|^end (?:time|date)",
    ),
    (
        "paged_at",
        r"(?:team|on-?call|engineers?|responders?) (?:was |were )?(?:alerted|paged|notified|called)|\bpaged\b"
        r"|^escalated (?:at|on)?$|paging",
    ),
    (
        "detected_at",
        r"^(?:incident |issue |first )?(?:detect(?:ed|ion)|discover(?:ed|y)|reported|noticed|alerted|"
        r"triggered|fired|alert (?:fired|triggered|fires|received))(?: (?:at|time|timestamp|on|date))+$"
        r"|^(?:incident |first )?(?:detected|discovered|reported|noticed|alerted|triggered)$"
        r"|(?:date|time)\b.*\b(?:detect|report|discover|notic)\w*|alert (?:fired|triggered|fires)|^detection time",
    ),
    (
        "started",
        r"^(?:incident |outage |event |issue )?(?:start(?:ed|s|ing)?|began|begins?|beginning|onset|"
        r"occurred|opened)(?: (?:time|date|at|on))*(?: \w{2,4})?$"
        r"|(?:date|time) (?:started|began|occurred|opened|of (?:start|onset))",
    ),
    (
        "date",
        r"^(?:incident |event |outage )?(?:dates?|day|datum|fecha)(?: ?(?:/|and|&|or|,) ?(?:time|"
        r"duration))?(?: of (?:the )?(?:incident|event|occurrence|outage))?$|^date of"
        r"|^data d[aoe] (?:incidente|ocorrência)|^date ?/ ?time$|^datetime$|^timestamp$",
    ),
    (
        "severity",
        r"^(?:incident |initial |final |current |assigned )?(?:sev(?:erity)?|priority|schweregrad|"
        r"severidade|gravid\w+|urgency)(?: (?:level|class\w*|rating|and priority))?$|^severity\b|^level$",
    ),
    ("status", r"^(?:current |incident |final |document |report |post-?mortem )?(?:status|state)$"),
    (
        "affected",
        r"^(?:affected|impacted|degraded|unavailable|failed|involved) (?:services?|systems?|components?|"
        r"applications?|apps?|infrastructure|surfaces?|hosts?|nodes?|instances?|servers?)\b"
        r"|^(?:services?|systems?|components?|applications?|hosts?|nodes?|servers?|"
        r"apps?)\b.{0,30}\b(?:affected|impacted|involved|unavailable|down)"
        r"|^(?:services?|systems?|components?|affected)(?:\(s\))?$"
        r"|(?:betroffene|afetad\w+|afectad\w+) ?(?:dienste|systeme|serviços|sistemas|servicios)?$",
    ),
    (
        "authors",
        r"\bauthors?\b|(?:written|prepared|drafted|compiled|documented) by|post-?mortem owner|\bautor\w*|verfasser"
        r"|scribe and author",
    ),
    (
        "commander",
        r"\bcommander\b|^ic\b|incident (?:lead\w*|manager|owner|captain|coordinator|director)|^(?:lead|led by)$"
        r"|einsatzleit\w+|comandante",
    ),
    (
        "responders",
        r"^(?:key )?(?:responders?|participants|people)\b|team members|who (?:responded|was involved|worked)"
        r"|(?:incident|response) team|^roles?(?: (?:and|&|/) .*)?$|^personnel|^involved\b"
        r"|on-?call (?:engineers?|responders?)$",
    ),
    ("role", r"\b(?:lead|leader|scribe|liaison|officer|on-?call|first responder|responder)\b|^operations$"),
    (
        "alerts",
        r"^(?:related |triggering |firing |monitoring |source )*alerts?(?: names?| that fired| fired|"
        r" triggered| ids?)?$|which alerts?|alert (?:name|that fired)",
    ),
    ("scenario", r"^(?:scenario|playbook|runbook|procedure)s?(?: (?:used|followed|applied|id|reference))?$"),
    (
        "communication",
        r"communicat\w*|status[- ](?:page )?updates?|updates? (?:sent|posted|log)|\bcomms\b|kommunikation"
        r"|comunica\w+",
    ),
    ("figures", r"^(?:key |response |incident )*(?:metrics|figures|kpis|numbers|statistics)$|metrics review$"),
    (
        "detection",
        r"\bdetect\w*|how (?:was|were|did|do|is)\b.*(?:discover|notic|found|find|alert|report|learn)|discover\w*"
        r"|reported by|^alert (?:details?|source|information)|alarm|erkennung|detecção|detección",
    ),
    (
        "cause",
        r"\bcauses?\b|\brca\b|what broke|\btriggers?\b|why (?:did )?(?:it|this) (?:happen|fail|occur)|causa"
        r"|ursache|根因|原因",
    ),
    ("data_loss", r"^(?:the )?(?:data (?:loss(?:es)?|lost)|lost data|loss of data)$"),
    (
        "impact",
        r"impact\w*|\busers?\b|customers?|clients?|revenue|financ\w+|funds|\bloss(?:es)?\b|\bdata\b|reputation\w*"
        r"|\bcosts?\b|scope|blast radius|affected|\bsl[aos]\b|error budget|availability|uptime|business"
        r"|auswirkung\w*|impacto|影响",
    ),
    (
        "resolution",
        r"resol\w+|mitigat\w*|recover\w*|remediat\w*|\bfix(?:es|ed)?\b|restor\w*|contain\w*|solution|lösung"
        r"|behebung|solução|solución|response$|what was done|修复",
    ),
    (
        "summary",
        r"summary|overview|abstract|synopsis|what happened|tl;?dr"
        r"|^(?:brief |short |incident )*(?:description|narrative|background|snapshot)|high[- ]level|resum(?:o|en)"
        r"|zusammenfassung|what is it about|摘要",
    ),
)
