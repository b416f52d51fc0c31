"""Starting the web app and managing who may sign in."""

from typing import Any


def add_commands(commands: Any) -> None:
    """The commands of this room."""
