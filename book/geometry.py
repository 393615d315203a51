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
# This page defines what the book measures. It proves that the large Jacobian $J_I$ need never be formed, says exactly where the other one, $J_L$, differs, and checks both statements on trained networks.
#
# | symbol | what it is |
# | :-- | :-- |
# | $N$, $d$ | dimensions of the input space $I$ and of the latent space $L$, $d<N$ |
# | $n$ | depth: the number of affine layers of the encoder |
# | $E$, $D$ | encoder $I\to L$, decoder $L\to I$ |
# | $f=D\circ E$, $g=E\circ D$ | the autoencoder, and the round trip of the latent space |
# | $x$, $f(x)$, $r(x)=f(x)-x$ | a point, its reconstruction, its residual; $N\cdot\mathrm{MSE}(x)=\lvert r(x)\rvert^2$ |
# | $A=J_E(x)$, $B=J_D(E(x))$ | Jacobians of the two maps, $d\times N$ and $N\times d$ |
# | $J_I=BA$ | Jacobian of $f$ at $x$, $N\times N$ |
# | $K=AB$ | the **core** of $J_I$, $d\times d$ |
# | $J_L=J_E(f(x))\,B$ | Jacobian of $g$ at $E(x)$, $d\times d$ |
# | $\lambda_1,\dots,\lambda_d$ | eigenvalues of $K$, or of $J_L$ |
# | $\operatorname{tr}$, $\omega$ | their sum and their product: the trace and the volume form |
#
# A ReLU network is piecewise affine. It has a Jacobian everywhere but where a unit's input is exactly 0; there, as automatic differentiation does, we give the unit the slope 0.
#
# :::{prf:definition} Core, trace, volume form, orientation
# :label: def-core
# Let $x\in I$, $A=J_E(x)$ and $B=J_D(E(x))$. The *core* of the autoencoder at $x$ is $K=AB$. Its *trace* is $\operatorname{tr}K=\sum_i\lambda_i$, its *volume form* $\omega=\det K=\prod_i\lambda_i$, and $\log\lvert\omega\rvert$ its *log volume*.
# The *arithmetic mean* of the eigenvalues is $\operatorname{tr}K/d$, their *geometric mean* $\lvert\omega\rvert^{1/d}$. Orientation is *reversed* at $x$ where $\omega<0$. All these words are used of $J_L$, too.
# :::
#
# The arithmetic mean is real although eigenvalues need not be: complex ones come in conjugate pairs $\rho e^{\pm i\theta}$. To such a pair belongs a plane that the matrix maps to itself, by a scaling with $\rho$ and,
# in suitable coordinates, a turn by the *angle of rotation* $\theta=\lvert\arg\lambda\rvert$. A negative real eigenvalue has $\theta=\pi$.
#
# ## A network that can be seen
#
# In the plane, $N=2$, a network with one latent number can be looked at whole.
#
# :::{prf:remark} The network of the plane
# :label: rem-plane
# Its data are points scattered about three quarters of a circle. Encoder and decoder have one hidden layer of ten ReLUs each. The core is a single number $\lambda$, at once trace and volume form.
# :::

# %% mystnb={"image": {"alt": "Two maps of a square cut into polygons by thin lines, with a ring of data points and a bent line through them. Left, the error, small along the ring and large in the opening; right, the eigenvalue, constant in each polygon, near one along the ring and of both signs in the opening."}}
from lib.report import diagrams, style
from lib.training import toys

style.use_style()
data = toys.arc()
toy = toys.plane_autoencoder(data)
curve = toys.decoded_curve(toy, data)
diagrams.plane(toys.field(toy), curve, data.numpy())

