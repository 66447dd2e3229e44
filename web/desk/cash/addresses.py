"""The addresses of the custody of cash, and who may open each."""

from web.desk.cash.boxes import box_labels, boxes, change_box, charity_box, new_box, seal_box
from web.desk.cash.denominations import denominations
from web.desk.cash.limits import limits
from web.desk.cash.overview import cash, new_session
from web.desk.cash.round_counts import round_confirm, round_count
from web.desk.cash.rounds import (
    collection_round,
    new_round,
    round_cancel,
    round_findings,
    round_remark,
    rounds,
)
from web.desk.cash.sessions import cashier_session, count_decision, count_session
from web.desk.cash.slip_void import slip_void
from web.pages import Allow, Page

_FORM = ("GET", "POST")

PAGES = (
    Page("/cash", cash, Allow.ENTRIES),
    Page("/cash/new", new_session, Allow.DESK, _FORM),
    Page("/cash/<int:session_id>", cashier_session, Allow.ENTRIES),
    Page("/cash/<int:session_id>/count", count_session, Allow.DESK, _FORM),
    Page("/cash/counts/<int:count_id>", count_decision, Allow.CASH, _FORM),
    Page("/boxes", boxes, Allow.ENTRIES),
    Page("/boxes/new", new_box, Allow.DESK, _FORM),
    Page("/boxes/labels", box_labels, Allow.ENTRIES),
    Page("/boxes/<int:box_id>", charity_box, Allow.ENTRIES),
    Page("/boxes/<int:box_id>/change", change_box, Allow.DESK, _FORM),
    Page("/boxes/<int:box_id>/seal", seal_box, Allow.DESK, _FORM),
    Page("/rounds", rounds, Allow.ENTRIES),
    Page("/rounds/new", new_round, Allow.DESK, _FORM),
    Page("/rounds/<int:round_id>", collection_round, Allow.ENTRIES),
    Page("/rounds/<int:round_id>/findings", round_findings, Allow.DESK, _FORM),
    Page("/rounds/<int:round_id>/remark", round_remark, Allow.DESK, _FORM),
    Page("/rounds/<int:round_id>/cancel", round_cancel, Allow.DESK, _FORM),
    Page("/rounds/<int:round_id>/count", round_count, Allow.DESK, _FORM),
    Page("/rounds/<int:round_id>/confirm", round_confirm, Allow.DESK, _FORM),
    Page("/slips/<int:slip_id>/void", slip_void, Allow.CASH, _FORM),
    Page("/denominations", denominations, Allow.DESK_RULES, _FORM),
    Page("/limits", limits, Allow.DESK_RULES, _FORM),
)
