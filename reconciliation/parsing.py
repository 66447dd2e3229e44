"""Parsing an uploaded file in a process of its own, which may die without taking anything along."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO

from core.confined import Confined, Limits, confined
from core.doors import doors_of
from reconciliation.frames import decoded_ending
from reconciliation.held import Chain
from reconciliation.statements.contract import Wanted
from reconciliation.statements.doors import GROUP
from reconciliation.statements.recognise import AUTO
from reconciliation.statements.refusals import DamagedFile
from reconciliation.told import pieces

_CHILD = "reconciliation.statements.child"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file turned out to be, and its rows."""

    format: str
    account_digits: str | None
    chain: Chain


LIMITS = Limits()


@contextmanager
def parsed(
    file: BinaryIO, wanted: Wanted, *, unit: str, asked: str = AUTO, limits: Limits = LIMITS
) -> Iterator[Parsed]:
    """Read a file on disk to its end in a child process.

    Raises the Refusal that its reader raised; FileTooLarge where the child ran into a limit;
    DamagedFile where it died or failed otherwise. Nothing is left behind then.
    """
    request = {
        "account": wanted.account_number,
        "columns": None if wanted.columns is None else dict(wanted.columns),
        "days": asdict(wanted.days),
        "set_aside": sorted(wanted.set_aside),
        "unit": unit,
        "format": asked,
        "doors": [asdict(door) for doors in doors_of(GROUP).values() for door in doors],
        "limits": asdict(limits),
    }
    with Chain() as chain, confined(_CHILD, json.dumps(request), file, limits) as child:
        yield _received(child, chain)


def _received(child: Confined, chain: Chain) -> Parsed:
    head: dict[str, str | None] = {}
    try:
        for kind, payload in pieces(child):
            match kind:
                case b"H":
                    head = json.loads(payload)
                case b"S":
                    chain.store(payload)
                case _:
                    chain.ending = decoded_ending(payload)
        return Parsed(head["format"] or "", head["account_digits"], chain)
    except (ValueError, TypeError, KeyError) as error:  # what it sent cannot be understood
        raise DamagedFile from error
