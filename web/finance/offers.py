"""Offers that are alike: many lines accepted at once, after a look at what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.words import _
from donations.models.pledge import Pledge
from flows.by_hand import accept
from reconciliation.inbox import Wanted, wanted_sums
from reconciliation.lines import StatementLine
from reconciliation.suggesting import Group, groups
from reconciliation.why_not import kind_of_sign, word_of
from web.finance.inbox import ACCEPTED_MAX, tell_accepted
from web.services import current
from web.sign_in.guard import the_person

SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Alike:
    """Lines whose only good offer has the same signs, with a few of them to look at."""

    group: Group
    word: str
    signs: Sequence[str]
    samples: Sequence[tuple[StatementLine, Pledge]]

    @property
    def key(self) -> str:
        """What names the group in a form."""
        return key_of(self.group)


def offers() -> ResponseReturnValue:
    """Every group of equal offers: how many, how much, why, and ten of them."""
    with current.database.reading() as session:
        alike = [
            Alike(
                group,
                word_of(group.word),
                [kind_of_sign(name) for name in group.sign_names],
                _samples(session, group),
            )
            for group in groups(session, lines_max=ACCEPTED_MAX)
        ]
        return render_template("finance/offers.html", alike=alike, samples=SAMPLES)


def accept_offers() -> ResponseReturnValue:
    """Accept a whole group, as it is at this moment."""
    asked = request.form.get("group", "")
    now = current.now()
    with current.database.writing() as session:
        found = [
            group for group in groups(session, lines_max=ACCEPTED_MAX) if key_of(group) == asked
        ]
        if not found:
            flash(_("These offers have changed meanwhile; nothing was booked."), "warning")
            return redirect(url_for("finance.offers"), 303)
        accepted = accept(session, found[0].pairs, made_by_id=the_person().staff_member_id, now=now)
        left = wanted_sums(session, Wanted(), today=tehran_date(now)).lines
    tell_accepted(accepted, left)
    return redirect(url_for("finance.offers"), 303)


def key_of(group: Group) -> str:
    """How sure, and by which signs."""
    return ":".join((group.word, *group.sign_names))


def _samples(session: Session, group: Group) -> Sequence[tuple[StatementLine, Pledge]]:
    shown = group.pairs[:SAMPLES]
    lines = {
        line.id: line
        for line in session.scalars(
            select(StatementLine).where(StatementLine.id.in_([line for line, _pledge in shown]))
        )
    }
    pledges = {
        pledge.id: pledge
        for pledge in session.scalars(
            select(Pledge).where(Pledge.id.in_([pledge for _line, pledge in shown]))
        )
    }
    return [(lines[line_id], pledges[pledge_id]) for line_id, pledge_id in shown]
