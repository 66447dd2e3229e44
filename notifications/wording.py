"""The wording of every message, in the language that is being spoken.

Codes stand on lines of their own, so that no neighbour can reorder their digits on any telephone.
The first line of an e-mail is its title.
"""

from core.digits import to_persian
from core.rial import format_rial
from core.words import _, spoken


def pledge_made(*, tracking_code: str, deposit_id: str | None, link: str) -> str:
    """The promise is written down; with the deposit id where money may come by deposit."""
    return _lines(
        _("Your gift has been registered. Thank you."),
        _("Tracking code:"),
        tracking_code,
        *((_("Deposit ID for bank, ATM and transfer:"), deposit_id) if deposit_id else ()),
        link,
    )


def contribution_received(
    *, number: str, amount_rial: int | None, link: str, own_view: str | None
) -> str:
    """The gift has arrived and has its receipt; without an amount where no money came.

    ``own_view`` is the page of the whole gift, for those whose message has room for it.
    """
    return _lines(
        _("Your gift has arrived. Thank you."),
        *((_("Amount: {amount}").format(amount=_amount(amount_rial)),) if amount_rial else ()),
        _("Receipt number:"),
        number,
        _("The receipt:"),
        link,
        *((_("Everything about your gift:"), own_view) if own_view else ()),
    )


def receipt_replaced(*, number: str, replaces: str, link: str) -> str:
    """Another receipt stands in the place of one the donor holds."""
    return _lines(
        _("This receipt has been voided:"),
        replaces,
        _("This one takes its place:"),
        number,
        link,
    )


def receipt_again(*, number: str, link: str) -> str:
    """The link of a receipt, because somebody asked a desk for it; it names no amount."""
    return _lines(_("The receipt of your gift:"), number, link)


def statement_of_year(*, year: int, link: str, days: int) -> str:
    """The link to the statement of a year, which tells of all gifts of a donor."""
    return _lines(
        _("The statement of your gifts in the year {year}:").format(year=_number(year)),
        link,
        _(
            "The link opens for {days} days. If you did not ask for it, you need not do anything."
        ).format(days=_number(days)),
    )


def payment_under_review(*, tracking_code: str, link: str) -> str:
    """The bank has not answered clearly; nobody is told that something failed."""
    return _lines(
        _(
            "Your payment is under review at the bank. You need not pay again: if the amount has"
            " left your account, it either reaches us or the bank returns it to you."
        ),
        _("Tracking code:"),
        tracking_code,
        link,
    )


def payment_surplus(*, tracking_code: str, amount_rial: int, help_line: str) -> str:
    """A second payment of one promise: real money, kept apart until finance decides."""
    return _lines(
        _("Your gift had been paid already; a second payment of it has reached us."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        _("It is kept apart. Tell us what it is meant for, or ask for it back:"),
        help_line,
        _("Tracking code:"),
        tracking_code,
    )


def payment_superseded(*, amount_rial: int, tracking_code: str, help_line: str) -> str:
    """A second payment of one promise that we leave to the bank to give back."""
    return _lines(
        _("Your gift had been paid already, so we did not take a second payment of it."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        _("If it has left your account, the bank returns it by its own rules within 72 hours."),
        _("Tracking code:"),
        tracking_code,
        _("For questions call:"),
        help_line,
    )


def payment_sent_back(
    *, amount_rial: int, at_once: bool, receipt: str | None, help_line: str
) -> str:
    """Money goes back because we ordered it; a refund takes its days, a reversal does not."""
    when = (
        _("It is back on the card it was paid with.")
        if at_once
        else _("The bank puts it on the card it was paid with, by its own rules within some days.")
    )
    return _lines(
        _("Your payment was sent back."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        when,
        *((_("This receipt has been voided:"), receipt) if receipt else ()),
        _("For questions call:"),
        help_line,
    )


def payment_taken_back(*, amount_rial: int, receipt: str | None, link: str | None) -> str:
    """The bank undid a payment by itself; the promise stands and may be paid again."""
    return _lines(
        _("The bank has returned your payment to your card; it did not stay with us."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        *((_("This receipt has been voided:"), receipt) if receipt else ()),
        *((_("If you still want to give it, you can pay again here:"), link) if link else ()),
    )


def contribution_void(*, number: str, help_line: str) -> str:
    """A receipt does not stand any more; the reason is told on the telephone, not in an SMS."""
    return _lines(
        _("This receipt has been voided:"),
        number,
        _("For questions call:"),
        help_line,
    )


def certificate_void(*, number: str, help_line: str) -> str:
    """A certificate of hours does not stand any more; the reason is told on the telephone."""
    return _lines(
        _("This certificate of your hours has been voided:"),
        number,
        _("For questions call:"),
        help_line,
    )


def goods_news(*, news: str, tracking_code: str, link: str) -> str:
    """What became of goods that were offered, as the donor's timeline says it."""
    return _lines(
        _("News of the goods you offered:"), news, _("Tracking code:"), tracking_code, link
    )


def gateway_paused(*, title: str, name: str, reason: str, link: str) -> str:
    """For finance: donors are not sent to a bank any more until somebody has looked."""
    return _lines(
        _("A gateway was taken out: {title}").format(title=title),
        name,
        _("The bank says: {reason}").format(reason=reason),
        _("Donors pay through the others. Please mend it, then let it back here:"),
        link,
    )


def refund_hangs(*, amount_rial: int, gateway: str, link: str) -> str:
    """For finance: money that two persons send back, and the bank has not carried it out."""
    return _lines(
        _("A refund was approved hours ago and the bank has not carried it out."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        gateway,
        _("A donor waits for this money. Please look into it here:"),
        link,
    )


def refund_unseen(*, amount_rial: int, gateway: str, link: str) -> str:
    """For finance: the bank said that money went back, and no statement shows it leaving."""
    return _lines(
        _("The bank accepted a refund days ago and no statement shows it."),
        _("Amount: {amount}").format(amount=_amount(amount_rial)),
        gateway,
        _("Please ask the bank whether the donor has the money:"),
        link,
    )


def _amount(amount_rial: int) -> str:
    return format_rial(amount_rial) if spoken() == "fa" else f"{amount_rial:,} rials"


def _number(value: int) -> str:
    return to_persian(str(value)) if spoken() == "fa" else str(value)


def _lines(*lines: str) -> str:
    return "\n".join(lines)
