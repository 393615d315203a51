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
# # Diagnose: where will an autoencoder fail?
#
# Someone has a trained autoencoder and new data. At which points will it do badly, and can its geometry say so? This page measures the Jacobian at every point, holds it against the Jacobian at reference points, and against what one could have known without any Jacobian.
#
# As it stands in the book, it examines a small convolutional network of scikit-learn's digits, at digits that it has not seen, and at the same digits shifted, noisy, and inverted. One command makes the same report of another network:
#
# ```bash
# python -m lib diagnose MODEL DATA --reference REFERENCE -o report.ipynb
# ```
#
# | | may be |
# | :-- | :-- |
# | `MODEL` | `package.module:function` that returns encoder and decoder; or the weights in `FILE.safetensors`, `FILE.pt` or `FILE.pth`, with `--architecture FILE.yml` unless the file states its own |
# | `DATA`, one or more, and `REFERENCE` | `FILE.npy`, `FILE.npz`, `FILE.pt` or `FILE.pth` (with `:NAME` where they hold several arrays), `FILE.parquet` or `FILE.csv`, a folder of PNG or JPEG images, or `package.module:function` that returns a tensor |
#
# The reference holds points of the kind that the network is meant for, best such as it was not trained on. (The example has none to spare, and takes its training digits.) At most `--points` of each source are drawn, with a fixed seed; `--coverage` is the central share of the reference that is taken for ordinary.
#
# What is asked of the model and of the points:
#
# - weights in float32 or float64, and both modules in evaluation mode (`eval()`);
# - points of shape `(points, ...)`; the encoder returns `(points, d)`, with $d\le N$, the decoder the shape that the encoder takes;
# - each point is mapped on its own, and not by chance: no statistics or attention over a batch; of a variational encoder, its mean is taken;
# - the scale of training. Images of a folder are handed over as `(points, channels, height, width)`, pixels in $[0,1]$;
# - tables with the same names of columns: these are put in the order of the reference.
#
# Where one of these is not met the command ends with a sentence that says so, except that it cannot know the scale.
#
# A function may return the two modules in any of these forms. The report says how they were found, and whether a mean was taken:
#
# ```python
# def pair():        # also a dictionary with these keys, or an nn.ModuleList or nn.Sequential of the two
#     return encoder, decoder
#
# def model():       # a module with .encoder and .decoder, also compiled or in DataParallel; its forward is not called
#     return MyAutoencoder().eval()
#
# def variational(): # a module with .encode and .decode; encode returns (mean, log variance), or a distribution
#     return MyVAE().eval()
# ```
#
# `package.module:function` runs the code it names, with all that it may do. Files are only read: nothing in them is executed. Prefixes of the names, such as `module.`, `_orig_mod.` or `model.`, are dropped. An architecture is two lists of layers of `torch.nn`, and the weights have the names of the two lists:
#
# ```yaml
# # encoder.0.weight, encoder.0.bias, encoder.2.weight, ...
# encoder: [{Linear: [64, 32]}, ReLU, {Linear: [32, 8]}]
# decoder: [{Linear: [8, 32]}, ReLU, {Linear: [32, 64]}]
# ```
#
# The layers may be affine, convolutional (also transposed), pointwise activations, normalisations, pooling, dropout, and such as change the shape. `lib.training.user_models.LAYERS` is the list; any other layer is refused with this list.
#
# Time grows with $d$: a network that is no chain of affine layers takes a small multiple of $d$ passes for a point, and none takes $N$ ([how fast it is](performance)). For $d$ of hundreds or thousands `--passes 320` estimates trace, log volume and tangent distance from 320 passes for a point, whatever $d$ is, with their errors. Memory is bounded whatever the number of points. The 5-NN distance is by brute force, the number of points times that of the reference times $N$.

# %% tags=["parameters"]
model: str = "lib.training.demo:convolutional_digits"  # FILE.safetensors, or code
data: list[str] = [
    "lib.training.demo:test_digits",
    "lib.training.demo:shifted_digits",
    "lib.training.demo:noisy_digits",
    "lib.training.demo:inverted_digits",
]  # one or more sources of points
reference: str = "lib.training.demo:training_digits"  # "" for none
architecture: str = ""  # where the model does not state its own
folder: str = "."  # where relative paths and code start from
points: int = 1000  # at most so many of each source
coverage: float = 0.99  # the central share that is ordinary
passes: int = 0  # products with Jacobians at a point, for estimates in large latent spaces; 0: exact

# %%
from IPython.display import Markdown

from lib.analysis import diagnosis
from lib.report import diagnose as report, style

style.use_style()
arguments = (model, data, reference, architecture, folder)
found = diagnosis.diagnose(*arguments, points, coverage, passes)
Markdown(report.setting(found))

# %% [markdown]
# All that is measured at each point can be had as a table, with the trace, the log volume, the tangent distance, the error and more in its columns:
#
# ```python
# from lib.analysis.diagnosis import diagnose
#
# found = diagnose("lib.training.demo:convolutional_digits", ["lib.training.demo:test_digits"])
# found.data["test_digits"].measured    # a pandas table, a row a point
# ```
#
# ## The spectra beside the reference
#
# The trace of $J_I$ is the sum of its eigenvalues, the log volume the logarithm of the product of the $d$ leading ones in absolute value. Were the network a projection onto what it can draw, the trace would be $d$ and the log volume 0. The third panel is the distance of a point from the plane tangent to the decoded manifold at its reconstruction, in the units of the points.

