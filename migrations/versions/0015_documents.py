"""What desks find when they accept goods and hours, and what the organisation writes."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0015"
down_revision = "0014"

TABLES = ("goods_acceptance", "service_acceptance", "receipt_text")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_goods_acceptance()
    _create_service_acceptance()
    _create_receipt_text()
    for table in TABLES:
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_receipt_text_of", table_name="receipt_text")
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_goods_acceptance() -> None:
    op.create_table(
        "goods_acceptance",
        sa.Column("id", Id, nullable=False),
        sa.Column("contribution_line_id", Id, nullable=False),
        _words("condition", "new", "good", "worn", "damaged"),
        _words("basis", "invoice", "appraiser", "donor", "not_valued", name="valuebasis"),
        sa.Column("assessed_value_rial", Id, nullable=True),
        sa.Column("appraiser", sa.Text(), nullable=True),
        sa.Column("warehouse_number", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "(basis = 'not_valued') = (assessed_value_rial IS NULL)",
            name=op.f("ck_goods_acceptance_valued"),
        ),
        sa.CheckConstraint(
            "assessed_value_rial > 0 AND assessed_value_rial <= 1000000000000000",
            name=op.f("ck_goods_acceptance_value_within_reach"),
        ),
        sa.CheckConstraint(
            "(basis = 'appraiser') = (appraiser IS NOT NULL) AND appraiser <> ''",
            name=op.f("ck_goods_acceptance_an_appraiser_has_a_name"),
        ),
        sa.CheckConstraint(
            "warehouse_number <> ''", name=op.f("ck_goods_acceptance_warehouse_number")
        ),
        *_of_a_line("goods_acceptance"),
    )


def _create_service_acceptance() -> None:
    op.create_table(
        "service_acceptance",
        sa.Column("id", Id, nullable=False),
        sa.Column("contribution_line_id", Id, nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("supervisor_title", sa.Text(), nullable=True),
        sa.Column("duty", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "started_on <= ended_on", name=op.f("ck_service_acceptance_ends_after_it_starts")
        ),
        sa.CheckConstraint("supervisor <> ''", name=op.f("ck_service_acceptance_has_a_supervisor")),
        sa.CheckConstraint("place <> ''", name=op.f("ck_service_acceptance_has_a_place")),
        *_of_a_line("service_acceptance"),
    )


def _create_receipt_text() -> None:
    texts = (
        "tax_line", "thanks", "certificate", "first_signatory", "first_title",
        "second_signatory", "second_title", "seal_name", "seal",
    )  # fmt: skip
    op.create_table(
        "receipt_text",
        sa.Column("id", Id, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in texts),
        sa.Column("set_by_id", Id, nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "language = 'fa' OR language = 'en'", name=op.f("ck_receipt_text_language")
        ),
        sa.CheckConstraint("organisation <> '' AND unit <> ''", name=op.f("ck_receipt_text_named")),
        sa.CheckConstraint(
            "first_signatory IS NOT NULL OR second_signatory IS NULL",
            name=op.f("ck_receipt_text_first_comes_first"),
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["staff_member.id"], name=op.f("fk_receipt_text_set_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_text")),
    )
    op.create_index("ix_receipt_text_of", "receipt_text", ["language", "valid_from", "id"])


def _words(column: str, *words: str, name: str = "") -> sa.Column[str]:
    kind = sa.Enum(
        *words, name=name or column, native_enum=False, create_constraint=True, length=30
    )
    return sa.Column(column, kind, nullable=False)


def _of_a_line(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["contribution_line_id"],
            ["contribution_line.id"],
            name=op.f(f"fk_{table}_contribution_line_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("contribution_line_id", name=op.f(f"uq_{table}_contribution_line_id")),
    )
