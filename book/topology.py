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
# # Where failure is forced
#
# An autoencoder with one latent number cannot draw a closed curve without a tear, however long it is trained. Here we know beforehand that it must fail somewhere, and can ask which measures find the place.

# %% tags=["parameters"]
seeds: list[int] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]  # of the networks that are fitted to the circle
steps: int = 4000  # of training on the circle
path_runs: list[str] = ["digits"]  # runs whose codes are joined by paths

# %%
import numpy as np

from lib.analysis import topology, tournament
from lib.geometry.topology import circle
from lib.report import style, topology as report
from lib.report.output import fold, say, show_figure
from lib.runs import parse_names, read

style.use_style()
pairs, rings = topology.rings(seeds, steps)
arcs = topology.open_arcs(seeds, steps)
orbits = topology.ORBITS.read()
well_fitted, early = (
    orbits[orbits["steps"] == length]
    for length in (topology.ORBIT_STEPS, orbits["steps"].min())
)

# %%
volume, near = well_fitted["log_volume_input"], well_fitted["neighbours"]
trace = well_fitted["trace_input"]
high, low = int((trace > 95).sum()), int((trace < 5).sum())
say(
    f"""
    > **In brief.** Every autoencoder with one latent number fails on a closed curve, and a proof says by how much at least.
    > On the rotations of a digit the log volume of $J_I$ finds the place in every network: its percentile there is at least
    > {volume.min():.0f} of 100. The trace stands at the top in {high} networks and at the bottom in {low}, and the distance to
    > training images tells nothing.
    """
)

# %% [markdown]
# ## The theorem
#
# Take a closed curve of images $g(t)$, $0\le t\le1$, $g(0)=g(1)$, a continuous encoder $E$ with one latent number, and any decoder $D$. Then some $t$ satisfies
#
# $$ \max\bigl(|f(g(t))-g(t)|,\ |f(g(t+\tfrac12))-g(t+\tfrac12)|\bigr)\ \ge\ \tfrac12\,|g(t)-g(t+\tfrac12)|. $$
#
# <details><summary>Proof</summary>
#
# Let $h(t)=E(g(t))-E(g(t+\tfrac12))$. Since $g$ has period 1, $h(\tfrac12)=-h(0)$. So $h$ is 0 at some $t$ in $[0,\tfrac12]$. There both images have one code, hence one reconstruction $y$, and
# $|g(t)-g(t+\tfrac12)|\le|g(t)-y|+|y-g(t+\tfrac12)|$. One of the two terms is at least half the left side.
#
# </details>
#
# More capacity lowers the mean error; it cannot lower this maximum. We find $t$ by bisection, because a grid steps over the narrow tear.

# %%
say(
    f"""
    On the circle the bound is 1, half the diameter. All {len(rings)} networks obey it; the error at the forced point is
    {rings["error"].min():.2f} to {rings["error"].max():.2f}, while the median error along the circle is
    {rings["median_error"].median():.3f} (median over seeds).
    """
)

# %%
example = pairs[int(rings["median_error"].argmin())]
show_figure(
    [
        report.reconstruction(example),
        report.error_along({"circle": (example, circle)}),
    ],
    name="fig-tear",
    caption="A circle and its reconstruction by the best fitted of the networks with one latent number (left), and its error along the circle (right).",
    alt="The reconstruction covers the circle and crosses it along a chord, where two opposite points share a code. The error is near zero but for one narrow peak of about two.",
)

# %%
torn = int((arcs["largest_error"] > 1).sum())
say(
    f"""
    An open arc, three quarters of the same circle, forces nothing: {torn} of {len(arcs)} networks tear it all the same, by errors
    above 1. The least error that a network has at its worst point is {arcs["largest_error"].min():.2f}.
    """
)

# %% [markdown]
# ## Which measures find the place?
#
# For every measure of the book that does not look at the error we take its percentile at the forced point among random points of the curve: 100 means larger than anywhere else, 50 is chance. Beside the circle we use all rotations of a digit, padded so that no ink leaves the frame.

