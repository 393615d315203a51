"""The published tables, their audit, and the paper's claims as data."""

import pandas as pd
import pytest

from lib.analysis import published
from lib.base import files
from lib.base.errors import InputError

PAGES = {"introduction", "bounds", "spectra", "prediction"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_table_holds_every_printed_number(number: int):
    """A column mapped to the wrong name, or a row lost on the way, changes the multiset of numbers of a space."""
    printed = pd.read_csv(files.ROOT / "lib" / "analysis" / f"published_table_{number}.csv")
    table = published.published_table(number)
    assert list(table.columns) == ["latent_dim", "space", "intercept", "slope", "test", "interaction", "test_slope"]
    assert len(table) == 38 and not table.isna().any().any()
    for letter, space in (("L", "latent"), ("I", "input")):
        rows = table[table["space"] == space]
        assert list(rows["latent_dim"]) == list(range(2, 21))
        expected = printed[[f"{letter}_{name}" for name in ("intercept", "x", "test_ind", "test_x", "test_slope")]]
        assert (rows.iloc[:, 2:].to_numpy() == expected.to_numpy()).all()


def test_some_cells_as_the_page_has_them():
    """Spaces or tables swapped in the reading: three cells copied from the printed page by hand."""
    first = published.published_table(1).set_index(["space", "latent_dim"])
    second = published.published_table(2).set_index(["space", "latent_dim"])
    assert first.loc[("latent", 20), "test_slope"] == 0.496
    assert first.loc[("input", 2), "interaction"] == -0.0004
    assert second.loc[("input", 4), "interaction"] == 0.4135


def test_a_table_is_read_once_and_whoever_changes_it_changes_a_copy(monkeypatch: pytest.MonkeyPatch):
    before = published.published_table(1)
    monkeypatch.setattr(published.pd, "read_csv", lambda *_, **__: pytest.fail("it is read again"))
    first = published.published_table(1)
    first.loc[:, "slope"] = 9.0
    assert published.published_table(1).equals(before)


def test_an_unknown_table_is_refused():
    with pytest.raises(InputError, match="published table 3; choose one of: 1, 2"):
        published.published_table(3)


def test_the_audit_finds_exactly_one_sign_misprint():
    """Both identities, every cell: all hold but one, which a change of the intercept's sign mends."""
    audit = published.audit()
    assert audit.groupby(["number", "identity"]).size().to_dict() == {
        (1, "test slope"): 38,
        (2, "pooled mean"): 38,
        (2, "test slope"): 38,
    }
    failed = audit[~audit["holds"]]
    assert failed[["number", "latent_dim", "space", "identity"]].to_numpy().tolist() == [
        [2, 20, "input", "pooled mean"]
    ]
    (misprint,) = published.misprints().to_dict("records")
    assert misprint["printed"] == 0.0072 and misprint["corrected"] == -0.0072
    assert abs(misprint["residual"] - 0.0146) < 5e-5


def test_the_audit_computes_what_it_finds(monkeypatch: pytest.MonkeyPatch):
    """A misprint elsewhere is found there: nothing about the cell is written into the audit."""
    printed = {number: published._printed(number).copy() for number in (1, 2)}
    printed[2].loc[printed[2]["dim"] == "20", "I_intercept"] = "-0.0072"
    assert printed[2].loc[3, "L_intercept"].startswith("-")
    printed[2].loc[3, "L_intercept"] = printed[2].loc[3, "L_intercept"].removeprefix("-")
    printed[1].loc[0, "I_test_slope"] = "0.077"
    monkeypatch.setattr(published, "_printed", lambda number: printed[number])
    audit = published.audit()
    failed = audit.loc[~audit["holds"], ["number", "latent_dim", "space", "identity"]].to_numpy().tolist()
    assert failed == [[1, 2, "input", "test slope"], [2, 5, "latent", "pooled mean"]]
    assert published.misprints()["latent_dim"].tolist() == [5]  # a wrong sum is no sign misprint


def test_the_corrected_table_differs_in_one_cell():
    table, corrected = published.published_table(2), published.corrected_table(2)
    changed = (table != corrected).to_numpy().nonzero()
    assert [
        (table.iloc[row, 0], table.iloc[row, 1], table.columns[column]) for row, column in zip(*changed, strict=True)
    ] == [(20, "input", "intercept")]
    assert published.published_table(1).equals(published.corrected_table(1))


def test_the_pooled_mean_identity_is_that_of_least_squares():
    """The reasoning behind the audit, on made-up points: intercept + share (test + m interaction) = 0 to rounding."""
    import numpy as np

    from lib.measures import regression

    generator = np.random.default_rng(0)
    test = np.arange(700) >= 600
    predictor = generator.normal(size=700) + 0.3 * test
    fit = regression.fit(generator.normal(size=700) + predictor, predictor, test)[-1]
    m = regression.standardise(predictor)[test].mean()
    assert abs(fit.intercept + (fit.test + m * fit.interaction) / 7) < 1e-12


def test_claims_name_pages_of_this_book():
    """A claim that no page shows, an id used twice, a figure left out."""
    claims = published.published_claims()
    assert len({claim.id for claim in claims}) == len(claims)
    assert {claim.page for claim in claims} <= PAGES
    assert all((files.ROOT / "book" / f"{page}.py").exists() for page in PAGES)
    assert all(claim.statement.endswith(".") and claim.published and claim.source for claim in claims)
    for figure in (2, 4, 5, 6, 7, 8, 9):
        assert any(claim.source.startswith(f"Figure {figure}") for claim in claims)


def test_ranges_of_the_tables_are_computed():
    gist = {claim.id: claim.published for claim in published.published_claims()}
    slopes = published.published_table(1).query("space == 'latent'")["test_slope"]
    assert gist["table1-latent"] == f"{slopes.min():g} to {slopes.max():g}" == "-0.083 to 0.529"
