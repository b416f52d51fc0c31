"""Files that appear only when they are whole: written beside their place, then moved there in one step."""

import glob
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STALE = 3600  # seconds without a write; a run that still goes on writes more often


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes ``target`` when the block ends well and disappears on any error or Ctrl-C."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    _remove_stale(target)
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _remove_stale(target: Path) -> None:
    """Remove what runs that were killed left of the same target."""
    for part in target.parent.glob(f".{glob.escape(target.name)}.{'[0-9a-f]' * 8}.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _STALE:
                part.unlink()
