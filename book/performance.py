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
# make bench        # of the Jacobians; the peers get an environment of their own
# ```
#
# The numbers on this page are read from these files.
#
# ## Jacobians
#
# The engine of this book (`lib.geometry.jacobians` in [the library](api)) returns both cores of an autoencoder, $K(x)$ and $J_L$, at every point. Others can be made to: torch.func by forward mode, by a shift of the code that all points share, or by reverse mode and a product; `torch.autograd.functional`, a point at a time; and three libraries for Jacobians. All agree with ours in float64.

# %%
import pandas as pd

from lib.analysis.scaling import committed
from lib.report import performance as report, style

style.use_style()
jacobians = committed("jacobians")

# %% mystnb={"image": {"alt": "Three panels of horizontal bars on a logarithmic axis, one bar for each route to the cores: untrained network of linear widths, the same trained, and geometric widths. A bar is how many times as long as ours the route takes. A line marks 1."}}
report.routes(jacobians)

# %% tags=["remove-input"]
from myst_nb import glue

cases = ("linear", "linear, float64", "trained", "geometric")
linear, double, trained, geometric = (jacobians[name] for name in cases)
glue("best_trained", trained["best_of_torch"], display=False)
glue("best_linear", linear["best_of_torch"], display=False)
glue("best_double", double["best_of_torch"], display=False)
glue("best_geometric", geometric["best_of_torch"], display=False)
glue("jacobian_share", 100 * linear["share_of_gemm"], display=False)
glue("generic", jacobians["generic"]["ratio"], display=False)
glue("generic_trained", jacobians["generic, trained"]["ratio"], display=False)
glue("agreement", max(jacobians["agreement"].values()), display=False)

# %% tags=["remove-input"]
own = ("ours", "torch.func", "torch.autograd")
both = [case["ratio_to_ours"] for case in (linear, trained, geometric)]
general = [
    one["ours, general path"] / min(v for k, v in one.items() if "torch.func" in k)
    for one in both
]
peers = [{k: v for k, v in one.items() if not k.startswith(own)} for one in both]
nearest = [min(one, key=one.get) for one in peers]
glue("peer", " or ".join(sorted(set(nearest))), display=False)
ratios = [one[name] for one, name in zip(peers, nearest)]
for name, values in {"peer": ratios, "general": general}.items():
    glue(f"{name}_low", min(values), display=False)
    glue(f"{name}_high", max(values), display=False)

# %% tags=["remove-input"]
glue("ours_us", linear["microseconds_a_point"]["ours"], display=False)

# %% [markdown]
# Time of each route divided by ours, on one thread, each at the chunk size that suits it best; processor time, so that what else the machine does matters less. Left 784-593-402-211-20, untrained, at normally distributed points; centre the same after training on enlarged digits; right 784-231-68-20, untrained.
#
# Untrained, every unit is on at some point: the worst case for ours. There the best of torch.func takes {glue:text}`best_linear:.2f` times as long in float32 and {glue:text}`best_double:.2f` times in float64; with geometric widths, {glue:text}`best_geometric:.1f` times. After training, many units are off at all points of a chunk and drop out of our products; torch.func then takes {glue:text}`best_trained:.1f` times as long. Of the other libraries the nearest is {glue:text}`peer:s`, with {glue:text}`peer_low:.1f` to {glue:text}`peer_high:.1f` times our time. In float64 none differs from ours by more than {glue:text}`agreement:.1e`. The generic route, $J_I$ as an $N \times N$ matrix and all its eigenvalues, takes {glue:text}`generic:.0f` times as long as ours for both cores, their traces and volumes; after training, {glue:text}`generic_trained:.0f` times.
#
# All this is so of chains of affine layers and pointwise activations, in which the decoder ends affine. After a logistic output $G$, the product of the two outer weight matrices, is another one at each point, and the size of the image comes back. Other networks, such as convolutional ones, take the *general path*: automatic differentiation, which knows nothing of the layers. On the networks timed here it takes {glue:text}`general_low:.1f` to {glue:text}`general_high:.1f` times as long as the best of torch.func.
#
# In the worst case ours runs at {glue:text}`jacobian_share:.0f` % of the rate of a plain matrix product of its largest shape, measured in the same rounds: {glue:text}`ours_us:.0f` µs a point. What is left to gain on this processor has to come from fewer operations.

