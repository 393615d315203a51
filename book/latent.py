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
# # Does the latent space know?
#
# If the latent space had a direction of failure, or bent where images fail, then the code alone would tell where a network errs. Two systems from the literature on generators look for such things. A third builds networks whose $J_L$ is the identity everywhere, so that all its eigenvalues are 1 and cannot tell anything: a control for what the eigenvalues of $J_L$ carry in ordinary networks.

# %% tags=["parameters"]
runs: list[str] = ["digits-seeds"]  # the first run here whose networks are at hand is shown

# %%
import numpy as np

from lib.analysis import latent
from lib.geometry.boundaries import boundary, conditioned, tails
from lib.report import latent as report, style
from lib.report.output import fold, say, show_figure
from lib.runs import evenly_spaced, first_trainable, member, read

style.use_style()
run = read(first_trainable(runs))
table = latent.LATENT.read() if run.name == latent.LATENT_RUN else latent.latent_table(run.name)
flows = latent.FLOWS.read()
rows, of_flows = (frame[frame["latent_dim"] != latent.TOGETHER] for frame in (table, flows))
mean, flow_mean = (frame[frame["latent_dim"] == latent.TOGETHER].set_index("score") for frame in (table, flows))

# %%
rho, shares = mean["spearman"], rows.groupby("score")["accuracy"].mean()
fit = of_flows[of_flows["score"] == "fit"]
say(
    f"""
    > **In brief.** A hyperplane in the latent space tells little ink from much for {shares["boundary of ink"]:.2f} of the test images in the two
    > tails, and small errors from large ones for {shares["boundary of error"]:.2f}; chance is 0.5. The turning of the tangent plane has a rank
    > correlation of {rho.get("turning", np.nan):.2f} with the error, the 5-NN distance {rho["neighbours"]:.2f}. Networks with $J_L=1$
    > everywhere err all the same; on them $\\sum|1-\\lambda|^2$ of $J_I$ has {flow_mean.at["shrinkage", "spearman"]:.2f}.
    """
)

# %% [markdown]
# ## Tangent planes that turn
#
# The decoder maps the neighbourhood of a code to a piece of a surface, whose tangent plane is spanned by the columns of $J_D$. [Choi et al. 2022](references) estimate the dimension of this plane and how much it changes over the latent space of a generator. At a point we take
#
# - the *turning*: the mean angle between the plane at the code and the planes at the five nearest training codes, the angle being the norm of all principal angles;
# - the *local dimension*: the participation ratio $(\sum\sigma_i^2)^2/\sum\sigma_i^4$ of the singular values of $J_D$. The authors' own estimate looks for the noise below the singular values, and a decoder has none.
#
# Both signs are fixed beforehand: the larger, the larger the error.

# %%
planes = ["turning", "local_dimension", "latent_neighbours", "neighbours", "random"]
hyperplanes = ["failure_side", "narrow_side", "curved_side", "error_regression", "shuffled_side", "random_side"]
show_figure(
    [report.rank_dots(rows, planes, "planes and neighbours"), report.rank_dots(rows, hyperplanes, "boundaries, errors of codes")],
    name="fig-latent-ranks",
    caption=f"""Rank correlation with the error of test images in `{run.name}`. A dot is a network, a bar the mean; controls are
    grey, a dot being the mean over 20 shuffles or normals.""",
    alt=f"""Means: turning {rho.get("turning", np.nan):.2f}, local dimension {rho.get("local_dimension", np.nan):.2f}, 5-NN distance
    {rho["neighbours"]:.2f}; failure hyperplane {rho.get("failure_side", np.nan):.2f}, mean training error of the nearest codes
    {rho["error_regression"]:.2f}, controls near 0.""",
)

# %%
if "turning" in mean.index:
    own, dimension = mean.loc["turning"], rho.get("local_dimension", np.nan)
    say(
        f"""
        Turning ranks the errors with a correlation of {own["spearman"]:.2f} (95 % interval {own["low"]:.2f} to {own["high"]:.2f}, mean over
        networks). The local dimension has {dimension:.2f}. Turning needs the training data, and with these the distance to the
        fifth nearest code has {rho["latent_neighbours"]:.2f}, that to the fifth nearest image {rho["neighbours"]:.2f}.
        """
    )

