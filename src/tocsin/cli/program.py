"""The program: every verb by its name, in the order of an incident's life."""

from __future__ import annotations

from importlib.metadata import version

from cyclopts import App, Group, Parameter

from tocsin.cli.words import Paper

APP = App(
    name="tocsin",
    console=Paper(),
    default_parameter=Parameter(negative_iterable=()),
    help="Turns a team's own Markdown incident playbooks into a live response.",
    version=lambda: f"tocsin {version('tocsin')}",
)

GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Begin": (
        ("demo", "demo:run", "Show it all: five teams, a shop that breaks for real, a phone that rings."),
        ("init", "serving:init", "Make a workspace from nothing but Markdown playbooks."),
        ("import", "importing:run", "Turn exports of PagerDuty, Opsgenie or Grafana OnCall into settings."),
        ("serve", "serving:serve", "Serve a workspace: hear alerts, page, run, keep promises."),
        ("compile", "compiling:run", "Say what tocsin finds in playbooks, and what is missing or dangerous."),
        ("link", "linking:run", "Lay alert rules beside playbooks: what opens what, and what is left alone."),
        ("check", "checking:run", "Say what of a playbook no longer matches the system it speaks of."),
        ("classify", "compiling:classify", "Say what the statements of a shell text would do, and why."),
    ),
    "See": (
        ("incidents", "incidents:list_all", "List incidents."),
        ("show", "incidents:show", "Show an incident: where it stands, what is owed, its steps."),
        ("timeline", "incidents:timeline", "Print an incident's timeline."),
        ("why", "incidents:why", "Say why people were paged in an incident, and why not."),
        ("dry-run", "rehearsing:run", "Show every statement of a scenario as it would run; nothing runs."),
        ("explain", "compiling:explain", "Explain the code of an error or of a finding."),
    ),
    "Respond": (
        ("declare", "moves:declare", "Open an incident by hand."),
        ("ack", "moves:ack", "Acknowledge: I have taken it."),
        ("severity", "moves:severity", "Set the severity."),
        ("scenario", "moves:scenario", "Say which scenario of which team it is."),
        ("role", "moves:role", "Give a responder a role."),
        ("note", "moves:note", "Add a note to the timeline."),
        ("report", "reports:report", "Fill in a form of the playbook, such as the first report of a breach."),
        ("recovery-point", "reports:recovery_point", "Say to which moment lost data can be brought back."),
        ("update", "moves:update", "Tell responders, or the public, where things stand."),
        ("escalate", "moves:escalate", "Call those whom a line of the playbook names."),
        ("contact", "moves:contact", "Call a contact outside: a provider, a validator, a vendor."),
        ("allow-contact", "moves:allow_contact", "Allow a call to a contact outside that waits for it."),
        ("tick", "moves:tick", "Tick a duty of a role."),
        ("bridge", "moves:bridge", "Say that the team's conference is open."),
        ("room", "drafting:open_room", "Open a room of its own in the team's chat."),
        ("confirm", "moves:confirm", "Say that you have seen that the fix holds."),
        ("decline", "moves:decline", "Answer no to a condition of the playbook."),
        ("correct", "moves:correct", "Take back a yes that was wrong, with a reason."),
        ("cause", "moves:cause", "Say what the cause is."),
        ("mitigate", "moves:mitigate", "Say that the fix is in."),
        ("resolve", "moves:resolve", "Say that it is over."),
        ("false-positive", "moves:false_positive", "Say that it never was real: it is over."),
        ("reopen", "moves:reopen", "Say that it is not over."),
        ("close", "moves:close", "Close it, once nothing is owed any more."),
        ("dismiss", "moves:dismiss", "Say that what is in triage is no incident."),
        ("private", "privacy:make_private", "Let only those see it who need it."),
        ("disclose", "privacy:disclose", "Let everybody who is signed in see it again."),
        ("invite", "privacy:invite", "Let somebody see a private incident."),
        ("uninvite", "privacy:uninvite", "Take an invitation back."),
    ),
    "Quiet": (
        ("silences", "quiet:list_all", "List silences and maintenance windows, those to come too."),
        ("silence", "quiet:silence", "Let alerts page nobody for a while; --preview only says what it would hit."),
        ("maintenance", "quiet:maintain", "Let nothing page for a while, of a team or of what matchers fit."),
        ("unsilence", "quiet:end", "End a silence or a maintenance window now."),
    ),
    "Run": (
        ("approve", "steps:approve", "Show exactly what a step will run, ask, and run it once."),
        ("run", "steps:run", "Type a statement of your own; it is judged like any step."),
        ("step", "single:run", "Show or run one statement as a playbook's step would be, without a server."),
        ("done", "steps:done", "Check off a manual step."),
        ("skip", "steps:skip", "Leave a step out."),
        ("stop", "steps:stop", "End what a step runs now."),
        ("barrier", "barriers:call", "Have several people do a step at the same moment."),
        ("ready", "barriers:ready", "Say that you are ready for what all do at the same moment."),
        ("hold", "barriers:hold", "Hold what was to be done at the same moment."),
        ("wait", "waiting:wait", "Begin what the playbook wants waited or watched, or end it before its time."),
        ("take", "turns:take", "Of several ways in the playbook, go this one."),
        ("jump", "turns:jump", "Go on in a further scenario of the playbook too."),
        ("settle", "steps:settle", "Say what became of a step that nobody saw end, or have it looked at."),
        ("learn", "teaching:learn", "Say what a command of your own does, so that it is not asked about again."),
        ("freeze", "running:freeze", "Let nothing run by itself for a team."),
        ("unfreeze", "running:unfreeze", "Let reads run by themselves again."),
        ("activate", "running:activate", "Activate a team's playbook as it is now."),
    ),
    "Review": (
        ("review", "afterwards:review", "Print the post-mortem as Markdown."),
        ("shadow", "shadow:shadow", "Say what the shadow mode would have done on a day."),
        ("meet", "afterwards:meet", "Say that a duty is done."),
        ("waive", "afterwards:waive", "Set a duty aside, with a reason."),
        ("lift", "afterwards:lift", "Lift a prohibition, if the playbook names you for it."),
        ("verify", "verifying:verify", "Check that nobody touched the record."),
        ("witness", "witness:run", "On another host: keep what servers say of their records."),
        ("backup", "keeping:backup", "Write everything a server knows to one file, while it runs."),
        ("restore", "keeping:restore", "Make a data directory of a backup, verified."),
    ),
    "On call": (
        ("schedules", "rotas:show", "Say who is on duty and who comes next, and what is wrong with that."),
        ("forecast", "rotas:forecast", "Say who would be paged, when and how, before anything happens."),
        ("override", "rotas:override", "Let somebody have a duty for a while."),
        ("swap", "rotas:swap", "Let two people exchange shifts."),
        ("unoverride", "rotas:end_override", "End an override, or a swap, now."),
        ("feed", "rotas:open_feed", "Open a calendar feed of a person's shifts, or of a schedule's."),
        ("unfeed", "rotas:revoke_feed", "Let a calendar feed's address lead nowhere."),
    ),
    "People": (
        ("signin", "people:signin", "Print a link that signs a person in, once."),
        ("whoami", "people:whoami", "Say in whose name you act, or choose it once."),
        ("access", "tokens:access", "Show who came and went, and who was given a way in."),
        ("unblock", "tokens:unblock", "Let somebody sign in again at whose password others have guessed."),
        ("forget", "tokens:forget", "Take a person's password, sessions and tokens away."),
        ("key", "people:key", "Make a new intake key for a team."),
        ("test-page", "contacts:test_page", "Send somebody a test page, which they confirm."),
        ("rules", "contacts:show_rules", "Show how somebody wants to be called, and their quiet hours."),
        ("contacts", "contacts:list_all", "List how everybody is reached, and what was never confirmed."),
    ),
}
"""Each verb, where it stands, what it does. A module is loaded only when one of its verbs is used: verbs are quick."""

