"""The demo: no sign-in, marked on every page, and closed to everyone but this machine."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from classifier.review import Actor
from classifier.web import places
from classifier.web.entrance.local import is_loopback
from classifier.web.identity import DEMO_PERSONS
from tests.web.journeys.visiting import click
from tests.web.serving import ROOT, Server, free_port, start
from tests.web.settling import settled

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def demo(app_server: Callable[..., Server]) -> Server:
    return app_server("--demo")


def own_address() -> str:
    """An address of this machine that others could reach; loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "bank.example", ""])
def test_the_command_refuses_a_demo_for_others(tmp_path: Path, host: str) -> None:
    with pytest.raises(RuntimeError, match="演示模式没有登录，只能在本机打开"):
        start(tmp_path, "--demo", "--host", host)


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_the_app_itself_refuses_as_well(tmp_path: Path, address: str) -> None:
    command = (str(BIN / "streamlit"), "run", str(ROOT / "app.py"), "--server.port", "0", "--server.address", address)
    with pytest.raises(RuntimeError, match="只能在本机打开"):
        start(tmp_path, command=command, LANMU_DEMO="1")


def test_behind_any_other_server_the_demo_answers_to_this_machine_only(tmp_path: Path) -> None:
    port = free_port()
    line = [str(BIN / "uvicorn"), "app:app", "--host", "0.0.0.0", "--port", str(port)]
    near = f"http://127.0.0.1:{port}"
    server = start(tmp_path, command=tuple(line), address=near, LANMU_DEMO="1")
    try:
        assert requests.get(near).status_code == 200
        assert requests.get(near, headers={"Host": "bank.example"}).status_code == 403
        if not is_loopback(own_address()):
            assert requests.get(f"http://{own_address()}:{port}/").status_code == 403
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.9.1", True), ("0.0.0.0", False), ("", False)],
)
def test_loopback_is_told_from_other_addresses(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_the_demo_has_a_database_of_its_own_and_no_accounts(demo: Server) -> None:
    assert (demo.home / "demo.db").exists() and not (demo.home / "lanmu.db").exists()
    assert "一次性密码" not in "".join(demo.output)


def test_the_persons_cover_every_role_and_four_eyes() -> None:
    roles = [role for held in DEMO_PERSONS.values() for role in held]
    assert {role.name for role in roles} == {"OFFICER", "REVIEWER", "AUDITOR", "ADMIN"}
    assert sum(role.name == "REVIEWER" for role in roles) >= 3


@pytest.mark.browser
@pytest.mark.parametrize("place", places.PLACES, ids=lambda place: place.name)
def test_every_page_of_the_demo_says_so(demo: Server, page: Page, place: places.Place) -> None:
    person = next(name for name, roles in DEMO_PERSONS.items() if place.open_to(Actor(name, roles)))
    page.goto(f"{demo.address}/{place.name}?person={person}")
    expect(settled(page).get_by_role("link", name=place.title)).to_be_visible()
    expect(page.get_by_text("演示模式：没有登录")).to_be_visible()


@pytest.mark.browser
def test_a_person_is_chosen_in_the_head_and_starts_where_the_role_works(demo: Server, page: Page) -> None:
    page.goto(f"{demo.address}/?person=演示审计")
    page.wait_for_url("**/audit*")
    expect(settled(page).get_by_text("演示模式：没有登录")).to_be_visible()
    page.get_by_role("combobox", name="演示人员").click()
    click(page.get_by_role("option", name="演示管理"))
    expect(page.get_by_text("没有权限")).to_be_visible()
    click(page.get_by_role("link", name="账号"))
    expect(page.get_by_role("heading", name="账号", exact=True)).to_be_visible()


def test_the_app_starts_by_streamlits_own_command(tmp_path: Path) -> None:
    command = (str(BIN / "streamlit"), "run", str(ROOT / "app.py"), "--server.port", "0")
    server = start(tmp_path, command=command)
    try:
        answer = requests.get(server.address, headers={"Accept": "text/html"})
        assert "/sign-in" in answer.url and "一次性密码" in "".join(server.output)
    finally:
        server.stop()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environment = {"LANMU_HOME": str(tmp_path), "PATH": str(BIN)}
        line = [str(BIN / "lanmu"), "app", "--port", port]
        ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert ended.returncode == 1 and port in ended.stderr
