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
# A reconstruction is an image, so it can be reconstructed again. [Radhakrishnan et al. 2020](references) found that autoencoders with far more parameters than data store training images as *attractors*: the orbits $x, f(x), f(f(x)), \dots$ of nearby images end in them. Do ours, and do the eigenvalues at the start of an orbit foretell its end?

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # the first that is trained here
points: int = 100  # starting points of each kind
steps: int = 2000  # applications of the network at most

# %%
import pandas as pd
import torch

from lib.analysis import dynamics
from lib.geometry import orbits
from lib.report import attractors as report
from lib.report import style
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import first_trainable, member, piecewise_affine, read
from lib.runs.specification import reference_members

style.use_style()

# %%
run = read(first_trainable(piecewise_affine(runs)))
dataset = run.load_dataset()
test, train = (part.images.double() for part in (dataset.test, dataset.train))
draw = torch.Generator().manual_seed(0)
noise = torch.rand((points, test.shape[1]), generator=draw, dtype=torch.float64)
starts = {"test": test[:points], "train": train[:points], "noise": noise}
x = torch.cat(list(starts.values()))
kinds = dict(zip(starts, torch.arange(len(x)).split([len(part) for part in starts.values()]), strict=True))
images = torch.cat([kinds["test"], kinds["train"]])

# %%
labels = torch.cat([dataset.test.labels[:points], dataset.train.labels[:points]])
usual = float(orbits.nearest_attractor(test, train)[0].median())
portraits, begun = {}, {}
for one in reference_members(run):
    pair = member(run.name, one.depth, one.latent_dim, one.seed)
    double = [module.double() for module in pair]
    found = orbits.portrait(*double, x, labels, train, usual, steps)
    columns = orbits.starting_points(*double, x, found.orbits)
    name = f"$d={one.latent_dim}$"
    portraits[name] = found
    begun[name] = {key: values[images.numpy()] for key, values in columns.items()}

# %%
numbers = {name: one.numbers for name, one in portraits.items()}
fixed = {name: 100 * one.orbits.shares()[0] for name, one in portraits.items()}
attractors, alike = (int(sum(one[key] for one in numbers.values())) for key in ("attractors", "like_training"))
parts = dynamics.orbit_correlations(begun, ["trace", "log_volume"], fixed=0)
turned = [(part.low, part.high) if to == "steps" else (-part.high, -part.low) for (*_, to), part in parts.items()]
expected, against = sum(low > 0 for low, _ in turned), sum(high < 0 for _, high in turned)

# %%
near = torch.cat([one.distance for one in portraits.values()])
closest = float(near.min()) if len(near) else float("inf")
stored = f"none of the attractors ({attractors}) is a training image (the nearest is {closest:.2f} away, test images usually {usual:.2f})"
if not closest > usual / 10:
    stored = f"some of the attractors ({attractors}) nearly are training images (the nearest is {closest:.2f} away)"

foretells = "show no connection with" if not expected + against else "show no consistent connection with"
foretells = "go with" if parts and expected > len(parts) / 2 else foretells
told = f"of {len(parts)} correlations with its fate (in {len({key[0] for key in parts})} networks) {expected + against or 'none'} can be told from 0"

# %%
say(f"""
> **In brief.** In the run `{run.name}` {stored if attractors else "no orbit ends in a fixed point"}. {f"Trace and volume at the start of an orbit {foretells} its fate: {told}." if parts else ""}
""")

# %% [markdown]
# ## Where orbits end
#
# A fixed point $f(x)=x$ attracts if the *spectral radius* of $J_I$ there, its largest $\lvert\lambda\rvert$, is below 1. Orbits start from test images, training images, and noise. An orbit has reached a *fixed point* when its step is shorter than $10^{-10}(1+\lvert x\rvert)$, and a *cycle* when it returns that closely within 60 steps. It is *lost* once $\lvert x\rvert>10^6$, where an image of $N$ pixels has at most $\lvert x\rvert=\sqrt N$. Any other orbit is *unsettled*.

# %%
shares = pd.DataFrame(
    [(name, kind, *one.orbits.shares(of)) for name, one in portraits.items() for kind, of in kinds.items()],
    columns=["network", "start", *orbits.FATES],
)
ends = ", ".join(f"{share:.0f} % at {name.strip('$').replace('=', ' = ')}" for name, share in fixed.items())
show_figure(
    report.fates(shares),
    name="fig-fates",
    caption=f"Where orbits end after at most {steps:,} steps: one network per $d$, run `{run.name}`, depth {run.table_depth}.",
    alt=f"A panel for each network, with bars for orbits from test images, training images and noise. The shares of all orbits that end in a fixed point: {ends}.",
)

