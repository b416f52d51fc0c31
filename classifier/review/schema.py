"""The tables of the review store. Their triggers and every change of them live in ``migrations``.

Times are UTC text in ISO 8601 with microseconds, money is whole cents, records are canonical JSON: the same bytes in
SQLite and PostgreSQL, so that a digest computed over a row is the same in both.
"""

import zlib
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Compressed(TypeDecorator[str]):
    """A long text kept as zlib bytes: a prediction with its evidence takes about a quarter of its size.

    Bytes that are none of ours read as an empty text, which fits no digest: the proof names the row.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        """To the database."""
        return None if value is None else zlib.compress(value.encode(), level=6)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        """From the database."""
        try:
            return None if value is None else zlib.decompress(value).decode()
        except (zlib.error, UnicodeDecodeError, TypeError):
            return ""


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_TIME = String(27)
_DIGEST = String(64)
_NAME = String(200)
# Compared byte by byte in both databases, so that a search by beginning is one range of the index.
_BYTES = Text().with_variant(Text(collation="C"), "postgresql")

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("file_digest", _DIGEST, nullable=False),
    Column("size", Integer, nullable=False),
    Column("filed", Integer, nullable=False, server_default="0"),
    Column("problems", Integer, nullable=False, server_default="0"),
    Column("opened_by", _NAME, nullable=False),
    Column("opened_at", _TIME, nullable=False),
    Column("closed_at", _TIME),
    Column("state", String(20), nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("batches.id"), index=True),
    Column("row", Integer),
    Column("loan_id", _BYTES, nullable=False, index=True),
    Column("text_digest", _DIGEST, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("code", String(20)),
    Column("confidence", Float, nullable=False),
    Column("route", String(20), nullable=False),
    Column("conflict", Boolean, nullable=False),
    Column("balance_cents", BigInteger),
    Column("edition", _NAME, nullable=False),
    Column("lexicon", _NAME, nullable=False),
    Column("model", _NAME, nullable=False),
    Column("submitted_by", _NAME, nullable=False, index=True),
    Column("submitted_at", _TIME, nullable=False, index=True),
    Column("follows", ForeignKey("cases.id")),
    Column("digest", _DIGEST, nullable=False),
    # Only these six ever change (CHANGING); the digest covers everything else but the id, which the event names.
    Column("status", String(20), nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("blind", Boolean, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Column("label_outcome", String(20), nullable=False),
    Column("label_code", String(20), index=True),
    # The long texts stand last: SQLite reads the columns before them without walking through them.
    Column("application", Text, nullable=False),
    Column("prediction", Compressed, nullable=False),
    Index("ix_cases_queue", "status", "confidence"),
)

# The tables that the database itself protects by triggers named after them.
PROTECTED = ("events", "cases", "batches", "verdicts", "notes", "samples", "sampled", "sample_readings")
CHANGING = ("status", "version", "blind", "disputed", "label_outcome", "label_code")

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    # The case's version that this verdict made: two people cannot both make the same one.
    Column("version", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("outcome", String(20)),
    Column("code", String(20)),
    Column("reason", Text, nullable=False),
    Column("actor", _NAME, nullable=False, index=True),
    Column("at", _TIME, nullable=False),
    Column("supersedes", ForeignKey("verdicts.id")),
    UniqueConstraint("case_id", "version"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("actor", _NAME, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("text", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _TIME, nullable=False, index=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("action", String(40), nullable=False),
    Column("case_id", Integer, index=True),
    Column("batch_id", Integer, index=True),
    Column("content", Text, nullable=False),
    Column("previous", _DIGEST, nullable=False),
    Column("digest", _DIGEST, nullable=False, unique=True),
)

samples = Table(
    "samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("drawn_by", _NAME, nullable=False),
    Column("drawn_at", _TIME, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("stratified", Boolean, nullable=False),
    Column("query", Text, nullable=False),
)

sampled = Table(
    "sampled",
    metadata,
    Column("sample_id", ForeignKey("samples.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    # The label that stood when the sample was drawn, the stratum, and how many cases of the population are in it.
    Column("outcome", String(20), nullable=False),
    Column("code", String(20)),
    Column("stratum", String(40), nullable=False),
    Column("stratum_size", Integer, nullable=False),
)

sample_readings = Table(
    "sample_readings",
    metadata,
    Column("sample_id", ForeignKey("samples.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("outcome", String(20), nullable=False),
    Column("code", String(20)),
    Column("reason", Text, nullable=False),
    Column("reader", _NAME, nullable=False),
    Column("at", _TIME, nullable=False),
)

# A result that its link opens again; the token says nothing of the text. Deleted after a month.
drafts = Table(
    "drafts",
    metadata,
    Column("token", String(43), primary_key=True),
    Column("owner", _NAME, nullable=False, index=True),
    Column("at", _TIME, nullable=False, index=True),
    Column("text_digest", _DIGEST, nullable=False),
    Column("text_kept", Boolean, nullable=False),
    Column("application", Text, nullable=False),
    Column("prediction", Compressed, nullable=False),
    Column("case_id", ForeignKey("cases.id")),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("roles", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", _TIME),
    Column("created_at", _TIME, nullable=False),
    CheckConstraint("failures >= 0", name="failures"),
)

# A session's token is a secret: only its digest is kept.
sessions = Table(
    "sessions",
    metadata,
    Column("token_digest", _DIGEST, primary_key=True),
    Column("account", ForeignKey("accounts.name"), nullable=False, index=True),
    Column("csrf", String(43), nullable=False),
    Column("opened_at", _TIME, nullable=False),
    Column("seen_at", _TIME, nullable=False),
    Column("ended_at", _TIME),
)
