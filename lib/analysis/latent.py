"""Does the latent space know where the error is? Tangent planes, a failure hyperplane, and flows whose J_L is the identity.

Scores at the test images of networks, each with its rank correlation with the error; boundaries between tails of the error, of ink
and of classes, with the share of held-out tails that lie on their side.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import product

import numpy as np
import pandas as pd
import torch

from lib import runs
from lib.analysis import kept
from lib.analysis.smooth import TOGETHER, with_mean_network
from lib.analysis.verdicts import verdict
from lib.geometry.boundaries import Boundary, boundary, tails
from lib.measures import judging
from lib.measures.baselines import neighbour_distance
from lib.measures.points.failure_side import TAIL
from lib.measures.protocol import TRAINING, Subject, every, values_at
from lib.measures.reconstruction import image_errors
from lib.training.autoencoders import Pair
from lib.training.datasets import Dataset
from lib.training.flows import injective_pair

LATENT_RUN = "digits-seeds"
FLOW_DIMS, FLOW_SEEDS, FLOW_EPOCHS = (4, 12, 20), (0, 1, 2), 40
NARROW_TAIL = 0.02  # of InterFaceGAN
NORMALS = 20  # random normals, and shuffles of the error
VARIES, ROUNDING = 1e-6, 1e-9  # relative, and absolute: a score that varies less is constant, and left out
LATENT_MEASURES = ("turning", "local_dimension", "failure_side", "latent_neighbours", "neighbours", "random", "smooth")
LATENT_MEASURES += ("shrinkage", "trace_latent", "log_volume_latent", "trace_input", "log_volume_input")
OTHER_SCORES = {
    "error_regression": "training errors of 5 nearest codes",
    "curved_side": "side of a curved boundary",
    "narrow_side": "hyperplane, 2 % tails",
    "shuffled_side": "hyperplane, shuffled errors",
    "random_side": "random hyperplane",
}


def other_scores(subject: Subject) -> dict[str, np.ndarray]:
    """Scores (points,) from the codes and the training errors, beside the measures; controls have a row for each draw."""
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.svm import SVC

    codes, known, errors, draw = subject.codes, subject.training_codes, subject.training_errors, subject.generator()
    low, high = tails(errors, TAIL)
    plane = boundary(known, low, high)
    standard, at = ((values - plane.mean) / plane.scale for values in (known, codes))
    curved = SVC().fit(standard[np.concatenate([low, high])], np.repeat([0, 1], len(low)))
    normals = draw.standard_normal((NORMALS, codes.shape[1]))
    shuffles = [boundary(known, *tails(draw.permutation(errors), TAIL)).side(codes) for _ in range(NORMALS)]
    return {
        "error_regression": KNeighborsRegressor(5).fit(standard, np.log(errors)).predict(at),
        "curved_side": curved.decision_function(at),
        "narrow_side": boundary(known, *tails(errors, NARROW_TAIL)).side(codes),
        "shuffled_side": np.stack(shuffles),
        "random_side": (normals / np.linalg.norm(normals, axis=1, keepdims=True)) @ at.T,
    }


def accuracy(plane: Boundary, codes: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The mean share of the rows `low` below the boundary and of the rows `high` above it."""
    side = plane.side(codes)
    return float(((side[low] < 0).mean() + (side[high] > 0).mean()) / 2)


def boundaries(subject: Subject, labels: np.ndarray) -> dict[str, float]:
    """The `accuracy` at test images of boundaries that were fitted to training images: of error, ink, shuffled error and class.

    Of error and ink the tails have 30 % each; of a class, all images stand against as many others (mean over classes).
    """
    known, codes, draw, errors = subject.training_codes, subject.codes, subject.generator(), subject.column("mse")
    train, train_labels = subject.training.images.numpy(), subject.training.labels.numpy()

    def of(values: np.ndarray, new: np.ndarray) -> float:
        return accuracy(boundary(known, *tails(values, TAIL)), codes, *tails(new, TAIL))

    found = {"error": of(subject.training_errors, errors)}
    found["ink"] = of((train**2).sum(axis=1), (subject.points**2).sum(axis=1))
    shuffled = [of(draw.permutation(subject.training_errors), errors) for _ in range(NORMALS)]
    found["shuffled error"] = float(np.mean(shuffled))
    shares = []
    for label in np.unique(train_labels):
        rows = []
        for own in (train_labels == label, labels == label):
            high, others = np.flatnonzero(own), np.flatnonzero(~own)
            rows.append((draw.choice(others, min(len(high), len(others)), replace=False), high))
        if all(len(side) for pair in rows for side in pair):
            shares.append(accuracy(boundary(known, *rows[0]), codes, *rows[1]))
    return found | {"class": float(np.mean(shares))}


def _scored(subject: Subject) -> Iterator[dict]:
    """Rows of scores, with `ranks`, and `auroc` for the worst tenth."""
    errors = subject.column("mse")
    weights = judging.weightings(len(errors))
    measures = [measure for measure in every("point") if measure.name in LATENT_MEASURES]
    for name, score in (values_at(subject, measures) | other_scores(subject)).items():
        if score.ndim == 2:
            null = [judging.spearman(errors, one, weights[:, :1])[0] for one in score]
            yield {"score": name, "ranks": np.array([np.mean(null), *null])}
        elif np.isfinite(score).all() and np.ptp(score) > max(VARIES * np.abs(score).max(), ROUNDING):
            auroc = float(judging.worst_decile(errors, score, weights[:, :1])[0])
            yield {"score": name, "ranks": judging.spearman(errors, score, weights), "auroc": auroc}


