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
# # Would another training fail there too?
#
# A network is one of many that the same training could have given. If another one errs at the same points, the error belongs to the data; if not, to chance. We change the seed, then the optimizer, then the width, and ask the question of autoencoders and of classifiers.

# %% tags=["parameters"]
seed_runs: list[str] = ["digits-seeds"]  # runs with several seeds
widths: list[int] = [8, 32, 128]  # of the classifiers whose regions are drawn
seeds: list[int] = [0, 1]  # of these classifiers

# %%
from lib.analysis import optimizers, repeats, twice
from lib.geometry.planes import decisions, plane_grids
from lib.measures.judging import WORST
from lib.report import style, twice as report
from lib.report.output import say, show_figure, show_table
from lib.runs import parse_names
from lib.training.datasets import load

style.use_style()
foretold = twice.foretellers().set_index("measure")
twins = optimizers.TWINS_TABLE.read()
twins = twins.assign(gap=twins["test_mse"] - twins["train_mse"])
tuned = twins[twins["tuned"] & (twins["target"] == optimizers.TARGET)].groupby("optimizer")
by_noise = {noise: repeats.sweep_means(noise) for noise in (*repeats.NOISES, 1.0)}
chunks = repeats.CHUNKS.read()

# %%
noisy, epochs, gap = by_noise[0.2], tuned["epochs"].mean(), tuned["gap"].mean()
peak, dip = noisy["test_error"].idxmax(), noisy["agreement"].idxmin()
say(
    f"""
    > **In brief.** Yes, mostly. Trained to the same error from another seed, an autoencoder ranks the test images by error almost
    > as the first does (rank correlation {foretold.loc["other_seed", "value"]:.2f}), and the optimizer changes this little.
    > Two classifiers trained on clean labels agree on most points; with noisy labels they agree least at {dip} hidden units, and the
    > test error is largest {"there, too" if peak == dip else f"at {peak}"}.
    """
)

# %% [markdown]
# ## Autoencoders from other seeds

# %%
count = len(optimizers.TWIN_SEEDS)
say(f"""
{count} autoencoders of the digits with {optimizers.TWIN_WIDTHS[-1]} latent numbers are trained by Adam from different seeds, each until its training error is {optimizers.TARGET:g}. Then no network has an advantage, and we compare their errors on the test images.
""")

# %%
show_figure(
    [
        report.two_trainings(optimizers.TWIN_ERRORS.read(), "Adam_0", "Adam_1"),
        report.foretold(foretold.reset_index()),
    ],
    name="fig-same-points",
    caption=f"The error of each test image for two networks that differ by their seed (left), and what ranks the errors of a network (right; mean over {count} networks, 95 % intervals by bootstrap over images). Purple needs another training.",
    alt=f"""The errors of two networks lie along the diagonal. The mean error of nine other networks ranks best, with
    {foretold.loc["other_seeds", "value"]:.2f}; one other network and the error of PCA follow, then the distance to training images and
    the variance over seeds; random numbers are near zero.""",
)

# %%
say(
    f"""
    The error belongs to the image far more than to the training. The error of PCA, which no seed touches, ranks the images with
    {foretold.loc["linear_error", "value"]:.2f}. The variance over seeds, a usual measure of uncertainty, does worse
    ({foretold.loc["seed_variance", "value"]:.2f}): networks can agree on an image that all of them draw badly.
    """
)

# %%
alike = {name: twice.seeds_alike(name) for name in parse_names(seed_runs)}
for name, rows in ((name, rows) for name, rows in alike.items() if len(rows)):
    show_table(
        report.seeds_table(rows),
        name=f"tab-seeds-{name}",
        caption=f"""Seeds of the run `{name}` on the test images: rank correlation of two seeds, share of the worst tenth that is
        among the worst tenth of another (chance {WORST:g}), share of the variance of the log error that lies between images,
        rank correlation of the variance over seeds with the error.""",
    )
say(
    "The same holds after a long training, and the more so the larger $d$."
    if any(rows["agreement"].is_monotonic_increasing for rows in alike.values() if len(rows))
    else "Here no run has several seeds, or their agreement does not grow with $d$."
)

