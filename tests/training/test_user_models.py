"""Autoencoders from files and from code: read as they were written; whatever does not fit is refused in a sentence."""

import json

import pytest
import torch
import yaml
from safetensors.torch import save_file, save_model
from torch import nn

from lib.base import files
from lib.base.errors import InputError
from lib.geometry.jacobians import cores
from lib.training import user_models
from lib.training.autoencoders import build
from lib.training.weights import encoded_weights

ENCODER = [{"Conv2d": {"in_channels": 1, "out_channels": 4, "kernel_size": 3, "stride": [2, 2], "padding": 1}}, "ELU"]
ENCODER += [{"BatchNorm2d": 4}, "Flatten", {"Linear": [16, 3]}]
DECODER = [{"Linear": [3, 16]}, {"Unflatten": [1, [4, 2, 2]]}, {"ConvTranspose2d": [4, 1, 2, 2]}, "Sigmoid"]
PAIR = {"encoder": ENCODER, "decoder": DECODER}
SMALL = {"encoder": [{"Linear": [4, 2]}], "decoder": [{"Linear": [2, 4]}]}


def weights_of(architecture, seed=0):
    torch.manual_seed(seed)
    pair = user_models.parse_architecture(json.dumps(architecture), "x").to_empty(device="cpu")
    for tensor in pair.state_dict().values():
        tensor.copy_(torch.rand(tensor.shape)) if tensor.is_floating_point() else tensor.zero_()
    return {name: tensor.clone() for name, tensor in pair.state_dict().items()}


