"""The paper's claims, each with a test and a tolerance fixed beforehand."""

from dataclasses import asdict
from functools import partial
from math import sqrt

import pandas as pd

from lib.analysis import published
from lib.analysis.claims.claim import Claim, Test
from lib.analysis.evidence import (
    LEAST_DIMS,
    classes,
    complete_slopes,
    complete_statistics,
    largest,
    need_dims,
    other_classes,
)
from lib.analysis.intervals import (
    Estimate,
    NotTestable,
    Z,
    majority,
    mean_error,
    median_error,
    paired,
    symmetric,
    trend,
)
from lib.analysis.published import SPACE_NAMES
from lib.measures.regression import CLASS_ONE
from lib.runs import Summary

LOW = 3  # a run reaches "low d" with d <= 3
SMALL_DISTANCE = 0.1  # of two paired eigenvalues, where 1 would be an identity's eigenvalue lost
NEAR_ONE = 0.1
VALUE_TOLERANCE = 0.06
PAPERS_DATA, TABLE_DEPTH = "mnist", 4  # of the published tables
POSITIVE_FROM = 6  # the published test slopes are all positive from d = 6


# --- the tests ---------------------------------------------------------------------------------------------------


def _unknown_theorems(summary: Summary) -> list[Estimate]:
    raise NotTestable("the paper's theorems are not known to us; the page on bounds proves and checks others")


def _distance_small(summary: Summary) -> list[Estimate]:
    parts = []
    for depth in summary.run.depths:
        rows = complete_statistics(summary, "distance_l1", depth=depth, space="both")
        worst = rows.loc[rows["median"].idxmax()]
        name = f"depth {depth}, largest median distance, at d = {worst.name}"
        parts.append(symmetric(name, worst["median"], Z * median_error(worst), SMALL_DISTANCE, -1))
    return parts


def _distance_falls(summary: Summary, column: str) -> list[Estimate]:
    need_dims(summary)
    return [
        trend(
            f"{norm.upper()} distance, depth {depth}",
            complete_statistics(summary, f"distance_{norm}", depth=depth, space="both")[column],
            -1,
        )
        for norm in ("l1", "l2")
        for depth in summary.run.depths
    ]


def _mean_near_one(summary: Summary, quantity: str) -> list[Estimate]:
    latent_dim = min(summary.run.latent_dims)
    if latent_dim > LOW:
        raise NotTestable(f"low d means d <= {LOW}, the run begins at d = {latent_dim}")
    parts = []
    for depth in summary.run.depths:
        row = complete_statistics(summary, quantity, depth=depth, space="latent").loc[latent_dim]
        name = f"depth {depth}, d = {latent_dim}, distance from 1 of the median {row['median']:.3g}"
        parts.append(symmetric(name, abs(row["median"] - 1), Z * median_error(row), NEAR_ONE, -1))
    return parts


def _mean_falls(summary: Summary, quantity: str) -> list[Estimate]:
    need_dims(summary)
    return [
        trend(f"depth {depth}", complete_statistics(summary, quantity, depth=depth, space="latent")["median"], -1)
        for depth in summary.run.depths
    ]


def _class_one_lower(summary: Summary, quantity: str) -> list[Estimate]:
    latent_dim, others = largest(summary), other_classes(summary)
    rows = {
        label: complete_statistics(summary, quantity, space="latent", label=label).loc[latent_dim]
        for label in [CLASS_ONE, *others]
    }
    medians = pd.Series({label: rows[label]["median"] for label in others})
    nearest = int(medians.idxmin())
    gap = medians[nearest] - rows[CLASS_ONE]["median"] - medians.std(ddof=1)
    half = Z * sqrt(median_error(rows[CLASS_ONE]) ** 2 + median_error(rows[nearest]) ** 2)
    return [symmetric(f"d = {latent_dim}, gap to class {nearest} minus the spread of the others", gap, half)]


def _input_above(summary: Summary, quantity: str) -> list[Estimate]:
    need_dims(summary)
    medians = {space: complete_statistics(summary, quantity, space=space)["median"] for space in SPACE_NAMES}
    return [majority("share of d with a larger median of J_I", medians["input"] > medians["latent"])]


def _few_small(summary: Summary) -> list[Estimate]:
    largest(summary)
    parts = []
    for label in other_classes(summary):
        rows = complete_statistics(summary, "small_eigenvalues", space="latent", label=label)
        worst = rows.loc[rows["mean"].idxmax()]
        name = f"class {label}, small eigenvalues per image, at d = {worst.name}"
        parts.append(symmetric(name, worst["mean"], Z * mean_error(worst), 1, -1))
    return parts


