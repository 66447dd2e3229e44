"""Cycles, holidays and the providers' own reports."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0008"
down_revision = "0007"

INSERT_ONLY = (
    "weekly_rest", "holiday", "settlement_cycle", "settlement_report", "settlement_report_item",
    "reported_settlement", "settlement_difference",
)  # fmt: skip
# Each after what refers to it.
DROPPED = (
    "settlement_difference", "reported_settlement", "settlement_report_item", "settlement_report",
    "settlement_cycle", "holiday", "weekly_rest",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "weekly_rest",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("weekday", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_weekly_rest_a_weekday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_rest")),
        sa.UniqueConstraint(
            "valid_from", "weekday", name=op.f("uq_weekly_rest_valid_from_weekday")
        ),
    )
    op.create_table(
        "holiday",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_holiday", sa.Boolean(), nullable=False),
        sa.Column("name_fa", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column(
            "entered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("name_fa <> ''", name=op.f("ck_holiday_has_a_name")),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["staff_member.id"], name=op.f("fk_holiday_entered_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
        sa.UniqueConstraint("day", "revision", name=op.f("uq_holiday_day_revision")),
    )
    op.create_table(
        "settlement_cycle",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "terminal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "day_kind",
            sa.Enum(
                "working",
                "holiday",
                name="daykind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "cut_off_minute", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "entered_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "cut_off_minute BETWEEN 1 AND 1440", name=op.f("ck_settlement_cycle_within_a_day")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["staff_member.id"], name=op.f("fk_settlement_cycle_entered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["terminal.id"], name=op.f("fk_settlement_cycle_terminal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_cycle")),
    )
    op.create_index(
        "ix_settlement_cycle_of_all",
        "settlement_cycle",
        ["valid_from", "day_kind", "cut_off_minute"],
        unique=True,
        sqlite_where=sa.text("terminal_id IS NULL"),
        postgresql_where=sa.text("terminal_id IS NULL"),
    )
    op.create_index(
        "ix_settlement_cycle_of_terminal",
        "settlement_cycle",
        ["terminal_id", "valid_from", "day_kind", "cut_off_minute"],
        unique=True,
        sqlite_where=sa.text("terminal_id IS NOT NULL"),
        postgresql_where=sa.text("terminal_id IS NOT NULL"),
    )
    op.create_table(
        "settlement_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "terminal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("part", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("payout_reference", sa.String(length=80), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column(
            "item_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "gross_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("fee_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("net_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "handed_in_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("handed_in_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("item_count > 0", name=op.f("ck_settlement_report_has_items")),
        sa.CheckConstraint(
            "net_rial = gross_rial - fee_rial", name=op.f("ck_settlement_report_net_of_fee")
        ),
        sa.ForeignKeyConstraint(
            ["handed_in_by_id"],
            ["staff_member.id"],
            name=op.f("fk_settlement_report_handed_in_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["terminal.id"], name=op.f("fk_settlement_report_terminal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_report")),
        sa.UniqueConstraint(
            "terminal_id",
            "sha256",
            "part",
            name=op.f("uq_settlement_report_terminal_id_sha256_part"),
        ),
    )
    op.create_index(
        "ix_settlement_report_net", "settlement_report", ["terminal_id", "net_rial"], unique=False
    )
    op.create_index(
        "ix_settlement_report_paid_on",
        "settlement_report",
        ["terminal_id", "paid_on"],
        unique=False,
    )
    op.create_table(
        "reported_settlement",
        sa.Column(
            "settlement_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["settlement_report.id"], name=op.f("fk_reported_settlement_report_id")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.id"], name=op.f("fk_reported_settlement_settlement_id")
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_reported_settlement")),
    )
    op.create_index(
        op.f("ix_reported_settlement_report_id"), "reported_settlement", ["report_id"], unique=False
    )
    op.create_table(
        "settlement_report_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "row_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "sort",
            sa.Enum(
                "sale",
                "refund",
                "reversal",
                name="itemsort",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("fee_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column(
            "order_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("card", sa.String(length=20), nullable=True),
        sa.CheckConstraint(
            "(sort = 'sale') = (amount_rial > 0)",
            name=op.f("ck_settlement_report_item_sign_of_sort"),
        ),
        sa.CheckConstraint("amount_rial <> 0", name=op.f("ck_settlement_report_item_moves_money")),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["settlement_report.id"],
            name=op.f("fk_settlement_report_item_report_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_report_item")),
        sa.UniqueConstraint(
            "report_id", "row_number", name=op.f("uq_settlement_report_item_report_id_row_number")
        ),
    )
    op.create_index(
        "ix_settlement_report_item_reference", "settlement_report_item", ["reference"], unique=False
    )
    op.create_table(
        "settlement_difference",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "settlement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "rounding",
                "fee",
                "refund",
                "other",
                name="differencekind",
                native_enum=False,
                create_constraint=True,
                length=30,
            ),
            nullable=False,
        ),
        sa.Column(
            "amount_rial", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column(
            "refund_request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "(kind = 'refund') = (refund_request_id IS NOT NULL)",
            name=op.f("ck_settlement_difference_a_refund"),
        ),
        sa.CheckConstraint(
            "kind <> 'other' OR note <> ''", name=op.f("ck_settlement_difference_other_is_named")
        ),
        sa.CheckConstraint("amount_rial <> 0", name=op.f("ck_settlement_difference_moves_money")),
        sa.ForeignKeyConstraint(
            ["refund_request_id"],
            ["refund_request.id"],
            name=op.f("fk_settlement_difference_refund_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlement.id"],
            name=op.f("fk_settlement_difference_settlement_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_difference")),
    )
    op.create_index(
        op.f("ix_settlement_difference_settlement_id"),
        "settlement_difference",
        ["settlement_id"],
        unique=False,
    )
    op.add_column(
        "expected_terminal_money",
        sa.Column(
            "taken_minute",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="1439",
            nullable=False,
        ),
    )
    op.add_column(
        "settlement",
        sa.Column(
            "cut_off_minute",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="1440",
            nullable=False,
        ),
    )
    op.add_column(
        "settlement",
        sa.Column(
            "apart_fee_rial",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
    )
    op.create_index(
        "ix_settlement_apart",
        "settlement",
        ["apart_fee_rial"],
        unique=False,
        sqlite_where=sa.text("apart_fee_rial > 0"),
        postgresql_where=sa.text("apart_fee_rial > 0"),
    )
    op.add_column(
        "settlement_item",
        sa.Column(
            "taken_minute",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="1439",
            nullable=False,
        ),
    )
    for table in INSERT_ONLY:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_settlement_apart", table_name="settlement")
    op.drop_column("settlement_item", "taken_minute")
    op.drop_column("settlement", "apart_fee_rial")
    op.drop_column("settlement", "cut_off_minute")
    op.drop_column("expected_terminal_money", "taken_minute")
    for table in DROPPED:
        op.drop_table(table)
