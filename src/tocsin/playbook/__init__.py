"""The playbook compiler: any team's Markdown incident playbook becomes a typed, checked model.

Bytes are read and repaired (``source``), laid out as a tree of blocks with exact lines (``outline``), and searched by
an ordered table of recognisers (``recognise``, ``procedure``); what stands there is kept (``model``), and what an
experienced colleague would object to is said (``lint``). ``compile.compile_playbook`` does all of it and never raises;
``report`` shows the result. What a command does is judged in ``effect``, from data alone.
"""
