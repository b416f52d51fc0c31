"""The errors this package raises on purpose.

Each message is Chinese and says what was found, where, and what to do next. The command line turns these
errors (and ``taxonomy.CatalogueError``), and only these, into one line; every other exception is a bug.
"""


class ClassifierError(Exception):
    """Base of the errors below; never raised itself."""


class LexiconError(ClassifierError):
    """A lexicon file has an unknown key, an unknown code or a malformed rule."""


class ModelError(ClassifierError):
    """A model folder is missing, was altered, or was made for another edition, lexicon or library."""


class ApplicationError(ClassifierError):
    """One application cannot be read, such as a text longer than any project description."""


class LoanBookError(ClassifierError):
    """A loan book cannot be read or written as a whole; a bad row never raises this."""


class WorkbookError(ClassifierError):
    """A file is no readable workbook, or rows do not fit into one."""


class ExampleError(ClassifierError):
    """A file of labelled texts (examples or test cases) has an unreadable line."""


class ReviewError(ClassifierError):
    """A write to the review store was refused: another was first, the same person twice, or a wrong status."""


class AuditError(ClassifierError):
    """The audit log or what it vouches for is not as it was written."""
