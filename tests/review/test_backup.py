"""A backup is shown to be one by restoring it, into either kind of database."""

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from classifier import Application, Outcome, Prediction
from classifier.errors import ReviewError
from classifier.review import BatchState, Label, Query, ReviewStore, Submission, database
from classifier.review.backup import back_up, restore
from classifier.review.database import writing
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]


@pytest.fixture
def full(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    batch = store.open_batch(bank.officer, "台账.xlsx", "0" * 64, 12)
    store.file(bank.officer, batch, [Submission(*pair) for pair in labelled])
    store.close_batch(bank.officer, batch, BatchState.DONE)
    store.send_case(bank.first, 1)
    store.decide(bank.first, 1, 1, Label(Outcome.OUTSIDE), "理由 <'\"\\n>")
    store.reopen(bank.second, 1, 2, "重看")
    store.send_back(bank.first, 1, 3, "补充")
    store.submit(bank.officer, Submission(*labelled[1], follows=1))
    store.note(bank.first, 2, "备注")
    store.keep_draft(bank.officer, *labelled[0])
    return store


def address(store: ReviewStore) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def everything(store: ReviewStore) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        tables = database.inspect(connection).get_table_names()
        return {
            name: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))), key=str)
            for name in tables
        }


@pytest.mark.parametrize("name", ["lanmu.backup", "lanmu.jsonl.gz"])
def test_a_backup_restores_into_either_kind(
    full: ReviewStore, empty_url: str, bank: Bank, labelled: Labelled, tmp_path: Path, name: str
) -> None:
    made = back_up(address(full), tmp_path / name)
    assert made.head == full.head(bank.auditor)
    assert made.path.stat().st_mode & 0o077 == 0
    if empty_url.startswith("sqlite"):
        (tmp_path / "empty.db").unlink(missing_ok=True)
    verification = restore(made.path, empty_url)
    assert (verification.ok, verification.head) == (True, made.head)
    again = ReviewStore.open(empty_url)
    assert {name: len(rows) for name, rows in everything(again).items()} == {
        name: len(rows) for name, rows in everything(full).items()
    }
    assert again.cases(bank.auditor, Query()) == full.cases(bank.auditor, Query())
    assert again.life(bank.auditor, 1) == full.life(bank.auditor, 1)
    assert again.events(bank.auditor) == full.events(bank.auditor)
    again.submit(bank.officer, Submission(*labelled[0]))
    again.note(bank.first, 3, "接着用")
    assert again.verify(bank.auditor, made.head).ok
    with pytest.raises(Exception, match="append-only"), writing(again.engine) as connection:
        connection.execute(text("DELETE FROM events"))
    again.close()


def test_a_backup_made_while_somebody_writes_is_of_one_moment(
    full: ReviewStore, bank: Bank, labelled: Labelled, tmp_path: Path
) -> None:
    with full.writing() as connection:
        connection.execute(text("UPDATE batches SET problems = 7"))
        made = back_up(address(full), tmp_path / "copy.jsonl.gz")
        connection.rollback()
    full.note(bank.first, 3, "之后")
    verification = restore(made.path, f"sqlite:///{tmp_path / 'copy.db'}")
    assert (verification.ok, verification.head) == (True, made.head)


def test_a_backup_overwrites_only_when_told(full: ReviewStore, tmp_path: Path) -> None:
    target = tmp_path / "lanmu.backup"
    target.write_text("alt")
    with pytest.raises(ReviewError, match="已经存在"):
        back_up(address(full), target)
    assert target.read_text() == "alt"
    back_up(address(full), target, overwrite=True)
    assert target.stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []


def test_a_failed_backup_leaves_no_half_file(full: ReviewStore, tmp_path: Path) -> None:
    with pytest.raises((ReviewError, OSError)):
        back_up(address(full), tmp_path / "no" / "such" / "folder.backup")
    other = tmp_path / "other.db"
    with pytest.raises(ReviewError, match="没有数据库"):
        back_up(f"sqlite:///{other}", tmp_path / "x.backup")
    assert not other.exists()
    other.touch()
    with pytest.raises(ReviewError, match="没有本系统的表"):
        back_up(f"sqlite:///{other}", tmp_path / "x.backup")
    assert not (tmp_path / "x.backup").exists()


