"""The parser of the command line in Chinese, and how a command is added to it and prints."""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """argparse with Chinese headings and a Chinese line for a command written wrongly."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._positionals.title, self._optionals.title = "命令与参数", "选项"

    def format_usage(self) -> str:
        """The usage line, without argparse's English word."""
        return super().format_usage().replace("usage:", "用法：", 1)

    def format_help(self) -> str:
        """The help text, without argparse's English word."""
        return super().format_help().replace("usage:", "用法：", 1)

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2 and the way out."""
        self.print_usage(sys.stderr)
        self.exit(2, f"错误：命令写得不对（{message}）。加 --help 看写法。\n")


def add_command(commands: Any, name: str, command: Callable[..., int], help: str) -> argparse.ArgumentParser:
    """One command: its name, the function that runs it with the parsed options, and what it is for."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(command=command)
    return parser


def add_group(commands: Any, name: str, help: str) -> Any:
    """A command with commands of its own; returns what those are added to."""
    return commands.add_parser(name, help=help, description=help).add_subparsers(required=True, metavar="操作")


def print_lines(lines: Iterable[str]) -> int:
    """Print lines and return the exit code of a command that worked."""
    for line in lines:
        print(line)
    return 0


def print_coloured(pieces: Iterable[tuple[str, str]]) -> None:
    """Print texts with their styles; where nobody sees colours, without loading what draws them."""
    if not sys.stdout.isatty():
        print("".join(text for text, _ in pieces), end="")
        return
    from rich.console import Console
    from rich.text import Text

    Console(soft_wrap=True, highlight=False).print(Text.assemble(*pieces), end="")
