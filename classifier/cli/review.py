"""`lanmu audit` and `lanmu store`: prove the trail, take its head and its contents away, keep the store safe.

Nobody signs in here: whoever can run these commands can open the database anyway, and the operating system says who
that is. So the actor is ``cli:<user>`` with the one role that the command needs; no command writes a label or a
verdict.
"""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.cli.parser import add_command, add_group, print_lines
from classifier.cli.person import actor_of
from classifier.errors import AuditError, ReviewError
from classifier.settings import Settings
from taxonomy import load_catalogue

if TYPE_CHECKING:
    from classifier.review.cases import Event
    from classifier.review.outdated import Outdated
    from classifier.review.permissions import Actor
    from classifier.review.store import ReviewStore

_PAGE = 2_000
_MOST_SHOWN = 50


def add_commands(parent: Any) -> None:
    """`lanmu audit verify|head|outdated|export|examples` and `lanmu store upgrade|backup|restore`."""
    audit = add_group(parent, "audit", "核验留痕，导出锚点、日志和已审定样例，查出依据旧版本的标签")
    verify = add_command(audit, "verify", _verify, "核验全部留痕；有问题则逐条指出，退出码为 1")
    verify.add_argument("--anchor", type=Path, metavar="锚点文件", help="与以前导出的锚点比对")
    head = add_command(audit, "head", _head, "导出今天的锚点（末条记录的序号与摘要）")
    head.add_argument("-o", "--output", type=Path, required=True, metavar="JSON 文件")
    outdated = add_command(audit, "outdated", _outdated, "列出依据旧版目录、规则或模型的标签")
    outdated.add_argument("--compare", action="store_true", help="用现在的版本重新识别，列出结论会变的件")
    outdated.add_argument("--limit", type=int, metavar="件数", help="最多重新识别多少件")
    export = add_command(audit, "export", _export, "导出全部日志（.csv 或 .jsonl）")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="文件")
    examples = add_command(audit, "examples", _examples, "把已审定的件导出为训练样例（.jsonl）")
    examples.add_argument("-o", "--output", type=Path, required=True, metavar="文件")
    store = add_group(parent, "store", "升级、备份、恢复复核数据库")
    add_command(store, "upgrade", _upgrade, "把旧版结构的库升级到本程序的结构（先备份）")
    backup = add_command(store, "backup", _backup, "备份复核数据库，不用停机")
    backup.add_argument(
        "file", type=Path, metavar="备份文件", help="名字以 .jsonl.gz 结尾则写成两种数据库都能恢复的格式"
    )
    backup.add_argument("--force", action="store_true", help="覆盖同名的备份")
    restore = add_command(store, "restore", _restore, "用备份恢复复核数据库（先停网页版）")
    restore.add_argument("file", type=Path, metavar="备份文件")
    restore.add_argument("--force", action="store_true", help="换下已有的库（改名保留）")
    restore.add_argument("--even-if-broken", action="store_true", help="留痕核验不过也恢复")


def _verify(options: argparse.Namespace) -> int:
    from classifier.review.audit import Anchor
    from classifier.review.permissions import Role

    anchor = Anchor.from_json(_read(options.anchor)) if options.anchor else None
    with _store() as store:
        found = store.verify(actor_of(Role.AUDITOR), anchor)
    if not found.ok:
        print_lines([f"留痕有问题，共 {len(found.faults)} 处：", *(f"- {fault}" for fault in found.faults)])
        return 1
    against = f"；与第 {anchor.sequence} 条的锚点相符" if anchor else ""
    return print_lines([f"留痕完好：{found.events:,} 条记录，末条摘要 {found.head.digest}{against}。"])


def _head(options: argparse.Namespace) -> int:
    from classifier.files import whole_file
    from classifier.review.permissions import Role

    with _store() as store:
        head = store.head(actor_of(Role.AUDITOR))
    with whole_file(_writable(options.output)) as part:
        part.write_text(head.to_json() + "\n", "utf-8")
    return print_lines([f"已导出锚点：第 {head.sequence:,} 条，{options.output}。请存到数据库以外的地方。"])


def _outdated(options: argparse.Namespace) -> int:
    from classifier.engine import Classifier
    from classifier.progress import progress_bar
    from classifier.review.outdated import outdated
    from classifier.review.permissions import Role

    classifier, actor = Classifier.load(), actor_of(Role.AUDITOR)
    with _store() as store, progress_bar("重新识别") as progress:
        found = outdated(store, actor, classifier, compare=options.compare, limit=options.limit, progress=progress)
    return print_lines(_outdated_text(found, compared=options.compare))


def _outdated_text(found: "Outdated", *, compared: bool) -> Iterator[str]:
    now = found.current
    yield f"现在的版本：目录 {now.edition}，规则 {now.lexicon}，模型 {now.model}。"
    yield f"依据旧版本的标签：{found.count:,} 个。"
    for one in found.old:
        old = one.versions
        yield f"  {one.count:,} 个：目录 {old.edition}，规则 {old.lexicon}，模型 {old.model}"
    for code, count in found.gone.items():
        yield f"  编码 {code} 在现在的目录里没有：{count:,} 个标签"
    if not compared:
        return
    yield f"重新识别 {found.compared:,} 件，结论会变的 {len(found.changed):,} 件；没有保存原文的 {found.without_text:,} 件。"
    for change in found.changed[:_MOST_SHOWN]:
        yield (
            f"  第 {change.case_id} 件（借据 {change.loan_id}，{change.status.value}）："
            f"当时 {change.before}，现在 {change.now}，现行标签 {change.standing}"
        )
    if len(found.changed) > _MOST_SHOWN:
        yield f"  ……其余 {len(found.changed) - _MOST_SHOWN:,} 件在审计页可以导出。"


