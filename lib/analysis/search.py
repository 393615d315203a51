"""A search for the settings that the paper does not state: successive halving over searches/NAME.yml.

The distance of a setting to the paper, after an epoch, is the mean over the latent dimensions of

    (slopes / .06)^2 + (indicators / .06)^2 + (small / 1)^2,

with the root mean square differences from the published test slopes and test indicators (`lib.analysis.sensitivity`), and
`small` the eigenvalues of J_L of modulus below .1 per point. Each candidate is a run of its own, so that a search that is
stopped goes on where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from itertools import combinations, product
from operator import or_
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from lib.analysis import sensitivity
from lib.analysis.claims.paper import VALUE_TOLERANCE
from lib.analysis.comparisons import tables_widths
from lib.base import documents, files
from lib.base.errors import InputError, check_known
from lib.base.files import corrupt_file_error
from lib.base.validation import refusal
from lib.runs import Run, Summary, read, select_rows, store, summary_of, validated

SEARCHES = files.ROOT / "searches"
VARIED = ("hidden_widths", "initialisation", "output", "loss", "batch_size", "learning_rate", "weight_decay")
UNITS = {"slopes": VALUE_TOLERANCE, "indicators": VALUE_TOLERANCE, "small": 1.0}
HASH_DIGITS = 12  # of a digest
Whole = Annotated[int, Field(strict=True, ge=1)]


@dataclass(frozen=True)
class Search:
    """A search: the settings to `vary` from those of `start`, at most `together` at a time, and how many of them go on."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    base: str
    latent_dims: tuple[Whole, ...]
    epochs: tuple[Whole, ...]
    keep: dict[Whole, Whole]
    finalists: Whole
    start: dict[str, Any]
    vary: dict[str, list[Any]]
    together: Whole = 2


def read_search(name: str) -> Search:
    """Read searches/NAME.yml. Raises `InputError` for an unknown name, key, epoch, setting or value."""
    check_known("search", name, sorted(path.stem for path in SEARCHES.glob("*.yml")))
    where = f"searches/{name}.yml"
    values = documents.parse(documents.text(SEARCHES / f"{name}.yml", where), where)
    try:
        search = TypeAdapter(Search).validate_python(values)
    except ValidationError as error:
        raise refusal(error, where, example="searches/mnist.yml") from error
    for epoch in search.keep:
        check_known(f"epoch under keep in {where}", epoch, search.epochs[:-1])
    for key in search.start:
        check_known(f"setting under start in {where}", key, VARIED)
    for key in search.vary:
        check_known(f"setting under vary in {where}", key, search.start)
    return search


def candidates(name: str, search: Search) -> list[Run]:
    """The runs to compare: `start`, and what differs from it in at most `together` settings; each is checked as a run file is.

    A loss of cross-entropy with an affine output does not exist, and is left out.
    """
    base = asdict(read(search.base)) | {"committed": False, "seeds": [0]}
    base |= {"latent_dims": list(search.latent_dims), "depths": [base["table_depth"]]}
    base |= {"epochs": search.epochs[-1], "snapshots": list(search.epochs[:-1])}
    del base["name"]
    runs = []
    for changed in _changes(search):
        settings = search.start | changed
        if (settings.get("loss"), settings.get("output")) != ("cross-entropy", "affine"):
            values = {
                key: list(value) if isinstance(value, tuple) else value for key, value in (base | settings).items()
            }
            runs.append(validated(f"search-{name}", values, f"searches/{name}.yml ({_words(settings)})"))
    return runs


def _changes(search: Search) -> Iterator[dict[str, Any]]:
    single = [[{key: value} for value in values] for key, values in search.vary.items()]
    for count in range(search.together + 1):
        for some in combinations(single, count):
            yield from (reduce(or_, changes, {}) for changes in product(*some))


def run_search(name: str, device: str = "cpu") -> pd.DataFrame:
    """Run a search, or what its table lacks; write and return the table.

    A row for each candidate and epoch looked at: the varied settings, `seed`, `epochs`, `slopes`, `indicators`, `small`,
    `distance`, the digest of the `run`, and whether the setting is a finalist. The file is results/searches/NAME.csv; it is
    written after each candidate, and a search that was stopped goes on from it, on another machine too.
    """
    search = read_search(name)
    going = candidates(name, search)  # all are checked before the first is trained
    rows: list[pd.DataFrame] = []
    finalists: list[Run] = []

    def looked(run: Run, stage: int) -> pd.DataFrame:
        epochs = tuple(epoch for epoch in search.epochs if epoch <= stage)
        found = _known(name, run, epochs)
        if found is None:
            found = course(replace(run, epochs=stage, snapshots=epochs[:-1]), device)
        rows.append(found.assign(**_settings(run, search), run=run.digest[:HASH_DIGITS]))
        _write(name, search, rows, finalists)
        return found

    for stage in [*sorted(search.keep), search.epochs[-1]]:
        distances = [looked(run, stage)["distance"].min() for run in going]
        nearest = np.argsort(distances, kind="stable")
        going = [going[place] for place in nearest[: search.keep.get(stage, search.finalists)]]
    finalists += going
    for run in finalists:
        looked(replace(run, seeds=(1,)), search.epochs[-1])
    return _write(name, search, rows, finalists)


def _known(name: str, run: Run, epochs: Sequence[int]) -> pd.DataFrame | None:
    """The rows of a run in the table as it lies there, if they reach to the last of these epochs."""
    path = path_of(name)
    if not path.exists():
        return None
    try:
        table = pd.read_csv(path)
        rows = table[(table["run"] == run.digest[:HASH_DIGITS]) & table["epochs"].isin(epochs)]
        return rows[["seed", "epochs", *UNITS, "distance"]] if len(rows) == len(epochs) else None
    except (ValueError, KeyError, OSError) as error:
        raise corrupt_file_error(path, error) from error


