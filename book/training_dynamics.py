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
# The paper looks at trained networks only. Where do their spectra come from, and when? A companion by three of its authors {cite}`agarwala2022training` is about eigenvalues in training and at initialisation; its text was not available to us, and nothing here is checked against it.
#
# This page asks three things. What are the eigenvalues of an untrained network? How do they, and the slopes of {eq}`eq-regression`, change on the way to the last epoch? And from when on do they look as they do at the end?
#
# A run keeps its weights after some epochs, its *snapshots*; 0 means untrained. For MNIST the spectra at the snapshots come from the committed summaries. The live networks are the small run `digits-training`: four members specified as those of `digits`, with snapshots.

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits-training"]  # runs to show, side by side
draws: int = 200  # products of random matrices
networks: int = 40  # untrained networks, a seed each
points: int = 50  # data points of each of these
share: float = 0.1  # of the way, within which a quantity counts as settled

# %%
from lib.analysis import dynamics
from lib.geometry import random_matrices
from lib.report import claims, style, training_dynamics as report
from lib.training import autoencoders
from lib.runs import with_snapshots, first_trainable, member, read, evenly_spaced, summary

style.use_style()
summaries = {name: summary(name) for name in with_snapshots(runs)}
run = read(first_trainable(list(summaries)))
images = run.load_dataset().test.images.double()
largest = max(run.latent_dims)

# %% [markdown]
# ## The cloud of eigenvalues
#
# First the eigenvalues themselves, of all test points of one live network, at its largest $d$. Beside the snapshots stands what a network would have if its weight matrices were random and a random half of its ReLU units active: the core of such a product,
#
# $$
# K = W_n M_{n-1} W_{n-1} \cdots M_1 W_1 \, V_n M'_{n-1} \cdots M'_1 V_1,
# $$
#
# every $W_l$ and $V_l$ with independent normal entries of the variance of the initialisation, every mask $M_l$, $M'_l$ keeping half of its units. Such matrices are named after Ginibre {cite}`ginibre1965`; the eigenvalues of a single large square one fill a disc evenly.

# %%
from lib.geometry import spectra
from lib.training.autoencoders import Pair
from lib.geometry.jacobians import cores


def eigenvalues(pair: Pair):
    encoder, decoder = (module.double() for module in pair)
    return spectra.eigenvalues(cores(encoder, decoder, images).input).numpy()


trained = member(run.name, run.table_depth, largest, run.seeds[0])
widths = (images.shape[1], *[layer.out_features for layer in trained[0][::2]])
random_cores = random_matrices.products(widths, run.initialisation, draws)
products = spectra.eigenvalues(random_cores).numpy()

# %% mystnb={"image": {"alt": "Panels of the complex plane, one for random products and one for each of some epochs. Each shows a cloud of eigenvalues, the unit circle dashed, and a cross at 1, where the eigenvalues of the identity lie."}}
epochs = evenly_spaced([*run.snapshots, run.epochs], 4)
clouds = {"random product": products}
for epoch in epochs:
    pair = member(run.name, run.table_depth, largest, run.seeds[0], epoch)
    clouds[f"epoch {epoch}"] = eigenvalues(pair)
report.eigenvalue_clouds(clouds)

# %% tags=["remove-input"]
import numpy as np
from myst_nb import glue

first, last = clouds[f"epoch {epochs[0]}"], clouds[f"epoch {epochs[-1]}"]
glue("live_run", run.name, display=False)
glue("live_d", int(largest), display=False)
glue("random_distance", float(np.median(np.abs(products - 1))), display=False)
glue("first_distance", float(np.median(np.abs(first - 1))), display=False)
glue("last_distance", float(np.median(np.abs(last - 1))), display=False)
glue("random_left", 100 * float((products.real < 0).mean()), display=False)
glue("last_left", 100 * float((last.real < 0).mean()), display=False)

