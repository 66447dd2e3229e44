"""What was received for what and where, counted live; nothing that could point at one donor.

A group of fewer than five donors is not shown by itself but together with others, so that
neither its own figures nor the difference to the total tell what one of them gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, distinct, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.database import sum_rial
from core.words import _
from donations.merging import person_of
from donations.models.contribution import Contribution, ContributionLine, ContributionReversal
from donations.models.fund import Fund
from donations.models.pledge import ItemKind, Pledge
from offices.places import Office, Province
from web.public.choices import name_of

DONORS_MIN = 5

_Parent = aliased(Fund)
_SERVICE = func.coalesce(_Parent.id, Fund.id)
# A known person counts once, however many donors were merged into one; every unnamed gift is a
# donor of its own, under a negative number.
_DONOR = func.coalesce(person_of(Pledge.donor_id), -Pledge.id)
_FIGURES = (
    sum_rial(ContributionLine.amount_rial),
    func.count(distinct(Contribution.id)),
    func.count(distinct(_DONOR)),
)


@dataclass(frozen=True, slots=True)
class Total:
    """The money of one group, and how many gave it."""

    label: str
    amount_rial: int
    gifts: int
    donors: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole picture; nothing where there were too few donors to show it."""

    cash: Total | None
    goods_gifts: int
    hours: int
    services: Sequence[Total]
    funds: Sequence[Total]
    provinces: Sequence[Total]


def totals(session: Session) -> Totals:
    """Count everything that stands. Money, goods and hours are never added to each other."""
    whole = _whole(session)
    goods_gifts, hours = _in_kind(session)
    if whole.donors < DONORS_MIN:
        return Totals(None, goods_gifts, hours, (), (), ())
    funds = {fund.id: name_of(fund) for fund in session.scalars(select(Fund))}
    return Totals(
        whole,
        goods_gifts,
        hours,
        services=_shown(session, _SERVICE, funds),
        funds=_shown(session, Fund.id, funds),
        provinces=_shown(session, Office.province_id, _provinces(session)),
    )


def _shown(session: Session, key: Any, names: Mapping[Any, str]) -> list[Total]:
    """The groups with the largest first; the small ones together at the end, if at all."""
    groups = sorted(
        (
            (value, Total(names[value], total.amount_rial, total.gifts, total.donors))
            for value, total in _grouped(session, key)
        ),
        key=lambda group: (-group[1].donors, -group[1].amount_rial),
    )
    small = [value for value, total in groups if total.donors < DONORS_MIN]
    shown = groups[: len(groups) - len(small)]
    if small:
        together = _together(session, key, small)
        while together.donors < DONORS_MIN and shown:
            small.append(shown.pop()[0])  # hidden too, or the difference to the total would tell
            together = _together(session, key, small)
        others = [together] if together.donors >= DONORS_MIN else []
    else:
        others = []
    by_amount = sorted((total for _value, total in shown), key=lambda total: -total.amount_rial)
    return [*by_amount, *others]


def _together(session: Session, key: Any, values: Sequence[Any]) -> Total:
    is_one = key.in_([value for value in values if value is not None])
    if None in values:
        is_one = or_(is_one, key.is_(None))
    return _whole(session, is_one, label=_("Others, with fewer than five donors each"))


def _whole(session: Session, *conditions: ColumnElement[bool], label: str = "") -> Total:
    """All groups as one; somebody who gave to several of them is one donor."""
    row = session.execute(_cash(*_FIGURES).where(*conditions)).one()
    return Total(label, *row)


def _grouped(session: Session, key: Any) -> list[tuple[Any, Total]]:
    rows = session.execute(_cash(key, *_FIGURES).group_by(key)).all()
    return [(value, Total("", rial, gifts, donors)) for value, rial, gifts, donors in rows]


def _in_kind(session: Session) -> tuple[int, int]:
    """How many gifts of goods there were, and how many hours; zero where too few gave."""
    found = {
        kind: (gifts, hours or 0)
        for kind, gifts, hours, donors in session.execute(
            _standing(
                ContributionLine.kind,
                func.count(distinct(Contribution.id)),
                func.sum(ContributionLine.hours),
                func.count(distinct(_DONOR)),
            )
            .where(ContributionLine.kind != ItemKind.CASH)
            .group_by(ContributionLine.kind)
        )
        if donors >= DONORS_MIN
    }
    return found.get(ItemKind.GOODS, (0, 0))[0], int(found.get(ItemKind.SERVICE, (0, 0))[1])


def _cash(*columns: Any) -> Select[Any]:
    return _standing(*columns).where(ContributionLine.kind == ItemKind.CASH)


def _standing(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(ContributionLine)
        .join(Contribution, Contribution.id == ContributionLine.contribution_id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .join(Office, Office.id == Contribution.office_id)
        .join(Fund, Fund.id == ContributionLine.fund_id)
        .outerjoin(_Parent, _Parent.id == Fund.parent_id)
        .outerjoin(ContributionReversal, ContributionReversal.contribution_id == Contribution.id)
        .where(ContributionReversal.id.is_(None))
    )


def _provinces(session: Session) -> Mapping[int | None, str]:
    names: dict[int | None, str] = {
        province.id: name_of(province) for province in session.scalars(select(Province))
    }
    names[None] = _("Through no province")
    return names
