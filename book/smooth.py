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
# # Is failure smooth on the data?
#
# If images that resemble each other are reconstructed equally badly, then the errors of training images foretell those of new images, and no geometry of the network is needed. Here we measure how smooth the error is on the graph that joins each image to its nearest neighbours, and how far that carries to images never seen.

# %% tags=["parameters"]
runs: list[str] = ["digits-seeds"]  # the first run here whose networks are at hand is shown

# %%
from lib.analysis import smooth
from lib.report import smooth as report, style
from lib.report.output import fold, say, show_figure
from lib.runs import evenly_spaced, first_trainable, measurements, read

style.use_style()
run = read(first_trainable(runs))
table = smooth.SMOOTH.read() if run.name == smooth.SMOOTH_RUN else smooth.smooth_table(run.name)
together = table["latent_dim"] == smooth.TOGETHER
networks = table[~together]
whole = smooth.whole_graph(run.name)

# %%
means = networks.groupby(smooth.ROW_KEYS)[["r2", "share", "moved"]].mean()
ranks = table[together].set_index(smooth.ROW_KEYS)[["spearman", "low", "high"]]
low = means["share"].xs("lowest 5 %", level="features").xs(smooth.ALL_IMAGES)
carried = ranks.loc[(smooth.TRAINING_ONLY, smooth.ENCODINGS, "error")]
density = ranks.at[("none", "5-NN distance", "error"), "spearman"]
best = max(carried["spearman"], ranks.at[(smooth.TRAINING_ONLY, smooth.EIGENVECTORS, "error"), "spearman"])
less = "but less well than" if best < density else "and no less well than"
say(
    f"""
    > **In brief.** Failure is smooth in part: the lowest 5 % of the graph's frequencies hold a share of {low["error"]:.2f} of the variation of
    > the log error, and {low["shuffled"]:.2f} after shuffling. Training errors, carried over the graph, rank the errors of
    > new images with a correlation of up to {best:.2f}, {less} the distance to the neighbours alone ({density:.2f}).
    """
)

# %% [markdown]
# ## The graph and its frequencies
#
# We join two images where one is among the ten nearest neighbours of the other. Let $W_{ij}$ be 1 where images $i$ and $j$ are joined and 0 elsewhere, and let the diagonal matrix $\Delta$ hold the number of neighbours of each image. The eigenvectors of the normalised Laplacian $L=I-\Delta^{-1/2}W\Delta^{-1/2}$ play the part of sines and cosines, and their eigenvalues that of frequencies: an eigenvector with a small eigenvalue varies little along edges. A function on the images is smooth where the low frequencies suffice to describe it.

# %%
shown = evenly_spaced(run.latent_dims, 3)
points = {d: measurements(run.name, run.table_depth, d, run.seeds[0]) for d in shown}
functions = {d: smooth.graph_functions(of_network) for d, of_network in points.items()}
show_figure(
    [report.error_map(points[shown[-1]], whole), report.energies(functions, whole)],
    name="fig-frequencies",
    caption=f"""Left: all images of `{run.name}`, placed by their ranks in two eigenvectors of their graph, in the shade of their error at
    $d$ = {shown[-1]}. Right: the share of a function's variation in the lowest frequencies; the line is at 5 %.""",
    alt=f"""Neighbouring images have similar errors. The lowest 5 percent of the frequencies hold {low["error"]:.2f} of the
    variation of the log error, {low["ink"]:.2f} of that of ink, and {low["shuffled"]:.2f} of that of shuffled errors.""",
)

# %%
by_dim = networks[(networks["features"] == "lowest 5 %") & (networks["target"] == "error")]
by_dim = by_dim.groupby("latent_dim")["share"].mean()
say(
    f"""
    The share of the error is {by_dim.iloc[0]:.2f} at $d$ = {by_dim.index[0]} and {by_dim.iloc[-1]:.2f} at $d$ = {by_dim.index[-1]}
    (mean over seeds). That of ink is {low["ink"]:.2f}, and that of the distance to the fifth neighbour {low["5-NN distance"]:.2f}.
    In the default run these two, which follow from the images without any network, are smoother than the error.
    """
)

