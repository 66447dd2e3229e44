"""Runs that a person made by accepting offers together, and how far a run has come."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_COUNTS = ("lines_before", "lines_explained")


def upgrade() -> None:
    op.add_column(
        "reconciliation_run",
        sa.Column("is_by_hand", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    for name in _COUNTS:
        op.add_column(
            "reconciliation_run",
            sa.Column(
                name,
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                server_default="0",
                nullable=False,
            ),
        )


def downgrade() -> None:
    for name in (*_COUNTS, "is_by_hand"):
        op.drop_column("reconciliation_run", name)