PLAYBOOK = App(name="playbook", help="Compare playbooks, print one in its normal form, or the model's schema.")
for _name, _help in (
    ("diff", "Say in words what changed between two versions, the dangerous first."),
    ("export", "Print a playbook in its normal form."),
    ("schema", "Print the JSON Schema of the compiled model."),
):
    PLAYBOOK.command(f"tocsin.cli.playbooks:{_name}", name=_name, help=_help)

STATUS = App(name="status", help="The public status page of a team.")
STATUS.command("tocsin.cli.status:export", name="export", help="Write it to a folder that any file server can show.")

TOKEN = App(name="token", help="Tokens with which programs ask in a person's name.")
for _name, _place, _help in (
    ("create", "create", "Make a token; it is shown once."),
    ("list", "list_all", "List tokens, without their secrets."),
    ("revoke", "revoke", "End a token now."),
):
    TOKEN.command(f"tocsin.cli.tokens:{_place}", name=_name, help=_help)

EVIDENCE = App(name="evidence", help="Read what was redacted, if you may.")
for _name, _place, _help in (
    ("export", "export", "Write an incident's record to one signed file, with a page that checks it offline."),
    ("open", "open_original", "Print an output as it was, for a reason that stands on the timeline."),
):
    EVIDENCE.command(f"tocsin.cli.evidence:{_place}", name=_name, help=_help)

DRAFT = App(name="draft", help="Words on their way out: drafted, approved, published, taken back.")
for _name, _place, _help in (
    ("list", "list_all", "List texts of the playbook, drafts, and what was said."),
    ("show", "show", "Print a draft as it stands."),
    ("write", "write", "Draft words: a text of the playbook, or your own."),
    ("fill", "fill", "Fill blanks of a draft."),
    ("approve", "approve", "Allow a draft to go out as it stands."),
    ("publish", "publish", "Say what was approved, to its audiences."),
    ("drop", "drop", "Do not say it."),
    ("withdraw", "withdraw", "Take back what was said."),
):
    DRAFT.command(f"tocsin.cli.drafting:{_place}", name=_name, help=_help)

for _title, _verbs in GROUPS.items():
    _group = Group.create_ordered(_title)
    for _name, _place, _help in _verbs:
        APP.command(f"tocsin.cli.{_place}", name=_name, group=_group, help=_help)
    if _title == "Review":
        EVIDENCE.group = (_group,)
        APP.command(EVIDENCE)
    if _title == "Respond":
        DRAFT.group = (_group,)
        APP.command(DRAFT)
    if _title == "See":
        STATUS.group = (_group,)
        APP.command(STATUS)
    if _title == "People":
        TOKEN.group = (_group,)
        APP.command(TOKEN)
    if _title == "Begin":
        PLAYBOOK.group = (_group,)
        APP.command(PLAYBOOK)
