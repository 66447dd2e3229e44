"""What the calls to a bank and its answers are called on the pages of finance."""

from collections.abc import Mapping

from core.words import Later
from payment_gateways.contract import Kind

CALLS: Mapping[str, Later] = {
    "start": Later("announce a payment"),
    "confirm": Later("confirm a payment"),
    "settle": Later("ask for the pay-out"),
    "recover": Later("look for a payment"),
    "inquire": Later("ask how a payment stands"),
    "reverse": Later("undo a payment"),
    "refund": Later("order a refund"),
    "refund_status": Later("ask after a refund"),
    "list_unverified": Later("list unconfirmed payments"),
    "check": Later("check access"),
}
KINDS: Mapping[Kind, tuple[Later, str]] = {
    Kind.STARTED: (Later("announced"), "good"),
    Kind.CONFIRMED: (Later("confirmed"), "good"),
    Kind.ALREADY_CONFIRMED: (Later("was confirmed before"), "good"),
    Kind.DONE: (Later("carried out"), "good"),
    Kind.OPEN: (Later("payer not finished"), ""),
    Kind.AWAITS_CONFIRM: (Later("paid, awaits our confirm"), "wait"),
    Kind.NOT_PAID: (Later("not paid"), ""),
    Kind.NOT_FOUND: (Later("no such payment"), ""),
    Kind.RETURNED: (Later("money went back to the payer"), "wait"),
    Kind.REFUSED: (Later("declined by the bank"), "bad"),
    Kind.CONFIG_ERROR: (Later("not let in: ours to mend"), "bad"),
    Kind.UNKNOWN: (Later("no clear answer"), "bad"),
}
