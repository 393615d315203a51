"""The ledger on made-up summaries: each claim is made true, then contradicted, then left undecided."""

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lib.analysis import claims, comparisons, evidence, intervals, published
from lib.base.errors import InputError
from lib.report import claims as claims_report
from lib.runs.results import TABLES, Summary
from lib.runs.specification import Run

DIMS = tuple(range(2, 21))
QUANTITIES = {
    "both": ("distance_l1", "distance_l2"),
    "input": ("arithmetic_mean", "geometric_mean", "small_eigenvalues", "reversed"),
    "latent": ("arithmetic_mean", "geometric_mean", "small_eigenvalues", "reversed"),
}
Change = Callable[[Summary], None]


def as_published(dims: tuple[int, ...] = DIMS, depths: tuple[int, ...] = (3, 4, 5), **fields: object) -> Summary:
    """A summary in which every claim holds (of the two readings of Figure 7: more reversed train points)."""
    values = {"dataset": "mnist", "epochs": 300, "table_depth": 4, "seeds": (0,)} | fields
    run = Run(
        *("synthetic", values["dataset"], dims, depths, values["seeds"], values["table_depth"]),
        *("linear", "pytorch", "affine", values["epochs"], 256, 1e-3),
    )
    keys = [
        {"depth": depth, "latent_dim": d, "seed": seed, "space": space, "label": label}
        for depth in depths
        for d in dims
        for seed in values["seeds"]
        for space in ("both", "input", "latent")
        for label in range(-1, 10)
    ]
    statistics = [
        key | {"split": split, "quantity": quantity} | _described(_centre(quantity, split, **key))
        for key in keys
        for split in ("all", "train", "test")
        for quantity in QUANTITIES[key["space"]]
    ]
    tables = {
        predictor: published.corrected_table(n).set_index(["latent_dim", "space"])
        for n, predictor in ((1, "log_volume"), (2, "trace"))
    }
    regressions = [
        key
        | {"predictor": predictor}
        | table.loc[(key["latent_dim"], key["space"])].to_dict()
        | {"test_slope_se": 0.01}
        for key in keys
        if key["space"] != "both"
        for predictor, table in tables.items()
    ]
    empty = pd.DataFrame()
    frames = dict.fromkeys(TABLES, empty)
    frames |= {"statistics": pd.DataFrame(statistics), "regressions": pd.DataFrame(regressions)}
    return Summary(run, 0, (28, 28), {}, **frames)


def _centre(quantity: str, split: str, depth: int, latent_dim: int, seed: int, space: str, label: int) -> float:
    falling = 1.0 - 0.02 * (latent_dim - 2)
    if quantity.startswith("distance"):
        return 0.05 * falling
    if quantity == "reversed":
        jitter = 0.001 * (latent_dim % 3)
        return 0.02 + jitter + 0.01 * (split == "train") + 0.005 * (space == "input") * (1 + latent_dim % 2)
    if quantity == "small_eigenvalues":
        return 1.5 if label == 1 else 0.2
    return falling - 0.2 * (label == 1) + 0.001 * label + 0.02 * (space == "input")


def _described(centre: float) -> dict[str, float]:
    spread = 0.1 * abs(centre)
    quartiles = {"q25": centre - 0.67 * spread, "median": centre, "q75": centre + 0.67 * spread}
    return {"count": 1000, "mean": centre, "std": spread, "q025": 0.0} | quartiles


def statistic(quantity: str, column: str, value: object, **keys: object) -> Change:
    """Put `value` (a number, or a function of d) into a column of the rows that match."""

    def change(summary: Summary) -> None:
        _put(summary.statistics, column, value, {"quantity": quantity} | keys)

    return change


def slope(predictor: str, value: object, column: str = "test_slope", **keys: object) -> Change:
    """The same for the regressions."""

    def change(summary: Summary) -> None:
        _put(summary.regressions, column, value, {"predictor": predictor} | keys)

    return change


