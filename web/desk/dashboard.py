"""The first page of a desk, and how all offices of somebody's scope stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template
from flask.typing import ResponseReturnValue

from core.clock import tehran_date
from core.identifiers import masked_mobile
from core.words import Later
from donations.goods.stocking import stock_of
from donations.models.office_day import Measure, OfficeStanding
from donations.partner_receipts import PartnerSums, partner_sums_by_office
from donations.voiding import open_void_requests
from flows.desk import drawer, slips_with_state
from flows.entries import latest_entries
from flows.office_figures import (
    NOTHING,
    Figures,
    figures_by_day,
    figures_by_office,
    open_promises,
    standings,
)
from offices.changing import offices_in
from offices.places import Office
from offices.scope import Scope
from receipts.life.replacing import open_replacements
from web.desk.here import named, own_office
from web.filters import day, rial
from web.services import current
from web.sign_in.guard import the_person

_LATEST = 10
DAYS = 30
MEASURES: Mapping[Measure, Later] = {
    Measure.CASH: Later("Cash"),
    Measure.CARD_TERMINAL: Later("Card terminal"),
    Measure.CHEQUE: Later("Cheque"),
    Measure.ONLINE: Later("Online"),
    Measure.TRANSFER: Later("Transfer to the account"),
}


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day of the chart."""

    label: str
    value: int  # rials

    @property
    def text(self) -> str:
        return rial(self.value)


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """How one office stands, beside the others."""

    office: Office
    name: str
    today: Figures
    month: Figures
    partner: PartnerSums | None  # what a partner centre received by itself in the same days
    standing: OfficeStanding | None


def dashboard() -> ResponseReturnValue:
    """Show how the day stands at this desk."""
    who = the_person()
    now = current.now()
    today = tehran_date(now)
    with current.database.reading() as session:
        office = own_office(session, who)
        here = Scope(frozenset({office.id}))
        slips = slips_with_state(session, here, limit=_LATEST)
        days = figures_by_day(session, here, first=_first(today), last=today)
        return render_template(
            "desk/dashboard.html",
            office=named(office),
            today=today,
            figures=days.get(today, NOTHING),
            measures=MEASURES,
            bars=_bars(days, today),
            waiting=open_promises(session, here, now=now),
            stock=len(stock_of(session, here)),
            drawer=drawer(session, office),
            open_slips=[row for row, is_confirmed in slips if not is_confirmed],
            voids=len(open_void_requests(session, who.scope, now=now))
            + len(open_replacements(session, who.scope, now=now)),
            rows=latest_entries(session, who.scope, limit=_LATEST),
            masked=masked_mobile,
        )


def offices() -> ResponseReturnValue:
    """One row an office of one's scope: today, thirty days, promises and money at hand."""
    who = the_person()
    today = tehran_date(current.now())
    with current.database.reading() as session:
        days = figures_by_day(session, who.scope, first=_first(today), last=today)
        of_today = figures_by_office(session, who.scope, first=today, last=today)
        of_month = figures_by_office(session, who.scope, first=_first(today), last=today)
        looked = standings(session, who.scope)
        of_partners = partner_sums_by_office(session, who.scope, first=_first(today), last=today)
        rows = [
            OfficeRow(
                office=row,
                name=named(row),
                today=of_today.get(row.id, NOTHING),
                month=of_month.get(row.id, NOTHING),
                partner=of_partners.get(row.id),
                standing=looked.get(row.id),
            )
            for row in offices_in(session, who.scope)
        ]
        return render_template(
            "desk/offices.html",
            rows=rows,
            today=today,
            measures=MEASURES,
            figures=days.get(today, NOTHING),
            month=sum((figures.money.amount_rial for figures in days.values()), 0),
            partners=sum((sums.amount_rial for sums in of_partners.values()), 0),
            bars=_bars(days, today),
            looked_at=max((row.looked_at for row in looked.values()), default=None),
        )


def _first(today: date) -> date:
    return today - timedelta(days=DAYS - 1)


def _bars(days: Mapping[date, Figures], today: date) -> Sequence[DayBar]:
    """The money of each of the thirty days, the latest first."""
    each = (today - timedelta(days=back) for back in range(DAYS))
    return [DayBar(day(one), days.get(one, NOTHING).money.amount_rial) for one in each]
