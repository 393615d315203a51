"""Data sets: what is in them, and what is refused."""

import numpy as np
import pytest
import torch

from lib.base.errors import InputError
from lib.training import datasets


def test_digits_are_split_six_to_one_with_every_class_on_both_sides():
    digits = datasets.load("digits")
    assert (len(digits.train), len(digits.test), digits.input_dim, digits.image_shape) == (1540, 257, 64, (8, 8))
    shares = [torch.bincount(split.labels) / len(split) for split in (digits.train, digits.test)]
    assert (shares[0] - shares[1]).abs().max() < 0.01
    rows = {tuple(row) for row in torch.cat([digits.train.images, digits.test.images]).tolist()}
    assert len(rows) == 1797, "a point is on both sides, or missing"
    assert (digits.train.images.min(), digits.train.images.max()) == (0, 1)


def test_loading_twice_gives_the_same_checksum_and_fewer_points_another():
    assert datasets.load("digits").sha256 == datasets.load("digits").sha256
    few = datasets.load("digits", 30, 10)
    assert (len(few.train), len(few.test)) == (30, 10)
    assert few.sha256 != datasets.load("digits").sha256


def npz(path, **changed):
    generator = np.random.default_rng(0)
    arrays = {
        "train_images": generator.random((6, 2, 3)),
        "train_labels": np.arange(6),
        "test_images": generator.random((2, 2, 3)),
        "test_labels": np.arange(2),
    } | changed
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return str(path)


def test_a_users_npz_is_a_data_set(tmp_path):
    loaded = datasets.load(npz(tmp_path / "own.npz"))
    assert loaded.train.images.shape == (6, 6)
    assert loaded.image_shape == (2, 3)
    assert loaded.train.images.dtype == torch.float32


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"test_labels": None}, "lacks the array 'test_labels'"),
        ({"train_images": np.full((6, 2, 3), np.nan)}, "NaN or infinite pixels in train rows"),
        ({"train_images": np.full((6, 2, 3), 7.0)}, r"scale them to \[0, 1\]"),
        ({"train_images": np.zeros((6, 2, 3), dtype=np.uint8)}, "uint8"),
        ({"train_labels": np.arange(5)}, "shape"),
        ({"test_images": np.zeros((2, 2, 2))}, "6 pixels in train and 4 in test"),
        ({"test_images": np.zeros((0, 2, 3)), "test_labels": np.arange(0)}, "at least one point"),
        ({"train_images": np.array([object()] * 6)}, "holds a pickle, which could run code"),
    ],
    ids=["missing", "nan", "range", "integers", "lengths", "widths", "empty", "pickle"],
)
def test_an_unusable_npz_is_refused_in_a_sentence(tmp_path, changed, words):
    with pytest.raises(InputError, match=words):
        datasets.load(npz(tmp_path / "bad.npz", **changed))


def test_what_is_no_npz_or_no_data_set_is_refused(tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not an archive")
    for name, words in [
        (str(tmp_path / "broken.npz"), "not a readable"),
        (str(tmp_path / "absent.npz"), "does not exist"),
        ("cifar", "Unknown dataset 'cifar'"),
    ]:
        with pytest.raises(InputError, match=words):
            datasets.load(name)
    with pytest.raises(InputError, match="1540 train points, 2000 were asked for"):
        datasets.load("digits", 2000)


def test_the_data_root_of_the_environment_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("GEOMETRY_DATA", str(tmp_path))
    assert datasets.data_roots()[0] == tmp_path


def test_mnist_that_is_nowhere_is_an_error_that_names_the_places(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "data_roots", lambda: [tmp_path / "one", tmp_path / "two"])

    def unreachable(root, train, download):
        raise RuntimeError("not found") if not download else OSError("no network")

    import torchvision.datasets

    monkeypatch.setattr(torchvision.datasets, "MNIST", unreachable)
    with pytest.raises(InputError, match=r"one/MNIST/raw.*two/MNIST/raw.*GEOMETRY_DATA"):
        datasets.load("mnist")


def test_mnist_has_the_sizes_of_the_paper():
    if not any((root / "MNIST" / "raw").exists() for root in datasets.data_roots()):
        pytest.skip("MNIST is not on this machine")
    mnist = datasets.load("mnist")
    assert (len(mnist.train), len(mnist.test), mnist.input_dim) == (60_000, 10_000, 784)
