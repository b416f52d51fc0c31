"""A model's folder: what it was made of, and the check that nothing of it was changed since.

``manifest.json`` names edition, lexicon, libraries, training data, thresholds, scores and the sha256 of every other file. The
files are plain arrays and text: reading them runs no code.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.model import TextModel
from classifier.text import Tokeniser

FORMAT = 1
# The libraries that take part in a prediction: another version could cut or normalise a text differently.
PREDICTING = ("jieba", "opencc")
TRAINING = ("numpy", "scipy", "scikit-learn")
_ARRAYS = ("idf", "weights", "bias")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities at which the engine decides; chosen from data by training, see ``policy`` in the manifest.

    blue: least probability of all items together for a blue outcome; item, subcategory: least share of that probability
    for an answer on that level; accept_blue, accept_outside: least confidence for the automatic route; also: least
    probability of a further item.
    """

    blue: float
    item: float
    subcategory: float
    accept_blue: float
    accept_outside: float
    also: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model rests on.

    ``alone`` holds the combinations for rules alone and for the model alone, fitted in the same way, for the ablation;
    ``scores`` are cross-validated figures on the training texts, for the card.
    """

    version: str
    edition: str
    lexicon: str
    labels: tuple[str, ...]
    combination: Mapping[str, float]
    alone: Mapping[str, Mapping[str, float]]
    thresholds: Thresholds
    policy: str
    training: Mapping[str, Any]
    scores: Mapping[str, Any]
    libraries: Mapping[str, str]
    files: Mapping[str, str]
    format: int = FORMAT


def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that shape a model or a prediction."""
    return {name: _version(name) for name in (*PREDICTING, *TRAINING)}


def _version(library: str) -> str:
    """The installed version of a library, by the name of the folder that says so beside it.

    ``importlib.metadata`` reads it from the same place, but its import alone costs a prediction from a cold start a tenth.
    """
    found = find_spec(library)
    folders = list(Path(found.origin).parents[1].glob(f"{library}-*.dist-info")) if found and found.origin else []
    if len(folders) == 1:
        return folders[0].name.removeprefix(f"{library}-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version(library)


def save_model(model: TextModel, manifest: Manifest, card: str, folder: Path) -> None:
    """Write a model's files, its card and its manifest (last, with the sha256 of all others) into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        kind = np.float16 if name == "weights" else np.float32
        np.save(folder / f"{name}.npy", getattr(model, name).astype(kind, order="C"), allow_pickle=False)
    (folder / "vocabulary.txt").write_text("\n".join(model.vocabulary), "utf-8", newline="\n")
    (folder / "card.md").write_text(card, "utf-8", newline="\n")
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    content = {**asdict(manifest), "files": files}
    (folder / "manifest.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a model's folder. Raises ModelError if it is missing or not of this format."""
    try:
        content = json.loads((folder / "manifest.json").read_text("utf-8"))
        if content["format"] != FORMAT:
            raise ModelError(
                f"模型 {folder.name} 的格式是 {content['format']}，本程序只认 {FORMAT}：请用本程序重新训练。"
            )
        thresholds = Thresholds(**content.pop("thresholds"))
        labels = tuple(content.pop("labels"))
        return Manifest(**content, labels=labels, thresholds=thresholds)
    except FileNotFoundError:
        raise ModelError(f"{folder} 中没有 manifest.json：请检查模型目录，或运行 make train 重新训练。") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / 'manifest.json'} 不完整（{error!r}）：请恢复原文件或重新训练。") from error


def current_folder(models: Path) -> Path:
    """The folder of the model in use. ``current.txt`` names it and the sha256 of its manifest; ModelError if they differ."""
    try:
        name, digest = (models / "current.txt").read_text("utf-8").split()
    except (FileNotFoundError, ValueError):
        raise ModelError(
            f"{models / 'current.txt'} 不存在或写错：应为一行“模型目录名 清单校验值”；可运行 make train 生成。"
        ) from None
    folder = models / name
    if not (folder / "manifest.json").is_file() or _sha256(folder / "manifest.json") != digest:
        raise ModelError(f"模型 {name} 的 manifest.json 缺失或与 current.txt 的校验值不符，可能被改动：请恢复原文件。")
    return folder


def make_current(folder: Path) -> None:
    """Write ``current.txt`` beside ``folder`` so that it is the model in use."""
    digest = _sha256(folder / "manifest.json")
    (folder.parent / "current.txt").write_text(f"{folder.name} {digest}\n", "utf-8")


def load_model(folder: Path, edition: str, lexicon: str, words: tuple[str, ...]) -> tuple[TextModel, Manifest]:
    """The model in ``folder``, for this edition and lexicon.

    Raises ModelError if a file was changed, added to or lost, or if the model was made for another edition, lexicon or
    tokeniser: its figures would not hold.
    """
    manifest = read_manifest(folder)
    _check(folder, manifest, edition, lexicon)
    files = _contents(folder, manifest)
    weights, idf, bias = (_array(files[f"{name}.npy"]) for name in ("weights", "idf", "bias"))
    vocabulary = files["vocabulary.txt"].decode().split("\n")
    if weights.shape != (len(vocabulary), len(manifest.labels)):
        raise ModelError(f"模型 {folder.name} 的权重与词表大小不符：请恢复原文件或重新训练。")
    return TextModel(manifest.labels, vocabulary, idf, weights, bias, Tokeniser(words)), manifest


def _check(folder: Path, manifest: Manifest, edition: str, lexicon: str) -> None:
    for what, made_for, present in (("目录版本", manifest.edition, edition), ("规则版本", manifest.lexicon, lexicon)):
        if made_for != present:
            raise ModelError(
                f"模型 {folder.name} 是为{what} {made_for} 训练的，现用 {present}：请运行 make train 重新训练。"
            )
    for name in PREDICTING:
        wanted, present = manifest.libraries.get(name), _version(name)
        if wanted != present:
            raise ModelError(
                f"模型 {folder.name} 要求 {name} {wanted}，装的是 {present}：请按 requirements.lock 安装。"
            )


def _contents(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The bytes of every file, each read once and checked: what is used is what was checked."""
    surplus = sorted({path.name for path in folder.iterdir()} - manifest.files.keys() - {"manifest.json"})
    if surplus:
        raise ModelError(f"模型 {folder.name} 多出清单外的文件 {'、'.join(surplus)}：请移走后再用。")
    contents = {}
    for name in sorted({*manifest.files, *(f"{array}.npy" for array in _ARRAYS), "vocabulary.txt"}):
        if not (folder / name).is_file():
            raise ModelError(f"模型 {folder.name} 缺少文件 {name}：请恢复原文件或重新训练。")
        contents[name] = (folder / name).read_bytes()
        if manifest.files.get(name) != hashlib.sha256(contents[name]).hexdigest():
            raise ModelError(f"模型 {folder.name} 的文件 {name} 与清单的校验值不符，可能被改动：请恢复原文件。")
    return contents


def _array(content: bytes) -> NDArray[Any]:
    """The array of a file that ``save_model`` wrote, seen in the file's own bytes."""
    stream = BytesIO(content)
    np.lib.format.read_magic(stream)
    shape, _, kind = np.lib.format.read_array_header_1_0(stream)
    return np.frombuffer(content, kind, offset=stream.tell()).reshape(shape)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
