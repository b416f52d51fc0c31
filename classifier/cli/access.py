"""Starting the web app and managing who may sign in."""

import argparse
import contextlib
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.cli.person import actor_of
from classifier.errors import ReviewError
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.review.permissions import Actor
    from classifier.review.store import ReviewStore

_APP = Path(__file__).resolve().parents[2] / "app.py"
_ROLES = ("officer", "reviewer", "auditor", "admin")


def add_commands(commands: Any) -> None:
    """The commands of this room."""
    app = commands.add_parser("app", help="启动网页")
    app.add_argument("--host", default="127.0.0.1", metavar="地址", help="监听的地址（默认只在本机）")
    app.add_argument("--port", type=_port, default=8501, metavar="端口", help="默认 8501；0 为任一空闲端口")
    app.add_argument("--demo", action="store_true", help="演示模式：不用登录，只能在本机打开，用单独的数据库")
    app.set_defaults(command=_app)
    account = commands.add_parser("account", help="管理账号").add_subparsers(required=True, metavar="操作")
    adding = account.add_parser("add", help="新增账号，显示一次性密码")
    adding.add_argument("name", metavar="账号")
    adding.add_argument("--role", action="append", required=True, choices=_ROLES, help="岗位，可以写几次")
    adding.set_defaults(command=_add)
    for word, help_text, command in (
        ("disable", "停用账号，已有的登录立即失效", _disable),
        ("enable", "重新启用账号，解除锁定", _enable),
        ("reset", "重置密码，显示一次性密码", _reset),
    ):
        changing = account.add_parser(word, help=help_text)
        changing.add_argument("name", metavar="账号")
        changing.set_defaults(command=command)
    account.add_parser("list", help="列出账号").set_defaults(command=_list)


def _app(options: argparse.Namespace) -> int:
    if options.demo:
        os.environ["LANMU_DEMO"] = "1"
        if options.host not in ("localhost", "127.0.0.1", "::1"):
            raise ReviewError(
                f"演示模式没有登录，只能在本机打开，不能监听 {options.host}：请不写 --host，或不用 --demo。"
            )
    if not _APP.exists():
        raise ReviewError(f"找不到网页的入口文件 {_APP.name}：请在项目目录里安装和启动。")
    home = Settings.from_environment().home
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    sys.argv = [str(_APP)]  # Streamlit looks for its settings beside the script that was started
    app = runpy.run_path(str(_APP))["app"]
    if not options.demo:
        _store().close()  # what is wrong with the database is told here in one line
    with contextlib.suppress(KeyboardInterrupt):
        app.run(config={"server.address": options.host, "server.port": options.port, "logger.hideWelcomeMessage": True})
    print("已停止。")
    return 0


def _add(options: argparse.Namespace) -> int:
    from classifier.review import accounts
    from classifier.review.permissions import Role

    roles = {Role[role.upper()] for role in options.role}
    password = accounts.add(_store(), _admin(), options.name, roles)
    return _show_password(options.name, password)


def _disable(options: argparse.Namespace) -> int:
    from classifier.review import accounts

    return _changed(accounts.disable, options.name, "已停用")


def _enable(options: argparse.Namespace) -> int:
    from classifier.review import accounts

    return _changed(accounts.enable, options.name, "已启用")


def _reset(options: argparse.Namespace) -> int:
    from classifier.review import accounts

    return _show_password(options.name, accounts.reset(_store(), _admin(), options.name))


def _list(options: argparse.Namespace) -> int:
    from classifier.review import accounts

    found = accounts.listed(_store(), _admin())
    for account in found:
        print(f"{account.name}\t{accounts.roles_shown(account.roles)}\t{account.state}")
    if not found:
        print("还没有账号：第一次启动网页时会建立管理账号，也可以用 lanmu account add 新增。")
    return 0


def _changed(change: Callable[..., None], name: str, done: str) -> int:

    change(_store(), _admin(), name)
    print(f"账号 {name} {done}。")
    return 0


def _show_password(name: str, password: str) -> int:
    """To the terminal, once; it is kept nowhere."""
    print(f"账号 {name} 的一次性密码：{password}\n只显示这一次；第一次登录后须修改。")
    return 0


def _admin() -> "Actor":
    from classifier.review.permissions import Role

    return actor_of(Role.ADMIN)


def _store() -> "ReviewStore":
    from classifier.review.store import ReviewStore

    settings = Settings.from_environment()
    return ReviewStore.open(settings.database_url, keep_text=settings.keep_text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"端口“{text}”不对：应为 0 至 65535 的整数")
    return int(text)
