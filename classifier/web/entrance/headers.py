"""What every answer carries for the browser's own protection, and the language of the page."""

import base64
import hashlib
import re
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classifier.web import context

# Streamlit writes styles into its elements, and loads the scripts of components (our keyboard) as blobs.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' blob: {inline}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_WORDS = (
    (b'<html lang="en"', b'<html lang="zh-CN"'),
    (b"<title>Streamlit</title>", "<title>蓝目</title>".encode()),
    (b"You need to enable JavaScript to run this app.", "请在浏览器中启用 JavaScript。".encode()),
)


class OwnHeaders:
    """ASGI middleware: the headers on every answer; a page is said to be Chinese."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "text/html" in Headers(scope=scope).get("accept", ""):
            _ask_uncompressed(scope)
        start: MutableMapping[str, Any] = {}
        body = bytearray()

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), scope["path"])
                if _is_page(message):
                    start.update(message)  # held back until the length of the translated page is known
                    return
            elif start:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = _chinese(bytes(body))
                headers = MutableHeaders(scope=start)
                headers["Content-Length"] = str(len(page))
                headers.setdefault("Content-Security-Policy", POLICY.format(inline=_digests(page)))
                await send(start)
                message = {"type": "http.response.body", "body": page}
                start.clear()
            await send(message)

        await self._app(scope, receive, completed)


def _complete(headers: MutableHeaders, path: str) -> None:
    headers.update(_FIXED)
    if not path.startswith("/static/"):
        headers["Cache-Control"] = "no-store"
    if context.options().https:
        headers["Strict-Transport-Security"] = "max-age=31536000"


def _is_page(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    html = headers.get("content-type", "").startswith("text/html")
    return html and message["status"] == 200 and "content-encoding" not in headers


def _chinese(page: bytes) -> bytes:
    for foreign, own in _WORDS:
        page = page.replace(foreign, own, 1)
    return page


def _digests(page: bytes) -> str:
    """The page's own inline scripts, by digest; any other stays forbidden."""
    digests = (hashlib.sha256(script).digest() for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _ask_uncompressed(scope: Scope) -> None:
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
