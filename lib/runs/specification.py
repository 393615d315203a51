"""What a run is: a validated runs/NAME.yml, its members, and its digest."""

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.base import documents, files
from lib.base.errors import InputError, check_known
from lib.training.options import DATASETS, HIDDEN_WIDTHS, INITIALISATIONS, OUTPUTS, PRECISIONS, widths

if TYPE_CHECKING:
    from lib.training.datasets import Dataset

FOLDER = files.ROOT / "runs"
DIMS = (2, 5, 10, 20)  # latent dimensions that are looked at more closely, of those that a run has
MOST = 100_000  # members of a run
DEEPEST = 1000
ADMINISTRATIVE = ("name", "committed", "table_depth")  # fields of a run that change no result
HASHED_AT_DEFAULT = ("weight_decay", "precision", "train_points", "test_points", "snapshots")


@dataclass(frozen=True, order=True)
class Member:
    """One autoencoder of a run: depth n, latent dimension d, seed."""

    depth: int
    latent_dim: int
    seed: int

    @property
    def name(self) -> str:
        """Its file name, such as n4-d20-s0."""
        return f"n{self.depth}-d{self.latent_dim}-s{self.seed}"

    @property
    def only(self) -> str:
        """What selects it on the command line, such as n=4,d=20,seed=0."""
        return f"n={self.depth},d={self.latent_dim},seed={self.seed}"


@dataclass(frozen=True)
class Run:
    """A run's specification. `hidden_widths` is "linear", "geometric", or the widths by depth.

    `snapshots`: epochs after which the weights are kept as well, to see how the spectra come about (0: untrained).
    `committed`: its summary belongs into results/ and is committed; else into artifacts/.
    """

    name: str
    dataset: str
    latent_dims: tuple[int, ...]
    depths: tuple[int, ...]
    seeds: tuple[int, ...]
    table_depth: int
    hidden_widths: str | dict[int, tuple[int, ...]]
    initialisation: str
    output: str
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    precision: str = "float32"
    train_points: int | None = None
    test_points: int | None = None
    snapshots: tuple[int, ...] = ()
    committed: bool = False

    @cached_property
    def digest(self) -> str:
        """What identifies the results: the specification (not its name), and the file of a data set of the user's own."""
        values = {name: value for name, value in dataclasses.asdict(self).items() if name not in ADMINISTRATIVE}
        for field in dataclasses.fields(self):
            # A field that came after the first committed results is hashed only where it departs from its default:
            # else its mere existence would disown all of them.
            if field.name not in HASHED_AT_DEFAULT and values.get(field.name, ...) == field.default:
                values.pop(field.name)
        if self.dataset.endswith(".npz"):
            values["dataset"] = files.sha256(Path(self.dataset))
        return files.digest(values)

    def load_dataset(self) -> "Dataset":
        """The data set (`lib.training.datasets.Dataset`), cut to the run's numbers of points."""
        from lib.training import datasets  # torch: only where data are read

        return datasets.load(self.dataset, self.train_points, self.test_points)

    def widths(self, member: Member, input_dim: int) -> tuple[int, ...]:
        """The encoder's widths of a member."""
        hidden = self.hidden_widths if isinstance(self.hidden_widths, str) else self.hidden_widths[member.depth]
        return widths(input_dim, member.latent_dim, member.depth, hidden)


def members(run: Run, only: Mapping[str, Collection[int]] | None = None) -> list[Member]:
    """The members of a run, the depth of its tables first; `only` keeps those whose n (depth), d, seed are among those given."""
    keys = {"n": "depth", "d": "latent_dim", "seed": "seed"}
    depths = sorted(run.depths, key=lambda depth: (depth != run.table_depth, depth))
    chosen = [Member(n, d, seed) for n in depths for d in run.latent_dims for seed in run.seeds]
    for key, values in (only or {}).items():
        check_known("member key", key, keys)
        known = sorted({getattr(member, keys[key]) for member in chosen})
        for value in values:
            check_known(f"{key} of run {run.name}", value, known)
        chosen = [member for member in chosen if getattr(member, keys[key]) in values]
    return chosen


def reference_members(run: Run) -> list[Member]:
    """The members that are looked at closely: at the tables' depth, of the first seed, d = 2, 5, 10, 20 (else its largest d)."""
    dims = [d for d in DIMS if d in run.latent_dims] or [max(run.latent_dims)]
    return [Member(run.table_depth, d, run.seeds[0]) for d in dims]


def names() -> list[str]:
    """The runs there are: the names of runs/*.yml."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def read(name: str, epochs: int | None = None) -> Run:
    """Read and validate runs/NAME.yml; `epochs` overrides its epochs, which makes it another run, never committed.

    Raises `InputError` for an unknown run, an unknown or missing key, or a value of the wrong kind.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9-]+", name):
        raise InputError(f"Run name {name!r} is not usable; a name is made of a-z, 0-9 and hyphens.")
    check_known("run", name, names())
    where = f"runs/{name}.yml"
    run = _validated(name, documents.parse(documents.text(FOLDER / f"{name}.yml", where), where))
    if epochs is None:
        return run
    return dataclasses.replace(run, epochs=_count("the option --epochs", "epochs", epochs), committed=False)


