"""The whole app is killed in the middle of a book and of decisions: what it confirmed stands, and nothing half is left."""

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect

from classifier import Classifier
from classifier.review import BatchState, Query, Status
from tests.web.journeys.test_journeys_batch import LONG, expect_result, read_csv, start, upload
from tests.web.journeys.test_journeys_review import READING, choose_key
from tests.web.journeys.visiting import Visits, click, download, strike
from tests.web.journeys.working import STEEL, Filing, long_book
from tests.web.serving import Server, actor

pytestmark = pytest.mark.browser
TIMES = 16
CASES, ROWS = 40, 1_000  # cases that wait; rows in the store when the power goes


def hammer(server: Server, number: int) -> int:
    """Decide a case and put it back as other processes would, until the server is dead; how many verdicts were confirmed."""
    store, confirmed = server.store(), 0
    case = store.case(actor("赵复核"), number)
    while server.process.poll() is None:
        if case.status is Status.PENDING:
            case = store.decide(actor("赵复核"), number, case.version, case.label, "照判")
        else:
            case = store.reopen(actor("孙复核"), number, case.version, "再看一次")
        confirmed += 1
    store.close()
    return confirmed


def test_a_server_killed_in_mid_book_and_mid_decision_loses_nothing_it_confirmed(
    app_server: Callable[..., Server], visits: Visits, classifier: Classifier, tmp_path: Path
) -> None:
    server = app_server()
    store = server.store()
    *_, hammered = Filing(store, classifier).submit(*[STEEL] * CASES)
    officer, reviewer = visits(server, "陈经办", "/batch"), visits(server, "王复核", "/review?order=最早送来")
    upload(officer, long_book(tmp_path / "大台账.csv", TIMES))
    choose_key(reviewer, "0", "目录外")
    number = start(officer)
    seen: set[int] = set()
    with ThreadPoolExecutor() as others:
        hammering = others.submit(hammer, server, hammered)
        try:
            while (batch := store.batch(actor("陈经办"), number)).filed < ROWS or not seen:
                assert batch.state is BatchState.RUNNING
                strike(reviewer, "q")
                seen |= {int(found) for found in re.findall(r"第 (\d+) 件已确认为", reviewer.content())}
                reviewer.wait_for_timeout(READING)
            reviewer.keyboard.press("q")
        finally:
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        confirmed = hammering.result()
    assert seen and confirmed

    again = app_server(accounts=False, home=server.home)
    officer = visits(again, "陈经办", f"/batch?batch={number}")
    expect(officer.get_by_text("已中断")).to_be_visible()
    expect(officer.get_by_text("没有留下结果文件")).to_be_visible()
    expect_nothing_half(server.home / "jobs" / str(number))
    auditor, reader = actor("李审计"), actor("赵复核")
    batch = store.batch(auditor, number)
    assert (batch.state, batch.filed) == (BatchState.INTERRUPTED, store.count(reader, Query(batch_id=number)))
    assert batch.filed >= ROWS
    assert all(store.life(auditor, one).verdicts[0].actor == "王复核" for one in seen)
    assert sum(verdict.actor != "王复核" for verdict in store.life(auditor, hammered).verdicts) == confirmed
    assert store.verify(auditor).faults == ()

    click(officer.get_by_role("button", name="重新开始"))
    expect_result(officer)
    assert len(read_csv(download(officer, "下载结果（CSV）", tmp_path))) == batch.size + 1
    assert store.verify(auditor).faults == ()
    store.close()


def expect_nothing_half(folder: Path) -> None:
    """No result and no part of one is left, as soon as the orphaned process has noticed."""
    limit = time.monotonic() + LONG / 1000
    while left := [path.name for pattern in ("result.*", ".*.part", "rows.*") for path in folder.glob(pattern)]:
        assert time.monotonic() < limit, left
        time.sleep(0.05)
