"""The folder of one labelling job: the kept upload, what was asked for, how far it is, and the results.

Two processes meet here, the server and the one that labels; every file appears whole or not at all, for the owner only.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from classifier.files import whole_file
from classifier.loanbook import columns as book_columns
from classifier.loanbook.columns import ColumnNames
from classifier.review.permissions import Actor, Role

_UNSAFE = re.compile(r"[^\w.()（）\u3000-\u303f -]+")
_LONGEST_NAME = 60


class Phase(Enum):
    """What a job is doing; the value is how the page says it."""

    WAITING = "排队中"
    STARTING = "准备中"
    LABELLING = "贴标中"
    WRITING = "写结果文件"
    ENDED = "已结束"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be labelled, how its columns are read, and for whom; ``size`` counts the rows."""

    name: str
    digest: str
    size: int
    columns: ColumnNames
    owner: Actor


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``rate`` is rows a second of late, ``error`` why it ended early, in the user's words."""

    phase: Phase
    done: int = 0
    total: int = 0
    rate: float = 0.0
    error: str = ""

    @property
    def seconds_left(self) -> float | None:
        """How long the labelling will still take at this rate; None while nobody knows."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The files of one job by their meaning."""

    path: Path

    @property
    def upload(self) -> Path:
        """The file as it was uploaded, under a name that is safe in a file system."""
        return next((self.path / "upload").iterdir())

    @property
    def result_csv(self) -> Path:
        """The labelled book for every program."""
        return self.path / "result.csv"

    @property
    def result_xlsx(self) -> Path:
        """The labelled book for Excel; missing where a book is too long to be a handy workbook."""
        return self.path / "result.xlsx"

    @property
    def problems(self) -> Path:
        """The rows that could not be labelled, as CSV."""
        return self.path / "problems.csv"

    @property
    def rows(self) -> Path:
        """What the page shows of each labelled row, in a form that is read at once."""
        return self.path / "rows.parquet"

    @property
    def remarks(self) -> Path:
        """What the reader of the book noticed: columns taken, sheets left out, numbers rounded."""
        return self.path / "remarks.json"

    def create(self, order: Order, upload: Path) -> None:
        """Make the folder; the upload moves into it. One of that number is of a store that a backup has replaced."""
        if self.path.exists():
            self.path.rename(self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}"))
        self.path.mkdir(mode=0o700, parents=True)
        (self.path / "upload").mkdir(mode=0o700)
        upload.replace(self.path / "upload" / safe_name(order.name))
        self.upload.chmod(0o600)
        write_json(self.path / "order.json", _order_record(order))
        self.tell(Progress(Phase.WAITING, total=order.size))

    def order(self) -> Order:
        """What was asked for."""
        record = json.loads((self.path / "order.json").read_text("utf-8"))
        owner = Actor(record["owner"]["name"], frozenset(Role[name] for name in record["owner"]["roles"]))
        columns = record["columns"]
        columns = ColumnNames(**{**columns, "unused": frozenset(book_columns.Role[name] for name in columns["unused"])})
        return Order(record["name"], record["digest"], record["size"], columns, owner)

    def tell(self, progress: Progress) -> None:
        """Say how far the job is."""
        write_json(self.path / "progress.json", {**asdict(progress), "phase": progress.phase.name})

    def progress(self) -> Progress:
        """How far the job is."""
        try:
            record = json.loads((self.path / "progress.json").read_text("utf-8"))
        except FileNotFoundError:  # the server was killed while it made the folder
            return Progress(Phase.ENDED)
        return Progress(**{**record, "phase": Phase[record["phase"]]})

    def ask_to_stop(self) -> None:
        """Leave a word for the process that labels."""
        (self.path / "stop").touch(mode=0o600)

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether someone wants the job to end."""
        return (self.path / "stop").exists()

    def clear(self) -> None:
        """Remove results, whole and half; the upload and what was asked for stay."""
        for part in self.path.glob(".*.part"):
            part.unlink(missing_ok=True)
        for result in (self.result_csv, self.result_xlsx, self.problems, self.rows, self.remarks):
            result.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove every file with texts: the results and the upload."""
        self.clear()
        shutil.rmtree(self.path / "upload", ignore_errors=True)

    @property
    def can_start_again(self) -> bool:
        """Whether the upload and what was asked for are still there."""
        return (self.path / "order.json").exists() and (self.path / "upload").is_dir()

    def copy_upload(self, target: Path) -> None:
        """Put the upload where another job can take it."""
        shutil.copyfile(self.upload, target)


def safe_name(name: str) -> str:
    """A file name of an upload without folders, control characters and other surprises.

    >>> safe_name("../二季度 台账.xlsx")
    '二季度 台账.xlsx'
    """
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).lstrip(". ")
    stem, dot, suffix = plain.rpartition(".")
    short = f"{stem[:_LONGEST_NAME]}{dot}{suffix[:8]}" if dot else plain[:_LONGEST_NAME]
    return short or "台账"


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a small record that a reader never sees half; only the owner of the process may read it."""
    with whole_file(path) as part:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        part.write_text(json.dumps(record, ensure_ascii=False), "utf-8")


def _order_record(order: Order) -> dict[str, Any]:
    owner = {"name": order.owner.name, "roles": [role.name for role in Role if role in order.owner.roles]}
    return {
        "name": order.name,
        "digest": order.digest,
        "size": order.size,
        "columns": {**asdict(order.columns), "unused": sorted(role.name for role in order.columns.unused)},
        "owner": owner,
    }
