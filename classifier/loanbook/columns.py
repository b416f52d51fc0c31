"""Which column of a loan book is what: the names banks use for them, and what the user says of them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from classifier.errors import LoanBookError
from classifier.loanbook.amounts import is_foreign


class MissingColumnError(LoanBookError):
    """A named column is not there."""


class ForeignColumnError(LoanBookError):
    """The column named for the amounts is in another currency."""


class NoTextColumnError(LoanBookError):
    """No column tells what the money is for; ``header`` are the columns there are."""

    def __init__(self, message: str, header: Sequence[str]) -> None:
        super().__init__(message)
        self.header = tuple(header)


class Role(Enum):
    """What a column is to us; the value is what a person calls it."""

    DESCRIPTION = "项目描述"
    NAME = "项目名称"
    PURPOSE = "贷款用途"
    SCOPE = "经营范围"
    INDUSTRY = "国标行业"
    ID = "借据号"
    BALANCE = "余额"
    AMOUNT = "金额"

    __hash__ = object.__hash__  # each member is the only one of its kind; asked for with every cell


TEXT_ROLES = (Role.DESCRIPTION, Role.NAME, Role.PURPOSE)
MONEY_ROLES = (Role.BALANCE, Role.AMOUNT)


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """The columns a user names; None leaves a role to the names banks use. ``amount`` is the column to add up.

    ``unused`` are roles that no column shall have, whatever its name.
    """

    text: str | None = None
    name: str | None = None
    purpose: str | None = None
    id: str | None = None
    amount: str | None = None
    scope: str | None = None
    industry: str | None = None
    unused: frozenset[Role] = frozenset()

    def by_role(self) -> dict[Role, str]:
        """The named columns only."""
        named = {
            Role.DESCRIPTION: self.text,
            Role.NAME: self.name,
            Role.PURPOSE: self.purpose,
            Role.ID: self.id,
            Role.BALANCE: self.amount,
            Role.SCOPE: self.scope,
            Role.INDUSTRY: self.industry,
        }
        return {role: name for role, name in named.items() if name is not None}


# The names of each role, the surest first.
_NAMES: Mapping[Role, Sequence[str]] = {
    Role.DESCRIPTION: """
        项目描述 项目内容 建设内容 主要建设内容 建设内容及规模 建设规模及内容 建设规模和内容 项目建设内容
        项目概况 项目简介 项目情况 项目说明 业务描述 贷款描述 贷款说明 描述 项目摘要 业务摘要 text description
    """.split(),
    Role.NAME: """
        项目名称 贷款项目名称 融资项目名称 支持项目名称 项目全称 工程名称 贷款项目 项目 project projectname
    """.split(),
    Role.PURPOSE: """
        贷款具体用途 借款具体用途 贷款实际用途 实际用途 具体用途 贷款用途 借款用途 贷款资金用途 资金用途
        信贷用途 授信用途 融资用途 用途 用途描述 用途说明 purpose
    """.split(),
    Role.SCOPE: """
        经营范围 主营业务 主营业务范围 主要业务 主营范围 主营 经营业务 企业简介 客户简介 scope
    """.split(),
    Role.INDUSTRY: """
        贷款实际投向 实际投向 贷款投向 投向行业 贷款投向行业 行业投向 投向 国标行业 国标行业代码 国民经济行业
        国民经济行业分类 国民经济行业代码 行业代码 行业分类 行业名称 行业类别 所属行业 行业 贷款行业 借款人行业
        industry
    """.split(),
    Role.ID: """
        借据号 借据编号 借据编码 借据号码 贷款借据号 贷款借据编号 贷款借据编码 贷款编号 贷款账号 业务编号 合同号
        合同编号 合同编码 贷款合同号 贷款合同编号 借款合同号 借款合同编号 编号 序号 id loanid
    """.split(),
    Role.BALANCE: """
        余额折人民币 贷款余额折人民币 折人民币余额 贷款余额 借据余额 贷款本金余额 本金余额 当前余额 期末余额
        余额 折人民币 balance
    """.split(),
    Role.AMOUNT: """
        发放金额 贷款发放金额 贷款金额 借据金额 放款金额 借款金额 合同金额 贷款合同金额 贷款发放额 贷款额 金额
        amount
    """.split(),
}
# Remarks may tell of anything: such a column is read only where no other column tells what the money is for.
_REMARKS = ("摘要", "内容", "说明", "备注说明", "备注")
# Where no column has one of these names: words inside a name that give a role away, and words that forbid it.
_WORDS: Mapping[Role, re.Pattern[str]] = {
    Role.DESCRIPTION: re.compile("建设内容|项目概况|项目简介|项目描述"),
    Role.NAME: re.compile("项目名称|工程名称"),
    Role.PURPOSE: re.compile("用途"),
    Role.SCOPE: re.compile("经营范围|主营业务"),
    Role.INDUSTRY: re.compile("投向|国标行业|国民经济行业"),
    Role.ID: re.compile("借据.*[号码]"),
    Role.BALANCE: re.compile("贷款.*余额|本金余额|借据.*余额"),
    Role.AMOUNT: re.compile("(贷款|发放|放款|借据).*金额"),
}
_FORBIDDEN = re.compile("逾期|利息|欠息|累计|抵押|担保|用途(代码|编码|类型|类别|分类)")
# Further names of a loan book; they only help to find its header row.
_OTHER_NAMES = frozenset(
    """
    机构 机构号 机构编码 机构名称 经办机构 支行 网点 客户号 客户编号 客户名称 借款人 借款人名称 企业名称
    统一社会信用代码 社会信用代码 证件号码 证件类型 发放日 发放日期 放款日 放款日期 起始日 到期日 到期日期 期限
    利率 执行利率 币种 担保方式 五级分类 贷款状态 产品名称 业务品种 企业规模 数据日期 客户经理 所属地区 结论
    条目编码 处理
    """.split()
)
_KNOWN = _OTHER_NAMES.union(_REMARKS, *_NAMES.values())
_TEXT_NAMES = frozenset(name for role in TEXT_ROLES for name in _NAMES[role]).union(_REMARKS)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕")
_MARKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff_*:'\"/-]")
_UNIT_AT_END = re.compile("(?<=.)(单位)?[亿万千百]*元$")


def plain_name(header: str) -> str:
    """A column name without blanks, brackets, marks and unit.

    >>> plain_name("＊余　额（万元）")
    '余额'
    """
    name = unicodedata.normalize("NFKC", header).lower()
    marked = _MARKS.sub("", _BRACKETS.sub("", name)) or _MARKS.sub("", name)
    return _UNIT_AT_END.sub("", marked)


def header_score(cells: Sequence[str], named: ColumnNames) -> int:
    """How much a row looks like a header: the known names in it; those that the user or the text gives weigh more."""
    names = [plain_name(cell) for cell in cells]
    wanted = {plain_name(name) for name in named.by_role().values()}
    known = sum(name in _KNOWN for name in names)
    return known + 2 * any(name in _TEXT_NAMES for name in names) + 10 * len(wanted.intersection(names))


def assign_roles(header: Sequence[str], named: ColumnNames) -> dict[Role, int]:
    """The column of each role that is there: those the user named, then those that bear a name banks use.

    Raises LoanBookError for a named column that is not there, and where no column holds a text.
    """
    columns = {role: _named_column(header, name) for role, name in named.by_role().items()}
    if Role.BALANCE in columns and is_foreign(header[columns[Role.BALANCE]]):
        raise ForeignColumnError(f"“{named.amount}”是外币列，不能当作人民币相加。请用 --amount 指明折人民币的列。")
    for role in Role:
        if role in columns or role in named.unused or (role is Role.AMOUNT and named.amount is not None):
            continue
        free = [index for index in range(len(header)) if index not in columns.values()]
        if role in MONEY_ROLES:
            free = [index for index in free if not is_foreign(header[index])]
        found = next(_likely_columns(role, header, free), None)
        if found is not None:
            columns[role] = found
    if not any(role in columns for role in TEXT_ROLES):
        columns.update((Role.DESCRIPTION, index) for index in _remarks(header, columns)[:1])
    if not any(role in columns for role in TEXT_ROLES):
        raise NoTextColumnError(
            "没有找到贷款用途、项目名称或项目描述列。"
            f"表中的列：{_listed(header)}。请用 --text（项目描述）、--purpose（用途）或 --name（项目名称）指明列名。",
            header,
        )
    return columns


def _named_column(header: Sequence[str], name: str) -> int:
    if name in header:
        return list(header).index(name)
    names = [plain_name(cell) for cell in header]
    if plain_name(name) in names:
        return names.index(plain_name(name))
    raise MissingColumnError(f"没有名为“{name}”的列。表中的列：{_listed(header)}。请改用其中的列名。")


def _likely_columns(role: Role, header: Sequence[str], free: Sequence[int]) -> Iterator[int]:
    names = {index: plain_name(header[index]) for index in free}
    for wanted in _NAMES[role]:
        yield from (index for index, name in names.items() if name == wanted)
    for index, name in names.items():
        if name not in _KNOWN and _WORDS[role].search(name) and not _FORBIDDEN.search(name):
            yield index


def _remarks(header: Sequence[str], columns: Mapping[Role, int]) -> list[int]:
    """The columns of remarks that have no role, the surest first."""
    names = {index: plain_name(name) for index, name in enumerate(header) if index not in columns.values()}
    return [index for wanted in _REMARKS for index, name in names.items() if name == wanted]


def _listed(header: Sequence[str], most: int = 40) -> str:
    names = [" ".join(name.split())[:30] for name in header if name.strip()]
    return "、".join(names[:most]) + ("……" if len(names) > most else "") if names else "（无）"
