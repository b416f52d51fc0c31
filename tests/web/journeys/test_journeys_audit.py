"""An auditor finds a case, proves the log, keeps its anchor, and sees what someone changed on the disk."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from classifier import Classifier
from classifier.records import Outcome
from classifier.review import Label
from tests.web.journeys.test_journeys_batch import read_csv
from tests.web.journeys.visiting import Visits, cells, choose, click, download, give, grid, pick_row, strike, token
from tests.web.journeys.working import SEA_RANCH, STEEL, Filing
from tests.web.serving import Server, actor
from tests.web.settling import settled

pytestmark = pytest.mark.browser
LOAN = "A-2026-0711"
REASON = "人工鱼礁属海洋牧场"


@pytest.fixture(scope="module")
def archive(app_server: Callable[..., Server], classifier: Classifier) -> Server:
    """A server of its own, with one case that two people decided and one that waits."""
    server = app_server()
    store = server.store()
    filing = Filing(store, classifier)
    (number,) = filing.submit(SEA_RANCH, loan_id=LOAN)
    filing.submit(STEEL, loan_id="=1+1")
    for name in ("王复核", "赵复核"):
        case = store.case(actor(name), number)
        store.decide(actor(name), number, case.version, case.label, REASON)
    store.close()
    return server


def verify(page: Page, verdict: str) -> None:
    """Ask for the whole proof and see how it ends."""
    click(page.get_by_role("button", name="核验全部留痕"))
    expect(page.get_by_text(verdict)).to_be_visible()


def test_an_auditor_finds_a_case_sees_its_life_and_takes_it_away(
    archive: Server, visits: Visits, tmp_path: Path
) -> None:
    page = visits(archive, "李审计")
    expect(page).to_have_url(re.compile("/audit"))
    expect(page.get_by_text("共 2 件")).to_be_visible()
    found = read_csv(download(page, "下载全部（CSV）", tmp_path))
    assert [row[1] for row in found] == ["借据号", LOAN, "'=1+1"]
    page.get_by_label("借据号（开头几位即可）").fill(LOAN[:6])
    strike(page, "Enter")
    expect(page.get_by_text("共 1 件")).to_be_visible()
    pick_row(grid(page).first, 0)
    expect(page.get_by_role("button", name="回到查找结果")).to_be_visible()
    life = page.locator(".st-key-life")
    for text in (SEA_RANCH, "已审定", "机器的依据", "目录 2026"):
        expect(life.get_by_text(text).first).to_be_visible()
    expect(life.locator("mark").first).to_be_visible()
    said = cells(grid(page).first)
    assert [(row[2], row[3]) for row in said[1:]] == [("王复核", "确认"), ("赵复核", "审定")]
    assert all(REASON in row for row in said[1:])
    workbook = CalamineWorkbook.from_path(str(download(page, "下载（XLSX）", tmp_path)))
    assert workbook.sheet_names == ["件", "意见", "依据", "留痕"]
    assert len(workbook.get_sheet_by_name("意见").to_python()) == 3
    page.reload()
    settled(page)
    expect(life.get_by_text(SEA_RANCH).first).to_be_visible()


def test_the_chain_verifies_until_a_byte_changes_on_the_disk_and_the_event_is_named(
    archive: Server, visits: Visits, tmp_path: Path
) -> None:
    page = visits(archive, "李审计", "/audit?part=留痕核验")
    verify(page, "核验通过")
    anchor = download(page, "下载今天的锚点", tmp_path)
    kept = json.loads(anchor.read_text("utf-8"))
    give(page, anchor)
    verify(page, f"与第 {kept['sequence']:,} 条处的锚点一致")
    expect(page.get_by_test_id("stMain").get_by_text(kept["digest"]).first).to_be_visible()

    broken = change_one_byte(archive)
    expect_fault(visits, archive, [broken])
    forged = change_by_owner(archive)
    expect_fault(visits, archive, [broken, forged])


def expect_fault(visits: Visits, server: Server, sequences: list[int]) -> None:
    """An auditor who signs in now sees the proof fail, with the events that were changed."""
    page = visits(server, "李审计", "/audit?part=留痕核验")
    verify(page, "核验没有通过")
    said = " ".join(cell for row in cells(grid(page).first) for cell in row)
    assert all(f"第 {sequence} 条" in said for sequence in sequences), said


def change_one_byte(server: Server) -> int:
    """Change one letter of a reason in the file itself; the event that told it."""
    with closing(sqlite3.connect(server.database)) as connection:
        (sequence, content), *_ = connection.execute("select sequence, content from events where action = '审定'")
        connection.execute("pragma wal_checkpoint(truncate)")
    with server.database.open("r+b") as file:
        place = file.read().index(content.encode())
        file.seek(place + content.encode().index(b'"state"') + 1)
        file.write(b"S")
    token(server, "周管理")  # a write through the front door: nothing is kept of the pages read before
    return int(sequence)


def change_by_owner(server: Server) -> int:
    """Take the triggers away as the owner of the database can, and make another person the author of an event."""
    with closing(sqlite3.connect(server.database)) as connection:
        triggers = [name for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'")]
        for name in triggers:
            connection.execute(f'drop trigger "{name}"')
        (sequence,) = connection.execute("select min(sequence) from events where action = '送复核'").fetchone()
        connection.execute("update events set actor = '孙复核' where sequence = ?", (sequence,))
        connection.commit()
    return int(sequence)


def test_a_sample_read_blind_gives_an_error_rate(archive: Server, visits: Visits, tmp_path: Path) -> None:
    page = visits(archive, "李审计", "/audit?part=抽样重判")
    page.get_by_label("抽样数").fill("1")
    strike(page, "Tab")
    click(page.get_by_role("button", name="抽取", exact=True))
    expect(page.get_by_text("已抽取第 1 号样本")).to_be_visible()
    expect(page.get_by_text("第 1 件", exact=True)).to_be_visible()
    assert not [word for word in ("机器", "蓝色", "1.3.1") if word in page.get_by_test_id("stMain").inner_text()]
    choose(page, "您的结论", "信息不足")
    click(page.get_by_role("button", name="记录，下一件"))
    expect(page.get_by_text("100.0%，95% 区间").first).to_be_visible()
    book = CalamineWorkbook.from_path(str(download(page, "下载（XLSX）", tmp_path)))
    assert book.sheet_names == ["差错率", "各层", "逐件"]
    assert str(Label(Outcome.INSUFFICIENT)) in book.get_sheet_by_name("逐件").to_python()[1]


def test_the_log_is_exported_whole_and_runs_nothing(archive: Server, visits: Visits, tmp_path: Path) -> None:
    page = visits(archive, "李审计", "/audit?part=操作日志")
    rows = read_csv(download(page, "下载全部（CSV）", tmp_path))
    store = archive.store()
    assert len(rows) - 1 == store.head(actor("李审计")).sequence
    store.close()
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
