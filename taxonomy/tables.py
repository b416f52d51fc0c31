"""Takes the tables of an edition apart: typed values out, and a fault for what is missing, misplaced or unknown."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar

from taxonomy.checks import Fault

Word = TypeVar("Word", bound=Enum)

# What a person calls the keys of the tables; also the columns of the workbook.
WORDS = {
    "format": "格式版本",
    "catalogue": "版本",
    "edition": "目录版本",
    "title": "标题",
    "issued": "发布时间",
    "status": "文本状态",
    "source": "来源",
    "scope": "范围",
    "blue": "蓝色的含义",
    "light_blue": "浅蓝的含义",
    "level": "层级",
    "code": "编码",
    "parent": "上级编码",
    "name": "名称",
    "tier": "层次",
    "definition": "界定",
    "includes": "包括",
    "excludes": "不包括",
    "what": "内容",
    "goes_to": "去向编码",
    "basis": "依据",
    "provenance": "名称来源",
    "note": "备注",
    "links": "对照",
    "standard": "标准",
    "relation": "关系",
    "confidence": "把握",
    "number": "编号",
    "text": "正文",
    "general": "通用",
    "entries": "条目",
    "mentions": "举例涉及",
    "boundaries": "口径",
}


class Table:
    """One table being read: gives its keys as typed values and notes what is missing, of another kind or unknown.

    A faulty value is replaced by an empty one, so that reading goes on to find the other faults.
    """

    def __init__(self, keys: Mapping[str, Any], faults: list[Fault], table: str, position: int | None) -> None:
        self._left = dict(keys)
        self._faults = faults
        self._table = table
        self._position = position
        self._link: int | None = None
        self._name = " ".join(str(keys[key]) for key in ("code", "number", "what") if isinstance(keys.get(key), str))

    def fault(self, text: str) -> None:
        """Note a fault of this table."""
        name = f"{WORDS.get(self._table, self._table)} {self._name}：" if self._table else ""
        self._faults.append(Fault(self._table, self._position, name + text, self._link))

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required unless there is a default."""
        value = self._left.pop(key, default)
        if isinstance(value, str):
            return value
        self._wrong(key, value, "文字")
        return ""

    def optional(self, key: str) -> str | None:
        """A text that may be left out."""
        return self.text(key) if key in self._left else None

    def number(self, key: str) -> int:
        """A whole number."""
        value = self._left.pop(key, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong(key, value, "整数")
        return 0

    def flag(self, key: str) -> bool:
        """True or false; false if left out."""
        value = self._left.pop(key, False)
        if isinstance(value, bool):
            return value
        self._wrong(key, value, "true 或 false")
        return False

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if left out."""
        value = self._left.pop(key, [])
        if isinstance(value, list) and all(isinstance(text, str) for text in value):
            return tuple(value)
        self._wrong(key, value, "文字的列表")
        return ()

    def optional_word(self, key: str, words: type[Word]) -> Word | None:
        """One of a closed set of words that may be left out."""
        return self.word(key, words) if key in self._left else None

    def word(self, key: str, words: type[Word]) -> Word:
        """One of a closed set of words."""
        value = self._left.pop(key, None)
        try:
            return words(value)
        except ValueError:
            self._wrong(
                key, value, "、".join(dict.fromkeys(getattr(word, "chinese", word.value) for word in words)) + "之一"
            )
            return next(iter(words))

    def table(self, key: str) -> "Table":
        """A table of its own."""
        value = self._left.pop(key, None)
        if isinstance(value, Mapping):
            return Table(value, self._faults, key, 0)
        self._wrong(key, value, "表")
        return Table({}, [], key, 0)

    def rows(self, key: str) -> Iterator["Table"]:
        """A list of tables of the whole edition, each with its position."""
        for position, keys in enumerate(self._mappings(key)):
            yield Table(keys, self._faults, key, position)

    def parts(self, key: str) -> Iterator["Table"]:
        """A list of tables that belong to this one and share its position."""
        for number, keys in enumerate(self._mappings(key)):
            part = Table(keys, self._faults, self._table, self._position)
            part._name = f"{self._name} 的{WORDS[key]} {part._name}"
            part._link = number if key == "links" else None
            yield part

    def _mappings(self, key: str) -> list[Mapping[str, Any]]:
        value = self._left.pop(key, [])
        if isinstance(value, list) and all(isinstance(table, Mapping) for table in value):
            return value
        self._wrong(key, value, "表的列表")
        return []

    def _wrong(self, key: str, value: object, expected: str) -> None:
        found = "没有填" if value is None else f"现为 {str(value)[:30]!r}"
        self.fault(f"{WORDS.get(key, key)}（{key}）应为{expected}，{found}，请改正")

    def close(self) -> None:
        """Note the keys nobody asked for."""
        for key in self._left:
            self.fault(f"有不认识的键 {key!r}，请删去或改正拼写")
