"""Who answers at any given time: people, schedules, and the names by which a playbook calls them."""
