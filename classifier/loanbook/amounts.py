"""What a money cell says, in yuan: digits of any width, thousands separators, 万元 and the like in cell or header."""

import re
import unicodedata
from decimal import Decimal

_UNITS = {"": Decimal(1), "百": Decimal(100), "千": Decimal(1000), "百万": Decimal(10**6), "千万": Decimal(10**7)}
_UNITS |= {"万": Decimal(10**4), "亿": Decimal(10**8)}
_UNIT = "千万|百万|亿|万|千|百"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+"
_AMOUNT = re.compile(rf"(?P<sign>[-+]?)(?P<number>(?:{_NUMBER})(?:e[-+]?\d{{1,2}})?)(?P<unit>{_UNIT})?(?P<yuan>元)?整?")
_IN_BRACKETS = re.compile(rf"\((?P<amount>(?:{_NUMBER})(?:{_UNIT})?元?)\)")
_BARE_UNIT = rf"[(\[【](?:单位:?)?(?:人民币)?({_UNIT})[)\]】]|单位:?(?:人民币)?({_UNIT})$"
_HEADER_UNIT = re.compile(rf"(?<![美欧港日])({_UNIT}|)元|{_BARE_UNIT}")
_TITLE_UNIT = re.compile(rf"单位:?(?:人民币)?({_UNIT}|)元|{_BARE_UNIT}")
_FOREIGN = re.compile("[美欧日港加澳]元|美金|港币|英镑|外币|usd|eur|jpy|hkd|gbp")
_CURRENCY = re.compile(r"^(?:人民币|rmb|cny|¥)+|(?:人民币|rmb|cny)$")
_IGNORED = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]")
_DASHES = re.compile(r"[-—–―_/]+")
_LARGEST = Decimal(10**15)


class AmountError(ValueError):
    """A cell is no amount; the message is the kind of thing it holds, never its text."""


def header_unit(header: str) -> Decimal | None:
    """How many yuan one unit of a column is, if its header says so: 10000 for 余额（万元）.

    >>> header_unit("余额（万元）")
    Decimal('10000')
    """
    return _unit(_HEADER_UNIT, header)


def title_unit(title: str) -> Decimal | None:
    """How many yuan one unit of a whole table is, if a title row says so: 10000 for 单位：万元."""
    return _unit(_TITLE_UNIT, title)


def _unit(pattern: re.Pattern[str], text: str) -> Decimal | None:
    match = pattern.search(_plain(text))
    return _UNITS[next(filter(None, match.groups()), "")] if match else None


def is_foreign(header: str) -> bool:
    """Whether a column is in another currency, and not converted: its amounts are no yuan.

    >>> is_foreign("余额（万美元）"), is_foreign("外币余额折人民币")
    (True, False)
    """
    plain = _plain(header)
    return "人民币" not in plain and bool(_FOREIGN.search(plain))


def _plain(text: str) -> str:
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).lower()


def parse_amount(text: str, unit: Decimal = Decimal(1)) -> Decimal | None:
    """The amount of a cell in yuan, None for a blank one; a unit in the cell outranks ``unit``, that of its column.

    >>> parse_amount("１，２００.５０", Decimal(10_000))
    Decimal('12005000.00')
    >>> parse_amount("3000万元")
    Decimal('30000000')
    """
    plain = _plain(text).removeprefix("'")
    if not plain or _DASHES.fullmatch(plain):
        return None
    plain = _CURRENCY.sub("", plain)
    negative = _IN_BRACKETS.fullmatch(plain)
    match = _AMOUNT.fullmatch("-" + negative["amount"] if negative else plain)
    if match is None:
        raise AmountError(_kind(plain))
    if match["unit"] or match["yuan"]:
        unit = _UNITS[match["unit"] or ""]
    amount = Decimal(match["sign"] + match["number"].replace(",", "")) * unit
    if abs(amount) >= _LARGEST:
        raise AmountError("数值过大")
    return amount


def _kind(plain: str) -> str:
    if re.fullmatch(r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?.*", plain):
        return "日期"
    if plain.endswith("%"):
        return "百分比"
    if not any(character.isdigit() for character in plain):
        return "无数字的文字"
    return "夹有文字或符号的数字"
