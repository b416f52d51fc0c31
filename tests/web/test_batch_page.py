"""The page 批量识别 as an officer uses it: odd files, wrong columns, reloads, a second tab, results, and other people."""

import time
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from classifier.loanbook.columns import ColumnNames
from classifier.review import Query, ReviewStore, Status
from classifier.review.cases import BatchState
from classifier.review.permissions import Actor
from classifier.web import places
from classifier.web.batch import jobviews
from classifier.web.batch.books import column_names, look_at, unique_names
from classifier.web.batch.jobfolder import Order
from classifier.web.batch.jobs import digest_of
from classifier.web.batch.results import (
    Filter,
    LoanRow,
    confidence_shares,
    narrowed,
    read_rows,
    shares,
    total,
    write_rows,
)
from classifier.web.identity import DEMO_PERSONS
from classifier.workbook import write_sheets

UI = Path(places.__file__).with_name("ui.py")
OFFICER = Actor("演示经办", DEMO_PERSONS["演示经办"])
REVIEWER = Actor("演示复核甲", DEMO_PERSONS["演示复核甲"])
AUDITOR = Actor("演示审计", DEMO_PERSONS["演示审计"])
ADMIN = Actor("演示管理", DEMO_PERSONS["演示管理"])
HEADER = "借据号,项目名称,贷款用途,余额（万元）"
ROWS = """000123,海上风电场,采购海上风电机组，建设海上风电场,"1,200.50"
000124,,,5
000125,海带养殖,购海带苗绳,约三百
000126,小区二期,商品住宅小区工程款,800
000127,项目,流动资金,90
"""
BOOK = f"某行贷款台账\n{HEADER}\n{ROWS}".encode("gb18030")
PATIENCE = 60.0


def page(person: Actor = OFFICER, **address: str) -> AppTest:
    """The page as a person sees it in a new tab, at an address."""
    at = AppTest.from_file(str(UI), default_timeout=60)
    at.session_state["person"] = person.name
    at.run()
    at.switch_page("pages/batch.py").run()
    for name, value in address.items():
        at.query_params[name] = value
    return at.run()


def upload(at: AppTest, data: bytes, name: str = "台账.csv") -> AppTest:
    return at.file_uploader[0].upload(name, data).run()


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def words(at: AppTest) -> str:
    """Everything the page says in words."""
    kinds = (at.error, at.warning, at.info, at.success, at.caption, at.text, at.metric, at.get("html"))
    return "\n".join(str(getattr(one, "value", "") or getattr(one.proto, "body", "")) for kind in kinds for one in kind)


def batch_in(at: AppTest) -> str:
    """The batch in the address."""
    given = at.query_params["batch"]
    return given if isinstance(given, str) else given[0]


def start(at: AppTest) -> str:
    """Start the labelling of what was uploaded; the batch in the address."""
    return batch_in(press(at, "开始贴标"))


def finished(batch: str, person: Actor = OFFICER) -> AppTest:
    ends = time.monotonic() + PATIENCE
    while jobviews.the_jobs().job(person, int(batch)).is_running:
        assert time.monotonic() < ends
        time.sleep(0.1)
    return page(person, batch=batch)


def labelled(data: bytes = BOOK) -> str:
    """The batch of a book that was labelled by the page."""
    batch = start(upload(page(), data))
    finished(batch)
    return batch


def test_without_books_the_page_says_what_to_do(store: ReviewStore) -> None:
    at = page()
    assert "还没有台账。上传一份 CSV 或 XLSX" in words(at)
    assert "开始贴标" not in labels(at)
    assert not at.exception


