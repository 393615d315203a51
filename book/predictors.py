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
# # Predictors: which score tells where the error is?
#
# The paper proposes trace and volume form as predictors of the error at an image. Here they compete with other scores at the same images: other properties of the network's geometry, distances to the training data, the ink of the image, and random numbers. None of it is in the paper.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits", "digits-seeds"]  # runs to show, side by side
strength: float = 0.5  # of the changes to test images: 1 is a quarter turn

# %%
from lib.analysis import evidence, tournament
from lib.measures.judging import LEVEL, SCORES
from lib.measures.protocol import WEIGHTS
from lib.report import out_of_distribution, predictors as report, style
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import Member, first_trainable, parse_names, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
tournaments = {name: tournament.tournament(one) for name, one in summaries.items()}
first, *others = tournaments

# %%
means = {name: table.groupby("score")["spearman"].mean() for name, table in tournaments.items()}
gained = {name: table.groupby("score")["gained"].max() for name, table in tournaments.items()}
best = {name: tournament.best(table) for name, table in tournaments.items()}
label, mean = best[first]
ours = ["trace_input", "volume_input"]
say(f"""> **In brief.** In `{first}` the score that ranks the errors of test images best without seeing them, of those that all networks have, is *{label}*: its mean
> rank correlation with the error is {mean:.2f}. The trace of $J_I$ has {means[first]["trace_input"]:.2f}. Beyond class, ink and
> distance to the training images, trace and log volume add at most {gained[first].reindex(ours).max():.3f} to $R^2$.""")

# %% [markdown]
# ## Why compete?
#
# The error of an autoencoder needs no label: with the network and the image we can compute it. So the useful question is comparative: do eigenvalues rank errors better than simpler scores? One advantage is theirs: they need the weights alone, also where the training data are secret.
#
# A score is judged by Spearman's *rank correlation* with the error: 1 if it puts the images in the right order, 0 if it knows nothing, below 0 if the order is reversed. The direction of each score follows from its meaning, for trace and volume from the paper, not from the results.
#
# One entrant is no honest rival. The distance from the image to the tangent plane of the decoded manifold is computed from the residual itself, and is [a lower bound of the error](bounds).

# %%
shown = summaries[first]
largest = Member(shown.run.table_depth, max(shown.run.latent_dims), shown.run.seeds[0])
pixels = shown.image_shape[0] * shown.image_shape[-1]
widths, training = shown.run.widths(largest, pixels), int(shown.members["points_train"].iloc[0])
fold(
    f"All {len(SCORES)} scores: what they need, and what they cost in {first} at d = {largest.latent_dim}",
    report.score_overview(widths, training) + "\n\nCosts are leading terms, for neighbours by brute force and three seeds. "
    "PCA is the best linear autoencoder with as many dimensions. *Variance over seeds* is that of reconstructions.",
)

# %% [markdown]
# ## The tournament

# %%
show_figure(
    [report.rank_correlations(name, table) for name, table in tournaments.items()],
    name="fig-rank-correlations",
    caption=f"""Rank correlation of each score with the mean squared error of test images, at the depth of the paper's tables (mean
    over seeds). Bold: different from 0 at the {LEVEL:.0%} level at each seed, by Holm's method over all scores and networks of the
    run.""".replace("%", " %"),
    alt=" ".join(
        f"In the run {name} the best score that does not see the error is: {label}, with a mean rank correlation of {mean:.2f}; "
        f"the trace of J_I has {means[name]['trace_input']:.2f}."
        for name, (label, mean) in best.items()
    ),
)

# %%
weights = {name: tournament.best(table, WEIGHTS) for name, table in tournaments.items()}
for name, (label, mean) in best.items():
    say(f"""Of the scores that every network has and that do not see the error, the best in `{name}` is *{label}*, with a mean rank correlation of {mean:.2f}. The best from the weights alone is
*{weights[name][0]}* ({weights[name][1]:.2f}); the trace of $J_I$ has {means[name]["trace_input"]:.2f}.""")

# %% [markdown]
# Of a run whose networks are not at hand there is only a sample of test images, and what was kept beside it (`python -m lib scores NAME`). The variance over seeds is there only for a few $d$.

# %%
by_score = tournaments[first].pivot_table(index="latent_dim", columns="score", values="spearman")
if "seed_variance" in by_score and by_score["seed_variance"].isna().any():
    known = by_score.dropna(subset=["seed_variance"])
    ahead = int((known["seed_variance"] > known["neighbours"]).sum())
    say(f"""In `{first}` it is there at $d$ = {", ".join(map(str, known.index))}. Its mean rank correlation over these is
{known["seed_variance"].mean():.2f}, that of the 5-NN distance {known["neighbours"].mean():.2f}; it is ahead at {ahead} of these
{len(known)} values of $d$. It needs no training images, but several trainings.""")

