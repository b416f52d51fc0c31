"""Signing in and staying signed in: a session is a secret in the browser and its digest in the database."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, case, insert, null, or_, select, update

from classifier.errors import ReviewError
from classifier.review import accounts as book
from classifier.review.database import reading, writing
from classifier.review.permissions import Actor, Role
from classifier.review.schema import accounts, events, sessions

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

UNKNOWN = "未知账号"
_FAILED = "登录失败"
_QUIET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts without use and at most, and when an account is locked."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=8)
    failures: int = 5
    lockout: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that lives now; ``csrf`` must come back with every form."""

    actor: Actor
    csrf: str
    must_change: bool


class SignInError(ReviewError):
    """The sign-in was refused; the text does not say which part was wrong."""


def sign_in(store: "ReviewStore", name: str, password: str, limits: Limits = Limits()) -> str:
    """Open a session and return its token, the secret for the browser's cookie.

    The attempt is counted before the password is looked at, by one conditional UPDATE: however many attempts come at
    once, no more passwords are tried than the limit allows. A crash in between leaves a counted attempt without event.
    """
    name = book.clean_name(name)[:200]
    counted, stored = _count_attempt(store, name, limits)
    right = book.matches(stored if counted else None, password)
    with writing(store.engine) as connection:
        if right:
            values = {"failures": 0, "locked_until": None}
            # The hash read above must still be the one stored: a reset by the admin in between wins.
            same = (accounts.c.name == name, accounts.c.password_hash == stored, accounts.c.disabled.is_(False))
            entry = update(accounts).where(*same)
            right = connection.execute(entry.values(values)).rowcount == 1
        if right:
            token = _open(store, connection, name)
            book.record(store, connection, name, "登录")
            return token
        who = name if stored is not None else UNKNOWN
        if counted or not _told_of_late(store, connection, who):
            book.record(store, connection, who, _FAILED)
        if counted == limits.failures:
            book.record(store, connection, name, "锁定账号", minutes=int(limits.lockout.total_seconds() // 60))
    minutes = int(limits.lockout.total_seconds() // 60)
    raise SignInError(f"账号或密码不对，或账号已停用、已锁定。连续输错 {limits.failures} 次会锁定 {minutes} 分钟。")


def session(store: "ReviewStore", token: str, limits: Limits = Limits()) -> Session | None:
    """The session of a token, or None when it is unknown, ended, too old, unused too long, or its account disabled."""
    columns = (accounts.c.name, accounts.c.roles, accounts.c.must_change, sessions.c.csrf)
    query = select(*columns).join(accounts, accounts.c.name == sessions.c.account)
    with reading(store.engine) as connection:
        row = connection.execute(
            query.where(*_live(store, token, limits), accounts.c.disabled.is_(False))
        ).one_or_none()
    if row is None:
        return None
    return Session(Actor(row.name, book.roles_of(row.roles)), row.csrf, row.must_change)


def touch(store: "ReviewStore", token: str, limits: Limits = Limits()) -> None:
    """Start the idle clock anew, because the person did something; writes only now and then."""
    now, pause = store.clock(), min(limits.idle / 10, timedelta(seconds=30))
    stale = sessions.c.seen_at < book.time_text(now, pause)
    with reading(store.engine) as connection:
        due = connection.execute(select(sessions.c.account).where(*_live(store, token, limits), stale)).one_or_none()
    if due is not None:
        with writing(store.engine) as connection:
            entry = update(sessions).where(*_live(store, token, limits))
            connection.execute(entry.values(seen_at=book.time_text(now)))


def sign_out(store: "ReviewStore", token: str) -> None:
    """End a session for good."""
    open_one = (sessions.c.token_digest == _digest(token)) & sessions.c.ended_at.is_(None)
    with writing(store.engine) as connection:
        name = connection.scalar(select(sessions.c.account).where(open_one))
        if name is not None:
            connection.execute(update(sessions).where(open_one).values(ended_at=book.time_text(store.clock())))
            book.record(store, connection, name, "退出")


def change_password(store: "ReviewStore", token: str, passwords: tuple[str, str], limits: Limits = Limits()) -> str:
    """Replace the old by the new password; all sessions end, the token returned opens a new one.

    A wrong old password counts as a failed sign-in, so that a stolen session is no way to guess it.
    """
    found = session(store, token, limits)
    if found is None:
        raise SignInError("登录已过期：请重新登录。")
    name, (old, new) = found.actor.name, passwords
    book.check_password(name, new)
    if new == old:
        raise ReviewError("新密码不能与旧密码相同：请换一个。")
    counted, stored = _count_attempt(store, name, limits)
    if not book.matches(stored if counted else None, old):
        with writing(store.engine) as connection:
            book.record(store, connection, name, "修改密码失败")
        raise SignInError("旧密码不对，或账号已锁定：请稍后再试，或请管理人员重置。")
    values = {"password_hash": book.hashed(new), "must_change": False, "failures": 0, "locked_until": None}
    with writing(store.engine) as connection:
        # The hash read above must still be the one stored: a reset by the admin in between wins.
        entry = update(accounts).where(accounts.c.name == name, accounts.c.password_hash == stored)
        if connection.execute(entry.values(values)).rowcount != 1:
            raise SignInError("密码刚刚被管理人员重置：请用新的一次性密码登录。")
        book.end_sessions(store, connection, name)
        book.record(store, connection, name, "修改密码")
        return _open(store, connection, name)


def open_external(store: "ReviewStore", subject: str, roles: frozenset[Role], token: str) -> None:
    """Open the session of a person whom the bank's identity provider vouches for, known by the provider's cookie.

    The account is made at the first sign-in and takes the roles of the newest one. A cookie whose session ended
    cannot open it again.
    """
    name = book.EXTERNAL + subject
    now = book.time_text(store.clock())
    with writing(store.engine) as connection:
        known = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        if known is None:
            values = {"password_hash": "", "must_change": False, "disabled": False, "failures": 0, "created_at": now}
            connection.execute(insert(accounts).values(name=name, roles=book.roles_text(roles), **values))
        elif known.disabled:
            raise SignInError(f"账号“{name}”已停用：请找管理人员。")
        elif book.roles_of(known.roles) != roles:
            connection.execute(update(accounts).where(accounts.c.name == name).values(roles=book.roles_text(roles)))
        _open(store, connection, name, token)
        book.record(store, connection, name, "登录", roles=book.roles_text(roles))


def seen(store: "ReviewStore", token: str) -> bool:
    """Whether the token ever opened a session, live or ended."""
    with reading(store.engine) as connection:
        query = select(sessions.c.account).where(sessions.c.token_digest == _digest(token))
        return connection.execute(query).one_or_none() is not None


def same(given: str, kept: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), kept.encode())


def _count_attempt(store: "ReviewStore", name: str, limits: Limits) -> tuple[int, str | None]:
    """Count an attempt and return its number and the stored hash; number 0 when the account is locked or disabled."""
    now = book.time_text(store.clock())
    until = book.time_text(store.clock(), -limits.lockout)
    # After a lock has run out, counting starts anew.
    count = case((accounts.c.locked_until.is_not(None), 1), else_=accounts.c.failures + 1)
    free = or_(accounts.c.locked_until.is_(None), accounts.c.locked_until <= now)
    entry = update(accounts).where(accounts.c.name == name, free, accounts.c.disabled.is_(False))
    entry = entry.values(failures=count, locked_until=case((count >= limits.failures, until), else_=null()))
    with writing(store.engine) as connection:
        counted = connection.execute(entry).rowcount
        row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
    if row is None:
        return 0, None
    return (row.failures if counted else 0), row.password_hash


def _told_of_late(store: "ReviewStore", connection: Connection, who: str) -> bool:
    """Whether the trail tells of a failure in the last minute: or outsiders could fill what nobody may delete."""
    same = (events.c.actor == who, events.c.action == _FAILED)
    late = select(events.c.sequence).where(events.c.at > book.time_text(store.clock(), _QUIET), *same).limit(1)
    return connection.execute(late).first() is not None


def _open(store: "ReviewStore", connection: Connection, name: str, token: str = "") -> str:
    """Insert a session; returns its token of 256 bits."""
    token = token or secrets.token_urlsafe(32)
    now = book.time_text(store.clock())
    values = {"token_digest": _digest(token), "account": name, "csrf": secrets.token_urlsafe(32)}
    connection.execute(insert(sessions).values(**values, opened_at=now, seen_at=now))
    return token


def _live(store: "ReviewStore", token: str, limits: Limits) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a session that lives now."""
    now = store.clock()
    return (
        sessions.c.token_digest == _digest(token),
        sessions.c.ended_at.is_(None),
        sessions.c.seen_at > book.time_text(now, limits.idle),
        sessions.c.opened_at > book.time_text(now, limits.absolute),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
