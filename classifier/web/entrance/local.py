"""A demo answers to this machine only, whatever the server listens on."""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from classifier.web import context


def is_loopback(address: str) -> bool:
    """Whether an address is reachable from this machine only."""
    try:
        return address == "localhost" or ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """ASGI middleware: in a demo the caller, the address called and the name in the request must be of this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket") or not context.demo() or _local(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = PlainTextResponse("演示模式只能在本机打开。", HTTPStatus.FORBIDDEN)
            await refusal(scope, receive, send)


def _local(scope: Scope) -> bool:
    caller, called = scope.get("client"), scope.get("server")
    host = urlsplit(f"//{HTTPConnection(scope).headers.get('host', '')}").hostname or ""
    return all(is_loopback(address) for address in (caller[0] if caller else "", called[0] if called else "", host))
