"""Issuing: a receipt for each contribution, frozen, numbered without gaps, the same file always."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.exc import DatabaseError

from core.bulk import listed, single
from core.identifiers import is_tracking_code
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.fund import Fund
from donations.models.pledge import HiddenFrom
from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from ledger.accounts import BankAccount
from offices.places import Office
from receipts.documents.facts import ReceiptKind, facts_to_json
from receipts.life.drawing import DrawingDiffers, original_pdf, receipt_pdf, remember_file
from receipts.life.freezing import facts_of
from receipts.life.issuing import issue_receipt, issue_receipts
from receipts.life.series import Receipt, ReceiptFile, ReceiptSeries, ReceiptVoid, VoidCause
from receipts.life.voiding import void_receipts
from tests.factories import NOON, a_pledge

BLANKETS = GoodsItem("پتو دو نفره", 20_500, "عدد", declared_value_rial=30_000_000)
TEACHING = ServiceItem("آموزش ریاضی", 8)


def a_contribution(
    session, *items, tender=Tender.TRANSFER, office=None, donor=None, language="fa", **how
):
    """A contribution as it is recorded, without its receipt."""
    pledge = a_pledge(session, *items, office=office, donor=donor)
    pledge.language = language
    is_deposit = tender is Tender.TRANSFER
    contribution = Contribution(
        pledge_id=pledge.id,
        office_id=pledge.office_id,
        origin=Origin.DEPOSIT if is_deposit else Origin.DESK,
        cause_id=pledge.id,
        tender=tender,
        received_on=NOON.date() - timedelta(days=1),
        recorded_at=NOON,
        lines=[
            ContributionLine(
                pledge_item_id=item.id,
                kind=item.kind,
                fund_id=item.fund_id,
                amount_rial=item.amount_rial,
                quantity_thousandths=item.quantity_thousandths,
                hours=item.hours,
            )
            for item in pledge.items
        ],
        **how,
    )
    session.add(contribution)
    session.flush()
    return contribution


def issue(session, ids, now):
    """Issue the receipts of several contributions at once."""
    issue_receipts(session, listed(session.connection(), ids), now=now)


def statements_of(session, act):
    """How many statements an act sends to the database."""
    sent = []
    engine = session.get_bind()

    def note(*_given):
        sent.append(1)

    event.listen(engine, "before_cursor_execute", note)
    act()
    event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def test_a_receipt_carries_everything_it_prints(session, now):
    donor = DonorFacts(name="مریم رضایی", mobile="09123456789")
    contribution = a_contribution(
        session, CashItem(2_500_000, fund="19041062101"), donor=donor, trace_number="4711"
    )

    receipt = issue_receipt(session, contribution.id, now=now)

    facts = facts_of(receipt)
    assert receipt.number == facts.number == "1405/00/000001"
    assert facts.donor_name == "مریم رضایی"
    assert (facts.total_rial, facts.cash[0].fund_code) == (2_500_000, "19041062101")
    assert facts.received_on == contribution.received_on
    assert facts.channel == "واریز به حساب با شناسهٔ واریز"
    assert facts.trace_number == "4711"
    assert "90190" in facts.destination_account
    assert is_tracking_code(facts.tracking_code)
    assert facts.verify_url.endswith(f"/verify/1405-00-000001?k={receipt.verify_key}")


@pytest.mark.parametrize(
    ("items", "kind", "total_rial"),
    [
        ((CashItem(1_000), CashItem(2_000, fund="19041062101")), ReceiptKind.CASH, 3_000),
        ((BLANKETS,), ReceiptKind.GOODS, 0),
        ((TEACHING,), ReceiptKind.SERVICE, 0),
        ((CashItem(1_000), BLANKETS, TEACHING), ReceiptKind.MIXED, 1_000),
    ],
    ids=["money for two funds", "goods", "hours", "all three"],
)
def test_goods_and_hours_are_never_added_to_the_money(session, now, items, kind, total_rial):
    tender = Tender.CASH if any(isinstance(item, CashItem) for item in items) else None

    receipt = issue_receipt(session, a_contribution(session, *items, tender=tender).id, now=now)

    facts = facts_of(receipt)
    assert receipt.kind is kind
    assert facts.total_rial == total_rial
    assert receipt.amount_rial == (total_rial or None)
    assert len(facts.cash) + len(facts.goods) + len(facts.hours) == len(items)


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize(
    "donor",
    [None, DonorFacts(name='Ali "x" \\ رضا‌یی\n؟'), DonorFacts(name="李 🙂 مریم")],
    ids=["unnamed", "quotes and a half-space", "letters that cannot be printed"],
)
@pytest.mark.parametrize(
    "how",
    [
        {"tender": Tender.TRANSFER},
        {"tender": Tender.CASH},
        {"tender": Tender.CHEQUE, "cheque_number": "12/34"},
        {"tender": Tender.CARD_TERMINAL, "terminal": "mellat-main", "trace_number": "9"},
    ],
    ids=lambda how: how["tender"].value,
)
def test_whatever_people_wrote_is_frozen_and_can_be_printed(session, now, language, donor, how):
    items = (CashItem(1_000), BLANKETS, TEACHING)
    contribution = a_contribution(session, *items, language=language, donor=donor, **how)

    receipt = issue_receipt(session, contribution.id, now=now)

    facts = facts_of(receipt)
    assert facts.language == language
    assert (len(facts.cash), len(facts.goods), len(facts.hours)) == (1, 1, 1)
    assert hashlib.sha256(receipt.facts.encode()).hexdigest() == receipt.facts_hash
    assert receipt_pdf(session, receipt).startswith(b"%PDF")


def test_a_donor_hidden_from_everyone_stands_on_the_own_receipt(session, now):
    donor = DonorFacts(name="علی اکبری", hidden_from=HiddenFrom.EVERYONE)

    receipt = issue_receipt(session, a_contribution(session, donor=donor).id, now=now)

    assert facts_of(receipt).donor_name == "علی اکبری"


def test_a_batch_is_numbered_in_order_desk_by_desk(session, now):
    desks = ("07", "08", "07", "08", "07")
    ids = [a_contribution(session, office=desk, tender=Tender.CASH).id for desk in desks]

    issue(session, ids, now)

    in_order = select(Receipt.number).order_by(Receipt.contribution_id)
    assert session.scalars(in_order).all() == [
        "1405/07/000001",
        "1405/08/000001",
        "1405/07/000002",
        "1405/08/000002",
        "1405/07/000003",
    ]


def test_the_year_of_a_number_is_that_of_the_day_in_tehran(session):
    new_year = datetime(2027, 3, 20, 20, 30, tzinfo=UTC)  # midnight in Tehran, 1 Farvardin 1406
    first, second = a_contribution(session), a_contribution(session)

    before = issue_receipt(session, first.id, now=new_year - timedelta(seconds=1))
    after = issue_receipt(session, second.id, now=new_year)

    assert (before.number, after.number) == ("1405/00/000001", "1406/00/000001")


def test_issuing_again_keeps_the_receipt_and_takes_no_number(session, now):
    first, second = a_contribution(session), a_contribution(session)
    receipt = issue_receipt(session, first.id, now=now)

    issue(session, [first.id, second.id, first.id], now)

    in_order = select(Receipt.number).order_by(Receipt.contribution_id)
    assert session.scalars(in_order).all() == [receipt.number, "1405/00/000002"]
    assert session.scalars(select(ReceiptSeries.last_serial)).one() == 2


def test_a_batch_asks_no_more_often_than_a_single_receipt(session, now):
    one, *many = [a_contribution(session).id for _ in range(40)]
    session.flush()

    for_one = statements_of(session, lambda: issue(session, [one], now))
    for_many = statements_of(session, lambda: issue(session, many, now))

    assert for_many <= for_one


def test_a_contribution_that_does_not_exist_is_a_defect_and_takes_no_number(session, now):
    with pytest.raises(LookupError):
        issue_receipt(session, 999_999, now=now)

    assert session.scalars(select(func.count(ReceiptSeries.id))).one() == 0


def test_keys_are_64_bits_and_no_two_alike(session, now):
    ids = [a_contribution(session).id for _ in range(20)]

    issue(session, ids, now)

    keys = set(session.scalars(select(Receipt.verify_key)))
    assert len(keys) == 20
    assert {len(bytes.fromhex(key)) for key in keys} == {8}


def test_a_failed_transaction_leaves_neither_receipt_nor_gap(database, now):
    with pytest.raises(RuntimeError, match="cut"), database.writing() as session:
        issue_receipt(session, a_contribution(session).id, now=now)
        raise RuntimeError("cut")

    with database.writing() as session:
        receipt = issue_receipt(session, a_contribution(session).id, now=now)

        assert receipt.serial == 1


def test_the_same_receipt_is_the_same_file_each_time(session, now):
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    pdf = original_pdf(session, receipt)
    remember_file(session, receipt.id, pdf, now=now)

    remember_file(session, receipt.id, pdf, now=now + timedelta(days=1))

    file = session.scalars(select(ReceiptFile)).one()
    assert receipt_pdf(session, receipt) == pdf
    assert file.pdf_hash == hashlib.sha256(pdf).hexdigest()
    assert (file.size_bytes, file.drawn_at) == (len(pdf), now)


def test_a_file_that_differs_from_the_first_one_is_not_given_out(session, now):
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    session.add(ReceiptFile(receipt_id=receipt.id, pdf_hash="0" * 64, size_bytes=1, drawn_at=now))
    session.flush()

    with pytest.raises(DrawingDiffers):
        receipt_pdf(session, receipt)


def test_facts_that_were_changed_are_not_drawn(session, now):
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    forged = Receipt(
        number=receipt.number,
        facts=receipt.facts.replace("2500000", "9500000"),
        facts_hash=receipt.facts_hash,
    )

    with pytest.raises(DrawingDiffers):
        receipt_pdf(session, forged)


def test_a_letterhead_that_was_changed_is_not_drawn(session, now):
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    head = receipt.letterhead
    session.expunge(head)
    head.facts = head.facts.replace("90190", "90191")

    with pytest.raises(DrawingDiffers):
        receipt_pdf(session, receipt)


def test_a_name_that_changes_later_changes_no_receipt(session, now):
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    before = facts_of(receipt)

    for table in (Fund, Office, BankAccount):
        name = "bank_fa" if table is BankAccount else "name_fa"
        session.execute(update(table).values({name: "نام دیگر"}))
    session.expire_all()
    later = issue_receipt(session, a_contribution(session).id, now=now)

    assert facts_of(receipt) == before
    assert facts_of(later).desk == facts_of(later).cash[0].fund_name == "نام دیگر"
    assert "نام دیگر" in facts_of(later).destination_account


def test_receipts_of_one_desk_and_way_share_a_letterhead(session, now):
    alike = [a_contribution(session).id for _ in range(3)]
    other = a_contribution(session, language="en").id

    issue(session, [*alike, other], now)

    heads = session.scalars(select(Receipt.letterhead_id).order_by(Receipt.contribution_id)).all()
    assert len(set(heads[:3])) == 1
    assert heads[3] != heads[0]


def test_a_receipt_that_carries_everything_itself_is_read_as_it_is(session, now):
    facts = facts_of(issue_receipt(session, a_contribution(session).id, now=now))

    assert facts_of(Receipt(facts=facts_to_json(facts))) == facts


def test_the_database_lets_nobody_change_a_receipt(session, now):
    issue_receipt(session, a_contribution(session).id, now=now)

    with pytest.raises(DatabaseError, match="insert-only"):
        session.execute(text("UPDATE receipt SET amount_rial = 1"))
    session.rollback()


def test_a_void_receipt_says_so_and_its_first_file_stays_as_it_was(session, now):
    contribution = a_contribution(session)
    receipt = issue_receipt(session, contribution.id, now=now)
    original = receipt_pdf(session, receipt)
    remember_file(session, receipt.id, original, now=now)

    void_receipts(
        session,
        single(contribution.id),
        cause=VoidCause.MATCH_UNDONE,
        reason="خطای ثبت",
        voided_by_id=None,
        now=now,
    )

    assert receipt_pdf(session, receipt) != original
    remember_file(session, receipt.id, original_pdf(session, receipt), now=now)
    file = session.scalars(select(ReceiptFile)).one()
    assert file.pdf_hash == hashlib.sha256(original).hexdigest()


def test_voiding_again_changes_nothing_and_no_number_is_used_again(session, now):
    first, second = a_contribution(session), a_contribution(session)
    issue_receipt(session, first.id, now=now)

    for reason in ("خطای ثبت", "دوباره"):
        both = listed(session.connection(), [first.id, second.id])
        void_receipts(
            session, both, cause=VoidCause.MATCH_UNDONE, reason=reason, voided_by_id=None, now=now
        )

    assert session.scalars(select(ReceiptVoid.reason)).all() == ["خطای ثبت"]
    assert issue_receipt(session, second.id, now=now).serial == 2
