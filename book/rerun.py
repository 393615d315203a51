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
# Every page that takes parameters has one cell of them. There are three ways to give a page others.
#
# | You want | command |
# | :-- | :-- |
# | one page, as a notebook | `python -m lib page prediction -p runs '["digits"]' -o out.ipynb` |
# | the same with jupytext and papermill alone | `jupytext --to ipynb -o - book/prediction.py \| papermill -p runs '["digits"]' - out.ipynb` |
# | the whole book | `BOOK_RUNS=smoke jupyter-book build book/` |
#
# All are run from the project's root, in its environment. `make book` on a machine with nothing but Python 3.11 or later sets the environment up and builds the book.
#
# ## One page
#
# ```bash
# python -m lib page orientation -p runs '["smoke"]' -o out.ipynb
# ```
#
# executes `book/orientation.py` and writes a notebook with its outputs. `-p` can be given several times; a value is written as in Python or YAML. Here it is done, with the Python that built this page, and with `smoke`, a run that takes seconds:

# %%
import subprocess
import sys

out = "book/_build/rerun/orientation.ipynb"
command = [sys.executable, "-m", "lib", "page", "orientation", "-o", out]

# %%
smoke = subprocess.run(
    [*command, "-p", "runs", '["smoke"]'], capture_output=True, text=True
)
print(smoke.stdout)

# %% [markdown]
# The command reports the file that it wrote.

# %%
import nbformat

rerun = nbformat.read(out, as_version=4)
rerun.metadata["provenance"]["parameters"]

# %% [markdown]
# The notebook carries its provenance: the parameters it ran with are those that were given. A page, parameter or run that does not exist, or a value of the wrong type, is refused in one sentence, and nothing is written:

# %%
refused = subprocess.run([*command, "-p", "steps", "7"], capture_output=True, text=True)
print(refused.stderr)
print("exit code", refused.returncode)

# %% [markdown]
# The sentence names what is wrong and what is known.
#
# ## All parameters
#
# These are the parameters of all pages, read from the pages themselves:

# %%
import pandas as pd

from lib.pages import source

pd.set_option("display.max_colwidth", None, "display.max_rows", None)
source.parameter_table()

