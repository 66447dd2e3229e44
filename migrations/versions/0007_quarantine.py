"""Statements taken by whole days, refused files, and rows set aside by a second person."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0007"
down_revision = "0006"

INSERT_ONLY = ("refused_import", "quarantined_row", "quarantined_line", "quarantine_solution")


def upgrade() -> None:
    op.create_index("ix_statement_line_day", "statement_line", ["bank_account_id", "booked_on"])
    op.create_table(
        "refused_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column(
            "row_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column(
            "inferred_amount_rial",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("inferred_on", sa.Date(), nullable=True),
        sa.Column(
            "handed_in_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("refused_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(inferred_amount_rial IS NULL) = (inferred_on IS NULL)",
            name=op.f("ck_refused_import_inferred_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_account.id"], name=op.f("fk_refused_import_bank_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["handed_in_by_id"], ["staff_member.id"], name=op.f("fk_refused_import_handed_in_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_import")),
        sa.UniqueConstraint(
            "id",
            "bank_account_id",
            "sha256",
            "row_number",
            "handed_in_by_id",
            name="uq_refused_import_set_aside",
        ),
    )
    op.create_index(
        "ix_refused_import_file", "refused_import", ["bank_account_id", "sha256"], unique=False
    )
    op.create_table(
        "quarantined_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "refused_import_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "row_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "handed_in_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "set_aside_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("set_aside_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_quarantined_row_has_a_reason")),
        sa.CheckConstraint(
            "handed_in_by_id <> set_aside_by_id", name=op.f("ck_quarantined_row_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["refused_import_id", "bank_account_id", "sha256", "row_number", "handed_in_by_id"],
            [
                "refused_import.id",
                "refused_import.bank_account_id",
                "refused_import.sha256",
                "refused_import.row_number",
                "refused_import.handed_in_by_id",
            ],
            name="fk_quarantined_row_refusal",
        ),
        sa.ForeignKeyConstraint(
            ["set_aside_by_id"],
            ["staff_member.id"],
            name=op.f("fk_quarantined_row_set_aside_by_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_row")),
        sa.UniqueConstraint(
            "bank_account_id",
            "sha256",
            "row_number",
            name=op.f("uq_quarantined_row_bank_account_id_sha256_row_number"),
        ),
        sa.UniqueConstraint("refused_import_id", name=op.f("uq_quarantined_row_refused_import_id")),
    )
    op.create_table(
        "quarantined_line",
        sa.Column(
            "line_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "quarantined_row_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["statement_line.id"], name=op.f("fk_quarantined_line_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["quarantined_row_id"],
            ["quarantined_row.id"],
            name=op.f("fk_quarantined_line_quarantined_row_id"),
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_quarantined_line")),
    )
    op.create_index(
        op.f("ix_quarantined_line_quarantined_row_id"),
        "quarantined_line",
        ["quarantined_row_id"],
        unique=False,
    )
    op.create_table(
        "quarantine_solution",
        sa.Column(
            "line_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("read_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("read_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "solved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("solved_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "read_rial IS NOT NULL OR reason <> ''",
            name=op.f("ck_quarantine_solution_reading_or_reason"),
        ),
        sa.CheckConstraint(
            "(read_rial IS NULL) = (read_on IS NULL)",
            name=op.f("ck_quarantine_solution_reading_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["quarantined_line.line_id"], name=op.f("fk_quarantine_solution_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["solved_by_id"], ["staff_member.id"], name=op.f("fk_quarantine_solution_solved_by_id")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_quarantine_solution")),
    )
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(INSERT_ONLY):
        op.drop_table(table)
    op.drop_index("ix_statement_line_day", table_name="statement_line")
