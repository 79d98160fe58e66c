"""What the typed tables of a team become in the rooms: its policy, and who is called for it."""

from __future__ import annotations

from tocsin.app.tables import File, TeamTable, find_eligible, find_means, is_mail, is_pager
from tocsin.incident.authority import name_responders
from tocsin.incident.book import TeamPolicy
from tocsin.incident.sight import name_security
from tocsin.oncall.settings import Staffing


def make_policy(team: str, table: TeamTable, file: File) -> TeamPolicy:
    """What a team's tables say of how it responds."""
    return TeamPolicy(
        team=team,
        name=table.name or team,
        mode=table.mode,
        severity_map=table.severity_map,
        severity_label=table.severity_label,
        evidence_wait_s=table.evidence_wait_s,
        group_by=table.group_by,
        group_wait_s=table.group_wait_s,
        group_interval_s=table.group_interval_s,
        flap_times=table.flap_times,
        flap_within_s=table.flap_within_s,
        approval_good_for_s=table.approval_good_for_s,
        mail_channel=next((name for name, each in file.channels.items() if is_mail(each)), ""),
        sharing=tuple(name for name, each in file.channels.items() if is_pager(each)),
        means=find_means(file) | table.means,
        eligible=find_eligible(table),
        roles=tuple(table.roles),
        bridge=table.bridge,
        acknowledgement_good_for_s=table.acknowledgement_good_for_s,
        handoff_summary=table.handoff_summary,
        shadow_readers=table.shadow_readers,
        media=table.media,
        assistants=tuple(name for name, person in file.people.items() if person.assistant),
        responders=name_responders(make_staffing(table), file.people, file.server.overseers),
        bindings=table.bindings,
        prometheus=table.prometheus.url if table.prometheus is not None else "",
        predicates=table.predicates,
        checks=table.checks,
        war_room=table.war_room,
        permissions=table.permissions,
        urgency=table.urgency,
        contacts=table.contacts,
        private=table.private,
        security=name_security(make_staffing(table), file.people, table.permissions),
        tickets=table.tickets,
        automatic_status=table.status.automatic,
        audiences=table.audiences,
        reminders=table.reminders,
    )


def make_staffing(table: TeamTable) -> Staffing:
    """Who is called for a team, and how they take turns."""
    return Staffing(
        timezone=table.timezone,
        schedules=table.schedules,
        levels=table.levels,
        level_after_s=table.level_after_s,
        roles=table.roles,
        last_resort=table.last_resort,
        hours=table.hours,
    )
