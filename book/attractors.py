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
# # Attractors: the network applied again and again
#
# A reconstruction is an image, so it can be reconstructed again. Where do $x, f(x), f(f(x)), \dots$ lead? Radhakrishnan, Belkin and Uhler {cite}`radhakrishnan2020` found that autoencoders with far more parameters than data store training images as *attractors*: the orbits of nearby images end in them. Our networks are narrow in the middle; how many parameters they have for their data is counted at the end.
#
# Whether a fixed point $f(x)=x$ attracts is a matter of the eigenvalues of $J_I$ there: it does when all have modulus below 1, that is when the *spectral radius* is below 1. So this page asks of the eigenvalues what they decide for certain, and then whether what is seen of them at the *start* of an orbit, trace and volume, foretells where it goes.
#
# For MNIST the weights are not kept with the book; all of this is about the networks that the book itself trains.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # of these, the first that is trained here
points: int = 100  # starting points of each kind
steps: int = 2000  # applications of the network at most

# %% [markdown]
# ## Orbits
#
# Starting points are test images, training images, and noise, every pixel uniform between 0 and 1. All is in double precision. An orbit has come to a *fixed point* when a step is shorter than $10^{-10}(1+\lvert x\rvert)$, to a *cycle* when it comes back that close after at most 60 steps; it is *lost* when longer than $10^6$, where an image has at most the square root of the number of pixels. Anything else is *unsettled*.

# %%
import torch

from lib.geometry import orbits
from lib.report import attractors as report, claims, style
from lib.runs import first_trainable, member, piecewise_affine, read, summary
from lib.runs.specification import reference_members

style.use_style()
run = read(first_trainable(piecewise_affine(runs)))
dataset = run.load_dataset()
test, train = (part.images.double() for part in (dataset.test, dataset.train))
draw = torch.Generator().manual_seed(0)
noise = torch.rand((points, test.shape[1]), generator=draw, dtype=torch.float64)
starts = {"test": test[:points], "train": train[:points], "noise": noise}

# %%
labels = torch.cat([dataset.test.labels[:points], dataset.train.labels[:points]])
usual = float(orbits.nearest_attractor(test, train)[0].median())
x, portraits = torch.cat(list(starts.values())), {}
for one in reference_members(run):
    pair = member(run.name, one.depth, one.latent_dim, one.seed)
    double = [module.double() for module in pair]
    found = orbits.portrait(*double, x, labels, train, usual, steps)
    portraits[f"$d={one.latent_dim}$"] = found

# %% mystnb={"image": {"alt": "A panel for each latent dimension with three bars, for orbits from test images, training images and noise. Each bar is divided into the shares that end in a fixed point, in a cycle, are lost, or are unsettled."}}
kinds = torch.arange(len(x)).split([len(part) for part in starts.values()])
shares = {
    name: {kind: one.orbits.shares(of) for kind, of in zip(starts, kinds, strict=True)}
    for name, one in portraits.items()
}
report.fates(shares, orbits.FATES)

# %% tags=["remove-input"]
from myst_nb import glue

names = list(portraits)
glue("attractor_run", run.name, display=False)
glue("attractor_steps", steps, display=False)
dims = [one.latent_dim for one in reference_members(run)]
for place, which in {"low": 0, "high": -1}.items():
    glue(f"{place}_d", dims[which], display=False)
    fixed, cycle, lost, unsettled = portraits[names[which]].orbits.shares()
    glue(f"{place}_fixed", 100 * fixed, display=False)
    glue(f"{place}_cycle", 100 * cycle, display=False)
    glue(f"{place}_lost", 100 * lost, display=False)
    glue(f"{place}_unsettled", 100 * unsettled, display=False)

# %% tags=["remove-input"]
from IPython.display import Markdown

told = claims.lost_sentence({run.name: summary(run.name)})
glue("lost", Markdown(told), display=False)

# %% [markdown]
# Run {glue:text}`attractor_run:s`, depth of the tables, at most {glue:text}`attractor_steps:d` steps. At $d$ = {glue:text}`low_d:d`, {glue:text}`low_fixed:.0f` % of all orbits end in a fixed point, {glue:text}`low_cycle:.0f` % in a cycle, {glue:text}`low_lost:.0f` % are lost and {glue:text}`low_unsettled:.0f` % unsettled; at $d$ = {glue:text}`high_d:d` it is {glue:text}`high_fixed:.0f` %, {glue:text}`high_cycle:.0f` %, {glue:text}`high_lost:.0f` % and {glue:text}`high_unsettled:.0f` %. Where training and test images fare alike, it is not memory of the training set that decides; where noise fares as they do, it is not even the data.
#
# ```{glue:md} lost
# :format: myst
# ```
#
# ## The fixed points
#
# These are the fixed points that orbits end in, up to eight for each network, the one with the most orbits first. Above each image stands the share of the orbits that it takes; the row below holds the training image nearest to each. Grey levels are cut to those of an image.

# %% mystnb={"image": {"alt": "Two rows of small images for each latent dimension: the fixed points that orbits end in, with the share of the orbits above each, and below each the training image nearest to it. A row without any says none."}}
rows, captions = {}, {}
for name, one in portraits.items():
    basins = one.attractors.sizes[:8] / len(x)
    rows[f"{name}, fixed point"] = list(one.attractors.points[:8].numpy())
    captions[f"{name}, fixed point"] = [f"{100 * part:.1f} %" for part in basins]
    if len(basins):
        rows[f"{name}, nearest"] = list(train[one.row[:8]].numpy())
