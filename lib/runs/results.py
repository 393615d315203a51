"""What a run leaves behind, as objects: its summary, a trained member, a member's measurements."""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.base import documents, files
from lib.base.digests import code_digest
from lib.base.errors import InputError, check_known
from lib.base.usercode import reason
from lib.runs import store
from lib.runs.specification import Member, Run, members, read
from lib.runs.specification import names as every

if TYPE_CHECKING:
    from lib.training.autoencoders import Pair


@dataclass(frozen=True)
class Summary:
    """The summary of a run: tables with one block of rows per member, led by its `depth`, `latent_dim` and `seed`.

    `run` is the finished part of the run: of a committed run that is still being computed, the latent dimensions with
    all seeds at the tables' depth, and the depths that have all of these. `absent`: the number of the run's members
    outside this part. `provenance`: that of the first member. Label -1 stands for all classes together. The tables are
    computed by `lib.measures.summaries`.
    """

    run: Run
    absent: int
    image_shape: tuple[int, ...]
    provenance: dict
    members: pd.DataFrame  # sizes, mean errors, shares of singular, ill-conditioned and non-positive points
    statistics: pd.DataFrame  # count, mean, std and quantiles of every quantity by space, split and label
    histograms: pd.DataFrame  # counts of the arguments of the eigenvalues, an array of bins
    regressions: pd.DataFrame  # the coefficients of equations 6 and 7
    controls: pd.DataFrame  # their slopes with class, ink and more held fixed
    sample: pd.DataFrame  # some of the points
    history: pd.DataFrame  # errors by epoch
    examples: pd.DataFrame  # one test image per class, and its reconstruction
    progress_statistics: pd.DataFrame  # the first of these tables at the run's snapshots
    progress_histograms: pd.DataFrame
    progress_regressions: pd.DataFrame


TABLES = tuple(field.name for field in fields(Summary) if field.type is pd.DataFrame)


def ensure(name: str) -> None:
    """Train and measure whatever is missing of a run; instant when nothing is. A committed run is taken as it is."""
    _ensure(read(name))


def _ensure(run: Run) -> None:
    if not run.committed and store.missing(run, members(run)):
        from lib.runs.execution import execute  # torch and all the rest: only where there is something to do

        execute(run)


def _standing(run: Run) -> dict[Member, dict[str, Any]]:
    """The valid summaries of a run that are there."""
    found = {member: store.load_valid_summary(run, member) for member in members(run)}
    return {member: content for member, content in found.items() if content is not None}


def _finished_part(run: Run, there: Collection[Member]) -> Run:
    """The part of a run that is there, as a grid: its latent dimensions at the tables' depth, and the depths that have all of them.

    Raises `InputError` where no member of the tables' depth is there.
    """

    def complete(depth: int, latent_dim: int) -> bool:
        return all(Member(depth, latent_dim, seed) in there for seed in run.seeds)

    dims = tuple(d for d in run.latent_dims if complete(run.table_depth, d))
    if not dims and (lost := store.diverged(run)):
        raise InputError(
            f"Run {run.name} has no results at the depth of its tables: {store.diverged_sentence(run, lost)}"
        )
    if not dims:
        raise InputError(
            f"Run {run.name} has no results yet at the depth of its tables, {run.table_depth}; compute them with: "
            f"python -m lib run {run.name} --only n={run.table_depth}"
        )
    depths = tuple(n for n in run.depths if all(complete(n, d) for d in dims))
    return replace(run, latent_dims=dims, depths=depths)


# Lists of runs that the parameters of pages name for short. A variant of a run differs from it in one setting.
GROUPS: dict[str, tuple[str, ...]] = {
    "variants of mnist-300": (
        *("mnist-geometric", "mnist-narrow", "mnist-he", "mnist-sigmoid", "mnist-batch-64"),
        *("mnist-rate-low", "mnist-decay"),
    ),
    "variants of mnist-100": (
        *("mnist-60-linear", "mnist-60-constant", "mnist-60-he", "mnist-60-affine", "mnist-60-batch-128"),
        *("mnist-60-batch-512", "mnist-60-rate-high", "mnist-60-rate-low"),
    ),
    "larger batches": ("mnist-512", "mnist-512-he", "mnist-512-constant"),
}


