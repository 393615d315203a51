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
# # Provenance
#
# What this book was computed from, by what, and on what. The foot of every page says the same for the page alone.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "mnist-300", "digits"]  # shown on most pages
small_runs: list[str] = ["digits-seeds", "digits-training", "digits-bfloat16"]  # too
variant_runs: list[str] = [
    "mnist-geometric",
    "mnist-narrow",
    "mnist-he",
    "mnist-sigmoid",
    "mnist-batch-64",
    "mnist-rate-low",
    "mnist-decay",
    "mnist-60-linear",
    "mnist-60-constant",
    "mnist-60-he",
    "mnist-60-affine",
    "mnist-60-batch-128",
    "mnist-60-batch-512",
    "mnist-60-rate-high",
    "mnist-60-rate-low",
    "mnist-512",
    "mnist-512-he",
    "mnist-512-constant",
    "mnist-seeds",
]  # of the pages sensitivity and prediction

# %%
import pandas as pd

from lib.runs import parse_names, manifest, read

names = [name for some in (runs, small_runs, variant_runs) for name in parse_names(some)]
manifests = {name: manifest(read(name)) for name in dict.fromkeys(names)}
members = pd.concat(
    {name: pd.DataFrame(one["members"]).T for name, one in manifests.items()},
    names=["run", "member"],
)

# %% [markdown]
# ## Runs
#
# Every run that a page of this book reads, except `smoke`, with which the page [rerun](rerun) shows a command. A run is known by the digest of its specification, a data set by the digest of its arrays.

# %%
by_run = members.groupby("run", sort=False)
whole = pd.DataFrame(
    {"digest": {k: one["digest"][:12] for k, one in manifests.items()}}
)
whole["data"] = by_run["data"].first().str[:12]
whole["members"] = by_run.size()
for name in ("device", "precision", "threads", "python"):
    whole[name] = by_run[name].agg(lambda one: ", ".join(sorted(map(str, set(one)))))
whole

# %% [markdown]
# What the networks of each run took, training and measuring together, and the commits that they were computed from. A plus sign says that tracked files differed from the commit: it does not identify the code alone.

# %%
pd.set_option("display.max_colwidth", None, "display.max_rows", None)
seconds = members["wall_seconds"].astype(float).groupby("run", sort=False)
taken = seconds.agg(["min", "median", "max"]).round(1)
taken.columns = ["least seconds", "median", "most"]
taken["hours in all"] = seconds.sum().div(3600).round(2)
taken["commits"] = by_run["commit"].agg(lambda one: ", ".join(dict.fromkeys(one)))
taken

# %% [markdown]
# ## Members
#
# One row a trained network: the checksum of its summary, the commit, and the seconds it took.

# %% tags=["hide-output"]
shown = members[["sha256", "commit", "wall_seconds"]]
shown.assign(sha256=shown["sha256"].str[:12])

# %% [markdown]
# ## What they were trained with

# %%
trained = pd.DataFrame(list(members["versions"]), members.index)
trained.groupby("run", sort=False).agg(lambda one: ", ".join(sorted(set(one))))

# %% [markdown]
# ## What this page was computed with

# %%
import os
import platform

from lib.pages.execution import versions
from lib.runs.store import commit

here = versions() | {"system": platform.system(), "machine": platform.machine()}
here |= {"processors": str(os.cpu_count()), "commit": commit()}
pd.Series(here, name="").to_frame()

# %% [markdown]
# The versions of all packages are pinned in `requirements.txt`, from which `make book` sets the environment up:
#
# ````{dropdown} requirements.txt
# ```{literalinclude} ../requirements.txt
# :language: text
# ```
# ````
#
# Every run's manifest lies beside its results: `results/NAME/manifest.json` for a kept run, `artifacts/NAME/DIGEST/manifest.json` for the others. The tables above are made from the same records, which the summaries carry. `make archive` puts the book, its executed notebooks, results, manifests and environment into one file, with a checksum of each.
