"""No text of a test set may stand in the training texts or the rules, nor a near-duplicate of one."""

import os
from collections import defaultdict
from pathlib import Path

import pytest

from classifier.examples import Example, read_examples
from classifier.lexicon import load_lexicon
from classifier.text import normalise
from taxonomy import Catalogue

ROOT = Path(__file__).parent.parent
EXAMPLES = read_examples(sorted((ROOT / "data" / "examples").glob("*.jsonl")))
# Held-out sets: our own, and the real texts where they lie beside the project (LANMU_CASES names the file).
TEST_SETS = [
    path
    for path in (
        ROOT / "tests" / "tables" / "stress.jsonl",
        Path(os.environ.get("LANMU_CASES", ROOT.parent / "shared" / "cases" / "dev.jsonl")),
    )
    if path.exists()
]
GROUP = 5
NEAR = 0.5
LONG_ENOUGH = 10  # a bare name such as 海上风电场 may occur to anyone


def groups(text: str) -> set[str]:
    return {text[start : start + GROUP] for start in range(len(text) - GROUP + 1)}


def near_duplicates(tests: list[Example], training: list[Example]) -> list[tuple[str, str]]:
    """Pairs of ids that share NEAR of their five-character groups (Jaccard), or of the shorter one's where both are long.

    A stock phrase inside a longer text (海洋生态保护修复工程) is no copy.
    """
    places: dict[str, list[int]] = defaultdict(list)
    sets = [groups(normalise(example.text).text) for example in training]
    for number, own in enumerate(sets):
        for group in own:
            places[group].append(number)
    found = []
    for test in tests:
        wanted = groups(normalise(test.text).text)
        if len(wanted) < LONG_ENOUGH - GROUP + 1:
            continue
        shared: dict[int, int] = defaultdict(int)
        for group in wanted:
            for number in places.get(group, ()):
                shared[number] += 1
        for number, count in shared.items():
            smaller, union = min(len(wanted), len(sets[number])), len(wanted) + len(sets[number]) - count
            if count / union >= NEAR or (smaller >= 40 and count / smaller >= NEAR):
                found.append((test.id, training[number].id))
    return found


@pytest.mark.parametrize("path", TEST_SETS, ids=lambda path: path.stem)
def test_no_test_text_is_a_training_text(path: Path) -> None:
    assert near_duplicates(read_examples([path]), EXAMPLES) == []


@pytest.mark.parametrize("path", TEST_SETS, ids=lambda path: path.stem)
def test_no_rule_was_made_for_one_test_text(path: Path, catalogue: Catalogue) -> None:
    """A long term that is most of a test text and stands in no training text would be such a rule."""
    lexicon = load_lexicon({item.code for item in catalogue.items})
    training = "\n".join(normalise(example.text).text for example in EXAMPLES)
    literals = {word for term in lexicon.terms for part in term.parts for word in part if len(word) >= 10}
    unknown = [word for word in literals if word not in training]
    tests = [(example.id, normalise(example.text).text) for example in read_examples([path])]
    assert [
        (id, word) for id, text in tests for word in unknown if word in text and len(word) * 5 >= len(text) * 3
    ] == []


def test_the_check_finds_a_planted_copy() -> None:
    planted = next(example for example in EXAMPLES if len(example.text) > 40)
    copy = Example("copy", "拟" + planted.text[:-2], planted.label)
    assert ("copy", planted.id) in near_duplicates([copy], EXAMPLES)
