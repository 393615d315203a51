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
# # Can eigenvalues tell where a network fails?
#
# *An executable reproduction of "Geometry and Generalization" by [Agarwala, Dees, Gearhart and Lowman (2022)](references).*
#
# **The claim.** An autoencoder squeezes an image into a few numbers and redraws it, some images badly. The paper says that the trained weights show which: the error is larger where the eigenvalues of the network's Jacobian have a larger sum (the *trace*) or product (the *volume form*).

# %% tags=["parameters", "remove-input"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # runs of the tables alone
seed_runs: list[str] = ["mnist", "mnist-seeds"]  # alike but for the seeds

# %%
from lib.analysis import claims, evidence
from lib.report import claims as claims_report, index as report, style
from lib.report.output import say, show_figure, show_table
from lib.runs import parse_names, read, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
plain = {name: summary(name) for name in parse_names(plain_runs)}
order = [*summaries][:1] + [*plain] + [*summaries][1:]
depth = summaries[order[0]].run.table_depth
beside = {name: (summaries | plain)[name] for name in order}

# %%
say(f"""
> **In brief.** **{report.answer(beside)}**
> {report.ranks_sentence(beside[order[0]])}
""")

# %%
show_table(
    report.headline_table(beside),
    name="tab-headline",
    caption="""By how many standard deviations the test error rises per standard deviation of the trace of $J_I$, with 95 %
    intervals over images, at the largest $d$ whose network is intact ([no lost direction](spectra.py#lost-directions)). One
    network per row; $d$ is the number of latent dimensions.""",
)

# %%
say(report.seeds_sentence([summary(name) for name in parse_names(seed_runs)]))
show_figure(
    report.headline_figures(summaries),
    name="fig-headline",
    caption=f"""Slope of the test error on the trace of $J_I$ against $d$ at depth {depth}, raw and with other variables [controlled
    for](controls). Bands: 95 % intervals. Crosses: published slopes (the paper's Table 2). Open markers: the network has lost a
    latent direction.""",
    alt="; ".join(
        f"{name}: at d = {rows['latent_dim'].iloc[0]} the raw slope is {rows['slope'].iloc[0]:.2f}, and {rows['slope'].iloc[-1]:.2f} with "
        "class, ink and distance to the training images controlled for"
        for name, rows in ((name, evidence.headline(one)) for name, one in summaries.items())
    ),
)

# %% [markdown]
# **[The main result](prediction)** · **[Rerun a page](rerun)** with your parameters · **[Diagnose your own autoencoder](diagnose)**
#
# ## Does the paper hold up?

# %%
last = [*summaries][-1]
signs = evidence.clearest_slopes(summaries[last], "trace")
up, down = signs["up"], signs["down"]
if up["low"] > 0 > down["high"]:
    say(
        f"On `{last}` the slope is {up['slope']:.2f} at $d$ = {up.name} and {down['slope']:.2f} at $d$ = {down.name}; neither "
        "interval includes 0."
    )
say(f"""
We found {len(claims.CLAIMS)} claims in the paper; {len(claims.PRINTED)} concern its printed tables, the others are tested on
each setup. The rule is strict: one estimate on the wrong side makes a claim contradicted. The [list of claims](claims) shows how
many estimates agree.
""")

# %%
show_table(
    claims_report.verdict_counts(beside, claims.ledger(beside)),
    name="tab-index-verdicts",
    caption="The paper's claims by setup.",
)

# %% [markdown]
# ## Before you quote us
#
# - **We had only the journal's page,** neither the paper's full text nor its code. *Our assumption* marks what we had to guess.
# - **The settings of `mnist` were [searched for](sensitivity)**: at two values of $d$, slopes, train-test gaps and small eigenvalues had to come near the published ones. At the other values of $d$ most published values are met, too. `mnist-300` takes days, and is unfinished.
# - **All this is correlation,** mostly of one network per $d$ and depth. Intervals over images do not cover the [choice of seed](prediction).
# - **The [bounds](bounds) are ours,** proved, and checked on trained networks. The paper's theorems were not available.
# - **The paper has two misprints,** in [Table 2](prediction) and in [the caption of Figure 7](spectra.py#orientation).

# %%
kept = [one.run.name for one in beside.values() if one.run.committed]
dirty = [text for name in kept if (text := report.uncommitted(read(name)))]
if dirty:
    say(f"""
- **Some headline networks come from uncommitted code.** At depth {depth}, {" and ".join(dirty)} were computed from files that differed
  from the recorded commit, so the commit alone [does not identify the code](provenance).
""")

# %% [markdown]
# ## Where to start
#
# - **You have five minutes.** Read this page and the [list of claims](claims).
# - **An hour.** Read the [introduction](introduction), [prediction](prediction) and [controls](controls).
# - **An afternoon.** Add [predictors](predictors), what [the spectra](spectra) look like, and [what they can bound](bounds).
# - **Every other answer.** [Who tells?](who_tells) puts all measures of this book, and those of the literature, beside each other.
# - **You have an autoencoder.** Read [geometry](geometry), then [diagnose](diagnose).
#
# The [glossary](glossary) explains the words. Each page ends with its sources and the command that makes it again.
#
# ## Cite this
#
# <details><summary>BibTeX of the paper and of this book</summary>
#
# ```bibtex
# @article{agarwala2022,
#   author  = {Agarwala, Susama and Dees, Benjamin and Gearhart, Andrew and Lowman, Corey},
#   title   = {Geometry and generalization: Eigenvalues as predictors of where a network will fail to generalize},
#   journal = {Foundations of Data Science},
#   year    = {2022},
#   doi     = {10.3934/fods.2022004},
#   eprint = {2107.06386},
#   archiveprefix = {arXiv}
# }
#
# @software{geometry_and_generalization,
#   author  = {{The authors of the executable reproduction}},
#   title   = {Geometry and Generalization: an executable reproduction},
#   version = {0.1.0},
#   license = {MIT}
# }
# ```
#
# </details>
