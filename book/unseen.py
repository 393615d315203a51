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
# # Where the error cannot be looked up
#
# The error of an autoencoder can be measured without knowing anything but the image. A classifier's cannot: it needs the label, which is what is missing. So here a score that foretells the error is worth something. We train classifiers of digits and ask which scores find the digits that they get wrong, and whether neural collapse says which of them generalise.

# %% tags=["parameters"]
seeds: list[int] = [0, 1]  # of the networks that are trained on this page
epochs: int = 60  # of their training

# %%
import numpy as np

from lib.analysis import neural_collapse, unseen
from lib.measures.ranking import null_band
from lib.report import style, unseen as report
from lib.report.output import fold, say, show_figure, show_table

style.use_style()
scores, collapse = unseen.FOUND.read(), neural_collapse.COLLAPSE.read()
ends = neural_collapse.collapse_ends(collapse)
live = unseen.scored(0, seeds, epochs)
whole, sets = neural_collapse.digits()

# %%
auroc = scores.pivot(index="score", columns="set", values="auroc")
better = scores[scores["gain_low"] > 0].groupby("score")["set"].nunique()
geometry = ["logit_spectral", "logit_frobenius", "tangent_norm"]
sizes = scores[scores["score"].isin(geometry)]
say(
    f"""
    > **In brief.** Without labels, the mean softmax of several networks finds misclassified digits best: its AUROC is
    > {auroc.loc["ensemble"].min():.2f} to {auroc.loc["ensemble"].max():.2f} over four test sets. The size of the Jacobian, the
    > network's geometry at the digit, is below the plain softmax
    > {"on all of them" if (sizes["gain_high"] < 0).all() else "on most of them"}. Neural collapse goes with a falling test
    > error, but unless the weight decay is strong, the class means are no nearer to a simplex than with random labels.
    """
)

# %% [markdown]
# ## Which score finds the misclassified digits?
#
# Five networks with different seeds are trained on four fifths of the 1,797 digits and tested on the rest, five times over, so that every digit is tested. Each has three hidden layers of 128 units, batch normalisation, and 60 epochs. The four test sets are the digits themselves, and the digits rotated, noisy, and shifted.
#
# A score is a number for each digit; its sign is fixed beforehand, larger for more doubt. `max_softmax` is the usual baseline [Hendrycks and Gimpel 2017](references), which the others must beat. `entropy` takes all ten probabilities; `ensemble` the mean probability that all seeds, its own included, give to the network's class [Lakshminarayanan et al. 2017](references); `disagreement` the seeds that choose another class [Somepalli et al. 2022](references); `class_mean_ratio` the distances to class means in the last hidden layer [Papyan et al. 2020](references).
# Three scores are geometry: `logit_spectral` and `logit_frobenius`, the size of the Jacobian of the logits, and `tangent_norm`, that of their derivative by the weights [Gabdullin 2024](references). Controls are the distance to the fifth nearest training digit and random numbers.

# %%
show_figure(
    [report.score_strip(scores, name) for name in sets],
    name="fig-unseen",
    caption="How well each score tells misclassified digits from the others, on four sets: AUROC with an interval of 95 % (bootstrap over images), the mean over five seeds. Blue scores use Jacobians. Dotted: the softmax; grey: chance.",
    alt="The mean softmax over seeds leads or ties on every set; softmax, entropy and class means follow closely; the Jacobian scores lie well below them; random numbers lie at one half.",
)

# %%
gain = scores[scores["score"] == "ensemble"].set_index("set")
near = scores[scores["score"] == "neighbours"].set_index("set")
say(
    f"""
    The networks get {gain.loc["test", "wrong"]:.1%} of the digits wrong, and {gain["wrong"].drop("test").min():.0%} to
    {gain["wrong"].max():.0%} of the changed ones. The ensemble beats the softmax on
    {"every set" if better.get("ensemble", 0) == len(gain) else "some sets"}, by up to {gain["gain"].max():.2f}. It costs five
    networks. The distance to the nearest training digits beats the softmax on shifted digits, by
    {near.loc["shifted", "gain"]:.2f}, and is below it on the other sets, most of all under noise.
    """
)

