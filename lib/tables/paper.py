"""Tables of the paper, published beside reproduced, and of the runs: settings, coverage, controls, health."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import evidence, published
from lib.runs import Run, Summary, matching
from lib.tables.layout import Summaries, markdown

COEFFICIENTS = {
    "intercept": "$b_0$",
    "slope": "$b_1$",
    "test": "$b_2$",
    "interaction": "$b_3$",
    "test_slope": "$b_1+b_3$",
}
SPACES = {"latent": "$L$", "input": "$I$"}


def coefficients(summaries: Summaries, number: int) -> str:
    """Table 1 or 2 as published and as each run has it, a block of rows a latent dimension; standard errors in brackets.

    Of a run on MNIST the differences follow, from the published table with its misprints put right.
    """
    wrong = published.misprints()
    wrong = set(zip(wrong["number"], wrong["latent_dim"], wrong["space"], strict=True))
    corrected = published.corrected_table(number)
    frames = {"published": published.table(number)} | {
        name: evidence.beside_published(one, number) for name, one in summaries.items()
    }
    header = ["$d$", "run", *(f"{symbol}: {sign}" for symbol in SPACES.values() for sign in COEFFICIENTS.values())]
    rows = []
    for latent_dim in sorted(published.table(number)["latent_dim"].unique()):
        for name, frame in frames.items():
            cells = [_cells(frame, latent_dim, space, name != "published") for space in SPACES]
            for cell, space in zip(cells, SPACES, strict=True):
                if name == "published" and (number, latent_dim, space) in wrong:
                    cell[0] += " (!)"
            if any(cell[0] for cell in cells):
                rows.append([latent_dim if name == "published" else "", name, *cells[0], *cells[1]])
                if name != "published" and summaries[name].run.dataset == "mnist":
                    cells = [_differences(frame, corrected, latent_dim, space) for space in SPACES]
                    rows.append(["", "difference", *cells[0], *cells[1]])
    return markdown(header, rows, left=2)


def _cells(frame: pd.DataFrame, latent_dim: int, space: str, ours: bool) -> list[str]:
    found = frame[(frame["latent_dim"] == latent_dim) & (frame["space"] == space)]
    if found.empty:
        return [""] * len(COEFFICIENTS)
    row = found.iloc[0]
    if not ours:
        return [f"{row[name]:.4g}" for name in COEFFICIENTS]
    return [f"{row[f'{name}_ours']:.3f} ({row[f'{name}_se']:.3f})" for name in COEFFICIENTS]


def _differences(frame: pd.DataFrame, corrected: pd.DataFrame, latent_dim: int, space: str) -> list[str]:
    """Ours less the published values, in the cells of one space."""
    ours, theirs = (matching(rows, latent_dim=latent_dim, space=space).iloc[0] for rows in (frame, corrected))
    return [f"{ours[f'{name}_ours'] - theirs[name]:+.3f}" for name in COEFFICIENTS]


def agreement(summaries: Summaries) -> str:
    """How each run's test slopes agree with the published ones (`lib.evidence.agreement`); the last column counts every d."""
    rows = []
    for name, summary in summaries.items():
        of_all = evidence.agreement(summary, 0)
        for row in evidence.agreement(summary).to_dict("records"):
            same = of_all[(of_all["number"] == row["number"]) & (of_all["space"] == row["space"])].iloc[0]
            spearman = "" if pd.isna(row["spearman"]) else f"{row['spearman']:.2f}"
            cells = [
                row["dims"],
                f"{row['rms']:.3f}",
                spearman,
                f"{100 * row['same_sign']:.0f} %",
                f"{same['rms']:.3f}",
            ]
            rows.append([name, f"Table {row['number']}", SPACES[row["space"]], *cells])
    least = evidence.AGREE_FROM
    header = ["run", "published in", "space", f"values of $d\\ge{least}$", "RMS difference", "Spearman", "same sign"]
    return markdown([*header, "RMS difference at all $d$"], rows, left=3)


