"""Why a statement file is refused. The row is the one a spreadsheet shows, counted from 1."""

from core.refusals import Refusal


class UnknownFormat(Refusal):
    """Nobody here reads such a file, or its heading row was not found."""

    code = "statement.unknown_format"
    http_status = 422
    field = "file"


class UnreadableCell(Refusal):
    """An amount, a date or a time that cannot be read. It never becomes zero or today."""

    code = "statement.unreadable_cell"
    http_status = 422
    field = "file"


class NoMovement(Refusal):
    """A row that neither credits nor debits, or does both."""

    code = "statement.no_movement"
    http_status = 422
    field = "file"


class UnknownRow(Refusal):
    """A row that is neither a booking nor a heading or total."""

    code = "statement.unknown_row"
    http_status = 422
    field = "file"


class DamagedFile(Refusal):
    """A file that cannot be opened as what it claims to be."""

    code = "statement.damaged_file"
    http_status = 422
    field = "file"


class FileTooLarge(Refusal):
    """More rows, wider cells or more unpacked bytes than a statement can have."""

    code = "statement.too_large"
    http_status = 413
    field = "file"


class NoRows(Refusal):
    """A heading without bookings."""

    code = "statement.no_rows"
    http_status = 422
    field = "file"
