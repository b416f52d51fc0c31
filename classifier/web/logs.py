"""The log: one JSON object a line, with ids and never a word of what people typed or loans say."""

import json
import logging
import traceback
from datetime import UTC, datetime

import streamlit.logger

_FOREIGN = ("streamlit", "uvicorn", "websockets")
_IDS = ("error_id", "case_id", "batch_id", "job_id")


class JsonLines(logging.Formatter):
    """Writes a record as one line; an exception is its type and place in the code, because its text may quote input."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            # The pattern without its values: the values may be what people typed.
            "message": str(record.msg) if record.name.startswith("classifier") else record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _IDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)
            line["error"] = type(error).__name__
            line["where"] = [f"{frame.name}:{frame.lineno}" for frame in frames[-8:]]
        return json.dumps(line, ensure_ascii=False)


def set_up() -> None:
    """Send all logs of this process to standard error as JSON lines.

    Streamlit gives each of its loggers a handler of its own, which would write texts as they are; they are taken away
    from those that exist, and no new one is given out.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    streamlit.logger.setup_formatter = lambda logger: setattr(logger, "propagate", True)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _FOREIGN:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
            logger.setLevel(logging.WARNING)
