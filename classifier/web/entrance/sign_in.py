"""The routes of the sign-in: forms that come back with a secret of their own, so that no other site can send them."""

import functools
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from classifier.errors import ReviewError
from classifier.review import sessions
from classifier.review.accounts import BusyError
from classifier.web import context
from classifier.web.entrance import forms

COOKIE = "lanmu_session"
_FORM_COOKIE = "lanmu_form"
_LARGEST_FORM = 16 * 1024
_WAITING = 16

# Hashing blocks its thread: it gets threads of its own, so that nobody who is signed in waits for those who are not.
_threads = CapacityLimiter(_WAITING)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """The sign-in, the sign-out and the change of the password."""
    return [
        Route("/sign-in", _show_sign_in, methods=["GET"]),
        Route("/sign-in", _posted(_sign_in), methods=["POST"]),
        Route("/sign-out", _show_sign_out, methods=["GET"]),
        Route("/sign-out", _posted(_sign_out), methods=["POST"]),
        Route("/change-password", _show_change, methods=["GET"]),
        Route("/change-password", _posted(_change), methods=["POST"]),
    ]


def safe_target(target: str) -> str:
    """Where to go after the sign-in: a path of this server, or the start."""
    ours = target.startswith("/") and not target.startswith("//")
    plain = target.isprintable() and "\\" not in target
    return target if ours and plain else "/"


def _posted(handler: Handler) -> Handler:
    """Refuse forms from elsewhere and large ones before they are read."""

    @functools.wraps(handler)
    async def guarded(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return forms.refusal("请求来自别的网站，没有执行。", HTTPStatus.FORBIDDEN)
        if not request.headers.get("content-length", "").isdecimal():
            return forms.refusal("请求没有说明长度，没有执行。", HTTPStatus.LENGTH_REQUIRED)
        if int(request.headers["content-length"]) > _LARGEST_FORM:
            return forms.refusal("请求太大，没有执行。", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return await handler(request)

    return guarded


async def _show_sign_in(request: Request) -> Response:
    return _sign_in_form(request, safe_target(request.query_params.get("next", "/")))


async def _sign_in(request: Request) -> Response:
    form = {key: str(value) for key, value in (await request.form()).items()}
    target = safe_target(form.get("next", "/"))
    kept = request.cookies.get(_FORM_COOKIE, "")
    if not kept or not sessions.same(form.get("csrf", ""), kept):
        wrong = "页面已过期，请再输一次。"
        return _sign_in_form(request, target, wrong=wrong, status=HTTPStatus.FORBIDDEN)
    name, password = form.get("name", ""), form.get("password", "")
    limits = context.options().limits
    try:
        token = await _hashing(lambda: sessions.sign_in(context.store(), name, password, limits))
    except BusyError as error:
        return _sign_in_form(request, target, name=name, wrong=str(error), status=HTTPStatus.SERVICE_UNAVAILABLE)
    except ReviewError as error:
        return _sign_in_form(request, target, name=name, wrong=str(error), status=HTTPStatus.UNAUTHORIZED)
    response = RedirectResponse(target, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    response.delete_cookie(_FORM_COOKIE, path="/sign-in")
    return _with_session(response, token)


async def _show_sign_out(request: Request) -> Response:
    found = await _found(request)
    return forms.sign_out_page(found.csrf) if found else _to_sign_in()


async def _sign_out(request: Request) -> Response:
    found = await _found(request)
    if found is None:
        return _to_sign_in()
    if not await _own_form(request, found):
        return forms.refusal("页面已过期，没有退出：请返回后再试。", HTTPStatus.FORBIDDEN)
    token = request.cookies[COOKIE]
    await anyio.to_thread.run_sync(lambda: sessions.sign_out(context.store(), token))
    response = _to_sign_in()
    response.delete_cookie(COOKIE, path="/")
    return response


async def _show_change(request: Request) -> Response:
    found = await _found(request)
    return forms.change_page(found.csrf, must=found.must_change) if found else _to_sign_in()


async def _change(request: Request) -> Response:
    found = await _found(request)
    if found is None:
        return _to_sign_in()
    if not await _own_form(request, found):
        return forms.refusal("页面已过期，密码没有改：请返回后再试。", HTTPStatus.FORBIDDEN)
    form = {key: str(value) for key, value in (await request.form()).items()}
    try:
        if form.get("new") != form.get("again"):
            raise ReviewError("两次输入的新密码不同：请再输一次。")
        passwords, token = (form.get("old", ""), form.get("new", "")), request.cookies[COOKIE]
        limits = context.options().limits
        fresh = await _hashing(lambda: sessions.change_password(context.store(), token, passwords, limits))
    except ReviewError as error:
        return forms.change_page(found.csrf, must=found.must_change, wrong=str(error), status=HTTPStatus.BAD_REQUEST)
    return _with_session(RedirectResponse("/", HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"}), fresh)


async def _found(request: Request) -> sessions.Session | None:
    """The session of the request's cookie, if it lives."""
    token, limits = request.cookies.get(COOKIE, ""), context.options().limits
    if not token:
        return None
    return await anyio.to_thread.run_sync(lambda: sessions.session(context.store(), token, limits))


async def _own_form(request: Request, found: sessions.Session) -> bool:
    return sessions.same(str((await request.form()).get("csrf", "")), found.csrf)


async def _hashing(work: Callable[[], str]) -> str:
    if _threads.statistics().tasks_waiting > 0 or _threads.available_tokens < 1:
        raise BusyError("现在登录的人太多：请稍候再试。")
    return await anyio.to_thread.run_sync(work, limiter=_threads)


def _to_sign_in() -> Response:
    return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def _sign_in_form(
    request: Request, target: str, *, name: str = "", wrong: str = "", status: int = HTTPStatus.OK
) -> Response:
    """The form with a secret that must come back both in the form and in a cookie."""
    if context.options().demo or context.options().oidc:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    csrf = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(32)
    response = forms.sign_in_page(csrf, target, name=name, wrong=wrong, status=status)
    secure = context.options().https
    response.set_cookie(_FORM_COOKIE, csrf, path="/sign-in", secure=secure, httponly=True, samesite="strict")
    return response


def _with_session(response: Response, token: str) -> Response:
    """Lax, so that a link in a message opens its page; what changes anything has a secret or checks its origin."""
    response.set_cookie(COOKIE, token, path="/", secure=context.options().https, httponly=True, samesite="lax")
    return response
