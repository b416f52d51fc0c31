"""A running app for tests: its accounts, how it is started, and how a browser signs in."""

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page
from sqlalchemy import update

from classifier.review import Actor, ReviewStore, Role, accounts
from classifier.review.schema import accounts as table
from tests.web.settling import settled

CONSOLE = Actor("cli:root", frozenset({Role.ADMIN}))
PASSWORD = "退潮以后再去看北边的灯塔"
PERSONS = {
    "陈经办": {Role.OFFICER},
    "王复核": {Role.REVIEWER},
    "赵复核": {Role.REVIEWER},
    "孙复核": {Role.REVIEWER},
    "李审计": {Role.AUDITOR},
    "周管理": {Role.ADMIN},
}
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """A running app: its address, its home folder, and what it wrote."""

    address: str
    home: Path
    process: "subprocess.Popen[str]"
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "lanmu.db"

    def store(self) -> ReviewStore:
        """The server's database, opened once more."""
        return ReviewStore.open(f"sqlite:///{self.database}")

    def stop(self) -> None:
        """Ask the server to end, as Ctrl-C does."""
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def actor(name: str) -> Actor:
    """One of the persons."""
    return Actor(name, frozenset(PERSONS[name]))


def add_persons(store: ReviewStore) -> None:
    """An account for each person, all with the same password, which is already their own."""
    known = accounts.hashed(PASSWORD)
    for name, roles in PERSONS.items():
        accounts.add(store, CONSOLE, name, roles)
    with store.writing() as connection:
        connection.execute(update(table).values(password_hash=known, must_change=False))


def start(home: Path, *arguments: str, command: tuple[str, ...] = (), address: str = "", **environment: str) -> Server:
    """Start the app, or another command that serves it at an address of its own, and wait until it answers."""
    line = [*(command or (str(Path(sys.executable).with_name("lanmu")), "app", "--port", "0")), *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith(("LANMU_", "STREAMLIT_"))}
    given |= {"LANMU_HOME": str(home), "PYTHONUNBUFFERED": "1", **environment}
    process = subprocess.Popen(
        line, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    server = Server("", home, process)
    pipes = ((process.stdout, server.output), (process.stderr, server.errors))
    readers = [threading.Thread(target=_collect, args=pipe, daemon=True) for pipe in pipes]
    for reader in readers:
        reader.start()
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        said = next((text for text in list(server.output) if text.startswith("地址：")), None)
        if said is not None:
            server.address = address or said.removeprefix("地址：").split()[0].rstrip("/")
            _wait_until_it_answers(server.address, limit)
            return server
        if process.poll() is not None:
            break
        time.sleep(0.05)
    server.stop()
    for reader in readers:
        reader.join(timeout=5)
    raise RuntimeError("".join(server.errors) or "".join(server.output) or "the server did not start")


def sign_in(page: Page, server: Server, name: str, target: str = "/") -> None:
    """Sign in by the form and wait until the page is at rest."""
    page.goto(server.address + target)
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_test_id("stApp").wait_for()
    settled(page)


def _collect(pipe: Any, lines: list[str]) -> None:
    with pipe:
        for line in pipe:
            lines.append(line)


def _wait_until_it_answers(address: str, limit: float) -> None:
    while time.monotonic() < limit:
        try:
            if requests.get(address + "/health", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
