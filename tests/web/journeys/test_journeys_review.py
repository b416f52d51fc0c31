"""Reviewers decide by keyboard: four eyes, a blind reading, a dispute settled by a third person."""

import pytest
from playwright.sync_api import Page, expect

from classifier.records import Outcome
from classifier.review import Case, Kind, Label, Status
from tests.web.journeys.visiting import Visits, strike
from tests.web.journeys.working import SEA_RANCH, STEEL, Files
from tests.web.serving import Server, actor
from tests.web.settling import settled

pytestmark = pytest.mark.browser
OUTSIDE, INSUFFICIENT = Label(Outcome.OUTSIDE), Label(Outcome.INSUFFICIENT)
READING = 700  # milliseconds a hand waits at least: sooner decisions are refused as struck by mistake


def at_case(page: Page, server: Server, number: int) -> Page:
    """Open a case by its address, once the keys that lead to its fields are listened to."""
    page.goto(f"{server.address}/review?case={number}")
    expect(settled(page).locator(".st-key-case_head").get_by_text(f"第 {number} 件")).to_be_visible()
    page.wait_for_function("window.lanmuPlace !== undefined")
    return page


def choose_key(page: Page, key: str, name: str) -> None:
    """Choose a label by its key, then take the time of reading."""
    strike(page, key)
    expect(page.get_by_role("button", name=f"记录：{name}")).to_be_visible()
    page.wait_for_timeout(READING)


def write(page: Page, reason: str) -> None:
    """Go to the field for the reason by its key and type."""
    strike(page, "w")
    expect(page.locator(".st-key-words textarea")).to_be_focused()
    page.keyboard.type(reason)


def case_of(server: Server, number: int) -> tuple[Case, list[Kind]]:
    """How a case stands, and what was said of it."""
    store = server.store()
    life = store.life(actor("李审计"), number)
    store.close()
    return life.case, [verdict.kind for verdict in life.verdicts]


def test_two_people_decide_by_keyboard_and_the_first_is_refused_as_the_second(
    bank: Server, visits: Visits, file: Files
) -> None:
    (number,) = file(SEA_RANCH)
    first = at_case(visits(bank, "王复核", "/review"), bank, number)
    reason = first.get_by_label("理由或备注")
    write(first, "1 0 9 q t 都只是字")
    expect(reason).to_have_value("1 0 9 q t 都只是字")
    strike(first, "Escape")
    assert case_of(bank, number)[1] == []
    expect(first.get_by_role("button", name="记录所选")).to_be_visible()

    first.wait_for_timeout(READING)
    strike(first, "q")
    expect(first.get_by_text(f"第 {number} 件已确认为")).to_be_visible()
    assert f"case={number}" not in first.url
    case, said = case_of(bank, number)
    assert (case.status, said) == (Status.DECIDED, [Kind.CONFIRM])

    at_case(first, bank, number)
    expect(first.get_by_text("您已就本件作出判定，须由另一人复核")).to_be_visible()
    expect(first.get_by_role("button", name="同意")).to_have_count(0)
    strike(first, "q")
    strike(first, "Control+Enter")

    second = at_case(visits(bank, "赵复核", "/review"), bank, number)
    expect(second.get_by_role("button", name="同意")).to_be_visible()
    second.wait_for_timeout(READING)
    strike(second, "q")
    expect(second.get_by_text(f"第 {number} 件已审定")).to_be_visible()
    case, said = case_of(bank, number)
    assert (case.status, said) == (Status.APPROVED, [Kind.CONFIRM, Kind.APPROVE])


def test_a_correction_that_is_disputed_is_settled_by_a_third_person(bank: Server, visits: Visits, file: Files) -> None:
    (number,) = file(SEA_RANCH)
    first = at_case(visits(bank, "王复核", "/review"), bank, number)
    choose_key(first, "0", "目录外")
    strike(first, "Control+Enter")
    expect(first.get_by_text("改判须写明理由")).to_be_visible()
    strike(first, "f")
    expect(first.get_by_label("理由或备注")).to_have_value("不涉海或不在支持范围")
    strike(first, "Control+Enter")
    expect(first.get_by_text(f"第 {number} 件已改判为 目录外")).to_be_visible()

    second = at_case(visits(bank, "赵复核", "/review"), bank, number)
    expect(second.get_by_text("不涉海或不在支持范围").first).to_be_visible()
    choose_key(second, "9", "信息不足")
    write(second, "没有写明海域")
    strike(second, "Control+Enter")
    expect(second.get_by_text("转第三人裁定")).to_be_visible()
    case, said = case_of(bank, number)
    assert case.disputed and said == [Kind.CORRECT, Kind.DISSENT]

    third = at_case(visits(bank, "孙复核", "/review"), bank, number)
    expect(third.get_by_text("没有写明海域").first).to_be_visible()
    strike(third, "l")
    expect(third.locator(".st-key-search input")).to_be_focused()
    third.keyboard.type("海洋牧场")
    expect(third.get_by_role("option").first).to_contain_text("海洋牧场")
    strike(third, "Enter")
    expect(third.get_by_role("button", name="记录：")).to_be_visible()
    expect(third.locator(".st-key-search input")).not_to_be_focused()
    strike(third, "a")
    expect(third.get_by_label("理由或备注")).to_have_value("按资金用途判定")
    strike(third, "Control+Enter")
    expect(third.get_by_text(f"第 {number} 件已审定")).to_be_visible()
    case, said = case_of(bank, number)
    assert said == [Kind.CORRECT, Kind.DISSENT, Kind.SETTLE] and case.status is Status.APPROVED
    assert case.label.outcome is Outcome.BLUE and case.label.code


def test_a_blind_second_reading_shows_nothing_of_the_first(bank: Server, visits: Visits, file: Files) -> None:
    (number,) = file(STEEL, blind=True)
    first = at_case(visits(bank, "王复核", "/review"), bank, number)
    choose_key(first, "0", "目录外")
    write(first, "钢厂在陆上")
    strike(first, "Control+Enter")
    expect(first.get_by_text(f"第 {number} 件已确认为")).to_be_visible()

    second = at_case(visits(bank, "赵复核", "/review"), bank, number)
    expect(second.get_by_text("盲读：不显示首次意见")).to_be_visible()
    shown = second.get_by_test_id("stMain").inner_text()
    assert not [word for word in ("王复核", "钢厂在陆上", "同意", "机器的理由") if word in shown]
    expect(second.locator("mark")).to_have_count(0)
    choose_key(second, "0", "目录外")
    strike(second, "a")
    expect(second.get_by_label("理由或备注")).not_to_be_empty()
    strike(second, "Control+Enter")
    expect(second.get_by_text(f"第 {number} 件已审定")).to_be_visible()
    assert case_of(bank, number)[1] == [Kind.CONFIRM, Kind.APPROVE]
