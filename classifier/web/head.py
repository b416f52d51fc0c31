"""The head of every page: who is signed in, how to leave, and the mark of a demo."""

import streamlit as st

from classifier.review.permissions import Actor, Role
from classifier.web import context, identity


def show(actor: Actor) -> None:
    """Draw the head."""
    if context.demo():
        _demo(actor)


def _demo(actor: Actor) -> None:
    names = list(identity.DEMO_PERSONS)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning("演示模式：没有登录，任何人都能以任何岗位操作。不要放入真实数据。")
        st.selectbox("演示人员", names, index=names.index(actor.name), key="person", width=200)


def roles_text(actor: Actor) -> str:
    """The roles in words, in a fixed order."""
    return "、".join(role.value for role in Role if role in actor.roles)
