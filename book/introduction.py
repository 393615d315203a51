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
# An **autoencoder** is a pair of maps: an encoder $E: I\to L$ from the input space $I=\mathbb R^N$ to a latent space $L=\mathbb R^d$, $d<N$, and a decoder $D: L\to I$ back. It is trained so that
# $f=D\circ E$ leaves the data where they are. It cannot do so for all of $I$, because everything passes through $d$ numbers. It does so, roughly, for points near those it was trained on.
#
# **The question.** Where will it fail on points it has not seen? The usual answer is to collect such points and to measure the error. The paper {cite}`agarwala2022` proposes to look at the trained network itself:
# how does $f$ deform space around a point? What it needs is the weights and the point, and none of the training data.
#
# ## The data manifold
#
# Images of digits fill almost nothing of the space of all images. A common picture {cite}`bengio2013` is that they lie on or near a manifold $M\subset I$ of low dimension: small changes of slant, width or position lead from one image to the next.
# If $M$ has dimension $d$, a good encoder gives it coordinates in $L$, and a good decoder brings it back.

# %% tags=["parameters"]
runs: list[str] = ["mnist", "mnist-300", "digits"]  # the runs to list

# %% tags=["remove-input"]
from myst_nb import glue

from lib.report import diagrams, style

style.use_style()
glue("diagram", diagrams.commutative_diagram(), display=False)

# %% [markdown]
# ```{glue:figure} diagram
# :name: fig-diagram
# :alt: A diagram of arrows in two columns. In the upper row, E restricted to M leads from the data manifold M to E(M). M is included in the input space I, and E(M) in the latent space L, in the middle row. There the encoder E leads from I to L. From L the decoder D leads diagonally down to I in the lower row, where E leads to L again. On the left f, the composition of E and D, leads from I down to I; on the right g, the composition of D and E, from L down to L. Beside them stand their Jacobians.
#
# The maps of an autoencoder whose data lie on a manifold $M$ in the input space. The diagram commutes: whichever way one follows the arrows from one place to another, a point arrives at the same point.
# ```

# %% [markdown]
# {numref}`fig-diagram` holds all maps of this book. The *autoencoder* $f=D\circ E$ is on the left, the *latent round trip* $g=E\circ D$ on the right. The autoencoder is exact on the data if $f$ is the identity on $M$.
# In that case, where $f$ is differentiable, its Jacobian $J_I$ is the identity on the tangent space of $M$, and has the eigenvalue 1 at least as often as $M$ has dimensions. A trained network is not exact. The eigenvalues of $J_I$, and of the Jacobian $J_L$ of $g$,
# show how it stretches, shrinks, turns or mirrors the data manifold near a point.
#
# ## What the paper claims
#
# - The eigenvalues of $J_I$ and of $J_L$ are close to each other, and closer as $d$ grows.
# - Their means are near 1 at small $d$ and fall as $d$ grows; the digit 1 behaves unlike the others.
# - Their sum (the trace) and their product (the volume form), taken at a test point, **predict the error at that point**.
# - Under assumptions on the orthogonality of eigenvectors, the error is bounded.
#
# The [ledger](claims) takes what the figures and tables say apart into single claims, each with its test and its verdict. The bounds have a [page](bounds) of their own.
#
# ## Where this book stands
#
# The pages that follow define these things ([geometry](geometry)), ask what can be proved ([bounds](bounds)), train the networks ([experiments](experiments)), and take the paper's figures and tables one by one, for these runs:

# %%
from IPython.display import Markdown

from lib.report import experiments
from lib.runs import parse_names, summary

summaries = {name: summary(name) for name in parse_names(runs)}
Markdown(experiments.coverage(summaries))

# %% [markdown]
# A run that takes days is shown as far as it has been computed; the figures say so. The paper's own experiments are on MNIST {cite}`lecun1998`, $28\times28$ pixels, with $d$ from 2 to 20. Where a page shows another data set, the paper's values stand beside it for comparison of signs and sizes; they were never claimed for that data.
#
# :::{admonition} Our reading
# :class: note
# The abstract, nine figure captions, two tables and the reference list were available to us; the full text and the authors' code were not. What the depth index $n$ means, the widths of the layers, the optimiser and the batch
# size are our reading. So are the exact tests: the paper says "small" or "tends to", and a test needs a number. Each reading is marked where it matters, and is never presented as the authors' word.
# :::
#
# ## Around the paper
#
# Two companion papers follow the eigenvalues from initialisation through training (arXiv 2201.11813, {cite}`agarwala2022training`) and off the distribution of the data (arXiv 2201.11902, {cite}`agarwala2022instability`). The Jacobian of an autoencoder is of interest at training points, too:
# where the moduli of all its eigenvalues are below 1 at a point that $f$ reproduces exactly, that point attracts its neighbours when $f$ is applied again and again. Radhakrishnan, Belkin and Uhler {cite}`radhakrishnan2020` found that overparameterised autoencoders store their training examples in this way.
