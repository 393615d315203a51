"""The book's tables, as MyST Markdown made from summaries. Nothing here computes a result.

The tables of the pages on training (`lib.tables.dynamics`) and of the tournament of scores (`lib.tables.scores`) are
imported by name, by the pages that show them.
"""

from lib.tables.checks import STATEMENTS, checks
from lib.tables.layout import markdown, numbered
from lib.tables.ledger import VERDICTS, basis, lost, lost_told, our_verdicts, standing, tests, verdicts, without_lost
from lib.tables.paper import (
    agreement,
    agreement_told,
    coefficients,
    control_counts,
    controlled,
    coverage,
    health,
    precision,
    seeds,
    settings,
)

__all__ = [
    "STATEMENTS",
    "VERDICTS",
    "agreement",
    "agreement_told",
    "basis",
    "checks",
    "coefficients",
    "control_counts",
    "controlled",
    "coverage",
    "health",
    "lost",
    "lost_told",
    "markdown",
    "numbered",
    "our_verdicts",
    "precision",
    "seeds",
    "settings",
    "standing",
    "tests",
    "verdicts",
    "without_lost",
]
