"""The few places where the benchmark touches the product: a change of its interface is followed here alone."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from inspect import signature

from classifier import Application, Classifier, Prediction
from classifier.loanbook.outputs import prediction_cells
from classifier.rules import Matcher
from classifier.table import Cell
from classifier.text import normalise_many

COMPILED_TOKENISERS = ("rjieba",)
NOT_FOR_PREDICTING = ("sklearn", "scipy", "pandas", "jieba", "streamlit")

# The stages of a batch and the modules that do their work (see ``benchmarks.stages``).
STAGES = {
    "normalising": ("classifier.text",),
    "words of jieba's dictionary": ("classifier.words.tokeniser",),
    "terms and ties found": ("classifier.fast.batchwise", "classifier.rules"),
    "context rules": ("classifier.fast.contexts", "classifier.contexts"),
    "features, scores, the words behind them": ("classifier.fast.vectors", "classifier.model"),
    "sums of money": ("classifier.money",),
    "combination and calibration": ("classifier.combine",),
    "decision": ("classifier.deciding", "classifier.seen"),
    "evidence and reasons": ("classifier.evidence",),
}

Predict = Callable[[Sequence[Application]], object]

COMMAND = "import sys; from classifier.cli import main; sys.exit(main())"
COMMAND_WITH_MODULES = (
    "import sys; from classifier.cli import main; code = main(); "
    "print(*sorted({name.partition('.')[0] for name in sys.modules})); sys.exit(code)"
)


@cache
def reference() -> Classifier:
    """The classifier of this process, loaded once."""
    return Classifier.load()


def explained(applications: Sequence[Application]) -> list[Prediction]:
    """The whole pipeline with full explanation."""
    return reference().predict_many(applications)


def labelled(applications: Sequence[Application]) -> list[list[Cell]]:
    """What a worker does with a chunk of a loan book: only the cells that are written travel back."""
    catalogue = reference().catalogue
    return [prediction_cells(prediction, catalogue) for prediction in explained(applications)]


def unexplained() -> Predict | None:
    """The pipeline without explanation, by a classifier that has seen nothing; None while it cannot be left out."""
    names = [name for name in signature(Classifier.predict_many).parameters if name.startswith(("expla", "evidence"))]
    predict_many: Callable[..., object] = Classifier.load().predict_many
    return partial(predict_many, **{names[0]: False}) if names else None


def normalise_all(texts: Sequence[str]) -> None:
    """The texts normalised as the product does it for a loan book."""
    normalise_many(texts)


def match_all(literals: Sequence[str]) -> Callable[[Iterable[str]], None]:
    """A function that finds all occurrences of the literals in texts."""
    matcher = Matcher(literals)

    def find_all(texts: Iterable[str]) -> None:
        for text in texts:
            for _ in matcher.find(text):
                pass

    return find_all