# %%
lost = {name: 100 * one.orbits.shares()[orbits.FATES.index("lost")] for name, one in portraits.items()}
most = max(lost, key=lambda name: lost[name])
diverges = f"At {most}, {lost[most]:.0f} % of the orbits are lost: they diverge."
cycles = {name: 100 * one.orbits.shares()[orbits.FATES.index("cycle")] for name, one in portraits.items()}
turning = max(cycles, key=lambda name: cycles[name])
came = [[one.orbits.shares(kinds[kind])[0] for kind in ("test", "train")] for one in portraits.values()]
gap = 100 * max(abs(test - train) for test, train in came)
say(f"""
{diverges if lost[most] > 0.5 else "No orbit is lost, or nearly none."} {f"At {turning}, {cycles[turning]:.0f} % end in cycles." if cycles[turning] > 0.5 else ""}

The shares of test and of training images that end in a fixed point differ by at most {gap:.0f} percentage points; memorised training images would show as a larger share of the latter.
""")

# %% [markdown]
# ## The fixed points

# %%
galleries = []
for name, one in portraits.items():
    ends, basins = one.attractors.points[:6].numpy(), (one.attractors.sizes[:6] / len(x)).tolist()
    if len(ends):
        galleries.append(report.gallery(name, ends, basins, train[one.row[:6]].numpy(), dataset.image_shape))
if galleries:
    show_figure(
        galleries,
        name="fig-fixed-points",
        caption="Up to six fixed points per network in which orbits end, with the share of the orbits above each, and below it the nearest training image. Grey levels are cut to those of an image. Networks without fixed points are left out.",
        alt=f"Two rows of small images per network: fixed points, and their nearest training images. Of all {attractors} fixed points {alike} {'is' if alike == 1 else 'are'} as near to a training image as test images usually are.",
    )

# %%
show_table(
    report.attractors_table(numbers),
    name="tab-attractors",
    caption=f"The attractors. *Like a training image*: no farther from the nearest one than test images usually are (median {usual:.2f}).",
)
once = 100 * max(one["true_at_once"] for one in numbers.values())
at_once = f"at {once:.1f} % of the starts or fewer" if once >= 0.05 else "at none of the starts"
say(f"""
A ReLU network is affine on pieces, and each piece has a [fixed point of its own](#prop-fixed). It belongs to $f$ only if it lies in its piece, which it does {at_once}. Newton's method repeats this step from piece to piece, and also finds fixed points that repel. In the fold, the *exponent* is the median rate per step at which neighbouring orbits part (above 0) or approach each other.
""")
fold("The basins, and what Newton's method finds", report.basins_table(numbers))

# %% [markdown]
# ## Does the start foretell the end?
#
# Where trace and volume are large, $f$ contracts little near the point. If that decided the orbit, such points would settle less often (*ends* below 0) and more slowly (*steps* above 0).

# %%
quantities = {"trace": "trace", "log_volume": "log volume", "error": "error"}
if parts:
    show_table(
        report.fate_correlations(begun, quantities, fixed=0),
        name="tab-fates",
        caption="Spearman's rank correlation, with 95 % intervals, over test and training images: between a quantity at the start and whether the orbit *ends* in a fixed point, or in how many *steps*. Networks of which too few orbits end, or too few do not, are left out.",
    )
say(f"""
Of the {len(parts)} intervals for trace and log volume, {expected or "none"} {"lies" if expected == 1 else "lie"} wholly on the side of less contraction and {against or "none"} on the other.
""" if parts else "In no network enough orbits end, and enough do not, for a correlation.")

# %% [markdown]
# ## What to take away

# %%
weights = sum(part.numel() for half in double for part in half.parameters())
radius = max((one["radius_high"] for one in numbers.values() if one["attractors"]), default=None)
say(f"""
That orbits end where the spectral radius is below 1 follows from theory{f" (the largest here is {radius:.3f})" if radius else ""}; it is no finding. Whether the eigenvalues at an image foretell its orbit is one, and where an interval covers 0 we have seen no connection. A network can reconstruct well although few orbits come to rest: [its eigenvalues](spectra.py#the-means) lie near 1 on either side, and small errors add up. Where an orbit goes depends on $f$ far from the data, where nobody trained it.

Caveat: this does not contradict Radhakrishnan et al., whose networks have far more parameters than data and almost no error. Ours have at most {weights:,} parameters for {train.numel():,} pixels of training images. Each network is one seed, and an unsettled orbit may settle later.
""")
