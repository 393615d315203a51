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
# # Bounds: what eigenvalues can say about an error
#
# Do the eigenvalues at a point bound the error there? This page proves that alone they cannot, gives an exact expression for the error between two points, and draws a lower bound from it that needs no assumption.
#
# :::{admonition} Our reading
# :class: note
# The paper states bounds for the mean squared error of a point, under assumptions on the orthogonality of the eigenvectors. The text of its theorems and their proofs was not available to us, so they are neither reproduced nor judged here.
# Every statement on this page is **ours**, with its proof. What orthogonal eigenvectors would give is worked out at the end, along with how far the eigenvectors of trained networks are from orthogonal.
# :::
#
# The notation is that of the page on [geometry](geometry): $r(x)=f(x)-x$ is the residual, and $N\cdot\mathrm{MSE}(x)=\lvert r(x)\rvert^2$.
#
# ## What no bound can do
#
# :::{prf:proposition} No bound from the spectrum at a point
# :label: prop-no-go
# Let $d<N$. For every real matrix $K$ of size $d\times d$, every $x\in I$ and every $r_0\in I$ there is an autoencoder with core $K$ at $x$ and residual $r(x)=r_0$. So no function of the eigenvalues at $x$ alone bounds $\mathrm{MSE}(x)$ from above, and none that is ever positive bounds it from below.
# :::
#
# :::{prf:proof}
# Let $Q$ be $N\times d$ with orthonormal columns, $E(y)=KQ^\top(y-x)$ and $D(z)=Qz+x+r_0$. The core is $KQ^\top Q=K$, and $f(x)=D(0)=x+r_0$.
# :::
#
# The proof as a computation: one random core, and decoders that differ by a shift.

# %% tags=["parameters"]
runs: list[str] = ["digits"]  # the first one is shown

# %%
import torch
from torch import nn


def affine(weight, bias):
    layer = nn.Linear(*weight.T.shape, dtype=torch.float64)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return nn.Sequential(layer)


# %%
draw = torch.Generator().manual_seed(0)
core, tall = (torch.randn(rows, 2, generator=draw).double() for rows in (2, 6))
basis, point = torch.linalg.qr(tall).Q, torch.linspace(0, 1, 6).double()
encoder = affine(core @ basis.T, -core @ basis.T @ point)
shifts = (0.0, 0.1, 10.0)
decoders = [affine(basis, point + shift) for shift in shifts]

# %%
import pandas as pd

from lib import jacobians, spectra

rows = []
for decoder in decoders:
    found = jacobians.cores(encoder, decoder, point[None])
    values = spectra.trace(found.input), found.input.det(), found.mse
    rows.append([float(value) for value in values])
table = pd.DataFrame(rows, shifts, ["trace", "volume form", "MSE"])
table.rename_axis(columns="shift").round(3)

