"""Our own claims, each with a test and a tolerance fixed before it was held against a run."""

from functools import partial
from math import sqrt

import pandas as pd

from lib.analysis import dynamics
from lib.analysis.claims.claim import OURS, Claim
from lib.analysis.evidence import complete_controlled, largest, other_classes, sampled
from lib.analysis.intervals import Estimate, NotTestable, Z, majority, median_error, r2_margin, symmetric
from lib.analysis.published import PREDICTOR_NAMES
from lib.measures.regression import CLASS_ONE, WITHOUT_ONE, influence
from lib.runs import Summary

PREDICTOR_ORDER = {
    name: PREDICTOR_NAMES[name] for name in ("trace", "log_volume")
}  # the order in which verdicts name them
BOTH = "class and ink"
LITTLE = 0.05  # of the variance that class and ink leave
SPECTRUM, SLOPE = dynamics.QUANTITIES["geometric_mean"], dynamics.SLOPES["trace"]
EIGENVALUE_STATISTICS = ["trace_input", "trace_latent", "log_volume_input", "log_volume_latent"]


def _less_than_share(summary: Summary, held: str, part: float) -> list[Estimate]:
    """At the largest d, `part` of the raw slope, taken as positive, minus the slope that controlling for `held` leaves."""
    latent_dim, parts = largest(summary), []
    for predictor, name in PREDICTOR_ORDER.items():
        raw = complete_controlled(summary, "none", predictor).loc[latent_dim]
        left = complete_controlled(summary, held, predictor).loc[latent_dim]
        if abs(raw["slope"]) <= Z * raw["slope_se"]:
            raise NotTestable(f"the interval of the raw slope on the {name} includes 0 at d = {latent_dim}")
        sign = 1 if raw["slope"] > 0 else -1
        first, second = part * raw["slope_se"], left["slope_se"]
        shared = 2 * _correlation(sampled(summary)[latent_dim], predictor, held) * first * second
        half = Z * sqrt(max(first**2 + second**2 - shared, 0.0))
        text = f"{name}, d = {latent_dim}, {'half of ' if part == 0.5 else ''}the raw slope minus the other"
        parts.append(symmetric(text, sign * (part * raw["slope"] - left["slope"]), half))
    return parts


def _correlation(points: pd.DataFrame, predictor: str, held: str) -> float:
    """The correlation of the errors of the raw slope and of that with `held` fixed, as the sampled points tell it."""
    if predictor == "log_volume":
        points = points.loc[points["sign_input"] > 0]
    influences = []
    for controls in ("none", held):
        rows = points.loc[points["label"] != CLASS_ONE] if controls == WITHOUT_ONE else points
        covariates = {"class": rows["label"].to_numpy(), "ink": rows["ink"].to_numpy()}
        known = "none" if controls == WITHOUT_ONE else controls
        values = influence(rows["mse"].to_numpy(), rows[f"{predictor}_input"].to_numpy(), covariates, known)
        influences.append(pd.Series(values, index=rows.index).reindex(points.index, fill_value=0.0))
    first, second = influences
    return float((first @ second) / sqrt((first @ first) * (second @ second)))


def _without_class_one(summary: Summary) -> list[Estimate]:
    other_classes(summary)
    return _less_than_share(summary, WITHOUT_ONE, 1.0)


def _adds_little(summary: Summary) -> list[Estimate]:
    parts = []
    for predictor, name in PREDICTOR_ORDER.items():
        for d, row in complete_controlled(summary, BOTH, predictor).iterrows():
            r2 = row["partial_r2"]
            half = 2 * Z * sqrt(r2) * (1 - r2) / sqrt(row["points"])
            parts.append(symmetric(f"{name}, d = {d}, partial R2", r2, half, LITTLE, -1))
    return parts


def _ink_explains_more(summary: Summary) -> list[Estimate]:
    return [
        r2_margin(f"d = {d}, difference of R2", rows["mse"], rows["ink"], rows[["trace_input"]])
        for d, rows in sampled(summary).items()
    ]


def _tangent_plane_closest(summary: Summary) -> list[Estimate]:
    parts = []
    for d, rows in sampled(summary).items():
        ranks = rows[["mse", "tangent_distance", *EIGENVALUE_STATISTICS]].dropna().rank()
        name = f"d = {d}, difference of squared rank correlations"
        parts.append(r2_margin(name, ranks["mse"], ranks["tangent_distance"], ranks[EIGENVALUE_STATISTICS]))
    return parts


