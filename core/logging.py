"""Logs as one JSON object a line, with ids instead of names and secrets never."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_CARD = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{6}([0-9]{4})(?![0-9])")
_MOBILE = re.compile(r"(?<![0-9])(09[0-9]{2})[0-9]{3}([0-9]{4})(?![0-9])")


def start_logging(level: str) -> None:
    """Send every log record of the process to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _masked,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _masked(
    _logger: Any, _method: str, record: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The last guard: a card or mobile number that slipped into a message is cut out of it."""
    for name, value in record.items():
        if isinstance(value, str):
            record[name] = _MOBILE.sub(r"\1***\2", _CARD.sub(r"\1******\2", value))
    return record