# %% [markdown]
# The trace and the volume form of a core of size 2 fix its eigenvalues. They stay, and the error is whatever one likes. A bound must therefore bring in something else: a second point, an average over a neighbourhood, or an assumption about the network. That eigenvalues *go along* with errors over a data set, as the paper reports, is an
# empirical statement about networks trained on it. The page on [prediction](prediction) tests it as one.
#
# ## An identity between two points
#
# Let $x$ and $a$ be two points. For a ReLU unit whose input is $h$ at $x$ and $h'$ at $a$, choose $m\in[0,1]$ with
#
# $$\mathrm{relu}(h)-\mathrm{relu}(h')=m\,(h-h') .$$
#
# If the unit is active at both points, $m=1$; if at neither, $m=0$; if at one, $m$ is $\max(h,h')/(\lvert h\rvert+\lvert h'\rvert)$. With these numbers in place of the ReLUs, the encoder becomes a matrix $\tilde A$ (between $x$ and $a$) and the decoder a matrix $\tilde B$ (between $E(x)$ and $E(a)$).
#
# :::{prf:theorem} Secant Jacobian
# :label: thm-secant
# For chains $E$, $D$ of affine maps and ReLUs, and all $x,a\in I$, with $v=x-a$,
#
# $$r(x)-r(a)=(\tilde B\tilde A-I)\,v .$$
#
# $\tilde B\tilde A$ has the eigenvalues of the $d\times d$ matrix $\tilde A\tilde B$ and $N-d$ zeros. Where $x$ and $a$ share all activation patterns, $\tilde B\tilde A=J_I(x)=J_I(a)$.
# :::
#
# :::{prf:proof}
# An affine layer maps the difference of two inputs by its weight matrix. A layer of ReLUs maps it, unit by unit, by $m$: that is how $m$ was chosen. Layer by layer through $E$ this gives $E(x)-E(a)=\tilde A v$, and through $D$, from $E(x)$ and $E(a)$,
# $f(x)-f(a)=\tilde B\,(E(x)-E(a))=\tilde B\tilde A v$. Subtract $v$. The eigenvalues are those of {prf:ref}`prop-spectrum`. With equal patterns every $m$ is the slope of its unit at both points, and the products are the Jacobians.
# :::
#
# The theorem is exact at any distance. It says that the *change* of the residual, not the residual, is what a Jacobian determines; this is why an anchor $a$ is needed.
#
# ## Along the decoded manifold, and across it
#
# Let $Q$ be an $N\times d$ matrix with orthonormal columns whose span contains the image of $\tilde B$, so that $\tilde B=QR$ with $R=Q^\top\tilde B$. Split the step into its part along the span and its part across it: $v=Q\alpha+\beta$, $\alpha=Q^\top v$, $Q^\top\beta=0$. Put
#
# $$K_Q=R\tilde AQ,\qquad C=R\tilde A\,(I-QQ^\top).$$
#
# $K_Q$ has the eigenvalues of $\tilde A\tilde B$, by {prf:ref}`prop-spectrum` for the $d\times d$ matrices $R$ and $\tilde AQ$ ($\tilde AQR=\tilde A\tilde B$).
#
# :::{prf:theorem} Tangent and normal part
# :label: thm-normal
# For chains of affine maps and ReLUs, and all $x,a\in I$,
#
# $$\lvert r(x)-r(a)\rvert^2=\lvert\beta\rvert^2+\bigl\lvert(K_Q-I)\,\alpha+C\beta\bigr\rvert^2 .$$
# :::
#
# :::{prf:proof}
# $\tilde B\tilde Av=QR\tilde A(Q\alpha+\beta)=Q(K_Q\alpha+C\beta)$, because $\beta=(I-QQ^\top)\beta$. By {prf:ref}`thm-secant`, $r(x)-r(a)=Q\bigl((K_Q-I)\alpha+C\beta\bigr)-\beta$. The two terms are orthogonal, and $Q$ keeps lengths.
# :::
#
# :::{prf:corollary} Lower bounds without assumptions
# :label: cor-lower
# 1. $\lvert r(x)-r(a)\rvert\ge\lvert\beta\rvert=\lvert(I-QQ^\top)(x-a)\rvert$.
# 2. $\lvert r(x)\rvert\ge\lvert(I-QQ^\top)(x-f(a))\rvert$, the distance of $x$ from the flat through $f(a)$ that $Q$ spans.
# 3. If the span of $Q$ contains the image of $J_D(E(x))$, then $\lvert r(x)\rvert\ge\lvert(I-QQ^\top)\,r(x)\rvert$, the distance of $x$ from the flat that is tangent to the decoded manifold at $f(x)$.
# :::
#
# :::{prf:proof}
# The first is {prf:ref}`thm-normal` without its second term. For the second, $I-QQ^\top$ removes $\tilde B\tilde Av$ from $r(x)=r(a)+\tilde B\tilde Av-v$ and leaves $(I-QQ^\top)(r(a)-v)=(I-QQ^\top)(f(a)-x)$; a projection does not lengthen a vector. The third is the second with $a=x$.
# :::
#
# In words: the decoder can move $f(x)$ only along its own image. What of $x$ sticks out of that image is lost. No eigenvalue enters these bounds; the eigenvalues say, through $K_Q-I$, what happens to the part that does not stick out. The third bound takes only the network and the point; the others take an anchor, here the nearest training point.

# %%
from lib import bounds
from lib.runs import listed, member, read

run = read(listed(runs)[0])
dataset = run.load_dataset()
test, train = dataset.test.images.double(), dataset.train.images.double()
anchors = bounds.nearest(test, train)

# %%
dims, pairs = sorted(run.latent_dims), {}
for d in dict.fromkeys([dims[0], *dims[4::5], dims[-1]]):
    encoder, decoder = member(run.name, run.table_depth, d, run.seeds[0])
    pairs[d] = encoder.double(), decoder.double()


# %%
def statements(pair):
    form = bounds.secant(*pair, test, anchors)
    lower = [bounds.normal_bound(form), bounds.residual_bound(form)]
    tangent = bounds.residual_bound(bounds.secant(*pair, test, test))
    return [bounds.secant_identity(form), *lower, tangent]


# %% [markdown]
# The identity and the three bounds are checked in double precision at every test point, at the depth of the tables, for some latent dimensions from the smallest to the largest.

