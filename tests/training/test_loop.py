"""Training: that it learns, that grouping and interruption change no bits, that faults are named."""

import pytest
import torch

from lib.base.errors import InputError
from lib.training import autoencoders, loop

WIDTHS = [(16, 10, 2), (16, 10, 3), (16, 10, 5)]
DATA = torch.rand(90, 16, generator=torch.Generator().manual_seed(0))


def trained(
    members, epochs=4, checkpoint=None, seeds=None, progress=lambda *_: None, snapshot=lambda *_: None, **changes
):
    stack = autoencoders.stack([autoencoders.build(WIDTHS[i], 0, "he") for i in members], (16, 10, 5))
    settings = loop.Settings(epochs=epochs, batch_size=20, **changes)
    seeds = seeds or [0] * len(members)
    history = loop.train(stack, seeds, DATA[:70], DATA[70:], settings, checkpoint, progress, snapshot)
    return stack, history


def weights(stack, position):
    encoder, decoder = autoencoders.unstacked(stack, position)
    return torch.cat([parameter.flatten() for module in (encoder, decoder) for parameter in module.parameters()])


def test_training_lowers_the_error_of_every_member():
    _, history = trained([0, 1, 2], epochs=40, learning_rate=1e-2)
    assert all(last < 0.5 * first for first, last in zip(history["test_mse"][0], history["test_mse"][-1], strict=True))
    assert history["epoch"] == list(range(41))


def test_the_training_error_counts_every_point_once_though_the_last_batch_is_smaller():
    still, history = trained([1], epochs=1, learning_rate=1e-12)  # 70 points in batches of 20
    encoder, decoder = autoencoders.unstacked(still, 0)
    expected = (decoder(encoder(DATA[:70])) - DATA[:70]).square().mean().item()
    assert history["train_mse"][1][0] == pytest.approx(expected, rel=1e-5)


def test_a_step_is_that_of_torchs_adam_on_the_plain_member():
    stack, _ = trained([1], epochs=2)
    encoder, decoder = autoencoders.build(WIDTHS[1], 0, "he")
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    for epoch in (1, 2):
        for batch in DATA[:70][loop.order_of_points(0, epoch, 70)].split(20):
            adam.zero_grad()
            (decoder(encoder(batch)) - batch).square().mean().backward()
            adam.step()
    plain = torch.cat([parameter.flatten() for module in (encoder, decoder) for parameter in module.parameters()])
    torch.testing.assert_close(weights(stack, 0), plain.detach(), rtol=0, atol=1e-5)


def test_cross_entropy_is_torchs_and_the_history_holds_squared_errors():
    pair = autoencoders.build(WIDTHS[1], 0, "he", "sigmoid")
    stack = autoencoders.stack([pair])
    settings = loop.Settings(epochs=1, batch_size=70, loss="cross-entropy")
    history = loop.train(stack, [0], DATA[:70], DATA[70:], settings)
    encoder, decoder = autoencoders.build(WIDTHS[1], 0, "he", "sigmoid")
    assert history["train_mse"][1][0] == pytest.approx((decoder(encoder(DATA[:70])) - DATA[:70]).square().mean().item())
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    torch.nn.functional.binary_cross_entropy(decoder(encoder(DATA[:70])), DATA[:70]).backward()
    adam.step()
    plain = torch.cat([parameter.flatten() for module in (encoder, decoder) for parameter in module.parameters()])
    torch.testing.assert_close(weights(stack, 0), plain.detach(), rtol=0, atol=1e-5)
    with pytest.raises(InputError, match="Unknown loss 'absolute'; choose one of: squared, cross-entropy"):
        loop.train(stack, [0], DATA[:70], DATA[70:], loop.Settings(epochs=1, batch_size=70, loss="absolute"))


def test_a_members_bits_do_not_depend_on_its_company():
    together, _ = trained([0, 1, 2])
    alone, _ = trained([1])
    assert torch.equal(weights(together, 1), weights(alone, 0))


def test_a_members_bits_do_not_depend_on_its_place_in_a_stack():
    """Ten places, each with other elements at the end of a vector register."""
    alone, _ = trained([1], epochs=30)
    together, _ = trained([1] * 10, epochs=30)
    for place in range(10):
        assert torch.equal(weights(together, place), weights(alone, 0))


def test_snapshots_are_the_weights_on_the_way_and_change_nothing():
    seen = {}
    watched, _ = trained(
        [0, 1], snapshot_epochs=(0, 2), snapshot=lambda epoch, stack: seen.update({epoch: weights(stack, 1)})
    )
    assert list(seen) == [0, 2]
    assert torch.equal(seen[0], weights(autoencoders.stack([autoencoders.build(WIDTHS[1], 0, "he")]), 0))
    assert torch.equal(seen[2], weights(trained([1], epochs=2)[0], 0))
    assert torch.equal(weights(watched, 1), weights(trained([1])[0], 0))


def test_seeds_order_the_points_differently_and_keep_the_bits_of_each():
    mixed, _ = trained([1, 1], seeds=[0, 7])
    alone, _ = trained([1], seeds=[7])
    assert not torch.equal(weights(mixed, 0), weights(mixed, 1))
    torch.testing.assert_close(weights(mixed, 1), weights(alone, 0), rtol=0, atol=1e-7)


def test_the_order_of_points_is_a_permutation_of_seed_and_epoch():
    order = loop.order_of_points(3, 5, 100)
    assert sorted(order.tolist()) == list(range(100))
    assert torch.equal(order, loop.order_of_points(3, 5, 100))
    assert not torch.equal(order, loop.order_of_points(3, 6, 100))


def test_an_interrupted_training_resumes_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    whole, expected = trained([0, 2], epochs=6)

    class Killed(Exception):
        pass

    def kill(done, total):
        if done == 3:
            raise Killed

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Killed):
        trained([0, 2], epochs=6, checkpoint=path, progress=kill)
    seen = []
    resumed, history = trained([0, 2], epochs=6, checkpoint=path, progress=lambda done, total: seen.append(done))
    assert seen == [4, 5, 6], "it began anew"
    assert all(torch.equal(weights(whole, i), weights(resumed, i)) for i in (0, 1))
    assert str(history) == str(expected)


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(InputError, match=r"checkpoint\.safetensors is damaged"):
        trained([0], checkpoint=path)


def test_a_diverging_member_is_named():
    with pytest.raises(InputError, match=r"widths \(16, 10, 2\) diverged"):
        trained([0], epochs=30, learning_rate=1e30)


@pytest.mark.parametrize(
    ("changes", "words"), [({"device": "tpu"}, "Device 'tpu'"), ({"precision": "int8"}, "Unknown precision 'int8'")]
)
def test_unknown_device_and_precision_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        trained([0], **changes)


def test_bfloat16_and_float64_train_too():
    for precision in ("bfloat16", "float64"):
        _, history = trained([0], epochs=3, precision=precision, learning_rate=1e-2)
        assert history["test_mse"][-1][0] < history["test_mse"][0][0]


def test_errors_are_evaluated_at_log_spaced_epochs():
    assert [epoch for epoch in range(61) if loop.evaluated(epoch, 60)] == [0, 1, 2, 3, 5, 10, 20, 30, 50, 60]


def test_training_leaves_the_treatment_of_denormals_as_it_was():
    trained([0], epochs=1)
    assert (torch.tensor([1e-310], dtype=torch.float64) * 1).item() != 0
