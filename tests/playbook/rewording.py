"""Rewrites of a playbook in other words: other names, titles and times, and its expected model with them."""

from __future__ import annotations

import re
from typing import Any

_LEVELS = {"SEV-": "Prio-", "P": "S"}
_NAMES = {
    "Mycelia": "Quarzo", "mycelia": "quarzo", "BitCell": "Tundra", "bitcell": "tundra", "USDX/Wexel": "Lumen/Korund",
    "usdx-wexel": "lumen-korund", "Monero Marketplace": "Basalt Bazaar", "VirtEngine": "Gneisswerk",
    "virtengine": "gneisswerk",
    "marketplace-oncall": "bazaar-duty", "PLAY-SEC-": "RB-INTRUSION-", "PLAY-": "RB-", "NodeDown": "WorkerVanished",
    "RegionDown": "ZoneDark", "RegionDegraded": "ZoneDim", "ChainNotProgressing": "LedgerFrozen",
    "ChainHalted": "LedgerHalt",
    "HighErrorRate": "TooManyFailures", "DatabaseUnavailable": "StoreGone", "WalletRPCUnreachable": "PurseDeaf",
    "NetworkPartition": "MeshSplit", "PeerCountCritical": "FewNeighbours", "#incidents": "#firehouse",
    "#validator-emergency": "#keepers-now",
    "#incident-response": "#war-desk", "#alerts": "#bells", "#ops": "#engine-room", "#post-mortems": "#autopsies",
    "INC-": "CASE-",
}  # fmt: skip
SYNONYMS = {
    "Symptoms": "Warning signs", "Immediate Actions": "First response", "Investigation Steps": "Forensics",
    "Recovery Steps": "Restoration steps",
    "Diagnosis": "Troubleshooting", "Resolution Steps": "Remediation steps", "Fix": "Remedy", "Follow-up": "Aftercare",
    "Detection": "How it is detected", "Common Causes": "Likely culprits", "Questions": "Ask yourself",
    "DO NOT": "Never",
    "Common Incident Scenarios": "Known emergencies", "Common Incidents": "What can go wrong",
    "Common Scenarios": "Failure modes",
    "Technical Playbooks": "Runbooks", "Critical Playbooks": "Urgent runbooks",
    "High Priority Playbooks": "Important runbooks",
    "Medium Priority Playbooks": "Ordinary runbooks", "Security Incident Playbooks": "Security runbooks",
    "Severity Levels": "Priority levels", "Incident Severity Levels": "Incident classes",
    "Severity Classification": "Urgency levels",
    "Incident Classification": "How serious is it", "Response Times": "Reaction times",
    "Incident Response Team": "Responders",
    "Incident Roles": "Who does what", "Escalation Procedures": "Escalation path",
    "Communication Procedures": "Keeping people informed",
    "Communication Protocols": "Communication rules", "Emergency Contacts": "Phone list", "Contacts": "Whom to reach",
    "Training and Drills": "Exercises", "Incident Metrics": "Key figures", "Metrics": "What we measure",
    "Recovery Procedures": "Restoration procedures",
    "Response Procedures": "Incident handling procedures", "External Vendors": "Suppliers",
}  # fmt: skip

MORE_SYNONYMS = (
    {
        "Symptoms": "What you will see", "Immediate Actions": "First steps", "Investigation Steps": "Deep dive",
        "Recovery Steps": "Back to normal",
        "Diagnosis": "Diagnostics", "Resolution": "Solution", "Resolution Steps": "Corrective actions",
        "Fix": "How to fix", "Follow-up": "Afterwards",
        "Detection": "Alert fires", "Verification": "Confirm recovery", "Questions": "Questions to ask",
        "Common Issues": "Possible causes",
        "Common Incident Scenarios": "Scenarios", "Common Incidents": "Incident types",
        "Common Scenarios": "Known issues", "Containment Actions": "Isolation",
        "Technical Playbooks": "Specific runbooks", "Severity Levels": "Severity matrix",
        "Incident Severity Levels": "Priorities", "Mitigation": "Workaround",
        "Severity Classification": "Classification", "Incident Response Team": "Roles and responsibilities",
        "Incident Roles": "Roles",
        "Escalation Procedures": "Escalation matrix", "Escalation": "Escalation levels",
        "Emergency Contacts": "Contact information", "Contacts": "Contact directory",
        "Training and Drills": "Drills and training", "Incident Metrics": "KPIs", "Metrics": "Reporting",
        "Slack Channels": "Chat channels",
        "Communication Templates": "Message templates", "Drills": "Simulations", "Regular Training": "Training plan",
    },
    {
        "Symptoms": "Indicators", "Immediate Actions": "Initial response", "Investigation Steps": "Investigation",
        "Recovery Steps": "Recovery",
        "Diagnosis": "Diagnostic steps", "Resolution": "Fixes", "Resolution Steps": "Resolution", "Fix": "Repair",
        "Follow-up": "Next steps",
        "Detection": "Detect", "Verification": "Validation", "Questions": "What to ask", "Common Causes": "Causes",
        "Common Incident Scenarios": "Incident playbooks", "Common Incidents": "Runbooks by incident",
        "Common Scenarios": "Typical failures",
        "Technical Playbooks": "Technical runbooks", "Severity Levels": "Priority classes",
        "Incident Severity Levels": "Severity definitions",
        "Severity Classification": "Incident severity", "Incident Response Team": "Team and roles",
        "Incident Roles": "Responsibilities",
        "Escalation Procedures": "Escalations", "Emergency Contacts": "Who to call", "Contacts": "Important contacts",
        "Training and Drills": "Practice", "Incident Metrics": "Measurements", "Metrics": "KPIs",
        "Post-Mortem Template": "Post-Incident Report Template",
    },
)  # fmt: skip


