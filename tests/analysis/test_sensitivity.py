"""Settings one at a time: differences are named, distances are to the printed tables, what does not compare is refused."""

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest

from lib import runs
from lib.analysis import comparisons, published, sensitivity
from lib.base import files
from lib.base.errors import InputError
from lib.pages import source
from lib.report import numbers
from lib.report import sensitivity as sensitivity_report
from lib.runs import store

LATENT_DIM = 20


def regressions(latent_dim, shift=0.0, **keys):
    """Pooled regressions that are those of the paper, moved by `shift`."""
    rows = []
    for number, predictor in published.TABLE_PREDICTORS.items():
        for cell in published.published_table(number).query("latent_dim == @latent_dim").to_dict("records"):
            values = {name: cell[name] + shift for name in ("test_slope", "test")}
            rows.append(
                cell | values | keys | {"predictor": predictor, "label": -1, "test_slope_se": 0.01, "test_se": 0.01}
            )
    return pd.DataFrame(rows)


@pytest.fixture
def base():
    """MNIST's summary, with the paper's own numbers after 30 epochs and others after 300."""
    summary = runs.summary("mnist-300")
    frames = [regressions(LATENT_DIM, 0.0, epoch=30, depth=4), regressions(LATENT_DIM, 0.3, epoch=300, depth=4)]
    frames.append(regressions(LATENT_DIM, 9.0, epoch=300, depth=3))  # not of the depth of the tables
    history = pd.DataFrame([{"latent_dim": LATENT_DIM, "epoch": 30, "train_mse": 0.01, "test_mse": 0.02}])
    history = pd.concat([history.assign(depth=3, test_mse=9.0), history.assign(depth=4)])
    return dataclasses.replace(summary, progress_regressions=pd.concat(frames), history=history)


def downloaded(figure):
    return pd.read_csv(io.StringIO(numbers.csv(figure)))


def variant(base, **changes):
    run = dataclasses.replace(base.run, epochs=30, latent_dims=(LATENT_DIM,), **changes)
    members = pd.DataFrame(
        [{"latent_dim": LATENT_DIM, "train_mse": 0.01, "test_mse": 0.02, "ill_conditioned_input": 0.0}]
    )
    members = pd.concat([members.assign(depth=3, test_mse=9.0), members.assign(depth=4)])
    both = pd.concat([regressions(LATENT_DIM, 9.0, depth=3), regressions(LATENT_DIM, 0.1, depth=4)])
    return dataclasses.replace(base, run=run, members=members, regressions=both)


def test_the_numbers_of_the_paper_are_at_distance_zero_of_themselves(base):
    rows = sensitivity.length(base, LATENT_DIM).set_index("epoch")
    course = sensitivity.coefficient_course(base, [LATENT_DIM]).set_index("epoch")
    assert course.loc[300].to_dict() == pytest.approx({"slopes": 0.3, "indicators": 0.3})
    slopes, gaps = sensitivity_report.courses({"mnist-300": course.reset_index()})
    assert downloaded(gaps)["indicators"].tolist() == pytest.approx([0.0, 0.3])
    assert downloaded(slopes)["epoch"].tolist() == [30, 300]
    for epoch, shift in ((30, 0.0), (300, 0.3)):
        found = sensitivity.distances(rows.loc[epoch].to_dict(), LATENT_DIM)
        assert found == pytest.approx({"slopes": shift, "indicators": shift})


def test_a_regression_that_could_not_be_made_is_missing_in_the_course():
    rows = regressions(LATENT_DIM, 0.1).query("predictor == 'trace'")
    found = sensitivity.coefficients(rows)
    assert np.isnan(found["latent_log_volume_test_slope"]) and not np.isnan(found["latent_trace_test_slope"])
    assert np.isnan(sensitivity.distances(found, LATENT_DIM)["slopes"])


def test_the_end_of_training_is_over_all_points_and_several_latent_dimensions(base):
    frames = [regressions(d, shift, depth=4) for d, shift in ((5, 0.3), (20, 0.4))]
    off = regressions(5, 9.0, depth=3)  # of another depth than that of the tables
    summary = dataclasses.replace(base, regressions=pd.concat([*frames, off]))
    assert sensitivity.final(summary, [5]) == pytest.approx({"slopes": 0.3, "indicators": 0.3})
    both = (0.5 * (0.3**2 + 0.4**2)) ** 0.5
    assert sensitivity.final(summary, [5, 20]) == pytest.approx({"slopes": both, "indicators": both})


