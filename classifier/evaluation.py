"""How good the labels are: figures on labelled texts, with 95 % intervals, and what each rule is worth."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from classifier.engine import Classifier
from classifier.examples import Example
from classifier.lexicon import INSUFFICIENT, OUTSIDE, Strength
from classifier.rates import Rate
from classifier.records import Application, Outcome, Prediction, Route
from taxonomy import Catalogue

LEAST_ROWS = 5  # an item with fewer rows is reported as not measured


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled text and what the machine said of it."""

    example: Example
    prediction: Prediction

    @property
    def label(self) -> str:
        """The machine's label: an entry's code, 目录外 or 信息不足."""
        return self.prediction.code or self.prediction.outcome.value

    @property
    def is_right(self) -> bool:
        """The gold label, or one an expert may defend."""
        return self.label in _defensible(self.example)


def _defensible(example: Example) -> tuple[str, ...]:
    return (example.label, *example.accept)


def judge(classifier: Classifier, examples: Sequence[Example]) -> list[Judged]:
    """Predict every text as a bare description."""
    applications = [Application(example.id, example.text) for example in examples]
    return [Judged(*pair) for pair in zip(examples, classifier.predict_many(applications), strict=True)]


@dataclass(frozen=True, slots=True)
class Figures:
    """The measured figures of one set of rows."""

    rows: int
    category: Rate
    subcategory: Rate
    item: Rate
    item_top3: Rate
    false_blue: Rate
    false_blue_automatic: Rate
    missed_blue: Rate
    insufficient: Rate
    automatic: Rate
    automatic_precision: Rate
    overall: Rate
    calibration_error: float


def measure(judged: Sequence[Judged], catalogue: Catalogue) -> Figures:
    """All figures; accuracy per level on catalogue rows, false blue on rows outside, the rest on all rows."""
    inside = [one for one in judged if one.example.label in catalogue]
    outside = [one for one in judged if one.example.label == OUTSIDE]
    unclear = [one for one in judged if one.example.label == INSUFFICIENT]
    automatic = [one for one in judged if one.prediction.route is Route.ACCEPT]
    return Figures(
        rows=len(judged),
        category=_rate(inside, lambda one: _agrees_above(one, catalogue, 1)),
        subcategory=_rate(inside, lambda one: _agrees_above(one, catalogue, 2)),
        item=_rate(inside, lambda one: one.is_right),
        item_top3=_rate(inside, _in_top3),
        false_blue=_rate(outside, _is_false_blue),
        false_blue_automatic=_rate(outside, lambda one: _is_false_blue(one) and one.prediction.route is Route.ACCEPT),
        missed_blue=_rate(inside, lambda one: not one.prediction.outcome.is_blue and not one.is_right),
        insufficient=_rate(unclear, lambda one: one.is_right),
        automatic=Rate(len(automatic), len(judged)),
        automatic_precision=_rate(automatic, lambda one: one.is_right),
        overall=_rate(judged, lambda one: one.is_right),
        calibration_error=calibration_error(judged),
    )


def _rate(rows: Sequence[Judged], test: Callable[[Judged], bool]) -> Rate:
    return Rate(sum(map(test, rows)), len(rows))


def _in_top3(one: Judged) -> bool:
    return any(candidate.label in _defensible(one.example) for candidate in one.prediction.candidates[:3])


def _is_false_blue(one: Judged) -> bool:
    return one.prediction.outcome.is_blue and not one.is_right


def _agrees_above(one: Judged, catalogue: Catalogue, level: int) -> bool:
    """Whether the label lies under the same entry of ``level`` as the gold label or a defensible one."""
    own = _ancestor(one.label, catalogue, level)
    return one.is_right or (
        own is not None and own in {_ancestor(gold, catalogue, level) for gold in _defensible(one.example)}
    )


def _ancestor(label: str, catalogue: Catalogue, level: int) -> str | None:
    path = catalogue.path(label) if label in catalogue else ()
    return path[level - 1].code if len(path) >= level else None


def calibration_error(judged: Sequence[Judged], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap of confidence and accuracy over bins of equal width."""
    groups: dict[int, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[min(int(one.prediction.confidence * bins), bins - 1)].append(one)
    gaps = (
        abs(sum(one.prediction.confidence for one in group) - sum(one.is_right for one in group))
        for group in groups.values()
    )
    return sum(gaps) / max(len(judged), 1)


def recall_per_item(judged: Sequence[Judged], catalogue: Catalogue) -> dict[str, Rate]:
    """For each item how many of its rows were found; items with fewer than LEAST_ROWS rows have an empty rate."""
    rates = {}
    for item in catalogue.items:
        rows = [one for one in judged if one.example.label == item.code]
        rates[item.code] = _rate(rows, lambda one: one.is_right) if len(rows) >= LEAST_ROWS else Rate(0, 0)
    return rates


def confusions(judged: Sequence[Judged]) -> list[tuple[str, str, int]]:
    """(gold, machine's label, count) of the wrong rows, most frequent first."""
    wrong = Counter((one.example.label, one.label) for one in judged if not one.is_right)
    return [(gold, label, count) for (gold, label), count in wrong.most_common()]


@dataclass(frozen=True, slots=True)
class RuleWorth:
    """How often a rule fired fully, how often rightly, and the ids of the texts where it was wrong."""

    rule: str
    strength: Strength
    precision: Rate
    wrong: tuple[str, ...]


def rule_worth(classifier: Classifier, examples: Iterable[Example]) -> list[RuleWorth]:
    """For each rule that fired: was its label the gold one (or among 其他条目, or defensible)? Strong rules come first."""
    fired: dict[tuple[str, Strength], list[tuple[bool, str]]] = defaultdict(list)
    for example in examples:
        true = {*_defensible(example), *example.also}
        reading = classifier.rules.read(Application(example.id, example.text))
        for hit in reading.hits:
            if hit.term.strength is not Strength.EXCLUDING and hit.weight >= 0.5:
                fired[hit.term.rule, hit.term.strength].append((hit.term.label in true, example.id))
    worth = [
        RuleWorth(
            rule,
            strength,
            Rate(sum(right for right, _ in tests), len(tests)),
            tuple(id for right, id in tests if not right),
        )
        for (rule, strength), tests in fired.items()
    ]
    return sorted(worth, key=lambda one: (one.strength.value, one.precision.value, -one.precision.rows, one.rule))


def ablation(classifier: Classifier, examples: Sequence[Example]) -> dict[str, Figures]:
    """The same rows by rules alone, by the model alone, and by both."""
    return {
        "仅规则": measure(judge(classifier.alone("rules"), examples), classifier.catalogue),
        "仅模型": measure(judge(classifier.alone("model"), examples), classifier.catalogue),
        "规则+模型": measure(judge(classifier, examples), classifier.catalogue),
    }


def right_by_kind(judged: Iterable[Judged]) -> dict[str, Rate]:
    """How many rows of each kind of text got the right label."""
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        kinds[one.example.kind].append(one)
    return {kind: _rate(rows, lambda one: one.is_right) for kind, rows in kinds.items()}


def outcome_counts(judged: Iterable[Judged]) -> Counter[Outcome]:
    """How many rows got each outcome."""
    return Counter(one.prediction.outcome for one in judged)
