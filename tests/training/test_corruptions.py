"""Strange images: of the right shape and range, the same every time, and changed as their names say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.base.errors import InputError
from lib.training import corruptions, datasets


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def train(digits):
    return digits.train.images.numpy()


@pytest.fixture(scope="module")
def held_out(digits):
    return digits.test.images.numpy()


def test_every_set_has_the_shape_and_the_range_of_the_data_and_is_the_same_each_time(train, held_out):
    first, second = (corruptions.out_of_distribution(train, held_out, (8, 8), 30) for _ in range(2))
    assert len(first) == 17
    for name, images in first.items():
        assert images.shape == (30, 64), name
        assert images.dtype == np.float32, name
        assert images.min() >= 0, name
        assert images.max() <= 1, name
        assert np.isfinite(images).all(), name
        np.testing.assert_array_equal(images, second[name])
    flattened = {images.tobytes() for images in first.values()}
    assert len(flattened) == len(first), "no two sets are the same"


@pytest.mark.parametrize(
    ("name", "mean", "spread"),
    [
        ("uniform", 0.5, 12**-0.5),
        ("black and white", 0.5, 0.5),
        ("arcsine", 0.5, 8**-0.5),
        ("sparse", 0.1, 0.3),
        ("flat", 0.5, 12**-0.5),
    ],
)
def test_pixels_have_the_moments_of_their_law(train, name, mean, spread):
    images = corruptions.noise(name, train, 4_000)
    assert images.mean() == pytest.approx(mean, abs=0.02)
    assert images.std() == pytest.approx(spread, abs=0.02)


def test_noise_made_of_the_training_images_has_what_it_says_of_them(train):
    assert set(np.unique(corruptions.noise("grey levels", train, 50))) <= set(np.unique(train))
    assert corruptions.noise("grey levels", train, 2_000).mean() == pytest.approx(train.mean(), abs=0.01)
    own = corruptions.noise("pixel by pixel", train, 3_000)
    assert np.abs(own.mean(axis=0) - train.mean(axis=0)).max() < 0.04
    assert not own[:, train.max(axis=0) == 0].any()
    assert np.abs(np.corrcoef(own[:, 20], own[:, 28])[0, 1]) < 0.08
    mixed = corruptions.noise("covariance", train, 3_000)
    assert np.corrcoef(mixed[:, 20], mixed[:, 28])[0, 1] == pytest.approx(
        np.corrcoef(train[:, 20], train[:, 28])[0, 1], abs=0.08
    )


def test_another_seed_is_another_set(train):
    assert (corruptions.noise("uniform", train, 5, seed=1) != corruptions.noise("uniform", train, 5)).any()


def test_one_permutation_for_all_images(held_out):
    found = corruptions.permuted(held_out)
    np.testing.assert_array_equal(np.sort(found), np.sort(held_out))
    order = corruptions.permuted(np.arange(64)[None])[0]
    np.testing.assert_array_equal(found, held_out[:, order])
    assert (order != np.arange(64)).any()


def test_inverted_twice_is_the_image(held_out):
    np.testing.assert_allclose(corruptions.inverted(corruptions.inverted(held_out)), held_out, atol=1e-6)


def test_a_quarter_turn_is_exact_and_four_are_none(held_out):
    once = corruptions.rotated(held_out, (8, 8), 90)
    expected = np.rot90(held_out.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    np.testing.assert_allclose(once, expected, atol=1e-6)
    np.testing.assert_allclose(corruptions.rotated(held_out, (8, 8), 360), held_out, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9))
def test_moved_images_lose_what_leaves_them(pixels):
    image = np.random.default_rng(0).random((3, 48)).astype(np.float32)
    found = corruptions.moved(image, (6, 8), pixels).reshape(3, 6, 8)
    kept = max(8 - pixels, 0)
    np.testing.assert_array_equal(found[:, :, 8 - kept :], image.reshape(3, 6, 8)[:, :, :kept])
    assert not found[:, :, : 8 - kept].any()


def test_blurring_spreads_a_point_and_noise_has_its_spread():
    point = np.zeros((1, 21 * 21), dtype=np.float32)
    point[0, 220] = 1
    smooth = corruptions.blurred(point, (21, 21), 1.0)
    assert smooth.sum() == pytest.approx(1, abs=1e-3)
    assert smooth.max() == pytest.approx(1 / (2 * np.pi), rel=0.05)
    grey = np.full((200, 64), 0.5, dtype=np.float32)
    assert corruptions.noisy(grey, 0.1).std() == pytest.approx(0.1, rel=0.03)


def test_strength_scales_the_changes(held_out):
    def size(strength):
        found = corruptions.changed(held_out, (8, 8), strength)
        return {name: float(((images - held_out) ** 2).mean()) for name, images in found.items()}

    weak, strong = size(0.4), size(1.0)
    assert all(0 < weak[name] < strong[name] for name in weak)


def test_scaling_keeps_grey_and_place(held_out):
    grey = np.full((2, 64), 0.25, dtype=np.float32)
    np.testing.assert_allclose(corruptions.scaled(grey, (8, 8), (28, 28)), 0.25, atol=1e-6)
    np.testing.assert_allclose(corruptions.scaled(held_out, (8, 8), (8, 8)), held_out, atol=1e-6)
    large = corruptions.scaled(held_out, (8, 8), (28, 28))
    assert large.shape == (len(held_out), 784)
    back = corruptions.scaled(large, (28, 28), (8, 8))
    assert np.corrcoef(back.ravel(), held_out.ravel())[0, 1] > 0.9


def test_what_cannot_be_made_is_one_sentence(held_out):
    assert corruptions.photographs((60, 50), 2).shape == (2, 3000), "larger than an eighth of the photographs"
    with pytest.raises(InputError, match=r"Images of shape \(64,\) cannot be moved"):
        corruptions.rotated(held_out, (64,), 10)
