"""The book's figures: one function a figure, from summaries to a matplotlib figure. Nothing here computes a result.

A function on results takes the summaries of one or more runs by name; runs stand side by side, a column each, unless the
docstring says otherwise. One style serves the whole book: text stays text in the SVG, the same bytes come out of the
same numbers, and every series differs by marker or dash as well as by colour, so that the figures read in grey.
"""

from lib.figures.beyond import controlled_slopes, headline
from lib.figures.diagnosis import error_correlations, flagged_pictures, quantile_bars
from lib.figures.dynamics import eigenvalue_clouds, fates, gallery, moduli_and_angles, training_course
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
from lib.figures.performance import growth, routes, scaling
from lib.figures.predictors import detection, generalised_characters, rank_correlations, risk_coverage_curves
from lib.figures.sensitivity import courses, precisions, seeds, settings, training_length
from lib.figures.style import classes, slopes, statistics, use_style

__all__ = [
    "argument_distribution",
    "argument_shares",
    "bound_against_actual",
    "classes",
    "controlled_slopes",
    "courses",
    "detection",
    "eigenvalue_clouds",
    "error_correlations",
    "error_slopes",
    "fates",
    "final_errors",
    "flagged_pictures",
    "gallery",
    "generalised_characters",
    "growth",
    "headline",
    "loss_curves",
    "mean_eigenvalue",
    "moduli_and_angles",
    "orientation",
    "precisions",
    "published_beside_reproduced",
    "quantile_bars",
    "rank_correlations",
    "reconstructions",
    "risk_coverage_curves",
    "routes",
    "samples",
    "scaling",
    "seeds",
    "settings",
    "slopes",
    "small_eigenvalues",
    "spectral_distance",
    "statistics",
    "training_course",
    "training_length",
    "use_style",
]
