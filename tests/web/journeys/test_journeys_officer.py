"""An officer labels one text: the result, its link, the one question, and the way to review."""

import pytest
from playwright.sync_api import Page, expect

from classifier.review import Status
from tests.web.journeys.visiting import Visits, click, number_in, strike
from tests.web.journeys.working import UNDECIDED
from tests.web.serving import Server, actor
from tests.web.settling import settled

pytestmark = pytest.mark.browser


def paste(page: Page, text: str) -> None:
    """Type a text and ask for its label by the keyboard."""
    page.get_by_label("项目描述或贷款用途").fill(text)
    strike(page, "Control+Enter")
    expect(page.get_by_text("本结果的链接")).to_be_visible()


def test_an_officer_pastes_answers_the_question_and_sends_the_result_to_review(bank: Server, visits: Visits) -> None:
    page = visits(bank, "陈经办")
    expect(page).to_have_url(f"{bank.address}/single")
    paste(page, UNDECIDED)
    expect(page.get_by_text("需人工复核")).to_be_visible()
    before = page.url
    assert before.startswith(f"{bank.address}/single?result=") and "%" not in before

    click(page.get_by_role("button", name="渔船更新", exact=True))
    expect(page.get_by_text("补充说明：本笔资金用于渔船更新。", exact=True)).to_be_visible()
    expect(page.get_by_text("3.2.3 渔船标准化更新和节能改造").first).to_be_visible()
    expect(page).not_to_have_url(before)

    again = page.context.new_page()
    again.goto(settled(page).url)
    expect(again.get_by_label("项目描述或贷款用途")).to_have_value(UNDECIDED)
    expect(again.get_by_text("补充说明：本笔资金用于渔船更新。", exact=True)).to_be_visible()

    click(page.get_by_role("button", name="送复核", exact=True))
    number = number_in(page.get_by_text("已送复核：第"))
    store = bank.store()
    case = store.case(actor("王复核"), number)
    store.close()
    assert (case.status, case.submitted_by) == (Status.PENDING, "陈经办")
    assert case.application.description.startswith(UNDECIDED) and "渔船更新。" in case.application.description
    expect(page.get_by_role("button", name="送复核", exact=True)).to_have_count(0)

    other = visits(bank, "王复核", page.url.removeprefix(bank.address))
    expect(other.get_by_test_id("stAlert")).to_be_visible()
    expect(other.get_by_label("项目描述或贷款用途")).to_have_value("")


def test_a_text_that_says_nothing_is_told_in_plain_words(bank: Server, visits: Visits) -> None:
    page = visits(bank, "陈经办", "/single")
    page.get_by_label("项目描述或贷款用途").fill("……！")
    strike(page, "Control+Enter")
    expect(page.get_by_text("文字里没有汉字、字母或数字")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
