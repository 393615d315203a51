"""Diagnoses with known answers, what they say in words, their report from end to end, and what is refused with nothing written."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import warnings

import click
import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy import stats
from torch import nn

from lib import __main__, runs
from lib.analysis import diagnosis
from lib.analysis import limits as limit_rules
from lib.base import files
from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.geometry.spectra import eigenvalues
from lib.measures import baselines
from lib.report import diagnose, numbers, point_pictures, style
from lib.training import demo, user_models
from lib.training.toys import plane_autoencoder
from lib.training.weights import encoded_weights


@pytest.fixture(autouse=True)
def own_style():
    with matplotlib.rc_context():
        style.use_style()
        yield


def network(folder, input_dim=8, latent_dim=3, seed=0):
    """A random smooth autoencoder in a file; its name."""
    torch.manual_seed(seed)
    architecture = {
        "encoder": [{"Linear": [input_dim, 12]}, "Tanh", {"Linear": [12, latent_dim]}],
        "decoder": [{"Linear": [latent_dim, 12]}, "Tanh", {"Linear": [12, input_dim]}],
    }
    sizes = {"encoder.0": (12, input_dim), "encoder.2": (latent_dim, 12), "decoder.0": (12, latent_dim)}
    weights = {}
    for name, shape in (sizes | {"decoder.2": (input_dim, 12)}).items():
        weights |= {f"{name}.weight": torch.randn(shape) / shape[1] ** 0.5, f"{name}.bias": torch.randn(shape[0])}
    save_file(weights, folder / "model.safetensors", {"architecture": json.dumps(architecture)})
    return "model.safetensors"


def cloud(folder, name, points, seed, shift=0.0, columns=8):
    np.save(folder / name, np.random.default_rng(seed).normal(shift, 1, (points, columns)))
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diagnosis")
    network(folder)
    cloud(folder, "train.npy", 600, 0)
    cloud(folder, "fresh.npy", 900, 1)
    cloud(folder, "far.npy", 50, 2, shift=30)
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return diagnosis.diagnose("model.safetensors", ["fresh.npy", "far.npy"], "train.npy", folder=folder)


# --- known answers -----------------------------------------------------------------------------------------------


def test_points_far_off_are_flagged_and_fresh_ones_at_no_more_than_the_nominal_rate(found):
    shares = diagnosis.flag_shares(found)
    assert shares.loc["far.npy", "any"] == 1
    assert shares.loc["far.npy", "neighbour_distance"] == 1
    for name in diagnosis.SIGNALS:
        assert shares.loc["train.npy", name] <= 0.01
        assert (
            stats.binomtest(round(900 * shares.loc["fresh.npy", name]), 900, 0.02, alternative="greater").pvalue > 1e-3
        )
    assert 0 < shares.loc["fresh.npy", "any"] < 0.06


def test_limits_hold_a_fresh_point_with_the_stated_probability():
    draw = np.random.default_rng(0)
    for count, coverage in ((39, 0.95), (50, 0.9), (400, 0.99)):
        alpha = 1 - coverage
        missed = []
        for _ in range(4000):
            low, high = limit_rules.central(draw.exponential(size=count), coverage)
            missed.append(not low <= draw.exponential() <= high)
        expected = 2 * np.floor(alpha * (count + 1) / 2 + 1e-9) / (count + 1)
        assert abs(np.mean(missed) - expected) < 4 * np.sqrt(expected / 4000)
        assert expected <= alpha + 1e-12


def test_the_quantities_of_a_length_and_of_a_square_have_names_of_their_own(found):
    assert "MSE" in diagnose.most_unusual_table(found) and "error" not in diagnose.most_unusual_table(found)
    assert "median residual length" in diagnose.tangent_table(found)
    marked = diagnose.as_markdown(pd.DataFrame({"a": [0.123456]}, index=["x|$y$"]))
    assert marked.splitlines()[-1] == r"| x\|\$y\$ | 0.123 |"


def test_a_folder_named_by_a_dot_keeps_its_name(folder):
    (folder / "model_of_pictures.py").write_text(
        "from torch import nn\ndef pair(): return nn.Linear(8, 2), nn.Linear(2, 8)\n"
    )
    pictures = folder / "pictures"
    pictures.mkdir()
    Image.fromarray(np.zeros((4, 2), dtype=np.uint8)).save(pictures / "a.png")
    (pictures / "model_of_pictures.py").symlink_to(folder / "model_of_pictures.py")
    assert list(diagnosis.diagnose("model_of_pictures:pair", ".", folder=pictures).data) == ["."]


def test_limits_survive_values_without_a_logarithm():
    values = [-np.inf] * 30 + list(range(970))
    assert limit_rules.central(values, 0.99)[0] == -np.inf
    frame = pd.DataFrame({name: [0.0, 1.0] for name in diagnosis.SIGNALS} | {"log_volume": [-np.inf, 5000.0]})
    limits = dict.fromkeys(diagnosis.SIGNALS, (-10.0, 10.0)) | {"log_volume": (-np.inf, 969.0)}
    assert diagnosis.outside(frame, limits).tolist() == [0.0, 4031.0]
    limits["log_volume"] = (-5.0, 5000.0)
    assert diagnosis.outside(frame, limits).tolist() == [np.inf, 0.0]


def test_what_is_measured_is_what_the_full_matrices_say(folder, found):
    one = found.data["fresh.npy"]
    model = found.model
    for i in (0, 17):
        point = torch.from_numpy(one.rows[i])
        jacobian = torch.autograd.functional.jacobian(lambda p: model.decoder(model.encoder(p[None]))[0], point)
        values = torch.linalg.eigvals(jacobian)
        leading = values[values.abs().argsort(descending=True)][:3]
        row = one.measured.iloc[i]
        residual = (model.decoder(model.encoder(point[None]))[0] - point).detach()
        tangent = torch.autograd.functional.jacobian(model.decoder, model.encoder(point[None])[0].detach())
        across = residual - tangent @ torch.linalg.lstsq(tangent, residual).solution
        assert row["trace"] == pytest.approx(float(values.sum().real))
        assert row["log_volume"] == pytest.approx(float(leading.prod().abs().log()))
        assert row["sign"] == np.sign(float(leading.prod().real))
        assert row["tangent_distance"] == pytest.approx(float(across.norm()))
        assert row["error"] == pytest.approx(float(residual.square().mean()))
        assert row["across"] == pytest.approx(float(across.norm() / residual.norm()))
        assert row["ink"] == pytest.approx(float(point.square().sum()))


def test_a_run_is_measured_as_the_run_measures_itself():
    run = runs.read("smoke")
    keys = (run.table_depth, max(run.latent_dims))
    encoder, decoder = (module.double() for module in runs.member("smoke", *keys))
    data = run.load_dataset()
    known = runs.measurements("smoke", *keys)
    found = diagnosis.measure_geometry(encoder, decoder, torch.cat([data.train.images, data.test.images]).double())
    same = {"trace": "trace_input", "tangent_distance": "tangent_distance", "error": "mse", "ink": "ink"}
    for name, column in same.items():
        np.testing.assert_allclose(found[name], known[column], rtol=1e-9, atol=1e-9)
    assert (found["sign"] == known["sign_input"]).all()
    assert (found["singular"] == known["singular_input"]).all()
    logs = found["log_volume"].replace(-np.inf, np.nan)
    np.testing.assert_allclose(logs, known["log_volume_input"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("count", "coverage", "size"), [(39, 0.95, 1), (4, 0.5, 2)])
def test_a_fresh_point_is_as_near_to_its_neighbours_as_the_reference_with_it_is(count, coverage, size):
    """By the reference's distances without it, it would be flagged almost twice as often."""
    draw, flags = np.random.default_rng(0), []
    for _ in range(400):
        points = draw.normal(size=(count + 1, size))
        low, high = limit_rules.neighbour_limits(points[:-1], points[-1:], coverage)[0]
        by_hand = np.sort(np.linalg.norm(points[:, None] - points, axis=2), axis=1)[:, min(5, count)]
        assert (low, high) == pytest.approx(limit_rules.central(by_hand[:-1], coverage))
        flags.append(not low <= by_hand[-1] <= high)
    assert np.mean(flags) < 1 - coverage + 3 * np.sqrt(coverage * (1 - coverage) / 400)


