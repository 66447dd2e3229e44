"""Cashiers' sessions (نوبت صندوق): whose drawer holds which cash, from the float to the count."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.desk import Decision
from offices.places import Office
from offices.staff import StaffMember


@insert_only
class CashierSession(Base):
    """One person's drawer at one desk, from the cash it was opened with on.

    ``account`` is the drawer's account in our books: ``drawer:07-12`` for the twelfth of desk 07.
    """

    __tablename__ = "cashier_session"
    __table_args__ = (
        UniqueConstraint("office_id", "number"),
        UniqueConstraint("id", "cashier_id"),
        CheckConstraint("float_rial >= 0", name="float_not_below_zero"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[int]  # counts within the office
    account: Mapped[str] = mapped_column(String(80), unique=True)
    cashier_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"), index=True)
    float_rial: Mapped[int]
    opened_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    office: Mapped[Office] = relationship()
    cashier: Mapped[StaffMember] = relationship()
    closing: Mapped["SessionClosing | None"] = relationship(
        primaryjoin="SessionClosing.session_id == CashierSession.id",
        foreign_keys="SessionClosing.session_id",
        uselist=False,
        viewonly=True,
    )


class OpenDrawer(Base):
    """That a session is open: a row from opening to closing, one a person.

    Whoever puts cash into the drawer holds this row; whoever counts it waits for them.
    """

    __tablename__ = "open_drawer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "cashier_id"], ["cashier_session.id", "cashier_session.cashier_id"]
        ),
    )

    session_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cashier_id: Mapped[int] = mapped_column(unique=True)


@insert_only
class SessionClosing(Base):
    """The end of a session: by which count, and who agreed to a difference beyond the limit.

    ``decision`` is that of whoever agreed, and never another word than that they did.
    """

    __tablename__ = "session_closing"
    __table_args__ = (
        UniqueConstraint("session_id", "count_id"),
        ForeignKeyConstraint(
            ["session_id", "cashier_id"], ["cashier_session.id", "cashier_session.cashier_id"]
        ),
        ForeignKeyConstraint(
            ["count_id", "session_id", "counted_by_id", "difference_rial"],
            [
                "cash_count.id",
                "cash_count.session_id",
                "cash_count.counted_by_id",
                "cash_count.difference_rial",
            ],
        ),
        ForeignKeyConstraint(
            ["count_id", "approved_by_id", "decision"],
            ["count_decision.count_id", "count_decision.decided_by_id", "count_decision.decision"],
            name="fk_session_closing_approval",
        ),
        CheckConstraint(
            "(approved_by_id IS NULL) = (decision IS NULL)", name="approved_by_a_decision"
        ),
        CheckConstraint("decision = 'approved'", name="approved"),
        CheckConstraint(
            "abs(difference_rial) <= limit_rial OR approved_by_id IS NOT NULL",
            name="beyond_the_limit_approved",
        ),
        CheckConstraint(
            "approved_by_id <> counted_by_id AND approved_by_id <> cashier_id", name="two_persons"
        ),
        CheckConstraint("limit_rial >= 0", name="limit_not_below_zero"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(unique=True)
    count_id: Mapped[int] = mapped_column(unique=True)
    cashier_id: Mapped[int]
    counted_by_id: Mapped[int]
    difference_rial: Mapped[int]  # above zero: more was there than had to be
    limit_rial: Mapped[int]  # what held on the day
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    decision: Mapped[Decision | None]
    closed_on: Mapped[date]  # the day in Tehran
    closed_at: Mapped[datetime]
