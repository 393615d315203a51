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
# # Which network generalises better?
#
# So far we asked at which points a network fails. The literature asks more often which of several networks has the smaller gap between test and training error. We put its measures, and the eigenvalues of the paper, to the same set of networks.

# %% tags=["parameters"]
runs: list[str] = ["mnist"]  # for the eigenvalue measures over the networks of a run

# %%
from lib import runs as library
from lib.analysis import network_grid, network_trials, networks
from lib.analysis.network_trials import LIPSCHITZ, SHIFTED
from lib.measures.ranking import granulated
from lib.report import networks as report, style
from lib.report.output import fold, say, show_figure, show_table

style.use_style()

# %%
grid = network_grid.NETWORKS.read()
means = networks.configurations(grid)
ranked = networks.standings(grid)
before = networks.standings(
    networks.with_untrained(grid, network_grid.UNTRAINED.read())
)
row = ranked.set_index("name")
seeds = grid["seed"].nunique()

# %%
told, wrong = (
    ranked[side]
    for side in (ranked["Psi"] > ranked["null_high"], ranked["Psi"] < ranked["null_low"])
)
best, rival = ranked.iloc[0], row.loc["parameters"]
trace, volume = row.loc["mean_trace"], row.loc["mean_log_volume"]
start = before.set_index("name")["Psi"]


def place(one):
    """Where a measure stands beside its null band, in words."""
    above, below = one["Psi"] > one["null_high"], one["Psi"] < one["null_low"]
    return "the right way" if above else "the wrong way" if below else "by chance"


def psi(value):
    """A value of Psi to two digits, never -0.00."""
    return f"{round(float(value), 2) + 0:.2f}"


# %%
say(
    f"""
    > **In brief.** Of {len(ranked)} measures {len(told)} rank the gaps of networks of equal training error better than chance
    > allows. The best is {best["label"]}, with $\\Psi={psi(best["Psi"])}$, where a perfect measure has 1 and the mere number of
    > parameters {psi(rival["Psi"])}. The paper's trace of $J_I$ ranks them {place(trace)} ({psi(trace["Psi"])}), and its log
    > volume {place(volume)}.
    """
)

# %% [markdown]
# ## The contest
#
# [Jiang et al. 2020](references) trained networks that differ in their settings, stopped them at one training error, and asked which measure puts their gaps in order. We do the same with autoencoders of the digits, in five settings: width, number of layers, latent dimension $d$, learning rate and batch size. A network stops when its training error is at most 0.85 of that of PCA with $d$ axes. Its gap is (test error − training error) / training error.
#
# Kendall's $\tau$ over all pairs of networks rewards a measure that merely follows the strongest setting. So for each setting we compare only networks that differ in nothing else; the mean agreement is $\psi$, between −1 and 1, and the mean of $\psi$ over the settings is $\Psi$.
#
# All measures have a fixed sign: the larger, the larger the gap expected. Measures and signs stood in a committed file (`tests/measures/test_networks.py`) before the first of these networks was trained, and none was turned round afterwards. *By $d$* means divided by $d$; the measures of points are averaged over training images.

# %%
missing = int(grid["gap"].isna().sum())
share = grid["train_mse"] / grid.groupby("latent_dim")["train_mse"].transform("max")
varied = networks.configurations(grid.assign(share=share))
left = granulated(varied, list(network_grid.SETTINGS), "share")
say(
    f"""
    The grid has {len(means)} settings with {"one seed" if seeds == 1 else f"{seeds} seeds"} each. Of {len(grid)} networks
    {missing if missing else "none"} failed to reach the target or diverged; such a network is counted here and never ranked.
    The gaps run from {100 * grid["gap"].min():.0f} % to {100 * grid["gap"].max():.0f} %. A network stops after a whole epoch, so
    some overshoot, and training errors for equal $d$ agree within {100 * (1 - share.quantile(0.05)):.0f} % for 19 of 20 networks.
    What still varies in them ranks the gaps with $\\Psi={psi(left["Psi"])}$: the stop equalises them well, but not perfectly.
    """
)

# %%
show_figure(
    report.ranking(ranked, before),
    name="fig-networks",
    caption="$\\Psi$ of each measure (filled), its 95 % interval (bootstrap over the groups of networks compared), and the range of a measure that knows nothing (grey: 500 permutations). Crosses: the same measure before training. Blue: Jacobians; purple: sees the training error; green: the others.",
    alt=f"{len(told)} measures stand to the right of the grey range, {len(wrong)} to the left of it. The first is: {best['label']}.",
)

# %%
show_figure(
    report.by_axis(ranked),
    name="fig-networks-axes",
    caption="$\\psi$ of each measure for each setting: the agreement among networks that differ in this setting alone. Blue: the right way.",
    alt="A table of colours. Few measures agree with the gaps in all five settings.",
)

# %%
fold(
    "All measures: ψ by setting, Ψ and τ",
    "**$\\psi$ by setting, $\\Psi$ with the range of 95 % of random orders, and $\\tau$.**\n\n"
    + report.ranking_table(ranked),
)

