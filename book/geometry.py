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
# # Geometry: two Jacobians, one small matrix
#
# Every eigenvalue in this book comes from one of two small matrices. This page defines them, shows why the large Jacobian need never be formed, and says where the two differ. The proofs are in the [appendix](proofs).

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits"]  # the first with networks is shown
explicit_points: int = 20  # points whose N x N Jacobian is formed

# %%
import torch
from torch.autograd.functional import jacobian

from lib.geometry import bounds, jacobians, spectra
from lib.report import diagrams, style
from lib.report.layout import markdown
from lib.report.output import say, show_figure, show_table
from lib.runs import first_trainable, member, piecewise_affine, read
from lib.training import toys

style.use_style()

# %%
say(r"""
> **In brief.** The Jacobian $J_I$ of an autoencoder is a large matrix, $N\times N$. Its spectrum is that of a small one, the $d\times d$ core, and zeros. The Jacobian $J_L$ of the latent round trip differs from the core only through ReLU units that switch between a point and its reconstruction. If nothing were lost, every eigenvalue of these two small matrices would be 1.
""")

# %% [markdown]
# ## What is measured
#
# A *core* $K=AB$ belongs to every point $x$. The *trace* is the sum of its eigenvalues, the *volume form* $\omega$ their product, and $\log\lvert\omega\rvert$ the *log volume*. Their *arithmetic mean* is $\operatorname{tr}K/d$ and their *geometric mean* $\lvert\omega\rvert^{1/d}$. Orientation is *reversed* where $\omega<0$. The same words apply to $J_L$.
#
# Complex eigenvalues come in conjugate pairs, so the trace is real. To such a pair belongs a plane that the matrix turns, in suitable coordinates, by the *angle of rotation* $\lvert\arg\lambda\rvert$. A negative eigenvalue has the angle $\pi$.

# %%
symbols = {
    "$N$, $d$": "dimensions of the input space $I$ and of the latent space $L$, $d<N$",
    "$n$": "depth: the number of affine layers of the encoder",
    "$E$, $D$": r"encoder $I\to L$, decoder $L\to I$",
    r"$f=D\circ E$, $g=E\circ D$": "the autoencoder, and the round trip of the latent space",
    "$x$, $f(x)$, $r(x)=f(x)-x$": "a point, its reconstruction, its residual",
    "$A=J_E(x)$, $B=J_D(E(x))$": r"Jacobians of encoder and decoder, $d\times N$ and $N\times d$",
    "$J_I=BA$": r"Jacobian of $f$ at $x$, $N\times N$",
    "$K=AB$": r"the core of $J_I$, $d\times d$",
    r"$J_L=J_E(f(x))\,B$": r"Jacobian of $g$ at $E(x)$, $d\times d$",
    r"$\lambda_1,\dots,\lambda_d$": "eigenvalues of $K$, or of $J_L$",
    r"$\operatorname{tr}$, $\omega$": "their sum and their product: trace and volume form",
}

# %%
body = markdown(["symbol", "meaning"], symbols.items(), left=2)
show_table(body, name="tab-symbols", caption="The symbols of the pages on theory.")

# %% [markdown]
# The squared error is $N\cdot\mathrm{MSE}(x)=\lvert r(x)\rvert^2$. A ReLU network is piecewise affine and has a Jacobian wherever no unit's input is exactly 0. For an input of exactly 0 we follow automatic differentiation and take the slope 0.
#
# ## A network that can be seen
#
# With two inputs and one latent number we can draw the whole network. Its data are points scattered about three quarters of a circle; encoder and decoder have one hidden layer of ten ReLUs each. The core is a single number $\lambda$.

# %%
data = toys.arc()
toy = toys.plane_autoencoder(data)
show_figure(
    diagrams.plane(toys.field(toy), toys.decoded_curve(toy, data), data.numpy()),
    name="fig-plane",
    caption=r"A network of the plane. First the error, then the eigenvalue $\lambda$ of the core, white where it is 1 and hatched where it is negative. Thin lines are where a ReLU switches.",
    alt="Two maps of a square cut into polygons by thin lines, with a ring of data points and a bent line through them. The error is small along the ring and large in its opening. The eigenvalue is constant in each polygon, near 1 along most of the ring and of both signs at one end and away from it.",
)

