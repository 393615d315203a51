"""Is the error smooth on the data? Functions on the neighbour graph of the images: frequencies, encodings, deletion.

Graphs: `ALL_IMAGES` joins training and test images, without looking at errors of test images; `TRAINING_ONLY` has training images,
and new ones come by Nystrom's formula; `THINNED` lacks 5 % of all images, `THINNED_ANEW` also has new coefficients.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from lib import runs
from lib.analysis import kept
from lib.analysis.verdicts import verdict
from lib.geometry import graphs
from lib.geometry.graphs import Graph
from lib.measures import judging
from lib.measures.points.smooth import ridge, smooth

SMOOTH_RUN = "digits-seeds"
_RAW = 100  # eigenvectors used as they are
_DELETED, _SHUFFLES = 0.05, 20
ALL_IMAGES, TRAINING_ONLY = "with test images", "training images"
THINNED, THINNED_ANEW = "5 % deleted", "5 % deleted, fitted anew"
TOGETHER = -1  # as latent_dim and seed: the mean over all networks
COVARIATES, ENCODINGS, EIGENVECTORS = "covariates", "encodings", "eigenvectors"
MATCHED = "eigenvectors, signs matched"
ROW_KEYS = ["graph", "features", "target"]
_Columns = dict[tuple[str, str], np.ndarray]  # by graph and features: (images, columns), training images first


def whole_graph(run: str) -> Graph:
    """The graph of all images of a run, training images first."""
    data = runs.read(run).load_dataset()
    return graphs.neighbour_graph(np.concatenate([side.images.numpy() for side in (data.train, data.test)]))


def _graph_columns(whole: Graph, count: int, left: np.ndarray) -> _Columns:
    """Encodings and raw eigenvectors of three graphs; `count`: training images, `left`: the images that the deletion leaves."""
    own, thinned = (graphs.neighbour_graph(whole.points[part]) for part in (slice(count), left))
    new = np.concatenate([own.vectors, graphs.extended(own, whole.points[count:])])
    columns = {(ALL_IMAGES, "degrees"): whole.degrees[:, None]}
    raw = min(_RAW, own.vectors.shape[1], thinned.vectors.shape[1])
    for name, graph, at in (
        (ALL_IMAGES, whole, whole.vectors),
        (TRAINING_ONLY, own, new),
        (THINNED, thinned, thinned.vectors),
    ):
        columns[name, ENCODINGS] = graphs.positional(graph.values, graph.vectors, at)
        columns[name, EIGENVECTORS] = at[:, :raw]
    return columns


def _r2(target: np.ndarray, predicted: np.ndarray) -> float:
    """1 - var(target - predicted) / var(target): up to a constant, for test errors are larger than training errors throughout."""
    return float(1 - np.var(target - predicted) / np.var(target))


def _predictions(points: pd.DataFrame, images: np.ndarray, known: _Columns) -> _Columns:
    """Predicted log MSE of the test images, by graph and features, fitted on training images; `points`: the per-point table."""
    from sklearn.neighbors import KNeighborsRegressor

    train = ~points["test"].to_numpy()
    error = np.log(points["mse"].to_numpy())[train]
    classes = pd.get_dummies(points["label"]).to_numpy(np.float64)
    held = np.column_stack([classes, points["ink"], np.sqrt(points["ink"]), points["neighbour_distance"]])
    columns = {key: values for key, values in known.items() if key[0] != THINNED} | {("none", COVARIATES): held}
    for graph in (ALL_IMAGES, TRAINING_ONLY):
        for name in (ENCODINGS, EIGENVECTORS):
            columns[graph, f"{COVARIATES} and {name}"] = np.hstack([held, known[graph, name]])
    found = {key: ridge(values[train], error).predict(values[~train]) for key, values in columns.items()}
    found["none", "5-NN regression"] = KNeighborsRegressor(5).fit(images[train], error).predict(images[~train])
    return found


def _deletion(points: pd.DataFrame, known: _Columns, left: np.ndarray) -> Iterator[dict[str, object]]:
    """What the deletion does to predictions: `r2`, and `moved`, the spread of their change relative to their own.

    The signs of eigenvectors are drawn at random, as nothing fixes them, or matched to those before the deletion.
    """
    train = ~points["test"].to_numpy()
    error, inside = np.log(points["mse"].to_numpy()), train[left]
    new, after = left[~inside], {ENCODINGS: known[THINNED, ENCODINGS]}
    vectors = known[THINNED, EIGENVECTORS]
    after[MATCHED] = vectors * np.sign((vectors * known[ALL_IMAGES, EIGENVECTORS][left]).sum(axis=0))
    after[EIGENVECTORS] = after[MATCHED] * np.random.default_rng(0).choice([-1, 1], vectors.shape[1])
    for name, columns in after.items():
        before = known[ALL_IMAGES, ENCODINGS if name == ENCODINGS else EIGENVECTORS]
        model = ridge(before[train], error[train])
        first = model.predict(before[new])
        for graph, other in ((THINNED, model), (THINNED_ANEW, ridge(columns[inside], error[left[inside]]))):
            second = other.predict(columns[~inside])
            moved = float(np.std(second - first) / np.std(first))
            row = {"graph": graph, "features": name, "target": "error"}
            yield row | {"r2": _r2(error[new], second), "moved": moved}


def graph_functions(points: pd.DataFrame, seed: int = 0) -> dict[str, np.ndarray]:
    """Functions on the graph of all images: the log MSE, the same shuffled, ink, and 5-NN distance."""
    error = np.log(points["mse"].to_numpy())
    shuffled = np.random.default_rng(seed).permutation(error)
    others = {"ink": points["ink"].to_numpy(), "5-NN distance": points["neighbour_distance"].to_numpy()}
    return {"error": error, "shuffled": shuffled} | others


def _of_network(points: pd.DataFrame, whole: Graph, known: _Columns, left: np.ndarray, seed: int) -> Iterator[dict]:
    """The rows of `smooth_table` for a network; `ranks`: Spearman's rho, then its bootstrap resamples over images, or shuffles."""
    test, draw = points["test"].to_numpy(), np.random.default_rng(seed)
    error = np.log(points["mse"].to_numpy())
    train, target = error[~test], error[test]
    weights = judging.weightings(len(target))
    predicted = _predictions(points, whole.points, known)
    others = {
        "5-NN distance": points["neighbour_distance"].to_numpy()[test],
        "random numbers": draw.random(len(target)),
    }
    for (graph, name), score in (predicted | {("none", name): score for name, score in others.items()}).items():
        row = {"graph": graph, "features": name, "target": "error"}
        row |= {} if name in others else {"r2": _r2(target, score)}
        yield row | {"ranks": judging.spearman(target, score, weights)}
    encodings = known[TRAINING_ONLY, ENCODINGS]
    models = [ridge(encodings[~test], draw.permutation(train)) for _ in range(_SHUFFLES)]
    null = [judging.spearman(target, model.predict(encodings[test]), weights[:, :1])[0] for model in models]
    yield {
        "graph": TRAINING_ONLY,
        "features": ENCODINGS,
        "target": "shuffled",
        "ranks": np.array([np.mean(null), *null]),
    }
    for name, values in graph_functions(points, seed).items():
        share = graphs.low_energy(values, whole.vectors)
        yield {"graph": ALL_IMAGES, "features": "lowest 5 %", "target": name, "share": share}
    yield from _deletion(points, known, left)


