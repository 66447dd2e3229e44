"""The list about money that goes back to donors."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from core.words import Later, _
from donations.models.refund import RefundRequest
from donations.refund_lists import ended_refunds, refunds_under_way, waiting_refunds
from web.exporting import Cell, Column
from web.finance.exports.lists import PAGE, Export
from web.finance.refunds import ENDINGS, STATES, WAYS


def _refunds(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    for row in waiting_refunds(session, limit=None):
        yield *_of_request(row.request), _("Waiting for a second person"), None, row.bank_reference
    for row in refunds_under_way(session, limit=None):
        yield *_of_request(row.request), str(STATES[row.payment.state][0]), None, row.bank_reference
    before_id = None
    while ended := ended_refunds(session, before_id=before_id, limit=PAGE):
        before_id = ended[-1][0].id
        for end, request in ended:
            told = str(ENDINGS[end.ending][0])
            yield *_of_request(request), told, end.ended_at, end.bank_reference


def _of_request(request: RefundRequest) -> tuple[Cell, ...]:
    return (
        request.payment_id,
        request.gateway,
        request.amount_rial,
        str(WAYS[request.way]),
        request.reason,
        request.asked_at,
    )


WAY_BACK: Mapping[str, Export] = {
    "refunds": Export(
        Later("Refunds"),
        (
            Column(Later("Payment")),
            Column(Later("Gateway")),
            Column(Later("Amount"), is_money=True),
            Column(Later("Which way")),
            Column(Later("Reason")),
            Column(Later("Asked")),
            Column(Later("State")),
            Column(Later("Ended")),
            Column(Later("Number of the refund at the bank")),
        ),
        _refunds,
    ),
}
