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
# # Orientation
#
# Where $\omega<0$ the network turns its latent space inside out: to first order, a small left-handed frame comes back right-handed. Figure 7 of the paper gives the share of
# such points.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side

# %%
from myst_nb import glue

from lib.analysis import claims, evidence
from lib.report import claims as claims_report, spectra, style
from lib.runs import parse_names, summary

style.use_style()
runs = parse_names(runs)
summaries = {name: summary(name) for name in runs}
shown = summaries[runs[0]]

# %%
figure = spectra.orientation(summaries)
glue("orientation", figure, display=False)

# %% [markdown]
# ```{glue:figure} orientation
# :name: fig-orientation
# :alt: Two panels of lines against the latent dimension. Top, the share of points with negative omega for each depth, test solid and train dashed; bottom, the same share for the two Jacobians at the depth of the tables.
#
# The share of points where orientation is reversed ($\omega<0$): train and test points for $J_{L,n}$ (top), $J_I$ beside $J_L$ at the depth of the tables (bottom).
# ```

# %% tags=["remove-input"]
reversed_share = evidence.statistics(shown, "reversed", space="latent")

# %% tags=["remove-input"]
glue("reversed_first", 100 * float(reversed_share["mean"].iloc[0]), display=False)
glue("reversed_last", 100 * float(reversed_share["mean"].iloc[-1]), display=False)
least = reversed_share.loc[reversed_share["mean"].idxmin()]
glue("reversed_least", 100 * float(least["mean"]), display=False)
glue("least_d", int(least["latent_dim"]), display=False)
glue("depth", int(shown.run.table_depth), display=False)
glue("smallest_d", int(reversed_share["latent_dim"].iloc[0]), display=False)
glue("largest_d", int(reversed_share["latent_dim"].iloc[-1]), display=False)
glue("shown_run", shown.run.name, display=False)

# %% [markdown]
# In the run {glue:text}`shown_run` (depth {glue:text}`depth`) $J_L$ reverses orientation at {glue:text}`reversed_first:.1f` % of the points at $d$ = {glue:text}`smallest_d`, at {glue:text}`reversed_least:.1f` % at $d$ = {glue:text}`least_d`, where it does so least, and at
# {glue:text}`reversed_last:.1f` % at $d$ = {glue:text}`largest_d`. An eigenvalue near 0 may have either sign; so where a network [has lost a direction](small_eigenvalues), its share says little.
#
# :::{admonition} Our reading
# :class: note
# The printed caption compares the training points with the training points. One of the two must be the test points; we test both directions, as two claims, of which
# at most one can hold.
# :::

# %% tags=["remove-input"]
from IPython.display import Markdown

ledger = claims.ledger(summaries, claims.of_page("orientation"))
glue("verdicts", Markdown(claims_report.verdicts(ledger)), display=False)
glue("tests", Markdown(claims_report.tests("orientation")), display=False)

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
glue("basis", Markdown(claims_report.sample_sizes(summaries, "orientation")), display=False)

# %% [markdown]
# ## How sure are we
#
# ```{glue:md} basis
# :format: myst
# ```
#
# The printed caption cannot be meant as it stands, so two of the claims are our readings of it. The intervals of the verdicts are over the values of $d$, one network each; where few points are reversed, train and test can hardly be told apart.

# %% [markdown]
# ## What to take away
#
# A reversed point has a real eigenvalue below 0, and so lies far from the identity that an exact autoencoder would be there. Such points need no
# reference data to be found.
