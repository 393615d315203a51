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
# # Training: from random matrices to near-identities
#
# The paper looks at trained networks only. This page asks where their spectra and slopes come from, and when they reach their final form.

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits-training"]  # runs to show
draws: int = 200  # products of random matrices
networks: int = 40  # untrained networks, a seed each
points: int = 50  # data points of each of these
share: float = 0.1  # of its range, within which a quantity counts as settled

# %%
import numpy as np
import pandas as pd

from lib.analysis import dynamics, evidence, intervals
from lib.geometry import random_matrices, spectra
from lib.geometry.jacobians import cores
from lib.measures.summaries import WATCHED
from lib.report import claims, style, training_dynamics as report
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import evenly_spaced, first_trainable, member, read, summary, with_snapshots
from lib.training import autoencoders

style.use_style()

# %%
summaries = {name: summary(name) for name in with_snapshots(runs)}
intact = {name: max(evidence.intact_dims(one) or one.run.latent_dims) for name, one in summaries.items()}
run = read(first_trainable(list(summaries)))
d = intact[run.name]
images = run.load_dataset().test.images.double()
trained = member(run.name, run.table_depth, d, run.seeds[0])
widths = (images.shape[1], *[layer.out_features for layer in trained[0][::2]])
products = spectra.eigenvalues(random_matrices.products(widths, run.initialisation, draws)).numpy()

# %%
epochs, clouds = evenly_spaced([*run.snapshots, run.epochs], 3), {"random product": products}
for epoch in epochs:
    encoder, decoder = (
        module.double() for module in member(run.name, run.table_depth, d, run.seeds[0], epoch)
    )
    clouds[f"epoch {epoch}"] = spectra.eigenvalues(cores(encoder, decoder, images).input).numpy()
last = clouds[f"epoch {epochs[-1]}"]
away = {origin: float(np.median(np.abs(values - 1))) for origin, values in clouds.items()}

# %%
beside = {name: dynamics.beside_products(one, draws) for name, one in summaries.items()}
every = pd.concat(beside.values())
inside = {when: int(every[when].between(every["low"], every["high"]).sum()) for when in ("first", "last")}
before, after = (away[f"epoch {epoch}"] for epoch in (epochs[0], epochs[-1]))
pace = dynamics.settling(next(iter(summaries.values())), share)
late = sum(int((pace[slope] > pace["test error"]).sum()) for slope in dynamics.SLOPES.values())
say(f"""> **In brief.** Before training, the geometric mean of the eigenvalues lies, in {inside["first"]} of {len(every)} networks, where it does
> for 95 % of products of random matrices. Training moves eigenvalues {"towards" if after < before else "away from"} 1, where a perfect network would have them:
> in `{run.name}` the median distance goes from {before:.2g} to {after:.2g}. In `{next(iter(summaries))}` {late} of
> {len(dynamics.SLOPES) * len(pace)} slopes settle later than the test error; such a slope partly reflects the length of training.""")

# %% [markdown]
# A run keeps its weights after some epochs, its *snapshots*; epoch 0 is the untrained network. For committed runs such as `mnist-300` only summaries of the snapshots are kept. `digits-training` has four networks like those of `digits`, with snapshots of the weights.
#
# A companion paper by three of the authors is about the eigenvalues of autoencoders in training and at initialisation ([Agarwala, Dees and Lowman 2022](references)). Its text was not available to us, and nothing here is checked against it.
#
# ## The cloud of eigenvalues
#
# What would the eigenvalues be if the weight matrices were random and a random half of the ReLU units active? The core of such a product is
#
# $$K = W_n M_{n-1} W_{n-1} \cdots M_1 W_1 \, V_n M'_{n-1} \cdots M'_1 V_1 .$$
#
# The *core* is the $d\times d$ matrix whose eigenvalues $J_I$ has besides zeros ([geometry](geometry)); $W_l$ are the weights of the encoder, $V_l$ those of the decoder. Each has independent normal entries with the variance of the initialisation, and each mask $M_l$, $M'_l$ keeps half of its units. A single large square matrix of this kind is named after [Ginibre 1965](references); its eigenvalues fill a disc evenly.

# %%
show_figure(
    report.eigenvalue_clouds(clouds),
    name="fig-clouds",
    caption=f"""Eigenvalues in the complex plane (at most {report.DOTS:,} a panel): of random products, and of all test points of `{run.name}` at $d$ = {d}
    after some epochs of training. Dashed: the unit circle. Cross: 1, where those of the identity are.""",
    alt="In the default runs the cloud around zero of random products and of the untrained network moves to the right during training and gathers near 1.",
)

# %%
left = {origin: 100 * float((values.real < 0).mean()) for origin, values in clouds.items()}
say(f"""In random products {left["random product"]:.0f} % of the eigenvalues have a negative real part, in the trained network {left[f"epoch {epochs[-1]}"]:.0f} %.""")

