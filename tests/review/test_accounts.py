"""Accounts, sign-in and sessions, on SQLite and on PostgreSQL."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from classifier.errors import ReviewError
from classifier.review import Actor, DeniedError, ReviewStore, Role, accounts, sessions
from classifier.review import schema as tables
from classifier.review.sessions import Limits, SignInError
from tests.review.conftest import Bank, Clock

OWN = "退潮以后再去看北边的灯塔"
OFFICER = frozenset({Role.OFFICER})
ADMIN = frozenset({Role.ADMIN})
CONSOLE = Actor("cli:root", ADMIN)


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little memory: these tests hash a hundred times."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def person(store: ReviewStore, name: str = "陈经办", roles: frozenset[Role] = OFFICER) -> str:
    """An account with a password of its own; returns the token of a live session."""
    once = accounts.add(store, CONSOLE, name, roles)
    return sessions.change_password(store, sessions.sign_in(store, name, once), (once, OWN))


def actions(store: ReviewStore, bank: Bank) -> list[str]:
    return [event.action for event in store.events(bank.auditor)]


def is_open(store: ReviewStore, token: str) -> bool:
    return sessions.session(store, token) is not None


def test_a_one_time_password_opens_only_the_change_of_the_password(store: ReviewStore) -> None:
    once = accounts.add(store, CONSOLE, "陈经办", OFFICER)
    token = sessions.sign_in(store, "陈经办", once)
    first = sessions.session(store, token)
    assert first is not None and first.must_change
    fresh = sessions.change_password(store, token, (once, OWN))
    second = sessions.session(store, fresh)
    assert second is not None and not second.must_change
    assert (second.actor.name, second.actor.roles) == ("陈经办", OFFICER)
    assert not is_open(store, token)
    with pytest.raises(SignInError):
        sessions.sign_in(store, "陈经办", once)


def test_the_database_keeps_no_password_and_no_token(store: ReviewStore) -> None:
    token = person(store)
    with store.reading() as connection:
        rows = [*connection.execute(select(tables.accounts)), *connection.execute(select(tables.sessions))]
        rows += connection.execute(select(tables.events))
    kept = " ".join(str(value) for row in rows for value in row)
    assert token not in kept and OWN not in kept
    assert "$argon2id$" in kept


def test_every_refusal_reads_the_same(store: ReviewStore) -> None:
    person(store)
    person(store, "停用的")
    accounts.disable(store, CONSOLE, "停用的")
    texts = set()
    for name, password in (("没有这个人", OWN), ("陈经办", "错的错的错的错的"), ("停用的", OWN), ("oidc:x", "")):
        with pytest.raises(SignInError) as refused:
            sessions.sign_in(store, name, password)
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_an_unknown_name_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher())
    accounts._dummy.cache_clear()
    stored = accounts.hashed(OWN)
    accounts.matches(None, OWN)  # makes the stand-in once
    took = []
    for hashed in (stored, None):
        begin = time.process_time()
        assert not accounts.matches(hashed, "错的错的错的错的")
        took.append(time.process_time() - begin)
    accounts._dummy.cache_clear()
    assert 0.4 < took[0] / took[1] < 2.5


def test_five_failures_lock_for_a_quarter_of_an_hour(store: ReviewStore, clock: Clock, bank: Bank) -> None:
    person(store)
    for _ in range(5):
        with pytest.raises(SignInError):
            sessions.sign_in(store, "陈经办", "错的错的错的错的")
    with pytest.raises(SignInError):
        sessions.sign_in(store, "陈经办", OWN)
    assert actions(store, bank).count("锁定账号") == 1
    assert [account.state for account in accounts.listed(store, CONSOLE)] == ["已锁定"]
    clock.moment += timedelta(minutes=15)
    with pytest.raises(SignInError):
        sessions.sign_in(store, "陈经办", "错的错的错的错的")  # counting starts anew
    assert sessions.sign_in(store, "陈经办", OWN)


def test_the_fifth_attempt_may_still_be_right_and_clears_the_count(store: ReviewStore) -> None:
    person(store)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(SignInError):
                sessions.sign_in(store, "陈经办", "错的错的错的错的")
        assert sessions.sign_in(store, "陈经办", OWN)


def test_attempts_at_the_same_moment_cannot_race_past_the_lock(store: ReviewStore, bank: Bank) -> None:
    person(store)

    def attempt(number: int) -> None:
        with pytest.raises(SignInError):
            sessions.sign_in(store, "陈经办", f"错的错的错的错的{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(24)))
    with store.reading() as connection:
        row = connection.execute(select(tables.accounts)).one()
    assert row.failures == 5  # no more than five were counted, so no more than five passwords were looked at
    assert actions(store, bank).count("锁定账号") == 1
    assert actions(store, bank).count("登录失败") >= 5


def test_a_wrong_old_password_counts_as_a_failure(store: ReviewStore) -> None:
    token = person(store)
    for _ in range(6):
        with pytest.raises(SignInError):
            sessions.change_password(store, token, ("错的错的错的错的", "新的密码要够长才行哦好吧"))
    with pytest.raises(SignInError):
        sessions.change_password(store, token, (OWN, "新的密码要够长才行哦好吧"))


def test_a_session_ends_by_idleness_and_by_age(store: ReviewStore, clock: Clock) -> None:
    idle, used = person(store), sessions.sign_in(store, "陈经办", OWN)
    for _ in range(19):
        clock.moment += timedelta(minutes=25)
        sessions.touch(store, used)
        assert is_open(store, used)
    assert not is_open(store, idle)
    clock.moment += timedelta(minutes=25)
    sessions.touch(store, used)
    assert not is_open(store, used)


def test_looking_at_a_session_does_not_keep_it_alive(store: ReviewStore, clock: Clock) -> None:
    token = person(store)
    for _ in range(5):
        clock.moment += timedelta(minutes=5)
        assert is_open(store, token)
    clock.moment += timedelta(minutes=6)
    assert not is_open(store, token)
    sessions.touch(store, token)
    assert not is_open(store, token)


def test_signing_out_is_for_good_and_recorded_once(store: ReviewStore, bank: Bank) -> None:
    token = person(store)
    for _ in range(2):
        sessions.sign_out(store, token)
    assert not is_open(store, token)
    assert actions(store, bank).count("退出") == 1


def test_disabling_resetting_and_other_roles_end_the_sessions_at_once(store: ReviewStore) -> None:
    admin = CONSOLE
    for name, change in {
        "甲": lambda: accounts.disable(store, admin, "甲"),
        "乙": lambda: accounts.reset(store, admin, "乙"),
        "丙": lambda: accounts.change_roles(store, admin, "丙", {Role.REVIEWER}),
    }.items():
        token = person(store, name)
        change()
        assert not is_open(store, token)
    accounts.enable(store, admin, "甲")
    assert sessions.sign_in(store, "甲", OWN)
    with pytest.raises(SignInError):
        sessions.sign_in(store, "乙", OWN)


def test_every_change_is_an_event_that_the_chain_vouches_for(store: ReviewStore, bank: Bank) -> None:
    person(store)
    accounts.change_roles(store, bank.admin, "陈经办", {Role.REVIEWER, Role.OFFICER})
    accounts.disable(store, bank.admin, "陈经办")
    accounts.enable(store, bank.admin, "陈经办")
    accounts.reset(store, bank.admin, "陈经办")
    told = ["新增账号", "登录", "修改密码", "改变岗位", "停用账号", "启用账号", "重置密码"]
    assert actions(store, bank) == told
    changes = store.events(bank.auditor, person=bank.admin.name)
    assert all(event.content["account"] == "陈经办" for event in changes)
    assert changes[0].content["roles"] == "OFFICER,REVIEWER"
    assert store.verify(bank.auditor).ok


def test_a_name_that_does_not_exist_is_not_written_into_the_trail(store: ReviewStore, bank: Bank) -> None:
    with pytest.raises(SignInError):
        sessions.sign_in(store, "也许是误填的密码", "x")
    events = store.events(bank.auditor)
    assert [event.actor for event in events] == [sessions.UNKNOWN]
    assert "也许是误填的密码" not in str(events)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.REVIEWER, Role.AUDITOR])
def test_only_the_admin_manages_accounts(store: ReviewStore, bank: Bank, role: Role) -> None:
    person(store)
    actor = {Role.OFFICER: bank.officer, Role.REVIEWER: bank.first, Role.AUDITOR: bank.auditor}[role]
    for call in (
        lambda: accounts.add(store, actor, "新", {Role.OFFICER}),
        lambda: accounts.disable(store, actor, "陈经办"),
        lambda: accounts.enable(store, actor, "陈经办"),
        lambda: accounts.reset(store, actor, "陈经办"),
        lambda: accounts.change_roles(store, actor, "陈经办", {Role.ADMIN}),
        lambda: accounts.listed(store, actor),
    ):
        with pytest.raises(DeniedError):
            call()


def test_nobody_changes_the_own_account(store: ReviewStore, bank: Bank) -> None:
    person(store, bank.admin.name, ADMIN)
    person(store, "另一位", ADMIN)
    for change in (
        lambda: accounts.change_roles(store, bank.admin, bank.admin.name, {Role.ADMIN, Role.REVIEWER}),
        lambda: accounts.disable(store, bank.admin, bank.admin.name),
    ):
        with pytest.raises(ReviewError, match="自己"):
            change()


def test_the_last_admin_stays(store: ReviewStore, bank: Bank) -> None:
    person(store, "唯一", ADMIN)
    with pytest.raises(ReviewError, match="最后一位"):
        accounts.disable(store, bank.admin, "唯一")
    with pytest.raises(ReviewError, match="最后一位"):
        accounts.change_roles(store, bank.admin, "唯一", {Role.OFFICER})


def test_two_admins_cannot_shut_each_other_out_at_the_same_moment(store: ReviewStore) -> None:
    for name in ("甲", "乙"):
        person(store, name, ADMIN)

    def shut_out(pair: tuple[str, str]) -> bool:
        try:
            accounts.disable(store, Actor(pair[0], ADMIN), pair[1])
        except ReviewError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(shut_out, [("甲", "乙"), ("乙", "甲")]))
    assert sorted(done) == [False, True]


def test_two_processes_that_start_together_make_one_first_admin(store: ReviewStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        passwords = [one for one in pool.map(lambda _: accounts.first_admin(store), range(4)) if one]
    assert len(passwords) == 1
    assert sessions.sign_in(store, accounts.FIRST_ADMIN, passwords[0])
    assert accounts.first_admin(store) is None


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "system", "oidc:abc", "演示经办", "cli", "cli:root", "a b", "<b>", "x" * 65, "a\nb"),
        *("\u0430dmin", "admin\u3164", "王\u1160复核", "adm\u0131n"),
    ],
)
def test_names_that_could_deceive_are_refused(store: ReviewStore, name: str) -> None:
    with pytest.raises(ReviewError, match="不能用"):
        accounts.add(store, CONSOLE, name, OFFICER)


def test_outsiders_cannot_fill_the_trail(store: ReviewStore, clock: Clock, bank: Bank) -> None:
    person(store)
    before = len(actions(store, bank))
    for name in ("没有这个人", "陈经办"):
        for _ in range(12):
            with pytest.raises(SignInError):
                sessions.sign_in(store, name, "错的密码错的密码错的")
    told = actions(store, bank)[before:]
    assert told.count("登录失败") == 6 and told.count("锁定账号") == 1  # one of a stranger, five that counted
    clock.moment += timedelta(minutes=2)
    with pytest.raises(SignInError):
        sessions.sign_in(store, "没有这个人", "错的密码错的密码错的")
    assert actions(store, bank)[before:].count("登录失败") == 7


@pytest.mark.parametrize("name", ["阿卜杜拉·买买提", "wang.fuhe@bank-2", "䶮_𠮷"])
def test_names_of_people_are_taken(store: ReviewStore, name: str) -> None:
    assert sessions.sign_in(store, name, accounts.add(store, CONSOLE, name, OFFICER))


def test_a_reset_during_a_sign_in_wins(store: ReviewStore, monkeypatch: pytest.MonkeyPatch) -> None:
    once = accounts.add(store, CONSOLE, "陈经办", OFFICER)
    compare = accounts.matches

    def slowly(stored: str | None, password: str) -> bool:
        accounts.reset(store, CONSOLE, "陈经办")
        return compare(stored, password)

    monkeypatch.setattr(accounts, "matches", slowly)
    with pytest.raises(SignInError):
        sessions.sign_in(store, "陈经办", once)


@pytest.mark.parametrize("subject", ["ＡＢＣ", "u 1 ", "ﬁn"])
def test_whatever_the_identity_provider_calls_a_person_can_be_shut_out(store: ReviewStore, subject: str) -> None:
    sessions.open_external(store, subject, OFFICER, "cookie")
    accounts.disable(store, CONSOLE, f"oidc:{subject}")
    assert not is_open(store, "cookie")


def test_a_name_is_given_once_whatever_its_letters(store: ReviewStore) -> None:
    accounts.add(store, CONSOLE, "Chen", OFFICER)
    for name in ("chen", "CHEN", "Ｃhen", " Chen "):
        with pytest.raises(ReviewError, match="已有"):
            accounts.add(store, CONSOLE, name, OFFICER)


@pytest.mark.parametrize(
    ("password", "told"),
    [("太短了", "12"), ("陈经办" + "的密码很长很长很长", "账号名"), ("1" * 20, "不同的字符"), ("长" * 300, "256")],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, told: str) -> None:
    with pytest.raises(ReviewError, match=told):
        accounts.check_password("陈经办", password)


def test_the_new_password_is_not_the_old_one(store: ReviewStore) -> None:
    token = person(store)
    with pytest.raises(ReviewError, match="相同"):
        sessions.change_password(store, token, (OWN, OWN))


def test_a_person_of_the_identity_provider_has_a_session_but_no_password(store: ReviewStore, bank: Bank) -> None:
    sessions.open_external(store, "u-1", OFFICER, "cookie-1")
    found = sessions.session(store, "cookie-1")
    assert found is not None and (found.actor.name, found.actor.roles) == ("oidc:u-1", OFFICER)
    sessions.open_external(store, "u-1", frozenset({Role.REVIEWER}), "cookie-2")
    newer = sessions.session(store, "cookie-2")
    assert newer is not None and newer.actor.roles == {Role.REVIEWER}
    with pytest.raises(ReviewError, match="统一认证"):
        accounts.reset(store, bank.admin, "oidc:u-1")
    accounts.disable(store, bank.admin, "oidc:u-1")
    assert not is_open(store, "cookie-2") and sessions.seen(store, "cookie-2")
    with pytest.raises(SignInError, match="停用"):
        sessions.open_external(store, "u-1", OFFICER, "cookie-3")


def test_limits_are_settings(store: ReviewStore, clock: Clock) -> None:
    token = person(store)
    clock.moment += timedelta(seconds=30)
    assert sessions.session(store, token, Limits(idle=timedelta(seconds=5))) is None
