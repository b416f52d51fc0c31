"""How a sample is drawn, and what its readings say of all labels: the formulas, without the store."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifier.errors import ReviewError
from classifier.rates import Rate, WeightedRate
from classifier.review.agreement import code_order
from classifier.review.cases import Label


@dataclass(frozen=True, slots=True)
class Reading:
    """One case of a sample after it was read: the label that stood at the draw, and what the reader says."""

    position: int
    case_id: int
    stratum: str
    stood: Label
    read: Label
    reason: str
    reader: str
    at: str

    @property
    def bears_out(self) -> bool:
        """Whether the reading agrees; a label that stopped at a higher entry is right if the read one lies below it."""
        if self.stood.outcome is not self.read.outcome:
            return False
        return self.stood.code == self.read.code or (self.read.code or "").startswith(f"{self.stood.code}.")


@dataclass(frozen=True, slots=True)
class StratumRate:
    """The wrong labels among the readings of a stratum of ``size`` cases, ``drawn`` of them in the sample."""

    stratum: str
    size: int
    drawn: int
    wrong: Rate


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How many standing labels are wrong, estimated from the ``read`` of ``size`` cases of a sample.

    ``wrong`` counts each reading by how many cases of its stratum it stands for (Cochran 1977, chapter 5).
    ``false_blue`` is the share of blue labels, of both tiers, that the reader takes for no blue at all. While strata
    are ``unread``, the estimate speaks of the other strata only.
    """

    wrong: WeightedRate
    false_blue: WeightedRate
    strata: tuple[StratumRate, ...]
    read: int
    size: int

    @property
    def unread(self) -> tuple[str, ...]:
        """The strata without any reading yet."""
        return tuple(one.stratum for one in self.strata if not one.wrong.rows)


def allocate(size: int, strata: Mapping[str, int]) -> dict[str, int]:
    """Shares of a sample in proportion to the strata, at least one each and never more than there are.

    Largest remainders (Hare's quota) get what rounding down leaves.
    """
    if size < len(strata):
        raise ReviewError(f"分层抽样每层至少一件：这里有 {len(strata)} 层，请至少抽 {len(strata)} 件。")
    total = sum(strata.values())
    size = min(size, total)
    shares = {name: max(1, size * count // total) for name, count in strata.items()}
    while (open := size - sum(shares.values())) != 0:
        step = 1 if open > 0 else -1
        able = [name for name in strata if (shares[name] < strata[name] if step > 0 else shares[name] > 1)]
        name = max(able, key=lambda name: (step * (size * strata[name] / total - shares[name]), name))
        shares[name] += step
    return shares


def choose(population: Sequence[tuple[int, str]], size: int, seed: int) -> list[tuple[int, str]]:
    """Cases (id, stratum) out of a population in the order of ids, in the order in which they are to be read.

    Each case gets a random number in its turn and the smallest of each stratum are taken: only ``random()`` is used,
    whose sequence for a seed is the same in every Python.
    """
    numbers = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    ranked: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for id, stratum in population:
        ranked[stratum].append((numbers.random(), id))
    shares = allocate(size, {stratum: len(ranked[stratum]) for stratum in sorted(ranked)})
    chosen = [(rank, id, name) for name, share in shares.items() for rank, id in sorted(ranked[name])[:share]]
    return [(id, stratum) for _, id, stratum in sorted(chosen)]


def estimate(readings: Iterable[Reading], sizes: Mapping[str, tuple[int, int]]) -> ErrorRate:
    """The error rate from readings and, for each stratum, how many cases it has and how many were drawn."""
    known = list(readings)
    read = Counter(one.stratum for one in known)
    weighed = [(sizes[one.stratum][0] / read[one.stratum], one) for one in known]
    return ErrorRate(
        wrong=WeightedRate.of((weight, not one.bears_out) for weight, one in weighed),
        false_blue=WeightedRate.of(
            (weight, not one.read.outcome.is_blue) for weight, one in weighed if one.stood.outcome.is_blue
        ),
        strata=tuple(
            StratumRate(name, *sizes[name], Rate(sum(not r.bears_out for r in known if r.stratum == name), read[name]))
            for name in sorted(sizes, key=code_order)
        ),
        read=len(known),
        size=sum(drawn for _, drawn in sizes.values()),
    )