def test_a_variant_stands_beside_the_base_after_as_many_epochs(base, monkeypatch):
    other = variant(base, output="sigmoid")
    monkeypatch.setattr(sensitivity, "summary", lambda name: other)
    monkeypatch.setattr(sensitivity, "read", lambda name: other.run)
    rows = sensitivity.settings(base, ["mnist-sigmoid"], LATENT_DIM)
    assert list(rows["setting"]) == ["as the run mnist-300", "output: sigmoid"]
    assert list(rows["slopes"]) == pytest.approx([0.0, 0.1])
    assert list(rows["test_mse"]) == [0.02, 0.02]
    assert rows["arithmetic_mean"].between(0, 2).all() and rows["small_eigenvalues"].between(0, LATENT_DIM).all()
    assert "output: logistic" in sensitivity_report.distances_table(rows)


def test_the_figure_of_training_counts_its_epochs_from_zero(base):
    start = regressions(LATENT_DIM, 0.0, epoch=0, depth=4)
    base = dataclasses.replace(base, progress_regressions=pd.concat([start, base.progress_regressions]))
    rows = sensitivity.length(base, LATENT_DIM)
    wanted = sensitivity.published_values(LATENT_DIM)
    figure = sensitivity_report.training_length(LATENT_DIM, rows, wanted)
    table = downloaded(figure)
    assert set(table["epoch"]) == {0, 30, 300}
    one = table.query("space == 'latent' and predictor == 'trace' and epoch == 300")
    assert one["test_slope"].dropna().tolist() == pytest.approx([wanted["latent_trace_test_slope"] + 0.3])
    assert figure.axes[1].lines[0].get_xdata().tolist() == [0, 30, 300]


def test_every_network_is_compared_after_its_last_epoch(base):
    other = variant(base, output="sigmoid")
    rows = sensitivity.after_training([base, other], LATENT_DIM)
    assert rows["output"].tolist() == ["affine", "sigmoid"]
    assert rows["slopes"].tolist() == pytest.approx([sensitivity.final(base, [LATENT_DIM])["slopes"], 0.1])
    figure = sensitivity_report.settings_plane(rows, 0.06, ["mnist-300"])
    assert downloaded(figure)["indicators"].tolist() == pytest.approx(rows["indicators"].tolist(), rel=1e-5)
    assert [text.get_text() for text in figure.axes[0].texts] == ["mnist-300", "mnist-300"]


def test_variants_can_be_taken_at_the_watched_points_and_after_several_numbers_of_epochs(base, monkeypatch):
    other = variant(base, output="sigmoid")
    longer = dataclasses.replace(other, run=dataclasses.replace(other.run, epochs=300))
    history = pd.concat([base.history, base.history.assign(epoch=300)])
    base = dataclasses.replace(base, history=history)
    found = {"short": other, "long": longer}
    monkeypatch.setattr(sensitivity, "summary", lambda name: found[name])
    monkeypatch.setattr(sensitivity, "read", lambda name: found[name].run)
    rows = sensitivity.settings(base, ["short", "long"], LATENT_DIM)
    assert rows["setting"].tolist()[:2] == ["as the run mnist-300, 30 epochs", "as the run mnist-300, 300 epochs"]
    assert rows["slopes"].tolist() == pytest.approx([0.0, 0.3, 0.1, 0.1])
    watched = sensitivity.settings(base, ["short", "long"], LATENT_DIM, watched=True)
    assert watched["slopes"].tolist() == pytest.approx([0.0, 0.3, 0.0, 0.3])


def test_a_variant_that_is_damaged_is_refused_and_one_without_a_summary_left_out(base, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "RESULTS", tmp_path)
    with pytest.raises(InputError, match="None of the runs"):
        sensitivity.settings(base, ["mnist-sigmoid"], LATENT_DIM)
    run = runs.read("mnist-sigmoid")
    files.write(store.summary_path(run, runs.members(run)[0]), b"x")
    with pytest.raises(InputError, match="is damaged"):
        sensitivity.settings(base, ["mnist-sigmoid"], LATENT_DIM)


def test_published_values_that_a_run_meets_are_counted_at_the_depth_of_its_tables(base):
    """Eight a latent dimension: here all are off by 0.1, and at another depth by 9; a dimension that the run lacks is left out."""
    run = variant(base)
    assert sensitivity.within(run, [LATENT_DIM], 0.101) == (8, 8)
    assert sensitivity.within(run, [LATENT_DIM, LATENT_DIM + 1], 0.099) == (0, 8)
    rows = run.regressions
    one_met = rows.assign(test=rows["test"].where(rows["predictor"] != "trace", rows["test"] - 0.1))
    assert sensitivity.within(dataclasses.replace(run, regressions=one_met), [LATENT_DIM], 0.05) == (2, 8)
    assert sensitivity.within(run, [], 1.0) == (0, 0)


