r"""Where will this autoencoder fail? Its geometry at some points, compared with its geometry at reference points.

At every point x: the trace and the log volume of J_I, and the distance of x from the plane tangent to the decoded
manifold at f(x) (`SIGNALS`); beside them what needs no Jacobian (`BASELINES`): the error, the ink |x|^2, and the
distance to the fifth nearest reference point.

A point is flagged by a quantity where its value lies outside the limits of the reference (`lib.analysis.limits`).
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from lib.analysis.intervals import rank_interval
from lib.analysis.limits import central, excess_p_value, limit_variance, neighbour_limits
from lib.base import user_points
from lib.base.errors import InputError
from lib.base.progress import tell_progress
from lib.base.user_points import Points
from lib.base.usercode import check_sources, is_code, reason, some
from lib.geometry.estimates import check_passes, estimates
from lib.measures import judging
from lib.measures.baselines import ink, neighbour_distance
from lib.measures.point_table import ILL_CONDITIONED, cores_on_cpu, geometry
from lib.runs import parse_names
from lib.training import user_models
from lib.training.user_models import Model

SIGNALS = {"trace": "trace", "log_volume": "log volume", "tangent_distance": "tangent distance"}
BASELINES = {"error": "error", "ink": "ink", "neighbour_distance": "5-NN distance"}
PREDICTORS = {"eigenvalues": ("trace", "log_volume"), "baselines": ("ink", "neighbour_distance")}
COMPARED_RESAMPLES = 1_000
UNSURE = 0.025  # the probability that chance alone makes a report say "more", or "less"
Limits = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Examined:
    """A set of points as examined: how many its source had, the points drawn, `values` (points, ...), and what is `measured` at
    each, a row a point; `notes`: what was converted or left out of the source."""

    name: str
    given: int
    values: Tensor
    measured: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> np.ndarray:
        """The points as rows (points, N), float64."""
        return self.values.flatten(1).double().numpy()


@dataclass(frozen=True)
class Diagnosis:
    """The result of `diagnose`: sets of points by name, and the reference, if any, with its `limits`.

    `measured` of every set has a row a point, led by `point`, its row or file, and the columns of
    `measure_geometry`; with a reference also `neighbour_distance` with its limits at that point, `neighbour_low` and
    `neighbour_high`, and `outside` (see there).
    """

    model: Model
    latent_dim: int
    input_dim: int
    data: Mapping[str, Examined]
    reference: Examined | None
    limits: Limits
    coverage: float
    passes: int = 0

    @property
    def sets(self) -> dict[str, Examined]:
        """The reference, where there is one, and the data, by name."""
        return ({self.reference.name: self.reference} if self.reference else {}) | dict(self.data)


def diagnose(
    model: str,
    data: Sequence[str] | str,
    reference: str = "",
    architecture: str = "",
    folder: str | Path = ".",
    points: int = 1000,
    coverage: float = 0.99,
    passes: int = 0,
) -> Diagnosis:
    """Examine a model (`lib.training.user_models.load_model`) at the points of one or more sources
    (`lib.base.user_points.read_points`), a list or its text.

    At most `points` of each source, drawn with a fixed seed. `coverage`: the central share 1 - alpha of the reference that is
    taken for ordinary. `passes`: of estimates (`lib.geometry.estimates`), 0 for exact cores.
    Relative paths start from `folder`. Raises `InputError` for what cannot be read or does not fit.
    Cost: that of `lib.geometry.jacobians.cores` at all points.
    """
    where = Path(folder).absolute()
    if points < 1 or not 0 < coverage < 1:
        raise InputError(
            f"`points` is {points} and `coverage` {coverage}; give at least 1, and a share between 0 and 1."
        )
    if passes:
        check_passes(passes)
    data = parse_names(data)
    check_sources(data, reference, where)
    names = [*([reference] if reference else []), *data]
    sources = [user_points.read_points(source, where) for source in names]
    named = next((source for source in sources if source.columns), sources[0])
    sources = [source.in_order_of(named) for source in sources]
    for other in sources[1:]:
        first, second = (tuple(source.values.shape[1:]) for source in (sources[0], other))
        if first != second:
            over = named.columns[min(first + second) :] if len(first) == len(second) == 1 else ()
            last = f" (the last columns of {named.name}: {some(over)})" if over else ""
            raise InputError(
                f"{sources[0].name} has points of shape {first} and {other.name} of shape {second}{last}; give one shape."
            )
    loaded = user_models.load_model(model, architecture, where)
    examined = [
        _examine(loaded, source.first(points), name, len(source), passes)
        for source, name in zip(sources, _short_names(names), strict=True)
    ]
    base, limits = (examined.pop(0) if reference else None), {}
    if base is not None:
        for points_set in [base, *examined]:
            fresh = None if points_set is base else points_set.rows
            points_set.measured["neighbour_distance"] = neighbour_distance(base.rows, fresh)
            points_set.measured[["neighbour_low", "neighbour_high"]] = neighbour_limits(base.rows, fresh, coverage)
        limits = {name: central(base.measured[name], coverage) for name in (*SIGNALS, "error", "ink")}
        for points_set in [base, *examined]:
            points_set.measured["outside"] = outside(points_set.measured, limits)
    with torch.no_grad():
        x = as_taken(sources[0].values[:1], loaded).to(loaded.weight, copy=True)
        latent_dim = loaded.encoder(x).flatten(1).shape[1]
    by_name = {points_set.name: points_set for points_set in examined}
    return Diagnosis(loaded, latent_dim, examined[0].rows.shape[1], by_name, base, limits, coverage, passes)


def _short_names(sources: Sequence[str]) -> list[str]:
    """The sources by the names of their functions or files where these differ, without the marks that end code in Markdown."""
    short = [source.rpartition(":")[2] if is_code(source) else Path(source).name or source for source in sources]
    chosen = [name.replace("`", "'") for name in (short if len(set(short)) == len(short) else sources)]
    return chosen if len(set(chosen)) == len(chosen) else [f"{place}: {name}" for place, name in enumerate(chosen, 1)]


def _examine(model: Model, drawn: Points, name: str, given: int, passes: int) -> Examined:
    tell_progress(f"Measuring the Jacobian at {len(drawn)} points of {name} ...")
    x = as_taken(drawn.values, model).to(model.weight, copy=True)
    try:
        measured = measure_geometry(model.encoder, model.decoder, x, passes)
    except InputError as error:
        if not drawn.columns:
            raise
        last = f"{name} has {len(drawn.columns)} columns, the last of them {drawn.columns[-1]!r}"  # labels, perhaps
        raise InputError(f"{str(error).rstrip('.')} ({last}).") from error
    measured.insert(0, "point", drawn.labels)
    return Examined(name, given, drawn.values, measured, drawn.notes)


def reconstructed_points(model: Model, values: Tensor) -> Tensor:
    """f(x) at points (points, ...), in their shape."""
    with torch.no_grad():
        output = model.decoder(model.encoder(as_taken(values, model).to(model.weight, copy=True)))
    return output.cpu().reshape(values.shape)


def as_taken(values: Tensor, model: Model) -> Tensor:
    """Points in a shape that the model takes and gives back: as they are, as rows, or, grey images, with their one channel. As
    they are where it takes none of these; `lib.geometry.jacobians` then says why."""
    for shaped in (values, values.flatten(1), values[:, None]):
        x = shaped[[0, 0]].to(model.weight, copy=True)  # two, as a convolution takes one grey image for a point
        with contextlib.suppress(Exception), torch.no_grad():  # whatever a user's modules raise
            if model.decoder(model.encoder(x)).shape == x.shape:
                return shaped
    return values


def measure_geometry(encoder: nn.Module, decoder: nn.Module, x: Tensor, passes: int = 0) -> pd.DataFrame:
    """The geometry of a pair of modules at points x (points, ...), a row each.

    `trace`, `log_volume` (-inf where omega is 0) and `sign` of J_I; `singular`: omega is 0 exactly, by count of active units
    or in the determinant; `ill_conditioned`: sigma_min / sigma_max of the core under 1e-6, in float32
    1e-5, so that its sign may be rounding;
    `tangent_distance`; `error`, the mean squared one; `ink` |x|^2; `across`: the share tangent_distance / |f(x) - x|.
    With `passes` these are estimates, with `trace_error`, `log_volume_error` and `resolved`; `sign` is 0, `singular` False.
    """
    input_dim = x[0].numel()
    extra: dict[str, Tensor] = {}
    try:
        if passes:
            found = estimates(encoder, decoder, x, passes)
            unknown = torch.zeros(len(x))
            columns = {"trace_input": found.trace, "log_volume_input": found.log_volume, "sign_input": unknown}
            columns |= {"singular_input": unknown.bool(), "conditioning_input": found.conditioning}
            columns["tangent_distance"], mse = found.distance, found.mse
            extra = {name: getattr(found, name) for name in ("trace_error", "log_volume_error", "resolved")}
        else:
            result = cores_on_cpu(encoder, decoder, x)
            assert result.mse is not None
            columns, mse = geometry(result, input_dim, ("input",)), result.mse
    except InputError:
        raise
    except Exception as error:  # whatever a user's modules raise on these points
        shape = tuple(x.shape)
        why = f"at points of shape {shape} ({reason(error)})"
        raise InputError(f"The model cannot be differentiated {why}; fix its modules.") from error
    singular, distance = columns["singular_input"], columns["tangent_distance"]
    rounding = max(ILL_CONDITIONED, 100 * torch.finfo(x.dtype).eps)
    size = (input_dim * mse).sqrt()
    measured = pd.DataFrame(
        {
            "trace": columns["trace_input"].double().numpy(),
            # here a volume of 0 is ranked as the smallest: in the per-point table it is missing
            "log_volume": torch.where(singular, -torch.inf, columns["log_volume_input"]).double().numpy(),
            "sign": columns["sign_input"].int().numpy(),
            "singular": singular.numpy(),
            "ill_conditioned": (columns["conditioning_input"] < rounding).numpy(),
            "tangent_distance": distance.double().numpy(),
            "error": mse.double().numpy(),
            "ink": ink(x.flatten(1)).cpu().numpy(),
            "across": (distance / size.clamp(min=1e-30)).clamp(max=1).double().numpy(),
        }
        | {name: values.numpy() for name, values in extra.items()}
    )
    bad = np.flatnonzero(~np.isfinite(measured[["trace", "tangent_distance", "error", "ink"]]).all(axis=1)).tolist()
    if bad:
        raise InputError(
            f"The model's answers overflow at {len(bad)} points, first {bad[:5]}; scale the points as in training."
        )
    return measured


# --- flags -------------------------------------------------------------------------------------------------------


def flagged(measured: pd.DataFrame, limits: Limits, name: str) -> np.ndarray:
    """Whether each point lies outside the limits of a quantity (points,)."""
    by_point = measured.get("neighbour_low"), measured.get("neighbour_high")
    low, high = by_point if name == "neighbour_distance" else limits[name]
    return ((measured[name] < low) | (measured[name] > high)).to_numpy()


def outside(measured: pd.DataFrame, limits: Limits) -> np.ndarray:
    """By how much a point's worst signal passes its limit, in widths of the central range (points,); 0 where none does."""
    worst = np.zeros(len(measured))
    for name in SIGNALS:
        low, high = limits[name]
        values = measured[name].to_numpy()
        with np.errstate(invalid="ignore"):  # -inf - -inf, where nothing is beyond
            beyond = np.where(values < low, low - values, np.where(values > high, values - high, 0))
        width = high - low if 0 < high - low < np.inf else 1.0
        worst = np.maximum(worst, beyond / width)
    return worst