def test_a_file_with_its_architecture_inside_or_beside_is_the_network_that_was_saved(tmp_path):
    weights = weights_of(PAIR)
    save_file(weights, tmp_path / "inside.safetensors", {"architecture": json.dumps(PAIR)})
    save_file(weights, tmp_path / "bare.safetensors")
    (tmp_path / "a.yml").write_text(yaml.safe_dump(PAIR))
    (tmp_path / "a.json").write_text(json.dumps(PAIR))
    own = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ELU(), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3)).eval()
    own.load_state_dict({name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder")})
    x = torch.rand(5, 1, 4, 4)
    for arguments in [("inside.safetensors",), ("bare.safetensors", "a.yml"), ("bare.safetensors", "a.json")]:
        model = user_models.load_model(*arguments, folder=tmp_path)
        assert not model.encoder.training
        assert model.weight.dtype == torch.float64
        assert not model.code
        torch.testing.assert_close(model.encoder(x.double()).float(), own(x))
        assert model.decoder(model.encoder(x.double())).shape == x.shape


def test_the_weights_of_a_run_need_no_more(tmp_path):
    for output in ("affine", "sigmoid"):
        encoder, decoder = build((6, 5, 2), 1, output=output)
        files.write(tmp_path / "own.safetensors", encoded_weights((encoder, decoder), {}))
        model = user_models.load_model("own.safetensors", folder=tmp_path)
        x = torch.rand(3, 6)
        torch.testing.assert_close(model.decoder(model.encoder(x.double())).float(), decoder(encoder(x)))


def test_code_that_returns_a_pair_is_a_model(tmp_path):
    (tmp_path / "own_models_1.py").write_text(
        "from torch import nn\ndef pair():\n    return nn.Linear(3, 2), nn.Linear(2, 3)\n"
        "def half():\n    return nn.Linear(3, 2).half(), nn.Linear(2, 3).half()\n"
        "def single():\n    return nn.Linear(3, 2)\n"
        "def parts():\n    return nn.ModuleDict({'enc': nn.Linear(3, 2), 'dec': nn.Linear(2, 3)})\n"
        "def chain():\n    return nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 3))\n"
        "def fails():\n    raise RuntimeError('first\\nsecond')\n"
    )
    model = user_models.load_model("own_models_1:pair", folder=tmp_path)
    assert model.code
    assert model.weight.dtype == torch.float32
    with pytest.raises(InputError, match=r"own_models_1:single returned .*two modules"):
        user_models.load_model("own_models_1:single", folder=tmp_path)
    with pytest.raises(
        InputError, match=r"returned a ModuleDict with the parts 'enc', 'dec'; .* \(model.enc, model.dec\)"
    ):
        user_models.load_model("own_models_1:parts", folder=tmp_path)
    with pytest.raises(
        InputError, match=r"returned a Sequential with the parts '0', '1', '2'; .* \(encoder, decoder\)"
    ):
        user_models.load_model("own_models_1:chain", folder=tmp_path)
    with pytest.raises(InputError, match=r"own_models_1:half returned weights of torch.float16; convert the modules"):
        user_models.load_model("own_models_1:half", folder=tmp_path)
    with pytest.raises(InputError, match=r"\(RuntimeError: first\)"):
        user_models.load_model("own_models_1:fails", folder=tmp_path)


PAIRS = """
from types import SimpleNamespace

import torch
from torch import nn
from torch.distributions import Independent, Normal


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.decoder = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 4), nn.Tanh())
        self.eval()


class Variational(Plain):
    def encode(self, x):
        return self.encoder(x), self.encoder(x) / 9

    def decode(self, z):
        return self.decoder(z)


class Sampled(Variational):
    def encode(self, x):
        mean = self.encoder(x)
        return mean + torch.randn_like(mean), mean, mean / 9


class Distributed(Variational):
    def encode(self, x):
        return Normal(self.encoder(x), 1.0)

    def decode(self, z):
        return Independent(Normal(self.decoder(z), 1.0), 1)


class Structured(Variational):
    def encode(self, x):
        return SimpleNamespace(latent_dist=SimpleNamespace(mean=self.encoder(x)))

    def decode(self, z):
        return (self.decoder(z),)


class Tuples(Plain):
    def __init__(self):
        super().__init__()
        inner = self.encoder

        class Both(nn.Module):
            def forward(self, x):
                return {"mu": inner(x), "logvar": inner(x) / 9}

        self.encoder = Both()


def modulelist():
    return nn.ModuleList([Plain().encoder, Plain().decoder])


def sequential():
    return nn.Sequential(Plain().encoder, Plain().decoder)


def dictionary():
    return {"decoder": Plain().decoder, "encoder": Plain().encoder}


def moduledict():
    return nn.ModuleDict(dictionary())


def compiled():
    return torch.compile(Plain())


def compiled_parts():
    model = Plain()
    model.encoder, model.decoder[0] = torch.compile(model.encoder), torch.compile(model.decoder[0])
    model.compile()
    model.decoder.compile()
    return nn.DataParallel(model)


def scripted():
    return torch.jit.trace(Plain().encoder, torch.ones(3, 4)), Plain().decoder
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Plain", "the modules `encoder` and `decoder` of Plain, whose own `forward` is not called"),
        (
            "Variational",
            "the encoder returns 2 tensors of one shape, as a variational one; number 1 is taken, its mean",
        ),
        ("Sampled", "the encoder returns 3 tensors of one shape, as a variational one; number 2 is taken, its mean"),
        ("Distributed", "the encoder returns a distribution (Normal), whose mean is taken"),
        ("Structured", "the encoder returns SimpleNamespace, whose mean is taken"),
        ("Tuples", "the encoder returns dict, whose mean is taken"),
        *[(name, "") for name in ("modulelist", "sequential", "dictionary", "moduledict", "scripted")],
        *[(name, "whose own `forward` is not called") for name in ("compiled", "compiled_parts")],
    ],
)
def test_encoder_and_decoder_are_found_in_whatever_holds_them(tmp_path, name, words):
    (tmp_path / "own_models_7.py").write_text(PAIRS)
    model = user_models.load_model(f"own_models_7:{name}", folder=tmp_path)
    torch.manual_seed(0)
    encoder, decoder = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 4), nn.Tanh())
    x = torch.rand(5, 4, generator=torch.Generator().manual_seed(1))
    before = torch.get_rng_state()
    torch.testing.assert_close(model.encoder(x), encoder(x))
    torch.testing.assert_close(model.decoder(model.encoder(x)), decoder(encoder(x)))
    assert name == "Sampled" or torch.equal(before, torch.get_rng_state())
    assert words in "; ".join(model.notes) and bool(words) == bool(model.notes)
    assert not [part for part in model.encoder.modules() if hasattr(part, "_orig_mod")]
    found, expected = (cores(*pair, x) for pair in ((model.encoder, model.decoder), (encoder, decoder)))
    torch.testing.assert_close(found.input, expected.input)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "neither JSON nor YAML"),
        ("[" * 5000, "neither JSON nor YAML"),
        ("hello", "give two lists of layers"),
        ("encoder: [ReLU]", "give two lists of layers"),
        ("encoder: ReLU\ndecoder: []", "'ReLU' for its encoder; give a list"),
        ("encoder: [3]\ndecoder: [ReLU]", "the layer 3; write it as"),
        ("encoder: [{Linear: [2, 3], ReLU: []}]\ndecoder: [ReLU]", "write it as"),
        ("encoder: [Bilinear]\ndecoder: [ReLU]", "x has the layer 'Bilinear', which is none of: Linear"),
        ("encoder: [{__class__: []}]\ndecoder: [ReLU]", "which is none of"),
        ("encoder: [{Linear: [2]}]\ndecoder: [ReLU]", "Linear with .*TypeError"),
        ("encoder: [{Linear: [-2, 3]}]\ndecoder: [ReLU]", "Linear with .*Error"),
        ("encoder: [{Linear: [2, 3, true, cpu]}]\ndecoder: [ReLU]", "Linear with .*give numbers"),
        ("encoder: [{Linear: {in_features: 2, out_features: 3, device: cpu}}]\ndecoder: [ReLU]", "give numbers"),
        ("encoder: [{Linear: [[[1]], 3]}]\ndecoder: [ReLU]", "give numbers"),
        ("encoder: [{Linear: [10000000000000000000000, 3]}]\ndecoder: [ReLU]", "Linear with"),
        ("encoder: [!!python/object/apply:os.system [ls]]\ndecoder: [ReLU]", "neither JSON nor YAML"),
        (
            "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
            "encoder: [{Linear: *c}]\ndecoder: [*c,*c]",
            "repeats a part of itself by an alias",
        ),
    ],
    ids=str,
)
def test_architectures_that_cannot_be_are_refused(text, words):
    with pytest.raises(InputError, match=words) as caught:
        user_models.parse_architecture(text, "x")
    assert len(str(caught.value)) < 900


def test_layers_of_any_size_take_no_memory_until_the_weights_are_found_to_fit(tmp_path):
    huge = {"encoder": [{"Linear": [10**7, 10**7]}], "decoder": [{"Linear": [10**7, 10**7]}]}
    save_file(weights_of(SMALL), tmp_path / "a.safetensors", {"architecture": json.dumps(huge)})
    with pytest.raises(InputError, match=r"of shape \(2, 4\), the architecture \(10000000, 10000000\)"):
        user_models.load_model("a.safetensors", folder=tmp_path)
    stated = {"widths": json.dumps([10**7, 10**7]), "output": "affine", "sha256": ""}
    save_file({"0.weight": torch.ones(1, 1)}, tmp_path / "b.safetensors", stated)
    with pytest.raises(InputError, match="its widths do not match its weights"):
        user_models.load_model("b.safetensors", folder=tmp_path)


@pytest.mark.parametrize("widths", ["[]", "[3]", "3", "null", "[[1]]", '{"a": 1}', "[" * 5000, "[2, 1e400]", "oops"])
def test_widths_that_are_none_are_refused(tmp_path, widths):
    stated = {"widths": widths, "output": "affine", "sha256": ""}
    save_file({"0.weight": torch.ones(2, 3)}, tmp_path / "a.safetensors", stated)
    with pytest.raises(InputError, match="damaged"):
        user_models.load_model("a.safetensors", folder=tmp_path)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(SMALL))

    def refused(words, **changed):
        weights = weights_of(SMALL) | {name.replace("_", "."): value for name, value in changed.items()}
        weights = {name: value for name, value in weights.items() if value is not None}
        save_file(weights, tmp_path / "a.safetensors")
        with pytest.raises(InputError, match=words):
            user_models.load_model("a.safetensors", "a.json", tmp_path)

    refused("lacks the weights 'encoder.0.bias'", encoder_0_bias=None)
    refused("has, unlike its architecture, the weights 'encoder.1.bias'", encoder_1_bias=torch.ones(2))
    refused(r"encoder.0.bias of shape \(3,\), the architecture \(2,\)", encoder_0_bias=torch.ones(3))
    refused(r"as torch.int64", encoder_0_bias=torch.ones(2, dtype=torch.int64))
    refused("NaN or infinity in encoder.0.bias", encoder_0_bias=torch.tensor([1.0, torch.nan]))


def test_half_precision_weights_are_raised_to_double_precision(tmp_path):
    weights = {name: value.bfloat16() for name, value in weights_of(SMALL).items()}
    save_file(weights, tmp_path / "a.safetensors", {"architecture": json.dumps(SMALL)})
    model = user_models.load_model("a.safetensors", folder=tmp_path)
    assert model.encoder[0].bias.tolist() == weights["encoder.0.bias"].double().tolist()


def renamed(weights, rename):
    return {rename(name): value for name, value in weights.items()}


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: f"module.{name}",
        lambda name: f"_orig_mod.{name}",
        lambda name: f"model.{name}",
        lambda name: f"model._orig_mod.module.{name}",
        lambda name: name.replace("encoder.", "encoder._orig_mod."),
    ],
)
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_prefixes_of_wrappers_are_dropped(tmp_path, rename, suffix):
    weights = weights_of(PAIR)
    (tmp_path / "a.json").write_text(json.dumps(PAIR))
    if suffix == "pth":
        torch.save({"epoch": 3, "state_dict": renamed(weights, rename)}, tmp_path / "a.pth")
    else:
        save_file(renamed(weights, rename), tmp_path / "a.safetensors")
    model = user_models.load_model(f"a.{suffix}", "a.json", tmp_path)
    assert model.encoder[0].bias.tolist() == weights["encoder.0.bias"].double().tolist()
    (note,) = model.notes
    assert note.startswith("weights named without the prefix '")


def test_state_that_is_missing_or_doubled_without_harm_is_no_matter(tmp_path):
    weights = weights_of(PAIR)
    lean = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    doubled = weights | {f"net.{name}": value.clone() for name, value in weights.items()}
    for content in (lean, doubled, {name: value.half() for name, value in weights.items()}):
        save_file(content, tmp_path / "a.safetensors", {"architecture": json.dumps(PAIR)})
        model = user_models.load_model("a.safetensors", folder=tmp_path)
        assert model.encoder[0].bias.tolist() == content["encoder.0.bias"].double().tolist()
        assert not model.notes


def test_tied_weights_are_read_as_they_are_saved(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.encoder, self.decoder = nn.Sequential(nn.Linear(4, 4)), nn.Sequential(nn.Linear(4, 4))
            self.decoder[0].weight = self.encoder[0].weight

    square = {"encoder": [{"Linear": [4, 4]}], "decoder": [{"Linear": [4, 4]}]}
    own = Tied()
    for name, module in (("a", own), ("b", nn.ModuleDict({"model": own}))):
        save_model(module, str(tmp_path / f"{name}.safetensors"), {"architecture": json.dumps(square)})
        model = user_models.load_model(f"{name}.safetensors", folder=tmp_path)
        for part, expected in ((model.encoder, own.encoder), (model.decoder, own.decoder)):
            assert part[0].weight.tolist() == expected[0].weight.double().tolist()


def test_what_is_there_is_named_where_weights_are_lacking_and_two_networks_are_not_mixed(tmp_path):
    weights = weights_of(SMALL)
    (tmp_path / "a.json").write_text(json.dumps(SMALL))
    save_file(renamed(weights, lambda name: name.replace("encoder", "enc")), tmp_path / "a.safetensors")
    with pytest.raises(
        InputError, match=r"lacks the weights 'encoder.0.bias', .* it holds 'enc.0.bias', 'enc.0.weight'"
    ):
        user_models.load_model("a.safetensors", "a.json", tmp_path)
    both = {
        f"{part}.{name}": value + place
        for place, part in enumerate(("ema", "model"))
        for name, value in weights.items()
    }
    save_file(both, tmp_path / "a.safetensors")
    with pytest.raises(
        InputError, match=r"several times, as 'ema.encoder.*', 'model.encoder.*'; save the weights of one"
    ):
        user_models.load_model("a.safetensors", "a.json", tmp_path)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(InputError, match=r"holds \[1, 2\], no weights by name; save the state_dict\(\)"):
        user_models.load_model("list.pth", "a.json", tmp_path)


def test_what_is_no_model_is_refused(tmp_path):
    save_file(weights_of(SMALL), tmp_path / "bare.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights at all")
    (tmp_path / "forged.safetensors").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    torch.save(nn.Linear(2, 2), tmp_path / "a.pt")
    (tmp_path / "a.onnx").write_text("")
    (tmp_path / "long.json").write_text(" " * 2**20 + "{}")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xff")
    for arguments, words in {
        ("bare.safetensors",): "does not contain its architecture; give --architecture",
        ("bare.safetensors", "absent.json"): "no file of at most 128 KiB",
        ("bare.safetensors", "long.json"): "no file of at most 128 KiB",
        ("bare.safetensors", "bytes.json"): "is no text",
        ("text.safetensors",): "not a readable safetensors file",
        ("forged.safetensors",): "not a readable safetensors file",
        ("absent.safetensors",): "does not exist",
        ("a.pt",): "could run code; save a tensor",
        ("a.onnx",): r"a.onnx is not a file of type .safetensors, .pt, .pth",
        ("no_such_package.models:pair",): "there is no module 'no_such_package.models'",
    }.items():
        with pytest.raises(InputError, match=words):
            user_models.load_model(*arguments, folder=tmp_path)
