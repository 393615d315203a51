r"""The ledger: every claim of the paper held against a run, with the test and the tolerance fixed beforehand.

A claim is a list of parts, each an estimate with a 95 % interval, turned so that the claim says "positive". It is
*reproduced* when every interval lies above zero, *not reproduced* when one does not (contradicted where it lies below
zero, undecided where it straddles it), and *not testable here* where the run lacks what the test needs.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import atanh, sqrt, tanh

import numpy as np
import pandas as pd
from scipy import special

from lib import published
from lib.runs.results import Summary

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable here"
Z = float(special.ndtri(0.975))
LEAST_DIMS = 5  # latent dimensions that a trend needs
HIGH, LOW = 10, 3  # a run reaches "high d" with d >= 10, "low d" with d <= 3
SMALL_DISTANCE = 0.1  # of two paired eigenvalues, where 1 would be an identity's eigenvalue lost
NEAR_ONE = 0.1
CLASS_ONE = 1
DIGIT_DATA = ("digits", "mnist")  # where label 1 is the digit one
VALUE_TOLERANCE = 0.06
POSITIVE_FROM = 6  # the published test slopes are all positive from d = 6


@dataclass(frozen=True)
class Part:
    """One estimate with its 95 % interval, positive where the claim holds."""

    name: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Claim:
    """A published statement in our words, where it stands, the page that shows it, and how it is tested."""

    id: str
    statement: str
    source: str
    page: str
    tolerance: str
    parts: Callable[[Summary], list[Part]]


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome on one run; `reproduced` says in numbers what was found."""

    id: str
    statement: str
    source: str
    page: str
    tolerance: str
    verdict: str
    reproduced: str
    reason: str


class NotTestable(Exception):
    """The run lacks what the test needs; the message says what."""


# --- reading a summary -------------------------------------------------------------------------------------------


def _rows(frame: pd.DataFrame, **keys: object) -> pd.DataFrame:
    """The rows that match, by latent dimension (several seeds: their mean)."""
    chosen = np.logical_and.reduce([frame[key] == value for key, value in keys.items()])
    return frame[chosen].groupby("latent_dim").mean(numeric_only=True).sort_index()


def _statistic(summary: Summary, quantity: str, **keys: object) -> pd.DataFrame:
    keys = {"depth": summary.run.table_depth, "split": "all", "label": -1} | keys
    rows = _rows(summary.statistics, quantity=quantity, **keys)
    if rows.empty:
        raise NotTestable(f"the run has no {quantity} for {keys}")
    return rows


def _dims(summary: Summary, least: int = 0) -> None:
    if len(summary.run.latent_dims) < least:
        raise NotTestable(f"a trend needs {least} latent dimensions, the run has {len(summary.run.latent_dims)}")


def _largest(summary: Summary) -> int:
    if max(summary.run.latent_dims) < HIGH:
        raise NotTestable(f"high d means d >= {HIGH}, the run ends at d = {max(summary.run.latent_dims)}")
    return max(summary.run.latent_dims)


def _classes(summary: Summary) -> list[int]:
    """The classes other than 1, of data whose class 1 is the digit one."""
    labels = sorted(int(label) for label in summary.statistics["label"].unique() if label >= 0)
    if summary.run.dataset not in DIGIT_DATA or CLASS_ONE not in labels or len(labels) < 3:
        raise NotTestable("the classes are not the ten digits")
    return [label for label in labels if label != CLASS_ONE]


# --- intervals ---------------------------------------------------------------------------------------------------


def _around(name: str, estimate: float, half: float) -> Part:
    return Part(name, float(estimate), float(estimate - half), float(estimate + half))


def _median_error(row: pd.Series) -> float:
    """The standard error of a median, from the quartiles: 0.93 IQR / sqrt(count), exact for a normal sample."""
    return float(np.sqrt(np.pi / 2) / (2 * special.ndtri(0.75)) * (row["q75"] - row["q25"]) / sqrt(row["count"]))