def test_a_gbk_book_is_previewed_with_its_columns_and_labelled(store: ReviewStore) -> None:
    at = upload(page(), BOOK)
    chosen = {box.label.removesuffix(" *"): box.options[0] for box in at.selectbox if box.label != "演示人员"}
    assert chosen["贷款用途"] == "贷款用途（自动识别）"
    assert chosen["余额"] == "余额（万元）（自动识别）"
    assert chosen["经营范围"] == "没有认出"
    assert "共 5 行；表头在第 2 行，其上的 1 行标题原样保留。前 5 行：" in words(at)
    assert list(at.dataframe[0].value.columns) == ["借据号", "项目名称", "贷款用途", "余额（万元）"]
    at = finished(start(at))
    assert [(metric.label, metric.value) for metric in at.metric][::4] == [("已贴标", "3 行"), ("有问题", "2 行")]
    result, problems = at.dataframe[-2].value, at.dataframe[-1].value
    assert list(result["借据号"]) == ["000123", "000126", "000127"]
    assert list(problems["行号"]) == ["4", "5"]
    assert list(problems["列"]) == ["项目名称、贷款用途", "余额（万元）"]
    assert all(problems["怎么改"])
    assert not at.exception
    assert not at.error


def test_a_job_survives_a_reload_and_a_second_tab_and_can_be_cancelled(store: ReviewStore) -> None:
    long = HEADER + "\n" + "".join(f"{n},第{n}号渔港,渔港第{n}期改造防波堤{n}米,1\n" for n in range(5_000))
    batch = start(upload(page(), long.encode()))
    for tab in (page(batch=batch), page(batch=batch)):
        assert "取消贴标" in labels(tab)
        assert "贴标会继续" in words(tab)
    other = page()
    assert "打开" in labels(other)
    press(tab, "取消贴标")
    at = finished(batch)
    assert "已取消，没有结果文件" in words(at)
    second = batch_in(press(at, "重新开始"))
    assert int(second) > int(batch)
    press(page(batch=second), "取消贴标")
    finished(second)


def test_the_same_file_is_pointed_out(store: ReviewStore) -> None:
    batch = labelled()
    at = upload(page(), BOOK, "换了名字.csv")
    assert f"第 {batch} 批，已完成" in words(at)
    press(at, f"打开第 {batch} 批")
    assert batch_in(at) == batch


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("空.csv", b"", "是空文件"),
        ("空白.csv", b"\n\n  \n", "是空文件"),
        ("台账.xlsx", HEADER.encode() + b"\n1,a,b,2\n", "内容却是文本"),
        ("报告.csv", b"%PDF-1.7 ...", "是PDF 文件"),
        ("台账.csv", b"\x00\x01\x02\x03" * 9, "不是文本"),
        ("乱码.csv", "借据号,用途\n1,海".encode() + b"\xff\xff\n", "无法识别文件编码"),
        ("一列.csv", "随便写的一段话\n又一段\n".encode(), "没有表头"),
    ],
)
def test_a_file_that_is_no_book_gets_plain_words(store: ReviewStore, name: str, data: bytes, said: str) -> None:
    at = upload(page(), data, name)
    [error] = at.error
    assert said in error.value.replace("\\", "")
    assert "开始贴标" not in labels(at)
    assert not at.exception


def test_a_book_without_rows_cannot_be_started(store: ReviewStore) -> None:
    at = upload(page(), f"{HEADER}\n".encode())
    assert "表头下面没有数据行" in words(at)
    assert next(button for button in at.button if button.label == "开始贴标").disabled


def test_columns_that_are_not_recognised_can_be_named(store: ReviewStore) -> None:
    at = upload(page(), "甲,乙,丙\nA1,建设海上风电场,10\n".encode())
    assert "没有认出写明贷款用途" in words(at)
    assert next(button for button in at.button if button.label == "开始贴标").disabled
    next(box for box in at.selectbox if box.label == "贷款用途 *").select("乙").run()
    next(box for box in at.selectbox if box.label == "借据号").select("甲").run()
    assert "共 1 行" in words(at)
    at = finished(start(at))
    assert list(at.dataframe[-1].value["借据号"]) == ["A1"]


