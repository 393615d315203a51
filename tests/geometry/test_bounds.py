"""Every statement: true on any network and any point, exact on small rational cases, false once it is written wrongly."""

from dataclasses import replace

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import jacrev, vmap

from lib.base.errors import InputError
from lib.geometry import bounds, jacobians
from lib.geometry.bounds import between, expectation, pointwise
from lib.geometry.bounds.check import Check, check
from lib.training import autoencoders

WIDTHS = st.lists(st.integers(1, 9), min_size=1, max_size=3)
POINTS, DIM = 14, 10
STATEMENTS = {
    **{one.__name__: "local" for one in bounds.LOCAL},
    **{one.__name__: "between" for one in bounds.BETWEEN},
    **{one.__name__: "again" for one in bounds.SECOND_APPLICATION},
}


def network(widths: list[int], seed: int = 0, kind: str = "as built") -> tuple[nn.Sequential, nn.Sequential]:
    """A random pair: as built, or with zero biases, dead units, a decoder without full rank, or tied weights."""
    encoder, decoder = (module.double() for module in autoencoders.build(widths, seed, "he"))
    linear = [module for module in (*encoder, *decoder) if isinstance(module, nn.Linear)]
    with torch.no_grad():
        if kind == "zero biases":
            for layer in linear:
                layer.bias.zero_()
        elif kind == "dead units":
            linear[0].bias[::2] = -100.0
        elif kind == "rank deficient":
            decoder[0].weight[:, 0] = 0.0
        elif kind == "all dead":
            linear[0].bias[:] = -100.0
    return tied(widths[0], widths[-1], seed) if kind == "tied" else (encoder, decoder)


def tied(input_dim: int, latent_dim: int, seed: int) -> tuple[nn.Sequential, nn.Sequential]:
    """f(x) = W^T relu(W x + b) + c."""
    weight = normal((latent_dim, input_dim), seed) / input_dim**0.5
    first, second = nn.Linear(input_dim, latent_dim).double(), nn.Linear(latent_dim, input_dim).double()
    with torch.no_grad():
        first.weight.copy_(weight)
        second.weight.copy_(weight.T)
    return nn.Sequential(first, nn.ReLU()), nn.Sequential(second)


def normal(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def points(encoder: nn.Sequential, decoder: nn.Sequential, seed: int) -> tuple[Tensor, Tensor]:
    """Points and anchors, among them x = a, x = 0 (on the boundary of every region where biases vanish), and a = f(x)."""
    x, anchors = normal((POINTS, DIM), seed), normal((POINTS, DIM), seed + 1)
    x[1] = x[0]
    x[2] = 0.0
    anchors[3] = x[3]
    with torch.no_grad():
        anchors[4] = decoder(encoder(x[4:5]))[0]
        anchors[5] = x[5] + 1e-9 * anchors[5]
    return x, anchors


def forms(encoder: nn.Sequential, decoder: nn.Sequential, x: Tensor, anchors: Tensor) -> dict[str, object]:
    with torch.no_grad():
        image = decoder(encoder(x))
        return {
            "local": bounds.local(encoder, decoder, x),
            "between": bounds.secant(encoder, decoder, x, anchors),
            "again": bounds.secant(encoder, decoder, image, x),
        }


@settings(max_examples=60, deadline=None)
@given(
    hidden=WIDTHS,
    latent_dim=st.integers(1, 5),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["as built", "zero biases", "dead units", "all dead", "rank deficient", "tied"]),
)
def test_every_statement_holds_on_any_network(hidden: list[int], latent_dim: int, seed: int, kind: str) -> None:
    encoder, decoder = network([DIM, *hidden, latent_dim], seed, kind)
    checks = bounds.evaluate(encoder, decoder, *points(encoder, decoder, seed), seed)
    assert {one.name: one.violations for one in checks if one.violations} == {}
    for one in checks:
        assert not torch.isnan(one.bound).any(), one.name
        assert not torch.isnan(one.actual).any(), one.name
        assert len(one.bound) == len(one.applies)


