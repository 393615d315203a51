"""Scores at the points of members: by their definitions, from a table and from a sample alike; tournaments, detection, pages."""

import dataclasses
import io
from functools import partial

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lib import runs
from lib.analysis import tournament as tournaments
from lib.base import files
from lib.base.errors import InputError
from lib.geometry import jacobians
from lib.measures import judging, protocol, reconstruction
from lib.measures.summaries import SAMPLE
from lib.report import numbers, out_of_distribution, style
from lib.report import predictors as predictors_report
from lib.report import predictors as score_tables
from lib.runs import Member, attached, results, specification, store
from lib.runs.execution import execute
from lib.training import datasets
from lib.training.autoencoders import build

MEMBER = Member(4, 3, 0)


@pytest.fixture(autouse=True)
def own_style():
    with matplotlib.rc_context():
        style.use_style()
        yield


@pytest.fixture(scope="module")
def smoke():
    return runs.summary("smoke")


@pytest.fixture(scope="module")
def dataset():
    return runs.read("smoke").load_dataset()


@pytest.fixture(scope="module")
def points(smoke):
    return tournaments.at_points("smoke", MEMBER)


@pytest.fixture(scope="module")
def pair(smoke):
    return runs.member("smoke", 4, 3)


@pytest.fixture(scope="module")
def tournament(smoke):
    return tournaments.tournament(smoke)


def test_scores_are_what_they_are_called(points, pair, dataset):
    x = dataset.test.images.double()
    encoder, decoder = (module.double() for module in pair)
    values = torch.linalg.eigvals(jacobians.cores(encoder, decoder, x).input)
    assert points["shrinkage"].to_numpy() == pytest.approx((1 - values).abs().square().sum(dim=1).numpy())
    assert points["trace_input"].to_numpy() == pytest.approx(values.sum(dim=1).real.numpy())
    product = values.prod(dim=1).real.numpy()
    there = product > 0
    assert np.isnan(points["volume_input"].to_numpy()[~there]).all()
    assert points["volume_input"].to_numpy()[there] == pytest.approx(np.log(product[there]))
    codes, train_codes = encoder(x).detach(), encoder(dataset.train.images.double()).detach()
    fifth = torch.cdist(codes, train_codes).sort(dim=1).values[:, 4]
    assert points["latent_neighbours"].to_numpy() == pytest.approx(fifth.numpy(), rel=1e-5)
    train = dataset.train.images.double()
    axes = torch.linalg.svd(train - train.mean(dim=0), full_matrices=False).Vh[:3]
    rest = (x - train.mean(dim=0)) @ (torch.eye(64, dtype=torch.float64) - axes.T @ axes)
    assert points["linear_error"].to_numpy() == pytest.approx(rest.square().mean(dim=1).numpy(), rel=1e-4)
    centred = codes - train_codes.mean(dim=0)
    inverse = torch.linalg.inv(torch.cov(train_codes.T, correction=0))
    distance = (centred @ inverse * centred).sum(dim=1).sqrt()
    assert points["mahalanobis"].to_numpy() == pytest.approx(distance.numpy(), rel=1e-6)


def test_any_images_are_measured_as_the_test_points_are(points, pair, dataset):
    found = tournaments.at_images(pair, dataset.test.images.numpy(), dataset.test.labels.numpy(), dataset)
    for name in {one.name for one in protocol.every("point")} - {"seed_variance", "random"}:
        assert found[name].to_numpy() == pytest.approx(points[name].to_numpy(), rel=1e-6, nan_ok=True), name


def test_f_is_applied_so_many_times(pair, dataset):
    images = dataset.test.images.numpy()[:4]
    none, once, thrice = reconstruction.iterated(pair, images, [0, 1, 3])
    np.testing.assert_array_equal(none, images)
    np.testing.assert_array_equal(once, reconstruction.reconstructed(pair, images))
    np.testing.assert_allclose(thrice, reconstruction.iterated(pair, once, [2])[0])


def test_a_network_keeps_the_precision_that_it_is_given_in(dataset):
    pair = build((64, 5, 2), 0)
    images, labels = dataset.test.images[:6].numpy(), dataset.test.labels[:6].numpy()
    reconstruction.reconstructed(pair, images)
    tournaments.at_images(pair, images, labels, dataset)
    assert {one.dtype for module in pair for one in module.parameters()} == {torch.float32}


