"""The process that labels one loan book, apart from the server: its own interpreter, its own hands on the store.

It is started by ``jobs`` with its task on standard input, files every chunk under the batch, tells its progress, and ends
by itself when it is asked to or when the server that started it is gone. Streamlit is not imported here.
"""

import json
import logging
import os
import sys
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from classifier import Classifier
from classifier.batch import BatchSummary, Chunk, LabelledLoan, label_book
from classifier.csvfile import write_csv
from classifier.errors import ClassifierError
from classifier.review.cases import BatchState, Submission
from classifier.review.store import ReviewStore
from classifier.settings import Settings
from classifier.web.batch.jobfolder import JobFolder, Order, Phase, Progress, write_json
from classifier.web.batch.problems import RowProblem, read_problem
from classifier.web.batch.results import LoanRow, write_rows
from taxonomy import Catalogue, CatalogueError

MOST_XLSX_ROWS = 100_000
_FILED_TOGETHER = 1_000
_CHUNK_ROWS = 250  # a second of work or less: so long does a wish to stop wait
_WINDOW = 20.0  # seconds over which the rate is taken
_NICENESS = 5
_log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The owner cancelled the job."""


class OrphanedError(Exception):
    """The server that started this process is gone: nobody may close the batch but the next server."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the server tells this process; ``parent`` is the server's process id."""

    folder: Path
    batch_id: int
    settings: Settings
    parent: int
    workers: int

    def to_text(self) -> str:
        """The task as one line of text; it may hold a database password and goes through a pipe only."""
        record = {name: _plain(getattr(self.settings, name)) for name in Settings.__slots__}
        rest = {"folder": str(self.folder), "batch_id": self.batch_id, "parent": self.parent, "workers": self.workers}
        return json.dumps({**rest, "settings": record})

    @classmethod
    def from_text(cls, text: str) -> "Task":
        """The task that ``to_text`` wrote."""
        record = json.loads(text)
        chosen = record["settings"]
        settings = Settings(
            models=Path(chosen["models"]),
            catalogue=Path(chosen["catalogue"]) if chosen["catalogue"] else None,
            home=Path(chosen["home"]),
            database=chosen["database"],
            keep_text=chosen["keep_text"],
        )
        return cls(Path(record["folder"]), record["batch_id"], settings, record["parent"], record["workers"])


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


@dataclass(slots=True)
class _Run:
    """One book on its way: what was labelled and not yet filed, and what the page will want to see."""

    task: Task
    folder: JobFolder
    order: Order
    store: ReviewStore
    catalogue: Catalogue
    done: int = 0
    waiting: list[Submission] = field(default_factory=list)
    waiting_problems: int = 0
    rows: list[LoanRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    times: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, chunk: Chunk) -> None:
        """Take over what was labelled; StoppedError or OrphanedError ends the run."""
        self.check()
        self.waiting += [Submission(loan.application, loan.prediction, loan.balance, loan.row) for loan in chunk.loans]
        self.waiting_problems += len(chunk.problems)
        self.rows += [_loan_row(loan, self.catalogue) for loan in chunk.loans]
        self.problems += [read_problem(problem) for problem in chunk.problems]
        self.done += len(chunk.loans) + len(chunk.problems)
        if len(self.waiting) + self.waiting_problems >= _FILED_TOGETHER:
            self.file()
        self.folder.tell(Progress(Phase.LABELLING, self.done, self.order.size, self._rate()))

    def check(self) -> None:
        """Whether there is still someone to work for."""
        if os.getppid() != self.task.parent:
            raise OrphanedError
        if self.folder.is_asked_to_stop:
            raise StoppedError

    def file(self) -> None:
        """Hand everything labelled so far to the store."""
        if self.waiting or self.waiting_problems:
            self.store.file(self.order.owner, self.task.batch_id, self.waiting, self.waiting_problems)
            self.waiting, self.waiting_problems = [], 0

    def _rate(self) -> float:
        now = monotonic()
        self.times.append((now, self.done))
        while len(self.times) > 2 and now - self.times[0][0] > _WINDOW:
            self.times.popleft()
        (first, done), seconds = self.times[0], now - self.times[0][0]
        return (self.done - done) / seconds if seconds > 0 and first < now else 0.0


