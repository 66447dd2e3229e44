"""Suggestions for an open line: never automatic, at most five, each with its signs and a word.

Points only put them in order; what people see is one of three words, and every sign in a sentence.
Candidates come from indexes alone: our ids in the row, promises of the same amount made lately,
and promises of donors whom this payer is known for.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, func, select, union
from sqlalchemy.orm import Session

from core.clock import tehran_date, tehran_moment
from core.digits import folded
from core.identifiers import is_deposit_id, is_tracking_code
from core.refusals import NotFound
from donations.models.donor import Donor
from donations.models.pledge import HiddenFrom, Pledge
from offices.places import Office, Province
from reconciliation.aliases import Known, Verdict, card_owners, decide, known_donors
from reconciliation.calendar import Calendar, calendar_of
from reconciliation.dismissals import DismissedSuggestion, dismissed_pledges
from reconciliation.expected import ExpectedDeposit, Expects, OpenDepositLine, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Target
from reconciliation.rules_shadow import offered

SUGGESTIONS_MAX = 5
# The amount alone speaks for promises made lately, and of many for the newest.
SAME_AMOUNT_WITHIN = timedelta(days=90)
_SAME_AMOUNT_MAX = 50
_OF_KNOWN_DONORS_MAX = 50
SUFFIX_DIGITS_MIN = 6
_NUMBERS = re.compile(r"[0-9]+")
_CODE_LENGTH = 13
_WORD_LETTERS_MIN = 3


class Word(StrEnum):
    """How sure a suggestion is, as people read it."""

    CERTAIN = "certain"  # all that a sure rule asks for, in another place of the row
    LIKELY = "likely"
    POSSIBLE = "possible"


# What names the pledge or its donor, and so makes an equal amount more than chance.
NAMING = frozenset(
    {
        "deposit_id", "tracking_code", "near_deposit_id", "id_suffix", "card", "mobile", "alias",
        "name",
    }
)  # fmt: skip
WHOLE_IDS = frozenset({"deposit_id", "tracking_code"})


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for a candidate or against it: which, how much, and its value."""

    name: str
    points: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An open pledge that a line may be the money of."""

    pledge_id: int
    tracking_code: str
    deposit_id: str
    promised_rial: int
    made_on: date
    donor_name: str | None
    signs: tuple[Sign, ...] = field(default=())
    is_offered: bool = False  # by a rule that may suggest and not book

    @property
    def points(self) -> int:
        return sum(sign.points for sign in self.signs)

    @property
    def sign_names(self) -> frozenset[str]:
        return frozenset(sign.name for sign in self.signs)

    @property
    def word(self) -> Word:
        """How sure it is."""
        has_amount = "amount" in self.sign_names
        if self.is_offered or (has_amount and self.sign_names & WHOLE_IDS):
            return Word.CERTAIN
        if self.sign_names & WHOLE_IDS or (has_amount and self.sign_names & NAMING):
            return Word.LIKELY
        return Word.POSSIBLE


@dataclass(frozen=True, slots=True)
class Group:
    """Lines whose one good candidate has the same signs, to be accepted together."""

    word: Word
    sign_names: tuple[str, ...]
    pairs: Sequence[tuple[int, int]]  # line_id, pledge_id
    total_rial: int


def suggestions(session: Session, line: StatementLine) -> Sequence[Suggestion]:
    """The open pledges that a credit line may be, best first."""
    if line.amount_rial < 0:
        return ()
    scale = _Scale(session, line)
    found = [scale.weighed(row) for row in _candidates(session, line, scale)]
    found.sort(key=lambda suggestion: (-suggestion.points, suggestion.pledge_id))
    return [suggestion for suggestion in found if suggestion.points > 0][:SUGGESTIONS_MAX]


def groups(session: Session, *, lines_max: int = 200) -> Sequence[Group]:
    """Open credits, the oldest first, whose only certain or likely candidate has equal signs.

    Only with the exact amount; a pledge that two lines ask for is in no group.
    """
    alike: dict[tuple[Word, tuple[str, ...]], list[tuple[StatementLine, int]]] = defaultdict(list)
    wanted: Counter[int] = Counter()
    for line in _oldest_credits(session, lines_max):
        good = [each for each in suggestions(session, line) if each.word is not Word.POSSIBLE]
        if len(good) == 1 and "amount" in good[0].sign_names:
            names = tuple(sorted(good[0].sign_names - {"days"}))
            alike[good[0].word, names].append((line, good[0].pledge_id))
            wanted[good[0].pledge_id] += 1
    made = []
    for (word, names), members in alike.items():
        sole = [(line, pledge_id) for line, pledge_id in members if wanted[pledge_id] == 1]
        if sole:
            pairs = [(line.id, pledge_id) for line, pledge_id in sole]
            made.append(Group(word, names, pairs, sum(line.amount_rial for line, _id in sole)))
    return sorted(made, key=lambda group: (list(Word).index(group.word), -len(group.pairs)))


def confirmed(session: Session, line_id: int, pledge_id: int, *, by: int, now: datetime) -> None:
    """Remember that a person gave a line's money to a pledge. Raises NotFound."""
    line, pledge = _pair(session, line_id, pledge_id)
    decide(session, line, pledge, Verdict.CONFIRMED, decided_by_id=by, now=now)


