"""The head of every page: who is signed in, how to leave, and the mark of a demo."""

from html import escape

import streamlit as st

from classifier.review import accounts
from classifier.review.permissions import Actor
from classifier.web import context, identity
from classifier.web.entrance import provider
from classifier.web.look import plain

_BUTTON = (
    "font:inherit;color:inherit;background:transparent;border:1px solid currentColor;"
    "border-radius:.25rem;padding:.25rem .75rem;cursor:pointer"
)

# White on a primary colour that must also be readable as text on dark is not readable itself; nor is a faded key name.
# The words of Streamlit's own menu are English and cannot be set; what leads out of the app or records the screen goes.
# Streamlit's own download of a table writes texts that a spreadsheet would run; ours stand beside the tables.
_STYLE = """<style>
button[data-testid^="stBaseButton-primary"] { color: light-dark(#fff, #06202f) }
button[data-testid^="stBaseButton-primary"] :is(p, kbd, span) { color: inherit; opacity: 1 }
[data-testid="stElementToolbarButton"]:has(button[aria-label^="Download as CSV"]) { display: none }
.stMainBlockContainer { padding-top: 4rem }
[data-testid="stMainMenuItem-recordScreencast"] { display: none }
[data-testid="stMainMenuPopover"] div:has(> div > .stMenuVersionCopyButton) { display: none }
[data-testid^="stMainMenuItem-theme-"], [data-testid="stMainMenuItemLabel"] { font-size: 0 }
[data-testid^="stMainMenuItem-theme-"]::after, [data-testid="stMainMenuItemLabel"]::after { font-size: .875rem }
[data-testid="stMainMenuItem-theme-System"]::after { content: "自动" }
[data-testid="stMainMenuItem-theme-Light"]::after { content: "浅色" }
[data-testid="stMainMenuItem-theme-Dark"]::after { content: "深色" }
[data-testid="stMainMenuItem-print"] [data-testid="stMainMenuItemLabel"]::after { content: "打印" }
</style>"""


def show(actor: Actor) -> None:
    """Draw the head."""
    st.html(_STYLE)
    if context.demo():
        _demo(actor)
    elif context.options().oidc is not None:
        _external(actor)
    else:
        _local(actor)


def forget_another(actor: Actor) -> None:
    """What the pages kept for another person is dropped when the person changes."""
    if st.session_state.setdefault("_person_before", actor.name) != actor.name:
        for key in [key for key in st.session_state if key != "person"]:
            del st.session_state[key]
        st.session_state["_person_before"] = actor.name


def _demo(actor: Actor) -> None:
    names = list(identity.DEMO_PERSONS)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning("演示模式：没有登录，任何人都能以任何岗位操作。不要放入真实数据。")
        st.selectbox("演示人员", names, index=names.index(actor.name), key="person", width=200)


def _local(actor: Actor) -> None:
    found = identity.current_session()
    csrf = escape(found.csrf) if found else ""
    with st.container(horizontal=True, horizontal_alignment="right"), st.popover(plain(actor.name)):
        st.text(f"岗位：{accounts.roles_shown(actor.roles)}")
        st.html('<a href="/change-password" target="_self" style="color:inherit">修改密码</a>')
        st.html(
            '<form method="post" action="/sign-out">'
            f'<input type="hidden" name="csrf" value="{csrf}"><button style="{_BUTTON}">退出登录</button></form>'
        )


def _external(actor: Actor) -> None:
    file = context.options().oidc
    name = provider.shown_name(file) if file is not None else ""
    with st.container(horizontal=True, horizontal_alignment="right"), st.popover(plain(name or actor.name)):
        st.text(f"岗位：{accounts.roles_shown(actor.roles)}")
        st.button("退出登录", on_click=provider.leave)