def _put(frame: pd.DataFrame, column: str, value: object, keys: dict[str, object]) -> None:
    chosen = np.logical_and.reduce([frame[key] == wanted for key, wanted in keys.items()])
    assert chosen.any(), f"the change touches no row: {keys}"
    values = frame.loc[chosen, "latent_dim"].map(value) if callable(value) else value
    frame.loc[chosen, column] = values


def together(*changes: Change) -> Change:
    def change(summary: Summary) -> None:
        for one in changes:
            one(summary)

    return change


def rising(d: int) -> float:
    return 0.02 + 0.001 * d


def zigzag(d: int) -> float:
    """No trend over 2..20: Spearman's rho is near 0."""
    return 0.04 + 0.001 * (abs(d - 11) + 0.01 * d)


def swinging(d: int) -> float:
    """Around zero, mean near zero over d."""
    return 0.01 * (-1) ** d


def wide(quantity: str, **keys: object) -> Change:
    """Spread the middle half of the points so far that no median is certain."""
    return together(statistic(quantity, "q25", -500.0, **keys), statistic(quantity, "q75", 500.0, **keys))


def means(figure: int, quantity: str) -> dict[str, tuple[Change, Change]]:
    def one(value: object, **keys: object) -> Change:
        return statistic(quantity, "median", value, space="latent", **keys)

    return {
        f"fig{figure}-near-one": (one(0.5, latent_dim=2), wide(quantity, space="latent", latent_dim=2)),
        f"fig{figure}-falls": (one(rising), one(zigzag)),
        f"fig{figure}-class-one": (one(0.9, label=1, latent_dim=20), wide(quantity, label=1, latent_dim=20)),
        f"fig{figure}-input-above": (
            statistic(quantity, "median", 0.0, space="input", label=-1),
            statistic(quantity, "median", lambda d: 9.0 * (d % 2), space="input", label=-1),
        ),
    }


def slopes(figure: int, number: int, predictor: str) -> dict[str, tuple[Change, Change | None]]:
    return {
        f"fig{figure}-grows": (slope(predictor, lambda d: -rising(d), label=-1), slope(predictor, zigzag, label=-1)),
        f"fig{figure}-grows-by-class": (
            slope(predictor, lambda d: -rising(d), label=7),
            slope(predictor, zigzag, label=7),
        ),
        f"fig{figure}-positive": (
            slope(predictor, -0.4, latent_dim=20),
            slope(predictor, 0.3, "test_slope_se", latent_dim=20),
        ),
        f"table{number}-latent": (slope(predictor, lambda d: d, space="latent"), None),
        f"table{number}-input": (slope(predictor, lambda d: d, space="input"), None),
        f"table{number}-coefficients": (slope(predictor, 0.9, "interaction", latent_dim=7), None),
    }


# claim -> what contradicts it, what leaves it undecided (None where a published value has no interval)
CHANGES: dict[str, tuple[Change, Change | None]] = {
    "fig2-small": (statistic("distance_l1", "median", 0.5, latent_dim=7), wide("distance_l1", depth=5)),
    "fig2-median-falls": (
        statistic("distance_l2", "median", rising),
        statistic("distance_l2", "median", zigzag, depth=3),
    ),
    "fig2-spread-falls": (statistic("distance_l1", "std", rising, depth=5), statistic("distance_l1", "std", zigzag)),
    "fig6-few": (
        statistic("small_eigenvalues", "mean", 1.4, label=8, latent_dim=20),
        statistic("small_eigenvalues", "std", 100.0, label=8),
    ),
    "fig6-class-one": (
        statistic("small_eigenvalues", "mean", 1.9, label=8, latent_dim=20),
        statistic("small_eigenvalues", "std", 100.0, label=1),
    ),
    "fig6-at-most-two": (
        statistic("small_eigenvalues", "mean", 3.0, label=1, latent_dim=20),
        statistic("small_eigenvalues", "std", 100.0, label=1),
    ),
    "fig7-train-more": (
        statistic("reversed", "mean", 0.01, split="train", space="latent", label=-1),
        together(
            statistic("reversed", "mean", 0.0, space="latent", label=-1, split="test"),
            statistic("reversed", "mean", swinging, space="latent", label=-1, split="train"),
        ),
    ),
    "fig7-input-more": (
        statistic("reversed", "mean", 0.0, split="all", space="input", label=-1),
        together(
            statistic("reversed", "mean", 0.0, split="all", space="latent", label=-1),
            statistic("reversed", "mean", swinging, split="all", space="input", label=-1),
        ),
    ),
    **means(4, "arithmetic_mean"),
    **means(5, "geometric_mean"),
    **slopes(8, 1, "log_volume"),
    **slopes(9, 2, "trace"),
}
PRINTED = {"tables-sum", "table2-mean"}  # of the paper's print alone
ASIDE = {"bounds", "fig7-test-more"} | PRINTED


