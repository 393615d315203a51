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
# # Diagnose your own autoencoder
#
# You have a trained autoencoder and new data. Where will it do badly, and can its geometry tell you? One command writes a report, a notebook that begins with its findings:
#
# ```bash
# python -m lib diagnose MODEL DATA --reference REFERENCE -o report.ipynb
# ```
#
# In Python a few lines take the same measurements. The example is a small convolutional network of scikit-learn's digits, at digits that it has not seen, as they are and inverted:

# %% tags=["show-input"]
from lib.analysis.diagnosis import diagnose

digits = ["lib.training.demo:test_digits", "lib.training.demo:inverted_digits"]
found = diagnose(
    "lib.training.demo:convolutional_digits", digits, "lib.training.demo:training_digits"
)
measured = {name: one.measured for name, one in found.data.items()}  # tables, a row per point

# %%
from lib.analysis import diagnosis
from lib.report import diagnose as report, style
from lib.report.output import say, show_figure, show_table

style.use_style()
usual, inverted = measured.values()
shares = diagnosis.flag_shares(found)
name = list(measured)[1]
times = (inverted["error"].median() / usual["error"].median()) ** 0.5
eigenvalues = max(shares.loc[name, "trace"], shares.loc[name, "log_volume"])
say(f"""> **In brief.** A diagnosis flags points whose Jacobian, or whose error, is unusual beside a reference.
> Do not rely on eigenvalues alone: in the example the residuals of inverted digits are {times:.1f} times as long as usual, yet trace and log volume flag at most {100 * eigenvalues:.1f} % of these digits, where {100 * (1 - found.coverage):.0f} % is chance. The error flags {"all of them" if shares.loc[name, "error"] == 1 else f"{100 * shares.loc[name, 'error']:.0f} %"}.""")

# %%
show_table(
    report.as_markdown(report.shares_table(found).drop(columns="points").T, "flagged by"),
    name="tab-shares",
    caption="Share of points flagged in the example, in percent. *Any*: by trace, log volume or tangent distance.",
)

# %%
sets = {name: one.measured for name, one in found.sets.items()}
show_figure(
    report.quantile_bars(sets, diagnosis.SIGNALS, found.limits),
    name="fig-spectra",
    caption="The three signals in the example. Dots: medians; thick lines: the middle half; thin lines: the middle 99 %. Grey band: the central range of the reference.",
    alt=f"Three panels, a row per set of points. {report.medians_sentence(found)}",
)

# %% [markdown]
# ## What you need
#
# - **MODEL:** `package.module:function` that returns encoder and decoder; or weights in `FILE.safetensors`, `FILE.pt` or `FILE.pth`, with `--architecture FILE.yml` unless the file states its own.
# - **DATA,** one or more sources, and **REFERENCE:** `FILE.npy`, `FILE.npz`, `FILE.pt` or `FILE.pth` (with `:NAME` for one of several arrays), `FILE.parquet` or `FILE.csv`, a folder of PNG or JPEG images, or `package.module:function` that returns a tensor.
#
# The reference holds points of the kind that the network is meant for, best points on which it was not trained. (The example has none to spare, and takes its training digits.) At most `--points` of each source are drawn, with a fixed seed. `--coverage` is the central share of the reference that counts as ordinary.
#
# The model and the points must meet these conditions. If one is not met, the command says so in a sentence; only the scale it cannot know.
#
# - The weights are float32 or float64, and both modules are in evaluation mode (`eval()`).
# - Points have the shape `(points, ...)`. The encoder returns `(points, d)` with $d\le N$; the decoder returns the shape that the encoder takes.
# - The model is deterministic and treats points independently: no batch statistics, no attention over a batch. Of a variational encoder, the mean is taken.
# - Points have the scale of training. Images of a folder arrive as `(points, channels, height, width)` with pixels in $[0,1]$.
# - Tables have the same names of columns; they are put in the order of the reference.
#
# ## Your model
#
# A function may return the two modules in any of these forms. The report says how they were found, and whether a mean was taken.
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
# `package.module:function` runs the code it names, with all that it may do. Files are only read, and nothing in them is executed. Prefixes of names, such as `module.`, `_orig_mod.` or `model.`, are dropped. An architecture is two lists of layers of `torch.nn`:
#
# ```yaml
# # for weights named encoder.0.weight, encoder.0.bias, encoder.2.weight, ...
# encoder: [{Linear: [64, 32]}, ReLU, {Linear: [32, 8]}]
# decoder: [{Linear: [8, 32]}, ReLU, {Linear: [32, 64]}]
# ```
#
# Layers may be affine, convolutional (also transposed), pointwise activations, normalisations, pooling, dropout, and layers that change the shape. `lib.training.user_models.LAYERS` is the list.
#
# ## What the report contains
#
# The findings come first. Then follow the spectra beside the reference, the flagged points with pictures of the most unusual, reversed and singular points, the distances from the tangent plane, and the rank correlations of eigenvalues and simpler quantities with the error.
#
# `--measures NAME+NAME` adds a table of other measures of this book: in each set their medians and their rank correlations with the error. `--measures all` takes all that need no more than the model, the points and the reference, which stands for the training data. The page [who tells](who_tells) says what each is good for.
#
# ## Cost
#
# A network that is no chain of affine layers takes a small multiple of $d$ passes per point ([performance](performance)). For $d$ of hundreds or thousands `--passes 320` estimates trace, log volume and tangent distance from 320 passes per point, whatever $d$ is, and gives their errors. Memory is bounded whatever the number of points. The distance to the nearest reference points is computed by brute force: points times reference points times $N$. `--measures` are computed in float64 on the CPU, and some of them hold $N\times d$ numbers for every point; for large images, give fewer `--points`.
