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
# The data, code and machines behind this book. Each page's footer has the same for that page.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "mnist-300", "digits"]  # shown on most pages
small_runs: list[str] = ["digits-seeds", "digits-training", "digits-bfloat16", "mnist-seeds", "mnist-100", "mnist-100-seeds", "mnist-affine"]
variant_runs: list[str] = ["variants of mnist-300", "variants of mnist-100", "larger batches"]

# %%
import pandas as pd

from lib.base import files
from lib.pages.execution import versions
from lib.report.layout import markdown
from lib.report.output import fold, say, show_table
from lib.runs import manifest, members, parse_names, read
from lib.runs.store import commit

names = [name for some in (runs, small_runs, variant_runs) for name in parse_names(some)]
manifests = {name: manifest(read(name)) for name in dict.fromkeys(names)}
networks = pd.concat(
    {name: pd.DataFrame(one["members"]).T for name, one in manifests.items()},
    names=["run", "network"],
)

# %%
networks["dirty"] = networks["commit"].str.endswith("+")
networks["hours"] = networks["wall_seconds"].astype(float) / 3600
by_run = networks.groupby("run", sort=False)
main = read(names[0])
at_depth = [one.name for one in members(main) if one.depth == main.table_depth]
headline = networks.loc[main.name].loc[lambda rows: rows.index.isin(at_depth), "dirty"]
say(f"""
> **In brief.** The book rests on {len(networks)} networks of {len(manifests)} runs. Of these networks {networks["dirty"].sum()} were computed from a working tree with uncommitted changes, so that the recorded commit alone does not identify their code.
> This concerns {headline.sum()} of the {len(headline)} networks behind the headline numbers (`{main.name}`, depth {main.table_depth}).
""")

# %% [markdown]
# ## Runs
#
# These are the runs that the pages of this book read. A plus sign behind a commit says that tracked files differed from it when the network was computed.

# %%
shown = [
    [name, len(rows), int(rows["dirty"].sum()), f"{rows['hours'].sum():.1f}"]
    for name, rows in by_run
]
header = ["run", "networks", "with uncommitted changes", "hours"]
show_table(
    markdown(header, shown[:8]),
    name="tab-networks",
    caption="Networks, those computed from a working tree with uncommitted changes, and hours of training and measuring.",
)
if shown[8:]:
    fold("The other runs", markdown(header, shown[8:]))

# %%
details = [
    [name, manifests[name]["digest"][:12], rows["data"].iloc[0][:12]]
    + [", ".join(sorted(map(str, set(rows[key])))) for key in ("device", "precision", "threads", "python")]
    for name, rows in by_run
]
fold(
    "Digests of the runs and of their data, and devices",
    markdown(["run", "digest", "data", "device", "precision", "threads", "Python"], details, left=3),
)

# %%
rows = [
    [run, network, row["sha256"][:12], row["commit"], f"{row['wall_seconds']:.0f}"]
    for (run, network), row in networks.iterrows()
]
fold(
    f"All {len(rows)} networks: checksum of the summary, commit, seconds",
    markdown(["run", "network", "checksum", "commit", "seconds"], rows, left=4),
)

# %% [markdown]
# ## Software

# %%
trained = pd.DataFrame(list(networks["versions"]), networks.index).groupby("run", sort=False)
rows = [
    [name, *(", ".join(sorted(set(some[key]))) for key in some)] for name, some in trained
]
fold(
    "Versions with which the networks were trained",
    markdown(["run", *trained.first().columns], rows),
)

# %%
import os
import platform

here = versions() | {"system": platform.system(), "machine": platform.machine()}
here |= {"processors": str(os.cpu_count()), "commit": commit()}
fold("Versions with which this page was computed", markdown(["", "version"], here.items(), left=2))
pinned = (files.ROOT / "requirements.txt").read_text()
fold("requirements.txt: all packages, from which `make book` sets the environment up", f"```text\n{pinned}\n```")

# %% [markdown]
# Each run's manifest is beside its results: `results/NAME/manifest.json` for a committed run, `artifacts/NAME/DIGEST/manifest.json` for the others. `make archive` puts the book, its executed notebooks, the results and the manifests into one file, with a checksum of each.
