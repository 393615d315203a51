"""The plan of the house: floors, the three environment files, what is kept out of git."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import lib
from lib.files import ROOT
from lib.sources import code_digest

FLOORS = {
    name: int(floor)
    for floor, names in re.findall(r"^\| (\d) \| (.+) \|$", lib.__doc__ or "", re.MULTILINE)
    for name in re.findall(r"`(\w+)`", names)
}
MODULES = sorted(
    path for path in (ROOT / "lib").rglob("*.py") if path.name != "__init__.py" or path.parent.name != "lib"
)


def room(dotted: str) -> str:
    return dotted.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_floors_below(path):
    own = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lib":
            names = [node.module] if "." in node.module else [f"lib.{alias.name}" for alias in node.names]
            for other in map(room, names):
                assert other == own or FLOORS[other] < FLOORS[own], f"{path.name} imports {other}"


def test_every_module_has_a_floor():
    rooms = {path.stem for path in (ROOT / "lib").glob("*.py")} | {
        path.parent.name for path in (ROOT / "lib").glob("*/*.py")
    }
    assert rooms - {"__init__", "lib"} == set(FLOORS)


def test_modules_stay_small():
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 450, path


def test_reading_a_run_imports_neither_torch_nor_the_tools_of_the_book():
    code = "import sys, lib.runs, lib.figures, lib.tables; print(*sorted({name.split('.')[0] for name in sys.modules}))"
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


def test_the_book_finds_its_configuration_at_the_top():
    for name in ("_config.yml", "_toc.yml"):
        assert (ROOT / "book" / name).resolve() == ROOT / name


def test_large_files_and_data_stay_out_of_git():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        assert (ROOT / name).stat().st_size < 2**20, name


def test_a_digest_of_an_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"lib\.nowhere"):
        code_digest(("lib.files", "lib.nowhere"))
