"""Whatever is read from outside is a value that holds what it should, or one sentence: never a traceback, nothing written.

Of each kind 200 inputs are made, 10,000 with HYPOTHESIS_PROFILE=nightly, half of them documents with odd values in odd
places, half of them files with some of their bytes altered. A night takes --timeout 0. (Points: tests/base/test_user_points.py.)
"""

import dataclasses
import gzip
import io
import json
import math
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from lib import runs
from lib.__main__ import _selection
from lib.analysis import bound_checks
from lib.base import files, user_points
from lib.base.errors import InputError
from lib.pages import source
from lib.runs import specification, store
from lib.training import autoencoders, datasets, loop, user_models, weights

FUZZ = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# --- what is made --------------------------------------------------------------------------------------------------

WORDS = [
    *(
        "",
        "../../x",
        "/etc/passwd",
        "a\0b",
        "x" * 300,
        "x" * 5000 + ".npz",
        "../../x.npz",
        "\x1b[2J\nError: fine",
        "\ud7ff",
        "é",
    ),
    *(
        "nan",
        "1..2",
        "1..999999999",
        "1..99999999999999999999",
        "3..1",
        "٣..٤",
        "²",
        "linear",
        "mnist",
        "/dev/zero",
        "/",
        ".",
    ),
    *(
        "!!bool x",
        "!!int ''",
        "!!timestamp x",
        "2001-99-99",
        "<<",
        "=",
        "[" * 400,
        "{" * 400,
        "&a [*a]",
        "0x" + "f" * 9000,
    ),
    *(
        "1:" * 3000 + "1",
        "!!python/object/apply:os.system [ls]",
        "? [a]",
        "- -",
        "%TAG",
        "---\n---",
        "9" * 5000,
        "*a",
        "'",
    ),
]
NUMBERS = [
    0,
    -1,
    1,
    2,
    3,
    2**31,
    2**63,
    10**30,
    -(10**300),
    0.0,
    -0.0,
    0.5,
    1e-320,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
]
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.sampled_from(NUMBERS), st.integers(), st.floats()),
    *(st.sampled_from(WORDS), st.text(max_size=20)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CUT, FLIP, INSERT, COPY = range(4)
ALTERATIONS = st.lists(
    st.tuples(
        st.sampled_from([CUT, FLIP, FLIP, INSERT, COPY]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=5,
)


def altered(content, alterations):
    """Some bytes with parts cut off, flipped, inserted, or moved elsewhere."""
    data = bytearray(content)
    for kind, place, some in alterations:
        start = int(place * len(data))
        if kind == CUT:
            del data[max(start, 1) :]
        elif kind == FLIP:
            for offset, byte in enumerate(some):
                data[(start + offset) % len(data)] ^= byte
        elif kind == INSERT:
            data[start:start] = some
        else:
            data[start:start] = data[: some[0]]
    return bytes(data)


def replaced(document, place, value):
    """A document with one of its values, the one that `place` in [0, 1) leads to, replaced (by ... : left out)."""
    places = []

    def walk(node, path):
        keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
        for key in keys:
            places.append((*path, key))
            walk(node[key], (*path, key))

    walk(document, ())
    *path, last = places[int(place * len(places))]
    copy = json.loads(json.dumps(document))
    parent = copy
    for key in path:
        parent = parent[key]
    if value is ...:
        del parent[last]
    else:
        parent[last] = value
    return copy


PLACES = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(st.tuples(PLACES, VALUES | st.just(...)), min_size=1, max_size=3)


def changed(document, changes):
    for place, value in changes:
        document = replaced(document, place, value) if document else document
    return document


# --- what is asked of a reader --------------------------------------------------------------------------------------


def listing(folder):
    return sorted((str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def read_or_refused(read, folder):
    """What a reader returns, or None where it refuses in a sentence; whichever, it has written nothing."""
    before = listing(folder)
    try:
        return read()
    except InputError as error:
        sentence = str(error)
        assert sentence.endswith((".", "?"))
        assert 20 < len(sentence) < 820
        assert sentence.isprintable()
    finally:
        assert listing(folder) == before
    return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder within one that is watched as well; runs, artifacts and results lie in it."""
    whole = tmp_path_factory.mktemp("outside") / "inside"
    with pytest.MonkeyPatch.context() as patch:
        for name, where in (
            ("runs", (specification, "FOLDER")),
            ("artifacts", (store, "ARTIFACTS")),
            ("results", (store, "RESULTS")),
        ):
            (whole / name).mkdir(parents=True)
            patch.setattr(*where, whole / name)
        yield whole


def smoke():
    return yaml.safe_load((files.ROOT / "runs" / "smoke.yml").read_text())


# --- run files ------------------------------------------------------------------------------------------------------


def check_run(folder, content):
    (folder / "runs" / "own.yml").write_bytes(content)
    run = read_or_refused(lambda: runs.read("own"), folder.parent)
    if run is not None:
        assert 1 <= len(runs.members(run)) <= specification.MOST
        assert all(member.depth <= specification.DEEPEST for member in runs.members(run))
        assert len(run.digest) == 64
        assert 0 < run.learning_rate < 1e6


FIELDS = sorted(field.name for field in dataclasses.fields(runs.Run))
KEYS = st.sampled_from(FIELDS) | st.sampled_from(WORDS)


@FUZZ
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), st.sampled_from([None, *FIELDS]))
@example({"latent_dims": "1..99999999999"}, None)  # took the memory of so many numbers
@example({"depths": [10**6], "table_depth": 10**6}, None)
@example({"dataset": "x" * 5000 + ".npz"}, None)  # OSError: name too long
@example({"dataset": "a\0b.npz"}, None)  # ValueError: null byte
@example({"hidden_widths": {3: {"a": 1}, 4: "abc"}}, None)
def test_run_files_with_odd_values(folder, odd, absent):
    document = smoke() | odd
    document.pop(absent, None)
    check_run(folder, yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.lists(st.tuples(KEYS, st.sampled_from(WORDS) | st.text(max_size=30)), min_size=1, max_size=4), st.booleans())
@example([("epochs", "!!bool x")], True)  # KeyError out of the YAML reader, and so on below
@example([("epochs", "!!int ''")], True)
@example([("epochs", "!!timestamp x")], True)
@example([("epochs", "2001-99-99")], True)
@example([("epochs", "0x" + "f" * 9000)], True)  # a number that Python does not print
@example([("epochs", "[" * 400)], True)
@example([("seeds", "&a [" + "*a," * 9 + "]")], True)
def test_run_files_of_odd_text(folder, lines, whole):
    text = yaml.safe_dump(smoke()) if whole else ""
    check_run(folder, (text + "".join(f"{key}: {value}\n" for key, value in lines)).encode("utf-8", "replace"))


@FUZZ
@given(ALTERATIONS)
def test_run_files_with_altered_bytes(folder, alterations):
    check_run(folder, altered((files.ROOT / "runs" / "smoke.yml").read_bytes(), alterations))


def test_a_run_that_is_no_file_is_refused_and_not_waited_for(folder):
    laughs = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
    )
    for make, words in (
        (lambda path: os.mkfifo(path), "is no file"),
        (lambda path: path.mkdir(), "is no file"),
        (lambda path: path.symlink_to(path), "is no file"),
        (lambda path: path.symlink_to("/dev/zero"), "is no file"),
        (lambda path: path.write_text("#" * 2**20), "is no file of at most 128 KiB"),
        (lambda path: path.write_text(laughs + yaml.safe_dump(smoke())), "by an alias"),
    ):
        path = folder / "runs" / "odd.yml"
        make(path)
        with pytest.raises(InputError, match=words):
            runs.read("odd")
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in ("../runs/own", "/etc/passwd", "own.yml", "", "a\0b", 3, None, "o" * 5000):
        with pytest.raises(InputError):
            runs.read(name)


# --- what the command line is given -----------------------------------------------------------------------------------


@FUZZ
@given(st.text("nds=,+ ed0123456789²٣-", max_size=25) | st.text(max_size=25) | st.sampled_from(WORDS))
@example("n=" + "9" * 5000)  # more digits than int() takes
@example("n=4,n=5")  # the first one was forgotten
@example("")  # was: all members
@example("n=²")
def test_selections(text):
    def chosen():
        return runs.members(runs.read("digits"), _selection(None, None, text))

    members = read_or_refused(chosen, files.ROOT / "runs")
    assert members is None or (members and "=" in text)


PAGES = {name: source.load_page(name) for name in ("spectra", "prediction", "out_of_distribution")}
PAGES["diagnose"] = source.load_page("diagnose", source.TEMPLATES)


@FUZZ
@given(st.sampled_from(sorted(PAGES)), st.data())
def test_page_parameters(page, data):
    loaded = PAGES[page]
    names = st.sampled_from([*loaded.parameters, "../../x"])
    given_values = data.draw(st.dictionaries(names, VALUES, min_size=1, max_size=3))
    check_parameters(loaded, given_values)


def check_parameters(page, values):
    checked = read_or_refused(lambda: source.checked_parameters(page, values), files.ROOT / "runs")
    for name, value in (checked or {}).items():
        kind = page.parameters[name].annotation
        if kind in ("int", "str", "bool"):
            assert type(value).__name__ == kind
        elif kind == "float":
            assert math.isfinite(value)
        else:
            assert isinstance(value, list)


@pytest.mark.parametrize("text", WORDS)
def test_page_parameters_of_odd_text(text):
    page = PAGES["diagnose"]
    for name in {one.annotation: one.name for one in page.parameters.values()}.values():
        check_parameters(page, {name: text})
    check_parameters(page, {"data": f"[{text}]"})
    with pytest.raises(InputError):
        source.load_page(text)


def test_numbers_that_are_none_are_no_parameters():
    for text in (".nan", ".inf", "-.inf"):
        with pytest.raises(InputError, match="give a float"):
            source.checked_parameters(PAGES["diagnose"], {"coverage": text})


@FUZZ
@given(st.sampled_from(WORDS) | st.text(max_size=40) | VALUES)
def test_lists_of_names(value):
    assert all(
        isinstance(one, str) for one in read_or_refused(lambda: runs.parse_names(value), files.ROOT / "runs") or []
    )


@FUZZ
@given(st.sampled_from(WORDS) | st.text(max_size=40))
@example("x" * 5000)  # OSError: name too long
@example("x" * 5000 + ".npz:y")
def test_sources_of_points_and_models(folder, text):
    (folder / "empty").mkdir(exist_ok=True)
    if ":" not in text and not Path(text).is_absolute() and ".." not in text:
        read_or_refused(lambda: user_points.read_points(text, folder / "empty"), folder.parent)
        read_or_refused(lambda: user_models.load_model(text, text, folder / "empty"), folder.parent)


# --- results ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(folder):
    """A kept run of one member, and its summary: that of a run of the book with the first rows of its tables."""
    changes = {"latent_dims": [2], "depths": [3], "table_depth": 3, "seeds": [0], "committed": True}
    (folder / "runs" / "kept.yml").write_text(yaml.safe_dump(smoke() | changes))
    run = runs.read("kept")
    theirs = files.ROOT / "results" / "mnist-he" / "n4-d20-s0.json.gz"
    content = json.loads(gzip.decompress(theirs.read_bytes()))["content"]
    tables = {
        name: {
            column: [value[:40] if isinstance(value, str) else value for value in values[:2]]
            for column, values in table.items()
        }
        for name, table in content["tables"].items()
    }
    member = {"depth": 3, "latent_dim": 2, "seed": 0}
    return run, content | {"run": run.digest, "member": member, "tables": tables}


def put(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def check_results(run):
    path = store.summary_path(run, runs.members(run)[0])
    found = read_or_refused(lambda: runs.summary(run.name), path.parent.parent.parent.parent)
    read_or_refused(lambda: runs.manifest(run), path.parent.parent)
    assert (runs.missing_reason(run.name) is None) or found is None
    runs.summary_digest(run.name)
    if found is not None:
        assert all(isinstance(getattr(found, table), pd.DataFrame) for table in ("members", "statistics", "examples"))
        assert len(found.members) == 1
        assert all(isinstance(size, int) for size in found.image_shape)


@FUZZ
@given(CHANGES)
@example([(0.0, ...)])
def test_summaries_with_odd_values_and_right_checksums(kept, changes):
    run, content = kept
    forged = changed(content, changes)
    text = json.dumps(forged)
    whole = f'{{"sha256": "{files.sha256(text.encode())}", "content": {text}}}\n'
    put(store.summary_path(run, runs.members(run)[0]), gzip.compress(whole.encode(), 1))
    check_results(run)


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "NaN", "[" * 90_000 + "]" * 90_000, "9" * 5000, '{"run": 3}', "{}", '"\\ud800"']
)
def test_summaries_that_are_none_with_right_checksums(kept, text):
    run, _ = kept
    whole = f'{{"sha256": "{files.sha256(text.encode())}", "content": {text}}}\n'
    put(store.summary_path(run, runs.members(run)[0]), gzip.compress(whole.encode()))
    check_results(run)
    with pytest.raises(InputError, match="damaged"):
        runs.summary(run.name)


@FUZZ
@given(ALTERATIONS, st.booleans())
def test_summaries_with_altered_bytes(kept, alterations, packed):
    run, content = kept
    path = store.summary_path(run, runs.members(run)[0])
    text = json.dumps(content)
    data = gzip.compress(f'{{"sha256": "{files.sha256(text.encode())}", "content": {text}}}\n'.encode(), 1)
    put(path, altered(data, alterations) if packed else gzip.compress(altered(gzip.decompress(data), alterations), 1))
    check_results(run)


BOUNDS = gzip.decompress((files.ROOT / "results" / "mnist-300" / "n4-d2-s0.bounds.json.gz").read_bytes())


@FUZZ
@given(CHANGES)
def test_checks_of_the_bounds_with_odd_values(kept, changes):
    run, _ = kept
    content = json.loads(BOUNDS)["content"]
    content |= {"run": run.digest, "tables": {"bounds": content["tables"]["bounds"][:2]}}
    forged = json.dumps(changed(content, changes))
    whole = f'{{"sha256": "{files.sha256(forged.encode())}", "content": {forged}}}\n'
    path = store.attached_path(run, runs.members(run)[0], "bounds")
    put(path, gzip.compress(whole.encode(), 1))
    found = read_or_refused(lambda: bound_checks.bound_checks(run.name), path.parent.parent)
    assert found is None or isinstance(found, pd.DataFrame)
    read_or_refused(lambda: bound_checks.bound_report(run.name), path.parent.parent)
    path.unlink()


MANIFEST = (files.ROOT / "results" / "mnist-300" / "manifest.json").read_bytes()


@FUZZ
@given(CHANGES, ALTERATIONS, st.booleans())
def test_manifests(folder, changes, alterations, odd):
    path = folder / "results" / "manifest.json"
    path.write_bytes(
        json.dumps(changed(json.loads(MANIFEST), changes)).encode() if odd else altered(MANIFEST, alterations)
    )
    for name, entry in (read_or_refused(lambda: store.load_manifest(path), folder.parent) or {}).items():
        assert isinstance(name, str)
        assert {type(value) for value in entry.values()} == {str}


# --- weights and tables -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved_weights(folder):
    history = weights.encoded_history([0, 1], {"train_mse": [1.0, 0.5], "test_mse": [1.0, math.nan]})
    metadata = {"code": "x", "run": "y", "history": history, "seconds": "1.5"}
    return weights.encoded_weights(autoencoders.build((6, 4, 2), 0), metadata)


def check_weights(folder, content):
    path = folder / "b.safetensors"
    path.write_bytes(content)
    found = read_or_refused(lambda: weights.load_weights(path), folder.parent)
    if found is not None:
        (encoder, decoder), metadata = found
        assert decoder(encoder(torch.zeros(2, encoder[0].in_features))).shape[0] == 2
        assert isinstance(weights.decoded_history(metadata["history"]), list)
        assert isinstance(metadata["code"], str)
    model = read_or_refused(lambda: user_models.load_model("b.safetensors", folder=folder), folder.parent)
    assert model is None or model.weight.dtype == torch.float64


@FUZZ
@given(ALTERATIONS)
def test_weights_with_altered_bytes(folder, saved_weights, alterations):
    check_weights(folder, altered(saved_weights, alterations))


@FUZZ
@given(CHANGES)
@example([(0.0, {"widths": "[6, 4, 2]", "output": "affine"})])  # a KeyError: no checksum
def test_weights_with_an_odd_header(folder, saved_weights, changes):
    length = int.from_bytes(saved_weights[:8], "little")
    header = json.dumps(changed(json.loads(saved_weights[8 : 8 + length]), changes)).encode()
    check_weights(folder, len(header).to_bytes(8, "little") + header + saved_weights[8 + length :])


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["widths", "output", "sha256", "history", "architecture", "x"]),
        VALUES.map(str) | VALUES.map(json.dumps),
    )
)
@example({"widths": "[1e400, 2]"})
@example({"widths": "[9999999999, 2]"})  # was: built before its weights were looked at
@example({"history": "[]"})
@example({"architecture": "a: b\n" * 40_000})  # was: read for as long as it took
def test_weights_with_odd_metadata(folder, saved_weights, odd):
    with torch.no_grad():
        tensors = {
            "0.weight": torch.ones(2, 4),
            "0.bias": torch.ones(2),
            "1.weight": torch.ones(4, 2),
            "1.bias": torch.ones(4),
        }
    whole = {"widths": "[4, 2]", "output": "affine", "history": "{}"}
    whole["sha256"] = files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors.values()])
    check_weights(folder, save(tensors, whole | odd))


@FUZZ
@given(
    st.fixed_dictionaries({"encoder": VALUES, "decoder": VALUES}) | VALUES, st.sampled_from(user_models.LAYERS), VALUES
)
def test_architectures(document, layer, arguments):
    for one in (document, {"encoder": [{layer: arguments}], "decoder": ["ReLU"]}):
        text = yaml.safe_dump(one, allow_unicode=True)
        read_or_refused(lambda text=text: user_models.parse_architecture(text, "The architecture"), files.ROOT / "runs")


@FUZZ
@given(ALTERATIONS)
def test_tables_with_altered_bytes(folder, alterations):
    table = pa.table({"a": np.arange(50.0), "b": [[float(i)] * 2 for i in range(50)], "c": np.arange(50) % 2 == 0})
    path = folder / "a.parquet"
    with io.BytesIO() as file:
        pq.write_table(table, file, write_page_checksum=True, compression="zstd")
        path.write_bytes(altered(file.getvalue(), alterations))
    found = read_or_refused(lambda: store.load_points(path), folder.parent)
    assert found is None or isinstance(found.to_pandas(), pd.DataFrame)


NPY_HEADERS = st.fixed_dictionaries(
    {
        "descr": st.sampled_from(["<f8", "|O", ">f4", "<U9", "<M8[s]", "|V8", "<c16", [("a", "<f8")], "x"]) | VALUES,
        "fortran_order": st.booleans() | VALUES,
        "shape": st.lists(st.sampled_from(NUMBERS) | st.integers(0, 9), max_size=4).map(tuple) | VALUES,
    }
)


@FUZZ
@given(NPY_HEADERS, st.sampled_from([1, 2, 3, 9]), st.sampled_from(["x.npy", "../../../x.npy", "/x", "a\nb.npy", ""]))
def test_arrays_with_odd_headers_and_names(folder, header, version, member):
    text = repr(header).encode("utf-8", "replace")
    length = len(text).to_bytes(2 if version == 1 else 4, "little", signed=False) if len(text) < 2**16 else b"\xff\xff"
    content = b"\x93NUMPY" + bytes([version, 0]) + length + text + np.arange(24.0).tobytes()
    (folder / "a.npy").write_bytes(content)
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr(member or "x", content)
    for name in ("a.npy", "a.npz"):
        found = read_or_refused(lambda name=name: user_points.read_points(name, folder), folder.parent)
        assert found is None or bool(torch.isfinite(found.values).all())


# --- bombs: small files that stand for large ones ------------------------------------------------------------------------

READ_BOMBS = """
import pathlib, re, sys
from lib.base import untrusted, user_points
from lib.base.errors import InputError
from lib.runs import store
from lib.training import user_models, weights

untrusted.LARGEST_ARRAY = 2**26
readers = {
    "gz": lambda path: store.load_summary(path),
    "npz": lambda path: user_points.read_points(path.name, path.parent),
    "npy": lambda path: user_points.read_points(path.name, path.parent),
    "pt": lambda path: user_points.read_points(path.name, path.parent),
    "parquet": lambda path: (user_points.read_points(path.name, path.parent)),
    "table": lambda path: store.load_points(path),
    "safetensors": lambda path: user_models.load_model(path.name, folder=path.parent),
    "images": lambda path: user_points.read_points(str(path)),
    "weights": lambda path: weights.load_weights(path),
}
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) // 1024

before = peak()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        readers[path.suffix[1:]](path)
    except InputError as error:
        print(path.name, error)
print(peak() - before)
"""


def png_of(width, height):
    """A PNG file that declares a size, and holds next to nothing."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 1000)),
        (b"IEND", b""),
    ]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def forged(content, real, claimed):
    """An archive whose directory and local headers give another size for a member."""
    return content.replace(struct.pack("<I", real), struct.pack("<I", claimed))


def make_bombs(folder):
    zeros = gzip.compress(bytes(2**24))
    (folder / "long.gz").write_bytes(zeros * 200)  # 3 GiB out of 3 MB
    np.savez_compressed(folder / "honest.npz", np.zeros(2**23 + 2**10).reshape(-1, 1))  # more than is read here
    np.savez_compressed(folder / "small.npz", np.zeros((2**9, 2**9)))
    small = (folder / "small.npz").read_bytes()
    (folder / "small.npz").unlink()
    size = zipfile.ZipFile(io.BytesIO(small)).infolist()[0].file_size
    (folder / "forged.npz").write_bytes(forged(small, size, 2**32 - 2))
    nested = small
    for _ in range(5):
        with io.BytesIO() as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("x.npy", nested)
            nested = file.getvalue()
    (folder / "nested.npz").write_bytes(nested)
    header = repr({"descr": "<f8", "fortran_order": False, "shape": (2**36, 4)}).encode()
    (folder / "header.npy").write_bytes(b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header)
    column = pa.array(np.zeros(2**21))
    pq.write_table(pa.table([column] * 5, list("abcde")), folder / "zeros.parquet")  # 80 MiB out of little
    (folder / "zeros.table").write_bytes((folder / "zeros.parquet").read_bytes())
    torch.save(torch.zeros(1).expand(2**40), folder / "expanded.pt")
    (folder / "header.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
    (folder / "widths.weights").write_bytes(
        save({"0.weight": torch.ones(1, 1)}, {"widths": "[99999, 99999]", "output": "affine", "sha256": ""})
    )
    (folder / "big.images").mkdir()
    (folder / "big.images" / "a.png").write_bytes(png_of(2**16, 2**16))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_small_files_that_stand_for_large_ones_are_refused_in_little_memory(tmp_path):
    make_bombs(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 2**23
    done = subprocess.run(
        [sys.executable, "-c", READ_BOMBS, str(tmp_path)], cwd=files.ROOT, capture_output=True, text=True
    )
    *refusals, grown = done.stdout.splitlines()
    assert [line.split()[0] for line in refusals] == names, done.stderr
    assert int(grown) < 150, "MiB"


# --- data sets and checkpoints -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mnist(folder):
    """Four small files in the place of MNIST's, and what is in each; nothing is fetched."""
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    contents = {}
    for name, points in zip(datasets.IDX_FILES, (6, 6, 3, 3), strict=True):
        sizes = [points, 4, 4] if "idx3" in name else [points]
        header = bytes([0, 0, 8, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
        contents[name] = header + bytes(range(math.prod(sizes)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "data_roots", lambda: [folder / "data"])
        patch.setattr(datasets, "_downloaded", lambda name: pytest.fail("it is there, and is not fetched"))
        yield raw, contents


def check_dataset(name, folder):
    found = read_or_refused(lambda: datasets.load(name), folder)
    if found is not None:
        for split in (found.train, found.test):
            assert split.images.shape == (len(split), found.input_dim)
            assert 0 <= split.images.min() <= split.images.max() <= 1
            assert 0 <= split.labels.min() <= split.labels.max() < datasets.MOST_LABELS
        assert math.prod(found.image_shape) == found.input_dim


HEADERS = st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 16, 2**31, 2**32 - 1]), max_size=4)


@FUZZ
@given(st.sampled_from(datasets.IDX_FILES), ALTERATIONS, HEADERS, st.booleans())
@example(datasets.IDX_FILES[0], [(CUT, 0.0, b"x")], [], False)  # AssertionError out of torchvision
@example(datasets.IDX_FILES[0], [(CUT, 0.9, b"x")], [], False)  # was: "not found", and then a download
def test_idx_files(mnist, folder, name, alterations, sizes, header):
    raw, contents = mnist
    for other, content in contents.items():
        (raw / other).write_bytes(content)
    start = 4 * (1 + contents[name][3])
    odd = (
        bytes([0, 0, 8, contents[name][3]])
        + b"".join(struct.pack(">I", size) for size in sizes)
        + contents[name][start:]
    )
    (raw / name).write_bytes(odd if header else altered(contents[name], alterations))
    check_dataset("mnist", folder.parent)


def dataset_arrays():
    images = np.linspace(0, 1, 24).reshape(6, 2, 2)
    return {
        "train_images": images,
        "train_labels": np.arange(6),
        "test_images": images[:2],
        "test_labels": np.arange(2),
    }


ARRAYS = [
    *(
        np.zeros(()),
        np.zeros(6),
        np.zeros((6, 0)),
        np.zeros((0, 2, 2)),
        np.full((6, 2, 2), np.nan),
        np.ones((6, 2, 2)) * 2,
    ),
    *(
        np.array(list("abcdef")),
        np.array([None] * 6),
        np.arange(6) - 3,
        np.arange(6) * 2**60,
        np.arange(6.0),
        np.ones((6, 1), int),
    ),
    *(
        np.zeros((6, 2, 2), np.float16),
        np.zeros((6, 2, 2), np.longdouble),
        np.zeros(6, "M8[s]"),
        np.zeros((6, 2, 2), complex),
    ),
]


@FUZZ
@given(
    st.dictionaries(st.sampled_from(datasets.NPZ_KEYS), st.sampled_from(ARRAYS) | st.none(), max_size=2),
    ALTERATIONS,
    st.booleans(),
)
@example({"train_labels": np.array(list("abcdef"))}, [], True)  # ValueError
@example({"train_images": np.zeros((6, 0)), "test_images": np.zeros((2, 0))}, [], True)  # the smallest of no pixels
@example({"train_labels": np.arange(6) - 3}, [], True)  # -1 stands for all classes
def test_data_sets_of_ones_own(folder, odd, alterations, whole):
    path = folder / "own.npz"
    arrays = {name: array for name, array in (dataset_arrays() | odd).items() if array is not None}
    np.savez(path, **arrays, allow_pickle=True)
    if not whole:
        path.write_bytes(altered(path.read_bytes(), alterations))
    check_dataset(str(path), folder.parent)


def test_names_of_data_sets_that_no_file_can_have():
    for name in WORDS:
        with pytest.raises(InputError):
            datasets.load(f"{name}.npz")


@pytest.fixture(scope="module")
def checkpoint(folder):
    pairs = [autoencoders.build((6, 4, 2), seed) for seed in (0, 1)]
    parameters = autoencoders.stack(pairs, (6, 4, 2)).parameters()
    adam = torch.optim.Adam([parameter.requires_grad_() for parameter in parameters])
    sum(parameter.sum() for parameter in parameters).backward()
    adam.step()
    loop._save(
        folder / "checkpoint", parameters, adam, {"epoch": [0], "train_mse": [[1.0] * 2], "test_mse": [[1.0] * 2]}
    )
    return parameters, adam, (folder / "checkpoint").read_bytes()


@FUZZ
@given(CHANGES, ALTERATIONS, st.booleans())
@example([(0.0, ...)], [(FLIP, 0.0, b"x")], True)
def test_checkpoints(folder, checkpoint, changes, alterations, odd):
    parameters, adam, content = checkpoint
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(changed(json.loads(content[8 : 8 + length]), changes)).encode()
    content = (
        len(header).to_bytes(8, "little") + header + content[8 + length :] if odd else altered(content, alterations)
    )
    (folder / "checkpoint").write_bytes(content)
    found = read_or_refused(lambda: loop._restore(folder / "checkpoint", parameters, adam), folder.parent)
    assert found is None or isinstance(found["epoch"][-1], int)


@FUZZ
@given(st.text() | st.sampled_from(WORDS))
def test_a_refusal_is_one_printable_line_of_a_bearable_length(text):
    for error in (InputError(f"It is {text}; mend it."), InputError(f"It is {text * 99}; mend it.")):
        assert str(error).isprintable()
        assert str(error).endswith("; mend it.")
        assert len(str(error)) < 820
