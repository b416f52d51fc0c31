"""What every page needs: the settings, the store, the classifier, and plain words when something goes wrong."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from classifier import Classifier
from classifier.errors import ClassifierError
from classifier.settings import Settings
from classifier.web.entrance.options import Options
from classifier.web.look import plain
from taxonomy import CatalogueError

if TYPE_CHECKING:
    from classifier.review.store import ReviewStore

_log = logging.getLogger(__name__)


def options() -> Options:
    """How people get in."""
    return Options.from_environment()


def demo() -> bool:
    """Whether the app runs without sign-in, for showing it."""
    return options().demo


def settings() -> Settings:
    """The settings; a demo keeps to a database of its own unless told otherwise."""
    chosen = Settings.from_environment()
    if demo() and chosen.database is None:
        return replace(chosen, database=f"sqlite:///{chosen.home / 'demo.db'}")
    return chosen


def store() -> "ReviewStore":
    """The review store of these settings, opened once in a process."""
    chosen = settings()
    if chosen.database is None:
        chosen.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opening:
        return _open_store(chosen.database_url, chosen.keep_text)


def classifier() -> Classifier:
    """The classifier of these settings, loaded once in a process."""
    with _opening:
        return _load_classifier(settings())


@contextmanager
def show_errors() -> Iterator[None]:
    """Say an error in plain words instead of a stack trace; use as ``with show_errors():`` or as a decorator."""
    try:
        yield
    except (ClassifierError, CatalogueError) as error:
        st.error(plain(str(error)))
    except Exception:
        number = secrets.token_hex(4)
        _log.exception("page failed", extra={"error_id": number})
        st.error(f"出错了（编号 {number}）。请重试；如果仍然出错，请把编号告诉管理员。")


# Not Streamlit's cache: the sign-in and the background jobs ask outside a page as well.
_opening = threading.Lock()


@cache
def _open_store(url: str, keep_text: bool) -> "ReviewStore":
    from classifier.review.store import ReviewStore

    return ReviewStore.open(url, keep_text=keep_text)


@cache
def _load_classifier(chosen: Settings) -> Classifier:
    return Classifier.load(chosen)


@contextmanager
def log_errors() -> Iterator[None]:
    """For work that nobody waits for: what fails is logged by its kind and place."""
    try:
        yield
    except Exception:
        _log.exception("background work failed")
