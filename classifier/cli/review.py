"""`lanmu audit` and `lanmu store`: prove the trail, keep the store safe."""

from typing import Any


def add_commands(commands: Any) -> None:
    """The commands of this room."""