def _validated(name: str, values: Any) -> Run:
    where = f"runs/{name}.yml"
    if not isinstance(values, dict):
        raise InputError(f"{where} holds {type(values).__name__}, not keys and values; see runs/digits.yml.")
    fields = {field.name: field for field in dataclasses.fields(Run) if field.name != "name"}
    for key in values:
        check_known(f"key in {where}", key, fields)
    for key, field in fields.items():
        if key not in values and field.default is dataclasses.MISSING:
            raise InputError(f"{where} lacks the key {key!r}; add it (see runs/digits.yml).")
    checked = {key: CHECKS[key](where, key, value) for key, value in values.items()}
    run = Run(name=name, **checked)
    size = len(run.depths) * len(run.latent_dims) * len(run.seeds)
    if size > MOST:
        raise InputError(f"{where} has {size} members (depths x latent_dims x seeds); give at most {MOST}.")
    check_known(f"table_depth in {where}", run.table_depth, run.depths)
    if isinstance(run.hidden_widths, dict):
        for depth in run.depths:
            check_known(f"depth without hidden widths in {where}", depth, run.hidden_widths)
            if len(run.hidden_widths[depth]) != depth - 1:
                raise InputError(
                    f"hidden_widths of depth {depth} in {where} are {list(run.hidden_widths[depth])}; list {depth - 1}."
                )
    return run


def _fail(where: str, key: str, value: object, wanted: str) -> InputError:
    return InputError(f"{key} in {where} is {value!r}; give {wanted}.")


def _count(where: str, key: str, value: object) -> int:
    if type(value) is not int or not 1 <= value < 2**31:
        raise _fail(where, key, value, "a whole number from 1 (below 2^31)")
    return value


def _optional_count(where: str, key: str, value: object) -> int | None:
    return None if value is None else _count(where, key, value)


def _whole_numbers(least: int, most: int = 2**31 - 1) -> Callable[[str, str, object], tuple[int, ...]]:
    wanted = f"different whole numbers from {least} to {most}, as a list or as FIRST..LAST"

    def check(where: str, key: str, value: object) -> tuple[int, ...]:
        if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,9})\.\.([0-9]{1,9})", value)):
            value = list(range(int(match[1]), min(int(match[2]), int(match[1]) + MOST) + 1))
        if not isinstance(value, list) or not value:
            raise _fail(where, key, value, wanted)
        if any(type(one) is not int or not least <= one <= most for one in value):
            raise _fail(where, key, value, wanted)
        if len(set(value)) != len(value):
            raise _fail(where, key, value, wanted)
        return tuple(value)

    return check


def _hidden_widths(where: str, key: str, value: object) -> str | dict[int, tuple[int, ...]]:
    if isinstance(value, str) and value in HIDDEN_WIDTHS:
        return value
    if isinstance(value, dict) and all(type(n) is int and isinstance(sizes, list) for n, sizes in value.items()):
        return {depth: tuple(_count(where, key, one) for one in sizes) for depth, sizes in value.items()}
    raise _fail(where, key, value, f"one of {', '.join(HIDDEN_WIDTHS)}, or lists of whole numbers by depth")


def _number(least: float, strictly: bool) -> Callable[[str, str, object], float]:
    def check(where: str, key: str, value: object) -> float:
        number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
        if not least <= number < 1e6 or (strictly and number == least):
            raise _fail(where, key, value, f"a number {'above' if strictly else 'from'} {least:g}")
        return float(number)

    return check


def _one_of(allowed) -> Callable[[str, str, object], str]:
    def check(where: str, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise _fail(where, key, value, f"one of {', '.join(allowed)}")
        check_known(f"{key} in {where}", value, allowed)
        return value

    return check


def _dataset(where: str, key: str, value: object) -> str:
    if isinstance(value, str) and value.endswith(".npz"):
        try:
            path = (files.ROOT / value).resolve()
            there = path.is_file()
        except (OSError, ValueError, RuntimeError):  # a name that no file can have, or a link to itself
            there = False
        if not there:
            raise _fail(
                where, key, value, "the path of a file that exists, from the project's root: no such file is there"
            )
        return str(path)
    return _one_of(DATASETS)(where, key, value)


def _flag(where: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _fail(where, key, value, "true or false")
    return value


CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "dataset": _dataset,
    "latent_dims": _whole_numbers(1),
    "depths": _whole_numbers(1, DEEPEST),
    "seeds": _whole_numbers(0),
    "table_depth": _count,
    "hidden_widths": _hidden_widths,
    "initialisation": _one_of(INITIALISATIONS),
    "output": _one_of(OUTPUTS),
    "epochs": _count,
    "batch_size": _count,
    "learning_rate": _number(0.0, strictly=True),
    "weight_decay": _number(0.0, strictly=False),
    "precision": _one_of(PRECISIONS),
    "train_points": _optional_count,
    "test_points": _optional_count,
    "snapshots": _whole_numbers(0),
    "committed": _flag,
}
