"""A pasted application and what is said about its result in plain words: pure functions behind 单笔识别."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from classifier.errors import ApplicationError
from classifier.loanbook.amounts import AmountError, parse_amount
from classifier.records import Application, Evidence, Field, Outcome, Prediction, Route, Source
from classifier.web.evidence import Way, way
from classifier.web.look import confidence_number, label_text
from classifier.web.single.question import rulings, with_answer
from taxonomy import Catalogue, Exclusion

LONGEST_TEXT = 20_000
MOST_WORDS = 8
MOST_NEEDS = 3
_LONGEST_QUOTE = 40
_QUOTED = re.compile(rf"“([^”]{{{_LONGEST_QUOTE},}})”")
# Two figures that are the same once rounded explain nothing.
_SAME = re.compile(r"置信度 ([\d.]+) 低于自动通过的 \1(?=：)")
_CODE = re.compile(r"(?<![\d.])\d+(?:\.\d+){1,2}(?![\d.])")
_SEES_SOMETHING = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Paste:
    """The fields of the form as they were typed; ``supplements`` are the answers added to the text."""

    description: str = ""
    name: str = ""
    purpose: str = ""
    scope: str = ""
    industry: str = ""
    amount: str = ""
    id: str = ""
    supplements: tuple[str, ...] = ()


EXAMPLES: dict[str, Paste] = {
    "海上风电": Paste("投资建设300MW海上风电场，安装单机10MW风机30台，项目已取得海域使用权。"),
    "海带养殖": Paste("企业经营范围含船舶修造，本次贷款用于购买海带苗和浮筏绳索，不涉及修船。"),
    "分不清的": Paste("渔船更新改造项目，加装生活污水处理装置，申请贷款600万元。"),
    "目录外的": Paste("建设年吞吐量2000万吨的通用散货泊位及后方堆场。"),
    "写得太少的": Paste("补充流动资金。"),
}


def read_paste(paste: Paste, now: datetime) -> Application:
    """The application of a filled form; ApplicationError says in plain words what is missing or too long."""
    for field, text in _texts(paste).items():
        if len(text) > LONGEST_TEXT:
            raise ApplicationError(
                f"{field.value}有 {len(text):,} 个字符，超过 {LONGEST_TEXT:,}：请只贴项目和用途的部分。"
            )
    own = (paste.description, paste.name, paste.purpose)
    if not any(text.strip() for text in (*own, *paste.supplements)):
        raise ApplicationError("还没有可识别的文字：请粘贴项目描述，或在“补充信息”中写明项目名称或贷款用途。")
    if not any(_SEES_SOMETHING.search(text) for text in (*own, *paste.supplements)):
        raise ApplicationError("文字里没有汉字、字母或数字，无法识别：请粘贴项目描述或贷款用途的原文。")
    application = Application(
        id=paste.id.strip() or f"单笔{now:%Y%m%d-%H%M%S}",
        description=paste.description,
        name=paste.name,
        purpose=paste.purpose,
        scope=paste.scope,
        industry=paste.industry,
        amount=_amount(paste.amount),
    )
    for sentence in paste.supplements:
        application = with_answer(application, sentence)
    return application


def on_assertion(prediction: Prediction) -> Prediction:
    """A blue result that rests on what the officer added goes to a person: no document was read for it (蓝洗)."""
    if not prediction.outcome.is_blue:
        return prediction
    reason = "结论用到了经办的补充说明：请复核人员核对佐证材料。"
    return replace(prediction, route=Route.REVIEW, reasons=(reason, *prediction.reasons))


def _texts(paste: Paste) -> dict[Field, str]:
    return {
        Field.DESCRIPTION: paste.description,
        Field.NAME: paste.name,
        Field.PURPOSE: paste.purpose,
        Field.SCOPE: paste.scope,
        Field.INDUSTRY: paste.industry,
    }


def _amount(text: str) -> Decimal | None:
    try:
        return parse_amount(text)
    except AmountError:
        raise ApplicationError("金额看不懂：请只写一个数，例如 30000000 或 3000万元，也可以留空。") from None


def route_text(prediction: Prediction) -> str:
    """Who decides and why, in one sentence; the reasons themselves follow it."""
    if prediction.route is Route.ACCEPT:
        return "置信度达到要求，规则与模型没有冲突。"
    return "原因如下，请送复核，或先补充事实再识别。" if prediction.reasons else "请送复核。"


def plain_reasons(prediction: Prediction, catalogue: Catalogue) -> list[str]:
    """The reasons with names beside codes, and long terms of the rules shortened."""
    return [plain_reason(reason, catalogue) for reason in prediction.reasons]


def plain_reason(reason: str, catalogue: Catalogue) -> str:
    """One reason as a person who does not know the codes reads it."""
    short = _SAME.sub(r"把握略低于自动通过所要求的 \1", reason)
    short = _QUOTED.sub(lambda match: f"“{match[1][:_LONGEST_QUOTE]}…”", short)
    return _CODE.sub(lambda match: label_text(catalogue, match[0]), short)


def about(prediction: Prediction, label: str) -> list[Evidence]:
    """The evidence that speaks of one label, and whatever the context voided, for it explains what did not count."""
    return [one for one in prediction.evidence if one.label == label or one.weight == 0]


def held_back(prediction: Prediction, catalogue: Catalogue) -> str:
    """Why the likeliest item is not the result; empty where it is, or where none is likeliest."""
    first = prediction.candidates[0] if prediction.candidates else None
    if prediction.code is not None or first is None or first.code is None:
        return ""
    name, number = label_text(catalogue, first.code), confidence_number(first.confidence)
    return f"最像的是 {name}（{number}），但还不够判为目录内：误判蓝色的代价更大，差一点就请人判断。"


def without_echoes(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The weightiest first; a word inside another one that says the same is left out."""
    kept: list[Evidence] = []
    for one in sorted(evidence, key=lambda one: (-abs(one.weight), one.start - one.end)):
        if not any(_echoes(one, other) for other in kept):
            kept.append(one)
    return kept


