"""An officer labels loan books: columns, progress through reloads and tabs, results to take away, the way to review."""

import csv
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from classifier.records import Route
from classifier.review import BatchState, Query, Status
from tests.web.journeys.visiting import Visits, cells, choose, click, download, give, grid, number_in
from tests.web.journeys.working import LOAN_BOOK, held_up, long_book
from tests.web.serving import Server, actor
from tests.web.settling import settled

pytestmark = pytest.mark.browser
ADDED = ["结论", "条目编码", "条目名称", "一级分类", "置信度", "处理", "依据", "模型版本", "问题"]
TIMES = 16
LONG = 180_000
FORMULA = '=HYPERLINK("http://evil.example","点我")'


def upload(page: Page, path: Path) -> None:
    """Put a file into the uploader and wait for what is seen of it."""
    give(page, path)
    expect(page.get_by_text("识别出的列")).to_be_visible()


def start(page: Page) -> int:
    """Start the labelling; the number of the batch, which is in the address."""
    click(page.get_by_role("button", name="开始贴标"))
    expect(page.get_by_role("button", name="返回台账列表")).to_be_visible()
    return int(page.url.partition("batch=")[2])


def labelled(page: Page, path: Path) -> int:
    """Upload, start and wait for the end; the number of the batch."""
    upload(page, path)
    number = start(page)
    expect_result(page)
    return number


def expect_result(page: Page) -> None:
    """Wait until the labelling has ended with a result."""
    expect(page.get_by_role("button", name="下载结果（CSV）")).to_be_visible(timeout=LONG)
    settled(page)


def read_csv(path: Path) -> list[list[str]]:
    """All rows of a CSV that Excel opens."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def bare(cell: str) -> str:
    """A cell without the sign that keeps Excel from running it."""
    return cell.removeprefix("'")


def test_one_book_in_two_encodings_gives_one_result_and_its_doubtful_rows_go_to_review(
    bank: Server, visits: Visits, tmp_path: Path
) -> None:
    page = visits(bank, "陈经办", "/batch")
    first = labelled(page, LOAN_BOOK)
    given, result = read_csv(LOAN_BOOK), read_csv(download(page, "下载结果（CSV）", tmp_path))
    width = len(given[0])
    assert len(result) == len(given) and set(ADDED) <= set(result[0][width:])
    for row, before in zip(result, given, strict=True):
        assert [bare(cell) for cell in row[:width]][: len(before)] == [bare(cell) for cell in before[:width]]
    formulas = [(row, place) for row, line in enumerate(given) for place, cell in enumerate(line) if cell[:1] == "="]
    assert formulas and all(result[row][place].startswith("'=") for row, place in formulas)

    workbook = download(page, "下载结果（XLSX）", tmp_path)
    rows = CalamineWorkbook.from_path(str(workbook)).get_sheet_by_index(0).to_python()
    assert rows[0] == result[0] and len(rows) == len(given)
    assert all(rows[row][place] == given[row][place] for row, place in formulas)
    with zipfile.ZipFile(workbook) as parts:
        assert all(b"<f>" not in parts.read(name) for name in parts.namelist())

    click(page.get_by_role("button", name="返回台账列表"))
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes(LOAN_BOOK.read_text("utf-8-sig").encode("gb18030"))
    second = labelled(page, gbk)
    assert read_csv(download(page, "下载结果（CSV）", tmp_path)) == result

    button = page.get_by_role("button", name="行送复核")
    doubtful = number_in(button)
    click(button)
    expect(page.get_by_text(f"已送复核 {doubtful} 件")).to_be_visible()
    store, reviewer = bank.store(), actor("王复核")
    sent = Query(batch_id=second, statuses=(Status.PENDING,), route=Route.REVIEW)
    assert store.count(reviewer, sent) == store.count(reviewer, Query(batch_id=second, route=Route.REVIEW)) == doubtful
    assert store.count(reviewer, Query(batch_id=first, statuses=(Status.PENDING,))) == 0
    store.close()


def test_a_column_is_corrected_and_rows_with_problems_stand_apart(bank: Server, visits: Visits, tmp_path: Path) -> None:
    book = tmp_path / "难的台账.csv"
    lines = [
        ["借据号", "甲", "乙", "余额（万元）"],
        ["K-1", "购置轧钢生产线", "投放人工鱼礁建设海洋牧场", "100"],
        ["K-2", "购置轧钢生产线", FORMULA, "200"],
        ["K-3", "购置轧钢生产线", "", "300"],
        ["K-4", "购置轧钢生产线", "海上风电场建设", "很多"],
    ]
    with book.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    page = visits(bank, "陈经办", "/batch")
    upload(page, book)
    expect(page.get_by_text("没有认出写明贷款用途")).to_be_visible()
    expect(page.get_by_role("button", name="开始贴标")).to_be_disabled()
    choose(page, "贷款用途", "乙")
    expect(page.get_by_text("没有认出写明贷款用途")).to_be_hidden()
    start(page)
    expect_result(page)
    result = read_csv(download(page, "下载结果（CSV）", tmp_path))
    outcome, problem = result[0].index("结论"), result[0].index("问题")
    assert result[1][outcome] == "蓝色" and result[2][2] == f"'{FORMULA}"
    assert [bool(row[problem]) for row in result[1:]] == [False, False, True, True]
    problems = read_csv(download(page, "下载问题行（CSV）", tmp_path))
    assert [row[:2] for row in problems[1:]] == [["4", "乙"], ["5", "余额（万元）"]]
    shown = cells(grid(page).last)
    assert "4" in shown[1] and "5" in shown[2]


def test_a_running_book_survives_reload_and_tabs_and_another_is_cancelled(
    bank: Server, visits: Visits, tmp_path: Path
) -> None:
    page = visits(bank, "陈经办", "/batch")
    upload(page, long_book(tmp_path / "大台账.csv", TIMES))
    number, second = start(page), page.context.new_page()
    running = "可以离开本页、刷新或关闭浏览器"
    with held_up(bank):
        expect(page.get_by_text(running)).to_be_visible()
        page.reload()
        expect(page.get_by_text(running)).to_be_visible()
        second.goto(f"{bank.address}/batch?batch={number}")
        expect(second.get_by_text(running)).to_be_visible()

    third = visits(bank, "陈经办", "/batch")
    upload(third, long_book(tmp_path / "另一份.csv", TIMES * 4))
    other = start(third)
    with held_up(bank):
        click(third.get_by_role("button", name="取消贴标"))
    expect(third.get_by_text("已取消，没有结果文件")).to_be_visible(timeout=LONG)
    expect_result(page)
    expect_result(second)
    store = bank.store()
    done, cancelled = (store.batch(actor("陈经办"), one) for one in (number, other))
    store.close()
    assert (done.state, cancelled.state) == (BatchState.DONE, BatchState.CANCELLED)
    result = read_csv(download(page, "下载结果（CSV）", tmp_path))
    assert len(result) - 1 == done.size == done.filed + done.problems
    assert {path.name for path in (bank.home / "jobs" / str(other)).glob("result.*")} == set()
