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

# %%
from IPython.display import Markdown
from myst_nb import glue

from lib import claims, figures, tables
from lib.runs import listed, summary

figures.use_style()
runs = listed(runs)
summaries = {name: summary(name) for name in runs}
shown = summaries[runs[0]]

# %%
figure = figures.small_eigenvalues(summaries)
glue("small", figure, display=False)

# %% [markdown]
# ```{glue:figure} small
# :name: fig-small-eigenvalues
# :alt: Two panels of lines against the latent dimension. Top, the mean number of small eigenvalues, one line a depth; bottom, one line a class at the depth of the tables, class one in orange.
#
# The mean number of eigenvalues with $|\lambda|<0.1$ at a point, for $J_{L,n}$ in aggregate (top) and by class at the depth of the tables (bottom).
# ```

# %% tags=["remove-input"]
counts = figures.statistics(
    shown,
    "small_eigenvalues",
    space="latent",
    depth=shown.run.table_depth,
    split="all",
    label=-1,
)
worst = counts.loc[counts["mean"].idxmax()]
glue("most", float(worst["mean"]), display=False)
glue("most_d", int(worst["latent_dim"]), display=False)
glue("next", float(counts["mean"].drop(worst.name).max()), display=False)
glue("shown_run", shown.run.name, display=False)
glue("depth", int(shown.run.table_depth), display=False)

# %% [markdown]
# In the run {glue:text}`shown_run`, depth {glue:text}`depth`, there are most of them at $d$ = {glue:text}`most_d`: {glue:text}`most:.2f` a point, and {glue:text}`next:.2f` at most at any other $d$.
# A peak at a single $d$ speaks of that one member: each point of a line is one network from one seed.
#
# ## Networks that have lost a direction
#
# Where nearly every point has a small eigenvalue, the network has lost a latent direction altogether. Counting as many as lost as at least 97.5 % of the points have small eigenvalues of $J_L$, this has happened to

# %% tags=["remove-input"]
glue("lost", Markdown(tables.lost(summaries)), display=False)

# %% [markdown]
# ```{glue:md} lost
# :format: myst
# ```
#
# Such a network has fewer numbers to work with than its $d$ says, and what it shows speaks of its training. The [ledger](claims) has the verdicts that hang on these networks.
#
# ## Are the cores sound?

# %% tags=["remove-input"]
glue("health", Markdown(tables.health(summaries)), display=False)

# %% [markdown]
# ```{glue:md} health
# :format: myst
# ```
#
# A core is *singular* where some hidden layer has fewer than $d$ active units: $\omega$ is then exactly 0, whatever a determinant routine prints. The table
# also counts the cores that are nearly singular and those with $\omega\le0$, which have no logarithm and drop out of the regressions on the log volume.

# %% tags=["remove-input"]
ledger = claims.ledger(summaries, claims.of_page("small_eigenvalues"))
glue("verdicts", Markdown(tables.verdicts(ledger)), display=False)
glue("tests", Markdown(tables.tests("small_eigenvalues")), display=False)

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
glue("basis", Markdown(tables.basis(summaries, "small_eigenvalues")), display=False)

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
# Where small eigenvalues pile up at one $d$ and not at its neighbours, suspect that member's training before the data. Where they do so at one depth, from some $d$ on, suspect that networks of that depth cannot be trained to use so many directions with these settings. A count of the directions that a trained network has lost costs one pass over some points, and needs no labels.