def agreement_told(summary: Summary) -> str:
    """What `agreement` says of one run, as a sentence."""
    name, least = summary.run.name, evidence.AGREE_FROM
    own, of_all = evidence.agreement(summary), evidence.agreement(summary, 0)
    if own.empty:
        return f"The run {name} has no $d$ from {least} on, so there is nothing to sum up."
    return (
        f"For the run {name} the root mean square difference from the published slopes is {own['rms'].min():.2f} to "
        f"{own['rms'].max():.2f} from $d$ = {least} on, and {of_all['rms'].min():.2f} to {of_all['rms'].max():.2f} over all "
        f"$d$; from {least} on at least {100 * own['same_sign'].min():.0f} % of the signs agree."
    )


def coverage(summaries: Summaries) -> str:
    """What each run has: data, latent dimensions, depths, epochs, and how many of its members are there."""
    rows = []
    for name, summary in summaries.items():
        run, there = summary.run, len(summary.members)
        dims = sorted(run.latent_dims)
        whole = dims == list(range(dims[0], dims[-1] + 1))
        latent = f"{dims[0]} to {dims[-1]}" if whole else ", ".join(map(str, dims))
        pixels = "×".join(map(str, summary.image_shape))
        points = f"{summary.members['points_train'].iloc[0]:,} + {summary.members['points_test'].iloc[0]:,}"
        depths = ", ".join(map(str, run.depths))
        rows.append(
            [name, run.dataset, pixels, points, latent, depths, run.epochs, f"{there} of {there + summary.absent}"]
        )
    header = [
        "run",
        "data",
        "pixels",
        "train + test points",
        "latent dimensions $d$",
        "depths $n$",
        "epochs",
        "members",
    ]
    return markdown(header, rows, left=2)


