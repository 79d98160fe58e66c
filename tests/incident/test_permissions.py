"""Every command against every grant: who lacks the permission is refused, in one place, whatever the command is."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tocsin.comms.commands import PostUpdate
from tocsin.comms.outside import CallContact
from tocsin.engine.decide import DECISIONS
from tocsin.errors import NotAuthorised, NotFound
from tocsin.incident.authority import GRANTS, OWNER, find_permissions, require_authority, require_permission
from tocsin.incident.book import TeamPolicy
from tocsin.incident.commands import Command, Resolve, TakeRole
from tocsin.incident.privacy import Privacy
from tocsin.incident.sight import find_nothing
from tocsin.incident.state import Incident
from tocsin.playbook.model import Playbook, Role
from tocsin.words import Audience, Permission, Status

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
PEOPLE = {grant: f"{grant}-person" for grant in GRANTS}
POLICY = TeamPolicy(
    team="x",
    name="x",
    responders=("duty", *PEOPLE.values()),
    permissions={grant: (person,) for grant, person in PEOPLE.items()},
)
OPEN = TeamPolicy(team="x", name="x", responders=("duty",))

NEEDED = {
    **dict.fromkeys(("AddNote", "AnswerContact", "LapseAcknowledgement", "ReportPage"), "view"),
    **dict.fromkeys(
        (
            "Acknowledge", "AllowContact", "ApproveStep",
            "BeginWait", "CallBarrier", "CheckDoubt", "ChooseScenario", "Declare",
            "DeclineEscalation", "DraftUpdate", "DropUpdate", "EndWait", "Escalate", "FileReport", "FinishStep",
            "HoldBarrier", "IdentifyCause", "LiftProhibition", "MeetObligation", "Mitigate", "OpenRoom",
            "ConfirmFix", "Invite", "MakePrivate", "NoteLesson", "OpenBridge", "RevokeInvitation", "TickDuty",
            "CallContact", "CorrectAnswer",
            "PostUpdate", "ProposeStep", "PursueScenario", "Reopen", "SavePostmortem", "SetSeverity", "SettleDoubt",
            "SkipStep", "StopStep", "TakeRole", "TakeWay", "TellReady", "TellRecoveryPoint",
        ),
        "respond",
    ),
    **dict.fromkeys(("Close", "Disclose", "Dismiss", "Resolve", "WaiveObligation"), "command"),
    **dict.fromkeys(("ApproveUpdate", "PublishUpdate", "WithdrawUpdate"), "speak"),
    "OpenEvidence": "secure",
    **dict.fromkeys(("ClearAlert", "JoinAlerts", "RefireAlert", "StartStep"), "server"),
}  # fmt: skip
"""What each command needs, written a second time: whoever changes one has to think of the other."""


def incident(**roles: str) -> Incident:
    return Incident(
        id="x-1", seq=1, team="x", number="1", title="t", origin="person", opened_at=NOW, status=Status.ACTIVE,
        roles={role.replace("_", " "): who for role, who in roles.items()},
    )  # fmt: skip


ASSISTED = {
    "AddNote", "AnswerContact", "CheckDoubt", "Declare", "DraftUpdate", "Escalate", "HoldBarrier",
    "LapseAcknowledgement", "OpenRoom", "ProposeStep", "Reopen", "ReportPage", "SavePostmortem",
    "SetSeverity",
}  # fmt: skip
"""What an assistant may: it notes, proposes, drafts, raises the alarm. That it lowers no severity has its own test."""


def bare(kind: type[Command], by: str) -> Command:
    """A command of this kind of which nothing matters but who asks."""
    fields = {name: "" for name in kind.__struct_fields__ if name != "by"}
    return kind(by=by, **fields)


def is_allowed(policy: TeamPolicy, command: Command, **roles: str) -> bool:
    try:
        require_authority(incident(**roles), policy, command)
    except NotAuthorised as error:
        assert str(error).endswith((".", "toml.")), "it says what to do"
        return False
    return True


def test_no_command_is_without_a_permission() -> None:
    assert {kind.__name__ for kind in DECISIONS} == set(NEEDED), "a new command: say here what it needs"
    for kind in DECISIONS:
        assert "permission" in vars(kind), f"{kind.__name__} names no permission of its own"
        assert kind.permission == NEEDED[kind.__name__], kind.__name__


@pytest.mark.parametrize("kind", DECISIONS, ids=lambda kind: kind.__name__)
def test_an_assistant_proposes_and_raises_the_alarm_and_decides_nothing(kind: type[Command]) -> None:
    policy = msgspec.structs.replace(OPEN, responders=("duty", "copilot"), assistants=("copilot",))
    if NEEDED[kind.__name__] == "server":
        return
    assert is_allowed(policy, bare(kind, "duty"))
    assert is_allowed(policy, bare(kind, "copilot")) is (kind.__name__ in ASSISTED)


def test_a_command_that_names_none_may_be_asked_by_nobody() -> None:
    class Forgotten(Command, frozen=True, kw_only=True):
        """Nobody thought of who may ask this."""

    assert not is_allowed(POLICY, Forgotten(by=OWNER))


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("kind", DECISIONS, ids=lambda kind: kind.__name__)
def test_each_command_is_refused_to_whoever_lacks_its_permission(kind: type[Command], grant: str) -> None:
    allowed = Permission(NEEDED[kind.__name__]) in GRANTS[grant]
    assert is_allowed(POLICY, bare(kind, PEOPLE[grant])) is allowed


@pytest.mark.parametrize("kind", DECISIONS, ids=lambda kind: kind.__name__)
def test_where_nothing_is_granted_responders_may_everything_and_others_take_notes(kind: type[Command]) -> None:
    ours = NEEDED[kind.__name__] == "server"
    assert is_allowed(OPEN, bare(kind, "duty")) is not ours
    assert is_allowed(OPEN, bare(kind, OWNER)) is not ours
    assert is_allowed(OPEN, bare(kind, "stranger")) is (NEEDED[kind.__name__] == "view")


def test_a_refusal_names_those_who_may_and_not_whom_it_refuses() -> None:
    viewer = PEOPLE["viewer"]
    with pytest.raises(NotAuthorised) as refusal:
        require_permission(POLICY, viewer, Permission.RESPOND, incident())
    named = str(refusal.value).partition("here.")[2]
    assert PEOPLE["responder"] in named
    assert viewer not in named.partition(" may do this")[0]


def test_whoever_is_named_for_nothing_responds_if_they_are_a_responder_and_else_reads() -> None:
    assert find_permissions(POLICY, "duty") == GRANTS["responder"]
    assert find_permissions(POLICY, "stranger") == GRANTS["viewer"]
    assert find_permissions(POLICY, PEOPLE["viewer"]) == GRANTS["viewer"], "to be named a viewer takes the rest away"


def test_words_of_ones_own_for_somebody_outside_are_those_of_whoever_may_speak() -> None:
    for person, allowed in ((PEOPLE["comms"], True), (PEOPLE["responder"], False), (PEOPLE["commander"], False)):
        assert is_allowed(POLICY, CallContact(by=person, contact="x", text="Hello")) is allowed
        assert is_allowed(POLICY, CallContact(by=person, contact="x"))


@pytest.mark.parametrize("audience", [each for each in Audience if each is not Audience.RESPONDERS])
def test_words_for_others_are_those_of_whoever_may_speak(audience: Audience) -> None:
    for person, allowed in ((PEOPLE["comms"], True), (PEOPLE["responder"], False), (PEOPLE["commander"], False)):
        assert is_allowed(POLICY, PostUpdate(by=person, text="x", audiences=(audience,))) is allowed
        assert is_allowed(POLICY, PostUpdate(by=person, text="x"))


def test_a_role_in_the_incident_brings_its_permission_there_and_goes_only_to_whom_it_is_granted() -> None:
    assert not is_allowed(POLICY, Resolve(by="duty"))
    assert is_allowed(POLICY, Resolve(by="duty"), Incident_Commander="duty"), "whoever leads, leads"
    take = "Incident Commander"
    assert not is_allowed(POLICY, TakeRole(by="duty", role=take, responder="duty")), "nobody appoints themselves"
    assert is_allowed(POLICY, TakeRole(by="duty", role=take, responder=PEOPLE["commander"]))
    assert is_allowed(POLICY, TakeRole(by="duty", role="Scribe", responder="duty"))
    assert not is_allowed(POLICY, TakeRole(by="duty", role="Communications Lead", responder="duty"))
    assert is_allowed(OPEN, TakeRole(by="duty", role=take, responder="stranger")), "as it was where nothing is granted"


@pytest.mark.parametrize("name", ["IC", "ic ", "Incident  Commander", "Incident Commander (IC)", "Commander"])
def test_a_role_is_the_same_under_each_of_its_names(name: str) -> None:
    role = Role(line=1, title="Incident Commander", abbr="IC")
    playbook = Playbook(path="x.md", digest="", is_playbook=True, roles=(role,))
    for policy, responder in ((POLICY, "duty"), (POLICY, PEOPLE["comms"])):
        with pytest.raises(NotAuthorised):
            require_authority(incident(), policy, TakeRole(by="duty", role=name, responder=responder), playbook)
    require_authority(incident(), POLICY, TakeRole(by="duty", role=name, responder=PEOPLE["commander"]), playbook)


@pytest.mark.parametrize("name", ["Security", "security team lead", "CISO"])
def test_where_somebody_answers_for_security_nobody_else_takes_or_gives_that_role(name: str) -> None:
    policy = msgspec.structs.replace(OPEN, responders=("duty", "sec"), security=("sec",))
    assert not is_allowed(policy, TakeRole(by="duty", role=name, responder="duty"))
    assert is_allowed(policy, TakeRole(by="duty", role=name, responder="sec")), "whoever is named is called to it"
    assert is_allowed(policy, TakeRole(by="sec", role=name, responder="duty")), "and may hand it on"
    assert is_allowed(OPEN, TakeRole(by="duty", role=name, responder="duty")), "where nobody is named, anybody does"


@pytest.mark.parametrize("kind", DECISIONS, ids=lambda kind: kind.__name__)
def test_of_a_private_incident_every_command_finds_nothing_for_whoever_may_not_see_it(kind: type[Command]) -> None:
    """Whatever they may do elsewhere: to administer, to command or to oversee is no reason to see it."""
    hidden = msgspec.structs.replace(incident(), privacy=Privacy(since=NOW, by="duty", invited={"guest": "duty"}))
    policy = msgspec.structs.replace(POLICY, security=(PEOPLE["security"],))
    ours = NEEDED[kind.__name__] == "server"
    for person in ("stranger", "duty", *(who for grant, who in PEOPLE.items() if grant != "security")):
        with pytest.raises(NotAuthorised if ours else NotFound) as refused:
            require_authority(hidden, policy, bare(kind, person))
        assert ours or str(refused.value) == str(find_nothing("x-1"))
    for person in ("guest", PEOPLE["security"]):
        allowed = find_permissions(policy, person, hidden)
        if Permission(NEEDED[kind.__name__]) not in allowed:
            with pytest.raises(NotAuthorised):
                require_authority(hidden, policy, bare(kind, person))
        else:
            require_authority(hidden, policy, bare(kind, person))
