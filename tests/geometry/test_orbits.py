"""Orbits of maps whose fate is known: contractions, two attractors, rotations, expansions, the tent map."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lib.base.errors import InputError
from lib.geometry import orbits as iteration
from lib.training.autoencoders import Pair, build

FIXED, CYCLE, LOST, UNSETTLED = range(4)


def affine(matrix: Tensor, shift: Tensor) -> Pair:
    """The pair whose f is x -> matrix x + shift."""
    size = len(matrix)
    first, last = nn.Linear(size, size).double(), nn.Linear(size, size).double()
    first.load_state_dict({"weight": torch.eye(size), "bias": torch.zeros(size)})
    last.load_state_dict({"weight": matrix, "bias": shift})
    return nn.Sequential(first), nn.Sequential(last)


def on_the_line(inner: list[float], kinks: list[float], outer: list[float], shift: float) -> Pair:
    """The pair whose f is x -> sum_i outer_i relu(inner_i x - kinks_i) + shift, d = N = 1."""
    first, second, last = nn.Linear(1, len(inner)).double(), nn.Linear(len(inner), 1).double(), nn.Linear(1, 1).double()
    first.load_state_dict({"weight": torch.tensor(inner)[:, None], "bias": -torch.tensor(kinks)})
    second.load_state_dict({"weight": torch.tensor([outer]), "bias": torch.tensor([shift])})
    last.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
    return nn.Sequential(first, nn.ReLU(), second), nn.Sequential(last)


def rotation(angle: float) -> Tensor:
    turned = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return torch.tensor(turned, dtype=torch.float64)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


# f(x) = 2 relu(x + 1/2) - 2 relu(x - 1/2) - 1: slope 2 between -1/2 and 1/2, flat outside; -1 and 1 attract, 0 repels.
STEP = on_the_line([1.0, 1.0], [-0.5, 0.5], [2.0, -2.0], -1.0)
# f(x) = 1 - |2x - 1|: the tent map; neighbours part by a factor of 2 a step.
TENT = on_the_line([2.0, -2.0, 0.0], [1.0, -1.0, 0.0], [-1.0, -1.0, 0.0], 1.0)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.9), st.floats(-3, 3), st.floats(0, 6))
def test_a_contraction_has_one_fixed_point_at_its_place(gain: float, shift: float, angle: float):
    """f(x) = gain R x + b: all orbits end in (I - gain R)^-1 b, where the spectral radius is gain."""
    matrix, b = gain * rotation(angle), torch.tensor([shift, 1.0], dtype=torch.float64)
    pair = affine(matrix, b)
    x = torch.randn((7, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    orbits = iteration.iterate(*pair, x)
    found = iteration.attractors(*pair, orbits)
    assert orbits.shares() == [1, 0, 0, 0] and (orbits.period == 1).all()
    assert len(found.points) == 1 and found.sizes.tolist() == [7]
    assert torch.allclose(found.points[0], torch.linalg.solve(torch.eye(2).double() - matrix, b), atol=1e-9)
    assert float(found.radius) == pytest.approx(gain)


def test_steps_are_those_that_the_contraction_takes():
    """Steps shrink by one half each: the first of at most tolerance (1 + |x|) is known."""
    orbits = iteration.iterate(
        *affine(0.5 * torch.eye(1).double(), torch.zeros(1).double()), column(1.0), tolerance=2**-20
    )
    assert orbits.steps.tolist() == [20]


def test_two_attractors_have_the_basins_on_their_sides():
    x = column(-3.0, -0.4, -0.01, 0.02, 0.3, 0.7, 5.0)
    orbits = iteration.iterate(*STEP, x)
    found = iteration.attractors(*STEP, orbits)
    assert found.points[:, 0].tolist() == pytest.approx([1, -1]), "the larger basin comes first"
    assert found.basin.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert found.sizes.tolist() == [4, 3]
    assert found.radius.tolist() == [0, 0]


def test_newton_finds_the_fixed_point_that_repels_too():
    found, solved = iteration.newton(*STEP, column(-3.0, -0.4, 0.3, 5.0))
    assert solved.all()
    assert found[:, 0].tolist() == pytest.approx([-1, 0, 0, 1])
    assert iteration.spectral_radius(*STEP, found).tolist() == [0, 2, 2, 0]


def test_newton_does_not_take_a_virtual_fixed_point_for_one():
    """relu(x) + 1 has none: on the left its piece is constant, with a fixed point on the right."""
    pair = on_the_line([1.0], [0.0], [1.0], 1.0)
    found, solved = iteration.newton(*pair, column(-2.0, 3.0))
    assert not solved.any()
    assert found.isfinite().all()


def test_a_rotation_never_converges():
    """By a third of a turn it is a cycle of three; by an irrational part of a turn it does not come back."""
    x = torch.tensor([[1.0, 0.0], [0.3, -2.0]], dtype=torch.float64)
    zero = torch.zeros(2).double()
    third = iteration.iterate(*affine(rotation(2 * math.pi / 3), zero), x, steps=200)
    assert third.fate.tolist() == [CYCLE, CYCLE] and third.period.tolist() == [3, 3]
    golden = iteration.iterate(*affine(rotation(math.pi * (math.sqrt(5) - 1)), zero), x, steps=200)
    assert golden.fate.tolist() == [UNSETTLED, UNSETTLED] and golden.period.tolist() == [0, 0]
    assert len(iteration.attractors(*affine(rotation(1.0), zero), golden).points) == 0


@pytest.mark.parametrize("shrinking", [0.5, 0.9, 0.99999])
@pytest.mark.parametrize("angle", [0.0, 2 * math.pi / 3])
def test_an_orbit_that_still_converges_is_no_cycle(shrinking: float, angle: float):
    """Its step would be short enough only after those allowed, wherever on its way they end."""
    pair, zero = affine(shrinking * rotation(angle), torch.zeros(2).double()), torch.zeros(2).double()
    x = torch.outer(10.0 ** torch.linspace(-11, 0, 40, dtype=torch.float64), torch.ones(2).double())
    assert not (iteration.iterate(*pair, x, steps=1).fate == CYCLE).any()
    assert iteration.iterate(*affine(0.5 * torch.eye(2).double(), zero), x[-1:], steps=33).fate.tolist() == [UNSETTLED]


def test_an_expansion_is_lost_but_for_its_fixed_point():
    orbits = iteration.iterate(*affine(3 * torch.eye(1).double(), torch.zeros(1).double()), column(0.0, 1e-3, -7.0))
    assert orbits.fate.tolist() == [FIXED, LOST, LOST]
    assert orbits.end.isfinite().all()
    assert orbits.shares(orbits.fate != FIXED) == [0, 0, 1, 0]


def test_an_orbit_that_overflows_is_lost():
    huge = affine(1e200 * torch.eye(1).double(), torch.zeros(1).double())
    assert iteration.iterate(*huge, column(1e150)).fate.tolist() == [LOST]


@pytest.mark.parametrize(
    ("pair", "expected"), [(TENT, math.log(2)), (affine(rotation(1.0), torch.ones(2).double()), 0.0)]
)
def test_exponents_of_known_maps(pair: Pair, expected: float):
    """The tent map parts neighbours by 2 a step, a rotation keeps their distance."""
    size = 1 if pair is TENT else 2
    x = torch.rand((4, size), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    steps = 25 if pair is TENT else 100  # in binary, 50 doublings leave nothing of a number
    assert iteration.growth(*pair, x, steps).tolist() == pytest.approx([expected] * 4, abs=1e-3)


def test_the_exponent_is_the_logarithm_of_the_spectral_radius():
    """f(x) = A x: a separation turns to the eigenvector of the largest eigenvalue; a lost orbit counts until it is lost."""
    for largest in (0.9, 1.5):
        pair = affine(torch.diag(torch.tensor([largest, 0.1])).double(), torch.zeros(2).double())
        found = iteration.growth(*pair, torch.ones((1, 2)).double(), steps=60)
        assert float(found) == pytest.approx(math.log(largest), abs=1e-4)


def test_an_orbit_that_is_lost_while_the_separation_turns_has_the_exponent_of_its_steps():
    expansion = affine(3 * torch.eye(2).double(), torch.zeros(2).double())
    x = torch.tensor([[1e3, 0.0], [1.0, 1.0], [1e6, 0.0]], dtype=torch.float64)
    expected = pytest.approx([math.log(3), math.log(3), math.nan], abs=1e-6, nan_ok=True)
    assert iteration.growth(*expansion, x, steps=5).tolist() == expected


def test_points_are_the_same_within_the_tolerance():
    near = 0.5 * iteration.SAME
    firsts, number = iteration.distinct(column(0.0, 5.0, near, 5 + 6 * near, 9.0))
    assert firsts.tolist() == [0, 1, 4]
    assert number.tolist() == [0, 1, 0, 1, 2]


def test_purity_is_between_one_basin_and_one_basin_a_class():
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    assert iteration.purity(labels, labels) == (1.0, 0.5)
    assert iteration.purity(torch.zeros(6, dtype=torch.long), labels) == (0.5, 0.5)
    assert iteration.purity(torch.tensor([0, 0, 0, 0, -1, -1]), labels) == (0.75, 0.75)
    assert iteration.purity(torch.full((6,), -1), labels) == (0.0, 0.0)


def test_a_portrait_of_a_known_map():
    x = column(-3.0, -0.4, 0.3, 0.7, 5.0)
    found = iteration.portrait(*STEP, x, torch.tensor([0, 0, 1, 1]), column(1.1, -4.0), 0.2, 100)
    numbers = found.numbers
    assert (numbers["attractors"], numbers["like_training"], numbers["largest"]) == (2, 1, 0.6)
    assert (numbers["fixed_points"], numbers["repelling"], numbers["solved"]) == (3, 1, 1.0)
    assert numbers["true_at_once"] == 1.0, "every piece holds its fixed point"
    assert (numbers["purity"], numbers["single"]) == (1.0, 0.5)
    assert math.isnan(numbers["exponent"]), "no orbit is unsettled"
    assert found.distance.tolist() == pytest.approx([0.1, 2.1]) and found.row.tolist() == [0, 0]


def test_a_portrait_without_attractors_is_whole():
    encoder, decoder = affine(3 * torch.eye(2).double(), torch.ones(2).double())
    found = iteration.portrait(
        encoder, decoder, torch.ones((3, 2)).double(), torch.zeros(2).long(), torch.ones((2, 2)).double(), 1.0, 50
    )
    assert found.numbers["attractors"] == 0 and math.isnan(found.numbers["radius_low"])
    assert found.orbits.shares() == [0, 0, 1, 0]


def test_starting_points_are_described_by_their_cores():
    pair = affine(torch.diag(torch.tensor([0.5, 0.25])).double(), torch.zeros(2).double())
    x = torch.tensor([[1.0, 2.0]]).double()
    found = iteration.starting_points(*pair, x, iteration.iterate(*pair, x))
    assert float(found["trace"][0]) == pytest.approx(0.75)
    assert float(found["log_volume"][0]) == pytest.approx(math.log(0.125))
    assert float(found["error"][0]) == pytest.approx((0.5**2 + 1.5**2) / 2)
    assert found["fate"].tolist() == [FIXED]


def test_the_end_of_an_orbit_is_where_repeated_application_leads():
    """On a network of the family, in the order of the points, whichever orbits end before others."""
    encoder, decoder = (module.double() for module in build((6, 5, 2), 0, "he"))
    x = torch.rand((9, 6), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    orbits = iteration.iterate(encoder, decoder, x, steps=40)
    with torch.no_grad():
        for place in range(9):
            here = x[place]
            for _ in range(int(orbits.steps[place])):
                here = decoder(encoder(here))
            assert torch.allclose(here, orbits.end[place], rtol=1e-9)


def test_what_cannot_be_iterated_is_refused():
    pair = affine(torch.eye(1).double(), torch.zeros(1).double())
    with pytest.raises(InputError, match="`steps` should be positive, 0 was given"):
        iteration.iterate(*pair, column(1.0), steps=0)
    with pytest.raises(InputError, match="should be float64"):
        iteration.iterate(*pair, torch.ones(1, 1))
    images = torch.rand(2, 1, 4, 4).double()
    convolutions = nn.Conv2d(1, 1, 3).double(), nn.ConvTranspose2d(1, 1, 3).double()
    rows = nn.Sequential(nn.Unflatten(1, (1, 4, 4)), convolutions[0]), nn.Sequential(convolutions[1], nn.Flatten())
    for function in (iteration.iterate, iteration.growth):
        with pytest.raises(
            InputError, match=r"shape \(points, N\), torch.float64 \(2, 1, 4, 4\) was given; .* nn.Unflatten"
        ):
            function(*convolutions, images)
        with pytest.raises(InputError, match=r"the encoder is torch.float32"):
            function(nn.Linear(3, 1), nn.Linear(1, 3), torch.ones(2, 3).double())
        function(*rows, images.flatten(1), 2)


def test_neighbours_that_become_one_have_an_exponent_of_minus_infinity():
    assert iteration.growth(*STEP, column(5.0, 0.3), steps=20).tolist() == [-math.inf, -math.inf]


def test_an_autoencoder_with_more_latent_dimensions_than_inputs_may_be_iterated():
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(3, 5).double(), nn.Linear(5, 3).double()
    orbit = iteration.iterate(encoder, decoder, torch.randn(4, 3, dtype=torch.float64), 5)
    assert orbit.end.shape == (4, 3)
