"""The way to the database: one engine by URL, one kind of transaction that writes and one that reads.

A write takes the only write lock at its start (BEGIN IMMEDIATE, or an advisory lock in PostgreSQL), so that two writers
can neither fork the chain of events nor overwrite each other. A read sees one moment and keeps nobody waiting.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from classifier.errors import ReviewError
from classifier.review.schema import metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "lanmu_writes"
_TIP_LOCK = 0x6C616E6D75
_WAIT_SECONDS = 30


def connect(url: str) -> Engine:
    """The engine for an SQLite file or a PostgreSQL database; an SQLite file is created empty, for its owner only.

    Parameters are hidden from errors, so that no text gets into a log.
    """
    place = understood(url)
    if place.get_backend_name() == "sqlite":
        return _sqlite(place)
    engine = create_engine(place, pool_pre_ping=True, hide_parameters=True)
    event.listen(engine, "connect", _limit_waiting)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock; all of it is committed at the end, or nothing."""
    try:
        with engine.execution_options(**{_WRITES: True}).begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TIP_LOCK})
            yield connection
    except OperationalError as error:
        if "locked" in str(error.orig) or "lock timeout" in str(error.orig):
            raise ReviewError(f"数据库忙，等了 {_WAIT_SECONDS} 秒仍不能写入：这次没有保存，请稍后再试。") from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment of the database and writes nothing."""
    level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.execution_options(**level).connect() as connection:
        yield connection


def may_write(connection: Connection) -> bool:
    """Whether the connection came from ``writing``."""
    return bool(connection.get_execution_options().get(_WRITES))


def prepare(engine: Engine) -> None:
    """Create the tables of an empty database; refuse one that is older or newer than this program."""
    with reading(engine) as connection:
        found, empty = revision_of(connection), is_empty(connection)
    if empty:
        upgrade(engine)
    elif found is None:
        raise ReviewError("这个数据库里有别的表，不是本系统的库：请换一个空库。")
    elif found != newest():
        known = found in {script.revision for script in _scripts().walk_revisions()}
        raise ReviewError(
            "数据库是旧版结构：请先备份，再运行 lanmu store upgrade。"
            if known
            else f"数据库的结构（{found}）比本程序新：请用新版程序打开。"
        )


def upgrade(engine: Engine, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the schema up to a revision (the newest) in one transaction; the revisions before and after."""
    with writing(engine) as connection:
        before = revision_of(connection)
        upgrade_within(connection, revision)
        return before, revision_of(connection)


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """The same within a transaction that already holds the write lock."""
    scripts = _scripts()
    environment = EnvironmentContext(Config(), scripts, fn=lambda current, _: scripts._upgrade_revs(revision, current))
    try:
        with environment:
            environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
            environment.run_migrations()
    except CommandError as error:
        raise ReviewError("数据库或备份的结构不是本程序认识的：如果由新版程序写成，请用新版程序打开。") from error


def is_empty(connection: Connection) -> bool:
    """Whether the database has no table at all."""
    return not inspect(connection).get_table_names()


def revision_of(connection: Connection) -> str | None:
    """The revision the schema stands at; None without our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this program was written for."""
    return str(_scripts().get_current_head())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_MIGRATIONS))


def understood(url: str) -> URL:
    """The parts of a database URL, with the driver we use; raises ReviewError when it means nothing to us."""
    try:
        place = make_url(url)
    except ArgumentError as error:
        raise ReviewError("数据库地址读不懂：应为 sqlite:///文件 或 postgresql://用户@主机/库名。") from error
    if place.drivername in ("postgres", "postgresql"):
        place = place.set(drivername="postgresql+psycopg")
    if place.get_backend_name() not in ("sqlite", "postgresql"):
        raise ReviewError(f"不支持“{place.get_backend_name()}”数据库：请用 SQLite 文件或 PostgreSQL。")
    if place.get_backend_name() == "sqlite" and place.database in (None, "", ":memory:"):
        raise ReviewError("SQLite 的库必须是文件：请写成 sqlite:///文件。")
    return place


def _sqlite(place: URL) -> Engine:
    file = Path(str(place.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    engine = create_engine(place, connect_args={"timeout": _WAIT_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _limit_waiting(connection: Any, _record: Any) -> None:
    connection.execute(f"SET lock_timeout = '{_WAIT_SECONDS}s'")
    connection.commit()


def _set_up(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: it would take the write lock too late.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", f"busy_timeout = {_WAIT_SECONDS * 1000}", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if may_write(connection) else "BEGIN")
