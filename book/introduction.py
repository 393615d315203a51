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
# An **autoencoder** is a pair of maps: an encoder $E: I\to L$ from the input space $I=\mathbb R^N$ to a latent space $L=\mathbb R^d$, $d<N$, and a decoder $D: L\to I$. It is trained to reproduce its input: $f(x)=D(E(x))\approx x$ on the data.

# %% tags=["parameters"]
runs: list[str] = ["digits"]  # the first that can be trained here is drawn

# %%
import torch

from lib.report import diagrams, style
from lib.report.output import say, show_figure
from lib.runs import first_trainable, member, read

style.use_style()
run = read(first_trainable(runs))

# %%
say("""
> **In brief.** The paper reads off the trained network at which images it fails: from the eigenvalues of its Jacobian there.
> This needs only the weights and the image. But the error can simply be computed, so the useful question is comparative:
> do the eigenvalues rank errors better than simpler quantities, and do they explain anything that these do not?
""")

# %% [markdown]
# ## An image, its code, its reconstruction

# %%
if run.committed:
    say(
        f"The networks of `{run.name}` are not part of this book, so there is nothing to draw."
    )
else:
    d = 10 if 10 in run.latent_dims else max(run.latent_dims)
    encoder, decoder = member(run.name, run.table_depth, d, run.seeds[0])
    dataset = run.load_dataset()
    image = dataset.test.images[:1].float()
    with torch.no_grad():
        code = encoder(image)
        parts = (one[0].numpy() for one in (image, code, decoder(code)))

# %%
if not run.committed:
    show_figure(
        diagrams.code_and_reconstruction(*parts, dataset.image_shape),
        name="fig-code",
        caption=f"A test image of `{run.name}`, the {d} numbers that the encoder makes of it, and what the decoder makes of these.",
        alt=f"The image of a digit, a bar chart of {d} numbers, and a reconstruction of the image from these numbers.",
    )

# %% [markdown]
# Everything passes through $d$ numbers, so an autoencoder can reproduce only a small part of all possible images: roughly, those near its training images. Where will it fail on images it has not seen?
#
# The paper ([Agarwala et al. 2022](references)) proposes to look at the network itself: how does $f$ stretch, shrink, turn or mirror space around an image?
#
# ## Why predict an error that one can compute?
#
# The error of an autoencoder needs no label. Whoever has the network and an image can compute it, and need not predict it. Two reasons to look at the eigenvalues remain.
#
# - **To rank errors better than simpler quantities do.** The distance to the training images, for example, is cheap. [Predictors](predictors) compares them. The answer matters for networks whose error cannot be looked up.
# - **To understand where errors come from.** A relation between eigenvalues and errors could merely reflect that some digits are harder, or that more ink leaves more to get wrong. [Controls](controls) asks how much remains.
#
# ## The data manifold
#
# Images of digits fill a tiny part of the space of all images. A common picture ([Bengio, Courville and Vincent 2013](references)) is that they lie on or near a manifold $M\subset I$ of low dimension: small changes of slant, width or position lead from one image to the next. If $M$ has dimension $d$, a good encoder gives it coordinates in $L$, and a good decoder maps them back.

# %%
show_figure(
    diagrams.commutative_diagram(),
    name="fig-diagram",
    caption="""The maps of an autoencoder whose data lie on a manifold $M$ in the input space. The diagram commutes: all paths of
    arrows from one place to another have the same effect.""",
    alt="Arrows in two columns. On the left f, the composition of E and D, leads from the input space I to I, with the Jacobian J_I. "
    "On the right g, the composition of D and E, leads from the latent space L to L, with the Jacobian J_L. Above them the data "
    "manifold M is included in I, and its codes E(M) in L.",
)

# %% [markdown]
# The *autoencoder* $f=D\circ E$ is on the left, the *latent round trip* $g=E\circ D$ on the right. Suppose that $f$ is the identity on $M$. Then its Jacobian $J_I$, where it exists, is the identity on the tangent space of $M$, and has the eigenvalue 1 at least as often as $M$ has dimensions. A trained network is not exact. The eigenvalues of $J_I$, and of the Jacobian $J_L$ of $g$, show how it deforms $M$ near a point.
#
# ## What the paper claims
#
# - The eigenvalues of $J_I$ and of $J_L$ are close to each other, and closer as $d$ grows.
# - Their means are near 1 at small $d$ and fall as $d$ grows. The digit 1 behaves unlike the others.
# - Their sum (the trace) and their product (the volume form), taken at a test image, predict the error at that image.
# - Under assumptions on the orthogonality of eigenvectors, the error is bounded.
#
# The [list of claims](claims) breaks the figures and tables into individual claims, each with a test and a verdict. [Bounds](bounds) treats the last claim. The paper's experiments are on MNIST ([LeCun et al. 1998](references)), with $d$ from 2 to 20; where we show another data set, the published values were never claimed for it.
#
# > **Our assumption.** We had the abstract, nine figure captions, two tables and the reference list, but neither the full text nor the code. The meaning of the depth $n$, the layer widths, the optimiser, the batch size and the thresholds of the tests are therefore assumptions. Each is marked where it matters.
#
# ## Around the paper
#
# Two companion papers follow the eigenvalues [through training](https://arxiv.org/abs/2201.11813) and [off the distribution of the data](https://arxiv.org/abs/2201.11902) ([Agarwala, Dees and Lowman 2022](references)). The Jacobian matters at training images, too. If $f$ reproduces a point exactly and all eigenvalues there have modulus below 1, the point attracts its neighbours when $f$ is applied repeatedly. [Radhakrishnan, Belkin and Uhler (2020)](references) found that overparameterised autoencoders store their training examples in this way.
#
# ## What to take away
#
# The question is whether local geometry explains error. Continue with the [result](prediction), or with the [definitions](geometry).
