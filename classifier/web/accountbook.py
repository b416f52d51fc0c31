"""The admin's view of the accounts: the list, a new one, and what can be done to the one chosen."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from classifier.review import accounts
from classifier.review.accounts import Account
from classifier.review.permissions import Actor, Role
from classifier.web import context, screen

_PASSWORD = "once_password"  # noqa: S105 - the key under which a new password is kept until it was shown


def draw(actor: Actor) -> None:
    """The whole page."""
    found = accounts.listed(context.store(), actor)
    _draw_password()
    _draw_list(found)
    _draw_adding(actor)
    _draw_changing(actor, found)


def table(found: list[Account]) -> pd.DataFrame:
    """The accounts as a table."""
    return pd.DataFrame(
        {
            "账号": [account.name for account in found],
            "岗位": [accounts.roles_shown(account.roles) for account in found],
            "状态": [account.state for account in found],
            "登录方式": ["统一认证" if account.external else "本地密码" for account in found],
            "建立日期": [screen.local_time(account.created_at)[:10] for account in found],
        }
    )


def _draw_password() -> None:
    """A new one-time password, shown in one run of the page and forgotten."""
    shown = st.session_state.pop(_PASSWORD, None)
    if shown is not None:
        name, password = shown
        with st.container(border=True):
            st.text(f"“{name}”的一次性密码（只显示这一次，请当面或用电话告知；第一次登录后须修改）：")
            st.code(password, language=None)


def _draw_list(found: list[Account]) -> None:
    if not found:
        st.info("还没有账号。请在下面新增第一个，并选好岗位。")
        return
    st.dataframe(table(found), hide_index=True, alt="账号列表")


def _draw_adding(actor: Actor) -> None:
    if context.options().oidc is not None:
        st.info("本行用统一认证登录：账号在第一次登录时自动建立，岗位来自统一认证。")
        return
    with st.form("add_account", clear_on_submit=True, enter_to_submit=False):
        st.header("新增账号", anchor=False)
        name = st.text_input("账号（1 至 64 个汉字、字母、数字或 . @ · - _）", max_chars=64, key="new_name")
        roles = st.multiselect("岗位", list(Role), format_func=_role, key="new_roles", placeholder="请选择")
        if st.form_submit_button("新增", type="primary"):
            with context.show_errors():
                password = accounts.add(context.store(), actor, name, roles)
                _keep(accounts.clean_name(name), password)


def _draw_changing(actor: Actor, found: list[Account]) -> None:
    others = {account.name: account for account in found if account.name != actor.name}
    if not others:
        return
    st.header("修改账号", anchor=False)
    name = st.selectbox("账号", list(others), index=None, placeholder="请选择要修改的账号", key="chosen")
    if name is None:
        st.caption("自己的账号不在其中：请由另一位管理人员修改。")
        return
    account, store = others[name], context.store()
    with st.container(horizontal=True):
        if account.disabled or account.locked:
            _button("启用" if account.disabled else "解除锁定", lambda: accounts.enable(store, actor, name))
        if not account.disabled:
            _button("停用", lambda: accounts.disable(store, actor, name))
        if not account.external:
            _button("重置密码", lambda: _keep(name, accounts.reset(store, actor, name)))
    if not account.external:
        _draw_roles(actor, account)


def _draw_roles(actor: Actor, account: Account) -> None:
    with st.form("change_roles", enter_to_submit=False):
        held = [role for role in Role if role in account.roles]
        roles = st.multiselect("岗位", list(Role), held, format_func=_role, key=f"roles_{account.name}")
        st.caption("改变岗位后，这个账号要重新登录。")
        if st.form_submit_button("保存岗位"):
            with context.show_errors():
                accounts.change_roles(context.store(), actor, account.name, roles)
                st.rerun()


def _button(label: str, change: Callable[[], None]) -> None:
    if st.button(label):
        with context.show_errors():
            change()
            st.rerun()


def _keep(name: str, password: str) -> None:
    st.session_state[_PASSWORD] = (name, password)
    st.rerun()


def _role(role: Role) -> str:
    return role.value
