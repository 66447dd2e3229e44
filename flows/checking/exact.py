"""Sums of rials that SQL itself compares, exact on both engines."""

from typing import Any

from sqlalchemy import ColumnElement, func

_PART = 10**9


def exact_sum(amount_rial: Any) -> ColumnElement[int]:
    """The sum of a column of rials, zero for no rows.

    SQLite's own ``sum`` fails past 9.2e18; what is summed in two parts fails nowhere, and a row
    that was corrupted to something huge is found instead of ending the check.
    """
    return func.coalesce(func.sum(amount_rial // _PART) * _PART + func.sum(amount_rial % _PART), 0)
