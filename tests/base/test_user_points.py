"""Points from files: every kind read as it was written; everything else refused in a sentence, before memory is taken."""

import io
import json
import os
import pickle
import struct
import warnings
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file

from lib.base import files, tables, untrusted, user_points
from lib.base.errors import InputError
from lib.base.usercode import call
from lib.training import user_models

FUZZ = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
VALUES = np.random.default_rng(0).random((7, 4)).astype(np.float32)


def png(path, values):
    Image.fromarray((255 * values).round().astype(np.uint8)).save(path)


def write_all(folder):
    """The same points in every kind of file: source -> what is read from it."""
    np.save(folder / "a.npy", VALUES)
    np.savez(folder / "one.npz", VALUES)
    np.savez_compressed(folder / "two.npz", x=VALUES, y=VALUES[:2])
    torch.save(torch.from_numpy(VALUES), folder / "a.pt")
    torch.save({"x": torch.from_numpy(VALUES), "epoch": 3}, folder / "dict.pth")
    torch.save({"x": torch.from_numpy(VALUES), "y": torch.zeros(2, 2)}, folder / "two.pt")
    pq.write_table(pa.table({str(i): VALUES[:, i] for i in range(4)}), folder / "a.parquet")
    pd.DataFrame(VALUES.astype(float)).to_csv(folder / "a.csv", index=False)
    return ("a.npy", "one.npz", "two.npz:x", "a.pt", "dict.pth", "two.pt:x", "a.parquet", "a.csv")


def test_every_kind_of_file_gives_its_points_back(tmp_path):
    for source in write_all(tmp_path):
        points = user_points.read_points(source, tmp_path)
        assert points.values.numpy().tolist() == VALUES.tolist(), source
        assert points.values.dtype in (torch.float32, torch.float64)
        assert points.labels == tuple("0123456")


def test_images_come_in_the_order_of_their_names_scaled_with_channels_first(tmp_path):
    for name, value in (("b.png", 1.0), ("a.PNG", 0.2)):
        png(tmp_path / name, np.full((5, 3), value))
    points = user_points.read_points(".", tmp_path)
    assert points.values.shape == (2, 1, 5, 3)
    assert points.labels == ("a.PNG", "b.png")
    assert points.values[:, 0, 0, 0].tolist() == pytest.approx([0.2, 1.0])
    colour = tmp_path / "colour"
    colour.mkdir()
    png(colour / "a.png", np.stack([np.full((5, 3), share) for share in (0.2, 0.4, 1.0)], axis=2))
    assert user_points.read_points("colour", tmp_path).values[0, :, 0, 0].tolist() == pytest.approx([0.2, 0.4, 1.0])


