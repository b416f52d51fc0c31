"""Who is at the other end: asked anew at every run of a page, so that a session that ended is refused at once."""

from collections.abc import Mapping

import streamlit as st

from classifier.review.permissions import Action, Actor, DeniedError, Role, require
from classifier.web import context

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
    st.info("请先登录。")
    st.stop()


def require_page(action: Action) -> Actor:
    """The person signed in, if the roles allow the action; otherwise the page ends with the reason."""
    actor = current_actor()
    try:
        require(actor, action)
    except DeniedError as error:
        st.error(f"没有权限：{error}")
        st.stop()
    return actor


def _demo_person() -> Actor:
    """The demo person chosen in the head of the page, or named by the address."""
    names = list(DEMO_PERSONS)
    asked = st.session_state.get("person") or st.query_params.get("person")
    name = asked if asked in DEMO_PERSONS else names[0]
    return Actor(name, DEMO_PERSONS[name])