def controlled(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """The slopes at each run's largest d and table depth, by what is held fixed: slope (robust standard error), partial R2."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls
        latent_dim = max(summary.run.latent_dims)
        keys = {"space": space, "split": split, "depth": summary.run.table_depth, "latent_dim": latent_dim}
        own = matching(own, **keys)
        for held, group in own.groupby("controls", sort=False):
            by = group.groupby("predictor").mean(numeric_only=True)
            cells = []
            for predictor in ("log_volume", "trace"):
                if predictor not in by.index:
                    cells += ["", ""]
                    continue
                row = by.loc[predictor]
                cells += [f"{row['slope']:.3f} ({row['slope_se']:.3f})", f"{row['partial_r2']:.3f}"]
            rows.append([name, f"{latent_dim}", held, *cells])
    header = ["run", "$d$", "held fixed", "slope on log volume", "partial $R^2$", "slope on trace", "partial $R^2$"]
    return markdown(header, rows, left=3)


def control_counts(summaries: Summaries, space: str = "input", split: str = "test") -> str:
    """At how many members the slope given class and ink is above 0, below 0 or neither (95 %), and under half the raw one."""
    rows = []
    for name, summary in summaries.items():
        own = summary.controls.query("space == @space and split == @split")
        keys = ["predictor", "depth", "latent_dim", "seed"]
        wide = own.pivot_table(index=keys, columns="controls", values=["slope", "slope_se"])
        held, raw = wide["slope", "class and ink"], wide["slope", "none"]
        half = evidence.Z * wide["slope_se", "class and ink"]
        outcomes = pd.DataFrame({"above": held > half, "below": held < -half, "halved": held.abs() < raw.abs() / 2})
        for predictor, group in outcomes.groupby(level="predictor"):
            above, below, halved = (int(group[one].sum()) for one in ("above", "below", "halved"))
            rows.append(
                [name, str(predictor).replace("_", " "), len(group), above, below, len(group) - above - below, halved]
            )
    header = ["run", "predictor", "members", "above 0", "below 0", "undecided", "halved"]
    return markdown(header, rows, left=2)


def settings(summaries: Summaries) -> str:
    """The settings that a run leaves open, by run."""
    names = (
        "dataset",
        "hidden_widths",
        "initialisation",
        "output",
        "epochs",
        "batch_size",
        "learning_rate",
        "precision",
    )
    rows = [[name.replace("_", " "), *(_setting(one.run, name) for one in summaries.values())] for name in names]
    return markdown(["setting", *summaries], rows, left=1 + len(summaries))


def _setting(run: Run, name: str) -> str:
    value = getattr(run, name)
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"$n={depth}$: {'-'.join(map(str, widths))}" for depth, widths in value.items())


def precision(pairs: pd.DataFrame | None, runs: Sequence[Summary]) -> str:
    """What the test slopes of two runs that differ in precision alone say (`lib.sensitivity.precision`), in words."""
    if pairs is None:
        return "Two runs are needed to say more, and both are not there."
    keys = ["latent_dim", "space", "predictor"]
    slopes = pairs.groupby(keys)[["test_slope", "test_slope_other"]]
    spans = np.subtract(slopes.max()["test_slope"], slopes.min()["test_slope"])
    means = np.abs(slopes.mean().diff(axis=1)["test_slope_other"])
    apart = (pairs["test_slope"] - pairs["test_slope_other"]).abs().median()
    seeds = pairs["seed"].nunique()
    return (
        f"Runs `{runs[0].run.name}` and `{runs[1].run.name}`: the test slopes $b_1+b_3$ of the paper's equations 6 and 7 (page "
        f"[prediction](prediction)); a line joins the two precisions of one seed. In the median the two differ by {apart:.2f} "
        f"for the same seed, which after some epochs no longer is the same network, and the {seeds} seeds of one precision "
        f"span {np.median(spans):.2f}. The means over the seeds differ by {np.median(means):.2f}, and by more than the seeds span "
        f"in {np.sum(means > spans)} of {len(means)} cases. At the size of MNIST this was not tried: products in bfloat16 "
        "take too long where they are not built in."
    )


def seeds(rows: pd.DataFrame) -> str:
    """What the seeds of `lib.evidence.by_seed` say of chance, as a sentence."""
    groups = rows.groupby(["latent_dim", "space", "predictor"])
    found = (
        groups["test_slope"].agg(["count", "mean", "std", "min", "max"]).join(groups["test_slope_published"].first())
    )
    dims, count = sorted(rows["latent_dim"].unique()), int(found["count"].min())
    if count < 2:
        return "There is one seed only, so nothing is known of chance."
    printed = found["test_slope_published"]
    inside, below = printed.between(found["min"], found["max"]).sum(), (printed < found["min"]).sum()
    spans, apart = found["max"] - found["min"], (found["mean"] - printed).abs()
    return (
        f"At $d$ = {', '.join(map(str, dims))} the {count} seeds span {spans.median():.2f} in the median over $d$ and the four "
        f"columns, and {spans.max():.2f} at most; their standard deviation is {found['std'].median():.3f} in the median. "
        f"The published slopes are {apart.min():.2f} to {apart.max():.2f} from the means over the seeds, and "
        f"{inside or 'none'} of the {len(found)} lie between the least and the largest seed, {below or 'none'} below the least."
    )


def health(summaries: Summaries) -> str:
    """By run and depth: mean errors, the shares of singular, ill-conditioned and non-positive points, where most of the last."""
    rows = []
    for name, summary in summaries.items():
        for depth, family in summary.members.groupby("depth"):
            worst = family.loc[family["nonpositive_input"].idxmax()]
            shares = [family[f"{kind}_input"].mean() for kind in ("singular", "ill_conditioned", "nonpositive")]
            rows.append(
                [name, depth, len(family), f"{family['train_mse'].mean():.4f}", f"{family['test_mse'].mean():.4f}"]
                + [f"{100 * share:.2f} %" for share in shares]
                + [f"$d$ = {worst['latent_dim']:.0f}: {100 * worst['nonpositive_input']:.1f} %"]
            )
    header = [
        "run",
        "$n$",
        "members",
        "train MSE",
        "test MSE",
        "singular",
        "$\\sigma_d/\\sigma_1<10^{-6}$",
        "$\\omega\\le0$",
        "most $\\omega\\le0$",
    ]
    return markdown(header, rows)