# %%
checks = {d: statements(pair) for d, pair in pairs.items()}
rows = []
for found in checks.values():
    broken = sum(one.violations for one in found)
    medians = [float(one.tightness.median()) for one in found[1:]]
    rows.append([len(test) * len(found), broken, *medians])
tight = [f"bound {number} / actual" for number in (1, 2, 3)]
table = pd.DataFrame(rows, checks, ["checks", "broken", *tight])
table.rename_axis(columns="d").round(3)

# %% tags=["remove-input"]
from myst_nb import glue

glue("shown_run", run.name, display=False)
glue("depth", int(run.table_depth), display=False)
glue("points", len(test), display=False)
glue("checks", int(table["checks"].sum()), display=False)
glue("violations", int(table["broken"].sum()), display=False)
glue(
    "residual",
    float(max(found[0].bound.max() for found in checks.values())),
    display=False,
)
glue("tight_low", float(table[tight].to_numpy().min()), display=False)
glue("tight_high", float(table[tight].to_numpy().max()), display=False)

# %% [markdown]
# {glue:text}`violations:d` of {glue:text}`checks:d` checks are broken (run {glue:text}`shown_run:s`, depth {glue:text}`depth:d`, {glue:text}`points:d` test points a member). The two sides of the identity differ by at most {glue:text}`residual:.0e`, which is rounding.
# The last three columns are medians over the points. They lie between {glue:text}`tight_low:.2f` and {glue:text}`tight_high:.2f`: that share of the length of the error stands across the decoder's image, where no eigenvalue has a say.
#
# ## What orthogonal eigenvectors would give
#
# :::{prf:proposition} The normal case
# :label: prop-normal
# Suppose $\tilde B\tilde A$ is normal, that is, has an orthonormal basis of eigenvectors. Then $C=0$, $K_Q$ is normal, and with orthonormal eigenvectors $u_i$ of $K_Q$ for the eigenvalues $\lambda_i$,
#
# $$\lvert r(x)-r(a)\rvert^2=\lvert\beta\rvert^2+\sum_{i=1}^d\lvert1-\lambda_i\rvert^2\,\lvert\langle u_i,\alpha\rangle\rvert^2 .$$
# :::
#
# :::{prf:proof}
# A normal matrix and its transpose have the same kernel. $\tilde A^\top\tilde B^\top=\tilde A^\top R^\top Q^\top$ vanishes on all vectors across the span of $Q$, so $\tilde B\tilde A=QR\tilde A$ does, too: $QC=0$, and $C=0$. Hence $\tilde B\tilde A=QK_QQ^\top$, and $K_Q$ is normal because this is.
# Expand $\alpha$ in the $u_i$ in {prf:ref}`thm-normal`.
# :::
#
# Under this assumption the eigenvalues do bound the change of the residual between two points, from both sides: replace each $\lvert1-\lambda_i\rvert$ by the smallest of them, or by the largest. Is the assumption met? The departure from normality {cite}`henrici1962`
#
# $$\sqrt{\lvert J\rvert_F^2-\textstyle\sum_i\lvert\lambda_i\rvert^2}\;\Big/\;\lvert J\rvert_F$$
#
# is 0 exactly for normal matrices, and at most 1. Here are its median and the range of nine points in ten, for $J=J_I$ at the test points, which is $\tilde B\tilde A$ for an anchor $a=x$.

# %%
levels = torch.tensor([0.05, 0.5, 0.95]).double()
rows = []
for pair in pairs.values():
    values = bounds.departure_from_normality(*pair, test)
    rows.append(values.quantile(levels).tolist())
departure = pd.DataFrame(rows, pairs, ["5 %", "median", "95 %"])
departure.rename_axis(columns="d").round(3)

# %% tags=["remove-input"]
glue("departure_low", float(departure["median"].min()), display=False)
glue("departure_high", float(departure["median"].max()), display=False)

# %% [markdown]
# The medians lie between {glue:text}`departure_low:.2f` and {glue:text}`departure_high:.2f`, far from 0. The eigenvectors of these networks are not orthogonal, and {prf:ref}`prop-normal` must not be applied to them as it stands. Whether the paper's assumptions are the same as this one, we cannot tell.
#
# ## What to take away
#
# At a single point eigenvalues alone bound nothing. Between two points the change of the residual is known exactly: a part across the decoder's image, which bounds it from below, and a part along it, which the secant Jacobian transforms. That second part would be a simple expression in the eigenvalues if their eigenvectors were orthogonal. In these networks they are not.