report.gallery(rows, captions, dataset.image_shape)

# %% tags=["remove-input"]
from IPython.display import Markdown

from lib.analysis import dynamics

numbers = {name: one.numbers for name, one in portraits.items()}
glue("attractor_table", Markdown(report.attractors_table(numbers)), display=False)

# %% tags=["remove-input"]
glue("usual", usual, display=False)
for short in ("attractors", "like_training"):
    total = sum(one[short] for one in numbers.values())
    glue(f"all_{short}", int(total), display=False)
at_once = max(one["true_at_once"] for one in numbers.values())
glue("true_at_once", 100 * at_once, display=False)
near = torch.cat([one.distance for one in portraits.values()])
glue("closest", f"{near.min():.2f}" if len(near) else "none", display=False)

# %% [markdown]
# ```{glue:md} attractor_table
# :format: myst
# ```
#
# *Spectral radius*: that of $J_I$, smallest to largest over the attractors. *Like a training image*: no farther from the nearest than test images usually are (median {glue:text}`usual:.2f`). *Commonest class*: the share of the test and training images in basins that are of the commonest class of their basin; in brackets, what one basin for all would give. *Newton's method*: the share of the starting points from which it finds a fixed point, how many distinct ones, and how many of these repel. *Exponent*: the median rate, a step, at which neighbouring orbits part (above 0) or draw together among the unsettled.
#
# Of {glue:text}`all_attractors:d` attractors {glue:text}`all_like_training:d` look like a training image in this sense. An attractor that *is* a training image would be at distance 0 from it; the smallest distance of all is {glue:text}`closest:s`.
#
# ## The fixed point of the piece
#
# A ReLU network is affine on pieces, and the piece at $x$ has a fixed point of its own, $x^*=f(x)+J_D(I_d-K)^{-1}J_E\,r(x)$ ({prf:ref}`prop-fixed`). It belongs to $f$ only if it lies in its own piece. It does at no more than {glue:text}`true_at_once:.1f` % of the starting points of any network. Where that share is small, the linear picture at an image says little about where the image goes. Newton's method repeats the step from piece to piece, and the table says how often it arrives anywhere.
#
# ## Does the start foretell the end?
#
# Where trace and volume are large, $f$ contracts little near the point. If that mattered for the orbit, such points would take longer to settle, or settle less often.

# %% tags=["remove-input"]
from lib.geometry.orbits import starting_points

data = torch.cat(kinds[:2])
quantities = {"trace": "trace", "log_volume": "log volume", "error": "error"}
begun = {}
for one, (name, found) in zip(reference_members(run), portraits.items(), strict=True):
    pair = member(run.name, one.depth, one.latent_dim, one.seed)
    double = [module.double() for module in pair]
    columns = starting_points(*double, x, found.orbits)
    begun[name] = {key: values[data.numpy()] for key, values in columns.items()}
told = report.fate_correlations(begun, quantities, fixed=0)
glue("foretold", Markdown(told), display=False)

# %% tags=["remove-input"]
of_eigenvalues = ["trace", "log_volume"]
parts = dynamics.orbit_correlations(begun, of_eigenvalues, fixed=0)
signed = [(1 if to == "steps" else -1, one) for (_, _, to), one in parts.items()]
glue(
    "told_expected",
    sum(min(s * p.low, s * p.high) > 0 for s, p in signed),
    display=False,
)
glue(
    "told_against",
    sum(max(s * p.low, s * p.high) < 0 for s, p in signed),
    display=False,
)
glue("told_all", len(parts), display=False)

# %% tags=["remove-input"]
radii = torch.cat([one.attractors.radius for one in portraits.values()])
glue("largest_radius", f"{radii.max():.3f}" if len(radii) else "none", display=False)
weights = [part.numel() for half in double for part in half.parameters()]
glue("parameters", sum(weights), display=False)
glue("training_pixels", train.numel(), display=False)

# %% [markdown]
# ```{glue:md} foretold
# :format: myst
# ```
#
# Spearman's $\rho$ over test and training images, 95 % intervals: of what is seen at the start with whether an orbit *ends* in a fixed point, and among those that do, with the number of *steps*. A negative $\rho$ in a column *ends* and a positive one in a column *steps* are what a larger trace would mean if it stood for less contraction. Empty: too few orbits end, or too few do not. Of the {glue:text}`told_all:d` intervals for trace and log volume, {glue:text}`told_expected:d` lie wholly on the side of less contraction and {glue:text}`told_against:d` on the other.
#
# ## What we may conclude, and what not
#
# The spectral radius at a fixed point decides whether it attracts; the largest at the end of any orbit here is {glue:text}`largest_radius:s`. That is a theorem at work, not a finding. Whether the eigenvalues at an *image* tell anything about the orbit from there is a finding, and the last table holds it: where an interval covers 0, we have seen no connection.
#
# A network may reconstruct well although few orbits come to rest. Reconstruction asks for $f(x)\approx x$ once; the eigenvalues in the directions of the manifold are then near 1 (see [means](means)), on either side, and small errors add up over hundreds of steps. What becomes of an orbit depends on $f$ far from the data, where nobody trained it.
#
# None of this contradicts Radhakrishnan and others, who look at networks with far more parameters than data, trained until hardly any error is left. Ours have at most {glue:text}`parameters:,d` parameters for {glue:text}`training_pixels:,d` pixels of training images. Nor does it say that other widths, another training length or another data set would give the same picture; each network here is one member with one seed, and orbits beyond the number of steps that we allowed may settle still.
