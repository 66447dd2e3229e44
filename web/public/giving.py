"""Giving: one page, then the bank; and whatever may come between the two."""

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from core.words import _, spoken
from donations.models.pledge import Channel, Pledge
from donations.paying import (
    AlreadyPaid,
    AmountBetweenSteps,
    AmountOutsideGateway,
    NothingToPay,
)
from donations.routing import needs_purpose, purpose_of
from flows.paying import GatewayRests, OpenedPayment, UnknownGateway, announce_payment, open_payment
from flows.pledging import promise
from flows.switching import look_before_paying_again
from offices.places import Office
from payment_gateways.contract import Redirect
from web.public.choices import Choices, Options, choices, gateway_options, title_of
from web.public.give_form import BY_DEPOSIT, GiftForm
from web.public.limiting import count_gift, count_gift_within
from web.public.looking_up import looked_up
from web.public.unlocking import is_view_key
from web.refusals import explain
from web.services import current

# From here on the donor looks at the amount once more before the bank's page opens: rials taken
# for tomans are the commonest mistake with money in Iran.
_LOOK_TWICE_RIAL = 500_000_000
_IN_LINKS = ("kind", "amount", "fund", "office")


@dataclass(frozen=True, slots=True)
class _Promised:
    """What the pages need of a pledge once its transaction is over.

    ``key`` opens the donor's own view; it is empty for those who only know the code.
    """

    id: int
    tracking_code: str
    key: str
    cash_rial: int
    mobile: str | None  # only for those who showed that it is theirs
    was_known: bool = True  # made before this request, so that it may be on its way to a bank


def give() -> ResponseReturnValue:
    """The form; sent, it becomes a pledge with a tracking code and leads to the bank."""
    offered = _offered()
    if request.method == "GET":
        given = {name: request.args[name][:60] for name in _IN_LINKS if request.args.get(name)}
        return _form_page(GiftForm(None, offered, **given))
    form = GiftForm(request.form, offered)
    if form.website.data:
        return redirect(url_for("public.home"), 303)
    if "add" in request.form:
        form.show_another_row()
        return _form_page(form)
    if not form.validate():
        return _form_page(form, status=422)
    try:
        promised, opened = _promise(form)
    except Refusal as refusal:
        if not form.blame(refusal):
            raise
        return _form_page(form, status=422)
    if opened is None and promised.was_known and promised.cash_rial and _pays_online(form):
        return _pay_again(promised, form.gateway.data)
    return _to_the_bank(promised, opened)


def pay(tracking_code: str) -> ResponseReturnValue:
    """Open another attempt to pay the same pledge, perhaps at another gateway."""
    count_gift()
    key = request.form.get("key", "")
    promised = looked_up(
        tracking_code,
        lambda _session, pledge: _described(pledge, key=key if is_view_key(pledge, key) else ""),
    )
    gateway = request.form.get("gateway") or next(iter(_banks_for(promised)), "")
    return _pay_again(promised, gateway)


def _pay_again(promised: _Promised, gateway: str) -> ResponseReturnValue:
    """Another attempt, after a look at what was begun before: nobody is to pay twice."""
    may_pay = look_before_paying_again(
        current.database, current.gateways, promised.id, clock=current.now
    )
    if not may_pay:
        text = _("A payment of this gift is still being checked. Please do not pay again now.")
        flash(text, "info")
        return _to_following(promised)
    with current.database.writing() as session:
        opened = _opened(session, promised, gateway)
    return _to_the_bank(promised, opened)


def _opened(session: Session, promised: _Promised, gateway: str) -> OpenedPayment | None:
    """A new attempt to pay, in the transaction in hand; where there is none, the page says why."""
    try:
        return open_payment(
            session,
            current.gateways,
            pledge_id=promised.id,
            gateway=gateway,
            public_url=current.settings.public_url,
            now=current.now(),
            mobile=promised.mobile,
            check_after=timedelta(seconds=current.settings.sweep_after_seconds),
        )
    except (AlreadyPaid, NothingToPay) as refusal:
        flash(explain(refusal), "info")
    except (AmountOutsideGateway, AmountBetweenSteps, UnknownGateway, GatewayRests) as refusal:
        flash(explain(refusal), "error")
    return None