def test_neighbours_are_those_of_the_reference_and_not_the_point_itself():
    line = np.arange(20.0)[:, None]
    assert baselines.neighbour_distance(line, np.array([[-3.0]])).tolist() == [7]
    assert baselines.neighbour_distance(line, None)[[0, 10]].tolist() == [5, 3]
    assert baselines.neighbour_distance(line[:1], None).tolist() == [0]
    assert baselines.neighbour_distance(line[:2], np.array([[4.0]])).tolist() == [4]


def test_reversed_and_singular_points_are_counted(tmp_path):
    (tmp_path / "own_models_2.py").write_text(
        "import torch\nfrom torch import nn\n"
        "def mirror():\n"
        "    pair = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU()), nn.Sequential(nn.Linear(2, 2, bias=False))\n"
        "    pair[0][0].weight.data = torch.eye(2)\n"
        "    pair[1][0].weight.data = torch.tensor([[1.0, 0], [0, -1]])\n"
        "    return pair\n"
    )
    np.save(tmp_path / "x.npy", np.array([[1, 1], [2, 1], [-1, 1], [-1, -1.0]], dtype=np.float32))
    found = diagnosis.diagnose("own_models_2:mirror", ["x.npy"], folder=tmp_path)
    table = diagnose.orientation_table(found).loc["x.npy"]
    assert (table["reversed"], table["structurally singular"]) == ("2 (50.0 %)", "2 (50.0 %)")
    assert found.data["x.npy"].measured["log_volume"].tolist() == [0, 0, -np.inf, -np.inf]
    rest = dataclasses.replace(found.data["x.npy"], measured=found.data["x.npy"].measured[2:])
    text = diagnose.orientation_sentence(dataclasses.replace(found, data={"x.npy": rest}))
    assert text.startswith("Of the 2 points of data, none reverse orientation. At 2 the core is singular")
    assert "4 points of data, 2 reverse orientation" in diagnose.orientation_sentence(found)


# --- errors ------------------------------------------------------------------------------------------------------


def frame_of(direct, echo, points=400, seed=0):
    draw = np.random.default_rng(seed)
    error = draw.normal(size=points)
    return pd.DataFrame(
        {
            "error": error,
            "trace": direct * error + draw.normal(size=points),
            "log_volume": draw.normal(size=points),
            "ink": draw.normal(size=points),
            "neighbour_distance": echo * error + draw.normal(size=points),
        }
    )


