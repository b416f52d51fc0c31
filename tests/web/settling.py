"""When a page is at rest: the server has answered what the page asked last, and the answer is drawn.

A page says by its markup that its script is running only after the server has begun, so the markup alone cannot tell a
page that is done from one that has just been clicked. What was asked and answered is therefore read from its open line.
"""

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

SLOW = 60_000  # milliseconds: the machine may be busy with other work
_AT_REST = (
    '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
    ':not(:has([data-stale="true"])):not(:has([data-testid="stSkeleton"]))'
)
_TURN = "() => new Promise(done => setTimeout(done, 20))"  # what the page had put off for a moment comes first


@dataclass
class Line:
    """The open line of a page: whether a run was asked for, has begun, and still goes on."""

    waits: bool = False
    has_begun: bool = False

    def sent(self, message: bytes | str) -> None:
        """Take note of what the page asks: a run, or a place for an upload, which a run follows.

        What it asks for by the clock may stay without an answer.
        """
        asked = BackMsg.FromString(_bytes(message))
        if asked.WhichOneof("type") in ("rerun_script", "file_urls_request") and not asked.rerun_script.is_auto_rerun:
            self.waits, self.has_begun = True, False

    def heard(self, message: bytes | str) -> None:
        """Take note of what the server says; a run that ended early for another one is no answer yet."""
        said = ForwardMsg.FromString(_bytes(message))
        if said.WhichOneof("type") == "new_session":
            self.has_begun = True
        elif said.WhichOneof("type") == "script_finished" and self.has_begun:
            self.waits = said.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


_lines: WeakKeyDictionary[Page, Line] = WeakKeyDictionary()


def watched(page: Page) -> Page:
    """Listen to the line of a page from its first message on."""
    page.on("websocket", lambda opened: _listen(page, opened))
    return page


def _listen(page: Page, opened: WebSocket) -> None:
    line = _lines[page] = Line()
    opened.on("framesent", line.sent)
    opened.on("framereceived", line.heard)


def _bytes(message: bytes | str) -> bytes:
    return message if isinstance(message, bytes) else b""


def settled(page: Page) -> Page:
    """Wait until the page is at rest."""
    limit = time.monotonic() + SLOW / 1000
    while True:
        page.evaluate(_TURN)
        line = _lines.get(page, Line())
        at_rest = page.locator(_AT_REST).count() == 1
        if at_rest and not line.waits:
            return page
        assert time.monotonic() < limit, f"the page is not at rest: {line}, {page.locator('body').inner_text()[:300]}"
