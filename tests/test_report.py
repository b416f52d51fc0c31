"""Totals over a labelled loan book."""

from decimal import Decimal
from pathlib import Path

import pytest

from classifier import Classifier
from classifier.batch import label_book
from classifier.errors import LoanBookError
from classifier.loanbook.totals import LoanTotals, Total, totals_text
from classifier.report import total_book

SAMPLES = Path(__file__).parents[1] / "data" / "samples"


@pytest.mark.parametrize("target", ["out.csv", "out.xlsx"])
@pytest.mark.parametrize("source", ["loan_book.csv", "loan_book.xlsx"])
def test_the_report_agrees_with_the_run(classifier: Classifier, tmp_path: Path, source: str, target: str) -> None:
    summary = label_book(classifier, SAMPLES / source, tmp_path / target)
    assert total_book(summary.target) == summary.totals


def test_what_a_person_changed_since_counts(tmp_path: Path) -> None:
    path = tmp_path / "改过.csv"
    path.write_text(
        "贷款用途,余额（万元）,结论,一级分类,处理\n甲,1,蓝色,海洋降碳,复核\n乙,2,目录外,,自动\n丙,3,,,\n", "utf-8"
    )
    assert total_book(path) == LoanTotals(
        labelled=2,
        problems=1,
        by_outcome={"蓝色": Total(1, Decimal(10_000)), "目录外": Total(1, Decimal(20_000))},
        by_category={"海洋降碳": Total(1, Decimal(10_000))},
        by_route={"复核": Total(1, Decimal(10_000)), "自动": Total(1, Decimal(20_000))},
    )


def test_another_column_can_be_added_up(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("用途,余额,本期,结论\n甲,1,7,蓝色\n", "utf-8")
    assert total_book(path, amount="本期").by_outcome["蓝色"].balance == 7


def test_a_book_without_labels_is_refused() -> None:
    with pytest.raises(LoanBookError, match=r"loan_book\.csv 尚未贴标.*请先运行 lanmu batch"):
        total_book(SAMPLES / "loan_book.csv")


def test_a_missing_amount_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("用途,余额,结论\n甲,1,蓝色\n", "utf-8")
    with pytest.raises(LoanBookError, match="没有名为“本期”的列"):
        total_book(path, amount="本期")


def test_the_totals_stand_in_columns() -> None:
    totals = LoanTotals()
    totals.add_label("蓝色", "海上清洁能源产业", "自动", Decimal(123_456_700))
    totals.add_label("目录外", "", "复核", None)
    totals.add_problem()
    lines = totals_text(totals).splitlines()
    assert lines[0] == "共 3 行＝已贴标 2＋有问题 1"
    assert lines[2:5] == [
        "结论    笔数  余额（万元）",
        "蓝色       1     12,345.67",
        "目录外     1          0.00",
    ]
