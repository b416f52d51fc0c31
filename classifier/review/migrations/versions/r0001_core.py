"""The core: batches, cases, verdicts, notes, the chain of events, accounts and their sessions."""

import sqlalchemy as sa
from alembic import op

from classifier.review.migrations.triggers import fixed_columns, next_event_only, no_change

revision = "0001"
down_revision = None

_TIME = sa.String(27)
_DIGEST = sa.String(64)
_NAME = sa.String(200)
_BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MUTABLE_CASE = {"status", "version", "blind", "disputed", "label_outcome", "label_code"}
_FIXED_BATCH = ("id", "name", "file_digest", "size", "opened_by", "opened_at")


def upgrade() -> None:
    """Create the tables and what protects them."""
    _create_cases()
    _create_decisions()
    _create_accounts()
    dialect = op.get_bind().dialect.name
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("cases")]
    fixed = [name for name in columns if name not in _MUTABLE_CASE]
    for statement in (
        *no_change(dialect, "events", [("sequence",), ("digest",)]),
        *next_event_only(dialect),
        *no_change(dialect, "verdicts", [("id",), ("case_id", "version")]),
        *no_change(dialect, "notes", [("id",)]),
        *fixed_columns(dialect, "cases", fixed, [("id",)]),
        *fixed_columns(dialect, "batches", _FIXED_BATCH, [("id",)]),
    ):
        op.execute(sa.text(statement))


def _create_cases() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("file_digest", _DIGEST, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("filed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problems", sa.Integer, nullable=False, server_default="0"),
        sa.Column("opened_by", _NAME, nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME),
        sa.Column("state", sa.String(20), nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batches.id"), index=True),
        sa.Column("row", sa.Integer),
        sa.Column("loan_id", _BYTES, nullable=False, index=True),
        sa.Column("text_digest", _DIGEST, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("code", sa.String(20)),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("route", sa.String(20), nullable=False),
        sa.Column("conflict", sa.Boolean, nullable=False),
        sa.Column("balance_cents", sa.BigInteger),
        sa.Column("edition", _NAME, nullable=False),
        sa.Column("lexicon", _NAME, nullable=False),
        sa.Column("model", _NAME, nullable=False),
        sa.Column("submitted_by", _NAME, nullable=False, index=True),
        sa.Column("submitted_at", _TIME, nullable=False, index=True),
        sa.Column("follows", sa.Integer, sa.ForeignKey("cases.id")),
        sa.Column("digest", _DIGEST, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("disputed", sa.Boolean, nullable=False),
        sa.Column("label_outcome", sa.String(20), nullable=False),
        sa.Column("label_code", sa.String(20), index=True),
        sa.Column("application", sa.Text, nullable=False),
        sa.Column("prediction", sa.LargeBinary, nullable=False),
        sa.Index("ix_cases_queue", "status", "confidence"),
    )


def _create_decisions() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("code", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", _NAME, nullable=False, index=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("supersedes", sa.Integer, sa.ForeignKey("verdicts.id")),
        sa.UniqueConstraint("case_id", "version"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("actor", _NAME, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False, index=True),
        sa.Column("actor", _NAME, nullable=False, index=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("case_id", sa.Integer, index=True),
        sa.Column("batch_id", sa.Integer, index=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", _DIGEST, nullable=False),
        sa.Column("digest", _DIGEST, nullable=False, unique=True),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("failures >= 0", name="failures"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_digest", _DIGEST, primary_key=True),
        sa.Column("account", _NAME, sa.ForeignKey("accounts.name"), nullable=False, index=True),
        sa.Column("csrf", sa.String(43), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
    )
