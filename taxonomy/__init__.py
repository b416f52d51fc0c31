"""What the published catalogue says. Standard library only; knows nothing of how texts are recognised."""

from taxonomy.catalogue import Boundary, Catalogue, CatalogueError, Entry, Exclusion, Hit, Imprint, Provenance, Tier
from taxonomy.crosswalk import Confidence, Link, Relation, codes, load_standards
from taxonomy.diff import Change, Difference, diff
from taxonomy.reader import load_catalogue
from taxonomy.writer import to_toml, write_edition

__all__ = [
    "Boundary",
    "Catalogue",
    "CatalogueError",
    "Change",
    "Confidence",
    "Difference",
    "Entry",
    "Exclusion",
    "Hit",
    "Imprint",
    "Link",
    "Provenance",
    "Relation",
    "Tier",
    "codes",
    "diff",
    "load_catalogue",
    "load_standards",
    "to_toml",
    "write_edition",
]
