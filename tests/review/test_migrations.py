"""The schema: made from nothing, brought up from an older file with its data, and never opened by the wrong program."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from classifier import Application, Outcome, Prediction
from classifier.errors import ReviewError
from classifier.review import Label, Policy, ReviewStore, Submission, database
from classifier.review.schema import metadata
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]


def test_the_migrations_make_the_tables_of_the_schema(empty_url: str) -> None:
    store = ReviewStore.open(empty_url)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def older_store(url: str, bank: Bank, labelled: Labelled) -> ReviewStore:
    """A store at revision 0001, in which people worked."""
    engine = database.connect(url)
    assert database.upgrade(engine, "0001") == (None, "0001")
    store = ReviewStore(engine, Policy(blind_share=0), True, lambda: datetime(2026, 1, 5, tzinfo=UTC))
    batch = store.open_batch(bank.officer, "台账", "0" * 64, 3)
    store.file(bank.officer, batch, [Submission(*pair) for pair in labelled[:3]])
    store.send_case(bank.first, 1)
    store.decide(bank.first, 1, 1, Label(Outcome.OUTSIDE), "理由")
    store.note(bank.first, 1, "备注")
    return store


def test_an_older_file_is_refused_until_it_is_upgraded_with_all_its_data(
    empty_url: str, bank: Bank, labelled: Labelled
) -> None:
    older = older_store(empty_url, bank, labelled)
    with older.reading() as connection:
        assert "drafts" not in database.inspect(connection).get_table_names()
        chain = connection.execute(text("SELECT * FROM events ORDER BY sequence")).all()
    older.close()
    with pytest.raises(ReviewError, match="lanmu store upgrade"):
        ReviewStore.open(empty_url)
    engine = database.connect(empty_url)
    assert database.upgrade(engine) == ("0001", database.newest())
    assert database.upgrade(engine) == (database.newest(), database.newest())
    engine.dispose()
    store = ReviewStore.open(empty_url)
    with store.reading() as connection:
        assert connection.execute(text("SELECT * FROM events ORDER BY sequence")).all() == chain
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert store.verify(bank.auditor).ok
    assert store.case(bank.first, 1).label == Label(Outcome.OUTSIDE)
    store.keep_draft(bank.officer, *labelled[0])
    store.decide(bank.second, 1, 2, Label(Outcome.OUTSIDE))
    assert store.verify(bank.auditor).ok
    store.close()


def test_an_empty_database_opened_by_many_at_once_gets_its_tables_once(empty_url: str) -> None:
    start = Barrier(6)

    def opened(_number: int) -> str | None:
        start.wait()
        store = ReviewStore.open(empty_url)
        with store.reading() as connection:
            found = database.revision_of(connection)
        store.close()
        return found

    with ThreadPoolExecutor(6) as many:
        assert list(many.map(opened, range(6))) == [database.newest()] * 6


def test_a_newer_database_is_refused(url: str) -> None:
    engine = database.connect(url)
    with database.writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ReviewError, match="比本程序新"):
        ReviewStore.open(url)


def test_a_database_of_something_else_is_refused(empty_url: str) -> None:
    engine = database.connect(empty_url)
    with database.writing(engine) as connection:
        connection.execute(text("CREATE TABLE others (id INTEGER)"))
    engine.dispose()
    with pytest.raises(ReviewError, match="不是本系统的库"):
        ReviewStore.open(empty_url)


def test_a_failed_upgrade_leaves_the_older_schema(empty_url: str) -> None:
    engine = database.connect(empty_url)
    database.upgrade(engine, "0001")
    with database.writing(engine) as connection:
        connection.execute(text("CREATE TABLE drafts (id INTEGER)"))
    with pytest.raises(DatabaseError, match="drafts"):
        database.upgrade(engine)
    with database.reading(engine) as connection:
        assert database.revision_of(connection) == "0001"
        assert "samples" not in database.inspect(connection).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("place", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", "sqlite:///"])
def test_a_wrong_address_is_told(place: str) -> None:
    with pytest.raises(ReviewError, match=r"数据库|SQLite"):
        ReviewStore.open(place)


def test_a_new_file_is_for_its_owner_only_and_in_a_folder_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "lanmu.db"
    store = ReviewStore.open(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o077 == 0
    with store.reading() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert pragmas == ["wal", 2, 30000]
    store.close()
