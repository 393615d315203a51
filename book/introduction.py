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
# # Introduction
#
# An **autoencoder** is a pair of maps: an encoder $E: I\to L$ from the input space $I=\mathbb R^N$ to a latent space $L=\mathbb R^d$ with $d<N$, and a decoder $D: L\to I$ back. It is trained so that
# $f=D\circ E$ leaves the data where they are. It cannot do so for every point of $I$, because everything passes through $d$ numbers. It does so, roughly, for points near those it was trained on.
#
# **The question.** Where will it fail on points it has not seen? The usual answer needs the points, or at least the training data. The paper {cite}`agarwala2022` proposes to look at the network itself:
# how does $f$ deform space around a point?
#
# **The picture.** Suppose the data lie on a manifold $M$ of dimension at most $d$ in $I$. If $f$ is the identity on $M$, then it is the identity on the tangent space of $M$ at each of its points: there the Jacobian of $f$
# has the eigenvalue 1, once for every dimension of $M$. Eigenvalues away from 1 show that the network distorts the manifold near that point.

# %% tags=["remove-input"]
from myst_nb import glue

from lib import diagrams, figures

figures.use_style()
glue("diagram", diagrams.commutative_diagram(), display=False)

# %% [markdown]
# ```{glue:figure} diagram
# :name: fig-diagram
# :alt: A diagram of arrows. The data manifold M is included in the input space I; the encoder E leads from I to the latent space L, the decoder D from L back to I. Below, f leads from M to its image f(M), which is included in I.
#
# The maps of an autoencoder whose data lie on a manifold $M$ in the input space $I$. Either way round, a point of $M$ ends at the same point of $I$. The autoencoder is exact on $M$ when $f$ is the identity there.
# ```

# %% [markdown]
# {numref}`fig-diagram` holds all maps of this book. The Jacobian $J_I$ of $f$ goes along the upper row from left to right; the other one, $J_L$, belongs to $E\circ D$, which starts and ends in the middle.
#
# ## What the paper claims
#
# - The eigenvalues of $J_I$ and of $J_L$ are close to each other, and closer as $d$ grows.
# - Their means are near 1 at small $d$ and fall as $d$ grows; the digit 1 behaves unlike the others.
# - Their sum and their product, taken at a test point, **predict the error at that point**.
# - Under assumptions on the orthogonality of eigenvectors, the error is bounded by expressions in the eigenvalues.
#
# The pages that follow define these things ([geometry](geometry)), ask what can be proved ([bounds](bounds)), train the networks ([experiments](experiments)), and take the figures one by one.
# The same authors have followed the eigenvalues through training {cite}`agarwala2022training`, and off the distribution of the data {cite}`agarwala2022instability`.
#
# ## What we know of the paper
#
# :::{admonition} Our reading
# :class: note
# The abstract, nine figure captions, two tables and the reference list were available to us; the full text and the authors' code were not. What the depth index $n$ means, the widths of the layers, the optimiser and the batch
# size are our reading. It is marked wherever it matters, and never presented as the authors' word.
# :::
