"""Which offices someone may see. A staff query without a scope sees nothing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, true


@dataclass(frozen=True, slots=True)
class Scope:
    """The offices someone may see. Nothing is seen unless it is said."""

    office_ids: frozenset[int] = frozenset()
    everywhere: bool = False

    def covers(self, office_id: int) -> bool:
        """Whether an office lies within this scope."""
        return self.everywhere or office_id in self.office_ids

    def narrow(self, office_column: Any) -> ColumnElement[bool]:
        """The condition that every staff query carries on its office column."""
        if self.everywhere:
            return true()
        if not self.office_ids:
            return false()
        return office_column.in_(self.office_ids)  # type: ignore[no-any-return]


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()