# %% [markdown]
# ## What carries it to new images?
#
# An eigenvector has no sign of its own, and where eigenvalues are close it turns with the least change of the graph. [Huang et al. 2024](references) therefore encode a point by its row of matrices $V\varphi(\Lambda)V^\top$ with smooth $\varphi$, where $V$ holds the eigenvectors and $\Lambda$ their eigenvalues; these matrices have no such freedom. They train $\varphi$ and the layers that follow; we take eight fixed Gaussian bands for $\varphi$ and four summaries of each row, so that only a regression is fitted. A ridge regression of the log error on these encodings is fitted on training images and asked about test images. Its rivals have raw eigenvectors, the degrees of the graph, or what [the tournament](predictors) controls for: class, ink, norm and 5-NN distance.

# %%
sums = [f"{smooth.COVARIATES} and {name}" for name in (smooth.ENCODINGS, smooth.EIGENVECTORS)]
plain = [(name, "none", name) for name in ("5-NN regression", smooth.COVARIATES)]
sides = {}
for graph, title in ((smooth.ALL_IMAGES, "graph of all images"), (smooth.TRAINING_ONLY, "graph of training images")):
    own = [(name, graph, name) for name in (smooth.ENCODINGS, smooth.EIGENVECTORS)]
    both = [(name.replace(" and ", "\nand "), graph, name) for name in sums]
    sides[title] = [("degrees", smooth.ALL_IMAGES, "degrees"), plain[0], *own, plain[1], *both]

# %%
explained = means["r2"].xs("error", level="target")
show_figure(
    [report.strip(networks, entries, title) for title, entries in sides.items()],
    name="fig-carried",
    caption="""How much of the variance of the log error of test images is explained; a constant shift is not counted, since test
    errors are larger than training errors throughout. A dot is a network, a bar the mean. Left, the graph has the test images too, but
    not their errors; right, they are added by Nyström's formula (degrees as on the left). 5-NN regression: the mean log error of the
    five nearest training images. Covariates: class, ink, norm and 5-NN distance.""",
    alt=f"""Encodings explain {explained[smooth.ALL_IMAGES, smooth.ENCODINGS]:.2f} on average, eigenvectors
    {explained[smooth.ALL_IMAGES, smooth.EIGENVECTORS]:.2f}, covariates {explained["none", smooth.COVARIATES]:.2f}. With the graph of
    training images alone the numbers are nearly the same.""",
)

# %%
wins = networks[networks["graph"] == smooth.ALL_IMAGES].pivot(
    index=["latent_dim", "seed"], columns=["features", "target"], values="r2"
)
won = int((wins[smooth.ENCODINGS, "error"] > wins[smooth.EIGENVECTORS, "error"]).sum())
say(
    f"""
    Encodings explain more than raw eigenvectors in {won} of {len(wins)} networks. This depends on the regression: with one fixed
    penalty the small entries of eigenvectors would be shrunk away, so we standardise all columns and choose the penalty by
    leaving out one image at a time. The degrees of the graph, a measure of density, alone have {explained[smooth.ALL_IMAGES, "degrees"]:.2f}.
    """
)

# %%
gains = [explained[smooth.ALL_IMAGES, name] - explained["none", smooth.COVARIATES] for name in sums]
null = ranks.loc[(smooth.TRAINING_ONLY, smooth.ENCODINGS, "shuffled")]
say(
    f"""
    Beside the covariates, encodings gain {gains[0]:.2f} of $R^2$ and eigenvectors {gains[1]:.2f}: in the default run, the covariates
    already contain most of what the graph tells.

    Control: fitted on shuffled training errors, the encodings have rank correlations of {null["low"]:.2f} to {null["high"]:.2f} with
    the error; fitted on the errors themselves they have {carried["spearman"]:.2f}. Both numbers come from the graph of training
    images alone; this version is the measure `smooth` of the library.
    """
)

# %% [markdown]
# ## Stability
#
# Now we delete 5 % of the images, compute graph, encodings and eigenvectors anew, and keep the coefficients that were fitted before. Nothing fixes the signs of the new eigenvectors, so we draw them at random; or we match them to the old ones, as one can where the old graph is known. There is one deletion and one draw of signs for all networks, so the dots do not show how much depends on these.