def flag_shares(result: Diagnosis) -> pd.DataFrame:
    """A row for each set, the reference first: the number of `points`, and the shares flagged by each quantity and by any."""
    rows = {}
    for examined in result.sets.values():
        shares = {name: flagged(examined.measured, result.limits, name).mean() for name in (*SIGNALS, *BASELINES)}
        rows[examined.name] = (
            {"points": len(examined.measured)} | shares | {"any": (examined.measured["outside"] > 0).mean()}
        )
    return pd.DataFrame(rows).T.astype({"points": int})


def expected_share(result: Diagnosis) -> float:
    """The share of points like the reference's that any of the signals flags, at most, in expectation."""
    return min(1.0, len(SIGNALS) * (1 - result.coverage))


def more_than_chance(result: Diagnosis, name: str) -> bool:
    """Whether a signal flags more points of a set than chance explains (`excess_p_value`), tested at `UNSURE` over all
    signals and sets (Bonferroni)."""
    assert result.reference is not None
    measured, size = result.data[name].measured, len(result.reference.measured)
    most = max(int(flagged(measured, result.limits, signal).sum()) for signal in SIGNALS)
    tests = len(SIGNALS) * len(result.data)
    return excess_p_value(most, len(measured), size, result.coverage) < UNSURE / tests