@pytest.mark.parametrize(("direct", "echo", "sign"), [(3, 0.5, 1), (0.5, 3, -1), (1, 1, 0)])
def test_the_stronger_predictor_is_found_and_equal_ones_are_not_told_apart(direct, echo, sign):
    first, second, low, high = diagnosis.compared_correlations(frame_of(direct, echo))
    assert (first, second) == ("trace", "neighbour_distance")
    assert np.sign(low) + np.sign(high) == 2 * sign


def test_correlations_are_spearmans_and_undefined_ones_stay_so():
    frame = frame_of(1, 1)
    table = diagnosis.correlations(frame)
    assert table.loc["trace", "rho"] == pytest.approx(stats.spearmanr(frame["trace"], frame["error"]).statistic)
    assert table.loc["trace", "low"] < table.loc["trace", "rho"] < table.loc["trace", "high"]
    covered = [diagnosis.correlations(frame_of(0, 0, 60, seed)).loc["trace"] for seed in range(200)]
    assert 0.9 < np.mean([row["low"] <= 0 <= row["high"] for row in covered]) < 0.99
    frame["trace"] = frame["log_volume"] = 1.0
    assert diagnosis.correlations(frame)["rho"].isna().tolist() == [True, True, False, False]
    assert diagnosis.compared_correlations(frame) is None
    assert diagnosis.compared_correlations(frame_of(1, 1)[:3]) is None


def with_measured(found, frame, name="fresh.npy"):
    one = found.data[name]
    measured = one.measured.head(len(frame)).assign(**{column: frame[column].to_numpy() for column in frame})
    data = {name: diagnosis.Examined(name, one.given, one.values[: len(frame)], measured)}
    return diagnosis.Diagnosis(found.model, 3, 8, data, found.reference, found.limits, found.coverage)


def test_the_words_say_nothing_where_the_interval_holds_zero(found):
    silent = with_measured(found, frame_of(0, 1))
    assert "the trace shows no clear connection with the errors here" in diagnose.errors(silent)
    assert "says less than the 5-NN distance" in diagnose.errors(silent)
    assert "neither trace nor log volume shows a clear connection with the errors" in diagnose.conclusion(silent)
    few = with_measured(found, frame_of(0, 1).head(2))
    assert (
        "- Within `fresh.npy` neither trace nor log volume can be correlated with the errors."
        in diagnose.conclusion(few)
    )
    telling = with_measured(found, frame_of(-2, 0))
    assert "where the trace is large, the error is small" in diagnose.errors(telling)
    assert "says more than the" in diagnose.errors(telling)
    assert "- With the trace the error falls within `fresh.npy`." in diagnose.conclusion(telling)
    falls, neither = telling.data["fresh.npy"], silent.data["fresh.npy"]
    turned = dataclasses.replace(falls, measured=falls.measured.assign(trace=-falls.measured["trace"]))
    sets = {
        name: dataclasses.replace(one, name=name) for name, one in zip("abc", (falls, neither, turned), strict=True)
    }
    both = dataclasses.replace(telling, data=sets)
    assert "- With the trace the error rises within `c`, and falls within `a`." in diagnose.conclusion(both)
    assert "- Within `b` neither trace" in diagnose.conclusion(both)
    likely = dataclasses.replace(telling, coverage=0.5)
    assert "at most 100.0 % are flagged" in diagnose.flags(likely)
    few = with_measured(found, frame_of(1, 1)[:3])
    assert "cannot be correlated with the error" in diagnose.errors(few)


def test_the_words_about_flags_follow_the_numbers(found):
    chance, _, fresh, far = diagnose.flags(found).splitlines()
    assert "at most 3.0 %" in chance
    assert "are flagged, which chance explains" in fresh
    assert "100.0 % are flagged, more than chance explains" in far
    assert "on `far.npy`: 100.0 % of its points, more than chance explains." in diagnose.conclusion(found)


def test_the_conclusion_says_what_ranks_the_errors_better_and_only_where_it_is_clear(found):
    other, own, neither = (with_measured(found, frame_of(*each)) for each in ((0.5, 3), (-3, 0), (1, 1)))
    better = "- On `fresh.npy` the 5-NN distance ranks the errors better than trace and log volume."
    assert better in diagnose.conclusion(other).splitlines()
    assert "- On `fresh.npy` the trace ranks the errors better than what needs no Jacobian." in diagnose.conclusion(own)
    assert "better than" not in diagnose.conclusion(neither)
    sets = {name: dataclasses.replace(other.data["fresh.npy"], name=name) for name in "ab"}
    assert "- On `a`, `b` the 5-NN" in diagnose.conclusion(dataclasses.replace(other, data=sets))


@pytest.mark.parametrize(("factor", "told"), [(255, True), (1 / 255, True), (4, False), (1 / 4, False)])
def test_another_scale_is_the_first_finding(folder, factor, told):
    np.save(folder / "scaled.npy", factor * np.load(folder / "fresh.npy"))
    scaled = diagnosis.diagnose("model.safetensors", ["scaled.npy"], "train.npy", folder=folder)
    first = diagnose.conclusion(scaled).splitlines()[0]
    assert first.startswith("- `scaled.npy` has values from -") == told
    if told:
        ends = [
            end
            for one in ("scaled.npy", "train.npy")
            for end in (np.load(folder / one).min(), np.load(folder / one).max())
        ]
        words = "has values from {:.3g} to {:.3g}, the reference from {:.3g} to {:.3g}: is its scale that of training?"
        assert first.endswith(words.format(*ends))


