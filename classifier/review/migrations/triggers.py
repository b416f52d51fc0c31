"""What the database itself refuses: the statements that protect a table, in both dialects.

Each function gives the SQL of one protection. They are used by applied migrations: add new ones, never edit one.
"""

from collections.abc import Iterable

_ZERO = "0" * 64
_DIALECTS = ("sqlite", "postgresql")


def no_change(dialect: str, table: str, keys: Iterable[tuple[str, ...]]) -> list[str]:
    """Refuse UPDATE, DELETE, TRUNCATE, and an INSERT that would replace a row (``keys``: the table's unique columns)."""
    refused = f"{table} is append-only"
    statements = [*_refuse(dialect, table, "UPDATE", refused), *_refuse(dialect, table, "DELETE", refused)]
    return [*statements, *_no_loss(dialect, table, keys, refused)]


def fixed_columns(dialect: str, table: str, columns: Iterable[str], keys: Iterable[tuple[str, ...]]) -> list[str]:
    """Refuse DELETE, TRUNCATE, replacing, and an UPDATE that changes one of these columns."""
    refused = f"only the state of {table} may change"
    if dialect == "sqlite":
        changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in columns)
    else:
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns)
    statements = [*_refuse(dialect, table, "UPDATE", refused, changed), *_refuse(dialect, table, "DELETE", refused)]
    return [*statements, *_no_loss(dialect, table, keys, refused)]


def next_event_only(dialect: str) -> list[str]:
    """Refuse an event that is not the next one of the chain."""
    tip = "(SELECT digest FROM events ORDER BY sequence DESC LIMIT 1)"
    wrong = (
        "NEW.sequence <> COALESCE((SELECT MAX(sequence) FROM events), 0) + 1"  # noqa: S608 (no input in it)
        f" OR NEW.previous <> COALESCE({tip}, '{_ZERO}')"
    )
    return _refuse(dialect, "events", "INSERT", "an event must follow the last one", wrong, name="order")


def _no_loss(dialect: str, table: str, keys: Iterable[tuple[str, ...]], refused: str) -> list[str]:
    if dialect == "postgresql":
        return _refuse_truncate(table, refused)
    # REPLACE removes the old row without firing the DELETE trigger: stop it before it inserts.
    there = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {_same(key)})"  # noqa: S608 (names of this module's callers only)
        for key in keys
    )
    return _refuse(dialect, table, "INSERT", refused, there, name="replace")


def _same(key: Iterable[str]) -> str:
    return " AND ".join(f"{name} = NEW.{name}" for name in key)


def _refuse(dialect: str, table: str, verb: str, message: str, when: str = "", *, name: str = "") -> list[str]:
    assert dialect in _DIALECTS
    trigger = f"{table}_no_{name or verb.lower()}"
    if dialect == "sqlite":
        condition = f" WHEN {when}" if when else ""
        return [
            f"CREATE TRIGGER {trigger} BEFORE {verb} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ]
    body = f"RAISE EXCEPTION '{message}';"
    if when:
        body = f"IF {when} THEN {body} END IF; RETURN NEW;"
    return [
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {trigger} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()",
    ]


def _refuse_truncate(table: str, message: str) -> list[str]:
    trigger = f"{table}_no_truncate"
    return [
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$",
        f"CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {trigger}()",
    ]