def _echoes(one: Evidence, other: Evidence) -> bool:
    same = (one.source, one.field, one.label, way(one)) == (other.source, other.field, other.label, way(other))
    return same and other.start <= one.start and one.end <= other.end


def shown_label(prediction: Prediction) -> str:
    """The label whose evidence explains the result: where only an upper entry is sure, the best item below it."""
    label = prediction.code or prediction.outcome.value
    below = [one.label for one in prediction.candidates if one.label.startswith(f"{label}.")]
    return below[0] if below else label


def labels_with_evidence(prediction: Prediction) -> list[str]:
    """The labels one can ask the evidence of: the result's first, the others by the amount of evidence."""
    first = shown_label(prediction)
    known = {one.label for one in prediction.candidates} | set(prediction.also)
    others = [one.label for one in prediction.evidence if one.source is not Source.CONTEXT and one.label in known]
    return list(dict.fromkeys([first, *(one.label for one in prediction.candidates), *others]))


def words(prediction: Prediction, label: str, spoke: Way) -> list[str]:
    """The words that spoke for or against a label, the weightiest first, each once."""
    spoken = [one for one in prediction.evidence if one.label == label and one.source is not Source.CONTEXT]
    own = [one for one in spoken if way(one) is spoke]
    ordered = sorted(own, key=lambda one: -abs(one.weight))
    return list(dict.fromkeys(" ".join(one.text.split()) for one in ordered))[:MOST_WORDS]


def needs(catalogue: Catalogue, label: str, rivals: Iterable[str]) -> list[str]:
    """What the text would have to say for a label to stand: what the edition gives to it and to none of its rivals."""
    entry = catalogue.get(label)
    if label == Outcome.INSUFFICIENT.value:
        return []
    taken = [what for rival in rivals for what in _given_away(catalogue, rival, label)]
    own = list(entry.includes) if entry else []
    return list(dict.fromkeys([*taken, *own]))[:MOST_NEEDS]


def _given_away(catalogue: Catalogue, rival: str, label: str) -> list[str]:
    """What a rival excludes in favour of the label, and what their common rules rule to be the label's."""
    entry = catalogue.get(rival)
    if entry is None:
        return []
    ruled = [what for rule in entry.boundaries if not rule.general for what, own in rulings(rule) if own == label]
    return [one.what for one in entry.excludes if _goes_to(one) == label] + ruled


def _goes_to(exclusion: Exclusion) -> str:
    return exclusion.goes_to or Outcome.OUTSIDE.value


def financed_as_well(prediction: Prediction, catalogue: Catalogue) -> Sequence[str]:
    """The further items that are financed, with code, name and tier."""
    tiers = {code: catalogue[code].tier for code in prediction.also}
    return [f"{label_text(catalogue, code)}（{tier.value}）" for code, tier in tiers.items() if tier]
