"""The laws that hold for every measure: a new file in one of the folders of measures is tested here unasked."""

import inspect
import re
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lib.base.files import ROOT
from lib.measures import baselines, judging, point_table
from lib.measures.classified import Classified
from lib.measures.costs import Sizes
from lib.measures.protocol import HISTORY, INITIAL, LABELS, POINTS, SEEDS, TRAINING, WEIGHTS, Lacking, Subject, every
from lib.training import datasets
from lib.training.autoencoders import affine_layers, build
from lib.training.classifiers import folded, untrained_classifier
from lib.training.datasets import Split

MEASURES = every()
DATA = datasets.load("digits", 200, 60)
TRAIN, TEST = (Split(side.images.double(), side.labels) for side in (DATA.train, DATA.test))
PAIRS = [tuple(module.double() for module in build((64, 24, 20, 16, 3), seed, "he")) for seed in range(3)]
CLASSIFIERS = [folded(untrained_classifier((64, 24, 16, 10), seed)).double() for seed in range(3)]
KEYWORDS = {WEIGHTS: "pair", POINTS: "points", TRAINING: "training", SEEDS: "seeds", HISTORY: "history"}
KEYWORDS |= {LABELS: "labels", INITIAL: "initial"}
by_name = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)


def networks(measure):
    """Networks of the kind that a measure is of, in copies."""
    return deepcopy(CLASSIFIERS if measure.level == "classifier" else PAIRS)


def parts(networks, points=TEST.images, training=TRAIN):
    """All parts of a subject, by need."""
    history = pd.DataFrame({"epoch": range(1, 4), "train_mse": [0.3, 0.2, 0.1]})
    given = {WEIGHTS: networks[0], POINTS: points.numpy(), TRAINING: training, SEEDS: networks, HISTORY: history}
    return given | {LABELS: training.labels.numpy(), INITIAL: networks[1]}


def subject(measure, given, **more) -> Subject:
    """A subject of the kind that a measure looks at, with these parts."""
    named = {KEYWORDS[need]: part for need, part in given.items()} | more
    return Classified(network=named.pop("pair", None), **named) if measure.level == "classifier" else Subject(**named)


def source(measure) -> Path:
    """The file that a measure stands in."""
    return Path(inspect.getsourcefile(measure.cost))


@pytest.fixture(scope="module")
def values():
    whole = {level: subject(one, parts(networks(one))) for one in MEASURES for level in [one.level]}
    return {measure.name: measure.of(whole[measure.level]) for measure in MEASURES}


def close(first, second):
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-9, equal_nan=True)


def test_names_are_unique_and_every_file_holds_a_measure():
    assert len({measure.name for measure in MEASURES}) == len(MEASURES) >= 20
    folders = [ROOT / "lib" / "measures" / folder for folder in ("points", "networks", "classifiers")]
    files = {path for folder in folders for path in folder.glob("[a-z]*.py")}
    assert {source(measure) for measure in MEASURES} == files


@by_name
def test_it_is_a_number_for_each_point_or_for_the_network(measure, values):
    found = values[measure.name]
    assert found.shape == (() if measure.level == "network" else (len(TEST),))
    assert found.dtype == np.float64
    assert not np.isinf(found).any()
    assert np.isfinite(found).mean() > 0.2, "a value may be missing (NaN) at some points"


@by_name
def test_it_is_the_same_every_time_and_leaves_its_subject_as_it_was(measure, values):
    given = parts(networks(measure))
    np.testing.assert_array_equal(measure.of(subject(measure, given)), values[measure.name])
    for network, untouched in zip(given[SEEDS], networks(measure), strict=True):
        for module, other in zip(network, untouched, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(module.parameters(), other.parameters(), strict=True))
    np.testing.assert_array_equal(given[POINTS], TEST.images)


@by_name
def test_the_order_of_the_points_plays_no_part(measure, values):
    draw = np.random.default_rng(0)
    order, train_order = (torch.from_numpy(draw.permutation(len(side))) for side in (TEST, TRAIN))
    training = Split(TRAIN.images[train_order], TRAIN.labels[train_order])
    shuffled = parts(networks(measure), TEST.images[order], training)
    found = measure.of(subject(measure, shuffled))
    # a measure that needs no points goes by their number alone
    moved = measure.level != "network" and POINTS in measure.needs
    close(found, values[measure.name][order] if moved else values[measure.name])


@by_name
def test_a_rotation_of_all_images_and_of_the_network_changes_nothing_where_this_is_claimed(measure, values):
    if not measure.orthogonal:
        pytest.skip("not claimed")
    turn = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]
    moved = networks(measure)
    for network in moved:
        classifier = measure.level == "classifier"
        first, *_, last = [network[0], network[-1]] if classifier else affine_layers(network)
        with torch.no_grad():
            first.weight.copy_(first.weight @ turn.T)
            if not classifier:  # its outputs are images
                last.weight.copy_(turn @ last.weight)
                last.bias.copy_(turn @ last.bias)
    turned = parts(moved, TEST.images @ turn.T, Split(TRAIN.images @ turn.T, TRAIN.labels))
    close(measure.of(subject(measure, turned)), values[measure.name])


@by_name
def test_its_needs_are_enough_and_each_is_needed(measure, values):
    given = parts(networks(measure))
    # the number of points is known to every subject: from a table where there are no images
    count = {} if POINTS in measure.needs else {"kept": pd.DataFrame({"label": TEST.labels})}
    just = subject(measure, {need: given[need] for need in measure.needs}, **count)
    np.testing.assert_array_equal(measure.of(just), values[measure.name])
    for need in measure.needs:
        with pytest.raises(Lacking, match=f"The measure {measure.name} needs {need}"):
            measure.of(subject(measure, {other: given[other] for other in measure.needs if other != need}))


@by_name
def test_it_is_the_same_from_a_table_that_was_kept(measure, values):
    near = baselines.neighbour_distance(TRAIN.images.numpy(), TEST.images.numpy())
    none = Split(TEST.images[:0], TEST.labels[:0])
    data = datasets.Dataset("digits", TEST, none, (8, 8), "")
    kept = point_table.measure_points(deepcopy(PAIRS[0]), data, near).to_pandas()
    close(measure.of(subject(measure, parts(networks(measure)), kept=kept)), values[measure.name])


@by_name
def test_it_costs_something_and_is_described_with_its_source_and_a_page(measure):
    assert 0 <= measure.cost(Sizes((64, 24, 20, 16, 3), 200, 3)) < np.inf
    assert measure.label
    assert measure.scarcest
    file = source(measure)
    assert len(file.read_text().splitlines()) <= 70, file
    assert sys.modules[f"lib.measures.{file.parent.name}.{file.stem}"].__doc__
    keys = re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(), re.MULTILINE)
    assert measure.source in ["", *keys]
    pages = [path.read_text() for path in (ROOT / "book").glob("*.py")]
    contests = measure.level == "network" or measure.name in {**judging.SCORES, **judging.DETECTORS}
    assert contests or any(measure.name in text for text in pages), "no page shows it"


def test_the_pages_of_the_contests_show_all_that_take_part():
    pages = {"predictors": "score_overview(", "out_of_distribution": "report.detectors(", "networks": "report.ranking("}
    for page, words in pages.items():
        assert words in (ROOT / "book" / f"{page}.py").read_text()
    for contest in (judging.SCORES, judging.DETECTORS):
        labels = [measure.label for measure in contest.values()]
        assert len(set(labels)) == len(labels)
