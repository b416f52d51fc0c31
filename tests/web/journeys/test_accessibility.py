"""Every page with content, in light and dark, wide and narrow: no serious finding of ours by axe."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.journeys.test_journeys_batch import labelled
from tests.web.journeys.test_journeys_officer import paste
from tests.web.journeys.visiting import Visits, grid, pick_row
from tests.web.journeys.working import LOAN_BOOK, SEA_RANCH, UNDECIDED, Files
from tests.web.serving import Server
from tests.web.settling import settled

pytestmark = pytest.mark.browser
PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 26, 36)"}
WIDE, NARROW = {"width": 1280, "height": 1400}, {"width": 390, "height": 844}
_STILL = """() => {
    const moving = document.getAnimations().filter(one => one.playState === "running");
    const ending = moving.filter(one => one.effect.getComputedTiming().endTime < Infinity);
    ending.forEach(one => one.finish());
    return ending.length === 0;
}"""
_OFTEN = 50  # milliseconds between two looks


def still(page: Page) -> Page:
    """Bring what moves or fades to its end: a colour that is still changing is no finding.

    Waiting for it would not do, as a browser without a window need not draw a page on which nothing else happens.
    """
    page.wait_for_function(_STILL, polling=_OFTEN)
    return page


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical; nothing is excepted, not even Streamlit's own markup."""
    found: list[dict[str, Any]] = Axe().run(still(page)).response["violations"]
    return [
        f"{rule['id']} {node['target']} {node['html'][:160]} {node['failureSummary'][-160:]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def expect_accessible(page: Page) -> None:
    """Look at a page in both themes and both widths; nothing may be wider than the narrow screen."""
    said: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", PAPER[scheme])
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            wider = still(settled(page)).evaluate("document.documentElement.scrollWidth - window.innerWidth")
            said += [f"{size['width']}: {wider} pixels too wide"] if wider > 0 else []
            said += [f"{scheme} {size['width']}: {one}" for one in findings(page)]
    assert said == [], "\n".join(said)


def on_single(page: Page) -> None:
    """A result with its evidence and the question."""
    paste(page, UNDECIDED)
    page.get_by_text("依据逐条").click()


def on_batch(page: Page) -> None:
    """A labelled book with its charts, and one of its rows."""
    labelled(page, LOAN_BOOK)
    page.goto(f"{settled(page).url}&row=2")
    expect(page.locator(".st-key-row-detail")).to_be_visible()


def on_audit(page: Page) -> None:
    """One case's whole life."""
    pick_row(grid(page).first, 0)
    expect(page.get_by_role("button", name="回到查找结果")).to_be_visible()


@pytest.mark.parametrize("path", ["/sign-in", "/change-password", "/sign-out"])
def test_the_pages_of_the_sign_in_are_accessible(bank: Server, visits: Visits, path: str) -> None:
    page = visits(bank, "周管理", "/catalogue")
    page.goto(bank.address + path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            assert findings(page) == []


@pytest.mark.parametrize(
    ("name", "target", "sign", "work"),
    [
        ("陈经办", "/single", "识别", None),
        ("陈经办", "/single", "识别", on_single),
        ("王复核", "/review", "排序与筛选", None),
        ("李审计", "/audit", "借据号", None),
        ("李审计", "/audit", "借据号", on_audit),
        ("李审计", "/audit?part=留痕核验", "核验全部留痕", None),
        ("李审计", "/audit?part=抽样重判", "抽样数", None),
        ("李审计", "/audit?part=操作日志", "操作人", None),
        ("李审计", "/catalogue?code=1.3.1", "目录", None),
        ("李审计", "/overview", "正在使用的模型", None),
        ("周管理", "/accounts", "新增账号", None),
        ("陈经办", "/batch", "贷款台账", None),
        ("陈经办", "/batch", "贷款台账", on_batch),
    ],
)
def test_a_page_is_accessible(
    bank: Server, visits: Visits, file: Files, name: str, target: str, sign: str, work: Callable[[Page], None] | None
) -> None:
    if work is on_audit or target == "/review":
        file(SEA_RANCH)
    page = visits(bank, name, target)
    expect(page.get_by_text(sign).first).to_be_visible()
    if work is not None:
        work(page)
    expect_accessible(page)
