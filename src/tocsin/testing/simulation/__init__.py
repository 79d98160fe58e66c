"""Simulated months: the production engine in a world that breaks on purpose, and a checker that trusts only that world.

    record = run_month(seed=7, days=30, teams=cast_teams(playbooks))
    violations = check(record)

The journal, the intake, the loop, the dispatch, the planners and the pager are the ones that ship. Time, the disk, the
network, the machine under the steps, the people and the sources of alerts are simulated, each from the seed alone: the
same seed gives the same bytes, on any machine and in any process.

`loop` is time, `disk`, `network` and `machine` are what fails, `node` is one life of a server, `senders` and `people`
are who speaks to it, `record` is what they wrote down, `month` puts them together, and `laws` judge the record.
"""
