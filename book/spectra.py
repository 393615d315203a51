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
# # What the spectra look like
#
# An autoencoder has [two Jacobians](geometry) at a point $x$: $J_I$, of $D\circ E$ on the input space, and $J_L$, of $E\circ D$ on the latent space. This page remakes the paper's Figures 2 to 7, which describe their eigenvalues.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "digits"]  # runs to show, side by side
seed_runs: list[str] = ["mnist", "mnist-seeds"]  # alike but for the seeds

# %%
from lib.analysis import comparisons, evidence, intervals
from lib.measures.regression import CLASS_ONE
from lib.report import claims as claims_report, spectra as report, style
from lib.report.layout import table
from lib.report.output import say, show_figure, show_table
from lib.runs import evenly_spaced, first_trainable, parse_names, read, summary

style.use_style()
summaries = {name: summary(name) for name in parse_names(runs)}
name, shown = next(iter(summaries.items()))
depth = shown.run.table_depth

# %%
d = max(evidence.intact_dims(shown) or shown.run.latent_dims)
distance = evidence.statistics(shown, "distance_l1").set_index("latent_dim")["median"]
means = evidence.statistics(shown, "arithmetic_mean", space="latent").set_index("latent_dim")["median"]
least_d, lost = min(distance.index), len(evidence.lost_directions(shown))
trainable, control = read(first_trainable(runs)), None
if not trainable.committed:
    control = comparisons.pairing_control(trainable.name, evenly_spaced(trainable.latent_dims, 4))
    first, last = (control.iloc[place] for place in (0, -1))

# %%
paired = ""
if control is not None and last["other"] < first["other"]:
    paired = f" Part of this is the pairing: in `{trainable.name}` the spectra of two different points come closer, too."
closer = "come closer" if distance[d] < distance[least_d] else "do not come closer"
say(f"""> **In brief.** In `{name}`, at depth {depth}, the two spectra {closer} as $d$ grows: paired eigenvalues are
> {distance[least_d]:.2f} apart at $d$ = {least_d} and {distance[d]:.2f} at $d$ = {d}.{paired} Exact reproduction of a
> $d$-dimensional surface would make all eigenvalues 1; their mean there is {means[d]:.2f}. {lost or "None"} of the {len(shown.members)} networks have lost a direction of their latent space.""")

# %%
say(claims_report.verdict_line(summaries, "spectra"))

# %% [markdown]
# ## How near are the two spectra
#
# If $x$ were reproduced exactly, the non-zero eigenvalues of the two Jacobians would coincide. We pair the $d$ eigenvalues of each so that their total distance is smallest, and divide this distance by $d$.
#
# > **Our assumption.** The paper does not say how it pairs eigenvalues. Pairing by size would mispair a few percent of the points, so we use optimal assignment.

# %%
show_figure(
    map(report.spectral_distance, summaries.values()),
    name="fig-spectral-distance",
    caption="""The mean distance of paired eigenvalues of $J_I$ and $J_L$ ($L^1$ norm divided by $d$), by depth $n$
    (the paper's Figure 2, without the $L^2$ norm). Lines: medians over all points. Bands: the middle half of the points.""",
    alt="In the default runs the median distance is much smaller at the largest d than at the smallest, at every depth; it falls almost steadily on MNIST and unevenly on the digits.",
)

# %%
if control is not None:
    say(f"""Among more eigenvalues there is nearly always a near one. So, as a control, we pair $J_I$ at a test point with $J_L$ at
    another, drawn at random. In `{trainable.name}` at $d$ = {first["latent_dim"]:.0f} these are {first["other"]:.2f} apart, against
    {first["same"]:.2f} at the same point.

    At $d$ = {last["latent_dim"]:.0f} the two numbers are {last["other"]:.2f} and {last["same"]:.2f}: relative to the control the
    spectra of a point come {"hardly closer" if last["same"] / last["other"] > 0.75 * first["same"] / first["other"] else "closer"}.""")

# %% [markdown]
# The paper also draws the $L^2$ norm. Divided by $d$ it falls like $1/\sqrt d$ even if every eigenvalue moves as far as before.
#
# The two spectra differ only through encoder units that are active at $x$ but not at $f(x)$, or the reverse ([proof](proofs)). The better $f(x)$ reproduces $x$, the fewer such units there tend to be.
#
# ## Where the eigenvalues point
#
# A complex eigenvalue rotates a plane by its argument. A negative one reverses a direction.

# %%
show_figure(
    map(report.argument_distribution, summaries.values()),
    name="fig-arguments",
    caption=f"""The angles of rotation, $|\\arg\\lambda|$, of all eigenvalues, pooled over $d$ and all points: $J_L$ by depth, $J_I$ at depth {depth}
    (the paper's Figure 3). Bins of five degrees; logarithmic axis.""",
    alt="In the default runs the shares fall steeply from angle zero, with a small peak at 180 degrees, the negative real axis.",
)

