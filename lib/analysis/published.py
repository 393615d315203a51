r"""What the paper published, as data: its two tables, its claims, and an audit of the tables.

The tables give, for every latent dimension and both spaces, the coefficients of equations 6 (Table 1, log-volume) and
7 (Table 2, trace): MSE_s = b0 + b1 X_s + b2 [test] + b3 [test] X_s; the last column is b1 + b3.
Source: Agarwala, Dees, Gearhart and Lowman, Foundations of Data Science 2022, doi 10.3934/fods.2022004.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import pandas as pd

from lib.base.errors import check_known

DATA = Path(__file__).parent
TRAIN_POINTS, TEST_POINTS = 60_000, 10_000
TABLE_PREDICTORS = {1: "log_volume", 2: "trace"}  # of the error, by the number of the table
PREDICTOR_NAMES = {"log_volume": "log volume", "trace": "trace"}
SPACE_NAMES = {"input": "J_I", "latent": "J_L"}
COLUMNS = {
    "intercept": "intercept",
    "x": "slope",
    "test_ind": "test",
    "test_x": "interaction",
    "test_slope": "test_slope",
}


@dataclass(frozen=True)
class PublishedClaim:
    """A claim of the paper: where it stands, the page of this book that shows it, what it says in brief and in full."""

    id: str
    source: str
    page: str
    published: str
    statement: str


def published_claims() -> tuple[PublishedClaim, ...]:
    """Every claim of the paper, in the order of its figures and tables (claims.csv beside this file)."""
    rows = pd.read_csv(DATA / "claims.csv", keep_default_na=False).to_dict("records")
    return tuple(PublishedClaim(**row | {"published": row["published"] or _printed_slopes(row["id"])}) for row in rows)


def _printed_slopes(claim: str) -> str:
    """What is published of a claim such as "table1-latent": the range of the test slopes."""
    number, space = claim.removeprefix("table").split("-")
    rows = published_table(int(number))
    slopes = rows.loc[rows["space"] == space, "test_slope"]
    return f"{slopes.min():g} to {slopes.max():g}"


def published_table(number: int) -> pd.DataFrame:
    """Table 1 or 2 as printed, one row a latent dimension and space.

    Columns `latent_dim`, `space` ("input" or "latent"), `intercept`, `slope`, `test`, `interaction`, `test_slope`, in
    standard deviations of the MSE (a standard deviation of the predictor).
    """
    printed = _printed(number).astype(float).astype({"dim": int})
    frames = []
    for space, jacobian in SPACE_NAMES.items():
        named = {f"{jacobian[-1]}_{short}": column for short, column in COLUMNS.items()}
        frames.append(printed[["dim", *named]].rename(columns={"dim": "latent_dim"} | named).assign(space=space))
    rows = pd.concat(frames, ignore_index=True)
    return rows[["latent_dim", "space", *COLUMNS.values()]]


def tables() -> pd.DataFrame:
    """Both tables as printed, with a column `predictor`."""
    return pd.concat(
        [published_table(number).assign(predictor=predictor) for number, predictor in TABLE_PREDICTORS.items()]
    )


@cache
def _printed(number: int) -> pd.DataFrame:
    check_known("published table", number, TABLE_PREDICTORS)
    return pd.read_csv(DATA / f"published_table_{number}.csv", dtype=str)


def _half_units(number: int) -> dict[tuple[str, str], float]:
    """(space, column) -> half a unit of the last decimal that the column is printed with."""
    printed = _printed(number)
    return {
        (space, column): 0.5
        * 10.0 ** min(int(Decimal(text).as_tuple().exponent) for text in printed[f"{jacobian[-1]}_{short}"])
        for space, jacobian in SPACE_NAMES.items()
        for short, column in COLUMNS.items()
    }


def audit() -> pd.DataFrame:
    """Two identities that the printed numbers have to satisfy, checked in every cell of both tables.

    `test slope`: slope + interaction = test_slope, within the rounding of what is printed. `pooled mean`: a regression
    with an intercept on variables standardised over the pooled points has fitted values of mean zero, so
    intercept + share * test + share * m * interaction = 0, share = 10,000 / 70,000 that of the test points and m their mean
    standardised predictor; m is small, so intercept + test / 7 is nearly 0 (Table 2; in Table 1 the points without a
    logarithm are missing from the mean). Here |m| up to 0.05 is allowed for. Columns: `number`, `latent_dim`, `space`, `identity`,
    `residual`, `allowed`, `holds`, and for the second `residual_with_sign_changed`, the residual were the intercept's
    sign the other one.
    """
    rows = []
    share = TEST_POINTS / (TRAIN_POINTS + TEST_POINTS)
    for number in TABLE_PREDICTORS:
        half_units = _half_units(number)
        for cell in published_table(number).to_dict("records"):
            keys = {"number": number, "latent_dim": cell["latent_dim"], "space": cell["space"]}
            half = {column: half_units[cell["space"], column] for column in COLUMNS.values()}
            allowed = half["slope"] + half["interaction"] + half["test_slope"]
            residual = cell["slope"] + cell["interaction"] - cell["test_slope"]
            rows.append(keys | _checked("test slope", residual, allowed))
            if number == 2:
                allowed = half["intercept"] + share * (half["test"] + 0.05 * abs(cell["interaction"]))
                residual = cell["intercept"] + share * cell["test"]
                changed = -cell["intercept"] + share * cell["test"]
                rows.append(keys | _checked("pooled mean", residual, allowed) | {"residual_with_sign_changed": changed})
    return pd.DataFrame(rows)


def _checked(identity: str, residual: float, allowed: float) -> dict[str, object]:
    return {"identity": identity, "residual": residual, "allowed": allowed, "holds": abs(residual) <= allowed + 1e-12}


def misprints() -> pd.DataFrame:
    """The cells of the audit that fail, and would hold were the intercept's sign the other one: sign misprints.

    Columns of `audit`, and `printed` and `corrected`, the intercept as it stands and as it must read.
    """
    rows = audit()
    rows = rows[~rows["holds"] & (rows["residual_with_sign_changed"].abs() <= rows["allowed"])]
    cells = pd.concat([published_table(number).assign(number=number) for number in TABLE_PREDICTORS])
    keys = ["number", "latent_dim", "space"]
    rows = rows.merge(cells[[*keys, "intercept"]].rename(columns={"intercept": "printed"}), on=keys)
    return rows.assign(corrected=-rows["printed"])


def corrected_table(number: int) -> pd.DataFrame:
    """The table with the signs of the intercepts that `misprints` finds put right."""
    return _corrected(number).copy()


@cache
def _corrected(number: int) -> pd.DataFrame:
    keys, wrong = ["latent_dim", "space"], misprints().query("number == @number")
    rows = published_table(number).merge(wrong[[*keys, "corrected"]], on=keys, how="left")
    return rows.assign(intercept=rows["corrected"].fillna(rows["intercept"])).drop(columns="corrected")