def _mean_error(row: pd.Series) -> float:
    return float(row["std"] / sqrt(row["count"]))


def _trend(name: str, values: pd.Series, sign: int) -> Part:
    """Spearman's rho of values (by d) against d, times `sign`; interval by Bonett and Wright (2000)."""
    rho = float(np.corrcoef(values.rank(), pd.Series(values.index).rank())[0, 1]) if values.nunique() > 1 else 0.0
    bounded = float(np.clip(rho, -0.9999, 0.9999))
    half = Z * sqrt((1 + bounded**2 / 2) / (len(values) - 3))
    low, high = sorted((sign * tanh(atanh(bounded) - half), sign * tanh(atanh(bounded) + half)))
    return Part(name, sign * rho, low, high)


def _paired(name: str, differences: pd.Series) -> Part:
    """The mean of differences over d, with Student's interval."""
    half = special.stdtrit(len(differences) - 1, 0.975) * differences.std(ddof=1) / sqrt(len(differences))
    return _around(name, differences.mean(), half)


# --- the tests ---------------------------------------------------------------------------------------------------


def _by_depth(summary: Summary) -> Iterator[tuple[str, int]]:
    for depth in sorted(summary.run.depths):
        yield f"n = {depth}", depth


def _distance_small(summary: Summary) -> list[Part]:
    parts = []
    for name, depth in _by_depth(summary):
        rows = _statistic(summary, "distance_l1", depth=depth, space="both")
        worst = rows.loc[rows["median"].idxmax()]
        parts.append(
            _around(f"{name}, largest at d = {worst.name}", SMALL_DISTANCE - worst["median"], Z * _median_error(worst))
        )
    return parts


