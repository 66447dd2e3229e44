"""Why something is refused, in words a person can act on: one sentence for each code."""

import re
from collections.abc import Mapping

from core.refusals import Refusal
from core.words import Later, counted
from web.filters import digits, number, rial

_GAP = re.compile(r"%\((\w+)\)s")

# Where the details differ from case to case, the fuller sentence stands first. What somebody
# typed is not repeated: it still stands in its field.
SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "amount.unreadable": (
        Later("Please write the amount as a whole number of rials, for example 2,500,000."),
    ),
    "api_key.name": (Later("Please choose another name; this one is empty, too long or taken."),),
    "api_key.no_such_name": (Later("No key has this name."),),
    "api_key.unknown": (Later("This key is not known here or has been revoked."),),
    "body.not_json": (Later("The request must be sent as JSON."),),
    "body.unreadable": (Later("The request is not valid JSON in UTF-8."),),
    "contribution.already_reversed": (Later("This entry was reversed before."),),
    "contribution.already_settled": (
        Later(
            "The bank has paid this money out, and it was matched with the statement. Undo the"
            " match first."
        ),
    ),
    "contribution.needs_the_bank": (
        Later("This money lies at a bank or in a match. It goes back by a refund, not by a void."),
    ),
    "contribution.nothing_open": (
        Later("Everything this pledge promises has been received already."),
    ),
    "date.unreadable": (
        Later("This is not a day of the calendar. Please write it like 1404/07/21."),
    ),
    "deposit_id.series_full": (
        Later("No deposit ids are left for this office this year. Please tell the headquarters."),
    ),
    "email.unusable": (
        Later("This does not look like an e-mail address. Please check it, or leave it empty."),
    ),
    "entry.seen_before": (
        Later(
            "This number stands on another entry of this desk. If it is the same gift, do not enter"
            " it again."
        ),
    ),
    "field.repeated": (Later("A field stands twice in the request."),),
    "finding.already_solved": (Later("Somebody has written down already how it was solved."),),
    "finding.how_missing": (
        Later("Please say how it was solved, with at most %(longest)s characters."),
    ),
    "fund.unknown": (
        Later("This purpose takes no gifts at the moment. Please choose another one."),
    ),
    "gateway.already_paused": (Later("This gateway was taken out before."),),
    "gateway.not_paused": (Later("This gateway is not taken out; donors are sent to it."),),
    "gateway.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "gateway.resting": (
        Later(
            "This bank does not answer at the moment. Please choose another one; your gift is kept."
        ),
    ),
    "gateway.unknown": (
        Later("This way to pay is not available at the moment. Please choose another one."),
    ),
    "idempotency_key.in_progress": (
        Later("The first request with this key is still being worked on; try again in %(wait)s."),
    ),
    "idempotency_key.missing": (Later("The request needs an Idempotency-Key."),),
    "idempotency_key.reused": (
        Later("Another request came with this key before. Nothing was done."),
    ),
    "mobile.unreadable": (
        Later("Please write a mobile number of eleven digits, for example 0912 345 6789."),
    ),
    "national_id.unreadable": (
        Later("This national id is not right: its check digit does not agree. Please compare it."),
    ),
    "not_found": (
        Later("There is nothing at this address. Please check the address or the code."),
    ),
    "not_signed_in": (
        Later("You are not signed in any more. Please sign in again; nothing was saved."),
    ),
    "office.unknown": (Later("This office does not take gifts at the moment."),),
    "one_time_code.wrong": (
        Later("This code is not right or has passed. Please type the one shown now."),
    ),
    "password.weak": (Later("A password needs %(shortest)s to %(longest)s characters."),),
    "payment.already_paid": (
        Later("This gift has been paid. There is nothing left to pay; thank you."),
    ),
    "payment.being_checked": (
        Later(
            "An earlier payment of this gift is still being checked. Nothing was begun, so that"
            " nobody pays twice; please ask again shortly."
        ),
    ),
    "payment.between_steps": (
        Later(
            "This way to pay takes whole multiples of %(step_rial)s only. Please choose another"
            " one, or another amount."
        ),
    ),
    "payment.interrupted": (
        Later("The attempt was cut off on its way to the bank. No money was taken."),
    ),
    "payment.no_cash": (Later("This pledge holds no money to be paid."),),
    "payment.not_started": (
        Later("The bank does not answer. No money was taken; please try again shortly."),
    ),
    "payment.outside_gateway": (
        Later(
            "This way to pay takes %(least_rial)s to %(most_rial)s. Please choose another one, or"
            " another amount."
        ),
    ),
    "pledge.items": (Later("Please say what you would like to give: one to fifty things."),),
    "quantity.unusable": (
        Later("Please write a number above zero, for example 20; goods may have decimals."),
    ),
    "receipt.amount_beyond_words": (Later("This amount is too large for a receipt."),),
    "receipt.number_unreadable": (
        Later("A receipt number looks like 1404/07/000123: year, desk, number."),
    ),
    "receipt.unknown_glyph": (
        Later("A text holds a character that cannot be printed on a receipt."),
    ),
    "reconciliation.amount_differs": (
        Later("%(came_rial)s came, but %(promised_rial)s were promised."),
    ),
    "reconciliation.in_progress": (
        Later("A run is at work at this moment. Please look again shortly."),
    ),
    "reconciliation.line_not_open": (Later("This line has been explained meanwhile."),),
    "reconciliation.pledge_not_open": (
        Later("This pledge has no money left to receive; it was received or withdrawn."),
    ),
    "reconciliation.undone_meanwhile": (Later("This match has been undone meanwhile."),),
    "reconciliation.which_fund": (
        Later(
            "Another amount came than was promised for several purposes: nobody can say what it is"
            " for."
        ),
    ),
    "reconciliation.wrong_side": (
        Later("Money that went out is no gift, and money that came in is no fee."),
    ),
    "reconciliation.refund_not_open": (
        Later("This refund is not awaited on this account; it was explained or not sent."),
    ),
    "refund.already_asked": (
        Later("This was asked for already, and it has not come to an end yet."),
    ),
    "refund.no_way_back": (
        Later(
            "The payment does not stand so that its money could go back this way now. Look at it"
            " again and choose another way."
        ),
    ),
    "refund.outside_day_missing": (
        Later("Write the day of the refund; it cannot lie in the future."),
    ),
    "refund.outside_reference_missing": (Later("Write the number that the bank gave the refund."),),
    "refund.taken_amount_unknown": (
        Later(
            "Our books do not know how much the bank took. Write the amount that the bank's own"
            " list shows for this payment."
        ),
    ),
    "role.last_administrator": (
        Later("This is the last administrator; name another one before you end this role."),
    ),
    "sign_in.wrong": (Later("The name or the password is not right."),),
    "slip.not_in_hand": (
        Later("The desk does not hold so much cash: %(free_rial)s can be handed over."),
    ),
    "statement.balance_breaks": (
        Later(
            "The balances do not add up in row %(row)s: after row %(after_row)s it should be"
            " %(expected_rial)s, but the file says %(found_rial)s. Nothing was imported."
        ),
        Later("The balances do not add up in row %(row)s. Nothing was imported."),
        Later("The balances of the file do not add up. Nothing was imported."),
    ),
    "statement.damaged_file": (
        Later("This file is damaged or is not what its name says. Please export it again."),
    ),
    "statement.differs_from_known": (
        Later(
            "Row %(row)s contradicts the same booking of an earlier statement. Nothing was"
            " imported."
        ),
        Later("The file contradicts an earlier statement. Nothing was imported."),
    ),
    "statement.gap": (
        Later(
            "Bookings are missing before row %(row)s: the last known balance is"
            " %(expected_rial)s, but the file goes on from %(found_rial)s."
        ),
        Later("Between this file and what is known of the account, bookings are missing."),
    ),
    "statement.no_balances": (
        Later("The file has no running balances, so it cannot be checked. Nothing was imported."),
    ),
    "statement.no_movement": (
        Later("Row %(row)s neither credits nor debits the account. Nothing was imported."),
        Later("A row neither credits nor debits the account. Nothing was imported."),
    ),
    "statement.no_rows": (Later("There are no bookings in this file."),),
    "statement.not_whole_rials": (
        Later("The amount in row %(row)s is not whole rials. Nothing was imported."),
        Later("The file is not in whole rials. Nothing was imported."),
    ),
    "statement.not_the_latest": (
        Later("A later import builds on this one; take that one back first."),
    ),
    "statement.other_account": (
        Later(
            "This is a statement of account %(found)s, not of %(account)s. Nothing was imported."
        ),
        Later("This is a statement of another account. Nothing was imported."),
    ),
    "statement.too_large": (Later("This file is too large for a bank statement."),),
    "statement.account_ended": (
        Later("This account had ended before the last row of the file. Which account is it of?"),
    ),
    "statement.unknown_account": (Later("This account is not in the register."),),
    "statement.unknown_format": (
        Later("Nobody here can read such a file. Please export it from the bank as Excel or CSV."),
    ),
    "statement.unknown_row": (
        Later("Row %(row)s cannot be understood. Nothing was imported."),
        Later("A row cannot be understood. Nothing was imported."),
    ),
    "statement.unreadable_cell": (
        Later("Row %(row)s, column «%(column)s» cannot be read. Nothing was imported."),
        Later("A cell in row %(row)s cannot be read. Nothing was imported."),
        Later("A cell cannot be read. Nothing was imported."),
    ),
    "text.unusable": (
        Later("Please fill this in, with at most %(longest)s characters."),
        Later("Please fill this in."),
    ),
    "too_many_tries": (Later("That was too often. Please try again in %(wait)s."),),
    "username.taken": (Later("Somebody signs in under this name already."),),
    "username.unusable": (
        Later("Please choose a name without blanks, with at most %(longest)s characters."),
    ),
    "void.already_asked": (Later("This was asked for already and waits for a decision."),),
    "void.already_decided": (Later("Somebody else has decided on this request."),),
    "void.already_void": (Later("This entry was voided before."),),
    "void.cash_handed_over": (
        Later(
            "The cash of this entry is at the bank or on its way there: only %(free_rial)s is free"
            " in the drawer. If the amount was mistyped, enter the right gift first."
        ),
    ),
    "void.deposit_matched": (
        Later(
            "This money came as a deposit to the account. Finance has to undo the match of its"
            " statement line; that voids the receipt."
        ),
    ),
    "void.paid_online": (
        Later(
            "This gift was paid online, and the bank holds the money: it needs a refund or the"
            " bank's reversal, not a void."
        ),
    ),
    "void.reason_missing": (Later("Please give the reason, with at most %(longest)s characters."),),
    "void.second_person_needed": (
        Later("Whoever asked for it cannot decide on it: a second person has to."),
    ),
}


def explain(refusal: Refusal) -> str:
    """The sentence for a refusal, in the language being spoken, with its gaps filled."""
    gaps = _gaps(refusal)
    for sentence in SENTENCES[refusal.code]:
        if set(_GAP.findall(sentence)) <= gaps.keys():
            return digits(str(sentence) % gaps)
    raise LookupError(f"{refusal.code}: no sentence for the details {sorted(gaps)}")


def waiting_time(seconds: int) -> str:
    """How long somebody has to wait, in seconds or minutes, rounded up."""
    if seconds < 100:
        return counted("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    minutes = -(-seconds // 60)
    return counted("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def _gaps(refusal: Refusal) -> dict[str, str]:
    gaps = {name: _said(name, value) for name, value in refusal.details.items()}
    for limit in ("least", "most"):
        if isinstance(value := refusal.details.get(limit), int):
            gaps[f"{limit}_rial"] = rial(value)
    if isinstance(seconds := refusal.details.get("wait_seconds"), int):
        gaps["wait"] = waiting_time(seconds)
    return gaps


def _said(name: str, value: object) -> str:
    if isinstance(value, int):
        return rial(value) if name.endswith("_rial") else number(value)
    return str(value)
