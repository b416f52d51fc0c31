"""One bank for all journeys: its server, cases that wait in it, and browsers in which its people have signed in."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from classifier import Classifier
from tests.web.journeys.visiting import Visits
from tests.web.journeys.working import Files, Filing
from tests.web.serving import Server
from tests.web.settling import SLOW


@pytest.fixture(scope="session")
def bank(app_server: Callable[..., Server]) -> Server:
    """The server of all journeys that do not hurt it."""
    return app_server()


@pytest.fixture
def visits(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Visits]:
    """Opens pages for people; at the end none may have asked another machine, run a script or broken a policy."""
    expect.set_options(timeout=SLOW)
    opened = Visits(browser, browser_context_args)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture(scope="session")
def file(bank: Server, classifier: Classifier) -> Iterator[Files]:
    """Files texts as cases of the bank's officer; their numbers."""
    filing = Filing(bank.store(), classifier)
    yield filing.submit
    filing.store.close()
