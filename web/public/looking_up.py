"""Looking a gift up by its code: the one door, so that codes cannot be guessed through another."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from core.refusals import NotFound
from donations.models.pledge import Pledge
from donations.tracking import pledge_with_code
from web.public.limiting import count_miss, refuse_after_misses
from web.public.unlocking import is_opened
from web.services import current

Shown = TypeVar("Shown")


def looked_up(tracking_code: str, show: Callable[[Session, Pledge], Shown]) -> Shown:
    """What ``show`` makes of the pledge of a code, for whoever may look codes up from here.

    A code that nobody has is counted, and an address that missed too often learns nothing of any
    code unless it holds the gift's own key. Raises NotFound, TooManyTries.
    """
    try:
        with current.database.reading() as session:
            pledge = pledge_with_code(session, tracking_code)
            if not is_opened(pledge):
                refuse_after_misses(session)
            return show(session, pledge)
    except NotFound:
        count_miss()
        raise