def test_code_is_called_in_the_folder(tmp_path):
    (tmp_path / "own_points_1.py").write_text("import torch\ndef some():\n    return torch.ones(3, 2)\n")
    assert user_points.read_points("own_points_1:some", tmp_path).values.tolist() == [[1, 1]] * 3
    (tmp_path / "own_points_4.py").write_text("import numpy\ndef some():\n    return numpy.load('beside.npy')\n")
    np.save(tmp_path / "beside.npy", VALUES)
    assert len(user_points.read_points("own_points_4:some", tmp_path)) == 7, "paths in the code start from the folder"
    for name in ("own_points_1:other", "own_points_2:some"):
        with pytest.raises(InputError, match="could not be imported and called"):
            call(name, tmp_path)
    (tmp_path / "own_points_3.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(InputError, match="SystemExit: 3"):
        call("own_points_3:some", tmp_path)


def test_other_byte_orders_and_layouts_are_the_same_points(tmp_path):
    for values in (VALUES.astype(">f8"), np.asfortranarray(VALUES), np.repeat(VALUES, 2, axis=1)[:, ::2]):
        np.save(tmp_path / "a.npy", values)
        assert user_points.read_points("a.npy", tmp_path).values.tolist() == VALUES.tolist()
    torch.save(torch.from_numpy(VALUES).T.contiguous().T, tmp_path / "a.pt")
    assert user_points.read_points("a.pt", tmp_path).values.tolist() == VALUES.tolist()


def test_a_part_is_drawn_always_the_same_without_repetition():
    points = user_points.Points("x", torch.arange(50.0)[:, None], tuple(map(str, range(50))))
    some = points.first(20)
    assert some.labels == points.first(20).labels
    assert len(set(some.labels)) == 20
    assert some.values[:, 0].tolist() == [float(label) for label in some.labels]
    assert points.first(80).labels == points.labels


# --- what is refused ---------------------------------------------------------------------------------------------


class Hostile:
    def __reduce__(self):
        return (os.system, ("touch hostile-was-here",))


def bad_arrays():
    yield np.zeros((3, 2), dtype=np.uint8), r"holds uint8 values; convert them to float32 or float64, scaled"
    yield np.zeros((3, 2), dtype=bool), "holds bool values"
    yield np.zeros((3, 2), dtype=np.float16), "holds float16 values"
    yield np.zeros((3, 2), dtype=np.complex64), "holds complex64 values"
    yield np.zeros((3, 2), dtype=np.longdouble), "convert them to float32"
    yield np.array([["a", "b"]]), "points are float32 or float64"
    yield np.zeros(3), r"shape \(3,\); points have the shape \(points, ...\)"
    yield np.zeros((0, 3)), r"shape \(0, 3\)"
    yield np.zeros((3, 0)), r"shape \(3, 0\)"
    yield np.array([[1.0], [np.nan], [2.0], [np.inf]]), r"NaN or infinity in 2 rows, first \[1, 3\]"


def test_arrays_that_are_no_points_are_refused(tmp_path):
    for values, words in bad_arrays():
        np.save(tmp_path / "a.npy", values)
        with pytest.raises(InputError, match=words):
            user_points.read_points("a.npy", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch.zeros(3, 2, dtype=torch.bfloat16), "holds bfloat16 values"),
        (torch.zeros(3, 2, dtype=torch.complex128), "holds complex128 values"),
        (torch.zeros(3, 2, dtype=torch.int64), "holds int64 values"),
        (torch.eye(3).to_sparse(), "dense tensor"),
        (torch.zeros(1).expand(2**40).reshape(2**20, 2**20), "declares .* GiB"),
        (torch.zeros(3, 2, device="meta"), "without values"),
        ([1.0, 2.0], "is a list"),
        ((torch.ones(3, 2), torch.ones(3)), "is a tuple; give points alone, without labels: an array"),
        ({"x": 3}, "holds no arrays; save the points in it"),
        (
            {"x": torch.zeros(1, 1), "y": torch.zeros(1, 1)},
            r"holds 2 arrays \('x', 'y'\); name the array of the points",
        ),
    ],
    ids=["bfloat16", "complex", "int", "sparse", "expanded", "meta", "list", "labels", "none", "two"],
)
def test_torch_files_that_are_no_points_are_refused(tmp_path, content, words):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(InputError, match=words):
        user_points.read_points("a.pt", tmp_path)


def test_pickles_are_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.array([Hostile()], dtype=object), allow_pickle=True)
    np.savez("a.npz", np.array([Hostile()], dtype=object))
    torch.save(Hostile(), "a.pt")
    torch.save({"x": torch.ones(2, 2), "y": Hostile()}, "dict.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Hostile()))
    torch.save(torch.ones(2, 2), "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), "module.pt")
    for name in ("a.npy", "a.npz", "a.pt", "dict.pt", "bare.pt", "legacy.pt", "module.pt"):
        with pytest.raises(InputError, match="could run code"):
            user_points.read_points(name, tmp_path)
    with pytest.raises(InputError, match=r"or name a function \(module:function\) that loads and returns it"):
        user_points.read_points("module.pt", tmp_path)
    torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)).save("script.pt")
    with pytest.raises(
        InputError, match=r"script.pt is TorchScript, .* not opened; save its state_dict\(\) .*:function"
    ):
        user_points.read_points("script.pt", tmp_path)
    assert not (tmp_path / "hostile-was-here").exists()


def npy_header(shape, dtype="<f8"):
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize("shape", [(2**40, 8), (2**62, 4), (2**64 + 1, 1), (3, -1), (7, 5)])
def test_headers_that_declare_more_than_there_is_are_refused_before_memory_is_taken(tmp_path, shape):
    content = npy_header(shape) + VALUES.tobytes()
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InputError, match=r"cut off or forged|cannot be read"):
            user_points.read_points(name, tmp_path)


