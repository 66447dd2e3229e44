"""How the columns of an account's files are named."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0012"
down_revision = "0011"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "column_mapping",
        sa.Column("id", Id, nullable=False),
        sa.Column("bank_account_id", Id, nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "statement",
                "settlement_report",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("terminal_id", Id, nullable=True),
        sa.Column("headings", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("created_by_id", Id, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(purpose = 'settlement_report') = (terminal_id IS NOT NULL)",
            name=op.f("ck_column_mapping_reports_are_of_a_terminal"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"],
            ["bank_account.id"],
            name=op.f("fk_column_mapping_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_member.id"], name=op.f("fk_column_mapping_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["terminal.id"], name=op.f("fk_column_mapping_terminal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mapping")),
    )
    op.create_index(
        "ix_column_mapping_of",
        "column_mapping",
        ["bank_account_id", "terminal_id", "valid_from"],
    )
    for statement in insert_only_ddl("column_mapping", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("column_mapping")
