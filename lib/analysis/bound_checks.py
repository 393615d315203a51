"""The statements of `lib.geometry.bounds`, checked on the members of a run."""

from functools import partial

import pandas as pd
import torch

from lib.base.errors import InputError
from lib.geometry import bounds
from lib.runs import attached, store
from lib.runs.specification import Member, Run, read, reference_members
from lib.training.datasets import Dataset
from lib.training.weights import load_weights

MOST_POINTS = 10_000  # a data set of more is checked at its test points only
CHECK_COLUMNS = dict.fromkeys(("statement", "kind"), str)
CHECK_COLUMNS |= dict.fromkeys(("points", "applies", "violations", "broken_without"), int)
CHECK_COLUMNS |= dict.fromkeys(
    ("largest_error", "tightness_q05", "tightness_median", "tightness_q95", "vacuous"), float
)
CHECKED_BY = (*store.TRAINED_BY, "lib.geometry.bounds", "lib.measures.baselines")
BOUNDS = attached.Kind("bounds", CHECK_COLUMNS, CHECKED_BY)


def bound_checks(name: str) -> pd.DataFrame:
    """The checks of a run's reference members (`lib.runs.reference_members`), one row per member and statement.

    The rows of `lib.geometry.bounds.statement_table`, led by `latent_dim`. Computed where they are missing; members of a committed
    run that have neither checks nor weights are left out. Raises `InputError` where no member is left, and for networks
    that are not chains of affine maps and ReLUs.
    """
    run = read(name)
    if run.output != "affine":
        raise InputError(
            f"The networks of run {name} end in a {run.output} function; the statements are proved of affine maps and ReLUs: "
            "choose a run with an affine output."
        )
    frames, chosen = [], reference_members(run)
    for member in chosen:
        rows = attached.load_or_compute(run, member, BOUNDS, partial(_evaluate, run, member))
        if rows is not None:
            rows.insert(0, "latent_dim", member.latent_dim)
            frames.append(rows)
    if not frames:
        raise InputError(
            f"Run {name} has no bound checks yet, and no weights; make some with: {store.recompute_command(run, chosen[0])}."
        )
    return pd.concat(frames, ignore_index=True)


def check_totals(rows: pd.DataFrame) -> dict[str, int]:
    """The extent of the checks of several runs; `rows`: frames of `bound_checks`, led by `run`.

    The numbers of `statements`, of `pairs` of a point and a network, of `checks` (points at which the assumption of a statement
    holds), and of `violations`.
    """
    points = rows.groupby(["run", "latent_dim"])["points"].max()
    return {
        "statements": rows["statement"].nunique(),
        "pairs": int(points.sum()),
        "checks": int(rows["applies"].sum()),
        "violations": int(rows["violations"].sum()),
    }


def _evaluate(run: Run, member: Member, dataset: Dataset) -> pd.DataFrame:
    encoder, decoder = (module.double() for module in load_weights(store.weights_path(run, member))[0])
    x, anchors = points_and_anchors(dataset)
    return pd.DataFrame(bounds.statement_table(bounds.evaluate(encoder, decoder, x, anchors, member.seed)))


def points_and_anchors(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """The points (P, N), float64, at which a run's members are checked, and the nearest other training point of each (P, N)."""
    train, test = dataset.train.images.double(), dataset.test.images.double()
    anchors = train[torch.tensor(store.stored_neighbours(dataset)["nearest"])]
    if len(train) + len(test) > MOST_POINTS:
        return test, anchors[len(train) :]
    return torch.cat([train, test]), anchors


def bound_report(name: str, as_json: bool = False) -> str:
    """The checks as text for a terminal, or as JSON: a list of objects, one per member and statement."""
    rows = bound_checks(name)
    if as_json:
        return store.json_text(rows.astype(object).where(rows.notna(), None).to_dict("records"))
    shown = rows[["latent_dim", "statement", "points", "applies", "violations", "tightness_median", "vacuous"]]
    total, violations = int(rows["applies"].sum()), int(rows["violations"].sum())
    return f"{shown.to_string(index=False, na_rep='', float_format='{:.3g}'.format)}\n\n{violations} violations in {total} checks."
