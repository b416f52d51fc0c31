"""Rows of a loan book that could not be labelled, told for the person who has to mend them: where, what, and how."""

import re
from dataclasses import dataclass

from classifier.batch import ProblemRow

# What stands in a problem, where it names its column, and what to do about it.
_REMEDIES = (
    (re.compile("“(.*?)”不是能读懂的金额"), "改成数字，例如 1,200.50 或 3000万元；没有金额就留空。"),
    (re.compile("文本为空（(.*?)）"), "在这几列中至少填写一列，写明贷款用在什么上。"),
    (re.compile("“(.*?)”过长"), "只保留与资金用途有关的内容，其余删去。"),
    (re.compile("字段过(?:少|多)()"), "多半是文字中有逗号或引号错位：在 Excel 中打开核对本行，另存为 .xlsx 再上传。"),
    (re.compile("引号没有成对()"), "把本行的英文引号补成一对，或另存为 .xlsx 再上传。"),
)
_PLACE = re.compile(r"^第 \d+ 行")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row with its problem: which column, what stands there, and what to do."""

    row: int
    column: str
    problem: str
    remedy: str


def read_problem(row: ProblemRow) -> RowProblem:
    """Take a problem apart; a row may have several."""
    columns: list[str] = []
    remedies: list[str] = []
    for pattern, remedy in _REMEDIES:
        if found := pattern.findall(row.problem):
            columns += [name for name in found if name]
            remedies.append(remedy)
    text = _PLACE.sub("", row.problem)
    return RowProblem(row.row, "、".join(columns) or "整行", text, "".join(remedies) or "核对本行内容后重新上传。")
