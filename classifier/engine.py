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
    weight_vector,
)
from classifier.evidence import (
    MODEL_WORDS,
    borrower_differs,
    explain_ties,
    gather_evidence,
    gather_evidence_many,
    industry_agrees,
)
from classifier.lexicon import INSUFFICIENT, OUTSIDE, Term, load_lexicon
from classifier.manifest import Manifest, Thresholds, current_folder, load_model
from classifier.model import TextModel, Vector
from classifier.money import money_parts
from classifier.portions import portions, without_collection
from classifier.records import (
    Application,
    Candidate,
    Evidence,
    Outcome,
    Prediction,
    Route,
    Versions,
)
from classifier.rules import FIELD_WEIGHT, Reading, RuleSet
from classifier.seen import Decision, Seen, see
from classifier.settings import Settings
from taxonomy import Catalogue, Entry, Tier, load_catalogue

if TYPE_CHECKING:
    from classifier.fast.batchwise import BatchRules
    from classifier.fast.vectors import BatchModel, Vectors

MOST_ALSO = 4
LEAST_MONEY = 0.1
_MONEY = INPUTS.index("money")
# A text of stock phrases only says nothing, whatever the model makes of its few words.
_STOCK_PHRASE = 0.99
_TIERS = {Tier.BLUE: Outcome.BLUE, Tier.LIGHT_BLUE: Outcome.LIGHT_BLUE}
_UNCODED = {OUTSIDE: Outcome.OUTSIDE, INSUFFICIENT: Outcome.INSUFFICIENT}

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
        self.thresholds = manifest.thresholds if manifest else _WITHOUT_MODEL
        self.weights = manifest.combination if manifest else RULES_ALONE
        self.versions = Versions(
            catalogue.edition,
            rules.lexicon.version,
            manifest.version if manifest else "无模型",
        )
        self._combination = weight_vector(self.weights)
        self._below = _rows_below(catalogue)
        self._row = {label: row for row, label in enumerate(self.labels)}

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
        (seen,) = see([application], [reading], self._shares(reading, vector, money)[None], money[None])
        decision = self._decide(seen)
        words = self.model.words(vector, decision.spoken[0], MODEL_WORDS) if self.model and vector else []
        evidence = gather_evidence(reading, decision.spoken, self.weights, words)
        return self._prediction(seen, decision, self._other_purpose(application, decision.outcome), evidence)

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
        readings = self._batch_rules.read(applications)
        shares, money, vectors = self._weigh(readings)
        seen = see(applications, readings, shares, money)
        decisions = [self._decide(one) for one in seen]
        doubts = self._other_purposes(applications, decisions)
        evidence: Sequence[tuple[Evidence, ...]] = [()] * len(seen)
        if explain:
            spoken = [decision.spoken for decision in decisions]
            words = None
            if self._batch_model and vectors:
                words = self._batch_model.words(vectors, [labels[0] for labels in spoken], MODEL_WORDS)
            evidence = gather_evidence_many(readings, spoken, self.weights, words)
        return list(map(self._prediction, seen, decisions, doubts, evidence))

    def _weigh(self, readings: Sequence[Reading]) -> tuple[np.ndarray, np.ndarray, "Vectors | None"]:
        """Of each reading the shares and the money (see ``_shares`` and ``_money``), and what the model read."""
        parts = [(number, part) for number, reading in enumerate(readings) for part in money_parts(reading)]
        money = np.zeros((len(readings), len(self.labels)))
        if parts:
            part_shares, _ = self._shares_many([part.reading for _, part in parts])
            for (number, part), own in zip(parts, part_shares, strict=True):
                money[number] += part.share * own
            money[:, -2:] = 0
        shares, vectors = self._shares_many(readings, money if parts else None)
        for number in [number for number, reading in enumerate(readings) if reading.is_boilerplate]:
            shares[number] = _mostly_insufficient(shares[number])
        return shares, money, vectors

    def _shares_many(
        self, readings: Sequence[Reading], money: np.ndarray | None = None
    ) -> tuple[np.ndarray, "Vectors | None"]:
        model = self._batch_model
        vectors = model.read([reading.passages for reading in readings]) if model else None
        scores = model.scores(vectors) if model and vectors else None
        needs = self.rules.lexicon.needs
        return probabilities_many(readings, scores, money, self.labels, needs, self._combination), vectors

    @cached_property
    def _batch_rules(self) -> "BatchRules":
        from classifier.fast.batchwise import BatchRules  # not needed for a single application

        return BatchRules(self.rules)

    @cached_property
    def _batch_model(self) -> "BatchModel | None":
        from classifier.fast.vectors import BatchModel

        return BatchModel(self.model) if self.model else None

    def _prediction(
        self,
        seen: Seen,
        decision: Decision,
        doubt: Sequence[str],
        evidence: tuple[Evidence, ...],
    ) -> Prediction:
        reading = seen.reading
        code, outcome, confidence, also, _ = decision
        best = [self._candidates[number] for number in seen.order]
        doubts = [*self._doubts(seen, code, outcome, confidence), *doubt]
        return Prediction(
            application_id=seen.application.id,
            outcome=outcome,
            code=code,
            level=self.catalogue[code].level if code else None,
            confidence=round(confidence, 4),
            route=Route.REVIEW if doubts else Route.ACCEPT,
            also=also,
            candidates=tuple(
                Candidate(own, item, round(share, 4)) for (own, item, _), share in zip(best, seen.most, strict=True)
            ),
            evidence=evidence,
            crosswalk=self.catalogue[code].links if code else (),
            reasons=(
                *doubts,
                *borrower_differs(reading, code),
                *industry_agrees(seen.application, self.catalogue[code] if code else None),
                *explain_ties(reading, self.rules.lexicon.needs),
            ),
            versions=self.versions,
        )

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
            inputs = self._inputs(part.reading, self._vector(part.reading))
            money += part.share * probabilities(inputs, self._combination)
        money[-2:] = 0
        return money

    def _decide(self, seen: Seen) -> Decision:
        code, outcome, confidence = self._label(seen)
        also = self._also(seen, code) if code else ()
        shown = self._best_item(code, seen.shares) if code else outcome.value
        likeliest = [self.labels[number] for number in seen.order[:3]]
        rivals = [label for label in likeliest if label != (code or outcome.value)]
        return Decision(code, outcome, confidence, also, [shown, *also, *rivals])

    def _label(self, seen: Seen) -> tuple[str | None, Outcome, float]:
        """Code, outcome and confidence: first whether blue at all, then how deep down the catalogue it is sure."""
        outside, insufficient = seen.uncoded
        if seen.blue < self.thresholds.blue:
            if outside >= insufficient:
                return None, Outcome.OUTSIDE, outside
            return None, Outcome.INSUFFICIENT, insufficient
        entry, confidence = self._deepest_sure(seen)
        return entry.code, self._tier_outcome(entry, seen.shares), confidence

    def _deepest_sure(self, seen: Seen) -> tuple[Entry, float]:
        item = self.catalogue[self.labels[seen.item]]
        item_share = float(seen.shares[seen.item])
        if item_share >= self.thresholds.item * seen.blue:
            return item, item_share
        _, subcategory, _ = self.catalogue.path(item.code)
        share = self._share_below(subcategory, seen.shares)
        if share >= self.thresholds.subcategory * seen.blue:
            return subcategory, share
        return max(
            ((entry, self._share_below(entry, seen.shares)) for entry in self.catalogue.categories),
            key=lambda pair: pair[1],
        )

    def _share_below(self, entry: Entry, shares: np.ndarray) -> float:
        return float(shares[self._below[entry.code]].sum())

    def _best_item(self, code: str, shares: np.ndarray) -> str:
        return self.labels[max(self._below[code], key=lambda row: float(shares[row]))]

    def _tier_outcome(self, entry: Entry, shares: np.ndarray) -> Outcome:
        """The item's tier; above an item, the tier that holds more of the probability."""
        held = dict.fromkeys(Tier, 0.0)
        for row in self._below[entry.code]:
            held[self._tier(self.labels[row])] += float(shares[row])
        return _TIERS[max(held, key=lambda tier: held[tier])]

    def _tier(self, code: str) -> Tier:
        tier = self.catalogue[code].tier
        assert tier is not None, "an item has a tier, the reader sees to it"
        return tier

    @cached_property
    def _candidates(self) -> list[tuple[Outcome, str | None, str]]:
        """For each label its outcome, its code if it has one, and the label."""
        return [
            (_UNCODED[label], None, label) if label in _UNCODED else (_TIERS[self._tier(label)], label, label)
            for label in self.labels
        ]

    def _also(self, seen: Seen, code: str | None) -> tuple[str, ...]:
        """Further items with a share of the money, or with a strong term of their own in a place that counts.

        A part of the money under a tenth is none (boundary rule B2).
        """
        named = {term.label for term in seen.named}
        paid = {self.labels[row] for row in np.flatnonzero(seen.money >= LEAST_MONEY)} if seen.has_money else set()
        found = [
            (share, label)
            for label in (named | paid) - {code, *_UNCODED}
            if (share := float(seen.shares[self._row[label]])) >= self.thresholds.also or label in paid
        ]
        return tuple(label for _, label in sorted(found, reverse=True)[:MOST_ALSO])

    def _doubts(self, seen: Seen, code: str | None, outcome: Outcome, confidence: float) -> list[str]:
        """Why a person should look, in Chinese; empty when the machine may decide alone."""
        if seen.reading.is_boilerplate:
            if any(passage.field in FIELD_WEIGHT for passage in seen.reading.passages):
                return ["只有借款人的经营范围或行业，没有写明资金用途：请补充贷款用途或项目内容后再判。"]
            return ["文本为空、过短，或只有“流动资金周转”“见附件”一类套话：请补充贷款用途或项目内容。"]
        if outcome is Outcome.INSUFFICIENT:
            return ["原文没有写明决定归属的事实：请补充贷款用途、产品或工程内容后再判。"]
        least = self.thresholds.accept_blue if outcome.is_blue else self.thresholds.accept_outside
        doubts = []
        if confidence < least:
            doubts.append(f"置信度 {confidence:.2f} 低于自动通过的 {least:.2f}：请人工复核。")
        if code is not None and self.catalogue[code].level < 3:
            doubts.append("只能确定到上级分类，三级条目需人工选定。")
        return doubts + _conflicts(seen.named, code)

    def _other_purpose(self, application: Application, outcome: Outcome) -> list[str]:
        """A doubt where the use of the money, read alone, is not blue although the rest of the application is."""
        if not _has_other_purpose(application, outcome):
            return []
        reading = self.rules.read(Application("", purpose=application.purpose))
        return self._purpose_doubt(reading, self._shares(reading, self._vector(reading), self._money(reading)))

    def _other_purposes(self, applications: Sequence[Application], decisions: Sequence[Decision]) -> list[list[str]]:
        """What ``_other_purpose`` gives for each."""
        doubts: list[list[str]] = [[] for _ in applications]
        numbers = [
            number
            for number, (application, decision) in enumerate(zip(applications, decisions, strict=True))
            if _has_other_purpose(application, decision.outcome)
        ]
        if numbers:
            readings = self._batch_rules.read(
                [Application("", purpose=applications[number].purpose) for number in numbers]
            )
            shares, _, _ = self._weigh(readings)
            for number, reading, own in zip(numbers, readings, shares, strict=True):
                doubts[number] = self._purpose_doubt(reading, own)
        return doubts

    def _purpose_doubt(self, reading: Reading, shares: np.ndarray) -> list[str]:
        if reading.is_boilerplate or shares[:-2].sum() >= self.thresholds.blue or shares[-1] > shares[-2]:
            return []
        return ["单看贷款用途不属于目录，结论来自项目名称或描述：请核对资金实际用途。"]


def _conflicts(named: Sequence[Term], code: str | None) -> list[str]:
    """A sentence on strong terms that speak for another label than the one given."""
    others = [term for term in named if term.label != (code or OUTSIDE)]
    if code is None and others:
        return [f"规则与模型不一致：原文有“{others[0]}”（{others[0].label}）。"]
    if code is not None and len(others) == len(named) > 0:
        return [f"规则指向“{others[0].label}”（{others[0]}），与结论不同。"]
    return []


def _mostly_insufficient(shares: np.ndarray) -> np.ndarray:
    return np.asarray(shares * (1 - _STOCK_PHRASE) + np.eye(len(shares))[-1] * _STOCK_PHRASE)


def _has_other_purpose(application: Application, outcome: Outcome) -> bool:
    rest = application.name or application.description
    return bool(outcome.is_blue and application.purpose.strip() and rest.strip())


def _rows_below(catalogue: Catalogue) -> dict[str, list[int]]:
    """For each entry the numbers of the items at or below it, in the catalogue's order."""
    below: dict[str, list[int]] = {code: [] for code in catalogue}
    for row, item in enumerate(catalogue.items):
        for entry in catalogue.path(item.code):
            below[entry.code].append(row)
    return below
