"""Number blocks of desks, what browsers kept during a cut, batches and remarks of entries."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0017"
down_revision = "0016"

TABLES = (
    "number_block", "block_holder", "block_number", "block_closing", "offline_entry",
    "entry_batch", "batch_line", "batch_line_strike", "batch_closing", "entry_remark",
)  # fmt: skip
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OWN = sa.text("desk_code IS NULL")
# SQLite's words for the key of a series: its index is built again for the new columns.
ONCE = (
    "CONSTRAINT uq_receipt_series_year_office_id UNIQUE (year, office_id)",
    "CONSTRAINT uq_receipt_series_year_desk_code UNIQUE (year, desk_code)",
)
LETTER_FIRST = "substr(desk_code, 1, 1) NOT IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')"
CHECK = f"CONSTRAINT ck_receipt_series_code_of_a_block CHECK ({LETTER_FIRST})"


def upgrade() -> None:
    _let_series_have_codes()
    _create_blocks()
    _create_batches()
    _create_remarks()
    for table in TABLES:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Stops where a block was allotted: its series would stand beside that of its desk."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_receipt_series_own", table_name="receipt_series")
    if _is_sqlite():
        _spell("receipt_series", (ONCE[::-1], (f", \n\t{CHECK}\n)", "\n)")))
        op.execute("REINDEX receipt_series")
    else:
        op.drop_constraint(
            op.f("ck_receipt_series_code_of_a_block"), "receipt_series", type_="check"
        )
        op.drop_constraint("uq_receipt_series_year_desk_code", "receipt_series", type_="unique")
        op.create_unique_constraint(
            "uq_receipt_series_year_office_id", "receipt_series", ["year", "office_id"]
        )
    op.drop_column("receipt_series", "desk_code")


def _let_series_have_codes() -> None:
    op.add_column("receipt_series", sa.Column("desk_code", sa.String(3), nullable=True))
    if _is_sqlite():
        _spell("receipt_series", (ONCE, ("\n)", f", \n\t{CHECK}\n)")))
        op.execute("REINDEX receipt_series")
    else:
        op.drop_constraint("uq_receipt_series_year_office_id", "receipt_series", type_="unique")
        op.create_unique_constraint(
            "uq_receipt_series_year_desk_code", "receipt_series", ["year", "desk_code"]
        )
        op.create_check_constraint(
            op.f("ck_receipt_series_code_of_a_block"), "receipt_series", LETTER_FIRST
        )
    op.create_index(
        "ix_receipt_series_own",
        "receipt_series",
        ["year", "office_id"],
        unique=True,
        sqlite_where=OWN,
        postgresql_where=OWN,
    )


def _is_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


def _spell(table: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Change the words of a table's definition in SQLite, as revision 0014 does and says why."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    for old, new in changes:
        changed = connection.execute(
            sa.text(
                "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
                " WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
            ),
            {"old": old, "new": new, "table": table},
        )
        if changed.rowcount != 1:
            raise RuntimeError(f"{table} is not defined as expected: {old!r} is missing")
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _create_blocks() -> None:
    op.create_table(
        "number_block",
        sa.Column("id", Id, nullable=False),
        sa.Column("series_id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("size", Id, nullable=False),
        sa.Column("allotted_by_id", Id, nullable=False),
        sa.Column("allotted_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint("size BETWEEN 1 AND 500", name=op.f("ck_number_block_holds_numbers")),
        _foreign("number_block", "series_id", "receipt_series.id"),
        _foreign("number_block", "office_id", "office.id"),
        _foreign("number_block", "allotted_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_block")),
        sa.UniqueConstraint("series_id", name=op.f("uq_number_block_series_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_number_block_request_key")),
        sa.UniqueConstraint("id", "size", name=op.f("uq_number_block_id_size")),
    )
    op.create_index(op.f("ix_number_block_office_id"), "number_block", ["office_id"])
    op.create_table(
        "block_holder",
        sa.Column("block_id", Id, autoincrement=False, nullable=False),
        sa.Column("device_hash", sa.String(64), nullable=False),
        sa.Column("taken_by_id", Id, nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        _foreign("block_holder", "block_id", "number_block.id"),
        _foreign("block_holder", "taken_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("block_id", name=op.f("pk_block_holder")),
    )
    op.create_index(op.f("ix_block_holder_device_hash"), "block_holder", ["device_hash"])
    op.create_table(
        "block_number",
        sa.Column("id", Id, nullable=False),
        sa.Column("block_id", Id, nullable=False),
        sa.Column("size", Id, nullable=False),
        sa.Column("serial", Id, nullable=False),
        sa.Column("contribution_id", Id, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("told_by_id", Id, nullable=True),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("serial BETWEEN 1 AND size", name=op.f("ck_block_number_of_its_block")),
        sa.CheckConstraint(
            "(contribution_id IS NULL) = (reason <> '')",
            name=op.f("ck_block_number_used_or_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["block_id", "size"],
            ["number_block.id", "number_block.size"],
            name=op.f("fk_block_number_block_id"),
        ),
        _foreign("block_number", "contribution_id", "contribution.id"),
        _foreign("block_number", "told_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_block_number")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_block_number_contribution_id")),
        sa.UniqueConstraint("block_id", "serial", name=op.f("uq_block_number_block_id_serial")),
    )
    op.create_table(
        "block_closing",
        sa.Column("block_id", Id, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by_id", Id, nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_block_closing_has_a_reason")),
        _foreign("block_closing", "block_id", "number_block.id"),
        _foreign("block_closing", "closed_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("block_id", name=op.f("pk_block_closing")),
    )
    op.create_table(
        "offline_entry",
        sa.Column("desk_entry_id", Id, autoincrement=False, nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("provisional_number", sa.String(20), nullable=True),
        _foreign("offline_entry", "desk_entry_id", "desk_entry.id"),
        sa.PrimaryKeyConstraint("desk_entry_id", name=op.f("pk_offline_entry")),
    )
    op.create_index(
        op.f("ix_offline_entry_provisional_number"), "offline_entry", ["provisional_number"]
    )


def _create_batches() -> None:
    op.create_table(
        "entry_batch",
        sa.Column("id", Id, nullable=False),
        sa.Column("office_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("expected_count", Id, nullable=False),
        sa.Column("expected_rial", Id, nullable=False),
        sa.Column("opened_by_id", Id, nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint(
            "expected_count BETWEEN 1 AND 200", name=op.f("ck_entry_batch_expects_lines")
        ),
        sa.CheckConstraint("expected_rial > 0", name=op.f("ck_entry_batch_expects_money")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_entry_batch_has_a_title")),
        _foreign("entry_batch", "office_id", "office.id"),
        _foreign("entry_batch", "opened_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_batch")),
        sa.UniqueConstraint("request_key", name=op.f("uq_entry_batch_request_key")),
        sa.UniqueConstraint(
            "id",
            "expected_count",
            "expected_rial",
            name=op.f("uq_entry_batch_id_expected_count_expected_rial"),
        ),
    )
    op.create_index(op.f("ix_entry_batch_office_id"), "entry_batch", ["office_id"])
    op.create_table(
        "batch_line",
        sa.Column("id", Id, nullable=False),
        sa.Column("batch_id", Id, nullable=False),
        sa.Column("amount_rial", Id, nullable=False),
        sa.Column("fund_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("mobile", sa.String(11), nullable=True),
        sa.Column("typed_by_id", Id, nullable=False),
        sa.Column("typed_at", sa.DateTime(), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=True),
        sa.CheckConstraint("amount_rial > 0", name=op.f("ck_batch_line_amount_positive")),
        _foreign("batch_line", "batch_id", "entry_batch.id"),
        _foreign("batch_line", "typed_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_line")),
        sa.UniqueConstraint("request_key", name=op.f("uq_batch_line_request_key")),
    )
    op.create_index(op.f("ix_batch_line_batch_id"), "batch_line", ["batch_id"])
    op.create_table(
        "batch_line_strike",
        sa.Column("line_id", Id, autoincrement=False, nullable=False),
        sa.Column("struck_by_id", Id, nullable=False),
        sa.Column("struck_at", sa.DateTime(), nullable=False),
        _foreign("batch_line_strike", "line_id", "batch_line.id"),
        _foreign("batch_line_strike", "struck_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_batch_line_strike")),
    )
    op.create_table(
        "batch_closing",
        sa.Column("batch_id", Id, autoincrement=False, nullable=False),
        sa.Column("expected_count", Id, nullable=False),
        sa.Column("expected_rial", Id, nullable=False),
        sa.Column("line_count", Id, nullable=False),
        sa.Column("lines_rial", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by_id", Id, nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(line_count = expected_count AND lines_rial = expected_rial AND reason = '')"
            " OR (line_count = 0 AND lines_rial = 0 AND reason <> '')",
            name=op.f("ck_batch_closing_as_expected_or_given_up"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "expected_count", "expected_rial"],
            ["entry_batch.id", "entry_batch.expected_count", "entry_batch.expected_rial"],
            name=op.f("fk_batch_closing_batch_id"),
        ),
        _foreign("batch_closing", "closed_by_id", "staff_member.id"),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_closing")),
    )


def _create_remarks() -> None:
    op.create_table(
        "entry_remark",
        sa.Column("desk_entry_id", Id, autoincrement=False, nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.CheckConstraint("remark <> ''", name=op.f("ck_entry_remark_says_something")),
        _foreign("entry_remark", "desk_entry_id", "desk_entry.id"),
        sa.PrimaryKeyConstraint("desk_entry_id", name=op.f("pk_entry_remark")),
    )


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
