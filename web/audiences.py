"""For whom a page may be, and what each asks of those who sign in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from offices.granting import Permission


class Allow(StrEnum):
    """Who may open a page. What each staff role is allowed stands in ``offices/granting.py``."""

    EVERYONE = "everyone"
    BANK = "bank"  # a browser on its way back from a bank: no cookie, no token, a key in the path
    API = "api"  # partner software with a key; the API checks it itself
    STAFF = "staff"  # whoever is signed in
    DESK = "desk"  # who records gifts at a counter
    ENTRIES = "entries"  # who may read what was recorded: desks, finance, auditors
    VOIDS = "voids"  # who decides on a void
    FINANCE = "finance"
    RULES = "rules"  # finance, and who may let a rule do more
    HEADQUARTERS = "headquarters"
    TEXTS = "texts"  # who reads and sets what the organisation writes on its documents
    CASH = "cash"  # who decides on cash that differs
    VALUES = "values"  # who decides on what goods are worth
    NEEDS = "needs"  # who publishes what is needed; every desk reads it
    DESK_RULES = "desk_rules"  # what goods are taken, limits of the desks; every desk reads them
    OFFICES = "offices"  # the offices of one's scope, their figures and lists
    DONORS = "donors"  # who looks donors up, and says that two are one person


@dataclass(frozen=True, slots=True)
class Needs:
    """The permission to read a page, and the one to send its form; empty: being signed in."""

    read: Permission | None = None
    act: Permission | None = None


P = Permission

WITHOUT_SIGN_IN = frozenset({Allow.EVERYONE, Allow.BANK, Allow.API})
NEEDS: Mapping[Allow, Needs] = {
    Allow.STAFF: Needs(),
    Allow.DESK: Needs(P.WORK_AT_DESK, P.WORK_AT_DESK),
    Allow.ENTRIES: Needs(P.SEE_ENTRIES, P.SEE_ENTRIES),
    Allow.VOIDS: Needs(P.APPROVE_VOIDS, P.APPROVE_VOIDS),
    Allow.FINANCE: Needs(P.SEE_FINANCE, P.WORK_IN_FINANCE),
    Allow.RULES: Needs(P.SEE_RULES, P.SET_RULES),
    Allow.HEADQUARTERS: Needs(P.SEE_HEADQUARTERS, P.MANAGE_STAFF),
    Allow.TEXTS: Needs(P.SEE_TEXTS, P.SET_TEXTS),
    Allow.CASH: Needs(P.APPROVE_CASH, P.APPROVE_CASH),
    Allow.VALUES: Needs(P.APPROVE_VALUES, P.APPROVE_VALUES),
    Allow.NEEDS: Needs(P.SEE_ENTRIES, P.PUBLISH_NEEDS),
    Allow.DESK_RULES: Needs(P.SEE_DESK_RULES, P.SET_DESK_RULES),
    Allow.OFFICES: Needs(P.SEE_OFFICES, P.MANAGE_OFFICES),
    Allow.DONORS: Needs(P.SEE_DONORS, P.MERGE_DONORS),
}
