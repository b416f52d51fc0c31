"""Labelling a loan book: what comes out, where bad rows end, and that the file appears only when it is whole."""

import csv
import os
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from classifier import Application, Classifier, Prediction, batch
from classifier.batch import BatchSummary, Chunk, Labeller, label_book, summary_text
from classifier.csvfile import safe_cell
from classifier.errors import LoanBookError
from classifier.loanbook.book import book_layout, open_book
from classifier.loanbook.columns import ColumnNames
from classifier.loanbook.outputs import ADDED_COLUMNS
from classifier.loanbook.totals import Total
from classifier.table import Row
from classifier.workbook import read_sheets, write_sheets
from taxonomy import Tier

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
HEADER = ["借据号", "项目名称", "贷款用途", "余额（万元）"]
LOANS = [
    ["000123", "海上风电场", "采购海上风电机组，建设海上风电场", "1,200.50"],
    ["000124", "", "", "5"],
    ["000125", "海带养殖", "购海带苗绳，海带养殖工人工资", "约三百"],
    ["000126", "小区二期", "商品住宅小区工程款", "800"],
    ["000127", "扇贝养殖"],
    ["000128", "扇贝养殖", "扇贝笼、扇贝苗种购置，筏式养殖", "90", "保证"],
    ["000129", "商铺", "超市进货\n年货", "20"],
    ["000130", "长文", "海" * 20_001, "20"],
]