# %%
shares = evidence.rotation_shares(shown, "latent", depth)
near = shares[shares.index <= 5].sum()
most = "Most" if near > 0.5 else "Fewer than half of the"
say(f"""{most} eigenvalues of $J_L$ hardly rotate: in `{name}`, {100 * near:.0f} % lie within 7.5° of the positive real axis,
and {100 * shares[180]:.2g} % on or next to the negative one.""")

# %% [markdown]
# ## The means
#
# If a network reproduced exactly data that fill a $d$-dimensional surface, all $d$ eigenvalues at a data point would be 1. Their arithmetic mean is the trace divided by $d$. Their geometric mean, $|\omega|^{1/d}$, is the change of volume per dimension; $\omega$ is the product of the eigenvalues. One eigenvalue near 0 pulls the geometric mean down on its own.
#
# > **Our assumption.** The product can be negative, and the paper does not say which root it takes. We take $|\omega|^{1/d}$, which is 0 where $\omega$ is.

# %%
for quantity, number in {"arithmetic": 4, "geometric": 5}.items():
    show_figure(
        [report.mean_eigenvalue(one, f"{quantity}_mean") for one in summaries.values()],
        name=f"fig-{quantity}-mean",
        caption=f"""The {quantity} mean of a point's eigenvalues (the paper's Figure {number}). Top: $J_L$ by depth and $J_I$ at depth {depth};
        medians, with the middle half of the points as bands. Bottom: medians by class, $J_L$ at depth {depth}.""",
        alt="""In the default run mnist the mean falls as d grows, fastest at depth 5, and class 1 lies far below the others; in digits
        it falls abruptly where directions are lost, and class 1 lies among the others.""",
    )

# %%
rows = evidence.statistics(shown, "arithmetic_mean", space="input").set_index("latent_dim")["median"]
apart, above = (rows - means).abs().max(), int((rows > means).sum())
say(f"""In `{name}` at depth {depth} the median of the arithmetic mean is {means[least_d]:.2f} at $d$ = {least_d}, and {means[d]:.2f} at $d$ = {d}.
The claim "near 1 at low $d$" allows 0.1 and is tested at the smallest $d$ only.

The medians of $J_I$ and $J_L$ differ by at most {apart:.2f}. That of $J_I$ is larger at {above} of {len(means)} values of $d$.""")

# %%
told = []
for one, every in summaries.items():
    top = max(evidence.intact_dims(every) or every.run.latent_dims)
    of_class = evidence.class_medians(every, "arithmetic_mean", top)
    if CLASS_ONE in of_class and len(of_class) > 1:
        own, others = of_class[CLASS_ONE], of_class.drop(CLASS_ONE)
        place = "below all" if own < others.min() else "above all" if own > others.max() else "among the"
        told.append(f"In `{one}` at $d$ = {top}, class 1 lies {place} other classes ({own:.2f}).")
say(" ".join(told) or "These data have no class 1 to compare.")

# %% [markdown]
# ## Lost directions
#
# An eigenvalue near 0 is a direction of the latent space that does not survive the round trip. A network has *lost* $k$ directions if at least 97.5 % of the points have $k$ or more eigenvalues of $J_L$ with $|\lambda|<0.1$. It then uses fewer dimensions than its $d$ says, and its numbers reflect its training.

# %%
show_figure(
    map(report.lost_strip, summaries.values()),
    name="fig-lost-directions",
    caption="Networks that have lost latent directions, by depth $n$ and latent dimension: the number lost (the most of any seed). Light: none; blank: no network.",
    alt="; ".join(
        f"in {one}, {len(evidence.lost_directions(every)) or 'none'} of {len(every.members)} networks have lost a direction"
        for one, every in summaries.items()
    ),
)
say(claims_report.lost_sentence(summaries))

# %%
deepest = max(shown.run.depths)
part = {"space": "latent", "depth": deepest}
average, small = (
    evidence.statistics(shown, quantity, **part).set_index("latent_dim")["mean"]
    for quantity in ("arithmetic_mean", "small_eigenvalues")
)
top = max(average.index)
if small[top] >= 1:
    say(f"""Small eigenvalues explain part of the falling means. In `{name}` at depth {deepest} and $d$ = {top}, the mean eigenvalue is
    {average[top]:.2f}; averaged over all but the {small[top]:.1f} small eigenvalues per point, it would be about
    {average[top] * top / (top - small[top]):.2f} (counting these as 0).""")

# %%
show_figure(
    map(report.small_eigenvalues, summaries.values()),
    name="fig-small-eigenvalues",
    caption=f"""The mean number of eigenvalues of $J_L$ with $|\\lambda|<0.1$ per point (the paper's Figure 6). Top: by depth. Bottom: by class, at depth {depth}.""",
    alt="In the default runs small eigenvalues are most at depth 5 and large d. On MNIST most are in class 1; on the digits they pile up where directions are lost.",
)

# %%
counts = evidence.statistics(shown, "small_eigenvalues", space="latent").set_index("latent_dim")["mean"]
worst = counts.idxmax()
rest = counts.drop(worst).max()
elsewhere = f", and at most {rest:.2f} at any other $d$" if len(counts) > 1 else ""
say(f"""In `{name}` at depth {depth} a point has on average most small eigenvalues at $d$ = {worst}: {counts[worst]:.2f}{elsewhere}.
The paper has very few outside class 1, and at most two in class 1.""")

