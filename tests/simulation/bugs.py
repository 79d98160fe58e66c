"""Bugs of an engine, planted: each shows that a law can be broken, and is seen.

One for each law; those of the boundaries stand in `amnesia.py`. A bug changes each life of the server as it is put
together (`build`), and for as long as it is planted what all lives share.
"""

from __future__ import annotations

from .bugs_of_paging import (
    answer_before_commit,
    believe_the_silent,
    call_again_after_the_answer,
    climb_after_the_answer,
    decide_twice,
    drop_a_wake,
    forget_the_top,
    forget_what_joins,
    forget_who_joined,
    go_by_utc,
    ignore_what_comes_back,
    join_what_is_over,
    lose_after_claim,
    open_one_for_each,
    page_nobody_at_night,
    say_delivered,
    send_before_commit,
    send_what_nobody_decided,
    skip_a_number,
    wake_early,
    wake_late,
)
from .bugs_of_record import (
    answer_people_before_commit,
    break_the_chain,
    change_before_its_start,
    change_twice,
    change_unasked,
    go_back_in_time,
    hear_no_repeats,
    hold_back,
    keep_what_is_done,
    listen_to_nobody,
    lose_the_tail,
    mark_no_repeat,
    name_evidence_first,
    run_though_frozen,
    tell_again,
)
from .planting import Planted

BUGS: dict[str, tuple[Planted, ...]] = {
    "alert lost": (answer_before_commit, ignore_what_comes_back, believe_the_silent, forget_what_joins),
    "silence not noted": (listen_to_nobody,),
    "silence noted twice": (tell_again,),
    "heard and called silent": (hear_no_repeats,),
    "alert on what is over": (join_what_is_over,),
    "nobody paged": (page_nobody_at_night,),
    "storm not folded": (open_one_for_each,),
    "incident missing": (skip_a_number,),
    "page decided twice": (decide_twice,),
    "not carried out once": (lose_after_claim,),
    "delivered to nobody": (say_delivered,),
    "page never decided": (send_what_nobody_decided,),
    "page before its decision": (send_before_commit,),
    "page too late": (hold_back,),
    "repeat not marked": (mark_no_repeat,),
    "paged after acknowledgement": (call_again_after_the_answer,),
    "wrong people": (go_by_utc,),
    "escalated late": (wake_late, drop_a_wake),
    "escalated early": (wake_early,),
    "not escalated": (forget_the_top,),
    "escalated after acknowledgement": (climb_after_the_answer,),
    "escalated twice": (forget_who_joined,),
    "duty not noted": (drop_a_wake, wake_late),
    "timeline broken": (break_the_chain,),
    "timeline goes back": (go_back_in_time,),
    "timeline rewritten": (lose_the_tail,),
    "answer not kept": (answer_people_before_commit,),
    "ran while frozen": (run_though_frozen,),
    "evidence lost": (name_evidence_first,),
    "changed twice": (change_twice,),
    "changed before its start": (change_before_its_start,),
    "changed unasked": (change_unasked,),
    "not at rest": (keep_what_is_done,),
}
"""Each law's name, and the bugs that break it."""