@pytest.mark.parametrize("changes", [{}, {"output": "sigmoid", "batch_size": 64}])
def test_a_variant_changes_one_field(base, monkeypatch, changes):
    other = variant(base, **changes)
    monkeypatch.setattr(sensitivity, "summary", lambda name: other)
    monkeypatch.setattr(sensitivity, "read", lambda name: other.run)
    with pytest.raises(InputError, match="one field at a time"):
        sensitivity.settings(base, ["mnist-sigmoid"], LATENT_DIM)


def test_without_a_snapshot_or_a_variant_a_sentence_says_so(base, monkeypatch):
    other = dataclasses.replace(variant(base, output="sigmoid"))
    other = dataclasses.replace(other, run=dataclasses.replace(other.run, epochs=31))
    monkeypatch.setattr(sensitivity, "summary", lambda name: other)
    monkeypatch.setattr(sensitivity, "read", lambda name: other.run)
    with pytest.raises(InputError, match="no snapshot after 31 epochs"):
        sensitivity.settings(base, ["mnist-sigmoid"], LATENT_DIM)
    with pytest.raises(InputError, match="no snapshots at d = 7"):
        sensitivity.length(base, 7)
    with pytest.raises(InputError, match="prints nothing for d = 21"):
        sensitivity.published_values(21)
    with pytest.raises(InputError, match="None of the runs"):
        sensitivity.settings(base, [], LATENT_DIM)


@pytest.mark.parametrize("names", [("base_runs", "variant_runs"), ("earlier_runs", "finer_runs")])
def test_every_variant_changes_one_field(names):
    parameters = source.load_page("sensitivity").parameters
    (base,), variants = (list(map(runs.read, runs.parse_names(parameters[name].default))) for name in names)
    assert variants
    assert [len(sensitivity.difference(variant, base)) for variant in variants] == [1] * len(variants)


def test_precisions_are_compared_seed_by_seed(base):
    rows = [regressions(LATENT_DIM, 0.1 * seed, depth=4, seed=seed) for seed in (0, 1)]
    usual = dataclasses.replace(base, regressions=pd.concat(rows))
    shifted = pd.concat([one.assign(test_slope=one["test_slope"] + 0.02) for one in rows])
    run = dataclasses.replace(base.run, precision="bfloat16")
    other = dataclasses.replace(base, run=run, regressions=shifted)
    found = sensitivity.precision(usual, other)
    assert len(found) == 8
    assert (found["test_slope_other"] - found["test_slope"]).to_numpy() == pytest.approx(0.02)
    for unlike in (usual, dataclasses.replace(other, run=dataclasses.replace(run, batch_size=1))):
        with pytest.raises(InputError, match="do not differ in precision alone"):
            sensitivity.precision(usual, unlike)


def test_seeds_stand_beside_the_published_slopes_at_the_latent_dimensions_that_all_have(base):
    def seeded(seed, shift, **changes):
        run = dataclasses.replace(base.run, name=f"s{seed}", seeds=(seed,), **changes)
        frames = [regressions(LATENT_DIM, shift, depth=4, seed=seed), regressions(5, 9.0, depth=4, seed=seed)]
        frames.append(regressions(LATENT_DIM, 9.0, depth=3, seed=seed))  # not of the depth of the tables
        return dataclasses.replace(base, run=run, regressions=pd.concat(frames))

    one, two = seeded(0, 0.1), seeded(1, 0.3, latent_dims=(LATENT_DIM,), snapshots=())
    rows = comparisons.by_seed([one, two])
    assert rows["latent_dim"].unique().tolist() == [LATENT_DIM]
    assert len(rows) == 8
    assert (rows["test_slope"] - rows["test_slope_published"]).tolist() == pytest.approx([0.1, 0.3] * 4)
    spread = comparisons.seed_spread(rows)
    assert spread["count"].tolist() == [2] * 4
    assert (spread["max"] - spread["min"]).tolist() == pytest.approx([0.2] * 4)
    assert (spread["mean"] - spread["published"]).tolist() == pytest.approx([0.2] * 4)
    assert (spread["published"] < spread["min"]).sum() == 4
    assert comparisons.seed_spread(comparisons.by_seed([one]))["count"].unique().tolist() == [1]
    alike = [seeded(seed, 0.1, hidden_widths=widths) for seed, widths in enumerate([{3: [9], 4: [8]}, {4: [8]}])]
    assert set(comparisons.by_seed(alike)["seed"]) == {0, 1}, "widths of a depth that is not compared may differ"
    wider = seeded(1, 0.3, hidden_widths={4: [7]})
    with pytest.raises(InputError, match="differ in more than their seeds"):
        comparisons.by_seed([alike[0], wider])
    for other in (seeded(1, 0.3, learning_rate=0.5), seeded(0, 0.3)):
        with pytest.raises(InputError, match="differ in more than their seeds"):
            comparisons.by_seed([one, other])