# %% [markdown]
# Run {glue:text}`live_run:s`, $d$ = {glue:text}`live_d:d`. A network that reconstructs well along its manifold has its eigenvalues near 1 (the cross). The median distance of an eigenvalue from 1 is {glue:text}`random_distance:.2f` in random products, {glue:text}`first_distance:.2f` at the first epoch shown and {glue:text}`last_distance:.2f` at the last. In random products {glue:text}`random_left:.0f` % of the eigenvalues have a negative real part; of the trained network's, {glue:text}`last_left:.0f` %.
#
# ## At initialisation: are they products of random matrices?
#
# The weights of an untrained network are such matrices (with He's initialisation; with PyTorch's they are uniform, and biases come in). Its masks are not a random half of the units: they depend on the weights and on the point, and neighbouring points share most of them. Whether that matters is a question for a comparison of distributions, over many seeds.

# %% mystnb={"image": {"alt": "Two panels with cumulative shares of eigenvalues: up to a modulus, and up to an angle from the positive real axis. Three lines: random products, untrained networks, and the trained network, with bands."}}
seeds = range(networks)
fresh = autoencoders.untrained(widths, run.initialisation, images[:points], seeds)
untrained = spectra.eigenvalues(fresh.flatten(0, 1)).numpy().reshape(networks, -1)
origins = {"random products": products, "untrained networks": untrained}
report.moduli_and_angles(origins | {"trained network": last})

# %% tags=["remove-input"]
from scipy.stats import ks_2samp

glue("networks", networks, display=False)
glue("points", points, display=False)
for name, measure in {
    "modulus": np.abs,
    "angle": lambda one: np.abs(np.angle(one)),
}.items():
    apart = [
        ks_2samp(measure(products).ravel(), measure(one).ravel()).statistic
        for one in (untrained, last)
    ]
    glue(f"{name}_untrained", float(apart[0]), display=False)
    glue(f"{name}_trained", float(apart[1]), display=False)

# %% [markdown]
# Lines pool all eigenvalues. The bands hold nine in ten of the single products, of the {glue:text}`networks:d` untrained networks ({glue:text}`points:d` points each), and of the points of the trained network. The largest vertical distance between the lines of products and of untrained networks is {glue:text}`modulus_untrained:.3f` for the modulus and {glue:text}`angle_untrained:.3f` for the angle; between products and the trained network {glue:text}`modulus_trained:.3f` and {glue:text}`angle_trained:.3f`.
#
# The same comparison for every run and $d$, from the summaries: the geometric mean of the eigenvalues, and the share that lies within {glue:text}`real:.1f` degrees of the real axis. A random product has an excess of real eigenvalues, positive and negative alike.

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import Markdown

beside = {name: dynamics.beside_products(one, draws) for name, one in summaries.items()}
glue("beside", Markdown(report.beside_products_table(beside)), display=False)
every = pd.concat(beside.values())
for when in ("first", "last"):
    inside = every[when].between(every["low"], every["high"])
    glue(f"{when}_inside", int(inside.sum()), display=False)
glue("compared", len(every), display=False)
glue("real", dynamics.REAL, display=False)
glue("lost", Markdown(claims.lost_sentence(summaries)), display=False)

# %% [markdown]
# ```{glue:md} beside
# :format: myst
# ```
#
# Depth of the tables, $J_I$. Geometric mean: medians over test points, in brackets what 95 % of the products lie between. Near the real axis: shares of all eigenvalues, at training and test points. A trained run has one network for each $d$, which is one draw. Before training {glue:text}`first_inside:d` of {glue:text}`compared:d` networks lie within the products' interval; after training {glue:text}`last_inside:d`.
#
# ```{glue:md} lost
# :format: myst
# ```
#
# ## The way there
#
# Means of the eigenvalues, their angle of rotation $|\arg\lambda|$, and test slopes over the snapshots. The geometric mean is the volume form in other units, $|\omega|^{1/d}$. The scale is optimiser steps, not epochs: an epoch of MNIST has many more steps than one of the digits.

# %% mystnb={"image": {"alt": "A column of five panels for each run, against optimiser steps: arithmetic mean, geometric mean and angle of rotation of the eigenvalues, slope on the log volume, slope on the trace. A line for each of up to four latent dimensions."}}
report.training_course(summaries)

# %% tags=["remove-input"]
name, shown = next(iter(summaries.items()))
d = max(shown.run.latent_dims)
glue("shown_run", name, display=False)
glue("shown_d", int(d), display=False)

