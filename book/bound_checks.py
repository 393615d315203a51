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
# # Checks of the bounds
#
# The [statements](proofs) behind the pages on [geometry](geometry) and [bounds](bounds) are checked on trained networks: point by point, in double precision, up to rounding. This page shows what was checked, and how tight each bound is.

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits"]  # the first with networks is shown

# %%
import pandas as pd
import torch

from lib.analysis.bound_checks import bound_checks, check_totals, points_and_anchors
from lib.geometry import bounds, jacobians, spectra
from lib.report import bound_checks as report
from lib.report import diagrams, layout, style
from lib.report.output import fold, say, show_figure, show_table
from lib.runs import first_trainable, member, piecewise_affine, read
from lib.runs.specification import reference_members
from lib.training import toys

style.use_style()

# %%
run = read(first_trainable(piecewise_affine(runs)))
rows = layout.by_run({name: bound_checks(name) for name in piecewise_affine(runs)})
totals = check_totals(rows)
of_statement = rows.groupby("statement")
applies, largest = of_statement["applies"].sum(), of_statement["largest_error"].max()
x, anchors = points_and_anchors(run.load_dataset())
pairs = {}
for one in reference_members(run):
    pair = member(run.name, one.depth, one.latent_dim, one.seed)
    pairs[one.latent_dim] = tuple(module.double() for module in pair)

# %%
tight = rows.groupby("statement")["tightness_median"]
say(f"""
> **In brief.** The statements were checked {totals["checks"]:,} times, with {totals["violations"]:,} violations. The distance from the decoder's tangent plane is at least {tight.min()["tangent plane"]:.2f} of the error, in the median. The bound by the trace reaches at most {tight.max()["trace"]:.2f} of the growth that it bounds, in the median.
""")

# %%
say(f"""
These are {totals["statements"]} statements, each at the pairs of a point and a network where it applies and can be afforded, of {totals["pairs"]:,} pairs in all. The networks are those of depth {run.table_depth} and of one seed at a few $d$. The points are all points of a run, or its test points if it has more than 10,000; the anchor is the nearest other training point. `python -m lib bounds NAME` prints the checks of one run.
""")

# %% [markdown]
# ## Identities

# %%
show_table(
    report.check_summary(rows, "identities"),
    name="tab-identities",
    caption="Statements that two quantities are equal: violations among all checks, and the largest difference.",
)
simulated = rows[rows["statement"] == "Stein, z-score"]
say(f"""
The core identity compares both sides at $t=2$, as logarithms. The certified radius is checked along the gradient of the unit that decides it: a step of 0.999 times the radius must flip no unit, and one of 1.001 times must flip one. The averages over a neighbourhood are exact, over steps along all axes. Statements with $N\\times N$ matrices are left out for $N>100$.

[Stein's identity](#thm-stein) is checked by simulation, at {int(simulated["applies"].sum())} points in all. The largest difference is {largest["Stein, z-score"]:.1f} standard errors; five are allowed.
""")

# %% [markdown]
# ## Bounds on the residual

# %%
show_table(
    report.check_summary(rows, "residual"),
    name="tab-residual-bounds",
    caption="Bounds on the residual or its change: violations, and the median of bound / actual, from the lowest to the highest of the networks. A lower bound is at most 1, an upper bound at least 1; 1 is sharp.",
)

# %% [markdown]
# The eigenvalues with the true correction (*Schur form*) enclose the change of the residual. With the departure from normality in its place (*departure, lower*) little or nothing is left.
#
# ## Bounds on averages and traces

# %%
show_table(
    report.check_summary(rows, "gain"),
    name="tab-average-bounds",
    caption="Bounds on the growth of the average error, on its parts, and on the difference of the two traces; columns as above.",
)
unmet = dict.fromkeys(name.split(",")[0] for name in applies.index[applies == 0])
say(f"""
*Shrinking* means that all eigenvalues lie in $(0,1]$, which they do at {int(applies["shrinking"]):,} pairs. Of its chain of inequalities only the outermost is checked. {f"No point meets the assumption of: {', '.join(unmet)}." if unmet else ""}
""")
for name, of_run in rows.groupby("run"):
    fold(f"All statements on the run <code>{name}</code>, by d", report.checks_by_dim(of_run))

# %%
say("""
In the folded tables brackets hold a looser ratio: 95 % of the points have at least it for a lower bound, at most it for an upper one. *No bound*: vacuous at most points. Rows of identities show the largest error. *Flipped units* says more than that a $d\\times d$ matrix has rank at most $d$ only where fewer than $d$ units flip.
""")

# %% [markdown]
# ## Six bounds, point by point

