"""Nothing that was filed, decided or logged is ever deleted by the product, and no setting can change that."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from classifier import Application, Prediction
from classifier.review import Policy, ReviewStore, Submission
from classifier.review.sampling import draw, read
from classifier.review.schema import metadata
from classifier.settings import Settings
from tests.review.conftest import Bank

REVIEW = Path(__file__).parents[2] / "classifier" / "review"
KEPT = ("verdicts", "notes", "events", "samples", "sampled", "sample_readings")


def test_only_links_that_ran_out_are_deleted_by_the_program() -> None:
    found = {
        match[1]
        for path in REVIEW.rglob("*.py")
        for match in re.finditer(r"\bdelete\((\w+)\)|\b(\w+)\.delete\(", path.read_text("utf-8"))
    }
    assert found == {"drafts"}


def test_no_setting_speaks_of_keeping_for_a_time() -> None:
    names = {field.name for kind in (Settings, Policy) for field in fields(kind)}
    assert not [name for name in names if re.search("retention|days|months|purge|expire", name)]


@pytest.mark.parametrize("table", KEPT)
def test_the_database_refuses_to_delete_or_change_what_is_kept(
    store: ReviewStore, bank: Bank, labelled: list[tuple[Application, Prediction]], table: str
) -> None:
    number = store.submit(bank.officer, Submission(*labelled[0]))
    label = store.case(bank.first, number).label
    store.decide(bank.first, number, 0, label)
    store.note(bank.first, number, "备注")
    drawn = draw(store, bank.auditor, size=1, seed=1)
    read(store, bank.auditor, drawn, 1, label=label)
    column = next(iter(metadata.tables[table].c)).name
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(DatabaseError), store.engine.begin() as connection:
            connection.execute(text(statement))
    assert store.verify(bank.auditor).ok
