"""The addresses of finance, and who may open each."""

from web.finance.dashboard import dashboard, ledger
from web.finance.inbox import assign_line, fee_line, inbox, line, undo
from web.finance.runs import runs, settlement, settlements, undo_whole_run
from web.finance.statements import statements, undo_statement
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", dashboard, Allow.FINANCE),
    Page("/statements", statements, Allow.FINANCE, ("GET", "POST")),
    Page("/statements/<int:file_id>/undo", undo_statement, Allow.FINANCE, ("GET", "POST")),
    Page("/inbox", inbox, Allow.FINANCE),
    Page("/lines/<int:line_id>", line, Allow.FINANCE),
    Page("/lines/<int:line_id>/assign", assign_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/fee", fee_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/undo", undo, Allow.FINANCE, ("POST",)),
    Page("/runs", runs, Allow.FINANCE, ("GET", "POST")),
    Page("/runs/<int:run_id>/undo", undo_whole_run, Allow.FINANCE, ("GET", "POST")),
    Page("/settlements", settlements, Allow.FINANCE),
    Page("/settlements/<int:settlement_id>", settlement, Allow.FINANCE),
    Page("/ledger", ledger, Allow.FINANCE),
)

finance = blueprint("finance", PAGES, prefix="/finance")
