"""Signing in on the real server, by plain HTTP and in a real browser."""

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect
from sqlalchemy import update
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from classifier.review import accounts
from classifier.review.schema import sessions
from classifier.web.entrance.gate import is_meant, restarted
from classifier.web.entrance.sign_in import COOKIE, safe_target
from tests.web.serving import CONSOLE, PASSWORD, Server, actor, sign_in

HTML = {"Accept": "text/html"}


def form_secret(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def try_to_sign_in(
    server: Server, name: str, password: str = PASSWORD, target: str = "/"
) -> tuple[requests.Session, requests.Response]:
    visitor = requests.Session()
    visitor.headers.update(HTML)
    page = visitor.get(f"{server.address}/sign-in", params={"next": target})
    form = {"csrf": form_secret(page.text), "next": target, "name": name, "password": password}
    return visitor, visitor.post(f"{server.address}/sign-in", data=form, allow_redirects=False)


def actions(server: Server, name: str) -> list[str]:
    store = server.store()
    found = store.events(actor("李审计"), person=name)
    store.close()
    return [event.action for event in found]


def make_older(server: Server, name: str, **columns: str) -> None:
    store = server.store()
    with store.writing() as connection:
        connection.execute(update(sessions).where(sessions.c.account == name).values(**columns))
    store.close()


def test_a_right_password_opens_a_session_in_a_cookie_that_scripts_cannot_read(served: Server) -> None:
    _, answer = try_to_sign_in(served, "陈经办", target="/batch?id=3")
    assert (answer.status_code, answer.headers["location"]) == (303, "/batch?id=3")
    cookie = answer.headers["set-cookie"].lower()
    assert f"{COOKIE}=" in cookie and "httponly" in cookie and "samesite=lax" in cookie
    assert "登录" in actions(served, "陈经办")


def test_a_cookie_is_secure_behind_https(app_server: Callable[..., Server]) -> None:
    server = app_server(LANMU_HTTPS="1")
    page = requests.get(server.address + "/sign-in", headers=HTML)
    assert "secure" in page.headers["set-cookie"].lower()
    assert "max-age" in page.headers["strict-transport-security"]


def test_wrong_name_and_wrong_password_get_the_same_answer(served: Server) -> None:
    answers = [try_to_sign_in(served, name, "不是这个密码呀呀呀")[1] for name in ("孙复核", "没有这个人")]
    assert [answer.status_code for answer in answers] == [401, 401]
    texts = {re.search(r"<p role=.alert.>(.*?)</p>", answer.text)[1] for answer in answers}  # type: ignore[index]
    assert len(texts) == 1
    assert COOKIE not in answers[0].headers.get("set-cookie", "")


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(app_server: Callable[..., Server]) -> None:
    server = app_server()
    for _ in range(5):
        assert try_to_sign_in(server, "陈经办", "不是这个密码呀呀呀")[1].status_code == 401
    assert try_to_sign_in(server, "陈经办")[1].status_code == 401
    assert actions(server, "陈经办").count("锁定账号") == 1


@pytest.mark.parametrize("path", ["/", "/single", "/review?case=1", "/accounts"])
def test_without_a_session_every_page_leads_to_the_sign_in_and_back(served: Server, path: str) -> None:
    answer = requests.get(served.address + path, headers=HTML)
    assert answer.url.startswith(served.address + "/sign-in") and 'name="password"' in answer.text
    if path != "/":
        assert f'name="next" value="{path}"' in answer.text


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/host-config", "/media/x.csv", "/_stcore/agent/openapi.json"]
)
def test_without_a_session_no_data_and_no_inner_address_answers(served: Server, path: str) -> None:
    assert requests.get(served.address + path).status_code == 401


def test_without_a_session_no_file_can_be_uploaded(served: Server) -> None:
    answer = requests.put(served.address + "/_stcore/upload_file/a/b", files={"file": b"x"})
    assert answer.status_code == 401


def test_health_tells_nothing_but_life(served: Server) -> None:
    answer = requests.get(served.address + "/health")
    assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize("secret", ["", "x" * 43])
