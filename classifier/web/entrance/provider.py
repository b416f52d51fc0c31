"""Sign-in through the bank's identity provider (OpenID Connect), by Streamlit's own sign-in.

One TOML file, kept outside the project, holds the provider's settings under ``[auth]`` as Streamlit reads them, and ours
under ``[lanmu]``: ``roles_claim``, ``name_claim`` and the table ``[lanmu.roles]`` from a claim's value to a role.
"""

import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from classifier.errors import ReviewError
from classifier.review import sessions
from classifier.review.permissions import Role
from classifier.web import context
from classifier.web.look import plain

# Whoever was at work when the session ended must know what became of it.
NOT_SIGNED_IN = "还没有登录，或登录已过期、已退出。如果刚才正在办理：最后一步没有记录，没有提交的文字请登录后重新填写。"


@dataclass(frozen=True, slots=True)
class Provider:
    """Which claim holds the roles and which the shown name, and what the roles' values mean here."""

    roles_claim: str
    name_claim: str
    roles: Mapping[str, Role]


def secrets_of(file: Path) -> dict[str, Any]:
    """The settings that Streamlit's sign-in needs; raises ReviewError when the file is incomplete."""
    read_provider(file)
    return {"auth": _content(file)["auth"]}


def read_provider(file: Path) -> Provider:
    """Our part of the file; raises ReviewError when it is incomplete."""
    ours = _content(file).get("lanmu", {})
    named = {role.value: role for role in Role} | {role.name.lower(): role for role in Role}
    given = ours.get("roles", {})
    unknown = [str(role) for role in given.values() if role not in named]
    if not given or unknown:
        known = "、".join(role.value for role in Role)
        found = "、".join(unknown) or "空的"
        raise ReviewError(f"统一认证的设置 [lanmu.roles] 不对（{found}）：应写成 认证系统的值 = 岗位，岗位为 {known}。")
    roles = {str(value): named[role] for value, role in given.items()}
    return Provider(str(ours.get("roles_claim", "roles")), str(ours.get("name_claim", "name")), roles)


def roles_from(provider: Provider, claims: Mapping[str, Any]) -> frozenset[Role]:
    """The roles of a token; a value that the table does not know gives no rights."""
    given = claims.get(provider.roles_claim, ())
    values = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    return frozenset(provider.roles[str(value)] for value in values if str(value) in provider.roles)


def session(file: Path, secret: str) -> sessions.Session | None:
    """The session of the provider's cookie: opened at the first sight of a valid token, ended with the token."""
    if not secret or not st.user.is_logged_in:
        return None
    claims = st.user.to_dict()
    if float(str(claims.get("exp", 0))) <= time.time():
        _leave(secret)
    store, limits = context.store(), context.options().limits
    found = sessions.session(store, secret, limits)
    if found is None:
        if sessions.seen(store, secret):
            _leave(secret)
        try:
            sessions.open_external(store, str(claims["sub"]), roles_from(read_provider(file), claims), secret)
        except sessions.SignInError as error:
            st.error(plain(str(error)))
            return None
        found = sessions.session(store, secret, limits)
    return found


def shown_name(file: Path) -> str:
    """What the person is called on the page."""
    return str(st.user.to_dict().get(read_provider(file).name_claim, ""))


def ask_to_sign_in() -> None:
    """The way to the provider."""
    st.text(NOT_SIGNED_IN)
    st.button("用统一认证登录", type="primary", on_click=st.login)


def leave() -> None:
    """End the session here and the provider's cookie."""
    from classifier.web.entrance.gate import secret_of

    sessions.sign_out(context.store(), secret_of(st.context.cookies))
    st.logout()


def _leave(secret: str) -> None:
    sessions.sign_out(context.store(), secret)
    st.logout()


@cache
def _content(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ReviewError(f"统一认证的设置文件读不了：请检查 LANMU_OIDC 指的文件 {file.name}。") from error
    if "auth" not in content:
        raise ReviewError(f"统一认证的设置文件 {file.name} 缺少 [auth]：请按 docs/security.md 补上。")
    return content
