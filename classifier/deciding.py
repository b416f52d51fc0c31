"""What is made of an application once its probabilities are known: label, depth, route, reasons. The thresholds are the manifest's."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from classifier.evidence import borrower_differs, explain_ties, industry_agrees
from classifier.lexicon import INSUFFICIENT, OUTSIDE, Term
from classifier.manifest import Thresholds
from classifier.records import Application, Candidate, Evidence, Outcome, Prediction, Route, Versions, four_decimals
from classifier.rules import FIELD_WEIGHT, Reading
from classifier.seen import Decision, Seen
from taxonomy import Catalogue, Entry, Tier

MOST_ALSO = 4
LEAST_MONEY = 0.1
_TIERS = {Tier.BLUE: Outcome.BLUE, Tier.LIGHT_BLUE: Outcome.LIGHT_BLUE}
_UNCODED = {OUTSIDE: Outcome.OUTSIDE, INSUFFICIENT: Outcome.INSUFFICIENT}

_candidate: Callable[[tuple[object, ...]], Candidate] = partial(tuple.__new__, Candidate)  # five for each application


class Decider:
    """The decisions of one catalogue, by its thresholds."""

    def __init__(
        self,
        catalogue: Catalogue,
        labels: Sequence[str],
        thresholds: Thresholds,
        versions: Versions,
    ) -> None:
        self._catalogue = catalogue
        self._labels = labels
        self._thresholds = thresholds
        self._versions = versions
        self._below = _rows_below(catalogue)
        self._row = {label: row for row, label in enumerate(labels)}
        self._candidates = [  # of each label its outcome, and its code if it has one
            (_UNCODED[label], None) if label in _UNCODED else (_TIERS[self._tier(label)], label) for label in labels
        ]

    def decide(self, seen: Seen) -> Decision:
        """The label given, further items, and whose evidence is shown."""
        code, outcome, confidence = self._label(seen)
        also = self._also(seen, code) if code else ()
        shown = self._best_item(code, seen.shares) if code else outcome.value
        likeliest = [self._labels[number] for number in seen.order[:3]]
        rivals = [label for label in likeliest if label != (code or outcome.value)]
        return Decision(code, outcome, confidence, also, [shown, *also, *rivals])

    def prediction(
        self, seen: Seen, decision: Decision, doubt: Sequence[str], evidence: tuple[Evidence, ...]
    ) -> Prediction:
        """The decision with its reasons; ``doubt`` are reasons to ask a person that lie outside of the reading."""
        reading = seen.reading
        code, outcome, confidence, also, _ = decision
        doubts = [*self._doubts(seen, code, outcome, confidence), *doubt]
        return Prediction(
            application_id=seen.application.id,
            outcome=outcome,
            code=code,
            level=self._catalogue[code].level if code else None,
            confidence=four_decimals(confidence),
            route=Route.REVIEW if doubts else Route.ACCEPT,
            also=also,
            candidates=tuple(
                _candidate((*self._candidates[number], share))
                for number, share in zip(seen.order, seen.most, strict=True)
            ),
            evidence=evidence,
            crosswalk=self._catalogue[code].links if code else (),
            reasons=(
                *doubts,
                *borrower_differs(reading, code),
                *industry_agrees(seen.application, self._catalogue[code] if code else None),
                *explain_ties(seen.untied),
            ),
            versions=self._versions,
        )

    def _label(self, seen: Seen) -> tuple[str | None, Outcome, float]:
        """Code, outcome and confidence: first whether blue at all, then how deep down the catalogue it is sure."""
        outside, insufficient = seen.uncoded
        if seen.blue < self._thresholds.blue:
            if outside >= insufficient:
                return None, Outcome.OUTSIDE, outside
            return None, Outcome.INSUFFICIENT, insufficient
        entry, confidence = self._deepest_sure(seen)
        return entry.code, self._tier_outcome(entry, seen.shares), confidence

    def _deepest_sure(self, seen: Seen) -> tuple[Entry, float]:
        item = self._catalogue[self._labels[seen.item]]
        item_share = float(seen.shares[seen.item])
        if item_share >= self._thresholds.item * seen.blue:
            return item, item_share
        _, subcategory, _ = self._catalogue.path(item.code)
        share = self._share_below(subcategory, seen.shares)
        if share >= self._thresholds.subcategory * seen.blue:
            return subcategory, share
        return max(
            ((entry, self._share_below(entry, seen.shares)) for entry in self._catalogue.categories),
            key=lambda pair: pair[1],
        )

    def _share_below(self, entry: Entry, shares: np.ndarray) -> float:
        return float(shares[self._below[entry.code]].sum())

    def _best_item(self, code: str, shares: np.ndarray) -> str:
        return self._labels[max(self._below[code], key=lambda row: float(shares[row]))]

    def _tier_outcome(self, entry: Entry, shares: np.ndarray) -> Outcome:
        """The item's tier; above an item, the tier that holds more of the probability."""
        if len(self._below[entry.code]) == 1:
            return self._candidates[self._below[entry.code][0]][0]
        held = dict.fromkeys(Tier, 0.0)
        for row in self._below[entry.code]:
            held[self._tier(self._labels[row])] += float(shares[row])
        return _TIERS[max(held, key=lambda tier: held[tier])]

    def _tier(self, code: str) -> Tier:
        tier = self._catalogue[code].tier
        assert tier is not None, "an item has a tier, the reader sees to it"
        return tier

    def _also(self, seen: Seen, code: str | None) -> tuple[str, ...]:
        """Further items with a share of the money, or with a strong term of their own in a place that counts.

        A part of the money under a tenth is none (boundary rule B2).
        """
        named = {term.label for term in seen.named}
        paid = (
            {self._labels[row] for row in np.flatnonzero(seen.money >= LEAST_MONEY).tolist()}
            if seen.has_money
            else set()
        )
        found = [
            (share, label)
            for label in (named | paid) - {code, *_UNCODED}
            if (share := float(seen.shares[self._row[label]])) >= self._thresholds.also or label in paid
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
        least = self._thresholds.accept_blue if outcome.is_blue else self._thresholds.accept_outside
        doubts = []
        if confidence < least:
            doubts.append(f"置信度 {confidence:.2f} 低于自动通过的 {least:.2f}：请人工复核。")
        if code is not None and self._catalogue[code].level < 3:
            doubts.append("只能确定到上级分类，三级条目需人工选定。")
        return doubts + _conflicts(seen.named, code)

    def purpose_doubt(self, reading: Reading, shares: np.ndarray) -> list[str]:
        """A doubt where the use of the money, read alone (with these probabilities), is not blue."""
        if reading.is_boilerplate or shares[:-2].sum() >= self._thresholds.blue or shares[-1] > shares[-2]:
            return []
        return ["单看贷款用途不属于目录，结论来自项目名称或描述：请核对资金实际用途。"]


def has_other_purpose(application: Application, outcome: Outcome) -> bool:
    """Whether the use of the money stands beside other words, so that a blue outcome must also hold for it alone."""
    rest = application.name or application.description
    return bool(outcome.is_blue and application.purpose.strip() and rest.strip())


def _conflicts(named: Sequence[Term], code: str | None) -> list[str]:
    """A sentence on strong terms that speak for another label than the one given."""
    others = [term for term in named if term.label != (code or OUTSIDE)]
    if code is None and others:
        return [f"规则与模型不一致：原文有“{others[0]}”（{others[0].label}）。"]
    if code is not None and len(others) == len(named) > 0:
        return [f"规则指向“{others[0].label}”（{others[0]}），与结论不同。"]
    return []


def _rows_below(catalogue: Catalogue) -> dict[str, list[int]]:
    """For each entry the numbers of the items at or below it, in the catalogue's order."""
    below: dict[str, list[int]] = {code: [] for code in catalogue}
    for row, item in enumerate(catalogue.items):
        for entry in catalogue.path(item.code):
            below[entry.code].append(row)
    return below
