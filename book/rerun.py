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
# # Rerun it
#
# Every page is a Python script with a cell of parameters. You can change them in three ways. All commands are for the project's root, in its environment; `make book` sets the environment up and builds the book with nothing but Python 3.11 or later.

# %%
import subprocess
import sys

import nbformat

from lib.pages import source
from lib.report.layout import markdown
from lib.report.output import fold, say

pages = {name: source.load_page(name) for name in source.page_names()}
taking = {name: page.parameters for name, page in pages.items() if page.parameters}
say(f"""> **In brief.** One command reruns a page with your parameters and writes a notebook with its figures, tables and numbers.
> {len(taking)} pages take parameters; most take `runs`, the runs to show.""")

# %% [markdown]
# ## One page
#
# ```bash
# python -m lib page spectra -p runs '["smoke"]' -o out.ipynb
# ```
#
# `-p` may be given several times. A value is written as in Python or YAML. Runs without results are computed first, unless they are among the committed ones in `results/`. `smoke` is a run of seconds. This is what the command writes:

# %%
out = "book/_build/rerun/spectra.ipynb"
command = [sys.executable, "-m", "lib", "page", "spectra", "-o", out]
subprocess.run([*command, "-p", "runs", '["smoke"]'], check=True, capture_output=True)
notebook = nbformat.read(out, as_version=4)
shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
images = sum("image/svg+xml" in data for data in shown)
texts = sum("text/markdown" in data for data in shown)

# %%
refused = subprocess.run([*command, "-p", "steps", "7"], capture_output=True, text=True)
say(f"""
A notebook with {images} images and {texts} blocks of text and tables, and with its provenance: the parameters `{notebook.metadata["provenance"]["parameters"]}`, the commit, and the versions of all packages that matter.

A parameter that does not exist is refused, and nothing is written:

```text
{refused.stderr.strip().splitlines()[-1]}
```
""")

# %% [markdown]
# ## One page, with papermill
#
# ```bash
# jupytext --to ipynb -o - book/prediction.py |
#   papermill -p runs '["digits"]' - out.ipynb
# ```
#
# [jupytext](https://jupytext.readthedocs.io) turns the script into a notebook, and [papermill](https://papermill.readthedocs.io) executes it. Papermill only warns about a parameter that the page does not have.
#
# ## The whole book
#
# ```bash
# BOOK_RUNS=smoke jupyter-book build book/
# ```
#
# This builds the book with other runs on every page that has the parameter `runs`: one name, or several separated by commas. The pages are in `book/_build/html`. If a page fails, the build stops with its name, its cell and the traceback. A committed run whose results are absent or damaged is left out, and the pages say so.
#
# Only what has changed is executed again. A change of prose executes nothing; a change in `lib/` executes the pages that use the changed code; a change of a run's file makes it another run, which is trained.
#
# ## All parameters

# %%
for name, parameters in taking.items():
    rows = [(one.name, f"`{one.default!r}`", one.help) for one in parameters.values()]
    fold(name, markdown(["parameter", "default", "meaning"], rows, left=3))

# %% [markdown]
# ## A run of your own
#
# A run is a file `runs/NAME.yml`; `NAME` consists of a-z, 0-9 and hyphens:
#
# ```yaml
# dataset: digits          # or mnist, fashion-mnist, kmnist, path/to/file.npz
# latent_dims: 2..8        # or a list: [2, 4, 8]
# depths: [3, 4]           # number of affine layers of the encoder
# seeds: [0]
# table_depth: 4           # the depth of most tables and figures
# hidden_widths: linear    # or geometric, or by depth {3: [64, 32], ...}
# initialisation: he       # or pytorch
# output: affine           # or sigmoid, for which the theorems do not hold
# epochs: 50
# batch_size: 154
# learning_rate: 1.0e-3
# ```
#
# You may add `weight_decay`, `precision`, `train_points`, `test_points`, `committed`, and `snapshots`, a list of epochs after which the spectra are measured as well. Unknown, missing or mistyped keys raise an error that names them. Then:
#
# ```bash
# # what is missing, and the memory and time that it will take
# python -m lib run NAME --plan
# # train and measure what is missing; repeat it after an interruption
# python -m lib run NAME
# # a part of the run, with fewer epochs
# python -m lib run NAME --only n=4,d=2 --epochs 2
# # the paper's claims on this run, and the bounds at its points
# python -m lib claims NAME
# python -m lib bounds NAME
# # a page with your run beside the digits
# python -m lib page spectra -p runs '["digits", "NAME"]' -o out.ipynb
# ```
#
# `--device cuda` trains on a GPU. `--scheduler ADDRESS` hands the jobs to a Dask cluster, with the same result to the bit; the file `CONTRIBUTING.md` says how to start the workers, on Slurm for example.
#
# The data set `digits` comes with [scikit-learn](references). MNIST and its relatives are looked for in `$GEOMETRY_DATA`, `./data` and `../shared/data`, and downloaded otherwise. An `.npz` file of your own holds the arrays `train_images`, `train_labels`, `test_images` and `test_labels`, with pixels in [0, 1].
#
# ## Where things are
#
# | place | content |
# | :-- | :-- |
# | `runs/NAME.yml` | a run |
# | `artifacts/NAME/` | its weights, tables of points and summaries, by the digest of the run |
# | `results/NAME/` | the summaries of a committed run |
# | `book/*.py` | the pages |
# | `book/_build/executed/` | executed notebooks |
# | `book/_build/html/` | the book |
#
# `make archive` packs the book for deposit, and `make pdf` prints it.