# %%
spectral, sharp = row.loc["log_spectral"], row.loc["noise_scale_magnitude"]
warped, random = row.loc["distortion"], row.loc["random_network"]
say(
    f"""
    Jiang et al. found that products of spectral norms rank the wrong way and that sharpness relative to the size of the weights
    ranks best. Here the product ranks {place(spectral)} ($\\Psi={psi(spectral["Psi"])}$) and that sharpness {place(sharp)}
    ({psi(sharp["Psi"])}). Distortion, how much more the decoder's tangent planes differ between far codes than between near codes, ranks {place(warped)} ({psi(warped["Psi"])}). A random number has {psi(random["Psi"])}.
    """
)

# %%
names = {
    "mean_trace": "the trace",
    "mean_log_volume": "the log volume",
    "mean_shrinkage": "the squared distance of the eigenvalues from 1",
}
parts = [
    f"{psi(row.loc[name, 'Psi'])} for {words} (before training {psi(start[name])})"
    for name, words in names.items()
]
say(f"And the eigenvalues? $\\Psi$ is {', '.join(parts)}.")

# %%
if place(trace) == "the wrong way" and place(row.loc["mean_shrinkage"]) == "the right way":
    say(
        """
        So they do carry something, and training puts it there; but the sign is reversed. Of two networks of equal training
        error, the one that shrinks more along its own manifold tends to have the larger gap. At the points of MNIST the larger
        trace goes with the larger error; at those of the digits [neither sign holds](predictors).
        """
    )

# %%
settings = list(network_grid.SETTINGS)
every_way = ranked[(ranked[settings] > 0).all(axis=1)]
early = [name for name in told["name"] if name in start and start[name] > 0.8 * row.loc[name, "Psi"]]
by_rate = ranked.loc[ranked["rate"].abs().idxmax()]
above = int((ranked["Psi"] > rival["Psi"]).sum())
say(
    f"""
    {"No measure has" if not len(every_way) else f"{len(every_way)} of the measures have"} a positive $\\psi$ in every setting.
    A measure that is about as good before training knows the setting and nothing of the network; of the {len(told)} this holds for
    {len(early)}, and the number of parameters is the plainest. It cannot tell networks of one architecture apart; still, only
    {above} of the others exceed{"s" if above == 1 else ""} its $\\Psi$. Where the learning rate alone differs, the largest $|\\psi|$ is
    that of the {by_rate["label"]}: {psi(by_rate["rate"])}.
    """
)

# %% [markdown]
# The trace of the Hessian needs no residual. In a ReLU network the output is piecewise affine in each single weight, so the second derivative along a weight comes from the squared gradient alone, and $\operatorname{tr}H=\tfrac2N\,\overline{|\partial f/\partial\theta|_F^2}$. The ratios $r_e$ and $K^1$ of the Hessian, which [Gabdullin 2024](references) proposes, see the residual; [below](#the-hessian-when-the-data-change) they are also put to data that change.
#
# ## The networks of a run
#
# The networks of the book's runs were trained for a fixed number of epochs. Their training errors differ, and a measure can follow these.

# %%
labels = {name: row.loc[name, "label"] for name in ("mean_trace", "mean_log_volume")}
labels["train_mse"] = "training error"
of_run = {
    name: networks.member_ranking(networks.by_member(library.summary(name)), list(labels))
    for name in runs
}
of_run = {name: found for name, found in of_run.items() if found}
for name, found in of_run.items():
    show_table(
        report.member_table(found, labels),
        name=f"tab-networks-{name}",
        caption=f"The networks of the run {name}: agreement of each measure with the gap, by depth and latent dimension.",
    )

# %%
for name, found in of_run.items():
    stand = [
        f"{words} {place(found[key])} ({psi(found[key]['Psi'])})"
        for key, words in (("mean_trace", "the trace"), ("mean_log_volume", "the log volume"), ("train_mse", "the training error"))
    ]
    say(
        f"""
        In the run {name} these rank the gaps, with $\\Psi$ in brackets: {", ".join(stand)}. Without a stop at equal error, a measure
        may only follow the training error.
        """
    )
if not of_run:
    say("No run named here has several depths and latent dimensions: there is nothing to rank.")

# %% [markdown]
# ## The Hessian when the data change
#
# [Gabdullin 2024](references) reports that $r_e=|l_{\min}/l_{\max}|$ of the Hessian, and the share $K^n$ of its negative eigenvalues, move with the accuracy when a network meets other data. We take three small autoencoders and 13 batches: train, test, four rotations, four noises, blank, uniform and permuted images.

# %%
shifted = SHIFTED.read()
moved = networks.shift_correlations(shifted)
show_figure(
    [
        report.criterion_under_shift(shifted, "ratio", "$r_e$"),
        report.criterion_under_shift(shifted, "negative", "$K^1$"),
    ],
    name="fig-networks-shift",
    caption="Two criteria of the Hessian against the error, for 13 batches and three networks.",
    alt="Both criteria rise with the error over an order of magnitude; the blank batch, of small error, stands out above.",
)

