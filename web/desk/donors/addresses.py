"""The addresses of donors, and who may open each."""

from web.desk.donors.looking_up import donor, donors
from web.desk.donors.merging import merge_donor, undo_merge_of_donors
from web.pages import Allow, Page

PAGES = (
    Page("/donors", donors, Allow.DONORS),
    Page("/donors/<int:donor_id>", donor, Allow.DONORS),
    Page("/donors/<int:donor_id>/merge/<int:other_id>", merge_donor, Allow.DONORS, ("GET", "POST")),
    Page("/donors/merges/<int:merge_id>", undo_merge_of_donors, Allow.DONORS, ("GET", "POST")),
)