def test_the_variance_is_over_the_seeds(monkeypatch, points, dataset):
    run = dataclasses.replace(runs.read("smoke"), seeds=(0, 1))
    pairs = {seed: build((64, 24, 20, 16, 3), seed, "he") for seed in run.seeds}
    table = runs.measurements("smoke", 4, 3)
    monkeypatch.setattr(tournaments.runs, "read", lambda name: run)
    monkeypatch.setattr(tournaments.runs, "measurements", lambda *key: table)
    monkeypatch.setattr(tournaments.runs, "member", lambda name, depth, d, seed: pairs[seed])
    found = tournaments.at_points("smoke", MEMBER)["seed_variance"].to_numpy()
    first, second = (reconstruction.reconstructed(pairs[seed], dataset.test.images.numpy()) for seed in run.seeds)
    assert found == pytest.approx(((first - second) ** 2 / 2).mean(axis=1))
    assert "seed_variance" not in points


def test_a_kept_run_is_judged_by_its_sample(smoke, tournament):
    kept = dataclasses.replace(smoke, run=dataclasses.replace(smoke.run, committed=True))
    found = tournaments.tournament(kept)
    sampled = protocol.Subject(kept=pd.DataFrame(1.0, range(3), SAMPLE))
    lacking = set(judging.SCORES) - set(protocol.values_at(sampled, judging.SCORES.values())) - {"seed_variance"}
    assert set(tournament["score"]) - set(found["score"]) == lacking
    assert lacking >= {"shrinkage", "latent_neighbours", "linear_error"}
    both = found.merge(tournament, on=["score", "latent_dim", "seed"], suffixes=("", "_live"))
    assert both["spearman"].to_numpy() == pytest.approx(both["spearman_live"].to_numpy(), abs=0.01)


def test_a_tournament_has_every_score_at_every_member_and_no_gain_for_what_is_held_fixed(smoke, tournament):
    assert set(tournament["latent_dim"]) == set(smoke.run.latent_dims)
    missing = set(judging.SCORES) - set(tournament["score"])
    assert missing == {"seed_variance"}
    assert tournament[tournament["score"].isin(judging.HELD)]["gained"].isna().all()
    assert (tournament["spearman_holm"] >= tournament["spearman_p"]).all()
    one = tournament.query("score == 'tangent_distance' and latent_dim == 3")
    assert one["spearman"].iloc[0] > 0.7, "a lower bound of the error ranks as the error does"


def test_the_best_score_is_the_best_of_those_that_do_not_see_the_error():
    rows = pd.DataFrame({"score": ["tangent_distance", "ink", "trace_input"], "spearman": [0.9, 0.5, 0.2]})
    assert tournaments.best(rows) == (judging.SCORES["ink"].label, 0.5)
    assert tournaments.best(rows, protocol.WEIGHTS) == (judging.SCORES["trace_input"].label, 0.2)
    more = pd.concat([rows, rows.assign(spearman=0.1), pd.DataFrame({"score": ["seed_variance"], "spearman": [0.8]})])
    assert tournaments.best(more) == (judging.SCORES["ink"].label, pytest.approx(0.3)), "some lack the other seeds"


def test_points_that_cannot_be_judged_are_one_sentence(points):
    with pytest.raises(InputError, match="No score can be judged on these 60 points"):
        tournaments.evaluate_scores(points.assign(mse=1.0))
    with pytest.raises(InputError, match="No score can be judged on these 5 points"):
        tournaments.evaluate_scores(points.iloc[:5])
    found = tournaments.evaluate_scores(points.assign(trace_input=2.0, label=0))
    assert "trace_input" not in set(found["score"])
    assert np.isfinite(found.loc[~found["score"].isin(judging.HELD), "gained"]).all()


def test_test_images_are_no_strangers_and_far_ones_are(dataset):
    images = dataset.test.images.numpy()
    found = tournaments.detection("smoke", MEMBER, {"same": images, "inverted": 1 - images})
    same, far = (found[found["set"] == name].set_index("detector") for name in ("same", "inverted"))
    assert same["auroc"].to_numpy() == pytest.approx(0.5, abs=0.01), "equal but for rounding, which breaks ties"
    assert same["effect"].to_numpy() == pytest.approx(0, abs=1e-9)
    assert far.loc["neighbours", "auroc"] > 0.95
    assert far.loc["mse", "effect"] > 1
    assert far.loc["mse", "below"] == pytest.approx(1 - far.loc["mse", "auroc"])


