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
d = 10 if 10 in run.latent_dims else max(run.latent_dims)

# %%
say("""
> **In brief.** The paper reads off the trained network at which images it fails, from the eigenvalues of its Jacobian there.
> The error itself can simply be computed. So the useful question is whether eigenvalues rank errors better than simpler
> quantities, and explain what these do not.
""")

# %% [markdown]
# ## An image, its code, its reconstruction

# %%
if run.committed:
    say(f"The networks of `{run.name}` are not part of this book: nothing to draw.")
else:
    encoder, decoder = member(run.name, run.table_depth, d, run.seeds[0])
    with torch.no_grad():
        code = encoder(image := run.load_dataset().test.images[:1])
        parts = [one[0].numpy() for one in (image, code, decoder(code))]
    show_figure(
        diagrams.code_and_reconstruction(*parts, run.load_dataset().image_shape),
        name="fig-code",
        caption=f"A test image of `{run.name}`, its code of {d} numbers, and the reconstruction that the decoder makes of these.",
        alt=f"A digit, a bar chart of {d} numbers, and a blurred image of the digit.",
    )

# %% [markdown]
# Everything passes through $d$ numbers, so all reconstructions lie in a set of at most $d$ dimensions, which training fits to the training images. Other images an autoencoder cannot reproduce. The paper ([Agarwala et al. 2022](references)) asks how $f$ stretches, shrinks, turns or mirrors space around an image. This takes the weights and the image, but no training data.
#
# ## Why predict an error that one can compute?
#
# An autoencoder's error needs no label: whoever has the network and an image can compute it. Two uses of the eigenvalues remain.
#
# - **Ranking errors.** [Predictors](predictors) compares eigenvalues with simpler quantities, such as the distance to the training images. The answer matters for networks whose error cannot be computed.
# - **Explaining errors.** [Controls](controls) asks how much of the relation merely reflects that some digits are harder, or have more ink.
#
# ## The data manifold
#
# A common picture ([Bengio, Courville and Vincent 2013](references)) is that images lie near a manifold $M\subset I$ of low dimension: small changes of slant or width lead from one image to the next. A good encoder gives $M$ coordinates in $L$, and a good decoder maps them back.

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
# The *autoencoder* $f$ is on the left, the *latent round trip* $g$ on the right. If $f$ is the identity on $M$, its Jacobian $J_I$, where it exists, has the eigenvalue 1 at least as often as $M$ has dimensions. In a trained network the eigenvalues of $J_I$, and of the Jacobian $J_L$ of $g$, show how $M$ is deformed near a point.
#
# ## What the paper claims
#
# - The eigenvalues of $J_I$ and of $J_L$ are close to each other, and closer as $d$ grows.
# - Their means are near 1 at small $d$ and fall as $d$ grows. The digit 1 behaves unlike the others.
# - Their sum (the trace) and their product (the volume form), taken at a test image, predict the error at that image.
# - Under assumptions on the orthogonality of eigenvectors, the error is bounded.
#
# The [list of claims](claims) tests what the figures and tables say; [bounds](bounds) treats the last point. The paper's experiments are on MNIST ([LeCun et al. 1998](references)), with $d$ from 2 to 20. Its values were never claimed for other data.
#
# > **Our assumption.** We had the abstract, nine captions, two tables and the references, but neither the full text nor the code. The meaning of the depth $n$, the layer widths, the optimiser, the batch size and the thresholds of the tests are assumptions, marked where they matter.
#
# ## Around the paper
#
# Two companion papers follow the eigenvalues [through training](https://arxiv.org/abs/2201.11813) and [off the distribution of the data](https://arxiv.org/abs/2201.11902). At training images, eigenvalues concern memory. If $f$ reproduces a point exactly and all eigenvalues there have modulus below 1, the point attracts its neighbours when $f$ is applied repeatedly; overparameterised autoencoders store their training examples in this way ([Radhakrishnan, Belkin and Uhler 2020](references)).
#
# ## What to take away
#
# The question is whether local geometry explains errors. Continue with the [result](prediction), or with the [definitions](geometry).
