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
# # Out of distribution: what the network makes of strange images
#
# A network is sometimes shown what it was never trained for. Do its eigenvalues tell? One may hope so: on images like those it has learnt, an autoencoder should be near the identity along the manifold of its codes, and elsewhere it has no reason to be. {cite:t}`agarwala2022instability` look at noise of several kinds, and at how differently networks of different architecture treat it. We know their abstract and not their text, so the sets of images below are ours.
#
# This page asks three things of the run's networks: whether trace and volume tell strange images from test images; whether they do so better than what is simpler; and whether networks that differ only in size agree on what they see in noise.
#
# ## The images

# %% tags=["parameters"]
runs: list[str] = [
    "mnist",
    "mnist-300",
    "digits",
]  # the first whose networks can be had is used
latent_dims: list[int] = [2, 5, 10, 20]  # those of them that the run has
points: int = 200  # images a set
others: list[str] = []  # further data sets, such as fashion-mnist, scaled to size

# %%
from lib.analysis import tournament
from lib.measures import baselines, reconstruction
from lib.report import out_of_distribution as report, style
from lib.training import corruptions, datasets
from lib.runs import Member, first_trainable, member, read

style.use_style()
run = read(first_trainable(runs))
data = run.load_dataset()
train, test = data.train.images.numpy(), data.test.images.numpy()
further = {name: datasets.load(name) for name in others}

# %%
strange = corruptions.out_of_distribution(
    train,
    test,
    data.image_shape,
    points,
    {
        name: corruptions.scaled(one.test.images.numpy(), one.image_shape, data.image_shape)
        for name, one in further.items()
    },
)

# %% tags=["remove-input"]
from IPython.display import Markdown
from myst_nb import glue

members = tournament.members_at(run, latent_dims)
middle = members[-2] if len(members) > 1 else members[0]
glue("live_run", run.name, display=False)
glue("sets", len(strange), display=False)
glue("kinds", len(corruptions.DISTRIBUTIONS), display=False)
changed = set(strange) - set(corruptions.DISTRIBUTIONS) - set(further) - {"photographs"}
glue("changes", len(changed), display=False)
glue("points", points, display=False)
glue("middle_d", middle.latent_dim, display=False)

# %% [markdown]
# There are {glue:text}`sets:d` sets of at most {glue:text}`points:d` images each: pixels drawn from {glue:text}`kinds:d` distributions, from pure noise to noise with the mean and covariance of the training images; test images changed in {glue:text}`changes:d` ways; and pieces of photographs. The last table says what each is. The networks are those of the run {glue:text}`live_run:s` at the depth of the tables.
#
# ## Generalised characters
#
# {cite:t}`agarwala2022instability` report in their abstract that for large enough $d$ an autoencoder makes of all kinds of noise much the same image, which they call a *generalized character*, and that another autoencoder makes another one. A network that has only ever learnt images of one kind has nothing else to make of noise. Apply it again, and again, and what is left is what it takes the noise for.

# %%
pair = member(run.name, middle.depth, middle.latent_dim, middle.seed)
shown = {"test": test} | strange
first = {name: images[:1] for name, images in shown.items()}
times = [0, 1, 2, 5, 20]
stages = {name: reconstruction.iterated(pair, image, times) for name, image in first.items()}
rows = {
    ["$x$", "$f(x)$"][n] if n < 2 else f"$f^{{{n}}}(x)$": [
        stages[name][place][0] for name in stages
    ]
    for place, n in enumerate(times)
}

# %%
for depth in [depth for depth in run.depths if depth != middle.depth]:
    other = member(run.name, depth, middle.latent_dim, middle.seed)
    rows[f"$f(x)$, $n={depth}$"] = [
        reconstruction.reconstructed(other, image)[0] for image in first.values()
    ]

# %%
figure = report.generalised_characters(rows, list(first), data.image_shape)
glue("characters", figure, display=False)