def test_detection_is_by_hand(points, pair, dataset):
    """Distances are from the median of the training points, effects in deviations of the test points."""
    images = 1 - dataset.test.images.numpy()
    found = tournaments.detection("smoke", MEMBER, {"inverted": images}).set_index("detector")
    train = tournaments.at_points("smoke", MEMBER, "train")
    strange = tournaments.at_images(pair, images, np.zeros(len(images), dtype=np.int64), dataset)
    for name, measure in judging.DETECTORS.items():
        inside, outside = points[name].to_numpy(float), strange[name].to_numpy(float)
        assert found.loc[name, "effect"] == pytest.approx(
            (np.nanmean(outside) - np.nanmean(inside)) / np.nanstd(inside)
        )
        centre = np.nanmedian(train[name]) if measure.two_sided else 0.0
        scores = np.nan_to_num(np.abs(np.concatenate([inside, outside]) - centre), nan=1e300)
        assert found.loc[name, "auroc"] == pytest.approx(roc_auc_score(np.arange(len(scores)) >= len(inside), scores))


def test_a_detector_that_does_not_vary_is_left_out(monkeypatch, points, dataset, cells):
    flat = points.assign(log_volume_input=np.nan, trace_input=2.0)
    monkeypatch.setattr(tournaments, "at_points", lambda *key: flat)
    found = tournaments.detection("smoke", MEMBER, {"test": dataset.test.images.numpy()})
    assert set(judging.DETECTORS) - set(found["detector"]) == {"log_volume_input", "trace_input"}
    assert np.isfinite(found[["effect", "auroc"]].to_numpy()).all()
    rows = cells(out_of_distribution.detectors({("smoke", 3): found}))
    assert ["trace $J_I$", "", ""] in rows
    assert out_of_distribution.detection_figure("smoke", 3, found).axes


def test_detection_of_a_kept_run_is_kept_and_outlives_its_weights(own_artifacts, tmp_path, monkeypatch):
    text = (files.ROOT / "runs" / "smoke.yml").read_text() + "\ncommitted: true\n"
    (tmp_path / "own.yml").write_text(text)
    monkeypatch.setattr(specification, "FOLDER", tmp_path)
    run = runs.read("own")
    assert tournaments.detection_by_dim("own", compute=True) == {}, "nothing is there"
    execute(run, {"n": [run.table_depth], "d": [2]}, processes=1)
    assert tournaments.detection_by_dim("own") == {}, "a page computes nothing of it"
    made = tournaments.detection_by_dim("own", compute=True, count=20)
    assert set(made) == {2}
    for path in store.folder(run).glob("n*"):
        path.unlink()
    pd.testing.assert_frame_equal(tournaments.detection_by_dim("own")[2], made[2])
    assert runs.missing_reason("own") is None
    path = store.attached_path(run, runs.reference_members(run)[0], "shifts")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"shifts.json.gz is damaged"):
        tournaments.detection_by_dim("own")
    assert "shifts.json.gz is damaged" in runs.missing_reason("own")


def test_agreement_of_members(dataset):
    images = dataset.test.images.numpy()
    found = tournaments.reconstruction_agreement("smoke", [Member(4, 2, 0), MEMBER], {"test": images})
    first, second = (reconstruction.reconstructed(runs.member("smoke", 4, d), images) for d in (2, 3))
    assert len(found) == 1
    assert found["apart"][0] == pytest.approx(np.sqrt(((first - second) ** 2).mean()))
    assert found["error"][0] == pytest.approx(np.sqrt((((first - images) ** 2) + ((second - images) ** 2)).mean() / 2))
    twice = tournaments.reconstruction_agreement("smoke", [MEMBER, Member(3, 3, 0)], {"a": images, "b": images[::-1]})
    assert twice["spearman"][0] == pytest.approx(twice["spearman"][1])


def test_members_are_named_by_role():
    run = runs.read("digits")
    assert [one.latent_dim for one in tournaments.members_at(run, [5, 2, 99])] == [2, 5]
    assert [one.latent_dim for one in tournaments.members_at(run, [99])] == [20]
    assert results.evenly_spaced([7], 3) == [7]


