"""A small transformer encoder on the processor: only its cost is measured, so its weights are random. Needs torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

BATCH = 32
LONGEST = 128
_SIGNS = 21_128  # the vocabulary of the usual Chinese encoders


@dataclass(frozen=True, slots=True)
class Size:
    """Layers, width and heads of an encoder (each layer's inner width is four times the outer); records to time it on."""

    layers: int
    width: int
    heads: int
    records: int


SIZES = {"encoder 4 x 312": Size(4, 312, 12, records=32), "encoder 12 x 768": Size(12, 768, 12, records=8)}


def label_with(size: Size, classes: int) -> Callable[[Sequence[str]], None]:
    """A function that labels texts on one thread, a character a token, cut or filled to 128 tokens."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    signs, places = nn.Embedding(_SIGNS, size.width), nn.Embedding(LONGEST, size.width)
    layer = nn.TransformerEncoderLayer(size.width, size.heads, 4 * size.width, activation="gelu", batch_first=True)
    layers = nn.TransformerEncoder(layer, size.layers).eval()
    top = nn.Linear(size.width, classes)

    def label(texts: Sequence[str]) -> None:
        rows = [[ord(sign) % _SIGNS for sign in text[:LONGEST].ljust(LONGEST)] for text in texts]
        with torch.inference_mode():
            for start in range(0, len(rows), BATCH):
                states = signs(torch.tensor(rows[start : start + BATCH])) + places.weight
                top(layers(states)[:, 0]).argmax(-1)

    return label
