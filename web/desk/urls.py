"""The addresses of a service desk, and who may open each."""

from web.desk.dashboard import dashboard
from web.desk.entries import entries, entry, paper, void
from web.desk.receiving import receive, receive_form
from web.desk.slips import slip, slips
from web.desk.voids import void_request, voids
from web.desk.walk_in import saved, walk_in
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", dashboard, Allow.DESK),
    Page("/walk-in", walk_in, Allow.DESK, ("GET", "POST")),
    Page("/walk-in/<tracking_code>", saved, Allow.DESK),
    Page("/receive", receive_form, Allow.DESK),
    Page("/receive/<tracking_code>", receive, Allow.DESK, ("GET", "POST")),
    Page("/entries", entries, Allow.ENTRIES),
    Page("/entries/<tracking_code>", entry, Allow.ENTRIES),
    Page("/entries/<tracking_code>/paper", paper, Allow.ENTRIES),
    Page("/entries/<tracking_code>/void", void, Allow.DESK, ("GET", "POST")),
    Page("/slips", slips, Allow.DESK, ("GET", "POST")),
    Page("/slips/<int:slip_id>", slip, Allow.DESK),
    Page("/voids", voids, Allow.VOIDS),
    Page("/voids/<int:request_id>", void_request, Allow.VOIDS, ("GET", "POST")),
)

desk = blueprint("desk", PAGES, prefix="/desk")
