"""Statements, matches, settlements and the closing of days."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "cycles.unusable": (
        Later(
            "Please write at least one time for working days, such as 03:45, no time twice, and a "
            "day on which no other cycles begin."
        ),
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
    "finding.already_solved": (Later("Somebody has written down already how it was solved."),),
    "finding.how_missing": (
        Later("Please say how it was solved, with at most %(longest)s characters."),
    ),
    "holiday.name_missing": (
        Later("Please write what the day is, with at most %(longest)s characters."),
    ),
    "holiday.unchanged": (Later("The calendar says so of this day already."),),
    "mapping.ambiguous": (
        Later("Two fields are read from the column «%(heading)s». Please choose one of them."),
    ),
    "mapping.incomplete": (
        Later("Please choose a column for the day and for the amount, or for credit and debit."),
        Later("A column that every such table must have is not chosen."),
    ),
    "mapping.sample_too_large": (
        Later("This is too large for a sample. Please take the first rows of the file alone."),
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
    "reconciliation.amount_differs": (
        Later("%(came_rial)s came, but %(promised_rial)s were promised."),
    ),
    "reconciliation.cash_of_slip": (
        Later(
            "This row bears the deposit id of slip %(number)s: it is the cash of a desk, and no"
            " gift of somebody unknown. Choose its slip under «It is the cash of this slip», or let"
            " the rules run."
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
    "reconciliation.refund_not_open": (
        Later("This refund is not awaited on this account; it was explained or not sent."),
    ),
    "reconciliation.slip_not_awaited": (
        Later(
            "The cash of this slip is not awaited on this account: it was matched or voided, or"
            " goes to another account."
        ),
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
    "statement.account_ended": (
        Later("This account had ended before the last row of the file. Which account is it of?"),
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
    "statement.foreign_currency": (
        Later("The file is not in the currency of the account. Nothing was imported."),
    ),
    "statement.gap": (
        Later(
            "Bookings are missing before row %(row)s: the last known balance is"
            " %(expected_rial)s, but the file goes on from %(found_rial)s."
        ),
        Later("Between this file and what is known of the account, bookings are missing."),
    ),
    "statement.left_out": (
        Later(
            "Row %(row)s of %(day)s was left out by earlier imports, and later bookings are known"
            " already. Take the later imports back, import this file, then hand them in again."
        ),
    ),
    "statement.no_balances": (
        Later("Row %(row)s has no balance, the others have one. Nothing was imported."),
        Later("A row has no balance, the others have one. Nothing was imported."),
    ),
    "statement.no_movement": (
        Later("Row %(row)s neither credits nor debits the account. Nothing was imported."),
        Later("A row neither credits nor debits the account. Nothing was imported."),
    ),
    "statement.no_rows": (Later("There are no bookings in this file."),),
    "statement.not_booked": (
        Later(
            "This is an intraday report or a notification: its bookings may still change. Hand in"
            " the statement of the day. Nothing was imported."
        ),
    ),
    "statement.not_the_latest": (
        Later("A later import builds on this one; take that one back first."),
    ),
    "statement.not_whole_rials": (
        Later("The amount in row %(row)s is not whole rials. Nothing was imported."),
        Later("The file is not in whole rials. Nothing was imported."),
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
    "statement.too_large": (
        Later("Row %(row)s is larger than a row of a bank statement can be. Nothing was imported."),
        Later("This file is too large for a bank statement."),
    ),
    "statement.uncertain_row": (
        Later(
            "Row %(row)s cannot be read, and the balances around it do not say what it was. Ask the"
            " bank for another export. Nothing was imported."
        ),
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
    "statement.ambiguous_day": (
        Later(
            "Row %(row)s, column «%(column)s»: «%(text)s» is no day for certain. Nothing was"
            " imported. On the page «Columns» say in which order year, month and day stand, and of"
            " which calendar years of two digits are."
        ),
        Later("A day can be read in more than one way. Nothing was imported."),
    ),
    "statement.unreadable_cell": (
        Later("Row %(row)s, column «%(column)s» cannot be read. Nothing was imported."),
        Later("A cell in row %(row)s cannot be read. Nothing was imported."),
        Later("A cell cannot be read. Nothing was imported."),
    ),
    "statement.unsafe_file": (
        Later(
            "The file declares a document type or entities, which no bank's statement needs. Please"
            " export it again."
        ),
    ),
    "weekly_rest.unusable": (
        Later(
            "Please tick one to six weekdays, and choose a day from which no other weekly rest "
            "holds."
        ),
    ),
}
