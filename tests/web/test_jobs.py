"""Background jobs with real processes: progress, results, queue, cancel, and what stays when a process is killed."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from classifier.batch import label_book
from classifier.engine import Classifier
from classifier.errors import ReviewError
from classifier.loanbook.columns import ColumnNames
from classifier.records import Route
from classifier.review.cases import BatchState, Query, Status
from classifier.review.permissions import Actor, DeniedError, Role
from classifier.review.store import ReviewStore
from classifier.settings import Settings
from classifier.web.batch.jobfolder import Order, Phase, safe_name
from classifier.web.batch.jobs import Job, Jobs, digest_of
from classifier.web.batch.results import read_rows
from classifier.workbook import read_sheets

OFFICER = Actor("zhao", frozenset({Role.OFFICER}))
OTHER = Actor("qian", frozenset({Role.OFFICER}))
AUDITOR = Actor("sun", frozenset({Role.AUDITOR}))
HEADER = ["借据号", "项目名称", "贷款用途", "余额（万元）"]
SMALL = [
    ["000123", "海上风电场", "采购海上风电机组，建设海上风电场", "1,200.50"],
    ["000124", "", "", "5"],
    ["000125", "海带养殖", "购海带苗绳，海带养殖工人工资", "约三百"],
    ["000126", "小区二期", "商品住宅小区工程款", "800"],
    ["000127", "扇贝养殖", "扇贝笼、扇贝苗种购置，筏式养殖", "90"],
]
LONG_ROWS = 6_000
PATIENCE = 90.0


def book_bytes(rows: list[list[str]]) -> bytes:
    lines = [HEADER, *rows]
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines).encode("gb18030")


def long_book() -> bytes:
    """Every text differs, so that each row costs its time."""
    return book_bytes([[str(n), f"第{n}号渔港", f"渔港第{n}期改造，防波堤加固{n}米", "10"] for n in range(LONG_ROWS)])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[ReviewStore]:
    opened = ReviewStore.open(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def jobs(store: ReviewStore, settings: Settings) -> Jobs:
    return Jobs(store, settings)


def start(jobs: Jobs, data: bytes, actor: Actor = OFFICER, name: str = "台账.csv", size: int = 5) -> int:
    staged = jobs.stage(name, data)
    return jobs.start(staged, Order(name, digest_of(staged), size, ColumnNames(), actor))


def wait_for(jobs: Jobs, batch_id: int, state: Callable[[Job], bool], actor: Actor = OFFICER) -> Job:
    ends = time.monotonic() + PATIENCE
    while not state(job := jobs.job(actor, batch_id)):
        assert time.monotonic() < ends, f"still {job.progress} {job.batch.state}"
        time.sleep(0.1)
    return job


def wait_for_threads() -> None:
    """Until nobody attends to a job any more."""
    for thread in threading.enumerate():
        if thread.name.startswith("batch-"):
            thread.join(PATIENCE)


def has_ended(job: Job) -> bool:
    return not job.is_running and job.progress.phase is Phase.ENDED


def is_labelling(job: Job) -> bool:
    return job.progress.phase is Phase.LABELLING and job.progress.done > 0


def results_in(job: Job) -> list[str]:
    return sorted(path.name for path in job.folder.path.iterdir() if path.is_file() and path.suffix != ".json")


def test_a_book_is_labelled_filed_and_written_by_a_process_of_its_own(
    jobs: Jobs, store: ReviewStore, classifier: Classifier, tmp_path: Path
) -> None:
    batch_id = start(jobs, book_bytes(SMALL))
    job = wait_for(jobs, batch_id, has_ended)
    assert (job.batch.state, job.batch.filed, job.batch.problems) == (BatchState.DONE, 3, 2)
    assert results_in(job) == ["problems.csv", "result.csv", "result.xlsx", "rows.parquet"]
    usual = label_book(classifier, job.folder.upload, tmp_path / "usual.csv")
    assert job.folder.result_csv.read_bytes() == usual.target.read_bytes()
    assert len(next(iter(read_sheets(job.folder.result_xlsx).values()))) == 6
    rows = read_rows(job.folder.rows)
    assert list(rows["loan_id"]) == ["000123", "000126", "000127"]
    assert list(rows["cents"]) == [1_200_500_000, 800_000_000, 90_000_000]
    cases = store.cases(OFFICER, Query(batch_id=batch_id))
    assert [(case.row, case.application.id, case.status) for case in cases] == [
        (2, "000123", Status.LABELLED),
        (5, "000126", Status.LABELLED),
        (6, "000127", Status.LABELLED),
    ]


def test_problem_rows_say_row_column_and_remedy(jobs: Jobs) -> None:
    job = wait_for(jobs, start(jobs, book_bytes(SMALL)), has_ended)
    with job.folder.problems.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["行号"], row["列"]) for row in rows] == [("3", "项目名称、贷款用途"), ("4", "余额（万元）")]
    assert rows[1]["问题"] == "“余额（万元）”不是能读懂的金额（无数字的文字）"
    assert all(row["怎么改"] for row in rows)


def test_only_the_owner_and_readers_of_everything_see_a_job(jobs: Jobs) -> None:
    job = wait_for(jobs, start(jobs, book_bytes(SMALL)), has_ended)
    assert jobs.job(AUDITOR, job.batch.id).batch == job.batch
    with pytest.raises(DeniedError):
        jobs.job(OTHER, job.batch.id)
    for deed in (jobs.cancel, jobs.again):
        with pytest.raises(ReviewError):
            deed(AUDITOR, job.batch.id)


def test_uploads_and_results_are_for_the_servers_user_only(jobs: Jobs) -> None:
    job = wait_for(jobs, start(jobs, book_bytes(SMALL), name="../../etc/台账 一.csv"), has_ended)
    assert job.folder.upload.name == "台账 一.csv"
    files = [path for path in job.folder.path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert job.folder.path.stat().st_mode & 0o077 == 0


def test_progress_is_told_and_a_job_can_be_cancelled(jobs: Jobs, store: ReviewStore) -> None:
    batch_id = start(jobs, long_book(), size=LONG_ROWS)
    seen = wait_for(jobs, batch_id, lambda job: is_labelling(job) and job.progress.rate > 0)
    assert 0 < seen.progress.done < seen.progress.total == LONG_ROWS
    assert seen.progress.seconds_left is not None
    jobs.cancel(OFFICER, batch_id)
    job = wait_for(jobs, batch_id, has_ended)
    assert job.batch.state is BatchState.CANCELLED
    assert results_in(job) == ["stop"]
    assert store.count(OFFICER, Query(batch_id=batch_id)) == job.batch.filed < LONG_ROWS


def test_more_books_than_places_wait_and_say_so(store: ReviewStore, settings: Settings) -> None:
    jobs = Jobs(store, settings, most_running=1)
    first, second, third = (start(jobs, book_bytes(SMALL)) for _ in range(3))
    assert [jobs.job(OFFICER, number).ahead for number in (second, third)] == [0, 1]
    assert jobs.job(OFFICER, third).progress.phase is Phase.WAITING
    jobs.cancel(OFFICER, third)
    assert jobs.job(OFFICER, third).batch.state is BatchState.CANCELLED
    for number in (first, second):
        assert wait_for(jobs, number, has_ended).batch.state is BatchState.DONE


def test_a_book_that_cannot_be_read_ends_with_its_reason(jobs: Jobs) -> None:
    job = wait_for(jobs, start(jobs, b"PK\x03\x04 no workbook", name="台账.xlsx"), has_ended)
    assert job.batch.state is BatchState.INTERRUPTED
    assert "不是 Excel 工作簿" in job.progress.error
    assert results_in(job) == []


def test_a_job_whose_process_is_killed_is_marked_and_can_start_again(jobs: Jobs) -> None:
    batch_id = start(jobs, long_book(), size=LONG_ROWS)
    wait_for(jobs, batch_id, is_labelling)
    os.kill(labelling_processes(os.getpid())[0], signal.SIGKILL)
    job = wait_for(jobs, batch_id, has_ended)
    assert job.batch.state is BatchState.INTERRUPTED
    assert "重新开始" in job.progress.error
    assert results_in(job) == []
    again = jobs.again(OFFICER, batch_id)
    wait_for(jobs, again, is_labelling)
    assert jobs.job(OFFICER, again).folder.upload.read_bytes() == job.folder.upload.read_bytes()
    jobs.cancel(OFFICER, again)
    wait_for(jobs, again, has_ended)


SERVER = """
import sys, time
from pathlib import Path
from classifier.review.store import ReviewStore
from classifier.settings import Settings
sys.path.insert(0, {tests!r})
from test_jobs import LONG_ROWS, long_book, start
from classifier.web.batch.jobs import Jobs
settings = Settings(home=Path({home!r}))
jobs = Jobs(ReviewStore.open(settings.database_url), settings)
print(start(jobs, long_book(), size=LONG_ROWS), flush=True)
time.sleep(600)
"""


def labelling_processes(parent: int) -> list[int]:
    """The processes that label, children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
                status = (entry / "stat").read_text()
            except OSError:
                continue
            if b"classifier.web.batch.labelling" in command and int(status.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def test_a_server_that_is_killed_leaves_no_half_file_and_an_interrupted_batch(settings: Settings) -> None:
    script = SERVER.format(tests=str(Path(__file__).parent), home=str(settings.home))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        batch_id = int(server.stdout.readline())
        folder = settings.home / "jobs" / str(batch_id)
        store = ReviewStore.open(settings.database_url)
        ends = time.monotonic() + PATIENCE
        while not store.count(OFFICER, Query(batch_id=batch_id)):
            assert time.monotonic() < ends
            time.sleep(0.1)
        [worker] = labelling_processes(server.pid)
        server.kill()
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < ends, "the process that labels has outlived its server"
        time.sleep(0.1)
    assert store.batch(OFFICER, batch_id).state is BatchState.RUNNING
    filed = store.batch(OFFICER, batch_id).filed
    assert not [path for path in folder.iterdir() if path.suffix not in (".json", "") or path.name.startswith(".")]
    jobs = Jobs(store, settings)
    job = jobs.job(OFFICER, batch_id)
    assert (job.batch.state, job.progress.phase) == (BatchState.INTERRUPTED, Phase.ENDED)
    assert job.batch.filed == filed == store.count(OFFICER, Query(batch_id=batch_id)) > 0
    assert job.folder.upload.read_bytes() == long_book()
    store.close()


@pytest.mark.parametrize(
    ("keep_text", "age", "kept"), [(False, 90_000, False), (False, 60, True), (True, 90_000, True)]
)
def test_a_bank_that_keeps_no_texts_keeps_its_files_for_a_day(
    store: ReviewStore, settings: Settings, keep_text: bool, age: int, kept: bool
) -> None:
    chosen = replace(settings, keep_text=keep_text)
    folder = wait_for(jobs := Jobs(store, chosen), start(jobs, book_bytes(SMALL)), has_ended).folder
    os.utime(folder.path, (time.time() - age,) * 2)
    Jobs(store, chosen)
    everything = b"".join(path.read_bytes() for path in folder.path.rglob("*.*") if path.is_file())
    assert (folder.rows.exists(), folder.can_start_again, "扇贝".encode() in everything) == (kept, kept, kept)


def test_after_a_restore_a_number_given_again_shows_nothing_of_the_earlier_book(
    jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    folder = wait_for(jobs, start(jobs, book_bytes(SMALL)), has_ended).folder
    wait_for_threads()
    folder.tell(replace(folder.progress(), phase=Phase.LABELLING))  # killed while the book was labelled
    restored = ReviewStore.open(f"sqlite:///{tmp_path / 'restored.db'}")
    again = Jobs(restored, replace(settings, database=f"sqlite:///{tmp_path / 'restored.db'}"))
    job = wait_for(
        again, start(again, book_bytes(SMALL[:1]), OTHER, "另一本.csv", 1), lambda job: not job.is_running, OTHER
    )
    assert (job.batch.id, job.folder.path, job.folder.upload.name) == (1, folder.path, "另一本.csv")
    assert "扇贝" not in job.folder.result_csv.read_text("utf-8-sig")
    wait_for_threads()
    restored.close()


def test_the_doubtful_rows_go_to_review_in_one_step(jobs: Jobs, store: ReviewStore) -> None:
    unsure = [
        [str(number), f"项目{number}", text, "1"] for number, text in enumerate(["流动资金周转", "海边项目", "设备"])
    ]
    job = wait_for(jobs, start(jobs, book_bytes(unsure), size=3), has_ended)
    doubtful = store.count(OFFICER, Query(batch_id=job.batch.id, route=Route.REVIEW))
    assert doubtful > 0
    assert store.send_to_review(OFFICER, job.batch.id) == doubtful
    assert store.count(OFFICER, Query(batch_id=job.batch.id, statuses=(Status.PENDING,))) == doubtful


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("二季度台账.xlsx", "二季度台账.xlsx"),
        ("C:\\用户\\台账（终版）.csv", "台账（终版）.csv"),
        ("..", "台账"),
        ("a\x00b\n<script>.csv", "a_b_script_.csv"),
        ("长" * 200 + ".csv", "长" * 60 + ".csv"),
        (".隐藏.csv", "隐藏.csv"),
    ],
)
def test_a_file_name_is_made_safe(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_uploads_that_nobody_started_are_removed_after_a_day(jobs: Jobs) -> None:
    left, fresh = jobs.stage("a.csv", b"1"), jobs.stage("b.csv", b"2")
    yesterday = time.time() - 90_000
    os.utime(left.parent, (yesterday, yesterday))
    jobs.stage("c.csv", b"3")
    assert (left.exists(), fresh.exists()) == (False, True)
    jobs.discard(fresh)
    assert not fresh.parent.exists()
