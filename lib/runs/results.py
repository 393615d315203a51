"""What a run leaves behind, as objects: its summary, a trained member, a member's measurements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from lib import files
from lib.errors import InputError, check_known
from lib.runs import store
from lib.runs.specification import Member, Run, members, read

if TYPE_CHECKING:
    from lib.autoencoders import Pair

TABLES = ("members", "statistics", "histograms", "regressions", "history", "examples")


@dataclass(frozen=True)
class Summary:
    """The summary of a run: one frame a table, a row led by the member's `depth`, `latent_dim` and `seed`.

    `members`: sizes, mean errors, shares of singular, ill-conditioned and non-positive points; `statistics`: count, mean,
    std and quantiles of every quantity by space, split and label; `histograms`: counts by bin; `regressions`: the
    coefficients of equations 6 and 7; `history`: errors by epoch; `examples`: a test image a class, and its
    reconstruction. Label -1 stands for all classes together. `provenance`: of the first member.
    """

    run: Run
    image_shape: tuple[int, ...]
    provenance: dict
    members: pd.DataFrame
    statistics: pd.DataFrame
    histograms: pd.DataFrame
    regressions: pd.DataFrame
    history: pd.DataFrame
    examples: pd.DataFrame


def ensure(name: str) -> None:
    """Train and measure whatever is missing of a run; instant when nothing is."""
    run = read(name)
    if store.missing(run, members(run)):
        from lib.runs.execution import execute  # torch and all the rest: only where there is something to do

        execute(run)


def listed(names: Sequence[str] | str) -> list[str]:
    """The runs of a page's parameter: a list of names, or its text, which is how `papermill -p` hands over a list."""
    values = yaml.safe_load(names) if isinstance(names, str) else names
    return [values] if isinstance(values, str) else list(values)


def summary(name: str) -> Summary:
    """The summary of a run, computed first where it is not there."""
    ensure(name)
    run = read(name)
    contents = [store.load_summary(store.summary_path(run, member)) for member in members(run)]
    frames = {
        table: _frame([(content["member"], content["tables"][table]) for content in contents]) for table in TABLES
    }
    return Summary(run, tuple(contents[0]["image_shape"]), contents[0]["provenance"], **frames)


def _frame(tables: Sequence[tuple[dict[str, int], dict]]) -> pd.DataFrame:
    """One frame of a table of several members, each row led by its member's depth, latent_dim and seed."""
    frames = [pd.DataFrame(table) for _, table in tables]
    for (member, _), own in zip(tables, frames, strict=True):
        for position, (key, value) in enumerate(member.items()):
            own.insert(position, key, value)
    return pd.concat([own for own in frames if len(own)], ignore_index=True) if any(map(len, frames)) else frames[0]


def summary_digest(name: str) -> str:
    """What a page that reads this run depends on: its specification, and the checksums of the summaries that are there."""
    run = read(name)
    paths = [store.summary_path(run, member) for member in members(run)]
    return files.digest([run.digest, run.table_depth, [files.sha256(path) if path.exists() else "" for path in paths]])


def _member_of(run: Run, depth: int, latent_dim: int, seed: int) -> Member:
    check_known(f"depth of run {run.name}", depth, run.depths)
    check_known(f"latent dimension of run {run.name}", latent_dim, run.latent_dims)
    check_known(f"seed of run {run.name}", seed, run.seeds)
    return Member(depth, latent_dim, seed)


def member(name: str, depth: int, latent_dim: int, seed: int = 0) -> "Pair":
    """A trained member as a plain `nn.Sequential` pair, float32, trained first where it is not there."""
    run = read(name)
    wanted = _member_of(run, depth, latent_dim, seed)
    _ensure_artifacts(run, wanted)
    from lib.runs.weights import load_weights

    return load_weights(store.weights_path(run, wanted))[0]


def measurements(name: str, depth: int, latent_dim: int, seed: int = 0) -> pd.DataFrame:
    """A member's per-point table (`lib.measurements.measure`), computed first where it is not there."""
    run = read(name)
    wanted = _member_of(run, depth, latent_dim, seed)
    _ensure_artifacts(run, wanted)
    return store.load_points(store.points_path(run, wanted)).to_pandas()


def _ensure_artifacts(run: Run, wanted: Member) -> None:
    if run.kept and not store.weights_path(run, wanted).exists():
        raise InputError(
            f"The weights of {wanted.name} of run {run.name} are not on this machine (only its summary is kept); "
            f"make them with: python -m lib run {run.name} --only n={wanted.depth},d={wanted.latent_dim}"
        )
    from lib.runs.execution import execute

    execute(run, {"n": [wanted.depth], "d": [wanted.latent_dim], "seed": [wanted.seed]})