# %%
say(
    f"""
    Geometry loses this contest. The three Jacobian scores are below the softmax
    {"on every set" if (sizes["gain_high"] < 0).all() else f"in {int((sizes['gain_high'] < 0).sum())} of {len(sizes)} comparisons"},
    and on shifted digits the norm of $J$ has an AUROC of {auroc.loc["logit_spectral", "shifted"]:.2f}. A digit that sits
    between classes has a small margin, and the margin is what the softmax reads; the slope of the logits is another
    matter. Entropy repeats the softmax, within {scores[scores["score"] == "entropy"]["gain"].abs().max():.3f}; class means do
    no better on any set, and lose up to {-scores[scores["score"] == "class_mean_ratio"]["gain"].min():.2f}.
    """
)

# %% [markdown]
# ## What leaving digits out buys
#
# Leave out the digits of highest score, and the error rate among the rest falls. The area between this curve and the constant rate, as a share of what a perfect score would save, is the saved area. The figures show networks that were trained on this page, for the first fifth of the digits.

# %%
show_figure(
    [report.error_left(live, name) for name in ("rotated", "noisy")],
    name="fig-coverage",
    caption=f"""Error rate among the digits that remain, as those of highest score are left out; mean over the {len(seeds)} networks of
    this page, which are also its ensemble.""",
    alt="The curves of ensemble and softmax fall steeply towards zero, the Jacobian norm slowly, and random numbers not at all.",
)
fold(
    "AUROC and saved area of every score",
    "**AUROC**\n\n" + report.score_table(scores, "auroc") + "\n\n**Saved area**\n\n" + report.score_table(scores, "saved"),
)

# %%
plain = live[live["set"] == "shifted"]
surest = (plain[plain["wrong"]]["max_softmax"] < 0.01).mean()
show_figure(
    report.mistakes(plain, sets["shifted"], whole.labels.numpy()),
    name="fig-mistakes",
    caption="Shifted digits that a network gets wrong and is surest of.",
    alt="Six digits shifted by a pixel, taken for another digit with a softmax near one.",
)
say(
    f"""
    Even the softmax is not safe. Of the wrong answers that the networks of this page give on shifted digits, {surest:.0%} have a
    softmax above 0.99.
    """
)

# %% [markdown]
# ## Neural collapse
#
# Trained on beyond zero training error, a network's features run together: all features of a class become one point, the ten points a regular simplex, and the last layer's weights the same simplex. Let $K$ be the number of classes, $h$ the features (the last hidden layer), $\mu_c$ the class means, and $M$ the matrix of rows $M_c=\mu_c-\tfrac1K\sum_{c'}\mu_{c'}$. A $^+$ is the pseudoinverse, and $|\cdot|$ of a matrix its Frobenius norm. Write $S_W$ and $S_B$ for the covariances within and between classes, and $W$, $b$ for the last layer. Then
#
# - NC1 is $\operatorname{tr}(S_WS_B^+)/K$, the spread within a class;
# - NC2 the mean of $|\cos(M_c,M_{c'})+\tfrac1{K-1}|$ over pairs of classes;
# - NC3 is $|W/|W|-M/|M||$, the distance of the weights from the means;
# - NC4 the share of digits whose nearest class mean is not the class chosen.
#
# If the features are free variables instead of outputs of a network, all minima of the loss with weight decay are such states, and differ by a rotation only [Zhu et al. 2021](references). We follow five networks per setting, one per fold, for 150 epochs.

# %%
show_figure(
    [
        report.collapse_lines(collapse, "nc1", "NC1 on the training digits"),
        report.collapse_lines(
            collapse[collapse["run"] != "random labels"], "test_error", "test error (share)"
        ),
    ],
    name="fig-collapse",
    caption="NC1 on the training digits (left) and the test error (right) along training: median of five networks, one per fold, and their range. Right without random labels, whose test error is that of guessing.",
    alt="With batch normalisation NC1 falls throughout training, most with the strong weight decay; without, it stays high. It falls with random labels as well. The test error flattens after some thirty to fifty epochs.",
)

