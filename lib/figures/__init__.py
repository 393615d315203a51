"""The book's figures: one function a figure, from summaries to a matplotlib figure. Nothing here computes a result.

Every function takes the summaries of one or more runs by name; runs stand side by side, a column each, unless the
docstring says otherwise. One style serves the whole book: text stays text in the SVG, the same bytes come out of the
same numbers, and every series differs by marker or dash as well as by colour, so that the figures read in grey.
"""

from lib.figures.beyond import controlled_slopes, headline
from lib.figures.networks import bound_against_actual, final_errors, loss_curves, reconstructions, samples
from lib.figures.paper import (
    argument_distribution,
    argument_shares,
    error_slopes,
    mean_eigenvalue,
    orientation,
    published_beside_reproduced,
    small_eigenvalues,
    spectral_distance,
)
from lib.figures.style import classes, slopes, statistics, use_style

__all__ = [
    "argument_distribution",
    "argument_shares",
    "bound_against_actual",
    "classes",
    "controlled_slopes",
    "error_slopes",
    "final_errors",
    "headline",
    "loss_curves",
    "mean_eigenvalue",
    "orientation",
    "published_beside_reproduced",
    "reconstructions",
    "samples",
    "slopes",
    "small_eigenvalues",
    "spectral_distance",
    "statistics",
    "use_style",
]
