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


class AmbiguousDay(UnreadableCell):
    """A day that can be read in more than one way, or not in the way that was said."""

    code = "statement.ambiguous_day"


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


class BalancesDisagree(Refusal):
    """The balances that a file declares are not those its rows lead to: edited, or rows miss."""

    code = "statement.balances_disagree"
    http_status = 422
    field = "file"


class SectionsDoNotJoin(Refusal):
    """A statement within a file begins with another balance than the one before it ended with."""

    code = "statement.sections_do_not_join"
    http_status = 422
    field = "file"


class SeveralTables(Refusal):
    """A workbook with bookings on more than one sheet: which one is meant cannot be told."""

    code = "statement.several_tables"
    http_status = 422
    field = "file"


class SeveralAccounts(Refusal):
    """A file of several accounts, of which none, or more than one, is the wanted one."""

    code = "statement.several_accounts"
    http_status = 422
    field = "file"


class SeveralCurrencies(Refusal):
    """Amounts of one account in more than one currency."""

    code = "statement.several_currencies"
    http_status = 422
    field = "file"


class UnsafeFile(Refusal):
    """XML that declares a document type or entities, which no bank's statement needs."""

    code = "statement.unsafe_file"
    http_status = 422
    field = "file"


class ControlTotalDiffers(Refusal):
    """A trailer counts or sums otherwise than its records: edited, or records are missing."""

    code = "statement.control_total_differs"
    http_status = 422
    field = "file"