# %%
cases = [
    (smooth.ENCODINGS, smooth.ENCODINGS),
    (smooth.EIGENVECTORS, smooth.EIGENVECTORS),
    (smooth.MATCHED, "signs matched"),
]
entries = [
    *[(f"{name}, before", smooth.ALL_IMAGES, name) for name in (smooth.ENCODINGS, smooth.EIGENVECTORS)],
    *[(f"{label}, after", smooth.THINNED, name) for name, label in cases],
]

# %%
show_figure(
    report.strip(networks, entries, "old coefficients"),
    name="fig-deletion",
    caption="Explained log error of test images before and after 5 % of the images are deleted, with the coefficients from before.",
    alt=f"""Encodings go from {explained[smooth.ALL_IMAGES, smooth.ENCODINGS]:.2f} to {explained[smooth.THINNED, smooth.ENCODINGS]:.2f}, raw
    eigenvectors from {explained[smooth.ALL_IMAGES, smooth.EIGENVECTORS]:.2f} to {explained[smooth.THINNED, smooth.EIGENVECTORS]:.2f}.""",
)

# %%
moved = means["moved"].xs("error", level="target")
say(
    f"""
    With the old coefficients, encodings explain {explained[smooth.THINNED, smooth.ENCODINGS]:.2f}, eigenvectors
    {explained[smooth.THINNED, smooth.EIGENVECTORS]:.2f}, and with matched signs {explained[smooth.THINNED, smooth.MATCHED]:.2f}. So in the
    default run encodings keep what they knew, as their authors say. With new coefficients, the predictions by eigenvectors move
    by {moved[smooth.THINNED_ANEW, smooth.EIGENVECTORS]:.2f} of their spread, those by encodings by {moved[smooth.THINNED_ANEW, smooth.ENCODINGS]:.2f}: whoever can fit anew has no use for encodings.
    """
)

# %% [markdown]
# ## Why no network is trained here
#
# [Velich et al. 2025](references) train a network to give a basis for functions on data, by a nested loss: for probes $g$, random functions made smooth, and orthonormal columns $Q_k=(q_1,\dots,q_k)$, the mean over $k\le K$ of $\mathbb{E}\,|g-Q_kQ_k^\top g|^2$. On fixed points this has a solution in closed form.
#
# > **Proposition.** The loss is least where $q_1,\dots,q_K$ are leading eigenvectors of $C=\mathbb{E}\,gg^\top$ in falling order of their eigenvalues. This is a principal component analysis of the probes.
#
# <details><summary>Proof</summary>
#
# Since $\mathbb{E}\,|g-Q_kQ_k^\top g|^2=\operatorname{tr}C-\operatorname{tr}Q_k^\top CQ_k$, and $\operatorname{tr}Q_k^\top CQ_k\le\mu_1+\dots+\mu_k$ with the eigenvalues $\mu_1\ge\mu_2\ge\dots$ of $C$ (Ky Fan), each term is at least $\mu_{k+1}+\mu_{k+2}+\dots$. The leading eigenvectors reach all these bounds at once. Conversely a term reaches its bound only if $q_1,\dots,q_k$ span leading eigenvectors; so if the $\mu_k$ differ, the $q_k$ are unique up to sign. Weights $m_i$ of the points change nothing: take $\sqrt{m_i}\,g_i$ for $g_i$.
#
# </details>
#
# Let the probes be white noise, smoothed by a symmetric matrix $S$ that commutes with $L$ and shrinks high frequencies more. Then $C$ is proportional to $S^2$, and the $q_k$ are the eigenvectors of $L$ of lowest frequency. A network then only carries them to new points, and Nyström's formula does that without one.
#
# ## What to take away
#
# In the default run:
#
# - The error is smooth on the data, though less so than ink or density, and the less the larger $d$.
# - Positional encodings survive a change of the graph, and raw eigenvectors do not. On one graph encodings have no advantage.
# - To rank errors of new images, the distance to the neighbours is simpler and better than the graph; beside the covariates the graph adds a little.
#
# Caveat: these are small images, whose Euclidean neighbours resemble each other. And the errors of training images are needed, and someone who has only the network does not know them.
