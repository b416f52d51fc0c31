"""Spark beside our own workers: the same loan book by ``mapInPandas(classify_frames)`` in local mode, and that both agree.

``python -m benchmarks.spark`` runs it where PySpark and Java are installed (extra ``spark``).
"""

import argparse
import csv
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.corpus import Corpus, product_words, write_book
from benchmarks.measure import library, machine
from classifier import Classifier
from classifier.batch import label_book
from classifier.csvfile import safe_cell
from classifier.frames import classify_frames
from classifier.loanbook.outputs import ADDED_COLUMNS

_PROCESSES = 2
_PARTS = 4 * _PROCESSES
_BATCH = 1000  # rows of a frame


def main() -> int:
    """Print what Spark takes beside two workers, and whether the rows are equal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    if find_spec("pyspark") is None or which("java") is None:
        print("not run: PySpark (extra `spark`) or Java is not installed")
        return 0
    with TemporaryDirectory() as folder:
        print(f"Machine: {'; '.join(machine())}; PySpark {library('pyspark')}.")
        book = write_book(Path(folder, "book.csv"), Corpus(product_words()), rows)
        started = perf_counter()
        session = _session()
        print(f"Spark's start: {perf_counter() - started:.1f} s")
        try:
            spark = _spark_seconds(session, book, Path(folder, "spark"))
        finally:
            session.stop()
        own = label_book(Classifier.load(), book, workers=_PROCESSES, rows_for_workers=0)
        print(
            f"{rows:,} rows, {_PROCESSES} processes, wall without Spark's start: mapInPandas {spark:.1f} s, "
            f"label_book {own.seconds:.1f} s, ratio {spark / own.seconds:.2f}"
        )
        equal = _spark_rows(Path(folder, "spark")) == _book_rows(own.target)
        print(f"rows equal: {'yes' if equal else 'NO'}")
    return 0 if equal else 1


def _session() -> Any:
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_BATCH),
        "spark.sql.shuffle.partitions": str(_PARTS),
    }
    builder = SparkSession.builder.master(f"local[{_PROCESSES}]").appName("lanmu")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _spark_seconds(session: Any, book: Path, target: Path) -> float:
    """Read, label and write; the same schema with our columns added, all of them text."""
    from pyspark.sql.types import StringType, StructField, StructType

    started = perf_counter()
    loans = session.read.csv(str(book), header=True, multiLine=True, quote='"', escape='"').repartition(_PARTS)
    schema = StructType([*loans.schema, *(StructField(name, StringType()) for name in ADDED_COLUMNS)])
    loans.mapInPandas(classify_frames, schema).write.parquet(str(target))
    return perf_counter() - started


def _spark_rows(folder: Path) -> list[list[str]]:
    import pandas as pd

    frame = pd.read_parquet(folder).fillna("")
    return sorted([safe_cell(str(cell)) for cell in row] for row in frame.itertuples(index=False, name=None))


def _book_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sorted(list(csv.reader(file))[1:])


if __name__ == "__main__":
    sys.exit(main())
