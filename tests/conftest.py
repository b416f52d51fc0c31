"""What all tests share: the classifier as a bank gets it, and no deadline for property tests (timing is for benchmarks)."""

import pytest
from hypothesis import settings

from classifier import Classifier
from taxonomy import Catalogue, load_catalogue

settings.register_profile("lanmu", deadline=None, derandomize=True)
settings.load_profile("lanmu")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The newest edition."""
    return load_catalogue()


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The published model with its rules."""
    return Classifier.load()
