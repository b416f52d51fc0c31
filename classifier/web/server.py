"""The server around the pages: its own routes, what every request passes through, and what happens at the start."""

import logging
import secrets
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

from classifier.errors import ReviewError
from classifier.review import accounts
from classifier.web import context, logs
from classifier.web.entrance import forms, provider, sign_in
from classifier.web.entrance.gate import Gate
from classifier.web.entrance.headers import OwnHeaders
from classifier.web.entrance.local import LoopbackOnly, is_loopback
from classifier.web.entrance.returning import Returning

SCRIPT = Path(__file__).parent / "ui.py"

_log = logging.getLogger(__name__)


def secrets_of_provider() -> dict[str, Any] | None:
    """What Streamlit's sign-in must know of the bank's identity provider, if there is one."""
    file = context.options().oidc
    return provider.secrets_of(file) if file is not None else None


def routes() -> list[BaseRoute]:
    """The routes beside Streamlit's own."""
    return [Route("/health", _health), Route("/favicon.png", _icon), *sign_in.routes()]


def middleware() -> list[Middleware]:
    """What every request passes through, outermost first."""
    return [Middleware(OwnHeaders), Middleware(LoopbackOnly), Middleware(Returning), Middleware(Gate)]


@asynccontextmanager
async def lifespan(_app: App) -> AsyncIterator[None]:
    """Refuse an open demo; open the store, make the first admin, end what a dead server left, load the classifier."""
    logs.set_up()
    PagesManager.uses_pages_directory = False  # or a deep link that comes first would open a page without the frame
    try:
        _begin()
    except ReviewError as error:
        print(f"错误：{error}", file=sys.stderr, flush=True)
        raise
    threading.Thread(target=_load_classifier, daemon=True).start()
    yield


def _begin() -> None:
    if context.demo():
        refuse_beyond_loopback(str(st.get_option("server.address") or ""))
    store = context.store()
    store.interrupt_batches()
    if not context.demo() and context.options().oidc is None:
        password = accounts.first_admin(store)
        if password is not None:
            _say(f"第一次登录：账号 {accounts.FIRST_ADMIN}，一次性密码 {password}（只显示这一次，登录后须修改）。")
    _say(f"地址：{_address()}　按 Ctrl-C 停止。")


def script_failed(error: Exception) -> bool:
    """Show a number instead of a stack trace when a page fails in a way nobody foresaw."""
    number = secrets.token_hex(4)
    _log.error("page failed", exc_info=error, extra={"error_id": number})
    st.error(f"出错了（编号 {number}）。请重试；如果仍然出错，请把编号告诉管理员。")
    return True


def refuse_beyond_loopback(address: str) -> None:
    """Raise ReviewError unless an address is of this machine only; an empty one is every address of the machine."""
    if not is_loopback(address):
        shown = address or "所有地址"
        raise ReviewError(f"演示模式没有登录，只能在本机打开，不能监听 {shown}：请用 --host 127.0.0.1，或不用 --demo。")


async def _health(_request: Request) -> PlainTextResponse:
    """Says that the server lives, and nothing else."""
    return PlainTextResponse("ok")


async def _icon(_request: Request) -> Response:
    return Response(forms.ICON, media_type="image/svg+xml")


def _load_classifier() -> None:
    """Before the first page asks for it; what is wrong with it the page will say."""
    with context.log_errors():
        context.classifier()


def _address() -> str:
    host = str(st.get_option("server.address") or "localhost")
    return f"http://{f'[{host}]' if ':' in host else host}:{st.get_option('server.port')}/"


def _say(text: str) -> None:
    """To the terminal of whoever starts the server, never to the log."""
    print(text, file=sys.stdout, flush=True)
