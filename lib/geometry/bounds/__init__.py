r"""Relations between eigenvalues and errors: each statement of the page `proofs` as a function.

For chains of affine layers and ReLU. A function takes a `Secant` form between two points (`between`) or a `Local` form at
a point (`pointwise`) and returns a `Check`: bound, actual value and slack at each point, and where the assumption holds.
`evaluate` computes all of them. Notation of the page `geometry`: r(x) = f(x) - x, f = D o E.
"""

from lib.geometry.bounds.between import BETWEEN, SECOND_APPLICATION
from lib.geometry.bounds.check import Check
from lib.geometry.bounds.evaluation import evaluate, statement_table
from lib.geometry.bounds.expectation import stein
from lib.geometry.bounds.pointwise import (
    LOCAL,
    Local,
    fixed_points,
    local,
    nearest_boundary,
    region_flips,
)
from lib.geometry.bounds.secants import Secant, flipped_units, secant
