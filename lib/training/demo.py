"""A worked example for `diagnose`: a small convolutional autoencoder of digits, and digits unlike its training data.

The digits are those of scikit-learn, (points, 1, 8, 8), float32 in [0, 1]. Each function takes no argument and can be
given to `python -m lib diagnose` as `lib.training.demo:NAME`.
"""

import torch
from torch import Tensor, nn

from lib.training.datasets import load

LATENT_DIM = 8
EPOCHS = 40
BATCH = 154


def training_digits() -> Tensor:
    """The 1540 training digits of `convolutional_digits`."""
    return load("digits").train.images.reshape(-1, 1, 8, 8)


def test_digits() -> Tensor:
    """The 257 test digits."""
    return load("digits").test.images.reshape(-1, 1, 8, 8)


def shifted_digits() -> Tensor:
    """The test digits moved two pixels to the right; the two empty columns are 0."""
    shifted = test_digits().roll(2, dims=3)
    shifted[..., :2] = 0
    return shifted


def noisy_digits() -> Tensor:
    """The test digits plus normal noise of standard deviation 0.25, clipped to [0, 1]."""
    clean = test_digits()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    return (clean + 0.25 * noise).clamp(0, 1)


def inverted_digits() -> Tensor:
    """The test digits with black and white exchanged."""
    return 1 - test_digits()


def convolutional_digits() -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder, trained with Adam on the mean squared error in a few seconds; seeded, in evaluation mode.

    Two convolutions of stride 2 and an affine layer lead to eight latent dimensions; the decoder mirrors them. ReLU between.
    """
    images = training_digits()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, decoder = _untrained()
        adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
        for _ in range(EPOCHS):
            for batch in images[torch.randperm(len(images))].split(BATCH):
                adam.zero_grad()
                (decoder(encoder(batch)) - batch).square().mean().backward()
                adam.step()
    return encoder.eval(), decoder.eval()


def _untrained() -> tuple[nn.Sequential, nn.Sequential]:
    encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),  # (8, 4, 4)
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),  # (16, 2, 2)
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, LATENT_DIM),
    )
    decoder = nn.Sequential(
        nn.Linear(LATENT_DIM, 64),
        nn.ReLU(),
        nn.Unflatten(1, (16, 2, 2)),
        nn.ConvTranspose2d(16, 8, 2, stride=2),  # (8, 4, 4)
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 2, stride=2),  # (1, 8, 8)
    )
    return encoder, decoder