# %%
tangent = shifted.dropna(subset=["gradient_error"])
lit = networks.shift_correlations(shifted[shifted["batch"] != "blank"])
say(
    f"""
    They do: Spearman's correlation with the error is {moved.loc["ratio"].min():.2f} to {moved.loc["ratio"].max():.2f} for $r_e$ and
    {moved.loc["negative"].min():.2f} to {moved.loc["negative"].max():.2f} for $K^1$. The blank batch, of small error, lowers both:
    without it they have at least {lit.loc["ratio"].min():.2f} and {lit.loc["negative"].min():.2f}.
    """
)

# %%
say(
    """
    But the negative part of the Hessian is made of the residual. With the network's own outputs as targets both criteria are 0
    exactly. So they see the error, and whoever can compute them can look at the error itself.
    """
)

# %%
ratio, negative = row.loc["hessian_ratio"], row.loc["hessian_negative"]
setting = ": so it is the setting that they know, not the trained network" if {ratio.name, negative.name} <= set(early) else ""
say(
    f"""
    Between the networks of the grid $r_e$ ranks the gap {place(ratio)} ($\\Psi={psi(ratio["Psi"])}$) and $K^1$ {place(negative)}
    ({psi(negative["Psi"])}). Before training they have {psi(start["hessian_ratio"])} and {psi(start["hessian_negative"])}{setting}.
    """
)

# %%
say(
    f"""
    The trace, which does not see the residual, has {moved.loc["trace"].min():.2f} to {moved.loc["trace"].max():.2f}. At single test
    images the size of the gradient, $|\\partial f/\\partial\\theta|_F^2$, has a correlation of
    {tangent["gradient_error"].min():.2f} to {tangent["gradient_error"].max():.2f} with the error and of
    {tangent["gradient_ink"].min():.2f} to {tangent["gradient_ink"].max():.2f} with the ink: it is a dressed-up measure of ink.
    """
)

# %% [markdown]
# ## Smoothness costs width
#
# The law of robustness ([Bubeck, Li and Nagaraj 2020](references)) says how smooth a network can be: a two-layer network with $k$ units that fits $n$ generic points has a Lipschitz constant of at least about $\sqrt{n/k}$.

# %%
slopes = LIPSCHITZ.read()
random = slopes[~slopes["linear"]].assign(
    law=lambda rows: rows["lipschitz"] / (network_trials.POINTS / rows["units"]) ** 0.5
)
show_figure(
    report.lipschitz(slopes),
    name="fig-networks-lipschitz",
    caption=f"Networks that fit {network_trials.POINTS} random signs on a sphere in {network_trials.DIMENSION} dimensions: the largest slope found (mean over {slopes['seed'].nunique()} seeds), a lower bound of the Lipschitz constant, against the number of hidden units.",
    alt="The largest slope falls with the width and levels off; the product of norms falls and rises again; with linear labels the slope stays near one.",
)

# %%
by_width = random.groupby("units")[["lipschitz", "norms"]].mean()
say(
    f"""
    The slope falls from {by_width["lipschitz"].iloc[0]:.0f} at {by_width.index[0]} units to {by_width["lipschitz"].iloc[-1]:.0f} at
    {by_width.index[-1]}, and its ratio to $\\sqrt{{n/k}}$ is never below {random["law"].min():.1f}: consistent with the law, as a
    lower bound must be. The product of the spectral norms, a common stand-in, stays between {by_width["norms"].min():.0f} and
    {by_width["norms"].max():.0f}. With labels linear in $x$ the slope is about
    {slopes.loc[slopes["linear"], "lipschitz"].mean():.1f} at any width.
    """
)

# %% [markdown]
# ## Works that cannot answer
#
# Some works beside the paper bear on generalisation and still cannot be put to this question. We ran nothing for them.
#
# - **Benign functions, depth and learnability** ([Vardi et al. 2021, Malach et al. 2021](references)): which functions networks of a size and depth can approximate, and which of these gradient descent can learn. Such theorems compare classes of networks. Of two trained networks of one class they say nothing.
# - **Random ReLUs** ([Hsu et al. 2021](references)): how many random hidden units approximate a function. The honest use would be a control, a network left untrained; the crosses of the [first figure](#fig-networks) play that part here.
# - **SeqGAN** ([Yu et al. 2017](references)) scores generated sequences by their likelihood under a known source. A generator that repeats one likely sequence does well. The lesson, to hold a score beside data that the network has not seen, is the reason for the test error in our gap.
# - **Style transfer**: we had neither the text nor the code of that work, and claim nothing.
#
# ## What to take away
#
# - Judge a measure of generalisation at equal training error, setting by setting, and beside the number of parameters.
# - The trace of $J_I$ and its log volume were made for points. As numbers of a network they have to be shown to work, and the sign that holds at points need not hold between networks.
#
# Caveat: small networks, one data set of 8 × 8 pixels, and gaps of a few percent.
