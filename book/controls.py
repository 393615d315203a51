# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Controls: is it the geometry, or the ink?
#
# Errors and eigenvalues can go together for two reasons. The geometry of the network at an image may tell how well it does there. Or some images are easy: a thin stroke has few bright pixels, so its error is small, and its eigenvalues may be small, too. The digit 1, which the paper singles out, is such a stroke. This page controls for the simpler things and looks at what is left. None of it is in the paper.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # beside them in the tables
seed_runs: list[str] = ["mnist", "mnist-seeds"]  # alike but for the seeds
simulated_points: int = 20000  # of the simulation

# %%
from lib.analysis import comparisons, evidence, intervals
from lib.measures import regression
from lib.report import controls as report, layout, style
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import parse_names, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
beside = summaries | {name: summary(name) for name in parse_names(plain_runs)}

# %%
slopes = {}
for name, one in beside.items():
    at = {"latent_dim": evidence.largest_intact(one), "predictor": "trace"}
    slopes[name] = evidence.controlled(one, **at).set_index("controls")["slope"]
raw, held = report.RAW, report.CLASS_AND_INK
(first, own), *others = slopes.items()

# %%
at_each = evidence.controlled(summaries[first], predictor="trace").pivot(index="latent_dim", columns="controls", values="slope")
usual = (at_each[held] / at_each[raw]).median()
told = (
    f"In `{name}` at $d$ = {evidence.largest_intact(beside[name])} the raw slope is {'positive' if rows[raw] > 0 else 'negative'}; controlling for class and ink, "
    f"{report.left_in_words(rows[raw], rows[held])}."
    for name, rows in others
)
say(f"""> **In brief.** In `{first}` at $d$ = {evidence.largest_intact(summaries[first])} the raw slope of the test error on the trace
> of $J_I$ is {own[raw]:.2f}. Controlling for class and ink leaves {own[held]:.2f}; controlling for the distance to the training
> images, too, {own[report.ALL]:.2f}.{f" At most other $d$ class and ink explain more: in the median over $d$ they leave {100 * usual:.0f} % of the slope." if usual < own[held] / own[raw] else ""}
>
> {" ".join(told)}""")

# %% [markdown]
# ## What is controlled for
#
# The slope is fitted on training and test images separately, in the units of the page [prediction](prediction), with
#
# - an intercept for each **class**: does the slope only say that some digits are harder? (Or that class 1 is easier: one row of the table leaves it out.)
# - the **ink** of the image, $\lvert x\rvert^2$: does it only say that with more ink there is more to get wrong?
# - **both**, and the **distance** to the fifth nearest training image: do we need the weights at all?
#
# If the slope stays, the eigenvalues know something that these do not. Intervals are robust to unequal variances (HC1).
#
# ## A case with a known answer
#
# In simulated images the ink drives both predictor and error. The predictor adds a direct effect of 0, or of 0.3.

# %%
known = {}
for direct in (0.0, 0.3):
    simulated = regression.simulate(simulated_points, direct)
    fits = [regression.controlled_slope(*simulated, name) for name in regression.CONTROLS]
    known[direct] = dict(zip(regression.CONTROLS, fits, strict=True))
rows = [
    [report.CONTROL_NAMES[name], *(f"{fits[name].slope:.2f} ± {intervals.Z * fits[name].slope_se:.2f}" for fits in known.values())]
    for name in regression.CONTROLS
]
header = ["controlling for", *(f"direct effect {direct:g}" for direct in known)]
show_table(layout.markdown(header, rows), "tab-simulated", "Slopes in the simulation, with 95 % intervals.")

# %%
say(f"""Without a direct effect the raw slope is {known[0.0][raw].slope:.2f}, which is the ink alone; controlling for ink takes it
away. The direct effect is found again. So the method tells the cases apart, if we have thought of what drives both.""")

# %% [markdown]
# ## The slopes, raw and controlled

# %%
show_figure(
    [report.slopes_by_control(one, "test") for one in summaries.values()],
    name="fig-controls",
    caption="""Slopes of the test error on the log volume and the trace of $J_I$, raw and controlling for other variables, at the
    depth of the paper's tables. Bands: 95 % intervals over images.""",
    alt=" ".join(
        f"In the run {name} the slope on the trace, at the largest intact d, is {slopes[name][raw]:.2f} raw and "
        f"{slopes[name][held]:.2f} controlling for class and ink."
        for name in summaries
    ),
)

# %%
show_table(
    report.controlled_table(beside, "{slope:.2f} ± {half:.2f}"),
    name="tab-controls",
    caption="""Test slopes on $J_I$ by what is controlled for, with 95 % intervals over images, at the largest $d$ of each run
    whose network has not [lost a latent direction](spectra.py#lost-directions).""",
)
fold(
    "The same for the trace on training images, and the share of variance explained",
    "Training images:\n\n"
    + report.controlled_table(beside, "{slope:.2f} ± {half:.2f}", ("trace",), split="train")
    + "\n\nPartial $R^2$ on test images, the share of what the controls leave unexplained that the predictor explains:\n\n"
    + report.controlled_table(beside, "{partial_r2:.3f}"),
)

# %% [markdown]
# The distance needs the training data, which the eigenvalues do not. The log volume is $\log\omega$ here; the images without one are left out.

# %%
alike = [summary(name) for name in parse_names(seed_runs)]
shared = comparisons.shared_dims([one.run for one in alike])
keys = {"latent_dim": max(shared.intersection(*map(evidence.intact_dims, alike)) or shared), "predictor": "trace"}
seeds = comparisons.controlled_by_seed(alike, **keys).loc[held]
error = evidence.controlled(alike[0], **keys, controls=held)["slope_se"].iloc[0]
more = "more" if seeds["max"] - seeds["min"] > 2 * intervals.Z * error else "no more"
if seeds["size"] > 1:
    say(f"""Over {seeds["size"]:.0f} seeds of `{alike[0].run.name}`, at $d$ = {keys["latent_dim"]}, the slope on the trace is
{seeds["min"]:.2f} to {seeds["max"]:.2f} controlling for class and ink: the seeds span {more} than the interval of one network.""")

# %% [markdown]
# In the default runs, settings matter far more than seeds: `mnist` and `mnist-300` are networks for the same images, and differ in widths, output and the size of the steps.

# %% [markdown]
# ## Over all networks

# %%
show_table(
    report.counts_table(beside),
    name="tab-control-counts",
    caption="""Networks of every depth by their test slope on $J_I$, controlling for class and ink: with a 95 % interval above 0,
    below 0 or neither; *halved*: less than half of the raw slope in size.""",
)

# %% [markdown]
# ## What to take away
#
# Class and ink need no Jacobian: their part of the slope could be told from the image and its label. At most the rest can be credited to the eigenvalues.
#
# Caveat: the rest need not be caused by the geometry, for other properties of an image may drive both, and ink and distance are controlled for linearly. And if ink made errors through the eigenvalues, controlling for it would take away too much. What remains sure is modest: how much the eigenvalues add for someone who has the image and its label, which is the partial $R^2$.