# %%
d = sorted(pairs)[len(pairs) // 2]
shown = ["normal part", "tangent plane", "Schur form, lower", "two-sided, upper"]
shown += ["second application, lower", "second application, upper"]
found = {one.name: one for one in bounds.evaluate(*pairs[d], x[-500:], anchors[-500:])}
some = [found[name] for name in shown]
show_figure(
    [report.bound_against_actual(one, run=run.name, latent_dim=d) for one in some],
    name="fig-bounds",
    caption=f"Six bounds against the values they bound, at {len(x[-500:]):,} points of the run `{run.name}`, $d$ = {d}. Dots: lower bounds; squares: upper bounds; triangles, counted in the title: points above the panel. On the line both are equal.",
    alt=f"Six panels. The lower bounds lie below the diagonal, at {', '.join(f'{float(one.tightness.median()):.2f}' for one in some if one.kind == 'lower')} of the actual value in the median; the upper bounds lie above it, at {' and '.join(f'{float(one.tightness.median()):.1f}' for one in some if one.kind == 'upper')}.",
)

# %% [markdown]
# ## How far from normal
#
# [Orthogonal eigenvectors](#thm-orthogonal) belong to normal matrices. Henrici's departure is 0 for a normal matrix, and at most the Frobenius norm.

# %%
departures, diagonalisable, together = {}, 0, 0
for d, pair in pairs.items():
    form = bounds.secant(*pair, x[-500:], anchors[-500:])
    oblique = form.oblique.square().sum(dim=(1, 2)) / form.departure.square()
    diagonalisable += int((torch.linalg.cond(torch.linalg.eig(form.core).eigenvectors) < 1e8).sum())
    together += int((bounds.flipped_units(torch.nn.Sequential(*pair[0], *pair[1]), x, anchors) == 0).sum())
    departures[d] = [float(one.median()) for one in (form.departure / form.frobenius, oblique)]

# %%
cells = [[d, *(f"{value:.2f}" for value in values)] for d, values in departures.items()]
show_table(
    layout.markdown(["$d$", "departure / Frobenius norm", "share of obliqueness in its square"], cells),
    name="tab-departure",
    caption=f"The secant Jacobians of the run `{run.name}`, medians over {len(x[-500:])} points.",
)

# %%
least = 100 * min(share for _, share in departures.values())
matrices = len(x[-500:]) * len(pairs)
say(f"""
{"Each" if diagonalisable == matrices else f"{diagonalisable:,}"} of the {matrices:,} matrices $K_Q$ {"has" if diagonalisable == matrices else "have"} a basis of eigenvectors (of a condition number below $10^8$), though not an orthonormal one. Of all pairs of a point and its anchor, {together or "none"} {"shares" if together == 1 else "share"} a region.

At least {least:.0f} % of the squared departure is obliqueness, in the median. The figure shows it in the network of the plane. The Jacobian flattens the circle to a segment and deletes a direction that is not at right angles to it: the encoder reads another part of an image than the decoder writes.
""")

# %%
data = toys.arc()
toy = toys.plane_autoencoder(data)
form = bounds.secant(*toy, data, data)
most = int((form.departure / form.frobenius).argmax())
unit = torch.eye(2).double().expand(len(data), 2, 2)
show_figure(
    diagrams.oblique(form.second(form.first(unit))[most].numpy()),
    name="fig-oblique",
    caption="The Jacobian of the [network of the plane](#fig-plane) at the data point at which it is farthest from normal.",
    alt="The unit circle and a straight segment through its centre, which is its image. The dashed line of the deleted direction differs by a wide angle from the dotted line at right angles to the image.",
)

# %% [markdown]
# In a network with one layer of ReLUs, [tied weights](#prop-tied) make the secant Jacobian normal. Such a network, trained on the same data, meets the assumption everywhere.

# %%
tied = toys.tied_autoencoder(run.load_dataset().train.images.double(), 10)
form = bounds.secant(*tied, x, anchors)
orthogonal = [one for one in bounds.BETWEEN if "orthogonal" in one.__name__]
found = pd.DataFrame(bounds.statement_table([one(form) for one in orthogonal]))
show_table(
    report.check_summary(found, "orthogonal"),
    name="tab-tied",
    caption=f"Orthogonal eigenvectors, checked on tied weights at {len(x):,} points of the run `{run.name}`, $d$ = 10. Of the identity: the largest difference.",
)

# %% [markdown]
# ## Fixed points and coordinates

# %%
true = 0
for pair in pairs.values():
    fixed = bounds.fixed_points(bounds.local(*pair, x))[0]
    true += int((bounds.flipped_units(torch.nn.Sequential(*pair[0], *pair[1]), x, fixed) == 0).sum())
say(f"""
If the [virtual fixed point](#prop-fixed) of the piece at $x$ lies in this piece, it is a fixed point of $f$. It does so at {true:,} of {len(x) * len(pairs):,} pairs of a point and a network of the run `{run.name}`.
""")


# %%
class Pointwise(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


encoder, decoder = pairs[min(pairs)]
torch.manual_seed(0)
stretch, shrink = (torch.nn.Linear(min(pairs), min(pairs), dtype=torch.float64) for _ in range(2))
with torch.no_grad():
    shrink.weight.copy_(torch.linalg.inv(stretch.weight))
    shrink.bias.copy_(-shrink.weight @ stretch.bias)
chosen = {"affine": (stretch, shrink), "sinh": (Pointwise(torch.sinh), Pointwise(torch.asinh))}

# %%
test = run.load_dataset().test.images.double()
before, cells = jacobians.cores(encoder, decoder, test), []
for name, (there, back) in chosen.items():
    pair = torch.nn.Sequential(*encoder, there), torch.nn.Sequential(back, *decoder)
    after = jacobians.cores(*pair, test)
    sides = (after.input, before.input), (after.latent, before.latent)
    changes = [float((spectra.trace(new) - spectra.trace(old)).abs().max()) for new, old in sides]
    cells.append([name, *(f"{change:.1g}" for change in changes)])
show_table(
    layout.markdown(["change of coordinates", "trace of J_I", "trace of J_L"], cells),
    name="tab-coordinates",
    caption=f"The largest changes of the traces at test points of the run `{run.name}`, $d$ = {min(pairs)}, under a random affine map of the latent space and under $z\\mapsto\\sinh z$ ([statement](#prop-coordinates)).",
)

# %% [markdown]
# ## What to take away
#
# A statement without a row on this page is proved and not checked: the [no-go](#prop-no-go), the [regions](#lem-regions) and the [perfect round trip](#prop-perfect). Checks cannot replace proofs. They show that the code computes the quantities that the theorems are about, and which bounds are worth using.
