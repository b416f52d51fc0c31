"""How a loan application gets its label by the catalogue of blue industries, with the evidence for it."""

from classifier.engine import Classifier
from classifier.records import (
    Application,
    Candidate,
    Evidence,
    Outcome,
    Prediction,
    Route,
)

__all__ = ["Application", "Candidate", "Classifier", "Evidence", "Outcome", "Prediction", "Route"]