def verdict(summary: Summary, claim: str) -> claims.Verdict:
    return claims.evaluate_claims(summary, [one for one in claims.CLAIMS if one.id == claim])[0]


@pytest.fixture(scope="module")
def holding() -> Summary:
    return as_published()


@pytest.fixture
def changed(holding: Summary) -> Callable[[Change], Summary]:
    """A copy of the summary in which all claims hold, with one change made."""

    def make(change: Change) -> Summary:
        copy = dataclasses.replace(
            holding, statistics=holding.statistics.copy(), regressions=holding.regressions.copy()
        )
        change(copy)
        return copy

    return make


def test_every_claim_has_a_change_that_breaks_it():
    """A claim added without a test that it can fail."""
    assert set(CHANGES) | ASIDE == {claim.id for claim in claims.CLAIMS}


@pytest.mark.parametrize("claim", sorted(CHANGES))
def test_a_claim_that_holds_is_reproduced(holding: Summary, claim: str):
    found = verdict(holding, claim)
    assert found.verdict == claims.REPRODUCED, found.reason + found.reproduced
    assert "contradicted" not in found.reason


@pytest.mark.parametrize("claim", sorted(CHANGES))
def test_a_claim_that_is_contradicted_says_so(changed: Callable[[Change], Summary], claim: str):
    found = verdict(changed(CHANGES[claim][0]), claim)
    assert found.verdict == claims.CONTRADICTED
    assert ", 0 contradicted" not in found.reason


@pytest.mark.parametrize("claim", sorted(claim for claim, (_, undecided) in CHANGES.items() if undecided))
def test_a_claim_that_is_undecided_says_so(changed: Callable[[Change], Summary], claim: str):
    undecided = CHANGES[claim][1]
    assert undecided is not None
    found = verdict(changed(undecided), claim)
    assert found.verdict == claims.UNDECIDED
    assert ", 0 contradicted" in found.reason and ", 0 undecided" not in found.reason


def test_the_readings_of_figure_7_exclude_each_other(holding: Summary, changed: Callable[[Change], Summary]):
    assert verdict(holding, "fig7-test-more").verdict == claims.CONTRADICTED
    other = changed(statistic("reversed", "mean", 0.01, split="train", space="latent", label=-1))
    assert verdict(other, "fig7-test-more").verdict == claims.REPRODUCED
    assert verdict(other, "fig7-train-more").verdict == claims.CONTRADICTED


def test_equal_shares_are_undecided(changed: Callable[[Change], Summary]):
    """No difference at any d has the interval [0, 0], which excludes neither side."""
    same = changed(statistic("reversed", "mean", 0.02, space="latent", label=-1))
    for claim in ("fig7-train-more", "fig7-test-more"):
        assert "3 undecided" in verdict(same, claim).reason


def test_the_printed_tables_are_claims_of_their_own(holding: Summary, monkeypatch: pytest.MonkeyPatch):
    """The sum holds, the balance fails in the misprinted cell, and neither can fail to notice another print."""
    assert verdict(holding, "tables-sum").verdict == claims.REPRODUCED
    assert "75 of" not in verdict(holding, "tables-sum").reason
    found = verdict(holding, "table2-mean")
    assert found.verdict == claims.CONTRADICTED and "37 of 38 hold, 1 contradicted" in found.reason
    audit = published.audit()
    monkeypatch.setattr(published, "audit", lambda: audit.assign(residual=0.5))
    assert verdict(holding, "tables-sum").verdict == claims.CONTRADICTED
    monkeypatch.setattr(published, "audit", lambda: audit.assign(residual=0.0))
    assert verdict(holding, "table2-mean").verdict == claims.REPRODUCED