@settings(max_examples=20, deadline=None)
@given(input_dim=st.integers(3, 12), latent_dim=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_tied_weights_have_orthogonal_eigenvectors(input_dim: int, latent_dim: int, seed: int) -> None:
    encoder, decoder = tied(input_dim, min(latent_dim, input_dim), seed)
    form = bounds.secant(encoder, decoder, normal((9, input_dim), seed), normal((9, input_dim), seed + 1))
    assert (form.eigenvalues.imag.abs() < 1e-12).all()
    for statement in (between.orthogonal_identity, between.orthogonal_lower, between.orthogonal_upper):
        found = statement(form)
        assert found.applies.all()
        assert found.violations == 0
    assert (-between.orthogonal_identity(form).slack < 1e-13 * (1 + form.scale)).all()


# --- written wrongly ---------------------------------------------------------------------------------------------


def without(attribute: str):
    """The secant form with one of its derived tensors taken for 0."""
    return lambda form: altered(form, **{attribute: torch.zeros_like(getattr(form, attribute))})


def altered(form, **values):
    fresh = replace(form)
    fresh.__dict__.update(values)
    return fresh


def diagonal_schur(form):
    triangular, unitary = form.schur
    return altered(form, schur=(torch.diag_embed(triangular.diagonal(dim1=1, dim2=2)), unitary))


def negated_core(point):
    return replace(point, cores=replace(point.cores, input=-point.cores.input))


def of_other_points(form):
    return altered(form, _factors=tuple(part.roll(1, 0) for part in form._factors))


WRONG = {
    "core_identity": negated_core,
    "flip_rank": lambda point: replace(point, cores=replace(point.cores, latent=point.cores.latent.mT)),
    "traces_apart": lambda point: replace(point, at_image=point.at_x),
    "volume_split": lambda point: replace(point, at_x=of_other_points(point.at_x)),
    "virtual_fixed_point": negated_core,
    "tangent_bound": lambda point: replace(
        point, at_x=altered(point.at_x, _factors=(2 * point.at_x.basis, point.at_x.triangle))
    ),
    "neighbourhood_identity": lambda point: replace(point, at_x=without("oblique")(point.at_x)),
    "tangential_identity": lambda point: replace(point, at_x=altered(point.at_x, core=-point.at_x.core)),
    "schur_inequality": negated_core,
    "trace_lower": negated_core,
    "square_lower": negated_core,
    "volume_lower": negated_core,
    "determinant_lower": negated_core,
    "reversed_lower": lambda point: replace(
        point, at_x=altered(point.at_x, core=torch.eye(point.latent_dim).double().expand(len(point.x), -1, -1))
    ),
    "shrinking_upper": lambda point: altered(point, log_volume=-point.log_volume),
    "secant_identity": lambda form: replace(
        form, first=replace(form.first, slopes=[None if s is None else s.round() for s in form.first.slopes])
    ),
    "split_identity": without("mixed"),
    "normal_bound": lambda form: altered(form, across=2 * form.displacement),
    "residual_bound": lambda form: replace(form, anchor_residual=-form.anchor_residual),
    "two_sided_lower": without("mixed"),
    "two_sided_upper": without("mixed"),
    "orthogonal_identity": None,  # on networks without orthogonal eigenvectors: below
    "orthogonal_lower": None,
    "orthogonal_upper": None,
    "schur_lower": lambda form: without("mixed")(diagonal_schur(form)),
    "schur_upper": lambda form: without("mixed")(diagonal_schur(form)),
    "departure_identity": without("departure"),
    "departure_upper": without("departure"),
    "departure_lower": without("departure"),
    "second_application_lower": without("mixed"),
    "second_application_upper": without("mixed"),
}


@pytest.fixture(scope="module")
def generic() -> dict[str, object]:
    encoder, decoder = network([DIM, 9, 7, 3], 3)
    return forms(encoder, decoder, normal((400, DIM), 5), normal((400, DIM), 6))


def test_every_statement_has_a_wrong_version() -> None:
    assert set(WRONG) == set(STATEMENTS)


@pytest.mark.parametrize("name", [name for name, change in WRONG.items() if change])
def test_a_wrong_version_is_caught(generic, name: str) -> None:
    statement = getattr(pointwise, name, None) or getattr(between, name)
    form = generic[STATEMENTS[name]]
    if name == "shrinking_upper":  # eigenvalues all in (0, 1] are rare: half of a projection has them
        basis = torch.linalg.qr(normal((DIM, 3))).Q
        form = bounds.local(linear(0.5 * basis.T), linear(basis), normal((20, DIM)))
    assert statement(form).applies.any()
    assert statement(form).violations == 0
    assert statement(WRONG[name](form)).violations > 0


def test_orthogonality_assumed_where_it_is_not_breaks_the_bounds(generic) -> None:
    for statement in (between.orthogonal_identity, between.orthogonal_upper):
        found = statement(generic["between"])
        assert not found.applies.any()
        assert found.violations == 0
        assert found.broken_without > 0


def test_steins_identity_with_another_trace_is_caught(monkeypatch) -> None:
    encoder, decoder = network([DIM, 9, 3], 1)
    draw = torch.Generator().manual_seed(0)
    right = bounds.stein(encoder, decoder, normal((5, DIM)), 0.3, 4000, draw)
    assert [one.violations for one in right] == [0, 0]
    true_cores = jacobians.cores
    monkeypatch.setattr(
        expectation, "cores", lambda *pair: replace(true_cores(*pair), input=-5 * true_cores(*pair).input)
    )
    wrong = bounds.stein(encoder, decoder, normal((5, DIM)), 0.3, 4000, draw)
    assert wrong[0].violations > 0


def test_steins_bound_of_few_draws_is_right_on_average() -> None:
    """Of f = 0 at x = 0 the bound is s^2 N; the length of a mean of ten draws exceeds that of the expectation."""
    zeros = linear(torch.zeros(3, DIM).double()), linear(torch.zeros(DIM, 3).double())
    x, draw = torch.zeros(300, DIM, dtype=torch.float64), torch.Generator().manual_seed(0)
    found = bounds.stein(*zeros, x, 0.2, 10, draw)[1].bound
    excess = found - 0.2**2 * DIM
    assert abs(float(excess.mean())) < 4 * float(excess.std()) / 300**0.5


def test_the_certified_radius_is_reached_by_the_steepest_unit() -> None:
    encoder, decoder = network([DIM, 9, 7, 3], 2)
    x = normal((30, DIM), 2)
    radius = bounds.nearest_boundary(encoder, decoder, x)[0]
    chain = nn.Sequential(*encoder, *decoder)
    h, jacobian, nearest = x, torch.eye(DIM).double().expand(30, -1, -1), torch.zeros(30, DIM).double()
    best = torch.full((30,), torch.inf).double()
    for module in chain:
        if isinstance(module, nn.ReLU):
            slope = jacobian.norm(dim=2)
            distance = h.abs() / slope
            unit = distance.argmin(dim=1)
            rows = torch.arange(30)
            direction = -(h[rows, unit].sign() / slope[rows, unit])[:, None] * jacobian[rows, unit]
            closer = distance[rows, unit] < best
            best = torch.minimum(best, distance[rows, unit])
            nearest = torch.where(closer[:, None], direction, nearest)
            jacobian = (h > 0)[:, :, None] * jacobian
        else:
            jacobian = module.weight.detach() @ jacobian
        h = module(h).detach()
    inside = bounds.flipped_units(chain, x, x + 0.999 * radius[:, None] * nearest)
    beyond = bounds.flipped_units(chain, x, x + 1.001 * radius[:, None] * nearest)
    assert inside.sum() == 0
    assert (beyond > 0).all()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_certified_radius_that_is_too_small_or_too_large_is_seen(factor: float) -> None:
    here = bounds.local(*network([DIM, 9, 7, 3], 2), normal((30, DIM), 2))
    assert bounds.region_flips(here).violations == 0
    radius, direction = here.boundary
    vars(here)["boundary"] = factor * radius, direction
    assert bounds.region_flips(here).violations == 30


# --- exact cases -------------------------------------------------------------------------------------------------


def rational(matrix: Tensor) -> sympy.Matrix:
    """A matrix of small integers over 4, exactly."""
    return sympy.Matrix(*matrix.shape, lambda i, j: sympy.Rational(round(4 * float(matrix[i, j])), 4))


@pytest.mark.parametrize(("input_dim", "latent_dim"), [(3, 1), (4, 2), (5, 3)])
def test_the_core_identity_is_an_identity_of_polynomials(input_dim: int, latent_dim: int) -> None:
    a, b = rational(normal((latent_dim, input_dim), 1)), rational(normal((input_dim, latent_dim), 2))
    t = sympy.Symbol("t")
    large = (t * sympy.eye(input_dim) - b * a).det(method="berkowitz")
    small = (t * sympy.eye(latent_dim) - a * b).det(method="berkowitz")
    assert sympy.expand(large - t ** (input_dim - latent_dim) * small) == 0


def test_the_core_identity_holds_whatever_the_eigenvalues() -> None:
    """At an eigenvalue both determinants are 0, and their logarithms say nothing."""
    selection = torch.eye(DIM, dtype=torch.float64)[:3]
    for value in (2.0, 2 + 1e-9, 0.0, 1e4):
        here = bounds.local(linear(selection), linear(value * selection.T), normal((5, DIM)))
        found = pointwise.core_identity(here)
        assert found.bound.isfinite().all() and found.violations == 0


def test_the_secant_form_is_exact_in_rational_numbers() -> None:
    def relu(h):
        return h.applyfunc(lambda value: max(value, sympy.Integer(0)))

    def share(h, other):
        if h == other:
            return sympy.Integer(int(h > 0))
        return (max(h, 0) - max(other, 0)) / (h - other)

    weights = [rational(normal(shape, seed)) for seed, shape in enumerate([(4, 5), (2, 4), (4, 2), (5, 4)])]
    x, a = (rational(normal((5, 1), seed)) for seed in (8, 9))
    h, other, moved = x, a, x - a
    for position, weight in enumerate(weights):
        h, other, moved = weight * h, weight * other, weight * moved
        if position in (0, 2):
            moved = sympy.diag(*[share(*pair) for pair in zip(h, other, strict=True)]) * moved
            h, other = relu(h), relu(other)
    assert (h - x) - (other - a) == moved - (x - a)
    network_ = [linear(torch.tensor(weight.tolist(), dtype=torch.float64))[0] for weight in weights]
    encoder = nn.Sequential(network_[0], nn.ReLU(), network_[1])
    decoder = nn.Sequential(network_[2], nn.ReLU(), network_[3])
    both = [torch.tensor([[float(value) for value in point]], dtype=torch.float64) for point in (x, a)]
    form = bounds.secant(encoder, decoder, *both)
    expected = torch.tensor([float(value) for value in moved - (x - a)], dtype=torch.float64)
    assert torch.allclose(form.difference[0], expected, atol=1e-12)


def test_the_bounds_by_trace_volume_and_determinant_hold_exactly() -> None:
    """sum |1 - lambda|^2 of rational matrices with rational eigenvalues, against each bound without rounding."""
    for seed in range(6):
        basis = rational(normal((3, 3), seed))
        if basis.det() == 0:
            continue
        values = [sympy.Rational(int(8 * float(v)), 8) for v in normal((3,), seed + 50)]
        core = basis * sympy.diag(*values) * basis.inv()
        loss, d, identity = sum((1 - v) ** 2 for v in values), 3, sympy.eye(3)
        trace, size = core.trace(), sum(entry**2 for entry in core - identity)
        assert size >= loss
        assert loss >= (d - trace) ** 2 / sympy.Integer(d)
        assert loss >= d - 2 * trace + abs((core * core).trace())
        assert (loss - d + 2 * trace) ** 3 >= d**3 * core.det() ** 2
        assert loss**3 >= d**3 * (core - identity).det() ** 2


def linear(weight: Tensor) -> nn.Sequential:
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.zero_()
    return nn.Sequential(layer)


def test_the_bounds_are_equalities_for_an_orthogonal_projection() -> None:
    basis = torch.linalg.qr(normal((7, 3))).Q
    form = bounds.secant(linear(basis.T), linear(basis), normal((5, 7), 1), normal((5, 7), 2))
    for one in (between.normal_bound(form), between.residual_bound(form), between.orthogonal_lower(form)):
        assert torch.allclose(one.bound, one.actual, atol=1e-12)
        assert torch.allclose(one.tightness, torch.ones(5, dtype=torch.float64))


def test_the_bound_by_the_trace_is_an_equality_for_a_core_that_scales() -> None:
    selection = torch.eye(DIM, dtype=torch.float64)[:3]
    found = pointwise.trace_lower(bounds.local(linear(selection), linear(0.5 * selection.T), normal((5, DIM))))
    torch.testing.assert_close(found.bound, torch.full((5,), 3 * 0.25, dtype=torch.float64))
    torch.testing.assert_close(found.actual, found.bound)


def test_at_one_point_twice_the_secant_maps_are_the_jacobians() -> None:
    encoder, decoder = network([10, 8, 3])
    x = normal((6, 10))
    form = bounds.secant(encoder, decoder, x, x)
    jacobian = vmap(jacrev(lambda point: decoder(encoder(point))))(x).detach()
    identity = torch.eye(10).double().expand(6, -1, -1)
    assert torch.allclose(form.second(form.first(identity)), jacobian, atol=1e-12)
    assert torch.allclose(form.first.transposed(form.second.transposed(identity)), jacobian.mT, atol=1e-12)
    size = jacobian.square().sum(dim=(1, 2))
    kept = torch.linalg.eigvals(jacobian).abs().square().sum(dim=1)
    assert torch.allclose(form.departure, (size - kept).sqrt(), atol=1e-9)


def test_departure_from_normality_of_a_projection_is_none_and_of_a_nilpotent_map_all() -> None:
    basis = torch.linalg.qr(normal((6, 2))).Q
    other = torch.linalg.qr(normal((6, 6))).Q
    x = normal((4, 6))
    assert bounds.secant(linear(basis.T), linear(basis), x, x).departure.max() < 1e-12
    nilpotent = bounds.secant(linear(other[:, 2:4].T), linear(other[:, 4:6]), x, x)
    assert torch.allclose(nilpotent.departure, nilpotent.frobenius)


# --- faults ------------------------------------------------------------------------------------------------------


def test_a_broken_statement_is_counted_where_it_applies() -> None:
    actual, bound = torch.tensor([1.0, 1.0, 4.0, 1.0]), torch.tensor([1.0, 2.0, 3.0, 9.0])
    found = check("x", "lower", bound, actual, torch.zeros(4), torch.tensor([True, True, True, False]))
    assert (found.violations, found.broken_without) == (1, 1)
    nothing = Check("x", "upper", torch.full((4,), torch.nan), actual, torch.zeros(4), torch.ones(4, dtype=torch.bool))
    assert nothing.violations == 4, "a bound that is not a number is a violation"


def test_what_the_secant_form_is_not_written_for_is_refused() -> None:
    encoder, decoder = network([4, 3, 2])
    with pytest.raises(InputError, match="the same shape"):
        bounds.secant(encoder, decoder, normal((3, 4)), normal((2, 4)))
    with pytest.raises(InputError, match=r"Linear, Tanh was given; give such a chain"):
        bounds.secant(nn.Sequential(*encoder, nn.Tanh()), decoder, normal((3, 4)), normal((3, 4)))
    with pytest.raises(InputError, match=r"Linear, LeakyReLU, Linear was given; give such a chain"):
        bounds.local(nn.Sequential(encoder[0], nn.LeakyReLU(), encoder[2]), decoder, normal((3, 4)))
    with pytest.raises(InputError, match=r"float64 and the encoder is torch.float32"):
        bounds.local(nn.Linear(4, 2), nn.Linear(2, 4), normal((3, 4)))
    with pytest.raises(InputError, match=r"points of shape \(5,\)"):
        bounds.local(encoder, decoder, normal((3, 5)))
    with pytest.raises(InputError, match="float64"):
        bounds.secant(encoder, decoder, normal((3, 4)).float(), normal((3, 4)).float())
    holed = normal((3, 4))
    holed[1, 2] = torch.nan
    with pytest.raises(InputError, match=r"rows \[1\]"):
        bounds.local(encoder, decoder, holed)


def test_nested_chains_and_dropout_in_evaluation_change_nothing() -> None:
    encoder, decoder = network([6, 4, 2])
    nested = nn.Sequential(nn.Sequential(encoder, nn.Dropout()), nn.Identity()).eval()
    x, anchors = normal((5, 6)), normal((5, 6), 1)
    for first, second in zip(
        bounds.evaluate(encoder, decoder, x, anchors), bounds.evaluate(nested, decoder, x, anchors), strict=True
    ):
        assert torch.equal(first.bound, second.bound) and torch.equal(first.actual, second.actual)
    layer, last = nn.Linear(6, 2).double(), nn.Linear(2, 6).double()
    core = bounds.secant(layer, last, x, x)
    assert torch.allclose(core.eigenvalues.sum(dim=1).real, (layer.weight @ last.weight).trace())


def test_a_secant_form_that_is_not_finite_does_not_reach_lapack() -> None:
    encoder, decoder = network([4, 3, 2])
    with torch.no_grad():
        encoder[0].weight[0, 0] = torch.nan
    form = bounds.secant(encoder, decoder, normal((3, 4)), normal((3, 4), 1))
    for name in ("eigenvalues", "schur"):
        with pytest.raises(InputError, match="NaN"):
            getattr(form, name)


def test_flipped_units_are_counted_over_all_layers_and_none_flips_between_equal_points() -> None:
    chain = nn.Sequential(*linear(torch.eye(3).double()), nn.ReLU(), *linear(-torch.eye(3).double()), nn.ReLU())
    first, second = torch.tensor([[1.0, 1.0, -1.0]]).double(), torch.tensor([[1.0, -1.0, -1.0]]).double()
    assert bounds.flipped_units(chain, first, second).tolist() == [1]
    assert bounds.flipped_units(chain, first, first).tolist() == [0]


def test_one_is_an_eigenvalue_of_a_projections_core_and_is_counted() -> None:
    basis = torch.linalg.qr(normal((7, 3))).Q
    found = pointwise.virtual_fixed_point(bounds.local(linear(basis.T), linear(basis), normal((5, 7))))
    assert not found.applies.any()
    assert found.violations == 0


def test_the_fixed_point_of_an_affine_network_is_its_own() -> None:
    encoder, decoder = linear(0.5 * normal((2, 6))), linear(0.5 * normal((6, 2), 1))
    with torch.no_grad():
        decoder[0].bias.copy_(normal((6,), 2))
    fixed, applies, _ = bounds.fixed_points(bounds.local(encoder, decoder, normal((5, 6), 3)))
    assert applies.all()
    assert torch.allclose(decoder(encoder(fixed)), fixed, atol=1e-10)


def test_the_table_counts_every_check() -> None:
    encoder, decoder = network([DIM, 8, 3], 4)
    checks = bounds.evaluate(encoder, decoder, *points(encoder, decoder, 4))
    rows = bounds.statement_table(checks)
    assert [row["statement"] for row in rows] == [one.name for one in checks]
    tangent = next(row for row in rows if row["statement"] == "tangent plane")
    assert 0 < tangent["tightness_q05"] <= tangent["tightness_median"] <= tangent["tightness_q95"] <= 1
    assert tangent["points"] == tangent["applies"] == POINTS


def test_a_wide_network_is_spared_the_square_matrices() -> None:
    encoder, decoder = (module.double() for module in autoencoders.build((120, 6, 2), 0))
    names = {one.name for one in bounds.evaluate(encoder, decoder, normal((3, 120)), normal((3, 120), 1))}
    assert not {"core identity", "certified radius", "neighbourhood"} & names
    assert "tangent plane" in names
