r"""Point measures on the networks of a run: the tournament of predictors, and the detection of strange images.

Where the networks are at hand, every measure is computed; for a committed run, those that follow from the sample in its
summary.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from lib import runs
from lib.analysis import comparisons
from lib.base.errors import InputError
from lib.measures import judging
from lib.measures.protocol import Measure, Subject, every, values_at
from lib.measures.reconstruction import reconstructed
from lib.measures.summaries import sampled_rows
from lib.runs import Member, Run, Summary, attached, evenly_spaced, reference_members
from lib.training import corruptions
from lib.training.autoencoders import Pair, build
from lib.training.datasets import Dataset

MOST_DIMS = 7  # latent dimensions of a tournament


def members_at(run: Run, dims: Sequence[int]) -> list[Member]:
    """Members at the depth of the tables and the first seed, for the latent dimensions among `dims`, or else the largest."""
    chosen = [d for d in run.latent_dims if d in dims] or [max(run.latent_dims)]
    return [Member(run.table_depth, d, run.seeds[0]) for d in chosen]


# --- scores at points ----------------------------------------------------------------------------------------------


def at_images(
    pair: Pair, images: np.ndarray, labels: np.ndarray, dataset: Dataset, measures: Collection[Measure] | None = None
) -> pd.DataFrame:
    """Any images (points, N), a row each: `label`, and the `measures`, by default all of points but the variance over seeds."""
    subject = Subject(pair=pair, points=images, training=dataset.train)
    return pd.DataFrame({"label": labels}).assign(**values_at(subject, measures or every("point")))


def at_points(
    name: str, member: Member, split: str = "test", measures: Collection[Measure] | None = None
) -> pd.DataFrame:
    """The per-point table of one split of a member, with the `measures`, by default all of points; its network must be at hand.

    The variance over seeds, of all networks at that depth and d, needs a run with several seeds.
    """
    points, subject = _at_hand(name, member, split)
    return points.assign(**values_at(subject, measures or every("point")))


def _at_hand(name: str, member: Member, split: str = "test") -> tuple[pd.DataFrame, Subject]:
    run, dataset = runs.read(name), runs.read(name).load_dataset()
    keys = (member.depth, member.latent_dim)
    points = runs.measurements(name, *keys, member.seed)
    points = points[points["test"] == (split == "test")].reset_index(drop=True)

    def networks() -> list[Pair]:
        return [runs.member(name, *keys, seed) for seed in run.seeds]

    subject = Subject(
        pair=lambda: runs.member(name, *keys, member.seed),
        points=getattr(dataset, split).images.numpy(),
        training=dataset.train,
        labels=dataset.train.labels.numpy(),
        initial=lambda: build(run.widths(member, dataset.input_dim), member.seed, run.initialisation, run.output),
        seeds=networks if len(run.seeds) > 1 else None,
        history=lambda: runs.select_rows(runs.summary(name).history, **vars(member)),
        kept=points,
        seed=(member.latent_dim, member.seed),
    )
    return points, subject


# --- the tournament ------------------------------------------------------------------------------------------------


def subject_of(summary: Summary, member: Member) -> tuple[pd.DataFrame, Subject]:
    """The test points of a member and what measures may look at; of a committed run, the sample in its summary and what
    `keep_scores` has kept beside it alone."""
    if not summary.run.committed:
        return _at_hand(summary.run.name, member)
    points = runs.select_rows(summary.sample, **vars(member), test=1).reset_index(drop=True)
    kept = attached.load_attached(runs.read(summary.run.name), member, SCORES_KEPT)
    values = {} if kept is None else {name: rows["value"].to_numpy() for name, rows in kept.groupby("measure")}
    return points, Subject(kept=points, values=values, seed=(member.latent_dim, member.seed))


SCORES_KEPT = attached.Kind("scores", {"measure": str, "value": float}, ("lib.analysis.tournament",))


def keep_scores(name: str) -> list[int]:
    """Compute the scores that the sample of a committed run lacks, at its test points, and keep them beside the summaries.

    Those that are kept already stay as they are; a new measure is added to them. For the members of a `tournament` whose
    weights are on this machine; those that need other seeds where networks of a run that differs in its seeds alone are
    there, too. Returns the latent dimensions that have the scores.
    """
    summary, found = runs.summary(name), []
    run = runs.read(name)
    for latent_dim in evenly_spaced(summary.run.latent_dims, MOST_DIMS):
        member = Member(run.table_depth, latent_dim, run.seeds[0])
        completed, whole = partial(_completed_scores, summary, member), partial(_lacks_none, summary, member)
        rows = attached.load_or_compute(run, member, SCORES_KEPT, completed, whole)
        found += [latent_dim] if rows is not None else []
    return found


def _lacking(summary: Summary, member: Member) -> list[Measure]:
    """The scores that follow neither from a member's sample nor are kept beside it."""
    known = values_at(subject_of(summary, member)[1], judging.SCORES.values())
    return [score for key, score in judging.SCORES.items() if key not in known]