def parse_names(names: Sequence[str] | str) -> list[str]:
    """The runs of a page's parameter: a list of names, or its text, which is how `papermill -p` hands over a list.

    The names of `GROUPS` stand for the runs listed there.
    """
    values = documents.parse(names, "The list of names") if isinstance(names, str) else names
    values = [values] if isinstance(values, str) else list(values) if isinstance(values, Sequence) else [None]
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{names!r} is no list of names; write it as ['digits'].")
    return [run for value in values for run in GROUPS.get(value, (value,))]


def first_trainable(names: Sequence[str] | str) -> str:
    """The first of these runs whose networks a page can train if need be: one that is not kept; else the first."""
    chosen = parse_names(names)
    return next((name for name in chosen if not read(name).committed), chosen[0])


def piecewise_affine(names: Sequence[str] | str) -> list[str]:
    """Those of these runs whose networks are chains of affine maps and ReLUs, of which alone some statements are proved.

    Raises `InputError` where none is.
    """
    given = parse_names(names)
    there = [name for name in given if read(name).output == "affine"]
    if not there:
        raise InputError(f"No run with an affine output in {', '.join(given)}; name one, such as digits, beside them.")
    return there


def with_snapshots(names: Sequence[str] | str) -> list[str]:
    """The runs that a page on training can show for these: each that has snapshots, or else its companion NAME-training.

    Raises `InputError` where none has either.
    """
    given = parse_names(names)
    wanted = [name if read(name).snapshots else f"{name}-training" for name in given]
    there = [name for name in dict.fromkeys(wanted) if name in every()]
    if not there:
        raise InputError(f"No snapshots in {', '.join(given)}; add `snapshots: [0, 1, 10]` to runs/{given[0]}.yml.")
    return there


def summary(name: str) -> Summary:
    """The summary of a run, computed first where it is not there (a committed run: of what is there)."""
    return summary_of(read(name))


def summary_of(run: Run) -> Summary:
    """`summary` of a run that need have no file in runs/. The tables are the caller's own, to change at will."""
    specification = (repr(run), run.digest, code_digest(store.TRAINED_BY + store.MEASURED_BY))
    held = _held.get((*specification, *_checksums(run)))
    if held is None:
        held = _loaded(run)
        _held[*specification, *_checksums(run)] = held  # with the files as they are now: some may just have been made
    return replace(held, **{table: getattr(held, table).copy() for table in TABLES})


_held: dict[tuple[str, ...], Summary] = {}  # by all that they follow from


def _checksums(run: Run) -> list[str]:
    """SHA-256 of the summaries of a run's members; empty where there is none."""
    paths = [store.summary_path(run, member) for member in members(run)]
    return [store.checksum(path) if path.exists() else "" for path in paths]


def _loaded(run: Run) -> Summary:
    there = _standing(run)
    if not run.committed and len(there) < len(members(run)):
        _ensure(run)
        there = _standing(run)
    part = _finished_part(run, there)
    contents = [there[member] for member in members(part)]
    try:
        frames = {
            table: _frame([(content["member"], content["tables"].get(table, {})) for content in contents])
            for table in TABLES
        }
        for column in ("original", "reconstruction"):
            frames["examples"][column] = frames["examples"][column].map(_pixels)
    except (KeyError, TypeError, ValueError) as error:
        folder = store.summary_path(run, members(part)[0]).parent
        raise files.corrupt_file_error(
            folder, f"the tables of its summaries do not fit together: {reason(error)}"
        ) from error
    absent = len(members(run)) - len(contents)
    return Summary(part, absent, tuple(contents[0]["image_shape"]), contents[0]["provenance"], **frames)