def most_unusual(one: Examined, most: int) -> pd.DataFrame:
    """The flagged points farthest outside the limits; without limits, those farthest from the decoded tangent plane."""
    if "outside" in one.measured:
        chosen = one.measured[one.measured["outside"] > 0].sort_values("outside", ascending=False, kind="stable")
    else:
        chosen = one.measured.sort_values("tangent_distance", ascending=False, kind="stable")
    return chosen.head(most)


def compared_shares(result: Diagnosis, name: str) -> tuple[str, str, float, float]:
    """The eigenvalue and the baseline that flag most points of a set, and the difference of their shares with its half
    interval.

    Its variance is that of the paired marks over the points, and that of either share by the chance of its limits
    (`limit_variance`). Its level is `UNSURE` on a side over all baselines and sets (Bonferroni), as the largest is picked.
    """
    assert result.reference is not None
    measured, base = result.data[name].measured, result.reference.measured
    marks = {each: flagged(measured, result.limits, each) for each in (*PREDICTORS["eigenvalues"], *BASELINES)}
    first = max(PREDICTORS["eigenvalues"], key=lambda each: marks[each].mean())
    second = max(BASELINES, key=lambda each: marks[each].mean())
    difference = marks[first].astype(float) - marks[second]
    variance = difference.var() / len(difference)
    variance += sum(limit_variance(measured[each], base[each], result.coverage) for each in (first, second))
    z = stats.norm.isf(UNSURE / (len(BASELINES) * len(result.data)))
    return first, second, float(difference.mean()), float(z * np.sqrt(variance))