# %% [markdown]
# ## A failure hyperplane?
#
# [Shen et al. 2020](references) find hyperplanes in the latent space of a generator that separate young from old faces, or smiling ones from others. They fit a linear support vector machine to the tails of an attribute. We take the training error for the attribute: the 30 % of training images with the largest errors against the 30 % with the smallest, on standardised codes, the intercept kept.
#
# Attributes that the latent space surely knows serve as positive control: ink, and each class against as many other images.

# %%
show_figure(
    report.accuracy_dots(rows),
    name="fig-boundaries",
    caption="""Share of test images on their side of a boundary that was fitted to training images: among the 30 % with the largest
    and the 30 % with the smallest ink or error; for classes, the images of a class against as many others. Chance is 0.5.""",
    alt=f"""Ink {shares["boundary of ink"]:.2f}, classes {shares["boundary of class"]:.2f}, error
    {shares["boundary of error"]:.2f}, shuffled error {shares["boundary of shuffled error"]:.2f}, on average over the networks.""",
)

# %%
own = mean.loc["failure_side"]
say(
    f"""
    Boundaries of ink and class are right for {shares["boundary of ink"]:.2f} and {shares["boundary of class"]:.2f} of the test images
    in the tails, that of failure for {shares["boundary of error"]:.2f}.

    As a score, the side of the failure hyperplane has a rank correlation of
    {own["spearman"]:.2f} ({own["low"]:.2f} to {own["high"]:.2f}); hyperplanes of shuffled errors have
    {mean.at["shuffled_side", "low"]:.2f} to {mean.at["shuffled_side", "high"]:.2f}.
    """
)

# %%
say(
    f"""
    A curved boundary has {rho["curved_side"]:.2f}, and the mean error of the five nearest training codes
    {rho["error_regression"]:.2f}. So in the default run the codes know more than a hyperplane finds: failure is local in the latent
    space, as it is [smooth on the data](smooth).
    """
)

# %% [markdown]
# ## A walk across the boundary
#
# Along the normal of a true failure hyperplane decoded images should become harder for the network. We move the codes of test images along it, decode them to images $y$, and ask for the error of the network at $y$, and for the distance of $y$ to the training images.

# %%
middle = evenly_spaced(run.latent_dims, 3)[-2 if len(run.latent_dims) > 1 else -1]
pair, data = member(run.name, run.table_depth, middle, run.seeds[0]), run.load_dataset()
subject = latent.at_test_images(pair, data)
codes, steps = subject.training_codes, np.linspace(-3, 3, 13)
failure = boundary(codes, *tails(subject.training_errors, latent.TAIL)).normal
ink = boundary(codes, *tails((data.train.images.numpy() ** 2).sum(axis=1), latent.TAIL)).normal
draws = np.random.default_rng(0).standard_normal((8, middle))
others = draws / np.linalg.norm(draws, axis=1, keepdims=True)
directions = {"failure": [failure], "failure, ink fixed": [conditioned(failure, ink)], "random (8)": others}
paths = {name: [latent.walk(subject, one, steps) for one in several] for name, several in directions.items()}

# %%
ends = {name: np.mean([one["error"].iloc[-1] / one["error"].iloc[6] for one in several]) for name, several in paths.items()}
show_figure(
    [
        report.walks(paths, "error", "error at the decoded image"),
        report.walks(paths, "neighbours", "its 5-NN distance"),
    ],
    name="fig-walk",
    caption=f"""Medians over the decoded codes of 60 test images of `{run.name}`, $d$ = {middle}, moved along the normal of
    the failure boundary, along its part that leaves the ink boundary alone, and in random directions (range).""",
    alt=f"""After three steps towards failure the error is {ends["failure"]:.1f} times that at the start, after three in a random
    direction {ends["random (8)"]:.1f} times.""",
)

