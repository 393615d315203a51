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
# The paper trains autoencoders for $n$ = 3, 4 and 5, which we read as depths, with latent dimensions $d$ = 2 to 20 on MNIST. This page shows the data, the networks, how they train and what they reconstruct, for the main runs of this book.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
plain_runs: list[str] = ["mnist-300"]  # listed with them
precision_runs: list[str] = ["digits-seeds", "digits-bfloat16"]  # as usual; otherwise

# %%
from myst_nb import glue

from lib.report import experiments as report, style
from lib.runs import parse_names, summary

style.use_style()
runs = parse_names(runs)
summaries = {name: summary(name) for name in runs}
listing = summaries | {name: summary(name) for name in parse_names(plain_runs)}
shown = summaries[runs[0]]

# %% [markdown]
# ## The data

# %%
from IPython.display import Markdown

from lib.runs import first_trainable

example = summaries[first_trainable(runs)].run
dataset = example.load_dataset()
Markdown(report.coverage(listing))

# %% tags=["remove-input"]
glue("example_run", example.name, display=False)

# %% [markdown]
# Grey levels are scaled to [0, 1]. Two training images of each class, from the data of the run {glue:text}`example_run:s`:

# %% mystnb={"image": {"alt": "Two rows of ten small grey images, handwritten digits zero to nine."}}
report.samples(
    dataset.train.images.numpy(), dataset.train.labels.numpy(), dataset.image_shape
)

# %% [markdown]
# The images are what the networks must reproduce; the labels are used only to look at classes apart.
#
# ## The networks
#
# Encoder and decoder are chains of $n$ affine layers with ReLU between them; the decoder mirrors the encoder. The latent layer is affine. So is the output, or a logistic function (`sigmoid`) brings it into the range of the pixels.
#
# :::{admonition} Our reading
# :class: note
# The paper's index $n$ is not defined where we could read it. We take it for the depth, the number of affine layers of the encoder, and 4 for the depth of the tables.
# 300 epochs are stated; neither widths nor output nor optimiser nor batch size are. All of them are fields of a run, so another reading is another file in `runs/`.
# `mnist-300` is the plain reading. `mnist` takes, of the settings that were tried, those that bring the slopes nearest to the published ones, and trains for 100 epochs instead of the 300 that are stated; [how they were found](sensitivity) has a page of its own.
# :::

# %% tags=["remove-input"]
glue("settings", Markdown(report.settings_table(listing)), display=False)

# %% [markdown]
# ```{glue:md} settings
# :format: myst
# ```
#
# The settings of each run. `he` is He's initialisation {cite}`he2015`, `pytorch` the default of PyTorch's linear layers; with either, a latent direction can die while training;
# the page on [small eigenvalues](small_eigenvalues) tells where one has.
# All are trained with Adam {cite}`kingma2015`, for as many epochs at every $d$, in float32. On the machine at hand bfloat16 would have been slower ([how fast it is](performance)); what it would change is the next question.
#
# ## Does the precision matter?
#
# Products in bfloat16, with weights and sums in float32, are what one would train with where a processor has them. A small run was trained both ways, from the same initialisations and for as many epochs.

# %%
from lib.analysis import sensitivity

both = [summary(name) for name in parse_names(precision_runs)]
pairs = sensitivity.precision(*both) if len(both) == 2 else None

# %% mystnb={"image": {"alt": "Four panels, one for each space and predictor: test slopes against the latent dimension. At each, a vertical line for every seed joins a dot for one precision and a cross for the other; the lines are shorter than the dots are apart."}}
precisions = [one.run.precision for one in both]
report.precisions(pairs, precisions) if pairs is not None else None

# %% tags=["remove-input"]
glue("precision_told", Markdown(report.precision_table(pairs, both)), display=False)

# %% [markdown]
# ```{glue:md} precision_told
# :format: myst
# ```
#
# ## Training

# %% mystnb={"image": {"alt": "Lines of test error, solid, and training error, dashed, that fall over the epochs on logarithmic axes; the larger d, the lower they end."}}
report.loss_curves(summaries)

# %% [markdown]
# Test error (solid) and training error (dashed) at the depth of the tables. Larger latent dimensions end lower and take longer.

# %% mystnb={"image": {"alt": "Lines that mostly fall with the latent dimension, test solid above train dashed, one pair a depth."}}
report.final_errors(summaries)

# %% tags=["remove-input"]
members = shown.members[shown.members["depth"] == shown.run.table_depth].sort_values(
    "latent_dim"
)
glue("shown_run", shown.run.name, display=False)
glue(
    "gap_first",
    float(members["test_mse"].iloc[0] / members["train_mse"].iloc[0]),
    display=False,
)
glue(
    "gap_last",
    float(members["test_mse"].iloc[-1] / members["train_mse"].iloc[-1]),
    display=False,
)

# %% [markdown]
# Mean squared error after training. In the run {glue:text}`shown_run`, at the depth of the tables, test errors are {glue:text}`gap_first:.2f` times the training errors at the smallest $d$ and {glue:text}`gap_last:.2f` times at the largest.
#
# ## Reconstructions

# %% mystnb={"image": {"alt": "A grid of small images: the top row has one test digit a class, the rows below its reconstructions for growing d, blurred at small d and sharp at large d."}}
report.reconstructions(shown)

# %% [markdown]
# The first test image of every class, and what members of growing $d$ make of it. At small $d$ the network returns a typical member of the class, or of another class.
#
# ## Are the cores sound?

# %% tags=["remove-input"]
glue("health", Markdown(report.health_table(listing)), display=False)

# %% [markdown]
# ```{glue:md} health
# :format: myst
# ```
#
# *Singular* counts the points where some hidden layer has fewer than $d$ active units, which makes $\omega$ exactly 0. The next column counts nearly singular cores, the last those without a logarithm. These three are shares over points and members of a depth, for $J_I$; the last column says at which $d$ most points have no logarithm, and what share of them.
#
# ## What to take away
#
# The pages on the paper's figures read these members. Before a slope over $d$ is believed, remember that each $d$ is one network from one seed.
