"""The headline of the book: its figure, table and verdict on the page `index`, and what README.md says of them."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from lib import runs
from lib.__main__ import cli
from lib.analysis import claims, evidence
from lib.base import documents, files
from lib.report import index
from lib.report.numbers import csv
from lib.training import demo

PAGE = (files.ROOT / "book" / "index.py").read_text()
README = (files.ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def committed():
    """The runs of README.md."""
    return {name: runs.summary(name) for name in ("mnist", "mnist-300")}


def test_the_headline_is_drawn_per_run_on_one_scale_and_its_rows_can_be_downloaded(committed):
    figures = index.headline_figures(committed)
    (first,), (second,) = (figure.axes for figure in figures)
    assert first.get_ylim() == second.get_ylim()
    rows = pd.read_csv(pd.io.common.StringIO(csv(figures[0])))
    assert set(rows["controls"]) == {*evidence.HEADLINE_CONTROLS, "none, published"} and set(rows["run"]) == {"mnist"}
    raw = rows[rows["controls"] == "none"].set_index("latent_dim")["slope"]
    assert raw[20] == pytest.approx(evidence.headline(committed["mnist"]).loc["none", "slope"], rel=1e-5)


def test_a_network_that_lost_a_direction_has_an_open_marker():
    (axis,) = index.headline_figures({"mnist-100": runs.summary("mnist-100")})[0].axes
    lost = [line.get_xdata().tolist() for line in axis.lines if line.get_markerfacecolor() == "white"]
    assert lost == [[20]] * 3


def test_the_headline_is_of_the_largest_intact_dimension():
    """The landing page spoke of d = 19, two other pages of d = 20, where a direction is lost."""
    rows = evidence.headline(runs.summary("mnist-100"))
    assert set(rows["latent_dim"]) == {19} and rows.index.tolist() == [*evidence.HEADLINE_CONTROLS]
    assert np.allclose(rows["high"] - rows["slope"], rows["slope"] - rows["low"])


def test_a_rank_correlation_is_the_mean_over_dimensions(committed):
    points = evidence.sampled(committed["mnist-300"])
    each = [one["mse"].corr(one["trace_input"], method="spearman") for one in points.values()]
    assert evidence.rank_correlation(committed["mnist-300"], "trace_input") == pytest.approx(np.mean(each))


@pytest.mark.parametrize(
    ("verdicts", "slopes", "answer"),
    [
        (
            {"a": (claims.REPRODUCED, 9)},
            (0.5, 0.1),
            "yes, but class, ink and distance to the training images account for 80 %",
        ),
        ({"a": (claims.REPRODUCED, 9)}, (0.5, 0.6), "yes."),
        ({"a": (claims.CONTRADICTED, 4)}, (0.5, 0.1), "even the sign of the effect depends on $d$"),
        ({"a": (claims.CONTRADICTED, 0)}, (0.5, 0.1), "no."),
        ({"a": (claims.REPRODUCED, 9), "b": (claims.UNDECIDED, 1)}, (0.5, 0.1), "some networks leave it undecided"),
        ({"a": (claims.NOT_TESTABLE, 0)}, (0.5, 0.1), "too small for an answer"),
    ],
)
def test_the_answer_follows_the_verdicts(summaries, monkeypatch, verdicts, slopes, answer):
    """With other runs than the book's nothing false may stand in bold on the first page."""
    one = summaries["smoke"]
    named = {name: dataclasses.replace(one, run=dataclasses.replace(one.run, name=name)) for name in verdicts}

    def judged(summary, _):
        verdict, held = verdicts[summary.run.name]
        return [claims.Verdict(*[""] * 6, verdict=verdict, reproduced="", reason="", held=held)]

    monkeypatch.setattr(claims, "evaluate_claims", judged)
    monkeypatch.setattr(evidence, "headline", lambda _: pd.DataFrame({"slope": slopes}))
    text = index.answer(named)
    assert text.startswith("On the 8×8 digits, ") and answer in text


def test_a_run_without_a_sample_ranks_nothing(summaries):
    assert index.ranks_sentence(dataclasses.replace(summaries["smoke"], sample=pd.DataFrame())) == ""


def test_networks_of_uncommitted_code_are_counted(monkeypatch):
    run = runs.read("mnist")
    commits = {"n4-d2-s0": "abc+", "n4-d3-s0": "abc", "n3-d2-s0": "abc+"}
    members = {name: {"commit": commit} for name, commit in commits.items()}
    monkeypatch.setattr(index, "manifest", lambda _: {"members": members})
    assert index.uncommitted(run) == "1 of the 2 networks of `mnist`"
    monkeypatch.setattr(index, "manifest", lambda _: {"members": {"n4-d2-s0": {"commit": "abc+"}}})
    assert index.uncommitted(run) == "all 1 networks of `mnist`"
    monkeypatch.setattr(index, "manifest", lambda _: {"members": {"n4-d2-s0": {"commit": "abc"}}})
    assert index.uncommitted(run) == ""


def test_the_citations_are_those_of_the_list_of_references_and_of_citation_cff():
    entry = re.search(
        r"@article\{agarwala2022,.*?\n\}", (files.ROOT / "book" / "references.bib").read_text(), re.DOTALL
    )[0]
    assert "\n".join(f"# {line}" for line in entry.splitlines()) in PAGE
    about = documents.parse((files.ROOT / "CITATION.cff").read_text(), "CITATION.cff")
    for field, text in {"title": about["title"], "version": about["version"], "license": about["license"]}.items():
        assert re.search(rf"{field} *= \{{{re.escape(text)}\}}", PAGE)
    assert f"{{{{{about['authors'][0]['name']}}}}}" in PAGE and len(about["authors"]) == 1


# --- README.md -----------------------------------------------------------------------------------------------------


def test_the_numbers_of_the_readme_are_those_of_the_analysis(committed):
    """They are typed there: a result that moves must move them."""
    assert index.answer(committed).removesuffix(".") in README
    near, trace = (
        evidence.rank_correlation(committed["mnist"], score) for score in ("neighbour_distance", "trace_input")
    )
    assert f"rank correlation {near:.2f} against {trace:.2f}" in README


def test_the_figure_of_the_readme_is_that_of_the_code(committed, tmp_path):
    """`make headline` draws it anew."""
    index.save_headline(tmp_path)
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_bytes() for path in (files.ROOT / "book/_static").glob("headline-*.svg")}
    assert set(re.findall(r'src="book/_static/([^"]+)"', README)) == set(drawn)


def test_the_python_of_the_readme_runs():
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    encoder, decoder = demo.convolutional_digits()
    given = {"encoder": encoder, "decoder": decoder}
    given |= {"reference": demo.training_digits()[:60], "new": demo.inverted_digits()[:20]}
    exec(compile(block, "README.md", "exec"), given)
    assert given["odd"].shape[1:] == given["new"].shape[1:] and len(given["found"]) == 20


def test_the_readme_is_short_and_its_commands_exist():
    """A new reader finds the answer, the build and the rerun without scrolling twice."""
    lines = README.splitlines()
    assert len(lines) < 75 and lines.index("## Use it") < 30
    named = set(re.findall(r"python -m lib (\w+)", README))
    assert named <= set(cli.commands) and {"page", "diagnose", "doctor"} <= named
    targets = set(re.findall(r"^(\w+):", (files.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+) ", README)) - {"s"} <= targets