def with_mean_network(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows with those of the mean over networks, latent_dim and seed -1, and `ranks` as `spearman`, `low` and `high`.

    `ranks`: Spearman's rho and its resamples, where a row has it, meaned over the networks for each value of the `keys`.
    """
    groups = frame.dropna(subset="ranks").groupby(list(keys), sort=False)["ranks"]
    means = groups.agg(lambda ranks: np.mean(list(ranks), axis=0)).reset_index()
    frame = pd.concat([frame, means.assign(latent_dim=TOGETHER, seed=TOGETHER)], ignore_index=True)
    ranks = frame.pop("ranks").dropna()
    bands = [judging.banded("spearman", values).values() for values in ranks]
    return frame.join(pd.DataFrame(bands, index=ranks.index, columns=["spearman", "low", "high"]))


def smooth_table(run: str = SMOOTH_RUN) -> pd.DataFrame:
    """All of the page for the networks of a run, at the depth of its tables.

    Columns: `latent_dim`, `seed`, `graph`, `features`, `target`; of the predicted log MSE `r2` (of no meaning for a score that is
    no prediction) and `spearman`, with its 95 % bootstrap interval `low`, `high` over images, or for shuffled errors that
    of 20 shuffles; `share` in the lowest 5 % of frequencies; `moved` by the deletion. Rows with latent_dim and seed -1 have the
    mean over networks.
    """
    chosen, whole, rows = runs.read(run), whole_graph(run), []
    count = len(whole.points)
    left = np.sort(np.random.default_rng(0).permutation(count)[round(_DELETED * count) :])
    known: _Columns = {}
    for latent_dim, seed in product(chosen.latent_dims, chosen.seeds):
        points = runs.measurements(run, chosen.table_depth, latent_dim, seed)
        known = known or _graph_columns(whole, int((~points["test"]).sum()), left)
        network = {"latent_dim": latent_dim, "seed": seed}
        rows += [network | row for row in _of_network(points, whole, known, left, seed)]
    return with_mean_network(pd.DataFrame(rows), ROW_KEYS)


SMOOTH = kept.Table("smooth", smooth_table)


def verdicts() -> pd.DataFrame:
    """The measures of this page against the error of test images: rank correlation, mean over networks, from the committed table.

    The interval is a bootstrap over images (200 resamples, the same for all networks).
    """
    entries = {
        smooth.name: (smooth.label, TRAINING_ONLY, ENCODINGS, "error"),
        "graph_eigenvectors": ("training errors, by eigenvectors", TRAINING_ONLY, EIGENVECTORS, "error"),
        "neighbour_errors": ("training errors of 5 nearest images", "none", "5-NN regression", "error"),
        "smooth_shuffled": ("shuffled errors, smoothed", TRAINING_ONLY, ENCODINGS, "shuffled"),
    }
    bands = SMOOTH.read().set_index(["latent_dim", *ROW_KEYS]).loc[TOGETHER][["spearman", "low", "high"]]
    return pd.DataFrame(
        verdict(name, "MSE of test digits", "Spearman", bands.loc[tuple(key)], label=label, needs=smooth.scarcest)
        for name, (label, *key) in entries.items()
    )
