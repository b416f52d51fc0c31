"""The one question that separates two labels when the machine is undecided, and the answer as part of the text.

Nothing is asked that the edition does not say itself: the possible answers are the boundary rules that name both labels,
what one entry excludes in favour of the other, what the entries include. An answer becomes a sentence on the use of the
money at the end of the text, so that the same classifier judges it as it judges everything else.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from classifier.records import Application, Candidate, Field, Outcome, Prediction, Route
from taxonomy import Boundary, Catalogue, Entry

# The second of two labels is close when it has at least this share of the first one's probability.
CLOSE = 0.25
_LEAST_RIVAL = 0.005
_MOST_ANSWERS = 3
_MARK = "补充说明："
_ENDS = "。！？；!?;"
_OUTSIDE = Outcome.OUTSIDE.value
_ON_LAND = "与海洋无关的陆上项目"

_CODE = r"\d+(?:\.\d+)+"
_EXAMPLE = "例："
_CLAUSE = re.compile(r"[^；。]+")
_RULING = re.compile(rf"(?P<what>.+?)(?:(?<!不)归 ?(?P<codes>{_CODE}(?:、{_CODE})*)|(?P<outside>属目录外))")
# What reads badly, or untruly, after 本笔资金用于: other codes, words that point elsewhere, what a text leaves unsaid.
_NO_ANSWER = re.compile(
    rf"{_CODE}|其余|其他条目|不归|见 ?B|“|信息不足|除外|也一样|也可|也仍|这类|这些|上述|文中|没有|既无|未写|未注明|未提|未含"
    r"|写明|^(?:某|以及|也|都|即使|只有|为主|随后)|[（(]"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the money may be for: ``what`` in the edition's words, the label it speaks for, and where it says so."""

    what: str
    label: str
    source: str

    @property
    def sentence(self) -> str:
        """What is added to the text when this is the answer."""
        return f"本笔资金用于{self.what}。"


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: the labels that are hard to part, the rules that part them, and concrete answers."""

    text: str
    labels: tuple[str, ...]
    rules: tuple[Boundary, ...]
    answers: tuple[Answer, ...]


def ask(application: Application, prediction: Prediction, catalogue: Catalogue) -> Question | None:
    """The question for a prediction that is undecided; None when one label is clearly ahead."""
    rivals = _rivals(prediction)
    if not rivals:
        return _open_question() if prediction.outcome is Outcome.INSUFFICIENT else None
    labels = tuple(one.label for one in rivals)
    text = _given(application)
    rules = rules_between(catalogue, labels)
    answers = [_answers(catalogue, label, labels, text) for label in labels]
    return Question(_question_text(catalogue, labels), labels, rules, tuple(one for some in answers for one in some))


def _rivals(prediction: Prediction) -> Sequence[Candidate]:
    """The labels that a fact would part, at most two; 信息不足 is what the fact would end, so it is none of them."""
    usable = [one for one in prediction.candidates if one.outcome is not Outcome.INSUFFICIENT]
    rivals = [one for one in usable[:2] if one.confidence >= _LEAST_RIVAL]
    if prediction.route is Route.REVIEW and rivals[1:]:
        return rivals
    if prediction.route is Route.REVIEW and any(one not in usable for one in prediction.candidates[:2]):
        return rivals
    return rivals if rivals[1:] and rivals[1].confidence >= CLOSE * rivals[0].confidence else ()


def _open_question() -> Question:
    return Question("原文没有写明资金用在哪里：这笔资金具体用于什么？", (), (), ())


def _question_text(catalogue: Catalogue, labels: Sequence[str]) -> str:
    names = [f"“{catalogue[label].name}”" for label in labels if label in catalogue]
    if len(labels) == 1:
        return f"要定为{names[0]}，原文还写得不够：这笔资金用于下面哪一种？" if names else "这笔资金主要用于什么？"
    if len(names) == len(labels):
        return f"{names[0]}还是{names[1]}：这笔资金主要用于下面哪一种？"
    return f"属于{names[0]}，还是在目录之外：这笔资金主要用于下面哪一种？" if names else "这笔资金主要用于什么？"


def rules_between(catalogue: Catalogue, labels: Sequence[str]) -> tuple[Boundary, ...]:
    """The boundary rules that part two labels, those written for them before general ones; examples count less."""
    codes = [label for label in labels if label in catalogue]
    found = [rule for rule in catalogue.boundaries if set(codes) <= {*rule.entries, *rule.mentions}]
    if len(codes) < len(labels):
        found = [rule for rule in found if "目录外" in rule.text]
    return tuple(sorted(found, key=lambda rule: (rule.general, not set(codes) <= set(rule.entries))))[:2]


def _answers(catalogue: Catalogue, label: str, labels: Sequence[str], text: str) -> list[Answer]:
    """Concrete answers that speak for one label, the most telling first; what resembles the text comes before the rest."""
    excluded = [one for other in labels for one in _excluded_for(catalogue, label, other)]
    telling = [*excluded, *_ruled_for(catalogue, label, labels)]
    own = list(_included(catalogue.get(label)))
    ordered = [*_nearest(telling, text), *_nearest(own, text)]
    mixed = _nearest(telling, text)[:2] + _nearest(own, text)[:1] if own else ordered
    chosen = {one.what: one for one in [*mixed, *ordered]}
    on_land = [Answer(_ON_LAND, _OUTSIDE, "不涉海")] if label == _OUTSIDE else []
    return [*list(chosen.values())[: _MOST_ANSWERS - len(on_land)], *on_land]


def _excluded_for(catalogue: Catalogue, label: str, other: str) -> Iterator[Answer]:
    """What the other entry excludes because it belongs to this label."""
    entry = catalogue.get(other)
    for exclusion in entry.excludes if entry else ():
        if (exclusion.goes_to or _OUTSIDE) == label and not _NO_ANSWER.search(exclusion.what.split("（")[0]):
            yield Answer(exclusion.what, label, f"{other} 不包括")


def _ruled_for(catalogue: Catalogue, label: str, labels: Sequence[str]) -> Iterator[Answer]:
    """What the boundary rules between the labels rule to be this one."""
    for rule in rules_between(catalogue, labels):
        for what, ruled in rulings(rule):
            if ruled == label:
                yield Answer(what, label, f"口径 {rule.number}")


def rulings(rule: Boundary) -> Iterator[tuple[str, str]]:
    """What a boundary rule says in the form ``X归 编码`` or ``X属目录外``, with the label; what reads badly alone is left out."""
    for clause in _CLAUSE.finditer(rule.text):
        for found in _RULING.finditer(clause.group().strip().removeprefix(_EXAMPLE)):
            what = found["what"].rpartition("：")[2].strip("，, 的")
            if 2 <= len(what) <= 40 and not _NO_ANSWER.search(what):
                labels = found["codes"].split("、") if found["codes"] else [_OUTSIDE]
                yield from ((what, label) for label in labels)


def _included(entry: Entry | None) -> Iterator[Answer]:
    for what in entry.includes if entry else ():
        yield Answer(what, entry.code if entry else _OUTSIDE, f"{entry.code if entry else ''} 包括")


def _nearest(answers: Iterable[Answer], text: str) -> list[Answer]:
    """Answers by the share of their pairs of characters that the text has as well; otherwise in the edition's order."""
    own = _pairs(text)
    return sorted(answers, key=lambda one: -len(_pairs(one.what) & own) / max(len(_pairs(one.what)), 1))


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _given(application: Application) -> str:
    return "\n".join(application.text(field) for field in Field if field not in (Field.SCOPE, Field.INDUSTRY))