# %% [markdown]
# ## At initialisation: are they products of random matrices?
#
# With He's initialisation (as in `digits-training`) the weights of an untrained network are such matrices. PyTorch's (`mnist-300`) are uniform, with biases, and smaller: each layer shrinks its input, so the product is near 0. The masks are not random halves: they depend on weights and point, and neighbouring points share most of them. We compare distributions over many seeds.

# %%
fresh = autoencoders.untrained(widths, run.initialisation, images[:points], range(networks))
untrained = spectra.eigenvalues(fresh.flatten(0, 1)).numpy().reshape(networks, -1)
show_figure(
    report.moduli_and_angles({"random products": products, "untrained": untrained, "trained": last}),
    name="fig-moduli",
    caption=f"""The shares of eigenvalues up to a modulus and up to an angle, of random products, of {networks} untrained networks ({points} points each)
    and of the trained network. Bands hold nine in ten of the products, networks or points.""",
    alt="In the default runs the lines of random products and untrained networks almost coincide; that of the trained network has moduli near 1 and small angles.",
)

# %%
near, far = (dynamics.largest_gap(products, one) for one in (untrained, last))
say(f"""The shares for products and untrained networks differ by at most {max(near):.2f}; those for products and the trained network by up to {max(far):.2f}.""")
show_table(
    report.beside_products_table(beside),
    name="tab-products",
    caption=f"The geometric mean of the eigenvalues of $J_I$, depth {run.table_depth}: medians over test points; beside them, what 95 % of random products lie between.",
)
say(f"""Within this range are {inside["first"]} of {len(every)} networks before training, and {inside["last"]} after it.""")
say(claims.lost_sentence(summaries))

# %%
fold(
    f"Eigenvalues within {dynamics.REAL} degrees of the real axis",
    "Random products have an excess of real eigenvalues, of both signs. Shares over training and test points:\n\n"
    + report.near_real_table(beside),
)

# %% [markdown]
# ## The way there

# %%
show_figure(
    map(report.training_course, summaries.values()),
    name="fig-course",
    caption="""The geometric mean of the eigenvalues of $J_I$ (logarithmic axis) and the test slopes of [equations 6 and 7](prediction), by $d$. Bands: the
    middle half of the test points; for slopes, 95 % intervals from resampled images. An epoch of MNIST has many more steps than one of the digits.""",
    alt="""In the default runs the geometric mean of mnist-300 rises from below 0.001 to about 0.8 or 0.9, that of the digits dips and then rises, mostly above its start. On MNIST the
    slopes rise early and some fall again; on the digits their bands are wide.""",
)

# %%
name, shown = next(iter(summaries.items()))
top = intact[name]
for predictor in ("trace", "log_volume"):
    course = dynamics.quantity_course(shown, predictor).query("latent_dim == @top").set_index("epoch")
    rows, final = course["value"], course.loc[shown.run.epochs]
    peak = rows.abs().idxmax()
    farther = f"it is farthest from zero after epoch {peak}, with {rows[peak]:.2f}"
    if final["low"] <= rows[peak] <= final["high"]:
        farther = "at no snapshot is it clearly farther from zero than at the end"
    say(f"""In `{name}` at $d$ = {top} the {dynamics.SLOPES[predictor]} is {rows[0]:.2f} before training and {rows[shown.run.epochs]:.2f} at the last epoch;
    {farther}.""")

# %%
say(f"""Caveat: snapshots are measured, and variables standardised, on the first {WATCHED:,} points of each split, so in larger data sets the units differ
from those of other pages.""")

# %% [markdown]
# ## When do they look trained?
#
# A quantity has *settled* at the first snapshot after which it stays within a tenth of its range (the parameter `share`) of its final value. A quantity that only fluctuates settles late, and what happens between snapshots is not seen.

# %%
show_table(
    report.settling_table(summaries, share),
    name="tab-settling",
    caption=f"The epoch from which each quantity has settled; test points, $J_I$, depth {shown.run.table_depth}. The last epoch means: not before the end.",
)

# %%
settled = pd.concat([dynamics.settling(one, share) for one in summaries.values()])
mean, slope = settled["geometric mean"], settled["slope on trace"]
differ = mean != slope
first = intervals.majority("", (mean < slope)[differ]) if differ.any() else None
verdict = "a clear majority of those that differ"
if first is None or first.low < 0 < first.high:
    verdict = "too few to say which comes first"
say(f"""In {int((mean < slope).sum())} of {len(settled)} networks the geometric mean settles before the slope on the trace, in {int((mean > slope).sum())} after it, in {int((~differ).sum())} at the same snapshot: {verdict}
([one of our own claims](claims)).""")

# %% [markdown]
# ## What to take away
#
# An untrained network's spectrum can be compared with a model that needs no data and no activations. Where the two agree, what a trained spectrum adds comes from training.
#
# Networks with nearly the same mean eigenvalues pass through different slopes. A published slope partly reflects the length of training, and so does a comparison of slopes between runs.
#
# Caveat: error, spectrum and slope are three readings of the same weights; nothing here says which causes which. Each network has one seed in the default runs, and bands cover points, not networks.