def _export(options: argparse.Namespace) -> int:
    from classifier.csvfile import write_csv
    from classifier.files import whole_file
    from classifier.review.permissions import Role
    from classifier.review.stored import dump

    target, kind = _writable(options.output), options.output.suffix.lower()
    if kind not in (".csv", ".jsonl"):
        raise AuditError(f"不知道把日志写成什么格式：{target.name}。文件名请以 .csv 或 .jsonl 结尾。")
    actor = actor_of(Role.AUDITOR)
    with _store() as store:
        head = store.head(actor)
        events = _events(store, actor, head.sequence)
        if kind == ".csv":
            write_csv(target, _event_rows(events))
        else:
            with whole_file(target) as part, part.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{dump(event)}\n" for event in events)
    return print_lines([f"已导出到第 {head.sequence:,} 条记录为止的日志：{target}。"])


def _events(store: "ReviewStore", actor: "Actor", last: int) -> Iterator["Event"]:
    """The events up to a number; the log only grows, so that pages of it fit together."""
    for done in range(0, last, _PAGE):
        yield from store.events(actor, limit=min(_PAGE, last - done), offset=done)


def _event_rows(events: "Iterable[Event]") -> Iterator[list[str]]:
    from classifier.review.stored import canonical

    yield ["序号", "时间（UTC）", "操作人", "操作", "件号", "台账批次", "内容", "上一条摘要", "摘要"]
    for one in events:
        place = [str(one.case_id or ""), str(one.batch_id or ""), canonical(one.content)]
        yield [str(one.sequence), one.at, one.actor, one.action, *place, one.previous, one.digest]


def _examples(options: argparse.Namespace) -> int:
    from classifier.examples import example_line
    from classifier.files import whole_file
    from classifier.records import Outcome
    from classifier.review.examples import reviewed_examples
    from classifier.review.permissions import Role

    catalogue = load_catalogue(Settings.from_environment().catalogue)
    labels = {*(item.code for item in catalogue.items), Outcome.OUTSIDE.value, Outcome.INSUFFICIENT.value}
    with _store() as store:
        examples = list(reviewed_examples(store, actor_of(Role.REVIEWER)))
    usable = [one for one in examples if one.label in labels]
    with whole_file(_writable(options.output)) as part:
        part.touch(0o600)  # loan texts
        part.write_text("".join(f"{example_line(one)}\n" for one in usable), "utf-8", newline="\n")
    left = len(examples) - len(usable)
    note = f"；另有 {left:,} 条只到上级条目或编码不在现在的目录里，没有导出" if left else ""
    return print_lines([f"已导出 {len(usable):,} 条已审定样例：{options.output}{note}。训练前请逐条看过。"])


def _upgrade(options: argparse.Namespace) -> int:
    from classifier.review import database

    engine = database.connect(_database_url())
    try:
        before, after = database.upgrade(engine)
    finally:
        engine.dispose()
    done = "已是最新结构" if before == after else f"已从 {before} 升级"
    return print_lines([f"{done}：{after}。"])


def _backup(options: argparse.Namespace) -> int:
    from classifier.review.backup import back_up

    done = back_up(_database_url(), _writable(options.file), overwrite=options.force)
    return print_lines([f"已备份到 {done.path}：{done.head.sequence:,} 条记录，末条摘要 {done.head.digest}。"])


def _restore(options: argparse.Namespace) -> int:
    from classifier.review.backup import restore

    url = Settings.from_environment().database_url
    found = restore(options.file, url, overwrite=options.force, even_if_broken=options.even_if_broken)
    state = "留痕完好" if found.ok else f"留痕有问题（{len(found.faults)} 处，用 lanmu audit verify 查看）"
    return print_lines([f"已恢复：{found.events:,} 条记录，{state}，末条摘要 {found.head.digest}。"])


@contextmanager
def _store() -> "Iterator[ReviewStore]":
    from classifier.review.store import ReviewStore

    store = ReviewStore.open(_database_url(), keep_text=Settings.from_environment().keep_text)
    try:
        yield store
    finally:
        store.close()


def _database_url() -> str:
    """The URL of a database that is there: none of these commands makes sense on a new one."""
    url = Settings.from_environment().database_url
    file = Path(url.removeprefix("sqlite:///").split("?")[0])
    if url.startswith("sqlite:///") and not file.exists():
        raise ReviewError(f"没有找到数据库 {file}：请设置 LANMU_HOME 或 LANMU_DATABASE，或先启动一次网页版。")
    return url


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{file} 打不开，或不是文本文件：请检查路径。") from error


def _writable(target: Path) -> Path:
    if not target.parent.is_dir():
        raise AuditError(f"文件夹 {target.parent} 不存在：请先建好，或换一个位置。")
    return target