# %% [markdown]
# Thin lines are where a unit changes sides. Between them, in the *regions*, the network is affine, and so $\lambda$ is constant there, while the error varies. Along the data $\lambda$ is near 1. In the opening of the ring, where there are no data, it takes values of both signs.
#
# :::{prf:lemma} Regions
# :label: lem-regions
# For a chain of affine maps and ReLUs and a choice of active units, the set of points at which exactly these units are active is convex. So if $x$ and $a$ share the pattern of all units of $E$ and $D$, then $f$ is affine on the segment between them and $J_I$ is constant there.
# :::
#
# :::{prf:proof}
# Follow the layers. Where the units of the layers before have the chosen pattern, what enters the units of a layer is an affine function of the point, and the chosen pattern of the layer restricts the point to an intersection of half-spaces. The set is the intersection over all layers.
# :::
#
# :::{prf:corollary} Certified radius
# :label: cor-radius
# Let $h_j$ be what enters unit $j$ of $E$ or $D$, and $\nabla h_j$ its gradient at $x$ on the region of $x$. No unit changes sides within the distance
#
# $$\rho(x)=\min_j\frac{\lvert h_j(x)\rvert}{\lvert\nabla h_j(x)\rvert}$$
#
# of $x$ (units with $\nabla h_j=0$ are left out).
# :::
#
# :::{prf:proof}
# Walk from $x$ to $y$, $\lvert y-x\rvert<\rho(x)$, up to the first point where a unit changes sides. Until there all $h_j$ are affine with these gradients, so $\lvert h_j(y)-h_j(x)\rvert\le\lvert\nabla h_j\rvert\,\lvert y-x\rvert<\lvert h_j(x)\rvert$: none has changed its sign.
# :::
#
# ## The spectrum of $J_I$ is that of its core
#
# :::{prf:proposition} Spectral identity
# :label: prop-spectrum
# For all matrices $A$ of size $d\times N$ and $B$ of size $N\times d$, $d\le N$,
#
# $$\det(tI_N-BA)=t^{\,N-d}\det(tI_d-AB).$$
#
# Hence $J_I=BA$ has the eigenvalues of $K=AB$ and $N-d$ zeros besides, $\operatorname{tr}J_I=\operatorname{tr}K$, and $\omega$ is the product of the $d$ eigenvalues of $J_I$ that are not forced to vanish.
# :::
#
# :::{prf:proof}
# For $t\ne0$, take the determinant of $\begin{pmatrix}tI_N&B\\A&I_d\end{pmatrix}$ by eliminating either diagonal block. Eliminating $I_d$ leaves $\det(tI_N-BA)$. Eliminating $tI_N$ leaves
# $t^N\det(I_d-t^{-1}AB)=t^{N-d}\det(tI_d-AB)$. Both sides are polynomials in $t$ that agree for all $t\neq0$, so they agree. The zeros of the left side are the eigenvalues of $J_I$, with multiplicity; the trace is their sum.
# This is classical {cite}`horn2012`.
# :::
#
# The core is more than a device for computing. By its definition $J_IB=BAB=BK$: the Jacobian of $f$ maps the image of $B$ to itself, and if $B$ has rank $d$, $K$ is the matrix of this map in the basis that the columns of $B$ form.
# The image of $B$ holds the directions in which $f(x)$ can move along the decoded manifold $D(L)$. So $\lvert\omega\rvert$ is the factor by which the Jacobian of $f$ scales $d$-dimensional volume along these directions,
# and the sign of $\omega$ says whether it mirrors them. If $Ku=\lambda u$ with $u\ne0$ and $\lambda\ne0$, then $Bu$ is an eigenvector of $J_I$ for $\lambda$, and is tangent to the decoded manifold.
#
# What should the eigenvalues be? Where nothing is lost, all of them are 1.
#
# :::{prf:proposition} The perfect round trip
# :label: prop-perfect
# If $g=E\circ D$ is the identity on an open set $U\subset L$, and $D$ is differentiable on $U$ and $E$ on $D(U)$, then $J_L=I_d$ at every $z\in U$, and $K=I_d$ at every $x\in D(U)$.
# :::
#
# :::{prf:proof}
# Differentiate $E(D(z))=z$: $J_E(D(z))\,J_D(z)=I_d$, which is $J_L$ at $z$. If $x=D(z)$, then $E(x)=z$, and $K=J_E(x)\,J_D(E(x))$ is the same product.
# :::
#
# So a trained network is measured against 1. Where $K\ne I_d$ at a point $D(z)$ that the decoder makes, the round trip is not exact in any neighbourhood of $z$; $\log\lvert\omega\rvert<0$ says that it loses volume.
#
# ## The identity on trained networks

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits"]  # the first with networks is shown
explicit_points: int = 20  # points whose N x N Jacobian is formed

# %%
from lib.runs import first_trainable, member, piecewise_affine, read

run = read(first_trainable(piecewise_affine(runs)))
test = run.load_dataset().test.images.double()
pairs = {}
for d in sorted({min(run.latent_dims), max(run.latent_dims)}):
    encoder, decoder = member(run.name, run.table_depth, d, run.seeds[0])
    pairs[d] = encoder.double(), decoder.double()

# %% [markdown]
# These are the networks of the smallest and of the largest $d$, at the depth of the tables, in double precision. For the first test points the whole of $J_I$ is formed, by automatic differentiation, and its spectrum is held against the core's.

