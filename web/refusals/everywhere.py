"""What any page or program may meet: single fields, requests, limits."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "amount.unreadable": (
        Later("Please write the amount as a whole number of rials, for example 2,500,000."),
    ),
    "api_key.name": (Later("Please choose another name; this one is empty, too long or taken."),),
    "api_key.no_such_name": (Later("No key has this name."),),
    "api_key.unknown": (Later("This key is not known here or has been revoked."),),
    "body.not_json": (Later("The request must be sent as JSON."),),
    "body.unreadable": (Later("The request is not valid JSON in UTF-8."),),
    "date.unreadable": (
        Later("This is not a day of the calendar. Please write it like 1404/07/21."),
    ),
    "email.unusable": (
        Later("This does not look like an e-mail address. Please check it, or leave it empty."),
    ),
    "field.repeated": (Later("A field stands twice in the request."),),
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
    "quantity.unusable": (
        Later("Please write a number above zero, for example 20; goods may have decimals."),
    ),
    "text.unusable": (
        Later("Please fill this in, with at most %(longest)s characters."),
        Later("Please fill this in."),
    ),
    "time.unreadable": (Later("This is not a time of the day. Please write it like 8:30."),),
    "too_many_tries": (Later("That was too often. Please try again in %(wait)s."),),
}
