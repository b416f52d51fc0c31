"""The page 审计: search, one case's whole life, the proof of the log, samples read blind, agreement, the log, exports."""

import csv
import io
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from classifier import Application, Classifier
from classifier.errors import AuditError
from classifier.records import Outcome
from classifier.review import Actor, BatchState, Label, ReviewStore, Status, Submission, sampling
from classifier.review.cases import Event
from classifier.web import places, screen
from classifier.web.audit import trail
from classifier.web.identity import DEMO_PERSONS
from classifier.web.review import queue
from classifier.workbook import read_sheets
from taxonomy import Catalogue

UI = Path(places.__file__).with_name("ui.py")
OFFICER, FIRST, SECOND, AUDITOR = (
    Actor(name, DEMO_PERSONS[name]) for name in ("演示经办", "演示复核甲", "演示复核乙", "演示审计")
)
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> 海水养殖"
TEXTS = ("在荣成近海投放人工鱼礁，建设国家级海洋牧场", "购置轧钢生产线一条", NASTY)


@pytest.fixture
def store(store: ReviewStore, classifier: Classifier) -> ReviewStore:
    """Three cases of a loan book, one of them read twice and approved, one corrected and waiting."""
    given = [Application(f"=L-{number}", text) for number, text in enumerate(TEXTS, 1)]
    batch = store.open_batch(OFFICER, "台账.xlsx", "0" * 64, len(given))
    filed = [Submission(one, classifier.predict(one), Decimal(2_000_000), row=row) for row, one in enumerate(given, 2)]
    store.file(OFFICER, batch, filed[:2])
    store.file(OFFICER, batch, filed[2:])
    store.close_batch(OFFICER, batch, BatchState.DONE)
    for number in (1, 2):
        store.send_case(FIRST, number)
    machine = queue.machine_label(store.case(FIRST, 1))
    store.decide(FIRST, 1, 1, machine)
    store.decide(SECOND, 1, 2, machine, "一致")
    store.decide(FIRST, 2, 1, Label(Outcome.INSUFFICIENT), "没有写明资金用途")
    store.note(FIRST, 1, NASTY)
    return store


def page(person: Actor = AUDITOR, part: str = "查件", **address: str) -> AppTest:
    """One part of the page as a person sees it."""
    at = AppTest.from_file(str(UI), default_timeout=60)
    at.session_state["person"] = person.name
    at.run()
    at.switch_page("pages/audit.py")
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    return at.segmented_control(key="part").set_value(part).run() if person is AUDITOR else at


def words(at: AppTest) -> str:
    """Everything the page says."""
    parts = [str(getattr(element, "body", "")) for element in at.get("html")]
    return "\n".join([*parts, *(one.value for one in [*at.info, *at.error, *at.text, *at.caption])])


def test_a_search_finds_by_loan_id_person_and_status(store: ReviewStore) -> None:
    at = page()
    assert len(at.dataframe[0].value) == 3
    at.text_input(key="loan").set_value("=L-2").run()
    assert list(at.dataframe[0].value["借据号"]) == ["=L-2"]
    at.text_input(key="loan").set_value("").run()
    at.text_input(key="who").set_value(SECOND.name).run()
    assert list(at.dataframe[0].value["件号"]) == [1]
    at.multiselect(key="status").set_value([Status.LABELLED.value]).run()
    assert "没有符合条件的件" in words(at)


def test_one_case_shows_its_whole_life(store: ReviewStore) -> None:
    at = page(case="1")
    shown = words(at)
    versions = store.case(AUDITOR, 1).prediction.versions
    assert versions.model in shown and versions.edition in shown and TEXTS[0][:2] in shown
    tables = {next(iter(table.value.columns)): table.value for table in at.dataframe}
    assert list(tables["编号"]["操作人"]) == [FIRST.name, SECOND.name]
    assert list(tables["序号"]["动作"]) == ["开始台账", "台账入库", "结束台账", "单件送复核", "确认", "审定", "备注"]
    assert "回到查找结果" in [button.label for button in at.button]


def test_user_text_shows_as_text(store: ReviewStore) -> None:
    shown = words(page(case="3")) + words(page(case="1"))
    assert "<script" not in shown and "<img" not in shown and "&lt;img src=" in shown


