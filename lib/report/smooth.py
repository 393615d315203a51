"""Figures of the page `smooth`: the error over the graph and its frequencies, and what predicts it at new images."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.geometry.graphs import LOWEST, Graph
from lib.report.numbers import record
from lib.report.style import BLACK, GREEN, GREY, PURPLE, dots, legend, panel

LINES = {
    "ink": (GREEN, "--", "ink"),
    "5-NN distance": (GREEN, ":", "5-NN distance"),
    "shuffled": (GREY, "-", "shuffled error"),
}


def error_map(points: pd.DataFrame, graph: Graph) -> Figure:
    """All images, placed by their ranks in the two lowest eigenvectors that vary, in the shade of their log error."""
    figure, axis = panel(3.8)
    x, y = graph.vectors[:, 1:3].argsort(axis=0).argsort(axis=0).T  # ranks: the values crowd in a few places
    error = np.log10(points["mse"].to_numpy())
    shades = axis.scatter(x, y, c=error, cmap="magma_r", s=5, linewidths=0)
    figure.colorbar(shades, ax=axis, label=r"$\log_{10}$ MSE", shrink=0.85)
    axis.set(xlabel="rank in the second eigenvector", ylabel="rank in the third", xticks=[], yticks=[])
    record(axis, pd.DataFrame({"second": x, "third": y, "log10_mse": error}))
    return figure


def energies(functions: Mapping[int, Mapping[str, np.ndarray]], graph: Graph) -> Figure:
    """The share of each function below a frequency, against the share of the frequencies; `functions` by latent dimension."""
    figure, axis = panel(3.8)
    place = np.arange(1, graph.vectors.shape[1] + 1) / len(graph.points)
    first = next(iter(functions))
    for (latent_dim, of_network), dashes in zip(functions.items(), ("-", "--", "-.", ":"), strict=False):
        for name, values in of_network.items():
            if name != "error" and latent_dim != first:
                continue
            centred = values - values.mean()
            share = ((graph.vectors.T @ centred) ** 2).cumsum() / (centred @ centred)
            look = LINES.get(name, (PURPLE, dashes, f"log MSE, $d$ = {latent_dim}"))
            axis.plot(100 * place, share, color=look[0], linestyle=look[1], label=look[2])
            rows = pd.DataFrame({"frequencies": place, "share": share})
            record(axis, rows, function=name, latent_dim=latent_dim if name == "error" else "")
    axis.axvline(100 * LOWEST, color=BLACK, linewidth=0.6)
    axis.set(xlabel="lowest frequencies, in percent of all", ylabel="share of the variation", ylim=(0, None))
    legend(axis, loc="lower center", bbox_to_anchor=(0.45, 1), ncols=2, fontsize=8)
    return figure


def strip(rows: pd.DataFrame, entries: Sequence[tuple[str, str, str]], title: str) -> Figure:
    """R2 at the test images, a dot per network; entries: (label, graph, features)."""
    keys = ["graph", "features", "target"]
    chosen = {label: rows[(rows[keys] == [*key, "error"]).all(axis=1)] for label, *key in entries}
    return dots(chosen, "r2", "$R^2$ of the log error of test images", title, ["rival"] * len(chosen))
