"""The wording of every message, in the language that is being spoken.

Codes stand on lines of their own, so that no neighbour can reorder their digits on any telephone.
The first line of an e-mail is its title.
"""

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


def contribution_received(*, number: str, amount_rial: int | None, link: str) -> str:
    """The gift has arrived and has its receipt; without an amount where no money came."""
    return _lines(
        _("Your gift has arrived. Thank you."),
        *((_("Amount: {amount}").format(amount=_amount(amount_rial)),) if amount_rial else ()),
        _("Receipt number:"),
        number,
        link,
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


def contribution_void(*, number: str, help_line: str) -> str:
    """A receipt does not stand any more; the reason is told on the telephone, not in an SMS."""
    return _lines(
        _("This receipt has been voided:"),
        number,
        _("For questions call:"),
        help_line,
    )


def _amount(amount_rial: int) -> str:
    return format_rial(amount_rial) if spoken() == "fa" else f"{amount_rial:,} rials"


def _lines(*lines: str) -> str:
    return "\n".join(lines)
