"""The gate before everything else: without a live session no page, no file and no message gets through.

The browser keeps one WebSocket open, on which it asks for every run of a page. Each such message is checked: once the
session ended, a message only makes the page run from its top, where it shows the way to sign in. What the page asks for
by itself (a progress bar) does not keep a session alive; what the person does, does.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from classifier.review import sessions
from classifier.web import context
from classifier.web.entrance.sign_in import COOKIE

_OPEN = ("/sign-in", "/health", "/_stcore/health", "/favicon.png")
_OWN = ("/sign-out", "/change-password")
_NEEDED_BEFORE = ("/_stcore/host-config", "/_stcore/health")
_HARMLESS = ("stop_script", "app_heartbeat", "load_git_info")
_POLICY_VIOLATION = 1008


def secret_of(cookies: Mapping[str, str]) -> str:
    """What stands for the session: our own cookie, or what the identity provider's cookies say and Streamlit signed.

    The provider's cookies as they are would not do: a long one is split, and then its first part only counts the others;
    a signature can be spelled in several ways, and a cookie that Streamlit ignores can be added.
    """
    if context.options().oidc is None:
        return cookies.get(COOKIE, "")
    return (_get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME) or b"").decode()


class Gate:
    """ASGI middleware that lets through only what belongs to a live session, or to the way of getting one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, redirect to the sign-in, or refuse."""
        if scope["type"] not in ("http", "websocket") or context.options().demo or _open_to_all(scope["path"]):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        secret = secret_of(connection.cookies)
        found = await _live(secret)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, secret=secret, known=found is not None)
        elif _may_pass(connection, found):
            await self._app(scope, receive, send)
        else:
            await _turned_away(connection, found)(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, *, secret: str, known: bool) -> None:
        if not known and context.options().oidc is None:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return

        async def checked() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or not message.get("bytes"):
                    return message
                data = await _let_through(message["bytes"], secret)
                if data is not None:
                    return {**message, "bytes": data}

        await self._app(scope, checked, send)


def restarted(request: BackMsg) -> bytes | None:
    """What is left of a message of an ended session: a run from the top without any input, or nothing."""
    kind = request.WhichOneof("type")
    if kind in _HARMLESS:
        return bytes(request.SerializeToString())
    if kind != "rerun_script":
        return None
    request.rerun_script.ClearField("widget_states")
    request.rerun_script.ClearField("fragment_id")
    request.rerun_script.ClearField("is_auto_rerun")
    return bytes(request.SerializeToString())


async def _let_through(data: bytes, secret: str) -> bytes | None:
    request = BackMsg()
    try:
        request.ParseFromString(data)
    except Exception:  # not a message at all: Streamlit closes the connection
        return data
    found = await _live(secret)
    if found is not None and not found.must_change:
        if is_meant(request):
            await anyio.to_thread.run_sync(lambda: sessions.touch(context.store(), secret, context.options().limits))
        return data
    if context.options().oidc is not None and not await anyio.to_thread.run_sync(
        lambda: sessions.seen(context.store(), secret)
    ):
        return data  # before the first run of a page the provider's session is not in the store yet
    return restarted(request)


def is_meant(request: BackMsg) -> bool:
    """Whether a person caused the message, not a clock in the page."""
    return request.WhichOneof("type") == "rerun_script" and not request.rerun_script.is_auto_rerun


async def _live(secret: str) -> sessions.Session | None:
    if not secret:
        return None
    limits = context.options().limits
    return await anyio.to_thread.run_sync(lambda: sessions.session(context.store(), secret, limits))


def _open_to_all(path: str) -> bool:
    """The sign-in itself and Streamlit's own scripts and styles, which hold no data."""
    return path in _OPEN or path.startswith("/static/")


def _may_pass(connection: HTTPConnection, found: sessions.Session | None) -> bool:
    """With an identity provider a page without a session shows the way there; its data needs one all the same."""
    path = connection.url.path
    if context.options().oidc is not None:
        inner = path.startswith(("/_stcore/", "/media/", "/component/"))
        return not inner or found is not None or path in _NEEDED_BEFORE
    return path in _OWN or (found is not None and not found.must_change)


def _turned_away(connection: HTTPConnection, found: sessions.Session | None) -> Response:
    """A person is sent to the form; anything else is refused."""
    path, query = connection.url.path, connection.url.query
    if "text/html" not in connection.headers.get("accept", ""):
        return PlainTextResponse("请先登录。", HTTPStatus.UNAUTHORIZED)
    target = quote(f"{path}?{query}" if query else path, safe="")
    place = "/change-password" if found else ("/sign-in" if path == "/" and not query else f"/sign-in?next={target}")
    return RedirectResponse(place, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