def test_flags_come_before_the_errors_where_nearly_all_points_have_one(found):
    both = diagnose.conclusion(found).splitlines()
    assert both[0].startswith("- Most flags fall on `far.npy`: 100.0 %")
    fresh = dataclasses.replace(found, data={"fresh.npy": found.data["fresh.npy"]})
    share = 100 * diagnosis.flag_shares(fresh).loc["fresh.npy", "any"]
    assert (
        f"- Of `fresh.npy`, {share:.1f} % are flagged, which chance explains."
        in diagnose.conclusion(fresh).splitlines()[1:]
    )


def test_shares_that_cannot_be_told_apart_come_with_their_difference(found):
    _, _, difference, half = diagnosis.compared_shares(found, "fresh.npy")
    words = f"the two cannot be told apart (difference {100 * difference:.1f} %, within ±{100 * half:.1f} %)."
    assert words in diagnose.flags(found)


def simulated(draw, reference, points, scales, sets=1):
    """A diagnosis whose quantities are independent normal numbers: of data with these standard deviations, 1 of the reference."""
    names = (*diagnosis.SIGNALS, *diagnosis.BASELINES)

    def drawn(name, count, spread):
        values = dict(zip(names, draw.normal(size=(6, count)) * np.reshape(spread, (-1, 1)), strict=True))
        return diagnosis.Examined(name, count, torch.zeros(0), pd.DataFrame(values))

    base, *data = [drawn("reference", reference, 1), *(drawn(f"data {i}", points, scales) for i in range(sets))]
    limits = {name: limit_rules.central(base.measured[name], 0.99) for name in names}
    for one in (base, *data):
        one.measured["neighbour_low"], one.measured["neighbour_high"] = limits["neighbour_distance"]
        one.measured["outside"] = diagnosis.outside(one.measured, limits)
    return diagnosis.Diagnosis(
        user_models.Model("x", nn.Identity(), nn.Identity(), False),
        3,
        8,
        {one.name: one for one in data},
        base,
        limits,
        0.99,
    )


def rates(reference, points, scales=1.0, sets=1, reports=200, seed=0):
    """The share of simulated reports that say: more than chance; the eigenvalues notice more; less."""
    draw = np.random.default_rng(seed)
    told = [diagnose.flags(simulated(draw, reference, points, scales, sets)) for _ in range(reports)]
    words = ("are flagged, more than chance", "notice more than", "notice less than")
    return [float(np.mean([phrase in text for text in told])) for phrase in words]


@pytest.mark.parametrize(("reference", "points", "sets"), [(199, 1000, 1), (1000, 4000, 1), (1000, 1000, 3)])
def test_a_report_of_points_like_the_reference_claims_nothing_more_often_than_it_says(reference, points, sets):
    """With limits taken for known numbers 10 to 20 % said "more than chance", and 30 % that the eigenvalues notice less."""
    flagged, more, less = rates(reference, points, sets=sets)
    assert stats.binomtest(round(200 * flagged), 200, 0.025, alternative="greater").pvalue > 0.01
    assert stats.binomtest(round(200 * (more + less)), 200, 0.05, alternative="greater").pvalue > 0.01


def test_the_chance_in_the_limits_is_that_of_many_references_or_some_more():
    """Told from one reference, the variance is on the safe side; the more points are in its tails, the less so."""
    draw = np.random.default_rng(0)
    values, shares, said = draw.normal(0, 2, 4000), [], []
    for _ in range(300):
        reference = draw.normal(size=599)
        low, high = limit_rules.central(reference, 0.98)
        shares.append(((values < low) | (values > high)).mean())
        said.append(limit_rules.limit_variance(values, reference, 0.98))
    assert np.var(shares) < np.mean(said) < 2 * np.var(shares)


def test_the_half_interval_of_a_difference_of_shares_is_by_hand():
    simple = simulated(np.random.default_rng(0), 999, 500, [2, 1, 1, 1, 3, 1])
    measured, base = simple.data["data 0"].measured, simple.reference.measured
    first, second, difference, half = diagnosis.compared_shares(simple, "data 0")
    assert (first, second) == ("trace", "ink")
    marks = [diagnosis.flagged(measured, simple.limits, name).astype(float) for name in (first, second)]
    assert difference == pytest.approx(marks[0].mean() - marks[1].mean())
    both, b, c = 500, (marks[0] > marks[1]).sum(), (marks[0] < marks[1]).sum()
    variance = (b + c - (b - c) ** 2 / both) / both**2
    variance += sum(limit_rules.limit_variance(measured[name], base[name], 0.99) for name in (first, second))
    assert half == pytest.approx(2.39398 * np.sqrt(variance), rel=1e-5)  # the normal quantile of 1 - 0.025/3


def test_equal_signs_are_not_told_apart_and_unequal_ones_are():
    flagged, more, less = rates(4000, 300, [2, 1, 1, 2, 2, 2], reports=100)
    assert flagged == 1
    assert more <= 0.05 >= less
    assert rates(1000, 1000, [2, 1, 1, 1, 1, 1], reports=20) == [1, 1, 0]
    assert rates(1000, 1000, [1, 1, 1, 1, 2, 1], reports=20)[2] == 1


