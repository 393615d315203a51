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
# # Geometry and Generalization
#
# *An executable reproduction of the paper by {cite:t}`agarwala2022`.*
#
# **What the paper claims.** An autoencoder squeezes an image through a few latent numbers and draws it again. Some images it draws badly, and the weights alone tell which: the eigenvalues of the network's Jacobian at an image, through their sum (the *trace*) and their product (the *volume form*), predict the error there.

# %% tags=["parameters", "remove-input"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # told beside them

# %% tags=["remove-input"]
from IPython.display import Markdown
from myst_nb import glue

from lib.analysis import claims, evidence, intervals
from lib.report import claims as claims_report, controls, style
from lib.runs import parse_names, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
beside = summaries | {name: summary(name) for name in parse_names(plain_runs)}
told = {"first": parse_names(runs)[0], "last": parse_names(runs)[-1]}
told["plain"] = parse_names(plain_runs)[0]

# %% tags=["remove-input"]
largest = {}
for place, name in told.items():
    dims = evidence.intact_dims(beside[name]) or beside[name].run.latent_dims
    largest[place] = int(max(dims))
    glue(f"{place}_run", name, display=False)
    glue(f"{place}_d", largest[place], display=False)
glue("all_claims", len(claims.CLAIMS), display=False)
glue("standing", Markdown(claims_report.verdict_counts(beside)), display=False)

# %% tags=["remove-input"]
held = {"raw": "none", "held": "class and ink", "all": "class, ink, neighbours"}
for place, name in told.items():
    for short, control in held.items():
        rows = evidence.complete_controlled(beside[name], control, "trace")
        row = rows.loc[largest[place]]
        half = intervals.Z * float(row["slope_se"])
        glue(f"{place}_{short}", float(row["slope"]), display=False)
        glue(f"{place}_{short}_half", half, display=False)

# %% tags=["remove-input"]
signs = evidence.clearest_slopes(beside[told["last"]], "trace")
for short, row in signs.items():
    glue(f"{short}_d", int(row.name), display=False)
    glue(short, float(row["slope"]), display=False)
    glue(f"{short}_half", float(row["high"] - row["slope"]), display=False)

# %% [markdown]
# **What we found.** In the run {glue:text}`first_run:s`, with settings chosen for slopes near the published ones, at $d$ = {glue:text}`first_d:d` latent numbers, a trace one standard deviation larger goes with a test error larger by {glue:text}`first_raw:.2f` ± {glue:text}`first_raw_half:.2f` of its own. With digit and amount of ink held fixed {glue:text}`first_held:.2f` ± {glue:text}`first_held_half:.2f` [is left](controls), and {glue:text}`first_all:.2f` ± {glue:text}`first_all_half:.2f` with the distance from the training images too. With a [plain reading](sensitivity) of the settings {glue:text}`plain_held:.2f` ± {glue:text}`plain_held_half:.2f` is left of {glue:text}`plain_raw:.2f`. In the run {glue:text}`last_run:s`, of smaller images, the sign depends on $d$. The [ledger](claims) has all {glue:text}`all_claims:d` claims.

# %% tags=["remove-input"] mystnb={"image": {"alt": "One panel a run against the latent dimension. Crosses are the slopes of the test error on the trace as published, for MNIST; a black line those found here; an orange line those left with class and ink held fixed. A grey line marks zero."}}
controls.headline(summaries)

# %% [markdown]
# *Bands are 95 % intervals over points. The published slopes are of MNIST.*
#
# ::::{grid} 1 1 3 3
# :gutter: 2
#
# :::{grid-item-card} Read
# :link: introduction
# :link-type: doc
# The paper and more
# :::
#
# :::{grid-item-card} Rerun
# :link: rerun
# :link-type: doc
# With your parameters
# :::
#
# :::{grid-item-card} Diagnose yours
# :link: diagnose
# :link-type: doc
# Your own autoencoder
# :::
# ::::
#
# ## How sure is what
#
# The ledger, run by run:
#
# ```{glue:md} standing
# :format: myst
# ```
#
# A claim is *contradicted* where one of its estimates is, and *undecided* where its intervals leave it open. Two more claims, on the tables as printed, are the same for every run; and of two readings of a [misprint](orientation) at most one can hold.
#
# Each number above is of one network, at the largest $d$ whose network has not [lost a latent direction](small_eigenvalues): $d$ = {glue:text}`first_d:d` of {glue:text}`first_run:s` and {glue:text}`plain_d:d` of {glue:text}`plain_run:s`. In the run {glue:text}`last_run:s` the slope is most clearly positive at $d$ = {glue:text}`up_d:d`, with {glue:text}`up:.2f` ± {glue:text}`up_half:.2f`, and most clearly negative at $d$ = {glue:text}`down_d:d`, with {glue:text}`down:.2f` ± {glue:text}`down_half:.2f`.
#
# MNIST at the paper's scale takes hours on two processors, and `mnist-300` days: a run that is unfinished is shown by the latent dimensions that are there at the depth of the tables. Claims on the values of the tables wait for all latent dimensions; trends are tested from five on, few as these are.
#
# | Part of the paper | here | how sure |
# | :-- | :-- | :-- |
# | Figures 2 to 9 | [spectra](spectra), [means](means), [small eigenvalues](small_eigenvalues), [orientation](orientation), [prediction](prediction) | made anew on each run; every claim has a test, fixed beforehand but for [one condition](claims) |
# | Tables 1 and 2 | [prediction](prediction) | all columns, beside the published ones; the published tables were audited, and hold a misprint ({numref}`table-2`) |
# | Definitions | [introduction](introduction), [geometry](geometry) | the identities are proved and checked on trained networks |
# | Bounds for the error | [bounds](bounds) | the paper's theorems were not available to us; the statements are ours, proved, and checked {glue:text}`bounds.py::checks:,d` times with {glue:text}`bounds.py::violations:d` violations |
# | Settings of the experiments | [experiments](experiments), [sensitivity](sensitivity) | stated in part only; the rest is our reading, and for the run `mnist` a choice by nearness to the published slopes (100 epochs instead of the stated 300 among them) |
#
# The paper's full text and its code were not available to us, only what the journal's page shows. Wherever something had to be read into it, a box says *our reading*; where that concerns an experiment, the choice is a field of a run and can be changed.
#
# ## A reader's guide
#
# | You have | read |
# | :-- | :-- |
# | five minutes | this page and the [ledger](claims) |
# | an hour | the [introduction](introduction), then [prediction](prediction) and [controls](controls): the main question, and how much of the answer survives |
# | an afternoon | Part I in order; the proofs in [geometry](geometry) and [bounds](bounds) can be skipped, their tables of checks cannot |
# | a network of your own | [geometry](geometry) for what is measured, [bounds](bounds) for what follows from it, then [diagnose](diagnose) |
#
# A page on results goes from what the paper says to the parameters, a figure or a table, what it shows, the verdicts beside the published claims, how sure we are of them, and what to take away. All results in the text are computed when the page is. The foot of a page says when and from what, offers the executed notebook, and gives the command that makes the page again.
#
# The words are few. A *run* is a specification, a *member* one trained autoencoder of it (depth $n$, latent dimension $d$, seed), and the *core* the small matrix that is measured at every point ({prf:ref}`def-core`). The [glossary](glossary) has all words and symbols.
