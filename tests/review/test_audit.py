"""The log cannot be bent: the database refuses it, and when its owner forces it, the verification names what was done."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from classifier import Application, Outcome, Prediction
from classifier.errors import AuditError
from classifier.review import (
    Anchor,
    BatchState,
    Label,
    ReviewStore,
    Role,
    Submission,
    Verification,
    accounts,
    audit,
    sessions,
)
from classifier.review.audit import event_digest
from classifier.review.database import writing
from classifier.review.proof import verify_seen
from classifier.review.schema import cases, events, notes, verdicts
from classifier.review.stored import canonical
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def full(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    """A store in which everything happened once: 12 events, 6 cases, 4 verdicts, a note."""
    for pair in labelled[:3]:
        store.submit(bank.officer, Submission(*pair))
    store.decide(bank.first, 1, 0, OUTSIDE, "不含海上部分")
    store.decide(bank.second, 1, 1, OUTSIDE)
    store.decide(bank.first, 2, 0, OUTSIDE, "理由")
    store.send_back(bank.second, 3, 0, "请补充")
    store.note(bank.first, 2, "备注")
    batch = store.open_batch(bank.officer, "台账.xlsx", "0" * 64, 3)
    store.file(bank.officer, batch, [Submission(*pair) for pair in labelled[3:6]])
    store.close_batch(bank.officer, batch, BatchState.DONE)
    assert store.send_to_review(bank.officer, batch)
    assert verified(store, bank).faults == ()
    return store


def verified(store: ReviewStore, bank: Bank, anchor: Anchor | None = None) -> Verification:
    return store.verify(bank.auditor, anchor)


def forced(store: ReviewStore, *statements: str) -> None:
    """What an owner of the database can do: without the triggers."""
    with writing(store.engine) as connection:
        force(connection, *statements)


def force(connection: Connection, *statements: str) -> None:
    for table in ("events", "cases", "verdicts", "notes", "batches"):
        drop_triggers(connection, table)
    for statement in statements:
        connection.execute(text(statement))


def drop_triggers(connection: Connection, table: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        return
    named = connection.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"), {"table": table}
    )
    for (name,) in named.all():
        connection.execute(text(f"DROP TRIGGER {name}"))


REFUSED = [
    "UPDATE events SET actor = 'x'",
    "UPDATE events SET digest = digest",
    "DELETE FROM events WHERE sequence = 12",
    "INSERT INTO events SELECT sequence + 5, at, actor, action, case_id, batch_id, content, previous, 'd' FROM events WHERE sequence = 12",
    "INSERT INTO events SELECT 13, at, actor, action, case_id, batch_id, content, previous, 'd' FROM events WHERE sequence = 12",
    "INSERT INTO events SELECT 13, at, actor, action, case_id, batch_id, content, digest, digest FROM events WHERE sequence = 12",
    "UPDATE verdicts SET reason = 'x'",
    "DELETE FROM verdicts",
    "UPDATE notes SET text = 'x'",
    "DELETE FROM notes",
    "DELETE FROM cases",
    "UPDATE cases SET prediction = 'x'",
    "UPDATE cases SET balance_cents = 5",
    "UPDATE cases SET id = id + 100",
    "DELETE FROM batches",
    "UPDATE batches SET file_digest = 'x'",
]
REPLACED = [
    "REPLACE INTO events SELECT * FROM events WHERE sequence = 5",
    "REPLACE INTO events SELECT 13, at, actor, action, case_id, batch_id, content, digest, digest FROM events WHERE sequence = 12",
    "REPLACE INTO verdicts SELECT * FROM verdicts WHERE id = 1",
    "REPLACE INTO verdicts SELECT 99, case_id, version, kind, outcome, code, reason, actor, at, supersedes FROM verdicts WHERE id = 1",
    "REPLACE INTO notes SELECT * FROM notes",
    "REPLACE INTO cases SELECT * FROM cases WHERE id = 1",
    "UPDATE OR REPLACE cases SET id = 2 WHERE id = 3",
    "UPDATE cases SET rowid = 77 WHERE id = 3",
    "INSERT INTO verdicts SELECT * FROM verdicts WHERE id = 1 ON CONFLICT DO UPDATE SET reason = 'x'",
]
TRUNCATED = [f"TRUNCATE {table} CASCADE" for table in ("events", "verdicts", "notes", "cases", "batches", "samples")]


def test_the_database_itself_refuses_to_change_what_was_written(full: ReviewStore, bank: Bank) -> None:
    own = REPLACED if full.engine.dialect.name == "sqlite" else TRUNCATED
    for statement in (*REFUSED, *own):
        with pytest.raises(DatabaseError), writing(full.engine) as connection:
            connection.execute(text(statement))
            pytest.fail(f"not refused: {statement}")
    assert verified(full, bank).faults == ()


CHANGED = [
    ("UPDATE events SET actor = '别人' WHERE sequence = 4", "第 4 条记录（2026-03-02 别人 改判）内容被改动"),
    ("UPDATE events SET content = '{}' WHERE sequence = 8", "第 8 条记录（2026-03-02 复核甲 备注）内容被改动"),
    ("UPDATE events SET content = 'x' WHERE sequence = 8", "第 8 条记录（2026-03-02 复核甲 备注）内容被改动"),
    (
        "UPDATE events SET at = '2025' || substr(at, 5) WHERE sequence = 1",
        "第 1 条记录（2025-03-02 经办王 送复核）内容被改动",
    ),
    ("DELETE FROM events WHERE sequence = 5", "第 5 条记录缺失"),
    ("DELETE FROM events WHERE sequence IN (1, 2)", "第 1 至 2 条记录缺失"),
    ("DELETE FROM events WHERE sequence = 12", "的状态被改动"),
    ("UPDATE cases SET balance_cents = 100 WHERE id = 2", "第 2 件的内容被改动"),
    ("UPDATE cases SET label_outcome = '蓝色' WHERE id = 1", "第 1 件的状态被改动"),
    ("UPDATE cases SET status = '已审定', version = 2 WHERE id = 2", "第 2 件的状态被改动"),
    ("UPDATE cases SET blind = NOT blind WHERE id = 5", "第 4 至 6 件中有被改动"),
    ("UPDATE cases SET row = 9 WHERE id = 5", "第 5 件的内容被改动"),
    ("UPDATE cases SET prediction = 'none of our bytes' WHERE id = 2", "第 2 件的内容被改动"),
    ("UPDATE cases SET prediction = (SELECT prediction FROM cases WHERE id = 1) WHERE id = 2", "第 2 件的内容被改动"),
    ("DELETE FROM cases WHERE id = 6", "第 4 至 6 件中有被改动、删除"),
    ("UPDATE verdicts SET reason = '改过' WHERE id = 1", "复核意见 1 被改动"),
    ("UPDATE verdicts SET actor = '别人' WHERE id = 2", "复核意见 2 被改动"),
    ("DELETE FROM verdicts WHERE id = 4", "复核意见 4 被删除"),
    ("UPDATE notes SET text = '改过'", "备注 1 被改动"),
    ("DELETE FROM notes", "备注 1 被删除"),
    ("INSERT INTO notes (id, case_id, actor, at, text) VALUES (9, 1, 'x', 'y', 'z')", "备注 9 没有记录可证"),
    ("UPDATE batches SET filed = 2", "第 1 批台账被改动"),
    ("UPDATE batches SET name = '别的.xlsx'", "第 1 批台账被改动"),
]


def test_a_forced_change_is_named(full: ReviewStore) -> None:
    for statement, named in CHANGED:
        with writing(full.engine) as connection:
            force(connection, statement)
            faults = verify_seen(connection).faults
            assert any(named in fault for fault in faults), (statement, faults)
            connection.rollback()


def test_swapped_events_are_named(full: ReviewStore, bank: Bank) -> None:
    forced(
        full,
        "UPDATE events SET sequence = -1 WHERE sequence = 4",
        "UPDATE events SET sequence = 4 WHERE sequence = 6",
        "UPDATE events SET sequence = 6 WHERE sequence = -1",
    )
    faults = verified(full, bank).faults
    assert any(re.match(r"第 4 条记录.*原是第 6 条：次序被改动", fault) for fault in faults), faults
    assert any(re.match(r"第 6 条记录.*原是第 4 条：次序被改动", fault) for fault in faults), faults


def test_an_inserted_event_is_named(full: ReviewStore, bank: Bank) -> None:
    """A forged approval between 5 and 6, well digested, with all later events moved up by one."""
    with full.reading() as connection:
        fifth = connection.execute(events.select().where(events.c.sequence == 5)).one()._mapping
    forged = {**fifth, "sequence": 6, "case_id": 2, "previous": fifth["digest"]}
    forged["digest"] = event_digest(forged)
    forced(
        full,
        "UPDATE events SET sequence = -sequence WHERE sequence > 5",
        "UPDATE events SET sequence = 1 - sequence WHERE sequence < 0",
    )
    with full.engine.begin() as connection:
        connection.execute(events.insert().values(forged))
    faults = verified(full, bank).faults
    assert any("第 7 条记录" in fault and "原是第 6 条" in fault for fault in faults), faults
    assert any("复核意见 2 被删除" in fault and "第 6 条记录" in fault for fault in faults), faults


def test_an_event_appended_without_the_rows_it_speaks_of_is_named(full: ReviewStore, bank: Bank) -> None:
    with writing(full.engine) as connection:
        audit.append(
            connection,
            actor="复核丙",
            action="审定",
            at="2026-03-02T02:00:00.000000Z",
            case_id=2,
            content={"rows": {"verdicts": {"5": "0" * 64}}, "state": {**state_of(connection, 2), "status": "已审定"}},
        )
    faults = verified(full, bank).faults
    assert any("复核意见 5 被删除：第 13 条记录" in fault for fault in faults), faults
    assert any("第 2 件的状态被改动" in fault for fault in faults), faults


def state_of(connection: Connection, case_id: int) -> dict[str, object]:
    return audit.state(connection.execute(cases.select().where(cases.c.id == case_id)).one()._mapping)


def test_an_event_rewritten_with_its_own_digest_breaks_the_next_link(full: ReviewStore, bank: Bank) -> None:
    rewrite_from(full, 4, whole=False)
    assert any("第 5 条记录" in fault and "第 4 条被改写" in fault for fault in verified(full, bank).faults)


def rewrite_from(store: ReviewStore, first: int, *, whole: bool) -> None:
    """Let another person have decided: event 4 with its verdict, and, when ``whole``, all later links made right."""
    forced(store)
    with store.engine.begin() as connection:
        connection.execute(verdicts.update().where(verdicts.c.id == 1).values(actor="别人"))
        verdict = connection.execute(verdicts.select().where(verdicts.c.id == 1)).one()._mapping
        rows = connection.execute(events.select().order_by(events.c.sequence)).all()
        previous = rows[first - 2].digest
        for row in rows[first - 1 :] if whole else [rows[first - 1]]:
            values = {**row._mapping, "previous": previous}
            if row.sequence == first:
                content = json.loads(row.content) | {"rows": audit.vouch((verdicts, verdict))}
                values |= {"actor": "别人", "content": canonical(content)}
            values["digest"] = previous = event_digest(values)
            connection.execute(events.update().where(events.c.sequence == row.sequence).values(values))


def test_only_an_anchor_kept_outside_shows_a_whole_rewrite(full: ReviewStore, bank: Bank) -> None:
    anchor = Anchor.from_json(full.head(bank.auditor).to_json())
    rewrite_from(full, 4, whole=True)
    assert changed(verified(full, bank)) == []
    (fault,) = changed(verified(full, bank, anchor))
    assert "第 12 条记录" in fault and "与锚点不符" in fault


def changed(verification: Verification) -> list[str]:
    """The faults but the one that the triggers are gone: who can drop them can also put them back."""
    return [fault for fault in verification.faults if "保护被拆除" not in fault]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE accounts SET roles = 'OFFICER,REVIEWER' WHERE name = '陈经办'", "岗位或停用状态被改动"),
        ("UPDATE accounts SET disabled = NOT disabled WHERE name = '吴复核'", "岗位或停用状态被改动"),
        ("UPDATE accounts SET name = '某人' WHERE name = '吴复核'", "没有记录可证"),
        ("DELETE FROM accounts WHERE name = '吴复核'", "被删除"),
    ],
)
def test_an_account_changed_behind_the_program_is_named(
    store: ReviewStore, bank: Bank, statement: str, told: str
) -> None:
    for name in ("陈经办", "吴复核"):
        accounts.add(store, bank.admin, name, {Role.OFFICER})
    accounts.change_roles(store, bank.admin, "吴复核", {Role.REVIEWER})
    accounts.disable(store, bank.admin, "吴复核")
    sessions.open_external(store, "u-1", frozenset({Role.AUDITOR}), "cookie-1")
    sessions.open_external(store, "u-1", frozenset(), "cookie-2")
    assert verified(store, bank).faults == ()
    with writing(store.engine) as connection:
        connection.execute(text(statement))
    assert any(told in fault for fault in verified(store, bank).faults)


def test_a_database_without_its_protection_does_not_pass(full: ReviewStore, bank: Bank) -> None:
    forced(full)
    (fault,) = verified(full, bank).faults
    assert "保护被拆除（触发器 batches_no_delete" in fault


def test_only_an_anchor_kept_outside_shows_a_cut_tail(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    store.submit(bank.officer, Submission(*labelled[0]))
    store.note(bank.first, 1, "备注")
    anchor = store.head(bank.auditor)
    forced(store, "DELETE FROM events WHERE sequence = 2", "DELETE FROM notes")
    assert changed(verified(store, bank)) == []
    assert changed(verified(store, bank, anchor)) == ["只有 1 条记录，锚点是第 2 条：末尾的记录被截去。"]


def test_an_older_anchor_holds_as_the_log_grows(full: ReviewStore, bank: Bank) -> None:
    anchor = full.head(bank.auditor)
    full.note(bank.first, 1, "又一条")
    assert verified(full, bank, anchor).ok
    assert verified(full, bank, replace(anchor, sequence=3)).faults


@pytest.mark.parametrize(
    "line",
    [
        *("", "{}", "[]", '{"sequence":"x","digest":"y","at":""}', '{"sequence":1}'),
        *(canonical({"sequence": number, "digest": "f" * 64, "at": ""}) for number in (0, -5, True)),
        canonical({"sequence": 1, "digest": "x" * 64, "at": ""}),
    ],
)
def test_an_unreadable_anchor_is_refused(line: str) -> None:
    with pytest.raises(AuditError, match="锚点"):
        Anchor.from_json(line)


def test_an_empty_store_verifies(store: ReviewStore, bank: Bank) -> None:
    verification = verified(store, bank)
    assert (verification.ok, verification.events, verification.head) == (True, 0, Anchor(0, "0" * 64, ""))


def test_an_event_needs_the_write_lock(store: ReviewStore) -> None:
    with store.reading() as connection, pytest.raises(RuntimeError, match="writing"):
        audit.append(connection, actor="x", action="y", at="z")


def test_a_failed_write_leaves_neither_row_nor_event(store: ReviewStore, bank: Bank) -> None:
    row = {"id": 1, "case_id": 1, "actor": "x", "at": "y", "text": "z"}
    with pytest.raises(DatabaseError), store.writing() as connection:
        audit.append(connection, actor="x", action="备注", at="2026", content={})
        connection.execute(notes.insert().values(row))
    assert store.head(bank.auditor).sequence == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\xe4\xb8\x8d\xe5\x90\xab", b"\xe4\xb8\x8d\xe5\x90\xac"),
        (b"\xe4\xb8\x8d\xe5\x90\xab", b"\xff\xb8\x8d\xe5\x90\xab"),
    ],
)
def test_a_changed_byte_of_the_file_is_found(full: ReviewStore, bank: Bank, old: bytes, new: bytes) -> None:
    """One byte of a reason: another character, and bytes that are no text at all."""
    full.close()
    with full.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    full.close()
    file = Path(str(full.engine.url.database))
    content = file.read_bytes()
    assert content.count(old + "海上部分".encode()) == 1
    file.write_bytes(content.replace(old + "海上部分".encode(), new + "海上部分".encode()))
    assert any("复核意见 1 被改动" in fault for fault in verified(full, bank).faults)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_damaged_file_is_told_and_raises_nothing(full: ReviewStore, bank: Bank) -> None:
    full.close()
    with full.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    full.close()
    file = Path(str(full.engine.url.database))
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = b"\x5a" * (len(content) - len(content) // 2)
    file.write_bytes(content)
    assert any("可能已损坏" in fault for fault in verified(full, bank).faults)


def third_party_digest(*values: object) -> str:
    """The rule of docs/data-format.md, written again without the product's code."""
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def documented(start: str) -> list[str]:
    """The columns that docs/data-format.md lists after some words."""
    manual = (ROOT / "docs" / "data-format.md").read_text("utf-8")
    return re.findall(r"\w+", manual.partition(start)[2].partition("`")[0])


