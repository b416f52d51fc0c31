"""Writes an edition: as plain tables (what the reader takes), and as a TOML file made of them."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

from taxonomy.catalogue import Catalogue, CatalogueError
from taxonomy.reader import FORMAT

_DERIVED = {("Entry", "boundaries")}  # hung on the entries by the catalogue itself
_HEADER = """\
# {title}
# 目录版本 {edition}：{status}
# 官方事实来源：{source}
# 每个条目的 provenance 说明其名称的来源：official 官方，reconstructed 重建；basis 说明名称与文字依据什么。
# 已发布的版本不再修改；需要更改时另存为新版本。
"""


def as_tables(catalogue: Catalogue) -> dict[str, Any]:
    """The tables of an edition, as the reader takes them; keys in the order of the records, empty ones left out."""
    return {
        "format": FORMAT,
        "catalogue": _plain(catalogue.imprint),
        "entries": [_plain(entry) for entry in catalogue.entries],
        "boundaries": [_plain(boundary) for boundary in catalogue.boundaries],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    kind = type(value).__name__
    pairs = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return {
        key: part for key, part in pairs.items() if part not in (None, "", [], False) and (kind, key) not in _DERIVED
    }


def to_toml(catalogue: Catalogue) -> str:
    """The text of an edition file; the same catalogue always gives the same text."""
    tables = as_tables(catalogue)
    imprint = catalogue.imprint
    header = _HEADER.format(title=imprint.title, edition=imprint.edition, status=imprint.status, source=imprint.source)
    blocks = [f"format = {tables['format']}", "[catalogue]\n" + _block(tables["catalogue"])]
    for name in ("entries", "boundaries"):
        blocks += [f"[[{name}]]\n" + _block(table) for table in tables[name]]
    return header + "\n" + "\n\n".join(blocks) + "\n"


def _block(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    return "".join(_array(value))


def _array(values: Sequence[Any]) -> Iterator[str]:
    """Tables and sentences one a line; short texts such as codes in one line."""
    parts = [_inline(value) if isinstance(value, Mapping) else _quoted(value) for value in values]
    if sum(map(len, parts)) < 100 and not any(isinstance(value, Mapping) for value in values):
        yield "[" + ", ".join(parts) + "]"
        return
    yield "[\n"
    yield from (f"    {part},\n" for part in parts)
    yield "]"


def _inline(table: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{key} = {_quoted(value)}" for key, value in table.items()) + " }"


def _quoted(text: str) -> str:
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda found: _escaped(found[0]), text) + '"'


def _escaped(character: str) -> str:
    return "\\" + character if character in '"\\' else f"\\u{ord(character):04x}"


def write_edition(catalogue: Catalogue, path: Path) -> None:
    """Write a new edition file, whole or not at all; a published edition is never written over."""
    if path.exists():
        raise CatalogueError(f"{path} 已存在，已发布的版本不再修改，请换一个文件名或先移走旧文件")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as file:
            file.write(to_toml(catalogue))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CatalogueError(f"{path} 写不出来：请检查目录是否存在、是否可写，或换一个位置") from error
    finally:
        part.unlink(missing_ok=True)