def test_the_theorems_are_not_testable(holding: Summary):
    assert verdict(holding, "bounds").verdict == claims.NOT_TESTABLE


@pytest.mark.parametrize("off, expected", [(0.06, claims.REPRODUCED), (0.0601, claims.CONTRADICTED)])
def test_published_values_are_met_up_to_the_tolerance(holding: Summary, off: float, expected: str):
    """The tolerance itself is still within it; a hair more is not."""
    moved = holding.regressions.assign(test_slope=holding.regressions["test_slope"] + off)
    summary = dataclasses.replace(holding, regressions=moved)
    assert {verdict(summary, f"table{n}-{space}").verdict for n in (1, 2) for space in published.SPACE_NAMES} == {
        expected
    }


@pytest.mark.parametrize("fields", [{"dataset": "digits"}, {"table_depth": 3}, {"dims": (2, 5, 10, 15, 20)}])
def test_published_values_are_of_mnist_and_of_all_dimensions(fields: dict):
    """Values held against another data set, another depth or half a table would mean nothing."""
    summary = as_published(**fields)
    for number in (1, 2):
        for part in ("latent", "input", "coefficients"):
            assert verdict(summary, f"table{number}-{part}").verdict == claims.NOT_TESTABLE


def test_class_claims_need_the_ten_digits(holding: Summary):
    """Class 1 of another data set is not the digit one; nine classes are not the ten digits."""
    fewer = dataclasses.replace(holding, statistics=holding.statistics.query("label != 9"))
    for summary in (as_published(dataset="fashion-mnist"), fewer):
        for claim in ("fig4-class-one", "fig5-class-one", "fig6-few", "fig6-class-one", "fig6-at-most-two"):
            found = verdict(summary, claim)
            assert found.verdict == claims.NOT_TESTABLE and "ten digits" in found.reason


@pytest.mark.parametrize("dims", [(2,), (2, 3), (2, 3, 4, 5)])
def test_a_small_run_has_no_trends_and_no_high_dimension(dims: tuple[int, ...]):
    """The smoke run: everything but the claims about closeness and low d is out of its reach; no NaN, no crash."""
    found = {one.id: one for one in claims.evaluate_claims(as_published(dims, (3, 4), dataset="digits", epochs=3))}
    testable = {claim for claim, one in found.items() if one.verdict != claims.NOT_TESTABLE}
    assert testable == {"fig2-small", "fig4-near-one", "fig5-near-one"} | PRINTED
    assert "nan" not in json.dumps([dataclasses.asdict(one) for one in found.values()]).lower().replace("tenant", "")


def test_five_dimensions_make_a_trend():
    """The fewest: a monotone trend is decided, and its interval is finite."""
    found = verdict(as_published((2, 3, 4, 5, 6), (4,), dataset="digits"), "fig4-falls")
    assert found.verdict == claims.REPRODUCED and "nan" not in found.reproduced


def test_low_dimension_is_not_claimed_of_a_run_that_begins_high():
    found = verdict(as_published(tuple(range(10, 20)), (4,)), "fig4-near-one")
    assert found.verdict == claims.NOT_TESTABLE and "begins at d = 10" in found.reason


def test_undetermined_regressions_make_a_claim_untestable(holding: Summary):
    """A member without a fit (all its omega <= 0) must not pass for one that agrees, nor break the ledger."""
    frame = holding.regressions
    some = dataclasses.replace(holding, regressions=frame[(frame["latent_dim"] != 7) | (frame["predictor"] == "trace")])
    none = dataclasses.replace(holding, regressions=frame[frame["label"] == 99])
    without_columns = dataclasses.replace(holding, regressions=pd.DataFrame())
    undefined = dataclasses.replace(holding, regressions=frame.assign(test_slope_se=np.nan))
    for summary in (some, none, without_columns, undefined):
        for claim in ("fig8-grows", "fig8-grows-by-class", "fig8-positive", "table1-latent", "table1-coefficients"):
            assert verdict(summary, claim).verdict == claims.NOT_TESTABLE
    assert "d = 7" in verdict(some, "fig8-grows").reason
    assert verdict(some, "fig9-grows").verdict == claims.REPRODUCED
    assert comparisons.beside_published(without_columns, 1).empty


