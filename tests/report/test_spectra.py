"""Figures of the page `spectra`."""

import pytest

from lib.report import spectra


def test_a_figure_shows_the_numbers_of_the_summary(summaries):
    figure = spectra.mean_eigenvalue(summaries, "arithmetic_mean")
    rows = summaries["smoke"].statistics.query(
        "quantity == 'arithmetic_mean' and space == 'latent' and depth == 3 and split == 'all' and label == -1"
    )
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx(
        rows.sort_values("latent_dim")["median"].tolist()
    )