def test_changed_test_points_have_a_tournament_of_their_own(cells):
    found = tournaments.shifted_tournament("smoke", MEMBER, 0.5)
    assert list(found["set"].unique()) == ["test", "rotated", "moved", "blurred", "noisy", "all"]
    assert found.query("set == 'all' and score == 'trace_input'")["points"].iloc[0] == 5 * 60
    text = out_of_distribution.shifted_table(found)
    assert len(set(map(len, cells(text)))) == 1


# --- figures and tables --------------------------------------------------------------------------------------------


def test_the_figure_shows_the_rank_correlations(tournament):
    figure = predictors_report.rank_correlations("smoke", tournament)
    assert figure.axes[0].get_title(loc="left") == "run smoke"
    shown = figure.axes[0].images[0].get_array()
    row = list(dict.fromkeys(name for name in judging.SCORES if (tournament["score"] == name).any())).index("ink")
    expected = tournament.query("score == 'ink'").sort_values("latent_dim")["spearman"].tolist()
    assert shown[row].tolist() == pytest.approx(expected)
    faint = [text.get_style() for text in figure.axes[0].texts]
    assert faint.count("normal") == (tournament["spearman_holm"] < judging.LEVEL).sum()


def test_the_figures_of_curves_detectors_and_images(points, dataset):
    figure = predictors_report.risk_coverage_curves("smoke", points)
    none = predictors_report.risk_coverage_curves("smoke", points.assign(volume_input=np.nan))
    assert len(none.axes[0].lines) == len(figure.axes[0].lines) - 1
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["the error itself"].get_ydata()[-1] == pytest.approx(1)
    found = tournaments.detection("smoke", MEMBER, {"inverted": 1 - dataset.test.images.numpy()})
    figure = out_of_distribution.detection_figure("smoke", 3, found)
    table = pd.read_csv(io.StringIO(numbers.csv(figure)))
    assert table["auroc"].tolist() == pytest.approx(found["auroc"].tolist())
    assert set(table["run"]) == {"smoke"} and set(table["latent_dim"]) == {3}
    drawn = [line.get_xdata()[0] for line in figure.axes[0].lines[: 2 * len(judging.DETECTORS) : 2]]
    assert drawn == pytest.approx(found["auroc"].tolist())
    images = dataset.test.images.numpy()
    mosaic = out_of_distribution.generalised_characters(
        {"a": images[:3], "b": images[3:6]}, ["x", "y", "z"], (8, 8)
    ).axes[0]
    pixels = np.asarray(mosaic.images[0].get_array())
    assert pixels.shape == (17, 26)
    np.testing.assert_allclose(pixels[9:17, 18:26].ravel(), images[5], atol=1e-6)