def test_what_unpacks_to_too_much_is_refused_by_what_it_declares(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "LARGEST_ARRAY", 2**20)
    np.savez_compressed(tmp_path / "a.npz", np.zeros((2**9, 2**10)))
    pq.write_table(pa.table({"a": np.zeros(2**18), "b": np.zeros(2**18)}), tmp_path / "a.parquet")
    np.save(tmp_path / "a.npy", np.zeros((2**9, 2**10)))
    assert (tmp_path / "a.npz").stat().st_size < 2**14
    images = tmp_path / "images"
    images.mkdir()
    png(images / "a.png", np.zeros((600, 600)))
    for name in ("a.npz", "a.parquet", "a.npy", "images"):
        with pytest.raises(InputError, match=r"declares .* GiB of values; at most"):
            user_points.read_points(name, tmp_path)
    buffer = io.BytesIO()
    torch.save(torch.zeros(2**17), buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    with pytest.raises(InputError, match="is compressed"):
        user_points.read_points("a.pt", tmp_path)


def test_a_forged_storage_size_reaches_no_further_than_the_file(tmp_path):
    torch.save(torch.arange(77.0).reshape(7, 11), tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith("data.pkl"):
                assert content.count(b"KM") == content.count(b"K\x4d") == 1  # BININT1 77, the storage's size
                content = content.replace(b"K\x4d", b"J" + struct.pack("<i", 2**30))
                content = content.replace(b"K\x07K\x0b\x86", b"J" + struct.pack("<i", 2**26) + b"K\x0b\x86")
            new.writestr(info.filename, content)
    with pytest.raises(InputError, match="damaged"):
        user_points.read_points("b.pt", tmp_path)


def test_tables_with_other_columns_are_refused_and_missing_values_named(tmp_path):
    pq.write_table(pa.table({"a": [1.0, 2.0], "name": ["x", "y"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"columns that are not numeric \('name: string'\)"):
        user_points.read_points("a.parquet", tmp_path)
    pq.write_table(pa.table({"a": [1.0, None], "b": [1, 2]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"first \[1\]"):
        user_points.read_points("b.parquet", tmp_path)
    pq.write_table(pa.table({}), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="no columns"):
        user_points.read_points("c.parquet", tmp_path)


def test_folders_of_images_that_do_not_go_together_are_refused(tmp_path):
    def folder(name):
        (tmp_path / name).mkdir()
        png(tmp_path / name / "a.png", np.zeros((4, 4)))
        return tmp_path / name

    png(folder("sizes") / "b.png", np.zeros((4, 5)))
    png(folder("colours") / "b.png", np.zeros((4, 4, 3)))
    Image.new("CMYK", (4, 4)).save(folder("inks") / "b.jpg")
    Image.new("RGBA", (4, 4), (0, 0, 0, 7)).save(folder("see through") / "b.png")
    Image.new("P", (4, 4)).save(folder("hole") / "b.png", transparency=0)
    Image.new("L", (4, 4)).save(folder("mixed") / "b.tif")
    (folder("text") / "b.png").write_text("no image")
    whole = (folder("cut") / "a.png").read_bytes()
    (tmp_path / "cut" / "b.png").write_bytes(whole[: len(whole) // 2])
    png(tmp_path / "outside.png", np.zeros((4, 4)))
    (folder("link") / "b.png").symlink_to(tmp_path / "outside.png")
    (tmp_path / "empty").mkdir()
    for name, words in {
        "sizes": "is L of 5 x 4 pixels, the first image L of 4 x 4",
        "colours": "is RGB of 4 x 4 pixels, the first image L",
        "inks": r"b.jpg has colours of the mode CMYK; convert them to RGB: mogrify .*inks/\*.jpg",
        "see through": r"b.png has transparent parts; .*mogrify .*/see through'/\*.png",
        "hole": r"b.png has transparent parts",
        "mixed": r"1 images of another format \(such as b.tif\) beside 1 PNG .*mogrify -format png .*/\*.tif",
        "text": "not a readable image",
        "cut": "not a readable image",
        "link": "a link out of it",
        "empty": "holds no images",
    }.items():
        with pytest.raises(InputError, match=words):
            user_points.read_points(name, tmp_path)


def test_images_of_other_modes_are_converted_and_the_report_can_say_so(tmp_path):
    levels = np.array([[0, 51], [102, 255]], dtype=np.uint8)
    grey = Image.fromarray(levels)
    colours = Image.fromarray(np.stack([levels, levels.T, levels // 51], axis=2))

    def read(**images):
        folder = tmp_path / "-".join(images)
        folder.mkdir()
        for name, image in images.items():
            image.save(folder / f"{name}.png")
        return user_points.read_points(".", folder)

    plain = read(plain=grey).values
    assert plain[0, 0].tolist() == (torch.from_numpy(levels) / 255).tolist()
    wide = Image.fromarray(levels.astype(np.uint16) * 257)
    for name, image, words in (
        ("opaque", grey.convert("LA"), "1 images with an opaque alpha channel without it"),
        ("wide", wide, "1 images of 16 bits as shares of 65535"),
        ("palette", grey.convert("P"), "1 images with a palette as the colours, or grey levels, that it names"),
    ):
        points = read(**{name: image})
        torch.testing.assert_close(points.values, plain)
        assert points.notes == (words,)
    assert torch.equal(read(a=colours.convert("RGBA")).values, read(b=colours).values)
    few = Image.new("P", (2, 1))
    few.putpalette([0, 0, 255, 255, 0, 0])
    few.putpixel((1, 0), 1)
    assert read(few=few).values.tolist() == [[[[0, 1]], [[0, 0]], [[1, 0]]]]
    bits = read(bits=grey.convert("1", dither=Image.Dither.NONE), same=grey.convert("P"))
    assert bits.values[0].tolist() == [[[0, 0], [0, 1]]]
    torch.testing.assert_close(bits.values[1], plain[0])


def test_what_is_left_out_of_a_folder_is_noted_and_folders_of_folders_are_named(tmp_path):
    png(tmp_path / "a.png", np.zeros((4, 4)))
    (tmp_path / "labels.csv").write_text("0\n")
    (tmp_path / ".hidden").write_text("")
    (tmp_path / "sevens").mkdir()
    (note,) = user_points.read_points(".", tmp_path).notes
    assert note == "2 other files or folders left out ('labels.csv', 'sevens')"
    (tmp_path / "a.png").unlink()
    with pytest.raises(InputError, match=r"holds no images \(.*\): only folders \('sevens'\); give one of these"):
        user_points.read_points(".", tmp_path)


def test_columns_go_by_their_names(tmp_path):
    pq.write_table(pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5, 6]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"c": [6, 5], "a": [2.0, 1.0], "b": [4.0, 3.0]}), tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("b,c,a\n3,5,1\n")
    (tmp_path / "d.csv").write_text("b,c,d\n3,5,1\n")
    np.save(tmp_path / "e.npy", np.ones((2, 3)))
    first, *others = (user_points.read_points(f"{name}", tmp_path) for name in ("a.parquet", "b.parquet", "c.csv"))
    for other in others:
        assert other.in_order_of(first).values.tolist() == first.values[[1, 0] if len(other) == 2 else [0]].tolist()
        assert other.in_order_of(first).notes == ("its columns were put in the order of a.parquet",)
    assert first.in_order_of(first) is first
    unnamed = user_points.read_points("e.npy", tmp_path)
    assert unnamed.in_order_of(first) is unnamed and first.in_order_of(unnamed) is first
    with pytest.raises(InputError, match=r"d.csv has the columns 'd' that a.parquet lacks, and lacks its columns 'a'"):
        user_points.read_points("d.csv", tmp_path).in_order_of(first)
    (tmp_path / "f.csv").write_text("b,c,a,label\n3,5,1,0\n")
    more = user_points.read_points("f.csv", tmp_path)
    with pytest.raises(
        InputError, match=r"f.csv has the columns 'label' that a.parquet lacks; .*leave out what the net"
    ):
        more.in_order_of(first)
    with pytest.raises(InputError, match=r"a.parquet lacks what f.csv has, the columns 'label'; give both"):
        first.in_order_of(more)


def test_tables_come_as_pandas_writes_them(tmp_path):
    frame = pd.DataFrame({"x": [1.5, 2.5, 3.5], "ward": ["a", "b", "a"]}, index=[4, 7, 9])
    coded = pd.get_dummies(frame)
    expected = [[1.5, 1, 0], [2.5, 0, 1], [3.5, 1, 0]]
    coded.to_parquet(tmp_path / "a.parquet")
    coded.to_csv(tmp_path / "a.csv")
    coded.reset_index(drop=True).to_parquet(tmp_path / "range.parquet")
    coded.to_csv(tmp_path / "bare.csv", index=False, encoding="utf-8-sig")
    for name, note in {
        "a.parquet": ("its index '__index_level_0__' was left out",),
        "a.csv": ("its index '' was left out",),
        "range.parquet": (),
        "bare.csv": (),
    }.items():
        points = user_points.read_points(name, tmp_path)
        assert points.values.tolist() == expected, name
        assert points.columns == ("x", "ward_a", "ward_b")
        assert points.notes == note
    np.savetxt(tmp_path / "numbers.csv", [[1, 2], [3, 4]], delimiter=",")
    points = user_points.read_points("numbers.csv", tmp_path)
    assert points.values.tolist() == [[1, 2], [3, 4]] and points.columns == ()
    assert points.notes == ("its first line holds numbers and was taken for a point",)
    pd.DataFrame([[1.0, 2.0], [3.0, 4.0]]).to_csv(tmp_path / "counted.csv", index=False)
    points = user_points.read_points("counted.csv", tmp_path)
    assert points.values.tolist() == [[1, 2], [3, 4]] and points.columns == ("0", "1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,ward\n1,x\n", r"not numeric \('ward: string'\); give the numbers that the network takes"),
        ("a,label\n1,x\n", r"'label: string'\); give the numbers that the network takes: leave out labels and names"),
        ("a;b\n1;2\n", "semicolons or tabs between its values; separate them by commas"),
        ("a,a\n1,2\n", "several columns of the name 'a'"),
        ("a,b\n1,\n", r"NaN or infinity in 1 rows, first \[0\]"),
        ("a,b\n1,2\n3\n", r"cannot be read as .csv \(ArrowInvalid"),
        ("", "cannot be read as .csv"),
        ("a,b\n", r"shape \(0, 2\)"),
        ("é,b\n1,2\n", "is no text in UTF-8; save it as UTF-8"),
    ],
    ids=["text", "label", "semicolons", "twice", "missing", "short", "empty", "no rows", "encoding"],
)
def test_csv_files_that_are_no_tables_of_numbers_are_refused(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text, "latin-1")
    with pytest.raises(InputError, match=words):
        user_points.read_points("a.csv", tmp_path)


def test_masked_values_are_refused_and_a_mask_of_nothing_is_none(tmp_path):
    with pytest.raises(InputError, match="mine has masked values, which no network takes; fill them"):
        user_points.checked_points(np.ma.masked_less(VALUES, 0.1), "mine")
    with pytest.raises(InputError, match="masked values"), warnings.catch_warnings(action="ignore"):
        user_points.checked_points(torch.masked.masked_tensor(torch.ones(2, 1), torch.ones(2, 1) > 0), "mine")
    assert user_points.checked_points(np.ma.array(VALUES), "mine").numpy().tolist() == VALUES.tolist()


def test_what_is_no_source_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("1,2\n")
    os.mkfifo(tmp_path / "pipe.npy")
    np.savez(tmp_path / "two.npz", x=VALUES, y=VALUES)
    np.savez(tmp_path / "none.npz")
    for source, words in {
        "absent.npy": "does not exist",
        "absent": "does not exist",
        "a.txt": "a.txt is not a file of type .npy, .npz, .pt, .pth, .parquet, .csv; save its content as one of these",
        "pipe.npy": "is not a regular file",
        "two.npz": r"holds 2 arrays \('x', 'y'\)",
        "two.npz:z": "has no array 'z'; choose one of: 'x', 'y'",
        "none.npz": "holds no arrays; save the points in it",
        "no_such_package:points": "there is no module 'no_such_package'; start in its folder, or install it",
    }.items():
        with pytest.raises(InputError, match=words):
            user_points.read_points(source, tmp_path)


def test_names_out_of_a_file_cannot_write_on_the_terminal(tmp_path):
    ugly = "a\nError: all is well\x1b[2J" + "x" * 10_000
    np.savez(tmp_path / "a.npz", **{ugly: VALUES, "y": VALUES})
    torch.save({ugly: torch.ones(1, 1), "y": torch.ones(1, 1)}, tmp_path / "a.pt")
    pq.write_table(pa.table({ugly: ["x"]}), tmp_path / "a.parquet")
    save_file({ugly: torch.ones(1)}, tmp_path / "a.safetensors", {"architecture": json.dumps(ARCHITECTURE)})
    save_file({"x": torch.ones(1)}, tmp_path / "b.safetensors", {"architecture": ugly})
    layers = json.dumps({"encoder": [ugly], "decoder": ["ReLU"]})
    save_file({"x": torch.ones(1)}, tmp_path / "c.safetensors", {"architecture": layers})
    for name in ("a.npz", "a.npz:z", "a.pt", "a.parquet", "a.safetensors", "b.safetensors", "c.safetensors"):
        with pytest.raises(InputError) as caught:
            user_models.load_model(name, folder=tmp_path) if name.endswith("safetensors") else user_points.read_points(
                name, tmp_path
            )
        assert str(caught.value).isprintable(), name
        assert len(str(caught.value)) < 1000, name


# --- damaged files -----------------------------------------------------------------------------------------------

ARCHITECTURE = {"encoder": [{"Linear": [4, 2]}], "decoder": [{"Linear": [2, 4]}]}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    names = ["a.npy", "two.npz", "a.pt", "dict.pth", "a.parquet", "a.csv", "image.png", "a.safetensors"]
    write_all(folder)
    png(folder / "image.png", np.random.default_rng(0).random((6, 6)))
    weights = {"encoder.0.weight": torch.ones(2, 4), "encoder.0.bias": torch.ones(2)}
    weights |= {"decoder.0.weight": torch.ones(4, 2), "decoder.0.bias": torch.ones(4)}
    save_file(weights, folder / "a.safetensors", {"architecture": json.dumps(ARCHITECTURE)})
    return {name: (folder / name).read_bytes() for name in names}


MUTATIONS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x2E, 0x4B]), st.integers(1, 4)
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize(
    "name", ["a.npy", "two.npz", "a.pt", "dict.pth", "a.parquet", "a.csv", "image.png", "a.safetensors"]
)
def test_mutated_files_are_read_or_refused_but_never_crash(samples, tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("mutated")
    target = folder / name

    @FUZZ
    @given(MUTATIONS, st.floats(0.2, 1))
    @example([(0.0, 0xFF, 1)], 1.0)
    @example([(0.5, 0, 4)], 0.5)
    def mutated(changes, kept):
        content = bytearray(samples[name])
        for place, byte, count in changes:
            start = int(place * len(content))
            content[start : start + count] = bytes([byte]) * len(content[start : start + count])
        target.write_bytes(content[: max(1, round(kept * len(content)))] if kept < 0.9 else content)
        try:
            if name.endswith("safetensors"):
                user_models.load_model(name, folder=folder)
            elif name.endswith("png"):
                user_points.read_points(".", folder)
            else:
                user_points.read_points(f"{name}:x" if name == "two.npz" else name, folder)
        except InputError as error:
            assert len(str(error).splitlines()) == 1

    mutated()


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", VALUES)

    def closed(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setitem(user_points.READERS, ".npy", closed)
    with pytest.raises(InputError, match=r"PermissionError: .*; mend its permissions"):
        user_points.read_points("a.npy", tmp_path)
    with pytest.raises(InputError, match=r"cannot be read \(PermissionError.*; mend its permissions, or run again"):
        raise files.corrupt_file_error(tmp_path / "a.npy", PermissionError(13, "Permission denied"))


def test_a_large_csv_file_is_refused_by_its_own_size(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 100)
    monkeypatch.setattr(tables, "LARGEST_ARRAY", 1000)
    with pytest.raises(InputError, match="GiB of text; save it as Parquet, or give a part"):
        user_points.read_points("a.csv", tmp_path)
