"""What the published catalogue says. Standard library only; knows nothing of how texts are recognised."""

from taxonomy.catalogue import Boundary, Catalogue, CatalogueError, Entry, Exclusion, Imprint, Provenance, Tier
from taxonomy.crosswalk import Confidence, Link, Relation, codes

__all__ = [
    "Boundary",
    "Catalogue",
    "CatalogueError",
    "Confidence",
    "Entry",
    "Exclusion",
    "Imprint",
    "Link",
    "Provenance",
    "Relation",
    "Tier",
    "codes",
]
