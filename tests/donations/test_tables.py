"""What the tables themselves refuse, whoever writes."""

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from donations.models.pledge import PledgeItem
from donations.pledging import CashItem, GoodsItem
from tests.factories import a_desk_contribution, a_pledge, a_staff_member
from tests.ledger.corrupting import behind_the_triggers


@pytest.mark.parametrize("rial", [0, -1, 10**15 + 1])
def test_goods_are_declared_at_more_than_nothing_and_within_reach(session, rial):
    a_pledge(session, GoodsItem("پتو", 1_000, "تخته", declared_value_rial=10**15))

    with pytest.raises(IntegrityError, match="declared_value_within_reach"):
        session.execute(update(PledgeItem).values(declared_value_rial=rial))
    session.rollback()


def test_a_receipt_is_never_over_nothing(database):
    with database.writing() as session:
        a_desk_contribution(session, CashItem(1_000), staff_id=a_staff_member(session).id)

    with pytest.raises(IntegrityError, match="amount_positive"):
        behind_the_triggers(database, "receipt", "UPDATE receipt SET amount_rial = 0")


def test_one_account_is_the_central_one(session):
    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "INSERT INTO bank_account (number, bank_fa, bank_en, branch_fa, branch_en,"
                " holder_fa, holder_en, unit, deposit_id_layout, deposit_id_check, valid_from,"
                " is_central) SELECT 'x', '', '', '', '', '', '', unit, deposit_id_layout,"
                " deposit_id_check, valid_from, is_central FROM bank_account"
            )
        )
    session.rollback()
