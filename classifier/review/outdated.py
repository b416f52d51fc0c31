"""Which labels rest on an older catalogue, lexicon or model, and what the machine would say of them now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ColumnElement, Row, func, not_, select

from classifier.records import Application, Prediction, Versions
from classifier.review.agreement import code_order
from classifier.review.cases import Label, Query, Status
from classifier.review.permissions import Action, Actor, require
from classifier.review.queue import label_of
from classifier.review.schema import cases
from classifier.review.standing import has_text, shown_label, stands
from classifier.review.stored import load
from taxonomy import Catalogue

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

_CHUNK = 500


class Predictor(Protocol):
    """What is asked of the classifier, which this floor does not know."""

    @property
    def versions(self) -> Versions:
        """What its predictions rest on."""

    @property
    def catalogue(self) -> Catalogue:
        """The edition its labels are from."""

    def predict_many(self, applications: Sequence[Application]) -> list[Prediction]:
        """One prediction an application, in order."""


@dataclass(frozen=True, slots=True)
class OldVersions:
    """How many standing labels rest on versions that are no longer in use."""

    versions: Versions
    count: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A case that the machine now labels otherwise than ``before``; ``standing`` is the label in force."""

    case_id: int
    loan_id: str
    status: Status
    before: Label
    now: Label
    standing: Label


@dataclass(frozen=True, slots=True)
class Outdated:
    """Standing labels on older versions.

    ``gone`` counts standing labels by codes that the catalogue in use does not have. Where a comparison was asked for,
    ``compared`` cases were predicted again and ``changed`` came out differently; ``without_text`` could not be, as only
    the hash was kept.
    """

    current: Versions
    old: tuple[OldVersions, ...]
    gone: Mapping[str, int]
    compared: int
    without_text: int
    changed: tuple[Changed, ...]

    @property
    def count(self) -> int:
        """All labels on older versions."""
        return sum(one.count for one in self.old)


def outdated(
    store: "ReviewStore",
    actor: Actor,
    classifier: Predictor,
    *,
    compare: bool = False,
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> Outdated:
    """What rests on older versions than the classifier's; the first ``limit`` of them compared when asked for."""
    require(actor, Action.AUDIT)
    old = _old_versions(store, actor, classifier.versions)
    size = min(sum(one.count for one in old), limit if limit is not None else 10**12) if compare else 0
    compared, without_text, changed = 0, 0, list[Changed]()
    for rows in _chunks(store, actor, classifier.versions, size):
        known = [(row, application) for row in rows if has_text(application := load(Application, row.application))]
        predictions = classifier.predict_many([application for _, application in known])
        pairs = zip((row for row, _ in known), predictions, strict=True)
        changed += [one for one in (_changed(row, prediction) for row, prediction in pairs) if one.now != one.before]
        compared, without_text = compared + len(known), without_text + len(rows) - len(known)
        progress(compared + without_text, size)
    gone = _gone(store, actor, classifier.catalogue)
    return Outdated(classifier.versions, old, gone, compared, without_text, tuple(changed))


def _is_old(actor: Actor, current: Versions) -> ColumnElement[bool]:
    same = (
        (cases.c.edition == current.edition) & (cases.c.lexicon == current.lexicon) & (cases.c.model == current.model)
    )
    return stands(Query(), actor) & not_(same)


def _old_versions(store: "ReviewStore", actor: Actor, current: Versions) -> tuple[OldVersions, ...]:
    keys = (cases.c.edition, cases.c.lexicon, cases.c.model)
    entry = select(*keys, func.count()).where(_is_old(actor, current)).group_by(*keys).order_by(*keys)
    with store.reading() as connection:
        return tuple(OldVersions(Versions(*row[:3]), row[3]) for row in connection.execute(entry))


def _gone(store: "ReviewStore", actor: Actor, catalogue: Catalogue) -> dict[str, int]:
    meant = stands(Query(), actor) & cases.c.label_code.is_not(None)
    entry = select(cases.c.label_code, func.count()).where(meant).group_by(cases.c.label_code)
    with store.reading() as connection:
        counts = {code: count for code, count in connection.execute(entry) if code not in catalogue}
    return {code: counts[code] for code in sorted(counts, key=code_order)}


def _chunks(
    store: "ReviewStore", actor: Actor, current: Versions, size: int
) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """Outdated cases in the order of their ids; no transaction stays open while they are predicted again."""
    last, left = 0, size
    columns = (cases.c.id, cases.c.loan_id, cases.c.status, cases.c.outcome, cases.c.code)
    outcome, code = shown_label(actor)
    shown = outcome.label("label_outcome"), code.label("label_code")
    entry = select(*columns, *shown, cases.c.application).order_by(cases.c.id)
    while left > 0:
        with store.reading() as connection:
            here = entry.where(_is_old(actor, current), cases.c.id > last).limit(min(left, _CHUNK))
            rows: Sequence[Row[*tuple[Any, ...]]] = connection.execute(here).all()
        if not rows:
            return
        yield rows
        last, left = rows[-1].id, left - len(rows)


def _changed(row: Row[Any], prediction: Prediction) -> Changed:
    return Changed(
        case_id=row.id,
        loan_id=row.loan_id,
        status=Status(row.status),
        before=label_of(row.outcome, row.code),
        now=Label(prediction.outcome, prediction.code),
        standing=label_of(row.label_outcome, row.label_code),
    )