def write_book(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read_book(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return write_book(tmp_path / "台账.csv", [["某行贷款台账"], HEADER, *LOANS], "gb18030")


def test_every_row_comes_back_in_place_with_exactly_our_columns(classifier: Classifier, book: Path) -> None:
    summary = label_book(classifier, book)
    title, header, *rows = read_book(summary.target)
    assert summary.target.name == "台账_贴标.csv"
    assert title[0] == "某行贷款台账"
    assert header == [*HEADER, *ADDED_COLUMNS]
    assert [row[0] for row in rows] == [loan[0] for loan in LOANS]
    assert all(len(row) == len(header) for row in rows)
    assert all(row[:4] == loan for row, loan in zip(rows, LOANS, strict=True) if len(loan) == 4)


def test_each_row_is_labelled_or_says_its_problem(classifier: Classifier, book: Path) -> None:
    summary = label_book(classifier, book)
    rows = [dict(zip(ADDED_COLUMNS, row[4:], strict=True)) for row in read_book(summary.target)[2:]]
    assert [row["问题"] for row in rows] == [
        "",
        "第 4 行文本为空（项目名称、贷款用途）",
        "第 5 行“余额（万元）”不是能读懂的金额（无数字的文字）",
        "",
        "第 7 行字段过少：表头 4 列，本行只有 2 列",
        "第 8 行字段过多：表头 4 列，本行 5 列，多出“保证”",
        "",
        "第 10 行“贷款用途”过长（20,001 字，最多 20,000 字）",
    ]
    assert all(bool(row["结论"]) != bool(row["问题"]) for row in rows)
    assert (summary.totals.rows, summary.totals.labelled, summary.totals.problems) == (8, 3, 5)


def test_a_remark_is_left_unread_where_the_use_is_told(classifier: Classifier, tmp_path: Path) -> None:
    rows = [["借据号", "贷款用途", "余额", "备注"], ["1", "购买办公用品", "6", "海上风电项目贷款已结清"]]
    summary = label_book(classifier, write_book(tmp_path / "a.csv", rows))
    assert list(summary.totals.by_outcome) == ["目录外"]


def test_a_label_is_told_with_path_candidates_grounds_and_versions(classifier: Classifier, book: Path) -> None:
    label_book(classifier, book, book.with_name("out.csv"))
    row = dict(zip(ADDED_COLUMNS, read_book(book.with_name("out.csv"))[2][4:], strict=True))
    path = classifier.catalogue.path(row["条目编码"])
    assert [row["一级分类"], row["二级分类"], row["条目名称"]] == [entry.name for entry in path]
    assert row["判定层级"] == "三级条目"
    candidates = [pair.rsplit(":", 1) for pair in row["候选"].split(";")]
    confidences = [float(confidence) for _, confidence in candidates]
    assert len(candidates) >= 3
    assert confidences == sorted(confidences, reverse=True)
    assert candidates[0][0] == row["条目编码"]
    assert "海上风电" in row["依据"]
    assert "（贷款用途）" in row["依据"]
    assert row["绿色目录2019"].split()[0] in {link.code for link in path[-1].links}
    assert row["目录版本"] == classifier.catalogue.edition
    assert row["规则版本"]
    assert row["模型版本"]


def test_the_summary_counts_and_adds_up_in_yuan(classifier: Classifier, book: Path) -> None:
    totals = label_book(classifier, book).totals
    assert sum(total.count for total in totals.by_outcome.values()) == 3
    assert sum(total.balance for total in totals.by_outcome.values()) == Decimal("20205000")
    blue = [totals.by_outcome.get(tier.value, Total()) for tier in Tier]
    assert sum(total.balance for total in totals.by_category.values()) == sum(total.balance for total in blue)
    assert sum(total.count for total in totals.by_route.values()) == 3


def test_the_summary_reads_well(classifier: Classifier, book: Path) -> None:
    text = summary_text(label_book(classifier, book))
    assert "共 8 行＝已贴标 3＋有问题 5" in text
    assert "贷款用途＝贷款用途" in text
    assert "1,200.50" in text


def test_input_columns_that_bear_our_names_are_kept_apart(classifier: Classifier, tmp_path: Path) -> None:
    header = ["结论", "贷款用途", " 问题 ", "结论（原）"]
    path = write_book(tmp_path / "a.csv", [header, ["旧", "海带养殖", "无", "更旧"]])
    summary = label_book(classifier, path)
    first, row = read_book(summary.target)
    assert first == ["结论（原）（原）", "贷款用途", "问题（原）", "结论（原）", *ADDED_COLUMNS]
    assert row[:4] == ["旧", "海带养殖", "无", "更旧"]
    assert "结论→结论（原）（原）" in summary_text(summary)


def test_a_labelled_book_can_be_labelled_again(classifier: Classifier, tmp_path: Path) -> None:
    once = label_book(classifier, write_book(tmp_path / "a.csv", [HEADER, *LOANS[:4]]))
    twice = label_book(classifier, once.target)
    assert twice.totals == once.totals
    assert len(read_book(twice.target)[0]) == 4 + 2 * len(ADDED_COLUMNS)


def test_cells_that_excel_might_run_are_made_safe(classifier: Classifier, tmp_path: Path) -> None:
    cells = ["=HYPERLINK(1)", "+1+cmd", "@SUM(1)", "\t=1", "＝1", "-5", "+5.5", "001"]
    header = ["贷款用途", *(f"=列{number}" for number in range(len(cells)))]
    path = write_book(tmp_path / "a.csv", [header, ["=海带养殖", *cells]])
    first, row = read_book(label_book(classifier, path).target)
    assert row[: len(header)] == ["'=海带养殖", *("'" + cell for cell in cells[:5]), *cells[5:]]
    assert all(safe_cell(cell) == cell for cell in first + row)


@pytest.mark.parametrize(("workers", "chunk_rows"), [(1, 1), (1, 3), (2, 2), (2, 100)])
def test_workers_and_chunks_do_not_change_a_byte(
    classifier: Classifier, book: Path, workers: int, chunk_rows: int
) -> None:
    usual = label_book(classifier, book, book.with_name("usual.csv"))
    other = label_book(
        classifier, book, book.with_name("other.csv"), workers=workers, chunk_rows=chunk_rows, rows_for_workers=0
    )
    assert other.target.read_bytes() == usual.target.read_bytes()
    assert other.totals == usual.totals


class CountingClassifier(Classifier):
    """Remembers what it was asked."""

    asked: list[Application]

    def predict_many(self, applications: Sequence[Application]) -> list[Prediction]:
        self.asked = [*getattr(self, "asked", []), *applications]
        return super().predict_many(applications)


def test_loans_with_the_same_texts_are_predicted_once(classifier: Classifier, tmp_path: Path) -> None:
    counting = CountingClassifier(classifier.catalogue, classifier.rules, classifier.model, classifier.manifest)
    path = write_book(tmp_path / "a.csv", [HEADER, *([str(number), "", "海带养殖", "1"] for number in range(50))])
    assert label_book(counting, path).totals.labelled == 50
    assert len(counting.asked) == 1


def test_progress_tells_rows_done_and_rows_in_all(classifier: Classifier, book: Path) -> None:
    told: list[tuple[int, int]] = []
    label_book(classifier, book, progress=lambda done, total: told.append((done, total)), chunk_rows=3)
    assert told == [(3, 8), (6, 8), (8, 8)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_watcher_sees_every_row_in_order_with_its_own_prediction(
    classifier: Classifier, book: Path, workers: int
) -> None:
    chunks: list[Chunk] = []
    usual = label_book(classifier, book, book.with_name("usual.csv"))
    watched = label_book(
        classifier,
        book,
        book.with_name("watched.csv"),
        watch=chunks.append,
        chunk_rows=3,
        workers=workers,
        rows_for_workers=0,
    )
    assert watched.target.read_bytes() == usual.target.read_bytes()
    assert [(len(chunk.loans), len(chunk.problems)) for chunk in chunks] == [(1, 2), (1, 2), (1, 1)]
    loans = [loan for chunk in chunks for loan in chunk.loans]
    assert [(loan.row, loan.application.id, loan.balance) for loan in loans] == [
        (3, "000123", Decimal("12005000")),
        (6, "000126", Decimal("8000000")),
        (9, "000129", Decimal("200000")),
    ]
    assert [loan.prediction for loan in loans] == classifier.predict_many([loan.application for loan in loans])
    problems = [problem for chunk in chunks for problem in chunk.problems]
    assert [problem.row for problem in problems] == [4, 5, 7, 8, 10]
    assert problems[0].problem == "第 4 行文本为空（项目名称、贷款用途）"


def test_a_workbook_can_have_a_copy_as_csv(classifier: Classifier, book: Path) -> None:
    usual = label_book(classifier, book, book.with_name("usual.csv"))
    label_book(classifier, book, book.with_name("a.xlsx"), copy=book.with_name("copy.csv"))
    assert book.with_name("copy.csv").read_bytes() == usual.target.read_bytes()
    [rows] = read_sheets(book.with_name("a.xlsx")).values()
    assert len(rows) == len(LOANS) + 2


class StopError(Exception):
    """Whoever watches has had enough."""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_watcher_can_stop_the_run_between_chunks(classifier: Classifier, book: Path, workers: int) -> None:
    def stop(chunk: Chunk) -> None:
        raise StopError

    with pytest.raises(StopError):
        label_book(
            classifier, book, book.with_name("a.xlsx"), copy=book.with_name("b.csv"), watch=stop, workers=workers
        )
    assert [path.name for path in book.parent.iterdir()] == [book.name]


def fail_with(error: type[BaseException]) -> Callable[[int, int], None]:
    def fail(done: int, total: int) -> None:
        if done > 2:
            raise error

    return fail


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_breaks_off_leaves_nothing_behind(
    classifier: Classifier, book: Path, error: type[BaseException], name: str, workers: int
) -> None:
    target = book.with_name(name)
    target.write_bytes(b"yesterday")
    with pytest.raises(error):
        label_book(
            classifier,
            book,
            target,
            progress=fail_with(error),
            chunk_rows=2,
            workers=workers,
            rows_for_workers=0,
        )
    assert sorted(path.name for path in book.parent.iterdir()) == sorted([book.name, name])
    assert target.read_bytes() == b"yesterday"


def test_the_input_is_never_overwritten(classifier: Classifier, book: Path) -> None:
    link = book.with_name("link.csv")
    link.symlink_to(book)
    before = book.read_bytes()
    for target in (book, link):
        with pytest.raises(LoanBookError, match="输出文件就是输入文件"):
            label_book(classifier, book, target)
    assert book.read_bytes() == before


@pytest.mark.parametrize("name", ["out.txt", "out", "none/out.csv", "folder.csv", "长" * 300 + ".csv"])
def test_a_place_that_cannot_be_written_is_refused_at_once(classifier: Classifier, book: Path, name: str) -> None:
    book.with_name("folder.csv").mkdir()
    with pytest.raises(LoanBookError):
        label_book(classifier, book, book.parent / name)


def test_what_a_killed_run_left_is_removed(classifier: Classifier, book: Path) -> None:
    stale, fresh = (book.with_name(f".[out].csv.{digits}.part") for digits in ("00c0ffee", "00c0ffef"))
    for part in (stale, fresh):
        part.write_bytes(b"half")
    os.utime(stale, (0, 0))
    label_book(classifier, book, book.with_name("[out].csv"))
    assert not stale.exists()
    assert fresh.exists()


def test_a_book_too_long_for_a_sheet_is_refused_before_the_work(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("用途\n" + "养海带\n" * 1_048_576, "utf-8")
    with pytest.raises(LoanBookError, match=r"1,048,576 行.*\.csv"):
        label_book(classifier, path, tmp_path / "out.xlsx")


def test_a_workbook_keeps_numbers_dates_and_ids(classifier: Classifier, tmp_path: Path) -> None:
    header = ["统一社会信用代码", "借据号", "贷款用途", "发放日", "余额（元）", "=公式"]
    row = ["91371002MA3TEST0X1", "000123", "海带养殖", date(2025, 6, 30), 1234567.25, "=1+1"]
    path = tmp_path / "台账.xlsx"
    write_sheets(path, {"甲": [["标题"], header, row]})
    summary = label_book(classifier, path)
    [(sheet, (title, first, labelled))] = read_sheets(summary.target).items()
    assert (sheet, summary.target.name, title[0]) == ("甲", "台账_贴标.xlsx", "标题")
    assert first == [*header, *ADDED_COLUMNS]
    assert list(labelled[:6]) == row
    assert isinstance(labelled[6 + ADDED_COLUMNS.index("置信度")], float)
    assert sum(total.balance for total in summary.totals.by_outcome.values()) == Decimal("1234567.25")


def test_a_workbook_can_become_csv_and_csv_a_workbook(classifier: Classifier, book: Path) -> None:
    workbook = label_book(classifier, book, book.with_name("a.xlsx"))
    [rows] = read_sheets(workbook.target).values()
    assert list(rows[2][:4]) == LOANS[0]
    again = label_book(classifier, workbook.target, book.with_name("b.csv"))
    assert read_book(again.target)[2][:4] == LOANS[0]


def test_a_text_too_long_for_excel_does_not_stop_the_batch(classifier: Classifier, tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.csv", [["用途", "余额"], ["海" * 40_000, "1"], ["养海带", "1"]])
    summary = label_book(classifier, path, tmp_path / "b.xlsx")
    [(_, long, short)] = read_sheets(summary.target).values()
    assert long[0] == "海" * 32_766 + "…"
    assert "过长（40,000 字" in str(long[-1])
    assert short[0] == "养海带"


def test_numbers_that_excel_has_rounded_are_pointed_out(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "台账.xlsx"
    write_sheets(path, {"甲": [["证件号码", "用途"], ["370202199001011234", "养海带"]]})
    assert label_book(classifier, path).rounded == ()
    with Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["证件号码", "用途"])
        sheet.write_row(1, 0, [370202199001011234, "养海带"])
    summary = label_book(classifier, path)
    assert summary.rounded == ("证件号码",)
    assert "证件号码 把超过 15 位" in summary_text(summary)


def test_the_sheet_that_was_labelled_and_those_left_out_are_named(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "台账.xlsx"
    loans = [["借据号", "贷款用途", "余额（万美元）"], ["1", "养海带", 5]]
    write_sheets(path, {"一月": loans, "二月": loans, "说明": [["项目", "内容"], ["甲", "乙"]]})
    summary = label_book(classifier, path)
    assert (summary.sheet, summary.other_sheets) == ("一月", ("二月",))
    text = summary_text(summary)
    assert "已贴标的工作表：一月" in text
    assert "工作表 二月 也像台账，没有贴标" in text
    assert "余额（万美元） 是外币" in text
    assert sum(total.balance for total in summary.totals.by_outcome.values()) == 0


def label_rows(classifier: Classifier, folder: Path, rows: Sequence[Sequence[str]]) -> BatchSummary:
    return label_book(classifier, write_book(folder / "a.csv", rows), columns=ColumnNames(purpose="贷款用途"))


cells = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_any_cells_come_back_as_they_were_but_safe(
    classifier: Classifier, tmp_path: Path, rows: list[list[str]]
) -> None:
    loans = [["养海带", *row] for row in rows]
    summary = label_rows(classifier, tmp_path, [["贷款用途", "甲", "乙", "丙"], *loans])
    back = read_book(summary.target)[1:]
    assert [row[:4] for row in back] == [[safe_cell(cell) for cell in row] for row in loans]
    assert summary.totals.labelled == len(loans)


@pytest.mark.parametrize(("name", "rows", "problems"), [("loan_book.csv", 308, 10), ("loan_book.xlsx", 40, 3)])
def test_the_demo_loan_book_is_labelled(
    classifier: Classifier, tmp_path: Path, name: str, rows: int, problems: int
) -> None:
    summary = label_book(classifier, SAMPLES / name, tmp_path / name)
    assert (summary.totals.rows, summary.totals.problems) == (rows, problems)
    if name.endswith(".csv"):
        assert set(summary.totals.by_category) == {entry.name for entry in classifier.catalogue.categories}
    labelled = open_book(summary.target)
    assert labelled.size == rows


def test_equal_texts_far_apart_are_predicted_once_and_forgotten_in_the_end(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeller = Labeller(classifier, book_layout(("借据号", "贷款用途"), ColumnNames()))
    (first,) = labeller.label([Row(2, ["甲", "近海海带养殖"])])
    (again,) = labeller.label([Row(9000, ["乙", "近海海带养殖"])])
    assert again.cells is first.cells
    monkeypatch.setattr(batch, "_MOST_ANSWERS", 2)
    labeller.label([Row(9001, ["丙", "购置轧钢生产线"]), Row(9002, ["丁", "建设海上风电场"])])
    (last,) = labeller.label([Row(9003, ["戊", "近海海带养殖"])])
    assert last == first and last.cells is not first.cells
