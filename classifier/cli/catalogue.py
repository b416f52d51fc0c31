"""`lanmu catalogue`: look at the catalogue, search, export, check, compare and import it."""

import argparse
import sys
from pathlib import Path
from typing import Any

from classifier.cli.parser import add_command, add_group, print_lines
from classifier.errors import LexiconError
from classifier.settings import Settings
from taxonomy import CatalogueError, load_catalogue


def add_commands(parent: Any) -> None:
    """`lanmu catalogue show|search|export|check|diff|import`."""
    commands = add_group(parent, "catalogue", "查看、检索、导出、核对、比较、导入目录")
    show = add_command(commands, "show", _show, "显示整本目录或一个条目")
    show.add_argument("code", nargs="?", metavar="编码")
    search = add_command(commands, "search", _search, "按日常用语查找条目")
    search.add_argument("words", nargs="+", metavar="词")
    export = add_command(commands, "export", _export, "导出目录（XLSX 可作填写正式目录的模板）")
    export.add_argument("--format", choices=("csv", "json", "xlsx"), default="xlsx")
    export.add_argument("-o", "--output", type=Path, metavar="文件")
    check = add_command(commands, "check", _check, "核对目录文件（TOML 或 XLSX）是否完整")
    check.add_argument("file", type=Path, metavar="文件")
    diff = add_command(commands, "diff", _diff, "比较两个目录版本")
    diff.add_argument("before", type=Path, metavar="旧")
    diff.add_argument("after", type=Path, metavar="新")
    importing = add_command(commands, "import", _import, "由填好的 XLSX 生成新的目录版本（TOML）")
    importing.add_argument("file", type=Path, metavar="文件")
    importing.add_argument("-o", "--output", type=Path, metavar="TOML 文件")


def _show(options: argparse.Namespace) -> int:
    from classifier.terminal import entry_text, tree_text

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    if options.code is None:
        return print_lines(tree_text(catalogue))
    if options.code not in catalogue:
        raise CatalogueError(f"目录中没有编码 {options.code}：用 lanmu catalogue show 看全部编码，或用 search 查找。")
    return print_lines(entry_text(catalogue, options.code))


def _search(options: argparse.Namespace) -> int:
    from classifier.lexicon import load_lexicon

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    try:
        synonyms = load_lexicon({item.code for item in catalogue.items}).synonyms()
    except LexiconError as error:
        print(f"提示：不用同义词检索（{error}）", file=sys.stderr)
        synonyms = {}
    hits = catalogue.search(" ".join(options.words), synonyms)
    if not hits:
        return print_lines(["没有找到：换一个说法，或用 lanmu catalogue show 浏览全部条目。"])
    return print_lines(f"{hit.entry.code} {hit.entry.name}  —— {hit.why}" for hit in hits[:10])


def _export(options: argparse.Namespace) -> int:
    from classifier.exchange import export_catalogue

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    target = options.output or Path(f"{catalogue.edition}.{options.format}")
    export_catalogue(catalogue, options.format, target)
    return print_lines([f"已导出 {len(catalogue)} 个条目：{target}"])


def _check(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue

    catalogue = read_catalogue(options.file)
    return print_lines(
        [
            f"{options.file.name} 完整：{len(catalogue.categories)} 个一级、{len(catalogue.subcategories)} 个二级、"
            f"{len(catalogue.items)} 个三级条目；版本 {catalogue.edition}。"
        ]
    )


def _diff(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue
    from taxonomy import diff

    differences = diff(read_catalogue(options.before), read_catalogue(options.after))
    return print_lines([str(difference) for difference in differences] or ["两个版本没有差别。"])


def _import(options: argparse.Namespace) -> int:
    from classifier.exchange import read_catalogue
    from taxonomy import write_edition

    catalogue = read_catalogue(options.file)
    target = options.output or Path(f"{catalogue.edition}.toml")
    write_edition(catalogue, target)
    return print_lines(
        [
            f"已生成 {target}（版本 {catalogue.edition}）。用环境变量 LANMU_CATALOGUE 指向它，并运行 make train 重新训练。"
        ]
    )