def select_rows(rows: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    """The rows of a summary's table with these numbers and texts in these columns, such as `space="input", label=-1`."""
    places = np.arange(len(rows))
    for key, value in keys.items():
        places = places[rows[key].to_numpy()[places] == value]
    return rows.iloc[places]


def evenly_spaced(values: Sequence[int], count: int) -> list[int]:
    """At most `count` of the values, the smallest and the largest among them, evenly spread over their places.

    >>> evenly_spaced([2, 3, 4, 5, 6, 7, 8], 4)
    [2, 4, 6, 8]
    """
    values = sorted(values)
    return [values[place] for place in sorted({round(float(one)) for one in np.linspace(0, len(values) - 1, count)})]


def _frame(tables: Sequence[tuple[dict[str, int], dict[str, list]]]) -> pd.DataFrame:
    """One frame of a table of several members, each row led by its member's depth, latent_dim and seed."""
    columns: dict[str, list] = {}
    for member, table in tables:
        rows = len(next(iter(table.values()), []))
        for name, values in ({key: [value] * rows for key, value in member.items()} | table).items():
            columns.setdefault(name, []).extend(values)
    # From lists a third of the time of pandas. In one thread: a process of others could not be forked.
    frame = pa.table(columns).to_pandas(use_threads=False)
    # A column of None alone, such as an interval that no network has, would be no number to pandas.
    return frame.astype(dict.fromkeys(frame.columns[frame.isna().all()], float))


def _pixels(text: str) -> np.ndarray:
    """An example's image (N,), in [0, 1], from the bytes in base 64 that `lib.measures.summaries.examples` makes of it."""
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8) / 255


def summary_digest(name: str) -> str:
    """The digest of all that a page on this run depends on: its specification, and the checksums of its results.

    Attached results count for a committed run; for any other run they follow from the summaries and the code.
    """
    run = read(name)
    attached = {path.name: files.sha256(path) for path in (store.attached_paths(run) if run.committed else [])}
    return files.digest([run.digest, run.table_depth, _checksums(run), attached])


def summary_files(name: str) -> list[Path]:
    """The files of a run's results: the members' summaries, the results attached to them, and the manifest."""
    run = read(name)
    paths = [store.summary_path(run, member) for member in members(run)]
    paths = [*paths, *store.attached_paths(run), paths[0].with_name("manifest.json")]
    return [path for path in paths if path.exists()]


def missing_reason(name: str) -> str | None:
    """Why a committed run cannot be shown: it has no results, or a damaged file; None where it can, and for any other run."""
    run = read(name)
    if not run.committed:
        return None
    try:
        _finished_part(run, _standing(run))
        for path in store.attached_paths(run):
            store.load_summary(path)
    except InputError as error:
        return str(error)
    return None


def _member_of(run: Run, depth: int, latent_dim: int, seed: int) -> Member:
    check_known(f"depth of run {run.name}", depth, run.depths)
    check_known(f"latent dimension of run {run.name}", latent_dim, run.latent_dims)
    check_known(f"seed of run {run.name}", seed, run.seeds)
    return Member(depth, latent_dim, seed)


def member(name: str, depth: int, latent_dim: int, seed: int = 0, epoch: int | None = None) -> "Pair":
    """A trained member as a plain `nn.Sequential` pair, float32, trained first where it is not there.

    `epoch`: as it was after one of the run's `snapshots` (default: after the last epoch).
    """
    run = read(name)
    wanted = _member_of(run, depth, latent_dim, seed)
    if epoch is not None and epoch != run.epochs:
        check_known(f"snapshot of run {run.name}", epoch, run.snapshots)
    path = store.weights_path(run, wanted, None if epoch == run.epochs else epoch)
    _ensure_artifact(run, wanted, path)
    from lib.training.weights import load_weights

    return load_weights(path)[0]


def measurements(name: str, depth: int, latent_dim: int, seed: int = 0) -> pd.DataFrame:
    """A member's per-point table (`lib.measures.point_table.measure_points`), computed first where it is not there."""
    run = read(name)
    wanted = _member_of(run, depth, latent_dim, seed)
    path = store.points_path(run, wanted)
    _ensure_artifact(run, wanted, path)
    return store.load_points(path).to_pandas()


def _ensure_artifact(run: Run, wanted: Member, path: Path) -> None:
    """Make a member's file where it is not there: its summary among the artifacts would say that nothing is to be done."""
    if not path.exists():
        (store.folder(run) / store.summary_path(run, wanted).name).unlink(missing_ok=True)
        if run.committed:
            raise InputError(
                f"{path.name} of run {run.name} is not on this machine (only its summary is kept); "
                f"make it with: {store.recompute_command(run, wanted)}"
            )
    from lib.runs.execution import execute

    execute(run, {"n": [wanted.depth], "d": [wanted.latent_dim], "seed": [wanted.seed]})
    if (epoch := store.diverged_epoch(run, wanted)) is not None:
        raise InputError(f"Run {run.name}: {store.diverged_sentence(run, {wanted: epoch})}")
