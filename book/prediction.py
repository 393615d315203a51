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
# # Do eigenvalues predict errors?
#
# This is the paper's main question. For every image it regresses the mean squared error on one number taken from the trained weights: the log volume $\log\omega$ or the trace of the Jacobian there. The *test slope* is the number of standard deviations by which the error of a test image rises with one standard deviation of this predictor.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # beside them where the published numbers are
seed_runs: list[str] = ["mnist", "mnist-seeds"]  # alike but for the seeds

# %%
from lib.analysis import comparisons, evidence, published
from lib.report import claims as claims_report, interactive, prediction as report, style
from lib.report.layout import share_in_words
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import parse_names, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
beside = summaries | {name: summary(name) for name in parse_names(plain_runs)}
of_paper = report.on_papers_data(beside)
seed_names = parse_names(seed_runs)
seeded = comparisons.by_seed([summary(name) for name in seed_names])
spread = comparisons.seed_spread(seeded)

# %%
signs = {name: evidence.slope_signs(one) for name, one in summaries.items()}
told = "; ".join(
    f"in `{name}` {share_in_words(found['above'], found['count'])} are significantly positive and "
    f"{share_in_words(found['below'], found['count'])} significantly negative"
    for name, found in signs.items()
)
seeds, compared = int(spread["count"].min()), int(spread["published"].count())
lower, beyond = int((spread["published"] < spread["min"]).sum()), spread["beyond"].sum()
beside_seeds = f"""Of {compared} published slopes that we can compare, {beyond} are outside what one more seed would give, and
> {lower} lie below all {seeds} seeds, where chance gives one in {seeds + 1}.""" if compared else ""
say(f"""> **In brief.** The claim is that larger eigenvalues go with larger errors, so that test slopes are positive. Of our
> test slopes, {told}. {beside_seeds} A slope is a correlation: [controls](controls) asks what is behind it.""")

# %% [markdown]
# ## Published and reproduced

# %%
show_figure(
    [report.published_beside_reproduced(of_paper, name, seeded) for name in published.PREDICTOR_NAMES],
    name="fig-published",
    caption=f"""Test slopes against the latent dimension, published and reproduced, at the depth of the paper's tables. Crosses: published; lines: ours. Bands:
    95 % intervals over images. Circles: networks like those of `{seed_names[0]}`, each from another seed.""",
    alt=f"""Crosses are published slopes, lines and circles are ours. Of {compared} crosses that stand beside circles, {lower} lie
    below all circles, of {seeds} seeds.""",
)

# %%
say("The runs are:\n\n" + "\n".join(f"- {claims_report.describe_run(one.run)}" for one in beside.values()))

# %%
dims = sorted(set(spread.index[spread["beyond"]].get_level_values("latent_dim")))
if seeds < 2:
    say("There is one seed only, so we cannot tell how far slopes vary by chance.")
else:
    say(f"""**{share_in_words(lower, compared).capitalize()} of the published slopes lie below all of our seeds**: {lower} of
{compared}, where chance gives one in {seeds + 1}. We trained the networks of `{seed_names[0]}` from {seeds} seeds at a few latent dimensions. Caveat: four slopes share each
network, so they are not independent.""")
if seeds > 1:
    say(f"""A published slope is itself of one network, so we ask where one more seed would fall. {beyond} of {compared} published
slopes lie outside that 95 % interval{f", at $d$ = {' and '.join(map(str, dims))}" if dims else ""}. The others, taken singly, could
be chance{", but most deviations have the same sign" if lower > compared / 2 else ""}.""")

# %%
show_table(
    report.agreement_table(beside),
    name="tab-agreement",
    caption="""Our test slopes less the published ones, which are of MNIST: root mean square difference, and share of equal signs.
    Ranges are over both predictors and both Jacobians.""",
)

