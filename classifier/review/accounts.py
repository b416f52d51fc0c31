"""Local accounts: who may sign in, kept in the database; every change is an event in the same transaction.

Functions take the store first and the acting person second, who must be allowed to manage accounts.
"""

import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, Row, func, insert, select, update

from classifier.errors import ReviewError
from classifier.review import audit
from classifier.review.database import reading, writing
from classifier.review.permissions import Action, Actor, Role, require
from classifier.review.schema import accounts, sessions

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

FIRST_ADMIN = "admin"
EXTERNAL = "oidc:"

# Chinese characters and plain letters: of other alphabets some letters look like these, and some like nothing.
_NAME = re.compile(r"[0-9A-Za-z_.@·\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff-]{1,64}")
_RESERVED = re.compile(r"system|cli|oidc|未知账号|演示.*", re.IGNORECASE)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
_SHORTEST, _LONGEST, _FEWEST_SIGNS = 12, 256, 5
_WAIT_SECONDS = 15.0

_hasher = PasswordHasher()
# A hash takes 64 MiB and a third of a second: a flood of sign-ins waits here instead of taking all memory.
_hashing = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the admin sees it; ``locked`` speaks of now, ``external`` of a bank's identity provider."""

    name: str
    roles: frozenset[Role]
    must_change: bool
    disabled: bool
    locked: bool
    external: bool
    created_at: str

    @property
    def state(self) -> str:
        """The account's state in words."""
        if self.disabled:
            return "已停用"
        if self.locked:
            return "已锁定"
        return "待首次登录" if self.must_change else "正常"


class BusyError(ReviewError):
    """Too many people sign in at this moment."""


def first_admin(store: "ReviewStore") -> str | None:
    """Make the first admin of an empty store and return the one-time password; None if accounts exist.

    Of two processes that start together one makes the account, and only that one gets a password.
    """
    with reading(store.engine) as connection:
        if connection.scalar(select(func.count()).select_from(accounts)):
            return None
    password = one_time_password()
    try:
        _insert(store, "system", FIRST_ADMIN, (frozenset({Role.ADMIN}), password), only_if_empty=True)
    except ReviewError:
        return None
    return password


def add(store: "ReviewStore", actor: Actor, name: str, roles: Iterable[Role]) -> str:
    """Make an account; returns the one-time password that its owner must change at the first sign-in."""
    require(actor, Action.ACCOUNTS)
    name = clean_name(name)
    chosen = _some_roles(roles)
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise ReviewError(
            f"账号名“{name[:64]}”不能用：请用 1 至 64 个汉字、字母、数字或 . @ · - _，且不用系统保留的名称。"
        )
    password = one_time_password()
    _insert(store, actor.name, name, (chosen, password))
    return password


def disable(store: "ReviewStore", actor: Actor, name: str) -> None:
    """Shut an account out; its sessions end at once."""
    with _change(store, actor, name, "停用账号") as (connection, account):
        _not_oneself(actor, account)
        _not_last_admin(connection, account)
        connection.execute(update(accounts).where(accounts.c.name == account.name).values(disabled=True))
        end_sessions(store, connection, account.name)


def enable(store: "ReviewStore", actor: Actor, name: str) -> None:
    """Let a disabled account in again; ends a lock as well."""
    with _change(store, actor, name, "启用账号") as (connection, account):
        _not_oneself(actor, account)
        values = {"disabled": False, "failures": 0, "locked_until": None}
        connection.execute(update(accounts).where(accounts.c.name == account.name).values(values))


def reset(store: "ReviewStore", actor: Actor, name: str) -> str:
    """Replace the password by a one-time password, which is returned; ends a lock and all sessions."""
    require(actor, Action.ACCOUNTS)
    password = one_time_password()
    values = {"password_hash": hashed(password), "must_change": True, "failures": 0, "locked_until": None}
    with _change(store, actor, name, "重置密码") as (connection, account):
        if account.name.startswith(EXTERNAL):
            raise ReviewError(f"“{account.name}”由统一认证登录，没有本地密码：请在统一认证系统里重置。")
        connection.execute(update(accounts).where(accounts.c.name == account.name).values(values))
        end_sessions(store, connection, account.name)
    return password


def change_roles(store: "ReviewStore", actor: Actor, name: str, roles: Iterable[Role]) -> None:
    """Give an account other roles; its sessions end, so that nobody works on with the old ones."""
    chosen = _some_roles(roles)
    with _change(store, actor, name, "改变岗位", {"roles": roles_text(chosen)}) as (connection, account):
        _not_oneself(actor, account)
        if account.name.startswith(EXTERNAL):
            raise ReviewError(f"“{account.name}”的岗位来自统一认证：请在统一认证系统里改。")
        if Role.ADMIN not in chosen:
            _not_last_admin(connection, account)
        connection.execute(update(accounts).where(accounts.c.name == account.name).values(roles=roles_text(chosen)))
        end_sessions(store, connection, account.name)


def listed(store: "ReviewStore", actor: Actor) -> list[Account]:
    """All accounts by name."""
    require(actor, Action.ACCOUNTS)
    now = time_text(store.clock())
    with reading(store.engine) as connection:
        rows = connection.execute(select(accounts).order_by(accounts.c.name)).all()
    return [
        Account(
            name=row.name,
            roles=roles_of(row.roles),
            must_change=row.must_change,
            disabled=row.disabled,
            locked=row.locked_until is not None and row.locked_until > now,
            external=row.name.startswith(EXTERNAL),
            created_at=row.created_at,
        )
        for row in rows
    ]


