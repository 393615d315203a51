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
# The paper proposes the trace and the volume form as predictors of the error at a point. A predictor has rivals. This page lets up to {glue:text}`scores:d` scores compete at the same points: those of the paper, other properties of the network's geometry, distances to the training data, the plain ink of an image, and random numbers. None of it is in the paper.
#
# ## What a prediction would be worth
#
# The error of an autoencoder needs no label. Whoever has the network and an image can compute it, and need not predict it. So a score earns something here only as a rival of other scores: if the eigenvalues know where the network fails, they should know it better than what is simpler to come by. That is the question that can be answered, and it is the one that matters for networks whose error cannot be looked up.
#
# One entrant is no honest rival. The distance from the image to the tangent plane of the decoded manifold is computed from the residual $f(x)-x$ itself, and by {prf:ref}`cor-lower` it is a lower bound of the error, not a forecast. It stands in the tables as a measure of how much of the error lies across the manifold.
#
# ## The entrants
#
# Each score is turned so that the larger it is, the larger the error it foretells. The direction follows from what a score means, not from the results: for trace and volume it is that of the paper. A score that ranks the errors the wrong way round gets a negative mark.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits", "digits-seeds"]  # runs to show, side by side
strength: float = 0.5  # of the changes to test images: 1 is a quarter turn

# %%
from lib.report import claims, out_of_distribution, predictors as report, style
from lib.runs import parse_names, first_trainable, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}

# %% tags=["remove-input"]
from IPython.display import Markdown
from myst_nb import glue

from lib.measures.judging import SCORES
from lib.runs import Member

shown = summaries[parse_names(runs)[0]]
training_points = int(shown.members["points_train"].iloc[0])
largest = Member(shown.run.table_depth, max(shown.run.latent_dims), shown.run.seeds[0])
pixels = shown.image_shape[0] * shown.image_shape[-1]
widths = shown.run.widths(largest, pixels)

# %% tags=["remove-input"]
glue(
    "entrants", Markdown(report.score_overview(widths, training_points)), display=False
)
glue("scores", len(SCORES), display=False)
glue("shown_run", shown.run.name, display=False)
glue("largest_d", largest.latent_dim, display=False)

# %% [markdown]
# ```{glue:md} entrants
# :format: myst
# ```
#
# The cost is for a network of the run {glue:text}`shown_run:s`, $d$ = {glue:text}`largest_d:d`, with its training points, neighbours found by brute force, and three seeds. It counts the leading terms only. PCA is the best linear autoencoder with the same number of latent dimensions; *variance over seeds* is that of the reconstructions by networks which differ only in their seed, averaged over the pixels.
#
# What needs only the weights can be had from a network whose training data are secret. This is what speaks for the geometry, if it ranks as well.

# %% [markdown]
# ## The tournament

# %%
from lib.analysis import tournament

tournaments = {name: tournament.tournament(one) for name, one in summaries.items()}

# %% [markdown]
# The test points of every run, at the depth of the tables, for at most seven values of $d$. Of a run whose networks are at hand all scores are computed. Of a kept run there is a sample of test points in its summary, without eigenvalues, codes, other seeds or the error of PCA: the scores that need these are left out, and the best of the rest need not be the best. The variance over seeds needs a run with several: `digits-seeds` is a small one for this page, the settings of `digits` at a few values of $d$, each from several initialisations.

# %%
figure = report.rank_correlations(tournaments)
glue("ranks", figure, display=False)

# %% [markdown]
# ```{glue:figure} ranks
# :name: fig-rank-correlations
# :alt: A table of shaded numbers for each run: a row a score, a column a latent dimension, the rank correlation of score and error in each cell. Cells that differ from zero are bold, the others grey.
#
# Spearman's rank correlation of each score with the mean squared error of the test points. 1: the score puts the errors in the right order; 0: it knows nothing; below 0: it has them the wrong way round. Bold where it differs from 0 at the 5 % level by Holm's method, over all scores and members of the run; over several seeds the mean, bold where each differs.
# ```