def test_a_workbook_with_title_rows_and_a_second_book_says_so(store: ReviewStore, tmp_path: Path) -> None:
    header = ["借据号", "贷款用途", "余额（万元）"]
    rows = [["某行台账"], ["单位：万元"], header, ["1", "海带养殖", 5]]
    path = tmp_path / "book.xlsx"
    write_sheets(path, {"一季度": rows, "二季度": [header, ["1", "海带养殖", 5]]})
    at = upload(page(), path.read_bytes(), "book.xlsx")
    assert "工作表“一季度”；表头在第 3 行" in words(at)
    assert "“二季度”也像台账，不会贴标" in words(at)


def test_one_row_opens_by_its_address_and_goes_to_review(store: ReviewStore) -> None:
    batch = labelled()
    at = page(batch=batch, row="3")
    assert "000123" in words(at)
    assert "<mark" in words(at)
    press(at, "把这一行送复核")
    assert [case.row for case in store.cases(OFFICER, Query(statuses=(Status.PENDING,)))] == [3]
    assert "第 5 行没有结论" in words(page(batch=batch, row="5"))


def test_the_doubtful_rows_go_to_review_in_one_click(store: ReviewStore) -> None:
    batch = labelled()
    at = page(batch=batch)
    [button] = [label for label in labels(at) if label.startswith("把拿不准的")]
    press(at, button)
    sent = store.count(OFFICER, Query(statuses=(Status.PENDING,)))
    assert sent > 0
    assert f"已送复核 {sent} 件" in words(at)
    assert button not in labels(at)


def test_filters_narrow_the_rows(store: ReviewStore) -> None:
    at = page(batch=labelled())
    next(box for box in at.multiselect if box.label == "结论").select("目录外").run()
    assert list(at.dataframe[-2].value["借据号"]) == ["000126"]
    next(box for box in at.text_input if box.label == "借据号含有").input("没有这个号").run()
    assert "没有符合条件的行" in words(at)


def test_others_see_what_their_role_allows(store: ReviewStore) -> None:
    batch = labelled()
    for reader in (REVIEWER, AUDITOR):
        at = page(reader, batch=batch)
        assert at.metric[0].value == "3 行"
        assert not [label for label in labels(at) if "送复核" in label]
        assert not page(reader).file_uploader
    assert "没有权限" in words(page(ADMIN, batch=batch))


def test_an_officer_does_not_open_anothers_book(store: ReviewStore) -> None:
    other = Actor("别的经办", OFFICER.roles)
    batch = store.open_batch(other, "别人的台账.csv", "0" * 64, 1)
    store.close_batch(other, batch, BatchState.DONE)
    at = page(batch=str(batch))
    assert "只能查看本人的台账" in words(at)
    assert "别人的台账" not in words(page())


@pytest.mark.parametrize("asked", ["999", "x", "-1", "1e3", "99999999999999999999"])
def test_an_address_that_means_nothing_is_told_or_ignored(store: ReviewStore, asked: str) -> None:
    at = page(batch=asked)
    assert not at.exception
    assert "出错了" not in words(at)


def test_a_book_that_was_interrupted_can_start_again(store: ReviewStore, tmp_path: Path) -> None:
    jobs = jobviews.the_jobs()
    staged = jobs.stage("坏.xlsx", b"PK\x03\x04 broken")
    batch = str(jobs.start(staged, Order("坏.xlsx", digest_of(staged), 1, ColumnNames(), OFFICER)))
    at = finished(batch)
    assert "不是 Excel 工作簿" in words(at).replace("\\", "")
    assert "重新开始" in labels(at)


def test_names_typed_by_people_show_as_text(store: ReviewStore) -> None:
    name = "<script>alert(1)</script>**粗** $x$.csv"
    at = upload(page(), BOOK, name)
    at = finished(start(at))
    said = "\n".join(str(one.proto.body) for one in at.get("html"))
    assert "<script>" not in said
    assert "&lt;script&gt;" in said
    assert "**粗**" in said


