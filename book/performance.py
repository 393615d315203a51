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
# # How fast it is
#
# Times depend on the machine, and on what else it does. So every benchmark here times all contenders in one process, in turns, over several rounds, and reports ratios within a round. The raw seconds and the machine they were taken on lie in `benchmarks/`, and one command makes them anew:
#
# ```bash
# python -m lib bench training
# ```
#
# The numbers on this page are read from that file.
#
# ## Training

# %%
import pandas as pd

from lib.benchmarks import committed

training = committed("training")
large, family = training["large"], training["family"]
pd.Series(training["environment"]).drop("versions").to_frame("taken on")

# %% [markdown]
# One member of the size of MNIST's, alone on one thread. What it could reach at best is the rate of the matrix products that it is made of, measured in the same run.

# %%
rates = pd.Series(large["gigaflops"], name="GFLOP/s")
rates.round(1).to_frame()

# %% tags=["remove-input"]
from myst_nb import glue

glue("widths", "-".join(map(str, large["widths"])), display=False)
glue("batch", int(large["batch_size"]), display=False)
glue("share", 100 * large["share_of_gemm"], display=False)
glue("loader", large["loader_ratio"], display=False)
glue("bfloat16", large["bfloat16_speedup"], display=False)
glue("family", int(family["members"]), display=False)
glue("family_loop", family["loop_ratio"], display=False)
glue("family_loader", family["loader_ratio"], display=False)

# %% [markdown]
# For widths {glue:text}`widths:s` and batches of {glue:text}`batch:d`, training runs at {glue:text}`share:.0f` % of the rate of its largest matrix product. Here the usual loop over a `DataLoader` takes {glue:text}`loader:.2f` times as long: at this size the arithmetic is nearly all there is.
#
# bfloat16 trains at {glue:text}`bfloat16:.2f` times the speed of float32 on this machine. Where a processor has no instructions for it, it is no gain, and the runs of this book that were computed here are in float32.
#
# Small networks are another matter: there the overhead of each call counts. The {glue:text}`family:d` members of the tables' depth on the digits are trained as one stack.

# %%
seconds = pd.DataFrame(family["seconds"])
seconds.median().rename("seconds an epoch").round(3).to_frame()

# %% [markdown]
# In the median of ratios, one member after the other takes {glue:text}`family_loop:.1f` times as long as the stack when the data are a tensor in memory, and {glue:text}`family_loader:.1f` times with a `DataLoader`. All are on one thread.
#
# ## What to take away
#
# Large members are bound by arithmetic; they train side by side, a thread each. Small ones are bound by overhead, and stacking removes it. A member's bits are the same either way.
