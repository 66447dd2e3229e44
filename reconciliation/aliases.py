"""What people decided about payers: whose money theirs was, and whose it was not.

Every decision is a row, counted when it is shown; nothing is learned that nobody can look up.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    Exists,
    ForeignKey,
    Index,
    String,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only
from core.digits import folded
from donations.models.pledge import HiddenFrom, Pledge
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target

PAYER_FORM_MAX = 200
# The issuer's six digits and the card's last four: some ten million values. Less is no key.
CARD_KEY_DIGITS = 10


class Verdict(StrEnum):
    """What a person decided about a payer and a donor."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"


@insert_only
class PayerAlias(Base):
    """That a person gave a payer's money to a donor, or would not."""

    __tablename__ = "payer_alias"
    __table_args__ = (
        Index("ix_payer_alias_form", "payer_form", "donor_id"),
        Index("ix_payer_alias_card", "card_key", "donor_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payer_form: Mapped[str] = mapped_column(String(PAYER_FORM_MAX))
    card_key: Mapped[str | None] = mapped_column(String(20))
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("statement_line.id"))
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))
    verdict: Mapped[Verdict]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Known:
    """How often people confirmed and declined one payer for one donor."""

    confirmed: int
    declined: int

    @property
    def is_declined(self) -> bool:
        """Whether people said no, and no more often yes than no."""
        return self.declined > 0 and self.declined >= self.confirmed


def payer_form(line: StatementLine) -> str:
    """The payer's words in the form in which they are compared; empty where the bank names none."""
    return folded(line.payer or "")[:PAYER_FORM_MAX]


def wide_card_key(line: StatementLine) -> str | None:
    """The payer's card as far as the bank shows it, where that is enough to tell cards apart."""
    key = line.card_key
    return key if key is not None and len(key) >= CARD_KEY_DIGITS else None


def has_wide_card() -> ColumnElement[bool]:
    """The same of every line, in the words of the index of cards."""
    return func.length(StatementLine.card_key) >= literal_column(str(CARD_KEY_DIGITS))


def decide(
    session: Session,
    line: StatementLine,
    pledge: Pledge,
    verdict: Verdict,
    *,
    decided_by_id: int,
    now: datetime,
) -> None:
    """Keep what a person decided, where there is a payer and a donor who may be known by it."""
    form, card_key = payer_form(line), wide_card_key(line)
    if pledge.donor_id is None or pledge.hidden_from is HiddenFrom.EVERYONE:
        return
    if not form and card_key is None:
        return
    session.add(
        PayerAlias(
            payer_form=form,
            card_key=card_key,
            donor_id=pledge.donor_id,
            line_id=line.id,
            pledge_id=pledge.id,
            verdict=verdict,
            decided_by_id=decided_by_id,
            decided_at=now,
        )
    )


def known_donors(session: Session, line: StatementLine) -> dict[int, Known]:
    """The donors that people met this payer with. A confirmation counts while its match stands."""
    form, card_key = payer_form(line), wide_card_key(line)
    same = [PayerAlias.payer_form == form] if form else []
    if card_key is not None:
        same.append(PayerAlias.card_key == card_key)
    if not same:
        return {}
    yes = case((and_(PayerAlias.verdict == Verdict.CONFIRMED, _still_stands()), 1), else_=0)
    no = case((PayerAlias.verdict == Verdict.DECLINED, 1), else_=0)
    rows = session.execute(
        select(PayerAlias.donor_id, func.sum(yes), func.sum(no))
        .where(or_(*same))
        .group_by(PayerAlias.donor_id)
    )
    return {donor_id: Known(confirmed, declined) for donor_id, confirmed, declined in rows}


def card_owners(session: Session, line: StatementLine) -> frozenset[int]:
    """The donors whose deposits came from the card of this line before."""
    card_key = wide_card_key(line)
    if card_key is None:
        return frozenset()
    earlier = (
        select(Pledge.donor_id)
        .join(Match, and_(Match.target == Target.PLEDGE, Match.target_id == Pledge.id))
        .join(StatementLine, StatementLine.id == Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(
            StatementLine.card_key == card_key,
            has_wide_card(),
            MatchUndo.id.is_(None),
            Pledge.donor_id.is_not(None),
            Pledge.hidden_from != HiddenFrom.EVERYONE,
        )
        .distinct()
    )
    return frozenset(donor_id for donor_id in session.scalars(earlier) if donor_id is not None)


def _still_stands() -> Exists:
    return (
        exists()
        .where(
            Match.line_id == PayerAlias.line_id,
            Match.target == Target.PLEDGE,
            Match.target_id == PayerAlias.pledge_id,
            ~exists().where(MatchUndo.match_id == Match.id).correlate(Match),
        )
        .correlate(PayerAlias)
    )
