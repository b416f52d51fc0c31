"""The pages, what a person must be allowed to do to use each, and where each role starts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.review.permissions import Action, Actor, Role

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class Place:
    """One page: ``name`` is its file and its address, ``action`` what it takes; None is open to all who signed in."""

    name: str
    title: str
    action: Action | None = None

    @property
    def file(self) -> Path:
        """The page's script."""
        return PAGES / f"{self.name}.py"

    def open_to(self, actor: Actor) -> bool:
        """Whether the actor's roles allow the page."""
        return self.action is None or actor.may(self.action)


PLACES = (
    Place("single", "单笔识别", Action.LABEL),
    Place("batch", "批量识别", Action.LABEL),
    Place("review", "复核", Action.DECIDE),
    Place("audit", "审计", Action.AUDIT),
    Place("catalogue", "目录"),
    Place("overview", "概览", Action.OVERVIEW),
    Place("accounts", "账号", Action.ACCOUNTS),
)

_HOMES = {Role.OFFICER: "single", Role.REVIEWER: "review", Role.AUDITOR: "audit", Role.ADMIN: "accounts"}


def existing() -> Iterator[Place]:
    """The pages in the order of the navigation."""
    return (place for place in PLACES if place.file.exists())


def home(actor: Actor) -> Place | None:
    """Where the actor starts: the page of the first role held, or the catalogue."""
    names = [_HOMES[role] for role in Role if role in actor.roles]
    by_name = {place.name: place for place in existing()}
    return next((by_name[name] for name in [*names, "catalogue"] if name in by_name), None)
