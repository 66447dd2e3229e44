"""Goods, from the offer to the hand-over."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "acceptance.appraiser_missing": (
        Later("Only an appraiser's value has an appraiser, and it needs the appraiser's name."),
    ),
    "acceptance.ends_before_it_starts": (Later("The last day is before the first one."),),
    "acceptance.value_missing": (Later("An assessed value and what it rests on belong together."),),
    "appointment.address_missing": (
        Later("Please write the address for fetching the goods, %(longest)s characters at most."),
    ),
    "appointment.none": (Later("There is no appointment to cancel."),),
    "appointment.nothing_to_bring": (Later("No goods of this code are expected any more."),),
    "appointment.unusable_day": (
        Later("Please choose a day from today on, at most %(days)s days ahead."),
    ),
    "goods.already_valued": (Later("Somebody else has decided on this value."),),
    "goods.appraiser_decides": (
        Later("You assessed this value yourself; another person has to decide."),
    ),
    "goods.being_valued": (
        Later(
            "A second person has yet to decide on the value of these goods. Until then they stay"
            " together where they are."
        ),
    ),
    "goods.condition_not_said": (
        Later("A rule holds for these goods: please say in what condition they are."),
    ),
    "goods.expiry_missing": (Later("Goods of this category are taken with an expiry date only."),),
    "goods.not_a_part": (Later("Please write a part of %(whole)s, or leave this empty."),),
    "goods.opened_not_said": (Later("Please say whether the package was opened."),),
    "goods.refused": (Later("%(told)s"),),
    "goods.rule_in_the_past": (Later("A rule can hold from today on at the earliest."),),
    "goods.unknown_category": (Later("Please choose one of the categories."),),
    "goods.unusable_rule": (Later("Please write a whole number that this rule can have."),),
    "goods.value_needs_second": (
        Later("The assessed value is beyond the limit: a second person has to decide on it."),
    ),
    "goods.works_not_said": (Later("Please say whether it was tried and works."),),
    "hand_over.already_acknowledged": (Later("Somebody has written down what arrived."),),
    "hand_over.already_reversed": (Later("Goods of this line came back before."),),
    "hand_over.difference_unexplained": (
        Later("Less arrived than was handed over: please write why."),
    ),
    "hand_over.more_than_handed": (
        Later("This must be above zero and no more than the %(handed)s that were handed over."),
    ),
    "hand_over.no_receiver": (
        Later("Please choose an office or a purpose, or name the person in charge."),
    ),
    "hand_over.nothing": (Later("Please write how much of what is handed over."),),
    "hand_over.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "need.below_promised": (
        Later("Donors were promised a place for %(promised)s, or brought them: not less."),
    ),
    "need.closed": (Later("This need is closed; nothing more is asked for."),),
    "need.not_open": (Later("Only %(open)s of this need is still open."),),
    "stock.handed_over": (
        Later("These goods were handed over. Write on the slip that they came back first."),
    ),
    "stock.not_there": (Later("Only %(there)s of it lies in stock."),),
}