def dismiss(session: Session, line_id: int, pledge_id: int, by: int, now: datetime) -> None:
    """Never offer this pledge for this line again. Doing it twice is doing it once.

    Raises NotFound.
    """
    line, pledge = _pair(session, line_id, pledge_id)
    if pledge_id in dismissed_pledges(session, line_id):
        return
    _decide_offer(session, line_id, pledge_id, is_withdrawn=False, by=by, now=now)
    decide(session, line, pledge, Verdict.DECLINED, decided_by_id=by, now=now)


def offer_again(session: Session, line_id: int, pledge_id: int, by: int, now: datetime) -> None:
    """Let a dismissed pledge be offered again; the payer is as before what was decided of it.

    Raises NotFound where the pair was not dismissed.
    """
    if pledge_id not in dismissed_pledges(session, line_id):
        raise NotFound(subject="dismissed_suggestion")
    _decide_offer(session, line_id, pledge_id, is_withdrawn=True, by=by, now=now)


def suggested_count(session: Session) -> int:
    """How many open lines have a suggestion by their amount or by an id of ours."""
    promised = select(ExpectedDeposit.amount_rial).where(ExpectedDeposit.expects == Expects.PLEDGE)
    # Two lists become one: of an OR, PostgreSQL would look both up anew for every line.
    by_amount = select(OpenLine.line_id).where(
        OpenLine.amount_rial > 0, OpenLine.amount_rial.in_(promised)
    )
    by_id = (
        select(OpenDepositLine.line_id)
        .join(ExpectedDeposit, ExpectedDeposit.deposit_id == OpenDepositLine.deposit_id)
        .where(ExpectedDeposit.expects == Expects.PLEDGE)
    )
    return session.scalars(
        select(func.count()).select_from(union(by_amount, by_id).subquery())
    ).one()


def numbers_in(line: StatementLine) -> frozenset[str]:
    """Every number that a line carries anywhere."""
    texts = (line.deposit_id, line.description, line.payer, line.reference)
    return frozenset(number for text in texts for number in _NUMBERS.findall(text or ""))


def codes_in(line: StatementLine) -> Iterator[str]:
    """Every number of thirteen digits that a line carries anywhere."""
    return (number for number in numbers_in(line) if len(number) == _CODE_LENGTH)


def near_deposit_ids(code: str) -> Iterator[str]:
    """Deposit ids of ours that differ from a number by one digit or by two swapped neighbours."""
    for place, digit in enumerate(code):
        for other in "0123456789":
            if other != digit and is_deposit_id(near := code[:place] + other + code[place + 1 :]):
                yield near
    for place in range(len(code) - 1):
        near = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        if near != code and is_deposit_id(near):
            yield near


