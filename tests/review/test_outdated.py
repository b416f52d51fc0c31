"""Labels on older versions, and reviewed labels as examples, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from classifier import Application, Classifier, Prediction
from classifier.errors import ClassifierError
from classifier.examples import check_labels, example_line, read_examples
from classifier.records import Outcome, Versions
from classifier.review import Actor, BatchState, DeniedError, Label, ReviewStore, Role, Status, Submission
from classifier.review.examples import reviewed_examples, whole_text
from classifier.review.outdated import Changed, OldVersions, outdated
from tests.review.conftest import Bank

Labelled = list[tuple[Application, Prediction]]
OUTSIDE = Label(Outcome.OUTSIDE)
OLD = Versions("old-edition", "old-lexicon", "old-model")


def label(prediction: Prediction) -> Label:
    return Label(prediction.outcome, prediction.code)


def filed(store: ReviewStore, bank: Bank, pairs: Sequence[tuple[Application, Prediction]]) -> None:
    batch = store.open_batch(bank.officer, "台账.csv", "0" * 64, len(pairs))
    store.file(bank.officer, batch, [Submission(*pair) for pair in pairs])
    store.close_batch(bank.officer, batch, BatchState.DONE)


def approved(store: ReviewStore, bank: Bank, pair: tuple[Application, Prediction], label: Label) -> int:
    case_id = store.submit(bank.officer, Submission(*pair))
    store.decide(bank.first, case_id, 0, label, "依据用途")
    store.decide(bank.second, case_id, 1, label)
    return case_id


@pytest.fixture
def mixed_store(store: ReviewStore, bank: Bank, labelled: Labelled) -> ReviewStore:
    """Two labels of now, three on older versions: one as now, one other, and one by a code that is gone."""
    now = labelled[:2]
    same = (labelled[2][0], replace(labelled[2][1], versions=OLD))
    other = (labelled[0][0], replace(labelled[0][1], outcome=Outcome.OUTSIDE, code=None, versions=OLD))
    gone = (labelled[1][0], replace(labelled[1][1], outcome=Outcome.BLUE, code="99.1.1", versions=OLD))
    filed(store, bank, [*now, same, other, gone])
    return store


def test_labels_on_older_versions_are_counted(mixed_store: ReviewStore, bank: Bank, classifier: Classifier) -> None:
    found = outdated(mixed_store, bank.auditor, classifier)
    assert found.current == classifier.versions
    assert found.old == (OldVersions(OLD, 3),)
    assert (found.count, found.compared, found.changed) == (3, 0, ())
    assert found.gone == {"99.1.1": 1}


@pytest.mark.parametrize("part", ["edition", "lexicon", "model"])
def test_one_changed_version_is_enough(
    store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier, part: str
) -> None:
    versions = replace(classifier.versions, **{part: "older"})
    filed(store, bank, [(labelled[0][0], replace(labelled[0][1], versions=versions)), labelled[1]])
    assert outdated(store, bank.auditor, classifier).old == (OldVersions(versions, 1),)


def test_who_still_reads_blind_is_not_told_the_first_reading(
    blind_store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier
) -> None:
    both = Actor("两岗", frozenset({Role.REVIEWER, Role.AUDITOR}))
    said = replace(labelled[0][1], outcome=Outcome.INSUFFICIENT, code=None, versions=OLD)
    case_id = blind_store.submit(bank.officer, Submission(labelled[0][0], said))
    blind_store.decide(bank.first, case_id, 0, OUTSIDE, "理由")
    for person, told in ((both, label(said)), (bank.auditor, OUTSIDE)):
        assert [one.standing for one in outdated(blind_store, person, classifier, compare=True).changed] == [told]


def test_a_comparison_names_what_would_come_out_differently(
    mixed_store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier
) -> None:
    seen: list[tuple[int, int]] = []
    found = outdated(
        mixed_store, bank.auditor, classifier, compare=True, progress=lambda done, size: seen.append((done, size))
    )
    gone = Label(Outcome.BLUE, "99.1.1")
    assert (found.compared, found.without_text) == (3, 0)
    assert found.changed == (
        Changed(4, labelled[0][0].id, Status.LABELLED, OUTSIDE, label(labelled[0][1]), OUTSIDE),
        Changed(5, labelled[1][0].id, Status.LABELLED, gone, label(labelled[1][1]), gone),
    )
    assert seen == [(3, 3)]


def test_a_comparison_stops_at_its_limit(mixed_store: ReviewStore, bank: Bank, classifier: Classifier) -> None:
    assert outdated(mixed_store, bank.auditor, classifier, compare=True, limit=2).compared == 2


def test_what_a_person_decided_is_shown_as_the_label_in_force(
    store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier
) -> None:
    approved(
        store,
        bank,
        (labelled[0][0], replace(labelled[0][1], outcome=Outcome.OUTSIDE, code=None, versions=OLD)),
        OUTSIDE,
    )
    returned = store.submit(bank.officer, Submission(labelled[1][0], replace(labelled[1][1], versions=OLD)))
    store.send_back(bank.first, returned, 0, "缺用途")
    (change,) = outdated(store, bank.auditor, classifier, compare=True).changed
    assert (change.status, change.standing) == (Status.APPROVED, OUTSIDE)
    assert change.now == label(labelled[0][1])


def test_hashes_cannot_be_predicted_again(url: str, bank: Bank, labelled: Labelled, classifier: Classifier) -> None:
    store = ReviewStore.open(url, keep_text=False)
    filed(store, bank, [(labelled[0][0], replace(labelled[0][1], versions=OLD))])
    found = outdated(store, bank.auditor, classifier, compare=True)
    assert (found.count, found.compared, found.without_text) == (1, 0, 1)
    store.close()


def test_only_auditors_see_what_is_outdated(store: ReviewStore, bank: Bank, classifier: Classifier) -> None:
    for actor in (bank.officer, bank.first, bank.admin):
        with pytest.raises(DeniedError):
            outdated(store, actor, classifier)


def test_approved_labels_become_examples_that_training_can_read(
    store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier, tmp_path: Path
) -> None:
    approved(store, bank, labelled[0], OUTSIDE)
    approved(store, bank, labelled[1], label(labelled[1][1]))
    pending = store.submit(bank.officer, Submission(*labelled[2]))
    store.decide(bank.first, pending, 0, OUTSIDE, "只有一人判过")
    found = list(reviewed_examples(store, bank.first))
    assert [(one.id, one.text, one.label) for one in found] == [
        ("case-1", labelled[0][0].description, "目录外"),
        ("case-2", labelled[1][0].description, str(label(labelled[1][1]))),
    ]
    assert found[0].source == "case 1, approved 2026-03-02"
    file = tmp_path / "reviewed.jsonl"
    file.write_text("".join(f"{example_line(one)}\n" for one in found), "utf-8")
    again = read_examples([file])
    check_labels(again, classifier.labels)
    assert again == [replace(one, source="reviewed") for one in found]


def test_of_equal_texts_the_last_approved_case_is_the_example(
    store: ReviewStore, bank: Bank, labelled: Labelled
) -> None:
    approved(store, bank, labelled[0], label(labelled[0][1]))
    approved(store, bank, (replace(labelled[0][0], id="下月"), labelled[0][1]), OUTSIDE)
    assert [(one.id, one.label) for one in reviewed_examples(store, bank.first)] == [("case-2", "目录外")]


def test_a_disputed_label_is_a_borderline_example(store: ReviewStore, bank: Bank, labelled: Labelled) -> None:
    case_id = store.submit(bank.officer, Submission(*labelled[0]))
    store.decide(bank.first, case_id, 0, OUTSIDE, "非涉海")
    store.decide(bank.second, case_id, 1, label(labelled[0][1]), "涉海")
    assert list(reviewed_examples(store, bank.first)) == []
    store.decide(bank.third, case_id, 2, OUTSIDE, "非涉海")
    assert [one.grade for one in reviewed_examples(store, bank.first)] == ["borderline"]


def test_labels_that_training_does_not_know_and_texts_not_kept_are_left_out(
    url: str, store: ReviewStore, bank: Bank, labelled: Labelled, classifier: Classifier
) -> None:
    approved(store, bank, labelled[0], Label(Outcome.BLUE, "4"))
    assert list(reviewed_examples(store, bank.first, classifier.labels)) == []
    assert len(list(reviewed_examples(store, bank.first))) == 1
    hashes = ReviewStore.open(url, keep_text=False)
    approved(hashes, bank, labelled[1], OUTSIDE)
    assert len(list(reviewed_examples(hashes, bank.first))) == 1
    hashes.close()


def test_separate_fields_say_what_they_are_in_one_text() -> None:
    assert whole_text(Application("1", "  建设码头 ")) == "  建设码头 "
    assert whole_text(Application("1", "建设码头。", purpose="购买岸桥", scope="装卸")) == (
        "项目描述：建设码头。贷款用途：购买岸桥。经营范围：装卸。"
    )


def test_only_reviewers_export_examples(store: ReviewStore, bank: Bank) -> None:
    for actor in (bank.officer, bank.auditor, bank.admin):
        with pytest.raises(ClassifierError):
            reviewed_examples(store, actor)
