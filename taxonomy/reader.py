"""Reads an edition and refuses it unless whole, naming every fault at once.

The tables may come from a TOML file or from anything else that gives the same tables; ``place`` then says where a
table stands, in the reader's words (a line of the file, a row of a sheet).
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from taxonomy.catalogue import (
    Boundary,
    Catalogue,
    CatalogueError,
    Entry,
    Exclusion,
    Imprint,
    Provenance,
    Tier,
)
from taxonomy.checks import Fault, check, text_fault
from taxonomy.crosswalk import Confidence, Link, Relation
from taxonomy.tables import WORDS, Table

EDITIONS = Path(__file__).parent / "editions"
FORMAT = 1
SHOWN_FAULTS = 20

Place = Callable[[Fault], str]


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The edition in a file, or the current edition (named by ``editions/current.txt``), which is read only once."""
    return _current() if path is None else read_edition(path)


@cache
def _current() -> Catalogue:
    return read_edition(EDITIONS / (EDITIONS / "current.txt").read_text(encoding="utf-8").strip())


def read_edition(path: Path) -> Catalogue:
    """Read one edition file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogueError(f"读不到目录文件 {path}（{error.strerror}），请核对路径和权限") from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{path.name} 不是 UTF-8 编码的文本（第 {error.start} 字节），请另存为 UTF-8") from error
    return parse_edition(text, path.name)


def parse_edition(text: str, name: str) -> Catalogue:
    """Read the text of one edition; ``name`` is what messages call it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(_syntax_message(str(error), name)) from error
    lines = text.split("\n")
    headers = {
        table: [number for number, line in enumerate(lines, 1) if line.strip() == f"[[{table}]]"]
        for table in ("entries", "boundaries")
    }

    def place(fault: Fault) -> str:
        known = headers.get(fault.table, [])
        if fault.position is None or fault.position >= len(known):
            return ""
        return f"第 {known[fault.position]} 行起 "

    return build_catalogue(tables, place, name)


def _syntax_message(error: str, name: str) -> str:
    found = re.search(r"at line (\d+), column (\d+)", error)
    where = f"第 {found[1]} 行第 {found[2]} 列附近" if found else "文件末尾附近"
    return f"{name} {where}不合 TOML 格式（{error}），请检查引号、括号和等号，并核对是否有重复的键"


def build_catalogue(tables: Mapping[str, Any], place: Place, name: str, known: Sequence[Fault] = ()) -> Catalogue:
    """Make a catalogue of the tables of an edition, or raise one CatalogueError that lists what is not whole.

    ``known`` are the faults that were found in making the tables.
    """
    faults = list(known)
    whole = Table(tables, faults, "", None)
    version = whole.number("format")
    if version != FORMAT:
        whole.fault(f"格式版本为 {version}，本程序只认 {FORMAT}，请用同版本的程序导出或升级程序")
    imprint = _imprint(whole.table("catalogue"))
    entries = [_entry(table) for table in whole.rows("entries")]
    boundaries = [_boundary(table) for table in whole.rows("boundaries")]
    whole.close()
    unreadable = {(fault.table, fault.position) for fault in faults if fault.position is not None}
    faults += [fault for fault in check(entries, boundaries) if (fault.table, fault.position) not in unreadable]
    if faults:
        raise CatalogueError(_message(faults, place, name))
    return Catalogue(imprint, tuple(entries), tuple(boundaries))


def _message(faults: list[Fault], place: Place, name: str) -> str:
    lines = [place(fault) + fault.text for fault in faults[:SHOWN_FAULTS]]
    if len(lines) == 1:
        return f"{name} 不完整：{lines[0]}"
    shown = f"，先列 {SHOWN_FAULTS} 处" if len(faults) > SHOWN_FAULTS else ""
    return f"{name} 不完整，共 {len(faults)} 处{shown}：\n" + "\n".join(
        f"{number}. {line}" for number, line in enumerate(lines, 1)
    )


def _imprint(table: Table) -> Imprint:
    imprint = Imprint(
        edition=table.text("edition"),
        title=table.text("title"),
        issued=table.text("issued"),
        status=table.text("status"),
        source=table.text("source"),
        scope=table.text("scope"),
        blue=table.text("blue"),
        light_blue=table.text("light_blue"),
    )
    for field in Imprint.__dataclass_fields__:
        value = getattr(imprint, field)
        fault = text_fault(value) if value else "为空，请补上"
        if fault:
            table.fault(f"{WORDS[field]}（{field}）{fault}")
    table.close()
    return imprint


def _entry(table: Table) -> Entry:
    entry = Entry(
        code=table.text("code"),
        name=table.text("name"),
        level=table.number("level"),
        parent=table.optional("parent"),
        tier=table.optional_word("tier", Tier),
        definition=table.text("definition"),
        provenance=table.word("provenance", Provenance),
        basis=table.text("basis"),
        includes=table.texts("includes"),
        excludes=tuple(_exclusion(part) for part in table.parts("excludes")),
        links=tuple(_link(part) for part in table.parts("links")),
        note=table.text("note", ""),
    )
    table.close()
    return entry


def _exclusion(table: Table) -> Exclusion:
    exclusion = Exclusion(table.text("what"), table.optional("goes_to"))
    table.close()
    return exclusion


def _link(table: Table) -> Link:
    link = Link(
        standard=table.text("standard"),
        edition=table.text("edition"),
        code=table.text("code"),
        name=table.text("name"),
        relation=table.word("relation", Relation),
        confidence=table.word("confidence", Confidence),
        basis=table.text("basis"),
    )
    table.close()
    return link


def _boundary(table: Table) -> Boundary:
    boundary = Boundary(
        number=table.text("number"),
        title=table.text("title"),
        text=table.text("text"),
        general=table.flag("general"),
        entries=table.texts("entries"),
        mentions=table.texts("mentions"),
    )
    table.close()
    return boundary