# %%
import torch
from torch.autograd.functional import jacobian


def explicit_jacobian(encoder, decoder, points):
    f = torch.nn.Sequential(encoder, decoder)
    return torch.stack([jacobian(f, point) for point in points])


# %%
from lib.geometry import jacobians, spectra

x, errors = test[:explicit_points], {}
for d, pair in pairs.items():
    full, core = explicit_jacobian(*pair, x), jacobians.cores(*pair, x).input
    spectrum = spectra.eigenvalues(full)
    leading, others = spectrum[:, :d], spectrum[:, d:].abs()
    distance = spectra.paired_distance(leading, spectra.eigenvalues(core), p=1)
    trace = (spectra.trace(full) - spectra.trace(core)).abs()
    sound = spectra.conditioning(core) > 1e-9
    volume = (leading.prod(dim=1) / core.det() - 1).abs()[sound]
    errors[d] = [float(one.max()) for one in (distance, others, trace, volume)]

# %%
import pandas as pd

names = ["spectra", "other eigenvalues", "traces", "volume forms, relative"]
identity = pd.DataFrame(errors.values(), errors, names)
identity.rename_axis(columns="d").map("{:.0e}".format)

# %% tags=["remove-input"]
from myst_nb import glue

glue("shown_run", run.name, display=False)
glue("depth", int(run.table_depth), display=False)
glue("explicit", len(x), display=False)
glue("input_dim", int(x.shape[1]), display=False)
glue("smallest_d", int(min(pairs)), display=False)
glue("largest_d", int(max(pairs)), display=False)
glue("zeros", int(x.shape[1] - max(pairs)), display=False)
glue("identity_error", float(identity.to_numpy().max()), display=False)

# %% [markdown]
# The largest differences over {glue:text}`explicit:d` test points (run {glue:text}`shown_run:s`, depth {glue:text}`depth:d`, $N$ = {glue:text}`input_dim:d`): the $L^1$ distance of the $d$ leading eigenvalues of $J_I$ from those of $K$;
# the largest modulus of the other eigenvalues, {glue:text}`zeros:d` of them at $d$ = {glue:text}`largest_d:d`; the differences of the traces, and of the volume forms relative to their size (where the core is not singular up to rounding). The largest of all is {glue:text}`identity_error:.0e`: rounding. No later page needs such a matrix to find eigenvalues.
#
# ## How $J_L$ differs from the core
#
# $K$ and $J_L$ share the factor $B$. They differ in where the encoder's Jacobian is taken: at $x$, or at its reconstruction $f(x)$.
#
# :::{prf:proposition} Only flipped units matter
# :label: prop-flipped
# Let $E$ be a chain of affine maps and ReLUs, and let $\Delta=J_L-K=(J_E(f(x))-J_E(x))B$. Call a ReLU unit of the encoder *flipped* if it is active at one of $x$ and $f(x)$ and not at the other. If no unit is flipped, then $\Delta=0$, and $J_L$ and $K$ have the same eigenvalues.
# In general
#
# $$\operatorname{rank}\Delta\le\min(d,\text{ number of flipped units}).$$
# :::
#
# :::{prf:proof}
# Write $J_E(x)=W_nM_{n-1}W_{n-1}\cdots M_1W_1$ with weights $W_l$ and diagonal matrices $M_l$ that hold 1 for an active unit and 0 for another, and $J_E(f(x))$ in the same way with $M'_l$. Exchanging the $M_l$ for the $M'_l$ one layer after the other,
#
# $$J_E(f(x))-J_E(x)=\sum_{l=1}^{n-1}W_nM'_{n-1}\cdots W_{l+1}\,(M'_l-M_l)\,W_lM_{l-1}\cdots M_1W_1 .$$
#
# $M'_l-M_l$ has a non-zero entry, $1$ or $-1$, for each flipped unit of layer $l$, and no other. So the rank of the summand $l$ is at most their number. Ranks add at most, multiplication by $B$ does not raise them, and $\Delta$ has $d$ rows.
# :::
#
# The better $f(x)$ reproduces $x$, the fewer units tend to flip between the two. Here is one point, with the eigenvalues of both matrices.

# %% mystnb={"image": {"alt": "A part of the complex plane, with an arc of the unit circle through the value one. Hollow squares for the eigenvalues of the core and dots for those of the latent Jacobian, both symmetric about the real axis."}}
result = jacobians.cores(*pairs[max(pairs)], test[:1])
of_core = spectra.eigenvalues(result.input)[0].tolist()
of_latent = spectra.eigenvalues(result.latent)[0].tolist()
diagrams.complex_plane({"$K$": of_core, "$J_L$": of_latent})

