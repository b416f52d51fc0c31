"""The XLSX form of an edition: the tables of an edition file as Chinese sheets that a bank can fill in, and back.

The sheets hold texts only, so that Excel neither shortens a code such as 1.10 nor makes a date of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from classifier.table import Cell, cell_text
from classifier.workbook import read_sheets
from taxonomy import (
    Catalogue,
    CatalogueError,
    Confidence,
    Imprint,
    Provenance,
    Relation,
)
from taxonomy.checks import Fault
from taxonomy.reader import FORMAT, build_catalogue
from taxonomy.tables import WORDS
from taxonomy.writer import as_tables

GUIDE, IMPRINT, ENTRIES, BOUNDARIES, LINKS = "说明", "版本", "条目", "边界", "对照"
WIDTHS = {
    GUIDE: (14, 110),
    IMPRINT: (14, 110),
    ENTRIES: (6, 9, 9, 32, 7, 60, 48, 48, 40, 9, 40),
    BOUNDARIES: (7, 24, 100, 6, 24, 24),
    LINKS: (9, 24, 9, 9, 36, 10, 6, 60),
}
OUTSIDE = "目录外"

_YES = "是"
_ARROW = " → "


def _words(keys: str) -> dict[str, str]:
    return {key: WORDS[key] for key in keys.split()}


_COLUMNS = {
    IMPRINT: {"key": "项目", "value": "内容"},
    ENTRIES: _words("level code parent name tier definition includes excludes basis provenance note"),
    BOUNDARIES: _words("number title text general entries mentions"),
    LINKS: {
        "item": "条目编码",
        "standard": WORDS["standard"],
        "edition": "标准版本",
        **_words("code name relation confidence basis"),
    },
}
_CHINESE = {
    "provenance": {word.value: word.chinese for word in Provenance},
    "relation": {word.value: word.chinese for word in Relation},
    "confidence": {word.value: word.chinese for word in Confidence},
}
_GUIDANCE = (
    ("用途", "本表是目录的完整内容。取得官方文本后，照此格式改写各表，再用 lanmu catalogue import 生成新的目录版本。"),
    ("版本", "“目录版本”必须改成新的版本号；“文本状态”和“来源”写明文本是官方的还是重建的、从哪里来。"),
    (
        "条目",
        "一行一个条目，按发布顺序排列。层级填 1、2、3；一级分类的上级编码留空；层次只有三级条目填写（蓝色或浅蓝）。",
    ),
    ("包括", "一行一项（单元格内按 Alt+Enter 换行）。"),
    ("不包括", f"一行一项，写成“内容{_ARROW}去向编码”，不在目录内的写成“内容{_ARROW}{OUTSIDE}”。"),
    ("名称来源", "名称出自官方文本填“官方”，否则填“重建”；“依据”写明名称和文字依据什么（文件、页码）。"),
    (
        "边界",
        "判断口径。对所有条目都适用的在“通用”填“是”，否则在“条目”列出所涉编码，用顿号分开；没有口径时本表可以只留表头。",
    ),
    (
        "对照",
        "一行一条对照。蓝色条目至少有一条绿色标准的对照；关系填一致、更宽、更窄、部分重合，浅蓝条目不能填“一致”；把握填高、中、低。",
    ),
    (
        "检查",
        "导入时检查数量、编码、上级、层次、对照，有错会指出工作表、行、列和改法；表头文字不要改，列的次序可以改。",
    ),
)


def form_sheets(catalogue: Catalogue) -> dict[str, Sequence[Sequence[Cell]]]:
    """The form, filled with an edition."""
    tables = as_tables(catalogue)
    links = [{"item": entry["code"], **link} for entry in tables["entries"] for link in entry.get("links", ())]
    imprint = [{"key": WORDS[key], "value": value} for key, value in tables["catalogue"].items()]
    return {
        GUIDE: [("项目", "内容"), *_GUIDANCE],
        IMPRINT: _sheet(IMPRINT, imprint),
        ENTRIES: _sheet(ENTRIES, tables["entries"]),
        BOUNDARIES: _sheet(BOUNDARIES, tables["boundaries"]),
        LINKS: _sheet(LINKS, links),
    }


def _sheet(name: str, tables: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Cell]]:
    columns = _COLUMNS[name]
    rows = ([_shown(key, table.get(key)) for key in columns] for table in tables)
    return [list(columns.values()), *rows]


def _shown(key: str, value: Any) -> str:
    """A value of an edition file as the form shows it."""
    if value is None:
        return ""
    if key == "excludes":
        return "\n".join(part["what"] + _ARROW + part.get("goes_to", OUTSIDE) for part in value)
    if key == "includes":
        return "\n".join(value)
    if key in ("entries", "mentions"):
        return "、".join(value)
    if key in _CHINESE:
        return _CHINESE[key][value]
    return _YES if value is True else str(value)


@dataclass(frozen=True, slots=True)
class _Line:
    """One filled row of a sheet, by the keys of an edition file; ``number`` is as Excel counts."""

    sheet: str
    number: int
    cells: Mapping[str, Cell]

    @property
    def place(self) -> str:
        """What a message calls it."""
        return f"“{self.sheet}”表第 {self.number} 行 "


def import_workbook(path: Path) -> Catalogue:
    """The edition of a filled form; CatalogueError names sheet, row, column and remedy of every fault."""
    try:
        sheets = read_sheets(path)
    except OSError as error:
        raise CatalogueError(f"读不到目录模板 {path}（{error.strerror}），请核对路径和权限") from error
    lines = {name: _lines(path, name, sheets) for name in _COLUMNS}
    reading = _Reading(lines)
    return build_catalogue(reading.tables, reading.place, path.name, reading.faults)


def _lines(path: Path, name: str, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> list[_Line]:
    """The filled rows of a sheet below its header row."""
    if name not in sheets:
        raise CatalogueError(f"{path.name} 缺少“{name}”表，请用 lanmu catalogue export 导出的模板填写，不要删改工作表")
    header, *rows = [*sheets[name], []] if not sheets[name] else sheets[name]
    places = {cell_text(cell).strip(): column for column, cell in enumerate(header)}
    columns = _COLUMNS[name]
    missing = [word for word in columns.values() if word not in places]
    unknown = [word for word in places if word and word not in columns.values()]
    if missing or unknown:
        parts = [f"缺少列{'、'.join(missing)}"] * bool(missing) + [f"多出列{'、'.join(unknown)}"] * bool(unknown)
        raise CatalogueError(f"{path.name} 的“{name}”表第 1 行{'，'.join(parts)}，请照模板改正表头")
    keyed = ({key: row[places[word]] for key, word in columns.items()} for row in rows)
    lines = [_Line(name, number, cells) for number, cells in enumerate(keyed, start=2)]
    return [line for line in lines if any(cell_text(cell).strip() for cell in line.cells.values())]


class _Reading:
    """A form being read: the tables of the edition, the faults so far, and where each table stood."""

    def __init__(self, lines: Mapping[str, Sequence[_Line]]) -> None:
        self.faults: list[Fault] = []
        self._lines = {"entries": lines[ENTRIES], "boundaries": lines[BOUNDARIES]}
        self._links: dict[tuple[int, int], _Line] = {}
        entries = [self._table("entries", position, line) for position, line in enumerate(lines[ENTRIES])]
        self._add_links(entries, lines[LINKS])
        boundaries = [self._table("boundaries", position, line) for position, line in enumerate(lines[BOUNDARIES])]
        self.tables = {
            "format": FORMAT,
            "catalogue": _imprint(lines[IMPRINT]),
            "entries": entries,
            "boundaries": boundaries,
        }

    def place(self, fault: Fault) -> str:
        """Sheet and row of a fault."""
        if fault.table == "catalogue":
            return f"“{IMPRINT}”表 "
        if fault.position is None:
            return ""
        if fault.link is not None:
            return self._links[fault.position, fault.link].place
        return self._lines[fault.table][fault.position].place

    def _add_links(self, entries: Sequence[dict[str, Any]], lines: Sequence[_Line]) -> None:
        positions = {entry.get("code"): position for position, entry in reversed(list(enumerate(entries)))}
        for line in lines:
            code = _joined(cell_text(line.cells["item"]))
            if code not in positions:
                text = f"{line.place}条目编码“{code}”不在“{ENTRIES}”表里，请改正"
                self.faults.append(Fault("entries", None, text))
                continue
            position = positions[code]
            links = entries[position].setdefault("links", [])
            self._links[position, len(links)] = line
            links.append(self._table("entries", position, line, len(links)))

    def _table(self, table: str, position: int, line: _Line, link: int | None = None) -> dict[str, Any]:
        values = {key: _value(key, cell) for key, cell in line.cells.items() if key != "item"}
        for key, cell in line.cells.items():
            if isinstance(cell, (date, time, timedelta)):
                word = _COLUMNS[line.sheet][key]
                text = f"“{word}”列被 Excel 变成了日期或时间（{cell}），请把该列设为文本格式后重填"
                self.faults.append(Fault(table, position, text, link))
        return {key: value for key, value in values.items() if value is not None}


def _imprint(lines: Sequence[_Line]) -> dict[str, str]:
    keys = {WORDS[key]: key for key in Imprint.__dataclass_fields__}
    rows = {_joined(cell_text(line.cells["key"])): _joined(cell_text(line.cells["value"])) for line in lines}
    return {keys.get(word, word): text for word, text in rows.items()}


def _value(key: str, cell: Cell) -> Any:
    """What the form shows, as a value of an edition file; None is left out. What cannot be read stays as it is."""
    text = cell_text(cell).strip()
    if not text:
        return None
    if key == "excludes":
        return [_exclusion(line) for line in _split_lines(text)]
    if key == "includes":
        return _split_lines(text)
    if key in ("entries", "mentions"):
        return [code for code in re.split(r"[、,，;；\s]+", text) if code]
    if key in _CHINESE:
        return {chinese: value for value, chinese in _CHINESE[key].items()}.get(text, text)
    if key == "level":
        return int(text) if text in ("1", "2", "3") else text
    if key == "general":
        return True if text == _YES else text
    return _joined(text)


def _split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _joined(text: str) -> str:
    """One line: texts pasted from a document break anywhere."""
    return "".join(_split_lines(text))


def _exclusion(line: str) -> dict[str, str]:
    """``内容 → 编码``; a line without an arrow gets an empty code, which the reader refuses."""
    what, _, goes_to = (part.strip() for part in line.rpartition(_ARROW.strip()))
    if not what:
        return {"what": goes_to, "goes_to": ""}
    return {"what": what} if goes_to == OUTSIDE else {"what": what, "goes_to": goes_to}
