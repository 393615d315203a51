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
# # Geometry: two Jacobians, one spectrum
#
# This page defines what the book measures, proves that the large Jacobian need never be formed, and checks this on trained networks.
#
# | symbol | what it is |
# | :-- | :-- |
# | $N$, $d$ | dimensions of the input space $I$ and of the latent space $L$ |
# | $E$, $D$ | encoder $I\to L$, decoder $L\to I$ |
# | $f=D\circ E$, $g=E\circ D$ | the autoencoder, and the round trip of the latent space |
# | $A=J_E(x)$, $B=J_D(E(x))$ | Jacobians of the two maps, $d\times N$ and $N\times d$ |
# | $J_I=BA$ | Jacobian of $f$ at $x$, $N\times N$ |
# | $K=AB$ | the **core** of $J_I$, $d\times d$ |
# | $J_L=J_E(f(x))\,B$ | Jacobian of $g$ at $E(x)$, $d\times d$ |
# | $\lambda_1,\dots,\lambda_d$ | eigenvalues of $K$ (or of $J_L$) |
# | $\operatorname{tr}$, $\omega$ | their sum and their product, the trace and the volume form |
#
# :::{prf:definition} Core, trace and volume form
# :label: def-core
# Let $x\in I$, $A=J_E(x)$ and $B=J_D(E(x))$. The *core* of the autoencoder at $x$ is $K=AB$. Its *trace* is $\sum_i\lambda_i$ and its *volume form* $\omega=\prod_i\lambda_i=\det K$.
# Orientation is *reversed* at $x$ where $\omega<0$. The same words are used of $J_L$.
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
# Hence $J_I=BA$ has the eigenvalues of $K=AB$ and $N-d$ zeros, $\operatorname{tr}J_I=\operatorname{tr}K$, and $\omega$ is the product of the $d$ eigenvalues of $J_I$ that are not forced to vanish.
# :::
#
# :::{prf:proof}
# For $t\ne0$, take the determinant of $\begin{pmatrix}tI_N&B\\A&I_d\end{pmatrix}$ by eliminating either diagonal block. Eliminating $I_d$ leaves $\det(tI_N-BA)$. Eliminating $tI_N$ leaves
# $t^N\det(I_d-t^{-1}AB)=t^{N-d}\det(tI_d-AB)$. The two are polynomials in $t$ that agree for all $t\neq0$, so they agree. This is classical {cite}`horn2012`.
# :::
#
# If $Ku=\lambda u$ with $\lambda\ne0$, then $J_I(Bu)=BABu=\lambda Bu$: the eigenvectors of $J_I$ that count are tangent to the decoded manifold, the image of $D$.

# %% tags=["parameters"]
runs: list[str] = ["digits"]  # the first one is shown

# %%
import torch

from lib import jacobians, spectra
from lib.runs import member, read

run = read(runs[0])
depth, latent_dim = run.table_depth, max(run.latent_dims)
encoder, decoder = (module.double() for module in member(run.name, depth, latent_dim))
points = run.load_dataset().test.images[:20].double()
cores = jacobians.cores(encoder, decoder, points)

# %% [markdown]
# A trained network at the depth of the tables, of the largest latent dimension. Its full Jacobian $J_I$, formed by automatic differentiation at twenty test points, is compared with the core.

# %%
jacobian = torch.func.vmap(torch.func.jacrev(lambda x: decoder(encoder(x))))(points).detach()
full = spectra.eigenvalues(jacobian)
core = spectra.eigenvalues(cores.input)
distance = spectra.paired_distance(full[:, :latent_dim], core, p=1)
rest = full[:, latent_dim:].abs()

# %% tags=["remove-input"]
from myst_nb import glue

glue("identity_distance", float(distance.max()), display=False)
glue("identity_rest", float(rest.max()), display=False)
glue("zeros", int(rest.shape[1]), display=False)
glue("trace_error", float((spectra.trace(jacobian) - spectra.trace(cores.input)).abs().max()), display=False)
glue("geometry_d", int(latent_dim), display=False)
glue("geometry_n", int(jacobian.shape[1]), display=False)

# %% [markdown]
# With $N$ = {glue:text}`geometry_n` and $d$ = {glue:text}`geometry_d`, the $d$ leading eigenvalues of $J_I$ and those of $K$ differ by {glue:text}`identity_distance:.0e` in all, the other {glue:text}`zeros` are below
# {glue:text}`identity_rest:.0e`, and the traces differ by {glue:text}`trace_error:.0e`: rounding. No page after this one forms an $N\times N$ matrix.
#
# ## How $J_L$ differs from the core
#
# $K$ and $J_L$ share the factor $B$. They differ in where the encoder's Jacobian is taken: at $x$, or at its reconstruction $f(x)$.
#
# :::{prf:proposition} Only flipped units matter
# :label: prop-flipped
# Let $E$ be a chain of affine maps and ReLUs, and let $\Delta=J_L-K=(J_E(f(x))-J_E(x))B$. If the same units of the encoder are active at $x$ and at $f(x)$, then $\Delta=0$. In general
# $\operatorname{rank}\Delta\le\min(d,\text{number of encoder units that are active at one of the two and not at the other})$.
# :::
#
# :::{prf:proof}
# Write $J_E(x)=W_nM_{n-1}W_{n-1}\cdots M_1W_1$ with diagonal $0$-$1$ matrices $M_l$, and $J_E(f(x))$ with $M'_l$. The difference telescopes into a sum over $l$ of products with the single factor $M'_l-M_l$ at layer $l$, primed factors on one side and unprimed ones on the other.
# The rank of each summand is at most that of $M'_l-M_l$, which is the number of flipped units in layer $l$; ranks add at most. Both matrices have $d$ rows.
# :::

# %%
difference = cores.latent - cores.input
rank = torch.linalg.matrix_rank(difference, atol=1e-9)


def patterns(x: torch.Tensor) -> torch.Tensor:
    hidden = [encoder[: index + 1](x) > 0 for index in range(1, len(encoder), 2)]
    return torch.cat(hidden, dim=1)


with torch.no_grad():
    flipped = (patterns(points) != patterns(decoder(encoder(points)))).sum(dim=1)

# %% tags=["remove-input"]
glue("rank_violations", int((rank > flipped).sum()), display=False)
glue("rank_points", len(points), display=False)
glue("flipped_median", int(flipped.median()), display=False)
glue("units", int(patterns(points).shape[1]), display=False)

# %% [markdown]
# At {glue:text}`rank_points` points the bound on the rank is broken {glue:text}`rank_violations` times. Of the encoder's {glue:text}`units` hidden units a median of {glue:text}`flipped_median` flip between a
# point and its reconstruction, which is why the two spectra are close without being equal ({numref}`fig-spectral-distance`).
#
# ## Means, and the angle of rotation
#
# The *arithmetic mean* of the eigenvalues is $\operatorname{tr}/d$, and is real. Their *geometric mean* is taken as $|\omega|^{1/d}$, the factor by which a small cube's edge shrinks if the shrinking is shared evenly.
# Complex eigenvalues come in conjugate pairs; the *argument* of one, in absolute value, is the angle by which the plane of that pair is turned.
#
# :::{prf:remark}
# :label: rem-singular
# $\operatorname{rank}K$ is at most the number of active units in any hidden layer. Where this is below $d$, $\omega=0$ exactly, although a determinant computed in floating point will be some tiny number of either sign. The library counts active units first and marks such points.
# :::
#
# ## What to take away
#
# One $d\times d$ matrix a point carries the whole non-zero spectrum of the large Jacobian, and a second one that of the latent round trip. The rest of the book measures these two.
