"""`python -m lib diagnose --measures`: the values of `measure`, for models of any kind; what cannot be had is refused."""

import sys

import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from lib import runs
from lib.__main__ import main
from lib.analysis import diagnosis, measuring, user_measures
from lib.base import files
from lib.base.errors import InputError
from lib.measures.protocol import CLASSIFIER, HISTORY, INITIAL, LABELS, SEEDS, TRAINING, Subject, every
from lib.report import diagnose as report
from lib.report import user_measures as beside
from lib.training.datasets import Split
from lib.training.weights import encoded_weights

POINTWISE = [measure.name for measure in every("point")]
FREE = [measure.name for measure in every("point") if not {TRAINING, SEEDS} & set(measure.needs)]
MODELS = """
import torch
from torch import nn
from torch.nn.utils import weight_norm

def seeded(*parts):
    for part in parts:
        for weight in part.parameters():
            nn.init.normal_(weight, std=0.4, generator=torch.Generator().manual_seed(weight.numel()))
    return tuple(part.eval() for part in parts)

def convolutional():  # codes of shape (2, 2, 2)
    encoder = nn.Sequential(nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.Tanh(), nn.Conv2d(3, 2, 3, stride=2, padding=1))
    decoder = nn.Sequential(nn.ConvTranspose2d(2, 3, 2, stride=2), nn.Tanh(), nn.ConvTranspose2d(3, 1, 2, stride=2))
    return seeded(encoder, decoder)

def chain():  # of images, with a ReLU that turns latent dimensions off
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU())
    return seeded(encoder, nn.Sequential(nn.Linear(3, 64), nn.Unflatten(1, (1, 8, 8))))

class Greedy(nn.Linear):
    def forward(self, x):
        return super().forward(x.mul_(0.5))

def greedy():
    return tuple(part.double() for part in seeded(Greedy(64, 3), nn.Linear(3, 64)))

def affine():
    return seeded(nn.Linear(64, 3), nn.Linear(3, 64))

class Single(nn.Module):  # its forward is of float32 alone
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 64))
    def forward(self, x):
        return x.float() @ self.weight.T

def single():
    return seeded(Single(), nn.Linear(3, 64))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user_measures")
    (folder / "measured_models.py").write_text(MODELS)
    draw = np.random.default_rng(0)
    for name, count in (("a", 40), ("b", 60)):
        images = draw.random((count, 1, 8, 8)).astype(np.float32)
        np.save(folder / f"{name}.npy", images)
        np.save(folder / f"{name}_rows.npy", images.reshape(count, 64).astype(np.float64))
    return folder


def examined(folder, model, reference="", data="a.npy"):
    return diagnosis.diagnose(f"measured_models:{model}", [data], reference, folder=folder)


# --- values --------------------------------------------------------------------------------------------------------


def test_a_network_of_a_run_has_the_values_that_measure_gives(tmp_path):
    data = runs.read("digits").load_dataset()
    files.write(tmp_path / "digits.safetensors", encoded_weights(runs.member("digits", 4, 5), {}))
    for name, split in (("train", data.train), ("test", data.test)):
        np.save(tmp_path / f"{name}.npy", split.images.numpy())
    found = diagnosis.diagnose("digits.safetensors", ["test.npy"], "train.npy", folder=tmp_path, points=5000)
    tables, left_out = user_measures.measure_sets(found, "all")
    assert left_out == {"seed_variance": f"needs {SEEDS}"}
    names = [name for name in POINTWISE if name != "seed_variance"]
    assert list(tables["test.npy"]) == names
    _, wanted = measuring.measure_run("digits", names, {"n": [4], "d": [5]})
    for name in names:
        if name != "random":  # its numbers are drawn by the seed of a network
            rounded = name in ("linear_error", "neighbours")  # of a run's images, which are in float32
            exact = 2e-6 if rounded else 1e-9
            np.testing.assert_allclose(tables["test.npy"][name], wanted[name], rtol=exact, atol=1e-12, err_msg=name)
    missing = tables["train.npy"].columns[tables["train.npy"].isna().all()]
    assert set(missing) == {one.name for one in every("point") if TRAINING in one.needs}, "each would meet itself"


def test_a_convolutional_model_has_the_values_of_the_same_map_of_rows(folder):
    found = examined(folder, "convolutional", "b.npy")
    tables, left_out = user_measures.measure_sets(found, "all")
    assert left_out == {"seed_variance": f"needs {SEEDS}"}
    encoder, decoder = (module.double() for module in (found.model.encoder, found.model.decoder))
    pair = (
        nn.Sequential(nn.Unflatten(1, (1, 8, 8)), encoder, nn.Flatten()),
        nn.Sequential(nn.Unflatten(1, (2, 2, 2)), decoder, nn.Flatten()),
    )
    assert found.reference is not None
    training = Split(torch.from_numpy(found.reference.rows), torch.zeros(60))
    of_rows = Subject(pair=pair, points=found.data["a.npy"].rows, training=training)
    for measure in every("point"):
        if measure.name in tables["a.npy"]:
            np.testing.assert_allclose(tables["a.npy"][measure.name], measure.of(of_rows), rtol=1e-6, atol=1e-9)
    point = found.data["a.npy"].values[7:8].double()
    code = encoder(point).detach()
    jacobian = torch.autograd.functional.jacobian(decoder, code).reshape(64, 8)
    squares = torch.linalg.svdvals(jacobian) ** 2
    row = tables["a.npy"].iloc[7]
    assert row["local_dimension"] == pytest.approx(float(squares.sum() ** 2 / (squares**2).sum()))
    assert row["decoder_volume"] == pytest.approx(float(squares.log().sum() / 2))
    assert row["latent_norm"] == pytest.approx(float(code.norm()))
    assert row["trace_input"] == pytest.approx(found.data["a.npy"].measured["trace"][7], rel=1e-4)


def test_a_chain_of_images_keeps_its_singular_points(folder):
    found = examined(folder, "chain")
    measured = found.data["a.npy"].measured
    table = user_measures.measure_sets(found, "volume_input+log_volume_input")[0]["a.npy"]
    assert 0 < measured["singular"].sum() < len(measured)
    assert (table["log_volume_input"].isna() == measured["singular"]).all()
    assert (table["volume_input"].isna() == (measured["sign"] <= 0)).all()


def test_modules_and_points_stay_as_they_were(folder):
    found = examined(folder, "greedy", "b_rows.npy", data="a_rows.npy")
    tables, left_out = user_measures.measure_sets(found, "all")
    assert list(left_out) == ["seed_variance"]
    for one in found.sets.values():
        np.testing.assert_array_equal(one.values, np.load(folder / one.name))
    wanted = np.linalg.norm(found.data["a_rows.npy"].rows, axis=1) ** 2
    np.testing.assert_allclose(tables["a_rows.npy"]["ink"], wanted)
    single = examined(folder, "affine", data="a_rows.npy")
    user_measures.measure_sets(single, "mse+local_dimension")
    assert single.model.weight.dtype == torch.float32


# --- what cannot be had ----------------------------------------------------------------------------------------------


def test_all_is_what_the_model_and_the_points_allow_without_a_reference(folder):
    found = examined(folder, "convolutional")
    tables, left_out = user_measures.measure_sets(found, "all")
    assert list(tables["a.npy"]) == FREE
    assert left_out == {
        one.name: f"needs {SEEDS if SEEDS in one.needs else TRAINING}" for one in every("point") if one.name not in FREE
    }
    assert "`turning` (needs the training data); `seed_variance` (needs other seeds)." in beside.left_out_sentence(
        left_out
    )


@pytest.mark.parametrize("measure", [one for one in every() if one.name not in FREE], ids=lambda one: one.name)
def test_a_measure_that_needs_more_is_refused_by_its_need(measure):
    needs = [CLASSIFIER] if measure.level == "classifier" else [*measure.needs]
    scarce = next((need for need in reversed(needs) if need in (CLASSIFIER, LABELS, INITIAL, HISTORY, SEEDS)), None)
    if measure.level == "point" and scarce is None:
        assert user_measures.measures_asked(f"ink + {measure.name}", True)[1] is measure
        words = f"measure {measure.name} needs the training data, which diagnose does not have here; give --reference"
        with pytest.raises(InputError, match=words):
            user_measures.measures_asked(measure.name, False)
        return
    words = f"needs {scarce}, which diagnose does not have here; " if scarce else "is one number for a network"
    with pytest.raises(InputError, match=f"measure {measure.name} {words}"):
        user_measures.measures_asked(f"ink+{measure.name}", True)


@pytest.mark.parametrize(
    ("text", "passes", "words"),
    [
        ("ink+nix", 0, "Unknown measure 'nix'; choose one of: .*turning"),
        ("nix", 0, "^(?!.*(seed_variance|entropy)).* 'nix'; choose one of: .*turning"),
        ("ink+", 0, "Unknown measure ''"),
        ("all", 320, "--measures all needs exact Jacobians, --passes 320 estimates them; leave one out"),
        ("seed_variance", 0, "ask `measure` and name a run with several seeds, such as digits-seeds"),
        ("entropy", 0, "the page unseen shows it; name a measure of autoencoders"),
    ],
)
def test_what_else_is_refused(text, passes, words):
    with pytest.raises(InputError, match=words):
        user_measures.measures_asked(text, True, passes)


def test_nothing_is_computed_where_nothing_is_asked():
    assert user_measures.measures_asked("", True, 320) == []


def test_a_measure_that_cannot_follow_the_model_is_left_out_with_the_reason(folder):
    found = examined(folder, "single", data="a_rows.npy")
    tables, left_out = user_measures.measure_sets(found, "ink+mse+local_dimension")
    assert list(tables["a_rows.npy"]) == ["ink"]
    assert list(left_out) == ["mse", "local_dimension"]
    assert "(RuntimeError: expected m1 and m2 to have the same dtype" in beside.left_out_sentence(left_out)


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_says_medians_ranks_and_why_there_are_none(folder):
    found = examined(folder, "affine", "b_rows.npy", data="a_rows.npy")
    tables, _ = user_measures.measure_sets(found, "neighbours+mse+trace_input+volume_input+linear_error")
    table = beside.measures_table(found, tables)
    assert list(table.columns) == ["needs", "sees the error", "in b_rows.npy", "in a_rows.npy"]
    assert table.loc["mse", "sees the error"] == "yes"
    turned = beside.measures_table(found, {name: one.assign(mse=-one["mse"]) for name, one in tables.items()})
    ranked = [str(cell).partition("ρ = ")[2].partition(",")[0] for cell in turned["in a_rows.npy"]]
    known = [float(rho) for rho in ranked if rho]
    assert known == sorted(known, reverse=True) and known[-1] == -1 and not any(ranked[len(known) :])
    assert table.index[0] == "mse"
    assert table.loc["neighbours", ["needs", "sees the error"]].tolist() == ["the training data", "no"]
    assert table.loc["neighbours", "in b_rows.npy"] == "not against itself"
    assert str(table.loc["trace_input", "in a_rows.npy"]).endswith("; constant here")
    rho, low, high = diagnosis.correlations(found.data["a_rows.npy"].measured).loc["neighbour_distance"]
    median = np.median(tables["a_rows.npy"]["neighbours"])
    assert table.loc["neighbours", "in a_rows.npy"] == f"{median:.3g}; ρ = {rho:.2f}, {low:.2f} to {high:.2f}"
    assert r"| trace\_input" in report.as_markdown(table, "measure")


def test_points_without_a_value_are_not_ranked_and_are_counted(folder):
    found = examined(folder, "convolutional")
    half = {"a.npy": user_measures.measure_sets(found, "ink+mse+spectral")[0]["a.npy"].copy()}
    half["a.npy"].loc[:9, "ink"] = np.nan
    half["a.npy"].loc[:30, "mse"] = np.nan
    half["a.npy"]["spectral"] = np.nan
    table = {name: str(cell) for name, cell in beside.measures_table(found, half)["in a.npy"].items()}
    assert "; ρ = " in table["ink"] and table["ink"].endswith("; at 30 points")
    assert table["mse"].endswith("; defined at too few points; at 9 points")
    assert table["spectral"] == "undefined here"


def test_pca_of_too_few_points_is_refused_by_its_need(folder):
    np.save(folder / "two.npy", np.load(folder / "b_rows.npy")[:2])
    _, left_out = user_measures.measure_sets(
        examined(folder, "affine", "two.npy", data="a_rows.npy"), "ink+linear_error"
    )
    assert left_out == {"linear_error": "PCA of 3 axes needs at least 3 training points of 3 numbers, not 2 of 64"}


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_report_has_the_table_and_refuses_before_it_measures(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    words = ["diagnose", "measured_models:convolutional", "a.npy", "--reference", "b.npy", "-o", "report.ipynb"]
    monkeypatch.setattr(sys, "argv", ["lib", *words, "--measures", "seed_variance"])
    with pytest.raises(SystemExit) as raised:
        main()
    assert raised.value.code == 2
    told = capfd.readouterr().err
    assert "Error: The measure seed_variance needs other seeds, which diagnose does not have here" in told
    assert "Measuring the Jacobian" not in told
    assert not (folder / "report.ipynb").exists()
    monkeypatch.setattr(sys, "argv", ["lib", *words, "--measures", "all"])
    main()
    cells = nbformat.read(folder / "report.ipynb", as_version=4).cells
    text = "\n".join(out.data.get("text/markdown", "") for cell in cells for out in cell.get("outputs", []))
    assert "Measures left out: `seed_variance` (needs other seeds)." in text
    table = text[text.index("Other measures, in float64") :]
    assert all(f"| {name.replace('_', chr(92) + '_')} " in table for name in POINTWISE if name != "seed_variance")


def test_too_small_a_reference_makes_no_tables_or_figures_of_nothing(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name, count in (("few", 2), ("one", 1)):
        np.save(folder / f"{name}.npy", np.load(folder / "b.npy")[:count])
    words = ["diagnose", "measured_models:convolutional", "one.npy", "--reference", "few.npy", "-o", "small.ipynb"]
    monkeypatch.setattr(sys, "argv", ["lib", *words])
    main()
    text = str([cell.get("outputs") for cell in nbformat.read(folder / "small.ipynb", as_version=4).cells])
    assert "The reference has 2 points, and it takes 199" in text and "Medians of the tangent distance" in text
    for nothing in ("Share of points flagged", "The points farthest outside", "stand out most", "Spearman's rank"):
        assert nothing not in text