# %% [markdown]
# Between the thin lines, in the [regions](#lem-regions), the network is affine: there $\lambda$ is constant while the error varies. Along most of the data $\lambda$ is near 1. At one end of the ring and in its opening, where there are no data, it takes values of both signs.
#
# ## The spectrum of $J_I$ is that of its core
#
# By the [spectral identity](#prop-spectrum), $J_I=BA$ has the eigenvalues of $K=AB$ and $N-d$ further zeros:
#
# $$\det(tI_N-BA)=t^{\,N-d}\det(tI_d-AB)$$
#
# The core describes $J_I$ along the decoded manifold, the set of all images that the decoder can make. Along it, $f$ scales $d$-dimensional volume by $\lvert\omega\rvert$ and mirrors it if $\omega<0$. An eigenvector of $J_I$ for an eigenvalue other than 0 is tangent to it.
#
# If the round trip $g$ is the identity near a code $z$, [all eigenvalues are 1](#prop-perfect): those of $J_L$ at $z$, and those of the core at the image $D(z)$. So a trained network is measured against 1, and $\log\lvert\omega\rvert<0$ says that the round trip loses volume.

# %%
run = read(first_trainable(piecewise_affine(runs)))
test, pairs = run.load_dataset().test.images.double(), {}
for d in sorted({min(run.latent_dims), max(run.latent_dims)}):
    pair = member(run.name, run.table_depth, d, run.seeds[0])
    pairs[d] = tuple(module.double() for module in pair)


# %% tags=["show-input"]
def difference(encoder, decoder, x):
    """How far the spectrum of J_I, formed whole, is from the core's."""
    f = torch.nn.Sequential(encoder, decoder)
    whole = torch.stack([jacobian(f, point) for point in x])  # (points, N, N)
    core = jacobians.cores(encoder, decoder, x).input  # (points, d, d)
    leading = spectra.eigenvalues(whole)[:, : core.shape[1]]
    return spectra.paired_distance(leading, spectra.eigenvalues(core), p=1)


some = test[:explicit_points]
largest = max(difference(*pair, some).max() for pair in pairs.values())

# %%
say(f"""
We formed the whole of $J_I$ at {len(some)} test points of the run `{run.name}`, for the networks with the smallest and the largest $d$ at depth {run.table_depth}. The sum of the differences between its leading eigenvalues and those of the core is at most {largest:.0e}: rounding. No other page needs such a matrix. [How fast the core is](performance) is a page of its own.
""")

# %% [markdown]
# Caveat: if fewer than $d$ units of a hidden layer are active, [$\omega$ is exactly 0](#rem-singular), although floating point gives some tiny number. The library counts active units and marks such points as singular.
#
# ## How $J_L$ differs from the core
#
# $K$ and $J_L$ share the factor $B$. They differ in where the encoder's Jacobian is taken: at $x$, or at its reconstruction $f(x)$. Only ReLU units that are active at exactly one of the two points make a difference, and [the rank of $J_L-K$](#prop-flipped) is at most their number.

# %%
encoder, decoder = pairs[max(pairs)]
both = jacobians.cores(encoder, decoder, test[:1])
of_core, of_latent = (spectra.eigenvalues(one) for one in (both.input, both.latent))
gap = float(spectra.paired_distance(of_core, of_latent, p=1)) / max(pairs)
show_figure(
    diagrams.complex_plane(of_core[0].numpy(), of_latent[0].numpy()),
    name="fig-complex-plane",
    caption=f"The eigenvalues of the core of $J_I$ (squares) and of $J_L$ (dots) at the first test point, run `{run.name}`, $d$ = {max(pairs)}. All would lie at the cross if nothing were lost.",
    alt=f"Two sets of eigenvalues in the complex plane, each symmetric about the real axis. Paired with each other, squares and dots are {gap:.2f} apart in the mean.",
)

# %%
flips = {d: bounds.flipped_units(pair[0], test, pair[1](pair[0](test))) for d, pair in pairs.items()}
told = " and ".join(f"{int(count.median())} units at $d$ = {d}" for d, count in flips.items())
say(f"""
The better $f(x)$ reproduces $x$, the fewer units tend to switch. In the run `{run.name}` the median test point switches {told}.

There is a second difference. The spectrum of $J_I$ belongs to the function $f$. That of $J_L$ belongs also to the coordinates of the latent space: it survives every affine change of them, but [not a curved one](#prop-coordinates).
""")

# %% [markdown]
# ## What to take away
#
# One $d\times d$ matrix per point carries all eigenvalues of the large Jacobian that are not forced to be 0. A second one carries those of the latent round trip. The rest of the book measures these two. Whether they can bound an error is the question of [the next page](bounds).
