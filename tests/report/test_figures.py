"""Figures and tables: drawn for any run, the same bytes each time, every panel the paper has."""

import dataclasses
import io
import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from lib import runs
from lib.analysis import claims, evidence, published
from lib.base import files
from lib.base.errors import InputError
from lib.geometry import bounds
from lib.geometry.bounds import check as bound_check
from lib.report import bounds as bounds_report
from lib.report import claims as claims_report
from lib.report import controls, experiments, interactive, layout, numbers, prediction, spectra, style
from lib.training import datasets

PANELS = {
    spectra.spectral_distance: 2,
    spectra.argument_distribution: 2,
    spectra.small_eigenvalues: 2,
    spectra.orientation: 2,
    experiments.loss_curves: 1,
    experiments.final_errors: 1,
    controls.headline: 1,
}


@pytest.fixture(autouse=True)
def own_style():
    with matplotlib.rc_context():
        style.use_style()
        yield


@pytest.fixture(scope="module")
def summaries():
    return {"smoke": runs.summary("smoke")}


def svg(figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def drawn(summaries):
    yield from ((draw(summaries), panels) for draw, panels in PANELS.items())
    yield from ((spectra.mean_eigenvalue(summaries, f"{kind}_mean"), 3) for kind in ("arithmetic", "geometric"))
    yield from ((prediction.error_slopes(summaries, predictor), 2) for predictor in ("log_volume", "trace"))


def test_every_figure_has_its_panels_with_labels_and_draws_something(summaries):
    for figure, panels in drawn(summaries):
        assert len(figure.axes) == panels
        for axis in figure.axes:
            assert axis.get_ylabel()
            assert axis.lines or axis.patches
        assert figure.axes[-1].get_xlabel()


def test_figures_are_the_same_bytes_each_time_and_keep_their_text(summaries):
    first, second = (svg(spectra.spectral_distance(summaries)) for _ in range(2))
    assert first == second
    assert "run smoke" in "".join(ElementTree.fromstring(first).itertext())


def test_a_figure_shows_the_numbers_of_the_summary(summaries):
    figure = spectra.mean_eigenvalue(summaries, "arithmetic_mean")
    rows = summaries["smoke"].statistics.query(
        "quantity == 'arithmetic_mean' and space == 'latent' and depth == 3 and split == 'all' and label == -1"
    )
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx(
        rows.sort_values("latent_dim")["median"].tolist()
    )


def test_the_numbers_of_a_figure_are_those_it_shows(summaries):
    """Lines, bands, intervals, bars and small pictures, each with its series; nothing for lines that only guide the eye."""
    summary = summaries["smoke"]
    table = pd.read_csv(io.StringIO(numbers.csv(prediction.error_slopes(summaries, "trace"))))
    assert set(table["panel"].str.split(", ").str[1]) == {"run smoke"}
    rows = evidence.slopes(summary, "trace", space="latent", depth=4, label=-1)
    drawn = table[table["series"] == "$J_{L,4}$"].pivot(index="x", columns="mark", values="y")
    np.testing.assert_allclose(drawn["point"], rows["test_slope"], rtol=1e-5)
    np.testing.assert_allclose(drawn["high"] - drawn["low"], 2 * 1.96 * rows["test_slope_se"], rtol=1e-4)
    assert "class 1" in set(table["series"])

    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.errorbar([1.0], [2.0], yerr=0.5)
    left.axhline(7)
    left.bar([4], [3], label="share")
    right.barh([4], [3])
    right.imshow([[0.25, 0.5]])
    expected = [
        *("1,,point,1,2,", "1,,interval,1,1.5,", "1,,interval,1,2.5,", "1,share,bar,4,3,"),
        *("2,,bar,3,4,", "2,,cell,0,0,0.25", "2,,cell,1,0,0.5"),
    ]
    assert numbers.csv(figure).splitlines()[1:] == expected


def test_several_runs_stand_side_by_side(summaries):
    figure = spectra.orientation({"one": summaries["smoke"], "two": summaries["smoke"]})
    assert len(figure.axes) == 4
    assert "run two" in svg(figure)


def test_no_run_is_an_error():
    with pytest.raises(InputError, match="No run was given"):
        spectra.orientation({})


def test_pictures(summaries):
    smoke = summaries["smoke"]
    assert len(experiments.reconstructions(smoke).axes) == 10 * (1 + len(smoke.run.latent_dims))
    dataset = datasets.load("digits")
    assert len(experiments.samples(dataset.train.images.numpy(), dataset.train.labels.numpy(), (8, 8)).axes) == 20
    few = experiments.samples(np.zeros((3, 64)), np.array([0, 0, 1]), (8, 8))
    assert sum(len(axis.images) for axis in few.axes) == 3, "a class may have a single image"


def test_published_slopes_stand_beside_those_of_the_runs(summaries):
    figure = prediction.published_beside_reproduced(summaries)
    assert len(figure.axes) == 4
    for axis, (number, space) in zip(
        figure.axes, [(1, "input"), (1, "latent"), (2, "input"), (2, "latent")], strict=True
    ):
        drawn = {line.get_label(): line for line in axis.lines}
        table = published.table(number)
        printed = table[table["space"] == space]
        assert drawn["published, $n=4$"].get_ydata().tolist() == printed["test_slope"].tolist()
        assert len(drawn["run smoke"].get_xdata()) == len(summaries["smoke"].run.latent_dims)


def test_a_figure_says_how_much_of_a_run_is_there(summaries):
    partial = {"smoke": dataclasses.replace(summaries["smoke"], absent=3)}
    assert "(4 of 7 members)" in svg(spectra.spectral_distance(partial))
    assert "members)" not in svg(spectra.spectral_distance(summaries))


def test_controlled_slopes_are_drawn_for_both_predictors_and_every_control(summaries):
    figure = controls.controlled_slopes(summaries, "test")
    assert len(figure.axes) == 2
    own = summaries["smoke"].controls.query("split == 'test' and space == 'input' and predictor == 'trace'")
    own = own[own["depth"] == summaries["smoke"].run.table_depth]
    drawn = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[1].lines if line.get_label()[0] != "_"}
    assert drawn["nothing"] == own[own["controls"] == "none"]["slope"].tolist()
    assert drawn["class and ink"] == own[own["controls"] == "class and ink"]["slope"].tolist()


