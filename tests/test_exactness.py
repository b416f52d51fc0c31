"""The quick way gives what the plain way gives: jieba's tokens, the plain rules' readings, the plain model's scores, bit by bit."""

import math
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jieba
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from benchmarks.baselines import loaded_jieba
from benchmarks.corpus import Corpus, product_words
from benchmarks.exact import RECORDS, STRINGS, fuzz, jieba_tokens, our_tokens
from classifier import Application, Classifier
from classifier.combine import untied, untied_many
from classifier.examples import read_examples
from classifier.fast.batchwise import BatchRules
from classifier.fast.reading import TermColumns
from classifier.fast.vectors import BatchModel
from classifier.money import money_parts, read_alone
from classifier.records import Field
from classifier.rules import Reading
from classifier.text import normalise, normalise_many
from classifier.words.columns import in_order
from classifier.words.tokeniser import Dictionary

_STRESS = Path(__file__).parent / "tables" / "stress.jsonl"


@pytest.fixture(scope="module")
def words(classifier: Classifier) -> list[str]:
    return sorted(set(classifier.rules.lexicon.words))


@pytest.fixture(scope="module")
def cutter(words: list[str]) -> "jieba.Tokenizer":
    return loaded_jieba(words)


@pytest.fixture(scope="module")
def applications() -> list[Application]:
    """Records of the benchmark, hard cases, and the same with every field filled."""
    texts = [example.text for example in read_examples([_STRESS])]
    full = [
        Application(f"f{number}", text[:9], text[:20], text, f"海带养殖;{text[:10]}", "A0411 海水养殖")
        for number, text in enumerate(texts[::4])
    ]
    odd = [
        Application("", text)
        for text in ("", " \n", "İΣ 12.5MW", "海 上\n風電", "é\u0301①\0海带", "除" * 200, "风" * 300)
    ]
    records = [record.application() for record in Corpus(product_words()).records(250)]
    return [*records, *(Application(f"s{number}", text) for number, text in enumerate(texts[::2])), *full, *odd]


def test_tokens_are_jiebas(words: list[str], cutter: "jieba.Tokenizer") -> None:
    corpus = [normalise(text).text for record in Corpus(product_words()).records(RECORDS) for text in record.cells()]
    strings = [*corpus, *fuzz(STRINGS, [word for word, count in cutter.FREQ.items() if count])]
    dictionary = Dictionary(words)
    for start in range(0, len(strings), 2000):
        part = strings[start : start + 2000]
        assert our_tokens(dictionary, part) == [jieba_tokens(cutter, text) for text in part]


def test_a_text_is_cut_alike_alone_and_with_the_words_of_its_own_characters_only(words: list[str]) -> None:
    dictionary = Dictionary(words)
    for text in fuzz(8, words):
        alone = our_tokens(dictionary, [text])
        assert alone == our_tokens(dictionary, [text] * 30)[3:4]
        assert alone == our_tokens(Dictionary(words, set(map(ord, text))), [text])


def test_texts_normalised_together_are_normalised_as_one_by_one(applications: list[Application]) -> None:
    texts = [application.text(field) for application in applications for field in Field]
    texts += fuzz(3000, ["海 洋", "離岸", "ＬＮＧ　ＦＳＲＵ", "e\u0301", "\u200b", "㎡", "\0", "が", "\ud800"])
    texts += [f"{word}{blanks}B" for word in ("MB", "ｋＶ", "12") for blanks in ("\n  ", " \n", "\r\n\n", "　\n　")]
    for given in (
        texts,
        [text for text in texts if "\0" not in text],
    ):  # a text with the parting sign is none for the table
        assert [_plain(one) for one in normalise_many(given)] == [_plain(normalise(text)) for text in given]


def _plain(normal: tuple[str, str, Sequence[int], Sequence[int]]) -> tuple[str, str, list[int], list[int]]:
    return normal[0], normal[1], list(normal[2]), list(normal[3])


def _comparable(reading: Reading) -> tuple[object, ...]:
    passages = [(one.field, _plain(one.normal), one.weights.tolist()) for one in reading.passages]
    return passages, reading.hits, reading.shifts, reading.ties, reading.is_boilerplate


def test_readings_are_those_of_the_plain_rules(classifier: Classifier, applications: list[Application]) -> None:
    together = BatchRules(classifier.rules).read(applications).readings
    for application, reading in zip(applications, together, strict=True):
        assert _comparable(reading) == _comparable(classifier.rules.read(application))


