"""Cash in hand: sessions, counts, boxes, rounds and slips."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "box.in_round": (
        Later("Box %(number)s is on the list of an open round. Close that round first."),
    ),
    "box.numbers_used_up": (
        Later("This office has no box number left. Please tell the headquarters."),
    ),
    "box.seal_unusable": (
        Later("The new seal of box %(number)s has no number, or served this box before."),
        Later("The number of a seal has at most %(longest)s characters."),
    ),
    "box.text_missing": (Later("Please write this, with at most %(longest)s characters."),),
    "count.decided": (Later("Somebody has decided on this count, or it was counted again."),),
    "count.reason_missing": (
        Later(
            "%(counted_rial)s were counted, the books say %(expected_rial)s. Count again, or give"
            " the reason with at most %(longest)s characters."
        ),
    ),
    "count.second_person_needed": (
        Later("Whoever counted, or whose drawer it is, cannot decide: another person has to."),
    ),
    "count.unreadable": (Later("Please write how many there are as a whole number."),),
    "denomination.in_the_past": (
        Later("Notes and coins change from today on; what was counted before stays."),
    ),
    "denomination.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "denomination.unknown": (Later("No such note or coin was ever counted."),),
    "denomination.unusable": (Later("No note or coin is worth that."),),
    "round.boxes_differ": (
        Later("The boxes make %(boxes_rial)s, the notes %(counted_rial)s. Please count again."),
    ),
    "round.cancel_reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "round.closed": (Later("This round is closed."),),
    "round.counted": (
        Later(
            "The money of this round has been counted. Confirm that count, or count again; a round"
            " is cancelled only before it is counted."
        ),
    ),
    "round.findings_missing": (
        Later("Of %(count)s boxes nobody has said how they were found; the first is %(first)s."),
    ),
    "round.left_without_reason": (
        Later(
            "Please write why box %(number)s was not collected, with at most %(longest)s"
            " characters."
        ),
    ),
    "round.no_boxes": (Later("Please choose at least one box that stands somewhere."),),
    "round.not_emptied": (
        Later("Box %(number)s was not emptied: it has neither an amount nor a new seal."),
    ),
    "round.not_your_remark": (
        Later("%(name)s is of the staff and writes this remark while signed in."),
    ),
    "round.remark_missing": (
        Later("Please write the remark, with at most %(longest)s characters."),
    ),
    "round.remark_written": (Later("This collector's remark is written down already."),),
    "round.remarks_missing": (
        Later(
            "%(count)s boxes were not found as our books have them. Both collectors have to write"
            " a remark before the round closes."
        ),
    ),
    "round.seal_missing": (Later("Please write the seal of box %(number)s."),),
    "round.two_collectors_needed": (
        Later("A round is walked by two different persons, each named."),
    ),
    "session.already_open": (Later("You have a session open already."),),
    "session.closed": (Later("This session is closed; its drawer is empty."),),
    "session.float_not_in_hand": (
        Later("The desk does not hold so much cash: %(free_rial)s are free for a drawer."),
    ),
    "session.moved_on": (
        Later("Cash came or went since this count. Please count the drawer again."),
    ),
    "session.not_yours": (
        Later(
            "This is somebody else's session: its cashier counts it, or whoever decides on cash."
        ),
    ),
    "slip.matched": (
        Later(
            "The bank's statement has the cash of slip %(number)s. Finance has to undo that match"
            " before the slip can be voided."
        ),
    ),
    "slip.not_in_hand": (
        Later("The desk does not hold so much cash: %(free_rial)s can be handed over."),
    ),
    "slip.not_of_sources": (
        Later("What you chose allows a slip of %(least_rial)s to %(most_rial)s."),
    ),
    "slip.on_statement": (
        Later(
            "The bank's statement shows money under the deposit id of slip %(number)s. Let the"
            " rules run, or ask finance what it is, before the slip is voided."
        ),
    ),
    "slip.reason_missing": (Later("Please give the reason, with at most %(longest)s characters."),),
    "slip.second_person_needed": (
        Later("Whoever made a slip cannot void it: another person has to."),
    ),
    "slip.source_unusable": (
        Later("This session or round is not closed, not of this desk, or on another slip already."),
    ),
    "slip.void": (Later("Slip %(number)s was voided before."),),
    "void.cash_at_the_bank": (
        Later(
            "Slip %(number)s brought the cash of this entry to the bank, and the statement has it."
            " Only when finance has undone that match and the slip is void can the entry be voided."
        ),
    ),
    "void.cash_on_slip": (
        Later(
            "The cash of this entry lies in deposit slip %(number)s. If it has not gone to the"
            " bank, void the slip first; then this entry can be voided."
        ),
    ),
}