def test_a_third_party_can_compute_the_digests_from_the_manual(full: ReviewStore) -> None:
    with full.reading() as connection:
        log = connection.execute(text("SELECT * FROM events ORDER BY sequence")).all()
        filed = connection.execute(cases.select()).all()
        given = connection.execute(text("SELECT * FROM verdicts")).all()
    previous = "0" * 64
    for row in log:
        values = [getattr(row, name) for name in documented("**记录**：`[")]
        assert (row.previous, third_party_digest(*values)) == (previous, row.digest)
        previous = row.digest
    for row in filed:
        assert third_party_digest(*[getattr(row, name) for name in documented("的数组的摘要：`")]) == row.digest
    vouched = [json.loads(row.content).get("rows", {}).get("verdicts", {}) for row in log]
    assert {key: one for each in vouched for key, one in each.items()} == {
        str(row.id): third_party_digest(*row) for row in given
    }


def test_the_faults_are_listed_up_to_a_limit(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    batch = store.open_batch(bank.officer, "台账.xlsx", "0" * 64, 300)
    store.file(bank.officer, batch, [Submission(*labelled[0])] * 300)
    forced(store, "UPDATE cases SET row = 1")
    faults = verified(store, bank).faults
    assert len(faults) == 201 and faults[-1] == "另有 101 处，未一一列出。"
