"""Offices, donors and the people who work here."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "donor.beyond_scope": (
        Later(
            "One of them also gave outside of your offices. Please ask the headquarters to merge"
            " them."
        ),
    ),
    "donor.merge_undone": (Later("Somebody took this merge back before."),),
    "donor.one_person": (Later("These two are one person already."),),
    "donor.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "not_signed_in": (
        Later("You are not signed in any more. Please sign in again; nothing was saved."),
    ),
    "office.cash_left": (
        Later(
            "The office still holds cash or cheques, or a slip that the bank has not confirmed."
            " Please hand it over first."
        ),
    ),
    "office.centres_below": (
        Later("Open centres belong to this desk. Please close or move them first."),
    ),
    "office.closed": (Later("This office is closed."),),
    "office.day": (Later("The day may not lie ahead, nor before the last change of this office."),),
    "office.goods_left": (
        Later(
            "Goods lie in the stock of this office, or nobody has acknowledged a hand-over slip of"
            " it. Please see to them first."
        ),
    ),
    "office.name": (
        Later(
            "Please write a name of at most %(longest)s characters that no other open office of"
            " the province has."
        ),
    ),
    "office.no_place": (Later("No number is left for another office."),),
    "office.parent": (
        Later("Please choose another open desk; a centre stays in the province of its desk."),
    ),
    "office.reason": (Later("Please give the reason, with at most %(longest)s characters."),),
    "office.unknown": (Later("This office does not take gifts at the moment."),),
    "office.work_open": (
        Later(
            "A cashier's session, a round of boxes or a batch of envelopes of this office is open."
            " Please bring it to its end first."
        ),
    ),
    "one_time_code.wrong": (
        Later("This code is not right or has passed. Please type the one shown now."),
    ),
    "partner_receipt.day": (Later("The day of a receipt may not lie ahead."),),
    "partner_receipt.no_partner": (
        Later("This is no open partner centre. What a desk receives is recorded as an entry."),
    ),
    "partner_receipt.number_taken": (
        Later("This number of the centre's book is recorded already, with something else on it."),
    ),
    "partner_receipt.reason": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "partner_receipt.reversed": (Later("This receipt was reversed before."),),
    "password.weak": (Later("A password needs %(shortest)s to %(longest)s characters."),),
    "role.last_administrator": (
        Later("This is the last administrator; name another one before you end this role."),
    ),
    "sign_in.wrong": (Later("The name or the password is not right."),),
    "username.taken": (Later("Somebody signs in under this name already."),),
    "username.unusable": (
        Later("Please choose a name without blanks, with at most %(longest)s characters."),
    ),
}
