"""The benchmark: its corpus is what it says and the same for ever, its baselines do the same sums, its table is whole.

Nothing here asserts a time; the ratios are for people to read.
"""

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import mean
from time import process_time
from typing import Any

import pytest

from benchmarks.baselines import ScikitPipelines
from benchmarks.corpus import FULL_WIDTH, LINE_BREAK, NOT_BLUE, Corpus, Record, Words, product_words, write_book
from benchmarks.goals import GOALS, Finding, Goal, table
from benchmarks.measure import Spread, interleave, ratio, tree_memory
from benchmarks.product import STAGES
from benchmarks.run import main
from benchmarks.stages import REST, looking
from benchmarks.stages import table as stage_table
from classifier import Application, Classifier
from classifier.lexicon import INSUFFICIENT, OUTSIDE
from classifier.loanbook.book import open_book
from classifier.loanbook.columns import Role

ROOT = Path(__file__).parents[1]
FEW_WORDS = Words(
    terms={
        "1": [(("海带", "扇贝"), ("养殖",))],
        "2": [(("码头",),)],
        OUTSIDE: [(("商铺",),)],
        INSUFFICIENT: [(("周转",),)],
    },
    places=["甲市", "乙县"],
    common=["的", "资金", "公司"],
    frequencies=[5, 3, 1],
)


@cache
def records() -> list[Record]:
    return list(Corpus(product_words()).records(4000))


def digest(corpus: Corpus) -> str:
    return hashlib.sha256("\n".join(map(repr, corpus.records(300))).encode()).hexdigest()


def test_corpus_of_given_words_never_changes() -> None:
    assert digest(Corpus(FEW_WORDS)).startswith("9b66232eb04a18fc")


def test_corpus_does_not_depend_on_the_process() -> None:
    code = "from test_benchmarks import *; print(digest(Corpus(product_words())))"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == digest(Corpus(product_words()))


def test_a_record_is_the_same_alone_and_in_order() -> None:
    assert [Corpus(product_words()).record(number) for number in (0, 17, 3999)] == [
        records()[number] for number in (0, 17, 3999)
    ]