def check_password(name: str, password: str) -> None:
    """Raise ReviewError unless the password may be chosen."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise ReviewError(f"新密码须有 {_SHORTEST} 至 {_LONGEST} 个字符：可以用几个不相干的词连成一句。")
    if name.casefold() in password.casefold():
        raise ReviewError("新密码不能含有账号名：请换一个。")
    if len(set(password)) < _FEWEST_SIGNS:
        raise ReviewError(f"新密码至少要有 {_FEWEST_SIGNS} 个不同的字符：请换一个。")


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    with _turn():
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether a password fits a stored hash; an account without one takes as long as any other."""
    known = bool(stored)
    with _turn():
        try:
            return _hasher.verify(stored or _dummy(), password) and known
        except (Argon2Error, InvalidHashError):
            return False


def clean_name(name: str) -> str:
    """A name as it is stored: full-width letters narrowed, no spaces around."""
    return unicodedata.normalize("NFKC", name).strip()


def one_time_password() -> str:
    """About 99 bits in four groups that can be read out on the telephone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def roles_text(roles: Iterable[Role]) -> str:
    """Roles as they are stored."""
    return ",".join(role.name for role in Role if role in set(roles))


def roles_shown(roles: Iterable[Role]) -> str:
    """Roles as people read them."""
    return "、".join(role.value for role in Role if role in set(roles)) or "没有岗位"


def roles_of(text: str) -> frozenset[Role]:
    """Roles from the stored text."""
    return frozenset(Role[name] for name in text.split(",") if name)


def time_text(moment: datetime, ago: timedelta = timedelta()) -> str:
    """A moment as the tables keep it, or one that lies ``ago``."""
    return audit.time_text(moment - ago)


def end_sessions(store: "ReviewStore", connection: Connection, name: str) -> None:
    """End all sessions of an account."""
    open_ones = (sessions.c.account == name) & sessions.c.ended_at.is_(None)
    connection.execute(update(sessions).where(open_ones).values(ended_at=time_text(store.clock())))


def record(store: "ReviewStore", connection: Connection, actor: str, action: str, **content: object) -> None:
    """Append an event about accounts or sign-ins in the same transaction."""
    audit.append(connection, at=time_text(store.clock()), actor=actor, action=action, content=content)


@contextmanager
def _change(
    store: "ReviewStore", actor: Actor, name: str, action: str, content: dict[str, str] | None = None
) -> Iterator[tuple[Connection, Row[tuple[object, ...]]]]:
    """A transaction that changes an account and ends with the event."""
    require(actor, Action.ACCOUNTS)
    with writing(store.engine) as connection:
        # The bank's identity provider may give a name that we would write otherwise.
        query = select(accounts).where(accounts.c.name.in_((name, clean_name(name))))
        account = connection.execute(query.order_by(accounts.c.name != name)).first()
        if account is None:
            raise ReviewError(f"没有名为“{name}”的账号：请核对后再试。")
        yield connection, account
        record(store, connection, actor.name, action, account=account.name, **(content or {}))


def _insert(
    store: "ReviewStore",
    actor: str,
    name: str,
    account: tuple[frozenset[Role], str],
    *,
    only_if_empty: bool = False,
) -> None:
    roles, password = account
    values = {
        "name": name,
        "password_hash": hashed(password),
        "roles": roles_text(roles),
        "must_change": True,
        "disabled": False,
        "failures": 0,
        "created_at": time_text(store.clock()),
    }
    with writing(store.engine) as connection:
        others = connection.scalars(select(accounts.c.name))
        taken = [other for other in others if only_if_empty or other.casefold() == name.casefold()]
        if taken:
            raise ReviewError(f"已有名为“{taken[0]}”的账号：请换一个名称。")
        connection.execute(insert(accounts).values(values))
        record(store, connection, actor, "新增账号", account=name, roles=roles_text(roles))


def _some_roles(roles: Iterable[Role]) -> frozenset[Role]:
    chosen = frozenset(roles)
    if not chosen:
        raise ReviewError("账号至少要有一个岗位：请选择。")
    return chosen


def _not_oneself(actor: Actor, account: Row[tuple[object, ...]]) -> None:
    if account.name == actor.name:
        raise ReviewError("不能改自己的账号：请由另一位管理人员操作。")


def _not_last_admin(connection: Connection, account: Row[tuple[object, ...]]) -> None:
    """The transaction holds the write lock, so that two admins cannot shut each other out at the same moment."""
    query = select(accounts.c.name, accounts.c.roles).where(accounts.c.disabled.is_(False)).order_by(accounts.c.name)
    admins = {row.name for row in connection.execute(query) if Role.ADMIN in roles_of(row.roles)}
    if admins == {account.name}:
        raise ReviewError(f"“{account.name}”是最后一位管理人员：请先设另一位。")


@contextmanager
def _turn() -> Iterator[None]:
    if not _hashing.acquire(timeout=_WAIT_SECONDS):
        raise BusyError("现在登录的人太多：请稍候再试。")
    try:
        yield
    finally:
        _hashing.release()


@cache
def _dummy() -> str:
    return _hasher.hash(secrets.token_hex(16))
