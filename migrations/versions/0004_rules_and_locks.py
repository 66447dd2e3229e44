"""More rules and targets of a match, and how far the days of an account are signed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

RULES = (
    "deposit_id", "bank_reference", "settlement_batch", "deposit_slip", "refund", "bank_fee",
    "by_hand",
)  # fmt: skip
RULES_NOW = (
    "deposit_id", "split", "bank_reference", "settlement_report", "settlement_batch",
    "deposit_slip", "card", "reversal_pair", "refund", "bank_fee", "by_hand",
)  # fmt: skip
TARGETS = ("pledge", "settlement", "deposit_slip", "refund", "bank_fee")
TARGETS_NOW = (
    "pledge", "settlement", "deposit_slip", "refund", "transfer", "reversal", "bank_fee",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "account_lock",
        sa.Column(
            "bank_account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("closed_through", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_account_id"],
            ["bank_account.id"],
            name=op.f("fk_account_lock_bank_account_id"),
        ),
        sa.PrimaryKeyConstraint("bank_account_id", name=op.f("pk_account_lock")),
    )
    _let_be("rule", RULES, RULES_NOW)
    _let_be("target", TARGETS, TARGETS_NOW)


def downgrade() -> None:
    _let_be("rule", RULES_NOW, RULES)
    _let_be("target", TARGETS_NOW, TARGETS)
    op.drop_table("account_lock")


def _let_be(column: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Let a match name these values and no others.

    SQLite changes a constraint only by copying the table, which foreign keys forbid within a
    transaction: the words of the schema are changed instead, as its manual describes.
    """
    old, new = (
        f"{column} IN ({', '.join(repr(value) for value in values)})" for values in (before, after)
    )
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_match_{column}"), "match", type_="check")
        op.create_check_constraint(op.f(f"ck_match_{column}"), "match", new)
        return
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :old, :new)"
            " WHERE type = 'table' AND name = 'match'"
        ),
        {"old": old, "new": new},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
