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
# The paper proves bounds for the error of a point under assumptions on the orthogonality of the eigenvectors. The text of its theorems was not available to us. The statements on this page are therefore **ours**: one says what cannot be proved,
# one is an identity, and one is a bound that needs no assumption. The last two are checked at every test point.
#
# Notation is that of the page on [geometry](geometry); $r(x)=f(x)-x$ is the residual, so that $N\cdot\mathrm{MSE}(x)=|r(x)|^2$.
#
# ## What no bound can do
#
# :::{prf:proposition} No bound from the spectrum at a point
# :label: prop-no-go
# Let $d<N$. For every matrix $K$ of size $d\times d$, every $x\in I$ and every $r_0\in I$ there is an autoencoder with core $K$ at $x$ and residual $r(x)=r_0$. So no function of the eigenvalues at $x$ alone bounds $\mathrm{MSE}(x)$, from above or from below (other than by 0).
# :::
#
# :::{prf:proof}
# Let $Q$ be $N\times d$ with orthonormal columns, $E(y)=KQ^\top(y-x)$ and $D(z)=Qz+x+r_0$. Then $J_E\,J_D=KQ^\top Q=K$, and $f(x)=D(0)=x+r_0$.
# :::
#
# A bound must therefore bring in something else: a second point whose error is known, an average over a neighbourhood, or an assumption about training. That the eigenvalues *correlate* with errors over a data set, as the paper reports, is an
# empirical statement about networks trained on it, and the page on [prediction](prediction) tests it as one.
#
# ## An identity between two points
#
# For two points $x$ and $a$, and a unit whose input is $h$ at $x$ and $h'$ at $a$, let $m\in[0,1]$ be such that $\mathrm{relu}(h)-\mathrm{relu}(h')=m\,(h-h')$.
# With these numbers in place of the ReLUs, encoder and decoder become matrices $\tilde A$ (between $x$ and $a$) and $\tilde B$ (between $E(x)$ and $E(a)$).
#
# :::{prf:theorem} Secant Jacobian
# :label: thm-secant
# For every chain of affine maps and ReLUs, and all $x,a\in I$, with $v=x-a$,
#
# $$r(x)-r(a)=(\tilde B\tilde A-I)\,v .$$
#
# The non-zero eigenvalues of $\tilde B\tilde A$ are those of the $d\times d$ matrix $\tilde A\tilde B$. Where $x$ and $a$ share all activation patterns, $\tilde B\tilde A=J_I(x)=J_I(a)$.
# :::
#
# :::{prf:proof}
# An affine layer maps a difference of inputs by its weight matrix. A ReLU maps it, unit by unit, by $m$: this is the definition of $m$, which exists because ReLU is monotone with slope at most 1, and is 0 or 1 where the unit does not change sides. Composing over the layers of
# $E$ gives $E(x)-E(a)=\tilde A v$, and over those of $D$ gives $f(x)-f(a)=\tilde B\tilde A v$. Subtract $v$. The statement on eigenvalues is {prf:ref}`prop-spectrum`; with equal patterns every $m$ is the common slope.
# :::
#
# ## A lower bound without assumptions
#
# :::{prf:theorem} The normal part of a step is lost
# :label: thm-normal
# Let the columns of $Q$ be an orthonormal basis of a space that contains the image of $\tilde B$. Then
#
# $$|r(x)-r(a)|\;\ge\;|(I-QQ^\top)(x-a)| .$$
# :::
#
# :::{prf:proof}
# Apply $I-QQ^\top$, which does not lengthen a vector, to {prf:ref}`thm-secant`: it removes $\tilde B\tilde Av$, and leaves $-(I-QQ^\top)v$.
# :::
#
# In words: if $a$ is a point with a small error, say a training point, then $x$ has an error at least as large, up to that of $a$, as the part of $x-a$ that sticks out of the decoder's image. No eigenvalue enters. They say what happens to the part that stays in.

# %% tags=["parameters"]
runs: list[str] = ["digits"]  # the first one is shown

# %%
from lib import bounds
from lib.runs import member, read

run = read(runs[0])
dataset = run.load_dataset()
test, train = dataset.test.images.double(), dataset.train.images.double()
anchors = bounds.nearest(test, train)

# %% [markdown]
# The anchor of a test point is its nearest training point. Both statements are checked in double precision at every test point, at the depth of the tables, for some latent dimensions between the smallest and the largest.

# %%
dims = sorted(run.latent_dims)
rows = []
for latent_dim in dict.fromkeys([dims[0], dims[len(dims) // 4], dims[len(dims) // 2], dims[-1]]):
    pair = [module.double() for module in member(run.name, run.table_depth, latent_dim)]
    form = bounds.secant(*pair, test, anchors)
    identity, normal = bounds.secant_identity(form), bounds.normal_bound(form)
    rows.append([latent_dim, len(test), identity.violations, float(identity.bound.max()), normal.violations, float(normal.tightness.median())])

# %%
import pandas as pd

columns = ["d", "points", "identity broken", "largest residual", "bound broken", "median bound / actual"]
table = pd.DataFrame(rows, columns=columns)
table

# %% tags=["remove-input"]
from myst_nb import glue

glue("checks", int(2 * table["points"].sum()), display=False)
glue("violations", int(table["identity broken"].sum() + table["bound broken"].sum()), display=False)
glue("residual", float(table["largest residual"].max()), display=False)
glue("tight_low", float(table["median bound / actual"].min()), display=False)
glue("tight_high", float(table["median bound / actual"].max()), display=False)

# %% [markdown]
# {glue:text}`violations` violations of {glue:text}`checks` checks. The two sides of the identity differ by at most {glue:text}`residual:.0e`, which is rounding. The bound is tight: at a median point it is between
# {glue:text}`tight_low:.2f` and {glue:text}`tight_high:.2f` of what it bounds, over the latent dimensions of the table.
#
# ## What to take away
#
# What a network cannot reproduce of a new point is mostly what lies outside the image of its decoder, and that is bounded exactly. The eigenvalues govern the remainder. Alone, they bound nothing at a point.