def test_corpus_has_the_lengths_of_real_books() -> None:
    lengths = sorted(len(record.description) for record in records())
    assert mean(len(record.name) for record in records()) == pytest.approx(16, abs=0.5)
    assert mean(lengths) == pytest.approx(133, abs=5)
    assert lengths[0] >= 60 and lengths[-1] <= 800
    assert lengths[len(lengths) * 95 // 100] == pytest.approx(257, abs=20)


def test_corpus_has_the_blemishes_of_real_books() -> None:
    number = len(records())
    assert len({(record.name, record.description) for record in records()}) / number == pytest.approx(0.9, abs=0.02)
    assert sum(record.label in (OUTSIDE, INSUFFICIENT) for record in records()) / number == pytest.approx(
        NOT_BLUE, abs=0.03
    )
    assert sum("\n" in record.description for record in records()) / number == pytest.approx(LINE_BREAK, abs=0.01)
    wide = sum(
        any("！" <= sign <= "～" and sign not in "，：；" for sign in record.description) for record in records()
    )
    assert wide / number == pytest.approx(FULL_WIDTH, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_corpus_repeats_as_much_as_it_is_told(share: float) -> None:
    made = list(Corpus(FEW_WORDS, share).records(2000))
    assert 1 - len({(record.name, record.description, record.balance) for record in made}) / 2000 == pytest.approx(
        share, abs=0.04
    )


def test_books_in_both_encodings_hold_the_same_rows(tmp_path: Path) -> None:
    corpus = Corpus(product_words())
    books = [open_book(write_book(tmp_path / f"{name}.csv", corpus, 50, name)) for name in ("utf-8", "gb18030")]
    assert list(books[0].rows()) == list(books[1].rows())
    assert [row.cells for row in books[0].rows()] == [record.cells() for record in corpus.records(50)]
    assert set(books[0].layout.columns) == {Role.ID, Role.NAME, Role.DESCRIPTION, Role.BALANCE}


def test_a_book_is_written_without_being_held(tmp_path: Path) -> None:
    corpus = Corpus(FEW_WORDS)
    write_book(tmp_path / "warm.csv", corpus, 10)
    tracemalloc.start()
    book = write_book(tmp_path / "book.csv", corpus, 3000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < book.stat().st_size / 4


def test_scikit_learn_pipelines_give_the_models_own_answers(classifier: Classifier) -> None:
    texts = [item.name for item in classifier.catalogue.items]
    readings = [classifier.rules.read(Application("", text)) for text in texts]
    assert classifier.model is not None
    own = [int(classifier.model.scores(classifier.model.read(reading.passages)).argmax()) for reading in readings]
    pipelines = ScikitPipelines(classifier)
    assert list(pipelines.batch(texts)) == own
    assert pipelines.row_by_row(texts) == own


def test_tasks_take_turns_and_another_begins_each_round() -> None:
    order: list[str] = []
    ticks = count()
    seconds = interleave({name: lambda name=name: order.append(name) for name in "ab"}, 3, lambda: next(ticks))
    assert "".join(order) == "abbaab"
    assert seconds == {"a": [1, 1, 1], "b": [1, 1, 1]}


def test_a_ratio_is_taken_within_each_round() -> None:
    assert ratio([2, 40, 3], [1, 10, 1]) == Spread(3, 2, 4)


@pytest.mark.parametrize(("at_most", "reached"), [(True, "yes"), (False, "no")])
def test_table_says_whether_a_goal_is_reached(at_most: bool, reached: str) -> None:
    goal = Goal("group", "key", "title", 2, at_most=at_most)
    assert f"| **1.5** (1 to 1.75) | {reached} |" in table([Finding("key", Spread(1.5, 1, 1.75))], [goal])[-1]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not tell")
def test_memory_of_a_process_includes_those_it_started() -> None:
    held = "import sys; held = bytearray(60_000_000); print(flush=True); sys.stdin.read()"
    before = tree_memory(os.getpid())
    with subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert tree_memory(os.getpid()) - before > 50
        child.communicate()


def test_smoke_run_fills_every_row_of_the_table(tmp_path: Path) -> None:
    target = tmp_path / "table.md"
    assert main(["--rows", "4", "--file-rows", "4", "--rounds", "1", "--markdown", str(target)]) == 0
    lines = target.read_text("utf-8").splitlines()
    rows = {cells[1].strip(): cells for line in lines if len(cells := line.split("|")) == 7}
    for goal in GOALS:
        *_, figure, reached, note, _ = rows[goal.title]
        assert reached.strip() in ("yes", "no", "too few rows") or "not " in note
        assert "**" in figure or reached.strip() == "-"
    assert set(STAGES) <= {line.split("|")[1].strip() for line in lines if line.startswith("|")}


def test_the_time_of_every_stage_is_that_of_modules_there_are() -> None:
    assert all(find_spec(module) for modules in STAGES.values() for module in modules)


def test_a_look_counts_for_the_innermost_module_named() -> None:
    spent = Counter[str]()
    source = "def work():\n    start = process_time()\n    while process_time() - start < 0.05: pass"
    inner: dict[str, Any] = {"__name__": "classifier.text", "process_time": process_time}
    exec(source, inner)
    outer: dict[str, Any] = {"__name__": "classifier.deciding", "work": inner["work"]}
    exec("def call(): work()", outer)
    with looking(spent):
        outer["call"]()
    assert spent["normalising"] > 0.03 > spent["decision"] + spent[REST]


def test_stages_are_shown_as_parts_of_the_whole() -> None:
    lines = list(stage_table(Counter({"normalising": 1, REST: 3}), 0.0002, Spread(0.5, 0, 1)))
    assert "| normalising | 50 | 25% | 0.12 |" in lines
    assert f"| {REST} | 150 | 75% | 0.38 |" in lines