def _lacks_none(summary: Summary, member: Member, kept: pd.DataFrame) -> bool:
    return not _lacking(summary, member)


def _completed_scores(summary: Summary, member: Member, dataset: Dataset) -> pd.DataFrame:
    """The scores kept for a member, and those that its sample still lacks."""
    points, _ = subject_of(summary, member)
    test = np.arange(len(dataset.train) + len(dataset.test)) >= len(dataset.train)
    rows = sampled_rows(test)[-len(points) :] - len(dataset.train)
    networks = _of_all_seeds(summary.run, member)
    subject = Subject(
        pair=networks[0],
        points=dataset.test.images.numpy()[rows],
        training=dataset.train,
        labels=dataset.train.labels.numpy(),
        seeds=networks if len(networks) > 1 else None,
        seed=(member.latent_dim, member.seed),
    )
    kept = attached.load_attached(runs.read(summary.run.name), member, SCORES_KEPT)
    values = values_at(subject, _lacking(summary, member))
    digits = {key: [float(f"{value:.6g}") for value in each] for key, each in values.items()}
    return pd.concat([kept, pd.DataFrame(digits).melt(var_name="measure")], ignore_index=True)


def _of_all_seeds(run: Run, member: Member) -> list[Pair]:
    """A member's network, and those of the runs that differ in their seeds alone, where their weights are on this machine."""
    networks = [runs.member(run.name, *vars(member).values())]
    for other in map(runs.read, runs.names()):
        with suppress(InputError):  # it differs in more than its seeds, or has no weights here
            if other.committed and member.latent_dim in comparisons.shared_dims([run, other]):
                keys = (other.name, member.depth, member.latent_dim)
                networks += [runs.member(*keys, seed) for seed in other.seeds]
    return networks


def points_to_evaluate(summary: Summary, member: Member) -> pd.DataFrame:
    """The test points of a member with all scores available (`subject_of`)."""
    points, subject = subject_of(summary, member)
    return points.assign(**values_at(subject, every("point")))


def evaluate_scores(points: pd.DataFrame) -> pd.DataFrame:
    """A row a score that the table has: `lib.measures.judging.judge` and `gain` of it for the points' `mse`.

    A score that is constant here, or has too few points, has no row; one that the regression holds fixed, no gain.
    """
    covariates = {"class": points["label"].to_numpy(), "ink": points["ink"].to_numpy(dtype=np.float64)}
    covariates |= {"norm": np.sqrt(covariates["ink"]), "neighbours": points["neighbours"].to_numpy()}
    error, rows = points["mse"].to_numpy(), []
    for name in judging.SCORES:
        if name not in points:
            continue
        score = points[name].to_numpy()
        try:
            row = {"score": name} | judging.judge(error, score)
        except InputError:
            continue
        with suppress(InputError):
            row |= {} if name in judging.HELD else judging.gain(error, score, covariates)
        rows.append(row)
    if not rows:
        raise InputError(
            f"No score can be judged on these {len(points)} points; give more points, or errors that vary."
        )
    return pd.DataFrame(rows)