def test_members_are_counted_by_what_the_controls_leave(summaries):
    own = summaries["smoke"].controls
    slopes = own.assign(slope=np.where(own["controls"] == "none", 1.0, 0.4), slope_se=0.1)
    text = controls.control_counts({"smoke": dataclasses.replace(summaries["smoke"], controls=slopes)})
    assert "| smoke | trace | 4 | 4 | 0 | 0 | 4 |" in text


def test_bounds_are_drawn_against_what_they_bound():
    check = bound_check.check
    actual, zero = torch.tensor([1.0, 2.0]), torch.zeros(2)
    figure = bounds_report.bound_against_actual(
        {
            "below": check("a", "lower", actual / 2, actual, zero),
            "above": check("b", "upper", actual * 1.5, actual, zero),
        }
    )
    below, above, empty = figure.axes
    assert below.lines[0].get_ydata().tolist() == [0.5, 1.0]
    assert above.get_ylim()[1] > 3.0
    assert (below.get_ylabel(), above.get_ylabel()) == ("lower bound", "upper bound")
    assert not empty.get_visible()


# --- tables --------------------------------------------------------------------------------------------------------


def test_a_coefficient_table_has_every_published_row_and_marks_the_misprint(summaries):
    text = prediction.coefficients(summaries, 2)
    lines = text.splitlines()
    assert len(lines) == 2 + 19 + len(summaries["smoke"].run.latent_dims)
    marked = [line for line in lines if "(!)" in line]
    misprint = published.misprints().iloc[0]
    assert len(marked) == 1
    assert marked[0].startswith(f"| {misprint['latent_dim']} | published")
    assert "(!)" not in prediction.coefficients(summaries, 1)


def test_tables_are_rectangular(summaries):
    for text in (
        prediction.coefficients(summaries, 1),
        claims_report.verdicts(claims.ledger(summaries)),
        claims_report.tests("means"),
        experiments.health(summaries),
        experiments.settings(summaries),
        experiments.coverage(summaries),
        prediction.agreement(summaries),
        controls.controlled(summaries),
        controls.control_counts(summaries),
    ):
        assert len({line.count(" | ") for line in text.splitlines() if line.startswith("|")}) == 1


def test_agreement_is_told_of_runs_that_have_the_latent_dimensions_and_of_others(summaries):
    assert "so there is nothing to sum up" in prediction.agreement_sentence(summaries["smoke"])
    frame = summaries["smoke"].regressions
    moved = dataclasses.replace(summaries["smoke"], regressions=frame.assign(latent_dim=frame["latent_dim"] + 4))
    assert "of the signs agree" in prediction.agreement_sentence(moved)


