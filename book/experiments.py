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
# # The experiments
#
# The paper trains autoencoders on MNIST for $n$ = 3, 4 and 5, with latent dimensions $d$ = 2 to 20. This page shows our data, our networks, their training and their reconstructions.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # listed with them
precision_runs: list[str] = ["digits-seeds", "digits-bfloat16"]  # alike but for this

# %%
from lib.analysis import evidence, sensitivity
from lib.report import experiments as report, style
from lib.report.output import say, show_figure, show_table
from lib.runs import first_trainable, parse_names, summary

style.use_style()
runs = parse_names(runs)
summaries = {name: summary(name) for name in runs}
listing = summaries | {name: summary(name) for name in parse_names(plain_runs)}

# %%
name, shown = next(iter(summaries.items()))
depth = shown.run.table_depth
d = max(evidence.intact_dims(shown) or shown.run.latent_dims)
errors = evidence.by_dim(shown.members, depth=depth).set_index("latent_dim")
gap = errors["test_mse"] / errors["train_mse"]
seeds = len(shown.run.seeds)
each = "one network" if seeds == 1 else f"{seeds} networks"
say(f"""> **In brief.** A *run* is one setup, trained for several $d$ and depths; `{name}` has {each} for each. At depth {depth} and $d$ = {d},
> [the largest without a lost direction](spectra.py#lost-directions), its test error is {gap[d]:.2f} times its training error.
> The paper leaves most settings open; ours are assumptions, and another set of settings is another file in `runs/`.""")

# %% [markdown]
# ## The data

# %%
show_table(
    report.coverage(listing),
    name="tab-runs",
    caption="The runs: data and their pixels, latent dimensions $d$, depths $n$, epochs, and the networks trained so far.",
)

# %%
example = summaries[first_trainable(runs)].run
dataset = example.load_dataset()
images, labels = dataset.train.images.numpy(), dataset.train.labels.numpy()
show_figure(
    report.samples(images, labels, dataset.image_shape),
    name="fig-samples",
    caption=f"Two training images of each class, from the data of `{example.name}`; grey levels are scaled to [0, 1].",
    alt="Handwritten digits from zero to nine, coarse and small in the default runs.",
)

# %% [markdown]
# The networks learn to reproduce the images. Labels are used only to look at classes separately.
#
# ## The networks
#
# Encoder and decoder are chains of $n$ affine layers with ReLU between them, and the decoder mirrors the encoder. The latent layer is affine. The output is affine, too, or a logistic function (`sigmoid`) brings it into the range of the pixels.
#
# > **Our assumption.** The paper's $n$ is not defined where we could read it. We take it for the number of affine layers of the encoder, and 4 for the depth of the published tables. The paper states 300 epochs. It does not state widths, output, optimiser or batch size.
#
# In the default list, `mnist-300` takes the plainest settings and the stated 300 epochs. `mnist` takes the settings that a [search](sensitivity) found nearest to the published tables, for as many epochs.

# %%
show_table(
    report.settings_table(listing),
    name="tab-settings",
    caption="The settings of each run that the paper does not state; $n$: depth.",
)

# %% [markdown]
# Widths called `linear` fall from $N$ to $d$ in equal steps. `he` is the initialisation of [He et al. 2015](references), `pytorch` the default of PyTorch's linear layers. Either can leave a latent direction dead during training ([lost directions](spectra.py#lost-directions)). All networks are trained with Adam ([Kingma and Ba 2015](references)), for the same number of epochs at every $d$.
#
# ### Does the precision matter?

# %%
both = [summary(one) for one in parse_names(precision_runs)]
if len(both) == 2:
    effect = sensitivity.precision_effect(sensitivity.precision(*both))
    usual, other = (one.run for one in both)
    say(f"""Changing the precision from {usual.precision} to {other.precision} moves a [test slope](prediction) by {effect["apart"]:.2f} (median).
    The {effect["seeds"]} seeds of one precision span {effect["span"]:.2f} (median). This compares `{usual.name}` with `{other.name}`;
    at the size of MNIST we did not try it.""")
else:
    say("Two runs that differ only in precision are needed to tell; they are not both here.")

# %% [markdown]
# ## Training

# %%
show_figure(
    map(report.loss_curves, summaries.values()),
    name="fig-loss",
    caption=f"Error on test points (solid) and on training points (dashed, epoch averages) during training, at depth {depth}.",
    alt="In the default runs errors fall for most of training, with small rises, and end lower for larger d; test errors end above training errors.",
)

# %%
show_figure(
    map(report.final_errors, summaries.values()),
    name="fig-final-errors",
    caption="Mean squared error on test points (solid) and training points (dashed) after training, by depth $n$.",
    alt="In the default runs errors fall steeply with d at first; at depth 5, and in the digits also at depth 4, they level off at the largest d.",
)

# %%
largest, rising = max(shown.run.latent_dims), []
for n in shown.run.depths:
    by_d = evidence.by_dim(shown.members, depth=n).set_index("latent_dim")["test_mse"]
    if by_d.idxmin() < largest:
        rising.append(f"depth {n}, where $d$ = {by_d.idxmin()} has the smallest")
where = f"except at {'; '.join(rising)}" if rising else "at every depth"
say(f"In `{name}` the largest $d$ has the smallest test error, {where}.")

# %% [markdown]
# ## Reconstructions

# %%
show_figure(
    report.reconstructions(shown),
    name="fig-reconstructions",
    caption=f"The first test image of each class, and its reconstruction at increasing $d$; run `{name}`, depth {depth}.",
    alt="In the default run reconstructions are blurred at d = 2, some showing another digit, and close to the image at the largest d.",
)

# %% [markdown]
# ## Are the cores sound?
#
# A core is the $d\times d$ matrix that holds a Jacobian's non-zero eigenvalues ([geometry](geometry)); $\omega$ is its determinant. A core is *singular* where a hidden layer has fewer than $d$ active units: $\omega$ is exactly 0 there. The paper's regressions take $\log\omega$, not the $\log\lvert\omega\rvert$ of [geometry](geometry); so points with $\omega\le0$ drop out of them.

# %%
show_table(
    report.health_table(listing),
    name="tab-cores",
    caption=r"""Shares of points, over the networks of a depth $n$, whose core of $J_I$ is singular, nearly singular ($\sigma_d/\sigma_1<10^{-6}$), or has no
    logarithm; last, the network with most of the latter.""",
)

# %% [markdown]
# ## What to take away
#
# In the default runs errors fall with $d$ before they level off. Overfitting is mild on MNIST and larger on the digits. Caveat: each $d$ and depth is one network from one seed, so a slope over $d$ also holds chance between networks.
