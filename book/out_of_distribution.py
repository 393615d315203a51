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
# # Out of distribution: do eigenvalues notice strange images?
#
# On images like those it has learnt, an autoencoder should be near the identity along the manifold of its codes. Elsewhere it has no reason to be, so its eigenvalues might give strange images away. [Agarwala et al. (2022)](references) studied noise of several kinds. We know their abstract and not their text, so the sets of images on this page are ours.

# %% tags=["parameters"]
runs: list[str] = [
    "mnist",
    "mnist-300",
    "digits",
]  # the first whose weights are at hand is examined
latent_dims: list[int] = [2, 5, 10, 20]  # those that the run has
points: int = 200  # images per set
others: list[str] = []  # further data sets, scaled to size

# %%
from lib.analysis import evidence, tournament
from lib.measures import baselines, reconstruction
from lib.measures.judging import DETECTORS
from lib.report import claims as claims_report, out_of_distribution as report, style
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import Member, first_trainable, member, parse_names, read, summary
from lib.training import corruptions, datasets

style.use_style()
run = read(first_trainable(runs))
data = run.load_dataset()
train, test = data.train.images.numpy(), data.test.images.numpy()

# %%
further = {name: datasets.load(name) for name in others}
scaled = {
    name: corruptions.scaled(one.test.images.numpy(), one.image_shape, data.image_shape)
    for name, one in further.items()
}
strange = corruptions.out_of_distribution(train, test, data.image_shape, points, scaled)
members = tournament.members_at(run, latent_dims)
middle = members[-2] if len(members) > 1 else members[0]
live = {(run.name, one.latent_dim): tournament.detection(run.name, one, strange) for one in members}

# %%
committed = {
    (name, d): rows
    for name in parse_names(runs)
    if read(name).committed
    for d, rows in tournament.detection_by_dim(name).items()
}
shown = {key: rows for key, rows in live.items() if key[1] == middle.latent_dim}
if committed:
    name = next(iter(committed))[0]
    dims = {d for other, d in committed if other == name}
    d = max(dims & set(evidence.intact_dims(summary(name))) or dims)
    shown[name, d] = committed[name, d]

# %%
tables = {f"`{name}` ($d={d}$)": tournament.over_sets(rows) for (name, d), rows in shown.items()}
medians = {network: table["median"].reindex(report.COMPARED[:3]) for network, table in tables.items()}
behind = all(one["mse"] > max(one["trace_input"], one["log_volume_input"]) for one in medians.values())
detects = "detects the median set of strange images" if behind else "does not always detect the median set"
reached = [
    f"{one['mse']:.2f} against {max(one['trace_input'], one['log_volume_input']):.2f} in {network}"
    for network, one in medians.items()
]
best = [f"{DETECTORS[t['least'].idxmax()].short_label} in {n}" for n, t in tables.items()]
say(f"""> **In brief.** Of a range of sets of strange images, the reconstruction error {detects} better than trace and volume of $J_I$ do:
> AUROC {", ".join(reached)}. Judged by the set that is hardest for each, the best detector is {", and ".join(best)}.""")

# %% [markdown]
# ## Most strange images are easy
#
# The sets hold noise, changed test images, and pieces of photographs. A detector gives every image a number. The AUROC is the chance that a strange image gets a larger number than a test image: 1 is perfect, ½ is chance. For the trace, the volume, the ink and the norm of the code, the number is the distance from the median of the training images, because a strange image may lie on either side. Each detector has its own median set and its own hardest set. We show a network of the first run whose weights are at hand, and the largest intact $d$ of the first run with committed results.

# %%
show_figure(
    [report.detection_figure(name, d, rows) for (name, d), rows in shown.items()],
    name="fig-detection",
    caption="How well each detector tells each set of strange images from test images. Circles: eigenvalues; squares: the error; diamonds: detectors that use neither; bars: medians over the sets.",
    alt=f"A row of dots per detector, a dot per set of images. The medians of the error and of the better of trace and volume: {', '.join(reached)}.",
)

# %%
show_table(
    report.detectors(shown),
    name="tab-detectors",
    caption="AUROC of each detector on its median set and on its hardest set, in the networks of the figure above.",
)

# %%
fold(f"The sets, and the AUROC of three detectors in {run.name}", report.sets(live[run.name, middle.latent_dim]))

# %%
examined = live[run.name, middle.latent_dim]
rows = examined[examined["detector"].isin(report.COMPARED[:2])]
widths = rows["auroc_high"] - rows["auroc_low"]
hardest = "; ".join(
    f"{', '.join(f'*{name}*' for name in table['hardest'].reindex(['trace_input', 'mse', 'neighbours']))} in {network}"
    for network, table in tables.items()
)
say(f"""
In the default runs, most sets lie far from the training images in plain pixel distance, and simple detectors find nearly all of their images. For the error and the neighbours, sets close to the training images are the hard ones; the trace can also fail on noise far from them. The hardest sets for the trace, the error and the distance to the nearest training images are, in this order, {hardest}.

The detectors differ in their needs. The error needs the network alone, and no derivative. Trace and volume need the median of the training images' values besides. The error of PCA needs no network at all. The nearest neighbours need all training images.

Caveat: we examine one seed per run. A 95 % interval of an AUROC of the trace or the volume is {widths.median():.2f} wide in the median over the sets.
""")