# %% [markdown]
# A run among `runs` that has no results yet is computed first, unless it is one of those kept in `results/`.
#
# ## One page, with plain tools
#
# ```bash
# jupytext --to ipynb -o - book/prediction.py |
#   papermill -p runs '["digits"]' - out.ipynb
# ```
#
# A page is a Python script with its prose in comments. [jupytext](https://jupytext.readthedocs.io) turns it into a notebook, [papermill](https://papermill.readthedocs.io) executes it. Its `-p` hands a list over as text, which the pages read as a list; `-y` takes YAML. papermill only warns about a parameter that the page does not have.
#
# ## The whole book
#
# ```bash
# BOOK_RUNS=smoke jupyter-book build book/
# ```
#
# builds the book {cite}`jupyterbook` with other runs on every page that shows runs: one name, or several with commas between them. The pages are in `book/_build/html`. The run `smoke` takes seconds and is good for trying changes to a page. Pages that need trained networks or images take them from the first run named that is not `kept`; `geometry`, `bounds` and `attractors` from the first of these with an affine output. If a page raises, the build ends with the name of the page, its cell and the traceback, and with an exit code that is not 0.
#
# A kept run whose results are absent or damaged is left out: the pages say so, with the command that makes it, and the rest of the book is built.
#
# ## A run of your own
#
# A run is a file `runs/NAME.yml`, where `NAME` is made of a-z, 0-9 and hyphens:
#
# ```yaml
# dataset: digits          # or mnist, fashion-mnist, kmnist, path/to/file.npz
# latent_dims: 2..8        # or a list: [2, 4, 8]
# depths: [3, 4]           # affine layers of the encoder
# seeds: [0]
# table_depth: 4           # the depth of Tables 1 and 2
# hidden_widths: linear    # or geometric, or by depth {3: [64, 32], ...}
# initialisation: he       # or pytorch
# output: affine           # or sigmoid; of such runs the pages on theorems want another one beside them
# epochs: 50
# batch_size: 154
# learning_rate: 1.0e-3
# ```
#
# `weight_decay`, `precision`, `train_points`, `test_points` and `kept` may be added, and `snapshots`, a list of epochs after which the spectra are measured as well. A key that is unknown, missing or of the wrong kind is refused by name.
#
# ```bash
# python -m lib run NAME
# python -m lib run NAME --only n=4,d=2 --epochs 2
# python -m lib claims NAME
# python -m lib bounds NAME
# python -m lib page means -p runs '["digits", "NAME"]' -o means.ipynb
# ```
#
# The first command trains and measures what is missing; the second only a part of it, and with other epochs, which makes it another run as far as results go; the third prints the paper's claims held against the run, the fourth checks the statements of the page [bounds](bounds), as far as they can be, at the points of the run (both take `--json`, for programs); the fifth shows the run beside `digits`. A run that is interrupted keeps its finished members; the same command takes up the rest. `--device cuda` trains on a GPU.
#
# The data set `digits` comes with scikit-learn {cite}`pedregosa2011`. MNIST {cite}`lecun1998` and its relatives are looked for in `$GEOMETRY_DATA`, `./data` and `../shared/data`, in this order, and downloaded if they are in none of them. An `.npz` file holds the arrays `train_images`, `train_labels`, `test_images` and
# `test_labels`, pixels in [0, 1]. Networks are trained with PyTorch {cite}`paszke2019`.
#
# ## On a cluster
#
# ```bash
# python -m lib run NAME --plan
# python -m lib run NAME --scheduler tcp://HOST:PORT
# python -m lib run NAME --scheduler scheduler.json
# ```
#
# The first says what is missing of a run, and what memory and time each of its jobs will take; nothing is computed. The others have the jobs done by the workers of a [Dask](https://docs.dask.org) cluster, found by its address or its scheduler file. The results are the same bits. Each worker needs this project at the same commit, installed with its extra `cluster`, and one thread:
#
# ```bash
# dask scheduler --scheduler-file scheduler.json
# dask worker --scheduler-file scheduler.json --nworkers 8 --nthreads 1 --memory-limit 4GB
# ```
#
# Data that a worker finds on its own machine, by checksum, are not sent. Workers may come and go: a job whose worker dies is done by another, from its last checkpoint if they share `GEOMETRY_ARTIFACTS`. With `--device cuda`, jobs go to workers that were started with `--resources GPU=1`. Dask's dashboard shows jobs as `train-` and `measure-`.
#
# On Slurm, [dask-jobqueue](https://jobqueue.dask.org) starts scheduler and workers; all that is needed is configuration. In `~/.config/dask/jobqueue.yaml`:
#
# ```yaml
# jobqueue:
#   slurm:
#     cores: 1
#     processes: 1
#     memory: 4GB
#     walltime: "02:00:00"
#     job-script-prologue: ["source .venv/bin/activate"]
# ```
#
# and then
#
# ```python
# from dask_jobqueue import SLURMCluster
#
# cluster = SLURMCluster(scheduler_options={"port": 8786})
# cluster.adapt(minimum=0, maximum=100)
# ```
#
# with `--scheduler tcp://HOST:8786` in another terminal of that machine. On Kubernetes the same is done by the operator of [dask-kubernetes](https://kubernetes.dask.org), with an image that holds this project.
#
# ## Where things lie
#
# | place | what | made by |
# | :-- | :-- | :-- |
# | `runs/NAME.yml` | the specification of a run | you |
# | `artifacts/NAME/` | weights, per-point tables and summaries, under the digest of the specification | `python -m lib run NAME`, or a build that needs them |
# | `results/NAME/` | the summary of a run too long for a build | `python -m lib run NAME`, for runs with `committed: true` |
# | `book/*.py` | the pages | you |
# | `book/_build/executed/` | executed notebooks, under a key of all they depend on | the build |
# | `book/_build/html/` | the book | the build |
# | `book/_build/geometry-and-generalization.zip`, `.pdf` | the book to deposit, and on paper | `make archive`, `make pdf` |
#
# A change of prose executes nothing. A change of a page's code executes that page; a change in `lib/` executes the pages that use what has changed; another specification is another run, and is trained. Nothing has to be deleted by hand.