# %% [markdown]
# In the default runs, the settings of `mnist` were [searched for](sensitivity) at $d$ = 5 and 20. Agreement there is no evidence; at their neighbours it is weak evidence, because slopes change slowly with $d$. Of `mnist-300` few networks are trained. The digits have no reason to match.
#
# ## The regression
#
# The paper fits, by least squares over training and test images together,
#
# $$\mathrm{MSE}_s = b_0 + b_1 X_s + b_2\,[\text{test}] + b_3\,[\text{test}]\,X_s .$$
#
# $X$ is the log volume in equation 6 and the trace in equation 7. The subscript $s$ means standardised over all images. The test slope is $b_1+b_3$.
#
# > **Our assumption.** We worked out this recipe from the published tables before computing anything. Their intercepts fit variables standardised over all images. Table 1 shows that images with $\omega\le0$, which have no logarithm, were dropped after the error was standardised; $\log\omega$ is standardised over the rest. Where slopes are compared with those of the paper (here, and on the pages [controls](controls), [predictors](predictors), [sensitivity](sensitivity) and [claims](claims)) the log volume is $\log\omega$; elsewhere it is $\log|\omega|$, which needs no dropping. Each class is fitted on its own images, in the pooled units.

# %%
shown = next(iter(summaries.values()))
worst = evidence.slopes(shown, "log_volume", space="latent").sort_values("dropped").iloc[-1]
dropped = 100 * worst["dropped"] / (worst["dropped"] + worst["points"])
wider = evidence.resampled_widths(shown)
say(f"""At depth {shown.run.table_depth} in `{shown.run.name}`, up to {dropped:.0f} % of the images have no logarithm
($d$ = {worst["latent_dim"]:.0f}).""")
say(f"""Our intervals are 95 % intervals over images, for one network, robust to unequal variances (HC1). The tests in the
[list of claims](claims) were fixed with plain least-squares intervals. These can be too narrow: in `{shown.run.name}` resampled
images give intervals {wider.median():.1f} times as wide in the median, and up to {wider.max():.1f} times.""")

# %% [markdown]
# ## Slopes against the latent dimension

# %%
caption = """Test slopes on the {} of $J_{{L,n}}$: for each depth $n$ with 95 % intervals (top); for class 1, and the range of
the other classes, at the depth of the tables (bottom). The paper's Figure {}."""
show_figure(
    [report.error_slopes(one, "log_volume") for one in summaries.values()],
    name="fig-volume-slopes",
    caption=caption.format("log volume", 8),
    alt=report.course_sentence(summaries, "log_volume"),
)

# %%
show_figure(
    [report.error_slopes(one, "trace") for one in summaries.values()],
    name="fig-trace-slopes",
    caption=caption.format("trace", 9),
    alt=report.course_sentence(summaries, "trace"),
)

# %%
for name, one in summaries.items():
    say(report.course_sentence({name: one}, "trace").replace("J_L", "$J_L$").replace("d =", "$d$ ="))

# %%
interactive.class_slopes(summaries)

# %%
say(claims_report.verdict_line(beside, "prediction"))

# %% [markdown]
# ## Tables 1 and 2

# %%
show_table(
    report.slopes_table(of_paper),
    name="tab-slopes",
    caption="""Test slopes $b_1+b_3$ of the paper's Tables 1 (log volume) and 2 (trace), published and reproduced, with 95 %
    intervals over images. The paper gives none.""",
)
for number, predictor in published.TABLE_PREDICTORS.items():
    for space in report.TABLE_SPACES:
        of = f"{published.PREDICTOR_NAMES[predictor]} of {published.SPACE_NAMES[space]}"
        fold(f"Table {number} in full: {of}", report.coefficients_table(beside, number, space))

# %% [markdown]
# ## Do the printed numbers agree among themselves?
#
# Two identities must hold. The test slope is $b_1+b_3$. And a regression with an intercept reproduces the mean error, which is 0 when standardised: one image in seven is a test image, so $b_0+b_2/7$ must nearly vanish in Table 2.

# %%
checks, misprints = published.audit(), published.misprints()
cell = misprints.iloc[0]
say(f"""Of {len(checks)} such checks all hold but {(~checks["holds"]).sum()}: the intercept of Table 2 at $d$ = {cell["latent_dim"]},
${published.SPACE_NAMES[cell["space"]]}$, printed as {cell["printed"]:.4g}. With the other sign it holds, so we take it for a
misprint and mark it (!).""")

# %%
means = published.published_table(1).eval("intercept + test / 7")
say(f"""In Table 1 the sum is negative in {(means < 0).sum()} of {len(means)} rows. So the images without a logarithm, which are
missing there, have errors above the mean.""")

# %% [markdown]
# ## What to take away
#
# A slope says that errors and eigenvalues vary together over the images of a data set. It does not say that one causes the other, and in the default runs its sign differs between data sets. What varies with both, such as the amount of ink, is controlled for on the page [controls](controls).
