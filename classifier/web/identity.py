"""Who is at the other end: asked anew at every run of a page, so that a session that ended is refused at once."""

from collections.abc import Mapping
from html import escape
from typing import NoReturn
from urllib.parse import quote, urlsplit

import streamlit as st

from classifier.review import sessions
from classifier.review.permissions import Action, Actor, DeniedError, Role, require
from classifier.web import context
from classifier.web.entrance import provider
from classifier.web.entrance.gate import secret_of
from classifier.web.look import plain

DEMO_PERSONS: Mapping[str, frozenset[Role]] = {
    "演示经办": frozenset({Role.OFFICER}),
    "演示复核甲": frozenset({Role.REVIEWER}),
    "演示复核乙": frozenset({Role.REVIEWER}),
    "演示复核丙": frozenset({Role.REVIEWER}),
    "演示审计": frozenset({Role.AUDITOR}),
    "演示管理": frozenset({Role.ADMIN}),
}


def current_actor() -> Actor:
    """The person signed in; otherwise the page ends with the way to sign in."""
    if context.demo():
        return _demo_person()
    found = current_session()
    if found is None:
        _ask_to_sign_in()
    return found.actor


def require_page(action: Action) -> Actor:
    """The person signed in, if the roles allow the action; otherwise the page ends with the reason."""
    actor = current_actor()
    try:
        require(actor, action)
    except DeniedError as error:
        st.error(f"没有权限：{plain(str(error))}")
        st.stop()
    return actor


def current_session() -> sessions.Session | None:
    """The live session of the browser; None in a demo and when there is none."""
    chosen = context.options()
    if chosen.demo:
        return None
    secret = secret_of(st.context.cookies)
    if chosen.oidc is not None:
        return provider.session(chosen.oidc, secret)
    found = sessions.session(context.store(), secret, chosen.limits) if secret else None
    return None if found is None or found.must_change else found


def _demo_person() -> Actor:
    """The demo person chosen in the head of the page, or named by the address."""
    asked = st.session_state.get("person") or st.query_params.get("person")
    name = str(asked) if asked in DEMO_PERSONS else next(iter(DEMO_PERSONS))
    return Actor(name, DEMO_PERSONS[name])


def _ask_to_sign_in() -> NoReturn:
    st.title("请登录")
    if context.options().oidc is not None:
        provider.ask_to_sign_in()
    else:
        parts = urlsplit(st.context.url or "/")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        address = "/sign-in?next=" + quote(target, safe="")
        st.text(provider.NOT_SIGNED_IN)
        st.html(f'<a href="{escape(address)}" target="_self">登录</a>')
    st.stop()
