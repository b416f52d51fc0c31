"""Run the benchmark: ``python -m benchmarks.run`` prints every goal as a ratio and writes the table to RESULTS.md."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks import in_process, on_cluster, on_files
from benchmarks.goals import FILE_ROWS, GROUPS, LARGE_ROWS, Finding, skipped, table
from benchmarks.measure import machine
from benchmarks.product import reference
from benchmarks.rounds import Plan
from benchmarks.stages import stages

RESULTS = Path(__file__).with_name("RESULTS.md")

_MEASURES: Mapping[str, Callable[[Plan], Iterator[Finding]]] = {
    "batch": in_process.batch,
    "encoder": in_process.encoder,
    "normalise": in_process.normalise,
    "match": in_process.match,
    "duplicates": in_process.duplicates,
    "single": in_process.single,
    "cold": on_files.cold,
    "workers": in_process.workers,
    "files": on_files.files,
    "dask": on_cluster.dask,
    "large": on_files.large,
    "xlsx": on_files.xlsx,
}
_LARGE = ("large", "xlsx")
_STAGES = "stages"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; the table is written where ``--markdown`` says, by a whole run to RESULTS.md."""
    options = _parser().parse_args(arguments)
    groups = [group for group in GROUPS if options.only in (None, group)]
    head = _head(options)
    with TemporaryDirectory() as folder:
        plan = Plan(options.rows, options.file_rows, options.rounds, options.large, Path(folder))
        findings = [finding for group in groups for finding in _timed(group, plan)]
        parts = [table(findings)] if groups else []
        if options.only in (None, _STAGES):
            parts.append(["## Where the time of the whole batch goes", "", *stages(plan)])
    text = "\n".join(line for part in [head, *parts] for line in [*part, ""])
    print(text)
    target = options.markdown or (None if options.only else RESULTS)
    if target:
        target.write_text(text, "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--rows", type=int, default=2048, help="records in memory, for each round")
    parser.add_argument(
        "--file-rows", type=int, default=FILE_ROWS, help="rows of the loan books, and for two processes"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=(*GROUPS, _STAGES), help="one group of goals, or the stages of a batch")
    parser.add_argument(
        "--large", type=int, nargs="?", const=LARGE_ROWS, metavar="ROWS", help="also memory and cost of large files"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where to write the table")
    return parser


def _timed(group: str, plan: Plan) -> list[Finding]:
    started = perf_counter()
    findings = list(_measured(group, plan))
    print(f"{group}: {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return findings


def _measured(group: str, plan: Plan) -> Iterator[Finding]:
    if group in _LARGE and plan.large is None:
        return skipped(group, "not run: needs --large")
    if group == "encoder" and find_spec("torch") is None:
        return skipped(group, "not run: torch is not installed (extra `bench`)")
    if group == "dask" and find_spec("distributed") is None:
        return skipped(group, "not run: Dask is not installed (extra `dask`)")
    return _MEASURES[group](plan)


def _head(options: argparse.Namespace) -> list[str]:
    classifier = reference()
    assert classifier.model is not None
    features, labels = classifier.model.weights.shape
    versions = classifier.versions
    return [
        "# What the product costs",
        "",
        f"Machine: {'; '.join(machine())}.",
        "",
        f"Product: catalogue {versions.edition}, lexicon {versions.lexicon}, model {versions.model} "
        f"({features:,} features, {labels} labels).",
        "",
        f"{options.rows:,} records in memory, {options.file_rows:,} rows in a file, {options.rounds} rounds in turns. CPU time "
        "of the process where not said otherwise; each ratio is the median of the ratios within a round. "
        "Goals are ratios: absolute figures hold for this machine only, and rows in wall time only where it was idle.",
    ]


if __name__ == "__main__":
    sys.exit(main())