# %% [markdown]
# ### Does it depend on the seed?

# %%
seeded_names = parse_names(seed_runs)
seeded = comparisons.lost_by_seed([summary(one) for one in seeded_names])
top = seeded["latent_dim"].max()
at_top, lower = seeded[seeded["latent_dim"] == top], seeded[seeded["latent_dim"] < top]
small = [("small eigenvalues", "{all:.2f}"), ("class 1", "{class_one:.2f}"), ("next class", "{others:.2f}")]
show_table(
    table(at_top, [("seed", "{seed}"), ("directions lost", "{lost}"), *small]),
    name="tab-lost-by-seed",
    caption=f"""Networks that differ only by their seed: `{seeded_names[0]}` at $d$ = {top}. Last three columns: mean number of small eigenvalues per point,
    of all points, of class 1, and of the other class with most.""",
)

# %%
losing, at_lower = int((at_top["lost"] > 0).sum()), int((lower["lost"] > 0).sum())
dims = ", ".join(map(str, sorted(lower["latent_dim"].unique())))
sentences = [f"Of {len(at_top)} seeds, {losing or 'none'} lost a direction at $d$ = {top}."]
if len(lower):
    sentences.append(f"At $d$ = {dims}, {at_lower or 'none'} of {len(lower)} networks did.")
if 0 < losing < len(at_top) and not at_lower:
    sentences.append(f"Which network loses one looks like chance; that some do at $d$ = {top} does not.")
if at_top["others"].lt(1).nunique() > 1:
    sentences.append(
        'Whether every other class has fewer than one small eigenvalue per point, our test of "very few", depends on the seed.'
    )
say(" ".join(sentences))

# %% [markdown]
# ## Orientation
#
# Where $\omega<0$ the round trip mirrors the latent space: a small left-handed frame comes back right-handed.
#
# > **Our assumption.** The caption of the paper's Figure 7 is misprinted: it compares train points with train points. One of the two must be test points. We test both readings; each is the opposite of the other, so the two entries in the [list of claims](claims) are one question.

# %%
show_figure(
    map(report.orientation, summaries.values()),
    name="fig-orientation",
    caption=f"""Top: the share of points where orientation is reversed ($\\omega<0$); below 0.1 % the axis is linear. Bottom: the share of test points less that of
    train points, $J_L$ at depth {depth}, with 95 % intervals over the points of one network (the paper's Figure 7).""",
    alt="In the default runs the share reversed is a few percent or less at most d, more at the smallest d and where many eigenvalues are small, and mostly larger for J_I than for J_L. Test and train points do not differ in a consistent direction; a few single intervals exclude zero.",
)

# %%
shares = {
    space: evidence.statistics(shown, "reversed", space=space).set_index("latent_dim")["mean"]
    for space in ("latent", "input")
}
rare = shares["latent"].loc[evidence.intact_dims(shown) or shares["latent"].index]
say(f"""In `{name}` at depth {depth}, $J_L$ reverses {100 * shares["latent"][least_d]:.2g} % of the points at $d$ = {least_d}. The smallest share is
{100 * rare.min():.2g} %, at $d$ = {rare.idxmin()}. An eigenvalue near 0 can have either sign, so the share means little where a direction is lost.""")

# %%
gap = 100 * evidence.reversal_gap(shown)["value"]
if len(gap) > 1:
    split = intervals.paired("", gap)
    found = "no difference" if split.low < 0 < split.high else "a difference"
    spaces = intervals.paired("", 100 * (shares["input"] - shares["latent"]))
    more = "larger" if spaces.estimate > 0 else "smaller"
    say(f"""On average over $d$ we detect {found} between test and train points: {split.estimate:+.2f} percentage points
    (95 % interval {split.low:+.2f} to {split.high:+.2f}).

    For $J_I$ the share is {more} than for $J_L$, by {abs(spaces.estimate):.2f} points on average (difference {spaces.low:+.2f} to {spaces.high:+.2f}).""")

# %% [markdown]
# ## What to take away
#
# In the default runs paired eigenvalues of the two Jacobians lie close together at large $d$. But on the digits, where we can compare, so do, nearly as much, those of $J_I$ and of $J_L$ at another point: most of the fall with $d$ is the pairing there. Where reconstruction is poor, findings about $J_L$ need not carry over to $J_I$.
#
# The mean eigenvalue says how much of a small step in the latent space survives the round trip. Its fall with $d$ differs between runs and depths, and small eigenvalues are part of it: the fall is no property of autoencoders as such.
#
# If small eigenvalues pile up at a single $d$, train another seed before you blame the settings or the data. If they do so at one depth from some $d$ on, networks of that depth may not be trainable to use so many directions. Counting lost directions takes one pass over some points and no labels. Finding reversed points takes no reference data either; each has a negative real eigenvalue, far from the 1 of an exact autoencoder.
#
# Caveat: the intervals cover variation between images, or between values of $d$, not between seeds.
