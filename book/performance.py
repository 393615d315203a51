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
# # Performance: how fast it is
#
# Times depend on the machine and on its other work. Each benchmark therefore runs all contenders in one process, in turns, over several rounds, and reports ratios within a round. The seconds and the machine are in `benchmarks/`, from which this page reads.

# %%
import pandas as pd

from lib.analysis.kept import timings
from lib.report import performance as report, style
from lib.report.output import fold, say, show_figure

style.use_style()
jacobians, training, scaling, gpu = map(timings, ("jacobians", "training", "scaling", "gpu"))
worst, trained = jacobians["linear"], jacobians["trained"]

# %%
say(f"""> **In brief.** On fully connected networks with an affine output, our Jacobians take less time than the other routes that we timed:
> the best of torch.func takes {worst["best_of_torch"]:.1f} times as long on an untrained network and {trained["best_of_torch"]:.1f} times on a trained one. Other networks take a general path, which is slower than torch.func.
> Small networks train {training["family"]["loop_ratio"]:.1f} times as fast in a stack as one after the other.""")

# %% [markdown]
# ## Jacobians
#
# The engine of this book ([`lib.geometry.jacobians`](api)) returns both $d\times d$ matrices of an autoencoder, $K(x)$ and $J_L$, at every point. We compare it with three ways of using torch.func, with `torch.autograd.functional`, and with three libraries for Jacobians.

# %%
slower = {case: min(jacobians[case]["ratio_to_ours"].values()) for case in ("linear", "trained")}
show_figure(
    [report.routes(jacobians, case) for case in slower],
    name="fig-routes",
    caption=f"Time of each route divided by ours, on one thread, each at its best chunk size. Networks of widths {'-'.join(map(str, training['large']['widths']))}: untrained at random points, and trained.",
    alt=f"Sorted bars. The nearest other route takes {slower['linear']:.1f} times as long as ours untrained, {slower['trained']:.1f} times trained.",
)
fold("All routes, three networks, and memory beside network and points", report.routes_table(jacobians))

# %%
general = [
    min(ratio for name, ratio in jacobians[case]["ratio_to_ours"].items() if "torch.func" in name)
    / jacobians[case]["ratio_to_ours"]["ours, general path"]
    for case in report.CASES
]
alone = min(jacobians["latent_only"]["ratio_to_ours"].values())
say(f"""
The untrained network is our worst case, because every unit is on at some point. After training, many units are off at all points of a chunk and drop out of our products.

This holds for chains of affine layers and pointwise activations with an affine output. With a logistic output, the product of the two outer weight matrices differs from point to point. Other networks, such as convolutional ones, take the general path: automatic differentiation. On the networks here it takes {1 / max(general):.1f} to {1 / min(general):.1f} times as long as the best of torch.func.

The gap is smallest if you need $J_L$ alone: the quickest other route to it takes {alone:.1f} times as long as ours takes for both matrices. The plain route, $J_I$ as an $N\\times N$ matrix with all its eigenvalues, takes {jacobians["generic"]["ratio"]:.0f} times as long. All routes agree with ours in float64 to within {max(jacobians["agreement"].values()):.0e}.
""")

# %%
grown = jacobians["growth"]["input dimension"]
factors = {name: grown[-1][name] / grown[0][name] for name in ("ours", "torch.func")}
show_figure(
    [report.growth_with_inputs(jacobians, size) for size in report.AXES],
    name="fig-growth",
    caption="Time per point as the input dimension (left) or the latent dimension (right) grows; all other sizes as above.",
    alt=f"From the smallest to the largest input, our time grows by a factor of {factors['ours']:.1f}, that of torch.func by {factors['torch.func']:.1f}.",
)
memory = jacobians["memory"]["ours, 70,000 points"]["whole"] / 2**30
say(f"""
Our time hardly grows with the size of the image ({factors["ours"]:.1f}-fold, against {factors["torch.func"]:.1f}-fold for torch.func). We form the product of the two outer weight matrices once per network, so the input dimension enters in a single pass through the first layer. For all 70,000 images of MNIST a whole process needs {memory:.1f} GiB.
""")

# %% [markdown]
# ## Training

# %%
large, family = training["large"], training["family"]
say(f"""
A network of the size of those on MNIST trains at {100 * large["share_of_gemm"]:.0f} % of the speed of its largest matrix product, on one thread. There is little left to gain, and the usual loop over a `DataLoader` takes only {large["loader_ratio"]:.1f} times as long. In bfloat16 this machine trains at {large["bfloat16_speedup"]:.2f} times the speed of float32, so the runs of this book use float32, except one that [measures the difference](experiments).

For small networks the overhead of each call dominates. We train the {family["members"]} networks of one depth on the digits as one stack. One after the other they take {family["loop_ratio"]:.1f} times as long, and {family["loader_ratio"]:.1f} times with a `DataLoader`.
""")

# %% [markdown]
# ## On a GPU

# %%
stack, matrices = gpu["training"], gpu["jacobians"]
say(f"""
The whole family of the main run, {stack["networks"]} networks, trains as one stack: on one {gpu["environment"]["accelerator"]} {stack["ratio_one_thread"]:.0f} times as fast as on one thread of the processor beside it, and {stack["ratio_all_threads"]:.0f} times as fast as on its {gpu["environment"]["processors"]} threads. The two $d\\times d$ matrices, in float64, are {matrices["ratio_one_thread"]:.0f} and {matrices["ratio_all_threads"]:.0f} times as fast.

Both devices give the same matrices, to within {matrices["largest_difference"]:.0e}. Training amplifies rounding, so the weights differ after one epoch, by up to {stack["largest_difference"]:.0e}. The GPU gives {"the same bits each time" if stack["same_bits"] and matrices["same_bits"] else "other bits each time"}, in both. Eigenvalues and their assignment are computed on the processor in any case.
""")

# %% [markdown]
# ## More machines

# %%
ways = dict(scaling["slice"]["seconds"])
one = pd.Series(ways.pop("one process"))
faster = {name: (one / pd.Series(seconds)).median() for name, seconds in ways.items()}
say(f"""
A run is a set of independent jobs, one per network. Local processes do them, or the workers of [a cluster](rerun). On a slice of the digits {" and ".join(f"{name} are {ratio:.1f} times as fast as one process" for name, ratio in faster.items())}, including their start. More workers than networks gain nothing. The result is the same to the bit.
""")

# %% [markdown]
# ## What to take away
#
# The spectra of a fully connected network with an affine output cost three thin matrix products per layer, whatever the size of the images. For other networks expect the cost of automatic differentiation. To repeat the timings:
#
# ```bash
# python -m lib bench training
# python -m lib bench gpu      # on a machine with one
# make bench        # the Jacobians; the other libraries get an environment of their own
# ```
