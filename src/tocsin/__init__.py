"""tocsin turns a team's own Markdown incident playbooks into a live response.

    playbook.md ──compile──▶ alert ▶ incident ▶ page ▶ run ▶ comms ▶ review
                                   └───────── one timeline ─────────┘

The rooms, in flow order:

    words, errors, config   the vocabularies, every way we say no, settings with line numbers
    pattern                 regular expressions that are compiled when they are first used
    playbook                what should happen: Markdown becomes a typed model with diagnostics
    oncall                  who answers at any given time
    timeline                what happened: events, the keyed chain (start with ``timeline/events``)
    incident                what is happening: state, status, what is legal, obligations
    alert                   signal, alert, and which incident it belongs to
    page                    whom to call next
    run                     which step is next, and may it run
    comms                   who must be told, what, by when
    review                  what is owed and learned afterwards
    engine                  the loop that joins them: decide, plan, append, perform
    store, integrations     our data; the outside world, one file per system
    testing                 stories with a fake clock, for us and for the users' own playbooks
    drill                   worlds that break for real
    web, cli, app           screens and API, verbs, and the one place that knows every name
"""
