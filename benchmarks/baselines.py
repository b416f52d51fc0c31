"""What the product is measured against: jieba alone, and the two pipelines that people write with scikit-learn.

The scikit-learn pipelines carry the product's own features, classes and weights, so they do the same sums. They get the layout
scikit-learn is fast with: float32 and a transposed coefficient matrix in C order (any other is re-laid at every call), and
jieba without its guessing of new words, which is faster. They apply no context rules and explain nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import jieba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from classifier import Classifier

Array = NDArray[np.float32]

BARE_IMPORT = "import sklearn.linear_model, sklearn.feature_extraction.text"


def loaded_jieba(words: Iterable[str] = ()) -> "jieba.Tokenizer":
    """jieba with its own dictionary, read from the package and not from a cache file."""
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    for word in words:
        cutter.add_word(word)
    return cutter


@cache
def _plain_jieba() -> "jieba.Tokenizer":
    return loaded_jieba()


def jieba_alone() -> Callable[[Iterable[str]], None]:
    """``jieba.lcut`` as it comes (HMM on, its own dictionary) on each text, and nothing else."""
    cut = _plain_jieba().lcut

    def cut_all(texts: Iterable[str]) -> None:
        for text in texts:
            cut(text)

    return cut_all


def normalise_each(texts: Iterable[str]) -> list[str]:
    """One record after the other through the standard library: NFKC, runs of blanks to one."""
    return [unicodedata.normalize("NFKC", " ".join(text.split())) for text in texts]


class ScikitPipelines:
    """The product's model in scikit-learn's clothes, used row by row or in one batch."""

    def __init__(self, classifier: Classifier) -> None:
        assert classifier.model is not None
        model, lexicon = classifier.model, classifier.rules.lexicon
        self._literals = sorted({word for term in lexicon.terms for part in term.parts for word in part})
        by_length = sorted(self._literals, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, by_length)))
        cut = loaded_jieba(sorted(set(lexicon.words))).lcut
        words = [row for row, key in enumerate(model.vocabulary) if key[0] in "wb"]
        groups = [row for row, key in enumerate(model.vocabulary) if key[0] == "c"]
        self._words = _vectoriser(
            [model.vocabulary[row][1:] for row in words], model.idf[words], lambda text: cut(text, HMM=False)
        )
        self._groups = _vectoriser([model.vocabulary[row][1:] for row in groups], model.idf[groups], None)
        self._regression = _regression(model.weights[words + groups], model.bias)

    def row_by_row(self, texts: Iterable[str]) -> list[int]:
        """As a script does it: normalise, look for each term, vectorise and predict, one row at a time."""
        found = []
        for text in normalise_each(texts):
            _ = [literal for literal in self._literals if literal in text]
            found.append(int(self._shares([text]).argmax()))
        return found

    def batch(self, texts: Iterable[str]) -> NDArray[np.intp]:
        """As a batch job does it: one regular expression of all terms, one call of each vectoriser and of the model."""
        normal = normalise_each(texts)
        for text in normal:
            self._pattern.findall(text)
        return np.asarray(self._shares(normal).argmax(axis=1))

    def _shares(self, texts: Sequence[str]) -> Array:
        vectors = hstack([self._words.transform(texts), self._groups.transform(texts)], format="csr")
        return np.asarray(self._regression.predict_proba(csr_matrix(vectors)))


def _vectoriser(keys: Sequence[str], idf: Array, tokenise: Callable[[str], list[str]] | None) -> TfidfVectorizer:
    vectoriser = TfidfVectorizer(
        analyzer="word" if tokenise else "char",
        tokenizer=tokenise,
        token_pattern=None if tokenise else r"(?u)\b\w\w+\b",
        ngram_range=(1, 2) if tokenise else (1, 3),
        vocabulary=keys,
        sublinear_tf=True,
        dtype=np.float32,
    )
    vectoriser.idf_ = idf
    return vectoriser


def _regression(weights: Array, bias: Array) -> LogisticRegression:
    regression = LogisticRegression()
    regression.coef_ = np.ascontiguousarray(weights, dtype=np.float32).T
    regression.intercept_ = bias.astype(np.float32)
    regression.classes_ = np.arange(len(bias))
    regression.n_features_in_ = len(weights)
    return regression
