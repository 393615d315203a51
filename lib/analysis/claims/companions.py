"""Claims of the two companion papers, as their abstracts state them, each with a test and a tolerance fixed beforehand."""

from functools import partial

import numpy as np
import pandas as pd

from lib.analysis import dynamics, noise
from lib.analysis.claims.claim import Claim
from lib.analysis.evidence import largest
from lib.analysis.intervals import Estimate, NotTestable, Z, median_error, symmetric
from lib.runs import Summary

LONG, FEW = 100, 10  # epochs


def _distances(summary: Summary, earliest: int, latest: int) -> list[tuple[str, float, float]]:
    """At each watched d, from the last snapshot between two epochs to the end: the distance of the medians of
    log10 |omega|^(1/d) less the mean of the two middle halves' widths, and half of its 95 % interval.

    A d where more than a quarter of the points have no logarithm is left out.
    """
    if summary.progress_statistics.empty or summary.run.epochs < LONG:
        raise NotTestable(f"the run keeps no snapshots of a training of {LONG} epochs")
    course = dynamics.quantity_course(summary, "geometric_mean")
    epochs = [epoch for epoch in set(course["epoch"]) if earliest <= epoch <= latest]
    if not epochs:
        raise NotTestable(f"the run keeps no snapshot from epochs {earliest} to {latest}")
    found = []
    for d, rows in course[course["q25"] > 0].set_index("epoch").groupby("latent_dim"):
        if {max(epochs), summary.run.epochs} <= set(rows.index):
            first, last = (_logarithms(rows.loc[epoch]) for epoch in (max(epochs), summary.run.epochs))
            widths = (first["q75"] - first["q25"] + last["q75"] - last["q25"]) / 2
            half = Z * float(np.hypot(median_error(first), median_error(last)))
            name = f"d = {d}, epoch {max(epochs)}, distance less the middle halves"
            found.append((name, abs(first["median"] - last["median"]) - widths, half))
    return found


def _logarithms(row: pd.Series) -> pd.Series:
    return pd.Series({name: np.log10(row[name]) for name in ("q25", "median", "q75")} | {"count": row["count"]})


def _differ(summary: Summary) -> list[Estimate]:
    return [symmetric(*one) for one in _distances(summary, 0, 0)]


def _alike(summary: Summary) -> list[Estimate]:
    return [symmetric(*one, sign=-1) for one in _distances(summary, 1, FEW)]


def _noise(summary: Summary) -> pd.DataFrame:
    rows = noise.noise_of(summary, largest(summary))
    if rows is None:
        raise NotTestable("the weights of the network were not kept")
    return rows


def _one_image(summary: Summary) -> list[Estimate]:
    parts = []
    for row in _noise(summary).to_dict("records"):
        half = Z * float(np.hypot(row["apart_se"], row["usual_se"] / 2))
        parts.append(symmetric(f"{row['set']}, difference", row["apart"] - row["usual"] / 2, half, sign=-1))
    return parts


def _another_elsewhere(summary: Summary) -> list[Estimate]:
    parts = []
    for row in _noise(summary).dropna().to_dict("records"):
        half = Z * float(np.hypot(row["elsewhere_se"], row["apart_se"]))
        parts.append(symmetric(f"{row['set']}, difference", row["elsewhere"] - row["apart"], half))
    if not parts:
        raise NotTestable("the run has one network at this d")
    return parts


def _some_codes_far(summary: Summary) -> list[Estimate]:
    row = _noise(summary).sort_values("far").iloc[-1]
    return [symmetric(f"{row['set']}, share of codes", row["far"], Z * row["far_se"], 0.5)]


_instability = partial(Claim, source="arXiv 2201.11902", page="out_of_distribution", published="")
_training = partial(Claim, source="arXiv 2201.11813", page="training_dynamics", published="")

COMPANION_CLAIMS = (
    _instability(
        id="noise-one-image",
        statement="At high d a network turns every kind of noise into much the same image.",
        tolerance="at the largest d and for each of ten kinds of noise, outputs for this kind and for another differ by less than "
        "half of what outputs for two test images differ by (root mean square per pixel, 95 % interval)",
        parts=_one_image,
    ),
    _instability(
        id="noise-another-network",
        statement="The image that noise becomes is another one in another network.",
        tolerance="at the largest d and for each kind of noise, outputs of two networks for one image differ by more than one "
        "network's outputs for two kinds (95 % interval)",
        parts=_another_elsewhere,
    ),
    _instability(
        id="noise-codes-far",
        statement="Not all kinds of noise have codes near those of digits.",
        tolerance="at the largest d some kind has more than half of its codes farther from training codes than 99 % of test codes "
        "are (95 % interval)",
        parts=_some_codes_far,
    ),
    _training(
        id="spectra-differ",
        statement="Spectra before training differ in kind from those after more than 100 epochs.",
        tolerance="at every watched d the medians of the logarithm of the geometric mean of the eigenvalues of J_I lie farther "
        "apart than the mean of their middle halves (95 % interval); 100 epochs count",
        parts=_differ,
    ),
    _training(
        id="spectra-alike-early",
        statement="After a few epochs spectra look like those of fully trained networks.",
        tolerance=f"the same distance, from the last snapshot of the first {FEW} epochs to the end, is smaller than the mean "
        "of the middle halves, at every watched d (95 % interval)",
        parts=_alike,
    ),
)
