"""The addresses of finance, and who may open each."""

from web.finance.adapters import adapters, new_gateway
from web.finance.ageing import ageing
from web.finance.books import paper_book, paper_books
from web.finance.calendar import add_fixed_holidays, add_holiday, calendar
from web.finance.dashboard import dashboard, ledger
from web.finance.days import (
    ask_to_reopen_day,
    ask_to_undo_line,
    day,
    day_change,
    day_pdf,
    days,
    own_difference,
    prepare_sheet,
    sign_sheet,
)
from web.finance.exports.saving import export
from web.finance.gateways import (
    gateway,
    gateway_findings,
    gateways,
    let_gateway_back,
    pause_gateway,
    solve_finding,
)
from web.finance.inbox import accept_marked, inbox
from web.finance.lines import (
    assign_line,
    dismiss_offer,
    fee_line,
    line,
    offer_pledge_again,
    pair_line,
    receive_line,
    refund_line,
    slip_line,
    split_line,
    undo,
)
from web.finance.mappings import mappings
from web.finance.offers import accept_offers, offers
from web.finance.refunds import payment, refund_request, refunds
from web.finance.reports import report, reports
from web.finance.rules import rules
from web.finance.runs import runs, settlement, settlements, undo_whole_run
from web.finance.set_up import set_up
from web.finance.settlements import settle_batch, settle_line
from web.finance.statements import (
    refused_statement,
    solve_line,
    statement,
    statements,
    undo_statement,
)
from web.finance.terminals import (
    enter_common_cycles,
    enter_terminal_cycles,
    enter_terminal_terms,
    terminal_terms,
    terminals,
)
from web.finance.weekly_rest import weekly_rest
from web.pages import Allow, Page, blueprint

PAGES = (
    Page("", dashboard, Allow.FINANCE),
    Page("/statements", statements, Allow.FINANCE, ("GET", "POST")),
    Page("/statements/<int:file_id>", statement, Allow.FINANCE),
    Page("/statements/<int:file_id>/undo", undo_statement, Allow.FINANCE, ("GET", "POST")),
    Page("/statements/refused/<int:refused_id>", refused_statement, Allow.FINANCE, ("GET", "POST")),
    Page("/lines/<int:line_id>/solve", solve_line, Allow.FINANCE, ("GET", "POST")),
    Page("/mappings", mappings, Allow.FINANCE, ("GET", "POST")),
    Page("/inbox", inbox, Allow.FINANCE),
    Page("/inbox/accept", accept_marked, Allow.FINANCE, ("POST",)),
    Page("/offers", offers, Allow.FINANCE),
    Page("/offers/accept", accept_offers, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/dismiss", dismiss_offer, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/offer-again", offer_pledge_again, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>", line, Allow.FINANCE),
    Page("/lines/<int:line_id>/assign", assign_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/split", split_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/receive", receive_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/pair", pair_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/fee", fee_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/refund", refund_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/slip", slip_line, Allow.FINANCE, ("POST",)),
    Page("/lines/<int:line_id>/undo", undo, Allow.FINANCE, ("POST",)),
    Page("/runs", runs, Allow.FINANCE, ("GET", "POST")),
    Page("/runs/<int:run_id>/undo", undo_whole_run, Allow.FINANCE, ("GET", "POST")),
    Page("/rules", rules, Allow.RULES, ("GET", "POST")),
    Page("/settlements", settlements, Allow.FINANCE),
    Page("/settlements/<int:settlement_id>", settlement, Allow.FINANCE),
    Page("/lines/<int:line_id>/settle", settle_line, Allow.FINANCE),
    Page(
        "/lines/<int:line_id>/settle/<int:terminal_id>/<day>/<int:cut_off>",
        settle_batch,
        Allow.FINANCE,
        ("GET", "POST"),
    ),
    Page("/reports", reports, Allow.FINANCE, ("GET", "POST")),
    Page("/reports/<int:report_id>", report, Allow.FINANCE),
    Page("/terminals", terminals, Allow.FINANCE),
    Page("/terminals/cycles", enter_common_cycles, Allow.FINANCE, ("POST",)),
    Page("/terminals/<int:terminal_id>", terminal_terms, Allow.FINANCE),
    Page("/terminals/<int:terminal_id>/terms", enter_terminal_terms, Allow.FINANCE, ("POST",)),
    Page("/terminals/<int:terminal_id>/cycles", enter_terminal_cycles, Allow.FINANCE, ("POST",)),
    Page("/calendar", calendar, Allow.FINANCE),
    Page("/calendar/holidays", add_holiday, Allow.FINANCE, ("POST",)),
    Page("/calendar/fixed", add_fixed_holidays, Allow.FINANCE, ("POST",)),
    Page("/calendar/rest", weekly_rest, Allow.FINANCE, ("GET", "POST")),
    Page("/set-up", set_up, Allow.RULES),
    Page("/paper-books", paper_books, Allow.FINANCE, ("GET", "POST")),
    Page("/paper-books/<int:book_id>", paper_book, Allow.FINANCE, ("GET", "POST")),
    Page("/ageing", ageing, Allow.FINANCE),
    Page("/export/<name>.<ending>", export, Allow.FINANCE),
    Page("/lines/<int:line_id>/ask-undo", ask_to_undo_line, Allow.FINANCE, ("GET", "POST")),
    Page("/days", days, Allow.FINANCE),
    Page("/days/changes/<int:request_id>", day_change, Allow.FINANCE, ("GET", "POST")),
    Page("/days/<account>/<jalali_day>", day, Allow.FINANCE),
    Page("/days/<account>/<jalali_day>.pdf", day_pdf, Allow.FINANCE),
    Page("/days/<account>/<jalali_day>/prepare", prepare_sheet, Allow.FINANCE, ("POST",)),
    Page("/days/<account>/<jalali_day>/sign", sign_sheet, Allow.FINANCE, ("POST",)),
    Page("/days/<account>/<jalali_day>/reopen", ask_to_reopen_day, Allow.FINANCE, ("POST",)),
    Page("/days/<account>/<jalali_day>/owner", own_difference, Allow.FINANCE, ("POST",)),
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
