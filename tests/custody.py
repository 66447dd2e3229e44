"""Drawers, boxes and rounds for tests, made by the real use cases."""

from donations.custody.boxes import Placing
from donations.custody.denominations import denominations_on
from donations.custody.rounds import Collector, Found
from donations.models.collection_round import Condition
from flows.collecting import Emptied, add_box, count_round, open_round, tell_findings
from flows.custody import count_session, open_session
from offices.scope import EVERYWHERE
from tests.factories import NOON

FUND = "19041062101"


def notes(session, amount_rial):
    """The quantities, by denomination, that make an amount: the largest notes first."""
    quantities = {}
    for each in denominations_on(session, NOON.date()):
        quantities[each.id], amount_rial = divmod(amount_rial, each.value_rial)
    assert amount_rial == 0
    return quantities


def a_session(session, cashier, float_rial=0, *, now=NOON):
    return open_session(
        session, cashier.office_id, float_rial, cashier_id=cashier.id, request_key=None, now=now
    )


def counted(session, of, amount_rial, *, by, reason="", key=None, now=NOON, **facts):
    return count_session(
        session,
        EVERYWHERE,
        of.id,
        notes(session, amount_rial),
        reason=reason,
        counted_by_id=by.id,
        request_key=key,
        now=now,
        **facts,
    )


def a_box(session, clerk, seal="4471", *, fund=FUND, place="نانوایی"):
    return add_box(
        session,
        clerk.office_id,
        Placing(place, "علی نانوا", "09121234567"),
        fund=fund,
        seal_number=seal,
        registered_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )


def a_round(session, clerk, *boxes):
    return open_round(
        session,
        clerk.office_id,
        [box.id for box in boxes],
        (Collector("رضا"), Collector("زهرا")),
        opened_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )


def found(session, of, clerk, condition=Condition.INTACT, seal=None):
    """Say of every box of a round that it was found so, under its own seal or another."""
    reason = "مغازه بسته بود" if condition is Condition.LEFT else ""
    told = {
        row.id: Found(condition, row.seal_number if seal is None else seal, reason)
        for row in of.boxes
    }
    tell_findings(session, EVERYWHERE, of.id, told, told_by_id=clerk.id, now=NOON)


def counted_round(session, of, clerk, *amounts_rial, notes_rial=None, key=None):
    """Count the boxes of a round, in their order; each gets a new seal."""
    emptied = {
        row.id: Emptied(rial, f"n{row.id}")
        for row, rial in zip(of.boxes, amounts_rial, strict=True)
    }
    total_rial = sum(amounts_rial) if notes_rial is None else notes_rial
    return count_round(
        session,
        EVERYWHERE,
        of.id,
        notes(session, total_rial),
        emptied,
        counted_by_id=clerk.id,
        request_key=key,
        now=NOON,
    )