# %% [markdown]
# ```{glue:figure} characters
# :name: fig-characters
# :alt: A grid of small images, a column a set of images. The first row shows an image of each set, the rows below what the network makes of it when applied once, twice, five and twenty times, and what networks of other depths make of it.
#
# The first image of every set, what the network makes of it when it is applied 1, 2, 5 and 20 times ($d$ = {glue:text}`middle_d:d`, depth of the tables), and what networks of other depths make of it. Grey levels are cut off at 0 and 1.
# ```

# %% tags=["remove-input"]
near = {
    "test": baselines.neighbour_distance(train, test),
    "noise": baselines.neighbour_distance(train, strange["uniform"]),
    "once": baselines.neighbour_distance(
        train, reconstruction.reconstructed(pair, strange["uniform"])
    ),
    "often": baselines.neighbour_distance(
        train, reconstruction.iterated(pair, strange["uniform"], [20])[0]
    ),
}
for name, distance in near.items():
    glue(f"near_{name}", float(sorted(distance)[len(distance) // 2]), display=False)

# %% [markdown]
# How like the training images is what comes out? The distance to the fifth nearest training image has the median {glue:text}`near_test:.2f` for test images and {glue:text}`near_noise:.2f` for uniform noise. For what the network makes of that noise it is {glue:text}`near_once:.2f`, and {glue:text}`near_often:.2f` after twenty applications.
#
# ## Telling strange images from test images
#
# Each set is held against the test images. Each of {glue:text}`detector_count:d` detectors gives every image a number, and the AUROC is the chance that a strange image has a larger one than a test image: 1 is perfect, ½ is no knowledge. For trace, volume, ink and the norm of the code the number is the distance from the median of the training points, for a strange image may lie on either side. So these need one number of the training data. The error of PCA needs the mean and the $d$ axes, Mahalanobis' distance the mean and the covariance of the codes, and the nearest neighbours need all points. The error itself needs none.

# %%
found = {one.latent_dim: tournament.detection(run.name, one, strange) for one in members}
figure = report.detection_figure(found)
glue("detection", figure, display=False)

# %% [markdown]
# ```{glue:figure} detection
# :name: fig-detection
# :alt: A panel for each latent dimension. A row for each detector, in it a dot for each set of strange images at the AUROC with which the detector tells it from test images, from zero to one, and a bar at the median over the sets.
#
# How well each detector tells each set of strange images from test images. Circles: eigenvalues; diamonds: what is simpler; bars: medians over the sets.
# ```

# %% tags=["remove-input"]
table = found[middle.latent_dim]
glue("detectors", Markdown(report.detectors(found)), display=False)
glue("detector_count", table["detector"].nunique(), display=False)
rivals = ("mse", "linear_error", "neighbours", "latent_neighbours")
for name in ("trace_input", "log_volume_input", *rivals):
    own = table[table["detector"] == name]
    glue(f"{name}_median", float(own["auroc"].median()), display=False)
    glue(f"{name}_least", float(own["auroc"].min()), display=False)
    glue(f"{name}_hardest", str(own.loc[own["auroc"].idxmin(), "set"]), display=False)
below = table[table["detector"] == "trace_input"]["below"]
glue("below_median", float(below.median()), display=False)
glue("below_least", float(below.min()), display=False)

# %% tags=["remove-input"]
own = table[table["detector"].isin(["trace_input", "log_volume_input"])]
width = own["auroc_high"] - own["auroc_low"]
glue("band", float(width.median()), display=False)
glue("widest", float(width.max()), display=False)

# %% [markdown]
# ```{glue:md} detectors
# :format: myst
# ```
#
# *Effect*: the difference between the means of strange and of test images, in standard deviations over the test images; the median of its size over the sets. Then the median and the least AUROC over the sets.
#
# At $d$ = {glue:text}`middle_d:d` the trace of $J_I$ has a median AUROC of {glue:text}`trace_input_median:.2f`, and {glue:text}`trace_input_least:.2f` on its hardest set ({glue:text}`trace_input_hardest:s`); the log volume {glue:text}`log_volume_input_median:.2f` and {glue:text}`log_volume_input_least:.2f` ({glue:text}`log_volume_input_hardest:s`). The error itself has {glue:text}`mse_median:.2f` and {glue:text}`mse_least:.2f` ({glue:text}`mse_hardest:s`), the distance to the fifth nearest training image {glue:text}`neighbours_median:.2f` and {glue:text}`neighbours_least:.2f` ({glue:text}`neighbours_hardest:s`). A 95 % band of one AUROC of trace or log volume is {glue:text}`band:.2f` wide in the median over the sets, and {glue:text}`widest:.2f` at most. Were a low trace alone taken as strange, instead of one far from the median, its median and least AUROC would be {glue:text}`below_median:.2f` and {glue:text}`below_least:.2f`.

# %% tags=["remove-input"]
import pandas as pd

every = pd.concat(found, names=["latent_dim"]).reset_index("latent_dim")
spectral = every[every["detector"].isin(["trace_input", "log_volume_input"])]
sizes = spectral.groupby("latent_dim")["effect"].apply(lambda one: one.abs().median())
high = sizes[sizes.index >= 5] if (sizes.index >= 5).any() else sizes
large = spectral[spectral["latent_dim"].isin(high.index)]["effect"].abs()
glue("hint_low", float(high.min()), display=False)
glue("hint_high", float(high.max()), display=False)
glue("hint_share", 100 * float((large >= 4).mean()), display=False)
glue("hint_from", int(high.index.min()), display=False)

# %% [markdown]
# Before this page was written, trial networks had suggested that trace and volume separate strange images from test images by 4 to 6 standard deviations once $d\ge5$. In the run {glue:text}`live_run:s`, from $d$ = {glue:text}`hint_from:d` on, the median effect of both together lies between {glue:text}`hint_low:.1f` and {glue:text}`hint_high:.1f`, and {glue:text}`hint_share:.0f` % of the effects are of 4 standard deviations or more. The tables have the medians of each alone, there and, below, on MNIST.
#
# ## At the size of MNIST
#
# The weights of a run too long for a build are not kept, but what its networks said of the same kinds of images is, made from its own data:

# %%
from lib.analysis import evidence
from lib.runs import parse_names, summary

kept = {name: tournament.detection_by_dim(name) for name in parse_names(runs) if read(name).committed}
kept = {name: by_dim for name, by_dim in kept.items() if by_dim}
kept_run = next(iter(kept), run.name)
by_dim = kept.get(kept_run, found)
intact = set(evidence.intact_dims(summary(kept_run))) & set(by_dim)
kept_d = max(intact or by_dim)

# %% mystnb={"image": {"alt": "A panel for each latent dimension of the run that is kept. A row for each detector, in it a dot for each set of strange images at the AUROC with which the detector tells it from test images, and a bar at the median over the sets."}}
report.detection_figure(by_dim)

# %% tags=["remove-input"]
glue("kept_detectors", Markdown(report.detectors(by_dim)), display=False)
glue("kept_run", kept_run, display=False)
glue("kept_d", kept_d, display=False)
for name in ("trace_input", "log_volume_input", *rivals):
    own = by_dim[kept_d].query("detector == @name")
    glue(f"kept_{name}_median", float(own["auroc"].median()), display=False)
    glue(f"kept_{name}_least", float(own["auroc"].min()), display=False)

# %% tags=["remove-input"]
from lib.measures.judging import DETECTORS

for place, one in {"live": table, "kept": by_dim[kept_d]}.items():
    least = one.groupby("detector")["auroc"].min()
    weaker = min(least["trace_input"], least["log_volume_input"])
    beaten = [DETECTORS[name].short_label for name in rivals if least[name] < weaker]
    names = " and ".join(beaten) or "none"
    glue(f"{place}_beaten", names, display=False)

# %% [markdown]
# ```{glue:md} kept_detectors
# :format: myst
# ```
#
# The run is {glue:text}`kept_run:s`. At $d$ = {glue:text}`kept_d:d`, the largest here whose network has not [lost a latent direction](small_eigenvalues), the median and least AUROC over the sets are {glue:text}`kept_trace_input_median:.2f` and {glue:text}`kept_trace_input_least:.2f` for the trace of $J_I$, {glue:text}`kept_log_volume_input_median:.2f` and {glue:text}`kept_log_volume_input_least:.2f` for the log volume, {glue:text}`kept_mse_median:.2f` and {glue:text}`kept_mse_least:.2f` for the error, {glue:text}`kept_linear_error_median:.2f` and {glue:text}`kept_linear_error_least:.2f` for that of PCA, {glue:text}`kept_neighbours_median:.2f` and {glue:text}`kept_neighbours_least:.2f` for the nearest neighbours in pixels, and {glue:text}`kept_latent_neighbours_median:.2f` and {glue:text}`kept_latent_neighbours_least:.2f` for those among the codes.
#
# What is hardest for each detector, in every network that is kept: the least AUROC over the sets (trace and log volume of $J_I$).

# %%
of_kept = kept or {run.name: found}
every_kept = pd.concat(
    {(name, d): one for name, dims in of_kept.items() for d, one in dims.items()},
    names=["run", "d"],
)
by_detector = ["run", "d", "detector"]
least = every_kept.groupby(by_detector)["auroc"].min().unstack()
titles = {"trace_input": "trace", "log_volume_input": "log volume"}
titles |= {name: DETECTORS[name].short_label for name in rivals}
least[[*titles]].rename(columns=titles).round(2)

# %% tags=["remove-input"]
better = least[["trace_input", "log_volume_input"]].max(axis=1)
best_way = every_kept.assign(auroc=every_kept[["auroc", "below"]].max(axis=1))
either_way = best_way.groupby(by_detector)["auroc"].min().unstack()
glue("networks", len(least), display=False)
for name in rivals:
    glue(f"wins_{name}", int((better > least[name]).sum()), display=False)
    both = int((better > either_way[name]).sum())
    glue(f"both_{name}", both, display=False)
    glue(f"reversed_{name}", int((least[name] < 0.5).sum()), display=False)

# %% [markdown]
# Of these {glue:text}`networks:d` networks the better of trace and volume, picked for each of them, has a less hard hardest case than the error in {glue:text}`wins_mse:d`, than the error of PCA in {glue:text}`wins_linear_error:d`, than the nearest neighbours in pixels in {glue:text}`wins_neighbours:d`, and than those among the codes in {glue:text}`wins_latent_neighbours:d`.
#
# This is less than it seems. An AUROC below ½ means that a set looks *less* strange than the test images, as some set does by the error in {glue:text}`reversed_mse:d` networks, by that of PCA in {glue:text}`reversed_linear_error:d`, and by distance in pixels in {glue:text}`reversed_neighbours:d`: smoothed images, for one, are easy for PCA. Errors and distances are read one way only, trace and volume both ways. Were the rivals read whichever way is better for each set, trace and volume would win in {glue:text}`both_mse:d`, {glue:text}`both_linear_error:d`, {glue:text}`both_neighbours:d` and {glue:text}`both_latent_neighbours:d` networks.
#
# ## Do networks agree?
#
# Two networks trained on the same images should treat these alike. On others nothing obliges them to agree. For every two of the networks at the depth of the tables, and those of other depths at $d$ = {glue:text}`middle_d:d`, the table has the rank correlation of their errors, image by image, and how far their reconstructions lie apart.

# %%
compared = members + [
    Member(depth, middle.latent_dim, middle.seed)
    for depth in run.depths
    if depth != middle.depth
]
alike = tournament.reconstruction_agreement(run.name, compared, shown)

# %% tags=["remove-input"]
glue("alike", Markdown(report.sets(table, alike)), display=False)
mean = alike.groupby("set").mean(numeric_only=True)
noise = mean.loc[list(corruptions.DISTRIBUTIONS)]
glue("apart_test", float(mean.loc["test", "apart"]), display=False)
glue("apart_noise", float(noise["apart"].median()), display=False)
glue("rank_test", float(mean.loc["test", "spearman"]), display=False)
glue("rank_noise", float(noise["spearman"].median()), display=False)
glue("rank_least", float(mean["spearman"].min()), display=False)
glue("rank_least_set", str(mean["spearman"].idxmin()), display=False)

# %% [markdown]
# ```{glue:md} alike
# :format: myst
# ```
#
# The AUROC is at $d$ = {glue:text}`middle_d:d`. *Rank agreement*: mean over the pairs of networks of Spearman's rank correlation between their errors. *Apart*: root mean square difference of their reconstructions, a pixel, and *error* that between reconstruction and image.
#
# The reconstructions of a test image lie {glue:text}`apart_test:.2f` apart, a pixel; those of noise, in the median over its {glue:text}`kinds:d` kinds, {glue:text}`apart_noise:.2f`. On test images the errors of two networks have a mean rank correlation of {glue:text}`rank_test:.2f`, on noise {glue:text}`rank_noise:.2f`, and the least agreement, {glue:text}`rank_least:.2f`, is on the set {glue:text}`rank_least_set:s`.
#
# ## What we may conclude, and what not
#
# On the run {glue:text}`live_run:s`, at $d$ = {glue:text}`middle_d:d`, trace and volume of $J_I$ tell the strange sets apart with a median AUROC of {glue:text}`trace_input_median:.2f` and {glue:text}`log_volume_input_median:.2f`; the error itself, which the same network gives for less work and without a derivative, with {glue:text}`mse_median:.2f`; the error of PCA, which needs no network, with {glue:text}`linear_error_median:.2f`; and the nearest neighbours in pixels and among the codes with {glue:text}`neighbours_median:.2f` and {glue:text}`latent_neighbours_median:.2f`. A detector is as good as its hardest case, and there the numbers are {glue:text}`trace_input_least:.2f` and {glue:text}`log_volume_input_least:.2f`, against {glue:text}`mse_least:.2f`, {glue:text}`linear_error_least:.2f`, {glue:text}`neighbours_least:.2f` and {glue:text}`latent_neighbours_least:.2f`. Of these rivals, read one way only, trace and volume both beat: {glue:text}`live_beaten:s`.
#
# On the run {glue:text}`kept_run:s`, at $d$ = {glue:text}`kept_d:d`, the hardest case gives {glue:text}`kept_trace_input_least:.2f` and {glue:text}`kept_log_volume_input_least:.2f`, against {glue:text}`kept_mse_least:.2f`, {glue:text}`kept_linear_error_least:.2f`, {glue:text}`kept_neighbours_least:.2f` and {glue:text}`kept_latent_neighbours_least:.2f`. There trace and volume both beat, in the same sense: {glue:text}`kept_beaten:s`. Whoever wants to know whether an image is strange is served by the eigenvalues in so far as they exceed the rest, and no further.
#
# That eigenvalues differ on strange images, where they do, remains a fact about the network: its Jacobian is another one away from the data. Most of the sets here are easy: they lie far from the training images in plain pixel distance. Hard are those that lie close to them and are still strange; in the run {glue:text}`live_run:s` the hardest is {glue:text}`trace_input_hardest:s` for the trace, {glue:text}`mse_hardest:s` for the error and {glue:text}`neighbours_hardest:s` for the nearest neighbours in pixels. The last table shows what three of the detectors make of each. One seed of each run bears no claim about other networks.