# %% [markdown]
# ## Another optimizer
#
# SOAP [(Vyas et al. 2024)](references) runs Adam in the eigenbases of each layer's gradients. Its path does not depend on the bases of a layer's inputs and outputs; that of Adam does. A twin has the same initial weights and the same batches as a network trained by Adam. Each learning rate is the fastest on a validation fold, and both stop at the same training error.

# %%
show_figure(
    report.gap_by_epochs(twins[twins["target"] == optimizers.TARGET]),
    name="fig-twins",
    caption=f"""Epochs until the training error is {optimizers.TARGET:g}, and the train-test gap there. A mark is a network; filled marks
    have the tuned rate.""",
    alt=f"""SOAP needs {epochs["SOAP"]:.0f} epochs and Adam {epochs["Adam"]:.0f}, at their tuned rates. The gaps of both overlap over
    all rates.""",
)
show_table(
    report.twins_table(twins[twins["tuned"]]),
    name="tab-twins",
    caption=f"Twins at two training errors, at the tuned rates: means and standard deviations over {count} seeds. Agreement is the rank correlation of the errors of the test images.",
)

# %%
gaps = twins[twins["tuned"]].pivot(index=["target", "seed"], columns="optimizer", values="gap")
smaller = (gaps["SOAP"] < gaps["Adam"]).groupby("target").sum()
say(
    f"""
    Adam needs {epochs["Adam"] / epochs["SOAP"]:.1f} times as many epochs as SOAP, though each of its steps costs less. The gap of
    SOAP is the smaller for {smaller[optimizers.TARGET]} of {len(optimizers.TWIN_SEEDS)} seeds at the higher training error and for
    {smaller[optimizers.LOW_TARGET]} at the lower, which chance can give. The learning rate moves the gap more than the optimizer
    does: see the open marks.
    """
)

# %%
say(
    f"""
    Across optimizers the errors agree as well as within one: {tuned["across"].mean()["Adam"]:.2f} against
    {tuned["within"].mean()["Adam"]:.2f} for Adam and {tuned["within"].mean()["SOAP"]:.2f} for SOAP. Which optimizer found the network
    tells almost nothing about where it errs. The trace of $J_L$ differs by {tuned["trace_latent"].mean()["Adam"] - tuned["trace_latent"].mean()["SOAP"]:.2f}
    a dimension at the higher training error, and this difference does not last.
    """
)

# %% [markdown]
# ## Classifiers of growing width
#
# [Somepalli et al. (2022)](references) draw the decision regions on the plane through three images. They find that two trainings agree for narrow and for wide networks, and least where the width just suffices to learn the training labels, if a part of these is wrong. There the test error peaks, and the regions break into pieces.
#
# We train classifiers with one hidden layer on the digits, on clean labels and with 20 % of the labels drawn anew. Rate and steps are the same for all widths.

# %%
train, test = repeats.noisy_training(0.2), load("digits").test
grids = plane_grids(repeats.random_triples(test.images, 1), 100)
regions = {
    width: [decisions(network, grids)[0] for network in repeats.repeats(train, width, seeds)]
    for width in widths
}
show_figure(
    report.decision_planes(regions),
    name="fig-planes",
    caption="Decision regions on a plane through three test images, with 20 % noisy labels: a colour is a class, a row a training, a column a width.",
    alt="In the default setting both trainings draw nearly the same regions with 8 units; with 32 and 128 units the regions differ in shape and number.",
)

# %%
show_figure(
    [
        report.by_width(by_noise, column, label)
        for column, label in report.WIDTH_PANELS.items()
    ],
    name="fig-widths",
    caption=f"Classifiers by width, means over {len(repeats.SWEEP_SEEDS)} seeds. Agreement: the share of points on planes that two trainings give one class. Last panel: the share of a network's wrong test images that another network also has wrong.",
    alt=f"""With noisy labels the test error peaks at {peak} units and the agreement has its least value at {dip}; with clean labels
    the error falls and the agreement rises up to about 16 units, then both change little.""",
)