# %%
at_random = [one["error"].iloc[end] / one["error"].iloc[6] for one in paths["random (8)"] for end in (0, -1)]
beyond = ends["failure"] > max(at_random)
told = "the normal is worse than random directions" if beyond else "the normal is a direction among others"
fixed = "still more than" if ends["failure, ink fixed"] > max(at_random) else "no more than"
say(
    f"""
    Three standard deviations towards failure multiply the error at the decoded image by {ends["failure"]:.1f}, and as many in a
    random direction by {min(at_random):.1f} to {max(at_random):.1f}. So {told}.

    With the ink boundary left alone the factor is {ends["failure, ink fixed"]:.1f}, {fixed} in the worst random direction. The error
    rises the other way, too: all directions tried lead away from the training images.
    """
)

# %% [markdown]
# ## If $J_L$ is the identity
#
# Take a bijection $T$ of the image space whose inverse is known, such as the coupling layers of [Dinh et al. 2017](references), and let the code be the first $d$ numbers of $T(x)$ and the decoder $D(z)=T^{-1}(z,0)$. Such injective flows ([Puthawala et al. 2022](references)) satisfy $E(D(z))=z$ for every $z$. By the chain rule $J_L=J_E(f(x))\,J_D(z)$ is the derivative of this map: the identity, at every image and whatever the error. $J_I$ is under no such constraint, because $x$ itself need not lie on the decoded surface.

# %%
say(
    f"""
    We trained {len(fit)} such flows on the digits, for the reconstruction error alone. Their $J_L$ differs from the identity by at
    most {fit["identity"].max():.0e}, yet their test errors are {fit["test_mse"].min():.4f} to {fit["test_mse"].max():.4f}, and
    the [log volume](geometry) $\\log|\\omega|$ of $J_I$ is {fit["log_volume"].mean():.2f} in modulus on average.
    """
)

# %%
eigenvalues = ["trace_latent", "log_volume_latent", "trace_input", "log_volume_input", "shrinkage", "turning", "neighbours"]
show_figure(
    [report.rank_dots(rows, eigenvalues, f"run {run.name}"), report.rank_dots(of_flows, eigenvalues, "injective flows, digits")],
    name="fig-flows",
    caption="""Rank correlation with the error of test images, for ordinary networks and for injective flows. A dot is a network, a bar
    the mean. Scores from $J_L$ are constant on flows.""",
    alt=f"""On flows, where trace and volume of J_L are constant, the volume of J_I has a mean rank correlation of
    {flow_mean["spearman"].get("log_volume_input", np.nan):.2f}, the sum of squared distances from 1
    {flow_mean["spearman"].get("shrinkage", np.nan):.2f}, and the 5-NN distance {flow_mean["spearman"]["neighbours"]:.2f}.""",
)

# %%
found = flow_mean["spearman"]
say(
    f"""
    So perfect eigenvalues of $J_L$ promise nothing about the error: they can be had by construction. What $J_L$ tells in an ordinary
    network is how far $E$ is from an inverse of $D$ on the decoded surface, not how far the image is from that surface.
    $J_I$ still varies with the image: the rank correlation of $\\sum|1-\\lambda|^2$ with the error is {found.get("shrinkage", np.nan):.2f} on flows and
    {rho.get("shrinkage", np.nan):.2f} on the networks of `{run.name}`, the trace {found.get("trace_input", np.nan):.2f} and
    {rho.get("trace_input", np.nan):.2f}. There is a reason: on a flow the [core](geometry) of $J_I$ is
    $1+(J_E(x)-J_E(f(x)))\\,J_D(z)$, which differs from 1 only because $x$ lies off the decoded surface.
    """
)

# %% [markdown]
# ## What to take away
#
# In the default run:
#
# - A hyperplane separates failure only weakly, though above chance, while hyperplanes of ink and class separate well. All three improve with $d$.
# - The turning of the tangent plane tells something, but less than the distance to neighbours.
# - Eigenvalues of $J_L$ can all be 1 while the network errs. In such flows those of $J_I$ rank the errors better than in ordinary networks, though not better than the 5-NN distance.
#
# Caveat: the flows are small, and the coupling layers are trained for the reconstruction alone, not for a density. A score that is constant or undefined on a network is left out.
