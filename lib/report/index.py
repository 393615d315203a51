"""The headline of the book (pages `index`, README.md): its figure, its table and its verdict."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from lib.analysis import claims, comparisons, evidence, published
from lib.analysis.intervals import NotTestable, with_interval
from lib.report.claims import describe_run
from lib.report.layout import Summaries, markdown
from lib.report.numbers import record
from lib.report.style import BLACK, BY_SPACE, GREEN, GREY, against_dimension, grid, series, use_style
from lib.runs import Run, Summary, manifest, select_rows, summary

BY_HEADLINE_CONTROL = {
    "none": (BY_SPACE["input"], "raw"),
    "class and ink": ((GREEN, "D", "-"), "class and ink controlled for"),
    "class, ink, neighbours": ((GREEN, "v", ":"), "5-NN distance, too"),
}
DATASET_NAMES = {"mnist": "MNIST", "digits": "the 8×8 digits"}
MAIN_CLAIM = "fig9-positive"


def headline_figures(summaries: Summaries) -> list[Figure]:
    """The test slope on the trace of J_I against d, a figure per run: as published, raw, and with others controlled for.

    Bands are 95 % intervals (HC1). Open markers: the network has lost a direction.
    """
    parts = [grid(of_run, rows=1, height=3.3) for of_run in summaries.values()]
    for of_run, (figure, (axis,)) in zip(summaries.values(), parts, strict=True):
        for held, (style, label) in BY_HEADLINE_CONTROL.items():
            rows = with_interval(evidence.controlled(of_run, predictor="trace", controls=held), "slope")
            series(axis, rows, style, label, value="slope", band=("low", "high"), controls=held)
            lost = rows[~rows["latent_dim"].isin(evidence.intact_dims(of_run))]
            axis.plot(lost["latent_dim"], lost["slope"], style[1], color=style[0], markerfacecolor="white", zorder=3)
        if of_run.run.dataset == "mnist":
            rows = select_rows(published.tables(), predictor="trace", space="input")[["latent_dim", "test_slope"]]
            axis.plot(rows["latent_dim"], rows["test_slope"], "x", color=BLACK, label="published")
            record(axis, rows.rename(columns={"test_slope": "slope"}), controls="none, published")
        axis.axhline(0, color=GREY, linewidth=0.8, zorder=1)
        axis.set_ylabel("rise of the test error\nwith the trace of $J_I$")
        against_dimension(axis)
        figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    limits = [axis.get_ylim() for _, (axis,) in parts]
    for _, (axis,) in parts:
        axis.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    return [figure for figure, _ in parts]


def headline_table(summaries: Summaries) -> str:
    """`lib.analysis.evidence.headline` of each run."""
    rows = []
    for of_run in summaries.values():
        slopes = evidence.headline(of_run)
        cells = (
            f"{row['slope']:.2f} ± {row['high'] - row['slope']:.2f}".replace("-", "−").replace(" ", "\u00a0")
            for _, row in slopes.iterrows()
        )
        rows.append([describe_run(of_run.run), slopes["latent_dim"].iloc[0], *cells])
    header = ["setup", "$d$", "raw slope", "class and ink controlled for", "5-NN distance, too"]
    return markdown(header, rows)


def answer(summaries: Summaries) -> str:
    """Does the error rise with the trace? One sentence, a clause per data set."""
    clauses = []
    for dataset in dict.fromkeys(of_run.run.dataset for of_run in summaries.values()):
        of_dataset = [of_run for of_run in summaries.values() if of_run.run.dataset == dataset]
        clauses.append(f"on {DATASET_NAMES.get(dataset, dataset)}, {_clause(of_dataset)}")
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _clause(of_dataset: Sequence[Summary]) -> str:
    claim = [claim for claim in claims.CLAIMS if claim.id == MAIN_CLAIM]
    verdicts = [claims.evaluate_claims(of_run, claim)[0] for of_run in of_dataset]
    found = {verdict.verdict for verdict in verdicts}
    if found == {claims.NOT_TESTABLE}:
        return "the networks are too small for an answer"
    if claims.CONTRADICTED in found:
        both = any(verdict.held for verdict in verdicts)
        return "even the sign of the effect depends on $d$" if both else "no"
    if found != {claims.REPRODUCED}:
        return "some networks leave it undecided"
    slopes = [evidence.headline(of_run)["slope"] for of_run in of_dataset]
    shares = [1 - slope.iloc[-1] / slope.iloc[0] for slope in slopes]
    if not all(0 < share < 1 for share in shares):
        return "yes"
    low, high = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    share = f"{low} %" if low == high else f"{low} to {high} %"
    return f"yes, but class, ink and distance to the training images account for {share} of the effect"


def seeds_sentence(runs: Sequence[Summary]) -> str:
    """The slopes of the headline over the seeds of runs that differ by them, at the largest d that they share."""
    latent_dim = max(comparisons.shared_dims([of_run.run for of_run in runs]))
    found = comparisons.controlled_by_seed(runs, predictor="trace", latent_dim=latent_dim)
    raw, held, all_held = (
        f"{row['min']:.2f} to {row['max']:.2f}" for _, row in found.loc[[*evidence.HEADLINE_CONTROLS]].iterrows()
    )
    return (
        f"Over {sum(len(of_run.run.seeds) for of_run in runs)} seeds of `{runs[0].run.name}`, at $d$ = {latent_dim}, the raw slope "
        f"is {raw}; controlling for class and ink, {held}; for the distance, too, {all_held}."
    )


def ranks_sentence(of_run: Summary) -> str:
    """How well the trace and the distance to the training images rank errors, where the latter ranks them better."""
    try:
        near, trace = (evidence.rank_correlation(of_run, score) for score in ("neighbour_distance", "trace_input"))
    except NotTestable:
        return ""
    if not near > trace:
        return ""
    return (
        f"The distance to the fifth nearest training image [ranks the errors](predictors) of `{of_run.run.name}` better "
        f"than the trace does: rank correlation {near:.2f} against {trace:.2f}."
    )


def uncommitted(run: Run) -> str:
    """How many of a run's networks at the tables' depth were computed from files that differed from their commit, in words."""
    commits = [
        entry["commit"] for name, entry in manifest(run)["members"].items() if name.startswith(f"n{run.table_depth}-")
    ]
    dirty = sum(commit.endswith("+") for commit in commits)
    count = f"all {dirty}" if dirty == len(commits) else f"{dirty} of the {len(commits)}"
    return f"{count} networks of `{run.name}`" if dirty else ""


def save_headline(folder: Path, runs: Sequence[str] = ("mnist", "mnist-300")) -> None:
    """Draw README.md's figure, headline-RUN.svg for each run: `make headline`."""
    use_style()
    for name, figure in zip(runs, headline_figures({name: summary(name) for name in runs}), strict=True):
        figure.savefig(folder / f"headline-{name}.svg", metadata={"Date": None, "Creator": None})
