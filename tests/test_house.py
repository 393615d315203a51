"""The plan of the house: floors, the three environment files, what is kept out of git."""

import ast
import importlib
import random
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import torch
import yaml
from hypothesis import settings
from packaging.requirements import Requirement
from packaging.version import Version

import lib
from lib.base.digests import code_digest
from lib.base.files import ROOT
from lib.pages.source import load_page

FLOORS = {name: int(floor) for floor, name in re.findall(r"^\| (\d) \| `(\w+)` \|", lib.__doc__ or "", re.MULTILINE)}
MODULES = sorted(path for path in (ROOT / "lib").rglob("*.py") if path != ROOT / "lib" / "__init__.py")


def draws() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(1))]


AT_IMPORT = draws()


def dotted(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def room(module: str) -> str:
    return module.split(".")[1]


def imports() -> dict[str, set[str]]:
    """Which modules of the library each of them imports, anywhere in its code; a package's name stands for its `__init__`."""
    names = {dotted(path) for path in MODULES}
    found = {}
    for path in MODULES:
        found[dotted(path)] = imported = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lib":
                for alias in node.names:
                    inner, package = f"{node.module}.{alias.name}", f"{node.module}.__init__"
                    imported |= {one for one in (inner, f"{inner}.__init__") if one in names} or (
                        {node.module, package} & names
                    )
    return found


def test_a_test_and_the_import_of_its_file_draw_from_the_same_state_in_every_run():
    assert draws() == AT_IMPORT
    assert random.getstate() == (random.seed(0), random.random(), random.getstate())[-1]
    assert settings.default.derandomize


def test_no_test_makes_a_generator_without_a_seed():
    for path in (ROOT / "tests").rglob("*.py"):
        assert not re.search(r"default_rng\(\)|RandomState\(\)|Random\(\)", path.read_text()), path


def test_a_module_imports_only_from_its_own_room_and_from_floors_below():
    for module, imported in imports().items():
        for other in imported:
            own, below = room(module), room(other)
            assert own == below or FLOORS[below] < FLOORS[own], f"{module} imports {other}"


def test_no_import_goes_round():
    with_imports = imports()
    packages = {name for name in with_imports if name.endswith(".__init__")}

    def reaches(module, wanted, seen):
        for other in with_imports[module] - seen:
            seen.add(other)
            if other == wanted or reaches(other, wanted, seen):
                return True
        return False

    for module in with_imports.keys() - packages:  # a package's __init__ only hands on what its modules define
        assert not reaches(module, module, set()), f"{module} imports itself by way of others"


def test_nine_rooms_are_all_there_is():
    there = {path.name.removesuffix(".py") for path in (ROOT / "lib").iterdir()} - {"__init__", "__pycache__"}
    assert there == set(FLOORS) and len(there) == 9


def test_no_public_name_is_defined_twice():
    """One name, one thing. The two paths of the Jacobians share an interface, as do the pages that judge measures; the command line
    has the names of what it calls."""
    shared = {"cores_of", "floats_per_point", "verdicts"}
    defined: dict[str, str] = {}
    for path in MODULES:
        if path.name == "__main__.py":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AugAssign):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
            for name in (getattr(target, "name", None) or getattr(target, "id", "_") for target in targets):
                if not name.startswith("_") and name not in shared:
                    assert name not in defined, f"{name}: {defined[name]} and {dotted(path)}"
                    defined[name] = dotted(path)


def test_short_names_of_the_library_lead_to_modules():
    for name, module in lib.SHORT_NAMES.items():
        assert getattr(lib, name).__name__ == module
        assert importlib.import_module(f"lib.{name}") is sys.modules[module], "one module under two names"
    with pytest.raises(AttributeError, match="nothing"):
        lib.nothing  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        importlib.import_module("lib.nowhere")


def test_modules_stay_small():
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 350, path


SUMMARY_PAGES = ("claims", "controls", "experiments", "index", "prediction", "sensitivity", "spectra")


def test_reading_a_run_imports_neither_torch_nor_the_tools_of_the_book():
    """Nor do the pages that show summaries: torch alone takes longer than all else that they import."""
    modules = set().union({"lib.runs", "lib.report"}, *(load_page(name).modules() for name in SUMMARY_PAGES))
    code = f"import sys, {', '.join(sorted(modules))}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "torchvision", "papermill", "jupytext", "sphinx"} & set(loaded)


def pinned() -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        requirement = Requirement(line)
        found.setdefault(requirement.name, []).append(requirement)
    return found


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for texts in [project["dependencies"], *extras] for text in texts]


def test_every_requirement_is_pinned_to_one_version_without_an_index():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text
    assert "index" not in text
    for requirements in pinned().values():
        for requirement in requirements:
            assert [one.operator for one in requirement.specifier] == ["=="], requirement


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_what_pyproject_asks_for_is_pinned_to_a_version_it_allows(requirement):
    for pin in pinned()[requirement.name]:
        version = Version(next(iter(pin.specifier)).version)
        assert requirement.specifier.contains(version), f"{pin} is not {requirement}"


def test_conda_users_get_the_same_requirements_and_python():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.txt", "-e ."]
    python = next(str(entry) for entry in environment["dependencies"] if str(entry).startswith("python="))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python.removeprefix("python="))


def test_torch_and_torchvision_match():
    torch, torchvision = (Version(next(iter(pinned()[name][0].specifier)).version) for name in ("torch", "torchvision"))
    assert torchvision.minor == torch.minor + 15


def test_the_configuration_at_the_top_is_the_book_s():
    for name in ("_config.yml", "_toc.yml"):
        assert (ROOT / name).resolve() == ROOT / "book" / name
        assert not (ROOT / "book" / name).is_symlink(), "an archive unpacked without links has the book's as they are"


def test_large_files_and_data_stay_out_of_git():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        assert (ROOT / name).stat().st_size < 2**20, name


def test_a_digest_of_an_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"lib\.nowhere"):
        code_digest(("lib.base.files", "lib.nowhere"))


def test_the_picture_of_the_rooms_is_that_of_the_code():
    drawn = subprocess.run([sys.executable, "tests/house.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ROOT / "book" / "_static" / "rooms.svg").read_text() == drawn.stdout, "draw it anew: make rooms"
