"""The addresses of a service desk, and who may open each."""

from web.desk.batches import addresses as batches
from web.desk.books import book, books
from web.desk.cash import addresses as cash
from web.desk.copies import copies, copy_paper
from web.desk.dashboard import dashboard, offices
from web.desk.donors import addresses as donors
from web.desk.entries import entries, entry, paper, void
from web.desk.goods import addresses as goods
from web.desk.links import send_link
from web.desk.lists import addresses as lists
from web.desk.offline import addresses as offline
from web.desk.receiving import receive, receive_form
from web.desk.replacements import replace, replacement
from web.desk.slips import slip, slips
from web.desk.voids import void_request, voids
from web.desk.volunteers import addresses as volunteers
from web.desk.walk_in import saved, walk_in
from web.desk.walk_in_donor import donors_like
from web.desk.walk_in_scan import scan
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", dashboard, Allow.DESK),
    Page("/offices", offices, Allow.OFFICES),
    Page("/walk-in", walk_in, Allow.DESK, ("GET", "POST")),
    Page("/walk-in-donors", donors_like, Allow.DESK),
    Page("/scan", scan, Allow.DESK),
    Page("/walk-in/<tracking_code>", saved, Allow.DESK),
    Page("/receive", receive_form, Allow.DESK),
    Page("/receive/<tracking_code>", receive, Allow.DESK, ("GET", "POST")),
    Page("/entries", entries, Allow.ENTRIES),
    Page("/entries/<tracking_code>", entry, Allow.ENTRIES),
    Page("/entries/<tracking_code>/paper", paper, Allow.ENTRIES),
    Page("/entries/<tracking_code>/void", void, Allow.DESK, ("GET", "POST")),
    Page("/entries/<tracking_code>/link/<int:receipt_id>", send_link, Allow.DESK, ("POST",)),
    Page("/entries/<tracking_code>/replace/<int:receipt_id>", replace, Allow.DESK, ("GET", "POST")),
    Page("/receipts/<int:receipt_id>/copies", copies, Allow.ENTRIES, ("GET", "POST")),
    Page("/copies/<int:copy_id>.pdf", copy_paper, Allow.ENTRIES),
    Page("/books", books, Allow.ENTRIES),
    Page("/books/<int:book_id>", book, Allow.ENTRIES, ("GET", "POST")),
    Page("/slips", slips, Allow.DESK, ("GET", "POST")),
    Page("/slips/<int:slip_id>", slip, Allow.DESK),
    Page("/voids", voids, Allow.VOIDS),
    Page("/voids/<int:request_id>", void_request, Allow.VOIDS, ("GET", "POST")),
    Page("/replacements/<int:request_id>", replacement, Allow.VOIDS, ("GET", "POST")),
    *volunteers.PAGES,
    *donors.PAGES,
    *lists.PAGES,
    *cash.PAGES,
    *offline.PAGES,
    *batches.PAGES,
    *goods.PAGES,
)

desk = blueprint("desk", PAGES, prefix="/desk")
