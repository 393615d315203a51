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
# # The ledger of claims
#
# Every claim that the paper makes in its abstract, figures and tables, as far as these are known to us, with a test and a tolerance fixed beforehand (but for the theorems, which we do not have), and the verdict on each run.
# A claim that fails is a result like any other.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "mnist-300", "digits"]  # runs to show, side by side

# %%
from lib.analysis import claims
from lib.runs import parse_names, summary

runs = parse_names(runs)
summaries = {name: summary(name) for name in runs}
ledger = claims.ledger(summaries)
counts = claims.counts(ledger)
counts

# %% tags=["remove-input"]
from myst_nb import glue

glue("all_claims", len(claims.CLAIMS), display=False)
glue("printed_claims", len(claims.PRINTED), display=False)
for place, name in {"first": runs[0], "last": runs[-1]}.items():
    glue(f"{place}_run", name, display=False)
    for short, found in zip(
        ("yes", "no", "undecided", "none"), counts.loc[name], strict=True
    ):
        glue(f"{place}_{short}", int(found), display=False)

# %% [markdown]
# Of {glue:text}`all_claims` claims {glue:text}`printed_claims` are about the tables as printed, and no run plays a part in them. Of the others the run {glue:text}`first_run` reproduces {glue:text}`first_yes`, contradicts {glue:text}`first_no`, leaves {glue:text}`first_undecided` undecided, and cannot test {glue:text}`first_none`;
# the run {glue:text}`last_run` reproduces {glue:text}`last_yes`, contradicts {glue:text}`last_no`, leaves {glue:text}`last_undecided` undecided, and cannot test {glue:text}`last_none`. Of the two readings of a [misprint](orientation) at most one can hold.
#
# ## How a verdict is reached
#
# A claim is a list of estimates, one a depth or class or latent dimension, each with a 95 % interval and turned so that positive means "as claimed".
# - **reproduced**: every interval lies above zero;
# - **not reproduced**: at least one does not. It *contradicts* the claim where it lies below zero, and leaves it *undecided* where it straddles zero;
# - **not testable here**: the run lacks what the test needs, such as enough latent dimensions, or the paper's data.
#
# Where the paper says "small" or "near" without a number, the number is our reading. Published values have no standard errors; a value is met when it is off by no more than a fixed tolerance, and the estimate shown is this tolerance less the difference. A test that names no depth is made at the depth of the tables. Where a rank correlation is 1 or -1 the formula for its interval breaks down, and what is shown is too narrow.
#
# The tests were fixed before any run on MNIST, though trial networks had been seen; the settings of the run `mnist` were not. They [were chosen](sensitivity) because at two latent dimensions they bring the test slopes near the published ones, so its verdicts on Tables 1 and 2 and on Figures 8 and 9, which show the same slopes, count for less. With that choice one condition was dropped: the claims on the values of the tables had asked for a run of 300 epochs, which `mnist` is not. No tolerance was changed. The run `mnist-300` takes what the paper states and common defaults; its linear widths, too, were preferred while planning, because trial slopes came nearer with them than with geometric ones.

# %% tags=["remove-input"]
from IPython.display import Markdown

from lib.report import claims as report

glue("tests", Markdown(report.tests()), display=False)
glue("verdicts", Markdown(report.verdicts(ledger)), display=False)
glue("lost", Markdown(report.lost(summaries)), display=False)
glue("without", Markdown(report.without_lost_table(summaries)), display=False)

# %% [markdown]
# ```{glue:md} tests
# :format: myst
# ```
#
# ## The verdicts
#
# ```{glue:md} verdicts
# :format: myst
# ```
#
# The figures behind the verdicts are on the pages [spectra](spectra), [means](means), [small eigenvalues](small_eigenvalues), [orientation](orientation) and [prediction](prediction).
#
# ## Without the networks that lost a direction
#
# Claims at the largest $d$ rest on one network each. These networks, at any $d$ and depth, [have lost latent directions](small_eigenvalues):
#
# ```{glue:md} lost
# :format: myst
# ```
#
# Leaving out every $d$ at which the network of the tables' depth has lost a direction, these claims, the paper's and ours, come out differently (both times at this depth alone):
#
# ```{glue:md} without
# :format: myst
# ```
#
# ## Claims of our own
#
# What this book says beyond the paper is held to the same rules: a statement that can fail, with a test and a tolerance written down before it was held against a finished run, and a verdict for each run. These claims *hold* or *do not hold*; nothing is reproduced. They are no part of the counts above. Some of them were suggested by trial measurements on the same data, so they are not blind predictions; the tests leave them room to fail all the same.

# %%
own = claims.ledger(summaries, claims.OUR_CLAIMS)
own.groupby(["run", "verdict"]).size().unstack(fill_value=0)

# %% tags=["remove-input"]
glue("own_claims", len(claims.OUR_CLAIMS), display=False)
for place, name in {"first": runs[0], "last": runs[-1]}.items():
    found = own[own["run"] == name]["verdict"].value_counts()
    glue(f"{place}_holds", int(found.get(claims.HOLDS, 0)), display=False)
    glue(f"{place}_fails", int(found.get(claims.FAILS, 0)), display=False)
    glue(f"{place}_open", int(found.get(claims.NOT_TESTABLE, 0)), display=False)
glue("own_tests", Markdown(report.tests(of=claims.OUR_CLAIMS)), display=False)
glue("own_verdicts", Markdown(report.our_verdicts(own)), display=False)

# %% [markdown]
# Of {glue:text}`own_claims` claims of ours, {glue:text}`first_holds` hold on the run {glue:text}`first_run`, {glue:text}`first_fails` do not, and {glue:text}`first_open` cannot be tested there; on the run {glue:text}`last_run` {glue:text}`last_holds` hold, {glue:text}`last_fails` do not, and {glue:text}`last_open` cannot be tested.
#
# ```{glue:md} own_tests
# :format: myst
# ```
#
# ```{glue:md} own_verdicts
# :format: myst
# ```
#
# The pages [controls](controls), [bounds](bounds) and [training](training_dynamics) show what these claims are about. Both lists come from the command line with `python -m lib claims NAME`, and with `--json` for programs.
