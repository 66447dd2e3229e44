"""The words for every stage of a promise, for its donor and for the desks alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.words import Later, spoken
from donations.tracking import Stage, StageKind
from web.filters import moment, rial

# What is said of a stage, and how the timeline draws it: done, now, wrong or next.
STAGES: Mapping[StageKind, tuple[Later, str]] = {
    StageKind.PROMISED: (Later("The gift was promised"), "done"),
    StageKind.SENT_TO_BANK: (Later("Sent to the bank"), "done"),
    StageKind.BEING_CHECKED: (Later("We are asking the bank"), "now"),
    StageKind.NOT_PAID: (Later("Not paid; no money was taken"), "wrong"),
    StageKind.NOT_TAKEN: (
        Later("Not taken, because it was paid before; the bank returns what it may have charged"),
        "wrong",
    ),
    StageKind.RECEIVED: (Later("Received"), "done"),
    StageKind.SURPLUS: (Later("Paid a second time"), "wrong"),
    StageKind.RETURNING: (Later("The money is being sent back"), "now"),
    StageKind.RETURNED: (Later("The money went back"), "wrong"),
    StageKind.VOID: (Later("The receipt was voided"), "wrong"),
    StageKind.RESERVED: (Later("Needed, and kept"), "done"),
    StageKind.WAITING: (Later("On the waiting list"), "now"),
    StageKind.NEED_CLOSED: (Later("The need was closed"), "wrong"),
    StageKind.APPOINTMENT: (Later("Appointment"), "now"),
    StageKind.APPOINTMENT_CANCELLED: (Later("Appointment cancelled"), "wrong"),
    StageKind.BEING_VALUED: (Later("A second person looks at the value"), "now"),
    StageKind.REFUSED: (Later("Not taken"), "wrong"),
    StageKind.HANDED_OVER: (Later("Handed over"), "done"),
    StageKind.ARRIVED: (Later("Arrived where it is needed"), "done"),
    StageKind.CAME_BACK: (Later("Came back to the store"), "wrong"),
    StageKind.WITHDRAWN: (Later("Not expected any more"), "wrong"),
    StageKind.WORK_PLANNED: (Later("A day of work was agreed"), "done"),
    StageKind.WORK_DONE: (Later("A day of work was done"), "done"),
    StageKind.WORK_MISSED: (Later("A day of work was missed"), "wrong"),
    StageKind.WORK_CANCELLED: (Later("A day of work was called off"), "wrong"),
    StageKind.WORK_CORRECTED: (Later("The hours of a day were corrected"), "done"),
    StageKind.WORK_CLOSED: (Later("No more hours are expected"), "done"),
}


@dataclass(frozen=True, slots=True)
class StageShown:
    """One entry of the timeline, as the page's macro wants it."""

    text: str
    state: str
    when: str
    note: str


def stages_shown(stages: Sequence[Stage]) -> list[StageShown]:
    """The timeline in the language of the page."""
    shown = []
    for stage in stages:
        text, state = STAGES[stage.kind]
        note = stage.told.told(spoken()) if stage.told else ""
        if stage.amount_rial:
            note = rial(stage.amount_rial)
        shown.append(StageShown(str(text), state, moment(stage.at), note))
    return shown