# %% tags=["remove-input"]
for run, kind in {"first": shown.run.name, "live": first_trainable(runs)}.items():
    table = tournaments[kind]
    glue(f"{run}_run", kind, display=False)
    for name, own in table.groupby("score"):
        rho = own["spearman"]
        for value in ("min", "mean", "max"):
            glue(f"{run}_{name}_{value}", float(getattr(rho, value)()), display=False)

# %% [markdown]
# In the run {glue:text}`first_run:s` the rank correlation of the trace of $J_I$ lies between {glue:text}`first_trace_input_min:.2f` and {glue:text}`first_trace_input_max:.2f`, that of the log volume between {glue:text}`first_volume_input_min:.2f` and {glue:text}`first_volume_input_max:.2f`, and that of the distance to the fifth nearest training image between {glue:text}`first_neighbours_min:.2f` and {glue:text}`first_neighbours_max:.2f`.
# In the run {glue:text}`live_run:s` the three are {glue:text}`live_trace_input_min:.2f` to {glue:text}`live_trace_input_max:.2f`, {glue:text}`live_volume_input_min:.2f` to {glue:text}`live_volume_input_max:.2f`, and {glue:text}`live_neighbours_min:.2f` to {glue:text}`live_neighbours_max:.2f`.
#
# Over all members shown, with every p-value adjusted for the number of scores and members of its run:

# %% tags=["remove-input"]
glue("tallies", Markdown(report.tallies(tournaments)), display=False)
glue("results", Markdown(report.results_table(tournaments)), display=False)
glue("lost", Markdown(claims.lost_sentence(summaries)), display=False)
twice = {"digits", "digits-seeds"} <= set(summaries)
same = " (the same network in digits and digits-seeds)" if twice else ""
glue("same_network", same, display=False)

# %% [markdown]
# ```{glue:md} tallies
# :format: myst
# ```
#
# *Above 0* and *below 0* count the members at which the rank correlation is significantly so; *adds $R^2$*, those at which the score adds something to a regression of the error on class, ink, $\lvert x\rvert$ and 5-NN distance (robust standard errors). Ink and 5-NN distance are held fixed there, and can add nothing.
#
# ## Beside other measures
#
# A rank correlation looks at all points alike. Who wants to find the worst reconstructions, or to accept only what will be reconstructed well, asks for something else:
#
# - the **AUROC for the worst decile**: the chance that one of the tenth of points with the largest errors scores above one of the others (no knowledge: ½);
# - the **area saved**: accept the points from the lowest score on, and plot the mean error of those accepted against their share. The area under this curve is set between that of no knowledge, 0, and that of the error itself, 1.

# %%
members = {
    name: Member(one.run.table_depth, max(one.run.latent_dims), one.run.seeds[0])
    for name, one in summaries.items()
}
points = {
    name: tournament.points_to_evaluate(summaries[name], members[name]) for name in members
}

# %% mystnb={"image": {"alt": "A panel for each run: the mean error of the accepted test points, relative to that of all, against the share accepted, one line a score. The thick grey line of the error itself is the lowest; a level line at one is no knowledge."}}
report.risk_coverage_curves(points)

# %% [markdown]
# Risk against coverage at the largest $d$ of each run. A line that stays near 1 is a score by which nothing is gained. Points without a log volume are accepted last.
#
# ```{glue:md} results
# :format: myst
# ```
#
# The largest $d$ and first seed of each run{glue:text}`same_network:s`, with 95 % bands by bootstrap over the points; the bands are not adjusted, the p-values behind the bold type are. The log volume is $\log\omega$ here, as in {eq}`eq-regression`: a point with $\omega\le0$ has none, and is left out where this score is judged.
#
# ```{glue:md} lost
# :format: myst
# ```

# %% [markdown]
# ## Shifted test points
#
# The paper's setting is test points from the training distribution. The harder and more useful case is a stream of images of which some have changed. Here the test images are turned, moved, blurred and made noisy, each by a part of what the page [](out_of_distribution) does to them.

