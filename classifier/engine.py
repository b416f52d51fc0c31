"""How an application gets its label: read by the rules, scored by the model, combined, decided, explained."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from classifier.combine import (
    INPUTS,
    RULES_ALONE,
    combination_inputs,
    probabilities,
    probabilities_many,
    untied,
    untied_many,
    weight_vector,
)
from classifier.deciding import Decider, has_other_purpose
from classifier.evidence import MODEL_WORDS, gather_evidence, gather_evidence_many
from classifier.lexicon import INSUFFICIENT, OUTSIDE, load_lexicon
from classifier.manifest import Manifest, Thresholds, current_folder, load_model
from classifier.model import TextModel, Vector
from classifier.money import money_parts, read_alone
from classifier.portions import portions, without_collection
from classifier.records import Application, Evidence, Outcome, Prediction, Versions
from classifier.rules import Reading, RuleSet
from classifier.seen import Decision, see
from classifier.settings import Settings
from classifier.words.columns import firsts
from taxonomy import Catalogue, load_catalogue

if TYPE_CHECKING:
    from classifier.fast.batchwise import BatchRules
    from classifier.fast.reading import BatchReading, ReadingColumns, TermColumns
    from classifier.fast.vectors import BatchModel, Vectors

_MONEY = INPUTS.index("money")
# A text of stock phrases only says nothing, whatever the model makes of its few words.
_STOCK_PHRASE = 0.99

# Without a model nothing was calibrated: every answer goes to a person.
_WITHOUT_MODEL = Thresholds(blue=0.5, item=0.5, subcategory=0.5, accept_blue=1.01, accept_outside=1.01, also=0.2)


class Classifier:
    """A catalogue, the rules and (usually) a model; ``predict`` is a pure function of the application."""

    def __init__(
        self,
        catalogue: Catalogue,
        rules: RuleSet,
        model: TextModel | None = None,
        manifest: Manifest | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.rules = rules
        self.model = model
        self.labels = (*(item.code for item in catalogue.items), OUTSIDE, INSUFFICIENT)
        self.manifest = manifest
        self.weights = manifest.combination if manifest else RULES_ALONE
        self.versions = Versions(
            catalogue.edition,
            rules.lexicon.version,
            manifest.version if manifest else "无模型",
        )
        self._combination = weight_vector(self.weights)
        thresholds = manifest.thresholds if manifest else _WITHOUT_MODEL
        self._decider = Decider(catalogue, self.labels, thresholds, self.versions)

    @classmethod
    @without_collection()
    def load(cls, settings: Settings | None = None) -> "Classifier":
        """The current model with the catalogue and lexicon it was made for.

        Raises ModelError, LexiconError or CatalogueError if a part is missing, altered or does not fit the others.
        """
        settings = settings or Settings.from_environment()
        catalogue = load_catalogue(settings.catalogue)
        lexicon = load_lexicon({item.code for item in catalogue.items})
        model, manifest = load_model(
            current_folder(settings.models),
            catalogue.edition,
            lexicon.version,
            lexicon.words,
        )
        return cls(catalogue, RuleSet(lexicon), model, manifest)

    def alone(self, half: str) -> "Classifier":
        """The same classifier with ``rules`` or ``model`` alone, for the ablation; context rules work for both."""
        assert self.manifest is not None
        manifest = replace(self.manifest, combination=self.manifest.alone[half])
        lexicon = self.rules.lexicon if half == "rules" else replace(self.rules.lexicon, terms=())
        return Classifier(self.catalogue, RuleSet(lexicon), self.model, manifest)

    def predict(self, application: Application) -> Prediction:
        """The label of one application, with its evidence."""
        reading = self.rules.read(application)
        vector = self._vector(reading)
        money = self._money(reading)
        shares = self._shares(reading, vector, money)
        without_tie = untied(reading, self.rules.lexicon.needs)
        (seen,) = see([application], [reading], [reading.strong], [without_tie], shares[None], money[None])
        decision = self._decider.decide(seen)
        words = self.model.words(vector, decision.spoken[0], MODEL_WORDS) if self.model and vector else []
        evidence = gather_evidence(reading, decision.spoken, self.weights, words)
        return self._decider.prediction(seen, decision, self._other_purpose(application, decision.outcome), evidence)

    def predict_many(self, applications: Sequence[Application], *, explain: bool = True) -> list[Prediction]:
        """The predictions of many applications, in order; each equals what ``predict`` gives.

        Texts given twice are read once. Without ``explain`` the predictions carry no evidence.
        """
        first: dict[tuple[str, ...], int] = {}
        same = [first.setdefault(application.texts, number) for number, application in enumerate(applications)]
        numbers = list(first.values())
        found: dict[int, Prediction] = {}
        with without_collection():
            for own in portions(numbers, applications):
                predictions = self._predict_portion([applications[number] for number in own], explain)
                found.update(zip(own, predictions, strict=True))
        return [
            found[number] if number == place else replace(found[number], application_id=applications[place].id)
            for place, number in enumerate(same)
        ]

    def prepare(self) -> None:
        """Load now what ``predict_many`` needs, so that copies of this process or object have it too."""
        _ = self._batch_rules
        if self._batch_model:
            self._batch_model.load()

    def _predict_portion(self, applications: Sequence[Application], explain: bool) -> list[Prediction]:
        batch = self._batch_rules.read(applications)
        shares, money, vectors = self._weigh(batch)
        named = batch.columns.hits.strong(self._terms, len(applications))
        without_tie = untied_many(batch.columns, self._terms, self.rules.lexicon.needs)
        seen = see(applications, batch.readings, named, without_tie, shares, money)
        decisions = [self._decider.decide(one) for one in seen]
        doubts = self._other_purposes(applications, decisions)
        evidence: Sequence[tuple[Evidence, ...]] = [()] * len(seen)
        if explain:
            spoken = [decision.spoken for decision in decisions]
            words = None
            if self._batch_model and vectors:
                words = self._batch_model.words(vectors, [labels[0] for labels in spoken], MODEL_WORDS)
            evidence = gather_evidence_many(batch, self._terms, spoken, self.weights, words)
        return list(map(self._decider.prediction, seen, decisions, doubts, evidence))

    def _weigh(self, batch: "BatchReading") -> tuple[np.ndarray, np.ndarray, "Vectors | None"]:
        """Of each reading the shares and the money (see ``_shares`` and ``_money``), and what the model read."""
        money = np.zeros((len(batch.readings), len(self.labels)))
        parts = [(number, part) for number, reading in enumerate(batch.readings) for part in money_parts(reading)]
        if parts:
            first = firsts(batch.columns.joined.records, len(money))
            passages = np.array([first[number] + part.passage for number, part in parts])
            alone = batch.columns.alone(passages, np.array([part.span for _, part in parts]))
            part_shares, _ = self._shares_many(alone)
            for (number, part), own in zip(parts, part_shares, strict=True):
                money[number] += part.share * own
            money[:, -2:] = 0
        shares, vectors = self._shares_many(batch.columns, money if parts else None)
        for number in [number for number, reading in enumerate(batch.readings) if reading.is_boilerplate]:
            shares[number] = _mostly_insufficient(shares[number])
        return shares, money, vectors

    def _shares_many(
        self, readings: "ReadingColumns", money: np.ndarray | None = None
    ) -> tuple[np.ndarray, "Vectors | None"]:
        model = self._batch_model
        vectors = model.read(readings.joined) if model else None
        scores = model.scores(vectors) if model and vectors else None
        needs = self.rules.lexicon.needs
        return probabilities_many(readings, self._terms, scores, money, needs, self._combination), vectors

    @cached_property
    def _batch_rules(self) -> "BatchRules":
        from classifier.fast.batchwise import BatchRules  # not needed for a single application

        return BatchRules(self.rules)

    @cached_property
    def _terms(self) -> "TermColumns":
        from classifier.fast.reading import TermColumns

        return TermColumns.of(self.rules.lexicon.terms, self.labels)

    @cached_property
    def _batch_model(self) -> "BatchModel | None":
        from classifier.fast.vectors import BatchModel

        return BatchModel(self.model) if self.model else None

    def _shares(self, reading: Reading, vector: Vector | None, money: np.ndarray) -> np.ndarray:
        """The calibrated probability of each label, shape (labels,)."""
        inputs = self._inputs(reading, vector)
        inputs[:, _MONEY] = money
        shares = probabilities(inputs, self._combination)
        return _mostly_insufficient(shares) if reading.is_boilerplate else shares

    def _vector(self, reading: Reading) -> Vector | None:
        return self.model.read(reading.passages) if self.model else None

    def _inputs(self, reading: Reading, vector: Vector | None) -> np.ndarray:
        scores = self.model.scores(vector) if self.model and vector else None
        return combination_inputs(reading, scores, self.labels, self.rules.lexicon.needs)

    def _money(self, reading: Reading) -> np.ndarray:
        """Each item's share of the money: what every part alone would be labelled, weighed by its amount."""
        money = np.zeros(len(self.labels))
        for part in money_parts(reading):
            alone = read_alone(reading, part)
            inputs = self._inputs(alone, self._vector(alone))
            money += part.share * probabilities(inputs, self._combination)
        money[-2:] = 0
        return money

    def _other_purpose(self, application: Application, outcome: Outcome) -> list[str]:
        """A doubt where the use of the money, read alone, is not blue although the rest of the application is."""
        if not has_other_purpose(application, outcome):
            return []
        reading = self.rules.read(Application("", purpose=application.purpose))
        return self._decider.purpose_doubt(reading, self._shares(reading, self._vector(reading), self._money(reading)))

    def _other_purposes(self, applications: Sequence[Application], decisions: Sequence[Decision]) -> list[list[str]]:
        """What ``_other_purpose`` gives for each."""
        doubts: list[list[str]] = [[] for _ in applications]
        numbers = [
            number
            for number, (application, decision) in enumerate(zip(applications, decisions, strict=True))
            if has_other_purpose(application, decision.outcome)
        ]
        if numbers:
            purposes = [Application("", purpose=applications[number].purpose) for number in numbers]
            batch = self._batch_rules.read(purposes)
            shares, _, _ = self._weigh(batch)
            for number, reading, own in zip(numbers, batch.readings, shares, strict=True):
                doubts[number] = self._decider.purpose_doubt(reading, own)
        return doubts


def _mostly_insufficient(shares: np.ndarray) -> np.ndarray:
    return np.asarray(shares * (1 - _STOCK_PHRASE) + np.eye(len(shares))[-1] * _STOCK_PHRASE)