def test_the_weights_of_a_run_need_no_architecture(folder):
    pair = (nn.Sequential(nn.Linear(8, 3)), nn.Sequential(nn.Linear(3, 8)))
    files.write(folder / "own.safetensors", encoded_weights(pair, {}))
    found = diagnosis.diagnose("own.safetensors", ["far.npy"], folder=folder)
    assert (found.latent_dim, found.input_dim) == (3, 8)
    assert "weights, filled into the stated architecture" in diagnose.setting(found)


def test_the_report_says_that_a_variational_encoder_stands_for_its_mean(tmp_path):
    (tmp_path / "own_models_11.py").write_text(
        "import torch\nfrom torch import nn\n\nclass VAE(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        torch.manual_seed(0)\n        self.mean, self.back = nn.Linear(8, 2), nn.Linear(2, 8)\n"
        "    def encode(self, x):\n        return self.mean(x), self.mean(x)\n"
        "    def decode(self, z):\n        return self.back(z)\n"
    )
    cloud(tmp_path, "a.npy", 30, 0)
    said = diagnose.setting(diagnosis.diagnose("own_models_11:VAE", ["a.npy"], folder=tmp_path))
    assert "Taken as the model: the methods `encode` and `decode` of VAE; the encoder returns 2 tensors" in said
    assert "as a variational one; number 1 is taken, its mean." in said


def test_modules_that_work_in_place_leave_the_points_alone(tmp_path):
    (tmp_path / "own_models_5.py").write_text(
        "from torch import nn\n\nclass Greedy(nn.Linear):\n    def forward(self, x):\n"
        "        y = super().forward(x)\n        x.zero_()\n        return y\n\n"
        "def pair():\n    return Greedy(3, 2), nn.Linear(2, 3)\n"
    )
    model = user_models.load_model("own_models_5:pair", folder=tmp_path)
    values = torch.ones(9, 3)
    diagnosis.reconstructed_points(model, values)
    assert (values == 1).all()


def test_a_report_without_a_single_flag(folder):
    found = diagnosis.diagnose("model.safetensors", ["far.npy"], "train.npy", folder=folder, points=30, coverage=0.99)
    assert len(diagnose.most_unusual_table(found)) == 0
    assert point_pictures.pictures(found) == {}
    limits = dict.fromkeys(found.limits, (-1e9, 1e9))
    one = found.data["far.npy"]
    many = dataclasses.replace(found, limits=limits, coverage=0.9, data={"far.npy": one})
    assert "No point is flagged" in diagnose.conclusion(many)
    assert "0.0 % are flagged, which chance explains" in diagnose.flags(many)


def test_without_a_reference_it_says_what_cannot_be_said(folder):
    found = diagnosis.diagnose("model.safetensors", "fresh.npy", folder=folder, points=30)
    assert "no reference" in diagnose.flags(found)
    assert "no reference" in diagnose.conclusion(found)
    assert list(diagnosis.correlations(found.data["fresh.npy"].measured).index) == ["trace", "log_volume", "ink"]
    table = diagnose.most_unusual_table(found)
    assert table["tangent distance"].is_monotonic_decreasing
    assert "30 points of 900, drawn" in diagnose.setting(found)


def test_a_reference_of_too_few_points_flags_nothing_and_says_how_many_it_takes(folder):
    few = diagnosis.diagnose("model.safetensors", ["far.npy"], "train.npy", folder=folder, points=198)
    assert "has 198 points, and it takes 199" in diagnose.flags(few)
    assert diagnosis.flag_shares(few).loc["far.npy", "any"] == 0
    enough = diagnosis.diagnose("model.safetensors", ["far.npy"], "train.npy", folder=folder, points=199)
    assert diagnosis.flag_shares(enough).loc["far.npy", "any"] == 1
    wider = diagnosis.diagnose("model.safetensors", ["far.npy"], "train.npy", folder=folder, points=50, coverage=0.9)
    assert diagnosis.flag_shares(wider).loc["far.npy", "any"] == 1


# --- shapes ------------------------------------------------------------------------------------------------------


def test_images_are_shaped_as_the_first_layer_takes_them(tmp_path):
    rows = np.random.default_rng(0).random((6, 4, 2)).astype(np.float32)
    np.save(tmp_path / "grey.npy", rows)
    np.save(tmp_path / "flat.npy", rows.reshape(6, 8))
    network(tmp_path)
    grey, flat = (
        diagnosis.diagnose("model.safetensors", [name], folder=tmp_path).data[name] for name in ("grey.npy", "flat.npy")
    )
    assert grey.measured["trace"].tolist() == flat.measured["trace"].tolist()
    assert point_pictures.images(grey.values).shape == (6, 4, 2)
    assert point_pictures.images(flat.values) is None


class Reshaping(nn.Module):
    """Layers between two shapes of their own."""

    def __init__(self, into, layer, out_of):
        super().__init__()
        self.into, self.layer, self.out_of = into, layer, out_of

    def forward(self, x):
        return self.layer(x.view(len(x), *self.into)).view(len(x), *self.out_of)