def test_a_form_without_its_secret_is_refused(served: Server, secret: str) -> None:
    visitor = requests.Session()
    visitor.get(served.address + "/sign-in", headers=HTML)
    form = {"csrf": secret, "name": "陈经办", "password": PASSWORD}
    assert visitor.post(served.address + "/sign-in", data=form, allow_redirects=False).status_code == 403
    visitor, _ = try_to_sign_in(served, "陈经办")
    for path in ("/sign-out", "/change-password"):
        assert visitor.post(served.address + path, data={"csrf": secret}, allow_redirects=False).status_code == 403
    assert visitor.get(served.address + "/single").url.endswith("/single")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[", "null"])
def test_a_form_from_another_site_is_refused(served: Server, origin: str) -> None:
    visitor = requests.Session()
    page = visitor.get(served.address + "/sign-in", headers=HTML)
    form = {"csrf": form_secret(page.text), "name": "陈经办", "password": PASSWORD}
    answer = visitor.post(served.address + "/sign-in", data=form, headers={"Origin": origin})
    assert answer.status_code == 403


def test_a_form_too_large_is_not_read(served: Server) -> None:
    answer = requests.post(served.address + "/sign-in", data={"name": "x" * 100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/review?case=1", "/review?case=1"),
        ("//evil.example/", "/"),
        ("//[", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_after_the_sign_in_only_our_own_pages_are_visited(target: str, kept: str) -> None:
    assert safe_target(target) == kept


def test_every_answer_carries_the_protecting_headers(served: Server) -> None:
    visitor, _ = try_to_sign_in(served, "陈经办")
    for path in ("/single", "/sign-in", "/health"):
        headers = visitor.get(served.address + path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "camera=()" in headers["Permissions-Policy"]
    for path in ("/single", "/sign-in"):
        policy = visitor.get(served.address + path).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "http" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


def test_the_page_says_that_it_is_chinese(served: Server) -> None:
    visitor, _ = try_to_sign_in(served, "陈经办")
    assert '<html lang="zh-CN"' in visitor.get(served.address + "/").text


def test_signing_out_ends_the_session_on_the_server(served: Server) -> None:
    visitor, _ = try_to_sign_in(served, "王复核")
    token = visitor.cookies[COOKIE]
    page = visitor.get(served.address + "/sign-out")
    visitor.post(served.address + "/sign-out", data={"csrf": form_secret(page.text)})
    assert "退出" in actions(served, "王复核")
    answer = requests.get(served.address + "/single", headers=HTML, cookies={COOKIE: token})
    assert "/sign-in" in answer.url


@pytest.mark.parametrize("column", ["seen_at", "opened_at"])
def test_an_old_session_is_refused(served: Server, column: str) -> None:
    visitor, _ = try_to_sign_in(served, "赵复核")
    assert visitor.get(served.address + "/review").url.endswith("/review")
    make_older(served, "赵复核", **{column: "2026-01-01T00:00:00.000000Z"})
    assert "/sign-in" in visitor.get(served.address + "/review").url


def test_a_one_time_password_leads_to_a_new_password_first(app_server: Callable[..., Server]) -> None:
    server = app_server()
    store = server.store()
    once = accounts.add(store, CONSOLE, "新来的", {*actor("陈经办").roles})
    store.close()
    visitor, answer = try_to_sign_in(server, "新来的", once)
    page = visitor.get(server.address + answer.headers["location"])
    assert page.url.endswith("/change-password")
    form = {"csrf": form_secret(page.text), "old": once, "new": "短", "again": "短"}
    assert "12" in visitor.post(page.url, data=form).text
    form |= {"new": PASSWORD + "新", "again": PASSWORD}
    assert "不同" in visitor.post(page.url, data=form).text
    form |= {"again": PASSWORD + "新"}
    assert visitor.post(page.url, data=form).url == server.address + "/"
    assert try_to_sign_in(server, "新来的", once)[1].status_code == 401


def test_the_first_start_prints_the_first_sign_in_once(app_server: Callable[..., Server]) -> None:
    first = app_server(accounts=False)
    said = "".join(first.output)
    password = re.search(r"一次性密码 (\S+?)（", said)
    assert password is not None
    assert try_to_sign_in(first, accounts.FIRST_ADMIN, password[1])[1].status_code == 303
    assert password[1] not in "".join(first.errors)
    first.stop()
    second = app_server(accounts=False, home=first.home)
    assert "一次性密码" not in "".join(second.output)
    assert oct(first.home.stat().st_mode & 0o777) == "0o700"


def test_a_message_of_an_ended_session_only_runs_the_page_from_its_top() -> None:
    message = BackMsg()
    message.rerun_script.fragment_id = "queue"
    message.rerun_script.is_auto_rerun = True
    message.rerun_script.widget_states.widgets.add(id="decide", trigger_value=True)
    left = BackMsg.FromString(restarted(message) or b"")
    assert not left.rerun_script.fragment_id and not left.rerun_script.widget_states.widgets
    assert restarted(BackMsg(backend_operation_request={})) is None


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive() -> None:
    by_clock, by_person = BackMsg(), BackMsg()
    by_clock.rerun_script.is_auto_rerun = True
    by_person.rerun_script.page_name = "single"
    heartbeat = BackMsg(app_heartbeat=True)
    assert [is_meant(message) for message in (by_clock, by_person, heartbeat)] == [False, True, False]


@pytest.mark.parametrize("cookie", ["", f"{COOKIE}=made-up"])
def test_the_open_line_to_the_pages_needs_a_session(served: Server, cookie: str) -> None:
    address = served.address.replace("http", "ws", 1) + "/_stcore/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers={"Cookie": cookie} if cookie else {}, open_timeout=10)
    assert refused.value.response.status_code == 403


def test_the_open_line_is_not_for_other_sites(served: Server) -> None:
    visitor, _ = try_to_sign_in(served, "孙复核")
    address = served.address.replace("http", "ws", 1) + "/_stcore/stream"
    headers = {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
    with pytest.raises(InvalidStatus):
        connect(address, additional_headers=headers, origin="https://evil.example", open_timeout=10)  # type: ignore[arg-type]


@pytest.mark.browser
def test_a_person_signs_in_lands_on_the_page_asked_for_and_signs_out(
    served: Server, page: Page, outside: list[str]
) -> None:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    sign_in(page, served, "陈经办", "/catalogue")
    expect(page).to_have_url(served.address + "/catalogue")
    expect(page.get_by_test_id("stTopNav").or_(page.get_by_role("navigation")).first).to_be_visible()
    assert COOKIE not in page.evaluate("document.cookie")
    page.get_by_role("button", name="陈经办").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_label("密码")).to_be_visible()
    assert [url for url in outside if not url.startswith((served.address, "data:", "blob:", "ws:"))] == []
    assert [text for text in troubles if "Content Security Policy" in text] == []


@pytest.mark.browser
def test_a_link_from_another_site_opens_its_page_but_a_form_from_there_does_nothing(
    app_server: Callable[..., Server], page: Page
) -> None:
    server = app_server()
    sign_in(page, server, "陈经办", "/catalogue")
    link = f'<a href="{server.address}/overview">看看</a>'
    form = f'<form method="post" action="{server.address}/sign-out"><button>送出</button></form>'
    page.route("http://mail.example/", lambda route: route.fulfill(body=link + form, content_type="text/html"))
    page.goto("http://mail.example/")
    page.get_by_role("link").click()
    expect(page.get_by_role("button", name="陈经办")).to_be_visible()
    page.goto("http://mail.example/")
    page.get_by_role("button").click()
    expect(page.get_by_text("请求来自别的网站")).to_be_visible()
    page.goto(server.address + "/overview")
    expect(page.get_by_role("button", name="陈经办")).to_be_visible()


@pytest.mark.browser
def test_a_wrong_password_is_told_and_the_name_is_kept(served: Server, page: Page) -> None:
    page.goto(served.address)
    page.get_by_label("账号").fill("周管理")
    page.get_by_label("密码").fill("不是这个密码呀呀呀")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不对")
    expect(page.get_by_label("账号")).to_have_value("周管理")


@pytest.mark.browser
def test_a_page_of_another_role_is_refused_by_its_address(served: Server, page: Page) -> None:
    sign_in(page, served, "陈经办", "/accounts")
    expect(page.get_by_text("没有权限")).to_be_visible()


@pytest.mark.browser
def test_an_open_page_stops_working_when_its_session_ends(app_server: Callable[..., Server], page: Page) -> None:
    server = app_server()
    sign_in(page, server, "周管理", "/accounts")
    expect(page.get_by_role("heading", name="账号", exact=True)).to_be_visible()
    make_older(server, "周管理", ended_at="2026-01-01T00:00:00.000000Z")
    page.get_by_role("link", name="目录").first.click()
    expect(page.get_by_text("登录已过期")).to_be_visible()
    page.get_by_role("link", name="登录").click()
    expect(page.get_by_label("密码")).to_be_visible()
