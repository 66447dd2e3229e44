"""The auditor's list of receipts: every series 1..N, every number in it, and what is wrong."""

from collections.abc import Iterator, Mapping, Sequence

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import Later, _, spoken
from receipts.life.audit_list import Explained, Hole, list_series
from receipts.life.audit_report import AuditReport, audit
from receipts.life.auditing import SeriesStanding, Wanted, series_standing
from receipts.life.series import ReceiptState, VoidCause
from web.exporting import ENDINGS, Cell, Column, Sheet, send
from web.filters import moment
from web.services import current
from web.sign_in.guard import the_person

_PAGE = 100
_PROVED_AT_ONCE_MAX = 50_000  # receipts that a page waits for; more are proved on the command line
STATES: Mapping[ReceiptState, Later] = {
    ReceiptState.ISSUED: Later("stands"),
    ReceiptState.VOID: Later("void"),
    ReceiptState.REPLACED: Later("replaced"),
}
CAUSES: Mapping[VoidCause, Later] = {
    VoidCause.ENTRY: Later("The entry was voided"),
    VoidCause.REPLACEMENT: Later("Replaced by another receipt"),
    VoidCause.REFUND: Later("The money went back"),
    VoidCause.BANK: Later("The bank took the money back"),
    VoidCause.MATCH_UNDONE: Later("The match was undone"),
}


def receipt_audit() -> ResponseReturnValue:
    """Every series with its numbers counted, and the proofs on all of them."""
    with current.database.reading() as session:
        series = series_standing(session)
        is_small = sum(each.last for each in series) <= _PROVED_AT_ONCE_MAX
        return render_template(
            "headquarters/receipts.html",
            series=series,
            report=audit(session) if is_small else None,
            is_english=spoken() == "en",
        )


def receipt_series(year: int, office_code: str) -> ResponseReturnValue:
    """One series, number by number, with everything that is wrong in it."""
    state, after = _state(), max(request.args.get("after", 0, type=int), 0)
    with current.database.reading() as session:
        standing = _standing(session, year, office_code)
        found = list_series(session, year, office_code, state=state, after=after, limit=_PAGE)
        rows = list(found)
        return render_template(
            "headquarters/receipt_series.html",
            standing=standing,
            report=_report(session, standing),
            rows=[(row, isinstance(row, Hole)) for row in rows],
            state=state,
            states=STATES,
            causes=CAUSES,
            endings=ENDINGS,
            is_english=spoken() == "en",
            next_url=_next(rows, year, office_code, state),
        )


def receipt_export(year: int, office_code: str, ending: str) -> ResponseReturnValue:
    """The list of a series as a file: each number of it, also those that are missing."""
    if ending not in ENDINGS:
        raise NotFound(subject="export")
    state, now = _state(), current.now()
    with current.database.reading() as session:
        _standing(session, year, office_code)
        rows = (_cells(row) for row in list_series(session, year, office_code, state=state))
        return _sent(
            f"{year}/{office_code}", rows, ending, moment(now), tehran_date(now).isoformat()
        )


def _sent(
    series: str, rows: Iterator[Sequence[Cell]], ending: str, at: str, today: str
) -> Response:
    columns = (
        Column(_("Number")),
        Column(_("State")),
        Column(_("Issued on"), is_day=True),
        Column(_("Amount"), is_money=True),
        Column(_("Cause")),
        Column(_("Reason")),
        Column(_("Asked by")),
        Column(_("Decided by")),
        Column(_("When")),
        Column(_("Replaced by")),
        Column(_("Copies")),
        Column(_("Remark")),
    )
    title = _("Receipts of the series %(series)s") % {"series": series}
    about = _("%(title)s, saved on %(moment)s by %(name)s") % {
        "title": title,
        "moment": at,
        "name": the_person().name,
    }
    name = f"receipts-{series.replace('/', '-')}-{today}"
    return send(Sheet(name, _("Receipts"), about, columns, rows), ending)


def _cells(row: Explained | Hole) -> Sequence[Cell]:
    if isinstance(row, Hole):
        span = row.first if row.first == row.last else f"{row.first} – {row.last}"
        return _cells_of_hole(row, span)
    return (
        row.number,
        str(STATES[row.state]),
        row.issued_on,
        row.amount_rial,
        str(CAUSES[row.cause]) if row.cause else None,
        row.reason,
        row.asked_by,
        row.voided_by,
        row.voided_at,
        row.replaced_by,
        row.copies,
        _("The facts were changed") if row.is_changed else None,
    )


def _cells_of_hole(row: Hole, span: str) -> Sequence[Cell]:
    if row.is_allotted:
        return (span, _("allotted"), *(None,) * 9, _("A number block of the desk; not used yet"))
    if row.reason is None:
        return (span, _("missing"), *(None,) * 9, _("Nobody can explain this number"))
    nothing = (None,) * 3
    told = (row.reason, None, row.told_by, row.told_at)
    return (span, _("not used"), *nothing, *told, *nothing)


def _report(session: Session, standing: SeriesStanding) -> AuditReport | None:
    if standing.last > _PROVED_AT_ONCE_MAX:
        return None
    return audit(session, Wanted(standing.year, standing.office_code))


def _standing(session: Session, year: int, office_code: str) -> SeriesStanding:
    for found in series_standing(session, Wanted(year, office_code)):
        if found.office_code == office_code:
            return found
    raise NotFound(subject="receipt_series")


def _state() -> ReceiptState | None:
    asked = request.args.get("state", "")
    return ReceiptState(asked) if asked in set(ReceiptState) else None


def _next(
    rows: Sequence[Explained | Hole], year: int, office_code: str, state: ReceiptState | None
) -> str:
    numbers = [row.serial for row in rows if isinstance(row, Explained)]
    if len(numbers) < _PAGE:
        return ""
    return url_for(
        "headquarters.receipt_series",
        year=year,
        office_code=office_code,
        state=state.value if state else None,
        after=numbers[-1],
    )