def test_a_role_can_be_left_without_a_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(BOOK)
    roles = {role.value: role for role in look_at(path, ColumnNames()).columns}
    named = column_names(
        {roles["项目名称"]: "", roles["余额"]: "", roles["贷款用途"]: "项目名称", roles["借据号"]: None}
    )
    assert {role.value: name for role, name in look_at(path, named).columns.items()} == {
        "贷款用途": "项目名称",
        "借据号": "借据号",
    }


def test_a_book_without_a_known_column_of_text_shows_its_rows_to_choose_from(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,列甲,贷款余额\nA1,海带养殖,100\n", "utf-8")
    seen = look_at(path, ColumnNames())
    assert "列" in seen.problem
    assert seen.rows == (("A1", "海带养殖", "100"),)
    assert {role.value: name for role, name in seen.columns.items()} == {"借据号": "编号", "余额": "贷款余额"}


@pytest.mark.parametrize(
    ("book", "said"),
    [
        ("项目名称,余额\n海带,1\n", "“余额”按元计。如果"),
        ("项目名称,余额（元）\n海带,1\n", "“余额（元）”按元计。"),
        ("项目名称,余额（万元）\n海带,1\n", "“余额（万元）”按万元计。"),
        ("台账,单位：万元\n项目名称,余额\n海带,1\n", "“余额”按万元计。"),
        ("项目名称\n海带\n", ""),
    ],
)
def test_the_preview_says_in_what_unit_balances_are_read(tmp_path: Path, book: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(book, "utf-8")
    unit = look_at(path, ColumnNames()).unit
    assert unit.startswith(said)
    assert bool(unit) == bool(said)


def test_equal_column_names_are_told_apart_on_the_screen() -> None:
    assert unique_names(["余额", "", "余额", " ", "余额"]) == ["余额", "（无名列）", "余额 2", "（无名列） 2", "余额 3"]
    assert unique_names(["余额 2", "余额", "余额"]) == ["余额 2", "余额", "余额 3"]
    assert len(set(unique_names([""] * 16_384))) == 16_384  # at once, not in hours


def row(number: int, **other: object) -> LoanRow:
    usual = {"outcome": "蓝色", "code": "1.1.1", "entry": "甲", "category": "类", "confidence": 0.9, "route": "自动"}
    return LoanRow(**{**usual, "row": number, "loan_id": f"L{number:06d}", "cents": 100, **other})  # type: ignore[arg-type]


def test_rows_are_kept_narrowed_and_added_up(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [row(1), row(2, outcome="目录外", category="", confidence=0.3, route="复核", cents=None)])
    rows = read_rows(path)
    assert list(narrowed(rows, Filter(loan_id="000002"))["row"]) == [2]
    assert list(narrowed(rows, Filter(confidence=(0.9, 1.0)))["row"]) == [1]
    assert list(narrowed(rows, Filter(outcomes=("目录外",), routes=("自动",)))["row"]) == []
    assert [(one.name, one.count, str(one.balance)) for one in shares(rows, "category")] == [("类", 1, "1")]
    assert sum(one.count for one in confidence_shares(rows)) == 2
    assert (total(rows).count, total(rows).balance) == (2, 1)


def test_a_book_without_a_single_label_has_empty_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, [])
    assert total(read_rows(path)).count == 0
    assert sum(one.count for one in confidence_shares(read_rows(path))) == 0


def test_three_hundred_thousand_rows_are_narrowed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_rows(path, (row(n, confidence=n % 100 / 100) for n in range(300_000)))
    started = time.perf_counter()
    rows = read_rows(path)
    found = narrowed(rows, Filter(("蓝色",), ("自动",), ("类",), (0.5, 1.0), "9"))
    assert isinstance(found, pd.DataFrame)
    assert len(found) > 0
    shares(rows, "outcome")
    confidence_shares(rows)
    assert time.perf_counter() - started < 3.0  # 0.4 s on an idle machine
