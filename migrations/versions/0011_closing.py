"""Day sheets: prepared by one, signed by another."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0011"
down_revision = "0010"

TABLES = (
    "day_sheet", "day_sheet_terminal", "day_sheet_difference", "difference_owner",
    "day_signature", "day_change_request", "day_change_decision",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "day_sheet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "opening_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "credit_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "credits_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "debit_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "debits_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "closing_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "open_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "open_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "books_bank_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "books_open_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column(
            "prepared_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("prepared_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "NOT is_whole OR (books_bank_rial = closing_rial AND books_open_rial = open_rial)",
            name=op.f("ck_day_sheet_whole_as_the_books"),
        ),
        sa.CheckConstraint(
            "NOT is_whole OR opening_rial + credits_rial - debits_rial = closing_rial",
            name=op.f("ck_day_sheet_whole_adds_up"),
        ),
        sa.CheckConstraint(
            "credits_rial >= 0 AND debits_rial >= 0", name=op.f("ck_day_sheet_sums_without_sign")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_day_sheet_versions_from_one")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_account.id"], name=op.f("fk_day_sheet_bank_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["staff_member.id"], name=op.f("fk_day_sheet_prepared_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_sheet")),
        sa.UniqueConstraint(
            "bank_account_id",
            "day",
            "version",
            name=op.f("uq_day_sheet_bank_account_id_day_version"),
        ),
        sa.UniqueConstraint(
            "id", "prepared_by_id", "is_whole", name=op.f("uq_day_sheet_id_prepared_by_id_is_whole")
        ),
    )
    op.create_table(
        "day_sheet_terminal",
        sa.Column(
            "day_sheet_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "terminal_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "lump_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "lumps_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "gross_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("fee_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("net_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "owed_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "books_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["day_sheet_id"], ["day_sheet.id"], name=op.f("fk_day_sheet_terminal_day_sheet_id")
        ),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["terminal.id"], name=op.f("fk_day_sheet_terminal_terminal_id")
        ),
        sa.PrimaryKeyConstraint("day_sheet_id", "terminal_id", name=op.f("pk_day_sheet_terminal")),
    )
    op.create_table(
        "day_sheet_difference",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "day_sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "chain_gap",
                "end_unknown",
                "quarantined_row",
                "ledger_differs",
                "gateway_differs",
                "batch_differs",
                "deposited_not_paid",
                "paid_not_deposited",
                "unmatched_credit",
                "unmatched_debit",
                "desk_cash",
                name="differencekind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column(
            "item_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "owner_office_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(owner_id IS NULL) <> (owner_office_id IS NULL)",
            name=op.f("ck_day_sheet_difference_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["day_sheet_id"], ["day_sheet.id"], name=op.f("fk_day_sheet_difference_day_sheet_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["staff_member.id"], name=op.f("fk_day_sheet_difference_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_office_id"], ["office.id"], name=op.f("fk_day_sheet_difference_owner_office_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_sheet_difference")),
        sa.UniqueConstraint(
            "day_sheet_id",
            "kind",
            "subject_id",
            "since_on",
            name=op.f("uq_day_sheet_difference_day_sheet_id_kind_subject_id_since_on"),
        ),
    )
    op.create_table(
        "difference_owner",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "chain_gap",
                "end_unknown",
                "quarantined_row",
                "ledger_differs",
                "gateway_differs",
                "batch_differs",
                "deposited_not_paid",
                "paid_not_deposited",
                "unmatched_credit",
                "unmatched_debit",
                "desk_cash",
                name="differencekind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "owner_office_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "set_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(owner_id IS NULL) <> (owner_office_id IS NULL)",
            name=op.f("ck_difference_owner_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"],
            ["bank_account.id"],
            name=op.f("fk_difference_owner_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["staff_member.id"], name=op.f("fk_difference_owner_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_office_id"], ["office.id"], name=op.f("fk_difference_owner_owner_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_difference_owner_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_owner")),
    )
    op.create_index(
        "ix_difference_owner_of",
        "difference_owner",
        ["bank_account_id", "kind", "subject_id", "since_on"],
        unique=False,
    )
    op.create_table(
        "day_signature",
        sa.Column(
            "day_sheet_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "prepared_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column(
            "signed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column(
            "last_posting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.CheckConstraint("is_whole", name=op.f("ck_day_signature_only_whole")),
        sa.CheckConstraint(
            "prepared_by_id <> signed_by_id", name=op.f("ck_day_signature_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["day_sheet_id", "prepared_by_id", "is_whole"],
            ["day_sheet.id", "day_sheet.prepared_by_id", "day_sheet.is_whole"],
            name=op.f("fk_day_signature_day_sheet_id"),
        ),
        sa.ForeignKeyConstraint(
            ["signed_by_id"], ["staff_member.id"], name=op.f("fk_day_signature_signed_by_id")
        ),
        sa.PrimaryKeyConstraint("day_sheet_id", name=op.f("pk_day_signature")),
    )
    op.create_table(
        "day_change_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "change",
            sa.Enum(
                "undo_line",
                "reopen",
                name="daychange",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "day_sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "(change = 'undo_line') = (line_id IS NOT NULL)",
            name=op.f("ck_day_change_request_names_its_line"),
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_day_change_request_has_a_reason")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_member.id"], name=op.f("fk_day_change_request_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["day_sheet_id"],
            ["day_signature.day_sheet_id"],
            name=op.f("fk_day_change_request_day_sheet_id"),
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["statement_line.id"], name=op.f("fk_day_change_request_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_change_request")),
        sa.UniqueConstraint("id", "asked_by_id", name=op.f("uq_day_change_request_id_asked_by_id")),
    )
    op.create_index(
        op.f("ix_day_change_request_day_sheet_id"),
        "day_change_request",
        ["day_sheet_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_day_change_request_line_id"), "day_change_request", ["line_id"], unique=False
    )
    op.create_table(
        "day_change_decision",
        sa.Column(
            "request_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "decision",
            sa.Enum(
                "approved",
                "declined",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "asked_by_id <> decided_by_id", name=op.f("ck_day_change_decision_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["staff_member.id"],
            name=op.f("fk_day_change_decision_decided_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "asked_by_id"],
            ["day_change_request.id", "day_change_request.asked_by_id"],
            name=op.f("fk_day_change_decision_request_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_day_change_decision")),
    )
    for table in TABLES:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
