"""Giving, paying and sending back."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
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
    "deposit_id.series_full": (
        Later("No deposit ids are left for this office this year. Please tell the headquarters."),
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
    "terms.unusable": (
        Later(
            "Please check the figures: the least is no more than the most, the share at most"
            " 10,000, the window at most 60 days, and no other terms begin on this day."
        ),
    ),
}
