"""The addresses of finance, and who may open each."""

from web.finance.adapters import adapters, new_gateway
from web.finance.dashboard import dashboard, ledger
from web.finance.gateways import (
    gateway,
    gateway_findings,
    gateways,
    let_gateway_back,
    pause_gateway,
    solve_finding,
)
from web.finance.inbox import assign_line, fee_line, inbox, line, refund_line, undo
from web.finance.refunds import payment, refund_request, refunds
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
    Page("/lines/<int:line_id>/refund", refund_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/undo", undo, Allow.FINANCE, ("POST",)),
    Page("/runs", runs, Allow.FINANCE, ("GET", "POST")),
    Page("/runs/<int:run_id>/undo", undo_whole_run, Allow.FINANCE, ("GET", "POST")),
    Page("/settlements", settlements, Allow.FINANCE),
    Page("/settlements/<int:settlement_id>", settlement, Allow.FINANCE),
    Page("/ledger", ledger, Allow.FINANCE),
    Page("/refunds", refunds, Allow.FINANCE),
    Page("/refunds/<int:request_id>", refund_request, Allow.FINANCE, ("GET", "POST")),
    Page("/payments/<int:payment_id>", payment, Allow.FINANCE, ("GET", "POST")),
    Page("/gateways", gateways, Allow.FINANCE),
    Page("/gateways/findings", gateway_findings, Allow.FINANCE),
    Page("/gateways/findings/<int:finding_id>/solve", solve_finding, Allow.FINANCE, ("POST",)),
    Page("/gateways/<name>", gateway, Allow.FINANCE),
    Page("/gateways/<name>/pause", pause_gateway, Allow.FINANCE, ("POST",)),
    Page("/gateways/<name>/let-back", let_gateway_back, Allow.FINANCE, ("POST",)),
    Page("/gateways/adapters", adapters, Allow.FINANCE),
    Page("/gateways/new/<slug>", new_gateway, Allow.FINANCE, ("GET", "POST")),
)

finance = blueprint("finance", PAGES, prefix="/finance")
