"""The catalogue on its way in and out: an XLSX form that comes back as a new edition; CSV and JSON only go out."""

import json
from collections.abc import Iterator
from pathlib import Path

from classifier.csvfile import write_csv
from classifier.files import whole_file
from classifier.form import ENTRIES, WIDTHS, form_sheets, import_workbook
from classifier.table import cell_text
from classifier.workbook import write_sheets
from taxonomy import Catalogue, CatalogueError, load_catalogue
from taxonomy.writer import as_tables

FORMATS = ("xlsx", "csv", "json")

__all__ = ["FORMATS", "export_catalogue", "import_workbook", "read_catalogue"]


def read_catalogue(path: Path) -> Catalogue:
    """An edition from an edition file (.toml) or a filled form (.xlsx), refused with all its faults unless whole."""
    kind = path.suffix.lower()
    if kind == ".toml":
        return load_catalogue(path)
    if kind == ".xlsx":
        return import_workbook(path)
    raise CatalogueError(
        f"{path.name} 既不是目录文件（.toml）也不是目录模板（.xlsx），请先用 export 导出 .xlsx 模板填写"
    )


def export_catalogue(catalogue: Catalogue, kind: str, target: Path) -> None:
    """Write the catalogue as ``xlsx`` (the form), ``csv`` or ``json``; the file appears only when whole."""
    try:
        if kind == "xlsx":
            write_sheets(target, form_sheets(catalogue), widths=WIDTHS)
        elif kind == "csv":
            write_csv(target, _csv_rows(catalogue))
        elif kind == "json":
            _write_json(catalogue, target)
        else:
            raise CatalogueError(f"不认识导出格式 {kind}，请用 {'、'.join(FORMATS)} 之一")
    except OSError as error:
        raise CatalogueError(
            f"无法写入 {target}（{error.strerror}），请核对路径和权限，或先在 Excel 中关闭它"
        ) from error


def _write_json(catalogue: Catalogue, target: Path) -> None:
    with whole_file(target) as part:
        part.write_text(json.dumps(as_tables(catalogue), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _csv_rows(catalogue: Catalogue) -> Iterator[list[str]]:
    """The entries as in the form, with their rules and links in one cell each."""
    header, *rows = form_sheets(catalogue)[ENTRIES]
    yield [*map(cell_text, header), "口径", "对照"]
    for row, entry in zip(rows, catalogue.entries, strict=True):
        rules = "、".join(rule.number for rule in entry.boundaries)
        links = (
            f"{link.standard}（{link.edition}）{link.code} {link.name}：{link.relation.chinese}" for link in entry.links
        )
        yield [*map(cell_text, row), rules, "\n".join(links)]
