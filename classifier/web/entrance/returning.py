"""After the identity provider a person lands where the way began, not always at the start.

Streamlit's own sign-in always ends at the start page; the page first asked for waits in a short-lived cookie.
"""

from http import HTTPStatus
from urllib.parse import quote, unquote

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classifier.review import sessions
from classifier.web import context, places
from classifier.web.entrance.gate import secret_of
from classifier.web.entrance.sign_in import safe_target

_COOKIE = "lanmu_next"
_SECONDS = 600


class Returning:
    """ASGI middleware that keeps and follows the page asked for before the sign-in; idle with local accounts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the page's address, follow it once, or pass on."""
        if scope["type"] != "http" or context.options().oidc is None or context.demo():
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        secret, path = secret_of(connection.cookies), connection.url.path
        if not secret and path.strip("/") in {place.name for place in places.PLACES}:
            await self._app(scope, receive, _keeping(send, connection))
        elif path == "/" and _COOKIE in connection.cookies and await _is_new(secret):
            target = safe_target(unquote(connection.cookies[_COOKIE]))
            response = RedirectResponse(target, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
            response.delete_cookie(_COOKIE, path="/")
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _keeping(send: Send, connection: HTTPConnection) -> Send:
    target = f"{connection.url.path}?{connection.url.query}" if connection.url.query else connection.url.path
    secure = "; Secure" if context.options().https else ""
    # Lax: the way back from the provider begins at another site.
    cookie = f"{_COOKIE}={quote(target, safe='')}; Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax{secure}"

    async def kept(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return kept


async def _is_new(secret: str) -> bool:
    """Whether the provider's cookie has not opened a session yet."""
    return bool(secret) and not await anyio.to_thread.run_sync(lambda: sessions.seen(context.store(), secret))