# %% mystnb={"image": {"alt": "Three panels, trace, log volume and tangent distance, with a row for each set of points: the median as a dot, the middle half as a thick line, the middle 99 percent as a thin one. A grey band marks the central range of the reference."}}
measured = {name: one.measured for name, one in found.sets.items()}
report.quantile_bars(measured, diagnosis.SIGNALS, found.limits)

# %% [markdown]
# Dots are medians, thick lines the middle half, thin lines the middle 99 %. Where there is a reference, the grey band is its central range.
#
# ## Which points are flagged
#
# A point is flagged by a quantity if its value lies outside the reference's central range. The limits are order statistics of the reference, chosen so that a fresh point of the same kind is flagged by one quantity with a probability of at most the share outside (conformal prediction, {cite}`vovk2005`). The 5-NN distance depends on who is there: a point's is held against those that the reference points have with it among them, and the guarantee is the same. The same rule, applied to the error, the ink $\lvert x\rvert^2$ and the distance to the fifth nearest reference point, says what one would have noticed without a Jacobian. The tangent distance is a part of the error, and has to be seen beside it.

# %%
report.shares_table(found) if found.reference else None

# %% tags=["remove-input"]
Markdown(report.flags(found))

# %% [markdown]
# The shares are in percent; *any* counts the points that trace, log volume or tangent distance flags. The points farthest outside, measured in widths of the reference's central range (without a reference: those farthest from the tangent plane), are these.

# %%
report.most_unusual_table(found)

# %% mystnb={"image": {"alt": "For each set of points two rows of small images: the points that stand out most, each with its number, and below each its reconstruction by the network."}}
from lib.report import point_pictures

pictures = point_pictures.pictures(found)
point_pictures.flagged_pictures(pictures) if pictures else None

# %% [markdown]
# Where the points are images, or sequences, which are drawn as curves: what stands out (above) and what the network makes of it (below). The numbers are the rows of the source, or the names of the files.
#
# ## Reversed and singular points
#
# Where the product $\omega$ of the eigenvalues is negative, orientation is reversed. Where the network passes on fewer than $d$ dimensions, $\omega$ is exactly 0 and the point is *structurally singular*. Where the smallest singular value of the core is less than a millionth of the largest (in float32, a hundred-thousandth), it is *ill conditioned*, and the sign of $\omega$ may be rounding. In chains of affine layers and ReLU singular points are found by counting active units; in other networks only where the determinant is exactly 0, so that ill conditioned points have to be looked at as well.

# %%
report.orientation_table(found)

# %% tags=["remove-input"]
Markdown(report.orientation_sentence(found))

# %% [markdown]
# Neither needs a reference. Whether such points have the larger errors is not examined here.
#
# ## How far from the tangent plane
#
# The error $\lvert f(x)-x\rvert$ has a part along the decoded manifold and a part across it. The part across is the tangent distance: to first order no other code would have drawn the point better. The part along is what a better code could mend.

# %%
report.tangent_table(found)

# %% [markdown]
# Lengths add in squares: where a share $s$ of the length is across, $\sqrt{1-s^2}$ is along. Where the share across is near 1, the encoder has, to first order, done what the decoder allows: the point lies off what the decoder can draw. Where it is small, a better code would have drawn the point better.
#
# ## Do the eigenvalues tell the large errors from the small?
#
# The paper's claim is about the points within one set: larger trace or volume, larger error. For an autoencoder the errors are known, so the claim can be checked here, beside two simpler things that may go with the error: the ink $\lvert x\rvert^2$ and the distance to the fifth nearest reference point.

# %% mystnb={"image": {"alt": "A panel for each set of points: Spearman's rank correlation with the error and its 95 percent interval, for trace and log volume with filled marks, for ink and 5-NN distance with open marks."}}
tables = {
    name: diagnosis.correlations(one.measured) for name, one in found.data.items()
}
strong = diagnosis.PREDICTORS["eigenvalues"]
report.error_correlations(tables, report.NAMES, strong)

# %% tags=["remove-input"]
Markdown(report.errors(found))

# %% [markdown]
# Filled marks need the Jacobian, open marks do not. *More* and *less* compare the strongest of each kind by the size of the correlation; 1000 resamples of the points give the interval. The strongest is picked at these same points, which favours both kinds alike.
#
# ## What may be concluded, and what not

# %% tags=["remove-input"]
Markdown(report.conclusion(found))

# %% [markdown]
# What does not follow, whatever the numbers are:
#
# - A point that is not flagged need not be safe. The limits hold three quantities against the reference, and a point can be unusual in all other ways.
# - A flag is no error. It says that the network treats the point unlike the reference's points.
# - If the reference are the points that the network was trained on, fresh points of the same kind may be flagged more often than the stated share.
# - A correlation within one set does not carry over to another, and says nothing of the cause: the page [controls](controls) shows how simpler things can make one.
# - Reconstruction is not the task. If the codes are used for something else, its failures have to be looked at there.
