"""What happened to promised hours, for the donor's timeline: days agreed, done, missed, closed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import tehran_date
from core.digits import to_persian
from core.jalali import jalali_plain, jalali_text
from core.reasons import Reason
from donations.models.pledge import PledgeItem
from donations.models.shift import Outcome, ServiceClosing, Shift, ShiftOutcome
from donations.tracking import Stage, StageKind

_CARDINALS = ("صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده")
_NUMBERS = (
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip


def stages(session: Session, pledge_id: int) -> list[Stage]:
    """The stages of every promise of hours of a pledge, oldest first; nobody is named."""
    shifts = session.scalars(
        select(Shift)
        .join(PledgeItem, PledgeItem.id == Shift.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id)
        .options(selectinload(Shift.outcomes), joinedload(Shift.office))
        .order_by(Shift.pledge_item_id, Shift.id)
        .execution_options(populate_existing=True)
    ).all()
    closings = session.scalars(
        select(ServiceClosing)
        .join(PledgeItem, PledgeItem.id == ServiceClosing.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id)
    ).all()
    found = [stage for item in _by_item(shifts) for stage in _of_item(item)]
    found += [_closed(row) for row in closings]
    return sorted(found, key=lambda stage: stage.at)


def _by_item(shifts: Sequence[Shift]) -> list[list[Shift]]:
    by_item: dict[int, list[Shift]] = {}
    for shift in shifts:
        by_item.setdefault(shift.pledge_item_id, []).append(shift)
    return list(by_item.values())


def _of_item(shifts: Sequence[Shift]) -> Iterator[Stage]:
    """Each shift as it was agreed, as it ended and as it was corrected.

    Those done are counted among those that stand; a shift that was called off or missed stands no
    more: one of two done says that one is left.
    """
    standing = [row for row in shifts if not row.outcomes or row.hours]
    told = sorted((row.outcomes[0].told_at, row.id) for row in standing if row.outcomes)
    done = [shift_id for _told_at, shift_id in told]
    for shift in shifts:
        yield _stage(StageKind.WORK_PLANNED, shift, shift.planned_at, _planned(shift))
        for before, outcome in pairwise([None, *shift.outcomes]):
            if outcome is None:
                continue
            kind, words = _ended(shift, outcome)
            if before is not None:
                kind, words = StageKind.WORK_CORRECTED, _corrected(shift, before, outcome)
            elif outcome.hours and shift.hours:
                words = _counted(words, done.index(shift.id) + 1, len(standing))
            yield _stage(kind, shift, outcome.told_at, words)


def _stage(kind: StageKind, shift: Shift, at: datetime, told: Reason) -> Stage:
    return Stage(kind, at, item_id=shift.pledge_item_id, told=told)


def _ended(shift: Shift, outcome: ShiftOutcome) -> tuple[StageKind, Reason]:
    """What was told of a shift, without counting it among the others."""
    day = Reason(fa=jalali_text(shift.day), en=jalali_plain(shift.day))
    if outcome.outcome is Outcome.CANCELLED:
        return StageKind.WORK_CANCELLED, day
    if not outcome.hours:
        return StageKind.WORK_MISSED, day
    hours = _hours(outcome.hours)
    return StageKind.WORK_DONE, Reason(fa=f"{day.fa}، {hours.fa}", en=f"{day.en}, {hours.en}")


def _counted(words: Reason, number: int, of: int) -> Reason:
    return Reason(
        fa=f"{_word(number, _CARDINALS, fa=True)} از {_word(of, _CARDINALS, fa=True)} نوبت"
        f" انجام شد؛ {words.fa}",
        en=f"{_word(number, _NUMBERS)} of {_word(of, _NUMBERS)} done; {words.en}",
    )


def _corrected(shift: Shift, before: ShiftOutcome, outcome: ShiftOutcome) -> Reason:
    """The hours alone: why, names people."""
    now, then = _hours(outcome.hours), _hours(before.hours)
    return Reason(
        fa=f"{jalali_text(shift.day)}؛ {now.fa} به جای {then.fa}",
        en=f"{jalali_plain(shift.day)}; {now.en} instead of {then.en}",
    )


def _planned(shift: Shift) -> Reason:
    start, end = _clock(shift.start_minute), _clock(shift.end_minute)
    return Reason(
        fa=f"{jalali_text(shift.day)}، ساعت {to_persian(start)} تا {to_persian(end)}،"
        f" {shift.office.name_fa}",
        en=f"{jalali_plain(shift.day)}, {start} to {end}, {shift.office.name_en}",
    )


def _hours(hours: int) -> Reason:
    return Reason(
        fa=f"{to_persian(str(hours))} ساعت", en=f"{hours} hour{'s' if hours != 1 else ''}"
    )


def _closed(closing: ServiceClosing) -> Stage:
    day = tehran_date(closing.closed_at)
    served, promised = closing.served_hours, closing.promised_hours
    told = Reason(
        fa=f"{jalali_text(day)}؛ {to_persian(str(served))} از {to_persian(str(promised))} ساعت"
        " انجام شد",
        en=f"{jalali_plain(day)}; {served} of {promised} hours were served",
    )
    kind = StageKind.WORK_CLOSED
    return Stage(kind, closing.closed_at, item_id=closing.pledge_item_id, told=told)


def _word(number: int, words: Sequence[str], *, fa: bool = False) -> str:
    if number < len(words):
        return words[number]
    return to_persian(str(number)) if fa else str(number)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
