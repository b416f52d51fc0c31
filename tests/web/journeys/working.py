"""What the journeys' bank holds: cases filed by its officer, and loan books to upload."""

import csv
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from pathlib import Path

from classifier import Application, Classifier
from classifier.review import Policy, ReviewStore, Submission
from tests.web.serving import ROOT, Server, actor
from tests.web.settling import SLOW
from tests.web.test_jobs import labelling_processes

SEA_RANCH = "在荣成近海投放人工鱼礁，建设国家级海洋牧场"
STEEL = "购置轧钢生产线一条"
UNDECIDED = "渔船更新改造项目，加装生活污水处理装置，申请贷款600万元。"
LOAN_BOOK = ROOT / "data" / "samples" / "loan_book.csv"
Files = Callable[..., list[int]]
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Filing:
    """Files cases as the officer does, with the policy that a test needs."""

    store: ReviewStore
    classifier: Classifier

    def submit(self, *texts: str, blind: bool = False, loan_id: str = "", person: str = "陈经办") -> list[int]:
        """Pending cases of these texts; blind ones get a second reading that does not see the first."""
        store = replace(self.store, policy=Policy(blind_share=1.0 if blind else 0.0))
        given = [Application(loan_id or f"J-{next(_numbers):05}", text) for text in texts]
        cases = [Submission(one, self.classifier.predict(one), Decimal(1_000_000)) for one in given]
        return [store.submit(actor(person), case) for case in cases]


@contextmanager
def held_up(server: Server) -> Iterator[None]:
    """Let the labelling of a book stand still, as if the machine were busy with other work, while one looks at it."""
    limit = time.monotonic() + SLOW / 1000
    while not (labelling := labelling_processes(server.process.pid)):
        assert time.monotonic() < limit, "no book is being labelled"
        time.sleep(0.01)
    try:
        for process in labelling:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in labelling:
            os.kill(process, signal.SIGCONT)


def long_book(path: Path, times: int) -> Path:
    """The sample loan book many times over, with loan ids of their own."""
    with LOAN_BOOK.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    place = head.index("借据号")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for turn in range(times):
            writer.writerows([*row[:place], f"{row[place]}-{turn}", *row[place + 1 :]] for row in rows)
    return path
