"""The keys of the page 复核 in a real browser: what decides, what is only typed, and what a finger does by mistake."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from classifier import Application, Classifier
from classifier.review import Kind, ReviewStore, Submission
from tests.web.journeys.test_journeys_review import write
from tests.web.journeys.visiting import strike
from tests.web.serving import Server, actor, sign_in
from tests.web.settling import settled

pytestmark = pytest.mark.browser

OFFICER, REVIEWER = "陈经办", "王复核"
TEXT = "在荣成近海投放人工鱼礁，建设国家级海洋牧场，第 {} 期"
READ = 900  # milliseconds after which a decision is no longer taken for a slip
HEAD = ".st-key-case_head b"


@pytest.fixture(scope="module")
def store(served: Server, classifier: Classifier) -> ReviewStore:
    """The server's store with cases enough for all tests here."""
    store = served.store()
    for number in range(1, 13):
        given = Application(f"K-{number}", TEXT.format(number))
        store.submit(actor(OFFICER), Submission(given, classifier.predict(given)))
    return store


@pytest.fixture
def desk(served: Server, store: ReviewStore, page: Page) -> Page:
    """The page with a case open, long enough to have been read."""
    sign_in(page, served, REVIEWER, "/review")
    expect(page.locator(HEAD)).to_be_visible()
    page.wait_for_function("window.lanmuPlace !== undefined")
    page.wait_for_timeout(READ)
    return page


def number(desk: Page) -> int:
    """The number of the case that is open."""
    return int(settled(desk).locator(HEAD).first.inner_text().strip("第件 "))


def moved_on(desk: Page, before: int) -> int:
    """Wait for the next case; its number."""
    expect(desk.locator(HEAD)).not_to_have_text(f"第 {before} 件")
    return number(desk)


def test_one_key_decides_and_the_next_case_comes(desk: Page, store: ReviewStore) -> None:
    before = number(desk)
    desk.keyboard.press("q")
    moved_on(desk, before)
    expect(desk.get_by_role("status").filter(has_text=f"第 {before} 件已确认为")).to_be_visible()
    assert [one.kind for one in store.life(actor(REVIEWER), before).verdicts] == [Kind.CONFIRM]


def test_what_is_typed_as_a_reason_decides_nothing(desk: Page, store: ReviewStore) -> None:
    before, typed = number(desk), "0 9 1 q t n b a s d f g 2"
    write(desk, typed)
    desk.wait_for_timeout(600)
    assert number(desk) == before
    expect(desk.locator(".st-key-chosen")).to_have_count(0)
    strike(desk, "Escape")
    strike(desk, "9")
    expect(desk.locator(".st-key-chosen")).to_contain_text("信息不足")
    strike(desk, "Control+Enter")
    moved_on(desk, before)
    assert store.life(actor(REVIEWER), before).verdicts[-1].reason == typed


def test_a_key_held_down_decides_once(desk: Page) -> None:
    before = number(desk)
    for _ in range(30):
        desk.keyboard.down("q")
        desk.wait_for_timeout(30)
    desk.keyboard.up("q")
    following = moved_on(desk, before)
    desk.wait_for_timeout(800)
    assert number(desk) == following


def test_a_key_struck_twice_decides_once_and_names_no_rival(desk: Page, store: ReviewStore) -> None:
    before = number(desk)
    desk.keyboard.press("q")
    desk.keyboard.press("q")
    following = moved_on(desk, before)
    desk.wait_for_timeout(800)
    assert number(desk) == following
    assert len(store.life(actor(REVIEWER), before).verdicts) == 1
    expect(desk.get_by_text("先行处理")).to_have_count(0)


@pytest.mark.parametrize("pause", [0, 40])
def test_a_change_of_mind_in_a_hurry_never_records_the_first_choice(desk: Page, store: ReviewStore, pause: int) -> None:
    before = number(desk)
    desk.keyboard.press("g")
    desk.keyboard.press("9")
    expect(desk.locator(".st-key-chosen")).to_contain_text("信息不足")
    settled(desk).wait_for_timeout(READ)
    desk.keyboard.press("0")
    desk.wait_for_timeout(pause)
    desk.keyboard.press("Control+Enter")
    settled(desk)
    labels = [str(one.label) for one in store.life(actor(REVIEWER), before).verdicts]
    assert labels in ([], ["目录外"])


def test_an_item_is_looked_up_by_an_everyday_word(desk: Page, store: ReviewStore) -> None:
    before = number(desk)
    desk.keyboard.press("l")
    desk.keyboard.type("碳汇")
    strike(desk, "Enter")
    expect(desk.get_by_role("button", name="记录：")).to_contain_text("碳汇")
    strike(desk, "a")
    expect(desk.locator(".st-key-words textarea")).to_have_value("按资金用途判定")
    strike(desk, "Control+Enter")
    moved_on(desk, before)
    verdict = store.life(actor(REVIEWER), before).verdicts[-1]
    assert verdict.kind is Kind.CORRECT and verdict.label is not None and verdict.label.code


def test_a_reload_keeps_the_place(desk: Page) -> None:
    strike(desk, "n")
    expect(desk.get_by_role("status").filter(has_text="已跳过")).to_be_visible()
    before = number(desk)
    desk.reload()
    expect(desk.locator(HEAD)).to_have_text(f"第 {before} 件")


def test_the_page_has_no_barrier(desk: Page) -> None:
    strike(desk, "9")
    expect(desk.locator(".st-key-chosen")).to_be_visible()
    found = Axe().run(desk).response["violations"]
    assert [(one["id"], one["impact"]) for one in found if one["impact"] in ("serious", "critical")] == []
