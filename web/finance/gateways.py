"""The gateways at work: how each answers, its journal, and what does not agree with our rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from core.digits import digits_only
from core.jalali import UnreadableDate, parse_jalali
from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.finding_solutions import NOTE_MAX, solve
from donations.gateway_health import REASON_MAX
from donations.gateway_reports import (
    JournalFilter,
    Standing,
    findings,
    gateways_on_record,
    journal,
    open_attempts,
    standing_of_gateway,
)
from donations.models.gateway import (
    FindingKind,
    GatewayCall,
    GatewayFinding,
    GatewayState,
    GatewayTurn,
)
from donations.models.payment import PaymentState
from flows.watching import check_and_let_back, take_out
from offices.staff import StaffMember
from payment_gateways.contract import Kind, Outcome
from payment_gateways.registry import Gateway, gateway_named
from web.fields import SpokenForm, at_most
from web.filters import rial
from web.finance.bank_words import CALLS, KINDS
from web.finance.refunds import STATES
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

PAGE = 50
_OPEN_SHOWN = 100

GATEWAY_STATES: Mapping[GatewayState, tuple[Later, str]] = {
    GatewayState.ANSWERING: (Later("answering"), "good"),
    GatewayState.RESTING: (Later("resting: it was silent"), "wait"),
    GatewayState.PAUSED: (Later("taken out"), "bad"),
}
AGES: Mapping[str, Later] = {
    "under_ten_minutes": Later("under ten minutes"),
    "under_an_hour": Later("under an hour"),
    "under_a_day": Later("under a day"),
    "older": Later("a day and more"),
}
FINDINGS: Mapping[FindingKind, tuple[Later, Later]] = {
    FindingKind.STATES_DIFFER: (
        Later("The bank says otherwise than our books"),
        Later(
            "Compare the payment with the bank's own list of that day. If the bank is right, have"
            " the money sent back or ask the bank; if we are right, write down who confirmed it."
        ),
    ),
    FindingKind.AMOUNTS_DIFFER: (
        Later("The bank names another amount"),
        Later(
            "Compare with the bank's own list of that day and with the statement. The settlement"
            " shows which amount came."
        ),
    ),
    FindingKind.NO_PROMISE: (
        Later("Money without a promise"),
        Later(
            "The gateway holds a payment that we never began. Look for it in the gateway's own"
            " panel, and have it sent back there unless somebody can say whose it is."
        ),
    ),
}


class PauseForm(SpokenForm):
    """Why a gateway is taken out by hand."""

    reason = StringField(
        Later("Reason"), [InputRequired(Later("Please give the reason.")), at_most(REASON_MAX)]
    )


class SolveForm(SpokenForm):
    """How a finding was solved."""

    how = TextAreaField(
        Later("How was it solved?"),
        [InputRequired(Later("Please say how it was solved.")), at_most(NOTE_MAX)],
    )


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway as the overview shows it."""

    gateway: Gateway
    title: str
    standing: Standing
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Something that does not agree, in words, with what to do about it."""

    finding: GatewayFinding
    title: str
    what: str
    what_to_do: str
    solved_by: str


def gateways() -> ResponseReturnValue:
    """How each gateway stands, those that need somebody first."""
    now = current.now()
    with current.database.reading() as session:
        names = {*current.gateways, *gateways_on_record(session)}
        standings = {name: standing_of_gateway(session, name, now=now) for name in names}
        people = _people(session, [each.turn for each in standings.values() if each.turn])
    order = list(current.gateways)
    rows = [
        _row(gateway_named(current.gateways, name), standings[name], people)
        for name in sorted(
            names,
            key=lambda name: (
                standings[name].state is GatewayState.ANSWERING,
                order.index(name) if name in order else len(order),
                name,
            ),
        )
    ]
    return render_template(
        "finance/gateways.html",
        wanting=[row for row in rows if _wants_a_look(row)],
        well=[row for row in rows if not _wants_a_look(row)],
        states=GATEWAY_STATES,
        steps=CALLS,
        kinds=KINDS,
        ages=AGES,
    )


def gateway(name: str) -> ResponseReturnValue:
    """One gateway: how it stands, its open attempts, and the journal of its calls."""
    return _gateway_page(name, PauseForm())


def pause_gateway(name: str) -> ResponseReturnValue:
    """Send no donors to a gateway until somebody lets it back."""
    form = PauseForm(request.form)
    if form.validate():
        try:
            with current.database.writing() as session:
                take_out(
                    session,
                    current.gateways,
                    name,
                    reason=form.reason.data or "",
                    staff_id=the_person().staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The gateway is taken out. What is open there is finished as ever."), "success")
            return redirect(url_for("finance.gateway", name=name), 303)
    return _gateway_page(name, form, status=422)


def let_gateway_back(name: str) -> ResponseReturnValue:
    """Ask the bank whether it lets us in; if it does, donors are sent there again."""
    try:
        outcome = check_and_let_back(
            current.database,
            current.gateways,
            name,
            staff_id=the_person().staff_member_id,
            clock=current.now,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "info")
    else:
        _tell(outcome)
    return redirect(url_for("finance.gateway", name=name), 303)


def gateway_findings() -> ResponseReturnValue:
    """What banks and our books do not agree about, until somebody says how it was solved."""
    return _findings_page()


def solve_finding(finding_id: int) -> ResponseReturnValue:
    """Say how a finding was solved."""
    form = SolveForm(request.form, prefix=f"f{finding_id}-")
    if form.validate():
        try:
            with current.database.writing() as session:
                solve(
                    session,
                    finding_id,
                    how=form.how.data or "",
                    staff_id=the_person().staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            flash(explain(refusal), "info")
        else:
            flash(_("Written down as solved."), "success")
        return redirect(url_for("finance.gateway_findings"), 303)
    return _findings_page({finding_id: form}, status=422)


def _gateway_page(name: str, form: PauseForm, *, status: int = 200) -> ResponseReturnValue:
    now, (asked, mistakes) = current.now(), _asked()
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        if name not in current.gateways and name not in gateways_on_record(session):
            raise NotFound(subject="gateway")
        standing = standing_of_gateway(session, name, now=now)
        people = _people(session, [standing.turn] if standing.turn else [])
        attempts = open_attempts(session, name, limit=_OPEN_SHOWN)
        calls = (
            [] if mistakes else journal(session, name, asked, before_id=before_id, limit=PAGE + 1)
        )
    page = render_template(
        "finance/gateway.html",
        row=_row(gateway_named(current.gateways, name), standing, people),
        form=form,
        attempts=attempts,
        payment_states=STATES,
        calls=calls[:PAGE],
        older_url=_older(name, calls),
        typed=request.args,
        mistakes=mistakes,
        states=GATEWAY_STATES,
        steps=CALLS,
        kinds=KINDS,
        ages=AGES,
        now=now,
    )
    return page, status


def _asked() -> tuple[JournalFilter, Mapping[str, str]]:
    """Which calls are looked for, and what of it cannot be read."""
    mistakes: dict[str, str] = {}
    day: date | None = None
    payment_id: int | None = None
    if typed := request.args.get("day", "").strip()[:20]:
        try:
            day = parse_jalali(typed)
        except UnreadableDate as refusal:
            mistakes["day"] = explain(refusal)
    if typed := request.args.get("payment", "").strip()[:20]:
        number = digits_only(typed)
        if number is None or len(number) > 18:
            mistakes["payment"] = _("The number of a payment has digits only.")
        else:
            payment_id = int(number)
    step, kind = request.args.get("step", ""), request.args.get("kind", "")
    asked = JournalFilter(
        step=step if step in CALLS else "",
        kind=kind if kind in set(Kind) else "",
        day=day,
        payment_id=payment_id,
    )
    return asked, mistakes


def _older(name: str, calls: Sequence[GatewayCall]) -> str:
    if len(calls) <= PAGE:
        return ""
    sent = request.args
    return url_for(
        "finance.gateway",
        name=name,
        before=calls[PAGE - 1].id,
        step=sent.get("step") or None,
        kind=sent.get("kind") or None,
        day=sent.get("day") or None,
        payment=sent.get("payment") or None,
        _anchor="journal",
    )


def _findings_page(
    sent: Mapping[int, SolveForm] | None = None, *, status: int = 200
) -> ResponseReturnValue:
    is_solved = request.args.get("solved") == "1"
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        found = findings(session, is_solved=is_solved, before_id=before_id, limit=PAGE + 1)
        solvers = [each.solution.solved_by_id for each in found if each.solution]
        names = _names(session, solvers)
    rows = [_finding_row(each, names) for each in found[:PAGE]]
    named = {row.finding.gateway for row in rows}
    forms = {
        row.finding.id: (sent or {}).get(row.finding.id) or SolveForm(prefix=f"f{row.finding.id}-")
        for row in rows
    }
    older = (
        url_for(
            "finance.gateway_findings",
            before=found[PAGE - 1].id,
            solved="1" if is_solved else None,
        )
        if len(found) > PAGE
        else ""
    )
    page = render_template(
        "finance/gateway_findings.html",
        rows=rows,
        titles={name: _title(gateway_named(current.gateways, name)) for name in named},
        solve_forms=forms,
        is_solved=is_solved,
        older_url=older,
    )
    return page, status


def _row(shown: Gateway, standing: Standing, people: Mapping[int, str]) -> GatewayRow:
    turn = standing.turn
    reason = (turn.reason_en if spoken() == "en" else turn.reason_fa) if turn else ""
    if shown.refusal is not None:
        reason = shown.refusal.told(spoken())
    return GatewayRow(
        gateway=shown,
        title=_title(shown),
        standing=standing,
        reason=reason,
        by=people.get(turn.by_id or 0, "") if turn else "",
    )


def _wants_a_look(row: GatewayRow) -> bool:
    """Whether something stands on the gateway that a person has to read."""
    standing = row.standing
    is_well = standing.state is GatewayState.ANSWERING and row.gateway.is_open
    return not is_well or bool(standing.findings)


def _title(shown: Gateway) -> str:
    title = shown.title_en if spoken() == "en" else shown.title_fa
    return _("Gateway") if title == shown.name else title


def _finding_row(finding: GatewayFinding, names: Mapping[int, str]) -> FindingRow:
    title, what_to_do = FINDINGS[finding.kind]
    solution = finding.solution
    return FindingRow(
        finding=finding,
        title=str(title),
        what=_in_words(finding),
        what_to_do=str(what_to_do),
        solved_by=names.get(solution.solved_by_id, "") if solution else "",
    )


def _in_words(finding: GatewayFinding) -> str:
    if finding.kind is FindingKind.AMOUNTS_DIFFER:
        values = {"ours": rial(int(finding.ours)), "theirs": rial(int(finding.theirs))}
        return _("Our books say %(ours)s, the bank says %(theirs)s.") % values
    theirs = str(KINDS[Kind(finding.theirs)][0])
    if finding.kind is FindingKind.NO_PROMISE:
        return _("The bank says: %(theirs)s.") % {"theirs": theirs}
    ours = str(STATES[PaymentState(finding.ours)][0])
    return _("We say: %(ours)s. The bank says: %(theirs)s.") % {"ours": ours, "theirs": theirs}


def _tell(outcome: Outcome) -> None:
    if outcome.kind not in (Kind.UNKNOWN, Kind.CONFIG_ERROR):
        flash(_("The bank lets us in; donors are sent there again."), "success")
        return
    reason = outcome.reason_en if spoken() == "en" else outcome.reason_fa
    text = _("The bank does not let us in, so nothing was changed: %(reason)s") % {
        "reason": reason or KINDS[outcome.kind][0]
    }
    flash(text, "error")


def _people(session: Session, turns: Sequence[GatewayTurn]) -> Mapping[int, str]:
    return _names(session, [turn.by_id for turn in turns if turn.by_id is not None])


def _names(session: Session, staff_member_ids: Sequence[int]) -> Mapping[int, str]:
    members = session.execute(
        select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_(set(staff_member_ids)))
    )
    return {row.id: row.name for row in members}