def _write(name: str, search: Search, rows: Sequence[pd.DataFrame], finalists: Sequence[Run]) -> pd.DataFrame:
    """The rows so far, and those of the table as it lies there that are still to be looked at."""
    columns = [*search.vary, "seed", "epochs", *UNITS, "distance", "run"]
    table = pd.concat(rows)[columns].astype(dict.fromkeys(search.vary, str))
    if path_of(name).exists():
        before = pd.read_csv(path_of(name), dtype=dict.fromkeys([*search.vary, "run"], str)).reindex(columns=columns)
        table = pd.concat([table, before])
    table = table.drop_duplicates(["run", "epochs"])
    chosen = [tuple(_settings(run, search).values()) for run in finalists]
    table["finalist"] = [row in chosen for row in table[list(search.vary)].itertuples(index=False, name=None)]
    files.write(path_of(name), table.to_csv(index=False, float_format="%.5g"))
    return table


def search_rows(name: str, beside: str = "") -> pd.DataFrame:
    """The rows of a search so far, led by `setting`: in what a setting differs from the start, in words.

    `beside`: another search, from whose start the settings are told to differ. Raises `InputError` where there are no rows
    yet, or the file is damaged.
    """
    search, path = read_search(name), path_of(name)
    if not path.exists():
        raise InputError(f"{files.display_path(path)} is absent; make it with: python -m lib search {name}")
    start = _settings(candidates(beside or name, read_search(beside or name))[0], search)
    try:
        rows = pd.read_csv(path, dtype=dict.fromkeys([*search.vary, "run"], str))
        settings = [
            ", ".join(f"{key.replace('_', ' ')} {row[key]}" for key in search.vary if row[key] != start[key])
            for row in rows[list(search.vary)].to_dict("records")
        ]
        rows.insert(0, "setting", [setting or "the start" for setting in settings])
        return rows.astype(dict.fromkeys(["seed", "epochs"], int) | dict.fromkeys([*UNITS, "distance"], float))
    except (ValueError, KeyError, OSError) as error:
        raise corrupt_file_error(path, error) from error


def near(rows: pd.DataFrame) -> pd.Series:
    """Whether each row of `search_rows` is off by a unit at most in slopes, in gaps and in small eigenvalues."""
    return rows[[*UNITS]].le(pd.Series(UNITS)).all(axis=1)


def path_of(name: str) -> Path:
    """Where the table of a search is kept."""
    return store.RESULTS / "searches" / f"{name}.csv"


def course(run: Run, device: str = "cpu") -> pd.DataFrame:
    """The distance of a run to the paper after each of its snapshots and the last epoch; computed first where it is missing.

    Over the points watched during training, so that all epochs are over the same. NaN for a run that diverged, or whose
    networks came out constant, which has no slopes.
    """
    from lib.runs.execution import execute  # torch

    execute(run, device=device)
    epochs = (*run.snapshots, run.epochs)
    summary = None if store.diverged(run) else summary_of(run)
    if summary is None or summary.progress_regressions.empty:  # counted, and behind all others
        return pd.DataFrame({"seed": run.seeds[0], "epochs": epochs} | dict.fromkeys([*UNITS, "distance"], np.nan))
    return along_training(summary, run.latent_dims)


def along_training(summary: Summary, latent_dims: Sequence[int]) -> pd.DataFrame:
    """The distance to the paper after each epoch at which a run was watched (depth of the tables); columns as in `run_search`."""
    run, rows = summary.run, []
    for epoch in (*run.snapshots, run.epochs):
        parts = []
        for latent_dim in latent_dims:
            where = {"epoch": epoch, "latent_dim": latent_dim, "depth": run.table_depth}
            fits = sensitivity.coefficients(select_rows(summary.progress_regressions, **where))
            spectra = sensitivity.mean_eigenvalues(select_rows(summary.progress_statistics, **where))
            parts.append(sensitivity.distances(fits, latent_dim) | {"small": spectra["small_eigenvalues"]})
        squares = {key: float(np.mean([part[key] ** 2 for part in parts])) for key in UNITS}
        distance = sum(squares[key] / unit**2 for key, unit in UNITS.items())
        sizes = {key: value**0.5 for key, value in squares.items()}
        rows.append({"seed": run.seeds[0], "epochs": epoch} | sizes | {"distance": distance})
    return pd.DataFrame(rows)


def looked_at(run: Run) -> tuple[int, ...]:
    """The latent dimensions at which a search has compared a run's settings; none where no search has."""
    searches = {path.stem: read_search(path.stem) for path in sorted(SEARCHES.glob("*.yml"))}
    dims = {
        latent_dim
        for name, search in searches.items()
        for candidate in candidates(name, search)
        if _compared(candidate) == _compared(run)
        for latent_dim in search.latent_dims
    }
    return tuple(sorted(dims))


def _compared(run: Run) -> dict[str, Any]:
    """The settings of a run that a search may vary, with the hidden widths of the tables' depth alone."""
    settings = {key: getattr(run, key) for key in (*VARIED, "dataset", "table_depth")}
    return settings | {"hidden_widths": tables_widths(run)}


def words(run: Run) -> str:
    """The settings of a run that a search varies, in words."""
    return _words({key: getattr(run, key) for key in VARIED})


def _settings(run: Run, search: Search) -> dict[str, str]:
    return {key: sensitivity.in_words(getattr(run, key)) for key in search.vary}


def _words(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {sensitivity.in_words(value)}" for key, value in settings.items())