@pytest.mark.parametrize(
    ("encoder", "decoder", "given", "taken"),
    [
        (nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 3), (4, 4), (1, 4, 4)),
        (nn.Linear(16, 2), nn.Linear(2, 16), (4, 4), (16,)),
        (Reshaping((16,), nn.Linear(16, 2), (2,)), Reshaping((2,), nn.Linear(2, 16), (1, 4, 4)), (1, 4, 4), (1, 4, 4)),
        (Reshaping((1, 4, 4), nn.Conv2d(1, 1, 3), (4,)), nn.Linear(4, 16), (16,), (16,)),
        (nn.Linear(5, 4), nn.Linear(4, 5), (3, 5), (3, 5)),
    ],
)
def test_points_are_handed_over_as_the_model_gives_them_back(encoder, decoder, given, taken):
    model = user_models.Model("x", encoder, decoder, False)
    x = diagnosis.as_taken(torch.rand(6, *given), model)
    assert x.shape[1:] == taken
    assert len(diagnosis.measure_geometry(encoder, decoder, x)) == 6


def test_points_that_the_model_does_not_take_are_refused_by_their_shape():
    model = user_models.Model("x", nn.Conv2d(1, 2, 3), nn.Linear(2, 2), False)
    x = diagnosis.as_taken(torch.zeros(6, 3, 4, 2), model)
    with pytest.raises(InputError, match=r"does not take points of shape \(3, 4, 2\).*expected.*1 channels"):
        diagnosis.measure_geometry(model.encoder, model.decoder, x)


def test_whatever_modules_raise_is_one_sentence():
    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("no\nsuch thing")

    with pytest.raises(InputError, match=r"cannot be differentiated at points of shape \(3, 2\) \(KeyError"):
        diagnosis.measure_geometry(Broken(), nn.Linear(2, 2), torch.ones(3, 2))
    encoder, decoder = plane_autoencoder(torch.rand(10, 2, dtype=torch.float64))
    with pytest.raises(InputError, match=r"overflow at 1 points, first \[1\]"):
        diagnosis.measure_geometry(encoder, decoder, torch.tensor([[1.0, 1.0], [1e200, 1e200]], dtype=torch.float64))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"data": []}, "name at least one source"),
        ({"data": ["fresh.npy", "fresh.npy"]}, "each source once"),
        ({"reference": "fresh.npy"}, "each source once"),
        ({"points": 0}, "`points` is 0"),
        ({"coverage": 1.0}, "`coverage` 1.0"),
        ({"coverage": float("nan")}, "`coverage` nan"),
        ({"passes": 10, "data": ["absent.npy"]}, "`passes` should be at least 80, 10 was given"),
        ({"data": ["labelled.csv"], "reference": "fresh.npy"}, r"shape \(9,\) \(the last columns of .*csv: 'label'\)"),
        ({"data": ["labelled.csv"]}, r"takes 8 columns \(labelled.csv has 9 columns, the last of them 'label'\)"),
        ({"reference": "other.npy"}, r"other.npy has points of shape \(5,\) and fresh.npy of shape \(8,\)"),
        ({"data": ["other.npy"]}, r"points of shape \(5,\) .* first layer takes 8 columns"),
    ],
    ids=str,
)
def test_unusable_arguments_are_refused(folder, arguments, words):
    cloud(folder, "other.npy", 7, 0, columns=5)
    (folder / "labelled.csv").write_text("a,b,c,d,e,f,g,h,label\n" + "1,2,3,4,5,6,7,8,9\n")
    with pytest.raises(InputError, match=words):
        diagnosis.diagnose(**{"model": "model.safetensors", "data": ["fresh.npy"], "folder": folder} | arguments)


# --- figures -----------------------------------------------------------------------------------------------------


def test_figures_show_the_numbers(found):
    measured = {name: one.measured for name, one in found.sets.items()}
    drawn = diagnose.quantile_bars(measured, diagnosis.SIGNALS, found.limits)
    assert [axis.get_xlabel() for axis in drawn.axes] == list(diagnosis.SIGNALS.values())
    assert drawn.axes[0].lines[2].get_xdata()[0] == np.median(measured["train.npy"]["trace"])
    rows = pd.read_csv(io.StringIO(numbers.csv(drawn)))
    assert set(rows["set"]) == set(measured) and set(rows["quantity"]) == set(diagnosis.SIGNALS)
    empty = {"x": measured["far.npy"].assign(log_volume=-np.inf)}
    assert not diagnose.quantile_bars(empty, {"log_volume": "log volume"}, {}).axes[0].lines
    tables = {name: diagnosis.correlations(one.measured) for name, one in found.data.items()}
    drawn = diagnose.error_correlations(tables, diagnose.NAMES, ("trace", "log_volume"))
    assert [axis.get_title(loc="left") for axis in drawn.axes] == ["fresh.npy", "far.npy"]
    assert drawn.axes[0].lines[2].get_xdata()[0] == tables["fresh.npy"].loc["trace", "rho"]


def test_pictures_stand_above_their_reconstructions(tmp_path):
    network(tmp_path)
    rows = np.random.default_rng(0).random((300, 4, 2))
    np.save(tmp_path / "a.npy", rows)
    np.save(tmp_path / "b.npy", np.concatenate([rows[:5] + 1e-9, rows[:3] + 30]))
    found = diagnosis.diagnose("model.safetensors", ["b.npy"], "a.npy", folder=tmp_path)
    shown = point_pictures.pictures(found)["b.npy"]
    assert sorted(title for title, _, _ in shown)[-3:] == ["5", "6", "7"]
    for title, original, _ in shown:
        assert original.tolist() == np.load(tmp_path / "b.npy")[int(title)].tolist()
    axes = point_pictures.flagged_pictures({"b.npy": shown, "none": []}).axes
    assert len([axis for axis in axes if axis.images]) == 2 * len(shown)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        point_pictures.flagged_pictures({"alike": [("0", np.full((4, 4), 2.0), np.full((4, 4), 2.1))]})
    few = diagnosis.diagnose("model.safetensors", ["b.npy"], "a.npy", folder=tmp_path, points=20)
    inside = dataclasses.replace(found.data["b.npy"], measured=found.data["b.npy"].measured.assign(outside=0.0))
    for none_outside in (few, dataclasses.replace(found, data={"b.npy": inside})):
        assert point_pictures.pictures(none_outside) == {}
    flat = (
        diagnosis.diagnose("model.safetensors", ["c.npy"], folder=tmp_path) if cloud(tmp_path, "c.npy", 9, 0) else None
    )
    assert point_pictures.pictures(flat) == {}


