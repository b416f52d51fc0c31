"""Makes a trained model a published one: its folder with manifest and card, and ``current.txt`` that puts it in use."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifier.errors import ExampleError, ModelError
from classifier.examples import Example, check_labels, read_examples, read_likeness
from classifier.lexicon import INSUFFICIENT, OUTSIDE, load_lexicon
from classifier.manifest import Manifest, library_versions, make_current, save_model
from classifier.rules import RuleSet
from classifier.settings import Settings
from classifier.training import (
    MOST_FEATURES,
    PENALTY,
    POLICY,
    SEED,
    SHARES,
    Trained,
    data_digest,
    train,
)
from taxonomy import Catalogue, Provenance, load_catalogue


def publish_model(settings: Settings, examples_folder: Path, version: str) -> Iterator[str]:
    """Train on the .jsonl files of a folder (with its ``sources.toml``) and put the model in use; yields lines.

    Raises ExampleError if there is nothing to train on or a label is unknown, ModelError if the version exists already.
    """
    folder = settings.models / version
    if folder.exists():
        raise ModelError(f"模型版本 {version} 已存在：旧模型要保留备查，请另取版本号。")
    catalogue = load_catalogue(settings.catalogue)
    lexicon = load_lexicon({item.code for item in catalogue.items})
    files = sorted(examples_folder.glob("*.jsonl"))
    examples = _checked(read_examples(files), catalogue)
    yield f"训练：{len(examples)} 条文本，目录 {catalogue.edition}，规则 {lexicon.version}"
    trained = train(examples, catalogue, RuleSet(lexicon), read_likeness(examples_folder / "sources.toml"))
    manifest = Manifest(
        version=version,
        edition=catalogue.edition,
        lexicon=lexicon.version,
        labels=trained.model.labels,
        combination=trained.combination,
        alone=trained.alone,
        thresholds=trained.thresholds,
        policy=POLICY,
        training=_training_facts(examples, files),
        scores=cross_validated_scores(trained),
        libraries=library_versions(),
        files={},
    )
    save_model(trained.model, manifest, "\n".join(_card(manifest, catalogue)) + "\n", folder)
    make_current(folder)
    yield f"已写入 {folder}；交叉验证：" + ",".join(f"{name} {value:.1%}" for name, value in manifest.scores.items())


def _checked(examples: Sequence[Example], catalogue: Catalogue) -> Sequence[Example]:
    if not examples:
        raise ExampleError("没有训练文本：请检查 --examples 目录下的 .jsonl 文件。")
    check_labels(examples, {*(item.code for item in catalogue.items), OUTSIDE, INSUFFICIENT})
    return examples


def _training_facts(examples: Sequence[Example], files: Sequence[Path]) -> Mapping[str, Any]:
    return {
        "rows": len(examples),
        "sha256": data_digest(files),
        "rows_by_file": dict(Counter(example.source for example in examples)),
        "rows_by_kind": dict(Counter(example.kind for example in examples)),
        "seed": SEED,
        "folds": "one writer's file left out at a time",
        "penalty": PENALTY,
        "most_features": MOST_FEATURES,
        "shares": SHARES,
    }


def cross_validated_scores(trained: Trained) -> dict[str, float]:
    """Figures on predictions for texts the model had not seen: the best label, items only, false and missed blue."""
    size = len(trained.model.labels)
    best, targets = trained.unseen.argmax(axis=1), trained.targets
    inside, outside = targets < size - 2, targets == size - 2
    third = np.argsort(-trained.unseen, axis=1)[:, :3]
    return {
        "全部判对": float((best == targets).mean()),
        "首选条目": float((best == targets)[inside].mean()),
        "前三条目": float((third == targets[:, None]).any(axis=1)[inside].mean()),
        "目录外误判蓝色": float((best < size - 2)[outside].mean()),
        "漏判": float((best >= size - 2)[inside].mean()),
    }


def _card(manifest: Manifest, catalogue: Catalogue) -> Iterator[str]:
    training = manifest.training
    rebuilt = any(catalogue[code].provenance is not Provenance.OFFICIAL for code in catalogue)
    shares = "、".join(f"{label} {share:.0%}" for label, share in SHARES.items())
    yield f"# 模型卡：{manifest.version}\n"
    yield "判别贷款文本归属哪个蓝色产业条目的线性模型，与规则合用；不单独作为放贷依据。\n"
    yield f"- 目录版本 {manifest.edition}{'（重建稿，非官方文本）' if rebuilt else ''}；规则版本 {manifest.lexicon}"
    yield "- 方法：jieba 词、相邻词对与 1–3 字字组的 TF-IDF，线性支持向量机；与规则以条件 logit 合成，交叉验证得出的概率即置信度"
    yield f"- 训练文本 {training['rows']} 条，sha256 {training['sha256']}"
    yield "- 数据时间与来源：2026 年 11 月为本项目撰写（见 data/examples/README.md），另加目录自身文字；不是真实贷款"
    yield f"- 抽样：各条目大致均匀撰写；合成与阈值按台账占比（{shares}）和各文件像台账的程度加权"
    yield (
        f"- 交叉验证按撰写者分组（每个文件轮流不看），随机种子 {SEED}；库版本 "
        + "、".join(f"{k} {v}" for k, v in manifest.libraries.items())
        + "\n"
    )
    yield "| 文件 | 条数 |\n|---|---:|"
    yield from (f"| {name} | {count} |" for name, count in training["rows_by_file"].items())
    yield "\n| 交叉验证（训练文本） | |\n|---|---:|"
    yield from (f"| {name} | {value:.1%} |" for name, value in manifest.scores.items())
    yield "\n真实项目文本上的数字见 docs/model-card.md 和 `lanmu evaluate`。\n"
    yield "已知弱点：训练文本是写出来的，措辞比真实台账难而整齐；真实样本少于 5 行的条目未测；"
    yield "只凭企业名称、规划名称判断的短文本容易判成目录外；一笔多用途的贷款其他条目可能不全；谐音错字多的速记会降低置信度。"
