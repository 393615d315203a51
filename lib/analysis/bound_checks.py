"""The statements of `lib.geometry.bounds`, checked on the members of a run."""

from pathlib import Path

import pandas as pd
import torch

from lib.base import files
from lib.base.digests import code_digest
from lib.base.errors import InputError
from lib.geometry import bounds
from lib.runs import store
from lib.runs.execution import only_process
from lib.runs.neighbours import neighbours
from lib.runs.results import member as trained
from lib.runs.specification import Member, Run, read, reference_members
from lib.training.weights import load_weights

MOST_POINTS = 10_000  # a data set of more is checked at its test points only
COLUMNS = dict.fromkeys(("statement", "kind"), str)
COLUMNS |= dict.fromkeys(("points", "applies", "violations", "broken_without"), int)
COLUMNS |= dict.fromkeys(("largest_error", "tightness_q05", "tightness_median", "tightness_q95", "vacuous"), float)
CHECKED_BY = (*store.TRAINED_BY, "lib.geometry.bounds", "lib.measures.baselines")


def bound_checks(name: str) -> pd.DataFrame:
    """One row a checked member and statement (`lib.geometry.bounds.table`), led by `latent_dim` and the numbers of
    points and of checks.

    Computed where it is not there yet; of a kept run, the members that are there. `InputError` where there is none, and
    for networks that are no chains of affine maps and ReLUs.
    """
    run = read(name)
    if run.output != "affine":
        raise InputError(
            f"The networks of run {name} end in a {run.output} function; the statements are proved of affine maps and ReLUs: "
            "choose a run with an affine output."
        )
    frames, chosen = [], reference_members(run)
    for member in chosen:
        path = store.attached_path(run, member, "bounds")
        if not _stands(run, path):
            if run.committed and not store.weights_path(run, member).exists():
                continue
            trained(run.name, member.depth, member.latent_dim, member.seed)
            _check(run, member)
        tables = store.load_summary(path)["tables"]
        try:
            rows = pd.DataFrame(tables["bounds"])[list(COLUMNS)].astype(COLUMNS)
        except (KeyError, TypeError, ArithmeticError, AttributeError, ValueError) as error:
            raise files.corrupt_file_error(path, error) from error
        rows.insert(0, "latent_dim", member.latent_dim)
        frames.append(rows)
    if not frames:
        raise InputError(
            f"Run {name} has no bound checks yet, and no weights; make some with: {store.recompute_command(run, chosen[0])}."
        )
    return pd.concat(frames, ignore_index=True)


def _stands(run: Run, path: Path) -> bool:
    if not path.exists():
        return False
    content = store.load_summary(path)
    return content["run"] == run.digest and (run.committed or content["code"] == code_digest(CHECKED_BY))


def _check(run: Run, member: Member) -> None:
    """Check every statement at the points of a member, and write the table; of two processes one does it."""
    path = store.attached_path(run, member, "bounds")
    with only_process(run):
        if not _stands(run, path):
            _evaluate(run, member, path)


def _evaluate(run: Run, member: Member, path: Path) -> None:
    encoder, decoder = (module.double() for module in load_weights(store.weights_path(run, member))[0])
    x, anchors = points_and_anchors(run)
    rows = bounds.table(bounds.evaluate(encoder, decoder, x, anchors, member.seed))
    content = {"run": run.digest, "code": code_digest(CHECKED_BY), "tables": {"bounds": rows}}
    files.write(path, store.encoded_summary(content))


def points_and_anchors(run: Run) -> tuple[torch.Tensor, torch.Tensor]:
    """The points (P, N), float64, that a run's members are checked at, and of each the nearest other training point."""
    dataset = run.load_dataset()
    train, test = dataset.train.images.double(), dataset.test.images.double()
    anchors = train[torch.tensor(neighbours(dataset)["nearest"])]
    if len(train) + len(test) > MOST_POINTS:
        return test, anchors[len(train) :]
    return torch.cat([train, test]), anchors


def report(name: str, as_json: bool = False) -> str:
    """The checks as text for a terminal, or as JSON (a list of objects, one a member and statement)."""
    rows = bound_checks(name)
    if as_json:
        return store.json_text(rows.astype(object).where(rows.notna(), None).to_dict("records"))
    shown = rows[["latent_dim", "statement", "points", "applies", "violations", "tightness_median", "vacuous"]]
    total, violations = int(rows["applies"].sum()), int(rows["violations"].sum())
    return f"{shown.to_string(index=False, na_rep='', float_format='{:.3g}'.format)}\n\n{violations} violations in {total} checks."