@pytest.mark.parametrize(
    "table, column", [("statistics", "median"), ("statistics", "split"), ("regressions", "test_slope")]
)
def test_a_missing_column_is_named(holding: Summary, table: str, column: str):
    broken = dataclasses.replace(holding, **{table: getattr(holding, table).drop(columns=column)})
    with pytest.raises(InputError, match=f"run synthetic has no column {column} in its {table}; delete its files"):
        claims.evaluate_claims(broken)


def test_missing_or_undefined_statistics_are_named(holding: Summary, changed: Callable[[Change], Summary]):
    """Every member has these rows; without them the summary is damaged, which is no verdict."""
    frame = holding.statistics
    gap = frame[(frame["quantity"] != "distance_l1") | (frame["latent_dim"] != 7)]
    with pytest.raises(InputError, match=r"distance_l1.* at d = 7; delete"):
        claims.evaluate_claims(dataclasses.replace(holding, statistics=gap))
    with pytest.raises(InputError, match=r"arithmetic_mean.* at d = 5; delete"):
        claims.evaluate_claims(changed(statistic("arithmetic_mean", "median", np.nan, latent_dim=5)))


def test_several_seeds_are_averaged():
    """One seed of two above, one below: their mean decides, not the first."""
    summary = as_published(depths=(4,), seeds=(0, 1))
    assert verdict(summary, "fig4-near-one").verdict == claims.REPRODUCED
    _put(summary.statistics, "median", 0.6, {"quantity": "arithmetic_mean", "seed": 1, "latent_dim": 2})
    assert "median 0.799: 0.201" in verdict(summary, "fig4-near-one").reproduced


def test_the_test_slopes_are_positive_from_where_it_is_said():
    """The dimension written into the claim is the published tables'."""
    both = pd.concat([published.published_table(1), published.published_table(2)])
    assert both.loc[both["test_slope"] <= 0, "latent_dim"].max() + 1 == claims.POSITIVE_FROM


def test_the_ledger_sets_runs_side_by_side(holding: Summary):
    ledger = claims.ledger({"one": holding, "two": as_published((2, 3), (4,), dataset="digits")})
    assert ledger["run"].tolist()[:4] == ["one", "two", "one", "two"]
    assert ledger["id"].tolist()[::2] == [claim.id for claim in claims.CLAIMS]
    assert set(ledger["verdict"]) == {claims.REPRODUCED, claims.CONTRADICTED, claims.NOT_TESTABLE}


def test_reports_for_readers_and_for_programs(holding: Summary):
    """The text ends each of its three parts with the counts; the JSON has every field of every claim, the paper's first."""
    text = claims.claims_report(holding)
    rows = json.loads(claims.claims_report(holding, as_json=True))
    assert [row["id"] for row in rows] == [
        claim.id for claim in (*claims.CLAIMS, *claims.COMPANION_CLAIMS, *claims.OUR_CLAIMS)
    ]
    wanted = {"run", "id", "statement", "source", "page", "published", "tolerance", "verdict", "reproduced"}
    wanted |= {"reason", "held", "estimates"}
    assert all(set(row) == wanted for row in rows)
    count = sum(row["verdict"] == claims.REPRODUCED for row in rows[: len(claims.CLAIMS)])
    assert f"\n{count} reproduced; " in text
    line = "RMS difference 0.000, Spearman 1.00, same sign 100%; gaps: RMS difference 0.000; over 16 values of d"
    assert text.count(line) == 4
    apart = claims.claims_report(holding, searched=(5, 20))
    assert apart.count(line) == 4 and apart.count(line.replace("16", "14")) == 4
    assert "d from 5, without d = 5, 20, at which its settings were searched for:" in apart
    open_ones = sum(row["verdict"] == claims.NOT_TESTABLE and row["source"] == claims.OURS for row in rows)
    assert text.splitlines()[-1].endswith(f" undecided; {open_ones} not testable.")


