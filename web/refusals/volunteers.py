"""Volunteers, their shifts and their hours."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "hours.already_reserved": (Later("These hours have their place in a need already."),),
    "hours.are_planned": (
        Later(
            "Shifts are planned for these hours. They are received by confirming the "
            "shifts, on the page of the volunteers."
        ),
    ),
    "hours.closing_reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "hours.ended": (
        Later("These hours were received or withdrawn; nothing more can be planned for them."),
    ),
    "hours.other_person": (
        Later("These hours were promised under another mobile number than this volunteer’s."),
    ),
    "hours.other_skill": (Later("This volunteer did not name this field. Tell it anew first."),),
    "hours.taken": (Later("These hours are taken on for another volunteer, or in another field."),),
    "licence.ended": (
        Later(
            "The licence ended on %(ended_on)s. Nobody works in this field without a "
            "licence that holds on that day."
        ),
    ),
    "licence.ends_before_it_starts": (Later("The last day is before the first one."),),
    "licence.missing": (
        Later("No licence is recorded. This field needs one, service %(service_id)s."),
    ),
    "licence.not_needed": (Later("This field needs no licence."),),
    "licence.not_yet": (Later("The licence holds from %(starts_on)s on, not on this day."),),
    "licence.replaced": (Later("This licence was corrected before. Correct the later one."),),
    "shift.ahead": (Later("This day has not come yet; hours are confirmed from then on."),),
    "shift.ended": (Later("This shift was confirmed or cancelled before."),),
    "shift.hours_certified": (
        Later(
            "These hours stand on the certificate %(certificate)s. Void it first, on the page of"
            " the volunteer."
        ),
    ),
    "shift.hours_received": (
        Later("These hours have the receipt %(receipt)s. It must be void first, by two persons."),
    ),
    "shift.not_coming": (
        Later(
            "The volunteer did not name this part of the week. Tick that it is agreed, or "
            "choose another time."
        ),
    ),
    "shift.not_ended": (Later("Nobody has told of this shift yet; there is nothing to correct."),),
    "shift.overlaps": (Later("The volunteer works another shift at that time."),),
    "shift.own_hours": (
        Later("Nobody confirms their own hours; another person of the centre does."),
    ),
    "shift.past": (Later("This day is over; nobody is planned for it any more."),),
    "shift.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "shift.unusable_hours": (
        Later("Please write the whole hours that were served, from 1 to %(longest)s."),
    ),
    "shift.unusable_time": (Later("A shift ends after it starts, both on a quarter of an hour."),),
    "volunteer.has_left": (Later("This person is no volunteer any more. Tell them anew first."),),
    "volunteer.known_elsewhere": (
        Later(
            "This number is registered at another office. That office, or the headquarters, "
            "tells it anew."
        ),
    ),
    "volunteer.leaving_reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "volunteer.skill_missing": (Later("Please choose at least one field."),),
    "volunteer.unknown_staff": (Later("Nobody signs in under this name."),),
}
