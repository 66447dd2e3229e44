"""Delivery and proof of receipts: signed lists of chain heads, links that were asked for again."""

import sqlalchemy as sa
from alembic import op

from core.database import insert_only_ddl

revision = "0016"
down_revision = "0015"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _published_heads()
    _link_requests()
    _statement_links()
    op.create_index("ix_receipt_file_pdf_hash", "receipt_file", ["pdf_hash"])
    for table in ("published_heads", "receipt_link", "statement_link"):
        for statement in insert_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_receipt_file_pdf_hash", "receipt_file")
    for table in ("statement_link", "receipt_link", "published_heads"):
        op.drop_table(table)


def _published_heads() -> None:
    op.create_table(
        "published_heads",
        sa.Column("id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("certificates", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_heads")),
        sa.UniqueConstraint("day", name=op.f("uq_published_heads_day")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_published_heads_previous_hash")),
    )


def _link_requests() -> None:
    op.create_table(
        "receipt_link",
        sa.Column("id", Id, nullable=False),
        sa.Column("receipt_id", Id, nullable=False),
        sa.Column("asked_by_id", Id, nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["staff_member.id"], name=op.f("fk_receipt_link_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_link_receipt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_link")),
    )
    op.create_index("ix_receipt_link_receipt_id", "receipt_link", ["receipt_id"])


def _statement_links() -> None:
    op.create_table(
        "statement_link",
        sa.Column("id", Id, nullable=False),
        sa.Column("pledge_id", Id, nullable=False),
        sa.Column("year", Id, nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pledge_id"], ["pledge.id"], name=op.f("fk_statement_link_pledge_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_link")),
        sa.UniqueConstraint("key", name=op.f("uq_statement_link_key")),
    )
    op.create_index("ix_statement_link_pledge_id", "statement_link", ["pledge_id"])
