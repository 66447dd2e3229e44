"""Writing down how goods and hours were found when a desk accepted them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from core.digits import normalise
from core.refusals import Refusal
from core.rial import checked_rial
from donations.goods.inspecting import Seen
from donations.models.acceptance import Condition, GoodsAcceptance, ServiceAcceptance, ValueBasis
from donations.models.contribution import ContributionLine
from donations.models.goods_category import OTHER
from donations.models.pledge import ItemKind
from donations.pledging import TEXT_MAX, UnusableText

NUMBER_MAX = 40


class ValueMissing(Refusal):
    """An assessed value without what it rests on, or the other way round."""

    code = "acceptance.value_missing"
    http_status = 422
    field = "assessed_value"


class AppraiserMissing(Refusal):
    """An appraiser's value needs the appraiser's name, and only that one has it."""

    code = "acceptance.appraiser_missing"
    http_status = 422
    field = "appraiser"


class EndsBeforeItStarts(Refusal):
    """Hours that ended before they started."""

    code = "acceptance.ends_before_it_starts"
    http_status = 422
    field = "ended_on"


class OtherKind(Exception):
    """What was accepted is said of an item of another kind: a defect of the caller."""


@dataclass(frozen=True, slots=True)
class GoodsFound:
    """How goods came. A value is whole rials and never added to money; a day is Tehran's."""

    condition: Condition
    basis: ValueBasis = ValueBasis.NOT_VALUED
    assessed_value_rial: int | None = None
    appraiser: str | None = None
    warehouse_number: str | None = None
    category: str = OTHER
    expires_on: date | None = None
    is_opened: bool | None = None
    works: bool | None = None
    shelf: str | None = None

    @property
    def seen(self) -> Seen:
        """What the acceptance rules look at."""
        return Seen(self.condition, self.category, self.expires_on, self.is_opened, self.works)


@dataclass(frozen=True, slots=True)
class HoursFound:
    """When, where and under whom hours were served. Days are Tehran's."""

    started_on: date
    ended_on: date
    place: str
    supervisor: str
    supervisor_title: str | None = None
    duty: str | None = None


Found = GoodsFound | HoursFound
NOTHING_FOUND: Mapping[int, Found] = {}


def write_found(
    session: Session, lines: Sequence[ContributionLine], found: Mapping[int, Found]
) -> None:
    """Write down what was found of each line, by the id of its pledge item.

    The lines have their ids. Raises ValueMissing, AppraiserMissing, EndsBeforeItStarts,
    UnusableText, UnreadableAmount.
    """
    for line in lines:
        how = found.get(line.pledge_item_id)
        if how is None:
            continue
        if isinstance(how, GoodsFound):
            _require(line, ItemKind.GOODS)
            session.add(_goods(line, how))
        else:
            _require(line, ItemKind.SERVICE)
            session.add(_service(line, how))
    session.flush()


def require_whole_value(found: GoodsFound) -> None:
    """See to it that a value, what it rests on and who says so go together.

    Raises ValueMissing, AppraiserMissing, UnusableText.
    """
    is_valued = found.basis is not ValueBasis.NOT_VALUED
    if is_valued != (found.assessed_value_rial is not None):
        raise ValueMissing
    appraiser = _text("appraiser", found.appraiser)
    if (found.basis is ValueBasis.APPRAISER) != (appraiser is not None):
        raise AppraiserMissing


def _goods(line: ContributionLine, found: GoodsFound) -> GoodsAcceptance:
    require_whole_value(found)
    return GoodsAcceptance(
        contribution_line_id=line.id,
        condition=found.condition,
        basis=found.basis,
        assessed_value_rial=(
            checked_rial(found.assessed_value_rial) if found.assessed_value_rial else None
        ),
        appraiser=_text("appraiser", found.appraiser),
        warehouse_number=_text("warehouse_number", found.warehouse_number, longest=NUMBER_MAX),
    )


def _service(line: ContributionLine, found: HoursFound) -> ServiceAcceptance:
    if found.ended_on < found.started_on:
        raise EndsBeforeItStarts
    place, supervisor = _text("place", found.place), _text("supervisor", found.supervisor)
    if place is None or supervisor is None:
        raise UnusableText(name="supervisor" if place else "place", longest=TEXT_MAX)
    return ServiceAcceptance(
        contribution_line_id=line.id,
        started_on=found.started_on,
        ended_on=found.ended_on,
        place=place,
        supervisor=supervisor,
        supervisor_title=_text("supervisor_title", found.supervisor_title),
        duty=_text("duty", found.duty),
    )


def _require(line: ContributionLine, kind: ItemKind) -> None:
    if line.kind is not kind:
        raise OtherKind(f"line {line.id} is {line.kind}")


def _text(name: str, text: str | None, *, longest: int = TEXT_MAX) -> str | None:
    clean = normalise(text or "")
    if len(clean) > longest:
        raise UnusableText(name=name, longest=longest)
    return clean or None
