"""Many at once, and the plug pulled: nothing committed is lost, nothing is decided twice, the chain stays whole."""

import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.review import AUDITOR, OFFICER, Pair, file_cases, race
from classifier.errors import ReviewError
from classifier.review import BatchState, Label, Query, ReviewStore, Status, Submission
from classifier.review.database import writing
from tests.review.conftest import Bank

ROOT = Path(__file__).parent.parent.parent


def test_eight_reviewers_and_an_officer_at_once(url: str, labelled: list[Pair]) -> None:
    outcome = race(url, labelled, cases=120)
    assert (sum(outcome.given), outcome.filed, len(outcome.given)) == (240, 120, 8)


def test_threads_of_one_server_decide_each_case_once(store: ReviewStore, bank: Bank, labelled: list[Pair]) -> None:
    numbers = [store.submit(bank.officer, Submission(*labelled[0])) for _ in range(10)]
    label = Label(labelled[0][1].outcome, labelled[0][1].code)
    refused: list[str] = []

    def decide_all() -> None:
        for number in numbers:
            try:
                store.decide(bank.first, number, 0, label)
            except ReviewError as error:
                refused.append(str(error))

    threads = [Thread(target=decide_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 30 and all("先行处理" in one for one in refused)
    assert store.count(bank.auditor, Query(statuses=(Status.DECIDED,))) == 10
    assert store.verify(bank.auditor).ok


# A process that does one thing over and over, telling each commit, until it is killed.
DECIDING = """
import sys
from classifier.review import Actor, Label, Query, ReviewStore, Role, Status
store = ReviewStore.open(sys.argv[1])
actor = Actor("复核甲", frozenset({Role.REVIEWER}))
for case in store.cases(actor, Query(statuses=(Status.PENDING,)), limit=1000):
    store.decide(actor, case.id, case.version, Label(case.prediction.outcome, case.prediction.code))
    print(case.id, flush=True)
"""
FILING = """
import sys
from classifier.review import Actor, Query, ReviewStore, Role, Submission
store = ReviewStore.open(sys.argv[1])
officer, auditor = Actor("经办", frozenset({Role.OFFICER})), Actor("审计", frozenset({Role.AUDITOR}))
(case,) = store.cases(auditor, Query(), limit=1)
batch = store.open_batch(officer, "断电", "0" * 64, 100000)
for number in range(1000):
    store.file(officer, batch, [Submission(case.application, case.prediction)] * 50)
    print(number, flush=True)
"""
DYING = """
import os, signal, sys
from classifier.review import Actor, Label, ReviewStore, Role, deciding, queue
store = ReviewStore.open(sys.argv[1])
actor = Actor("复核甲", frozenset({Role.REVIEWER}))
with store.writing() as connection:
    case = queue.row_of(connection, 1, actor)
    deciding.decide(connection, case, Label(queue.label_of(case.outcome, case.code).outcome, case.code), actor=actor, reason="", at=store.now())
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_after(program: str, url: str, lines: int) -> list[str]:
    """What a process told before it was killed with SIGKILL, in the middle of its next write."""
    process = subprocess.Popen([sys.executable, "-c", program, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return [line.strip() for line in told if line.endswith("\n")]


@pytest.mark.parametrize("lines", [1, 7])
def test_a_reviewer_s_process_killed_in_mid_work_loses_nothing_committed(
    url: str, labelled: list[Pair], lines: int
) -> None:
    file_cases(url, labelled, 60)
    told = killed_after(DECIDING, url, lines)
    store = ReviewStore.open(url)
    decided = [str(case.id) for case in store.cases(AUDITOR, Query(statuses=(Status.DECIDED,)))]
    assert set(told) <= set(decided) and len(decided) - len(told) <= 1
    verification = store.verify(AUDITOR)
    assert verification.faults == ()
    store.close()


def test_a_process_killed_within_a_decision_leaves_no_part_of_it(url: str, labelled: list[Pair], bank: Bank) -> None:
    file_cases(url, labelled, 2)
    store = ReviewStore.open(url)
    before = store.head(AUDITOR)
    assert killed_after(DYING, url, 0) == []
    assert store.head(AUDITOR) == before
    case = store.case(bank.first, 1)
    assert (case.status, store.life(bank.first, 1).verdicts) == (Status.PENDING, ())
    store.decide(bank.second, 1, case.version, Label(case.prediction.outcome, case.prediction.code))
    assert store.verify(AUDITOR).ok
    store.close()


def test_a_server_killed_in_mid_book_keeps_whole_chunks_and_tells_the_next(url: str, labelled: list[Pair]) -> None:
    file_cases(url, labelled, 1)
    told = killed_after(FILING, url, 3)
    store = ReviewStore.open(url)
    (interrupted,) = store.interrupt_batches()
    batch = store.batch(AUDITOR, interrupted)
    assert (batch.state, batch.filed % 50) == (BatchState.INTERRUPTED, 0)
    assert 0 <= batch.filed // 50 - len(told) <= 1
    assert store.count(AUDITOR, Query(batch_id=interrupted)) == batch.filed
    assert store.verify(AUDITOR).faults == ()
    store.close()


def test_a_reader_is_not_kept_waiting_by_a_writer(store: ReviewStore, bank: Bank, labelled: list[Pair]) -> None:
    store.submit(bank.officer, Submission(*labelled[0]))
    with writing(store.engine):
        assert store.count(bank.auditor, Query()) == 1
        assert store.verify(bank.auditor).ok


def test_a_writer_that_waits_in_vain_is_told(url: str, labelled: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.review.database._WAIT_SECONDS", 1)
    first, second = ReviewStore.open(url), ReviewStore.open(url)
    with writing(first.engine), pytest.raises(ReviewError, match="数据库忙"):
        second.submit(OFFICER, Submission(*labelled[0]))
    second.submit(OFFICER, Submission(*labelled[0]))
    assert second.verify(AUDITOR).ok
    first.close()
    second.close()
