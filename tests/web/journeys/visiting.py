"""Browsers of signed-in people, and what a hand does in them that needs more than one call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from classifier.web.entrance.sign_in import COOKIE
from tests.web.serving import PASSWORD, Server
from tests.web.settling import SLOW, settled, watched

_GRID = 'table[role="grid"]'
_ROW_HEIGHT = 35


def token(server: Server, name: str) -> str:
    """A session of a person, from the form of the sign-in."""
    with requests.Session() as visitor:
        form = visitor.get(f"{server.address}/sign-in", headers={"Accept": "text/html"}).text
        found = re.search(r'name="csrf" value="([^"]+)"', form)
        assert found is not None
        fields = {"csrf": found[1], "next": "/", "name": name, "password": PASSWORD}
        visitor.post(f"{server.address}/sign-in", data=fields, allow_redirects=False)
        return str(visitor.cookies[COOKIE])


@dataclass
class Visits:
    """The browsers of a test; ``troubles`` are requests to other machines, dialogs, and what a policy forbade."""

    browser: Browser
    defaults: Mapping[str, Any]
    contexts: list[BrowserContext] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __call__(self, server: Server, name: str, target: str = "/", **options: Any) -> Page:
        """A new browser in which a person is signed in and opens a page."""
        context = self.browser.new_context(**{**self.defaults, **options})
        self.contexts.append(context)
        context.set_default_timeout(SLOW)
        context.add_cookies([{"name": COOKIE, "value": token(server, name), "url": server.address}])
        context.on("page", lambda page: self._watch(page, server))
        page = context.new_page()
        page.goto(server.address + target)
        return settled(page)

    def close(self) -> None:
        """Close every browser."""
        for context in self.contexts:
            context.close()

    def _watch(self, page: Page, server: Server) -> None:
        own = (server.address, server.address.replace("http:", "ws:"), "data:", "blob:")
        watched(page)
        page.on("request", lambda sent: None if sent.url.startswith(own) else self.troubles.append(sent.url))
        page.on("websocket", lambda opened: None if opened.url.startswith(own) else self.troubles.append(opened.url))
        page.on("console", self._listen)
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.troubles.append(message.text)


def strike(page: Page, key: str) -> None:
    """Strike a key on a page at rest, and wait until it is at rest again."""
    settled(page).keyboard.press(key)
    settled(page)


def click(button: Locator) -> None:
    """Click on a page at rest, and wait until it is at rest again."""
    settled(button.page)
    button.click()
    settled(button.page)


def fill(field: Locator, text: str) -> None:
    """Fill in a field of a page at rest: leaving the field before may have made the page run."""
    settled(field.page)
    field.fill(text)


def give(page: Page, path: Path) -> None:
    """Put a file into the uploader of a page at rest, and wait until the page has seen it."""
    settled(page).locator('input[type="file"]').set_input_files(path)
    expect(page.get_by_test_id("stFileChipName")).to_be_visible()
    settled(page)


def number_in(sentence: Locator) -> int:
    """The first number that a sentence of the page names."""
    settled(sentence.page)
    expect(sentence).to_contain_text(re.compile(r"\d"))
    found = re.search(r"\d+", sentence.inner_text())
    assert found is not None
    return int(found[0])


def grid(page: Page) -> Locator:
    """The tables of the page."""
    return page.get_by_test_id("stDataFrame")


def cells(table: Locator) -> list[list[str]]:
    """What a table says, as far as it is drawn: head and rows."""
    _drawn(table)
    texts = "rows => rows.map(row => [...row.querySelectorAll('th,td')].map(cell => cell.textContent))"
    return cast(list[list[str]], table.locator(f"{_GRID} tr").evaluate_all(texts))


def pick_row(table: Locator, number: int) -> None:
    """Choose a row of a table, counted from 0, by its first column."""
    _drawn(table)
    table.locator(".dvn-scroller").click(position={"x": 15, "y": _ROW_HEIGHT * (number + 1) + _ROW_HEIGHT // 2})
    settled(table.page)


def _drawn(table: Locator) -> None:
    settled(table.page)
    table.scroll_into_view_if_needed()
    expect(table.locator(f"{_GRID} tr").nth(1)).to_be_attached()


def choose(page: Page, label: str, typed: str) -> None:
    """Take what is typed in a selection."""
    box = settled(page).get_by_role("combobox", name=re.compile(rf"{re.escape(label)}"))
    box.click()
    box.fill(typed)
    page.get_by_role("option").filter(has_text=typed).first.click()
    settled(page)


def download(page: Page, button: str, folder: Path) -> Path:
    """Click a button and keep the file that comes."""
    with settled(page).expect_download() as coming:
        page.get_by_role("button", name=button).click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path