class _Scale:
    """What is known of one line, looked up once and held against each candidate."""

    def __init__(self, session: Session, line: StatementLine) -> None:
        self.line = line
        self.numbers = numbers_in(line)
        self.codes = frozenset(codes_in(line))
        self.near = frozenset(near for code in self.codes for near in near_deposit_ids(code))
        self.known = known_donors(session, line)
        self.owners = card_owners(session, line)
        self.dismissed = dismissed_pledges(session, line.id)
        self.offered = frozenset(
            each.target_id
            for each in offered(session, line.id)
            if each.target is Target.PLEDGE and each.target_id is not None
        )
        self._calendar: Calendar = calendar_of(session)
        self._texts = f"{line.payer or ''} {line.description or ''}"
        self._words = frozenset(folded(f"{self._texts} {line.branch or ''}").split())

    @property
    def donor_ids(self) -> frozenset[int]:
        """The donors whose open pledges are worth a look."""
        met = {donor for donor, known in self.known.items() if known.confirmed}
        return self.owners | met

    def weighed(self, row: Row[*tuple[Any, ...]]) -> Suggestion:
        # Who asked to be hidden from everyone is not named here either, nor told by a sign.
        is_hidden = row.hidden_from is HiddenFrom.EVERYONE
        return Suggestion(
            pledge_id=row.pledge_id,
            tracking_code=row.tracking_code,
            deposit_id=row.deposit_id,
            promised_rial=row.promised_rial,
            made_on=tehran_date(row.made_at),
            donor_name=None if is_hidden else row.donor_name,
            signs=(
                *self._signs_of_ids(row),
                *self._signs_of_money(row),
                *(() if is_hidden else self._signs_of_donor(row)),
            ),
            is_offered=row.pledge_id in self.offered,
        )

    def _signs_of_ids(self, row: Row[*tuple[Any, ...]]) -> Iterator[Sign]:
        if row.deposit_id in self.codes:
            yield Sign("deposit_id", 40, row.deposit_id)
        elif row.deposit_id in self.near:
            yield Sign("near_deposit_id", 40, row.deposit_id)
        elif row.tracking_code in self.codes:
            yield Sign("tracking_code", 40, row.tracking_code)
        else:
            endings = (row.deposit_id, row.tracking_code)
            ending = max(
                (number for number in self.numbers if _is_ending(number, endings)),
                key=len,
                default="",
            )
            if ending:
                yield Sign("id_suffix", 40, ending)

    def _signs_of_money(self, row: Row[*tuple[Any, ...]]) -> Iterator[Sign]:
        over_rial = self.line.amount_rial - row.promised_rial
        if over_rial == 0:
            yield Sign("amount", 20)
        elif row.deposit_id in self.codes:
            yield Sign("over" if over_rial > 0 else "short", 0, str(abs(over_rial)))
        days = self._working_days_since(tehran_date(row.made_at))
        if days is not None and days < 5:
            yield Sign("days", 10 - 2 * days, str(days))
        if row.province and _folded_words(row.province) <= self._words:
            yield Sign("province", 5, row.province)

    def _signs_of_donor(self, row: Row[*tuple[Any, ...]]) -> Iterator[Sign]:
        if row.donor_id in self.owners:
            yield Sign("card", 30)
        if row.mobile and row.mobile[-10:] in self._texts:
            yield Sign("mobile", 30)
        known = self.known.get(row.donor_id, Known(0, 0))
        if known.is_declined:
            yield Sign("declined", -100, str(known.declined))
        elif known.confirmed:
            yield Sign("alias", 15, str(known.confirmed))
        if row.donor_name and self._names(row.donor_name):
            yield Sign("name", 10, row.donor_name)

    def _names(self, name: str) -> bool:
        """Whether all the words of a name stand in the row, in any order."""
        words = {word for word in _folded_words(name) if len(word) >= _WORD_LETTERS_MIN}
        return bool(words) and words <= self._words

    def _working_days_since(self, made_on: date) -> int | None:
        days = (self.line.booked_on - made_on).days
        if not 0 <= days <= 14:
            return None
        return sum(
            self._calendar.is_working_day(made_on + timedelta(days=at + 1)) for at in range(days)
        )


@lru_cache(maxsize=10_000)
def _folded_words(name: str) -> frozenset[str]:
    """The words of a name as they are compared; one line's candidates share many names."""
    return frozenset(folded(name).split())


