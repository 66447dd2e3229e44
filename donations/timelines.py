"""The whole timeline of a pledge: its payments and receipts, its goods and its hours, in one."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from donations.goods import stages as of_goods
from donations.models.contribution import Contribution
from donations.models.payment import Payment
from donations.models.pledge import ItemState, Pledge
from donations.tracking import Stage, StageKind, timeline
from donations.volunteers import stages as of_hours

_BY_STATE = {
    ItemState.PROMISED: StageKind.PROMISED,
    ItemState.RECEIVED: StageKind.RECEIVED,
    ItemState.WITHDRAWN: StageKind.WITHDRAWN,
}
# What can follow the receipt of an item; goods that came back lie where they were received.
_AFTER_RECEIPT = frozenset(
    {
        StageKind.HANDED_OVER,
        StageKind.ARRIVED,
        StageKind.CAME_BACK,
        StageKind.WORK_DONE,
        StageKind.WORK_CLOSED,
    }
)


def whole_timeline(
    session: Session,
    pledge: Pledge,
    payments: Sequence[Payment],
    contributions: Sequence[Contribution],
    *,
    left_to_bank: Collection[int] = (),
) -> list[Stage]:
    """Everything that happened to a pledge and to each of its items, oldest first."""
    stages = timeline(pledge, payments, contributions, left_to_bank=left_to_bank)
    stages += of_goods.stages(session, pledge.id)
    stages += of_hours.stages(session, pledge.id)
    return sorted(stages, key=lambda stage: stage.at)


def stage_of_items(pledge: Pledge, stages: Sequence[Stage]) -> Mapping[int, StageKind]:
    """Where each item stands, by its id: its last stage, else what its state says.

    Each item goes its own way: money may be received while goods wait and hours are half done.
    """
    found: dict[int, StageKind] = {}
    for item in pledge.items:
        own = [stage for stage in stages if stage.item_id == item.id]
        found[item.id] = _place(item.state, own)
    return found


def _place(state: ItemState, own: Sequence[Stage]) -> StageKind:
    kinds = [stage.kind for stage in own]
    if state is ItemState.WITHDRAWN:
        return StageKind.REFUSED if StageKind.REFUSED in kinds else StageKind.WITHDRAWN
    if state is ItemState.PROMISED:
        return kinds[-1] if kinds else StageKind.PROMISED
    after = [kind for kind in kinds if kind in _AFTER_RECEIPT]
    return after[-1] if after and after[-1] is not StageKind.CAME_BACK else StageKind.RECEIVED