def test_readings_of_texts_full_of_cues_are_those_of_the_plain_rules(classifier: Classifier) -> None:
    contexts = classifier.rules.lexicon.contexts
    cues = [half for rule in contexts for cue in (*rule.cues, *rule.stops, *rule.unless) for half in cue.split("...")]
    some = ["海带养殖", "海上风电", "3,5", "1:2", ",", "。", "贷款", "万元", *classifier.rules.tie_of][:60]
    texts = fuzz(3000, cues + some * 8)
    given = [Application("", text, purpose=other) for text, other in zip(texts, texts[::-1], strict=True)]
    together = BatchRules(classifier.rules).read(given).readings
    assert sum(len(reading.shifts) for reading in together) > len(given)
    for application, reading in zip(given, together, strict=True):
        assert _comparable(reading) == _comparable(classifier.rules.read(application))


def test_columns_of_a_batch_are_those_of_its_readings(classifier: Classifier, applications: list[Application]) -> None:
    terms = TermColumns.of(classifier.rules.lexicon.terms, classifier.labels)
    batch = BatchRules(classifier.rules).read(applications)
    needs = classifier.rules.lexicon.needs
    assert batch.columns.ties.tolist() == [list(reading.ties) for reading in batch.readings]
    assert list(map(list, untied_many(batch.columns, terms, needs))) == [untied(one, needs) for one in batch.readings]
    assert batch.columns.hits.strong(terms, len(applications)) == [reading.strong for reading in batch.readings]


def test_parts_of_the_money_are_read_as_the_plain_rules_read_them(classifier: Classifier) -> None:
    text = "一期投资3000万元建设冷库、加工海带，不含码头；二期2亿元建海上风电场；三期5000万元养殖、销售扇贝，另修公路。"
    batch = BatchRules(classifier.rules).read([Application("", text), Application("", "海带养殖", purpose=text)])
    parts = [(number, part) for number, reading in enumerate(batch.readings) for part in money_parts(reading)]
    assert len(parts) == 6
    first = [0, 1]  # passages before those of each application
    passages = np.array([first[number] + part.passage for number, part in parts])
    columns = batch.columns.alone(passages, np.array([part.span for _, part in parts]))
    assert (columns.hits.starts[:, 1] >= 0).any() and (columns.hits.starts[:, 1] < 0).any()
    for number, (record, part) in enumerate(parts):
        alone = read_alone(batch.readings[record], part)
        whole = [len(hit.spans) for hit in batch.readings[record].hits if hit.passage == part.passage]
        assert len(alone.hits) < len(whole)
        own = slice(*np.searchsorted(columns.hits.records, [number, number + 1]))
        spans = np.stack([columns.hits.starts[own], columns.hits.ends[own]], axis=2).tolist()
        weights = columns.joined.weights[columns.joined.passages == number][:-1]
        assert columns.ties[number].tolist() == list(alone.ties)
        assert [classifier.rules.lexicon.terms[term] for term in columns.hits.terms[own]] == [
            hit.term for hit in alone.hits
        ]
        assert [[tuple(span) for span in row if span[0] >= 0] for row in spans] == [
            list(one.spans) for one in alone.hits
        ]
        assert columns.hits.weights[own].tolist() == [hit.weight for hit in alone.hits]
        assert weights.tolist() == alone.passages[part.passage].weights.tolist()
        assert sum(passage.weights.sum() for passage in alone.passages) == weights.sum()