def _answered_field(application: Application) -> Field:
    """Where an answer belongs: with the stated use of the money, if there is one."""
    return Field.PURPOSE if application.purpose.strip() else Field.DESCRIPTION


def with_answer(application: Application, sentence: str) -> Application:
    """The application with one more supplementary sentence at the end of its text."""
    field = _answered_field(application)
    text = _stopped(application.text(field).rstrip())
    own = _stopped(" ".join(sentence.split()))
    added = f"{text}\n{_MARK}{own}" if text else f"{_MARK}{own}"
    return _with_text(application, field, added)


def _stopped(text: str) -> str:
    """A text that ends its sentence, so that what follows is read by itself."""
    return text if not text or text[-1] in _ENDS else f"{text}。"


def supplements(application: Application) -> tuple[str, ...]:
    """The supplementary sentences at the end of the text, in order."""
    lines = application.text(_answered_field(application)).split("\n")
    first = len(lines)
    while first > 0 and lines[first - 1].startswith(_MARK):
        first -= 1
    return tuple(line.removeprefix(_MARK) for line in lines[first:])


def without_answers(application: Application) -> Application:
    """The application as it was before the answers (a full stop that parted them may stay)."""
    field = _answered_field(application)
    count = len(supplements(application))
    lines = application.text(field).split("\n")
    return _with_text(application, field, "\n".join(lines[: len(lines) - count]))


def _with_text(application: Application, field: Field, text: str) -> Application:
    return replace(application, purpose=text) if field is Field.PURPOSE else replace(application, description=text)