def _class_one_most_small(summary: Summary) -> list[Estimate]:
    latent_dim, others = largest(summary), other_classes(summary)
    one, *rest = (
        complete_statistics(summary, "small_eigenvalues", space="latent", label=label).loc[latent_dim]
        for label in [CLASS_ONE, *others]
    )
    most = max(rest, key=lambda row: row["mean"])
    half = Z * sqrt(mean_error(one) ** 2 + mean_error(most) ** 2)
    name = f"d = {latent_dim}, small eigenvalues per image, class 1 minus the next"
    return [symmetric(name, one["mean"] - most["mean"], half)]


def _class_one_at_most_two(summary: Summary) -> list[Estimate]:
    latent_dim = largest(summary)
    other_classes(summary)
    row = complete_statistics(summary, "small_eigenvalues", space="latent", label=CLASS_ONE).loc[latent_dim]
    name = f"d = {latent_dim}, small eigenvalues per image of class 1"
    return [symmetric(name, row["mean"], Z * mean_error(row), 2, -1)]


def _reversed_more(summary: Summary, first: str, second: str) -> list[Estimate]:
    need_dims(summary)
    parts = []
    for depth in summary.run.depths:
        shares = [
            complete_statistics(summary, "reversed", depth=depth, space="latent", split=split)["mean"]
            for split in (first, second)
        ]
        parts.append(paired(f"depth {depth}, percentage points, {first} minus {second}", 100 * (shares[0] - shares[1])))
    return parts


def _input_reversed_more(summary: Summary) -> list[Estimate]:
    need_dims(summary)
    shares = {space: complete_statistics(summary, "reversed", space=space)["mean"] for space in SPACE_NAMES}
    return [paired("percentage points, J_I minus J_L", 100 * (shares["input"] - shares["latent"]))]


def _slope_grows(summary: Summary, predictor: str) -> list[Estimate]:
    need_dims(summary)
    return [
        trend(f"depth {depth}", complete_slopes(summary, predictor, depth=depth, space="latent")["test_slope"], 1)
        for depth in summary.run.depths
    ]


def _slope_grows_by_class(summary: Summary, predictor: str) -> list[Estimate]:
    need_dims(summary)
    labels = classes(summary)
    if not labels:
        raise NotTestable("the data have no classes")
    return [
        trend(f"class {label}", complete_slopes(summary, predictor, label=label, space="latent")["test_slope"], 1)
        for label in labels
    ]


def _slope_positive(summary: Summary, predictor: str) -> list[Estimate]:
    largest(summary)
    fits = {space: complete_slopes(summary, predictor, space=space) for space in SPACE_NAMES}
    return [
        symmetric(f"{SPACE_NAMES[space]}, d = {d}, slope", row["test_slope"], Z * row["test_slope_se"])
        for space, rows in fits.items()
        for d, row in rows[rows.index >= POSITIVE_FROM].iterrows()
    ]


def _values_met(summary: Summary, number: int, columns: list[str], spaces: list[str]) -> list[Estimate]:
    """Tolerance less the difference from the published values (the misprint of Table 2 put right)."""
    run, table = summary.run, published.corrected_table(number)
    if run.dataset != PAPERS_DATA or run.table_depth != TABLE_DEPTH:
        raise NotTestable(f"the published values are of MNIST, n = {TABLE_DEPTH}")
    if lacking := set(table["latent_dim"]) - set(run.latent_dims):
        raise NotTestable(f"the run lacks d = {', '.join(map(str, sorted(lacking)))} of the table")
    parts = []
    for space in spaces:
        ours = complete_slopes(summary, published.TABLE_PREDICTORS[number], space=space)
        for d, row in table[table["space"] == space].set_index("latent_dim").iterrows():
            for column in columns:
                difference = abs(ours.loc[d, column] - row[column]) - 1e-9  # up to rounding
                name = f"{SPACE_NAMES[space]}, d = {d}, distance from the published {column.replace('_', ' ')}"
                parts.append(symmetric(name, difference, 0, VALUE_TOLERANCE, -1))
    return parts


def _printed_identity(summary: Summary, identity: str) -> list[Estimate]:
    """The audit of the printed numbers, in which the run plays no part."""
    return [
        symmetric(
            f"Table {cell['number']}, {SPACE_NAMES[cell['space']]}, d = {cell['latent_dim']}, off by",
            *(abs(cell["residual"]) - 1e-12, 0, cell["allowed"], -1),
        )
        for cell in published.audit().query("identity == @identity").to_dict("records")
    ]