# --- errors ------------------------------------------------------------------------------------------------------


def correlations(
    measured: pd.DataFrame, names: Sequence[str] = (*PREDICTORS["eigenvalues"], *PREDICTORS["baselines"])
) -> pd.DataFrame:
    """Spearman's rho of the error with each of these there is, a row each: `rho`, `low`, `high` (95 %); NaN where undefined.

    Points with omega = 0 rank lowest in log volume. Interval by Bonett and Wright (2000).
    """
    rows = {}
    for name in names:
        if name in measured:
            varied = len(measured) > 3 and measured[name].nunique() > 1 and measured["error"].nunique() > 1
            rho = float(stats.spearmanr(measured[name], measured["error"])[0]) if varied else np.nan
            rows[name] = (rho, *(rank_interval(rho, len(measured)) if varied else (np.nan, np.nan)))
    return pd.DataFrame(rows, index=["rho", "low", "high"]).T


def compared_correlations(measured: pd.DataFrame) -> tuple[str, str, float, float] | None:
    """The eigenvalue and the baseline whose |rho| with the error is largest, and the 95 % interval of the difference of the two
    |rho|, by 1000 bootstrap resamples of the points (percentiles); None where either is undefined."""
    size = correlations(measured)["rho"].abs().dropna()
    best = [
        max((each for each in names if each in size), key=size.__getitem__, default="") for names in PREDICTORS.values()
    ]
    if not all(best):
        return None
    weights = judging.weightings(len(measured), resamples=COMPARED_RESAMPLES)
    error = measured["error"].to_numpy()
    first, second = (np.abs(judging.spearman(error, measured[name].to_numpy(), weights)) for name in best)
    band = judging.banded("difference", first - second)
    return best[0], best[1], band["difference_low"], band["difference_high"]
