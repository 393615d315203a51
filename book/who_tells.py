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
# # Who tells?
#
# Every measure of this book, put to every target that we tried it on. Which one tells where a network fails, what does it need, and where do the paper's two stand?

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs whose test images are to be told apart by their errors

# %%
from lib.analysis.who_tells import all_verdicts, best_by_target
from lib.report import style, who_tells as report
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import parse_names

style.use_style()
rows = all_verdicts(parse_names(runs))
best = best_by_target(rows)
wide = best[best["entrants"] >= 4]

# %%
winners = rows.loc[wide["best"]]
by_paper = sum(1 in one["ranks"].values() for one in wide.to_dict("records"))
tried = wide[wide["ranks"].map(len) > 0]
upper = sum(min(one["ranks"].values()) <= one["entrants"] / 2 for one in tried.to_dict("records"))
alone = int((wide["best"] == wide["cheapest"]).sum())
say(f"""
> **In brief.** No measure tells everything: over {len(wide)} targets with at least four measures, {winners["label"].nunique()} different measures come first. The paper's trace
> and volume of $J_I$ took part in {len(tried)} of these contests. They came first, alone or level with another, in {by_paper or "none"}, and at least one of them is in the better half in {upper or "none"}. In
> {len(winners) - alone} the winner needs more than the network: training data, labels or other seeds.
""")

# %% [markdown]
# A *target* is a question with a known answer, such as which test images have a large error. A measure answers by ranking: the larger its value, the more error it expects. The sign of each measure was fixed beforehand. The marks of a line compare measures on the same target; lines use different statistics, brought to one scale.

# %%
show_figure(
    report.skills(rows),
    name="fig-skills",
    caption="How well each measure ranks each target: 0 is the value of a random score, 1 a perfect ranking; below 0 a measure ranks the wrong way round. Measures that look at the error itself are crosses.",
    alt=f"A line per target with a mark per measure. The paper's trace or log volume comes first at {by_paper} of the {len(wide)} targets with at least four measures.",
)

# %% [markdown]
# ## What to use when

# %%
show_table(
    report.best_table(wide, rows),
    name="tab-best",
    caption="For each target with at least four measures, the best measure that does not see the error, with its 95 % interval, the best that needs no more than the network, and the places of the trace and the log volume of $J_I$.",
)

# %% [markdown]
# The errors of test images are those of one network, at the largest $d$ that is [intact](spectra.py#lost-directions); over all $d$ [the order can differ](predictors). The winner of many measures is partly lucky. Its interval is over images, sets or networks as each page says, and does not count the choice. A place within a few hundredths of the first is no defeat.
#
# ## All measures, target by target

# %%
for target, some in rows.groupby("target", sort=False):
    fold(f"{target[0].upper()}{target[1:]}", report.target_table(some))

# %% [markdown]
# `python -m lib measure RUN` computes these measures for any run, and says which of them it cannot have.
