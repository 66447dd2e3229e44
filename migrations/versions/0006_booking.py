"""What booking a million matches needs: letterheads, cheaper checks, no index that nobody reads."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0006"
down_revision = "0005"

# Which columns hold one word of a list.
CHECKED = (
    ("posting", "cause", (
        "contribution", "surplus", "statement_opening", "statement_line", "match", "withdrawal",
        "refund", "reversal",
    )),
    ("contribution", "origin", ("gateway", "deposit", "desk")),
    ("contribution", "tender", ("online", "transfer", "cash", "card_terminal", "cheque")),
    ("contribution_line", "kind", ("cash", "goods", "service")),
    ("receipt", "kind", ("cash", "goods", "service", "mixed")),
    ("job", "state", ("ready", "running", "done", "dead")),
)  # fmt: skip
NAMES = {
    ("contribution_line", "kind"): "itemkind",
    ("receipt", "kind"): "receiptkind",
    ("job", "state"): "jobstate",
}
_LETTERHEAD = "letterhead_id {type} CONSTRAINT {name} REFERENCES receipt_letterhead (id)"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "receipt_letterhead",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("facts_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_letterhead")),
        sa.UniqueConstraint("facts_hash", name=op.f("uq_receipt_letterhead_facts_hash")),
    )
    for statement in insert_only_ddl("receipt_letterhead", op.get_bind().dialect.name):
        op.execute(statement)
    column = _LETTERHEAD.format(
        type="INTEGER" if is_sqlite else "BIGINT", name="fk_receipt_letterhead_id"
    )
    op.execute(f"ALTER TABLE receipt ADD COLUMN {column}")
    op.drop_index("ix_contribution_line_pledge_item_id", table_name="contribution_line")
    _spell(_list, _one_by_one)


def downgrade() -> None:
    """Receipts issued since then lose what stands on their letterhead."""
    _spell(_one_by_one, _list)
    op.create_index("ix_contribution_line_pledge_item_id", "contribution_line", ["pledge_item_id"])
    op.drop_column("receipt", "letterhead_id")
    op.drop_table("receipt_letterhead")


def _spell(
    before: Callable[[str, tuple[str, ...]], str], after: Callable[[str, tuple[str, ...]], str]
) -> None:
    """Let the checks be spelt in another way.

    SQLite changes a constraint only by copying the table, which foreign keys forbid within a
    transaction: the words of the schema are changed instead, as its manual describes.
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        for table, column, values in CHECKED:
            name = op.f(f"ck_{table}_{NAMES.get((table, column), column)}")
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, after(column, values))
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    for table, column, values in CHECKED:
        connection.execute(
            sa.text(
                "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
                " WHERE type = 'table' AND name = :table"
            ),
            {"old": before(column, values), "new": after(column, values), "table": table},
        )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _list(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _one_by_one(column: str, values: tuple[str, ...]) -> str:
    return " OR ".join(f"{column} = {value!r}" for value in values)
