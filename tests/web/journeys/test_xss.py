"""Texts that would like to be markup, scripts or formulas show as what they are, on every page they pass through."""

import csv
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.web.journeys.test_journeys_batch import LONG, start, upload
from tests.web.journeys.test_journeys_review import at_case, choose_key
from tests.web.journeys.visiting import Visits, click, fill, number_in, strike
from tests.web.serving import Server
from tests.web.settling import settled

pytestmark = pytest.mark.browser
EVIL = (
    '建设海洋牧场<script>window.hurt=1</script><img src=x onerror="window.hurt=1"><b id="hurt">粗</b>'
    '<form action="http://evil.example/"><input name="hurt"></form><style>#stApp{display:none}</style>'
    '" onmouseover="window.hurt=1" x="<iframe src="javascript:window.hurt=1"></iframe>'
    "**粗**:red[红]$x^2$`码`[点我](http://evil.example)![](http://evil.example/x.png)"
    '=HYPERLINK("http://evil.example","点我")<a href="javascript:window.hurt=1">点</a>&lt;i&gt;{{7*7}}'
)
SHOWN = ('<img src=x onerror="window.hurt=1">', "**粗**:red[红]$x^2$`码`[点我](http://evil.example)")
# Nothing of the text may have become an element; :red[] and $$ would make a coloured span and a formula.
ELEMENTS = (
    '#hurt, [name="hurt"], [action*="evil"], [href*="evil"], [src*="evil"], [href^="javascript"], [onerror],'
    " [onmouseover], iframe, .katex, .stMarkdownColoredText"
)


def expect_harmless(page: Page, *, seen: bool = True) -> None:
    """The text stands on the page as it was typed, and did nothing."""
    if seen:
        expect(page.get_by_test_id("stMain")).to_contain_text(SHOWN[0], use_inner_text=True)
        expect(page.get_by_test_id("stMain")).to_contain_text(SHOWN[1], use_inner_text=True)
    settled(page)
    assert page.evaluate("window.hurt") is None
    assert page.locator(ELEMENTS).evaluate_all("all => all.map(one => one.outerHTML)") == []
    assert page.locator("style").evaluate_all("all => all.filter(one => one.textContent.includes('#stApp{'))") == []
    expect(page.get_by_test_id("stApp")).to_be_visible()


def test_a_pasted_text_stays_text_from_the_result_to_the_audit(bank: Server, visits: Visits) -> None:
    page = visits(bank, "陈经办", "/single")
    page.get_by_text("补充信息（可不填）").click()
    for label in ("项目描述或贷款用途", "项目名称", "贷款用途", "业务编号", "借款人经营范围"):
        fill(page.get_by_label(label, exact=True), EVIL)
    strike(page, "Control+Enter")
    expect(page.get_by_text("本结果的链接")).to_be_visible()
    expect_harmless(page)
    page.get_by_text("依据逐条").click()
    click(page.get_by_role("button", name="送复核", exact=True))
    number = number_in(page.get_by_text("已送复核：第"))
    page.get_by_text("我送复核的件（").click()
    expect_harmless(page)

    reviewer = at_case(visits(bank, "王复核", "/review"), bank, number)
    expect_harmless(reviewer)
    choose_key(reviewer, "9", "信息不足")
    fill(reviewer.get_by_label("理由或备注"), EVIL)
    strike(reviewer, "Control+Enter")
    expect(reviewer.get_by_text(f"第 {number} 件已")).to_be_visible()
    expect_harmless(reviewer, seen=False)
    expect_harmless(at_case(visits(bank, "赵复核", "/review"), bank, number))

    auditor = visits(bank, "李审计", f"/audit?case={number}")
    expect_harmless(auditor)
    auditor.goto(f"{bank.address}/audit?part=操作日志")
    expect(auditor.get_by_test_id("stDataFrame")).to_be_visible()
    expect_harmless(auditor, seen=False)
    auditor.goto(f"{bank.address}/audit")
    expect(auditor.get_by_test_id("stDataFrame")).to_be_visible()
    expect_harmless(auditor, seen=False)


def test_a_loan_book_stays_text_from_its_name_to_its_rows(bank: Server, visits: Visits, tmp_path: Path) -> None:
    name = "<img src=x onerror=window.hurt=1>**粗**:red[红]$x^2$.csv"
    book = tmp_path / name
    with book.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["借据号", "贷款用途", EVIL], [EVIL, EVIL, EVIL], [EVIL, "", EVIL]])
    page = visits(bank, "陈经办", "/batch")
    upload(page, book)
    expect_harmless(page, seen=False)
    start(page)
    expect(page.get_by_role("button", name="下载问题行（CSV）")).to_be_visible(timeout=LONG)
    expect_harmless(page, seen=False)
    page.goto(f"{settled(page).url}&row=2")
    expect_harmless(page)
    page.goto(f"{bank.address}/batch")
    expect(page.get_by_text("onerror=window.hurt=1").first).to_be_visible()
    expect_harmless(page, seen=False)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("李审计", "/catalogue?code={0}&search={0}"),
        ("李审计", "/audit?case={0}&loan={0}&who={0}"),
        ("陈经办", "/single?result={0}"),
        ("陈经办", "/batch?batch={0}&row={0}"),
        ("王复核", "/review?case={0}&order={0}"),
    ],
)
def test_an_address_full_of_markup_is_harmless(bank: Server, visits: Visits, name: str, target: str) -> None:
    page = visits(bank, name, target.format(quote(EVIL[:150] + EVIL[-150:])))
    expect_harmless(page, seen=False)
    expect(page.get_by_text("出错了")).to_have_count(0)
