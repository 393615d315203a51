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
from lib.analysis import network_grid, networks
from lib.analysis.network_trials import LIPSCHITZ, SHIFTED
from lib.report import networks as report, style
from lib.report.layout import share_in_words
from lib.report.output import fold, say, show_figure, show_table

style.use_style()
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


def place(one):
    """Where a measure stands beside its null band, in words."""
    above, below = one["Psi"] > one["null_high"], one["Psi"] < one["null_low"]
    return "ranks them the right way" if above else "ranks them the wrong way" if below else "ranks them by chance"


say(
    f"""
    > **In brief.** Of {len(ranked)} measures {len(told)} rank the gaps of networks of equal training error better than chance
    > allows, {len(wrong)} rank them the wrong way round. The best is: {best["label"]}, with $\\Psi={best["Psi"]:.2f}$; the mere
    > number of parameters has {rival["Psi"]:.2f}. The paper's trace of $J_I$ {place(trace)} ($\\Psi={trace["Psi"]:.2f}$), its log
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
# All measures have a fixed sign: the larger, the larger the gap expected. Measures and signs stood in a committed file before the first of these networks was trained, and none was turned round afterwards.

# %%
missing = int(grid["gap"].isna().sum())
close = (grid["train_mse"] / grid.groupby("latent_dim")["train_mse"].transform("max")).min()
say(
    f"""
    The grid has {len(means)} settings with {"one seed" if seeds == 1 else f"{seeds} seeds"} each. Of {len(grid)} networks
    {missing if missing else "none"} failed to reach the target or diverged; such a network is counted here and never ranked.
    The gaps run from {100 * grid["gap"].min():.0f} % to {100 * grid["gap"].max():.0f} %, at training errors that agree within
    {100 * (1 - close):.0f} % for equal $d$.
    """
)

# %%
show_figure(
    report.ranking(ranked, before),
    name="fig-networks",
    caption="$\\Psi$ of each measure (filled), its 95 % interval where there are several seeds, and the range of a measure that knows nothing (grey: 500 permutations). Crosses: the same measure before training. Blue: Jacobians; purple: sees the training error; green: the others.",
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
    Jiang et al. found products of spectral norms to rank the wrong way, and sharpness relative to the size of the weights to
    rank best. Here the product {place(spectral)} ($\\Psi={spectral["Psi"]:.2f}$), and that sharpness {place(sharp)}
    ({sharp["Psi"]:.2f}). Distortion {place(warped)} ({warped["Psi"]:.2f}), and a random number has {random["Psi"]:.2f}.
    """
)

# %%
names = {"mean_trace": "the trace", "mean_log_volume": "the log volume", "mean_shrinkage": "the squared distance of the eigenvalues from 1"}
start = before.set_index("name")["Psi"]
parts = [f"{row.loc[name, 'Psi']:.2f} for {words} ({start[name]:.2f} before training)" for name, words in names.items()]
shrinks = trace["Psi"] < trace["null_low"] and row.loc["mean_shrinkage", "Psi"] > row.loc["mean_shrinkage", "null_high"]
say(
    f"""
    What of the eigenvalues? $\Psi$ is {"; ".join(parts)}. {"So they carry something, with the sign reversed: of two networks of equal training error, the one that shrinks more along its own manifold has the larger gap. At points it is the larger trace that goes with the larger error." if shrinks else ""}
    """
)

# %%
settings = list(network_grid.SETTINGS)
every_way = ranked[(ranked[settings] > 0).all(axis=1)]
early = [one for one in told["name"] if one in start and start[one] > 0.8 * row.loc[one, "Psi"]]
say(
    f"""
    {"No measure has" if not len(every_way) else f"{len(every_way)} of the measures have"} a positive $\\psi$ in every setting.
    A measure that is as good before training knows the setting and nothing of the network: of the {len(told)} that beat chance this
    holds for {len(early)}. The number of parameters is the plainest of them; it cannot see rate and batch size, and
    {share_in_words((ranked["Psi"] > rival["Psi"]).sum(), len(ranked) - 1)} of the others exceed its $\\Psi$.
    """
)

