"""What is found in a playbook, one small module each; the table below is the order in which they look.

Severities come first (they give the words for everything else), then the headings of procedures, then what depends on
knowing where those are. Each `recognise(draft)` reads the outline and fills the draft.
"""
