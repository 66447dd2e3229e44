"""The addresses of lists and of partner centres' receipts, and who may open each."""

from web.desk.lists.downloading import list_file, lists
from web.desk.lists.partner_receipts import (
    partner_receipt,
    partner_receipts,
    partner_receipts_template,
    partner_receipts_upload,
)
from web.desk.lists.walk_ins import walk_ins_template, walk_ins_upload
from web.pages import Allow, Page

PAGES = (
    Page("/lists", lists, Allow.ENTRIES),
    Page("/lists/file", list_file, Allow.ENTRIES),
    Page("/partner-receipts", partner_receipts, Allow.DESK, ("GET", "POST")),
    Page(
        "/partner-receipts/<int:partner_receipt_id>", partner_receipt, Allow.DESK, ("GET", "POST")
    ),
    Page("/partner-receipts/upload", partner_receipts_upload, Allow.DESK, ("GET", "POST")),
    Page("/partner-receipts/template.xlsx", partner_receipts_template, Allow.DESK),
    Page("/lists/walk-ins/upload", walk_ins_upload, Allow.DESK, ("GET", "POST")),
    Page("/lists/walk-ins/template.xlsx", walk_ins_template, Allow.DESK),
)
