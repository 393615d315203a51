"""Judging scores: what knows nothing and what knows all, agreement with other libraries, and bands that cover."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.regression.linear_model import OLS

from lib.base.errors import InputError
from lib.measures import judging
from lib.measures.costs import Sizes

ONES = np.ones((300, 1))


def draws(seed: int = 0, points: int = 300):
    draw = np.random.default_rng(seed)
    return draw.exponential(size=points), draw.normal(size=points)


def covariates(points: int, seed: int = 5) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {"class": draw.integers(0, 4, points), "ink": draw.normal(size=points), "neighbours": draw.random(points)}


def test_the_error_itself_is_a_perfect_score_and_its_opposite_the_worst():
    error, _ = draws()
    found = judging.judge(error, 3 * error + 1)
    assert (found["spearman"], found["auroc"], found["saved"]) == pytest.approx((1, 1, 1))
    assert found["spearman_p"] < 1e-10
    opposite = judging.judge(error, -error)
    assert (opposite["spearman"], opposite["auroc"]) == pytest.approx((-1, 0))
    assert opposite["saved"] < 0


def test_random_scores_score_as_random():
    rows = pd.DataFrame([judging.judge(*draws(seed)) for seed in range(200)])
    for name, nothing in {"spearman": 0.0, "auroc": 0.5, "saved": 0.0}.items():
        assert rows[name].mean() == pytest.approx(nothing, abs=4 * rows[name].std() / np.sqrt(200))
    assert 0.01 < (rows["spearman_p"] < 0.05).mean() < 0.11


def test_bootstrap_bands_cover_the_truth_at_their_nominal_rate():
    def sample(seed, points):
        draw = np.random.default_rng(seed)
        error, noise = draw.normal(size=(2, points))
        return np.exp(0.3 * error), 0.5 * error + np.sqrt(0.75) * noise

    large, one = sample(10**6, 200_000), np.ones((200_000, 1))
    truth = {name: measure(*large, one)[0] for name, measure in judging.CRITERIA.items()}
    assert truth["spearman"] == pytest.approx(6 / np.pi * np.arcsin(0.25), abs=0.01)
    rows = pd.DataFrame([judging.judge(*sample(seed, 300), seed) for seed in range(250)])
    for name, value in truth.items():
        covered = (rows[f"{name}_low"] <= value) & (value <= rows[f"{name}_high"])
        assert 0.9 < covered.mean() < 0.985, name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)), min_size=8, max_size=40))
def test_a_weight_is_a_repetition_and_ties_count_half(points):
    error, score, weight = np.array(points).T
    if weight.sum() < 2:
        return
    weights = weight[:, None].astype(float)
    repeated = np.repeat(error, weight), np.repeat(score, weight)
    if np.ptp(repeated[0]) and np.ptp(repeated[1]):
        rho = judging.spearman(error, score, weights)[0]
        assert rho == pytest.approx(stats.spearmanr(*repeated)[0], abs=1e-12)
    positive = error > 3
    if 0 < (repeated[0] > 3).sum() < len(repeated[0]):
        found = judging.auroc(positive[:, None], score, weights)[0]
        assert found == pytest.approx(roc_auc_score(repeated[0] > 3, repeated[1]), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 5])
def test_no_score_saves_more_than_the_error_though_errors_or_scores_are_tied(levels):
    """Tied errors once took the area of a staircase: a finer score that orders them as well saved more than all."""
    error, noise = draws()
    error = np.floor(levels * error / (error.max() + 1e-9))
    weights = judging.weightings(len(error), resamples=20)
    finer = error + 1e-6 * noise
    assert judging.saved_area(error, finer, ONES)[0] == pytest.approx(1)
    assert judging.saved_area(error, finer, weights) == pytest.approx(np.ones(21))
    for score in (finer, error + noise, np.round(error + noise)):
        assert (judging.saved_area(error, score, weights) <= 1 + 1e-9).all()
        _, risk = judging.risk_coverage(error, score)
        _, least = judging.risk_coverage(error, error)
        assert judging.saved_area(error, score, ONES)[0] == pytest.approx((1 - risk.mean()) / (1 - least.mean()))


def test_the_area_is_that_under_the_curve():
    error, noise = draws()
    score = error + noise
    _, risk = judging.risk_coverage(error, score)
    _, least = judging.risk_coverage(error, error)
    saved = (1 - risk.mean()) / (1 - least.mean())
    assert judging.saved_area(error, score, ONES)[0] == pytest.approx(saved)
    assert risk[-1] == pytest.approx(1)
    assert (least <= risk + 1e-12).all()


def test_equal_scores_save_nothing_whatever_the_order_of_the_points():
    error, _ = draws()
    halves = (np.arange(300) % 2).astype(float)
    order = np.argsort(error)
    first, second = (judging.saved_area(e, s, ONES)[0] for e, s in [(error, halves), (error[order], halves[order])])
    assert first == pytest.approx(second)
    assert judging.saved_area(error, np.zeros(300), ONES)[0] == pytest.approx(0)
    curves = [judging.risk_coverage(e, s)[1] for e, s in [(error, halves), (error[order], halves[order])]]
    assert curves[0] == pytest.approx(curves[1])
    assert judging.risk_coverage(error[order], np.zeros(300))[1] == pytest.approx(np.ones(300))


def test_the_gain_is_that_of_the_whole_regression_with_its_robust_error():
    error, noise = draws(1)
    held = covariates(300)
    score = 0.3 * error + noise + held["ink"]
    found = judging.gain(error, score, held)
    dummies = [held["class"] == label for label in range(4)]
    design = np.column_stack([score, held["ink"], held["neighbours"], *dummies]).astype(float)
    fit = OLS(error, design).fit()
    total = ((error - error.mean()) ** 2).sum()
    without = OLS(error, design[:, 1:]).fit().ssr
    assert found["gained"] == pytest.approx((without - fit.ssr) / total)
    assert found["held"] == pytest.approx(1 - without / total)
    assert found["gained_p"] == pytest.approx(fit.get_robustcov_results("HC1", use_t=True).pvalues[0], rel=1e-6)
    assert found["gained_sign"] == 1


def test_a_score_that_knows_nothing_gains_nothing_at_the_nominal_rate():
    held = covariates(200)
    found = [judging.gain(*draws(seed, 200), held) for seed in range(300)]
    assert 0.02 < np.mean([one["gained_p"] < 0.05 for one in found]) < 0.09
    assert np.mean([one["gained"] for one in found]) == pytest.approx(1 / 200, rel=0.4)


def test_one_class_is_no_obstacle_to_the_gain():
    held = covariates(300) | {"class": np.zeros(300, dtype=int)}
    assert np.isfinite(list(judging.gain(*draws(), held).values())).all()


def test_holm_is_by_hand():
    rows = pd.DataFrame({"spearman_p": [0.01, 0.04, 0.03], "gained_p": [np.nan, 0.5, 0.02]})
    found = judging.holm(rows)
    assert found["spearman_holm"].tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert found["gained_holm"].tolist()[1:] == pytest.approx([0.5, 0.04])
    assert np.isnan(found["gained_holm"][0])


def test_points_without_a_score_are_left_out():
    error, score = draws()
    gappy = np.where(np.arange(300) % 3 == 0, np.nan, score)
    kept = ~np.isnan(gappy)
    assert judging.judge(error, gappy) == judging.judge(error[kept], score[kept])
    held = covariates(300)
    own = {name: values[kept] for name, values in held.items()}
    assert judging.gain(error, gappy, held) == judging.gain(error[kept], score[kept], own)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda error, score: (error, 0 * score + 2), "The score is constant at 2"),
        (lambda error, score: (0 * error, score), "The error is constant at 0"),
        (lambda error, score: (error[:7], score[:7]), "7 points have a score; a judgement needs 20"),
        (lambda error, score: (error, np.full(300, np.nan)), "0 points have a score"),
        (lambda error, score: (error, np.where(score > 2, np.inf, score)), "values of the score are not finite"),
    ],
    ids=["constant", "no error", "few", "none", "infinite"],
)
def test_what_cannot_be_judged_is_one_sentence(change, words):
    with pytest.raises(InputError, match=words):
        judging.judge(*change(*draws()))


def test_a_gain_that_is_not_determined_is_one_sentence():
    error, score = draws()
    held = covariates(300)
    few = {name: values[:6] for name, values in held.items()}
    with pytest.raises(InputError, match="6 points do not determine"):
        judging.gain(error[:6], score[:6], few)
    for echo in (held["ink"], np.full(300, 4.0), 2.0 * held["class"]):
        with pytest.raises(InputError, match="leave nothing of the score"):
            judging.gain(error, echo, held)
    with pytest.raises(InputError, match="1 values of the score are not finite"):
        judging.gain(error, np.where(score == score.max(), np.inf, score), held)
    with pytest.raises(InputError, match="100 values of the ink are not finite"):
        judging.gain(error, score, held | {"ink": np.where(np.arange(300) % 3, held["ink"], np.nan)})
    with pytest.raises(InputError, match="The error is constant"):
        judging.gain(np.ones(300), score, held)


def test_detection_ranks_infinity_above_all_and_ties_as_chance():
    near, far = np.arange(30.0), np.arange(30.0) + 100
    found = judging.detect(near, np.where(far > 110, np.inf, far))
    assert (found["auroc"], found["auroc_low"], found["auroc_high"]) == (1, 1, 1)
    assert judging.detect(near, near)["auroc"] == 0.5


def test_every_score_has_a_cost_and_geometry_costs_more_than_ink():
    sizes = Sizes((784, 593, 402, 211, 20), 60_000)
    costs = {name: measure.cost(sizes) for name, measure in judging.SCORES.items()}
    assert costs["random"] == 0 < costs["ink"] < costs["trace_input"] < costs["shrinkage"]
    assert costs["neighbours"] == 60_000 * 784
    assert costs["trace_input"] == pytest.approx(2.2e7, rel=0.05)
