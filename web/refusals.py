"""Why something is refused, in words a person can act on: one sentence for each code."""

import re
from collections.abc import Mapping
from datetime import date

from core.refusals import Refusal
from core.words import Later, counted
from web.filters import day, digits, number, rial

_GAP = re.compile(r"%\((\w+)\)s")

# Where the details differ from case to case, the fuller sentence stands first. What somebody
# typed is not repeated: it still stands in its field.
SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "amount.unreadable": (
        Later("Please write the amount as a whole number of rials, for example 2,500,000."),
    ),
    "annual.nobody_gave": (
        Later("No receipt of this year stands for a donor who told a name or an address."),
    ),
    "annual.other_statements": (
        Later("This folder holds the statements of another year, or something that is none."),
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
    "copy.reason_missing": (Later("Please give the reason, with at most %(longest)s characters."),),
    "cycles.unusable": (
        Later(
            "Please write at least one time for working days, such as 03:45, no time twice, and a "
            "day on which no other cycles begin."
        ),
    ),
    "date.unreadable": (
        Later("This is not a day of the calendar. Please write it like 1404/07/21."),
    ),
    "day.asker_decides": (
        Later("You asked for this change yourself; another person has to decide."),
    ),
    "day.change_already_asked": (
        Later("Somebody asked for the same change already; it waits for a second person."),
    ),
    "day.change_already_decided": (Later("Somebody else has decided on this change."),),
    "day.no_statement": (
        Later("Nothing was imported for this day or an earlier one. Import the statement first."),
    ),
    "day.not_over": (Later("This day is not over in Tehran; it can be closed from tomorrow on."),),
    "day.not_the_latest_signed": (
        Later(
            "Only the latest signed day can be opened again. For an earlier one, ask that the match"
            " of the row is taken back; it is then reversed today."
        ),
    ),
    "day.not_the_next": (
        Later("Days are signed in order. Sign the day %(next_day)s first."),
        Later("Days are signed in order. Sign the earlier days first."),
    ),
    "day.not_whole": (
        Later(
            "The sheet shows a difference that forbids to sign. Solve it, then prepare the sheet"
            " anew."
        ),
    ),
    "day.nothing_to_undo": (
        Later("This row is not explained, or its day is not signed; no second person is needed."),
    ),
    "day.sheet_changed": (
        Later(
            "Rows or their matches have changed since this sheet was prepared. Prepare it anew,"
            " then it can be signed."
        ),
    ),
    "day.signer_prepared": (
        Later("You prepared this sheet yourself; another person has to sign it."),
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
    "holiday.name_missing": (
        Later("Please write what the day is, with at most %(longest)s characters."),
    ),
    "holiday.unchanged": (Later("The calendar says so of this day already."),),
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
    "paper_book.closed": (Later("This book was taken back; its leaves have their last word."),),
    "paper_book.leaf_known": (
        Later("A leaf of series %(series)s with one of these numbers stands in another book."),
    ),
    "paper_book.leaves_unexplained": (
        Later("%(count)s leaves have no word yet; the first is %(first)s."),
    ),
    "paper_book.unusable": (
        Later("A book has a series and at most %(most)s leaves, numbered upwards from 1 on."),
    ),
    "paper_leaf.gift_has_leaf": (Later("This gift stands on another leaf already."),),
    "paper_leaf.gift_not_found": (
        Later("This desk has no gift with such a receipt number or tracking code."),
    ),
    "paper_leaf.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "paper_leaf.unknown": (Later("This book has no leaf of that number."),),
    "password.weak": (Later("A password needs %(shortest)s to %(longest)s characters."),),
    "mapping.ambiguous": (
        Later("Two fields are read from the column «%(heading)s». Please choose one of them."),
    ),
    "mapping.sample_too_large": (
        Later("This is too large for a sample. Please take the first rows of the file alone."),
    ),
    "mapping.incomplete": (
        Later("Please choose a column for the day and for the amount, or for credit and debit."),
        Later("A column that every such table must have is not chosen."),
    ),
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
    "quarantine.already_set_aside": (
        Later("This row was set aside before. Hand the same file in again."),
    ),
    "quarantine.already_solved": (Later("Somebody has solved this line."),),
    "quarantine.not_certain": (
        Later(
            "This row cannot be set aside: what it was is not certain, or nobody is named who"
            " handed the file in. Ask the bank for another export."
        ),
    ),
    "quarantine.reading_differs": (
        Later(
            "The balances of the statement say %(expected_rial)s. If the bank really says something"
            " else, take the import back and ask for another export."
        ),
    ),
    "quarantine.second_person_needed": (
        Later("Whoever handed the file in cannot set its row aside: a second person has to."),
    ),
    "receipt.amount_beyond_words": (Later("This amount is too large for a receipt."),),
    "receipt.no_address": (Later("The donor left neither a mobile number nor an e-mail address."),),
    "receipt.file_not_kept": (
        Later("The file of this receipt cannot be kept at the moment. Please try again later."),
    ),
    "receipt.number_unreadable": (
        Later("A receipt number looks like 1404/07/000123: year, desk, number."),
    ),
    "receipt.readers_busy": (
        Later("Too many files are being checked at this moment. Please try again in a minute."),
    ),
    "acceptance.appraiser_missing": (
        Later("Only an appraiser's value has an appraiser, and it needs the appraiser's name."),
    ),
    "acceptance.ends_before_it_starts": (Later("The last day is before the first one."),),
    "acceptance.value_missing": (Later("An assessed value and what it rests on belong together."),),
    "receipt.text_too_long": (Later("This is empty or longer than %(longest)s characters."),),
    "receipt.unusable_seal": (
        Later("This is no picture of a seal: a PNG or JPEG of at most one megabyte is needed."),
    ),
    "receipt.unknown_glyph": (
        Later("The character “%(sign)s” cannot be printed on a receipt."),
        Later("A text holds a character that cannot be printed on a receipt."),
    ),
    "reconciliation.amount_differs": (
        Later("%(came_rial)s came, but %(promised_rial)s were promised."),
    ),
    "reconciliation.in_progress": (
        Later("A run is at work at this moment. Please look again shortly."),
    ),
    "reconciliation.line_not_open": (Later("This line has been explained meanwhile."),),
    "reconciliation.no_pair": (
        Later("These two lines are not the two sides of one movement: look at account and amount."),
    ),
    "reconciliation.parts_differ": (
        Later(
            "The parts make %(parts_rial)s, the line %(line_rial)s. Name at least two pledges, each"
            " once, whose amounts make the line to the rial."
        ),
    ),
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
    "reconciliation.day_locked": (
        Later(
            "The day %(day)s is signed and locked, up to %(closed_through)s. Ask a second person:"
            " either the match is taken back by a reversal dated today, or the latest signed day is"
            " opened again."
        ),
        Later("This day is signed and locked. Two persons can open the latest signed day again."),
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
    "replacement.nothing_corrected": (
        Later("The new receipt would say the same. For a lost paper, print a copy."),
    ),
    "replacement.too_long": (
        Later("This is too long for a receipt: at most %(longest)s characters."),
    ),
    "report.other_terminal": (
        Later("Row %(row)s is of another terminal. Please choose the terminal of the list."),
    ),
    "report.total_differs": (
        Later(
            "The list itself, or what you wrote, says %(told_rial)s, but its rows make"
            " %(sum_rial)s. Please get the whole list from the provider."
        ),
    ),
    "report.twice": (
        Later("Row %(row)s stands in the list twice. Please get a clean list from the provider."),
    ),
    "role.last_administrator": (
        Later("This is the last administrator; name another one before you end this role."),
    ),
    "rule.may_not_loosen": (
        Later("This would let the rule do more than it does. Please ask an administrator."),
    ),
    "rule.name_the_account": (
        Later("Please choose one account; for all of them the card stays a suggestion."),
    ),
    "rule.not_settable": (
        Later("This rule is not set here; the terms of a terminal say what it may pay out."),
    ),
    "rule.reason_missing": (Later("Please give the reason, with at most %(longest)s characters."),),
    "settlement.note_missing": (Later("Please write what the other difference is."),),
    "settlement.nothing_chosen": (
        Later(
            "Please tick at least one payment that is still owed; somebody may have settled one a"
            " moment ago."
        ),
    ),
    "settlement.sums_differ": (
        Later(
            "The sums do not agree: %(rest_rial)s remain. Untick the payments that are not in the"
            " row, or name what differs."
        ),
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
    "statement.balances_disagree": (
        Later(
            "The balances of the file disagree with its rows: before row %(row)s they lead to"
            " %(expected)s, but the file says %(found)s. Nothing was imported."
        ),
        Later(
            "The balances of the file disagree with its rows: they lead to %(expected_rial)s, but"
            " the file says %(found_rial)s. Nothing was imported."
        ),
    ),
    "statement.control_total_differs": (
        Later(
            "The control total in row %(row)s is not that of the rows above it: rows are missing or"
            " were changed. Please export the file again."
        ),
    ),
    "statement.damaged_file": (
        Later(
            "Row %(row)s of this file is damaged: it cannot be read as what the file is. Please"
            " export it again. Nothing was imported."
        ),
        Later("This file is damaged or is not what its name says. Please export it again."),
    ),
    "statement.differs_from_known": (
        Later(
            "The booking of %(missing_rial)s on %(day)s, row %(known_row)s of an earlier file, is"
            " missing in this one. Nothing was imported."
        ),
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
        Later("Row %(row)s has no balance, the others have one. Nothing was imported."),
        Later("A row has no balance, the others have one. Nothing was imported."),
    ),
    "statement.foreign_currency": (
        Later("The file is not in the currency of the account. Nothing was imported."),
    ),
    "statement.left_out": (
        Later(
            "Row %(row)s of %(day)s was left out by earlier imports, and later bookings are known"
            " already. Take the later imports back, import this file, then hand them in again."
        ),
    ),
    "statement.not_booked": (
        Later(
            "This is an intraday report or a notification: its bookings may still change. Hand in"
            " the statement of the day. Nothing was imported."
        ),
    ),
    "statement.uncertain_row": (
        Later(
            "Row %(row)s cannot be read, and the balances around it do not say what it was. Ask the"
            " bank for another export. Nothing was imported."
        ),
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
    "statement.sections_do_not_join": (
        Later(
            "The file holds several statements, and the one in row %(row)s does not begin with the"
            " balance the one before it ended with. Nothing was imported."
        ),
    ),
    "statement.several_accounts": (
        Later(
            "The file holds statements of several accounts (%(accounts)s), and not exactly one of"
            " them is this account. Nothing was imported."
        ),
    ),
    "statement.several_currencies": (
        Later("Row %(row)s is in another currency than the file. Nothing was imported."),
    ),
    "statement.several_tables": (
        Later(
            "More than one sheet of this workbook holds bookings. Please export each as a file of"
            " its own. Nothing was imported."
        ),
    ),
    "statement.unsafe_file": (
        Later(
            "The file declares a document type or entities, which no bank's statement needs. Please"
            " export it again."
        ),
    ),
    "statement.too_large": (
        Later("Row %(row)s is larger than a row of a bank statement can be. Nothing was imported."),
        Later("This file is too large for a bank statement."),
    ),
    "statement.account_ended": (
        Later("This account had ended before the last row of the file. Which account is it of?"),
    ),
    "statement.unknown_account": (Later("This account is not in the register."),),
    "statement.unknown_format": (
        Later(
            "Nobody here can read such a file. The page «Columns» lists what can be read; there the"
            " columns of a table with other headings can be named."
        ),
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
    "terms.unusable": (
        Later(
            "Please check the figures: the least is no more than the most, the share at most"
            " 10,000, the window at most 60 days, and no other terms begin on this day."
        ),
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
    "void.request_expired": (
        Later("Nobody decided on this within three days. Whoever still wants it asks again."),
    ),
    "void.second_person_needed": (
        Later("Whoever asked for it cannot decide on it: a second person has to."),
    ),
    "weekly_rest.unusable": (
        Later(
            "Please tick one to six weekdays, and choose a day from which no other weekly rest "
            "holds."
        ),
    ),
}


def explain(refusal: Refusal) -> str:
    """The sentence for a refusal, in the language being spoken, with its gaps filled."""
    return _sentence(refusal.code, refusal.details)


def explain_told(code: str, details: Mapping[str, object]) -> str:
    """The sentence for a refusal that was written down; of one no longer known, only its code."""
    if code not in SENTENCES:
        return code
    return _sentence(code, details)


def waiting_time(seconds: int) -> str:
    """How long somebody has to wait, in seconds or minutes, rounded up."""
    if seconds < 100:
        return counted("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    minutes = -(-seconds // 60)
    return counted("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def _sentence(code: str, details: Mapping[str, object]) -> str:
    gaps = _gaps(details)
    for sentence in SENTENCES[code]:
        if set(_GAP.findall(sentence)) <= gaps.keys():
            return digits(str(sentence) % gaps)
    raise LookupError(f"{code}: no sentence for the details {sorted(gaps)}")


def _gaps(details: Mapping[str, object]) -> dict[str, str]:
    gaps = {name: _said(name, value) for name, value in details.items()}
    for limit in ("least", "most"):
        if isinstance(value := details.get(limit), int):
            gaps[f"{limit}_rial"] = rial(value)
    if isinstance(seconds := details.get("wait_seconds"), int):
        gaps["wait"] = waiting_time(seconds)
    return gaps


def _said(name: str, value: object) -> str:
    if isinstance(value, int):
        return rial(value) if name.endswith("_rial") else number(value)
    return day(value) if isinstance(value, date) else str(value)