def test_an_unbroken_log_is_said_to_be_so_and_a_changed_one_names_the_fault(store: ReviewStore) -> None:
    at = page(part="留痕核验")
    at.button(key="verify").click().run()
    assert "核验通过" in words(at) and store.head(AUDITOR).digest in words(at)
    with sqlite3.connect(str(store.engine.url.database)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE verdicts SET reason = '改过的理由' WHERE id = 2")
    at.button(key="verify").click().run()
    assert "核验没有通过" in words(at)
    assert len(at.dataframe[0].value) >= 1


def test_an_anchor_comes_back_as_it_left(store: ReviewStore) -> None:
    head = store.head(AUDITOR)
    assert trail.read_anchor(head.to_json().encode()) == head
    assert "与第" in trail.verdict_on(store.verify(AUDITOR, head), head)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe", b"{" * 5000, b" " * 20_000])
def test_what_is_no_anchor_is_told_in_plain_words(content: bytes) -> None:
    with pytest.raises(AuditError, match="锚点"):
        trail.read_anchor(content)


def test_a_sample_is_drawn_read_blind_and_gives_a_rate(store: ReviewStore, catalogue: Catalogue) -> None:
    at = page(part="抽样重判")
    at.number_input(key="sample_size").set_value(50).run()
    at.button(key="sample_draw").click().run()
    assert "已抽取第 1 号样本" in words(at)
    shown = words(at)
    machine = store.case(AUDITOR, 1).prediction
    assert machine.versions.model not in shown and "<mark" not in shown
    for position in (1, 2, 3):
        key = f"1_{position}"
        at.selectbox(key=f"read_label_{key}").set_value(Outcome.INSUFFICIENT.value).run()
        at.button(key=f"read_{key}").click().run()
    assert "差错率" in words(at) and "95% 区间" in words(at)
    assert sampling.sample(store, AUDITOR, 1).is_read


def test_a_reading_needs_a_label(store: ReviewStore) -> None:
    sampling.draw(store, AUDITOR, size=50, seed=1)
    at = page(part="抽样重判")
    at.button(key="read_1_1").click().run()
    assert "请先选定结论" in words(at)


def test_agreement_is_shown_per_label(store: ReviewStore) -> None:
    table = page(part="复核一致性").dataframe[0].value
    assert (table["条目"][0], table["件数"][0]) == ("全部", 1)


def test_labels_of_the_versions_in_use_are_not_outdated(store: ReviewStore) -> None:
    assert "全部标签都出自现在的版本" in words(page(part="旧版标签"))


def test_the_log_narrows_to_a_person(store: ReviewStore) -> None:
    at = page(part="操作日志")
    assert list(at.dataframe[0].value["序号"]) == sorted(at.dataframe[0].value["序号"], reverse=True)
    at.text_input(key="log_who").set_value(SECOND.name).run()
    assert list(at.dataframe[0].value["动作"]) == ["审定"]
    at.text_input(key="log_case").set_value("不是数字").run()
    assert "请填数字" in words(at)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, ""),
        ({"digest": "ab", "state": {"status": "待复核", "disputed": False}}, "状态 待复核"),
        ({"label": "1.1.1", "state": {"status": "已判定", "disputed": True}}, "标签 1.1.1；状态 已判定（有争议）"),
        ({"count": 23220, "problems": 0, "digest": "ab"}, "件数 23,220；问题行 0"),
        ({"account": "甲", "roles": "OFFICER,ADMIN"}, "账号 甲；岗位 经办、管理"),
        ({"roles": "改过的", "state": [1]}, "状态 [1]；岗位 改过的"),
    ],
)
def test_an_event_is_told_in_words_and_a_forged_one_as_it_is(content: dict[str, object], said: str) -> None:
    event = Event(1, "2026-03-02T01:00:00.000000Z", "甲", "动作", None, None, content, "", "")
    assert trail.event_text(event) == said


@pytest.mark.parametrize("person", [OFFICER, FIRST])
def test_others_are_refused(store: ReviewStore, person: Actor) -> None:
    at = page(person)
    assert "没有权限" in words(at) and not at.dataframe


def test_an_empty_store_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANMU_DEMO", "1")
    monkeypatch.setenv("LANMU_DATABASE", f"sqlite:///{tmp_path / 'empty.db'}")
    assert "先由经办人识别并送复核" in words(page())
    assert "还没有经过两人判定的件" in words(page(part="复核一致性"))
    assert not page(part="抽样重判").error


def test_exports_run_nothing_in_excel(store: ReviewStore, catalogue: Catalogue, tmp_path: Path) -> None:
    table = screen.case_table(store.cases(AUDITOR, trail.Search().query()), catalogue)
    text = trail.csv_bytes(table).decode("utf-8-sig")
    assert [row["借据号"] for row in csv.DictReader(io.StringIO(text))] == ["'=L-1", "'=L-2", "'=L-3"]
    book = tmp_path / "book.xlsx"
    book.write_bytes(trail.xlsx_bytes({"件": table}))
    assert [row[1] for row in read_sheets(book)["件"]] == ["借据号", "=L-1", "=L-2", "=L-3"]


def test_one_case_is_exported_whole(store: ReviewStore, catalogue: Catalogue, tmp_path: Path) -> None:
    life = store.life(AUDITOR, 1)
    book = tmp_path / "life.xlsx"
    book.write_bytes(trail.xlsx_bytes(trail.life_sheets(life, trail.events_of(store, AUDITOR, life.case), catalogue)))
    assert list(read_sheets(book)) == ["件", "意见", "备注", "依据", "留痕"]


def test_what_is_too_much_for_one_file_is_told() -> None:
    with pytest.raises(AuditError, match="分开导出"):
        trail.every(lambda limit, offset: list(range(limit)), 2_500)


def test_a_search_passes_on_all_that_was_asked() -> None:
    query = trail.Search(" L ", 3, " 张 ", date(2026, 1, 2), date(2026, 1, 3), "4", Outcome.BLUE).query()
    assert (query.loan_id, query.batch_id, query.person) == ("L", 3, "张")
    assert (query.first_day, query.last_day, query.code, query.outcome) == (
        "2026-01-02",
        "2026-01-03",
        "4",
        Outcome.BLUE,
    )
