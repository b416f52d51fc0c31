"""Settings, read once at the start and passed down as a value."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and what the bank chose.

    ``models`` is the folder of model folders with ``current.txt``; ``catalogue`` an edition file, None for the newest;
    ``home`` the folder of what the web app writes (database file, uploads, results); ``database`` an SQLAlchemy URL,
    None for an SQLite file in ``home``; ``keep_text`` False keeps only the hash of a case's texts and its evidence.
    """

    models: Path = _ROOT / "models"
    catalogue: Path | None = None
    home: Path = _ROOT / "var"
    database: str | None = None
    keep_text: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """LANMU_MODELS, LANMU_CATALOGUE, LANMU_HOME, LANMU_DATABASE and LANMU_KEEP_TEXT (0 or 1) override."""
        default = cls()
        catalogue = environment.get("LANMU_CATALOGUE")
        return cls(
            models=Path(environment.get("LANMU_MODELS") or default.models),
            catalogue=Path(catalogue) if catalogue else None,
            home=Path(environment.get("LANMU_HOME") or default.home),
            database=environment.get("LANMU_DATABASE") or None,
            keep_text=environment.get("LANMU_KEEP_TEXT", "1") != "0",
        )

    @property
    def database_url(self) -> str:
        """The URL of the review store."""
        return self.database or f"sqlite:///{self.home / 'lanmu.db'}"