# %% [markdown]
# The trace of the Hessian needs no residual. In a ReLU network the output is piecewise affine in each single weight, so the second derivative along a weight comes from the squared gradient alone, and $\operatorname{tr}H=\tfrac2N\,\overline{|\partial f/\partial\theta|_F^2}$. The ratios $r_e$ and $K^1$ of the Hessian, which [Gabdullin 2024](references) proposes, would take a third of the time of all measures; we left them out of the grid and ask them below.
#
# ## The networks of a run
#
# The networks of the book's runs were trained for a fixed number of epochs. Their training errors differ, and a measure can follow these.

# %%
labels = {name: row.loc[name, "label"] for name in ("mean_trace", "mean_log_volume")}
labels["train_mse"] = "training error"
for name in runs:
    members = networks.by_member(library.summary(name))
    if min(members["depth"].nunique(), members["latent_dim"].nunique()) < 2:
        say(f"The run {name} has one depth or one latent dimension: nothing to rank.")
        continue
    found = networks.member_ranking(members, list(labels))
    show_table(
        report.member_table(found, labels),
        name=f"tab-networks-{name}",
        caption=f"The {len(members)} networks of the run {name}: agreement of each measure with the gap, by depth and latent dimension.",
    )
    same = found["mean_trace"]["Psi"] * found["train_mse"]["Psi"] > 0
    say(
        f"""
        The trace has $\\Psi={found["mean_trace"]["Psi"]:.2f}$, the training error {found["train_mse"]["Psi"]:.2f}.
        {"Both have the same sign: as training goes on, error and trace fall and the gap rises, so that without a stop at equal error nothing can be said of the trace." if same else "They have opposite signs."}
        """
    )

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
tangent = shifted.dropna(subset=["gradient_error"])
say(
    f"""
    They do: Spearman's correlation with the error is {moved.loc["ratio"].min():.2f} to {moved.loc["ratio"].max():.2f} for $r_e$ and
    {moved.loc["negative"].min():.2f} to {moved.loc["negative"].max():.2f} for $K^1$. But the negative part of the Hessian is made of
    the residual. With the network's own outputs as targets both criteria are 0 exactly. So they see the error,
    and whoever can compute them can look at the error itself.
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
# The law of robustness ([Bubeck, Li and Nagaraj 2020](references)) says how smooth a network can be: a two-layer network with $k$ units that fits $n$ generic points has a Lipschitz constant of at least about $\sqrt{n/k}$. We fit 200 random signs on a sphere in 20 dimensions exactly, and search for the largest slope.

# %%
slopes = LIPSCHITZ.read()
random = slopes[~slopes["linear"]].assign(
    law=lambda rows: rows["lipschitz"] / (200 / rows["units"]) ** 0.5
)
show_figure(
    report.lipschitz(slopes),
    name="fig-networks-lipschitz",
    caption="The largest slope found (mean over five seeds), a lower bound of the Lipschitz constant, against the number of hidden units.",
    alt="The largest slope falls with the width and levels off; the product of norms does not fall; with linear labels the slope stays near one.",
)
by_width = random.groupby("units")[["lipschitz", "norms"]].mean()
say(
    f"""
    The slope falls from {by_width["lipschitz"].iloc[0]:.0f} at {by_width.index[0]} units to {by_width["lipschitz"].iloc[-1]:.0f} at
    {by_width.index[-1]}, and its ratio to $\\sqrt{{n/k}}$ is never below {random["law"].min():.1f}: consistent with the law, as a
    lower bound must be. The product of the spectral norms, a common stand-in, goes from {by_width["norms"].iloc[0]:.0f} to
    {by_width["norms"].iloc[-1]:.0f} and says nothing of it. With labels linear in $x$ the slope is about
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