# %% mystnb={"image": {"alt": "Four panels: microseconds a point of ours and of torch.func against input dimension, latent dimension, depth, and number of points. Against the input dimension, ours is the flatter line."}}
report.growth_with_inputs(jacobians)

# %% tags=["remove-input"]
rows = jacobians["growth"]["input dimension"]
glue("smallest", int(rows[0]["value"]), display=False)
glue("largest", int(rows[-1]["value"]), display=False)
glue("flat_ours", rows[-1]["ours"] / rows[0]["ours"], display=False)
glue("flat_torch", rows[-1]["torch.func"] / rows[0]["torch.func"], display=False)

# %% [markdown]
# One size grows at a time, the others as in 784-593-402-211-20. From $N$ = {glue:text}`smallest:d` to {glue:text}`largest:d` the time a point grows {glue:text}`flat_ours:.2f`-fold for ours and {glue:text}`flat_torch:.2f`-fold for torch.func: the product of the two outer weight matrices is formed once for the network, and the input dimension is left in a single pass through the first layer.
#
# Memory is the result and what `chunk_size` allows:

# %%
memory = pd.DataFrame(jacobians["memory"]).T / 2**20
shown = memory.drop("ours, 70,000 points")[["beside"]].round(0).astype(int)
shown.rename(columns={"beside": "MiB beside network and points"})

# %% tags=["remove-input"]
glue("points_mib", float(memory.loc["ours, 70,000 points", "whole"]), display=False)
alone = jacobians["latent_only"]["ratio_to_ours"]
glue("alone", min(alone.values()), display=False)
glue("alone_name", min(alone, key=alone.get), display=False)

# %% [markdown]
# Peak memory of a process that computes the cores, beside what it held before. For 70,000 points of the size of MNIST, $d$ = 20, a whole process of ours needs {glue:text}`points_mib:.0f` MiB, the points and PyTorch itself included.
#
# Others come nearest where $J_L$ alone is wanted: the quickest of them ({glue:text}`alone_name:s`) takes {glue:text}`alone:.2f` times as long for it as ours takes for both cores. $J_L$ is the Jacobian of a map from $d$ to $d$ numbers, for which automatic differentiation is a good tool. It is $J_I$ that asks for more.
#
# ## Training

# %%
training = committed("training")
large, family = training["large"], training["family"]
pd.Series(training["environment"]).drop("versions").to_frame("taken on")

# %% [markdown]
# One member of the size of those of `mnist-300`, alone on one thread. What it could reach at best is the rate of the matrix products that it is made of, measured in the same run.

# %%
rates = pd.Series(large["gigaflops"], name="GFLOP/s")
rates.round(1).to_frame()

# %% tags=["remove-input"]
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
# bfloat16 trains at {glue:text}`bfloat16:.2f` times the speed of float32 on this machine. Where a processor has no instructions for it, it is no gain, and the runs of this book are in float32, but for `digits-bfloat16`, made to see [what it changes](experiments).
#
# Small networks are another matter: there the overhead of each call counts. The {glue:text}`family:d` members of the tables' depth on the digits are trained as one stack.

# %%
seconds = pd.DataFrame(family["seconds"])
seconds.median().rename("seconds an epoch").round(3).to_frame()

# %% [markdown]
# In the median of ratios, one member after the other takes {glue:text}`family_loop:.1f` times as long as the stack when the data are a tensor in memory, and {glue:text}`family_loader:.1f` times with a `DataLoader`. All are on one thread.
#
# ## More machines
#
# A run is a set of jobs that know nothing of each other; local processes or the workers of a Dask cluster do them, and one driver writes what comes back (page [rerun](rerun)). Two workers can be measured here. Of more, what can be said follows from three costs, measured as well: a job's seconds, the scheduling of a job, and the transfer of its results. With $J$ jobs of $t$ seconds on $W$ workers a run takes about
#
# $$T(W) = \lceil \log_2 (W + 1) \rceil \frac{D}{B} + \max\Big(\Big\lceil \frac{J}{W} \Big\rceil t,\; J \big(s + \frac{R}{B}\big)\Big),$$
#
# where $D$ are the bytes of the data, which workers pass on to each other, $R$ those of a job's result, $B$ the bytes a second of a transfer, and $s$ the seconds that scheduling a job takes. The second term of the maximum is the driver's: it takes results one after the other.

