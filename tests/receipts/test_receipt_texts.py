"""The organisation's own texts: dated, frozen on letterheads, printable before they are kept."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, IntegrityError

from donations.accepting import GoodsFound, HoursFound
from donations.models.acceptance import Condition, ValueBasis
from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from flows.receiving import receive_at_desk
from receipts.documents.facts import Signatory
from receipts.documents.receipt_texts import ReceiptText, Texts, TextTooLong, set_texts, texts_on
from receipts.life.drawing import receipt_pdf
from receipts.life.freezing import facts_of
from receipts.life.issuing import issue_receipt
from receipts.life.series import Receipt
from receipts.public.annual_facts import annual_facts
from receipts.typesetting.shape import UnknownGlyph
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, two_void
from tests.receipts.drawn import pdfium_text
from tests.receipts.test_issuing import a_contribution

TODAY = NOON.date()
OURS = Texts(
    "سازمان بهزیستی کشور",
    "دفتر مشارکت‌ها",
    tax_line="برابر مادهٔ 172 قانون مالیات‌های مستقیم.",
    thanks="سپاسگزاریم.",
    first_signatory="مریم صادقی",
    first_title="مدیرکل",
    seal_name="سازمان بهزیستی",
)


@pytest.fixture
def staff(session):
    return a_staff_member(session)


def put(session, staff, texts=OURS, *, language="fa", valid_from=TODAY, **how):
    return set_texts(
        session, language, texts, valid_from=valid_from, set_by_id=staff.id, now=NOON, **how
    )


def test_before_anything_is_set_the_plain_names_hold(session):
    assert texts_on(session, "en", TODAY) == Texts(
        "State Welfare Organisation of Iran",
        "Office of Public Participation and Voluntary Services",
    )


def test_of_those_that_have_begun_the_last_one_to_begin_holds(session, staff):
    put(session, staff, replace(OURS, unit="از فردا"), valid_from=TODAY + timedelta(days=1))
    put(session, staff, replace(OURS, unit="از دیروز"), valid_from=TODAY - timedelta(days=1))
    put(session, staff, replace(OURS, unit="از امروز"))
    put(session, staff, replace(OURS, unit="امروز، بار دوم"))

    on = [texts_on(session, "fa", TODAY + timedelta(days=n)).unit for n in (-1, 0, 1)]
    assert on == ["از دیروز", "امروز، بار دوم", "از فردا"]


def test_a_receipt_carries_the_texts_of_its_day(session, staff, now):
    put(session, staff)

    facts = facts_of(issue_receipt(session, a_contribution(session).id, now=now))

    assert (facts.unit, facts.tax_line) == ("دفتر مشارکت‌ها", OURS.tax_line)
    assert "مادهٔ ۱۷۲" in pdfium_text(receipt_pdf(session, session.scalars(select(Receipt)).one()))
    assert facts.signatories == (Signatory("مریم صادقی", "مدیرکل"),)
    assert (facts.thanks, facts.seal_name) == ("سپاسگزاریم.", "سازمان بهزیستی")


def test_later_texts_change_no_receipt(session, staff, now):
    put(session, staff)
    receipt = issue_receipt(session, a_contribution(session).id, now=now)
    before = receipt_pdf(session, receipt)

    put(session, staff, replace(OURS, organisation="نام دیگر", first_signatory="کس دیگر"))
    session.expire_all()
    later = issue_receipt(session, a_contribution(session).id, now=now)

    assert receipt_pdf(session, receipt) == before
    assert facts_of(later).organisation == "نام دیگر"
    assert receipt.letterhead_id != later.letterhead_id


@pytest.mark.parametrize("name", ["organisation", "tax_line", "thanks", "first_title", "seal_name"])
def test_a_text_that_cannot_be_printed_is_refused_before_it_is_kept(session, staff, name):
    with pytest.raises(UnknownGlyph, match="GRINNING FACE"):
        put(session, staff, replace(OURS, **{name: "با مهر 😀"}))

    assert session.scalars(select(ReceiptText)).all() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("organisation", " "), ("unit", ""), ("unit", "ا" * 201), ("thanks", "ا" * 1001)],
)
def test_a_text_that_is_empty_or_too_long_is_refused(session, staff, name, text):
    with pytest.raises(TextTooLong) as refused:
        put(session, staff, replace(OURS, **{name: text}))

    assert refused.value.details["field"] == name


def test_the_database_keeps_what_was_set(session, staff):
    put(session, staff)
    session.commit()

    with pytest.raises(DatabaseError, match="insert-only"):
        session.execute(ReceiptText.__table__.update().values(unit="x"))
    session.rollback()
    session.add(
        ReceiptText(
            language="de", valid_from=TODAY, organisation="x", unit="x", set_by_id=1, set_at=NOON
        )
    )
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_a_receipt_prints_how_goods_and_hours_were_found(session, staff, now):
    items = (GoodsItem("پتو", 20_000, "تخته", 12_000_000), ServiceItem("آموزش", 8))
    pledge = a_pledge(session, *items, office="07")
    found = {
        pledge.items[0].id: GoodsFound(
            Condition.NEW, ValueBasis.APPRAISER, 11_000_000, "مهندس کریمی 🙂", "۷۷/الف"
        ),
        pledge.items[1].id: HoursFound(date(2026, 11, 1), date(2026, 11, 8), "آفتاب", "لاله احمدی"),
    }

    receipt = receive_at_desk(session, pledge, tender=None, staff_id=staff.id, found=found, now=now)

    facts = facts_of(receipt)
    (goods,), (hours,) = facts.goods, facts.hours
    assert (goods.condition, goods.basis, goods.assessed_value_rial) == (
        "new", "appraiser", 11_000_000,
    )  # fmt: skip
    assert (goods.appraiser, goods.warehouse_number) == ("مهندس کریمی ?", "77/الف")
    assert (hours.started_on, hours.ended_on) == (date(2026, 11, 1), date(2026, 11, 8))
    assert (hours.place, hours.supervisor, hours.duty) == ("آفتاب", "لاله احمدی", None)
    assert "۱۱٬۰۰۰٬۰۰۰" in pdfium_text(receipt_pdf(session, receipt))


def test_goods_taken_without_a_word_print_as_they_were_promised(session, staff):
    contribution = a_desk_contribution(
        session, GoodsItem("پتو", 1_000, "تخته"), staff_id=staff.id, tender=None
    )

    (goods,) = facts_of(issue_receipt(session, contribution.id, now=NOON)).goods

    assert (goods.condition, goods.basis, goods.assessed_value_rial) == (None, None, None)


def test_a_year_lists_what_stands_of_one_donor(session, staff, now):
    donor = DonorFacts(name="مریم رضایی 🙂", mobile="09123456789", national_id="0499370899")
    kept = a_contribution(session, CashItem(1_000), GoodsItem("پتو", 1_500, "تخته"), donor=donor)
    gone = a_desk_contribution(session, CashItem(5_000), staff_id=staff.id)
    gone.pledge.donor_id = kept.pledge.donor_id
    a_contribution(session)
    for contribution in (kept, gone):
        issue_receipt(session, contribution.id, now=now)
    two_void(session, gone.id)

    facts = annual_facts(session, kept.pledge.donor_id, 1405, language="fa", made_on=TODAY)

    (row,) = facts.rows
    assert (facts.donor_name, facts.national_id) == ("مریم رضایی ?", "049****899")
    assert (row.amount_rial, facts.total_rial) == (1_000, 1_000)
    assert "پتو، 1.5 تخته" in row.given
    assert (
        annual_facts(session, kept.pledge.donor_id, 1404, language="en", made_on=TODAY).rows == ()
    )
