"""What the titles, labels and questions of templates ask for."""

from __future__ import annotations

import pytest

from tocsin.review.topic import Topic, name_topic, tidy


@pytest.mark.parametrize(
    ("titles", "topic"),
    [
        ("Incident ID|incident id:|**ID**|Incident #|INC number|Incident|Incident reference|INCIDENT_ID", Topic.NUMBER),
        ("Title|Incident Title|Subject|incident name|INCIDENT_TITLE", Topic.TITLE),
        ("Date|Incident Date|Date/Time|Date & time (UTC)|Date of incident|Datum", Topic.DATE),
        ("Report Date|Last updated|Published|Post-mortem date|RCA Date", Topic.WRITTEN),
        (
            "Duration|Total Duration|Duration (start to end)|Downtime|Length of outage|Incident window|Dauer",
            Topic.PERIOD,
        ),
        ("Start time|Started|Started at (UTC)|Incident Start|Began", Topic.STARTED),
        ("End Time|Ended|Resolved at|Date/Time Resolved|Resolution time", Topic.ENDED),
        ("Detected at|Detection time|Date/time detected|Reported", Topic.DETECTED_AT),
        ("Severity|SEV|Severity level|Priority|🔥 Severity|Schweregrad|Severidade", Topic.SEVERITY),
        ("Status|Current status|Document Status", Topic.STATUS),
        ("Affected services|Services Affected|Affected System(s)|Impacted components|Systems", Topic.AFFECTED),
        ("Incident Commander|IC|Incident lead|Lead|Commander", Topic.COMMANDER),
        ("Author|Authors|Author(s)|Written by|Report author|Postmortem Owner", Topic.AUTHORS),
        ("Responders|Participants|Incident Response Team|Roles|People involved", Topic.RESPONDERS),
        ("Communications lead|Scribe|Technical Lead", Topic.ROLE),
        ("Summary|Executive Summary|1. Summary|TL;DR|What happened?|Overview|Resumo|Zusammenfassung", Topic.SUMMARY),
        (
            "Timeline|⏱ Timeline of Events|Timeline (all times UTC)|Chronology|Sequence of events|Linha do tempo",
            Topic.TIMELINE,
        ),
        (
            "Root Cause|Root cause analysis (5 Whys)|Cause|Root-cause|What was the cause?|Causa raiz|Ursache",
            Topic.CAUSE,
        ),
        ("Resolution|Mitigation|How was it fixed?|What was done to fix it|Actions taken|Recovery", Topic.RESOLUTION),
        ("Detection|How was this detected?|How did we find out?|Detection method|Reported by", Topic.DETECTION),
        ("What went well|What went well?|What worked|Positives|✅ What Went Right|What we did well", Topic.WELL),
        (
            "What went wrong|What could be improved?|What didn't go well|What did not go so well|What went poorly"
            "|Areas for improvement|What could have gone better|What can we do better?",
            Topic.WRONG,
        ),
        ("What went well / what went wrong|What worked and what failed", Topic.BOTH),
        (
            "Action items|Actions|Follow-ups|Follow-up actions|Corrective Actions|Next steps|Preventive measures"
            "|Remediation items|To-do",
            Topic.ACTIONS,
        ),
        ("Lessons Learned|What we learned|Takeaways|Prevention|Prevent recurrence", Topic.LESSONS),
        ("Impact|Customer impact|Users affected|Revenue impact|SLA breach|Blast radius", Topic.IMPACT),
        ("Data loss|Lost data|Data lost", Topic.DATA_LOSS),
        ("Time to detect|TTD|MTTD|Time to Detection (TTD)", Topic.TIME_TO_DETECT),
        ("Time to acknowledge|MTTA|Response time", Topic.TIME_TO_ACKNOWLEDGE),
        ("Time to mitigate|TTM", Topic.TIME_TO_MITIGATE),
        ("Time to resolve|MTTR|Time to resolution", Topic.TIME_TO_RESOLVE),
        ("Related alerts|Alert|Alert name|Alerts that fired", Topic.ALERTS),
        ("Playbook used|Runbook|Scenario", Topic.SCENARIO),
        ("Communication|Status page updates|Comms", Topic.COMMUNICATION),
        ("Example|Timeline Example|Example entry|Sample", Topic.EXAMPLE),
        ("How to use|Instructions|Blameless culture reminder|Severity Definitions", Topic.GUIDE),
        (
            "5 Whys|Why?|Contributing factors|Could we have detected it sooner?|Where we got lucky|Approvals|Sign-off"
            "|Reviewed by|Next review|Due date|References|Was alerting timely?|How did we know it was fixed?",
            Topic.ASKED,
        ),
        ("Consensus resumed|Gossip|Blocks missed||   |🎉", None),
    ],
)
def test_titles_are_known_by_what_they_ask_for(titles: str, topic: Topic | None) -> None:
    named = {title: name_topic(title) for title in titles.split("|")}
    assert {title: found for title, found in named.items() if found is not topic} == {}


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("3. **Root Cause** (5 Whys):", "Root Cause"),
        ("⏱ Timeline", "Timeline"),
        ("`INCIDENT_ID`", "INCIDENT ID"),
        ("(all of it)", "(all of it)"),
        ("", ""),
    ],
)
def test_a_title_is_tidied_to_its_words(title: str, words: str) -> None:
    assert tidy(title) == words