def test_a_restore_never_destroys_what_is_there(
    full: ReviewStore, bank: Bank, labelled: Labelled, tmp_path: Path
) -> None:
    made = back_up(address(full), tmp_path / "lanmu.backup")
    target = tmp_path / "there.db"
    there = ReviewStore.open(f"sqlite:///{target}")
    there.keep_draft(bank.officer, *labelled[0])
    there.close()
    with pytest.raises(ReviewError, match="已经存在"):
        restore(made.path, f"sqlite:///{target}")
    assert restore(made.path, f"sqlite:///{target}", overwrite=True).head == made.head
    (aside,) = [path for path in tmp_path.glob("there.db.2*") if not path.name.endswith(("-wal", "-shm"))]
    old = ReviewStore.open(f"sqlite:///{aside}")
    assert old.head(bank.auditor).sequence == 1
    old.close()
    if full.engine.dialect.name == "postgresql":
        with pytest.raises(ReviewError, match="已有表"):
            restore(made.path, address(full), overwrite=True)


def test_a_broken_chain_is_not_restored_unless_told(full: ReviewStore, bank: Bank, tmp_path: Path) -> None:
    with writing(full.engine) as connection:
        for statement in (
            ["DROP TRIGGER notes_no_update"]
            if full.engine.dialect.name == "sqlite"
            else ["ALTER TABLE notes DISABLE TRIGGER ALL"]
        ):
            connection.execute(text(statement))
        connection.execute(text("UPDATE notes SET text = '改过'"))
    made = back_up(address(full), tmp_path / "lanmu.backup")
    target = tmp_path / "again.db"
    with pytest.raises(ReviewError, match="核验不过"):
        restore(made.path, f"sqlite:///{target}")
    assert not target.exists() and not list(tmp_path.glob(".again*"))
    assert not restore(made.path, f"sqlite:///{target}", even_if_broken=True).ok
    assert target.exists()


def test_a_cut_or_changed_backup_is_not_restored(full: ReviewStore, tmp_path: Path) -> None:
    made = back_up(address(full), tmp_path / "lanmu.jsonl.gz")
    content = made.path.read_bytes()
    lines = gzip.decompress(content).splitlines(keepends=True)
    broken = {
        "cut.gz": content[: len(content) // 2],
        "short.gz": gzip.compress(b"".join(lines[:-1])),
        "fewer.gz": gzip.compress(b"".join([*lines[:3], *lines[4:]])),
        "later.gz": gzip.compress(b'{"format":9,"schema":"0002"}\n'),
        "unknown.gz": gzip.compress(b'{"format":1,"schema":"9999","head":""}\n'),
        "deep.gz": gzip.compress(lines[0] + b"[" * 100_000),
        "huge.gz": gzip.compress(lines[0] + b'{"columns":["id"],"table":"batches"}\n[' + b"9" * 40 + b"]\n"),
        "empty.gz": gzip.compress(b""),
        "text.txt": b"hello",
        "bytes.gz": b"\x1f\x8bxxxx",
    }
    for name, damaged in broken.items():
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(ReviewError):
            restore(tmp_path / name, f"sqlite:///{tmp_path / 'again.db'}")
        assert not (tmp_path / "again.db").exists(), name
    with pytest.raises(ReviewError, match="打不开"):
        restore(tmp_path / "none.gz", f"sqlite:///{tmp_path / 'again.db'}")


def test_a_backup_of_an_older_schema_is_upgraded_by_the_restore(empty_url: str, bank: Bank, tmp_path: Path) -> None:
    engine = database.connect(empty_url)
    database.upgrade(engine, "0001")
    engine.dispose()
    for name in ("old.backup", "old.jsonl.gz"):
        made = back_up(empty_url, tmp_path / name)
        restored = f"sqlite:///{tmp_path / name}.db"
        assert restore(made.path, restored).ok
        ReviewStore.open(restored).close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_damaged_sqlite_backup_is_not_restored(full: ReviewStore, tmp_path: Path) -> None:
    made = back_up(address(full), tmp_path / "lanmu.backup")
    content = bytearray(made.path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = b"\x5a" * (len(content) // 2 - len(content) // 3)
    made.path.write_bytes(content)
    with pytest.raises(ReviewError):
        restore(made.path, f"sqlite:///{tmp_path / 'again.db'}")
    assert not (tmp_path / "again.db").exists()
