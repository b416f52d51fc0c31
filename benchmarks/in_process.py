"""Goals measured within processes of our own: the batch beside its baselines, its parts, duplicates, single records, workers."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from benchmarks.baselines import ScikitPipelines, jieba_alone, normalise_each
from benchmarks.corpus import SEED, Corpus, product_words, write_book
from benchmarks.goals import Finding
from benchmarks.measure import Spread, library, ratio, run_python
from benchmarks.product import (
    COMPILED_TOKENISERS,
    Predict,
    explained,
    labelled,
    match_all,
    normalise_all,
    reference,
    unexplained,
)
from benchmarks.rounds import Batch, Plan, Task, batches, in_turns
from classifier import Application
from classifier.batch import label_book

_NONE = "not available: the product always explains"
_SINGLE = 500  # records one by one
_TASKS = 12  # chunks for the processes, if there are rows enough
_CHUNK = 1000
_SHARES = (0.0, 0.1, 0.5)  # of duplicates


def batch(plan: Plan) -> Iterator[Finding]:
    """The whole batch beside jieba alone and the scikit-learn pipelines."""
    scikit, bare = ScikitPipelines(reference()), unexplained()
    tasks: dict[str, Task] = {
        "jieba": _cut(),
        "ours": _predict(explained),
        "naive": lambda given: scikit.row_by_row(given.texts),
        "conventional": lambda given: scikit.batch(given.texts),
    }
    if bare:
        tasks["bare"] = _predict(bare)
    spent = in_turns(tasks, batches("batch", plan.rows, plan.rounds))
    rates = {name: f"{plan.rows / median(seconds):,.0f} records/s" for name, seconds in spent.items()}
    whole = ratio(spent["ours"], spent["jieba"])
    yield Finding("explained", whole, f"{rates['ours']}; jieba {rates['jieba']}, HMM on, own dictionary")
    yield Finding("unexplained", ratio(spent["bare"], spent["jieba"]) if bare else None, rates.get("bare", _NONE))
    yield _uncompiled(plan, whole)
    for name in ("naive", "conventional"):
        yield Finding(name, ratio(spent[name], spent["ours"]), rates[name])


def _cut() -> Task:
    cut = jieba_alone()
    return lambda given: cut(given.fields)


def _predict(predict: Predict) -> Task:
    return lambda given: predict(given.applications)


def _uncompiled(plan: Plan, whole: Spread) -> Finding:
    """The first goal again, in a process where no compiled tokeniser can be imported."""
    installed = [name for name in COMPILED_TOKENISERS if library(name)]
    if not installed:
        return Finding("uncompiled", whole, "none is installed: the first row again")
    block = f"import sys; sys.modules.update(dict.fromkeys({COMPILED_TOKENISERS!r}))"
    measure = f"from benchmarks.in_process import print_against_jieba as run; run({plan.rows}, {plan.rounds})"
    figures = json.loads(run_python(f"{block}; {measure}").output.splitlines()[-1])
    return Finding("uncompiled", Spread(*figures), f"{', '.join(installed)} kept from loading")


def print_against_jieba(rows: int, rounds: int) -> None:
    """Print the ratio of the whole batch to jieba alone as JSON: middle, least, greatest."""
    spent = in_turns({"jieba": _cut(), "ours": _predict(explained)}, batches("batch", rows, rounds))
    figure = ratio(spent["ours"], spent["jieba"])
    print(json.dumps([figure.middle, figure.least, figure.greatest]))


def encoder(plan: Plan) -> Iterator[Finding]:
    """Transformer encoders on the processor beside the whole batch, each on a few records: all cost the same."""
    from benchmarks.encoder import SIZES, label_with

    classes = len(reference().labels)
    few = {name: min(plan.rows, size.records) for name, size in SIZES.items()}
    tasks = {name: _label(label_with(size, classes), few[name]) for name, size in SIZES.items()}
    spent = in_turns({**tasks, "ours": _predict(explained)}, batches("encoder", plan.rows, plan.rounds))
    for name, records in few.items():
        note = f"{records / median(spent[name]):,.1f} records/s, one thread, 128 tokens, random weights"
        yield Finding(name, ratio(spent[name], spent["ours"], plan.rows / records), note)


def _label(label: Callable[[Sequence[str]], None], records: int) -> Task:
    return lambda given: label(given.texts[:records])


def normalise(plan: Plan) -> Iterator[Finding]:
    """The product's normalisation beside the standard library's."""
    tasks: dict[str, Task] = {
        "ours": lambda given: normalise_all(given.fields),
        "each": lambda given: normalise_each(given.fields),
    }
    spent = in_turns(tasks, batches("normalise", plan.rows, plan.rounds))
    yield Finding("normalise", ratio(spent["ours"], spent["each"]), "beside NFKC and one blank for many")


def match(plan: Plan) -> Iterator[Finding]:
    """What ten times the terms cost: the lexicon's words in random order, filled up from jieba's dictionary."""
    lexicon = reference().rules.lexicon
    own = sorted({word for term in lexicon.terms for part in term.parts for word in part})
    Random(SEED).shuffle(own)
    literals = [*own, *(word for word in product_words().common[::40] if len(word) > 1)]
    few, many = match_all(literals[:500]), match_all(literals[:5000])
    tasks: dict[str, Task] = {"few": lambda given: few(given.fields), "many": lambda given: many(given.fields)}
    spent = in_turns(tasks, batches("match", plan.rows, plan.rounds))
    yield Finding("match", ratio(spent["many"], spent["few"]), f"{min(len(own), 5000):,} of them from the lexicon")


def duplicates(plan: Plan) -> Iterator[Finding]:
    """The gain by duplicates over none, per character, as texts of other lengths are drawn."""
    yield from _gains(plan, "in memory", dict.fromkeys(_SHARES, _predict(explained)))
    yield from _gains(plan, "of a file", {share: _label_book(plan.folder, share) for share in _SHARES})


def _gains(plan: Plan, where: str, tasks: Mapping[float, Task]) -> Iterator[Finding]:
    given = {share: batches(f"{share} {where}", plan.rows, plan.rounds, share) for share in tasks}
    for share, batch in ((share, batch) for share, found in given.items() for batch in found):
        corpus = Corpus(product_words(), share, batch.seed)
        write_book(_book(plan.folder, share, batch), corpus, len(batch.applications))
    spent = in_turns(tasks, given)
    costs = {
        share: [seconds / batch.characters for seconds, batch in zip(spent[share], given[share][1:], strict=True)]
        for share in tasks
    }
    for share in _SHARES[1:]:
        yield Finding(f"{share:.0%} {where}", ratio(costs[0.0], costs[share]), "per character")


def _label_book(folder: Path, share: float) -> Task:
    return lambda given: label_book(reference(), _book(folder, share, given), folder / "labelled.csv")


def _book(folder: Path, share: float, batch: Batch) -> Path:
    return folder / f"{share}-{batch.seed}.csv"


def single(plan: Plan) -> Iterator[Finding]:
    """Records one by one, warm, beside jieba's cut of each."""
    predict, rows = reference().predict, min(plan.rows, _SINGLE)
    tasks: dict[str, Task] = {
        "jieba": _cut(),
        "ours": lambda given: [predict(application) for application in given.applications],
    }
    spent = in_turns(tasks, batches("single", rows, plan.rounds, duplicates=0))
    each = median(spent["ours"]) / rows * 1000
    yield Finding("single", ratio(spent["ours"], spent["jieba"]), f"{each:.2f} ms a record, {rows} records")


def workers(plan: Plan) -> Iterator[Finding]:
    """Two warm processes beside one: chunks of applications go to them and the cells of a labelled book come back."""
    from joblib import Parallel, delayed

    size = max(1, min(_CHUNK, plan.file_rows // _TASKS))
    with Parallel(n_jobs=2, batch_size=1) as parallel:
        tasks: dict[str, Task] = {
            "one": lambda given: [labelled(chunk) for chunk in _chunks(given, size)],
            "two": lambda given: parallel(delayed(labelled)(chunk) for chunk in _chunks(given, size)),
        }
        warming, *given = batches("workers", plan.file_rows, plan.rounds)
        parallel(delayed(labelled)(warming.applications) for _ in range(4))  # so that both load the model
        spent = in_turns(tasks, [warming, *given], perf_counter)
    yield Finding("workers in memory", ratio(spent["one"], spent["two"]), f"wall time, {plan.file_rows:,} records")


def _chunks(given: Batch, size: int) -> list[Sequence[Application]]:
    return [given.applications[start : start + size] for start in range(0, len(given.applications), size)]
