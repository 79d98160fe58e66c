"""Stories with a fake clock: what a playbook does in an incident, told in a few lines and over in milliseconds.

    async with Story(playbook, ...) as story:
        await story.alert("ChainHalted")
        story.expect_page("ana")
        await story.advance(minutes=5)
        story.expect_late("acknowledge", at="5m")

It runs the production engine on the embedded store; only the clock and the performers are stand-ins. It ships with the
product so that teams can test their own playbooks with it.
"""
