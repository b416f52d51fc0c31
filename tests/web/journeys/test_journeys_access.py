"""What a person may open by its address, and what happens to work when the session ends in the middle of it."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from classifier.review import Action
from classifier.review.schema import sessions
from classifier.web.places import PLACES, Place
from tests.web.journeys.test_journeys_review import at_case, write
from tests.web.journeys.visiting import Visits, strike
from tests.web.journeys.working import SEA_RANCH, Files
from tests.web.serving import Server, actor
from tests.web.settling import settled

pytestmark = pytest.mark.browser
REFUSED = "没有权限"


def may_open(place: Place, name: str) -> bool:
    """What the table of permissions says; labelled books are also open to everyone who may read all cases."""
    return place.open_to(actor(name)) or (place.name == "batch" and actor(name).may(Action.READ))


@pytest.mark.parametrize("name", ["陈经办", "王复核", "李审计", "周管理"])
def test_every_page_opens_by_its_address_for_its_roles_only(bank: Server, visits: Visits, name: str) -> None:
    page = visits(bank, name, f"/{PLACES[0].name}")
    for place in PLACES:
        page.goto(f"{bank.address}/{place.name}")
        settled(page)
        refusal, title = page.get_by_text(REFUSED), page.get_by_role("heading", level=1)
        expect(refusal.or_(title).or_(page.get_by_role("radiogroup")).first).to_be_visible()
        expect(refusal, f"{name} at {place.name}").to_have_count(0 if may_open(place, name) else 1)
        links = page.get_by_role("navigation").get_by_role("link", name=place.title, exact=True)
        expect(links, f"{name} at {place.name}").to_have_count(1 if place.open_to(actor(name)) else 0)


def end_sessions(server: Server, name: str) -> None:
    """What the clock or the admin does: every session of a person is over."""
    store = server.store()
    with store.writing() as connection:
        connection.execute(
            update(sessions).where(sessions.c.account == name).values(ended_at="2026-01-01T00:00:00.000000Z")
        )
    store.close()


def expect_told(page: Page) -> None:
    """The page says what happened and what became of the last step, with the way on."""
    expect(page.get_by_text("登录已过期")).to_be_visible()
    expect(page.get_by_text("没有记录")).to_be_visible()
    page.get_by_role("link", name="登录").click()
    expect(page.get_by_label("密码")).to_be_visible()


def test_an_officer_whose_session_ended_is_told_and_nothing_is_kept_of_the_text(bank: Server, visits: Visits) -> None:
    page = visits(bank, "陈经办", "/single")
    page.get_by_label("项目描述或贷款用途").fill(SEA_RANCH)
    end_sessions(bank, "陈经办")
    strike(page, "Control+Enter")
    expect_told(page)


def test_a_reviewer_whose_session_ended_is_told_and_nothing_is_decided(
    bank: Server, visits: Visits, file: Files
) -> None:
    (number,) = file(SEA_RANCH)
    page = at_case(visits(bank, "孙复核", "/review"), bank, number)
    write(page, "写了一半的理由")
    end_sessions(bank, "孙复核")
    strike(page, "Control+Enter")
    expect_told(page)
    store = bank.store()
    assert store.life(actor("李审计"), number).verdicts == ()
    store.close()
