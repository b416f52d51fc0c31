"""`lanmu account`: accounts from the terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier.cli import main
from classifier.review import ReviewStore, Role, accounts, sessions
from classifier.review.sessions import SignInError
from tests.review.conftest import Bank


@pytest.fixture
def bank_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReviewStore]:
    url = f"sqlite:///{tmp_path / 'lanmu.db'}"
    monkeypatch.setenv("LANMU_DATABASE", url)
    opened = ReviewStore.open(url)
    yield opened
    opened.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["account", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_account_is_made_listed_disabled_enabled_and_reset(
    bank_store: ReviewStore, capsys: pytest.CaptureFixture[str], bank: Bank
) -> None:
    code, out, err = run(capsys, "add", "陈经办", "--role", "officer", "--role", "reviewer")
    password = re.search(r"一次性密码：(\S+)", out)
    assert code == 0 and password is not None and not err
    assert sessions.sign_in(bank_store, "陈经办", password[1])
    assert "陈经办\t经办、复核\t待首次登录" in run(capsys, "list")[1]
    assert run(capsys, "disable", "陈经办")[0] == 0
    with pytest.raises(SignInError):
        sessions.sign_in(bank_store, "陈经办", password[1])
    assert run(capsys, "enable", "陈经办")[0] == 0
    again = re.search(r"一次性密码：(\S+)", run(capsys, "reset", "陈经办")[1])
    assert again is not None and sessions.sign_in(bank_store, "陈经办", again[1])
    actors = {event.actor for event in bank_store.events(bank.auditor, action="新增账号")}
    assert len(actors) == 1 and actors.pop().startswith("cli:")


def test_what_cannot_be_done_is_one_chinese_line(bank_store: ReviewStore, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("disable", "没有的人"), ("add", "a b", "--role", "officer"), ("reset", "")):
        code, _, err = run(capsys, *arguments)
        assert code == 1 and err.startswith("错误：") and len(err.splitlines()) == 1


def test_without_accounts_the_list_says_what_to_do(bank_store: ReviewStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert "lanmu account add" in run(capsys, "list")[1]


def test_the_last_admin_cannot_be_disabled_from_the_terminal_either(
    bank_store: ReviewStore, capsys: pytest.CaptureFixture[str], bank: Bank
) -> None:
    accounts.add(bank_store, bank.admin, "唯一", {Role.ADMIN})
    code, _, err = run(capsys, "disable", "唯一")
    assert code == 1 and "最后一位" in err