# %% [markdown]
# ## The hardest set
#
# A detector is as good as its hardest case.

# %%
networks = committed or live
wins, both = (tournament.eigenvalues_win(networks.values(), way) for way in (False, True))
say(f"""
We take the better of trace and volume of $J_I$ in each network ({len(networks)} here), and compare its hardest set with that of other detectors. The number of networks in which it wins is {wins["mse"]} against the error, {wins["linear_error"]} against the error of PCA, and {wins["neighbours"]} against the nearest neighbours among pixels. These are not independent: the networks share their images, and the neighbours do not depend on the network.

This comparison favours the eigenvalues, because we take the better of two, and because they are read both ways and the others one way. Smoothed images, for example, are easy for PCA and so count as the least strange. If the others, too, could flag unusually low values, these numbers would be {both["mse"]}, {both["linear_error"]} and {both["neighbours"]}.
""")
fold("AUROC on the hardest set, by network", report.hardest(networks))

# %% [markdown]
# ## What a network makes of noise
#
# For large enough $d$, Agarwala et al. report, an autoencoder turns all kinds of noise into much the same image, a *generalized character*, and another autoencoder turns it into another one. The idea is that a network that has learnt images of one kind has nothing else to make of noise.

# %%
first = {"test": test[:1]} | {
    name: strange[name][:1]
    for name in ("uniform", "covariance", "inverted", "blurred", "photographs", *others)
}
pair = member(run.name, middle.depth, middle.latent_dim, middle.seed)
times = [0, 1, 5, 20]
stages = [reconstruction.iterated(pair, image, times) for image in first.values()]
rows = {
    name: [stage[place][0] for stage in stages]
    for place, name in enumerate(["$x$", "$f(x)$", "$f^{5}(x)$", "$f^{20}(x)$"])
}

# %%
depths = [depth for depth in run.depths if depth != middle.depth]
for depth in depths:
    other = member(run.name, depth, middle.latent_dim, middle.seed)
    outputs = [reconstruction.reconstructed(other, image)[0] for image in first.values()]
    rows[f"$f(x)$, depth {depth}"] = outputs

# %%
noise = strange["uniform"]
made = [noise, *reconstruction.iterated(pair, noise, [1, 20])]
near, *far = (
    sorted(baselines.neighbour_distance(train, images))[len(images) // 2]
    for images in (test, *made)
)
show_figure(
    report.generalised_characters(rows, list(first), data.image_shape),
    name="fig-characters",
    caption=f"Images of several sets (top), and the outputs of networks at $d={middle.latent_dim}$: depth {middle.depth} applied 1, 5 and 20 times, then other depths. Grey levels are cut off at 0 and 1.",
    alt=f"A grid of images, a column per set. The median distance to the training images is {far[0]:.1f} for noise and {far[1]:.1f} for the network's outputs.",
)

# %%
say(f"""
Do the outputs resemble training images? The median distance to the fifth nearest training image is {far[0]:.1f} for uniform noise and {far[1]:.1f} for the network's outputs. For test images it is {near:.1f}.
""")
say(claims_report.verdict_line({name: summary(name) for name in parse_names(runs)}, "out_of_distribution"))

# %% [markdown]
# ## Do networks agree?
#
# Two networks trained on the same images should treat such images alike. Nothing obliges them to agree on others. We compare networks of different $d$ and depth, image by image.

# %%
compared = members + [Member(depth, middle.latent_dim, middle.seed) for depth in depths]
alike = tournament.reconstruction_agreement(run.name, compared, {"test": test} | strange)
mean = alike.groupby("set").mean(numeric_only=True)
of_noise = mean.loc[list(corruptions.DISTRIBUTIONS)].median()
farther = "farther" if of_noise["apart"] > mean.loc["test", "apart"] else "no farther"
say(f"""
The reconstructions of noise lie {farther} apart than those of test images: {of_noise["apart"]:.2f} per pixel in the median over the kinds of noise, against {mean.loc["test", "apart"]:.2f}. The networks agree least on which images are hard in the set *{mean["spearman"].idxmin()}*, where their errors have a rank correlation of {mean["spearman"].min():.2f}.
""")
fold(f"Agreement of {len(compared)} networks of {run.name}, by set", report.agreement_by_set(alike))

# %% [markdown]
# ## What to take away

# %%
told = []
for network, table in tables.items():
    least = table["least"].reindex(report.COMPARED)
    weaker = min(least["trace_input"], least["log_volume_input"])
    beaten = [DETECTORS[name].short_label for name in report.COMPARED[2:] if least[name] < weaker]
    told.append(f"in {network} {' and '.join(f'*{name}*' for name in beaten) or 'none'}")
say(f"""
Eigenvalues do change away from the data. In the default runs, however, the error and the distance to the training images notice more on the median set, without any derivative. On the hardest set, with the others read one way, trace and volume both beat these of four simpler detectors: {"; ".join(told)}.
""")
