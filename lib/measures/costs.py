"""The sizes that the cost of a measure depends on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """An autoencoder with encoder widths (N, w_1, ..., d), its training points, and the number of seeds.

    The properties are multiply-adds for a point, leading terms only.
    """

    widths: tuple[int, ...]
    training_points: int
    seeds: int = 3

    @property
    def inputs(self) -> int:
        """N, the number of pixels."""
        return self.widths[0]

    @property
    def latent_dim(self) -> int:
        """d."""
        return self.widths[-1]

    @property
    def encoder(self) -> int:
        """One pass through the encoder or the decoder: S = sum w_l w_{l-1}."""
        return sum(a * b for a, b in zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def jacobian(self) -> int:
        """The Jacobian of one of the two but for its outer layer: d (S - N w_1)."""
        return self.latent_dim * (self.encoder - self.inputs * self.widths[1])

    @property
    def product(self) -> int:
        """A d x d matrix from two Jacobians by way of the outer layers' product: d w_1^2 + d^2 w_1."""
        return self.latent_dim * self.widths[1] ** 2 + self.latent_dim**2 * self.widths[1]

    @property
    def core(self) -> int:
        """The core K of J_I by the route of `lib.geometry.jacobians`."""
        return 2 * self.encoder + 2 * self.jacobian + self.product

    @property
    def determinant(self) -> float:
        """Of a d x d matrix: d^3 / 3."""
        return self.latent_dim**3 / 3

    @property
    def spectrum(self) -> int:
        """Eigenvalues or singular values of a d x d matrix: 5 d^3."""
        return 5 * self.latent_dim**3