def _is_ending(number: str, codes: tuple[str, ...]) -> bool:
    return SUFFIX_DIGITS_MIN <= len(number) < _CODE_LENGTH and any(
        code.endswith(number) for code in codes
    )


def _candidates(
    session: Session, line: StatementLine, scale: _Scale
) -> Iterable[Row[*tuple[Any, ...]]]:
    ids = _pledge_ids(session, line, scale) - scale.dismissed
    if not ids:
        return ()
    return session.execute(
        select(
            Pledge.id.label("pledge_id"),
            Pledge.tracking_code,
            Pledge.deposit_id,
            Pledge.made_at,
            Pledge.hidden_from,
            Pledge.donor_id,
            ExpectedDeposit.amount_rial.label("promised_rial"),
            Donor.name.label("donor_name"),
            Donor.mobile,
            Province.name_fa.label("province"),
        )
        .join(
            ExpectedDeposit,
            (ExpectedDeposit.deposit_id == Pledge.deposit_id)
            & (ExpectedDeposit.expects == Expects.PLEDGE)
            & (ExpectedDeposit.target_id == Pledge.id),
        )
        .join(Office, Office.id == Pledge.office_id)
        .outerjoin(Province, Province.id == Office.province_id)
        .outerjoin(Donor, Donor.id == Pledge.donor_id)
        .where(Pledge.id.in_(ids))
    )


def _pledge_ids(session: Session, line: StatementLine, scale: _Scale) -> set[int]:
    ids = scale.codes | scale.near
    found = set(scale.offered)
    if ids:
        tracking_codes = {code for code in scale.codes if is_tracking_code(code)}
        for named in (Pledge.deposit_id.in_(ids), Pledge.tracking_code.in_(tracking_codes)):
            found.update(session.scalars(select(Pledge.id).where(named)))
    if scale.donor_ids:
        of_donors = select(Pledge.id).where(Pledge.donor_id.in_(scale.donor_ids))
        newest = of_donors.order_by(Pledge.id.desc()).limit(_OF_KNOWN_DONORS_MAX)
        found.update(session.scalars(newest))
    found.update(session.scalars(_of_same_amount(session, line)))
    return found


def _of_same_amount(session: Session, line: StatementLine) -> Select[int]:
    """The newest pledges of a line's amount, made lately, that wait for a deposit."""
    target = ExpectedDeposit.target_id
    since = _latest_pledge(session, line.booked_on - SAME_AMOUNT_WITHIN)
    return (
        select(target)
        .where(
            ExpectedDeposit.expects == Expects.PLEDGE,
            ExpectedDeposit.amount_rial == line.amount_rial,
            target > since,
            target <= _latest_pledge(session, line.booked_on),
        )
        .order_by(target.desc())
        .limit(_SAME_AMOUNT_MAX)
    )


def _latest_pledge(session: Session, day: date) -> int:
    """The last pledge made by the end of a day; pledges are numbered as they are made."""
    end = tehran_moment(day + timedelta(days=1), time())
    latest = select(Pledge.id).where(Pledge.made_at < end).order_by(Pledge.made_at.desc())
    return session.scalars(latest.limit(1)).first() or 0


def _oldest_credits(session: Session, limit: int) -> Sequence[StatementLine]:
    return session.scalars(
        select(StatementLine)
        .join(OpenLine, OpenLine.line_id == StatementLine.id)
        .where(OpenLine.amount_rial > 0)
        .order_by(OpenLine.line_id)
        .limit(limit)
    ).all()


def _pair(session: Session, line_id: int, pledge_id: int) -> tuple[StatementLine, Pledge]:
    line, pledge = session.get(StatementLine, line_id), session.get(Pledge, pledge_id)
    if line is None or pledge is None:
        raise NotFound(subject="statement_line" if line is None else "pledge")
    return line, pledge


def _decide_offer(
    session: Session, line_id: int, pledge_id: int, *, is_withdrawn: bool, by: int, now: datetime
) -> None:
    session.add(
        DismissedSuggestion(
            line_id=line_id,
            pledge_id=pledge_id,
            is_withdrawn=is_withdrawn,
            decided_by_id=by,
            decided_at=now,
        )
    )
    session.flush()