# %%
first = well_fitted[well_fitted["seed"] == topology.ORBIT_SEEDS[0]]
show_figure(
    report.confused(
        {
            f"digit {int(row.digit)}": (topology.orbit(int(row.digit)), row.t)
            for row in first.itertuples()
        },
        (16, 16),
    ),
    name="fig-confused",
    caption="For each digit the two rotations to which one network gives the same code. It must draw at least one of them badly.",
    alt="Three digits, each shown twice, half a turn apart: images that look different and share one code.",
)

# %%
show_figure(
    [
        report.percentile_strip(rings, f"circle, {len(rings)} networks"),
        report.percentile_strip(
            well_fitted, f"rotated digits, {len(well_fitted)} networks"
        ),
    ],
    name="fig-forced",
    caption="The percentile of each measure at the forced point. A dot is a network, a bar the median; blue measures use Jacobians, green ones do not.",
    alt="The norm of the core and its log volume stand near 100 on circle and digits; neighbour distances are high on the circle and anywhere on the digits; the trace is high on the circle, and at either end on the digits.",
)

# %%
say(
    f"""
    At a tear the encoder runs back over all codes within a short piece of the curve, so the core of $J_I$ is large. Its size is
    informative, its sign is not: the trace has a median percentile of {rings["trace_input"].median():.0f} on the circle,
    and stands at either end on the digits. $J_L$ sees little, because it is taken at
    $f(x)$, away from the tear. The distance to the training images
    has any percentile on the digits ({near.min():.0f} to {near.max():.0f}); on the circle its median is
    {rings["neighbours"].median():.0f}.
    """
)

# %%
say(
    f"""
    Fit matters. The networks on digits end with a median error of {well_fitted["median_error"].median():.2f} along the curve,
    against bounds above {np.floor(well_fitted["bound"].min()):.0f}. After a ninth of their training the median error is
    {early["median_error"].median():.2f}, and the percentile of the log volume ranges from {early["log_volume_input"].min():.0f}
    to {early["log_volume_input"].max():.0f}.
    """
)

# %%
fold(
    "All measures, with their ranges over networks",
    "**Median percentile at the forced point, with the least and the largest.**\n\n"
    + report.percentile_table(
        {"circle": rings, "rotated digits": well_fitted, "after a ninth of the training": early}
    ),
)

# %% [markdown]
# ## Do straight paths leave the data?
#
# Data with a hole have another consequence (arXiv 1901.08553): the straight path between two codes may lead through the hole. On a circle it must. A path from neighbour to neighbour among the training codes goes round. We join the codes of test images in both ways, decode, and take the distance to the fifth nearest training image at the worst place.

# %%
for name in parse_names(path_runs):
    for member in tournament.members_at(read(name), [2, 8]):
        paths = topology.interpolations(name, member.latent_dim)
        across = paths[paths["across"]]
        better = (paths["graph"] < paths["straight"]).groupby(paths["across"]).mean()
        say(
            f"""
            - In `{name}` at $d$ = {member.latent_dim}, {(paths["straight"] > paths["limit"]).mean():.0%} of the straight paths leave
              the data, that is the distance that 1 % of the training images exceed ({paths["limit"][0]:.1f}); the median worst
              distance across classes is {across["straight"].median():.2f}. The path along neighbours is nearer for {better[True]:.0%} of
              the pairs across classes and for {better[False]:.0%} of those within.
            """
        )

# %% [markdown]
# In the default runs we find no hole: the decoder fills the gaps between classes with blurred images near the training images, so a detour gains little. The advantage expected of it, nearer in three of four pairs across classes, is not there.

# %% [markdown]
# ## What to take away
#
# - Here the paper's idea works as it says: the geometry of the network alone points to its failure. On the digits distances to the training images do not.
# - It is the size of the core that works, through $\log|\omega|$ and its relatives. The trace follows where its sign happens to be positive.
#
# Caveat: these are closed curves with one latent number, and networks that fit them. On ordinary test images [neighbour distances win](predictors).