# %% [markdown]
# The eigenvalues of the core (squares) and of $J_L$ (dots) at the first test point, for the largest $d$. The arc is part of the unit circle; the cross is the value 1, where all would lie if nothing were lost.
#
# How far apart can the two spectra be? For single eigenvalues the classical bounds carry the condition number of the eigenvectors (Bauer and Fike {cite}`bauer1960`), or powers $1/d$. For the traces there is a bound without either.
#
# :::{prf:proposition} The two traces
# :label: prop-traces
# With $B=QR$, $Q$ of orthonormal columns, and $\lVert\cdot\rVert_*$ the sum of the singular values,
#
# $$\lvert\operatorname{tr}J_L-\operatorname{tr}J_I\rvert\le\bigl\lVert R\,\bigl(J_E(f(x))-J_E(x)\bigr)\,Q\bigr\rVert_* .$$
# :::
#
# :::{prf:proof}
# The difference of the traces is $\operatorname{tr}\Delta=\operatorname{tr}\bigl((J_E(f(x))-J_E(x))\,QR\bigr)$, which is the trace of the matrix on the right. The modulus of a trace is at most the sum of the moduli of the eigenvalues, and this at most the sum of the singular values {cite}`weyl1949`.
# :::
#
# ## Volume, and the choice of coordinates
#
# :::{prf:proposition} What the volume form is made of
# :label: prop-volume
# Let $A$ and $B$ have rank $d$, let $\operatorname{vol}J_D=\sqrt{\det B^\top B}$ and $\operatorname{vol}J_E=\sqrt{\det AA^\top}$, and let $\theta_1,\dots,\theta_d$ be the principal angles between the row space of $A$ and the image of $B$. Then
#
# $$\lvert\omega\rvert=\operatorname{vol}J_D\cdot\operatorname{vol}J_E\cdot\prod_{i=1}^d\cos\theta_i .$$
# :::
#
# :::{prf:proof}
# Write $B=QR$ and $A^\top=PS$ with orthonormal columns in $P$ and $Q$. Then $K=S^\top P^\top QR$, $\lvert\det R\rvert=\operatorname{vol}J_D$, $\lvert\det S\rvert=\operatorname{vol}J_E$, and the singular values of $P^\top Q$ are the cosines of the principal angles, by definition.
# :::
#
# :::{prf:proposition} Coordinates of the latent space
# :label: prop-coordinates
# Let $\varphi:L\to L$ be a diffeomorphism. Replacing $E$ by $\varphi\circ E$ and $D$ by $D\circ\varphi^{-1}$ leaves $f$, $J_I$ and its spectrum as they are. $J_L$ at the code of $x$ becomes $J_\varphi(g(z))\,J_L\,J_\varphi(z)^{-1}$, $z=E(x)$; its spectrum stays for every affine $\varphi$, and in general not otherwise. $\operatorname{vol}J_D$ is divided by $\lvert\det J_\varphi(z)\rvert$: for an affine $\varphi$ with linear part $S$, by $\lvert\det S\rvert$.
# :::
#
# :::{prf:proof}
# $D\circ\varphi^{-1}\circ\varphi\circ E=f$. The new round trip is $\varphi\circ g\circ\varphi^{-1}$; apply the chain rule at $\varphi(z)$. For affine $\varphi$ the Jacobian $J_\varphi$ is constant and the two matrices are similar. $J_D$ is multiplied by $J_\varphi(z)^{-1}$ on the right, and $\det B^\top B$ by the square of its determinant.
# :::


# %%
class Curved(torch.nn.Module):
    def forward(self, z):
        return torch.sinh(z)


class Straightened(torch.nn.Module):
    def forward(self, z):
        return torch.asinh(z)


# %%
first, last = min(pairs), max(pairs)
encoder, decoder = pairs[first]
torch.manual_seed(0)
stretch = torch.nn.Linear(first, first, dtype=torch.float64)
shrink = torch.nn.Linear(first, first, dtype=torch.float64)
with torch.no_grad():
    shrink.weight.copy_(torch.linalg.inv(stretch.weight))
    shrink.bias.copy_(-shrink.weight @ stretch.bias)
chosen = {
    "affine": (stretch, shrink),
    "sinh": (Curved(), Straightened()),
}

