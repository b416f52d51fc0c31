"""Loan books as pandas frames: for Spark's ``mapInPandas``, Dask's ``map_partitions``, or a notebook.

Each process loads its own classifier once, from its own installation; the columns of versions tell which one answered.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import pandas as pd

from classifier.batch import Labeller, renamed_columns
from classifier.engine import Classifier
from classifier.loanbook.book import book_layout
from classifier.loanbook.columns import ColumnNames
from classifier.loanbook.outputs import ADDED_COLUMNS
from classifier.table import Row, cell_text
from classifier.workers import in_parts

_PART_ROWS = 1_000
_HEADER_ROWS = 1


def classify_frame(frame: pd.DataFrame, columns: ColumnNames | None = None) -> pd.DataFrame:
    """The frame with the columns that a labelled loan book has, all text; a row that cannot be labelled says why.

    Index, rows and given columns stay, except that one bearing a name of ours is renamed as in a book. Row numbers in problems
    count from the frame's header. Raises LoanBookError if no column holds a text.
    """
    return _classified(frame, columns, 0)


def classify_frames(frames: Iterable[pd.DataFrame], columns: ColumnNames | None = None) -> Iterator[pd.DataFrame]:
    """Frame by frame the same, as Spark's ``mapInPandas`` calls it; row numbers go on from one frame to the next."""
    done = 0
    for frame in frames:
        yield _classified(frame, columns, done)
        done += len(frame)


def _classified(frame: pd.DataFrame, columns: ColumnNames | None, done: int) -> pd.DataFrame:
    header = tuple(map(str, frame.columns))
    labeller = Labeller(_classifier(), book_layout(header, columns or ColumnNames()))
    labels = [label for rows in in_parts(_rows(frame, done), _PART_ROWS) for label in labeller.label(rows)]
    texts = [[cell_text(cell) for cell in label.cells] for label in labels]
    added = pd.DataFrame(texts, index=frame.index, columns=ADDED_COLUMNS, dtype=str)
    return pd.concat([frame.rename(columns=renamed_columns(header)), added], axis=1)


def _rows(frame: pd.DataFrame, done: int) -> Iterator[Row]:
    """The rows as a book would have them: missing values blank, numbers of Python."""
    values = frame.astype(object).where(frame.notna(), None)
    for number, cells in enumerate(values.itertuples(index=False, name=None), start=done + _HEADER_ROWS + 1):
        yield Row(number, list(cells))


@cache
def _classifier() -> Classifier:
    return Classifier.load()