def tournament(summary: Summary, most: int = MOST_DIMS) -> pd.DataFrame:
    """`evaluate_scores` at the test points of members of the tables' depth, at `most` latent dimensions and every seed.

    Led by `latent_dim` and `seed`; p-values are adjusted by Holm's method over all rows.
    """
    run, frames = summary.run, []
    for latent_dim in evenly_spaced(run.latent_dims, most):
        for seed in run.seeds:
            rows = evaluate_scores(points_to_evaluate(summary, Member(run.table_depth, latent_dim, seed)))
            frames.append(rows.assign(latent_dim=latent_dim, seed=seed))
    return judging.holm(pd.concat(frames, ignore_index=True))


def shifted_tournament(name: str, member: Member, strength: float) -> pd.DataFrame:
    """`evaluate_scores` at a member's test points as they are, at each kind of `lib.training.corruptions.changed` of them, and at
    all together.

    Led by `set`: "test", "rotated", ..., "all". Holm's method goes over all rows.
    """
    dataset = runs.read(name).load_dataset()
    images, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    pair = runs.member(name, member.depth, member.latent_dim, member.seed)
    sets = {"test": images} | corruptions.changed(images, dataset.image_shape, strength)
    tables = {key: at_images(pair, changed, labels, dataset) for key, changed in sets.items()}
    tables["all"] = pd.concat(tables.values(), ignore_index=True)
    return judging.holm(pd.concat([evaluate_scores(points).assign(set=key) for key, points in tables.items()]))


def best(rows: pd.DataFrame, *needs: str) -> tuple[str, float]:
    """The label of the best score, by the mean of Spearman's rho over the members, and this mean.

    Scores that see the error are left out, those that some members lack, and, where `needs` are given, those with another
    scarcest need.
    """
    entrants = [
        name
        for name, score in judging.SCORES.items()
        if not score.sees_error and (not needs or score.scarcest in needs)
    ]
    known = rows[rows["score"].isin(entrants)].groupby("score", sort=False)["spearman"].agg(["mean", "size"])
    means = known.loc[known["size"] == known["size"].max(), "mean"]
    name = str(means.idxmax())
    return judging.SCORES[name].label, float(means[name])


# --- detection -----------------------------------------------------------------------------------------------------


