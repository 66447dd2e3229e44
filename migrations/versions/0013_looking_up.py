"""Indexes for looking up what stands opposite a line, and a payment by its trace number."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _index_lines("bank_account_id", "booked_on", "amount_rial")
    is_there = sa.text("trace_number IS NOT NULL")
    op.create_index(
        "ix_payment_trace",
        "payment",
        ["gateway", "trace_number"],
        sqlite_where=is_there,
        postgresql_where=is_there,
    )


def downgrade() -> None:
    op.drop_index("ix_payment_trace", table_name="payment")
    _index_lines("bank_account_id", "booked_on")


def _index_lines(*columns: str) -> None:
    """Lines by account and day; with the amount, whatever the opposite one of a day is found by."""
    op.drop_index("ix_statement_line_day", table_name="statement_line")
    op.create_index("ix_statement_line_day", "statement_line", list(columns))