def test_tables_are_rectangular_and_free_of_bars(tournament, dataset):
    images = dataset.test.images.numpy()
    found = tournaments.detection("smoke", MEMBER, {"inverted": 1 - images, "mine": images})
    alike = tournaments.reconstruction_agreement(
        "smoke", [Member(4, 2, 0), MEMBER], {"test": images, "inverted": 1 - images, "mine": images}
    )
    for text, rows in (
        (score_tables.score_overview((64, 72, 64, 64, 20), 1540), len(judging.SCORES)),
        (score_tables.results_table(tournament), len(tournament) // 2),
        (score_tables.tallies({"smoke": tournament}), len(tournament) // 2),
        (out_of_distribution.detectors({("smoke", 3): found}), len(judging.DETECTORS)),
        (out_of_distribution.hardest({("smoke", 3): found}), 1),
        (out_of_distribution.sets(found), 2),
        (out_of_distribution.agreement_by_set(alike), 3),
    ):
        lines = text.splitlines()
        assert len({line.count("|") for line in lines}) == 1, text
        assert len(lines) == rows + 2
    assert "another data set" in out_of_distribution.sets(found)


def test_a_detector_is_judged_by_its_median_set_and_by_its_hardest_read_one_way_or_both():
    auroc = {"trace_input": [0.9, 0.6, 0.7], "log_volume_input": [0.5, 0.8, 0.9], "mse": [1.0, 1.0, 0.2]}
    rows = pd.DataFrame(
        [
            {"set": name, "detector": detector, "auroc": value, "below": 1 - value}
            for detector, values in auroc.items()
            for name, value in zip("abc", values, strict=True)
        ]
    )
    found = tournaments.over_sets(rows)
    assert list(found.index) == list(auroc)
    assert found.loc["mse"].tolist() == [1.0, 0.2, "c"]
    assert tournaments.over_sets(rows, either_way=True).loc["mse"].tolist() == [1.0, 0.8, "c"]
    assert tournaments.eigenvalues_win([rows, rows])["mse"] == 2
    assert tournaments.eigenvalues_win([rows, rows], either_way=True)["mse"] == 0


def test_a_tally_counts_signs_after_adjustment(cells):
    rows = pd.DataFrame(
        {"score": ["ink"] * 4, "spearman": [0.5, -0.4, 0.3, 0.1], "spearman_holm": [0.01, 0.02, 0.2, 1.0]}
    )
    rows = rows.assign(gained=[0.1, 0.2, np.nan, 0.1], gained_holm=[0.01, 0.3, np.nan, 0.04])
    last = cells(score_tables.tallies({"r": rows}))[-1]
    assert last[-6:] == ["4", "0.12", "-0.40 to 0.50", "1", "1", "2"]


def test_the_run_over_seeds_has_the_settings_of_the_run_digits():
    seeds, digits = runs.read("digits-seeds"), runs.read("digits")
    assert len(seeds.seeds) > 2
    for name in ("dataset", "initialisation", "output", "epochs", "batch_size", "learning_rate", "weight_decay"):
        assert getattr(seeds, name) == getattr(digits, name)
    assert seeds.hidden_widths[4] == digits.hidden_widths[4]
    assert datasets.load(seeds.dataset).image_shape == (8, 8)


# --- kept scores -----------------------------------------------------------------------------------------------------


def test_scores_that_a_sample_lacks_are_those_of_the_weights(smoke, points):
    """The sample of the smoke run, as if its networks were not at hand: what is computed for it is what `at_points` has."""
    committed = dataclasses.replace(smoke, run=dataclasses.replace(smoke.run, committed=True))
    sample, _ = tournaments.subject_of(committed, MEMBER)
    rows = tournaments._completed_scores(committed, MEMBER, runs.read("smoke").load_dataset())
    found = rows.pivot_table(index=rows.groupby("measure").cumcount(), columns="measure", values="value")
    assert {"turning", "smooth", "linear_error", "shrinkage"} <= set(found) and "trace_input" not in found
    assert len(found) == len(sample) == len(points), "all test points of so small a run are in its sample"
    for name in found:
        assert found[name].to_numpy() == pytest.approx(points[name].to_numpy(), rel=1e-5), name


def test_a_new_measure_is_added_to_the_kept_scores_which_stay_as_they_are(smoke):
    run = smoke.run
    committed = dataclasses.replace(smoke, run=dataclasses.replace(run, committed=True))
    completed = partial(tournaments._completed_scores, committed, MEMBER)
    whole = partial(tournaments._lacks_none, committed, MEMBER)
    every_score = completed(run.load_dataset())
    before = every_score[~every_score["measure"].isin(["turning", "smooth"])].assign(value=0.5)
    path = store.attached_path(run, MEMBER, tournaments.SCORES_KEPT.name)
    try:
        attached.load_or_compute(run, MEMBER, tournaments.SCORES_KEPT, lambda data: before)
        rows = attached.load_or_compute(run, MEMBER, tournaments.SCORES_KEPT, completed, whole)
        pd.testing.assert_frame_equal(rows[: len(before)], before.reset_index(drop=True))
        added = every_score[every_score["measure"].isin(["turning", "smooth"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[len(before) :].reset_index(drop=True), added)
    finally:
        path.unlink()


def test_kept_scores_take_part_in_the_tournament():
    summary = runs.summary("mnist")
    member = Member(4, 20, 0)
    kept = attached.load_attached(runs.read("mnist"), member, tournaments.SCORES_KEPT)
    sample, _ = tournaments.subject_of(summary, member)
    assert set(kept.groupby("measure").size()) == {len(sample)}
    table = tournaments.points_to_evaluate(summary, member)
    assert set(kept["measure"]) | {"trace_input", "neighbours"} <= set(table)
    assert "seed_variance" in table, "by the networks of mnist-seeds"
    assert "seed_variance" not in tournaments.points_to_evaluate(summary, Member(4, 8, 0)), "one seed"
    without = dataclasses.replace(summary, run=dataclasses.replace(summary.run, latent_dims=(19,)))
    assert "turning" not in tournaments.points_to_evaluate(without, Member(4, 19, 0))
    assert tournaments.keep_scores("mnist") == [2, 5, 8, 11, 14, 17, 20], "as they lie there: nothing is computed"
