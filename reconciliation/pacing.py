"""How much a slice takes, and how long the run rests after it, so that no gift waits long."""

from sqlalchemy.orm import Session

# A slice keeps others from writing to SQLite; half a second is what a gift may have to wait.
SLICE_SECONDS = 0.4
SLICE_LINES = 10_000  # of the first slice, and wherever nothing is measured
_LINES_MIN = 5_000  # smaller ones touch nearly as many pages as they have lines
_LINES_MAX = 250_000
_GROWTH_MAX = 2
# Long enough for all who came meanwhile; whoever waits is woken as soon as a slice is over.
_REST_SECONDS = 0.1
_REST_ALONE_SECONDS = 0.002


class Pace:
    """The lines of the next slice. A fixed number stays as it is; otherwise each slice is timed."""

    def __init__(self, fixed_lines: int | None = None) -> None:
        self.lines = fixed_lines or SLICE_LINES
        self._is_fixed = fixed_lines is not None

    def lasted(self, seconds: float) -> None:
        """A slice of ``lines`` took so long: the next one is to take ``SLICE_SECONDS``."""
        if self._is_fixed:
            return
        fitting = int(self.lines * SLICE_SECONDS / max(seconds, 0.001))
        self.lines = max(_LINES_MIN, min(fitting, self.lines * _GROWTH_MAX, _LINES_MAX))


class Rest:
    """The time between two slices in which others write: short while nobody else does.

    PostgreSQL needs none, for there nobody waits for a slice.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._version: int | None = None

    def look(self, session: Session) -> None:
        """See, as a slice begins, whether anybody else has written since the last one did."""
        connection = session.connection()
        if connection.dialect.name != "sqlite":
            return
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        is_alone = self._version in (None, version)
        self.seconds = _REST_ALONE_SECONDS if is_alone else _REST_SECONDS
        self._version = version
