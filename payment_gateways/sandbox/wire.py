"""What a gateway's wire module offers to the bank: its addresses, its codes, its way back.

A wire turns the one money model of ``sales`` into the words of one gateway; it decides nothing
about money. Wires are found by the entry-point group ``mosharekat.gateway_sims``, those of other
packages like our own.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Protocol

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import Sales, Terms
from payment_gateways.sandbox.serving import Answer, Request

GROUP = "mosharekat.gateway_sims"


class Why(StrEnum):
    """Why a call is declined before anything is looked at."""

    UNLISTED = "unlisted"  # with a code that no guide lists
    CREDENTIALS = "credentials"
    ADDRESS = "address"  # the server address is not on file
    SESSION_OVER = "session_over"  # the access token is not valid any more, where there is one


@dataclass(frozen=True, slots=True)
class Back:
    """How the payer's browser comes back to the merchant."""

    method: str
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """What the gateway calls the parts of an answer (keys of JSON, elements of XML).

    Faults use it to spoil them: to leave one out, to write numbers in Persian digits or as texts.
    """

    code: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


class Wire(Protocol):
    """One gateway's wire. Safe to use from many threads."""

    slug: str
    terms: Terms
    names: Names
    steps: Mapping[str, str]  # step of the contract (start, confirm, …) -> operation of the wire

    def settings(self, number: int) -> Mapping[str, str]:
        """The settings of an account, as its TOML table has them, for terminal ``number``."""

    def operation(self, request: Request) -> str | None:
        """Name the call, if it is one of this gateway's."""

    def perform(self, sales: Sales, operation: str, request: Request) -> Answer:
        """Do what a call asks."""

    def refuse(self, operation: str, why: Why) -> Answer:
        """Decline a call without looking at it."""

    def page_token(self, request: Request) -> str | None:
        """The token of a request for the pay page, if it is one of this gateway's pages."""

    def way_back(self, payment: Row) -> Back:
        """Where the payer's browser goes, with what."""

    def login(self, settings: Mapping[str, str]) -> tuple[str, str, str]:
        """Login, terminal and secret, as ``Sales.terminal`` knows them, of an account."""


def load_wires() -> Mapping[str, Wire]:
    """Every wire that is installed, by slug. One that cannot be loaded keeps no other away."""
    found = {}
    for door in entry_points(group=GROUP):
        try:
            wire: Wire = door.load()()
        except Exception as trouble:
            print(f"{door.name} is not spoken here: {trouble}", file=sys.stderr)
            continue
        found[wire.slug] = wire
    return found