def detection(name: str, member: Member, sets: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How far images lie from the test points, by each of `lib.measures.judging.DETECTORS`, and how well it tells them apart.

    `sets`: images (points, N) by name. A row a set and detector: `effect`, the difference of the means in standard
    deviations of the test points, and `auroc` with its band; a two-sided detector is judged by the distance from the
    median of the training points, a log volume that does not exist being infinitely far. `below`: the AUROC of a low value,
    whichever the detector. One that does not vary over the test points has no row.
    """
    dataset = runs.read(name).load_dataset()
    pair = runs.member(name, member.depth, member.latent_dim, member.seed)
    detectors = judging.DETECTORS.values()  # alone: others take minutes over all training images of MNIST
    train, test = (at_points(name, member, split, detectors) for split in ("train", "test"))
    images = np.concatenate(list(sets.values()))
    strange = at_images(pair, images, np.zeros(len(images), dtype=np.int64), dataset, detectors)
    owner = np.repeat(list(sets), [len(images_of_set) for images_of_set in sets.values()])
    rows = []
    for key in sets:
        points = strange.loc[owner == key]
        for detector, measure in judging.DETECTORS.items():
            inside, outside, known = (table[detector].to_numpy(np.float64) for table in (test, points, train))
            if np.unique(inside[~np.isnan(inside)]).size < 2:
                continue
            effect = (np.nanmean(outside) - np.nanmean(inside)) / np.nanstd(inside)
            median = np.nanmedian(known) if measure.two_sided else 0.0
            scores = (np.nan_to_num(np.abs(values - median), nan=np.inf) for values in (inside, outside))
            low = stats.mannwhitneyu(*(np.nan_to_num(-values, nan=np.inf) for values in (outside, inside)))[0]
            below = float(low) / (len(inside) * len(outside))
            row = {"set": key, "detector": detector, "effect": float(effect), "below": below}
            rows.append(row | judging.detect(*scores))
    return pd.DataFrame(rows)


SHIFTS = attached.Kind(
    "shifts",
    {"set": str, "detector": str} | dict.fromkeys(("effect", "below", "auroc", "auroc_low", "auroc_high"), float),
    ("lib.analysis.tournament",),
)


def detection_by_dim(name: str, compute: bool = False, count: int = 200) -> dict[int, pd.DataFrame]:
    """`detection` of the sets of `lib.training.corruptions.out_of_distribution`, by latent dimension, for the reference
    members (`lib.runs.reference_members`) of a committed run.

    As committed; with `compute`, missing rows are computed and kept where the weights are on this machine. Members
    without rows are left out.
    """
    run = runs.read(name)

    def at_strange_images(member: Member, data: Dataset) -> pd.DataFrame:
        sides = (side.images.numpy() for side in (data.train, data.test))
        return detection(name, member, corruptions.out_of_distribution(*sides, data.image_shape, count))

    by_dim = {}
    for member in reference_members(run):
        if compute:
            rows = attached.load_or_compute(run, member, SHIFTS, partial(at_strange_images, member))
        else:
            rows = attached.load_attached(run, member, SHIFTS)
        if rows is not None:
            by_dim[member.latent_dim] = rows
    return by_dim


def over_sets(rows: pd.DataFrame, either_way: bool = False) -> pd.DataFrame:
    """Over the sets of a `detection`, for each detector: the `median` and the `least` AUROC, and the `hardest` set.

    `either_way`: each set is judged by large or by small values, whichever tells it better.
    """
    auroc = rows[["auroc", "below"]].max(axis=1) if either_way else rows["auroc"]
    groups = auroc.set_axis(rows["set"]).groupby(rows["detector"].to_numpy())
    found = pd.DataFrame({"median": groups.median(), "least": groups.min(), "hardest": groups.idxmin()})
    return found.reindex([name for name in judging.DETECTORS if name in found.index])


def eigenvalues_win(networks: Collection[pd.DataFrame], either_way: bool = False) -> pd.Series:
    """For each detector, the number of networks (`detection`) where J_I's better one, trace or log volume, has a larger
    least AUROC over the sets. `either_way` concerns the other detectors: trace and volume are two-sided.
    """
    ours = [over_sets(rows)["least"].reindex(["trace_input", "log_volume_input"]).max() for rows in networks]
    theirs = pd.DataFrame([over_sets(rows, either_way)["least"] for rows in networks])
    return theirs.lt(ours, axis=0).sum()


def reconstruction_agreement(name: str, members: Sequence[Member], sets: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Whether members see the same images (points, N) alike, a row a set and pair of members, `first` and `second`.

    `spearman`: rank correlation of their errors; `apart`: root mean square difference of their reconstructions, a pixel;
    `error`: the root mean square error of the two, a pixel.
    """
    rows = []
    pairs = {member.name: runs.member(name, member.depth, member.latent_dim, member.seed) for member in members}
    for key, images in sets.items():
        outputs = {member: reconstructed(pair, images) for member, pair in pairs.items()}
        errors = {member: ((output - images) ** 2).mean(axis=1) for member, output in outputs.items()}
        for first, second in combinations(pairs, 2):
            rank = float(stats.spearmanr(errors[first], errors[second])[0])
            apart = float(np.sqrt(((outputs[first] - outputs[second]) ** 2).mean()))
            both = float(np.sqrt((errors[first].mean() + errors[second].mean()) / 2))
            rows.append((key, first, second, rank, apart, both))
    return pd.DataFrame(rows, columns=["set", "first", "second", "spearman", "apart", "error"])