# %% tags=["remove-input"]
for predictor in dynamics.SLOPES:
    rows = (
        dynamics.quantity_course(shown, predictor).query("latent_dim == @d").set_index("epoch")
    )
    peak = int(rows["value"].abs().idxmax())
    glue(f"{predictor}_peak_epoch", peak, display=False)
    glue(f"{predictor}_first", float(rows.loc[0, "value"]), display=False)
    glue(f"{predictor}_peak", float(rows.loc[peak, "value"]), display=False)
    glue(f"{predictor}_last", float(rows.loc[shown.run.epochs, "value"]), display=False)
    error = rows["test_slope_se"]
    glue(f"{predictor}_peak_se", float(error[peak]), display=False)
    glue(f"{predictor}_last_se", float(error[shown.run.epochs]), display=False)

# %% tags=["remove-input"]
from lib.measures.summaries import WATCHED

depth = shown.run.table_depth
whole = shown.regressions.query("space == 'input' and label == -1 and depth == @depth")
whole = whole.query("latent_dim == @d").groupby("predictor")["test_slope"].mean()
glue("watched", WATCHED, display=False)
glue("trace_whole", float(whole["trace"]), display=False)
glue("log_volume_whole", float(whole["log_volume"]), display=False)

# %% [markdown]
# Bands: the middle half of the test points; for slopes the 95 % interval; the angle is a mean over all eigenvalues. In the run {glue:text}`shown_run:s` at $d$ = {glue:text}`shown_d:d` the slope on the trace is {glue:text}`trace_first:.3f` before training, {glue:text}`trace_last:.3f` at the last epoch (standard error {glue:text}`trace_last_se:.3f`), and farthest from zero after epoch {glue:text}`trace_peak_epoch:d`, with {glue:text}`trace_peak:.3f` ({glue:text}`trace_peak_se:.3f`). On the log volume it is {glue:text}`log_volume_first:.3f`, {glue:text}`log_volume_last:.3f` ({glue:text}`log_volume_last_se:.3f`), and {glue:text}`log_volume_peak:.3f` ({glue:text}`log_volume_peak_se:.3f`) after epoch {glue:text}`log_volume_peak_epoch:d`.
#
# Snapshots are measured at the first {glue:text}`watched:,d` points of each split, and all variables are standardised over these. Where a split has more points, the units are not those of the other pages: standardised over all points of this run the last slopes are {glue:text}`trace_whole:.3f` on the trace and {glue:text}`log_volume_whole:.3f` on the log volume.
#
# ## When do they look trained?
#
# A quantity has *settled* from the first snapshot on after which it stays within a tenth (the parameter `share`) of all the way that it went, counted from its last value. The way is the difference of its largest and smallest values over the snapshots. So the measure needs no unit and no threshold in the quantity itself. It sees nothing between snapshots, and a quantity that only fluctuates settles late.

# %% tags=["remove-input"]
glue("settling", Markdown(report.settling_table(summaries, share)), display=False)
frames = [dynamics.settling(one, share) for one in summaries.values()]
epochs = pd.concat(frames)
mean, slope = epochs["geometric mean"], epochs["slope on trace"]
glue("earlier", int((mean < slope).sum()), display=False)
glue("later", int((mean > slope).sum()), display=False)
glue("settled_of", len(epochs), display=False)

# %% [markdown]
# ```{glue:md} settling
# :format: myst
# ```
#
# The epoch from which each quantity has settled, test points, $J_I$, depth of the tables. At {glue:text}`earlier:d` of {glue:text}`settled_of:d` networks the geometric mean settles before the slope on the trace, at {glue:text}`later:d` after it.
#
# ## What we may conclude, and what not
#
# An untrained network's spectrum can be held against a model without data and without activations, and the distances above say how good that model is. Where they are small, what a trained spectrum has beyond the widths and the variance of the weights is due to training.
#
# Spectra and slopes need not come about together. Where the slopes settle after the spectra, or pass a peak and fall again, the slope that the tables print for the last epoch is one of several that a network with much the same means of eigenvalues has had: it says something on how long was trained. A comparison of slopes between runs is then a comparison of training lengths too.
#
# What we may not conclude: anything about the order of causes. The error, the spectrum and the slope are three readings of the same weights. Each member is one network with one seed; its course between two snapshots is not seen; and the bands are over points, not over networks.
