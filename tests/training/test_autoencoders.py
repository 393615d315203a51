"""The family: architecture, seeded initialisation, and stacks that equal their members."""

import pytest
import torch
from torch import nn

from lib.base.errors import InputError
from lib.training import autoencoders, options

WIDTHS = [(20, 12, 9, 2), (20, 12, 9, 5), (20, 14, 8, 3)]


def stack(**options):
    return autoencoders.stack([autoencoders.build(widths, 0, "he") for widths in WIDTHS], **options)


def test_the_architecture_is_a_mirrored_chain():
    encoder, decoder = autoencoders.build((20, 12, 9, 2), 0)
    kinds = [type(module) for module in encoder]
    assert kinds == [nn.Linear, nn.ReLU] * 2 + [nn.Linear]
    assert [
        (layer.in_features, layer.out_features) for layer in autoencoders.affine_layers((nn.Sequential(), decoder))
    ] == [
        (2, 9),
        (9, 12),
        (12, 20),
    ]
    assert isinstance(autoencoders.build((4, 2), 0, output="sigmoid")[1][-1], nn.Sigmoid)


def test_the_initialisation_depends_on_seed_and_widths_and_not_on_the_global_generator():
    def first(seed, widths=(8, 6, 2)):
        torch.rand(3)
        return autoencoders.build(widths, seed)[0][0].weight

    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
    assert not torch.equal(first(0), first(0, (8, 6, 3)))


def test_initialisations_have_their_spread():
    he = autoencoders.build((1000, 400, 2), 0, "he")[0][0]
    default = autoencoders.build((1000, 400, 2), 0, "pytorch")[0][0]
    assert he.weight.std().item() == pytest.approx((2 / 1000) ** 0.5, rel=0.01)
    assert he.bias.abs().max() == 0
    assert default.weight.abs().max().item() == pytest.approx(1000**-0.5, rel=0.001)


def test_a_stack_computes_what_its_members_compute():
    x = torch.rand(30, 20)
    output = stack().forward(x)
    for i, widths in enumerate(WIDTHS):
        encoder, decoder = autoencoders.build(widths, 0, "he")
        torch.testing.assert_close(output[i], decoder(encoder(x)), rtol=1e-5, atol=1e-6)


def test_members_come_out_of_a_stack_as_they_went_in():
    for i, widths in enumerate(WIDTHS):
        for ours, original in zip(autoencoders.unstacked(stack(), i), autoencoders.build(widths, 0, "he"), strict=True):
            for name, tensor in original.state_dict().items():
                assert torch.equal(ours.state_dict()[name], tensor)


def test_padding_gets_no_gradient():
    padded = stack(padded_widths=(20, 16, 11, 7))
    for parameter in padded.parameters():
        parameter.requires_grad_()
    (padded.forward(torch.rand(30, 20)) - 1).square().mean().backward()
    for i, widths in enumerate(WIDTHS):
        sizes = [*widths, *widths[-2::-1]]
        for weight, bias, inputs, outputs in zip(padded.weights, padded.biases, sizes[:-1], sizes[1:], strict=True):
            assert weight.grad[i, inputs:].abs().sum() == 0
            assert weight.grad[i, :, outputs:].abs().sum() == 0
            assert bias.grad[i, 0, outputs:].abs().sum() == 0


def test_widths():
    assert options.widths(64, 20, 3, [96, 64]) == (64, 96, 64, 20)
    assert options.widths(784, 2, 4, "linear") == (784, 588, 393, 198, 2)


@pytest.mark.parametrize("options", [{"initialisation": "zeros"}, {"output": "tanh"}])
def test_unknown_options_are_named(options):
    with pytest.raises(InputError, match="choose one of"):
        autoencoders.build((4, 2), 0, **options)
