"""Duties that the playbooks state about who may do what: each by what happens in an incident, on the playbook as it is.

`make duties` blanks the lines that state a duty and shows that its tests then fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.report import FileReport, find_forms
from tocsin.engine.change import NoOutgoing
from tocsin.errors import NotAuthorised, NotFound, Prohibited
from tocsin.incident.commands import LiftProhibition, Resolve
from tocsin.incident.standing import Standing
from tocsin.run.commands import ApproveStep, FinishStep, ProposeStep, find_task
from tocsin.run.guard import NeedsApproval, judge
from tocsin.run.warning import find_hint, find_warning
from tocsin.testing.recorder import Answer
from tocsin.testing.story import Cast, Story
from tocsin.timeline import events as e
from tocsin.timeline.tell import tell
from tocsin.web.views.scene import Scene
from tocsin.web.views.steps import StepView, show_procedures
from tocsin.words import Audience, ObligationState, StepState

Casting = Callable[..., Cast]
BREACH = "Data Breach / Security Incident"
DENY_ALL, REVOKE_KEY, PACK_LOGS, DUMP = "L388", "L395", "L404", "L410"


async def ask(story: Story, step: str, stream: str | None = None, **given: str) -> Any:
    """The verdict on a step, as everybody is shown it."""
    incident, book = await story.look(stream)
    return judge(find_task(incident, book, step, given), incident, book)


def ran(story: Story) -> list[str]:
    """What ran, without the reads that went before something."""
    return [step.text for step in story.recorder.steps if ".before" not in step.step]


# ── VIR-21: no evidence is destroyed, security is paged by its mailbox, what is known is written down ───────────────


@pytest.mark.duty("VIR-21")
async def test_changes_that_destroy_evidence_are_refused_with_the_line(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare(BREACH)
        for text in ("sudo systemctl restart virtengine", "docker rm -f node", "rm -rf /var/log/virtengine"):
            with pytest.raises(Prohibited, match=r"Line 368 .*destroy evidence") as refusal:
                await story.do(ProposeStep(by="sec", text=text))
            assert refusal.value.line == 368
        assert ran(story) == []


@pytest.mark.duty("VIR-21")
async def test_they_are_refused_in_every_other_incident_of_the_team_too(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        breach = await story.declare(BREACH)
        other = await story.declare("Node Out of Sync")
        with pytest.raises(Prohibited, match=f"Line 368 .*while {breach}"):
            await story.do(ProposeStep(by="ana", text="sudo systemctl restart virtengine"), other)


@pytest.mark.duty("VIR-21")
async def test_the_security_team_is_paged_at_once_and_its_mailbox_written_to(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare(BREACH)
        story.expect_page("sec", at="0s", line=369)
        mail = story.expect_page("mailbox:369", at="0s", line=369)
        assert mail.channel == "mail"
        await story.advance("10m")
        assert len(story.pages("mailbox:369")) == 1, "a mailbox is written to once"


@pytest.mark.duty("VIR-21")
async def test_where_nobody_answers_for_security_its_mailbox_is_written_to_all_the_same(cast: Casting) -> None:
    async with Story(cast("virtengine", roles={})) as story:
        await story.declare(BREACH)
        assert story.expect_page("mailbox:369", at="0s").channel == "mail"
        story.expect_page("boss", at="0s", line=369)


@pytest.mark.duty("VIR-21")
async def test_the_first_report_is_a_form_and_stands_on_the_timeline(cast: Casting) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare(BREACH)
        form = find_forms(*await story.look())[0]
        labels = [field.label for field in form.fields]
        assert labels == ["Time detected", "Detected by", "Affected systems", "Initial observations"]
        duty = f"report:{form.line}"
        await story.expect_obligation(duty, ObligationState.PENDING, due="5m")
        known = {"time detected": "02:58 UTC", "Affected systems": "validator-3, the bastion"}
        await story.do(FileReport(by="ana", fields=known))
        filed = (await story.events(e.ReportFiled))[-1].event
        said = tell(filed, str.title)
        assert "Time detected: 02:58 UTC" in said
        assert "Affected systems: validator-3, the bastion" in said
        assert "Detected by: not known" in said
        await story.expect_obligation(duty, ObligationState.MET)
        await story.do(FileReport(by="sec", fields={"Detected by": "an auditor"}))
        report = (await story.incident()).reports[form.line]
        assert report.fields["Detected by"] == "an auditor"
        assert report.fields["Time detected"] == "02:58 UTC", "what was known stays"
        with pytest.raises(NotFound, match="Time detected"):
            await story.do(FileReport(by="ana", fields={"Colour": "blue"}))


# ── VIR-22: containment only with the security team's approval ──────────────────────────────────────────────────────


@pytest.mark.duty("VIR-22")
@pytest.mark.parametrize(
    ("step", "given"),
    [(DENY_ALL, {}), (REVOKE_KEY, {"compromised_key": "ab12"}), (PACK_LOGS, {}), (DUMP, {})],
)
async def test_containment_waits_for_security(cast: Casting, step: str, given: dict[str, str]) -> None:
    async with Story(cast("virtengine")) as story:
        await story.declare(BREACH)
        asked = await ask(story, step, **given)
        assert isinstance(asked, NeedsApproval)
        assert (asked.by, asked.line) == ("security team", 383)
        assert "security team approval" in asked.why
        if asked.people == 1:
            with pytest.raises(NotAuthorised, match="security team"):
                await story.approve(step, "lea", **given)
        else:
            await story.approve(step, "lea", **given)
        assert ran(story) == []
        await story.approve(step, "sec", **given)
        assert len(ran(story)) == 1


# ── MON-27: who approves the restart is told of the outage, and whom to tell ────────────────────────────────────────


@pytest.mark.duty("MON-27")
async def test_the_restart_warns_of_the_outage_and_says_whom_to_tell(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Database Connection Failures")
        asked = await ask(story, "L322")
        assert isinstance(asked, NeedsApproval)
        assert "will cause brief outage" in asked.why
        assert "tocsin update --public" in asked.hint


async def test_the_hint_leaves_out_the_public_where_nobody_may_speak_to_it(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        outage = await story.declare("Database Connection Failures")
        incident, book = await story.look(outage)
        warned = find_warning(find_task(incident, book, "L322", {}))
        rules = [force.prohibition for force in book.in_force]
        assert "line 473 forbids words to the public" in find_hint(warned, rules)


# ── MON-30: no restart, no edited log, no word to the public before security approves ───────────────────────────────


@pytest.mark.duty("MON-30")
@pytest.mark.parametrize(
    "text",
    [
        "./scripts/update_status.sh investigating 'We look into it'",
        "./scripts/send_notification.sh all 'We were breached'",
        "mail -s 'Security notice' users@example.org < notice.txt",
        'curl -X POST -d \'{"text":"we were breached"}\' https://hooks.slack.com/services/T0/B0/x',
        "curl -X POST https://api.statuspage.io/v1/pages/x/incidents -d name=breach",
    ],
)
async def test_status_page_mail_and_chat_are_locked_until_security_approves(cast: Casting, text: str) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        with pytest.raises(Prohibited, match="Line 473") as refusal:
            await story.do(ProposeStep(by="lea", text=text))
        assert refusal.value.line == 473
        assert ran(story) == []
        await story.do(LiftProhibition(by="sec", line=473, roles=("Security Team",)))
        await story.do(ProposeStep(by="lea", text=text))


@pytest.mark.duty("MON-30")
async def test_nothing_is_restarted_edited_or_said_and_each_refusal_quotes_its_line(cast: Casting) -> None:
    async with Story(cast("monero-marketplace")) as story:
        await story.declare("Security Breach")
        for text, line in (
            ("sudo docker compose restart server", 471),
            ("sed -i /10.0.0.7/d /var/log/nginx/access.log", 472),
            ("journalctl --vacuum-time=1s", 472),
        ):
            with pytest.raises(Prohibited, match=f"Line {line}") as refusal:
                await story.do(ProposeStep(by="sec", text=text))
            assert refusal.value.line == line
        with pytest.raises(Prohibited, match="Communicate publicly before Security approval"):
            await story.do(PostUpdate(by="lea", text="We were breached.", audiences=(Audience.PUBLIC,)))
        assert (await story.incident()).public_updates == ()
        assert ran(story) == []


# ── the same target, whoever's playbook ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.duty("VIR-21")
async def test_a_breach_binds_the_playbooks_of_other_teams_on_the_same_target(cast: Casting) -> None:
    virtengine, market = cast("virtengine", place="edge-1"), cast("monero-marketplace", place="edge-1")
    async with Story(virtengine, market) as story:
        outage = await story.declare("Database Connection Failures", team="monero-marketplace")
        breach = await story.declare(BREACH, team="virtengine")
        with pytest.raises(Prohibited, match=f"Line 368 .*while {breach}") as refusal:
            await story.approve("L322", "ana", outage)
        assert refusal.value.line == 368
        assert not any("restart" in text for text in ran(story))
        await story.do(Resolve(by="sec"), breach)
        await story.approve("L322", "ana", outage)
        assert ran(story)[-1] == "sudo -n docker compose restart database"


async def test_a_breach_elsewhere_binds_nobody(cast: Casting) -> None:
    async with Story(cast("virtengine", place="edge-1"), cast("monero-marketplace", place="edge-2")) as story:
        await story.declare(BREACH, team="virtengine")
        outage = await story.declare("Database Connection Failures", team="monero-marketplace")
        await story.approve("L322", "ana", outage)
        assert ran(story)[-1] == "sudo -n docker compose restart database"


async def test_what_was_approved_before_the_other_teams_breach_does_not_start(cast: Casting) -> None:
    async with Story(cast("virtengine", place="edge-1"), cast("monero-marketplace", place="edge-1")) as story:
        outage = await story.declare("Database Connection Failures", team="monero-marketplace")
        incident, book = await story.look(outage)
        digest = find_task(incident, book, "L322", {}).digest
        story.journal.outgoing = NoOutgoing()  # it waits for its turn, as behind others
        await story.engine.submit(outage, ApproveStep(by="ana", step="L322", digest=digest))
        await story.declare(BREACH, team="virtengine")
        assert not any("restart" in text for text in ran(story))


# ── WEX-13: at T+45 it is verified, check by check ──────────────────────────────────────────────────────────────────

SMOKE_TESTS, HEALTHY, ERRORS, MONITORING = "L186", "L199", "L200", "L202"
PATHS = ("L193", "L194", "L195")


async def verifying(story: Story) -> dict[str, StepView]:
    """The steps of the part that verifies, as a room shows them, with what starts it."""
    incident, book = await story.look()
    scene = Scene(
        incident=incident,
        book=book,
        rota=story.shelf.rota(incident),
        standing=Standing(),
        people={},
        now=story.clock.now(),
        source=(),
    )
    process = next(view for view, _ in show_procedures(scene) if view.title == "Critical Incident Response")
    parts = [part for part in process.sections if part.kind == "verification" or part.line == 198]
    assert parts
    assert parts[0].starts_at is not None
    assert story.since(parts[0].starts_at) == 45 * 60
    steps = {step.id: step for _, shown in show_procedures(scene) for step in shown}
    return {name: steps[name] for part in parts for name in part.steps}


@pytest.mark.duty("WEX-13")
async def test_verification_is_a_checklist_whose_outcomes_are_kept(cast: Casting) -> None:
    async with Story(cast("usdx-wexel")) as story:
        await story.declare("API Unavailable", severity="P0")
        steps = await verifying(story)
        assert {SMOKE_TESTS, "L189", "L190", *PATHS, HEALTHY, ERRORS, "L201", MONITORING} <= steps.keys()
        assert steps[SMOKE_TESTS].verdict.kind == "needs_approval", "nobody knows what the smoke tests touch"
        assert steps[HEALTHY].kind == "checklist"
        story.recorder.answer = lambda text: Answer(exit_code=1) if "test_deployment" in text else Answer()
        await story.approve(SMOKE_TESTS, "ana")
        for step in PATHS:
            await story.do(FinishStep(by="ana", step=step))
        await story.do(FinishStep(by="bo", step=HEALTHY))
        await story.do(FinishStep(by="bo", step=ERRORS, passed=False, note="still 4 % on deposits"))
        found = (await story.incident()).steps
        assert found[SMOKE_TESTS].state is StepState.FAILED
        assert [found[step].state for step in (*PATHS, HEALTHY)] == [StepState.OK] * 4
        assert (found[ERRORS].state, found[ERRORS].approved_by) == (StepState.FAILED, "bo")
        said = [tell(entry.event, str.title) for entry in await story.events(e.StepDone)]
        assert "Bo checked step L200, and it does not hold: still 4 % on deposits" in said
        await story.do(FinishStep(by="bo", step=ERRORS))
        assert (await story.incident()).steps[ERRORS].state is StepState.OK, "looked at again, it holds"
        assert MONITORING not in (await story.incident()).steps, "nobody has said anything of it yet"
