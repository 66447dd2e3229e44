"""What a view may reach for: the database, the clock, the gateways and the settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app
from werkzeug.local import LocalProxy

from core.database import Database
from core.settings import Settings
from payment_gateways.registry import Gateway


@dataclass(frozen=True, slots=True)
class Services:
    """One application's way to the outside. ``now`` is the clock; nothing else reads it."""

    settings: Settings
    database: Database
    now: Callable[[], datetime]
    gateways: Mapping[str, Gateway]


def _services() -> Services:
    return cast(Services, current_app.extensions["services"])


current: Services = cast(Services, LocalProxy(_services))