# %%
before, rows = jacobians.cores(encoder, decoder, test), {}
for name, (there, back) in chosen.items():
    pair = torch.nn.Sequential(*encoder, there), torch.nn.Sequential(back, *decoder)
    after = jacobians.cores(*pair, test)
    traces = [
        (spectra.trace(getattr(after, s)) - spectra.trace(getattr(before, s))).abs()
        for s in ("input", "latent")
    ]
    rows[name] = [float(one.max()) for one in traces]
moved = pd.DataFrame(rows, ["change of tr J_I", "change of tr J_L"])
moved.map("{:.0e}".format)

# %% [markdown]
# The largest changes of the two traces over the test points at the smallest $d$, under a random affine map of the latent space and under $z\mapsto\sinh z$. The spectrum of $J_I$ belongs to the function $f$, that of $J_L$ also to the way in which $f$ is factored.
#
# ## The statements, checked
#
# The statements in the table are checked on networks of the tables' depth, in double precision, at every point of the run (of a large data set: at its test points). {prf:ref}`prop-coordinates` is checked above, at the smallest $d$ only. {prf:ref}`lem-regions` and {prf:ref}`prop-perfect` are proved and not checked.

# %%
from lib.report import bounds as bounds_report
from lib.analysis.bound_checks import bound_checks

by_run = {name: bound_checks(name) for name in piecewise_affine(runs)}

# %% tags=["remove-input"]
from IPython.display import Markdown

glue("checks", Markdown(bounds_report.checks(by_run, "geometry")), display=False)
own = pd.concat(by_run.values())
own = own[own["statement"].isin(bounds_report.STATEMENTS["geometry"])]
glue("all_checks", int(own["applies"].sum()), display=False)
glue("violations", int(own["violations"].sum()), display=False)

# %% [markdown]
# ```{glue:md} checks
# :format: myst
# ```
#
# **{glue:text}`violations:d` violations of {glue:text}`all_checks:d` checks.** Under each $d$: of a bound the median of bound divided by actual value, and in brackets what it is no looser than at 95 % of the points; of an identity the largest error. For the spectral identity the two sides of {prf:ref}`prop-spectrum` at $t=2$ are compared as logarithms; the certified radius is checked along the gradient of the unit that decides it: a step of 0.999 times the radius, forth or back, must flip no unit, and one of 1.001 times towards the unit's boundary must flip a unit.
# These two statements form $N\times N$ matrices and are left out for large $N$.
#
# {prf:ref}`prop-flipped` says more than $\operatorname{rank}\Delta\le d$ only where fewer than $d$ units flip. In the run {glue:text}`shown_run:s`, at the test points:

# %%
from lib.geometry import bounds

flips = {}
for d, (encoder, decoder) in pairs.items():
    image = decoder(encoder(test))
    count = bounds.flipped_units(encoder, test, image)
    flips[d] = [int(count.median()), int((count < d).sum()), len(test)]
names = ["median of flipped units", "points with fewer than d", "of points"]
flipped = pd.DataFrame(flips, names)
flipped.rename_axis(columns="d")

# %% tags=["remove-input"]
for place, d in {"first": min(pairs), "last": max(pairs)}.items():
    glue(f"flips_{place}", int(flipped[d].iloc[0]), display=False)
    glue(f"fewer_{place}", int(flipped[d].iloc[1]), display=False)
glue("tested", len(test), display=False)

# %% [markdown]
# At $d$ = {glue:text}`smallest_d:d` the median point flips {glue:text}`flips_first:d` units, and {glue:text}`fewer_first:d` of {glue:text}`tested:d` points flip fewer than $d$; at $d$ = {glue:text}`largest_d:d` it is {glue:text}`flips_last:d` units and {glue:text}`fewer_last:d` points. Elsewhere the row *flipped units* checks no more than that a $d\times d$ matrix has rank at most $d$.
#
# ## What one must watch
#
# :::{prf:remark} Structurally singular points
# :label: rem-singular
# $K$ is a product in which the diagonal matrix of every hidden layer of $E$ and $D$ is a factor, so $\operatorname{rank}K$ is at most the number of active units in any one of them. Where this is below $d$, $\omega=0$ exactly, although a determinant computed in floating point
# will be some tiny number of either sign. The library counts active units first and marks such points as singular.
# :::
#
# ## What to take away
#
# One $d\times d$ matrix a point carries all eigenvalues of the large Jacobian that are not forced to be zero, and a second one those of the latent round trip. The two differ only through units of the encoder that flip between a point and its reconstruction. The rest of the book measures these two matrices.