def _to_the_bank(promised: _Promised, opened: OpenedPayment | None) -> ResponseReturnValue:
    """Announce the payment, then show the tracking code and the way to the bank."""
    if opened is None:
        return _to_following(promised)
    begun = announce_payment(current.database, current.gateways, opened, clock=current.now)
    if begun.redirect is None:
        return _unanswered_page(promised, opened.gateway)
    return _leaving_page(promised, begun.redirect, opened.gateway)


def _leaving_page(promised: _Promised, way: Redirect, gateway: str) -> ResponseReturnValue:
    address = urlsplit(way.url)
    is_get = way.method == "GET"
    is_large = promised.cash_rial >= _LOOK_TWICE_RIAL
    return render_template(
        "public/leaving.html",
        promised=promised,
        way=way,
        url=address._replace(query="").geturl() if is_get else way.url,
        # A form sent by GET drops the query of its address, so it travels as fields.
        fields=[*(parse_qsl(address.query) if is_get else ()), *way.fields.items()],
        bank=title_of(current.gateways[gateway]),
        is_large=is_large,
        # Somebody without a mobile number sees the code only here: they go on when they have it.
        goes_at_once=promised.mobile is not None and not is_large,
    )


def _unanswered_page(promised: _Promised, gateway: str) -> ResponseReturnValue:
    banks = _banks_for(promised)
    return render_template(
        "public/unanswered.html",
        promised=promised,
        bank=title_of(current.gateways[gateway]),
        same=gateway if gateway in banks else "",
        others={name: title for name, title in banks.items() if name != gateway},
    )


def _form_page(form: GiftForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("public/give.html", form=form), status


def _offered() -> Choices:
    with current.database.reading() as session:
        return choices(session, current.gateways, now=current.now())


def _banks_for(promised: _Promised) -> Options:
    with current.database.reading() as session:
        is_asked = needs_purpose(current.gateways.values())
        return gateway_options(
            session,
            current.gateways,
            amount_rial=promised.cash_rial,
            purpose=purpose_of(session, promised.id) if is_asked else None,
            now=current.now(),
        )


def _pays_online(form: GiftForm) -> bool:
    return bool(form.gateway.data != BY_DEPOSIT)


def _promise(form: GiftForm) -> tuple[_Promised, OpenedPayment | None]:
    """Make the pledge; the same form sent twice, even at once, is the same pledge."""
    try:
        return _promised_and_opened(form)
    except IntegrityError:
        # The twin of a double click was a moment faster: its pledge is there now, and is this one.
        return _promised_and_opened(form)


def _promised_and_opened(form: GiftForm) -> tuple[_Promised, OpenedPayment | None]:
    """The form counted, the pledge made and the way to the bank opened, in one transaction.

    For a pledge that is known already no way is opened before its banks were asked.
    """
    now = current.now()
    with current.database.writing() as session:
        count_gift_within(session)
        pledge = promise(
            session,
            form.items(),
            donor=form.donor(),
            office_id=_office_id(session, form.office.data),
            channel=Channel.WEBSITE,
            now=now,
            language=spoken(),
            request_key=form.pledge_key(),
        )
        promised = replace(_described(pledge, key=pledge.view_key), was_known=pledge.made_at != now)
        if not promised.cash_rial or not _pays_online(form) or promised.was_known:
            return promised, None
        return promised, _opened(session, promised, form.gateway.data)


def _office_id(session: Session, code: str) -> int | None:
    if not code:
        return None
    office_id = session.scalars(select(Office.id).where(Office.code == code)).one_or_none()
    if office_id is None:
        raise NotFound(subject="office")
    return office_id


def _described(pledge: Pledge, *, key: str) -> _Promised:
    mobile = pledge.donor.mobile if key and pledge.donor else None
    return _Promised(pledge.id, pledge.tracking_code, key, pledge.cash_rial, mobile)


def _to_following(promised: _Promised) -> ResponseReturnValue:
    key = promised.key or None
    return redirect(url_for("public.follow", tracking_code=promised.tracking_code, key=key), 303)