def at_test_images(pair: Pair, data: Dataset, seed: tuple[int, ...] = (0,)) -> Subject:
    """A network at the test images of its data set."""
    return Subject(pair=pair, points=data.test.images.double().numpy(), training=data.train, seed=seed)


def latent_table(run: str = LATENT_RUN) -> pd.DataFrame:
    """All scores and boundaries for the networks of a run, at the depth of its tables.

    Columns: `latent_dim`, `seed`, `score`; Spearman's rho with the error of test images, `spearman`, with its 95 % interval
    `low`, `high`: a bootstrap over images, and for controls the spread over 20 draws; `auroc` for the worst tenth; `accuracy` of
    boundaries. A score that is constant, or undefined at some image, has no row. Rows with -1: mean over networks.
    """
    chosen, rows = runs.read(run), []
    data = chosen.load_dataset()
    for latent_dim, seed in product(chosen.latent_dims, chosen.seeds):
        pair = runs.member(run, chosen.table_depth, latent_dim, seed)
        subject = at_test_images(pair, data, (latent_dim, seed))
        shares = boundaries(subject, data.test.labels.numpy())
        accuracies = [{"score": f"boundary of {name}", "accuracy": share} for name, share in shares.items()]
        rows += [{"latent_dim": latent_dim, "seed": seed} | row for row in [*_scored(subject), *accuracies]]
    return with_mean_network(pd.DataFrame(rows), ["score"])


def flow_rows(data: Dataset, latent_dim: int, seed: int, epochs: int) -> Iterator[dict]:
    """The rows of an injective flow: its scores, and one of `score` "fit" with errors and how far J_L is from the identity."""
    pair: Pair = injective_pair(data.train.images, latent_dim, seed, epochs)  # pyright: ignore[reportAssignmentType]
    subject = at_test_images(pair, data, seed=(latent_dim, seed))
    identity = float((subject.cores.latent - torch.eye(latent_dim)).abs().max())
    fit = {"score": "fit", "train_mse": subject.training_errors.mean(), "test_mse": subject.column("mse").mean()}
    fit |= {"identity": identity, "log_volume": float(np.abs(subject.column("log_volume_input")).mean())}
    yield fit
    yield from _scored(subject)


def flow_table() -> pd.DataFrame:
    """`flow_rows` of the digits, three latent dimensions and three seeds, in the form of `latent_table`."""
    data, rows = runs.read(LATENT_RUN).load_dataset(), []
    for latent_dim, seed in product(FLOW_DIMS, FLOW_SEEDS):
        of_flow = flow_rows(data, latent_dim, seed, FLOW_EPOCHS)
        rows += [{"latent_dim": latent_dim, "seed": seed} | row for row in of_flow]
    return with_mean_network(pd.DataFrame(rows), ["score"])


LATENT = kept.Table("latent", latent_table)
FLOWS = kept.Table("flows", flow_table)


def walk(subject: Subject, normal: np.ndarray, steps: np.ndarray, starts: int = 60) -> pd.DataFrame:
    """Medians over codes of the first test images that are moved along a direction (d,) in standardised units.

    Columns: `step`; `error`, the mean squared error |f(y) - y|^2 / N at the decoded image y; `neighbours`, the 5-NN distance of y.
    """
    known, rows = subject.training_codes, []
    scale, train = known.std(axis=0), subject.training.images.double().numpy()
    with torch.no_grad():
        for step in steps:
            codes = torch.from_numpy(subject.codes[:starts] + step * normal * scale)
            images = deepcopy(subject.pair[1]).double()(codes).numpy()
            rows.append(
                (step, np.median(image_errors(subject.pair, images)), np.median(neighbour_distance(train, images)))
            )
    return pd.DataFrame(rows, columns=["step", "error", "neighbours"])


def verdicts() -> pd.DataFrame:
    """The scores of this page against the error of test images: rank correlation, mean over networks, from the committed tables.

    The interval is a bootstrap over images (200 resamples, the same for all networks).
    """
    known, target = {measure.name: measure for measure in every("point")}, "MSE of test digits"
    networks = [*("turning", "local_dimension", "failure_side"), *OTHER_SCORES]
    networks += ["trace_input", "log_volume_input", "random"]
    flows = ["shrinkage", "trace_input", "log_volume_input", "neighbours", "random"]
    rows = []
    for table, of, scores in ((LATENT, target, networks), (FLOWS, f"{target}, injective flow", flows)):
        means = table.read().set_index(["latent_dim", "score"]).loc[TOGETHER][["spearman", "low", "high"]]
        for name in scores:
            stated = {} if name in known else {"label": OTHER_SCORES[name], "needs": TRAINING}
            rows.append(verdict(known.get(name, name), of, "Spearman", means.loc[name], **stated))
    return pd.DataFrame(rows)