def _oblique(summary: Summary) -> list[Estimate]:
    parts = []
    for d, rows in sampled(summary).items():
        shares = (rows["obliqueness"] / rows["frobenius"]) ** 2
        quartiles = dict(zip(("q25", "median", "q75"), shares.quantile([0.25, 0.5, 0.75]), strict=True))
        error = median_error(pd.Series(quartiles | {"count": len(shares)}))
        parts.append(symmetric(f"d = {d}, median share", quartiles["median"], Z * error, 0.5))
    return parts


def _slopes_come_with_training(summary: Summary) -> list[Estimate]:
    _followed(summary)
    latent_dim, parts = largest(summary), []
    for predictor, name in PREDICTOR_ORDER.items():
        rows = dynamics.quantity_course(summary, predictor)
        rows = rows[rows["latent_dim"] == latent_dim].set_index("epoch")
        if not {0, summary.run.epochs} <= set(rows.index):
            raise NotTestable(f"no slope on the {name} at both ends of training at d = {latent_dim}")
        first, last = rows.loc[0], rows.loc[summary.run.epochs]
        # As if independent: the points are the same, but a snapshot keeps no sample that tells the correlation.
        half = Z * sqrt(first["test_slope_se"] ** 2 + last["test_slope_se"] ** 2)
        text = f"{name}, d = {latent_dim}, size of the slope, last minus first"
        parts.append(symmetric(text, abs(last["value"]) - abs(first["value"]), half))
    return parts


def _spectra_settle_first(summary: Summary) -> list[Estimate]:
    _followed(summary)
    epochs = dynamics.settling(summary).dropna()
    if epochs.empty:
        raise NotTestable("no slope was determined at the last epoch")
    return [majority("share of d whose mean settles first", epochs[SPECTRUM] < epochs[SLOPE])]


def _followed(summary: Summary) -> None:
    if summary.progress_statistics.empty or 0 not in summary.run.snapshots:
        raise NotTestable("the run keeps no snapshots from before training on")


_own = partial(Claim, source=OURS, published="")

OUR_CLAIMS = (
    _own(
        id="own-halved",
        page="controls",
        statement="Controlling for class and ink leaves less than half of the test slope, at the largest d.",
        tolerance="half of the raw slope minus the slope with both controlled for, 95 % interval above zero; trace and log "
        "volume, J_I",
        parts=partial(_less_than_share, held=BOTH, part=0.5),
    ),
    _own(
        id="own-class-one",
        page="controls",
        statement="Without class 1 the test slope is smaller, at the largest d.",
        tolerance="raw slope minus that without class 1, 95 % interval above zero; trace and log volume of J_I",
        parts=_without_class_one,
    ),
    _own(
        id="own-adds-little",
        page="controls",
        statement="Given class and ink, trace or log volume explain less than 5 % of what these leave of the variance of "
        "the test error.",
        tolerance=f"the 95 % interval of the partial R2 lies below {LITTLE}, at every d",
        parts=_adds_little,
    ),
    _own(
        id="own-ink",
        page="controls",
        statement="The ink of an image alone explains more of the variance of the test error than the trace of J_I does.",
        tolerance="difference of the R2, 95 % interval by bootstrap over the sampled test points above zero, at every d",
        parts=_ink_explains_more,
    ),
    _own(
        id="own-tangent",
        page="bounds",
        statement="The distance of a point from the tangent plane at its image ranks errors better than trace or log volume "
        "do, of J_I or of J_L.",
        tolerance="squared rank correlation minus the best of the four, 95 % interval by bootstrap above zero, at every d",
        parts=_tangent_plane_closest,
    ),
    _own(
        id="own-oblique",
        page="bounds",
        statement="J_I is far from having orthogonal eigenvectors: its obliqueness makes up more than half of its squared "
        "Frobenius norm.",
        tolerance="median share over the sampled test points, 95 % interval above a half, at every d",
        parts=_oblique,
    ),
    _own(
        id="own-trained",
        page="training_dynamics",
        statement="The slopes come with training: at the largest d the test slope is farther from zero at the last epoch "
        "than before training.",
        tolerance="difference of the sizes, 95 % interval above zero; trace and log volume of J_I",
        parts=_slopes_come_with_training,
    ),
    _own(
        id="own-spectra-first",
        page="training_dynamics",
        statement="Spectra look trained before slopes do: the geometric mean of the eigenvalues settles at an earlier "
        "snapshot than the slope on the trace.",
        tolerance="at more than half of the d (Wilson's 95 % interval)",
        parts=_spectra_settle_first,
    ),
)
