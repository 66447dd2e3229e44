"""Why something is refused, in words a person can act on: one sentence for each code.

Each audience has a module of its own here. Where the details of a code differ from case to case,
the fuller sentence stands first. What somebody typed is not repeated: it still stands in its field.
"""

import re
from collections.abc import Mapping
from datetime import date

from core.reasons import Reason
from core.refusals import Refusal
from core.words import Later, counted, spoken
from web.filters import day, digits, number, rial
from web.refusals import (
    cash,
    desk,
    everywhere,
    finance,
    giving,
    goods,
    offices,
    receipts,
    volunteers,
)

_GAP = re.compile(r"%\((\w+)\)s")

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    **cash.SENTENCES,
    **desk.SENTENCES,
    **everywhere.SENTENCES,
    **finance.SENTENCES,
    **giving.SENTENCES,
    **goods.SENTENCES,
    **offices.SENTENCES,
    **receipts.SENTENCES,
    **volunteers.SENTENCES,
}


def explain(refusal: Refusal) -> str:
    """The sentence for a refusal, in the language being spoken, with its gaps filled."""
    return _sentence(refusal.code, refusal.details)


def explain_told(code: str, details: Mapping[str, object]) -> str:
    """The sentence for a refusal that was written down; of one no longer known, only its code."""
    if code not in SENTENCES:
        return code
    return _sentence(code, details)


def waiting_time(seconds: int) -> str:
    """How long somebody has to wait, in seconds or minutes, rounded up."""
    if seconds < 100:
        return counted("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    minutes = -(-seconds // 60)
    return counted("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def _sentence(code: str, details: Mapping[str, object]) -> str:
    gaps = _gaps(details)
    for sentence in SENTENCES[code]:
        if set(_GAP.findall(sentence)) <= gaps.keys():
            return digits(str(sentence) % gaps)
    raise LookupError(f"{code}: no sentence for the details {sorted(gaps)}")


def _gaps(details: Mapping[str, object]) -> dict[str, str]:
    gaps = {name: _said(name, value) for name, value in details.items()}
    for limit in ("least", "most"):
        if isinstance(value := details.get(limit), int):
            gaps[f"{limit}_rial"] = rial(value)
    if isinstance(seconds := details.get("wait_seconds"), int):
        gaps["wait"] = waiting_time(seconds)
    return gaps


def _said(name: str, value: object) -> str:
    if isinstance(value, Reason):
        return value.told(spoken())
    if isinstance(value, int):
        return rial(value) if name.endswith("_rial") else number(value)
    return day(value) if isinstance(value, date) else str(value)