# --- intervals ---------------------------------------------------------------------------------------------------


def test_the_median_error_covers():
    """95 % of the intervals around medians of normal samples hold the true median: a wrong constant does not."""
    samples = np.random.default_rng(0).normal(size=(4000, 200))
    low, median, high = np.quantile(samples, [0.25, 0.5, 0.75], axis=1)
    rows = pd.DataFrame({"q25": low, "median": median, "q75": high, "count": 200})
    half = intervals.Z * np.array([intervals.median_error(row) for _, row in rows.iterrows()])
    assert abs((np.abs(median) < half).mean() - 0.95) < 0.015


def test_the_trend_interval_covers():
    """Under no trend, 95 % of the intervals for Spearman's rho (n = 19) hold 0."""
    generator = np.random.default_rng(0)
    parts = [intervals.trend("", pd.Series(generator.normal(size=19), index=DIMS), 1) for _ in range(1500)]
    assert abs(np.mean([part.low < 0 < part.high for part in parts]) - 0.95) < 0.02


def test_a_trend_turned_round_is_its_mirror():
    values = pd.Series(np.random.default_rng(1).normal(size=19), index=DIMS)
    one, other = intervals.trend("", values, 1), intervals.trend("", values, -1)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)


def test_a_constant_has_no_trend():
    part = intervals.trend("", pd.Series(np.ones(19), index=DIMS), 1)
    assert part.estimate == 0 and part.low < 0 < part.high


def test_the_share_interval_is_wilsons():
    """Against statsmodels, also where all or none agree."""
    from statsmodels.stats.proportion import proportion_confint

    for count in (0, 5, 13, 19):
        part = intervals.majority("", pd.Series([True] * count + [False] * (19 - count)))
        assert np.allclose((part.low, part.high), np.subtract(proportion_confint(count, 19, method="wilson"), 0.5))