@pytest.mark.parametrize("widest", [2**3, 2**20, 2**40])  # packed in one number, and not
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_rows_come_in_order_of_their_columns_and_then_of_their_places(widest: int, size: int) -> None:
    random = np.random.default_rng(7)
    columns = [random.choice([0, 1, 2, widest // 2, widest], size) for _ in range(3)]
    assert in_order(*columns).tolist() == np.lexsort(columns[::-1]).tolist()


def test_scores_and_words_are_those_of_the_plain_model(classifier: Classifier, applications: list[Application]) -> None:
    model = classifier.model
    assert model is not None
    readings = [classifier.rules.read(application) for application in applications]
    batch = BatchModel(model)
    vectors = batch.read(BatchRules(classifier.rules).read(applications).columns.joined)
    scores = batch.scores(vectors)
    labels = [model.labels[number] for number in scores.argmax(axis=1)]
    words = list(zip(*(column.tolist() for column in batch.words(vectors, labels, 8)), strict=True))
    passages = 0
    for number, (reading, own, label) in enumerate(zip(readings, scores, labels, strict=True)):
        vector = model.read(reading.passages)
        assert np.array_equal(own, model.scores(vector))
        plain = [(number, word.passage + passages, *word[1:]) for word in model.words(vector, label, 8)]
        assert [word for word in words if word[0] == number] == plain
        passages += len(reading.passages)


def test_predictions_do_not_depend_on_their_neighbours(classifier: Classifier, applications: list[Application]) -> None:
    one_by_one = [classifier.predict(application) for application in applications]
    assert classifier.predict_many(applications) == one_by_one
    for size in (1, 7):
        few = applications[: 20 * size]
        parts = [few[start : start + size] for start in range(0, len(few), size)]
        assert [one for part in parts for one in classifier.predict_many(part)] == one_by_one[: len(few)]


def test_predictions_do_not_depend_on_how_many_are_read_at_once(classifier: Classifier) -> None:
    many = [record.application() for record in Corpus(product_words()).records(1100)]
    whole = classifier.predict_many(many)
    assert classifier.predict_many(many[:1000]) + classifier.predict_many(many[1000:]) == whole


def test_predictions_do_not_depend_on_the_threads_of_numpy() -> None:
    programme = (
        "from benchmarks.corpus import Corpus, product_words; from classifier import Classifier; "
        "given = [record.application() for record in Corpus(product_words()).records(150)]; "
        "print(*Classifier.load().predict_many(given), sep='\\n')"
    )
    told = []
    for threads in ("1", "4"):
        limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        ran = subprocess.run([sys.executable, "-c", programme], env={**os.environ, **limits}, capture_output=True)
        told.append(ran.stdout)
        assert ran.returncode == 0, ran.stderr
    assert told[0] == told[1]


def test_texts_given_twice_get_the_same_prediction_under_their_own_ids(classifier: Classifier) -> None:
    first, second = Application("a", "海带养殖"), Application("b", "海带养殖")
    other = Application("c", "修路")
    found = classifier.predict_many([first, other, second])
    assert found == [classifier.predict(one) for one in (first, other, second)]
    assert [one.application_id for one in found] == ["a", "c", "b"]


def test_a_prepared_classifier_travels_and_predicts_the_same(classifier: Classifier) -> None:
    classifier.prepare()
    some = [Application(str(number), text) for number, text in enumerate(("海上风电场", "修路", "海带养殖"))]
    assert pickle.loads(pickle.dumps(classifier)).predict_many(some) == classifier.predict_many(some)


def test_without_explanation_only_the_evidence_is_missing(
    classifier: Classifier, applications: list[Application]
) -> None:
    some = applications[::10]
    for bare, full in zip(classifier.predict_many(some, explain=False), classifier.predict_many(some), strict=True):
        assert bare.evidence == ()
        names = [name for name in type(full).__dataclass_fields__ if name != "evidence"]
        assert [getattr(bare, name) for name in names] == [getattr(full, name) for name in names]


def test_scores_are_those_of_scikit_learn(classifier: Classifier, applications: list[Application]) -> None:
    model = classifier.model
    assert model is not None
    batch = BatchModel(model)
    vectors = batch.read(BatchRules(classifier.rules).read(applications).columns.joined)
    matrix = csr_matrix(
        (vectors.values, vectors.rows, vectors.firsts), shape=(len(applications), len(model.vocabulary))
    )
    regression = LogisticRegression()
    regression.coef_ = model.weights.T.astype(np.float64)
    regression.intercept_ = model.bias.astype(np.float64)
    regression.classes_ = np.arange(len(model.labels))
    regression.n_features_in_ = len(model.vocabulary)
    scores = regression.decision_function(matrix)
    assert np.abs(scores - batch.scores(vectors)).max() < 1e-4
    assert np.array_equal(scores.argmax(axis=1), batch.scores(vectors).argmax(axis=1))


def test_own_words_get_jiebas_frequencies(words: list[str], cutter: "jieba.Tokenizer") -> None:
    dictionary = Dictionary(words)
    for word in words:
        share = dictionary.share(word)
        assert share == math.log(cutter.FREQ[word]) - math.log(cutter.total)
    assert dictionary.share("海带养殖场的") is None
