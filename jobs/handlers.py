"""What a job leads to: work within the transaction that finishes it, or work that reaches outside.

The queue knows no subject: which kind of job leads where is handed in as ``Handlers``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Within:
    """Work on a session: what it writes and the end of the job commit together, or not at all."""

    work: Callable[[Session, str, datetime], None]  # session, subject, now


@dataclass(frozen=True, slots=True)
class Outside:
    """Work that calls a bank or a sender, or opens transactions of its own.

    A worker that dies between the work and the end of the job leads to a second call, so the work
    must be harmless to repeat.
    """

    work: Callable[[str, datetime], None]  # subject, now


Handler = Within | Outside
Handlers = Mapping[str, Handler]