def test_the_paired_interval_is_students():
    from scipy import stats

    values = pd.Series(np.random.default_rng(2).normal(size=19))
    part = intervals.paired("", values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert np.allclose((part.low, part.high), (expected.low, expected.high))


def test_the_interval_of_a_rank_correlation_is_that_of_bonett_and_wright():
    """By hand: atanh 0.8 = 1.098612, and 1.959964 sqrt(1.32/27) = 0.433363; Fisher's would be 0.377196 to either side."""
    assert intervals.rank_interval(0.8, 30) == pytest.approx((0.581954, 0.910748), abs=2e-4)


def test_agreement_with_the_published_slopes(holding: Summary) -> None:
    rows = comparisons.agreement(holding)
    assert rows["rms"].max() == pytest.approx(0, abs=1e-12)
    assert rows["spearman"].min() == pytest.approx(1)
    assert (rows["same_sign"] == 1).all()
    opposite = holding.regressions.assign(test_slope=-holding.regressions["test_slope"] - 0.5)
    off = dataclasses.replace(holding, regressions=opposite)
    rows = comparisons.agreement(off)
    assert (rows["spearman"] < -0.99).all()
    assert (rows["rms"] > 0.3).all()
    np.testing.assert_allclose(rows["gap_rms"], 0, atol=1e-12)
    gaps = holding.regressions.assign(
        test=holding.regressions["test"] + 0.25 * (holding.regressions["latent_dim"] == 9)
    )
    off_at_nine = dataclasses.replace(holding, regressions=gaps)
    np.testing.assert_allclose(comparisons.agreement(off_at_nine)["gap_rms"], 0.25 / 4)  # one of 16
    np.testing.assert_allclose(comparisons.agreement(off_at_nine, without=(9,))["gap_rms"], 0, atol=1e-12)
    assert set(rows["dims"]) == {16} and set(comparisons.agreement(off, 0)["dims"]) == {19}


def test_a_network_that_has_lost_a_direction_is_named_and_its_part_in_the_verdicts_shown():
    summary = as_published(dims=tuple(range(2, 21)))
    assert evidence.lost_directions(summary).empty
    assert claims.without_lost({"synthetic": summary}).empty
    statistic("small_eigenvalues", "mean", 1.4, space="latent", latent_dim=20, depth=4, label=3)(summary)
    statistic("small_eigenvalues", "q025", 1.0, space="latent", latent_dim=20, depth=4)(summary)
    statistic("small_eigenvalues", "q025", 2.0, space="latent", latent_dim=19, depth=5)(summary)
    assert evidence.lost_directions(summary).to_numpy().tolist() == [[4, 20, 0, 1], [5, 19, 0, 2]]
    every = evidence.lost_directions(summary, intact=True)
    assert len(every) == 3 * 19 and every["lost"].sum() == 3
    told = claims_report.lost_sentence({"synthetic": summary, "intact": as_published()})
    assert "no network of depth 4 [has lost" in told
    assert "is 19 in `synthetic` (of up to 20), 20 in `intact` (of up to 20)." in told
    changed = claims.without_lost({"synthetic": summary})
    assert list(changed["statement"]) == [claim.statement for claim in claims.CLAIMS if claim.id == "fig6-few"]
    assert changed["verdict"].item() == claims.CONTRADICTED
    assert changed["verdict_without"].item() == claims.REPRODUCED


def test_claims_at_the_largest_dimension_are_judged_seed_by_seed():
    summary = as_published(seeds=(0, 3))
    statistic("small_eigenvalues", "mean", 1.4, space="latent", latent_dim=20, depth=4, label=3, seed=3)(summary)
    found = claims.over_seeds([summary, as_published(seeds=(7,))], 20).set_index("id")
    assert found.loc["fig6-few", [*claims.PAPERS_WORDS]].tolist() == [2, 1, 0, 0]
    assert found.loc["fig6-class-one", claims.REPRODUCED] == 3
    assert (found[[*claims.PAPERS_WORDS]].sum(axis=1) == 3).all()
    at_five = claims.over_seeds([summary], 5).set_index("id")
    assert at_five.loc["fig6-few", claims.CONTRADICTED] == 0


def test_the_counts_tell_contradicted_from_undecided_and_leave_the_printed_tables_out():
    summary = as_published()
    statistic("distance_l1", "median", 0.5, depth=5)(summary)
    wide("geometric_mean", space="latent", latent_dim=2)(summary)
    counts = claims.counts(claims.ledger({"synthetic": summary})).loc["synthetic"]
    of_run = [one for one in claims.evaluate_claims(summary) if one.id not in claims.PRINTED]
    assert counts.sum() == len(of_run) == len(claims.CLAIMS) - len(claims.PRINTED)
    failed = [one for one in of_run if one.held < one.estimates]
    assert counts["contradicted"] == sum(", 0 contradicted" not in one.reason for one in failed) > 0
    assert counts["undecided"] == sum(", 0 contradicted" in one.reason for one in failed) > 0
    assert counts.index.tolist() == [*claims.PAPERS_WORDS] and counts.index.name is None


def test_an_estimate_is_told_as_the_quantity_that_was_measured(changed: Callable[[Change], Summary]):
    """It was told as a margin: "0.1 less the largest median, 0.5 at d = 7: -0.4", and shares as fractions."""
    far = verdict(changed(statistic("distance_l1", "median", 0.5, latent_dim=7)), "fig2-small").reproduced
    assert far.startswith("depth 3, largest median distance, at d = 7: 0.5 [") and far.endswith(" (claimed: below 0.1)")
    assert verdict(as_published(), "fig4-falls").reproduced.startswith(
        "depth 3, rank correlation with d: -1 [-1, -1]; "
    )
    shares = verdict(as_published(), "fig7-train-more").reproduced
    assert shares.startswith("depth 3, percentage points, train minus test: 1 [1, 1]"), shares
