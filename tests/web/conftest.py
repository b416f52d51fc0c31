"""What the tests of the web app share: real servers with accounts of each role, and a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from classifier.review import Policy, ReviewStore
from tests.web.serving import Server, add_persons, start
from tests.web.settling import SLOW, watched


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReviewStore]:
    """The store that a page of the demo opens; every second reading is open unless a test asks for blind ones."""
    url = f"sqlite:///{tmp_path / 'review.db'}"
    monkeypatch.setenv("LANMU_DEMO", "1")
    monkeypatch.setenv("LANMU_DATABASE", url)
    monkeypatch.setenv("LANMU_HOME", str(tmp_path))
    opened = ReviewStore.open(url, policy=Policy(blind_share=0.0))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests of a module: a schema takes a second to make."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def open_page(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the module's ``PAGE`` in a new session, for a person of the demo and at an address."""
    monkeypatch.setenv("LANMU_DEMO", "1")
    monkeypatch.setenv("LANMU_HOME", str(home))
    monkeypatch.delenv("LANMU_DATABASE", raising=False)

    def start(person: str = "演示经办", **address: str) -> AppTest:
        app = AppTest.from_file(str(request.module.PAGE), default_timeout=60)
        for name, value in {"person": person, **address}.items():
            app.query_params[name] = value
        return app.run()

    return start


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start servers with homes of their own; each has the accounts of ``PERSONS`` unless ``accounts=False``."""
    started: list[Server] = []

    def make(*arguments: str, accounts: bool = True, home: Path | None = None, **environment: str) -> Server:
        place = home or tmp_path_factory.mktemp("home")
        if accounts and "--demo" not in arguments:
            store = ReviewStore.open(environment.get("LANMU_DATABASE") or f"sqlite:///{place / 'lanmu.db'}")
            add_persons(store)
            store.close()
        started.append(start(place, *arguments, **environment))
        return started[-1]

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def served(app_server: Callable[..., Server]) -> Server:
    """One server for all tests that do not mind each other."""
    return app_server()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The installed chromium; without one the browser tests are skipped, unless they are required."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        text = "no chromium installed"
        pytest.fail(text) if os.environ.get("LANMU_BROWSER") == "required" else pytest.skip(text)
    return {
        "executable_path": chromium,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"],
    }


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A Chinese browser with a tall window: the page scrolls inside itself."""
    return {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1280, "height": 1400}}


@pytest.fixture
def page(page: Page) -> Page:
    """A new page, on a machine that may be busy with other work."""
    expect.set_options(timeout=SLOW)
    page.set_default_timeout(SLOW)
    return watched(page)


@pytest.fixture
def outside(page: Page) -> list[str]:
    """Every request of the page that left for another server; to be found empty."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    return seen