# %%
table = report.ends_table(ends)
show_table(
    table,
    name="tab-collapse",
    caption="Neural collapse at the first snapshot without training errors and at the end: medians of NC1 to NC4 and the mean test error over five networks, one per fold.",
)

# %%
before, after = (ends[ends["at"] == at].set_index(["run", "fold"]) for at in ("first", "last"))
change = after["test_error"] - before["test_error"]
normal = change[[run.startswith("decay") for run in change.index.get_level_values("run")]]
plain = change.loc["no batch norm"]
random, true, strong = (after.loc[run] for run in ("random labels", "decay 0.0005", "decay 0.005"))
say(
    f"""
    The headline is that training on helps, and it holds: of {len(normal)} networks with batch normalisation the test
    error falls after the first snapshot without training errors in {int((normal < 0).sum())}. Is collapse the reason? Without
    batch normalisation NC1 stays where it is, and the test error falls in {int((plain < 0).sum())} of {len(plain)} networks, by
    {-100 * plain.mean():.1f} points on average against {-100 * normal.mean():.1f}. This does not decide it: these networks reach
    zero training error later, and the learning rate falls to zero in all runs.
    """
)

# %%
say(
    f"""
    A low NC2 is no sign of learning. Ten random directions in {neural_collapse.WIDTHS[-2]} dimensions already have
    {neural_collapse.chance_nc2():.3f}, and the networks with random labels ({random["nc2"].median():.3f}) and those with the weak
    decay ({true["nc2"].median():.3f}) end near it.

    Only the strong decay goes below it, to {strong["nc2"].median():.3f}. With random labels NC1 stays high, at
    {random["nc1"].median():.2f}, and the test error is {random["test_error"].median():.0%}.
    """
)

# %% [markdown]
# ## Does collapse rank networks?
#
# Three widths, three weight decays and three seeds give 27 networks, each trained on all five folds. A low NC1 should go with a small gap between test and training error. As on the page [networks](networks), $\Psi$ is the mean of Kendall's $\tau$ with one setting varied at a time.

# %%
rows = neural_collapse.GAPS.read()
gaps, ranked = neural_collapse.gap_networks(rows), neural_collapse.gap_ranking(rows, "nc1")
low, high = null_band(gaps, neural_collapse.GAP_AXES, "nc1")
show_figure(
    report.gap_scatter(gaps),
    name="fig-gap",
    caption="NC1 on the training digits, and the gap between test and training error, for 27 networks. Each is a mean over five folds.",
    alt="A strong weight decay lowers NC1 and the gap together. Among networks of one decay the gap does not rise with NC1: wider ones have a higher NC1 and a smaller gap.",
)

# %%
outside = not low <= ranked["Psi"] <= high
say(
    f"""
    It follows the weight decay alone. With the decay varied, $\\tau$ of NC1 and the gap is {ranked["decay"]:.2f}; with the width
    ({ranked["width"]:.2f}) and the seed ({ranked["seed"]:.2f}) it is no guide.

    The mean of the three, $\\Psi$, is {ranked["Psi"]:.2f},
    {"outside" if outside else "inside"} the band of random permutations, which ends at {high:.2f}.
    """
)

# %% [markdown]
# ## What to take away

# %%
alone = scores[~scores["score"].isin(["ensemble", "disagreement", "entropy"]) & (scores["gain_low"] > 0)]
names = " and ".join(f"`{name}`" for name in sorted(alone["score"].unique()))
where = " and ".join(sorted(alone["set"].unique()))
say(
    f"""
    - Where labels are missing, train several networks and average their softmax. With one network, its softmax is the best
      choice{f", except on {where} digits, where {names} is better" if len(alone) else ""}.
    """
)

# %% [markdown]
# - The size of a Jacobian is a poor guide to a classifier's mistakes. The paper's idea needs the reconstruction, in which the point itself is the label.
# - Neural collapse is real. It says how long, and with what weight decay, a network was trained; it does not rank networks that were trained alike.
#
# Caveat: small images and small networks. Other kinds of shift would order the scores otherwise.