# %%
run = summaries[first_trainable(runs)].run
middle = tournament.members_at(run, [12, max(run.latent_dims)])[0]
shifted = tournament.shifted_tournament(run.name, middle, strength)

# %% tags=["remove-input"]
glue("shifted", Markdown(out_of_distribution.shifted_table(shifted)), display=False)
glue("middle_d", int(middle.latent_dim), display=False)
whole = shifted[shifted["set"] == "all"].set_index("score")
glue("degrees", float(90 * strength), display=False)
for name in ("trace_input", "volume_input", "shrinkage", "neighbours"):
    glue(f"all_{name}", float(whole["spearman"].get(name, 0)), display=False)

# %% [markdown]
# ```{glue:md} shifted
# :format: myst
# ```
#
# Spearman's rank correlation with the error within each set and over all of them together, run {glue:text}`live_run:s`, $d$ = {glue:text}`middle_d:d`, images turned by {glue:text}`degrees:.0f` degrees and the rest in proportion; bold as above.
#
# Over all sets together the trace has {glue:text}`all_trace_input:.2f`, the log volume {glue:text}`all_volume_input:.2f`, $\sum|1-\lambda|^2$ {glue:text}`all_shrinkage:.2f`, and the 5-NN distance {glue:text}`all_neighbours:.2f`. By {prf:ref}`cor-trace` the sum bounds from below what the average error gains by small steps along the tangent plane, and of the functions of the eigenvalues there it is the tightest.

# %% tags=["remove-input"]
from lib.measures.protocol import WEIGHTS

for run, kind in {"first": shown.run.name, "live": first_trainable(runs)}.items():
    for place, needs in {"best": (), "best_weights": (WEIGHTS,)}.items():
        label, mean = tournament.best(tournaments[kind], *needs)
        glue(f"{run}_{place}", Markdown(label), display=False)
        glue(f"{run}_{place}_mean", mean, display=False)
    most = tournaments[kind].groupby("score")["gained"].max()
    for name in ("trace_input", "volume_input"):
        glue(f"{run}_{name}_gained", float(most[name]), display=False)

# %% [markdown]
# ## What we may conclude, and what not
#
# Of the scores that do not see the error, the best in the run {glue:text}`first_run:s`, by its mean rank correlation over the members shown, is the {glue:md}`first_best:myst`, with {glue:text}`first_best_mean:.2f`; of those that need only the weights it is the {glue:md}`first_best_weights:myst`, with {glue:text}`first_best_weights_mean:.2f`. The trace of $J_I$ has {glue:text}`first_trace_input_mean:.2f`, its log volume {glue:text}`first_volume_input_mean:.2f`; beyond class, ink, norm and neighbours they add at most {glue:text}`first_trace_input_gained:.3f` and {glue:text}`first_volume_input_gained:.3f` to $R^2$ at any member.
# In the run {glue:text}`live_run:s` the best is the {glue:md}`live_best:myst`, with {glue:text}`live_best_mean:.2f`, and of those that need only the weights the {glue:md}`live_best_weights:myst`, with {glue:text}`live_best_weights_mean:.2f`; the trace has {glue:text}`live_trace_input_mean:.2f`, the log volume {glue:text}`live_volume_input_mean:.2f`, and they add at most {glue:text}`live_trace_input_gained:.3f` and {glue:text}`live_volume_input_gained:.3f`.
#
# The counts above say at how many members the sign of trace and log volume agrees with that of the paper. A score whose sign depends on $d$ or on the data cannot be used without knowing the errors first, which is what it was to replace.
#
# This does not refute a slope that the paper reports. A slope can be significant over tens of thousands of points and still put few of them in the right order; and the paper's slopes are largest at large $d$, so that a run that has only small ones speaks of these alone. Nor does it show that geometry is useless where no training data are to be had: there the neighbours are no rivals, and the best score that needs only the weights is the one to compare with. What it shows is the order of the scores on these data, for these networks, and how sure that order is.
