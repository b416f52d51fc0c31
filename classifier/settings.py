"""Settings, read once at the start and passed down as a value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """``models`` is the folder of model folders with ``current.txt``; ``catalogue`` an edition file, None for the newest."""

    models: Path = _ROOT / "models"
    catalogue: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """LANMU_MODELS and LANMU_CATALOGUE override the defaults."""
        models = environment.get("LANMU_MODELS")
        catalogue = environment.get("LANMU_CATALOGUE")
        return cls(Path(models) if models else cls().models, Path(catalogue) if catalogue else None)
