"""What people decide, and the proof of it."""

from classifier.review.audit import Anchor, Deed, Verification
from classifier.review.cases import (
    Batch,
    BatchState,
    Case,
    CaseLife,
    Draft,
    Event,
    Kind,
    Label,
    Note,
    Order,
    Policy,
    Query,
    Status,
    Submission,
    Verdict,
)
from classifier.review.permissions import PERMISSIONS, Action, Actor, DeniedError, Role, require
from classifier.review.store import ReviewStore

__all__ = [
    "PERMISSIONS",
    "Action",
    "Actor",
    "Anchor",
    "Batch",
    "BatchState",
    "Case",
    "CaseLife",
    "Deed",
    "DeniedError",
    "Draft",
    "Event",
    "Kind",
    "Label",
    "Note",
    "Order",
    "Policy",
    "Query",
    "ReviewStore",
    "Role",
    "Status",
    "Submission",
    "Verdict",
    "Verification",
    "require",
]
