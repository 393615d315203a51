"""Our own claims on made-up summaries: each is made true, then contradicted, then left undecided."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lib.analysis import claims, evidence, intervals
from lib.measures import regression
from lib.measures.regression import CONTROLS, WITHOUT_ONE
from lib.runs.results import TABLES, Summary
from lib.runs.specification import Run

DIMS = (2, 5, 8, 11, 15, 20)
EPOCHS = (0, 10, 300)
Change = Callable[[Summary], dict[str, pd.DataFrame]]


def as_claimed(
    dims: tuple[int, ...] = DIMS, dataset: str = "mnist", snapshots: tuple[int, ...] = EPOCHS[:2]
) -> Summary:
    """A summary in which every claim holds."""
    run = Run(
        *("synthetic", dataset, dims, (4,), (0,), 4, "linear", "pytorch", "affine", EPOCHS[-1], 256, 1e-3),
        snapshots=snapshots,
    )
    members = [{"depth": 4, "latent_dim": d, "seed": 0} for d in dims]
    slopes = dict.fromkeys(CONTROLS, 0.05) | {"none": 0.4, WITHOUT_ONE: 0.2}
    controls = [
        member
        | {"space": "input", "predictor": predictor, "split": split, "controls": held}
        | {"slope": slope, "slope_se": 0.01, "partial_r2": 0.01, "points": 1000}
        for member in members
        for predictor in ("trace", "log_volume")
        for split in ("train", "test")
        for held, slope in slopes.items()
    ]
    watched = [member | {"epoch": epoch, "label": -1} for member in members for epoch in EPOCHS]
    regressions = [
        row | {"space": "input", "predictor": predictor, "test_slope": 0.4 * row["epoch"] / 300, "test_slope_se": 0.01}
        for row in watched
        for predictor in ("trace", "log_volume")
    ]
    statistics = [
        row
        | {"space": "both" if quantity == "mse" else "input", "split": "test", "quantity": quantity}
        | dict.fromkeys(("q25", "median", "q75"), float(row["epoch"] > 0))
        for row in watched
        for quantity in ("mse", "arithmetic_mean", "geometric_mean")
    ]
    histograms = [
        row | {"space": "input", "split": "test", "quantity": "argument", "counts": [1] * 72} for row in watched
    ]
    labels = pd.DataFrame({"label": range(-1, 10)}).assign(
        **dict.fromkeys(evidence.SUMMARY_COLUMNS["statistics"][:4], 0)
    )
    frames = dict.fromkeys(TABLES, pd.DataFrame()) | {
        "statistics": labels.reindex(columns=[*evidence.SUMMARY_COLUMNS["statistics"]]),
        "controls": pd.DataFrame(controls),
        "sample": pd.concat([_points().assign(**member) for member in members]),
        "progress_regressions": pd.DataFrame(regressions).assign(test_slope_low=0.0, test_slope_high=1.0),
        "progress_statistics": pd.DataFrame(statistics),
        "progress_histograms": pd.DataFrame(histograms),
    }
    return Summary(run, 0, (28, 28), {}, **frames)


def _points(count: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    ink = draw.normal(size=count)
    mse = ink + 0.5 * draw.normal(size=count)
    columns = {name: mse + 3 * draw.normal(size=count) for name in ("trace_input", "trace_latent")}
    columns |= {name: mse + 4 * draw.normal(size=count) for name in ("log_volume_input", "log_volume_latent")}
    columns |= {"tangent_distance": mse + 0.1 * draw.normal(size=count), "frobenius": np.full(count, 2.0)}
    columns["obliqueness"] = 1.8 + 0.01 * draw.normal(size=count)
    columns |= {"test": 1, "sign_input": 1, "label": np.arange(count) % 10}
    return pd.DataFrame({"mse": mse, "ink": ink} | columns)


def put(table: str, column: str, value: object, query: str = "latent_dim > 0") -> Change:
    """Another value (or a function of the rows) in a column of the rows of a table that match."""

    def change(summary: Summary) -> dict[str, pd.DataFrame]:
        frame = getattr(summary, table).reset_index(drop=True)
        rows = frame.query(query)
        assert len(rows), f"the change touches no row: {query}"
        frame.loc[rows.index, column] = value(rows) if callable(value) else value
        return {table: frame}

    return change


def noise(rows: pd.DataFrame) -> np.ndarray:
    return np.random.default_rng(1).normal(size=len(rows))


HELD, WITHOUT, RAW = (f"controls == '{name}' and latent_dim == 20" for name in ("class and ink", WITHOUT_ONE, "none"))
TRACE_SLOPES = "predictor == 'trace' and epoch == 10"

# claim -> what contradicts it, what leaves it undecided
CHANGES: dict[str, tuple[Change, Change]] = {
    "own-halved": (put("controls", "slope", 0.3, HELD), put("controls", "slope_se", 0.15, HELD)),
    "own-class-one": (put("controls", "slope", 0.5, WITHOUT), put("controls", "slope_se", 0.15, WITHOUT)),
    "own-adds-little": (
        put("controls", "partial_r2", 0.2, f"controls == 'class and ink' and latent_dim == {DIMS[1]}"),
        put("controls", "points", 20, f"controls == 'class and ink' and latent_dim == {DIMS[1]}"),
    ),
    "own-ink": (
        put("sample", "trace_input", lambda rows: rows["mse"], "latent_dim == 8"),
        put("sample", "ink", lambda rows: rows["trace_input"], "latent_dim == 8"),
    ),
    "own-tangent": (
        put("sample", "log_volume_latent", lambda rows: -rows["mse"], "latent_dim == 8"),
        put("sample", "tangent_distance", lambda rows: rows["trace_latent"], "latent_dim == 8"),
    ),
    "own-oblique": (
        put("sample", "obliqueness", 1.0, "latent_dim == 8"),
        put("sample", "obliqueness", lambda rows: 1.41 + 0.1 * noise(rows), "latent_dim == 8"),
    ),
    "own-trained": (
        put("progress_regressions", "test_slope", -0.9, "epoch == 0 and latent_dim == 20"),
        put("progress_regressions", "test_slope_se", 0.5, "epoch == 0 and latent_dim == 20"),
    ),
    "own-spectra-first": (
        put("progress_regressions", "test_slope", 0.4, TRACE_SLOPES),
        put("progress_regressions", "test_slope", 0.4, f"{TRACE_SLOPES} and latent_dim < 10"),
    ),
}


def verdict(summary: Summary, claim: str) -> claims.Verdict:
    return claims.evaluate_claims(summary, [one for one in claims.OUR_CLAIMS if one.id == claim])[0]


@pytest.fixture(scope="module")
def holding() -> Summary:
    return as_claimed()


def test_every_claim_of_ours_has_a_change_that_breaks_it():
    assert set(CHANGES) == {claim.id for claim in claims.OUR_CLAIMS}
    assert {claim.source for claim in claims.OUR_CLAIMS} == {claims.OURS}
    assert claims.OURS not in {claim.source for claim in claims.CLAIMS}


@pytest.mark.parametrize("claim", sorted(CHANGES))
def test_a_claim_that_is_made_true_holds(holding: Summary, claim: str):
    found = verdict(holding, claim)
    assert found.verdict == claims.HOLDS, found.reason + found.reproduced


@pytest.mark.parametrize("claim", sorted(CHANGES))
def test_a_claim_that_is_contradicted_does_not_hold(holding: Summary, claim: str):
    found = verdict(dataclasses.replace(holding, **CHANGES[claim][0](holding)), claim)
    assert found.verdict == claims.FAILS
    assert ", 0 contradicted" not in found.reason


@pytest.mark.parametrize("claim", sorted(CHANGES))
def test_a_claim_that_is_undecided_is_not_said_to_fail(holding: Summary, claim: str):
    found = verdict(dataclasses.replace(holding, **CHANGES[claim][1](holding)), claim)
    assert found.verdict == claims.UNDECIDED
    assert ", 0 contradicted" in found.reason and ", 0 undecided" not in found.reason


def test_a_negative_slope_is_halved_by_less_of_it(holding: Summary):
    """The claim is about the size of what is left, whatever the sign of the raw slope."""
    turned = dataclasses.replace(holding, **put("controls", "slope", -0.4, RAW)(holding))
    assert verdict(turned, "own-halved").verdict == claims.HOLDS
    more = dataclasses.replace(turned, **put("controls", "slope", -0.3, HELD)(turned))
    assert verdict(more, "own-halved").verdict == claims.FAILS


@pytest.mark.parametrize(("claim", "held"), [("own-halved", "class and ink"), ("own-class-one", WITHOUT_ONE)])
def test_slopes_from_the_same_points_are_compared_as_such(holding: Summary, claim: str, held: str):
    """95 % of the intervals hold the true difference; as if the two were independent they were wider, and 99 % held it."""

    keys = {"depth": 4, "latent_dim": 20, "seed": 0}
    run = dataclasses.replace(holding.run, latent_dims=(20,))
    chosen = next(one for one in claims.OUR_CLAIMS if one.id == claim)
    part = 0.5 if claim == "own-halved" else 1.0

    def slope(values: tuple, controls: str) -> dict[str, float]:
        error, predictor, covariates = values
        if controls == WITHOUT_ONE:
            others = covariates["class"] != 1
            error, predictor, controls = error[others], predictor[others], "none"
            covariates = {name: column[others] for name, column in covariates.items()}
        return dataclasses.asdict(regression.controlled_slope(error, predictor, covariates, controls))

    large, covered = regression.simulate(30_000, 0.5, 10**6), []
    truth = part * slope(large, "none")["slope"] - slope(large, held)["slope"]
    for seed in range(80):
        points = error, predictor, covariates = regression.simulate(300, 0.5, seed)
        rows = [{"controls": name} | slope(points, name) | keys for name in ("none", held)]
        rows = [
            row | {"space": "input", "split": "test", "predictor": x} for row in rows for x in ("trace", "log_volume")
        ]
        sample = {
            "mse": error,
            "ink": covariates["ink"],
            "label": covariates["class"],
            "sign_input": 1,
            "test": 1,
        } | keys
        sample |= {"trace_input": predictor, "log_volume_input": predictor}
        shown = dataclasses.replace(holding, run=run, controls=pd.DataFrame(rows), sample=pd.DataFrame(sample))
        estimate = chosen.parts(shown)[0]
        covered.append(estimate.low <= truth <= estimate.high)
    assert 0.88 < np.mean(covered) < 0.985


def test_the_interval_of_a_partial_r2_is_twice_the_error_of_its_root(holding: Summary):
    """By hand: r = 0.1 has the standard error 0.99/sqrt(1000), so r^2 = 0.01 one of 2 0.1 0.031307 = 0.0062613."""
    chosen = next(one for one in claims.OUR_CLAIMS if one.id == "own-adds-little")
    part = chosen.parts(holding)[0]
    assert (part.low, part.high) == pytest.approx((0.04 - 1.959964 * 0.0062613, 0.04 + 1.959964 * 0.0062613), abs=1e-6)


def test_a_raw_slope_that_is_none_leaves_nothing_to_halve(holding: Summary):
    none = dataclasses.replace(holding, **put("controls", "slope", 0.01, RAW)(holding))
    assert "includes 0 at d = 20" in verdict(none, "own-halved").reason


@pytest.mark.parametrize(
    ("summary", "claim", "words"),
    [
        (as_claimed((2, 5)), "own-halved", "high d"),
        (as_claimed((2, 5)), "own-trained", "high d"),
        (as_claimed(dataset="fashion-mnist"), "own-class-one", "ten digits"),
        (as_claimed(snapshots=(10,)), "own-trained", "no snapshots from before"),
        (dataclasses.replace(as_claimed(), controls=pd.DataFrame()), "own-adds-little", "no slope on the trace"),
        (dataclasses.replace(as_claimed(), sample=pd.DataFrame()), "own-ink", "no sample"),
        (dataclasses.replace(as_claimed(), progress_statistics=pd.DataFrame()), "own-spectra-first", "no snapshots"),
        (
            dataclasses.replace(as_claimed(), sample=as_claimed().sample.groupby("latent_dim").head(9)),
            "own-ink",
            "fewer",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_run_lacks_makes_a_claim_untestable(summary: Summary, claim: str, words: str):
    found = verdict(summary, claim)
    assert found.verdict == claims.NOT_TESTABLE and words in found.reason


def test_the_interval_of_a_difference_of_r2_covers():
    """95 % of the bootstrap intervals around differences of r^2 hold the true one."""
    draw, held = np.random.default_rng(0), 0
    for _ in range(150):
        target = draw.normal(size=300)
        first, other = target + draw.normal(size=300), target + 2 * draw.normal(size=300)
        part = intervals.r2_margin("", *map(pd.Series, (target, first)), pd.DataFrame({"other": other}))
        held += part.low < 1 / 2 - 1 / 5 < part.high
    assert 0.89 < held / 150 < 0.99
