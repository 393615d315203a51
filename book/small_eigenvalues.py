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
# # Small eigenvalues
#
# An eigenvalue near 0 is a direction of the latent space that the network has lost at that point. Figure 6 of the paper counts those of modulus below 0.1.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
seed_runs: list[str] = ["mnist", "mnist-seeds"]  # alike but for the seeds

# %%
from IPython.display import Markdown
from myst_nb import glue

from lib.analysis import claims, comparisons, evidence
from lib.report import claims as claims_report, experiments, spectra, style
from lib.runs import parse_names, summary

style.use_style()
runs = parse_names(runs)
summaries = {name: summary(name) for name in runs}
shown = summaries[runs[0]]

# %%
figure = spectra.small_eigenvalues(summaries)
glue("small", figure, display=False)

# %% [markdown]
# ```{glue:figure} small
# :name: fig-small-eigenvalues
# :alt: Two panels of lines against the latent dimension. Top, the mean number of small eigenvalues, one line a depth; bottom, one line a class at the depth of the tables, class one in orange.
#
# The mean number of eigenvalues with $|\lambda|<0.1$ at a point, for $J_{L,n}$ in aggregate (top) and by class at the depth of the tables (bottom).
# ```

# %% tags=["remove-input"]
counts = evidence.statistics(shown, "small_eigenvalues", space="latent")
worst = counts.loc[counts["mean"].idxmax()]
glue("most", float(worst["mean"]), display=False)
glue("most_d", int(worst["latent_dim"]), display=False)
glue("next", float(counts["mean"].drop(worst.name).max()), display=False)
glue("shown_run", shown.run.name, display=False)
glue("depth", int(shown.run.table_depth), display=False)

# %% [markdown]
# In the run {glue:text}`shown_run`, depth {glue:text}`depth`, there are most of them at $d$ = {glue:text}`most_d`: {glue:text}`most:.2f` a point, and {glue:text}`next:.2f` at most at any other $d$.
# Each point of a line is one network from one seed: a peak at a single $d$ may be that one network's.
#
# ## Networks that have lost a direction
#
# Where nearly every point has a small eigenvalue, the network has lost a latent direction altogether. We count $k$ directions as lost where at least 97.5 % of the points have $k$ or more eigenvalues of $J_L$ with $|\lambda|<0.1$. Such networks are:

# %% tags=["remove-input"]
glue("lost", Markdown(claims_report.lost(summaries)), display=False)

# %% [markdown]
# ```{glue:md} lost
# :format: myst
# ```
#
# Such a network has fewer numbers to work with than its $d$ says, and what it shows speaks of its training. The [ledger](claims) has the verdicts that hang on these networks.
#
# ### Is it chance?
#
# The run {glue:text}`seeded_run:s` was trained from other seeds, too, at a few latent dimensions.

# %%
seeded = comparisons.lost_by_seed([summary(name) for name in parse_names(seed_runs)])
top = seeded["latent_dim"].max()
words = {"lost": "directions lost", "all": "small eigenvalues a point"}
words |= {"class_one": "class 1", "others": "most of another class"}
at_top = seeded[seeded["latent_dim"] == top].set_index("seed")
at_top[[*words]].rename(columns=words).round(2)

# %% tags=["remove-input"]
glue("seeded_run", parse_names(seed_runs)[0], display=False)
by_dim = seeded.groupby("latent_dim")["lost"].agg(["size", lambda one: (one > 0).sum()])
glue("top_d", int(top), display=False)
glue("top_seeds", int(by_dim.loc[top].iloc[0]), display=False)
glue("top_lost", int(by_dim.loc[top].iloc[1]), display=False)
lower = by_dim.drop(top)
for short, column in {"one": "class_one", "others": "others"}.items():
    glue(f"{short}_least", float(at_top[column].min()), display=False)
    glue(f"{short}_most", float(at_top[column].max()), display=False)
glue("lower_dims", ", ".join(map(str, lower.index)), display=False)
glue("lower_seeds", int(lower.iloc[:, 0].sum()), display=False)
glue("lower_lost", int(lower.iloc[:, 1].sum()), display=False)

# %% [markdown]
# All at $d$ = {glue:text}`top_d:d`, depth {glue:text}`depth`; the last three columns are means over the points. Of {glue:text}`top_seeds:d` seeds {glue:text}`top_lost:d` have lost a direction there; at $d$ = {glue:text}`lower_dims:s` it is {glue:text}`lower_lost:d` of {glue:text}`lower_seeds:d`. Which network loses one is chance, that some do at so large a $d$ hardly. From seed to seed the number of small eigenvalues goes from {glue:text}`one_least:.2f` to {glue:text}`one_most:.2f` in class 1, and in the class that has most of the others from {glue:text}`others_least:.2f` to {glue:text}`others_most:.2f`: a verdict on these at the largest $d$ can hang on the seed.
#
# ## Are the cores sound?

# %% tags=["remove-input"]
glue("health", Markdown(experiments.health_table(summaries)), display=False)

# %% [markdown]
# ```{glue:md} health
# :format: myst
# ```
#
# A core is *singular* where some hidden layer has fewer than $d$ active units: $\omega$ is then exactly 0, whatever a determinant routine prints. The table
# also counts the cores that are nearly singular and those with $\omega\le0$, which have no logarithm and drop out of the regressions on the log volume.

# %% tags=["remove-input"]
ledger = claims.ledger(summaries, claims.of_page("small_eigenvalues"))
glue("verdicts", Markdown(claims_report.verdicts(ledger)), display=False)
glue("tests", Markdown(claims_report.tests("small_eigenvalues")), display=False)

# %% [markdown]
# ## Beside the paper
#
# Each claim about this figure was given its test before any run on MNIST was made; trial networks had been seen:
#
# ```{glue:md} tests
# :format: myst
# ```
#
# And this is what came out:
#
# ```{glue:md} verdicts
# :format: myst
# ```
#
# An estimate with its 95 % interval is turned so that positive means "as the paper says".
# All claims of the paper stand together in the [ledger](claims).

# %% tags=["remove-input"]
glue("basis", Markdown(claims_report.sample_sizes(summaries, "small_eigenvalues")), display=False)

# %% [markdown]
# ## How sure are we
#
# ```{glue:md} basis
# :format: myst
# ```
#
# The threshold 0.1 is the paper's; what counts as "few" is our reading. A count per point can hang on one network whose training went astray, and intervals over points do not show that.

# %% [markdown]
# ## What to take away
#
# Where small eigenvalues pile up at one $d$, train another seed before blaming the member, the settings or the data. Where they do so at one depth, from some $d$ on, suspect that networks of that depth cannot be trained to use so many directions with these settings. A count of the directions that a trained network has lost costs one pass over some points, and needs no labels.