# %%
clean, wide = by_noise[0.0], noisy.index.max()
ranked = twice.width_verdicts().set_index(["measure", "target"])["value"]["disagreement"]
inner = [place not in (noisy.index.min(), wide) for place in (peak, dip, noisy["fragments"].idxmax())]
say(
    f"""
    All three signs of the paper are here. With noisy labels the test error is {noisy.loc[peak, "test_error"]:.2f} at {peak} units
    (where the training error is {noisy.loc[peak, "train_error"]:.3f}) and {noisy.loc[wide, "test_error"]:.2f} at {wide}.

    The agreement falls to {noisy.loc[dip, "agreement"]:.2f} at {dip} units and rises to {noisy.loc[wide, "agreement"]:.2f}; the pieces
    are most at {noisy["fragments"].idxmax()} units. With clean labels there is no peak.

    Over the {len(noisy)} widths the disagreement of seeds, which needs no label, has a rank correlation of {ranked.iloc[-1]:.2f} with
    the test error for noisy labels and of {ranked.iloc[0]:.2f} for clean ones; so few points say little more than the sign."""
    if all(inner) and noisy.loc[wide, "agreement"] > noisy.loc[dip, "agreement"]
    else "The peak of the test error that the paper describes is not seen here."
)

# %%
say(
    f"""
    Do classifiers err on the same images? With clean labels and {wide} units, {clean.loc[wide, "shared"]:.0%} of the wrong images are
    wrong for another seed too: again the image decides. With noisy labels it is {noisy["shared"].min():.0%} to
    {noisy["shared"].max():.0%}, at the peak of the test error as elsewhere: about half of the failures are shared, and a second
    training reveals the others.
    """
)

# %% [markdown]
# ## Copies among the units?
#
# [Doimo et al. (2021)](references) find that units of wide networks which fit their training labels are copies of each other with independent noise: a random chunk of units predicts the other units by a linear map, and what remains is not correlated. We fit the map on training images and judge it on test images, for units outside the chunk.

# %%
from math import pi

unrelated = (2 / (pi * len(test.labels))) ** 0.5  # the mean absolute correlation of independent normal numbers

# %%
show_figure(
    [
        report.chunk_curves(chunks, "r2", "$R^2$ for the other units"),
        report.chunk_curves(chunks, "correlation", "correlation of what remains"),
    ],
    name="fig-chunks",
    caption=f"""How well a random chunk of {repeats.CHUNK_UNITS} hidden units predicts the others, and the mean absolute correlation of
    what it leaves (about {unrelated:.2f} if independent), against the size of the chunk; clean labels. Stopped early: after
    {repeats.EARLY_STEPS} of {repeats.SWEEP_STEPS} steps. Two planted layers have known answers.""",
    alt="R2 rises with the chunk for all layers, trained or not. The planted layers with and without copies have nearly the same curves from chunks of 64 units on.",
)

# %%
at_64 = chunks[chunks["size"] == 64].set_index("layer")
say(
    f"""
    The finding is not seen at this size: a layer that was stopped early is as redundant ($R^2$
    {at_64.loc["stopped early", "r2"]:.2f} for chunks of 64) as one trained on ({at_64.loc["trained", "r2"]:.2f}), and what a chunk
    leaves is no less correlated than in the untrained layer ({at_64.loc["trained", "correlation"]:.2f} against
    {at_64.loc["untrained", "correlation"]:.2f}).
    """
    if at_64.loc["stopped early", "r2"] > at_64.loc["trained", "r2"] - 0.03
    else "The trained layer is more redundant than the one that was stopped early."
)

# %% [markdown]
# Caveat: for chunks larger than its rank, a layer of low rank with noise has the same numbers as copies. The two planted layers, of rank 16, show it: the correlation tells them apart for chunks up to 32 units, and hardly beyond.

# %% [markdown]
# ## What to take away
#
# - The errors of an autoencoder belong to the images. A second training, with another seed or optimizer, fails at nearly the same ones; training more often to find them is dear, when PCA's error tells almost as much.
# - Classifiers trained on noisy labels are another matter: where their width just suffices to learn these labels, two trainings agree least and the test error is largest. With clean labels there is no such width.
#
# Caveat: small images, small networks, one data set.
