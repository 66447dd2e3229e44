"""What a desk records: entries, batches, lists, numbers and paper books."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "batch.closed": (Later("This batch is closed; nothing is added to it any more."),),
    "batch.count_differs": (
        Later(
            "%(expected)s envelopes are expected, %(typed)s are typed: the difference is %(gap)s."
        ),
    ),
    "batch.full": (Later("A batch has at most %(most)s lines."),),
    "batch.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "batch.total_differs": (
        Later(
            "%(expected_rial)s are expected, the lines make %(typed_rial)s: the difference is"
            " %(gap_rial)s."
        ),
    ),
    "batch.unusable": (
        Later("A batch has a title, one to %(most)s envelopes, and the total that they make."),
    ),
    "desk_limit.in_the_past": (Later("A limit can hold from today on, not earlier."),),
    "desk_limit.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "desk_limit.unusable": (Later("A limit is zero or an amount in rials."),),
    "entry.seen_before": (
        Later(
            "This number stands on another entry of this desk. If it is the same gift, do not enter"
            " it again."
        ),
    ),
    "list.empty": (Later("Please choose a file with at least one row below its headings."),),
    "list.too_long": (
        Later("The list has more than %(longest)s rows. Please hand it in in parts."),
    ),
    "list.word": (Later("This word is not understood here; please use one of those above."),),
    "number_block.closed": (
        Later("The block of the number %(number)s is closed, so the number is void."),
    ),
    "number_block.none_left": (
        Later("No block of numbers is free at this desk. Please ask the manager to allot one."),
    ),
    "number_block.number_spent": (
        Later("The number %(number)s stands on another entry, or was given up."),
    ),
    "number_block.other_browser": (Later("The number %(number)s belongs to another browser."),),
    "number_block.other_year": (Later("The number %(number)s is of another year."),),
    "number_block.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "number_block.size": (Later("A block has one to %(most)s numbers."),),
    "number_block.unsent": (
        Later(
            "Numbers of %(most)s blocks of this browser are not sent yet. Please send what waits,"
            " or give it up, before you take another block."
        ),
    ),
    "offline.content_differs": (
        Later(
            "This entry was recorded before, with another content, under the number %(number)s."
            " Please compare them; an entry is corrected by a void."
        ),
    ),
    "offline.made_by_another": (
        Later("Somebody else made this entry; it is sent when that person has signed in."),
    ),
    "offline.perhaps_the_same": (
        Later("An entry of the last 24 hours has the same mobile and the same amount: %(number)s."),
    ),
    "offline.unlikely_moment": (
        Later(
            "By the clock of this browser the entry is of the future, or older than %(days)s days."
            " Please look at the clock."
        ),
    ),
    "offline.unreadable": (
        Later("What this browser sent is no entry. Please load the page again."),
    ),
    "walk_in_list.day": (
        Later("The day is in the future, signed already, or more than %(days)s days ago."),
    ),
    "walk_in_list.drawer_counted": (
        Later("Your drawer of that day has been counted; its cash cannot be added to any more."),
    ),
    "walk_in_list.like_an_entry": (
        Later(
            "Entry %(number)s has the same mobile, amount and day. If this is another gift, write"
            ' "yes" in the last column.'
        ),
    ),
    "walk_in_list.like_another_row": (
        Later(
            "Row %(row)s has the same details or the same number. If this is another gift, write"
            ' "yes" in the last column.'
        ),
    ),
    "walk_in_list.reference": (
        Later("Write the number of the cheque, or the trace number of the card slip."),
    ),
    "walk_in_list.says_otherwise": (
        Later("The receipt of this number says another day or amount."),
    ),
    "walk_in_list.void": (
        Later(
            "The entry of this receipt is void. If this is a gift of its own, leave the receipt"
            " number empty."
        ),
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
}
