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
# # Report: where will this autoencoder fail?

# %% tags=["parameters"]
model: str = "lib.training.demo:convolutional_digits"  # FILE.safetensors, or code
data: list[str] = [
    "lib.training.demo:test_digits",
    "lib.training.demo:shifted_digits",
    "lib.training.demo:noisy_digits",
    "lib.training.demo:inverted_digits",
]  # one or more sources of points
reference: str = "lib.training.demo:training_digits"  # "" for none
architecture: str = ""  # where the model does not state its own
folder: str = "."  # where relative paths and code start from
points: int = 1000  # at most so many of each source
coverage: float = 0.99  # the central share that is ordinary
passes: int = 0  # products with Jacobians per point, for estimates in large latent spaces; 0: exact
measures: str = ""  # measures of points to compare as well, NAME+NAME, or all

# %%
from lib.analysis import diagnosis, user_measures
from lib.report import diagnose as report, point_pictures, style, user_measures as beside
from lib.report.output import say, show_figure, show_table

style.use_style()
user_measures.measures_asked(measures, bool(reference), passes)
arguments = (model, data, reference, architecture, folder)
found = diagnosis.diagnose(*arguments, points, coverage, passes)
say(f"> **In brief.**\n>\n{report.quoted(report.conclusion(found))}")

# %% [markdown]
# ## What was examined

# %%
say(report.setting(found))

# %% [markdown]
# ## The spectra beside the reference
#
# The trace of $J_I$ is the sum of its eigenvalues; the log volume is the logarithm of the absolute product of the $d$ leading ones. If the network were a projection onto the images that it can draw, the trace would be $d$ and the log volume 0. The tangent distance is the distance of a point from the plane tangent to the decoded manifold at its reconstruction, in the units of the points.

# %%
measured = {name: one.measured for name, one in found.sets.items()}
show_figure(
    report.quantile_bars(measured, diagnosis.SIGNALS, found.limits),
    name="fig-spectra",
    caption="Dots: medians; thick lines: the middle half; thin lines: the middle 99 %. Grey band: the central range of the reference, where there is one.",
    alt=f"Three panels, a row per set of points. {report.medians_sentence(found)}",
)

# %% [markdown]
# ## Which points are flagged
#
# A point is flagged by a quantity if its value lies outside the reference's central range. The limits are order statistics of the reference: they flag a fresh point of the same kind with a probability of at most the share outside (conformal prediction, Vovk et al. 2005). The error, the ink $\lvert x\rvert^2$ and the distance to the fifth nearest reference point are judged in the same way. They show what you would notice without a Jacobian.

# %%
say(report.flags(found))
if not report.no_limits(found):
    show_table(
        report.as_markdown(report.shares_table(found).drop(columns="points").T, "flagged by"),
        name="tab-shares",
        caption="Share of points flagged, in percent. *Any*: by trace, log volume or tangent distance.",
    )
if len(unusual := report.most_unusual_table(found)):
    show_table(
        report.as_markdown(unusual),
        name="tab-unusual",
        caption="The points farthest outside, in widths of the reference's central range; without a reference, those farthest from the tangent plane.",
    )

# %%
if pictures := point_pictures.pictures(found, 4):
    show_figure(
        point_pictures.flagged_pictures(pictures),
        name="fig-points",
        caption="The points that stand out most (above) and their reconstructions (below). The numbers are rows of the source, or names of files. Images: 0 is black, 1 white.",
        alt=f"Images of the points that stand out most, and their reconstructions, in {len(pictures)} sets.",
    )

# %% [markdown]
# ## Reversed and singular points
#
# Where the product $\omega$ of the eigenvalues is negative, the network mirrors the latent space. Where it passes on fewer than $d$ dimensions, $\omega$ is exactly 0 and the point is *singular*. Where the smallest singular value of the core is less than a millionth of the largest (in float32, a hundred-thousandth), the point is *ill conditioned*, and the sign of $\omega$ may be rounding. Outside of chains of affine layers and ReLU, look at the ill conditioned points as well.

# %%
say(report.orientation_sentence(found))
show_table(
    report.as_markdown(report.orientation_table(found)),
    name="tab-orientation",
    caption="Reversed, singular and ill conditioned points.",
)

# %% [markdown]
# ## How far from the tangent plane
#
# The residual $f(x)-x$ has a part along the decoded manifold and a part across it. A better code could remove the part along. To first order, no code could remove the part across, whose length is the tangent distance. Lengths add in squares: if a share $s$ is across, $\sqrt{1-s^2}$ is along.

# %%
show_table(
    report.as_markdown(report.tangent_table(found)),
    name="tab-tangent",
    caption="Medians of the tangent distance, of the residual's length, and of the share across.",
)

# %% [markdown]
# ## Do eigenvalues rank the errors?
#
# The paper claims that within a set, a larger trace or volume goes with a larger error. For an autoencoder the errors are known, so the claim can be checked, beside two simpler quantities.

# %%
tables = {name: diagnosis.correlations(one.measured) for name, one in found.data.items()}
say(report.errors(found))
if any(table["rho"].notna().any() for table in tables.values()):
    show_figure(
        report.error_correlations(tables, report.NAMES, diagnosis.PREDICTORS["eigenvalues"]),
        name="fig-errors",
        caption="Spearman's rank correlation with the error, and its 95 % interval. Filled marks need the Jacobian, open marks do not.",
        alt="Rank correlations with the error, a panel per set of points; the sentences above state them.",
    )
if measures:
    values, left_out = user_measures.measure_sets(found, measures)
    if left_out:
        say(beside.left_out_sentence(left_out))
    if len(compared := beside.measures_table(found, values)):
        show_table(
            report.as_markdown(compared, "measure"),
            name="tab-measures",
            caption="Other measures, in float64. In each set: the median, and Spearman's rank correlation with the error with its 95 % interval, or why there is none; the rows go from the largest in the first set of data to the smallest. The reference stands for the training data.",
        )

# %% [markdown]
# ## What does not follow
#
# - A point that is not flagged need not be safe: it may be unusual in other ways.
# - A flag is no error. The network treats the point unlike the reference's points.
# - If the network was trained on the reference, fresh points of the same kind may be flagged more often than stated.
# - A correlation within one set does not carry over to another, and does not show a cause.
# - Reconstruction may not be your task. If you use the codes otherwise, examine that use.
