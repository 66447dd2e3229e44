"""Who is asking: the partner behind the key of a request, and how often it may ask."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import cast

from flask import g, request
from flask.typing import ResponseReturnValue

from offices.api_keys import key_holder
from offices.limits import allow
from web.api.refusals import UnknownKey
from web.services import current

REQUESTS_A_MINUTE = 600

View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class Partner:
    """The key a request came with. Where it belongs to an office, so do the gifts it brings."""

    api_key_id: int
    office_id: int | None


def partner() -> Partner:
    """The partner whose request this is."""
    return cast(Partner, g.partner)


def for_partners(view: View) -> View:
    """The view, opened only to a key that counts and does not ask too often.

    Raises UnknownKey, TooManyTries.
    """

    @wraps(view)
    def behind_the_gate(**path_values: object) -> ResponseReturnValue:
        g.partner = _known_partner()
        return view(**path_values)

    return behind_the_gate


def _known_partner() -> Partner:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise UnknownKey
    now = current.now()
    with current.database.reading() as session:
        holder = key_holder(session, sent.token, now)
        if holder is None:
            raise UnknownKey
        known = Partner(holder.id, holder.office_id)
    with current.database.writing() as session:
        allow(
            session,
            f"api:{known.api_key_id}",
            tries=REQUESTS_A_MINUTE,
            per=timedelta(minutes=1),
            now=now,
        )
    return known
