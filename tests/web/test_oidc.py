"""Sign-in through a real OpenID Connect provider that runs on this machine, in a real browser."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from classifier.errors import ReviewError
from classifier.review import Role, accounts
from classifier.web.entrance.gate import secret_of
from classifier.web.entrance.provider import Provider, read_provider, roles_from
from tests.web.serving import CONSOLE, Server, actor, free_port, start
from tests.web.settling import settled

BIN = Path(sys.executable).parent
TOKEN_SECONDS = 25
CLAIMS: dict[str, dict[str, Any]] = {
    "u-officer": {"groups": ["blue-officer", "canteen"], "name": "林经办"},
    "u-auditor": {"groups": "blue-auditor", "name": "何审计"},
    "u-nobody": {"groups": ["canteen"], "name": "过路人"},
}
SETTINGS = """
[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "{secret}"
client_id = "lanmu"
client_secret = "not-a-real-secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[lanmu]
roles_claim = "groups"
[lanmu.roles]
"blue-officer" = "经办"
"blue-auditor" = "auditor"
"""


def run_provider(seconds: int) -> tuple["subprocess.Popen[bytes]", str]:
    port = free_port()
    users = [
        part
        for sub, claims in CLAIMS.items()
        for part in ("--user-claims", json.dumps({"sub": sub, **claims}, ensure_ascii=False))
    ]
    line = [str(BIN / "oidc-provider-mock"), "--port", str(port), "-e", str(seconds), *users]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    for _ in range(200):
        try:
            if requests.get(f"{address}/.well-known/openid-configuration", timeout=2).ok:
                return process, address
        except requests.RequestException:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError("the provider did not start")


@pytest.fixture(scope="module", params=[3600])
def bank(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with a provider whose tokens live as long as the parameter says."""
    provider, address = run_provider(request.param)
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    file = folder / "provider.toml"
    file.write_text(SETTINGS.format(app=f"http://localhost:{port}", secret="s" * 32, provider=address))
    try:
        server = start(folder / "home", "--host", "localhost", "--port", str(port), LANMU_OIDC=str(file))
        yield server
        server.stop()
    finally:
        provider.kill()
        provider.wait()


def sign_in(page: Page, server: Server, person: str, path: str = "/") -> None:
    page.goto(server.address + path)
    page.get_by_role("button", name="用统一认证登录").click()
    page.get_by_role("button", name=person).first.click()
    page.wait_for_url(f"{server.address}/**")


@pytest.mark.browser
def test_a_person_of_the_bank_signs_in_with_the_roles_of_the_claim(bank: Server, page: Page) -> None:
    sign_in(page, bank, "u-officer")
    expect(page.get_by_role("button", name="林经办")).to_be_visible()
    expect(page.get_by_role("link", name="单笔识别")).to_be_visible()
    expect(page.get_by_role("link", name="审计")).to_have_count(0)
    store = bank.store()
    found = {account.name: account for account in accounts.listed(store, CONSOLE)}
    assert found["oidc:u-officer"].roles == {Role.OFFICER}
    assert store.events(actor("李审计"), person="oidc:u-officer")[0].action == "登录"
    store.close()


@pytest.mark.browser
def test_roles_that_nobody_mapped_give_no_rights(bank: Server, page: Page) -> None:
    sign_in(page, bank, "u-nobody", "/single?x=1")
    page.wait_for_url("**/single?x=1")  # the page first asked for
    expect(page.get_by_text("没有权限")).to_be_visible()


@pytest.mark.browser
def test_signing_out_ends_the_session_and_its_cookie_opens_nothing_again(bank: Server, page: Page) -> None:
    sign_in(page, bank, "u-auditor")
    expect(page.get_by_role("button", name="何审计")).to_be_visible()
    kept = settled(page).context.cookies()
    page.get_by_role("button", name="何审计").click()
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="End session").click()  # the provider's own page
    expect(page.get_by_role("button", name="用统一认证登录")).to_be_visible()
    page.context.add_cookies([*kept, {"name": "_streamlit_user__1", "value": "x", "url": bank.address}])
    page.goto(bank.address)
    expect(page.get_by_role("button", name="End session")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("bank", [TOKEN_SECONDS], indirect=True)
def test_a_token_that_ran_out_is_refused_although_its_cookie_lives_on(bank: Server, page: Page) -> None:
    sign_in(page, bank, "u-auditor")
    expect(page.get_by_role("button", name="何审计")).to_be_visible()
    page.wait_for_timeout(TOKEN_SECONDS * 1000)
    page.get_by_role("link", name="目录").click()
    expect(page.get_by_role("button", name="End session")).to_be_visible()


def signed(**values: str) -> dict[str, str]:
    """The provider's cookies as Streamlit signs them, all in the same second."""
    names = {"main": "_streamlit_user", "first": "_streamlit_user_1", "second": "_streamlit_user_2"}
    return {
        names[part]: create_signed_value(get_cookie_secret(), names[part], text).decode()
        for part, text in values.items()
    }


def test_of_long_cookies_every_part_tells_persons_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANMU_OIDC", "provider.toml")
    one, other = ({"main": "chunks-2", "first": '{"sub": "', "second": f'{name}"}}'} for name in ("lin", "he"))
    assert secret_of(signed(**one)) == '{"sub": "lin"}'
    assert secret_of(signed(**other)) == '{"sub": "he"}'


def test_a_cookie_spelled_otherwise_is_the_same_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANMU_OIDC", "provider.toml")
    cookies = signed(main='{"sub": "lin"}')
    kept = secret_of(cookies)
    assert secret_of({**cookies, "_streamlit_user__1": "x", "_streamlit_user_7": "x"}) == kept
    assert secret_of({"_streamlit_user": cookies["_streamlit_user"] + "="}) in (kept, "")
    assert secret_of({"_streamlit_user": "made-up"}) == ""


def test_without_a_token_no_data_answers(bank: Server) -> None:
    for path in ("/media/x.csv", "/_stcore/metrics"):
        assert requests.get(bank.address + path).status_code == 401
    assert requests.get(bank.address + "/sign-in", headers={"Accept": "text/html"}).url == bank.address + "/"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"groups": ["a", "b", "x"]}, {Role.OFFICER, Role.REVIEWER}),
        ({"groups": "a"}, {Role.OFFICER}),
        ({"groups": ["ADMIN", "管理", "a,b"]}, set()),
        ({"groups": {"a": True}}, set()),
        ({"groups": None}, set()),
        ({}, set()),
    ],
)
def test_only_mapped_values_of_the_claim_are_roles(claims: dict[str, Any], expected: set[Role]) -> None:
    provider = Provider("groups", "name", {"a": Role.OFFICER, "b": Role.REVIEWER})
    assert roles_from(provider, claims) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[lanmu.roles]\na = '经办'", r"缺少 \[auth\]"),
        ("[auth]\nclient_id = 'x'", "空的"),
        ("[auth]\n[lanmu.roles]\na = '老板'", "老板"),
        ("no toml", "读不了"),
    ],
)
def test_an_incomplete_settings_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "provider.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReviewError, match=told):
        read_provider(file)


def test_a_wrong_settings_file_keeps_the_app_from_starting(tmp_path: Path, app_server: Callable[..., Server]) -> None:
    file = tmp_path / "provider.toml"
    file.write_text("[auth]\nclient_id = 'x'", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"\[lanmu.roles\]"):
        app_server(accounts=False, LANMU_OIDC=str(file))
