"""What became of a list: the rows that were taken, and why others were not."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.refusals import Refusal
from flows.lists.cells import Texts

ListRows = Sequence[tuple[int, Texts]]  # each with the number of its row in the file


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken: its number in the file, the column and why."""

    row: int
    field: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row that is taken for an entry because both say the same: perhaps it is another gift."""

    row: int
    receipt_number: str
    is_void: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a list."""

    new: int
    known: int  # rows that say what is recorded already
    bad: Sequence[BadRow]
    known_rows: Sequence[KnownRow] = ()  # those of them that name no receipt
    is_recorded: bool = True  # or else a person has to look at it first

    @property
    def questioned(self) -> set[int]:
        """The numbers of the rows that a person looks at before anything is recorded."""
        return {bad.row for bad in self.bad} | {known.row for known in self.known_rows}