def main() -> None:
    """Label the book of the task on standard input; the exit code is 0 whenever the batch was closed."""
    os.umask(0o077)
    os.nice(_NICENESS)
    task = Task.from_text(sys.stdin.readline())
    sys.exit(work(task))


def work(task: Task) -> int:
    """Do the task, and say in store and folder how it ended."""
    folder = JobFolder(task.folder)
    order = folder.order()
    try:
        folder.tell(Progress(Phase.STARTING, total=order.size))
        store = ReviewStore.open(task.settings.database_url, keep_text=task.settings.keep_text)
        classifier = Classifier.load(task.settings)
        run = _Run(task, folder, order, store, classifier.catalogue)
        return _close(run, *_outcome(run, classifier))
    except OrphanedError:
        folder.clear()
        return 1
    except Exception as error:  # the last line of defence of this process: the server closes the batch
        _log_fault(task.batch_id, error)
        folder.clear()
        return 1


def _outcome(run: _Run, classifier: Classifier) -> tuple[BatchState, str]:
    try:
        run.times.append((monotonic(), 0))
        _label(run, classifier)
        return BatchState.DONE, ""
    except StoppedError:
        return BatchState.CANCELLED, ""
    except (ClassifierError, CatalogueError) as error:
        return BatchState.INTERRUPTED, str(error)


def _label(run: _Run, classifier: Classifier) -> None:
    folder, small = run.folder, run.order.size <= MOST_XLSX_ROWS
    run.check()
    summary = label_book(
        classifier,
        folder.upload,
        folder.result_xlsx if small else folder.result_csv,
        columns=run.order.columns,
        copy=folder.result_csv if small else None,
        watch=run.take,
        workers=run.task.workers,
        chunk_rows=_CHUNK_ROWS,
    )
    folder.tell(Progress(Phase.WRITING, run.done, run.order.size))
    run.file()
    write_rows(folder.rows, run.rows)
    _write_problems(folder.problems, run.problems)
    write_json(folder.remarks, _remarks(summary))
    run.check()


def _close(run: _Run, state: BatchState, error: str) -> int:
    if state is not BatchState.DONE:
        run.folder.clear()
    run.store.close_batch(run.order.owner, run.task.batch_id, state)
    run.folder.tell(Progress(Phase.ENDED, run.done, run.order.size, error=error))
    return 0


def _loan_row(loan: LabelledLoan, catalogue: Catalogue) -> LoanRow:
    prediction = loan.prediction
    names = {entry.level: entry.name for entry in catalogue.path(prediction.code)} if prediction.code else {}
    return LoanRow(
        row=loan.row,
        loan_id=loan.application.id,
        outcome=prediction.outcome.value,
        code=prediction.code or "",
        entry=catalogue[prediction.code].name if prediction.code else "",
        category=names.get(1, ""),
        confidence=prediction.confidence,
        route=prediction.route.value,
        cents=None if loan.balance is None else round(loan.balance * 100),
    )


def _write_problems(path: Path, problems: Sequence[RowProblem]) -> None:
    rows = [[str(problem.row), problem.column, problem.problem, problem.remedy] for problem in problems]
    write_csv(path, [["行号", "列", "问题", "怎么改"], *rows])


def _remarks(summary: BatchSummary) -> Mapping[str, Any]:
    return {
        "columns": {role.value: name for role, name in summary.columns.items()},
        "renamed": dict(summary.renamed),
        "rounded": list(summary.rounded),
        "foreign": list(summary.foreign),
        "sheet": summary.sheet,
        "other_sheets": list(summary.other_sheets),
        "seconds": summary.seconds,
    }


def _log_fault(batch_id: int, error: Exception) -> None:
    """The place of a fault without its message, which might quote a loan's text."""
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("labelling of batch %d failed: %s\n%s", batch_id, type(error).__name__, places)


if __name__ == "__main__":
    main()
