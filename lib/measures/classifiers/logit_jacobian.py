r"""The size of the Jacobian J (K, N) of the logits at the point: |J|_2, its largest singular value, and |J|_F^2 = sum sigma_i^2.

How fast the logits change with the image, in logits per unit of grey level; its square for the second. The counterpart for
classifiers of what the paper takes from autoencoders, where J is square and has eigenvalues.
"""

from lib.measures.protocol import Measure

logit_spectral = Measure(
    "logit_spectral",
    r"$\vert J\vert_2$ of the logits",
    lambda subject: subject.singular_values[:, 0],
    cost=lambda sizes: (1 + sizes.latent_dim) * sizes.encoder + sizes.latent_dim**2 * sizes.inputs,
    level="classifier",
)
logit_frobenius = Measure(
    "logit_frobenius",
    r"$\sum\sigma_i^2$ of the logits",
    lambda subject: subject.singular_values.square().sum(dim=1),
    cost=lambda sizes: (1 + sizes.latent_dim) * sizes.encoder,
    level="classifier",
)
