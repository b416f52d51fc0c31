"""The command line: one room a group of commands, one function a command.

Errors of ours become one line and exit code 1; all else keeps its traceback. What a command needs it imports itself, so
that ``lanmu --help`` answers at once.
"""

import argparse
import io
import signal
import sys
from collections.abc import Callable, Sequence

from classifier.cli import access, catalogue, labelling, learning, review
from classifier.cli.parser import Parser
from classifier.errors import ClassifierError
from taxonomy import CatalogueError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 an error that was explained, 130 stopped by Ctrl-C."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may offer GBK or ASCII
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside cleans up as Ctrl-C does
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except (ClassifierError, CatalogueError) as error:
        print(f"错误：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断，没有写出文件。", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, as `| head` does
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="lanmu", description="蓝目：按蓝色产业目录识别贷款，并给出依据。")
    commands = parser.add_subparsers(required=True, metavar="命令")
    for room in (catalogue, labelling, learning, review, access):
        room.add_commands(commands)
    return parser