def rename(text: str) -> str:
    """Other names, ids and levels; the same in a text and in what is expected of it."""
    for old, new in _NAMES.items():
        text = text.replace(old, new)
    text = re.sub(r"\bSEV-(?=[\dX])", "Prio-", text)
    return re.sub(r"\bP(?=[0-4]\b)", "S", text)


def rename_model(value: Any) -> Any:
    if isinstance(value, list):
        return [rename_model(item) for item in value]
    if isinstance(value, dict):
        return {key: rename_model(item) for key, item in value.items()}
    return rename(value) if isinstance(value, str) else value


_TIME = re.compile(
    r"(?P<low>\d+)?(?P<dash>\s?-\s?)?(?P<high>\d+)(?P<plus>\+)?(?P<gap>\s?)(?P<unit>minutes?|mins?|min|hours?|days?|"
    r"weeks?|h)\b"
)


def double_times(text: str) -> str:
    """Every duration twice as long, in text."""

    def twice(match: re.Match[str]) -> str:
        number = re.sub(r"\d+", lambda digits: str(2 * int(digits.group())), match.group())
        return (
            number.replace("2 hour", "2 hours")
            .replace("hourss", "hours")
            .replace("2 week", "2 weeks")
            .replace("weekss", "weeks")
        )

    text = re.sub(r"\bT\+(\d+)", lambda match: f"T+{2 * int(match.group(1))}", text)
    return re.sub(r"(?<![\w.:/$-])\d+(?:\s?-\s?\d+)?\+?\s?(?:minutes?|mins?|hours?|days?|weeks?)\b", twice, text)


_SECONDS = ("within_s", "update_every_s", "status_page_within_s", "bridge_within_s", "after_s", "starts_s", "ends_s")


def double_model(value: Any) -> Any:
    if isinstance(value, list):
        return [double_model(item) for item in value]
    if isinstance(value, dict):
        return {
            key: 2 * item if key in _SECONDS and isinstance(item, int) else double_times(item)
            if key in ("condition", "title", "what", "name") and isinstance(item, str) else double_model(item)
            for key, item in value.items()
        }  # fmt: skip
    return value


def reword(text: str, synonyms: dict[str, str] = SYNONYMS) -> str:
    """The titles of chapters and sections in other words."""

    def line(raw: str) -> str:
        for old, new in synonyms.items():
            for pattern in (rf"^(#+ (?:\W+ )?){re.escape(old)}(?=$| \()", rf"^(\*\*){re.escape(old)}(?=:?\*\*)"):
                changed = re.sub(pattern, lambda match, new=new: match.group(1) + new, raw)  # type: ignore[misc]
                if changed != raw:
                    return changed
        return raw

    return "\n".join(line(raw) for raw in text.split("\n"))


def reword_model(model: dict[str, Any], synonyms: dict[str, str] = SYNONYMS) -> dict[str, Any]:
    """Names that the expected model takes from titles, in the same other words."""

    def word(text: str) -> str:
        return synonyms.get(text, text)

    for kind, key in (("processes", "title"), ("reviews", "what"), ("templates", "name"), ("rotations", "title")):
        for item in model[kind]:
            item[key] = word(item[key])
    return model
