"""The server around the pages: its own routes, what every answer carries, and what starts and ends with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route
from streamlit.starlette import App

SCRIPT = Path(__file__).parent / "ui.py"


def routes() -> list[BaseRoute]:
    """The routes beside Streamlit's own."""
    return [Route("/health", _health)]


def middleware() -> list[Middleware]:
    """What every request passes through, outermost first."""
    return []


@asynccontextmanager
async def lifespan(_app: App) -> AsyncIterator[None]:
    """Start and end of the server."""
    yield


async def _health(_request: Request) -> PlainTextResponse:
    """Says that the server lives, and nothing else."""
    return PlainTextResponse("ok")