def test_differences_are_shown_for_runs_on_the_papers_data(summaries):
    run = dataclasses.replace(summaries["smoke"].run, dataset="mnist")
    text = prediction.coefficients({"smoke": dataclasses.replace(summaries["smoke"], run=run)}, 2)
    lines = text.splitlines()
    place = next(i for i, line in enumerate(lines) if "| difference |" in line)
    first = published.table(2).query("latent_dim == 2 and space == 'latent'").iloc[0]
    ours = float(lines[place - 1].split("|")[3].split("(")[0])
    assert float(lines[place].split("|")[3]) == pytest.approx(ours - first["intercept"], abs=1.1e-3)


def test_checks_show_tightness_errors_and_what_is_vacuous():
    rows = [
        {"latent_dim": d, "statement": name, "kind": kind, "points": 10, "applies": 8, "violations": 0}
        | {"broken_without": 0, "largest_error": error, "tightness_median": tight, "vacuous": vacuous}
        | {"tightness_q05": 0.25, "tightness_q95": 0.75}
        for d in (2, 5)
        for name, kind, error, tight, vacuous in [
            ("tangent plane", "lower", None, 0.5, 0.0),
            ("secant identity", "identity", 1e-12, None, 0.0),
            ("normal part", "lower", None, 0.0, 0.9),
            ("Stein, z-score", "identity", 2.54, None, 0.0),
        ]
    ]
    lines = bounds_report.checks({"smoke": pd.DataFrame(rows)}, "split", "average").splitlines()
    identity, vacuous, tight = lines[4:7]
    assert identity == "| {prf:ref}`thm-secant`: secant identity | $=$ | smoke | 0 of 16 | 1e-12 | 1e-12 |"
    assert vacuous.endswith("| no bound | no bound |")
    assert lines[7].endswith("| 2.5 | 2.5 |")
    assert tight == "| {prf:ref}`cor-lower`: tangent plane | $\\ge$ | smoke | 0 of 16 | 0.5 (0.25) | 0.5 (0.25) |"


def test_every_statement_that_is_checked_is_shown_under_a_label_of_the_book():
    run = runs.read("smoke")
    encoder, decoder = (module.double() for module in runs.member("smoke", run.table_depth, 2))
    x = run.load_dataset().test.images[:5].double()
    checked = {one.name for one in bounds.evaluate(encoder, decoder, x, x.roll(1, 0))}
    shown = {statement: label for section in bounds_report.STATEMENTS.values() for statement, label in section.items()}
    assert checked == set(shown)
    pages = (files.ROOT / "book" / "geometry.py").read_text() + (files.ROOT / "book" / "bounds.py").read_text()
    for label in shown.values():
        assert f":label: {label}\n" in pages


def test_the_jacobians_are_typeset():
    assert layout.markdown(["J_L"], [["of J_I and $J_L$."]]).splitlines()[-1] == "| of $J_I$ and $J_L$. |"


def test_what_a_page_rests_on_counts_networks_points_and_verdicts(summaries):
    text = claims_report.sample_sizes(summaries, "means")
    assert (
        "**smoke**: 4 networks, 2 of them at the depth of the tables; 1 seed for each $d$ and depth; 420 points" in text
    )
    of, *counts = map(
        int, re.search(r"Of the (\d+) claims .*: (\d+) re.*, (\d+) not re.*, (\d+) not te", text).groups()
    )
    assert of == sum(counts) > 0
    assert "claims" not in claims_report.sample_sizes(summaries, "controls"), "a page without claims of the paper"
    absent = {"smoke": dataclasses.replace(summaries["smoke"], absent=3)}
    assert "4 of 7 networks" in claims_report.sample_sizes(absent, "means")
    row = claims_report.verdict_counts(absent).splitlines()[-1].split("|")[2:-1]
    assert row[0].strip() == "4 of 7"
    assert sum(map(int, row[1:])) == len(claims.CLAIMS) - len(claims.PRINTED)
    assert claims_report.verdict_counts(summaries).splitlines()[-1].split("|")[2].strip() == "4"


def test_a_figure_to_explore_is_the_same_each_time_and_holds_the_slopes_it_offers(summaries):
    """In another process, as ids are counted in one; no NaN, no address of a server."""
    code = (
        "from lib.report import interactive; from lib.runs import summary;"
        " print(interactive.class_slopes({'smoke': summary('smoke')}).html)"
    )
    texts = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    assert "NaN" not in texts[0]
    assert "http" not in texts[0]
    rows = evidence.slopes(summaries["smoke"], "trace", space="input", depth=4, label=-1)
    assert json.dumps(json.dumps(rows["test_slope"].round(4).tolist()))[1:-1] in texts[0]
    assert str(interactive.class_slopes(summaries)).endswith(interactive.ABSENT)