@pytest.mark.parametrize(
    ("encoder", "shape", "expected"),
    [
        (nn.Conv1d(3, 2, 5), (3, 20), (3, 20)),
        (nn.LSTM(3, 2, batch_first=True), (20, 3), (3, 20)),
        (nn.Sequential(nn.Flatten(), nn.Linear(20, 2)), (1, 20), (1, 20)),
        (nn.Sequential(nn.Flatten(), nn.Linear(20, 2)), (20, 1), (1, 20)),
        (nn.LSTM(20, 2, batch_first=True), (1, 20), (1, 20)),
        (nn.Sequential(nn.Flatten(), nn.Linear(20, 2)), (5, 4), None),
        (nn.Conv2d(1, 2, 3), (1, 5, 4), None),
        (nn.Linear(20, 2), (20,), None),
    ],
)
def test_sequences_are_drawn_as_curves_and_images_are_not(encoder, shape, expected):
    values = torch.arange(2.0 * np.prod(shape)).reshape(2, *shape)
    found = point_pictures.curves(values, user_models.Model("x", encoder, nn.Linear(2, 20), True))
    assert (None if found is None else found.shape[1:]) == expected
    if found is not None:
        assert sorted(found[0].ravel()) == list(range(int(np.prod(shape))))
        assert found[0, :, 0].tolist() == (values[0, 0] if shape[1] == expected[0] else values[0, :, 0]).tolist()


def test_curves_are_those_of_the_points(tmp_path):
    (tmp_path / "own_models_9.py").write_text(
        "import torch\nfrom torch import nn\n\ndef pair():\n    torch.manual_seed(0)\n"
        "    return (nn.Sequential(nn.Conv1d(1, 2, 4, 4), nn.Flatten(), nn.Linear(10, 2)),\n"
        "            nn.Sequential(nn.Linear(2, 20), nn.Unflatten(1, (1, 20))))\n"
    )
    waves = np.sin(np.arange(20) / 3 + np.random.default_rng(0).random((9, 1, 1))).astype(np.float32)
    np.save(tmp_path / "waves.npy", waves)
    found = diagnosis.diagnose("own_models_9:pair", ["waves.npy"], folder=tmp_path)
    shown = point_pictures.pictures(found)
    axes = [axis for axis in point_pictures.flagged_pictures(shown).axes if axis.lines]
    assert len(axes) == 2 * len(shown["waves.npy"])
    assert not [axis for axis in axes if axis.images]
    assert axes[0].lines[0].get_ydata().tolist() == waves[int(shown["waves.npy"][0][0]), 0].tolist()


def test_names_are_names_whatever_characters_they_have(folder):
    names = ["price_$_in_$.npy", "$\\frac{.npy", "a`b`.npy", "a'b'.npy", "<b>&amp;_^{.npy"]
    for place, name in enumerate(names):
        cloud(folder, name, 12, place)
    found = diagnosis.diagnose("model.safetensors", names, "train.npy", folder=folder, points=300)
    assert len(found.data) == len(names)
    measured = {name: one.measured for name, one in found.sets.items()}
    tables = {name: diagnosis.correlations(one.measured) for name, one in found.data.items()}
    grey = {name: [(name, np.zeros((4, 4)), np.ones((4, 4)))] for name in found.sets}
    drawn = [diagnose.quantile_bars(measured, diagnosis.SIGNALS, found.limits), point_pictures.flagged_pictures(grey)]
    for figure in (*drawn, diagnose.error_correlations(tables, diagnose.NAMES, ("trace",))):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg")
        assert "in_$.npy" in buffer.getvalue()
    for text in (diagnose.setting(found), diagnose.flags(found), diagnose.conclusion(found)):
        assert not [line for line in text.splitlines() if line.count("`") % 2]


def test_a_name_that_no_text_can_hold_is_refused(folder):
    odd = os.fsdecode(b"caf\xe9.npy")
    cloud(folder, odd, 12, 0)
    for name in (odd, "two\nlines.npy"):
        with pytest.raises(InputError, match="characters that cannot be printed, or are no UTF-8; rename it"):
            diagnosis.diagnose("model.safetensors", [name], folder=folder)


# --- the worked example --------------------------------------------------------------------------------------------


def test_the_example_is_the_same_network_each_time_and_its_data_are_what_they_say():
    clean = demo.test_digits()
    assert (demo.shifted_digits()[..., 2:] == clean[..., :-2]).all()
    assert (demo.shifted_digits()[..., :2] == 0).all()
    assert (demo.inverted_digits() + clean == 1).all()
    assert 0.05 < float((demo.noisy_digits() - clean).abs().mean()) < 0.2
    before = torch.get_rng_state()
    first, second = (demo.convolutional_digits() for _ in range(2))
    assert (torch.get_rng_state() == before).all()
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    found = cores(*first, clean[:40])
    assert found.mse.mean() < 0.04
    assert eigenvalues(found.input).shape == (40, demo.LATENT_DIM)