def _distance_falls(value: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _dims(summary, LEAST_DIMS)
        return [
            _trend(
                f"{norm.upper()}, {name}", _statistic(summary, f"distance_{norm}", depth=depth, space="both")[value], -1
            )
            for norm in ("l1", "l2")
            for name, depth in _by_depth(summary)
        ]

    return parts


def _mean_near_one(quantity: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        latent_dim = min(summary.run.latent_dims)
        if latent_dim > LOW:
            raise NotTestable(f"low d means d <= {LOW}, the run begins at d = {latent_dim}")
        found = []
        for name, depth in _by_depth(summary):
            row = _statistic(summary, quantity, depth=depth, space="latent").loc[latent_dim]
            found.append(
                _around(f"{name}, d = {latent_dim}", NEAR_ONE - abs(row["median"] - 1), Z * _median_error(row))
            )
        return found

    return parts


def _mean_falls(quantity: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _dims(summary, LEAST_DIMS)
        return [
            _trend(name, _statistic(summary, quantity, depth=depth, space="latent")["median"], -1)
            for name, depth in _by_depth(summary)
        ]

    return parts


def _class_one_lower(quantity: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        latent_dim, others = _largest(summary), _classes(summary)
        rows = {
            label: _statistic(summary, quantity, space="latent", label=label).loc[latent_dim]
            for label in [CLASS_ONE, *others]
        }
        medians = pd.Series({label: rows[label]["median"] for label in others})
        nearest = int(medians.idxmin())
        gap = medians[nearest] - rows[CLASS_ONE]["median"] - medians.std(ddof=1)
        half = Z * sqrt(_median_error(rows[CLASS_ONE]) ** 2 + _median_error(rows[nearest]) ** 2)
        return [_around(f"gap to class {nearest} beyond the others' spread, d = {latent_dim}", gap, half)]

    return parts


def _input_above(quantity: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _dims(summary, LEAST_DIMS)
        above = (
            _statistic(summary, quantity, space="input")["median"]
            > _statistic(summary, quantity, space="latent")["median"]
        )
        share, count = float(above.mean()), len(above)
        centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
        half = Z / (1 + Z**2 / count) * sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
        return [Part("share of d above, less a half", share - 0.5, centre - half - 0.5, centre + half - 0.5)]

    return parts


def _few_small(summary: Summary) -> list[Part]:
    found = []
    for label in _classes(summary):
        rows = _statistic(summary, "small_eigenvalues", space="latent", label=label)
        worst = rows.loc[rows["mean"].idxmax()]
        found.append(_around(f"class {label}, most at d = {worst.name}", 1 - worst["mean"], Z * _mean_error(worst)))
    return found


def _class_one_most_small(summary: Summary) -> list[Part]:
    latent_dim, others = _largest(summary), _classes(summary)
    one, *rest = (
        _statistic(summary, "small_eigenvalues", space="latent", label=label).loc[latent_dim]
        for label in [CLASS_ONE, *others]
    )
    most = max(rest, key=lambda row: row["mean"])
    half = Z * sqrt(_mean_error(one) ** 2 + _mean_error(most) ** 2)
    return [_around(f"more than any other class, d = {latent_dim}", one["mean"] - most["mean"], half)]


def _class_one_at_most_two(summary: Summary) -> list[Part]:
    latent_dim = _largest(summary)
    _classes(summary)
    row = _statistic(summary, "small_eigenvalues", space="latent", label=CLASS_ONE).loc[latent_dim]
    return [_around(f"2 less the mean number, d = {latent_dim}", 2 - row["mean"], Z * _mean_error(row))]


def _reversed_more(first: str, second: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _dims(summary, LEAST_DIMS)
        found = []
        for name, depth in _by_depth(summary):
            shares = [
                _statistic(summary, "reversed", depth=depth, space="latent", split=split)["mean"]
                for split in (first, second)
            ]
            found.append(_paired(f"{name}, {first} less {second}", shares[0] - shares[1]))
        return found

    return parts


def _input_reversed_more(summary: Summary) -> list[Part]:
    _dims(summary, LEAST_DIMS)
    shares = {space: _statistic(summary, "reversed", space=space)["mean"] for space in ("input", "latent")}
    return [_paired("J_I less J_L", shares["input"] - shares["latent"])]


def _slope_grows(predictor: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _dims(summary, LEAST_DIMS)
        keys = {"predictor": predictor, "space": "latent", "label": -1}
        return [
            _trend(name, _rows(summary.regressions, depth=depth, **keys)["test_slope"], 1)
            for name, depth in _by_depth(summary)
        ]

    return parts


def _slope_positive(predictor: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        _largest(summary)
        found = []
        for space in ("input", "latent"):
            keys = {"predictor": predictor, "space": space, "label": -1, "depth": summary.run.table_depth}
            rows = _rows(summary.regressions, **keys).query("latent_dim >= @POSITIVE_FROM")
            name = {"input": "J_I", "latent": "J_L"}[space]
            found += [
                _around(f"{name}, d = {d}", row["test_slope"], Z * row["test_slope_se"]) for d, row in rows.iterrows()
            ]
        return found

    return parts


def beside_published(summary: Summary, number: int) -> pd.DataFrame:
    """Table 1 or 2 with our values beside: published columns, ours with the suffix `_ours`, standard errors `_se_ours`."""
    keys = {"predictor": published.PREDICTORS[number], "label": -1, "depth": summary.run.table_depth}
    chosen = np.logical_and.reduce([summary.regressions[key] == value for key, value in keys.items()])
    ours = summary.regressions[chosen].groupby(["latent_dim", "space"], as_index=False).mean(numeric_only=True)
    return published.table(number).merge(ours, on=["latent_dim", "space"], suffixes=("", "_ours"))


def _values_met(number: int, space: str) -> Callable[[Summary], list[Part]]:
    def parts(summary: Summary) -> list[Part]:
        if summary.run.dataset != "mnist" or summary.run.epochs < 300:
            raise NotTestable("the published values are of MNIST after 300 epochs")
        rows = beside_published(summary, number).query("space == @space")
        differences = (rows["test_slope_ours"] - rows["test_slope"]).abs()
        return [
            Part(f"d = {d}", *(VALUE_TOLERANCE - difference,) * 3)
            for d, difference in zip(rows["latent_dim"], differences, strict=True)
        ]

    return parts


# --- the claims --------------------------------------------------------------------------------------------------

_TREND = f"Spearman's rho against d, 95 % interval off zero, at each depth; at least {LEAST_DIMS} latent dimensions"
_VALUES = (
    f"our reading: each of the test slopes within {VALUE_TOLERANCE} of the published one (which has no standard error)"
)


def _means(figure: int, quantity: str, name: str) -> list[Claim]:
    source = f"Figure {figure}"
    near = f"our reading: at the smallest d the median is within {NEAR_ONE} of 1, at each depth"
    far = "our reading: at the largest d the gap to the next class exceeds the standard deviation among the other classes' medians"
    share = "share of d where J_I's median is above J_L's, Wilson's 95 % interval above one half"
    return [
        Claim(
            f"fig{figure}-near-one",
            f"At low d the {name} mean of the eigenvalues is near 1.",
            source,
            "means",
            near,
            _mean_near_one(quantity),
        ),
        Claim(
            f"fig{figure}-falls", f"The {name} mean falls as d grows.", source, "means", _TREND, _mean_falls(quantity)
        ),
        Claim(
            f"fig{figure}-class-one",
            f"At high d the {name} mean of class 1 is far below that of the other classes.",
            source,
            "means",
            far,
            _class_one_lower(quantity),
        ),
        Claim(
            f"fig{figure}-input-above",
            f"The median {name} mean tends to be higher for J_I than for J_L.",
            source,
            "means",
            share,
            _input_above(quantity),
        ),
    ]


def _slopes(figure: int, number: int, predictor: str, name: str) -> list[Claim]:
    tables = f"Table {number}"
    positive = f"the 95 % interval of every test slope from d = {POSITIVE_FROM} lies above zero, both spaces"
    return [
        Claim(
            f"fig{figure}-grows",
            f"The slope of the test error on the {name} grows with d.",
            f"Figure {figure}",
            "prediction",
            _TREND,
            _slope_grows(predictor),
        ),
        Claim(
            f"fig{figure}-positive",
            f"Where the {name} is larger, test points have larger errors.",
            f"abstract; {tables}",
            "prediction",
            positive,
            _slope_positive(predictor),
        ),
        *(
            Claim(
                f"table{number}-{space}",
                f"The test slopes on the {name}, {symbol}, are those of {tables}.",
                tables,
                "prediction",
                _VALUES,
                _values_met(number, space),
            )
            for space, symbol in (("latent", "J_L"), ("input", "J_I"))
        ),
    ]


_SMALL = f"our reading: the median L1 distance, an eigenvalue, is below {SMALL_DISTANCE} at every d and depth"
_FEW = "our reading: on average fewer than one a point, in every class but 1, at every d"
_REVERSED = "mean difference of the shares over d, Student's 95 % interval off zero, at each depth"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "fig2-small", "The spectra of J_I and J_L at a point are close.", "Figure 2", "spectra", _SMALL, _distance_small
    ),
    Claim(
        "fig2-median-falls",
        "The median distance of the two spectra falls as d grows.",
        "Figure 2",
        "spectra",
        _TREND,
        _distance_falls("median"),
    ),
    Claim(
        "fig2-spread-falls",
        "The standard deviation of that distance falls as d grows.",
        "Figure 2",
        "spectra",
        _TREND,
        _distance_falls("std"),
    ),
    *_means(4, "arithmetic_mean", "arithmetic"),
    *_means(5, "geometric_mean", "geometric"),
    Claim(
        "fig6-few",
        "Outside class 1 very few eigenvalues are small (modulus below 0.1).",
        "Figure 6",
        "small_eigenvalues",
        _FEW,
        _few_small,
    ),
    Claim(
        "fig6-class-one",
        "At high d class 1 has more small eigenvalues than any other class.",
        "Figure 6",
        "small_eigenvalues",
        "difference of means, 95 % interval above zero",
        _class_one_most_small,
    ),
    Claim(
        "fig6-at-most-two",
        "Even class 1 has at most two small eigenvalues, at the largest d.",
        "Figure 6",
        "small_eigenvalues",
        "our reading: their mean number is below 2",
        _class_one_at_most_two,
    ),
    Claim(
        "fig7-train-more",
        "Orientation is reversed at a larger share of train points than of test points.",
        "Figure 7, one reading of a misprint",
        "orientation",
        _REVERSED,
        _reversed_more("train", "test"),
    ),
    Claim(
        "fig7-test-more",
        "Orientation is reversed at a larger share of test points than of train points.",
        "Figure 7, the other reading",
        "orientation",
        _REVERSED,
        _reversed_more("test", "train"),
    ),
    Claim(
        "fig7-input-more",
        "Orientation is reversed at more points for J_I than for J_L.",
        "Figure 7",
        "orientation",
        "mean difference of the shares over d, Student's 95 % interval off zero",
        _input_reversed_more,
    ),
    *_slopes(8, 1, "log_volume", "log volume"),
    *_slopes(9, 2, "trace", "trace"),
)


# --- the ledger --------------------------------------------------------------------------------------------------


def evaluate(summary: Summary) -> list[Verdict]:
    """Every claim held against one run."""
    return [_verdict(claim, summary) for claim in CLAIMS]


def _verdict(claim: Claim, summary: Summary) -> Verdict:
    fields = {name: value for name, value in vars(claim).items() if name != "parts"}
    try:
        parts = claim.parts(summary)
    except NotTestable as missing:
        return Verdict(**fields, verdict=NOT_TESTABLE, reproduced="", reason=f"{missing}.")
    held = [part for part in parts if part.low > 0]
    against = [part for part in parts if part.high < 0]
    verdict = REPRODUCED if len(held) == len(parts) else NOT_REPRODUCED
    reason = f"{len(held)} of {len(parts)} hold"
    if verdict == NOT_REPRODUCED:
        reason += f", {len(against)} contradicted, {len(parts) - len(held) - len(against)} undecided"
    return Verdict(**fields, verdict=verdict, reproduced=_in_numbers(parts), reason=f"{reason}.")


def _in_numbers(parts: list[Part]) -> str:
    """All parts where they are few, else the smallest and the largest."""
    shown = parts if len(parts) <= 3 else sorted(parts, key=lambda part: part.estimate)[:: len(parts) - 1]
    text = "; ".join(f"{part.name}: {part.estimate:+.2f} [{part.low:+.2f}, {part.high:+.2f}]" for part in shown)
    return text if len(parts) <= 3 else f"from {text.replace('; ', ' to ')}"


def ledger(summaries: dict[str, Summary]) -> pd.DataFrame:
    """The verdicts of several runs, one row a claim and run, the column `run` first."""
    rows = [{"run": name} | asdict(verdict) for name, summary in summaries.items() for verdict in evaluate(summary)]
    return pd.DataFrame(rows)


def report(summary: Summary, as_json: bool = False) -> str:
    """The ledger of one run as text for a terminal, or as JSON (a list of objects, one a claim)."""
    verdicts = evaluate(summary)
    if as_json:
        return json.dumps([asdict(verdict) for verdict in verdicts], indent=1)
    lines = [
        f"The paper's claims on run {summary.run.name} (estimates are positive where a claim holds; 95 % intervals)",
        "",
    ]
    for verdict in verdicts:
        lines.append(f"{verdict.verdict:<18} {verdict.id:<20} {verdict.statement} ({verdict.source})")
        lines.append(f"{'':<18} {'':<20} {verdict.reason} {verdict.reproduced}".rstrip())
    counts = pd.Series([verdict.verdict for verdict in verdicts]).value_counts()
    lines += ["", "; ".join(f"{counts.get(one, 0)} {one}" for one in (REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE)) + "."]
    return "\n".join(lines)