# --- the claims --------------------------------------------------------------------------------------------------


def _tests() -> dict[str, tuple[str, Test]]:
    """Claim -> the tolerance in words, and the test."""
    rank = f"Spearman's rho against d, 95 % interval off zero, at each depth; at least {LEAST_DIMS} latent dimensions"
    shares = "mean difference of the shares over d, Student's 95 % interval off zero"
    value = f"every value within {VALUE_TOLERANCE} of the published one, which has no standard error"
    tests: dict[str, tuple[str, Test]] = {
        "bounds": ("none: the theorems are not known to us", _unknown_theorems),
        "fig2-small": (
            f"our assumption: the median L1 distance per eigenvalue is below {SMALL_DISTANCE} at every d and depth (the L2 "
            "distance is never larger)",
            _distance_small,
        ),
        "fig2-median-falls": (f"{rank}; both norms", partial(_distance_falls, column="median")),
        "fig2-spread-falls": (f"{rank}; both norms", partial(_distance_falls, column="std")),
        "fig6-few": (
            "our assumption: fewer than one per image on average, in every class but 1, at every d",
            _few_small,
        ),
        "fig6-class-one": (
            "difference of the mean numbers per image, 95 % interval above zero, at the largest d",
            _class_one_most_small,
        ),
        "fig6-at-most-two": (
            "our assumption: their mean number per image is below 2, at the largest d",
            _class_one_at_most_two,
        ),
        "fig7-train-more": (f"{shares}, at each depth", partial(_reversed_more, first="train", second="test")),
        "fig7-test-more": (f"{shares}, at each depth", partial(_reversed_more, first="test", second="train")),
        "fig7-input-more": (shares, _input_reversed_more),
        "tables-sum": ("within the rounding of the print", partial(_printed_identity, identity="test slope")),
        "table2-mean": (
            "the intercept plus a seventh of the train-test gap is 0 within the rounding, and a mean trace of test points up to "
            "0.05",
            partial(_printed_identity, identity="pooled mean"),
        ),
    }
    for figure, quantity in ((4, "arithmetic_mean"), (5, "geometric_mean")):
        tests |= {
            f"fig{figure}-near-one": (
                f"our assumption: at the smallest d (3 at most) the median is within {NEAR_ONE} of 1, at each depth",
                partial(_mean_near_one, quantity=quantity),
            ),
            f"fig{figure}-falls": (f"{rank}; medians", partial(_mean_falls, quantity=quantity)),
            f"fig{figure}-class-one": (
                "our assumption: at the largest d the gap to the next class exceeds the standard deviation among the other "
                "classes' medians",
                partial(_class_one_lower, quantity=quantity),
            ),
            f"fig{figure}-input-above": (
                "our assumption: J_I's median is above J_L's at more than half of the d (Wilson's 95 % interval)",
                partial(_input_above, quantity=quantity),
            ),
        }
    for figure, number, predictor in ((8, 1, "log_volume"), (9, 2, "trace")):
        tests |= {
            f"fig{figure}-grows": (rank, partial(_slope_grows, predictor=predictor)),
            f"fig{figure}-grows-by-class": (
                "our assumption: the caption speaks of both panels; Spearman's rho as above, in every class",
                partial(_slope_grows_by_class, predictor=predictor),
            ),
            f"fig{figure}-positive": (
                f"the 95 % interval of every test slope from d = {POSITIVE_FROM} lies above zero, both spaces",
                partial(_slope_positive, predictor=predictor),
            ),
            f"table{number}-coefficients": (
                value,
                partial(_values_met, number=number, columns=[*published.COLUMNS.values()][:4], spaces=[*SPACE_NAMES]),
            ),
        }
        for space in SPACE_NAMES:
            test = partial(_values_met, number=number, columns=["test_slope"], spaces=[space])
            tests[f"table{number}-{space}"] = (value, test)
    return tests


PRINTED = ("tables-sum", "table2-mean")  # claims about the published tables as printed, in which a run plays no part


def _claims() -> tuple[Claim, ...]:
    tests = _tests()
    return tuple(
        Claim(**asdict(claim), tolerance=tests[claim.id][0], parts=tests[claim.id][1])
        for claim in published.published_claims()
    )


CLAIMS = _claims()
