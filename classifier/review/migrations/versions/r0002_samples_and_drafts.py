"""Samples that an auditor reads again blind, and drafts that a link opens again."""

import sqlalchemy as sa
from alembic import op

from classifier.review.migrations.triggers import no_change

revision = "0002"
down_revision = "0001"

_TIME = sa.String(27)
_DIGEST = sa.String(64)
_NAME = sa.String(200)


def upgrade() -> None:
    """Create the tables and what protects them."""
    _create_samples()
    _create_drafts()
    dialect = op.get_bind().dialect.name
    for statement in (
        *no_change(dialect, "samples", [("id",)]),
        *no_change(dialect, "sampled", [("sample_id", "position")]),
        *no_change(dialect, "sample_readings", [("sample_id", "position")]),
    ):
        op.execute(sa.text(statement))


def _create_samples() -> None:
    op.create_table(
        "samples",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("drawn_by", _NAME, nullable=False),
        sa.Column("drawn_at", _TIME, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("stratified", sa.Boolean, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
    )
    op.create_table(
        "sampled",
        sa.Column("sample_id", sa.Integer, sa.ForeignKey("samples.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20)),
        sa.Column("stratum", sa.String(40), nullable=False),
        sa.Column("stratum_size", sa.Integer, nullable=False),
    )
    op.create_table(
        "sample_readings",
        sa.Column("sample_id", sa.Integer, sa.ForeignKey("samples.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reader", _NAME, nullable=False),
        sa.Column("at", _TIME, nullable=False),
    )


def _create_drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("token", sa.String(43), primary_key=True),
        sa.Column("owner", _NAME, nullable=False, index=True),
        sa.Column("at", _TIME, nullable=False, index=True),
        sa.Column("text_digest", _DIGEST, nullable=False),
        sa.Column("text_kept", sa.Boolean, nullable=False),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("prediction", sa.LargeBinary, nullable=False),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id")),
    )
