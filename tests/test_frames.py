"""Loan books as frames: the same columns and texts as a labelled book, whatever engine brings the frames."""

import csv
import pickle
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from classifier import Classifier
from classifier.batch import label_book
from classifier.csvfile import safe_cell
from classifier.errors import LoanBookError
from classifier.frames import classify_frame, classify_frames
from classifier.loanbook.columns import ColumnNames
from classifier.loanbook.outputs import ADDED_COLUMNS

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "loan_book.csv"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo book without the rows of another width, which no frame can hold."""
    path = tmp_path_factory.mktemp("book") / "book.csv"
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *(row for row in rows if len(row) == len(header))])
    return path


@pytest.fixture(scope="module")
def labelled(classifier: Classifier, book: Path) -> Sequence[Sequence[str]]:
    with label_book(classifier, book).target.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def frame(book: Path) -> pd.DataFrame:
    return pd.read_csv(book, dtype=str, keep_default_na=False)


def texts(frame: pd.DataFrame) -> list[list[str]]:
    """As a book would hold it: cells that a spreadsheet might run are made safe there only."""
    rows = frame.fillna("").astype(str).to_numpy().tolist()
    return [list(frame.columns), *([safe_cell(cell) for cell in row] for row in rows)]


def test_a_frame_gets_what_the_labelled_book_has(frame: pd.DataFrame, labelled: Sequence[Sequence[str]]) -> None:
    assert texts(classify_frame(frame)) == labelled


def test_frames_one_after_another_are_one_book(frame: pd.DataFrame, labelled: Sequence[Sequence[str]]) -> None:
    parts = [frame[start : start + 100] for start in range(0, len(frame), 100)]
    assert texts(pd.concat(classify_frames(parts))) == labelled


def test_index_given_columns_and_missing_values_stay() -> None:
    frame = pd.DataFrame(
        {"问题": [None, "旧"], "贷款用途": ["海带养殖", None], "余额": [float("nan"), 3]}, index=["甲", "乙"]
    )
    given = frame.copy()
    result = classify_frame(frame)
    assert list(result.columns) == ["问题（原）", "贷款用途", "余额", *ADDED_COLUMNS]
    pd.testing.assert_frame_equal(frame, given)
    pd.testing.assert_frame_equal(result[["贷款用途", "余额"]], given[["贷款用途", "余额"]])
    assert list(result["问题"]) == ["", "第 3 行文本为空（贷款用途）"]
    assert list(result["结论"] != "") == [True, False]


def test_an_empty_frame_has_the_same_columns() -> None:
    assert list(classify_frame(pd.DataFrame({"用途": []})).columns) == ["用途", *ADDED_COLUMNS]


def test_columns_can_be_named() -> None:
    frame = pd.DataFrame({"甲": ["海带养殖"], "乙": ["超市进货"]})
    assert classify_frame(frame, ColumnNames(text="甲"))["一级分类"].item()
    with pytest.raises(LoanBookError, match="没有找到"):
        classify_frame(frame)


def test_both_functions_travel_to_other_processes() -> None:
    for function in (classify_frame, classify_frames):
        assert pickle.loads(pickle.dumps(function)) is function


def test_dask_frames_are_labelled_part_by_part(frame: pd.DataFrame, labelled: Sequence[Sequence[str]]) -> None:
    dataframes = pytest.importorskip("dask.dataframe")
    parts = dataframes.from_pandas(frame, npartitions=3)
    result = parts.map_partitions(classify_frame, meta=classify_frame(frame[:0])).compute(scheduler="synchronous")
    problems = ADDED_COLUMNS.index("问题") - len(ADDED_COLUMNS)
    assert [row[:problems] for row in texts(result)] == [list(row[:problems]) for row in labelled]
