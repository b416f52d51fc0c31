"""Backup and restore, while people work: a copy of an SQLite file, or a portable file that either database can take.

The portable file is gzipped JSON lines: a header, then for each table a line with its columns and a line for each row, and
a last line with the number of rows. A backup appears under its name only when it is whole.
"""

import gzip
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, MetaData, Table, select, text
from sqlalchemy.exc import SQLAlchemyError

from classifier.errors import ReviewError
from classifier.review import audit, database
from classifier.review.audit import Anchor, Verification
from classifier.review.proof import verify_seen
from classifier.review.schema import Compressed
from classifier.review.stored import canonical

FORMAT = 1
PORTABLE = ".jsonl.gz"
_SQLITE_MAGIC, _GZIP_MAGIC = b"SQLite format 3\0", b"\x1f\x8b"
_CHUNK = 500
_REVISIONS = "alembic_version"
# Whatever a file can do that somebody cut short or wrote by hand.
_UNREADABLE = (
    *(EOFError, OSError, ValueError, LookupError, TypeError, AttributeError),
    *(StopIteration, RecursionError, OverflowError, SQLAlchemyError),
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is whole: where it is, and the head of the chain in it."""

    path: Path
    head: Anchor


def back_up(url: str, target: Path, *, overwrite: bool = False) -> Backup:
    """Write what the database holds at one moment; a PostgreSQL database, or a name in .jsonl.gz, gives a portable file."""
    place = database.understood(url)
    if place.get_backend_name() == "sqlite" and not Path(str(place.database)).exists():
        raise ReviewError(f"没有数据库“{place.database}”：请核对地址。")
    engine = database.connect(url)
    try:
        if target.exists() and not overwrite:
            raise ReviewError(f"“{target}”已经存在：请换一个名字，或写明覆盖。")
        with database.reading(engine) as connection:
            if database.revision_of(connection) is None:
                raise ReviewError("这个数据库里没有本系统的表，没有可备份的：请核对地址。")
        with _whole_or_nothing(target) as partial:
            if engine.dialect.name == "sqlite" and not target.name.endswith(PORTABLE):
                head = _copy(Path(str(engine.url.database)), partial)
            else:
                with database.reading(engine) as connection:
                    head = _write_portable(connection, partial)
        return Backup(target, head)
    finally:
        engine.dispose()


def restore(source: Path, url: str, *, overwrite: bool = False, even_if_broken: bool = False) -> Verification:
    """Bring a backup back into a new SQLite file or an empty PostgreSQL database, upgraded and verified.

    An SQLite file that is there already is kept aside when ``overwrite`` says so. A backup whose chain does not verify is
    refused unless ``even_if_broken``. Stop the server first.
    """
    kind = _kind(source)
    place = database.understood(url)
    if place.get_backend_name() == "sqlite":
        return _restore_file(source, kind, Path(str(place.database)), overwrite, even_if_broken)
    engine = database.connect(url)
    try:
        with database.writing(engine) as connection:
            if not database.is_empty(connection):
                raise ReviewError("目标数据库里已有表：请新建一个空库再恢复。")
            _fill(connection, source, kind)
            return _checked(connection, even_if_broken)
    finally:
        engine.dispose()


def _restore_file(source: Path, kind: str, target: Path, overwrite: bool, even_if_broken: bool) -> Verification:
    if target.exists() and not overwrite:
        raise ReviewError(f"“{target}”已经存在：请换一个名字，或写明覆盖（原来的文件会改名保留）。")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _whole_or_nothing(target, keep_old=True) as partial:
        if kind == "sqlite":
            _copy(source, partial)
        engine = database.connect(f"sqlite:///{partial}")
        try:
            with database.writing(engine) as connection:
                if kind == "sqlite":
                    database.upgrade_within(connection)
                else:
                    _fill(connection, source, kind)
                verification = _checked(connection, even_if_broken)
        finally:
            engine.dispose()
        _settle(partial)
    return verification


def _checked(connection: Connection, even_if_broken: bool) -> Verification:
    verification = verify_seen(connection)
    if not (verification.ok or even_if_broken):
        raise ReviewError(
            f"备份里的审计链核验不过，没有恢复：{verification.faults[0]}（共 {len(verification.faults)} 处）"
            "请换更早的备份，或写明仍要恢复。"
        )
    return verification


def _kind(source: Path) -> str:
    try:
        with source.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise ReviewError(f"备份“{source}”打不开：请核对路径。") from error
    if start == _SQLITE_MAGIC:
        return "sqlite"
    if start.startswith(_GZIP_MAGIC):
        return "portable"
    raise ReviewError(f"“{source}”不是本系统的备份：应为 SQLite 文件或 {PORTABLE} 文件。")


@contextmanager
def _whole_or_nothing(target: Path, *, keep_old: bool = False) -> Iterator[Path]:
    """A new file beside the target that takes its name at the end; nothing remains when it fails."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    _remove(partial)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield partial
        _sync(partial)
        if keep_old:
            _put_aside(target)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise ReviewError(f"没有写成“{target}”（{error}）：请检查磁盘空间、权限和备份文件。") from error
    finally:
        _remove(partial)


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _put_aside(target: Path) -> None:
    """Rename what is there, with its log: a log left behind would be read into the restored file."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            target.with_name(target.name + ending).rename(target.with_name(f"{target.name}.{stamp}{ending}"))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(source: Path, target: Path) -> Anchor:
    """A copy of an SQLite database at one moment, in one file, checked; the head of its chain."""
    from_there = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(from_there, uri=True, timeout=30)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    _settle(target)
    with closing(sqlite3.connect(target)) as new:
        (found,) = new.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise ReviewError(f"“{source}”已损坏，副本通不过完整性检查（{found}）：请用更早的备份。")
        last = new.execute("SELECT sequence, digest, at FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
    return Anchor(*last) if last else Anchor(0, audit.ZERO, "")


def _settle(file: Path) -> None:
    """Leave one file without a write-ahead log."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _write_portable(connection: Connection, target: Path) -> Anchor:
    head = audit.tip(connection)
    rows = 0
    with gzip.open(target, "wt", encoding="utf-8", compresslevel=6) as file:
        header = {"format": FORMAT, "schema": database.revision_of(connection), "head": head.digest}
        file.write(canonical(header) + "\n")
        for table in _tables(connection):
            file.write(canonical({"table": table.name, "columns": list(table.c.keys())}) + "\n")
            query = select(table).order_by(*table.primary_key)
            for row in connection.execute(query, execution_options={"yield_per": _CHUNK}):
                file.write(canonical(list(row)) + "\n")
                rows += 1
        file.write(canonical({"rows": rows}) + "\n")
    return head


def _tables(connection: Connection) -> list[Table]:
    """The tables as they are in this database, whatever its revision, those referred to first.

    Bytes are compressed texts: a portable file carries the texts.
    """
    found = MetaData()
    found.reflect(connection)
    for column in (column for table in found.tables.values() for column in table.c):
        if isinstance(column.type, LargeBinary):
            column.type = Compressed()
    return [table for table in found.sorted_tables if table.name != _REVISIONS]


def _fill(connection: Connection, source: Path, kind: str) -> None:
    """Make the tables of the backup's revision, fill them, and bring them up to the newest."""
    if kind == "sqlite":
        engine = database.connect(f"sqlite:///{source}")
        try:
            with database.reading(engine) as original:
                _fill_tables(connection, database.revision_of(original), _rows_of(original))
        finally:
            engine.dispose()
        return
    try:
        with gzip.open(source, "rt", encoding="utf-8") as file:
            lines = (json.loads(line) for line in file)
            header = next(lines)
            if header["format"] != FORMAT:
                raise ReviewError("备份的格式比本程序新：请用新版程序恢复。")
            _fill_tables(connection, header["schema"], _read_portable(lines))
    except _UNREADABLE as error:
        raise ReviewError(f"备份“{source}”不完整或被改动，没有恢复：请换一份。") from error


def _rows_of(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    for table in _tables(connection):
        query = select(table).order_by(*table.primary_key)
        for row in connection.execute(query, execution_options={"yield_per": _CHUNK}):
            yield table.name, dict(row._mapping)


def _read_portable(lines: Iterator[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    table, rows = "", 0
    columns: list[str] = []
    for line in lines:
        if isinstance(line, list):
            rows += 1
            yield table, dict(zip(columns, line, strict=True))
        elif "table" in line:
            table, columns = line["table"], line["columns"]
        elif line["rows"] == rows:
            return
    raise EOFError("the last line is missing")


def _fill_tables(connection: Connection, revision: str | None, rows: Iterator[tuple[str, dict[str, Any]]]) -> None:
    database.upgrade_within(connection, revision or "head")
    tables = {table.name: table for table in _tables(connection)}
    for name, chunk in _chunks(rows):
        connection.execute(tables[name].insert(), chunk)
    if connection.dialect.name == "postgresql":
        _set_counters(connection, tables)
    database.upgrade_within(connection)


def _chunks(rows: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    chunk: list[dict[str, Any]] = []
    name = ""
    for table, row in rows:
        if chunk and (table != name or len(chunk) == _CHUNK):
            yield name, chunk
            chunk = []
        name = table
        chunk.append(row)
    if chunk:
        yield name, chunk


def _set_counters(connection: Connection, tables: dict[str, Table]) -> None:
    for name, table in tables.items():
        if [column.name for column in table.primary_key] == ["id"]:
            counter = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": name})
            last = connection.scalar(select(table.c.id).order_by(table.c.id.desc()).limit(1))
            if counter and last:
                connection.execute(text("SELECT setval(:counter, :last)"), {"counter": counter, "last": last})
