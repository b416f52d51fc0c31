"""The admin's page, wired to a real store."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from classifier.review import ReviewStore, Role, accounts, sessions
from classifier.review.sessions import SignInError
from tests.web.serving import CONSOLE, Server, sign_in

UI = Path(__file__).resolve().parents[2] / "classifier" / "web" / "ui.py"


def page(person: str = "演示管理") -> AppTest:
    app = AppTest.from_file(str(UI), default_timeout=20)
    app.session_state["person"] = person
    return app.run().switch_page("pages/accounts.py").run()


def button(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def test_without_accounts_the_page_says_what_to_do(store: ReviewStore) -> None:
    app = page()
    assert [title.value for title in app.title] == ["账号"]
    assert "新增第一个" in app.info[0].value
    assert not app.exception


def test_a_new_account_gets_a_password_that_is_shown_once(store: ReviewStore) -> None:
    app = page()
    app.text_input(key="new_name").set_value("<b>陈</b>")
    app.multiselect(key="new_roles").set_value([Role.OFFICER])
    assert "不能用" in button(app, "新增").error[0].value
    app.text_input(key="new_name").set_value("陈经办")
    app.multiselect(key="new_roles").set_value([Role.OFFICER])
    app = button(app, "新增")
    password = app.code[0].value
    assert sessions.sign_in(store, "陈经办", password)
    assert not app.run().code


def test_an_account_is_disabled_enabled_and_reset(store: ReviewStore) -> None:
    once = accounts.add(store, CONSOLE, "陈经办", {Role.OFFICER})
    app = page()
    app = app.selectbox(key="chosen").set_value("陈经办").run()
    app = button(app, "停用")
    with pytest.raises(SignInError):
        sessions.sign_in(store, "陈经办", once)
    app = button(app, "启用")
    assert sessions.sign_in(store, "陈经办", once)
    app = button(app, "重置密码")
    assert sessions.sign_in(store, "陈经办", app.code[0].value)


def test_roles_are_changed_and_the_last_admin_is_kept(store: ReviewStore) -> None:
    accounts.add(store, CONSOLE, "周管理", {Role.ADMIN})
    app = page().selectbox(key="chosen").set_value("周管理").run()
    app.multiselect(key="roles_周管理").set_value([Role.OFFICER])
    assert "最后一位" in button(app, "保存岗位").error[0].value
    accounts.add(store, CONSOLE, "吴管理", {Role.ADMIN})
    app.multiselect(key="roles_周管理").set_value([Role.OFFICER])
    app = button(app, "保存岗位")
    assert not app.error
    assert {one.name: one.roles for one in accounts.listed(store, CONSOLE)}["周管理"] == {Role.OFFICER}


@pytest.mark.parametrize("person", ["演示经办", "演示复核甲", "演示审计"])
def test_others_are_told_that_they_may_not(store: ReviewStore, person: str) -> None:
    app = page(person)
    assert "没有权限" in app.error[0].value
    assert not app.button


@pytest.mark.browser
def test_no_table_offers_a_download_that_excel_would_run(served: Server, page: Page) -> None:
    sign_in(page, served, "周管理", "/accounts")
    page.get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name="Search")).to_be_visible()
    expect(page.get_by_role("button", name="Download as CSV", include_hidden=True)).to_have_count(1)
    expect(page.get_by_role("button", name="Download as CSV", include_hidden=True)).to_be_hidden()