# %%
controls = {name: table[table["score"] == "random"] for name, table in tournaments.items()}
alarms = {name: rows[rows[["spearman_holm", "gained_holm"]].min(axis=1) < LEVEL] for name, rows in controls.items()}
told = [f"in `{name}` at {len(rows)} of {len(controls[name])} networks" for name, rows in alarms.items() if len(rows)]
if told:
    say(f"""**A negative control fails.** Random numbers are significant after Holm's adjustment {", ".join(told)}. That is a false
alarm; Holm's method allows it in {100 * LEVEL:.0f} % of runs, for each criterion. So we do not trust significance at a single
network, and count only scores that are significant at most networks of a run.""")
else:
    say("Random numbers, the negative control, are significant at no network.")
fold("Over all networks: mean, range and significant cases", report.tallies(tournaments))

# %% [markdown]
# In the fold, *above 0* and *below 0* count the networks at which the rank correlation is significantly so, and *gains $R^2$* those at which the score improves a regression of the error on class, ink, $\lvert x\rvert$ and 5-NN distance. Ink and 5-NN distance are controlled for there and can gain nothing.
#
# ## Other criteria
#
# To find the worst reconstructions, or to reject them, two other criteria are more telling:
#
# - **AUROC, worst tenth:** the chance that an image from the tenth of largest errors scores above an image from the rest (chance level: ½).
# - **Area saved:** accept images from the lowest score on, and plot their mean error against their share. The area that a score saves below the line of no knowledge is 0 for no knowledge and 1 for the error itself.

# %%
intact, points = {}, {}
for name, table in tournaments.items():
    of_intact = table[table["latent_dim"].isin(evidence.intact_dims(summaries[name]))]
    intact[name] = of_intact if len(of_intact) else table
    run, latent_dim = summaries[name].run, int(intact[name]["latent_dim"].max())
    points[name] = tournament.points_to_evaluate(summaries[name], Member(run.table_depth, latent_dim, run.seeds[0]))
saved = {
    name: rows[rows["latent_dim"] == rows["latent_dim"].max()].groupby("score")["saved"].mean()
    for name, rows in intact.items()
}

# %%
show_figure(
    [report.risk_coverage_curves(name, table) for name, table in points.items()],
    name="fig-risk-coverage",
    caption="""Mean error of the accepted test images, relative to that of all, against the share accepted, at the largest $d$
    of the tournament whose network is intact ([no lost direction](spectra.py#lost-directions)). A line near 1 gains nothing. Images without a log volume are accepted last.""",
    alt=" ".join(
        f"In the run {name} the 5-NN distance saves {areas['neighbours']:.2f} of the area, the trace {areas['trace_input']:.2f}."
        for name, areas in saved.items()
    ),
)

# %%
show_table(
    report.results_table(intact[first], report.OPEN),
    name="tab-results",
    caption=f"""Scores in `{first}` at $d$ = {intact[first]["latent_dim"].max()}, with 95 % intervals by bootstrap over images. Bold:
    significant after Holm's adjustment. The log volume is $\\log\\omega$; images without one are left out.""",
)
for name, rows in intact.items():
    fold(f"All scores in {name}, at d = {rows['latent_dim'].max()}", report.results_table(rows))

# %% [markdown]
# ## Changed test images
#
# The harder and more useful case is a stream of images of which some have changed. Here test images are turned, moved, blurred or made noisy, each by a part of what the page [on strange images](out_of_distribution) does to them.

# %%
live = summaries[first_trainable(runs)].run
middle = tournament.members_at(live, [12, max(live.latent_dims)])[0]
shifted = None if live.committed else tournament.shifted_tournament(live.name, middle, strength)
if shifted is None:
    say("No run named here trains its networks in the build: there is nothing to change the images for.")

# %%
if shifted is not None:
    whole = shifted[shifted["set"] == "all"].set_index("score")["spearman"]
    say(f"""In `{live.name}` the rank correlation over all images together is {whole.get("trace_input", 0):.2f} for the trace and
{whole.get("neighbours", 0):.2f} for the 5-NN distance. The sum $\\sum|1-\\lambda|^2$, which [belongs to a bound](bounds), has
{whole.get("shrinkage", 0):.2f}, the error of PCA {whole.get("linear_error", 0):.2f}.""")
    title = f"Rank correlation by kind of change, at d = {middle.latent_dim}, turned by {90 * strength:.0f} degrees"
    fold(title, out_of_distribution.shifted_table(shifted))

# %% [markdown]
# ## What to take away
#
# A slope can be significant over thousands of images and still rank few of them rightly. A score whose sign depends on $d$ or on the data cannot be used without knowing the errors first.
#
# [Who tells?](who_tells) extends the contest to other targets and to measures from the literature.
#
# Caveat: this does not refute the slopes of the paper, and it does not show that geometry is useless. Where no training data are to be had, the distance to them is no rival, and the best score from the weights alone is the one to compare with.