def test_spectra_are_closer_at_a_point_than_at_two_and_equal_where_the_jacobians_are(monkeypatch):
    found = comparisons.pairing_control("smoke", [2, 3])
    assert found["latent_dim"].tolist() == [2, 3]
    assert (found["same"] < found["other"]).all()
    table = runs.measurements("smoke", runs.read("smoke").table_depth, 3)
    own = table[table["test"]].head(500)
    assert found["same"].iloc[1] == own["distance_l1"].median() / 3
    spectra = {f"eigenvalues_{space}_{part}" for space in ("input", "latent") for part in ("real", "imag")}
    one = {name: [table[f"eigenvalues_input_{name[-4:]}"].iloc[0]] * len(table) for name in spectra}
    monkeypatch.setattr(comparisons, "measurements", lambda *_: table.assign(**one))
    assert comparisons.pairing_control("smoke", [3])["other"].tolist() == [0], "one spectrum at all points"


def test_a_published_slope_is_beyond_the_seeds_where_one_more_would_hardly_fall():
    draw = np.random.default_rng(0)
    slopes, more = draw.normal(size=(2000, 5)), draw.normal(size=2000)
    keys = {"space": "input", "predictor": "trace"}
    frames = [
        pd.DataFrame({"latent_dim": range(2000), **keys, "test_slope": column, "test_slope_published": more})
        for column in slopes.T
    ]
    assert 0.04 < comparisons.seed_spread(pd.concat(frames))["beyond"].mean() < 0.06
    assert not comparisons.seed_spread(frames[0])["beyond"].any(), "one seed tells nothing"


def test_distances_are_told_seed_by_seed(base):
    def seeded(seed, shift):
        run = dataclasses.replace(base.run, seeds=(seed,))
        small = [
            {"quantity": name, "mean": value, "depth": 4, "latent_dim": LATENT_DIM, "seed": seed}
            | {"space": "latent", "split": "all", "label": -1}
            for name, value in (("arithmetic_mean", 0.7), ("small_eigenvalues", shift))
        ]
        fits = regressions(LATENT_DIM, shift, depth=4, seed=seed)
        return dataclasses.replace(base, run=run, regressions=fits, statistics=pd.DataFrame(small))

    rows = sensitivity.distances_by_seed([seeded(0, 0.1), seeded(4, -0.2)], [LATENT_DIM])
    assert rows[["latent_dim", "seed"]].to_numpy().tolist() == [[LATENT_DIM, 0], [LATENT_DIM, 4]]
    for name in ("slopes", "indicators"):
        assert rows[name].tolist() == pytest.approx([0.1, 0.2])
    assert rows["small_eigenvalues"].tolist() == pytest.approx([0.1, -0.2])
    table = sensitivity_report.seed_distances_table(rows)
    assert "| 20 " in table and "0.10 to 0.20" in table


def test_lost_directions_are_counted_seed_by_seed(base):
    def seeded(seed, q025, small):
        rows = [
            {"depth": depth, "latent_dim": d, "seed": seed, "space": "latent", "split": "all", "label": label}
            | {"quantity": "small_eigenvalues", "mean": small[label], "q025": q025 if d == LATENT_DIM else 0.0}
            for depth in (3, 4)
            for d in (5, LATENT_DIM)
            for label in small
        ]
        run = dataclasses.replace(base.run, name=f"s{seed}", seeds=(seed,))
        return dataclasses.replace(base, run=run, statistics=pd.DataFrame(rows))

    first = seeded(0, 2.0, {-1: 2.1, 0: 1.0, 1: 4.0, 2: 3.0})
    second = seeded(1, 0.0, {-1: 0.1, 0: 0.2, 1: 0.3, 2: 0.0})
    rows = comparisons.lost_by_seed([first, second]).query("latent_dim == @LATENT_DIM")
    assert rows["lost"].tolist() == [2, 0]
    assert rows[["all", "class_one", "others"]].to_numpy().tolist() == [[2.1, 4.0, 3.0], [0.1, 0.3, 0.2]]
    assert comparisons.lost_by_seed([first, second]).query("latent_dim == 5")["lost"].tolist() == [0, 0]