# %%
from lib.analysis.scaling import gains, makespan, saturation

scaling = committed("scaling")
cases = pd.DataFrame(scaling["cases"]).T
cases[["result_bytes", "data_bytes"]] /= 1e6
columns = ["jobs", "seconds a job", "MB of a result", "MB of data"]
names = {"mnist": "mnist-300", "a sweep of 10,000": "a sweep of 10,000 of these"}
cases.rename(names).set_axis(columns, axis=1).map("{:,.1f}".format)

# %% tags=["remove-input"]
import numpy as np

cost, ways = scaling["cost"], scaling["slice"]["seconds"]
alone = ways.pop("one process")
measured = {
    name: float(np.median(np.divide(alone, seconds))) for name, seconds in ways.items()
}
glue("scaling_two", measured["two processes"], display=False)
glue("scaling_dask", measured["two workers of Dask"], display=False)

# %% tags=["remove-input"]
glue("task_ms", 1000 * cost["task_seconds"], display=False)
glue("megabytes", cost["bytes_a_second"] / 1e6, display=False)
sweep = scaling["cases"]["a sweep of 10,000"]
glue("jobs", int(scaling["cases"]["mnist"]["jobs"]), display=False)
glue("sweep", int(sweep["jobs"]), display=False)
glue("sweep_job", sweep["job_seconds"] / 60, display=False)
glue("sweep_hours", makespan(sweep, cost, 1000) / 3600, display=False)
busy = sweep["jobs"] * sweep["job_seconds"] / saturation(sweep, cost)
glue("driver_minutes", busy / 60, display=False)

# %% tags=["remove-input"]
for name, case in scaling["cases"].items():
    glue(f"saturation_{name.split()[-1]}", saturation(case, cost), display=False)

# %% [markdown]
# The seconds of a job are the median over the members that were computed, training and measuring together, on the machine and beside whatever else it did at the time; the result is a member's weights with its snapshots, which travel twice, and its per-point table.

# %% mystnb={"image": {"alt": "Speed-up against the number of workers, both logarithmic. The lines of digits and of MNIST follow the ideal line up to their 57 jobs and stay there; a sweep of ten thousand jobs follows it in steps that widen with the number of workers. Two crosses near 2 are measured."}}
report.scaling(gains(scaling).rename(columns=names), measured)

# %% [markdown]
# Two processes are {glue:text}`scaling_two:.2f` times as fast as one on a slice of the digits, start included, and two workers of Dask {glue:text}`scaling_dask:.2f` times. Scheduling a job takes {glue:text}`task_ms:.1f` ms and a transfer runs at {glue:text}`megabytes:.0f` MB/s, all on one machine; over a network expect less. By these costs one driver keeps {glue:text}`saturation_digits:.0f` workers busy with jobs of the digits and {glue:text}`saturation_mnist:.0f` with those of `mnist-300`: such jobs are long, and what they return is small beside them.
#
# These two runs are specified with {glue:text}`jobs:d` members each, and more than {glue:text}`jobs:d` workers gain nothing further: the longest job is then the whole time, and the way on is more threads, or a GPU, for each. In a sweep of {glue:text}`sweep:d` members of MNIST a thousand workers are all busy, and take {glue:text}`sweep_hours:.0f` hours. More workers gain by whole rounds of jobs only, and nothing beyond one job for each. The driver's share of the work would take {glue:text}`driver_minutes:.0f` minutes, one job {glue:text}`sweep_job:.0f`.
#
# ## What to take away
#
# For a chain of affine layers and pointwise activations whose decoder ends affine, the spectra of the Jacobians cost three thin products a layer, whatever the size of the images, and come within reach of the matrix products themselves. Other networks take {glue:text}`general_low:.1f` to {glue:text}`general_high:.1f` times the time of the best of torch.func. Large members are bound by arithmetic; they train side by side, a thread each. Small ones are bound by overhead, and stacking removes it. A member's bits are the same either way.