# --- the command ---------------------------------------------------------------------------------------------------


def test_a_report_from_end_to_end(tmp_path):
    (tmp_path / "own_models_3.py").write_text(
        "from torch import nn\n\ndef pair():\n    import torch\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Linear(8, 3), nn.ELU()), nn.Linear(3, 8)\n"
    )
    cloud(tmp_path, "train.npy", 300, 0)
    cloud(tmp_path, "far.npy", 20, 1, shift=30)
    words = ["own_models_3:pair", "far.npy", "--reference", "train.npy", "-o", "out/report.ipynb"]
    done = subprocess.run(
        [sys.executable, "-m", "lib", "diagnose", *words], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "own_models_3:pair is code: it is imported and run" in done.stderr
    notebook = nbformat.read(tmp_path / "out" / "report.ipynb", as_version=4)
    text = str([cell.get("outputs") for cell in notebook.cells])
    assert "`own_models_3:pair` (code, which was imported and run)" in text
    assert "`far.npy`: 100.0 % are flagged" in text
    assert "Other measures" not in text, "none is asked for"
    first = next(cell for cell in notebook.cells if cell.get("outputs"))
    assert str(first.outputs[0]["data"]["text/markdown"]).startswith("> **In brief.**"), (
        "a report begins with its findings"
    )
    assert "python -m lib" not in str([cell.source for cell in notebook.cells]), "and holds no manual"
    assert not [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "error"
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("model.safetensors", "fresh.npy", "-o", "report.pdf"), "The output 'report.pdf' is no file NAME.ipynb"),
        (("model.safetensors", "absent.npz:x", "-o", "report.ipynb"), "absent.npz does not exist"),
        (("model.safetensors", "-o", "report.ipynb"), "Missing argument 'DATA...'"),
        (("model.safetensors", "bytes.npy", "-o", "report.ipynb"), "bytes.npy holds uint8 values; convert them"),
    ],
    ids=["output", "absent", "no data", "by the page"],
)
def test_the_command_refuses_in_a_sentence_and_writes_nothing(folder, monkeypatch, capfd, arguments, words):
    np.save(folder / "bytes.npy", np.zeros((3, 8), dtype=np.uint8))
    before = sorted(folder.iterdir())
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["lib", "diagnose", *arguments])
    with pytest.raises(SystemExit) as raised:
        __main__.main()
    assert raised.value.code == 2
    told = capfd.readouterr().err
    assert f"Error: {words}" in told
    assert "Traceback" not in told
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--points", "0"), "0 is not in the range"),
        (("--coverage", "nan"), "--coverage is nan; give a share between 0 and 1"),
        (("--coverage", "1"), r"--coverage is 1.0; give a share"),
        (("--passes", "10"), r"`passes` should be at least 80, 10 was given"),
        (("--reference", "./fresh.npy"), "name each source once"),
        (("--architecture", "absent.yml"), "--architecture absent.yml is not a file"),
        (("words.txt",), "words.txt is not a file of type .npy"),
        (("absent_module:points",), "there is no module 'absent_module'"),
        (("lib.training.demo:absent",), "demo.py has no 'absent'"),
        (("-o", "-"), "The output '-' is no file NAME.ipynb"),
    ],
    ids=str,
)
def test_what_can_be_known_is_refused_before_a_kernel_starts(folder, monkeypatch, arguments, words):
    def execute(*_):
        raise AssertionError("the page was executed")

    (folder / "words.txt").write_text("")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(__main__, "_execute", execute)
    with pytest.raises((InputError, click.ClickException), match=words):
        __main__.cli(
            ["diagnose", "model.safetensors", "fresh.npy", "-o", "out.ipynb", *arguments], standalone_mode=False
        )


def test_the_page_depends_on_the_code_of_its_example():
    from lib.pages import source

    for book in (source.BOOK, source.TEMPLATES):
        assert "lib.training.demo" in source.load_page("diagnose", book).modules()
    assert (files.ROOT / "lib" / "training" / "demo.py").exists()


def test_a_large_latent_space_is_estimated_where_asked(tmp_path):
    code = """
import torch
from torch import nn

def pair():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(3, 4, 4, 2, 1), nn.Tanh(), nn.Conv2d(4, 4, 3, 1, 1)).eval()
    return encoder, nn.Sequential(nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.Tanh(), nn.Conv2d(4, 3, 3, 1, 1)).eval()

def points():
    return torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))
"""
    (tmp_path / "estimated.py").write_text(code)
    arguments = ("estimated:pair", ["estimated:points"])
    exact = diagnosis.diagnose(*arguments, folder=tmp_path)
    found = diagnosis.diagnose(*arguments, folder=tmp_path, passes=800)
    assert found.latent_dim == 64 and found.passes == 800
    first, second = (one.data["points"].measured for one in (exact, found))
    assert ((first["trace"] - second["trace"]).abs() <= 4 * second["trace_error"]).all()
    assert (second["tangent_distance"] >= 0.999 * first["tangent_distance"]).all()
    assert "Estimated from 800 passes a point" in diagnose.setting(found)
    assert "exact cores only" in diagnose.orientation_sentence(found)
